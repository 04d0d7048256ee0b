"""What pip prints becomes progress and advice."""

import pytest

from qgis_plugin.setup.pip_output import PipProgress, why_it_failed

MB = 2**20


def test_progress_follows_pips_bytes(qgis_app):
    reported = []
    progress = PipProgress(500 * MB, lambda *words: reported.append(words))
    assert progress.line("Collecting torch>=2.11") and "torch" in reported[-1][1]
    progress.line("  Downloading https://x.org/whl/torch-2.14.1%2Bcpu-cp311.whl (190 MB)")
    assert not progress.line(f"Progress {100 * MB} of {190 * MB}")
    assert reported[-1][1] == "Downloading torch: 100 of 190 MB" and 0.2 < reported[-1][0] < 0.3
    progress.line("Installing collected packages: a, b, c")
    assert reported[-1] == (None, "Unpacking 3 packages; this takes minutes")


@pytest.mark.parametrize(
    ("line", "advice"),
    [
        ("ERROR: [Errno 28] No space left on device", "disk is full"),
        ("NameResolutionError(...)", "network was not reached"),
        ("ProxyError('Cannot connect to proxy.', ...)", "proxy refused"),
        ("[SSL: CERTIFICATE_VERIFY_FAILED]", "not trusted"),
        ("Command '[... -m ensurepip ...]' returned non-zero exit status 1.", "python3-venv"),
        ("ERROR: No matching distribution found for torch>=9", "no torch>=9 for this Python"),
        ("ERROR: something new", "something new"),
    ],
)
def test_failures_are_explained(qgis_app, line, advice):
    assert advice in why_it_failed(["a", line])
    assert why_it_failed([]) == "It printed nothing."
