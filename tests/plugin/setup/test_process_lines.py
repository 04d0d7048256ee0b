"""Programs outside QGIS end with everything that they started."""

from pathlib import Path

import pytest
from fake_environments import PYTHON

from qgis_plugin.engine.client import EngineCancelled
from qgis_plugin.setup.process_lines import run_lines

CHILD = """import subprocess, sys
process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print(process.pid, flush=True)
process.wait()"""


def is_running(pid: int) -> bool:
    state = Path(f"/proc/{pid}/stat")
    try:
        return state.read_text().split()[2] != "Z"  # a zombie that nobody has waited for
    except OSError:
        return False


def test_a_child_of_a_cancelled_child_ends_too(qtbot):
    pids = []
    with pytest.raises(EngineCancelled):
        run_lines([PYTHON, "-c", CHILD], lambda line: pids.append(int(line)), lambda: bool(pids))
    qtbot.waitUntil(lambda: not is_running(pids[0]), timeout=5000)


def test_lines_and_exit_code(qgis_app):
    lines = []
    code = run_lines([PYTHON, "-c", "print('a\\n\\nb'); raise SystemExit(3)"], lines.append, lambda: False)
    assert (code, lines) == (3, ["a", "", "b"])
