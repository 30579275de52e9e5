"""Where OSV records come from: a zip with one file per record, a folder of such files, or a list in one file.

Nothing is unpacked to disk, and names inside an archive are never used as paths.
"""

import json
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from bot.errors import Unavailable

RECORD_BYTES = 32 * 1024 * 1024  # Ubuntu's notices about kernels have some megabytes
LIST_BYTES = 128 * 1024 * 1024
TOTAL_BYTES = 4 * 1024**3  # unpacked
RECORDS = 2_000_000
METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})  # others need memory that the archive chooses
ENCRYPTED = 0x1


def documents(path: Path) -> Iterator[Any]:
    """Give the records at a path as parsed JSON, None for each that cannot be read.

    Raises Unavailable where nothing is there, where it is none of the three forms, or more than is read.
    """
    try:
        if path.is_dir():
            yield from _bounded(_folder(path))
        elif zipfile.is_zipfile(path):
            yield from _bounded(_zip(path))
        else:
            yield from _list(path)
    except (OSError, zipfile.BadZipFile) as error:
        raise Unavailable(f"{path.name} cannot be read: {error}") from error


def stamp(path: Path) -> tuple[str, float]:
    """Give what changes when the records at a path do, and when they last did, in seconds since the epoch.

    Raises Unavailable where nothing is there.
    """
    try:
        files = sorted(path.glob("*.json")) if path.is_dir() else [path]
        found = [(file.name, status.st_size, status.st_mtime_ns) for file in files for status in [file.stat()]]
    except OSError as error:
        raise Unavailable(f"{path} cannot be read: {error.strerror}") from error
    newest = max((changed for _, _, changed in found), default=0)
    return f"{zlib.crc32(repr(found).encode()):08x}-{len(found)}-{newest}", newest / 1e9


def _bounded(texts: Iterator[bytes | None]) -> Iterator[Any]:
    total = 0
    for number, text in enumerate(texts):
        total += len(text or b"")
        if total > TOTAL_BYTES or number >= RECORDS:
            raise Unavailable(f"there is more than the {TOTAL_BYTES} bytes or {RECORDS} records that are read")
        yield _parsed(text)


def _parsed(text: bytes | None) -> Any:
    try:
        return None if text is None else json.loads(text)
    except (ValueError, RecursionError):
        return None


def _folder(path: Path) -> Iterator[bytes | None]:
    for file in sorted(path.glob("*.json")):
        try:
            with file.open("rb") as opened:
                yield _read(opened)
        except OSError:
            yield None


def _zip(path: Path) -> Iterator[bytes | None]:
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            if member.filename.endswith(".json"):
                yield _member(archive, member)


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes | None:
    if member.compress_type not in METHODS or member.flag_bits & ENCRYPTED:
        return None
    try:
        with archive.open(member) as opened:
            return _read(opened)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError):
        return None


def _read(file: IO[bytes]) -> bytes | None:
    text = file.read(RECORD_BYTES + 1)
    return text if len(text) <= RECORD_BYTES else None


def _list(path: Path) -> Iterator[Any]:
    with path.open("rb") as file:
        text = file.read(LIST_BYTES + 1)
    document = _parsed(text) if len(text) <= LIST_BYTES else None
    if not isinstance(document, list | dict):
        raise Unavailable(f"{path.name} is neither a zip of OSV records nor a list of them")
    yield from document if isinstance(document, list) else [document]
