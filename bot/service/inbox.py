"""Takes webhook deliveries in: many at once are written together, and each is answered when it is safe on disk."""

import queue
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as Late
from dataclasses import dataclass

from bot.errors import Unavailable
from bot.model.tasks import Errand
from bot.ports import Engine

PATIENCE_SECONDS = 8.0  # GitHub hangs up after ten
AT_ONCE = 200
ROOM = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Delivery:
    id: str
    errands: tuple[Errand, ...]
    fresh: Future[bool]


class Inbox:
    """One thread that writes; closed by `stop`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._waiting: queue.Queue[_Delivery | None] = queue.Queue(ROOM)
        self._thread = threading.Thread(target=self._serve, name="inbox", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Write what is there, and end."""
        self._waiting.put(None)
        self._thread.join(PATIENCE_SECONDS)

    def take(self, delivery: str, errands: Sequence[Errand]) -> bool:
        """Keep a delivery's errands; False where it was taken before.

        Raises StoreError, and Unavailable where that takes too long: it may then have been kept or not, and a second
        delivery under the same id does no harm.
        """
        one = _Delivery(id=delivery, errands=tuple(errands), fresh=Future())
        try:
            self._waiting.put(one, timeout=PATIENCE_SECONDS)
            return one.fresh.result(PATIENCE_SECONDS)
        except (queue.Full, Late) as error:
            raise Unavailable(
                "it takes too long to keep deliveries: is the database locked, or the disk slow?"
            ) from error

    def _serve(self) -> None:
        while (first := self._waiting.get()) is not None:
            batch = [first]
            over = False
            while len(batch) < AT_ONCE and not over:
                try:
                    more = self._waiting.get_nowait()
                except queue.Empty:
                    break
                over = more is None
                batch += [more] if more is not None else []
            self._keep(batch)
            if over:
                return

    def _keep(self, batch: Sequence[_Delivery]) -> None:
        by_id = {one.id: one for one in reversed(batch)}  # of two with one id the first counts
        try:
            fresh = self._engine.take_in({one.id: one.errands for one in by_id.values()})
        except Exception as error:  # noqa: BLE001 - whoever waits for it tells it, and the next ones are kept
            for one in batch:
                one.fresh.set_exception(error)
            return
        for one in batch:
            one.fresh.set_result(one.id in fresh and by_id[one.id] is one)
