"""The order of Debian's versions, against dpkg itself."""

import random
import subprocess
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.formats import dpkg_version

# Each row is in order, lowest first.
ROWS = [
    ("1.0~~", "1.0~~a", "1.0~", "1.0", "1.0a", "1.0+", "1.0.", "1.0.1"),
    ("1.0~rc1-1", "1.0-1~bpo12+1", "1.0-1", "1.0-1+b1", "1.0-1+deb12u1", "1.0-1.1", "1.0-2", "1:0.1"),
    ("2.36-9+deb12u9", "2.36-9+deb12u10", "2.37-1", "10.0", "0:10.1"),
    ("3.0.15-1~deb12u1", "3.0.15-1", "3.0.16-1~deb12u1"),
    ("7.88.1-10+deb12u5", "7.88.1-10+deb12u12", "8.5.0-2ubuntu10", "8.5.0-2ubuntu10.6", "8.5.0-2ubuntu10.10"),
    ("1.2-3-1", "1.2-3.1-1", "1.2-4-1"),
    ("", "a", "1:", "1:0.1"),
    ("9" * 5000, "1" + "0" * 5000),
]
SAME = [
    ("1.0", "1.00"), ("1.0", "0:1.0"), ("1.0", "1.0-0"), ("1.0-", "1.0"), ("", "0"), ("0" * 9, ""), (" 1.0\n", "1.0"),
    ("1.a", "1.a0"), ("001:1", "1:1"),
]  # fmt: skip
WORDS = ("0", "1", "01", "9", "10", "2", "a", "b", "Z", "rc", "ubuntu", "deb", "~", "+", ".", ".", "~~", "+b", "git")
VERSIONS = st.lists(st.sampled_from([*WORDS, "-", ":", "é", "\0"]), max_size=8).map("".join) | st.text(max_size=9)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0][:20])
def test_versions_are_in_order(row: tuple[str, ...]) -> None:
    assert sorted(row, key=dpkg_version.key) == list(row)
    for low, high in pairwise(row):
        assert dpkg_version.compare(low, high) == -1
        assert dpkg_version.compare(high, low) == 1


@pytest.mark.parametrize(("one", "other"), SAME)
def test_versions_that_are_written_in_two_ways_are_the_same(one: str, other: str) -> None:
    assert dpkg_version.compare(one, other) == 0


def test_an_epoch_that_is_no_number_is_part_of_the_version() -> None:
    assert dpkg_version.compare("a:1", "b:1") == -1
    assert dpkg_version.compare("a:1", "1:0") == -1


def test_there_is_an_end_to_what_counts_of_a_version() -> None:
    assert dpkg_version.compare("1." * 5000 + "1", "1." * 5_000_000 + "2") == 0


@given(VERSIONS, VERSIONS, VERSIONS)
def test_any_text_has_its_place_in_one_order(one: str, other: str, third: str) -> None:
    assert dpkg_version.compare(one, one) == 0
    assert dpkg_version.compare(one, other) == -dpkg_version.compare(other, one)
    low, middle, high = sorted((one, other, third), key=dpkg_version.key)
    assert dpkg_version.compare(low, middle) <= 0
    assert dpkg_version.compare(middle, high) <= 0
    assert dpkg_version.compare(low, high) <= 0


def written(chance: random.Random) -> str:
    """Give a version that dpkg accepts: it begins with a digit."""
    text = "1" + "".join(chance.choices(WORDS, k=chance.randrange(4)))
    revision = "-" + "".join(chance.choices(WORDS, k=1 + chance.randrange(3)))
    return f"{chance.choice(['', '', '', '0:', '1:'])}{text}{chance.choice(['', revision])}"


def test_the_order_is_that_of_dpkg() -> None:
    chance = random.Random(4)
    pairs = [(written(chance), written(chance)) for _ in range(300)]
    pairs += [(low, high) for row in ROWS[:6] for low, high in pairwise(row)]
    script = (
        "while read -r a b; do dpkg --compare-versions $a lt $b && echo -1 && continue;"
        " dpkg --compare-versions $a eq $b && echo 0 || echo 1; done"
    )
    lines = "".join(f"{one} {other}\n" for one, other in pairs)
    told = subprocess.run(["sh", "-c", script], input=lines, capture_output=True, text=True, check=True, timeout=120)
    assert told.stderr == ""
    assert [int(line) for line in told.stdout.split()] == [dpkg_version.compare(*pair) for pair in pairs]
