"""One file of a package database, of any format: its packages, and what is wrong with it."""

from dataclasses import dataclass

from bot.formats import apk_installed, dpkg_status, package_entry, rpm_database
from bot.model.packages import Package, PackageFormat


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """What a file lists; `why` says what of it could not be read, as the end of a sentence, "" where all could."""

    packages: tuple[Package, ...] = ()
    why: str = ""


def read(kind: PackageFormat, data: bytes) -> Database:
    """Read the file of a format; it never fails. A file that lists nothing is not wrong by itself."""
    if not data:
        return Database()
    if kind is PackageFormat.RPM:
        return _rpm(data)
    # Only words outside the descriptions matter; an entry with one that is no text is refused.
    text = data.decode(errors="replace")
    found = list(dpkg_status.entries(text) if kind is PackageFormat.DEB else apk_installed.entries(text))
    broken = found.count(None)
    why = f"has {broken} of {len(found)} entries without a name, version or source that makes sense" if broken else ""
    return Database(packages=package_entry.ordered(found), why=why)


def _rpm(data: bytes) -> Database:
    try:
        return Database(packages=rpm_database.packages(data))
    except ValueError as error:
        return Database(why=f"cannot be read: {error}")
