"""What a bucket of OSV records lists as changed: `modified_id.csv` of https://google.github.io/osv.dev/data/."""

from datetime import UTC, datetime
from typing import NamedTuple

from bot.formats.osv import ID


class Change(NamedTuple):
    """A record by its id, and when it changed last, in whole seconds since the epoch."""

    id: str
    seconds: int


def changes(text: bytes) -> tuple[Change, ...]:
    """Read lines like `2024-08-15T00:05:00Z,PYSEC-2024-1`, in their order.

    Raises ValueError where a line is anything else: half a list would hide changes.
    """
    return tuple(_change(line) for line in text.decode().splitlines() if line.strip())


def seconds(text: str) -> int:
    """Read a time in RFC 3339; 0 where it is none, which is before everything."""
    try:
        moment = datetime.fromisoformat(text)
        return max(0, int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()))
    except (ValueError, OverflowError):
        return 0


def _change(line: str) -> Change:
    time, _, name = line.strip().partition(",")
    found = Change(name, seconds(time))
    if not (ID.fullmatch(name) and found.seconds):
        raise ValueError("this is not a list of changed records")
    return found
