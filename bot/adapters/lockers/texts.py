"""Lock files of a work tree as texts, in the encoding that they are written in."""

from pathlib import Path

from bot.errors import LockFailed
from bot.formats import encodings
from bot.formats.encodings import Decoded, Undecodable


def read(tree: Path, path: str) -> Decoded:
    """Read a file of the tree; raises LockFailed where it is no text."""
    found = encodings.decode((tree / path).read_bytes())
    if isinstance(found, Undecodable):
        raise LockFailed(f"{path}:{found.line}: {found.why}", hint="save it as UTF-8")
    return found


def write(tree: Path, path: str, text: str, encoding: str) -> None:
    """Write a file of the tree; raises LockFailed where the encoding cannot hold the text."""
    try:
        (tree / path).write_bytes(encodings.encode(text, encoding))
    except ValueError as error:
        raise LockFailed(f"{path}: {error}", hint="save it as UTF-8") from error
