"""The headers of a tar archive, read as the engines that unpack layers read them (Go's archive/tar).

POSIX.1-2017 pax, "ustar Interchange Format" and "pax Extended Header"; GNU tar manual, "Basic Tar Format". Engines
decide what an image holds, so where readers differ, theirs is followed: global pax headers name nothing, and two zero
blocks end the archive, whatever comes after them.
"""

from dataclasses import dataclass, replace
from enum import Enum

BLOCK = 512  # bytes; everything in a tar starts at a multiple of it
ZEROS = bytes(BLOCK)
SPECIAL_BYTES = 1 << 20  # what Go's archive/tar takes for one extended header
LARGEST = (1 << 63) - 1
CHECKSUM = slice(148, 156)
SPACES = 8 * ord(" ")  # the checksum is made with spaces in its own place


class Kind(Enum):
    """What an entry is. The last group speaks of the entry that comes after it, or of nothing that matters."""

    FILE = "file"
    DIRECTORY = "directory"
    SYMLINK = "symlink"
    HARDLINK = "hardlink"
    SPARSE = "sparse"
    DEVICE = "device"

    PAX = "pax"
    LONG_NAME = "long name"
    LONG_TARGET = "long target"
    IGNORED = "ignored"


KINDS = {
    b"0": Kind.FILE,
    b"\0": Kind.FILE,
    b"7": Kind.FILE,
    b"1": Kind.HARDLINK,
    b"2": Kind.SYMLINK,
    b"3": Kind.DEVICE,
    b"4": Kind.DEVICE,
    b"5": Kind.DIRECTORY,
    b"6": Kind.DEVICE,
    b"S": Kind.SPARSE,
    b"x": Kind.PAX,
    b"L": Kind.LONG_NAME,
    b"K": Kind.LONG_TARGET,
}
LINKS = (Kind.HARDLINK, Kind.SYMLINK)
BARE = (*LINKS, Kind.DEVICE, Kind.DIRECTORY)  # no data, whatever their size says


@dataclass(frozen=True, slots=True, kw_only=True)
class TarHeader:
    """One header. `size` are the bytes of data that follow, before padding; `target` is that of a link.

    `more_map` says that blocks with more of an old GNU sparse file's map come before the data.
    """

    name: str
    kind: Kind
    size: int
    target: str = ""
    more_map: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Extra:
    """What extended headers say of the next entry; "" and None are what they do not say."""

    name: str = ""
    target: str = ""
    size: int | None = None
    sparse: bool = False
    long_name: str = ""
    long_target: str = ""

    def applied(self, header: TarHeader) -> TarHeader:
        """Give the entry as it is meant; GNU's long names win over those of pax."""
        if self is NOTHING:
            return header
        size = header.size if self.size is None or header.kind in BARE else self.size
        return replace(
            header,
            name=self.long_name or self.name or header.name,
            target=self.long_target or self.target or header.target,
            size=size,
            kind=Kind.SPARSE if self.sparse and header.kind is Kind.FILE else header.kind,
        )


NOTHING = Extra()


def header(block: bytes) -> TarHeader:
    """Read a header of 512 bytes that are not all zero; raises ValueError where they are no header."""
    given = _number(block[CHECKSUM])
    if given != _sum(block) and given != _signed_sum(block):
        raise ValueError("this is not a tar archive, or it is damaged: a header has a wrong checksum")
    name, kind = text(block[:100]), KINDS.get(block[156:157], Kind.IGNORED)
    if block[257:263] == b"ustar\0" and block[345]:
        name = f"{text(block[345:500])}/{name}"
    if block[156:157] == b"\0" and name.endswith("/"):
        kind = Kind.DIRECTORY  # as tars were before there was a type for it
    size = 0 if kind in BARE else _number(block[124:136])
    more = kind is Kind.SPARSE and block[482] != 0
    target = text(block[157:257]) if kind in LINKS else ""
    return TarHeader(name=name, kind=kind, size=size, target=target, more_map=more)


def text(field: bytes) -> str:
    """Read a name, which ends at the first NUL; bytes that are not UTF-8 become lone surrogates (PEP 383)."""
    return field.partition(b"\0")[0].decode(errors="surrogateescape")


def extra(kind: Kind, data: bytes, before: Extra) -> Extra:
    """Take in the data of an extended header; of two pax headers the later counts.

    Raises ValueError where a pax header is malformed.
    """
    if kind is Kind.LONG_NAME:
        return replace(before, long_name=text(data))
    if kind is Kind.LONG_TARGET:
        return replace(before, long_target=text(data))
    records = _records(data)
    size = records.get(b"size")
    return Extra(
        name=(records.get(b"GNU.sparse.name") or records.get(b"path", b"")).decode(errors="surrogateescape"),
        target=records.get(b"linkpath", b"").decode(errors="surrogateescape"),
        size=_decimal(size) if size else None,
        sparse=any(keyword.startswith(b"GNU.sparse.") for keyword in records),
        long_name=before.long_name,
        long_target=before.long_target,
    )


def _records(data: bytes) -> dict[bytes, bytes]:
    r"""Read the records of a pax header, `LENGTH KEYWORD=VALUE\n`; the length counts the whole record."""
    found: dict[bytes, bytes] = {}
    at = 0
    while at < len(data):
        space = data.find(b" ", at, at + 20)
        length = _decimal(data[at : max(space, at)])
        keyword, given, value = data[space + 1 : at + length].partition(b"=")
        if not given or not value.endswith(b"\n") or at + length > len(data):
            raise ValueError("a pax header is malformed")
        found[keyword] = value[:-1]
        at += length
    return found


def _decimal(digits: bytes) -> int:
    if not digits.isdigit() or len(digits) > 19 or int(digits) > LARGEST:  # noqa: PLR2004 - digits of LARGEST
        raise ValueError("a pax header has something else where a number belongs")
    return int(digits)


def _number(field: bytes) -> int:
    """Read a number: octal digits, or base-256 where the first bit is set (GNU)."""
    if field[0] & 0x80:
        number = int.from_bytes(field, "big") - (0x80 << 8 * (len(field) - 1))
        if field[0] & 0x40 or number > LARGEST:
            raise ValueError("a tar header has a number that is negative or too large")
        return number
    digits = field.strip(b" \0").partition(b"\0")[0]
    if digits.strip(b"01234567"):
        raise ValueError("this is not a tar archive, or it is damaged: a header has something else than a number")
    return int(digits or b"0", 8)


def _sum(block: bytes) -> int:
    return sum(block) - sum(block[CHECKSUM]) + SPACES


def _signed_sum(block: bytes) -> int:
    """Give the sum as old writers made it, that took bytes as signed."""
    rest = block[: CHECKSUM.start] + block[CHECKSUM.stop :]
    return _sum(block) - 256 * sum(byte >= 128 for byte in rest)  # noqa: PLR2004 - the sign bit
