"""Reading Debian's control data."""

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.formats import deb822

SOURCES = """\
# main
Types: deb
URIs: https://mirror.example/debian
Suites: bookworm
# a comment inside
 bookworm-updates
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mQINBGPL0BYBEAC5
 -----END PGP PUBLIC KEY BLOCK-----

Types: deb
URIs: https://mirror.example/debian-security
"""
FIRST = {
    "types": "deb",
    "uris": "https://mirror.example/debian",
    "suites": "bookworm\nbookworm-updates",
    "components": "main",
    "signed-by": "\n-----BEGIN PGP PUBLIC KEY BLOCK-----\n.\nmQINBGPL0BYBEAC5\n-----END PGP PUBLIC KEY BLOCK-----",
}
SECOND = {"types": "deb", "uris": "https://mirror.example/debian-security"}


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_stanzas_keep_the_lines_of_a_value_and_lose_comments(end: str) -> None:
    assert list(deb822.stanzas(SOURCES.replace("\n", end))) == [FIRST, SECOND]
    assert list(deb822.stanzas(SOURCES.rstrip().replace("\n", end))) == [FIRST, SECOND]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("\n\n\n", []),
        ("no field\n", []),
        ("A: 1\n \t\nB: 2", [{"a": "1"}, {"b": "2"}]),
        ("A: 1\n\n\n\nB: 2\n\n", [{"a": "1"}, {"b": "2"}]),
        ("A:1\nA: 2", [{"a": "2"}]),
        ("A : 1:2", [{"a": "1:2"}]),
        ("A: 1\nno field\n more of nothing", [{"a": "1"}]),
        (" a continuation of nothing\nA: 1\n\tmore\t\n", [{"a": "1\nmore"}]),
        ("A: 1\n\0x\n more", [{"a": "1\nmore"}]),
        ("A: 1\x0b2\x85\u20283\n", [{"a": "1\x0b2\x85\u20283"}]),
        ("Ä: é", [{"ä": "é"}]),
        (": 1", []),
    ],
)
def test_what_is_odd_is_read_as_far_as_it_makes_sense(text: str, expected: list[dict[str, str]]) -> None:
    assert list(deb822.stanzas(text)) == expected


def test_only_wanted_fields_are_kept_and_stanzas_without_any_are_left_out() -> None:
    lines = ["Types: deb\n", "SUITES: a\n", " b\r\n", "Uris: c\n", " d\n", "\r\n", "Uris: e\n", "\n", "suites: f"]
    assert list(deb822.stanzas_of(lines, frozenset({"suites"}))) == [{"suites": "a\nb"}, {"suites": "f"}]


def test_stanzas_are_given_before_the_next_one_is_read() -> None:
    left = iter(["A: 1\n", "\n", "A: 2\n"])
    assert next(deb822.stanzas_of(left, frozenset({"a"}))) == {"a": "1"}
    assert list(left) == ["A: 2\n"]


def test_names_without_end_do_not_fill_the_memory() -> None:
    lines = [f"X-{number}: a" for number in range(3 * deb822.SPELLINGS)]
    assert list(deb822.stanzas_of([*lines, "x" * 1000 + ": a", "Package: a"], frozenset({"package"}))) == [
        {"package": "a"}
    ]


@pytest.mark.parametrize(
    "text", ["A: " + "x" * 10_000_000, "A: 1\n" + " a\n" * 1_000_000, "x" * 10_000_000, ":" * 10**6]
)
def test_hostile_texts_take_no_longer_than_others(text: str) -> None:
    start = time.process_time()
    assert len(list(deb822.stanzas(text))) <= 1
    assert time.process_time() - start < 5


@given(st.text(alphabet=st.sampled_from("Ab:# \t\r\n.\0é")) | st.text())
@example("#\n \n")
def test_any_text_can_be_read_in_both_ways(text: str) -> None:
    read = list(deb822.stanzas(text))
    names = frozenset(name for stanza in read for name in stanza)
    assert list(deb822.stanzas_of(text.split("\n"), names)) == read
    assert all(stanza and all(name for name in stanza) for stanza in read)


FIELDS = st.dictionaries(
    st.from_regex(r"[a-z][a-z0-9-]{0,8}", fullmatch=True),
    st.lists(st.from_regex(r"[!-~]([ -~]{0,8}[!-~])?", fullmatch=True), min_size=1, max_size=3).map("\n".join),
    min_size=1,
    max_size=4,
)


@given(st.lists(FIELDS, max_size=4))
@settings(max_examples=50)
def test_what_is_written_is_read_back(stanzas: list[dict[str, str]]) -> None:
    written = "\n".join(
        "".join(f"{name.title()}: {value.replace(chr(10), chr(10) + ' ')}\n" for name, value in stanza.items())
        for stanza in stanzas
    )
    assert list(deb822.stanzas(written)) == stanzas
