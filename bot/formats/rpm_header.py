"""The header of one installed package, as rpm keeps it in its database.

rpm's manual, "RPM v4 package format", "Header format", without the magic in front: two numbers, an index, and a
store that the index points into; all numbers are big endian.
"""

import struct
from dataclasses import dataclass

NUMBERS = struct.Struct(">II")
ENTRY = struct.Struct(">IIII")  # tag, type, offset in the store, count
MOST_ENTRIES = 65535  # rpm's own limit
NAME, VERSION, RELEASE, EPOCH, ARCHITECTURE, SOURCE = 1000, 1001, 1002, 1003, 1022, 1044
TEXTS = frozenset({NAME, VERSION, RELEASE, ARCHITECTURE, SOURCE})
INT32, STRING = 4, 6
SOURCE_ENDS = (".src.rpm", ".nosrc.rpm")


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What a header says; `source` is the name of the file of its source package, "" where there is none."""

    name: str
    epoch: int
    version: str
    release: str
    architecture: str
    source: str

    @property
    def full_version(self) -> str:
        """Give `epoch:version-release` as rpm writes it, without an epoch of 0."""
        return f"{self.epoch}:{self.plain_version}" if self.epoch else self.plain_version

    @property
    def plain_version(self) -> str:
        """Give `version-release`."""
        return f"{self.version}-{self.release}"

    @property
    def source_parts(self) -> tuple[str, str] | None:
        """Give the name and the `version-release` of the source package; None where its file is not named so."""
        for end in SOURCE_ENDS:
            parts = self.source.removesuffix(end).rsplit("-", 2)
            if self.source.endswith(end) and len(parts) == 3 and all(parts):  # noqa: PLR2004 - name, version, release
                return parts[0], f"{parts[1]}-{parts[2]}"
        return None


def read(blob: bytes) -> Header:
    """Read a header; raises ValueError where its lengths do not fit, or where it has no name or version."""
    texts: dict[int, str] = {}
    epoch = 0
    store, entries = _parts(blob)
    for tag, kind, offset, count in entries:
        if tag in TEXTS and tag not in texts:
            texts[tag] = _text(store, kind, offset)
        elif tag == EPOCH and count:
            epoch = _number(store, kind, offset)
    if not all(texts.get(tag) for tag in (NAME, VERSION, RELEASE)):
        raise ValueError("the header of a package has no name, version or release")
    return Header(
        name=texts[NAME],
        epoch=epoch,
        version=texts[VERSION],
        release=texts[RELEASE],
        architecture=texts.get(ARCHITECTURE, ""),
        source=texts.get(SOURCE, ""),
    )


def _parts(blob: bytes) -> tuple[bytes, list[tuple[int, int, int, int]]]:
    """Cut a header into its store and its index."""
    if len(blob) < NUMBERS.size:
        raise ValueError("the header of a package is cut short")
    entries, size = NUMBERS.unpack_from(blob)
    if entries > MOST_ENTRIES:
        raise ValueError(f"the header of a package lists {entries} entries; at most {MOST_ENTRIES} are read")
    start = NUMBERS.size + entries * ENTRY.size
    if start + size > len(blob):
        raise ValueError("the header of a package is cut short")
    return blob[start : start + size], list(ENTRY.iter_unpack(blob[NUMBERS.size : start]))


def _text(store: bytes, kind: int, offset: int) -> str:
    end = store.find(b"\0", offset)
    if kind != STRING or end < 0:
        raise ValueError("the header of a package has a word of another type, or one without an end")
    try:
        return store[offset:end].decode()
    except UnicodeDecodeError as error:
        raise ValueError("the header of a package has a word that is not UTF-8") from error


def _number(store: bytes, kind: int, offset: int) -> int:
    if kind != INT32 or offset + 4 > len(store):
        raise ValueError("the header of a package has an epoch that is no number in it")
    return int.from_bytes(store[offset : offset + 4], "big")
