"""What every Engine promises, asked of each implementation. To join, add a line to ENGINES."""

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Barrier, Lock

import pytest

from bot.adapters.engines.threads import ThreadEngine
from bot.errors import LockFailed
from bot.ports import Engine

ENGINES: dict[str, Callable[[int], Engine]] = {"threads": ThreadEngine}

ROOT = Path(__file__).parents[2]


@pytest.fixture(params=sorted(ENGINES))
def make(request: pytest.FixtureRequest) -> Callable[[int], Engine]:
    return ENGINES[request.param]


@pytest.mark.parametrize("workers", [1, 2, 7])
def test_results_come_in_the_order_of_the_items(make: Callable[[int], Engine], workers: int) -> None:
    assert make(workers).map(lambda item: item * 2, range(20)) == tuple(range(0, 40, 2))


def test_no_items_give_no_results(make: Callable[[int], Engine]) -> None:
    assert make(2).map(str, ()) == ()


def test_as_many_items_as_there_are_workers_run_at_once(make: Callable[[int], Engine]) -> None:
    together = Barrier(3, timeout=60)

    assert sorted(make(3).map(lambda _: together.wait(), range(3))) == [0, 1, 2]


def test_never_more_items_than_workers_run_at_once(make: Callable[[int], Engine]) -> None:
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
def test_an_error_of_one_item_waits_until_the_others_are_done(make: Callable[[int], Engine], workers: int) -> None:
    done: list[int] = []

    def work(item: int) -> None:
        if item == 1:
            raise LockFailed("no version of django fits")
        done.append(item)

    with pytest.raises(LockFailed, match="django"):
        make(workers).map(work, range(6))

    assert sorted(done) == [0, 2, 3, 4, 5]


def test_of_several_errors_the_one_of_the_first_item_is_raised(make: Callable[[int], Engine]) -> None:
    def work(item: int) -> None:
        raise LockFailed(str(item))

    with pytest.raises(LockFailed, match=r"^0$"):
        make(3).map(work, range(6))


@pytest.mark.parametrize("workers", [1, 2])
def test_after_an_interruption_no_further_item_is_begun(make: Callable[[int], Engine], workers: int) -> None:
    begun: list[int] = []

    def work(item: int) -> None:
        begun.append(item)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make(workers).map(work, range(50))

    assert len(begun) <= workers


INTERRUPTED = """
import os, sys, threading
from tests.contracts.test_engines import ENGINES

def work(item):
    os.write(1, f"begun {item}\\n".encode())
    threading.Event().wait()  # for ever

try:
    ENGINES[sys.argv[1]](2).map(work, range(50))
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


@pytest.mark.parametrize("name", sorted(ENGINES))
def test_control_c_ends_the_process_while_work_hangs(name: str) -> None:
    argv = [sys.executable, "-c", INTERRUPTED, name]
    with subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        begun = {child.stdout.readline(), child.stdout.readline()}
        child.send_signal(signal.SIGINT)
        rest, _ = child.communicate(timeout=60)

    assert begun == {"begun 0\n", "begun 1\n"}
    assert rest == "interrupted\n"
    assert child.returncode == 0
