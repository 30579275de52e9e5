"""The tables of an index of OSV records, and how values stand in them.

Ids have no spaces and versions are printable, so that spaces, tabs and line ends can stand between them.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from bot.formats import osv
from bot.formats.osv import Event, EventKind, Range, Record
from bot.model.policy import Severity

FORM = "2"  # of these tables: another one means that the feed is read again
TABLES = """
CREATE TABLE record (number INTEGER PRIMARY KEY, id TEXT, aliases TEXT, related TEXT, severity TEXT, modified TEXT,
                     summary TEXT);
CREATE TABLE affected (package TEXT, ecosystem TEXT, record INTEGER, ranges TEXT, versions TEXT);
CREATE TABLE name (name TEXT, record INTEGER, PRIMARY KEY (name, record)) WITHOUT ROWID;
CREATE TABLE release (ecosystem TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE seen (id TEXT PRIMARY KEY, seconds INTEGER) WITHOUT ROWID;
"""
INDEX = "CREATE INDEX by_package ON affected (package)"
FIELDS = "r.id, r.aliases, r.related, r.severity, r.modified, r.summary"
LETTERS = {EventKind.INTRODUCED: "i", EventKind.FIXED: "f", EventKind.LAST_AFFECTED: "l"}
KINDS = {letter: kind for kind, letter in LETTERS.items()}


def packed(ranges: Iterable[Range]) -> str:
    """Write ranges down: a line for each."""
    return "\n".join("\t".join([one.kind, *map(_event, one.events)]) for one in ranges)


def unpacked(text: str) -> tuple[Range, ...]:
    """Read ranges that were written down."""
    return tuple(map(_range, text.split("\n"))) if text else ()


def row(read: Record, *, summary: bool) -> tuple[Any, ...]:
    """Write a record down, without what it affects: the values of FIELDS."""
    aliases, related = " ".join(read.aliases), " ".join(read.related)
    return (read.id, aliases, related, read.severity.value, read.modified, read.summary if summary else "")


def record(values: Sequence[str]) -> Record:
    """Read a record that was written down, from the values of FIELDS."""
    name, aliases, related, severity, modified, summary = values
    return Record(
        id=name,
        aliases=tuple(aliases.split()),
        related=tuple(related.split()),
        severity=Severity(severity),
        url=osv.PAGE + name,
        withdrawn=False,
        modified=modified,
        affected=(),
        summary=summary,
    )


def _event(event: Event) -> str:
    return LETTERS[event.kind] + event.version


def _range(line: str) -> Range:
    kind, *events = line.split("\t")
    return Range(kind=kind, events=tuple(Event(kind=KINDS[one[0]], version=one[1:]) for one in events))
