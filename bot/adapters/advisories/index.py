"""OSV records of one feed in a form that answers by package and by id: an SQLite file that is only ever read."""

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from bot.errors import StoreError, Unavailable
from bot.formats import osv
from bot.formats.osv import Affected, Event, EventKind, Range, Record
from bot.model.policy import Severity

FORM = "1"  # of these tables: another one means that the feed is read again
BATCH = 500
TABLES = """
CREATE TABLE record (number INTEGER PRIMARY KEY, id TEXT, aliases TEXT, related TEXT, severity TEXT, modified TEXT);
CREATE TABLE affected (package TEXT, ecosystem TEXT, record INTEGER, ranges TEXT, versions TEXT);
CREATE TABLE name (name TEXT, record INTEGER, PRIMARY KEY (name, record)) WITHOUT ROWID;
CREATE TABLE release (ecosystem TEXT PRIMARY KEY) WITHOUT ROWID;
"""
INDEX = "CREATE INDEX by_package ON affected (package)"
BY_PACKAGE = """
SELECT a.ecosystem, a.package, a.ranges, a.versions, r.id, r.aliases, r.related, r.severity, r.modified
FROM affected a JOIN record r ON r.number = a.record WHERE a.package = ?
"""
BY_NAME = """
SELECT r.id, r.aliases, r.related, r.severity, r.modified
FROM name n JOIN record r ON r.number = n.record WHERE n.name = ?
"""
LETTERS = {EventKind.INTRODUCED: "i", EventKind.FIXED: "f", EventKind.LAST_AFFECTED: "l"}
KINDS = {letter: kind for kind, letter in LETTERS.items()}


class Counted(NamedTuple):
    """How many records a feed holds that are of use, and how many could not be read."""

    records: int
    unreadable: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A record that affects a package, without its other packages."""

    record: Record
    affected: Affected


def build(path: Path, documents: Iterable[Any], family: str) -> Counted:
    """Write the index of all records (parsed JSON) that affect packages of a family (`Debian`) to a new file.

    A withdrawn record is left out. Raises StoreError where the file cannot be written, and what `documents` raises.
    """
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as database:
            database.executescript(f"PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; {TABLES} BEGIN;")
            counted = _Writer(database, family).write(documents)
            database.execute(INDEX)
            database.execute("COMMIT")
    except sqlite3.Error as error:
        raise StoreError(f"{path} cannot be written: {error}", hint="make room in the data folder") from error
    return counted


class Index:
    """Answers from one file that `build` wrote; close it afterwards.

    Everything raises Unavailable where the file is damaged, and removes it: it is only a copy.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._database = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
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
                    ecosystem=ecosystem, package=package, ranges=_ranges(ranges), versions=tuple(json.loads(versions))
                )
                yield Row(record=_record(*rest), affected=affected)

    def named(self, name: str) -> tuple[Record, ...]:
        """Give the records that have this id or alias, sorted by id, without what they affect."""
        return tuple(sorted((_record(*row) for row in self._ask(BY_NAME, name)), key=lambda one: one.id))

    def _ask(self, question: str, *values: str) -> list[tuple[Any, ...]]:
        try:
            return self._database.execute(question, values).fetchall()
        except sqlite3.Error as error:
            raise self._damaged(error) from error

    def _damaged(self, error: sqlite3.Error) -> Unavailable:
        self._path.unlink(missing_ok=True)
        return Unavailable(f"{self._path} cannot be read: {error}", hint="it is made anew when it is needed again")


class _Writer:
    def __init__(self, database: sqlite3.Connection, family: str) -> None:
        self._database, self._family = database, family
        self._number, self._unreadable = 0, 0
        self._records: list[tuple[object, ...]] = []
        self._affected: list[tuple[object, ...]] = []
        self._names: list[tuple[object, ...]] = []
        self._releases: set[str] = set()

    def write(self, documents: Iterable[Any]) -> Counted:
        for document in documents:
            try:
                read = osv.record(document)
            except ValueError:
                self._unreadable += 1
            else:
                self._add(read)
            if len(self._records) >= BATCH:
                self._flush()
        self._flush()
        self._database.executemany("INSERT INTO release VALUES (?)", [(name,) for name in sorted(self._releases)])
        return Counted(self._number, self._unreadable)

    def _add(self, read: Record) -> None:
        ours = [one for one in read.affected if one.ecosystem.partition(":")[0] == self._family]
        if read.withdrawn or not ours:
            return
        self._number += 1
        aliases, related = json.dumps(read.aliases), json.dumps(read.related)
        self._records.append((self._number, read.id, aliases, related, read.severity.value, read.modified))
        self._names.extend((name, self._number) for name in {read.id, *read.aliases})
        for one in ours:
            self._releases.add(one.ecosystem)
            # where there are ranges, distributions list the versions inside them, and many of them
            versions = [] if one.ranges else one.versions
            self._affected.append((one.package, one.ecosystem, self._number, _packed(one.ranges), json.dumps(versions)))

    def _flush(self) -> None:
        self._database.executemany("INSERT INTO record VALUES (?, ?, ?, ?, ?, ?)", self._records)
        self._database.executemany("INSERT INTO affected VALUES (?, ?, ?, ?, ?)", self._affected)
        self._database.executemany("INSERT INTO name VALUES (?, ?)", self._names)
        for rows in (self._records, self._affected, self._names):
            rows.clear()


def _packed(ranges: Iterable[Range]) -> str:
    return json.dumps([[one.kind, *((LETTERS[event.kind], event.version) for event in one.events)] for one in ranges])


def _ranges(text: str) -> tuple[Range, ...]:
    return tuple(
        Range(kind=kind, events=tuple(Event(kind=KINDS[letter], version=version) for letter, version in events))
        for kind, *events in json.loads(text)
    )


def _record(name: str, aliases: str, related: str, severity: str, modified: str) -> Record:
    return Record(
        id=name,
        aliases=tuple(json.loads(aliases)),
        related=tuple(json.loads(related)),
        severity=Severity(severity),
        url=osv.PAGE + name,
        withdrawn=False,
        modified=modified,
        affected=(),
    )
