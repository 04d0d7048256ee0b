"""Runs and their queue, with functions in place of the engine."""

import threading

import pytest
from qgis.core import QgsProject
from qgis.gui import QgsMessageBar

from qgis_plugin.runs.algorithm_task import AlgorithmTask
from qgis_plugin.runs.function_task import FunctionTask
from qgis_plugin.runs.panel_run import PanelRun, RunState
from qgis_plugin.runs.run_messages import RunMessages
from qgis_plugin.runs.run_queue import RunQueue

END_MS = 10_000


@pytest.fixture
def queue(qtbot):
    made = RunQueue()
    yield made
    made.close()
    made.wait(5)
    qtbot.waitUntil(lambda: not made.runs, timeout=END_MS)


@pytest.fixture
def gate():
    """Functions that wait for it go on once it is set; it is at the end."""
    event = threading.Event()
    yield event
    event.set()


def make(title: str, function, finish=lambda result: f"got {result}", **more) -> PanelRun:
    return PanelRun(title, lambda: FunctionTask(title, function), finish, **more)


def wait_for(qtbot, *runs):
    over = (RunState.DONE, RunState.FAILED, RunState.CANCELLED)
    ends = []
    for run in runs:
        if run.state in over:  # cancelled before it began: over at once
            ends.append(run.state)
        else:
            run.ended.connect(lambda ended: ends.append(ended.state))
    qtbot.waitUntil(lambda: len(ends) == len(runs), timeout=END_MS)
    assert all(state in over for state in ends)
    return ends


def test_runs_come_one_after_the_other_and_soon_means_next(queue, gate, qtbot):
    order = []
    runs = [make(name, lambda task, name=name: (gate.wait(5), order.append(name))) for name in ("a", "b", "c")]
    queue.add(runs[0])
    queue.add(runs[1])
    queue.add(runs[2], soon=True)
    assert queue.runs == [runs[0], runs[2], runs[1]]
    assert [run.state for run in queue.runs] == [RunState.RUNNING, RunState.WAITING, RunState.WAITING]
    gate.set()
    wait_for(qtbot, *runs)
    assert order == ["a", "c", "b"] and not queue.runs


def test_the_result_is_handed_over_in_the_end(queue, gate, qtbot):
    threads = []

    def finish(result):
        threads.append(threading.current_thread())
        return f"got {result}"

    def work(task):
        gate.wait(5)
        task.progress(0.5, "half")
        return 7

    run = make("work", work, finish)
    shown = []
    run.progressed.connect(lambda percent, text: shown.append((percent, text)))
    queue.add(run)
    gate.set()
    assert wait_for(qtbot, run) == [RunState.DONE]
    assert run.result == 7 and run.message == "got 7" and threads == [threading.main_thread()]
    assert shown == [(-1.0, "starting"), (50.0, "half")]


def test_a_failure_is_kept_and_lets_the_next_run_start(queue, qtbot):
    def broken(task):
        raise ValueError("the reason")

    first, second = make("first", broken), make("second", lambda task: 1)
    queue.add(first)
    queue.add(second)
    assert wait_for(qtbot, first, second) == [RunState.FAILED, RunState.DONE]
    assert first.message == "the reason" and isinstance(first.error, ValueError)


def test_a_cancelled_run_hands_nothing_over(queue, gate, qtbot):
    def slow(task):
        while not task.cancelled() and not gate.wait(0.01):
            pass
        return 1

    run = make("slow", slow, finish=lambda result: pytest.fail("handed over"))
    queue.add(run)
    run.cancel()
    assert run.text == "cancelling..." and wait_for(qtbot, run) == [RunState.CANCELLED]
    assert run.message == "slow: cancelled"


def test_what_belongs_to_no_project_is_handed_over_in_any(queue, gate, qtbot):
    free, more = make("free", lambda task: gate.wait(5)), {"keep_files": lambda result: ["f.tif"]}
    queue.add(free)
    QgsProject.instance().clear()
    gate.set()
    assert wait_for(qtbot, free) == [RunState.DONE] and free.message == "got True"
    gate.clear()
    bound = make("bound", lambda task: gate.wait(5), lambda result: pytest.fail("handed over"), **more)
    later = make("later", lambda task: 1)
    queue.add(bound)
    queue.add(later)
    QgsProject.instance().clear()
    assert later.state is RunState.CANCELLED and "its project was closed" in later.message
    gate.set()
    assert wait_for(qtbot, bound) == [RunState.DONE]
    assert "f.tif" in bound.message and "closed meanwhile" in bound.message


def test_an_algorithm_that_cannot_start_fails_after_the_run_has_started(plugin, queue, qtbot):
    def start_task():
        return AlgorithmTask("ofanet:segment", {"INPUT": "/nowhere.tif", "OUTPUT": "o.tif"}, "map")

    run = PanelRun("map", start_task, lambda result: pytest.fail("handed over"))
    queue.add(run)
    assert run.state is RunState.RUNNING and wait_for(qtbot, run) == [RunState.FAILED]
    assert "INPUT" in run.message or "nowhere" in run.message


def test_only_announced_runs_are_in_the_message_bar(queue, gate, qtbot):
    bar, shown = QgsMessageBar(), []
    qtbot.addWidget(bar)
    messages = RunMessages(queue, bar, lambda text, level, seconds: shown.append(text))
    quiet = make("quiet", lambda task: gate.wait(5))
    loud = make("loud", lambda task: gate.wait(5), announced=True)
    queue.add(quiet)
    queue.add(loud)
    assert [item.title() for item in bar.items()] == ["loud"]
    gate.set()
    wait_for(qtbot, quiet, loud)
    assert shown == ["got True"] and not bar.items()
    messages.close()
