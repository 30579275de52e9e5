"""Advisories of operating systems' packages from OSV records, in feeds that are read once and kept as an index."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from bot.adapters.advisories.feeds import Feed, FeedFolder, Ready, oldest
from bot.adapters.advisories.index import Index
from bot.adapters.advisories.supply import Supply
from bot.formats import apk_version, dpkg_version
from bot.formats.osv import Compare, Record, covers, ecosystem_of, fixed_between
from bot.formats.osv_flaws import flaws, merged
from bot.model.contents import Advisory, SourceMove
from bot.model.packages import OsRelease
from bot.model.policy import Severity
from bot.ports import Clock
from bot.system.http import Http

__all__ = ["DEFAULTS", "Feed", "OsvAdvisories"]

BUCKET = "https://osv-vulnerabilities.storage.googleapis.com"
DEFAULTS = tuple(
    Feed(ecosystem=name, url=f"{BUCKET}/{name}/all.zip", configured=False) for name in ("Debian", "Ubuntu", "Alpine")
)
ORDERS: Mapping[str, Compare] = {
    "Debian": dpkg_version.compare,
    "Ubuntu": dpkg_version.compare,
    "Alpine": apk_version.compare,
}


class OsvAdvisories:
    """All feeds of one run; each is asked at most once in the life of this object, and only when it is needed.

    A default feed that cannot be reached is left alone for six hours, without a word. A configured feed that cannot
    be had is among `problems`, and what is known of old is used, with its age in `as_of`.
    """

    def __init__(self, http: Http, feeds: tuple[Feed, ...], folder: Path, clock: Clock, *, eager: bool = False) -> None:
        self._folder = FeedFolder(http, folder, clock)
        self._supply = Supply(self._folder, feeds, eager=eager)

    @property
    def problems(self) -> tuple[str, ...]:
        """What could not be had or read of the feeds that were needed until now, sorted."""
        return self._supply.problems

    def as_of(self, os: OsRelease) -> datetime | None:
        """Say how old the oldest feed of this operating system is; None where nothing is known of it."""
        return oldest(self._usable(_family(ecosystem_of(os))))

    def fixed(self, os: OsRelease, moves: Sequence[SourceMove]) -> Mapping[SourceMove, tuple[Advisory, ...]] | None:
        """Name what each move fixes, the worst first; None where no feed has records of this operating system.

        Raises StoreError where the data folder cannot be used, Unavailable where an index there is damaged.
        """
        ecosystem = ecosystem_of(os)
        with self._indexes(ecosystem) as indexes:
            if not indexes:
                return None
            found = {move: merged(_fixes(indexes, ecosystem, move)) for move in moves}
            return {move: merged(_rated(indexes, one) for one in advisories) for move, advisories in found.items()}

    def named(self, os: OsRelease, ids: Sequence[str]) -> Mapping[str, Advisory]:
        """Give what is known of ids, in the feeds of this operating system; raises as `fixed` does."""
        with self._indexes(ecosystem_of(os)) as indexes:
            found = {name: _named(name, [one for index in indexes for one in index.named(name)]) for name in ids}
        return {name: advisory for name, advisory in found.items() if advisory is not None}

    @contextmanager
    def _indexes(self, ecosystem: str) -> Iterator[list[Index]]:
        """Open the indexes that know of an ecosystem."""
        with ExitStack() as stack:
            opened = []
            for ready in self._usable(_family(ecosystem)):
                index = Index(ready.path or Path())
                stack.callback(index.close)
                opened.append(index)
            yield [one for one in opened if any(covers(name, ecosystem, "esm") for name in one.releases())]

    def _usable(self, family: str) -> list[Ready]:
        return [ready for _, ready in self._supply.of(family) if ready.path is not None]


def _family(ecosystem: str) -> str:
    return ecosystem.partition(":")[0]


def _fixes(indexes: Sequence[Index], ecosystem: str, move: SourceMove) -> Iterator[Advisory]:
    compare = ORDERS[_family(ecosystem)]
    for index in indexes:
        for row in index.of_package(move.source, lambda name: covers(name, ecosystem, move.new)):
            if fixed_between(row.affected, move.old, move.new, compare):
                yield from flaws(row.record)


def _rated(indexes: Sequence[Index], advisory: Advisory) -> Advisory:
    """Look up how bad a flaw is that only a notice names."""
    if advisory.severity is not Severity.UNKNOWN:
        return advisory
    known = _named(advisory.id, [one for index in indexes for one in index.named(advisory.id)])
    return replace(advisory, severity=known.severity) if known else advisory


def _named(name: str, records: Sequence[Record]) -> Advisory | None:
    """Give what records say of an id: as the flaw that it is, else (a notice) as one advisory with the others."""
    found = merged(flaw for record in records for flaw in flaws(record))
    flaw = next((one for one in found if one.id == name), None)
    if flaw is not None or not records:
        return flaw
    notice = next((one for one in records if one.id == name), records[0])
    aliases = tuple(sorted({notice.id, *notice.aliases} - {name}))
    return Advisory(id=name, aliases=aliases, severity=notice.severity, url=notice.url)
