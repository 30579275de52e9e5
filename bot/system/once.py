"""What is asked once in a run, whoever asks for it."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from bot.errors import BotError

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Once(Generic[Key, Value]):
    """Makes each value once, also when several threads ask at the same time.

    A failure is not kept, unless `errors` says so: then a BotError is raised again like a value. At most the `room`
    values that were used last are kept.
    """

    def __init__(self, *, errors: bool = False, room: int = 10_000) -> None:
        self._errors, self._room = errors, room
        self._lock = threading.Lock()
        self._cells: OrderedDict[Key, _Cell[Value]] = OrderedDict()

    def get(self, key: Key, make: Callable[[], Value]) -> Value:
        """Give the value of a key, made by the first who asks; raises what making it raises."""
        with self._lock:
            cell = self._cells.setdefault(key, _Cell())
            self._cells.move_to_end(key)
            while len(self._cells) > self._room:
                self._cells.popitem(last=False)
        return cell.value(make, errors=self._errors)


class _Cell(Generic[Value]):
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: list[Value] = []
        self._error: BotError | None = None

    def value(self, make: Callable[[], Value], *, errors: bool) -> Value:
        with self._lock:
            if self._error is not None:
                raise self._error
            if not self._made:
                try:
                    self._made.append(make())
                except BotError as error:
                    self._error = error if errors else None
                    raise
            return self._made[0]
