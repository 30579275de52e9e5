"""What is asked once in a run, whoever asks for it, and however it ends."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from bot.errors import BotError

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Once(Generic[Key, Value]):
    """Makes each value once, also when several threads ask at the same time; a failure is kept like a value.

    At most the `room` values that were used last are kept.
    """

    def __init__(self, room: int = 1000) -> None:
        self._room = room
        self._lock = threading.Lock()
        self._cells: OrderedDict[Key, _Cell[Value]] = OrderedDict()

    def get(self, key: Key, make: Callable[[], Value]) -> Value:
        """Give the value of a key, or raise the error with which making it ended."""
        with self._lock:
            cell = self._cells.setdefault(key, _Cell())
            self._cells.move_to_end(key)
            while len(self._cells) > self._room:
                self._cells.popitem(last=False)
        return cell.value(make)


class _Cell(Generic[Value]):
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: list[Value] = []
        self._error: BotError | None = None

    def value(self, make: Callable[[], Value]) -> Value:
        with self._lock:
            if self._error is not None:
                raise self._error
            if not self._made:
                try:
                    self._made.append(make())
                except BotError as error:
                    self._error = error
                    raise
            return self._made[0]
