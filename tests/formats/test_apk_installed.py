"""What apk says is installed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.formats import apk_installed

ALPINE = """\
C:Q1dlEdtlHr0AdAgsvvtHDFbYw/l9E=
P:alpine-baselayout
V:3.6.5-r0
A:x86_64
S:8515
I:315392
T:Alpine base dir structure and init scripts
U:https://git.alpine.example/cgit/aports/tree/main/alpine-baselayout
L:GPL-2.0-only
o:alpine-baselayout
m:Someone <someone@people.example>
t:1714981135
c:66187892e05b03a41d08e9acabd19b7576a1c875
D:alpine-baselayout-data=3.6.5-r0 /bin/sh
q:1000
F:dev
F:etc
R:motd
a:0:0:644
Z:Q1SLkS9hBidUbPwwrw+XR0Whv3ww8=
M:0:0:1777
V-like line that is no field

C:Q1+3=
P:libcrypto3
V:3.3.2-r1
A:x86_64
o:openssl
F:lib
R:libcrypto.so.3
a:0:0:755

C:Q1=
P:libssl3
V:3.3.2-r1
A:x86_64
o:openssl

P:musl
V:1.2.5-r0
A:x86_64
T:the musl c library — größer als nötig
o:musl

P:pandas-own
V:2.0_git20240101-r3
A:noarch

C:Q1HfxbAZM=
P:.python-rundeps
V:20241204.021532
A:noarch
S:0
I:0
T:virtual meta package
U:
L:
D:so:libbz2.so.1 so:libc.musl-x86_64.so.1

"""
ROWS = [
    ("alpine-baselayout", "3.6.5-r0", "alpine-baselayout", "3.6.5-r0", "x86_64"),
    ("libcrypto3", "3.3.2-r1", "openssl", "3.3.2-r1", "x86_64"),
    ("libssl3", "3.3.2-r1", "openssl", "3.3.2-r1", "x86_64"),
    ("musl", "1.2.5-r0", "musl", "1.2.5-r0", "x86_64"),
    ("pandas-own", "2.0_git20240101-r3", "pandas-own", "2.0_git20240101-r3", "noarch"),
]


def rows(text: str) -> list[tuple[str, ...]]:
    found = apk_installed.packages(text)
    return [(one.name, one.version, one.source, one.source_version, one.architecture) for one in found]


def test_what_is_installed_is_given_in_order_with_its_source() -> None:
    assert rows(ALPINE) == ROWS


def test_a_name_for_a_group_of_packages_is_none() -> None:
    assert ".python-rundeps" not in [row[0] for row in rows(ALPINE)]


@pytest.mark.parametrize("text", [ALPINE.replace("\n", "\r\n"), ALPINE.rstrip("\n"), f"\n\n{ALPINE}", ALPINE + "\n\n"])
def test_line_ends_and_blank_lines_change_nothing(text: str) -> None:
    assert rows(text) == ROWS


def test_entries_that_make_no_sense_are_counted_and_left_out() -> None:
    text = "P:a\nA:x86_64\n\nV:1\n\nP:b\0\nV:1\n\nP:c\nV:1\n\nC:Q1\nF:etc\n\n"
    assert rows(text) == [("c", "1", "c", "1", "")]
    assert [entry is None for entry in apk_installed.entries(text)] == [True, True, True, False]


@pytest.mark.parametrize("text", ["", "\n", "P" * 10_000_000, "P:" + "a" * 10_000_000, "\0" * 1000])
def test_what_is_no_database_lists_nothing(text: str) -> None:
    assert rows(text) == []


@given(
    st.text()
    | st.lists(st.sampled_from(["P:a\n", "V:1\n", "\n", "o:b\n", "P:", "T:virtual meta package\n"])).map("".join)
)
def test_any_text_can_be_read(text: str) -> None:
    assert all(one.name and one.version == one.source_version for one in apk_installed.packages(text))
