"""What strangers write moves no cursor and turns no text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.system.terminal import readable, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, ümlaut, 日本", "plain, ümlaut, 日本"),
        ("a\x1b[2Jb", "a\\x1b[2Jb"),
        ("a\nb\rc\td", "a\\nb\\rc\\td"),
        ("user\u202egnp.exe", "user\\u202egnp.exe"),
        ("\u2066x\u2069 \x9b31m \x07", "\\u2066x\\u2069 \\x9b31m \\x07"),
        ("\u2028\u2029\x85", "\\u2028\\u2029\\x85"),
        ("\udcff", "\\udcff"),
    ],
)
def test_everything_that_acts_is_written_as_an_escape(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(st.text())
def test_what_is_shown_is_one_line_that_prints(text: str) -> None:
    assert visible(text).isprintable()


@given(st.text())
def test_of_several_lines_only_line_ends_and_tabs_stay(text: str) -> None:
    assert all(line.isprintable() for line in readable(text).replace("\t", "").split("\n"))


def test_what_breaks_mentions_in_proposals_is_not_shown() -> None:
    assert readable("by @\u200bbob\nand") == "by @bob\nand"
