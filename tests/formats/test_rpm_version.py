"""The order of rpm's versions, against rpm itself and its published cases."""

import random
import subprocess
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.formats import rpm_version

# Each row is in order, lowest first.
ROWS = [
    ("1.0~rc1~git123", "1.0~rc1", "1.0~rc2", "1.0", "1.0^", "1.0^git1", "1.0^git2", "1.0a", "1.0.1", "1.1"),
    ("1.0~rc1^git1~pre", "1.0~rc1^git1", "1.0", "1.0^20160101~", "1.0^20160101", "1.0.1^20160101~", "1.01.1"),
    ("2.0", "2.0.1", "2.0.1a", "4.999.9", "5.0", "5.5p1", "5.5p2", "5.5p10", "5.6p1", "6.5p1"),
    ("xyz.4", "xyz10", "xyz10.1", "2", "8", "10a1", "10a2", "10b2", "10xyz", "10.1xyz"),
    ("6.0", "6.0.rc1"),
    ("1.0a", "1.0aa", "10.0001", "10.0039"),
    ("1b.fc17", "1.fc17", "1g.fc17"),
    ("3.9.18-1.el9", "3.9.18-3.el9", "3.9.18-3.el9_4.1", "3.9.18-3.el9_4.6", "3.9.18-10.el9", "1:1.0-1"),
    ("1.2", "1.2-1", "1.2-1.1", "1:1.1-1", "10:0-1"),
    ("9" * 5000, "1" + "0" * 5000),
]
SAME = [
    ("10.0001", "10.1"), ("2_0", "2.0"), ("a+", "a_"), ("+a", "_a"), ("+", "_"), ("", "."), ("1.1.α", "1.1.β"),
    ("0:1.0-1", "1.0-1"), (":1.0", "1.0"), ("00001:1", "1:1"),
]  # fmt: skip
WORDS = ("0", "1", "01", "9", "10", "a", "b", "Z", "rc", "git", "~", "^", ".", "_", "+")
VERSIONS = st.lists(st.sampled_from([*WORDS, "-", ":", "é", "\0"]), max_size=8).map("".join) | st.text(max_size=9)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0][:20])
def test_versions_are_in_order(row: tuple[str, ...]) -> None:
    assert sorted(row, key=rpm_version.key) == list(row)
    for low, high in pairwise(row):
        assert rpm_version.compare(low, high) == -1
        assert rpm_version.compare(high, low) == 1


@pytest.mark.parametrize(("one", "other"), SAME)
def test_signs_that_only_separate_and_zeros_in_front_do_not_count(one: str, other: str) -> None:
    assert rpm_version.compare(one, other) == 0


def test_there_is_an_end_to_what_counts_of_a_version() -> None:
    assert rpm_version.compare("1." * 5000 + "1", "1." * 5_000_000 + "2") == 0


@given(VERSIONS, VERSIONS, VERSIONS)
def test_any_text_has_its_place_in_one_order(one: str, other: str, third: str) -> None:
    assert rpm_version.compare(one, one) == 0
    assert rpm_version.compare(one, other) == -rpm_version.compare(other, one)
    low, middle, high = sorted((one, other, third), key=rpm_version.key)
    assert rpm_version.compare(low, middle) <= 0
    assert rpm_version.compare(middle, high) <= 0
    assert rpm_version.compare(low, high) <= 0


def test_the_order_is_that_of_rpm() -> None:
    chance = random.Random(4)
    some = ["".join(chance.choices(WORDS, k=1 + chance.randrange(6))) for _ in range(600)]
    pairs = [*pairwise(some)]
    pairs += [(low, high) for row in ROWS[:7] for low, high in pairwise(row)]
    calls = " ".join(f"print(rpm.vercmp('{one}', '{other}'), '')" for one, other in pairs)
    argv = ["rpm", "--eval", f"%{{lua:{calls}}}"]
    told = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=60)
    assert [int(line) for line in told.stdout.split()] == [rpm_version.compare(*pair) for pair in pairs]
