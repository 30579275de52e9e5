"""The feeds of one run: each is brought up to date once, and only when its ecosystem is asked about."""

import threading
from collections.abc import Sequence

from bot.adapters.advisories.feeds import Feed, FeedFolder, Ready


class Supply:
    """Gives what is ready to ask; safe for threads.

    A default feed (not `configured`) has tens of megabytes, and the first look at something should not cost a
    download of that size to somebody who never asked for it. So it is used only where its index is at hand already,
    or `eager` says that downloading is fine (a service does so).
    """

    def __init__(self, folder: FeedFolder, feeds: Sequence[Feed], *, eager: bool) -> None:
        self._folder, self._feeds, self._eager = folder, tuple(feeds), eager
        self._lock = threading.Lock()
        self._ready: dict[Feed, Ready] = {}

    def of(self, family: str) -> tuple[tuple[Feed, Ready], ...]:
        """Give the feeds of an ecosystem that are wanted, in their order; raises StoreError."""
        with self._lock:
            for feed in self._feeds:
                if feed.ecosystem == family and feed not in self._ready and self._wanted(feed):
                    self._ready[feed] = self._folder.ready(feed)
            return tuple((feed, one) for feed, one in self._ready.items() if feed.ecosystem == family)

    @property
    def problems(self) -> tuple[str, ...]:
        """What could not be had or read of the feeds that were needed until now, sorted."""
        with self._lock:
            return tuple(sorted({ready.problem for ready in self._ready.values() if ready.problem}))

    def _wanted(self, feed: Feed) -> bool:
        return feed.configured or self._eager or self._folder.holds(feed)
