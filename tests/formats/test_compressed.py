import bz2
import gzip
import lzma
import os
from collections.abc import Callable

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from bot.formats.compressed import PIECE, unpacked

PACK: dict[str, Callable[[bytes], bytes]] = {"": bytes, "gz": gzip.compress, "xz": lzma.compress, "lzma": lambda data: lzma.compress(data, lzma.FORMAT_ALONE), "bz2": bz2.compress, "zst": zstandard.compress}  # fmt: skip
NOISE = os.urandom(3 * PIECE)


def undone(data: bytes, kind: str, *, size: int = 1000, limit: int = 1 << 30) -> bytes:
    chunks = (data[start : start + size] for start in range(0, len(data), size))
    return b"".join(unpacked(chunks, kind, limit))


@pytest.mark.parametrize("kind", PACK)
@pytest.mark.parametrize("data", [b"", b"x", NOISE, b"\0" * (5 * PIECE)], ids=["empty", "one", "noise", "zeros"])
def test_every_compression_is_undone(kind: str, data: bytes) -> None:
    assert undone(PACK[kind](data), kind) == data


@pytest.mark.parametrize("kind", ["gz", "xz", "bz2", "zst"])
@given(parts=st.lists(st.binary(max_size=200), min_size=1, max_size=4), size=st.integers(1, 300))
def test_members_that_follow_each_other_are_one_stream(kind: str, parts: list[bytes], size: int) -> None:
    assert undone(b"".join(map(PACK[kind], parts)), kind, size=size) == b"".join(parts)


def test_zero_bytes_after_a_member_are_padding() -> None:
    assert undone(gzip.compress(b"x") + bytes(4096), "gz") == b"x"


@pytest.mark.parametrize("kind", [kind for kind in PACK if kind])
def test_pieces_are_small_however_much_is_in_a_chunk(kind: str) -> None:
    pieces = list(unpacked([PACK[kind](bytes(100 * PIECE))], kind, 1 << 30))
    assert max(map(len, pieces)) <= PIECE
    assert sum(map(len, pieces)) == 100 * PIECE


@pytest.mark.parametrize("kind", PACK)
def test_a_bomb_is_left_as_soon_as_the_limit_is_passed(kind: str) -> None:
    with pytest.raises(ValueError, match=r"^it holds more than 100000 bytes$"):
        undone(PACK[kind](bytes(1 << 22)), kind, limit=100_000)


@pytest.mark.parametrize("kind", ["gz", "xz", "bz2"])
def test_a_stream_that_ends_too_early_is_damaged(kind: str) -> None:
    with pytest.raises(ValueError, match=rf"^its compression \({kind}\) is damaged: "):
        undone(PACK[kind](NOISE)[:-5], kind)


@pytest.mark.parametrize("kind", [kind for kind in PACK if kind])
def test_noise_is_damaged(kind: str) -> None:
    with pytest.raises(ValueError, match=rf"^its compression \({kind}\) is damaged: "):
        undone(b"\x01" + NOISE, kind)


def test_an_unknown_compression_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^the compression br is not known$"):
        undone(b"x", "br")
