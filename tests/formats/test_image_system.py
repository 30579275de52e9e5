"""What the files of an image say of its system."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.formats import image_system
from bot.model.packages import OsRelease, Package, PackageFormat
from tests.formats import rpm_headers

BOOKWORM = OsRelease(id="debian", version="12", codename="bookworm")
DEBIAN_RELEASE = b'ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\n'
STATUS = b"Package: dpkg\nStatus: install ok installed\nVersion: 1.21.22\nArchitecture: amd64\n"
BASE = b"Package: base-files\nVersion: 12.4+deb12u11\nArchitecture: amd64\n"
TZDATA = b"Package: tzdata\nVersion: 2024a-0+deb12u1\nArchitecture: all\n"
ALPINE = b"P:musl\nV:1.2.5-r0\nA:x86_64\n\nP:alpine-release\nV:3.20.3-r0\nA:x86_64\n\n"
RPM = rpm_headers.database([rpm_headers.installed("bash", "5.1.8", "9.el9", "bash-5.1.8-9.el9.src.rpm")])
NONE = "it has no package database (dpkg, apk or rpm)"


def package(name: str, version: str) -> Package:
    return Package(name=name, version=version, source=name, source_version=version, architecture="x")


def told(files: dict[str, bytes]) -> tuple[list[str], str | None, list[str]]:
    found = image_system.system(files)
    return [one.name for one in found.packages], found.format, list(found.unreadable)


@pytest.mark.parametrize("path", ["var/lib/dpkg/status", "var/lib/dpkg/status.d/tzdata", "lib/apk/db/installed",
                                  "usr/lib/apk/db/installed", "var/lib/rpm/rpmdb.sqlite", "usr/lib/sysimage/rpm/rpmdb.sqlite",
                                  "usr/share/rpm/rpmdb.sqlite", "var/lib/rpm/rpmdb.sqlite-wal", "var/lib/rpm/Packages",
                                  "usr/lib/sysimage/rpm/Packages.db"])  # fmt: skip
def test_databases_are_known_by_their_paths(path: str) -> None:
    assert image_system.is_database(path)
    assert not image_system.is_database(f"/{path}")
    assert not image_system.is_database(f"chroot/{path}")
    assert not image_system.is_release(path)


@pytest.mark.parametrize("path", ["", "var/lib/dpkg", "var/lib/dpkg/status-old", "var/lib/dpkg/status.d", "tzdata",
                                  "var/lib/dpkg/status.d/", "var/lib/dpkg/status.d/tzdata.md5sums",
                                  "var/lib/dpkg/status.d/a/b", "lib/apk/db/installed/x", "var/lib/rpm/Name"])  # fmt: skip
def test_what_is_beside_a_database_is_none(path: str) -> None:
    assert not image_system.is_database(path)


def test_releases_are_known_by_their_paths() -> None:
    assert all(image_system.is_release(path) for path in image_system.RELEASES)
    assert not image_system.is_release("etc/alpine-release")


@pytest.mark.parametrize(
    ("files", "names", "kind"),
    [
        ({"var/lib/dpkg/status": STATUS}, ["dpkg"], "deb"),
        ({"var/lib/dpkg/status.d/base": BASE, "var/lib/dpkg/status.d/tzdata": TZDATA}, ["base-files", "tzdata"], "deb"),
        ({"var/lib/dpkg/status": STATUS, "var/lib/dpkg/status.d/base": BASE}, ["base-files", "dpkg"], "deb"),
        ({"var/lib/dpkg/status": b"", "var/lib/dpkg/status.d/base": BASE}, ["base-files"], "deb"),
        ({"var/lib/dpkg/status.d/base": BASE, "var/lib/dpkg/status.d/base.md5sums": b"Package: x"}, ["base-files"], "deb"),
        ({"lib/apk/db/installed": ALPINE}, ["alpine-release", "musl"], "apk"),
        ({"usr/lib/apk/db/installed": ALPINE}, ["alpine-release", "musl"], "apk"),
        ({"lib/apk/db/installed": ALPINE, "var/lib/dpkg/status": b""}, ["alpine-release", "musl"], "apk"),
        ({"var/lib/rpm/rpmdb.sqlite": RPM, "var/lib/rpm/rpmdb.sqlite-wal": b""}, ["bash"], "rpm"),
        ({"usr/lib/sysimage/rpm/rpmdb.sqlite": RPM, "usr/lib/sysimage/rpm/rpmdb.sqlite-wal": b"\0" * 32}, ["bash"], "rpm"),
        ({"usr/share/rpm/rpmdb.sqlite": RPM, "etc/passwd": b"\xff"}, ["bash"], "rpm"),
    ],
)  # fmt: skip
def test_packages_are_read_from_the_databases_of_each_format(
    files: dict[str, bytes], names: list[str], kind: str
) -> None:
    assert told(files) == (names, kind, [])


@pytest.mark.parametrize(
    ("files", "unreadable"),
    [
        ({}, [NONE]),
        ({"etc/passwd": STATUS, "etc/os-release": DEBIAN_RELEASE}, [NONE]),
        ({"var/lib/dpkg/status.d/a.md5sums": STATUS}, [NONE]),
        ({"var/lib/rpm/rpmdb.sqlite-wal": b""}, [NONE]),
        ({"var/lib/dpkg/status": b""}, ["var/lib/dpkg/status lists no package"]),
        ({"var/lib/dpkg/status": b"\n \n"}, ["var/lib/dpkg/status lists no package"]),
        ({"var/lib/dpkg/status": b"\xff\xfe\0" * 99}, ["var/lib/dpkg/status lists no package"]),
        ({"var/lib/dpkg/status": b"Package: a\nStatus: deinstall ok config-files\n"}, ["var/lib/dpkg/status lists no package"]),
        ({"lib/apk/db/installed": b"\n"}, ["lib/apk/db/installed lists no package"]),
        ({"var/lib/rpm/rpmdb.sqlite": b""}, ["var/lib/rpm/rpmdb.sqlite lists no package"]),
        ({"var/lib/rpm/rpmdb.sqlite": rpm_headers.database([])}, ["var/lib/rpm/rpmdb.sqlite lists no package"]),
        ({"var/lib/rpm/rpmdb.sqlite": b"x"}, ["var/lib/rpm/rpmdb.sqlite cannot be read: this is not a database of SQLite"]),
        ({"var/lib/rpm/Packages": b"x"}, ["var/lib/rpm/Packages cannot be read: it is a database of rpm in the format Berkeley DB"]),
        ({"usr/lib/sysimage/rpm/Packages.db": b"RpmP"}, ["usr/lib/sysimage/rpm/Packages.db cannot be read: it is a database of rpm in the format ndb"]),
    ],
)  # fmt: skip
def test_without_packages_a_sentence_says_why(files: dict[str, bytes], unreadable: list[str]) -> None:
    assert told(files) == ([], None, unreadable)


@pytest.mark.parametrize(
    ("files", "names", "kind", "unreadable"),
    [
        (
            {"var/lib/dpkg/status": STATUS + b"\nPackage: a\n"}, ["dpkg"], "deb",
            ["var/lib/dpkg/status has 1 of 2 entries without a name, version or source that makes sense"],
        ),
        (
            {"var/lib/dpkg/status.d/a": b"", "var/lib/dpkg/status.d/base": BASE}, ["base-files"], "deb",
            ["var/lib/dpkg/status.d/a lists no package"],
        ),
        (
            {"lib/apk/db/installed": ALPINE, "var/lib/rpm/rpmdb.sqlite": RPM}, ["alpine-release", "musl"], "apk",
            ["its packages of rpm are left out beside those of apk"],
        ),
        (
            {"var/lib/rpm/rpmdb.sqlite": RPM, "var/lib/rpm/rpmdb.sqlite-wal": b"\0" * 33}, ["bash"], "rpm",
            ["var/lib/rpm/rpmdb.sqlite-wal holds changes that are not in rpm's database yet"],
        ),
        (
            {"lib/apk/db/installed": ALPINE, "var/lib/rpm/rpmdb.sqlite": b"x"}, ["alpine-release", "musl"], "apk",
            ["var/lib/rpm/rpmdb.sqlite cannot be read: this is not a database of SQLite"],
        ),
    ],
)  # fmt: skip
def test_what_is_read_in_part_is_said(
    files: dict[str, bytes], names: list[str], kind: str, unreadable: list[str]
) -> None:
    assert told(files) == (names, kind, unreadable)


def test_there_is_an_end_to_what_is_said() -> None:
    _, _, unreadable = told({f"var/lib/dpkg/status.d/{number:05}": b"" for number in range(10_000)})
    assert len(unreadable) == image_system.MOST_SENTENCES + 1
    assert unreadable[-1] == f"and {10_000 - image_system.MOST_SENTENCES} more like these"


@pytest.mark.parametrize(
    ("files", "os"),
    [
        ({"etc/os-release": DEBIAN_RELEASE}, BOOKWORM),
        ({"usr/lib/os-release": DEBIAN_RELEASE}, BOOKWORM),
        ({"etc/os-release": b"ID=ours\n", "usr/lib/os-release": DEBIAN_RELEASE}, OsRelease(id="ours", version="")),
        ({"etc/os-release": b"", "usr/lib/os-release": DEBIAN_RELEASE}, BOOKWORM),
        ({"etc/os-release": DEBIAN_RELEASE, "lib/apk/db/installed": ALPINE}, BOOKWORM),
        ({"var/lib/dpkg/status.d/base": BASE}, BOOKWORM),
        ({"lib/apk/db/installed": ALPINE}, OsRelease(id="alpine", version="3.20.3")),
        ({"lib/apk/db/installed": b"P:alpine-baselayout\nV:3.6.5-r0\n"}, None),
        ({"var/lib/dpkg/status": STATUS}, None),
        ({"var/lib/rpm/rpmdb.sqlite": RPM}, None),
    ],
)
def test_the_release_is_read_or_told_by_a_package(files: dict[str, bytes], os: OsRelease | None) -> None:
    assert image_system.system(files).os == os


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("10.3+deb10u13", ("10", "buster")), ("11.1", ("11", "bullseye")), ("12.4+deb12u5", ("12", "bookworm")),
        ("13.8+deb13u1", ("13", "trixie")), ("14", ("14", "forky")), ("15.1", ("15", "")), ("12+b1", ("12", "bookworm")),
        ("13ubuntu10.1", None), ("12ubuntu4.7", None), ("1:2024.1.0", None), ("12devuan1", None), ("12.4+rpi1", None),
    ],
)  # fmt: skip
def test_debians_release_is_that_of_its_base_files_and_others_versions_are_not_debians(
    version: str, expected: tuple[str, str] | None
) -> None:
    os = image_system.system({"var/lib/dpkg/status": f"Package: base-files\nVersion: {version}\n".encode()}).os
    assert (os and (os.id, os.version, os.codename)) == (expected and ("debian", *expected))


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("3.20.3-r0", "3.20.3"),
        ("3.22.0_alpha20250108-r0", "3.22.0_alpha20250108"),
        ("3.17", "3.17"),
        ("3", None),
        ("x", None),
    ],
)
def test_alpines_release_is_that_of_its_package(version: str, expected: str | None) -> None:
    os = image_system.system({"lib/apk/db/installed": f"P:alpine-release\nV:{version}\n".encode()}).os
    assert (os and os.version) == expected


def test_a_release_that_says_nothing_is_unreadable() -> None:
    _, _, unreadable = told({"etc/os-release": b"\xff", "var/lib/dpkg/status": STATUS})
    assert unreadable == ["etc/os-release does not say which operating system it is"]
    _, _, unreadable = told({"etc/os-release": b"\xff", "var/lib/dpkg/status.d/base": BASE})
    assert unreadable == []


@pytest.mark.parametrize(
    ("packages", "expected"),
    [
        ([], None),
        ([("python3.11-minimal", "3.11.2-6+deb12u3"), ("python3.11", "3.11.2-6+deb12u3"), ("python3", "3.11.2-1+b1")], "3.11.2"),
        ([("python3", "3.13.7-1"), ("python3.13", "3.13.9-1")], "3.13.9"),
        ([("python3.9", "3.9.2-1"), ("python3.10", "3.10.1-1")], "3.10.1"),
        ([("python3.13-minimal", "3.13.0~rc1-1"), ("python3-apt", "9.9"), ("libpython3.12-minimal", "9.9")], "3.13.0rc1"),
        ([("python3.12-minimal", "3.12.3-1ubuntu0.5")], "3.12.3"),
        ([("python3", "3.12.8-r1")], "3.12.8"),
        ([("python3", "3.12.0_rc1-r0")], "3.12.0rc1"),
        ([("python-3.12", "3.12.7-r0"), ("python-3.12-base", "3.12.7-r0")], "3.12.7"),
        ([("python3.11", "3.11.7-1.el9"), ("python3", "3.9.18-3.el9"), ("python3-libs", "9.9-1")], "3.11.7"),
        ([("platform-python", "3.6.8-56.el8")], "3.6.8"),
        ([("python311-base", "3.11.9-150400.9.29.1")], "3.11.9"),
        ([("python3", "1:3.4.5-6")], "3.4.5"),
        ([("python", "2.7.18-3"), ("python2.7", "2.7.18-8"), ("python3", "unknown"), ("python3-dev", "3.1.1")], None),
        ([("python3", "3." + "9" * 5000)], "3.999999999"),
    ],
)  # fmt: skip
def test_the_python_is_the_distributions_own_in_its_highest_version(
    packages: list[tuple[str, str]], expected: str | None
) -> None:
    assert image_system.python_of(package(*one) for one in packages) == expected


PATHS = st.sampled_from([*image_system.DATABASES, *image_system.RELEASES, "var/lib/dpkg/status.d/a", "x"])
CONTENTS = (
    st.sampled_from([b"", STATUS, BASE, ALPINE, RPM, DEBIAN_RELEASE, b"ID=", b"P:a", b"Package: a\n"]) | st.binary()
)


@given(st.dictionaries(PATHS, CONTENTS, max_size=6))
def test_any_files_give_packages_or_say_why_not(files: dict[str, bytes]) -> None:
    found = image_system.system(files)
    assert found.packages or found.unreadable
    assert bool(found.packages) == (found.format is not None)
    assert found.format in {None, *PackageFormat}
    assert image_system.system(dict(reversed(files.items()))) == found
