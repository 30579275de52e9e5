"""Signals as something to wait for, instead of something that happens in the middle of anything."""

import os
import select
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

Wait = Callable[[float], signal.Signals | None]


@contextmanager
def heard(*wanted: signal.Signals, at_second: Callable[[signal.Signals], None]) -> Iterator[Wait]:
    """Hear signals while the block runs; give a function that waits so many seconds for the next one.

    A handler only writes to a pipe: it may run while this thread holds any lock. Where one of SIGTERM and SIGINT comes
    a second time, `at_second` is called at once. Only the main thread may do this.
    """
    reading, writing = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    stops = 0

    def note(number: int, frame: FrameType | None) -> None:
        nonlocal stops
        del frame
        stops += number in {signal.SIGTERM, signal.SIGINT}
        if stops > 1:
            at_second(signal.Signals(number))
        os.write(writing, bytes([number]))

    before = {one: signal.signal(one, note) for one in wanted}
    try:
        yield lambda seconds: _next(reading, seconds)
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
        os.close(reading)
        os.close(writing)


def _next(reading: int, seconds: float) -> signal.Signals | None:
    if not select.select([reading], [], [], seconds)[0]:
        return None
    return signal.Signals(os.read(reading, 1)[0])
