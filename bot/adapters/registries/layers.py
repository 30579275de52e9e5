"""Reading the files that matter out of an image layer while it comes in: bounded, and nothing goes to disk."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from bot.formats.compressed import unpacked
from bot.formats.layer_files import LayerEntries, LayerFiles, Mark, Node
from bot.formats.layer_paths import clean, wanted
from bot.formats.tar_headers import BLOCK, NOTHING, SPECIAL_BYTES, ZEROS, Kind, TarHeader, extra, header

GZIP = b"\x1f\x8b"  # RFC 1952
ZSTD = b"\x28\xb5\x2f\xfd"  # RFC 8878
ZSTD_SKIPPABLE = b"\x2a\x4d\x18"  # after a first byte of 0x50 to 0x5f; zstd:chunked has such frames
MAGIC_BYTES = 4
PIECE = 1 << 16  # bytes that a decompressor gets at once
EXTENDED = (Kind.PAX, Kind.LONG_NAME, Kind.LONG_TARGET)
MIB = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerLimits:
    """What one layer may cost at most.

    `unpacked` are bytes after decompression, `entries` headers in the tar, `seconds` those on the clock from the first
    byte to the last. Of the files that are kept, `file` are the bytes of one, `files` those of all, and `kept` is how
    many paths may be remembered.
    """

    unpacked: int = 8 << 30
    entries: int = 2_000_000
    seconds: float = 120.0
    file: int = 64 * MIB
    files: int = 128 * MIB
    kept: int = 20_000


def read_layer(
    chunks: Iterable[bytes], media_type: str, *, limits: LayerLimits, monotonic: Callable[[], float]
) -> LayerFiles:
    """Read what a layer, as it is transferred, says about the paths that matter.

    gzip, zstd and plain tar are told apart by their first bytes, because media types are not always true. All chunks
    are consumed, also after the end of the tar and where the layer is not understood, so that whoever feeds them can
    check them against the digest; only not where the time is up. Raises ValueError with the reason where the layer is
    damaged, ends too early, is encrypted, or costs more than `limits`; what `chunks` raises goes through.
    """
    source = iter(chunks)
    watch = _Watch(limits.seconds, monotonic)
    try:
        found = _gathered(_Tape(watch.over(_plain(source, media_type, limits.unpacked))), limits)
    except ValueError:
        _drain(watch.over(source))
        raise
    _drain(watch.over(source))
    return found


def _drain(chunks: Iterator[bytes]) -> None:
    for _ in chunks:
        pass


class _Watch:
    """Ends what takes too long."""

    def __init__(self, seconds: float, monotonic: Callable[[], float]) -> None:
        self._seconds, self._monotonic = seconds, monotonic
        self._end = monotonic() + seconds

    def over(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            if self._monotonic() > self._end:
                raise ValueError(f"it was not read within {self._seconds:g} seconds")
            yield piece


class _Tape:
    """Pieces of a tar as one thing to read from front to back."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._piece, self._at = b"", 0

    def block(self) -> bytes:
        """Give the next block of 512 bytes; none where the tar ends before it."""
        at = self._at
        if len(self._piece) - at >= BLOCK:
            self._at = at + BLOCK
            return self._piece[at : self._at]
        return b"" if at == len(self._piece) and not self._next() else self.read(BLOCK)

    def read(self, size: int) -> bytes:
        """Give so many bytes; raises ValueError where there are fewer."""
        return b"".join(self._take(size))

    def skip(self, size: int) -> None:
        """Pass so many bytes; raises ValueError where there are fewer."""
        left = self._at + size
        while left > len(self._piece):
            left -= len(self._piece)
            self._piece, self._at = b"", 0
            if not self._next():
                raise _cut()
        self._at = left

    def _take(self, size: int) -> Iterator[bytes]:
        while size:
            if self._at == len(self._piece) and not self._next():
                raise _cut()
            part = self._piece[self._at : self._at + size]
            self._at += len(part)
            size -= len(part)
            yield part

    def _next(self) -> bool:
        """Go on to the next piece with something in it; False at the end."""
        self._piece, self._at = next(filter(None, self._pieces), b""), 0
        return bool(self._piece)


def _plain(source: Iterator[bytes], media_type: str, limit: int) -> Iterator[bytes]:
    """Undo the compression that the first bytes tell."""
    if "+encrypted" in media_type:
        raise ValueError("it is encrypted")
    start = b""
    for chunk in source:
        start += chunk
        if len(start) >= MAGIC_BYTES:
            break
    kind = ""
    if start.startswith(GZIP):
        kind = "gz"
    elif start.startswith(ZSTD) or (start[1:MAGIC_BYTES] == ZSTD_SKIPPABLE and start[0] >> 4 == 5):  # noqa: PLR2004
        kind = "zst"
    return unpacked(_small(chain((start,), source)), kind, limit)


def _small(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Cut large chunks: a decompressor copies what it does not take at once, again and again."""
    for chunk in chunks:
        if len(chunk) <= PIECE:
            yield chunk
        else:
            yield from (chunk[at : at + PIECE] for at in range(0, len(chunk), PIECE))


def _gathered(tape: _Tape, limits: LayerLimits) -> LayerFiles:
    entries = LayerEntries()
    for entry in _entries(tape, limits.entries):
        path, left = clean(entry.name), entry.size
        if path:
            node: Node = Mark.OTHER
            if entry.kind is Kind.FILE and wanted(path):
                _check(path, entry.size, entries, limits)
                node, left = tape.read(entry.size), 0
            elif entry.kind is not Kind.FILE:
                node = _node(entry, entries)
            entries.add(path, node)
            _check(path, 0, entries, limits)
        tape.skip(left + -entry.size % BLOCK)
    return entries.finish()


def _node(entry: TarHeader, entries: LayerEntries) -> Node:
    """Give what stands at a path that is not a regular file's."""
    if entry.kind is Kind.DIRECTORY:
        return Mark.DIRECTORY
    if entry.kind is Kind.SYMLINK:
        return entry.target
    return entries.linked(entry.target) if entry.kind is Kind.HARDLINK else Mark.OTHER


def _entries(tape: _Tape, limit: int) -> Iterator[TarHeader]:
    """Give the entries of a tar; the caller moves the tape past the data and the padding of each."""
    more, count = NOTHING, 0
    while block := tape.block():
        if block == ZEROS:
            if tape.block() in {b"", ZEROS}:
                return
            raise ValueError("this tar archive is damaged: something stands in its end mark")
        count += 1
        if count > limit:
            raise ValueError(f"it has more than {limit} entries")
        found = header(block)
        if found.kind in EXTENDED:
            if found.size > SPECIAL_BYTES:
                raise ValueError(f"it has a header of {found.size} bytes; at most {SPECIAL_BYTES} are read")
            more = extra(found.kind, tape.read(found.size), more)
            tape.skip(-found.size % BLOCK)
            continue
        map_follows = found.more_map
        while map_follows:
            map_follows = tape.read(BLOCK)[504] != 0
        entry, more = more.applied(found), NOTHING
        if entry.kind is Kind.IGNORED:
            tape.skip(entry.size + -entry.size % BLOCK)
        else:
            yield entry


def _check(path: str, size: int, entries: LayerEntries, limits: LayerLimits) -> None:
    """Stop before more is kept than may be; `size` is that of a file that would come in addition."""
    if size > limits.file:
        raise ValueError(f"its {path} has {size} bytes; at most {limits.file} are read of a file")
    if entries.size + size > limits.files:
        raise ValueError(f"its files that matter have more than {limits.files} bytes")
    if entries.count > limits.kept:
        raise ValueError(f"it has more than {limits.kept} paths that matter")


def _cut() -> ValueError:
    return ValueError("it ends too early")
