"""Whether the engine runs in a Python: found out by running it, reported in one line with what to do."""

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
from .process_lines import run_lines
from .requirements import Requirements

CHILD = Path(__file__).resolve().with_name("environment_check_child.py")
_CREATE = tr("or let the plugin create an environment")


@dataclass(frozen=True)
class EnvironmentReport:
    """The result of a check. `problem` is "" where the engine runs in that Python."""

    python: str
    problem: str = ""
    facts: dict = field(default_factory=dict)
    missing: tuple[str, ...] = ()  # pip's requirements that it does not meet
    output: tuple[str, ...] = ()  # the last lines that it printed

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


def check_environment(
    python: str | Path, requirements: Requirements, cancelled: Callable[[], bool], child: Path = CHILD
) -> EnvironmentReport:
    """Runs a Python: its version, its packages, a tiny model on its device. Blocks for seconds.

    Args:
        python: the program, or the folder of its environment.
        requirements: what the engine requires.
        cancelled: polled ten times a second.
        child: the script to run in it.

    Raises:
        EngineCancelled: soon after `cancelled()` became true.
    """
    path = python_in(python)
    if not path.is_file():
        text = tr("Expected the Python of an environment, found no file {path}: choose another, {create}.")
        return EnvironmentReport(str(path), text.format(path=path, create=_CREATE))
    if not path.name.lower().startswith("python"):  # any other program would not understand the arguments
        text = tr("Expected a program called python, found {name}: choose the environment's python, {create}.")
        return EnvironmentReport(str(path), text.format(name=path.name, create=_CREATE))
    minimum = requirements.minimum_versions()
    request = {"root": str(ROOT), "python": requirements.minimum_python, "packages": list(minimum.items())}
    lines: deque[str] = deque(maxlen=60)
    try:
        code = run_lines([path, "-I", "-X", "utf8", child, json.dumps(request)], lines.append, cancelled)
    except OSError as error:
        text = tr("{path} could not be started ({why}): choose another Python, {create}.")
        return EnvironmentReport(str(path), text.format(path=path, why=error.strerror or error, create=_CREATE))
    facts = _answer(lines)
    if facts is None:
        text = tr(
            "{path} is no Python that can be used; it ended with exit code {code} and printed: {output} Choose "
            "another, {create}."
        )
        last = next((line for line in reversed(lines) if line), tr("nothing."))
        problem = text.format(path=path, code=code, output=last, create=_CREATE)
        return EnvironmentReport(str(path), problem, output=tuple(lines))
    wrong = [package["name"] for package in facts.get("packages", []) if package.get("problem")]
    missing = tuple(line for line, name in zip(requirements.engine, minimum, strict=True) if name in wrong)
    return EnvironmentReport(str(path), _problem(path, facts, requirements), facts, missing, tuple(lines))


def _answer(output: deque[str]) -> dict | None:
    for line in reversed(output):
        if line.startswith('{"ofanet"'):
            try:
                return json.loads(line)["ofanet"]
            except ValueError:
                return None
    return None


def _problem(path: Path, facts: dict, requirements: Requirements) -> str:
    if "packages" not in facts:
        text = tr("Expected Python {minimum} or newer, found {found}: choose another, {create}.")
        minimum = ".".join(map(str, requirements.minimum_python))
        return text.format(minimum=minimum, found=facts.get("python", "?"), create=_CREATE)
    wrong = [package for package in facts["packages"] if package.get("problem")]
    if wrong:
        return _lacking(wrong, requirements.minimum_versions())
    if "failed" in facts or not facts.get("finite"):
        text = tr(
            "The packages are there, but a tiny model could not be computed: {why}. Where the GPU is the cause, "
            "update its driver, {create} for the CPU."
        )
        return text.format(why=facts.get("failed", "NaN"), create=_CREATE)
    if facts.get("engine") != VERSION:
        text = tr(
            "The engine that answered is version {found}, this plugin brings {expected}: run "
            '"{path} -m pip uninstall ofanet", {create}.'
        )
        return text.format(found=facts.get("engine"), expected=VERSION, path=path, create=_CREATE)
    return ""


def _lacking(wrong: list[dict], minimum: dict[str, str]) -> str:
    texts = {
        "missing": tr("{name} is missing"),
        "old": tr("{name} is {version}, expected {minimum} or newer"),
        "broken": tr("{name} cannot be loaded ({why})"),
    }
    listed = [
        texts[p["problem"]].format(**{"version": "", "why": "", **p}, minimum=minimum.get(p["name"], "")) for p in wrong
    ]
    more = tr(" and {count} more").format(count=len(listed) - 3) if len(listed) > 3 else ""
    text = tr(
        "The environment lacks what the engine needs: {packages}{more}. Install it there (the diagnosis has the "
        "command), {create}."
    )
    return text.format(packages=", ".join(listed[:3]), more=more, create=_CREATE)


def diagnosis(report: EnvironmentReport | None, log: str = "") -> str:
    """For a bug report or a colleague: versions, packages, the last lines of the check and of the log."""
    lines = [f"OFA-Net {VERSION}, QGIS {Qgis.version()}, {platform.platform()}, {os.cpu_count()} cores"]
    if report is None:
        lines.append("no engine was checked yet")
    else:
        lines += [f"engine's Python: {report.python}", report.line()]
        facts = report.facts
        if facts:
            lines.append(f"Python {facts.get('python')} on {facts.get('system')}, device {facts.get('device', '-')}")
        for package in facts.get("packages", []):
            state = " ".join(filter(None, (package.get("version"), package.get("problem"), package.get("why"))))
            lines.append(f"  {package['name']}: {state}")
        if report.missing:
            quoted = " ".join(f'"{requirement}"' for requirement in report.missing)
            lines.append(f'to install what is missing: "{report.python}" -m pip install {quoted}')
        if not report.ok and report.output:
            lines += ["its last lines:", *(f"  {line}" for line in report.output if line and '"ofanet"' not in line)]
    if log:
        lines += ["log:", *(f"  {line}" for line in log.splitlines()[-60:])]
    return "\n".join(lines)
