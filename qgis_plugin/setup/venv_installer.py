"""The engine's environment that the plugin creates on request.

All of it is in one folder of the QGIS profile: env/ (the environment), install.log, and a marker file that says that
the plugin made the folder. Nothing here starts by itself: the user's click does.
"""

import json
import re
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from qgis.core import QgsApplication

from ..engine.client import EngineError
from ..engine.modules import VERSION, files
from ..i18n.texts import tr
from .pip_output import PipProgress, Progress, why_it_failed
from .process_lines import run_lines
from .requirements import Requirements, engine_requirements

MARKER = "ofanet-engine.json"
LOG = "install.log"
NONE, PARTIAL, READY, OUTDATED, FOREIGN = "none", "partial", "ready", "outdated", "foreign"
CPU, CUDA = "cpu", "cuda"
DOWNLOAD_MB = {CPU: 500, CUDA: 3000}
DISK_MB = {CPU: 1600, CUDA: 6300}  # measured on Linux with torch 2.13 and 2.14
_INDEX = "https://download.pytorch.org/whl/"
_OF_TORCH = ("torch", "torchvision")


@dataclass(frozen=True)
class InstallPlan:
    base: Path  # the Python that creates the environment
    build: str  # CPU or CUDA
    wheels: Path | None = None  # a folder to install from, without network
    cuda: tuple[int, int] | None = None  # of the driver

    @property
    def download_mb(self) -> int:
        return 0 if self.wheels else DOWNLOAD_MB[self.build]

    def identity(self) -> dict[str, str]:
        """Where this differs, an unfinished environment is not continued but started over."""
        return {"base": str(self.base), "build": self.build}


def torch_index(build: str, cuda: tuple[int, int] | None) -> str | None:
    """Where torch comes from; None where the usual index has the right build."""
    if sys.platform == "darwin":
        return None
    if build == CPU:
        return None if sys.platform == "win32" else _INDEX + "cpu"  # PyPI: CPU on Windows, the newest CUDA on Linux
    if cuda is not None and cuda < (13, 0):
        return _INDEX + "cu126"  # runs on every driver of CUDA 12
    return _INDEX + "cu130" if sys.platform == "win32" else None


class EngineEnvironment:
    def __init__(self, folder: Path | None = None, requirements: Requirements | None = None):
        """Changes nothing.

        Args:
            folder: that of the QGIS profile by default.
            requirements: the engine's by default.
        """
        self.folder = folder or Path(QgsApplication.qgisSettingsDirPath()).absolute() / "ofanet" / "engine"
        self._requirements = requirements

    @cached_property
    def requirements(self) -> Requirements:
        return self._requirements or engine_requirements()

    @property
    def python(self) -> Path:
        return self.folder / "env" / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")

    def state(self) -> str:
        """NONE, PARTIAL, READY or OUTDATED; FOREIGN where the folder holds something that the plugin did not make."""
        folder = self.folder
        if not folder.exists() or not folder.is_symlink() and folder.is_dir() and not any(folder.iterdir()):
            return NONE
        marker = self._marker()
        if marker is None:
            return FOREIGN
        if not marker.get("complete") or not self.python.is_file():
            return PARTIAL
        return READY if marker.get("packages") == self.requirements.environment else OUTDATED

    def owns(self, python: str | Path) -> bool:
        return self.folder in Path(python).parents

    def free_mb(self) -> int:
        """Space on the disk that the folder is on, or will be."""
        folder = self.folder
        while not folder.exists():
            folder = folder.parent
        return shutil.disk_usage(folder).free // 2**20

    def log_text(self) -> str:
        try:
            return (self.folder / LOG).read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""

    def _marker(self) -> dict | None:
        try:
            marker = json.loads((self.folder / MARKER).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return marker if isinstance(marker, dict) and marker.get("made_by") == "OFA-Net" else None

    def mark(self, plan: InstallPlan, complete: bool) -> None:
        """Writes down that the folder is the plugin's, and how far the environment is."""
        marker = {"made_by": "OFA-Net", "version": VERSION, "packages": self.requirements.environment}
        text = json.dumps(marker | plan.identity() | {"complete": complete}, indent=1)
        files.write_text(self.folder / MARKER, text)

    # --- installing and removing --------------------------------------------------------------------------------

    def steps(self, plan: InstallPlan) -> list[tuple[str, list[str]]]:
        """The commands to run, each with a title for the user."""
        packages = self.requirements.environment
        create = [str(plan.base), "-I", "-m", "venv", str(self.folder / "env")]
        marker = self._marker()
        if marker and any(marker.get(key) != value for key, value in plan.identity().items()):
            create.insert(-1, "--clear")
        steps = [(tr("Creating the environment"), create)]
        pip = [str(self.python), "-I", "-X", "utf8", "-m", "pip", "install", "--disable-pip-version-check"]
        pip += ["--no-input"]
        wheels = ["--only-binary=:all:"]  # a package that would have to be compiled fails at once, with its name
        if plan.wheels:
            folder = ["--no-index", "--find-links", str(plan.wheels), "--progress-bar", "off"]
            return [*steps, (tr("Installing from the folder"), [*pip, *wheels, *folder, *packages])]
        steps.append((tr("Updating pip"), [*pip, "--progress-bar", "off", "--upgrade", "pip"]))
        index, raw = torch_index(plan.build, plan.cuda), ["--progress-bar", "raw"]
        if index:
            names = self.requirements.minimum_versions()
            torch = [line for line, name in zip(self.requirements.engine, names, strict=True) if name in _OF_TORCH]
            steps.append((tr("Installing PyTorch"), [*pip, *wheels, *raw, "--index-url", index, *torch]))
        return [*steps, (tr("Installing the engine's packages"), [*pip, *wheels, *raw, *packages])]

    def create(
        self,
        plan: InstallPlan,
        say: Callable[[str], None],
        progress: Progress,
        cancelled: Callable[[], bool],
        extra: dict[str, str] | None = None,
    ) -> Path:
        """Creates the environment, or continues where an earlier attempt ended. Blocks for minutes.

        Args:
            plan: what to install, and from where.
            say: gets each line for the log.
            progress: gets the fraction done and what is being done.
            cancelled: polled ten times a second.
            extra: environment variables for pip, such as a proxy.

        Returns:
            The environment's Python.

        Raises:
            EngineError: with what to do. What was installed stays, so that the next attempt is shorter.
            EngineCancelled: soon after a cancel; what was installed stays, too.
        """
        if self.state() == FOREIGN:
            text = tr("Expected {folder} to be empty or made by this plugin, found other files: move them away.")
            raise EngineError(text.format(folder=self.folder))
        if plan.wheels and not plan.wheels.is_dir():
            raise EngineError(tr("Expected a folder of wheels, found none at {folder}.").format(folder=plan.wheels))
        steps = self.steps(plan)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.mark(plan, complete=False)
        secrets = [match for value in (extra or {}).values() for match in re.findall(r"//([^/@]+)@", value)]
        log = _Log(self.folder / LOG, secrets, PipProgress(plan.download_mb * 2**20, progress), say)
        for number, (title, command) in enumerate(steps):
            progress(0.05 * number / len(steps), title)
            _run(title, command, log, cancelled, extra, plan.wheels)
        self.mark(plan, complete=True)
        return self.python

    def remove(self) -> None:
        """Deletes what the plugin created, and nothing else. Blocks for seconds. Raises EngineError."""
        folder = self.folder
        if self.state() in (NONE, FOREIGN) or folder.is_symlink() or (folder / "env").is_symlink():
            raise EngineError(tr("Nothing was removed: {folder} was not made by this plugin.").format(folder=folder))
        try:
            if (folder / "env").exists():
                shutil.rmtree(folder / "env")
            for name in (LOG, MARKER):  # the marker last: what is left of an interrupted removal is still recognised
                (folder / name).unlink(missing_ok=True)
            if not any(folder.iterdir()):
                folder.rmdir()
        except OSError as error:
            text = tr("Not all of {folder} could be removed: {why}. Close what uses it and try again.")
            raise EngineError(text.format(folder=folder, why=error)) from error


class _Log:
    """Keeps what pip prints in a file and for the user, without passwords."""

    def __init__(self, path: Path, secrets: list[str], progress: PipProgress, say: Callable[[str], None]):
        self._path, self._secrets, self._progress, self._say = path, secrets, progress, say
        self.lines: list[str] = []  # of the present step

    def add(self, line: str) -> None:
        for secret in self._secrets:
            line = line.replace(secret, "***")
        if line and self._progress.line(line):
            with self._path.open("a", encoding="utf-8") as file:
                file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {line}\n")
            self.lines.append(line)
            self._say(line)


def _run(
    title: str,
    command: list[str],
    log: _Log,
    cancelled: Callable[[], bool],
    extra: dict[str, str] | None,
    wheels: Path | None,
) -> None:
    """Runs a step. Raises EngineError where it fails, EngineCancelled."""
    log.lines.clear()
    log.add("> " + " ".join(command))
    try:
        code = run_lines(command, log.add, cancelled, extra)
    except OSError as error:
        raise EngineError(tr("{program} could not be started: {why}.").format(program=command[0], why=error)) from error
    if code:
        raise EngineError(tr("{title} failed. {why}").format(title=title, why=why_it_failed(log.lines, wheels)))
