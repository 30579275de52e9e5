"""OSV records of one feed in a form that answers by package and by id: an SQLite file that is only ever read."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.adapters.advisories import tables
from bot.errors import Unavailable
from bot.formats.osv import Affected, Record
from bot.formats.osv_changes import Change

BY_PACKAGE = f"""
SELECT a.ecosystem, a.package, a.ranges, a.versions, {tables.FIELDS}
FROM affected a JOIN record r ON r.number = a.record WHERE a.package = ?
"""  # noqa: S608 - of constants
BY_NAME = f"SELECT {tables.FIELDS} FROM name n JOIN record r ON r.number = n.record WHERE n.name = ?"  # noqa: S608


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A record that affects a package, without its other packages."""

    record: Record
    affected: Affected


class Index:
    """Answers from one file that `writing.build` wrote; close it afterwards. One thread at a time may ask.

    Everything raises Unavailable where the file is damaged, and removes it: it is only a copy.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        address = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
        try:
            self._database = sqlite3.connect(address, uri=True, check_same_thread=False)
        except sqlite3.Error as error:
            raise self._damaged(error) from error

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def releases(self) -> tuple[str, ...]:
        """List the ecosystems that records speak of, sorted: `Debian:12`."""
        return tuple(row[0] for row in self._ask("SELECT ecosystem FROM release ORDER BY ecosystem"))

    def of_package(self, name: str, meant: Callable[[str], bool]) -> Iterator[Row]:
        """Give what affects a package in the ecosystems that are meant."""
        for ecosystem, package, ranges, versions, *rest in self._ask(BY_PACKAGE, name):
            if meant(ecosystem):  # most rows are those of other releases
                affected = Affected(
                    ecosystem=ecosystem,
                    package=package,
                    ranges=tables.unpacked(ranges),
                    versions=tuple(versions.split("\t")) if versions else (),
                )
                yield Row(record=tables.record(rest), affected=affected)

    def named(self, name: str) -> tuple[Record, ...]:
        """Give the records that have this id or alias, sorted by id, without what they affect."""
        return tuple(sorted((tables.record(row) for row in self._ask(BY_NAME, name)), key=lambda one: one.id))

    def unseen(self, changes: Iterable[Change]) -> tuple[Change, ...]:
        """Give those changes that are newer than what is here, in their order."""
        seen: dict[str, int] = dict(self._ask("SELECT id, seconds FROM seen"))
        return tuple(one for one in changes if seen.get(one.id, -1) < one.seconds)

    def _ask(self, question: str, *values: str) -> list[tuple[Any, ...]]:
        try:
            return self._database.execute(question, values).fetchall()
        except sqlite3.Error as error:
            raise self._damaged(error) from error

    def _damaged(self, error: sqlite3.Error) -> Unavailable:
        self._path.unlink(missing_ok=True)
        return Unavailable(f"{self._path} cannot be read: {error}", hint="it is made anew when it is needed again")
