"""What the machine has to create an environment with: Pythons that are not QGIS's own, and a GPU."""

import glob
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..engine.child import NO_WINDOW, clean_environment
from ..i18n.texts import tr
from .process_lines import run_lines

_QUESTIONS = (
    "import sys; print('version', '.'.join(map(str, sys.version_info[:3]))); print('file', sys.executable); "
    "import ensurepip, venv; print('able')"
)
_PLACES = {
    "win32": (
        r"%LOCALAPPDATA%\Programs\Python\Python3*\python.exe",
        r"%ProgramFiles%\Python3*\python.exe",
        r"%SystemDrive%\Python3*\python.exe",
        r"%USERPROFILE%\miniforge3\python.exe",
        r"%USERPROFILE%\miniconda3\python.exe",
        r"%USERPROFILE%\anaconda3\python.exe",
    ),
    "darwin": (
        "/opt/homebrew/bin/python3*",
        "/usr/local/bin/python3*",
        "/Library/Frameworks/Python.framework/Versions/3*/bin/python3",
        "~/miniforge3/bin/python3",
        "~/miniconda3/bin/python3",
    ),
    "linux": ("/usr/bin/python3*", "/usr/local/bin/python3*", "~/miniforge3/bin/python3", "~/miniconda3/bin/python3"),
}
_NAME = re.compile(r"python(3(\.\d+)?)?(\.exe)?", re.IGNORECASE)


@dataclass(frozen=True)
class FoundPython:
    path: Path
    version: str
    problem: str = ""  # why no environment can be created with it

    def title(self) -> str:
        return tr("Python {version} ({path})").format(version=self.version, path=self.path)


def is_qgis_own(path: Path) -> bool:
    """QGIS's own interpreter, which may be QGIS itself (Windows, macOS), and anything in its folder."""
    if sys.platform not in ("win32", "darwin"):
        return False  # there QGIS runs in the system's Python, which is a program of its own
    if any(word in str(path).lower() for word in ("qgis", "osgeo4w")):
        return True
    return Path(sys.prefix) in path.parents or path == Path(sys.executable)


def candidates() -> list[Path]:
    """Files that may be Pythons, none of them run yet; each once, whatever names it has."""
    paths = []
    for folder in clean_environment().get("PATH", "").split(os.pathsep):
        paths += [Path(folder) / name for name in ("python3.exe", "python.exe", "python3", "python")]
    for place in _PLACES.get(sys.platform, _PLACES["linux"]):
        paths += map(Path, sorted(glob.glob(os.path.expandvars(os.path.expanduser(place))), reverse=True))
    found: dict[Path, Path] = {}
    for path in paths:
        if _NAME.fullmatch(path.name) and path.is_file() and path.stat().st_size and not is_qgis_own(path):
            found.setdefault(path.resolve(), path)
    return list(found.values())


def inspect(path: Path, minimum: tuple[int, int], cancelled: Callable[[], bool]) -> FoundPython | None:
    """Runs it to find out its version; None where it is no Python. Raises EngineCancelled."""
    output: list[str] = []
    try:
        run_lines([str(path), "-I", "-c", _QUESTIONS], output.append, cancelled)
    except OSError:
        return None
    version = _after("version ", output)
    if not re.fullmatch(r"\d+\.\d+\.\d+", version):
        return None
    path = Path(_after("file ", output) or path)  # a shim or a link is replaced by what it starts
    if tuple(map(int, version.split(".")[:2])) < minimum:
        return FoundPython(path, version, tr("older than {minimum}").format(minimum=".".join(map(str, minimum))))
    if "able" not in output:
        why = tr('it has no venv module (on Debian and Ubuntu: "sudo apt install python3-venv")')
        return FoundPython(path, version, why)
    return FoundPython(path, version)


def _after(word: str, lines: list[str]) -> str:
    return next((line.removeprefix(word) for line in lines if line.startswith(word)), "")


def find_pythons(minimum: tuple[int, int], cancelled: Callable[[], bool]) -> list[FoundPython]:
    """The machine's Pythons, those without a problem first, newest first. Runs each. Raises EngineCancelled."""
    inspected = [python for path in candidates() if (python := inspect(path, minimum, cancelled)) is not None]
    found = list({python.path.resolve(): python for python in inspected if not is_qgis_own(python.path)}.values())
    found.sort(key=lambda python: [int(part) for part in python.version.split(".")], reverse=True)
    return sorted(found, key=lambda python: bool(python.problem))


def driver_cuda() -> tuple[int, int] | None:
    """The newest CUDA version that the NVIDIA driver supports; None without a GPU. Blocks for a second."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return None
    try:
        shown = subprocess.run(
            [program],
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
            env=clean_environment(),
            creationflags=NO_WINDOW,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.search(r"CUDA Version:\s*(\d+)\.(\d+)", shown.stdout)
    return (int(match[1]), int(match[2])) if match and shown.returncode == 0 else None
