"""Turns what SQLAlchemy and SQLite raise into StoreError with what the operator can do about it."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from bot.errors import StoreError

_BUSY = ("another process has been holding {path}", "wait until it has finished, or end the process that hangs")
_FULL = ("the disk under {path} is full", "free some space and run again; what was kept before is intact")
_READONLY = (
    "{path} cannot be opened for writing",
    "its folder must belong to the user that runs quarterdeck, and its disk must not be mounted read-only",
)
_DAMAGED = (
    "{path} is damaged, or is not a database",
    "move it away and run again: history is lost, proposals are found again",
)
_DISK = ("reading or writing {path} failed", "look at the disk; the data folder must be on a local one, not on a share")

# https://www.sqlite.org/rescode.html: primary result codes; extended ones begin with the same words
_ADVICE = {
    "SQLITE_BUSY": _BUSY,
    "SQLITE_LOCKED": _BUSY,
    "SQLITE_FULL": _FULL,
    "SQLITE_READONLY": _READONLY,
    "SQLITE_CANTOPEN": _READONLY,
    "SQLITE_PERM": _READONLY,
    "SQLITE_CORRUPT": _DAMAGED,
    "SQLITE_NOTADB": _DAMAGED,
    "SQLITE_IOERR": _DISK,
    "SQLITE_PROTOCOL": _DISK,
}


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Raise StoreError, naming `path`, for whatever the database refuses while the block runs."""
    try:
        yield
    except DBAPIError as error:
        raise _store_error(error.orig, path) from error
    except PoolTimeoutError as error:
        raise StoreError(f"{path} is overloaded: no connection became free", hint="use fewer workers") from error
    except ValueError as error:  # text that is no Unicode going in, or JSON and states that are none coming out
        text, hint = _DAMAGED
        raise StoreError(f"{text.format(path=path)}: {error}", hint=hint) from error


def _store_error(error: BaseException | None, path: Path) -> StoreError:
    name = getattr(error, "sqlite_errorname", "") if isinstance(error, sqlite3.Error) else ""
    for code, (text, hint) in _ADVICE.items():
        if name.startswith(code):
            return StoreError(f"{text.format(path=path)} ({error})", hint=hint)
    return StoreError(f"the database {path} refused: {error}")
