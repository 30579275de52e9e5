"""The order of versions of each package manager, chosen by the format of a database."""

from collections.abc import Callable
from typing import Any

from bot.formats import apk_version, dpkg_version, rpm_version
from bot.model.packages import PackageFormat

KEYS: dict[PackageFormat, Callable[[str], Any]] = {
    PackageFormat.DEB: dpkg_version.key,
    PackageFormat.APK: apk_version.key,
    PackageFormat.RPM: rpm_version.key,
}


def compare(kind: PackageFormat, one: str, other: str) -> int:
    """Give -1, 0 or 1 as `one` is lower than, the same as or higher than `other`; it never fails."""
    first, second = KEYS[kind](one), KEYS[kind](other)
    return int(first > second) - int(first < second)


def key(kind: PackageFormat) -> Callable[[str], Any]:
    """Give the function whose values versions sort by. They are comparable within one format only."""
    return KEYS[kind]
