"""Reading one file of a package database."""

import pytest

from bot.formats import package_database
from bot.model.packages import PackageFormat
from tests.formats import rpm_headers

RPM = rpm_headers.database([rpm_headers.installed("a", "1", "2", "a-1-2.src.rpm")])


@pytest.mark.parametrize(
    ("kind", "data", "names"),
    [
        (PackageFormat.DEB, b"Package: a\nVersion: 1\n", ["a"]),
        (PackageFormat.DEB, b"Package: a\nVersion: 1\nMaintainer: J\xe9r\xf4me\n", ["a"]),
        (PackageFormat.APK, b"P:a\nV:1\n", ["a"]),
        (PackageFormat.RPM, RPM, ["a"]),
        (PackageFormat.DEB, b"", []),
        (PackageFormat.RPM, b"", []),
        (PackageFormat.APK, b"\xff\xfe" * 100, []),
    ],
)
def test_a_sound_file_gives_its_packages_and_nothing_to_say(kind: PackageFormat, data: bytes, names: list[str]) -> None:
    found = package_database.read(kind, data)
    assert [one.name for one in found.packages] == names
    assert found.why == ""


@pytest.mark.parametrize(
    ("kind", "data", "names", "why"),
    [
        (PackageFormat.DEB, b"Package: a\nVersion: 1\n\nPackage: \xff\nVersion: 1\n\nPackage: b\n", ["a"], "has 2 of 3 entries without"),
        (PackageFormat.APK, b"P:a\n", [], "has 1 of 1 entries without"),
        (PackageFormat.RPM, b"Package: a\nVersion: 1\n", [], "cannot be read: this is not a database of SQLite"),
        (PackageFormat.RPM, RPM[:3000], [], "cannot be read: SQLite cannot read this database"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_file_is_said(kind: PackageFormat, data: bytes, names: list[str], why: str) -> None:
    found = package_database.read(kind, data)
    assert [one.name for one in found.packages] == names
    assert found.why.startswith(why)
