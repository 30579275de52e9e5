"""What only the embedded engine promises: it stands still while its queue cannot be used, and keeps its leases."""

import threading
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.adapters.engines import threads
from bot.adapters.engines.holding import Holding
from bot.adapters.engines.threads import ThreadEngine
from bot.adapters.stores.sql import SqlStore
from bot.errors import StoreError, Unavailable
from bot.model.policy import Trigger
from bot.model.tasks import Done, Ending, Errand, Task, TaskState
from bot.ports import Queue
from bot.system.clock import system_clock

SOON = 60.0


class Fragile:
    """A queue that fails where it is told to."""

    def __init__(self, inner: Queue) -> None:
        self._inner = inner
        self.full = False
        self.beats: list[int] = []
        self.lost: tuple[Task, ...] = ()

    def __getattr__(self, name: str) -> object:
        if self.full:
            raise StoreError("the disk under quarterdeck.db is full", hint="free some space")
        return getattr(self._inner, name)

    def beat(self, tasks: Sequence[Task], until: datetime) -> tuple[Task, ...]:
        if self.full:
            raise StoreError("the disk under quarterdeck.db is full")
        self.beats.append(len(tasks))
        self._inner.beat(tasks, until)
        return self.lost


@pytest.fixture
def fragile(tmp_path: Path) -> Fragile:
    return Fragile(SqlStore.open(tmp_path / "data").queue)


def an_errand(name: str = "acme/web") -> Errand:
    return Errand(repository=name, trigger=Trigger.AUTO, why="x", due=system_clock())


def wait(come: object, what: str) -> None:
    until = time.monotonic() + SOON
    while not come():  # type: ignore[operator]
        assert time.monotonic() < until, what
        time.sleep(0.01)


def test_while_the_disk_is_full_nothing_is_begun_and_it_goes_on_by_itself(
    fragile: Fragile, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(threads, "PAUSES_SECONDS", (0.01, 0.02))
    done: list[str] = []

    def work(task: Task) -> Ending:
        done.append(task.repository)
        return Done()

    engine = ThreadEngine(2, fragile, system_clock, interrupt=lambda: None)  # type: ignore[arg-type]
    engine.submit([an_errand()])
    engine.start(work)
    wait(lambda: done, "the first task")
    fragile.full = True
    with pytest.raises(StoreError):
        engine.submit([an_errand("acme/api")])
    wait(lambda: engine.trouble, "the trouble")
    assert "is full" in engine.trouble
    assert "free some space" in caplog.text
    fragile.full = False
    engine.submit([an_errand("acme/api")])
    wait(lambda: len(done) == 2, "the second task")
    wait(lambda: not engine.trouble, "the end of the trouble")
    assert engine.stop(timedelta(seconds=SOON))


def test_work_that_finds_the_disk_full_is_no_verdict_and_is_done_again(
    fragile: Fragile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "PAUSES_SECONDS", (0.01,))
    monkeypatch.setattr(threads, "LEASE", timedelta(seconds=0.2))
    tries: list[int] = []

    def work(task: Task) -> Ending:
        tries.append(task.attempts)
        if len(tries) == 1:
            raise StoreError("the disk is full")
        return Done()

    engine = ThreadEngine(1, fragile, system_clock, interrupt=lambda: None)  # type: ignore[arg-type]
    engine.start(work)
    engine.submit([an_errand()])
    wait(lambda: len(tries) == 2, "the second try")
    assert tries == [1, 2]
    assert engine.stop(timedelta(seconds=SOON))


def test_what_cannot_be_handed_back_keeps_its_lease(
    fragile: Fragile, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    begun, free = threading.Event(), threading.Event()

    def work(task: Task) -> Ending:
        begun.set()
        assert free.wait(SOON)
        return Done()

    engine = ThreadEngine(1, fragile, system_clock, interrupt=lambda: None)  # type: ignore[arg-type]
    engine.submit([an_errand()])
    engine.start(work)
    assert begun.wait(SOON)
    fragile.full = True
    assert not engine.stop(timedelta(seconds=0.01))
    assert "not handed back" in caplog.text
    fragile.full = False
    (task,) = engine.tasks()
    assert task.state is TaskState.RUNNING
    free.set()


def test_leases_are_kept_as_long_as_work_takes_and_a_lost_one_is_told(
    fragile: Fragile, caplog: pytest.LogCaptureFixture
) -> None:
    now = system_clock()
    fragile.submit([an_errand()], now)  # type: ignore[operator]
    task = fragile.lease("me", system_clock(), now + timedelta(seconds=1))  # type: ignore[operator]
    holding = Holding(fragile, system_clock, timedelta(seconds=0.04))  # type: ignore[arg-type]
    holding.start()
    with holding.held(task):
        wait(lambda: 1 in fragile.beats, "a beat")
        fragile.lost = (task,)
        wait(lambda: "was lost" in caplog.text, "the loss")
        fragile.full = True
        wait(lambda: "could not be made longer" in caplog.text, "the trouble")
        assert holding.stop() == (task,)


def test_work_that_raises_one_of_our_errors_waits_with_its_sentence(fragile: Fragile) -> None:
    def work(task: Task) -> Ending:
        raise Unavailable(f"{task.repository} is away")

    engine = ThreadEngine(1, fragile, system_clock, interrupt=lambda: None)  # type: ignore[arg-type]
    engine.start(work)
    engine.submit([an_errand()])
    wait(lambda: any(task.note == "acme/web is away" for task in engine.tasks()), "the note")
    assert engine.stop(timedelta(seconds=SOON))
