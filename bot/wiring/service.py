"""What a long-lived service is wired with: one store for its life, and a new house for every shift.

Answers of registries, feeds and the forge are kept in a house for as long as it stands, so that a whole fleet shares
them. A shift ends when somebody wants fresh answers, or after some minutes; its house is closed when its last work is.
"""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bot.ports import Engine, ServiceStore
from bot.system.http import Http
from bot.system.redaction import minted
from bot.wiring.engines import engine
from bot.wiring.forges import Line
from bot.wiring.house import House
from bot.wiring.order import Order

if TYPE_CHECKING:
    from bot.adapters.forges.github_line import Quota
    from bot.adapters.stores.sql import SqlStore

SHIFT = timedelta(minutes=10)


@dataclass(slots=True, kw_only=True)
class _Shift:
    """A house, who works in it, and whether it is still given to others."""

    house: House
    stack: ExitStack
    opened_at: datetime
    workers: int = 0
    over: bool = False


class ServiceHouse:
    """One service's implementations; made by `open_service`."""

    def __init__(self, order: Order, store: "SqlStore") -> None:
        self.order = order
        self._store = store
        self._lock = threading.Lock()
        self._current: _Shift | None = None
        self._line = Line(order, learn=minted)
        self.engine: Engine = engine(order.settings.engine, store.queue)

    @property
    def store(self) -> ServiceStore:
        """The store, for as long as the service lives."""
        return self._store

    @property
    def quota(self) -> "Quota | None":
        """What is left of the forge's quota; None while it was not asked anything."""
        return self._line.quota

    @contextmanager
    def shift(self) -> Iterator[House]:
        """Give a house to work in, together with all others who work now."""
        shift = self._enter()
        try:
            yield shift.house
        finally:
            self._leave(shift)

    def renew(self) -> None:
        """Let whoever comes from now on get fresh answers."""
        with self._lock:
            closing = self._end()
        if closing is not None:
            closing.stack.close()

    def reorder(self, order: Order) -> None:
        """Go by another configuration from now on; the data folder and the engine stay."""
        self.order = replace(order, data_dir=self.order.data_dir)
        self._line.close()
        self._line = Line(self.order, learn=minted)
        self.renew()

    def close(self) -> None:
        """Close the house and its connections; nobody may work any more."""
        self.renew()
        self._line.close()

    def _enter(self) -> _Shift:
        with self._lock:
            now = self.order.clock()
            closing = None
            if self._current is not None and not timedelta(0) <= now - self._current.opened_at < SHIFT:
                closing = self._end()
            if self._current is None:
                stack = ExitStack()
                house = House(self.order, stack.enter_context(Http()), self._store, stack, self._line)
                self._current = _Shift(house=house, stack=stack, opened_at=now)
            self._current.workers += 1
            shift = self._current
        if closing is not None:
            closing.stack.close()
        return shift

    def _leave(self, shift: _Shift) -> None:
        with self._lock:
            shift.workers -= 1
            last = shift.over and shift.workers == 0
        if last:
            shift.stack.close()

    def _end(self) -> _Shift | None:
        """End the current shift; give it where it is to be closed now."""
        shift, self._current = self._current, None
        if shift is None:
            return None
        shift.over = True
        return shift if shift.workers == 0 else None


@contextmanager
def open_service(order: Order) -> Iterator[ServiceHouse]:
    """Open the store for one service alone, and close everything afterwards.

    Raises StoreError, also where another service uses the data folder, and ConfigError.
    """
    from bot.adapters.stores.sql import SqlStore  # noqa: PLC0415 - SQLAlchemy costs 0.25 s that `image` need not pay

    with SqlStore.open(order.data_dir, clock=order.clock) as store, store.serving():
        service = ServiceHouse(order, store)
        try:
            yield service
        finally:
            service.close()
