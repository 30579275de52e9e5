"""How the fleet stands, kept in memory: brought up to date from the store's newest runs, whoever made them."""

import threading
from collections.abc import Mapping
from datetime import datetime

from bot.decide.census import Census, Standing, census, standing
from bot.ports import ServiceStore


class Rolls:
    """What is known of the last run of every repository, by key; safe for threads."""

    def __init__(self, store: ServiceStore) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._mark = 0
        self._standings: dict[str, Standing] = {}

    def standings(self) -> Mapping[str, Standing]:
        """Read what is new, and give all; raises StoreError."""
        with self._lock:
            self._mark, fresh = self._store.news(self._mark)
            for key, document in fresh.items():
                self._standings[key] = standing(document)
            return dict(self._standings)

    def census(self, keys: frozenset[str], now: datetime) -> Census:
        """Sum up over those repositories; raises StoreError."""
        return census([row for key, row in self.standings().items() if key in keys], now)
