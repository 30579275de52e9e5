"""What the files of an image say of its operating system: release, packages, and what could not be read."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from packaging.version import Version

from bot.formats import os_release, package_database, package_entry
from bot.model.packages import OsRelease, Package, PackageFormat

DPKG_STATUS = "var/lib/dpkg/status"
DPKG_FOLDER = "var/lib/dpkg/status.d/"
APK_DATABASES = ("lib/apk/db/installed", "usr/lib/apk/db/installed")
RPM_FOLDERS = ("var/lib/rpm/", "usr/lib/sysimage/rpm/", "usr/share/rpm/")
RPM_DATABASES = tuple(f"{folder}rpmdb.sqlite" for folder in RPM_FOLDERS)
# Write-ahead logs of SQLite: rpm leaves them empty when it is done; nothing is in one that is but its header.
RPM_LOGS = tuple(f"{path}-wal" for path in RPM_DATABASES)
LOG_HEADER = 32  # bytes
# Files of rpm that nobody can read here, with the format that each is in.
RPM_OTHERS = {
    f"{folder}{name}": kind
    for folder in RPM_FOLDERS
    for name, kind in (("Packages", "Berkeley DB"), ("Packages.db", "ndb"))
}
# The exact paths of databases; `status.d/*` comes besides.
DATABASES = (DPKG_STATUS, *APK_DATABASES, *RPM_DATABASES, *RPM_LOGS, *RPM_OTHERS)
# Best first: the one in etc is what an administrator may have put there, and often a link to the other.
RELEASES = ("etc/os-release", "usr/lib/os-release")

NO_DATABASE = "it has no package database (dpkg, apk or rpm)"
MOST_SENTENCES = 20  # a folder of 10,000 broken files needs no 10,000 sentences
CODENAMES = {"10": "buster", "11": "bullseye", "12": "bookworm", "13": "trixie", "14": "forky"}
# Debian's own versions only: those of Ubuntu and of others who rebuild it are marked (`13ubuntu10`).
BASE_FILES = re.compile(r"([0-9]{1,3})(?:\.[0-9]+)*(?:\+deb[0-9]+u[0-9]+)?(?:\+b[0-9]+)?")
ALPINE_RELEASE = re.compile(r"([0-9]+(?:\.[0-9]+)+(?:_[0-9a-z_]*)?)(?:-r[0-9]+)?")
# The distribution's own interpreter in Debian, Alpine, Wolfi (`python-3.12`), Fedora, RHEL and SUSE (`python311`).
PYTHON = re.compile(r"python-?3(?:\.?[0-9]{1,3})?(?:-minimal|-base)?|platform-python")
PYTHON_VERSION = re.compile(r"(?:[0-9]+:)?([0-9]{1,9}(?:\.[0-9]{1,9}){1,3})(?:[~_]?((?:a|b|rc)[0-9]{1,9}))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """What is known of an image's system; `unreadable` has a sentence for each thing that could not be read.

    `os` and `format` are None where nothing says what they are. Without packages a sentence says why.
    """

    os: OsRelease | None
    format: PackageFormat | None
    packages: tuple[Package, ...]
    unreadable: tuple[str, ...]


def is_database(path: str) -> bool:
    """Say whether a path, without a leading slash, is that of a package database or of a part of one."""
    name = path.removeprefix(DPKG_FOLDER)
    part = path.startswith(DPKG_FOLDER) and name != "" and "/" not in name and not name.endswith(".md5sums")
    return part or path in DATABASES


def is_release(path: str) -> bool:
    """Say whether a path, without a leading slash, is that of os-release(5)."""
    return path in RELEASES


def system(files: Mapping[str, bytes]) -> System:
    """Say what the files of an image, by paths without a leading slash, tell of its system; others are ignored.

    It never fails. Of several package managers the one with the most packages counts, and the others are named.
    A file that lists nothing is unreadable, unless other files have packages: Alpine's package of dpkg brings one.
    """
    found: dict[PackageFormat, set[Package]] = {kind: set() for kind in PackageFormat}
    why: list[str] = []
    empty: list[str] = []
    for path in sorted(filter(is_database, files)):
        kind = _kind(path)
        if kind is None:
            why.extend(_beside(path, files[path]))
            continue
        database = package_database.read(kind, files[path])
        found[kind].update(database.packages)
        why.extend([f"{path} {database.why}"] if database.why else [])
        empty.extend([path] if not database.packages and not database.why else [])
    packages, kinds = _most(found)
    why.extend(f"{path} lists no package" for path in empty if not packages or path.startswith(DPKG_FOLDER))
    why.extend(f"its packages of {kind} are left out beside those of {kinds[0]}" for kind in kinds[1:])
    os, unknown = _os(files, packages)
    why.extend([] if packages or why else [NO_DATABASE])
    return System(os=os, format=next(iter(kinds), None), packages=packages, unreadable=_some([*why, *unknown]))


def python_of(packages: Iterable[Package]) -> str | None:
    """Give the version of the distribution's own Python 3 (`3.11.2`, `3.13.0rc1`), None where there is none.

    The highest counts. It is the version of upstream; what a distribution mended in it is not told by it.
    """
    found = (PYTHON_VERSION.match(one.version) for one in packages if PYTHON.fullmatch(one.name))
    versions = [f"{match[1]}{match[2] or ''}" for match in found if match]
    return max(versions, key=Version, default=None)


def _kind(path: str) -> PackageFormat | None:
    """Say in which format a database's file is; None for those of rpm that cannot be read."""
    if path == DPKG_STATUS or path.startswith(DPKG_FOLDER):
        return PackageFormat.DEB
    if path in APK_DATABASES:
        return PackageFormat.APK
    return PackageFormat.RPM if path in RPM_DATABASES else None


def _beside(path: str, data: bytes) -> Iterator[str]:
    """Say what is not known because of a file of rpm that cannot be read."""
    if path in RPM_OTHERS:
        yield f"{path} cannot be read: it is a database of rpm in the format {RPM_OTHERS[path]}"
    elif len(data) > LOG_HEADER:
        yield f"{path} holds changes that are not in rpm's database yet"


def _most(found: Mapping[PackageFormat, set[Package]]) -> tuple[tuple[Package, ...], list[PackageFormat]]:
    """Give the packages of the format that has most, and the formats that have any, that one first."""
    kinds = sorted((kind for kind in found if found[kind]), key=lambda kind: -len(found[kind]))
    return package_entry.ordered(found[kinds[0]]) if kinds else (), kinds


def _os(files: Mapping[str, bytes], packages: tuple[Package, ...]) -> tuple[OsRelease | None, list[str]]:
    """Read the release, or else tell it by the package that has its version; and say what could not be read."""
    present = [path for path in RELEASES if path in files]
    read = (os_release.read(files[path].decode(errors="replace")) for path in present)
    os = next((one for one in read if one is not None), None) or _derived(packages)
    return os, [f"{path} does not say which operating system it is" for path in present if os is None]


def _derived(packages: tuple[Package, ...]) -> OsRelease | None:
    versions = {one.name: one.version for one in packages}
    if debian := BASE_FILES.fullmatch(versions.get("base-files", "")):
        return OsRelease(id="debian", version=debian[1], codename=CODENAMES.get(debian[1], ""))
    alpine = ALPINE_RELEASE.fullmatch(versions.get("alpine-release", ""))
    return OsRelease(id="alpine", version=alpine[1]) if alpine else None


def _some(sentences: list[str]) -> tuple[str, ...]:
    """Give the sentences, or the first ones and how many more there are."""
    more = len(sentences) - MOST_SENTENCES
    return (*sentences[:MOST_SENTENCES], f"and {more} more like these") if more > 0 else tuple(sentences)
