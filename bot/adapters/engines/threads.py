"""The embedded engine: a few threads of this process."""

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, as_completed
from dataclasses import dataclass
from threading import Thread
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class ThreadEngine:
    """Implements `ports.Engine` with at most `workers` threads; one worker, or one item, needs none.

    The threads are daemons: after an interruption the process can end while some of them still wait for a child
    process or a server. What they were writing is safe against that, as it is against a kill.
    """

    workers: int

    def map(self, work: Callable[[Item], Result], items: Sequence[Item]) -> tuple[Result, ...]:
        """Call `work` for every item and give the results in the order of the items.

        An exception of one item waits until the others are done, and is then raised; with several, that of the
        first item. KeyboardInterrupt and SystemExit are raised at once, and no further item is begun.
        """
        futures: list[Future[Result]] = [Future() for _ in items]
        waiting = deque(zip(futures, items, strict=True))
        try:
            self._start(work, waiting)
            for future in as_completed(futures):
                _raise_at_once(future.exception())
        finally:
            waiting.clear()
        return tuple(future.result() for future in futures)

    def _start(self, work: Callable[[Item], Result], waiting: deque[tuple[Future[Result], Item]]) -> None:
        threads = min(self.workers, len(waiting))
        if threads <= 1:
            _work_off(work, waiting)
        for number in range(threads):
            Thread(target=_work_off, args=(work, waiting), name=f"worker-{number + 1}", daemon=True).start()


def _work_off(work: Callable[[Item], Result], waiting: deque[tuple[Future[Result], Item]]) -> None:
    """Take items until none is left; an interruption leaves the rest untouched."""
    while True:
        try:
            future, item = waiting.popleft()
        except IndexError:  # asking first whether one is left would race with the other threads
            return
        try:
            future.set_result(work(item))
        except BaseException as error:  # noqa: BLE001  the others must go on; `map` raises it when they are done
            if not isinstance(error, Exception):
                waiting.clear()
            future.set_exception(error)


def _raise_at_once(error: BaseException | None) -> None:
    if error is not None and not isinstance(error, Exception):
        raise error
