"""Which operating system an image is."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.formats import os_release
from bot.model.packages import OsRelease

DEBIAN = """\
PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
NAME="Debian GNU/Linux"
VERSION_ID="12"
VERSION="12 (bookworm)"
VERSION_CODENAME=bookworm
ID=debian
HOME_URL="https://www.debian.example/"
"""
DISTROLESS = 'PRETTY_NAME="Distroless"\nNAME="Debian GNU/Linux"\nID="debian"\nVERSION_ID="12"\nVERSION="Debian GNU/Linux 12 (bookworm)"'
UBUNTU = 'NAME="Ubuntu"\nVERSION_ID="24.04"\nVERSION="24.04.1 LTS (Noble Numbat)"\nVERSION_CODENAME=noble\nID=ubuntu\nID_LIKE=debian\n'
ALPINE = 'NAME="Alpine Linux"\nID=alpine\nVERSION_ID=3.20.3\nPRETTY_NAME="Alpine Linux v3.20"\n'
UBI = 'NAME="Red Hat Enterprise Linux"\nVERSION="9.4 (Plow)"\nID="rhel"\nID_LIKE="fedora"\nVERSION_ID="9.4"\nPLATFORM_ID="platform:el9"\n'
TESTING = 'PRETTY_NAME="Debian GNU/Linux forky/sid"\nNAME="Debian GNU/Linux"\nVERSION_CODENAME=forky\nID=debian\n'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (DEBIAN, ("debian", "12", "bookworm")),
        (DISTROLESS, ("debian", "12", "bookworm")),
        ('ID=debian\nVERSION_ID="9"\nVERSION="9 (stretch)"', ("debian", "9", "stretch")),
        (UBUNTU, ("ubuntu", "24.04", "noble")),
        (ALPINE, ("alpine", "3.20.3", "")),
        (UBI, ("rhel", "9.4", "")),
        (TESTING, ("debian", "", "forky")),
        ('ID=fedora\nVERSION="40 (container)"\nVERSION_ID=40', ("fedora", "40", "")),
        ("ID=wolfi\nVERSION_ID=20230201\n", ("wolfi", "20230201", "")),
        (DEBIAN.replace("\n", "\r\n"), ("debian", "12", "bookworm")),
        ("#ID=no\n  ID='debian'  \n# VERSION_ID=1\nVERSION_ID='1\\2'", ("debian", "", "")),
        ("  ID='debian'  \nVERSION_ID=\\1\\2", ("debian", "12", "")),
        ("ID=debian\nVERSION_ID='12 @all'\nVERSION_CODENAME=#1", ("debian", "", "")),
        (f"ID=debian\nVERSION_ID={'1' * 100}\nVERSION_CODENAME={'b' * 101}", ("debian", "1" * 100, "")),
        ("ID=open-suse_x.1\nVERSION_ID=15.5-a_b", ("open-suse_x.1", "15.5-a_b", "")),
        ("ID=a\\ b\nID=c\\d", ("cd", "", "")),
        ("ID=a\nVERSION_ID=\"1\nVERSION_CODENAME=b'", ("a", "", "")),
        ("ID=a\nVERSION_ID=1\x1b[31m", ("a", "", "")),
        (f"ID=a\nVERSION_ID={'1' * 5000}", ("a", "", "")),
    ],
)
def test_the_release_is_what_the_file_says(text: str, expected: tuple[str, str, str]) -> None:
    name, version, codename = expected
    assert os_release.read(text) == OsRelease(id=name, version=version, codename=codename)


@pytest.mark.parametrize(
    "text",
    [
        "",
        'ID="a\\"b\\$\\\\\\x"',
        "ID=@acme",
        "ID='a b'",
        "NAME=Debian\n",
        "ID=\n",
        'ID=""',
        "ID=a\0b",
        "id=a",
        "XID=a",
        "ID" * 5_000_000,
    ],
)
def test_without_an_id_there_is_no_release(text: str) -> None:
    assert os_release.read(text) is None


@given(st.text() | st.text(alphabet=st.sampled_from("ID=VERSION_\"'\\$\n ()a")).map("ID=".__add__))
def test_any_text_can_be_read(text: str) -> None:
    found = os_release.read(text)
    assert found is None or found.id
    assert found is None or re.fullmatch(r"[A-Za-z0-9._-]*", found.id + found.version + found.codename)
