from datetime import UTC, datetime, timedelta, timezone

import pytest

from bot.formats.apt_release import IndexFile, is_security, release

A, B = "a" * 64, "b" * 128
TEXT = f"""\
Origin: Debian
Label: Debian-Security
Suite: oldstable-security
Codename: bookworm-security
Date: Mon, 23 Nov 2026 11:22:37 UTC
Valid-Until: Mon, 30 Nov 2026 11:22:37 UTC
Acquire-By-Hash: yes
Architectures: amd64 arm64
Components: updates/main
Description: x
MD5Sum:
 {"c" * 32} 10 main/binary-amd64/Packages
SHA256:
 {A}        10 main/binary-amd64/Packages
 {A.upper()} 11 main/binary-amd64/Packages.xz
 {A} 12 main/source/Sources.xz
 {A} nonsense main/binary-amd64/Packages.gz
SHA512:
 {B} 10 main/binary-amd64/Packages
 {B} 13 main/binary-amd64/Packages.zst
 {A} 14 main/binary-arm64/Packages
"""


def test_a_release_file_is_read() -> None:
    found = release(TEXT)
    assert (found.origin, found.label, found.suite, found.codename) == (
        "Debian", "Debian-Security", "oldstable-security", "bookworm-security",
    )  # fmt: skip
    assert found.date == datetime(2026, 11, 23, 11, 22, 37, tzinfo=UTC)
    assert found.valid_until == datetime(2026, 11, 30, 11, 22, 37, tzinfo=UTC)
    assert (found.by_hash, found.architectures) == (True, ("amd64", "arm64"))
    assert (found.serves_all, found.not_automatic, found.upgrades) == (False, False, False)


def test_indexes_of_binary_packages_have_their_strongest_plain_hash() -> None:
    assert release(TEXT).files == {
        "main/binary-amd64/Packages": IndexFile(
            path="main/binary-amd64/Packages", size=10, algorithm="SHA256", digest=A
        ),
        "main/binary-amd64/Packages.xz": IndexFile(
            path="main/binary-amd64/Packages.xz", size=11, algorithm="SHA256", digest=A
        ),
        "main/binary-amd64/Packages.zst": IndexFile(
            path="main/binary-amd64/Packages.zst", size=13, algorithm="SHA512", digest=B
        ),
    }


def test_sha256_counts_also_where_it_comes_last() -> None:
    path = "main/binary-amd64/Packages"
    assert release(f"SHA512:\n {B} 1 {path}\nSHA256:\n {A} 1 {path}\n").files[path].algorithm == "SHA256"


@pytest.mark.parametrize(
    ("fields", "served"),
    [
        ("Architectures: amd64", False),
        ("Architectures: all amd64", True),
        ("Architectures: all amd64\nNo-Support-for-Architecture-all: Packages", False),
    ],
)
def test_packages_for_all_have_an_index_only_where_that_is_said(fields: str, served: bool) -> None:
    assert release(f"{fields}\nSHA256:\n").serves_all is served


def test_suites_that_are_not_automatic_say_so() -> None:
    found = release("NotAutomatic: yes\nButAutomaticUpgrades: YES\nSHA256:\n")
    assert (found.not_automatic, found.upgrades, found.date, found.valid_until) == (True, True, None, None)


@pytest.mark.parametrize(
    "text",
    [
        "Tue, 24 Nov 2026  9:50:53 UTC",
        "Tue, 24 Nov 2026 09:50:53 GMT",
        "Tue, 24 Nov 2026 10:50:53 +0100",
        "Tue, 24 Nov 2026 09:50:53 Z",
    ],
)
def test_dates_are_in_utc(text: str) -> None:
    date = release(f"Date: {text}\nSHA256:\n").date
    assert date == datetime(2026, 11, 24, 9, 50, 53, tzinfo=UTC)
    assert date is not None
    assert date.tzinfo is UTC
    assert date.astimezone(timezone(timedelta(hours=1))) == date


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "it lists no files with a SHA256 or SHA512"),
        ("Suite: x\nMD5Sum:\n x 1 y\n", "it lists no files with a SHA256 or SHA512"),
        ("Date: soon\nSHA256:\n", "its date cannot be read: 'soon'"),
        (
            "Valid-Until: Mon, 99 Nov 2026 11:22:37 UTC\nSHA256:\n",
            "its valid-until cannot be read: 'Mon, 99 Nov 2026 11:22:37 UTC'",
        ),
    ],
)
def test_what_cannot_be_relied_on_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=f"^{reason}$"):
        release(text)


@pytest.mark.parametrize(
    ("suite", "fields", "expected"),
    [
        ("bookworm-security", "", True),
        ("stable/updates", "", True),
        ("bookworm", "", False),
        ("bookworm-updates", "Suite: oldstable-updates", False),
        ("copy", "Suite: noble-security", True),
        ("copy", "Codename: bookworm-security", True),
        ("copy", "Label: Debian-Security", True),
        ("noble-infra-security", "Label: UbuntuESM", True),
        ("noble-infra-updates", "Label: UbuntuESM", True),
        ("noble-apps-updates", "Label: UbuntuESMApps", True),
    ],
)
def test_a_suite_of_security_updates_is_known_by_its_names(suite: str, fields: str, expected: bool) -> None:
    assert is_security(suite, release(f"{fields}\nSHA256:\n")) is expected
