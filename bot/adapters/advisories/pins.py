"""Advisories of Python packages from dumps of OSV records, and the choice of where to ask."""

import hashlib
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Self

from packaging.utils import canonicalize_name

from bot.adapters.advisories.feeds import Feed, FeedFolder, Ready
from bot.adapters.advisories.index import Index, Row
from bot.adapters.advisories.osv import BUCKET
from bot.adapters.advisories.supply import Supply
from bot.formats import osv_python
from bot.formats.osv_aliases import merged, ordered
from bot.formats.osv_python import FAMILY
from bot.model.contents import Advisory, FeedState, worst
from bot.model.policy import Severity
from bot.ports import Clock, PinAdvisories
from bot.system.http import Http
from bot.system.urls import shown

__all__ = ["DEFAULT", "ChosenAdvisories", "DumpAdvisories", "Feed"]

DEFAULT = Feed(ecosystem=FAMILY, url=f"{BUCKET}/{FAMILY}/all.zip", configured=False)
ROOM = 50_000  # answers: a thousand repositories have some thousand different pins


class DumpAdvisories:
    """All dumps of one run, together; close it afterwards. Safe for threads.

    Each feed is brought up to date at most once, when the first question comes; the rules are those of `Supply` and
    `FeedFolder`. One that cannot be had answers nothing: its state has no age then, and names the problem.
    """

    def __init__(self, http: Http, feeds: Sequence[Feed], folder: Path, clock: Clock, *, eager: bool = False) -> None:
        self.configured = any(feed.configured for feed in feeds if feed.ecosystem == FAMILY)
        self._supply = Supply(FeedFolder(http, folder, clock), feeds, eager=eager)
        self._known: dict[tuple[str, str], tuple[Advisory, ...]] = {}
        self._lock = threading.Lock()
        self._stack = ExitStack()
        self._opened: list[Index] | None = None

    def affecting(self, name: str, version: str) -> tuple[Advisory, ...]:
        """Give what affects a release, malware first, then the worst.

        Raises Unavailable where an index is damaged, StoreError where the data folder cannot be used.
        """
        known = self._known.get((name, version))
        if known is None:
            known = self._affecting(canonicalize_name(name), version)
            if len(self._known) >= ROOM:
                self._known.clear()
            self._known[name, version] = known
        return known

    @property
    def feeds(self) -> tuple[FeedState, ...]:
        """How each dump stands; empty where none is wanted. Raises StoreError."""
        return tuple(_state(feed, ready) for feed, ready in self._supply.of(FAMILY))

    @property
    def edition(self) -> str:
        """A text that changes when one of the dumps does; raises StoreError."""
        found = [(feed.url, ready.edition) for feed, ready in self._supply.of(FAMILY)]
        return hashlib.sha256(repr(found).encode()).hexdigest()

    @property
    def is_ready(self) -> bool:
        """Whether there is anything to ask; raises StoreError."""
        return any(ready.path is not None for _, ready in self._supply.of(FAMILY))

    def close(self) -> None:
        """Close the indexes; a later question opens them again."""
        with self._lock:
            self._stack.close()
            self._opened = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _affecting(self, name: str, version: str) -> tuple[Advisory, ...]:
        with self._lock:
            rows = list(self._rows(name))
        found = (osv_python.advisory(row.record, row.affected, version) for row in rows)
        return ordered(self._rated(one) for one in merged(filter(None, found)))

    def _rows(self, name: str) -> Iterator[Row]:
        for index in self._indexes():
            yield from index.of_package(name, lambda ecosystem: ecosystem.partition(":")[0] == FAMILY)

    def _rated(self, advisory: Advisory) -> Advisory:
        """Look up how bad a flaw is that is rated only where it is about other versions, or another package."""
        if advisory.severity is not Severity.UNKNOWN:
            return advisory
        with self._lock:
            others = [one for index in self._indexes() for name in advisory.names for one in index.named(name)]
        return replace(advisory, severity=worst(one.severity for one in others))

    def _indexes(self) -> Sequence[Index]:
        if self._opened is None:
            self._opened = []
            for path in (ready.path for _, ready in self._supply.of(FAMILY) if ready.path is not None):
                index = Index(path)
                self._stack.callback(index.close)
                self._opened.append(index)
        return self._opened


class ChosenAdvisories:
    """What the operator configured, else the default dump where it is ready, else what the index itself says.

    Configured dumps that cannot be had stand for themselves: another source in their place would be a surprise.
    """

    def __init__(self, dumps: DumpAdvisories, index: PinAdvisories) -> None:
        self._dumps, self._index = dumps, index

    def affecting(self, name: str, version: str) -> tuple[Advisory, ...]:
        """Give what affects a release; raises what the source that was chosen raises."""
        return self._chosen.affecting(name, version)

    @property
    def feeds(self) -> tuple[FeedState, ...]:
        """How the source stands that was chosen."""
        return self._chosen.feeds

    @property
    def edition(self) -> str:
        """A text that changes when what is known does."""
        return self._chosen.edition

    @cached_property
    def _chosen(self) -> PinAdvisories:
        return self._dumps if self._dumps.configured or self._dumps.is_ready else self._index


def _state(feed: Feed, ready: Ready) -> FeedState:
    known = ready.path is not None
    return FeedState(
        ecosystem=feed.ecosystem,
        source=shown(feed.url),
        as_of=ready.as_of if known else None,
        records=ready.records if known else None,
        problem=ready.problem or ("" if known else f"no advisories of {feed.ecosystem} are at hand"),
    )
