"""The changelog inside a binary package (`.deb`) or a source archive, read as a stream.

deb(5) is an ar archive whose member `data.tar.*` has the files. Debian policy 12.7 says where a changelog is.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from io import BufferedReader
from typing import BinaryIO

from bot.formats.compressed import PIECE, Chunks, unpacked

TAR_BYTES = 256 << 20  # of one package's files, uncompressed
CHANGELOG_BYTES = 4 << 20  # that are read of a changelog, which has the newest entries first
BLOCK = 512
AR = b"!<arch>\n"
AR_HEAD = 60
DATA = "data.tar"
DOCS = ("usr", "share", "doc")
# the first one that is there; a native package has no upstream changelog, and so the last name for its own
NAMES = ("changelog.Debian.gz", "changelog.Debian", "changelog.gz", "changelog")
LINKED = -1  # before all others: the whole folder is that of another package
FILE, HARD, SOFT = b"0", b"1", b"2"


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkTo:
    """The changelog is that of another package."""

    package: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Member:
    name: str
    kind: bytes
    link: str
    data: bytes = field(repr=False)


def changelog_in_deb(file: BinaryIO, package: str) -> str | LinkTo | None:
    """Give the changelog of a binary package, or whose it is; None where there is none.

    Raises ValueError where the file is no package, is damaged, or holds more than 256 MiB.
    """
    kind, chunks = _data(file)
    folder = "/".join((*DOCS, package))
    wanted = {f"{folder}/{name}": place for place, name in enumerate(NAMES)} | {folder: LINKED}
    best: _Member | None = None
    for member in _members(unpacked(chunks, kind, TAR_BYTES), lambda name: name in wanted):
        place = wanted.get(member.name) if member.kind in {FILE, HARD, SOFT} else None
        if place is not None and (best is None or place < wanted[best.name]):
            best = member
        if best is not None and wanted[best.name] <= 0:
            break
    return None if best is None else _told(best, package)


def changelog_in_source(chunks: Iterable[bytes], kind: str) -> str | None:
    """Give `debian/changelog` of a source archive, which may have a folder around it; None where there is none.

    Nothing is read beyond it. `kind` is the compression. Raises ValueError where it is damaged, or beyond 256 MiB.
    """
    for member in _members(unpacked(chunks, kind, TAR_BYTES), _is_changelog):
        if _is_changelog(member.name) and member.kind == FILE:
            return member.data.decode(errors="replace")
    return None


def _is_changelog(name: str) -> bool:
    return name == "debian/changelog" or name.partition("/")[2] == "debian/changelog"


def _told(member: _Member, package: str) -> str | LinkTo | None:
    if member.kind == FILE:
        return _text(member)
    base = () if member.kind == HARD else tuple(member.name.split("/")[:-1])
    parts = _resolved(base, member.link)
    if len(parts) > len(DOCS) and parts[: len(DOCS)] == DOCS and parts[len(DOCS)] != package:
        return LinkTo(package=parts[len(DOCS)])
    return None


def _text(member: _Member) -> str:
    pieces, size = [], 0
    for piece in unpacked([member.data], "gz" if member.name.endswith(".gz") else "", TAR_BYTES):
        pieces.append(piece)
        size += len(piece)
        if size > CHANGELOG_BYTES:
            break
    return b"".join(pieces).decode(errors="replace")


def _resolved(base: tuple[str, ...], link: str) -> tuple[str, ...]:
    parts = [] if link.startswith("/") else list(base)
    for part in link.split("/"):
        if part == "..":
            parts[-1:] = []
        elif part not in {"", "."}:
            parts.append(part)
    return tuple(parts)


def _data(file: BinaryIO) -> tuple[str, Iterator[bytes]]:
    """Find the member with the files: its compression and its bytes."""
    if file.read(len(AR)) != AR:
        raise ValueError("it is not a Debian package")
    while len(head := file.read(AR_HEAD)) == AR_HEAD:
        name = head[:16].decode(errors="replace").strip().rstrip("/")
        size = _number(head[48:58], 10)
        if name == DATA or name.startswith(f"{DATA}."):
            return name[len(DATA) + 1 :], _limited(file, size)
        for _ in _limited(file, size + size % 2):
            pass
    raise ValueError("it is a Debian package without files")


def _limited(file: BinaryIO, size: int) -> Iterator[bytes]:
    while size > 0 and (chunk := file.read(min(size, PIECE))):
        size -= len(chunk)
        yield chunk


def _members(pieces: Iterator[bytes], wanted: Callable[[str], bool]) -> Iterator[_Member]:
    """Give the members of a tar file (POSIX.1-1988 ustar and GNU), those that are wanted with their data.

    Names that need more than 255 bytes come from blocks of their own, which are passed over: none is ever wanted.
    """
    source = BufferedReader(Chunks(pieces), PIECE)
    while len(head := source.read(BLOCK)) == BLOCK and any(head):
        name, size = _name(head), _number(head[124:136], 8)
        kind = head[156:157].replace(b"\0", FILE)
        take = min(size, CHANGELOG_BYTES) if kind == FILE and wanted(name) else 0
        data = source.read(take)
        yield _Member(name=name, kind=kind, link=_text_of(head[157:257]), data=data)
        _skip(source, size + -size % BLOCK - take)


def _skip(source: BinaryIO, size: int) -> None:
    while size > 0 and (chunk := source.read(min(size, PIECE))):
        size -= len(chunk)


def _name(head: bytes) -> str:
    name, prefix = _text_of(head[:100]), _text_of(head[345:500]) if head[257:263] == b"ustar\0" else ""
    return (f"{prefix}/{name}" if prefix else name).removeprefix("./").rstrip("/")


def _text_of(part: bytes) -> str:
    return part.partition(b"\0")[0].decode(errors="replace")


def _number(part: bytes, base: int) -> int:
    text = part.strip(b" \0")
    if not (text.isdigit() or not text):
        raise ValueError("it holds a number that cannot be read")
    return int(text or b"0", base)
