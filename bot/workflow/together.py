"""Small questions asked several at a time; an interruption waits for none of them."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from bot.system.logs import carried

Item = TypeVar("Item")
Result = TypeVar("Result")


def together(work: Callable[[Item], Result], items: Iterable[Item], *, readers: int) -> tuple[Result, ...]:
    """Call `work` for every item with at most `readers` threads; results in order, the first exception is raised.

    An exception is raised only when nothing is under way any more; an interruption (KeyboardInterrupt) at once.
    A single item needs no thread.
    """
    items = tuple(items)
    if len(items) <= 1:
        return tuple(work(item) for item in items)
    pool = ThreadPoolExecutor(readers)
    try:
        return tuple(pool.map(carried(work), items))
    except Exception:
        pool.shutdown(wait=True, cancel_futures=True)
        raise
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
