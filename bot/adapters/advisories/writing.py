"""Writes indexes of OSV records: whole ones, and changes to one."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from bot.adapters.advisories import tables
from bot.errors import StoreError, Unavailable
from bot.formats import osv, osv_python
from bot.formats.osv import Affected, Record
from bot.formats.osv_changes import Change, seconds

BATCH = 500


class Counted(NamedTuple):
    """How many records a feed holds that are of use, how many could not be read, and how many were withdrawn."""

    records: int
    unreadable: int
    withdrawn: int = 0


def build(path: Path, documents: Iterable[Any], family: str) -> Counted:
    """Write the index of all records (parsed JSON) that affect packages of a family (`Debian`) to a new file.

    A withdrawn record is left out. Raises StoreError where the file cannot be written, and what `documents` raises.
    """
    with _opened(path) as database:
        database.executescript(f"{tables.TABLES} BEGIN;")
        writer = _Writer(database, family)
        unreadable = writer.write(documents)
        database.execute(tables.INDEX)
        return writer.counted(unreadable)


def change(path: Path, documents: Iterable[tuple[Change, Any]], family: str) -> Counted:
    """Put records (parsed JSON) in the place of older ones; one that was withdrawn since goes.

    Raises ValueError where one cannot be read or is another one than was asked for, Unavailable where the file is
    damaged, StoreError as `build` does.
    """
    with _opened(path) as database:
        database.executescript("CREATE TEMPORARY TABLE gone (number INTEGER PRIMARY KEY); BEGIN;")
        writer = _Writer(database, family)
        for changed, document in documents:
            writer.put(changed, document)
        for statement in SWEEP:
            database.execute(statement)
        return writer.counted(0)


def note(path: Path, changes: Iterable[Change]) -> int:
    """Note changes as seen that cannot be had; give how many of their records are not here at all."""
    with _opened(path) as database:
        database.execute("BEGIN")
        missing = 0
        for one in changes:
            known = database.execute("SELECT seconds FROM seen WHERE id = ?", (one.id,)).fetchone()
            missing += known is None
            _note(database, one)
        return missing


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as database:
            database.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;")
            yield database
            database.execute("COMMIT")
    except sqlite3.OperationalError as error:
        raise StoreError(f"{path} cannot be written: {error}", hint="make room in the data folder") from error
    except sqlite3.DatabaseError as error:
        raise Unavailable(f"{path} is damaged: {error}") from error


class _Writer:
    def __init__(self, database: sqlite3.Connection, family: str) -> None:
        self._database, self._family = database, family
        self._number: int = database.execute("SELECT coalesce(max(number), 0) FROM record").fetchone()[0]
        self._withdrawn = 0
        self._rows: dict[str, list[tuple[object, ...]]] = {name: [] for name in INSERTS}

    def write(self, documents: Iterable[Any]) -> int:
        """Write new records and give how many could not be read."""
        unreadable = 0
        for document in documents:
            try:
                self._add(osv.record(document))
            except ValueError:
                unreadable += 1
            if len(self._rows["record"]) >= BATCH:
                self._flush()
        self._flush()
        return unreadable

    def put(self, changed: Change, document: Any) -> None:
        """Write one record in place of what is known of it."""
        read = osv.record(document)
        if read.id != changed.id:
            raise ValueError(f"it is {read.id}")
        self._database.execute(SUPERSEDE, (read.id, read.id))
        self._add(read)
        self._flush()
        _note(self._database, changed)

    def counted(self, unreadable: int) -> Counted:
        records = self._database.execute("SELECT count(*) FROM record").fetchone()[0]
        return Counted(records, unreadable, self._withdrawn)

    def _add(self, read: Record) -> None:
        self._rows["seen"].append((read.id, seconds(read.modified)))
        ours = [one for one in read.affected if one.ecosystem.partition(":")[0] == self._family]
        self._withdrawn += bool(ours and read.withdrawn)
        if read.withdrawn or not ours:
            return
        self._number += 1
        self._rows["record"].append((self._number, *tables.row(read, summary=self._family == osv_python.FAMILY)))
        self._rows["name"].extend((name, self._number) for name in {read.id, *read.aliases})
        for one in map(self._lean, ours):
            ranges, versions = tables.packed(one.ranges), "\t".join(one.versions)
            self._rows["affected"].append((one.package, one.ecosystem, self._number, ranges, versions))
            self._rows["release"].append((one.ecosystem,))

    def _lean(self, affected: Affected) -> Affected:
        """Leave out most of the versions; where there are ranges, distributions list those inside, and many."""
        if self._family == osv_python.FAMILY:
            return osv_python.settled(affected)
        return replace(affected, versions=()) if affected.ranges else affected

    def _flush(self) -> None:
        for name, statement in INSERTS.items():
            self._database.executemany(statement, self._rows[name])
            self._rows[name].clear()


def _note(database: sqlite3.Connection, one: Change) -> None:
    statement = "INSERT INTO seen VALUES (?, ?) ON CONFLICT DO UPDATE SET seconds = max(seconds, excluded.seconds)"
    database.execute(statement, one)


INSERTS = {
    "record": "INSERT INTO record VALUES (?, ?, ?, ?, ?, ?, ?)",
    "affected": "INSERT INTO affected VALUES (?, ?, ?, ?, ?)",
    "name": "INSERT INTO name VALUES (?, ?)",
    "release": "INSERT OR IGNORE INTO release VALUES (?)",
    "seen": "INSERT OR REPLACE INTO seen VALUES (?, ?)",
}
SUPERSEDE = """
INSERT INTO gone SELECT r.number FROM name n JOIN record r ON r.number = n.record WHERE n.name = ? AND r.id = ?
"""
SWEEP = (
    "DELETE FROM name WHERE record IN (SELECT number FROM gone)",
    "DELETE FROM affected WHERE record IN (SELECT number FROM gone)",
    "DELETE FROM record WHERE number IN (SELECT number FROM gone)",
)
