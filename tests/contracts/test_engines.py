"""What every Engine promises, asked of each implementation. To join, add a line to ENGINES.

An implementation is opened with a folder (or whatever else outlives the process), a clock, and what ends the children
of this process. Opening it once more for the same folder is what another process, or a restart, would do.
"""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from threading import Barrier, Event, Lock

import pytest

from bot.adapters.engines.threads import ThreadEngine
from bot.adapters.stores.sql import SqlStore
from bot.errors import Interrupted, LockFailed
from bot.model.policy import Trigger
from bot.model.tasks import Dead, Done, Ending, Errand, Later, Task, TaskState, Urgency
from bot.ports import Clock, Engine
from tests.builders import NOW

ROOT = Path(__file__).parents[2]
SOON = 60.0  # seconds; what takes longer never comes

Open = Callable[[int, Path, Clock, Callable[[], None]], AbstractContextManager[Engine]]


@contextmanager
def threads(workers: int, folder: Path, clock: Clock, interrupt: Callable[[], None]) -> Iterator[Engine]:
    """Give an engine of this process, over the store of a folder."""
    with SqlStore.open(folder, clock=clock) as store:
        engine = ThreadEngine(workers, store.queue, clock, interrupt=interrupt)
        yield engine
        engine.stop(timedelta(seconds=SOON))


ENGINES: dict[str, Open] = {"threads": threads}


class Make:
    """Opens engines of one kind over one folder."""

    def __init__(self, opener: Open, folder: Path, stack: ExitStack) -> None:
        self._opener, self._folder, self._stack = opener, folder, stack
        self.now = NOW
        self.interrupted = Event()

    def clock(self) -> datetime:
        return self.now

    def __call__(self, workers: int) -> Engine:
        return self._stack.enter_context(self._opener(workers, self._folder, self.clock, self.interrupted.set))


@pytest.fixture(params=sorted(ENGINES))
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    with ExitStack() as stack:
        yield Make(ENGINES[request.param], tmp_path / "data", stack)


@pytest.mark.parametrize("workers", [1, 2, 7])
def test_results_come_in_the_order_of_the_items(make: Make, workers: int) -> None:
    assert make(workers).map(lambda item: item * 2, range(20)) == tuple(range(0, 40, 2))


def test_no_items_give_no_results(make: Make) -> None:
    assert make(2).map(str, ()) == ()


def test_as_many_items_as_there_are_workers_run_at_once(make: Make) -> None:
    together = Barrier(3, timeout=60)

    assert sorted(make(3).map(lambda _: together.wait(), range(3))) == [0, 1, 2]


def test_never_more_items_than_workers_run_at_once(make: Make) -> None:
    running, most, lock = 0, 0, Lock()

    def work(item: int) -> int:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        total = sum(range(20_000))
        with lock:
            running -= 1
        return total + item

    make(2).map(work, range(30))

    assert 1 <= most <= 2


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_of_one_item_waits_until_the_others_are_done(make: Make, workers: int) -> None:
    done: list[int] = []

    def work(item: int) -> None:
        if item == 1:
            raise LockFailed("no version of django fits")
        done.append(item)

    with pytest.raises(LockFailed, match="django"):
        make(workers).map(work, range(6))

    assert sorted(done) == [0, 2, 3, 4, 5]


def test_of_several_errors_the_one_of_the_first_item_is_raised(make: Make) -> None:
    def work(item: int) -> None:
        raise LockFailed(str(item))

    with pytest.raises(LockFailed, match=r"^0$"):
        make(3).map(work, range(6))


@pytest.mark.parametrize("workers", [1, 2])
def test_after_an_interruption_no_further_item_is_begun(make: Make, workers: int) -> None:
    begun: list[int] = []

    def work(item: int) -> None:
        begun.append(item)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make(workers).map(work, range(50))

    assert len(begun) <= workers


INTERRUPTED = """
import os, sys, threading
from pathlib import Path
from bot.system.clock import system_clock
from tests.contracts.test_engines import ENGINES

def work(item):
    os.write(1, f"begun {item}\\n".encode())
    threading.Event().wait()  # for ever

try:
    with ENGINES[sys.argv[1]](2, Path(sys.argv[2]), system_clock, lambda: None) as engine:
        engine.map(work, range(50))
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


@pytest.mark.parametrize("name", sorted(ENGINES))
def test_control_c_ends_the_process_while_work_hangs(name: str, tmp_path: Path) -> None:
    argv = [sys.executable, "-c", INTERRUPTED, name, str(tmp_path)]
    with subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        begun = {child.stdout.readline(), child.stdout.readline()}
        child.send_signal(signal.SIGINT)
        rest, _ = child.communicate(timeout=60)

    assert begun == {"begun 0\n", "begun 1\n"}
    assert rest == "interrupted\n"
    assert child.returncode == 0


def an_errand(repository: str = "acme/web", trigger: Trigger = Trigger.AUTO, **fields: object) -> Errand:
    values: dict[str, object] = {"why": "security", "due": NOW} | fields
    return Errand(repository=repository, trigger=trigger, **values)  # type: ignore[arg-type]


class Bench:
    """Does tasks: notes each, ends it as it was told to, and can be held up."""

    def __init__(self, *endings: Ending | Exception) -> None:
        self.done: list[Task] = []
        self._endings = list(endings)
        self._changed = threading.Condition()
        self.free = Event()
        self.free.set()
        self.begun = 0

    def __call__(self, task: Task) -> Ending:
        with self._changed:
            self.begun += 1
            self._changed.notify_all()
        assert self.free.wait(SOON)
        with self._changed:
            self.done.append(task)
            self._changed.notify_all()
            ending = self._endings.pop(0) if self._endings else Done()
        if isinstance(ending, Exception):
            raise ending
        return ending

    @property
    def names(self) -> list[str]:
        return [task.repository for task in self.done]

    def wait(self, count: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.done) >= count, SOON), self.names

    def wait_begun(self, count: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self.begun >= count, SOON)


def settled(engine: Engine, state: Callable[[tuple[Task, ...]], bool]) -> tuple[Task, ...]:
    """Wait until the tasks are in a state: an ending is written after the work returns."""
    until = time.monotonic() + SOON
    while not state(found := engine.tasks()):
        assert time.monotonic() < until, found
        time.sleep(0.01)
    return found


class TestTasks:
    def test_an_errand_is_done_and_leaves_nothing_behind(self, make: Make) -> None:
        engine, bench = make(2), Bench()
        engine.start(bench)
        engine.submit([an_errand(why="push to main")])
        bench.wait(1)
        assert (bench.done[0].repository, bench.done[0].why, bench.done[0].attempts) == ("acme/web", "push to main", 1)
        assert settled(engine, lambda tasks: not tasks) == ()
        assert engine.trouble == ""

    def test_what_was_asked_for_before_the_start_is_done(self, make: Make) -> None:
        engine, bench = make(1), Bench()
        engine.submit([an_errand("acme/a"), an_errand("acme/b")])
        engine.start(bench)
        bench.wait(2)
        assert sorted(bench.names) == ["acme/a", "acme/b"]

    def test_an_errand_waits_until_it_is_due(self, make: Make) -> None:
        engine, bench = make(1), Bench()
        engine.start(bench)
        engine.submit([an_errand("acme/later", due=NOW + timedelta(days=3)), an_errand("acme/now")])
        bench.wait(1)
        assert [task.repository for task in settled(engine, lambda tasks: len(tasks) == 1)] == ["acme/later"]
        make.now = NOW + timedelta(days=3)
        engine.submit([an_errand("acme/now")])
        bench.wait(3)
        assert bench.names[0] == "acme/now"
        assert "acme/later" in bench.names

    def test_the_same_errand_twice_is_one_task_at_the_earlier_time_and_the_greater_urgency(self, make: Make) -> None:
        engine = make(1)
        engine.submit([an_errand(due=NOW + timedelta(hours=2), urgency=Urgency.LATER, why="quarterly")] * 2)
        engine.submit([an_errand(due=NOW + timedelta(hours=1), urgency=Urgency.NOW, why="push to main")])
        engine.submit([an_errand(due=NOW + timedelta(hours=5), urgency=Urgency.SOON, why="security")])
        (task,) = engine.tasks()
        assert (task.due, task.urgency, task.why) == (NOW + timedelta(hours=1), Urgency.NOW, "push to main")

    def test_different_triggers_of_a_repository_are_different_tasks_and_never_at_work_together(
        self, make: Make
    ) -> None:
        engine, bench = make(4), Bench()
        bench.free.clear()
        engine.start(bench)
        engine.submit([an_errand(trigger=Trigger.AUTO), an_errand(trigger=Trigger.MANUAL), an_errand("acme/api")])
        bench.wait_begun(2)
        states = sorted((task.repository, task.state) for task in engine.tasks())
        assert states == [("acme/api", "running"), ("acme/web", "running"), ("acme/web", "waiting")]
        bench.free.set()
        bench.wait(3)
        assert {task.trigger for task in bench.done if task.repository == "acme/web"} == {Trigger.AUTO, Trigger.MANUAL}

    def test_what_is_asked_for_while_it_is_at_work_is_done_once_more_and_only_once(self, make: Make) -> None:
        engine, bench = make(2), Bench()
        bench.free.clear()
        engine.start(bench)
        engine.submit([an_errand()])
        bench.wait_begun(1)
        engine.submit([an_errand(why="push to main", urgency=Urgency.NOW)])
        engine.submit([an_errand(why="comment", urgency=Urgency.NOW)])
        bench.free.set()
        bench.wait(2)
        assert settled(engine, lambda tasks: not tasks) == ()
        assert [task.why for task in bench.done] == ["security", "push to main"]

    def test_a_routine_look_asks_for_nothing_more_of_what_is_at_work(self, make: Make) -> None:
        engine, bench = make(2), Bench()
        bench.free.clear()
        engine.start(bench)
        engine.submit([an_errand()])
        bench.wait_begun(1)
        engine.submit([an_errand(urgency=Urgency.SOON), an_errand(urgency=Urgency.LATER)])
        bench.free.set()
        assert settled(engine, lambda tasks: not tasks) == ()
        assert len(bench.done) == 1

    def test_the_most_urgent_goes_first(self, make: Make) -> None:
        engine, bench = make(1), Bench()
        engine.submit([an_errand("c", urgency=Urgency.LATER), an_errand("b"), an_errand("a", urgency=Urgency.NOW)])
        engine.start(bench)
        bench.wait(3)
        assert bench.names == ["a", "b", "c"]

    def test_many_errands_are_each_done_exactly_once(self, make: Make) -> None:
        engine, bench = make(4), Bench()
        engine.submit([an_errand(f"acme/{number}") for number in range(60)])
        engine.start(bench)
        bench.wait(60)
        assert settled(engine, lambda tasks: not tasks) == ()
        assert sorted(bench.names) == sorted(f"acme/{number}" for number in range(60))


class TestEndings:
    def test_what_is_to_be_tried_later_waits_with_its_reason_and_counts_attempts(self, make: Make) -> None:
        engine, bench = make(1), Bench(Later(at=NOW + timedelta(minutes=1), note="the index does not answer"))
        engine.start(bench)
        engine.submit([an_errand()])
        (task,) = settled(engine, lambda tasks: tasks[0].state is TaskState.WAITING and tasks[0].attempts == 1)
        assert (task.due, task.note) == (NOW + timedelta(minutes=1), "the index does not answer")
        make.now = NOW + timedelta(minutes=1)
        engine.submit([an_errand("acme/other")])
        bench.wait(3)
        assert max(task.attempts for task in bench.done) == 2

    def test_a_retry_is_brought_forward_by_somebody_who_waits_and_not_by_a_routine_look(self, make: Make) -> None:
        engine, bench = make(1), Bench(Later(at=NOW + timedelta(minutes=1), note="away"))
        engine.start(bench)
        engine.submit([an_errand()])
        settled(engine, lambda tasks: bool(tasks) and tasks[0].note == "away")
        engine.submit([an_errand(urgency=Urgency.SOON)])
        assert engine.tasks()[0].due == NOW + timedelta(minutes=1)
        engine.submit([an_errand(urgency=Urgency.NOW, why="push to main")])
        bench.wait(2)

    def test_a_wait_that_a_wrong_clock_made_ends_with_the_next_look(self, make: Make) -> None:
        engine, bench = make(1), Bench(Later(at=NOW + timedelta(days=365), note="away"))
        engine.start(bench)
        engine.submit([an_errand()])
        settled(engine, lambda tasks: bool(tasks) and tasks[0].note == "away")
        engine.submit([an_errand()])
        bench.wait(2)

    def test_what_is_given_up_rests_with_its_reason_until_it_is_asked_for_anew(self, make: Make) -> None:
        engine, bench = make(1), Bench(Dead(note="given up after 8 attempts"))
        engine.start(bench)
        engine.submit([an_errand()])
        (task,) = settled(engine, lambda tasks: tasks[0].state is TaskState.DEAD)
        assert task.note == "given up after 8 attempts"
        engine.submit([an_errand()])
        bench.wait(2)
        assert bench.done[1].attempts == 1
        assert settled(engine, lambda tasks: not tasks) == ()

    def test_one_that_is_given_up_while_it_is_asked_for_anew_is_begun_anew(self, make: Make) -> None:
        engine, bench = make(1), Bench(Dead(note="given up"))
        bench.free.clear()
        engine.start(bench)
        engine.submit([an_errand()])
        bench.wait_begun(1)
        engine.submit([an_errand(why="push to main", urgency=Urgency.NOW)])
        bench.free.set()
        bench.wait(2)
        assert bench.done[1].attempts == 1

    def test_an_exception_ends_one_task_alone_and_that_is_tried_again(
        self, make: Make, caplog: pytest.LogCaptureFixture
    ) -> None:
        engine, bench = make(1), Bench(ZeroDivisionError("poison"))
        engine.submit([an_errand("acme/poisoned", urgency=Urgency.NOW), an_errand("acme/well")])
        engine.start(bench)
        bench.wait(3)
        assert bench.names == ["acme/poisoned", "acme/poisoned", "acme/well"]
        assert "did not expect" in caplog.text

    def test_one_that_raises_for_ever_is_given_up_and_keeps_no_other_from_being_done(
        self, make: Make, caplog: pytest.LogCaptureFixture
    ) -> None:
        engine, bench = make(1), Bench(*[ZeroDivisionError("poison")] * 8)
        engine.start(bench)
        engine.submit([an_errand("acme/poisoned")])
        for count in range(1, 9):
            bench.wait(count)
            settled(engine, lambda tasks: tasks[0].state is not TaskState.RUNNING)
            make.now += timedelta(hours=2)
            engine.submit([])
        (dead,) = settled(engine, lambda tasks: tasks[0].state is TaskState.DEAD)
        assert dead.note == "given up after 8 attempts: ZeroDivisionError: poison"
        engine.submit([an_errand("acme/well", due=make.now)])
        bench.wait(9)
        assert bench.names[-1] == "acme/well"
        assert "poison" in caplog.text


class TestStopping:
    def test_what_is_at_work_comes_to_its_end_and_nothing_else_is_begun(self, make: Make) -> None:
        engine, bench = make(1), Bench()
        bench.free.clear()
        engine.submit([an_errand("a", urgency=Urgency.NOW), an_errand("b")])
        engine.start(bench)
        bench.wait_begun(1)
        threading.Timer(0.1, bench.free.set).start()
        assert engine.stop(timedelta(seconds=SOON))
        assert bench.names == ["a"]
        assert [(task.repository, task.state) for task in engine.tasks()] == [("b", TaskState.WAITING)]
        assert not make.interrupted.is_set()

    def test_what_takes_longer_than_the_grace_is_interrupted_and_handed_back_untouched(self, make: Make) -> None:
        engine = make(1)
        begun = Event()

        def hang(task: Task) -> Ending:
            begun.set()
            assert make.interrupted.wait(SOON)
            raise Interrupted(task.repository)

        engine.submit([an_errand()])
        engine.start(hang)
        assert begun.wait(SOON)
        assert not engine.stop(timedelta(seconds=0.1))
        (task,) = engine.tasks()
        assert (task.state, task.attempts) == (TaskState.WAITING, 0)
        assert "handed back" in task.note

    def test_a_restart_goes_on_with_what_was_handed_back(self, make: Make) -> None:
        first = make(1)
        first.submit([an_errand("a"), an_errand("b")])
        assert first.stop(timedelta(0))
        second, bench = make(2), Bench()
        second.start(bench)
        bench.wait(2)
        assert sorted(bench.names) == ["a", "b"]


class TestDeliveries:
    def test_the_errands_of_a_delivery_are_kept_once_however_often_it_comes(self, make: Make) -> None:
        engine, bench = make(1), Bench()
        assert engine.take_in({"d1": [an_errand("a")], "d2": [], "d3": [an_errand("a")]}) == {"d1", "d2", "d3"}
        assert len(engine.tasks()) == 1
        engine.start(bench)
        bench.wait(1)
        settled(engine, lambda tasks: not tasks)
        assert engine.take_in({"d1": [an_errand("a")], "d4": [an_errand("b")]}) == {"d4"}
        bench.wait(2)
        assert bench.names == ["a", "b"]

    def test_a_delivery_is_known_after_a_restart(self, make: Make) -> None:
        make(1).take_in({"d1": []})
        assert make(1).take_in({"d1": [an_errand()]}) == frozenset()


KILLED = """
import os, sys, threading
from datetime import UTC, datetime
from pathlib import Path
from bot.model.policy import Trigger
from bot.model.tasks import Errand
from bot.system.clock import system_clock
from tests.contracts.test_engines import ENGINES

def work(task):
    os.write(1, b"begun\\n")
    threading.Event().wait()  # for ever

with ENGINES[sys.argv[1]](1, Path(sys.argv[2]), system_clock, lambda: None) as engine:
    due = datetime(2026, 1, 1, tzinfo=UTC)
    engine.submit([Errand(repository=name, trigger=Trigger.AUTO, why="security", due=due) for name in "abc"])
    engine.start(work)
    threading.Event().wait()
"""


@pytest.mark.parametrize("name", sorted(ENGINES))
def test_a_process_that_is_killed_loses_no_task(name: str, tmp_path: Path) -> None:
    argv = [sys.executable, "-c", KILLED, name, str(tmp_path)]
    with subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "begun\n"
        child.kill()
    bench = Bench()
    with ENGINES[name](2, tmp_path, lambda: datetime.now(NOW.tzinfo), lambda: None) as engine:
        assert sorted(task.state for task in engine.tasks()) == ["running", "waiting", "waiting"]
        engine.start(bench)
        bench.wait(3)
        assert sorted(bench.names) == ["a", "b", "c"]
        assert [task.attempts for task in sorted(bench.done, key=lambda task: task.repository)] == [2, 1, 1]
