"""Choosing the order of versions by the package manager."""

import pytest

from bot.formats import package_version
from bot.model.packages import PackageFormat


@pytest.mark.parametrize(
    ("kind", "one", "other", "expected"),
    [
        (PackageFormat.DEB, "1.0~rc1", "1.0", -1),
        (PackageFormat.DEB, "1.0+b1", "1.0a", 1),
        (PackageFormat.APK, "1.0_rc1", "1.0", -1),
        (PackageFormat.APK, "1.0-r10", "1.0-r9", 1),
        (PackageFormat.RPM, "1.0^git1", "1.0", 1),
        (PackageFormat.RPM, "1_0-1.el9", "1.0-1.el9", 0),
    ],
)
def test_each_format_has_its_own_order(kind: PackageFormat, one: str, other: str, expected: int) -> None:
    assert package_version.compare(kind, one, other) == expected
    key = package_version.key(kind)
    assert (key(one) > key(other)) - (key(one) < key(other)) == expected
