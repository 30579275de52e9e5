"""Compressed streams, undone piece by piece within a bound: gzip, xz, bzip2 and zstd, also of several members."""

import bz2
import io
import lzma
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

import zstandard

PIECE = 1 << 16  # bytes
XZ_MEMORY = 160 << 20  # bytes; what a dictionary of `xz -9` needs is 65 MiB, and only what is used counts
ZSTD_WINDOW = 1 << 27  # bytes, what the command line program accepts without --long
KINDS = ("", "xz", "gz", "zst", "bz2", "lzma")


class Unpacker(Protocol):
    """What undoes one member of a stream: `unused_data` follows it once `eof` is true."""

    @property
    def eof(self) -> bool:
        """Whether the member has ended."""
        ...

    @property
    def unused_data(self) -> bytes:
        """What follows the member."""
        ...

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Undo a part; what does not fit is kept for a call without data."""
        ...


class _Gzip:
    """zlib in the shape of lzma and bz2."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(wbits=31)

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._inner.decompress(self._inner.unconsumed_tail + data, max_length)


class Chunks(io.RawIOBase):
    """Chunks as a file that can be read from front to back."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._left = memoryview(b"")

    def readable(self) -> bool:
        """Say yes."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override] # typeshed's Buffer is 3.12's
        """Fill the buffer from the chunk at hand; 0 is the end."""
        while not self._left:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._left = memoryview(chunk)
        size = min(len(buffer), len(self._left))
        buffer[:size] = self._left[:size]
        self._left = self._left[size:]
        return size


def unpacked(chunks: Iterable[bytes], kind: str, limit: int) -> Iterator[bytes]:
    """Undo the compression `kind` (one of KINDS) of chunks, in pieces of at most 64 KiB, or as they are for "".

    Raises ValueError where the stream is damaged, ends too early, or gives more than `limit` bytes.
    """
    total = 0
    try:
        for piece in _pieces(chunks, kind):
            total += len(piece)
            if total > limit:
                raise ValueError(f"it holds more than {limit} bytes")
            yield piece
    except (lzma.LZMAError, zlib.error, zstandard.ZstdError, OSError, EOFError) as error:
        raise ValueError(f"its compression ({kind}) is damaged: {error}") from error


def _pieces(chunks: Iterable[bytes], kind: str) -> Iterator[bytes]:
    match kind:
        case "":
            return iter(chunks)
        case "gz":
            return _members(chunks, _Gzip)
        case "bz2":
            return _members(chunks, bz2.BZ2Decompressor)
        case "xz" | "lzma":
            return _members(chunks, lambda: lzma.LZMADecompressor(memlimit=XZ_MEMORY))
        case "zst":
            return _zstd(chunks)
    raise ValueError(f"the compression {kind} is not known")


def _members(chunks: Iterable[bytes], make: Callable[[], Unpacker]) -> Iterator[bytes]:
    """Undo members that follow each other; zero bytes after one are padding."""
    unpacker: Unpacker | None = None
    for chunk in chunks:
        data = chunk
        while True:
            if unpacker is None:
                data = data.lstrip(b"\0")
                if not data:
                    break
                unpacker = make()
            piece = unpacker.decompress(data, PIECE)
            data = b""
            if piece:
                yield piece
            if unpacker.eof:
                data, unpacker = unpacker.unused_data, None
            elif not piece:
                break
    if unpacker is not None:
        raise EOFError("it ends too early")


def _zstd(chunks: Iterable[bytes]) -> Iterator[bytes]:
    source = io.BufferedReader(Chunks(chunks), PIECE)
    reader = zstandard.ZstdDecompressor(max_window_size=ZSTD_WINDOW).stream_reader(source, read_across_frames=True)
    while piece := reader.read(PIECE):
        yield piece
