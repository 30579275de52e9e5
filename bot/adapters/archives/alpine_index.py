"""APKINDEX.tar.gz: a signature and an index, each a gzip member of its own, read as a stream and within bounds."""

import gzip
import io
import tarfile
import zlib
from collections.abc import Iterator

from bot.errors import Unavailable

UNPACKED_BYTES = 256 * 1024 * 1024
LINE_BYTES = 1024 * 1024
GZIP = b"\x1f\x8b"
NAME = "APKINDEX"
BROKEN = (tarfile.TarError, EOFError, zlib.error, OSError, ValueError, OverflowError, RecursionError)


def index_lines(body: bytes, where: str) -> Iterator[bytes]:
    """Give the lines of the index inside; raises Unavailable where there is none, or where it is cut or too large.

    The signature is not checked: the keys that could do so are inside the image, which may come from anywhere.
    """
    try:
        # gzip.GzipFile reads all members, tarfile's own `r|gz` only the first (measured)
        packed = io.BytesIO(body)
        stream = _Bounded(gzip.GzipFile(fileobj=packed) if body.startswith(GZIP) else packed)
        with tarfile.open(mode="r|", fileobj=stream, ignore_zeros=True) as archive:
            for member in archive:
                if member.name == NAME and (file := archive.extractfile(member)) is not None:
                    yield from iter(lambda: file.readline(LINE_BYTES), b"")
                    return
    except BROKEN as error:
        raise Unavailable(f"{where} cannot be read: {error}") from error
    raise Unavailable(f"{where} holds no {NAME}")


class _Bounded(io.BytesIO):
    """Gives at most so many bytes of a stream, and fails then."""

    def __init__(self, stream: io.BytesIO | gzip.GzipFile) -> None:
        super().__init__()
        self._stream, self._left = stream, UNPACKED_BYTES

    def read(self, size: int | None = -1) -> bytes:
        data = self._stream.read(size)
        self._left -= len(data)
        if self._left < 0:
            raise ValueError(f"it has more than the {UNPACKED_BYTES} bytes that are read of it")
        return data
