"""Headers of tar archives, against those that Python's tarfile writes, and damaged ones."""

import io
import tarfile
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.formats.tar_headers import BLOCK, LARGEST, NOTHING, Extra, Kind, TarHeader, extra, header, text

FORMATS: tuple[Literal[0, 1, 2], ...] = (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT)
names = st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=1, max_size=60)


def block(name: str = "a", kind: bytes = tarfile.REGTYPE, **fields: object) -> bytearray:
    """Write one header with tarfile."""
    member = tarfile.TarInfo(name)
    member.type = kind
    for field, value in fields.items():
        setattr(member, field, value)
    return bytearray(member.tobuf(tarfile.GNU_FORMAT, errors="surrogateescape")[-BLOCK:])


def summed(changed: bytearray, *, signed: bool = False) -> bytes:
    """Put the right checksum into a header."""
    changed[148:156] = b" " * 8
    total = sum(byte - 256 if signed and byte > 127 else byte for byte in changed)
    changed[148:156] = b"%06o\0 " % total
    return bytes(changed)


def pax(*records: bytes) -> bytes:
    """Write records of a pax header."""
    found = b""
    for record in records:
        length = len(record) + 2
        while length != len(b"%d %b\n" % (length, record)):
            length = len(b"%d %b\n" % (length, record))
        found += b"%d %b\n" % (length, record)
    return found


@given(names, st.sampled_from(FORMATS), st.integers(0, 2**40))
def test_what_tarfile_writes_is_read(name: str, kind: Literal[0, 1, 2], size: int) -> None:
    member = tarfile.TarInfo(name)
    member.size = size
    try:
        written = member.tobuf(kind, errors="surrogateescape")
    except ValueError:  # ustar cannot hold it
        return
    found, more = b"", NOTHING
    while len(written) > BLOCK:
        found, written = written[:BLOCK], written[BLOCK:]
        special = header(found)
        more = extra(special.kind, written[: special.size], more)
        written = written[special.size + -special.size % BLOCK :]
    assert more.applied(header(written)) == TarHeader(name=name, kind=Kind.FILE, size=size)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (b"0", Kind.FILE), (b"\0", Kind.FILE), (b"7", Kind.FILE), (b"1", Kind.HARDLINK), (b"2", Kind.SYMLINK), (b"3", Kind.DEVICE),
        (b"4", Kind.DEVICE), (b"5", Kind.DIRECTORY), (b"6", Kind.DEVICE), (b"S", Kind.SPARSE), (b"x", Kind.PAX), (b"L", Kind.LONG_NAME),
        (b"K", Kind.LONG_TARGET), (b"g", Kind.IGNORED), (b"V", Kind.IGNORED), (b"D", Kind.IGNORED),
    ],
)  # fmt: skip
def test_a_type_says_what_an_entry_is_and_whether_data_follow(kind: bytes, expected: Kind) -> None:
    changed = block()
    changed[156:157] = kind
    changed[124:136] = b"00000000012\0"
    bare = expected in {Kind.HARDLINK, Kind.SYMLINK, Kind.DEVICE, Kind.DIRECTORY}
    assert header(summed(changed)) == TarHeader(name="a", kind=expected, size=0 if bare else 10)


def test_an_old_directory_is_a_file_whose_name_ends_in_a_slash() -> None:
    changed = block("a")
    changed[1:2], changed[156] = b"/", 0
    assert header(summed(changed)).kind is Kind.DIRECTORY


def test_the_first_half_of_a_long_name_counts_only_in_ustar() -> None:
    changed = block("b")
    changed[345:347] = b"aa"
    assert header(summed(changed)).name == "b"
    changed[257:265] = b"ustar\x0000"
    assert header(summed(changed)).name == "aa/b"


def test_an_old_sparse_file_says_whether_more_of_its_map_follows() -> None:
    changed = block(kind=tarfile.GNUTYPE_SPARSE)
    assert not header(summed(changed)).more_map
    changed[482] = 1
    assert header(summed(changed)).more_map


@pytest.mark.parametrize("signed", [False, True])
def test_a_checksum_may_have_been_made_of_signed_bytes(signed: bool) -> None:
    assert header(summed(block("é"), signed=signed)).name == "é"


@pytest.mark.parametrize(
    ("field", "size"),
    [
        (b"00000000012\0", 10), (b"         12 ", 10), (b"12\0         ", 10), (b"\0" * 12, 0), (b" " * 12, 0), (b"777777777777", 8**12 - 1),
        (b"\x80" + b"\0" * 10 + b"\x0a", 10), (b"\x80\0\0\0" + b"\x7f" + b"\xff" * 7, LARGEST),
    ],
)  # fmt: skip
def test_numbers_are_octal_or_base_256(field: bytes, size: int) -> None:
    changed = block()
    changed[124:136] = field
    assert header(summed(changed)).size == size


@pytest.mark.parametrize("field", [b"0000000001x\0", b"00000000008\0", b"-0000000001\0", b"1_0\0\0\0\0\0\0\0\0\0", b"1 1\0\0\0\0\0\0\0\0\0", b"\xff" * 12, b"\xc0" + b"\0" * 11, b"\x80\0\0\0" + b"\x80" + b"\0" * 7, b"\x81" + b"\0" * 11])  # fmt: skip
def test_what_is_no_number_is_refused(field: bytes) -> None:
    changed = block()
    changed[124:136] = field
    with pytest.raises(ValueError, match="number"):
        header(summed(changed))


def test_a_header_with_a_wrong_checksum_is_refused() -> None:
    changed = block()
    changed[0] += 1
    with pytest.raises(ValueError, match="checksum"):
        header(bytes(changed))


@given(st.binary(min_size=BLOCK, max_size=BLOCK))
def test_any_block_is_a_header_or_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="tar"):
        header(data)
    assert header(summed(block("x"))).size == 0


@given(st.binary(max_size=60) | st.lists(st.binary(max_size=20)).map(lambda rows: pax(*rows)))
def test_any_pax_header_is_read_or_refused(data: bytes) -> None:
    try:
        found = extra(Kind.PAX, data, NOTHING)
    except ValueError:
        return
    assert isinstance(found, Extra)


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ([], Extra()),
        ([b"path=a\xc3\xa9", b"linkpath=b", b"size=7", b"mtime=1.5"], Extra(name="aé", target="b", size=7)),
        ([b"path=a=b\nc"], Extra(name="a=b\nc")),
        ([b"path=a", b"path=b"], Extra(name="b")),
        ([b"path=", b"size="], Extra()),
        ([b"path=\xff"], Extra(name="\udcff")),
        ([b"path=x/0", b"GNU.sparse.name=a", b"GNU.sparse.major=1"], Extra(name="a", sparse=True)),
    ],
)
def test_records_of_a_pax_header_speak_of_the_next_entry(records: list[bytes], expected: Extra) -> None:
    assert extra(Kind.PAX, pax(*records), NOTHING) == expected


@pytest.mark.parametrize("data", [b"7 path=a\n", b"9 path=a\n"[:-1], b"9 path:a\n", b"0 path=a\n", b"x path=a\n", b"path=a\n", b"99 path=a\n", b" 9 path=a\n", b"9\n", b"1" * 30 + b" a=b\n", b"-9 path=a\n", b"9 path=a\n\0", pax(b"size=-1"), pax(b"size=1_0"), pax(b"size=9999999999999999999"), pax(b"size=" + b"1" * 5000)])  # fmt: skip
def test_a_malformed_pax_header_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="a pax header"):
        extra(Kind.PAX, data, NOTHING)


def test_long_names_win_over_pax_and_bare_entries_stay_without_data() -> None:
    more = extra(Kind.LONG_NAME, b"long\0", extra(Kind.LONG_TARGET, b"target\0", NOTHING))
    more = extra(Kind.PAX, pax(b"path=p", b"linkpath=q", b"size=9"), more)
    link = header(summed(block(kind=tarfile.SYMTYPE, linkname="x")))
    assert link.target == "x"
    assert more.applied(link) == TarHeader(name="long", kind=Kind.SYMLINK, size=0, target="target")
    assert more.applied(header(summed(block()))).size == 9


def test_a_sparse_file_of_pax_is_no_plain_file_and_a_directory_stays_one() -> None:
    more = Extra(sparse=True)
    assert more.applied(header(summed(block()))).kind is Kind.SPARSE
    assert more.applied(header(summed(block(kind=tarfile.DIRTYPE)))).kind is Kind.DIRECTORY


def test_a_name_ends_at_the_first_nul() -> None:
    assert text(b"a\0b") == "a"
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("a"))
    assert header(buffer.getvalue()[:BLOCK]) == TarHeader(name="a", kind=Kind.FILE, size=0)
