"""Whether a Python can be the engine's: found out by running it, told in one line with what to do."""

import json
import os
import platform
import sys
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from qgis.core import Qgis

from ..engine.modules import ROOT, VERSION
from ..i18n.texts import tr
from . import requirements as needs
from .subprocess_lines import run_lines

CHILD = Path(__file__).resolve().with_name("environment_check_child.py")
_BELOW = tr("or let the plugin create an environment")


@dataclass(frozen=True)
class Report:
    """What a Python answered. `problem` is "" where the engine runs in it."""

    python: str
    problem: str = ""
    facts: dict = field(default_factory=dict)
    said: tuple[str, ...] = ()  # its last lines

    @property
    def ok(self) -> bool:
        return not self.problem

    def line(self) -> str:
        if self.problem:
            return self.problem
        torch = next((p["version"] for p in self.facts.get("packages", []) if p["name"] == "torch"), "?")
        text = tr("The engine {engine} works: torch {torch} on {device}, Python {python}")
        return text.format(
            engine=self.facts["engine"],
            torch=torch,
            device=device_name(self.facts["device"]),
            python=self.facts["python"],
        )


def device_name(device: str) -> str:
    return tr("the processor (CPU)") if device == "cpu" else device


def python_in(path: str | Path) -> Path:
    """The Python that a user means who names an environment's folder; a file stays as it is."""
    path = Path(path).expanduser()
    inside = ("Scripts/python.exe", "python.exe") if sys.platform == "win32" else ("bin/python", "bin/python3")
    return next((path / name for name in inside if (path / name).is_file()), path)


def check(python: str | Path, cancelled: Callable[[], bool]) -> Report:
    """Runs it: version, packages, a tiny model on its device. Blocks for seconds. Raises EngineCancelled."""
    path = python_in(python)
    if not path.is_file():
        text = tr("Expected the Python of an environment, found no file {path}: choose another, {below}.")
        return Report(str(path), text.format(path=path, below=_BELOW))
    if not path.name.lower().startswith("python"):  # any other program would be started with words it does not know
        text = tr("Expected a program called python, found {name}: choose the environment's python, {below}.")
        return Report(str(path), text.format(name=path.name, below=_BELOW))
    asked = {"root": str(ROOT), "python": needs.least_python(), "packages": needs.names()}
    said: deque[str] = deque(maxlen=60)
    command = [str(path), "-I", "-X", "utf8", str(CHILD), json.dumps(asked)]
    try:
        code = run_lines(command, said.append, cancelled)
    except OSError as error:
        text = tr("{path} could not be started ({why}): choose another Python, {below}.")
        return Report(str(path), text.format(path=path, why=error.strerror or error, below=_BELOW))
    facts = _answer(said)
    if facts is None:
        text = tr(
            "{path} is no Python that can be used; it ended with code {code} and said: {said} Choose another, {below}."
        )
        last = next((line for line in reversed(said) if line), tr("nothing."))
        return Report(str(path), text.format(path=path, code=code, said=last, below=_BELOW), {}, tuple(said))
    return Report(str(path), _problem(path, facts), facts, tuple(said))


def _answer(said) -> dict | None:
    for line in reversed(said):
        if line.startswith('{"ofanet"'):
            try:
                return json.loads(line)["ofanet"]
            except ValueError:
                return None
    return None


def _problem(path: Path, facts: dict) -> str:
    if "packages" not in facts:
        text = tr("Expected Python {least} or newer, found {found}: choose another, {below}.")
        least = ".".join(map(str, needs.least_python()))
        return text.format(least=least, found=facts.get("python", "?"), below=_BELOW)
    wrong = [package for package in facts["packages"] if package.get("problem")]
    if wrong:
        least = dict(needs.names())
        words = {
            "missing": tr("{name} is missing"),
            "old": tr("{name} is {version}, expected {least} or newer"),
            "broken": tr("{name} cannot be loaded ({why})"),
        }
        told = [
            words[p["problem"]].format(**{"version": "", "why": "", **p}, least=least.get(p["name"], "")) for p in wrong
        ]
        more = tr(" and {count} more").format(count=len(told) - 3) if len(told) > 3 else ""
        text = tr(
            "The environment lacks what the engine needs: {told}{more}. Install it there (the diagnosis has the "
            "command), {below}."
        )
        return text.format(told=", ".join(told[:3]), more=more, below=_BELOW)
    if "failed" in facts or not facts.get("finite"):
        text = tr(
            "The packages are there, but a tiny model could not be computed: {why}. Where the GPU is the cause, "
            "update its driver, {below} for the CPU."
        )
        return text.format(why=facts.get("failed", "NaN"), below=_BELOW)
    if facts.get("engine") != VERSION:
        text = tr(
            "The engine that answered is version {found}, this plugin brings {expected}: run "
            '"{path} -m pip uninstall ofanet", {below}.'
        )
        return text.format(found=facts.get("engine"), expected=VERSION, path=path, below=_BELOW)
    return ""


def diagnosis(report: Report | None, log: str = "") -> str:
    """For a bug report or a colleague: everything that matters, no names of people's folders beyond the paths."""
    lines = [f"OFA-Net {VERSION}, QGIS {Qgis.version()}, {platform.platform()}, {os.cpu_count()} cores"]
    if report is None:
        lines.append("no engine was checked yet")
    else:
        lines += [f"engine's Python: {report.python}", report.line()]
        facts = report.facts
        if facts:
            lines.append(f"Python {facts.get('python')} on {facts.get('system')}, device {facts.get('device', '-')}")
        wrong = []
        for package in facts.get("packages", []):
            state = " ".join(filter(None, (package.get("version"), package.get("problem"), package.get("why"))))
            lines.append(f"  {package['name']}: {state}")
            wrong += [need for need in needs.packages() if package.get("problem") and _names(need, package["name"])]
        if wrong:
            quoted = " ".join(f'"{need}"' for need in wrong)
            lines.append(f'to install what is missing: "{report.python}" -m pip install {quoted}')
        if not report.ok and report.said:
            lines += ["its last words:", *(f"  {line}" for line in report.said if line and '"ofanet"' not in line)]
    if log:
        lines += ["log:", *(f"  {line}" for line in log.splitlines()[-60:])]
    return "\n".join(lines)


def _names(need: str, name: str) -> bool:
    return need.replace(">", "=").split("=")[0].strip() == name
