"""Lock files of a work tree as texts, in the encoding that they are written in.

Strangers may write to a work tree, and could put a link there that leads out of it: what is no plain file is refused.
"""

import os
import stat
from pathlib import Path

from bot.errors import LockFailed
from bot.formats import encodings
from bot.formats.encodings import Decoded, Undecodable

TAMPERED = "something that was built for this lock has put it there: look at what build_from_source allows"


def read(tree: Path, path: str) -> Decoded:
    """Read a file of the tree; raises LockFailed where it is no text."""
    found = encodings.decode(plain(tree, path))
    if isinstance(found, Undecodable):
        raise LockFailed(f"{path}:{found.line}: {found.why}", hint="save it as UTF-8")
    return found


def plain(tree: Path, path: str) -> bytes:
    """Read a plain file; raises LockFailed where something else stands in its place, whatever that leads to."""
    _check_inside(tree, path)
    try:
        handle = os.open(tree / path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise LockFailed(f"{path} cannot be read: {error.strerror}", hint=TAMPERED) from error
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise LockFailed(f"{path} is no plain file any more", hint=TAMPERED)
    with os.fdopen(handle, "rb") as file:
        return file.read()


def write(tree: Path, path: str, text: str, encoding: str) -> None:
    """Write a file of the tree; raises LockFailed where the encoding cannot hold the text."""
    try:
        data = encodings.encode(text, encoding)
    except ValueError as error:
        raise LockFailed(f"{path}: {error}", hint="save it as UTF-8") from error
    restore(tree, path, data)


def restore(tree: Path, path: str, data: bytes) -> None:
    """Write a file whole, in the place of whatever stands there; raises LockFailed where that leads out of the tree."""
    _check_inside(tree, path)
    fresh = tree / f"{path}.quarterdeck"
    fresh.unlink(missing_ok=True)
    fresh.write_bytes(data)
    try:
        fresh.replace(tree / path)
    except IsADirectoryError as error:
        raise LockFailed(f"{path} is no plain file any more", hint=TAMPERED) from error


def _check_inside(tree: Path, path: str) -> None:
    """Refuse a path whose folder leads out of the tree; nothing that could change it runs any more."""
    if not (tree / path).parent.resolve().is_relative_to(tree.resolve()):
        raise LockFailed(f"{path} lies outside of its work tree", hint=TAMPERED)
