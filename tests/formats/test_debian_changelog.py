import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.formats.debian_changelog import between, entries, ids, is_between, unrebuilt

TEXT = """\
openssl (3.0.22-1~deb12u2) bookworm-security; urgency=HIGH

  * Fix CVE-2026-0003 and cve-2026-0004.

 -- Somebody <x@mail.example>  Mon, 23 Nov 2026 11:22:37 +0000

openssl (3.0.22-1~deb12u1) bookworm; urgency=medium, binary-only=yes

  * New upstream version
    openssl (not an entry) x; y

 -- Somebody <x@mail.example>  Mon, 23 Nov 2026 11:22:37 +0000

openssl (3.0.20-1~deb12u2) bookworm-security bookworm; priority=low

  * CVE-2026-0001

Local variables:
"""


def test_entries_are_read_in_their_order() -> None:
    found = entries(TEXT)
    assert [(entry.version, entry.distributions, entry.urgency) for entry in found] == [
        ("3.0.22-1~deb12u2", ("bookworm-security",), "high"),
        ("3.0.22-1~deb12u1", ("bookworm",), "medium"),
        ("3.0.20-1~deb12u2", ("bookworm-security", "bookworm"), ""),
    ]
    assert found[0].text.startswith("  * Fix CVE-2026-0003 and cve-2026-0004.\n\n -- Somebody")
    assert entries("about nothing\n") == ()


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("3.0.20-1~deb12u2", "3.0.22-1~deb12u2", ["3.0.22-1~deb12u2", "3.0.22-1~deb12u1"]),
        ("3.0.20-1~deb12u1", "3.0.22-1~deb12u1", ["3.0.22-1~deb12u1", "3.0.20-1~deb12u2"]),
        ("3.0.22-1~deb12u2", "3.0.22-1~deb12u2", []),
        ("1:0", "1:1", []),
        ("3.0.20-1~deb12u2+b3", "3.0.22-1~deb12u1+b1", ["3.0.22-1~deb12u1"]),
    ],
)
def test_a_slice_is_above_the_old_and_up_to_the_new_version(old: str, new: str, expected: list[str]) -> None:
    assert [entry.version for entry in between(TEXT, old, new)] == expected


def test_a_rebuild_counts_as_what_was_rebuilt() -> None:
    assert (unrebuilt("1.0-1+b12"), unrebuilt("1.0-1+b1+x"), unrebuilt("1.0-1")) == ("1.0-1", "1.0-1+b1+x", "1.0-1")
    assert not is_between("1.0-1+b2", "1.0-1", "1.0-2")
    assert is_between("1.0-2+b2", "1.0-1", "1.0-2")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ()),
        (
            "CVE-2024-1235, CVE-2024-1234/cve-2024-1234 (CVE-2024-123456)",
            ("CVE-2024-1234", "CVE-2024-123456", "CVE-2024-1235"),
        ),
        ("ghsa-JFH8-c2jp-5v3q", ("GHSA-jfh8-c2jp-5v3q",)),
        ("CVE-2024-12 CVE-2024-{1,2} XCVE-2024-1234 CVE-20244-1234 GHSA-aaaa-bbbb", ()),
        ("CVE-2024-1234abc", ("CVE-2024-1234",)),
    ],
)
def test_ids_are_sorted_and_unique(text: str, expected: tuple[str, ...]) -> None:
    assert ids(text) == expected


@given(st.text())
def test_it_never_fails(text: str) -> None:
    entries(text)
    ids(text)
    between(f"{text}\nx ({text[:10]}) y; urgency=low", text, text)
