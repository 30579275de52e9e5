from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.formats.osv_text import LONGEST, one_line


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (("A short word", "longer\ntext"), "A short word"),
        (("  ", "first\nsecond"), "first"),
        ((None, 7, ["x"], "\n\n  the one  with   words\n"), "the one with words"),
        (("### Impact\nEverything",), "Impact"),
        (("#\n##\nthen",), "then"),
        (("a\x1b[31mred\x00\u202eback\u200b\tb\u00a0c",), "a[31mredback b c"),
        ((), ""),
        ((" \n" * 5000,), ""),
    ],
)
def test_one_line_of_several_texts(texts: tuple[Any, ...], expected: str) -> None:
    assert one_line(*texts) == expected


def test_a_long_line_is_cut() -> None:
    assert one_line("x" * 5_000_000) == "x" * (LONGEST - 1) + "…"
    assert one_line("x" * LONGEST) == "x" * LONGEST


@given(st.text(max_size=500), st.text(max_size=500))
def test_it_is_always_one_short_line_that_can_be_printed(one: str, other: str) -> None:
    found = one_line(one, other)
    assert len(found) <= LONGEST
    assert found.isprintable()
    assert found.encode().decode() == found
    assert one_line(found) == found
