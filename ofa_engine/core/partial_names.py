"""Names of files that are not complete yet: hidden, next to their target, with the id of the process that writes them.

    .map.4711.part.tif             becomes map.tif once it is complete
    .map.4711.scratch.part.tif     an intermediate file, never kept
    .map.4711.part.tif.journal     the finished rows of tiles of a run, see `pipeline.journal`
    .map.4711.part.tif.stripe2     what the run's stripe 2 has received from stripe 1

The ending is the target's own because GDAL chooses formats by it. Whoever ends a process finds by these names what it
leaves behind. Standard library only.
"""

import glob
import os
import re
from pathlib import Path

_JOURNAL, _STRIPE = ".journal", ".stripe"
FOLDER_LOCK = ".batch.lock"  # in a folder that a batch writes to; its process holds it


def part_of(target: Path, pid: int | None = None) -> Path:
    """The incomplete file of a target, of this process by default."""
    return target.with_name(f".{_plain(target.stem)}.{os.getpid() if pid is None else pid}.part{target.suffix}")


def scratch_of(target: Path) -> Path:
    """An intermediate file in the target's folder, of this process."""
    return target.with_name(f".{_plain(target.stem)}.{os.getpid()}.scratch.part{target.suffix}")


def journal_of(part: Path) -> Path:
    return part.with_name(part.name + _JOURNAL)


def stripe_of(journal: Path, number: int) -> Path:
    return journal.with_suffix(f"{_STRIPE}{number}")


def stripes_of(journal: Path) -> list[Path]:
    """The files of stripes that lie next to a journal."""
    return list(journal.parent.glob(f"{glob.escape(journal.stem)}{_STRIPE}*"))


def journals_of(target: Path) -> list[tuple[Path, int]]:
    """Journals of runs that write, or wrote, exactly this target, each with its process id; the youngest first."""
    name = re.compile(re.escape(f".{_plain(target.stem)}.") + r"(\d+)" + re.escape(f".part{target.suffix}{_JOURNAL}"))
    named = [(path, name.fullmatch(path.name)) for path in target.parent.glob(f".*{_JOURNAL}")]
    journals = [(path, int(match[1])) for path, match in named if match]
    return sorted(journals, key=lambda one: one[0].stat().st_mtime, reverse=True)


def is_resumable(path: Path) -> bool:
    """Whether a file of a stopped run lets it continue: its journal, or what its stripes have handed on."""
    return path.suffix.startswith((_JOURNAL, _STRIPE))


def left_by(pid: int, target: Path) -> list[Path]:
    """All incomplete files of a target that a process has left behind."""
    name = re.compile(re.escape(f".{_plain(target.stem)}.{pid}.") + r"(scratch\.)?part\b.*")
    beginning = glob.escape(_plain(target.stem))
    return [path for path in target.parent.glob(f".{beginning}.{pid}.*") if name.fullmatch(path.name)]


def partition_of(target: Path, number: int, of: int) -> Path:
    """What the journal of partition `number` (from 0) lies next to; the file itself is never written."""
    return target.with_name(f"{target.stem}.share{number + 1}of{of}{target.suffix}")


def whole_stem(stem: str) -> str:
    """The stem of the output that a partition's stem belongs to; any other stem as it is."""
    return re.sub(r"\.share\d+of\d+$", "", stem)


def stem_of(name: str) -> str | None:
    """The stem of the target whose incomplete file has that name; None for any other name."""
    match = re.fullmatch(r"\.(.+?)\.\d+\.(?:scratch\.)?part\b.*", name)
    return match[1].replace("%3B", ";").replace("%21", "!") if match else None


def longest_of(target: Path) -> Path:
    """The longest name that a target's files may have on the way, where process ids have up to seven digits."""
    return target.with_name(f".{_plain(target.stem)}.9999999.scratch.part{target.suffix}.aux.xml")


def _plain(stem: str) -> str:
    """Without the characters that pyogrio takes for the end of a path, and a path in an archive."""
    return stem.replace(";", "%3B").replace("!", "%21")
