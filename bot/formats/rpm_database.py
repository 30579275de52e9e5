"""What rpm says is installed: its database in the format of SQLite, `rpmdb.sqlite`, which may be anybody's bytes.

rpm keeps one row for each package in the table Packages (rpm's lib/backend/sqlite.c): a number and a header.
SQLite's own advice for files that nobody vouches for is followed: https://www.sqlite.org/security.html.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing

from bot.formats import package_entry, rpm_header
from bot.formats.rpm_header import Header
from bot.model.packages import Package

MAGIC = b"SQLite format 3\0"
VERSIONS = slice(18, 20)  # who may write and read: 2 is a write-ahead log, which a database in memory has not
PLAIN = b"\x01\x01"
STEPS = 10_000  # of SQLite's machine between two looks
MOST_LOOKS = 100  # a row takes three steps: about 330,000 packages
KEYS = "gpg-pubkey"  # rpm keeps the keys that it trusts as packages
LIMITS = {
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 100_000,
    sqlite3.SQLITE_LIMIT_COLUMN: 100,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 20,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH: 1,
}
TABLE = "SELECT sql, rootpage FROM sqlite_master WHERE name = 'Packages'"
CREATE = "CREATE TABLE "  # what SQLite goes by; a row may call itself a table and be a view
COLUMNS = "SELECT name, hidden FROM pragma_table_xinfo('Packages')"
HEADERS = "SELECT blob FROM Packages NOT INDEXED"


def packages(data: bytes) -> tuple[Package, ...]:
    """Give what is installed, by name and architecture, from the bytes of a database.

    A source has the epoch of the packages that have its version: the name of its file has none. Raises ValueError,
    with a sentence, for whatever is no sound database of rpm; it needs as much memory again as `data` has.
    """
    headers = [header for header in map(rpm_header.read, _blobs(data)) if header.name != KEYS]
    epochs = {(one.source, one.plain_version): one.epoch for one in sorted(headers, key=lambda one: one.epoch)}
    found = [_package(header, epochs) for header in headers]
    if None in found:
        raise ValueError("the header of a package has a name or a version that could not be printed")
    return package_entry.ordered(found)


def _package(header: Header, epochs: dict[tuple[str, str], int]) -> Package | None:
    name, version = header.source_parts or (header.name, header.full_version)
    epoch = epochs.get((header.source, version), 0) if header.source_parts else 0
    of = (name, f"{epoch}:{version}" if epoch else version)
    return package_entry.package(header.name, header.full_version, of, header.architecture)


def _blobs(data: bytes) -> list[bytes]:
    """Give the headers in a database. Together they cannot be larger than it is, unless its pages are a maze."""
    if not data.startswith(MAGIC):
        raise ValueError("this is not a database of SQLite")
    found: list[bytes] = []
    left = len(data)
    try:
        with closing(_opened(data)) as database:
            _check(database.execute(TABLE).fetchall(), database.execute(COLUMNS).fetchall())
            for blob in _rows(database):
                left -= len(blob)
                if left < 0:
                    raise ValueError("the headers of its packages are larger than the database")
                found.append(blob)
    except (sqlite3.Error, UnicodeError) as error:  # SQLite quotes names from the file, in any encoding
        why = getattr(error, "sqlite_errorname", type(error).__name__)
        raise ValueError(f"SQLite cannot read this database ({why})") from error
    return found


def _opened(data: bytes) -> sqlite3.Connection:
    """Open a database in memory so that nothing in it can run, grow or go on for ever."""
    database = sqlite3.connect(":memory:", isolation_level=None)
    looks = iter(range(MOST_LOOKS))
    for limit, value in LIMITS.items():
        database.setlimit(limit, value)
    database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, max(len(data), LIMITS[sqlite3.SQLITE_LIMIT_SQL_LENGTH]))
    database.set_progress_handler(lambda: next(looks, None) is None, STEPS)
    database.deserialize(data[: VERSIONS.start] + PLAIN + data[VERSIONS.stop :])
    for pragma in ("trusted_schema = OFF", "cell_size_check = ON", "query_only = ON", "mmap_size = 0"):
        database.execute(f"PRAGMA {pragma}")
    return database


def _check(tables: Sequence[tuple[object, object]], columns: Sequence[tuple[object, object]]) -> None:
    """Refuse what only looks like rpm's table: a view, a virtual table, or columns that are computed."""
    if len(tables) != 1 or not str(tables[0][0]).startswith(CREATE) or not tables[0][1]:
        raise ValueError("it has no table of packages as rpm's databases have")
    if sorted(columns, key=str) != [("blob", 0), ("hnum", 0)]:
        raise ValueError("its table of packages has other columns than that of rpm")


def _rows(database: sqlite3.Connection) -> Iterator[bytes]:
    for (blob,) in database.execute(HEADERS):
        if not isinstance(blob, bytes):
            raise ValueError("the header of a package is no bytes")  # noqa: TRY004 - a document, not an argument
        yield blob
