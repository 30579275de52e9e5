import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.formats.apt_packages import STANZA_BYTES, Offer, Wanted, offers

TEXT = b"""\
Package: libssl3
Source: openssl (3.0.20-1~deb12u2)
Version: 3.0.20-1~deb12u2+b1
Architecture: amd64
Depends: libc6
Filename: pool/o/openssl/libssl3_3.0.20_amd64.deb
Size: 2000
SHA256: ABCDEF

Package: openssl
Version: 3.0.20-1~deb12u2
Architecture: amd64

Package: tzdata
Version: 2026f
Architecture: all

Package: broken
Architecture: all
Description: it has no version
 Package: tzdata
"""


def found(text: bytes, *names: str, sources: tuple[str, ...] = (), size: int = 100) -> list[Offer]:
    chunks = (text[start : start + size] for start in range(0, len(text), size))
    wanted = Wanted(names=frozenset(map(str.encode, names)), sources=frozenset(map(str.encode, sources)))
    return list(offers(chunks, wanted))


def test_wanted_packages_are_given_with_their_source() -> None:
    assert found(TEXT, "libssl3") == [
        Offer(
            package="libssl3", version="3.0.20-1~deb12u2+b1", architecture="amd64", source="openssl",
            source_version="3.0.20-1~deb12u2", filename="pool/o/openssl/libssl3_3.0.20_amd64.deb", size=2000,
            sha256="abcdef",
        )
    ]  # fmt: skip


def test_a_package_without_a_source_is_its_own() -> None:
    (offer,) = found(TEXT, "tzdata")
    assert (offer.source, offer.source_version, offer.size, offer.filename) == ("tzdata", "2026f", 0, "")


def test_a_source_without_a_version_has_that_of_the_package() -> None:
    (offer,) = found(b"Package: a\nSource: b\nVersion: 1:2-3\nSize: " + b"9" * 30, "a")
    assert (offer.source, offer.source_version, offer.size) == ("b", "1:2-3", 0)


def test_all_packages_of_a_source_are_found() -> None:
    assert [offer.package for offer in found(TEXT, sources=("openssl",))] == ["libssl3", "openssl"]
    assert [offer.package for offer in found(TEXT, "tzdata", sources=("none",))] == ["tzdata"]


def test_a_package_without_a_version_is_passed_over() -> None:
    assert found(TEXT, "broken") == []


@pytest.mark.parametrize("text", [
    b"Version: 1\npackage:  a\n", b"Package: a\r\nVersion: 1\r\n\r\nPackage: b\r\nVersion: 1\r\n",
    b"Version: 1\nPackage: a\n \nPackage: b\nVersion: 1\n", b"Package:a\nVersion:1", b"\n\n\nPackage: a\nVersion: 1\n",
])  # fmt: skip
def test_fields_may_have_any_order_and_any_white_space(text: bytes) -> None:
    assert [(offer.package, offer.version) for offer in found(text, "a")] == [("a", "1")]


def test_a_stanza_without_end_is_refused() -> None:
    with pytest.raises(ValueError, match=f"^it holds a stanza of more than {STANZA_BYTES} bytes$"):
        found(b"x" * (STANZA_BYTES + 1), "a", size=65536)


@given(st.integers(1, len(TEXT)))
def test_it_does_not_matter_how_the_file_is_cut(size: int) -> None:
    assert found(TEXT, "tzdata", "libssl3", size=size) == found(TEXT, "tzdata", "libssl3", size=len(TEXT))


@pytest.mark.parametrize(
    "text",
    [
        b"Package: a\nSource:b (1)\nVersion: 1",
        b"Package: a\nVersion: 1\nSource: b",
        b"Package: a\nVersion: 1\nSource: b(1)\n",
    ],
)
def test_a_source_may_be_written_in_several_ways(text: bytes) -> None:
    assert [offer.source for offer in found(text, sources=("b",))] == ["b"]
