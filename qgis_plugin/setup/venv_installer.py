"""The engine's environment that the plugin makes when it is asked to: where, of what, how far it is, and its end.

All of it lies in one folder of the QGIS profile: env/ (the environment), install.log, and a mark that says that the
folder is ours. Nothing here decides to begin: the user's click does.
"""

import json
import re
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from qgis.core import QgsApplication

from ..engine.client import EngineError
from ..engine.modules import VERSION
from ..i18n.texts import tr
from . import requirements as needs
from .subprocess_lines import run_lines

MARK = "ofanet-engine.json"
LOG = "install.log"
NONE, PARTIAL, READY, OUTDATED, FOREIGN = "none", "partial", "ready", "outdated", "foreign"
CPU, CUDA = "cpu", "cuda"
DOWNLOAD_MB = {CPU: 500, CUDA: 3000}
DISK_MB = {CPU: 1600, CUDA: 6300}  # measured on Linux with torch 2.13 and 2.14
_INDEX = "https://download.pytorch.org/whl/"
_OF_TORCH = ("torch", "torchvision")


def engine_dir() -> Path:
    return Path(QgsApplication.qgisSettingsDirPath()).absolute() / "ofanet" / "engine"


def env_python() -> Path:
    return engine_dir() / "env" / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def state() -> str:
    """How far the environment is; FOREIGN where the folder holds something that is not ours."""
    folder = engine_dir()
    if not folder.exists() or not folder.is_symlink() and folder.is_dir() and not any(folder.iterdir()):
        return NONE
    mark = _mark()
    if mark is None:
        return FOREIGN
    if not mark.get("complete") or not env_python().is_file():
        return PARTIAL
    return READY if mark.get("packages") == needs.installed() else OUTDATED


def is_ours(python: str | Path) -> bool:
    return engine_dir() in Path(python).parents


def _mark() -> dict | None:
    try:
        mark = json.loads((engine_dir() / MARK).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return mark if isinstance(mark, dict) and mark.get("made_by") == "OFA-Net" else None


@dataclass(frozen=True)
class Plan:
    base: Path  # the Python that makes it
    build: str  # CPU or CUDA
    wheels: Path | None = None  # a folder to install from, without network
    cuda: tuple[int, int] | None = None  # of the driver

    def download_mb(self) -> int:
        return 0 if self.wheels else DOWNLOAD_MB[self.build]

    def free_mb(self) -> int:
        folder = engine_dir()
        while not folder.exists():
            folder = folder.parent
        return shutil.disk_usage(folder).free // 2**20

    def facts(self) -> dict:
        """What makes another environment: with other facts an unfinished one is begun anew."""
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


def steps(plan: Plan) -> list[tuple[str, list[str]]]:
    """What is told while it runs, and the command."""
    env = engine_dir() / "env"
    make = [str(plan.base), "-I", "-m", "venv", str(env)]
    mark = _mark()
    if mark and any(mark.get(key) != value for key, value in plan.facts().items()):
        make.insert(-1, "--clear")
    pip = [str(env_python()), "-I", "-X", "utf8", "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    wheels = ["--only-binary=:all:"]  # a package that would have to be compiled fails at once, with its name
    found = [(tr("Making the environment"), make)]
    if plan.wheels:
        folder = ["--no-index", "--find-links", str(plan.wheels), "--progress-bar", "off"]
        return [*found, (tr("Installing from the folder"), [*pip, *wheels, *folder, *needs.installed()])]
    found.append((tr("Renewing pip"), [*pip, "--progress-bar", "off", "--upgrade", "pip"]))
    index = torch_index(plan.build, plan.cuda)
    raw = ["--progress-bar", "raw"]
    if index:
        torch = [p for p, (name, _) in zip(needs.packages(), needs.names(), strict=True) if name in _OF_TORCH]
        found.append((tr("Installing PyTorch"), [*pip, *wheels, *raw, "--index-url", index, *torch]))
    return [*found, (tr("Installing the engine's packages"), [*pip, *wheels, *raw, *needs.installed()])]


class _Progress:
    """A share of the whole from what pip prints: bytes of what is to be downloaded, then unknown."""

    def __init__(self, plan: Plan, tell: Callable[[float | None, str], None]):
        self._expected = plan.download_mb() * 2**20
        self._before, self._now, self._file, self._tell = 0, 0, "", tell

    def line(self, line: str) -> bool:
        """Whether it is worth keeping in the log."""
        if match := re.fullmatch(r"Progress (\d+) of (\d+)", line):
            self._now, total = int(match[1]), int(match[2])
            share = (self._before + self._now) / max(self._expected, self._before + self._now)
            text = tr("Downloading {file}: {now} of {total} MB")
            self._tell(0.05 + 0.85 * share, text.format(file=self._file, now=self._now >> 20, total=total >> 20))
            return False
        words = line.strip()
        if match := re.match(r"(?:Downloading|Using cached) (?:\S*/)?([A-Za-z0-9_.]+)-\S+", words):
            self._before, self._now, self._file = self._before + self._now, 0, match[1]
        elif match := re.match(r"Collecting (\S+)", words):
            self._tell(None, tr("Looking for {package}").format(package=match[1]))
        elif words.startswith("Installing collected packages:"):
            count = words.count(",") + 1
            self._tell(None, tr("Unpacking {count} packages; this takes minutes").format(count=count))
        return True


def create(
    plan: Plan,
    say: Callable[[str], None],
    progress: Callable[[float | None, str], None],
    cancelled: Callable[[], bool],
    extra: dict[str, str] | None = None,
) -> Path:
    """Makes the environment, or goes on where an earlier attempt ended, and returns its Python.

    Blocks for minutes. `progress` gets a share of the whole (None: unknown) and what is done; `extra` are environment
    variables, such as a proxy. Raises EngineError with what to do, EngineCancelled; what is there by then stays, so
    that the next attempt is shorter.
    """
    if state() == FOREIGN:
        text = tr("Expected {folder} to be empty or made by this plugin, found other files: move them away.")
        raise EngineError(text.format(folder=engine_dir()))
    if plan.wheels and not plan.wheels.is_dir():
        raise EngineError(tr("Expected a folder of wheels, found none at {folder}.").format(folder=plan.wheels))
    secrets = [match for value in (extra or {}).values() for match in re.findall(r"//([^/@]+)@", value)]
    commands = steps(plan)
    engine_dir().mkdir(parents=True, exist_ok=True)
    _write_mark(plan, complete=False)
    watch = _Progress(plan, progress)
    with (engine_dir() / LOG).open("a", encoding="utf-8") as log:

        def keep(line: str):
            for secret in secrets:
                line = line.replace(secret, "***")
            if line and watch.line(line):
                log.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {line}\n")
                log.flush()
                said.append(line)
                say(line)

        for number, (title, command) in enumerate(commands):
            said: list[str] = []
            progress(0.05 * number / len(commands), title)
            keep("> " + " ".join(command))
            try:
                code = run_lines(command, keep, cancelled, extra)
            except OSError as error:
                raise EngineError(
                    tr("{program} could not be started: {why}.").format(program=command[0], why=error)
                ) from error
            if code:
                raise EngineError(explain(title, said, plan))
    _write_mark(plan, complete=True)
    return env_python()


def _write_mark(plan: Plan, complete: bool):
    mark = {"made_by": "OFA-Net", "version": VERSION, "packages": needs.installed(), "complete": complete}
    part = engine_dir() / f".{MARK}.part"
    part.write_text(json.dumps(mark | plan.facts(), indent=1), encoding="utf-8")
    part.replace(engine_dir() / MARK)


def explain(title: str, said: list[str], plan: Plan) -> str:
    """One line on why a step failed, and what to do."""
    whole = "\n".join(said)
    if "ensurepip" in whole and title == tr("Making the environment"):
        why = tr('This Python has no venv module: choose another, or install it ("sudo apt install python3-venv").')
    elif "No space left" in whole or "not enough space" in whole:
        why = tr("The disk is full: free some space and press Continue.")
    elif "CERTIFICATE_VERIFY_FAILED" in whole:
        why = tr(
            "The network's certificate is not trusted: ask your IT department for a pip.conf with its "
            "certificate, or install from a folder of wheels."
        )
    elif re.search(r"ProxyError|407 Proxy|Cannot connect to proxy", whole):
        why = tr("The proxy refused: see Settings > Options > Network, or install from a folder of wheels.")
    elif re.search(
        r"NameResolutionError|NewConnectionError|ConnectTimeout|ReadTimeout|Connection(Error| broken)|"
        r"Temporary failure in name|getaddrinfo",
        whole,
    ):
        why = tr("The network was not reached: check it and press Continue, or install from a folder of wheels.")
    elif match := re.search(r"No matching distribution found for (\S+)", whole):
        if plan.wheels:
            why = tr("The folder {folder} has no wheel of {package} for this Python and system.")
        else:
            why = tr("There is no {package} for this Python and system: choose another Python.")
        why = why.format(folder=plan.wheels, package=match[1])
    else:
        last = [line for line in said if "ERROR" in line or "Error" in line] or said
        why = last[-1] if last else tr("it said nothing")
    return tr("{title} failed. {why}").format(title=title, why=why)


def log_text() -> str:
    try:
        return (engine_dir() / LOG).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def remove():
    """Deletes what the plugin made, and nothing else. Blocks for seconds. Raises EngineError."""
    folder = engine_dir()
    if state() in (NONE, FOREIGN) or folder.is_symlink() or (folder / "env").is_symlink():
        raise EngineError(tr("Nothing was removed: {folder} was not made by this plugin.").format(folder=folder))
    try:
        if (folder / "env").exists():
            shutil.rmtree(folder / "env")
        for name in (LOG, MARK):  # the mark last: what is left of an interrupted removal is still known as ours
            (folder / name).unlink(missing_ok=True)
        if not any(folder.iterdir()):
            folder.rmdir()
    except OSError as error:
        text = tr("Not all of {folder} could be removed: {why}. Close what uses it and try again.")
        raise EngineError(text.format(folder=folder, why=error)) from error
