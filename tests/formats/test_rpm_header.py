"""Reading the headers of rpm's packages."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.formats import rpm_header
from tests.formats import rpm_headers

BASH = rpm_headers.installed("bash", "5.1.8", "9.el9", "bash-5.1.8-9.el9.src.rpm", 1)
NAMED = {"name": "a", "version": "1", "release": "2"}


def entry(tag: int, kind: int, offset: int, store: bytes = b"a\0") -> bytes:
    return struct.pack(">IIIIII", 1, len(store), tag, kind, offset, 1) + store


def test_a_header_is_read() -> None:
    assert rpm_header.read(BASH) == rpm_header.Header(
        name="bash", epoch=1, version="5.1.8", release="9.el9", architecture="x86_64", source="bash-5.1.8-9.el9.src.rpm"
    )
    assert rpm_header.read(BASH + b"what follows") == rpm_header.read(BASH)


@pytest.mark.parametrize(("epoch", "expected"), [({}, "1-2"), ({"epoch": 0}, "1-2"), ({"epoch": 32}, "32:1-2")])
def test_a_version_has_its_epoch_in_front_unless_it_is_0(epoch: dict[str, int], expected: str) -> None:
    found = rpm_header.read(rpm_headers.header({**NAMED, **epoch}))
    assert (found.full_version, found.plain_version, found.architecture, found.source) == (expected, "1-2", "", "")


def test_an_epoch_without_a_value_is_none() -> None:
    blob = bytearray(rpm_headers.header({"epoch": 5, **NAMED}))
    blob[8 + 12 : 8 + 16] = struct.pack(">I", 0)
    assert rpm_header.read(bytes(blob)).epoch == 0


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("openssl-3.0.7-27.el9.src.rpm", ("openssl", "3.0.7-27.el9")),
        ("java-17-openjdk-17.0.11.0.9-2.el9.nosrc.rpm", ("java-17-openjdk", "17.0.11.0.9-2.el9")),
        ("openssl-3.0.7-27.el9.x86_64.rpm", None),
        ("openssl-1.src.rpm", None),
        ("-1-2.src.rpm", None),
        ("(none)", None),
        ("", None),
    ],
)
def test_a_source_is_told_by_the_name_of_its_file(source: str, expected: tuple[str, str] | None) -> None:
    assert rpm_header.read(rpm_headers.header({**NAMED, "sourcerpm": source})).source_parts == expected


@pytest.mark.parametrize(
    ("blob", "why"),
    [
        (b"", "cut short"),
        (b"\0\0\0\1\0\0\0", "cut short"),
        (struct.pack(">II", 0xFFFFFFFF, 0), "lists 4294967295 entries"),
        (struct.pack(">II", 65535, 0), "cut short"),
        (struct.pack(">II", 0, 1), "cut short"),
        (BASH[:-1], "cut short"),
        (struct.pack(">II", 0, 0), "no name"),
        (rpm_headers.header({"name": "a", "version": "1", "release": ""}), "no name, version or release"),
        (rpm_headers.header({**NAMED, "name": "\udcff"}), "not UTF-8"),
        (entry(1000, 6, 2), "without an end"),
        (entry(1000, 6, 0xFFFFFFFF), "without an end"),
        (entry(1000, 6, 0, b"aa"), "without an end"),
        (entry(1000, 8, 0), "another type"),
        (entry(1003, 4, 0, b"aaa"), "no number"),
        (entry(1003, 6, 0, b"aaaa"), "no number"),
    ],
)
def test_a_header_that_does_not_fit_is_refused(blob: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        rpm_header.read(blob)


@given(st.binary(), st.integers(0, len(BASH) - 1), st.integers(0, 255))
def test_any_bytes_are_a_header_or_a_value_error(noise: bytes, place: int, byte: int) -> None:
    for blob in (noise, BASH[:place] + bytes([byte]) + BASH[place + 1 :], BASH[:place] + noise):
        told: type | None = None
        try:
            assert rpm_header.read(blob).name
        except ValueError as error:
            told = type(error)
        assert told in {None, ValueError}
