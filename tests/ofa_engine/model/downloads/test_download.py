import threading
import time

import pytest

from ofa_engine.core.callbacks import Callbacks
from ofa_engine.core.errors import Cancelled
from ofa_engine.core.foundation_models import part_of_download
from ofa_engine.model.downloads.connection import DownloadError
from ofa_engine.model.downloads.download import Patience, download

from .bad_server import answers, breaks_off, changes, redirects, sends_more, stalls
from .conftest import CONTENT

QUICK = Patience(stall_s=20.0, tries=3, first_wait_s=0.01)  # a busy machine is no broken network
ROUNDED = {"size_bytes": len(CONTENT) + 5000, "size_is_rounded": True}


@pytest.fixture
def target(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    return folder / "weights.pth"


def left_in(target) -> list[str]:
    return sorted(path.name for path in target.parent.iterdir())


def get(model, target, patience=QUICK, **callbacks):
    download(model, target, Callbacks(**callbacks), patience)


def asked(server) -> list[str | None]:
    return [request.headers.get("Range") for request in server.requests]


def test_the_file_comes_with_progress_and_nothing_stays_beside_it(server, model, target):
    seen = []
    get(model(), target, progress=lambda done, total, left: seen.append((done, total)))
    assert target.read_bytes() == CONTENT and left_in(target) == ["weights.pth"]
    assert seen[0] == (0, len(CONTENT)) and seen[-1] == (len(CONTENT), len(CONTENT)) and seen == sorted(seen)
    get(model(), target)
    assert len(server.requests) == 1, "a file that is complete is not asked for again"


def test_a_connection_that_breaks_off_is_continued(server, model, target):
    lines = []
    server.mishaps = [breaks_off(server, 300_000), breaks_off(server, 200_000)]
    get(model(), target, log=lambda level, line: lines.append((level, line)))
    assert target.read_bytes() == CONTENT
    assert asked(server) == [None, "bytes=300000-", "bytes=500000-"]
    assert all(level == "warning" and "0.3 of 1.0 MB" in line or "trying again" in line for level, line in lines)
    assert server.requests[1].headers["If-Range"] == '"one"'


def test_a_stalled_connection_is_made_anew(server, model, target):
    server.mishaps = [stalls(server, 400_000, 60.0)]
    get(model(), target, Patience(stall_s=1.0, tries=9, first_wait_s=0.01))
    assert target.read_bytes() == CONTENT and asked(server)[1] == "bytes=400000-"


def test_a_server_that_never_works_is_given_up_and_what_came_is_kept(server, model, target):
    server.mishaps = [breaks_off(server, 100_000), *[answers(503) for _ in range(9)]]
    with pytest.raises(DownloadError, match="503.*0.1 of 1.0 MB are kept"):
        get(model(), target)
    assert len(server.requests) == 1 + QUICK.tries - 1
    server.mishaps = []
    get(model(), target)
    assert target.read_bytes() == CONTENT and asked(server)[-1] == "bytes=100000-"


def test_the_next_run_continues_after_a_cancel_within_a_second(server, model, target):
    cancel = threading.Event()
    server.mishaps = [stalls(server, 600_000, 60.0)]

    cancelled = []

    def progress(done, total, left):
        if done >= 600_000:
            cancelled.append(time.monotonic())
            cancel.set()

    with pytest.raises(Cancelled):
        get(model(), target, progress=progress, cancelled=cancel.is_set)
    assert time.monotonic() - cancelled[0] < 1
    assert part_of_download(target).stat().st_size == 600_000
    get(model(), target)
    assert target.read_bytes() == CONTENT and asked(server)[1] == "bytes=600000-"


def test_a_cancel_ends_the_wait_before_the_next_attempt(server, model, target):
    server.mishaps = [answers(503, Retry_After="60")]
    cancel = threading.Event()
    started = time.monotonic()
    with pytest.raises(Cancelled):
        get(model(), target, log=lambda *_: cancel.set(), cancelled=cancel.is_set)
    assert time.monotonic() - started < 1


@pytest.mark.parametrize("etag, modified", [('"two"', ""), ("", "Tue, 01 Dec 2026 00:00:00 GMT")])
def test_a_file_that_changes_between_two_attempts_is_begun_anew(server, model, target, etag, modified):
    old = bytes(len(CONTENT))
    server.content = old
    server.mishaps = [breaks_off(server, 500_000), changes(server, CONTENT, etag)]
    server.modified = modified
    if modified:
        server.etag = ""
        server.mishaps[1] = lambda handler: setattr(server, "content", CONTENT) or setattr(server, "modified", "new")
    get(model(), target)
    assert target.read_bytes() == CONTENT and asked(server)[:2] == [None, "bytes=500000-"]


def test_a_changed_file_is_noticed_where_the_server_ignores_if_range(server, model, target):
    server.content = bytes(len(CONTENT))

    def change(handler):
        server.content, server.etag = CONTENT, '"two"'
        handler.headers.replace_header("If-Range", '"two"')

    server.mishaps = [breaks_off(server, 500_000), change]
    get(model(), target)
    assert target.read_bytes() == CONTENT and asked(server) == [None, "bytes=500000-", None]


def test_a_server_without_ranges_sends_the_whole_file_again(server, model, target):
    server.ranges = False
    server.mishaps = [breaks_off(server, 500_000)]
    get(model(), target)
    assert target.read_bytes() == CONTENT


def test_a_partial_file_of_another_address_is_not_continued(server, model, target, entry):
    server.mishaps = [breaks_off(server, 500_000), *[answers(503)] * 3]
    with pytest.raises(DownloadError):
        get(model(), target)
    get(model(address=entry["address"].replace("files", "other")), target)
    assert target.read_bytes() == CONTENT and asked(server)[-1] is None


def test_the_wrong_file_is_deleted_unread(server, model, target):
    server.content = CONTENT[::-1]
    with pytest.raises(DownloadError, match="SHA-256 begins with .* found .* deleted"):
        get(model(), target)
    assert left_in(target) == []


def test_a_published_beginning_of_the_checksum_is_enough(server, model, target, entry):
    get(model(checksum=entry["checksum"][: len("sha256:") + 8]), target)
    assert target.read_bytes() == CONTENT


def test_an_announced_size_that_is_wrong_is_refused_before_any_byte(server, model, target):
    server.content = CONTENT + b"more"
    with pytest.raises(
        DownloadError, match=f"expected a file of {len(CONTENT)} bytes, found one of {len(CONTENT) + 4}"
    ):
        get(model(), target)
    assert left_in(target) == []


def test_a_server_that_sends_too_much_is_stopped(server, model, target):
    server.mishaps = [sends_more(server, bytes(10**6))]
    with pytest.raises(DownloadError, match=f"expected a file of {len(CONTENT)} bytes"):
        get(model(), target)
    assert left_in(target) == []


def test_a_rounded_size_leaves_one_percent(server, model, target):
    get(model(**ROUNDED), target)
    assert target.read_bytes() == CONTENT
    target.unlink()
    server.content += bytes(30_000)
    with pytest.raises(DownloadError, match="expected a file of about"):
        get(model(**ROUNDED), target)


def test_redirects_within_the_server_are_followed_with_the_range(server, model, target):
    server.mishaps = [redirects("/elsewhere"), breaks_off(server, 500_000), redirects("/elsewhere")]
    get(model(), target)
    assert target.read_bytes() == CONTENT
    assert [request.path for request in server.requests] == ["/files/weights.pth", "/elsewhere"] * 2
    assert asked(server)[2:] == ["bytes=500000-"] * 2


@pytest.mark.parametrize("place", ["http://127.0.0.2:9/x", "http://example.org/x", "file:///etc/passwd", "ftp://h/x"])
def test_redirects_to_other_places_without_https_are_refused(server, model, target, place):
    server.mishaps = [redirects(place)]
    with pytest.raises(DownloadError) as raised:
        get(model(), target)
    assert "\n" not in str(raised.value) and left_in(target) == [] and len(server.requests) == 1


def test_a_ring_of_redirects_ends(server, model, target):
    server.mishaps = [redirects("/files/weights.pth")] * 20
    with pytest.raises(DownloadError):
        get(model(), target)
    assert len(server.requests) < 10


@pytest.mark.parametrize("code", [401, 403, 404, 410])
def test_a_refusal_is_not_tried_again(server, model, target, code):
    server.mishaps = [answers(code)] * 9
    with pytest.raises(DownloadError, match=str(code)):
        get(model(), target)
    assert len(server.requests) == 1


def test_a_page_of_a_proxy_in_place_of_the_file_is_refused(server, model, target):
    server.mishaps = [answers(200, b"<html>Please log in</html>")]
    with pytest.raises(DownloadError, match="a proxy answers in its place"):
        get(model(), target)
    assert left_in(target) == []


def test_a_server_that_is_not_there_is_tried_and_given_up(server, model, target):
    server.close()
    with pytest.raises(DownloadError, match="no connection to 127.0.0.1"):
        get(model(), target)


def test_only_safe_addresses_are_asked(server, model, target):
    from ofa_engine.model.downloads.connection import open_address

    with pytest.raises(DownloadError, match="https"):
        open_address("http://example.org/file.pth", {}, 1.0)
    with pytest.raises(DownloadError, match="https"):
        open_address("file:///etc/passwd", {}, 1.0)
