"""The order of Alpine's versions."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.formats import apk_version

# Each row is in order, lowest first.
ROWS = [
    ("0.1.0_alpha_pre2", "0.1.0_alpha", "0.1.0_alpha2", "0.1.0_beta", "0.1.0_pre1", "0.1.0_rc1", "0.1.0", "0.1.0-r0"),
    ("1.0", "1.0-r1", "1.0-r9", "1.0-r10", "1.0~0ab", "1.0~1f-r3", "1.0_cvs1", "1.0_svn1", "1.0_git1", "1.0_hg1"),
    (
        "1.0_p9-r0",
        "1.0_p10-r0",
        "1.0a",
        "1.0a-r2",
        "1.0b_rc1",
        "1.0b",
        "1.0.1",
        "1.01",
        "1.06-r6",
        "1.1",
        "1.10",
        "006",
    ),
    ("1.3_pre1-r1", "1.3-r0", "1.3.1-r0", "1.3.2"),
    ("0.97-r2", "0.97-r3", "1.3.5-r8", "1.3.5-r9", "1.3.5-r10", "021109-r3", "20040923-r2"),
    ("1.0.0_pre20191002222144-r0", "1.0.0_pre20210530193627-r0", "1.0.0"),
    ("2.3.0b-r1", "2.3.0b-r2", "2.3.0b-r10", "2.12r-r4", "5b-r9", "6b-r7"),
    ("1.36.1-r2", "1.36.1-r15", "1.37.0-r8", "3.3.2-r1", "3.3.3-r0", "3.3.10_git20240101-r0"),
    ("7.0.17", "7.0.174"),
    ("4_beta", "23_foo"),
    ("1.0!", "1.0", "1.0bc", "1.0b"),
    ("9" * 5000, "1" + "0" * 5000),
]
SAME = [("006", "6"), ("1.0-r01", "1.0-r1"), ("1_rc01", "1_rc1"), ("", "0"), ("1.0_p0", "1.0_p00")]
WORDS = (
    "0",
    "1",
    "01",
    "9",
    "10",
    "a",
    "b",
    "_alpha",
    "_rc",
    "_p",
    "_git",
    "~ab",
    "-r",
    "-r1",
    "-r10",
    ".",
    ".0",
    ".1",
)
VERSIONS = st.lists(st.sampled_from([*WORDS, "-", "_", "é", "\0", "\n"]), max_size=8).map("".join) | st.text(max_size=9)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0][:20])
def test_versions_are_in_order(row: tuple[str, ...]) -> None:
    assert sorted(row, key=apk_version.key) == list(row)
    for low, high in pairwise(row):
        assert apk_version.compare(low, high) == -1
        assert apk_version.compare(high, low) == 1


@pytest.mark.parametrize(("one", "other"), SAME)
def test_zeros_in_front_do_not_count_where_no_point_stands_before_them(one: str, other: str) -> None:
    assert apk_version.compare(one, other) == 0


def test_a_suffix_that_only_begins_like_a_known_one_is_none() -> None:
    assert apk_version.compare("1.0_preview", "1.0") == -1
    assert apk_version.compare("1.0_patch", "1.0") == -1


def test_there_is_an_end_to_what_counts_of_a_version() -> None:
    assert apk_version.compare("1." * 5000 + "1", "1." * 5_000_000 + "2") == 0


@given(VERSIONS, VERSIONS, VERSIONS)
def test_any_text_has_its_place_in_one_order(one: str, other: str, third: str) -> None:
    assert apk_version.compare(one, one) == 0
    assert apk_version.compare(one, other) == -apk_version.compare(other, one)
    low, middle, high = sorted((one, other, third), key=apk_version.key)
    assert apk_version.compare(low, middle) <= 0
    assert apk_version.compare(middle, high) <= 0
    assert apk_version.compare(low, high) <= 0
