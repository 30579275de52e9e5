"""What dpkg says is installed."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.formats import dpkg_status

DEBIAN = """\
Package: libssl3
Status: install ok installed
Priority: optional
Section: libs
Installed-Size: 6056
Maintainer: Debian OpenSSL Team <openssl@lists.example>
Architecture: amd64
Multi-Arch: same
Source: openssl
Version: 3.0.11-1~deb12u2
Depends: libc6 (>= 2.34)
Description: Secure Sockets Layer toolkit - shared libraries
 This package is part of the OpenSSL project's implementation.
 .
 Version: 9.9 is not what is meant here.
Homepage: https://www.openssl.example/

Package: libssl3
Status: hold ok installed
Architecture: i386
Multi-Arch: same
Source: openssl
Version: 3.0.11-1~deb12u2
Description: Secure Sockets Layer toolkit - shared libraries

Package: adduser
Status: install ok installed
Architecture: all
Version: 3.134
Conffiles:
 /etc/deluser.conf 775bd1c7fa5c2a8b1c7d2d5a5b9c0a3e
 /etc/adduser.conf 73aa1b1f5e4f2b2a8a3b4c5d6e7f8a9b obsolete

Package: gcc-12-base
Status: install ok installed
Architecture: amd64
Source: gcc-12 (12.2.0-14)
Version: 12.2.0-14+b1

Package: perl-base
Status: install ok half-configured
Architecture: amd64
Source: perl
Version: 5.36.0-7+deb12u1
Config-Version: 5.36.0-7

Package: libpam-runtime
Status: install reinstreq half-installed
Architecture: all
Source: pam
Version: 1.5.2-6+deb12u1

Package: ucf
Status: deinstall ok config-files
Architecture: all
Version: 3.0043
Config-Version: 3.0043
Conffiles:
 /etc/ucf.conf 5565b8b26108c49ba575ba452cd69b3e

Package: vim
Status: unknown ok not-installed
Priority: optional
Section: editors

Package: tzdata
Status: install ok unpacked
Architecture: all
Version: 2024a-0+deb12u1
Maintainer: Jérôme Żółć <jerome@people.example>
"""
ROWS = [
    ("adduser", "3.134", "adduser", "3.134", "all"),
    ("gcc-12-base", "12.2.0-14+b1", "gcc-12", "12.2.0-14", "amd64"),
    ("libpam-runtime", "1.5.2-6+deb12u1", "pam", "1.5.2-6+deb12u1", "all"),
    ("libssl3", "3.0.11-1~deb12u2", "openssl", "3.0.11-1~deb12u2", "amd64"),
    ("libssl3", "3.0.11-1~deb12u2", "openssl", "3.0.11-1~deb12u2", "i386"),
    ("perl-base", "5.36.0-7+deb12u1", "perl", "5.36.0-7+deb12u1", "amd64"),
    ("tzdata", "2024a-0+deb12u1", "tzdata", "2024a-0+deb12u1", "all"),
]
STATUS = Path("/var/lib/dpkg/status")


def rows(text: str) -> list[tuple[str, ...]]:
    return [
        (one.name, one.version, one.source, one.source_version, one.architecture) for one in dpkg_status.packages(text)
    ]


def test_what_is_installed_is_given_in_order_with_its_source() -> None:
    assert rows(DEBIAN) == ROWS


@pytest.mark.parametrize("state", ["deinstall ok config-files", "unknown ok not-installed", "purge ok not-installed"])
def test_a_removed_package_that_left_its_configuration_is_not_installed(state: str) -> None:
    assert rows(f"Package: a\nStatus: {state}\nVersion: 1\nArchitecture: all\n") == []


@pytest.mark.parametrize(
    "state", ["half-configured", "half-installed", "unpacked", "triggers-awaited", "triggers-pending"]
)
def test_a_package_that_is_installed_by_half_is_there(state: str) -> None:
    assert rows(f"Package: a\nStatus: install ok {state}\nVersion: 1\nArchitecture: all\n") == [
        ("a", "1", "a", "1", "all")
    ]


def test_line_ends_and_a_missing_last_one_change_nothing() -> None:
    assert rows(DEBIAN.replace("\n", "\r\n")) == ROWS
    assert rows(DEBIAN.rstrip("\n")) == ROWS
    assert rows(f"\n\n{DEBIAN}\n\n\n") == ROWS


def test_distroless_packages_have_no_state() -> None:
    text = "Package: base-files\nVersion: 12.4+deb12u11\nArchitecture: amd64\nMaintainer: Someone\nDescription: a\n b\n"
    assert rows(text) == [("base-files", "12.4+deb12u11", "base-files", "12.4+deb12u11", "amd64")]


def test_ubuntus_versions_and_epochs_stay_as_they_are() -> None:
    text = (
        "Package: zlib1g\nStatus: install ok installed\nArchitecture: amd64\nSource: zlib\n"
        "Version: 1:1.3.dfsg-3.1ubuntu2.1\n\n"
        "Package: bsdutils\nEssential: yes\nStatus: install ok installed\nArchitecture: amd64\n"
        "Source: util-linux (2.39.3-9ubuntu6.1)\nVersion: 1:2.39.3-9ubuntu6.1\n"
    )
    assert rows(text) == [
        ("bsdutils", "1:2.39.3-9ubuntu6.1", "util-linux", "2.39.3-9ubuntu6.1", "amd64"),
        ("zlib1g", "1:1.3.dfsg-3.1ubuntu2.1", "zlib", "1:1.3.dfsg-3.1ubuntu2.1", "amd64"),
    ]


@pytest.mark.parametrize(
    "source", ["", "Source:\n", "Source: a\n", "Source: a ()\n", "Source: a (\n", "Source: a (1\n", "Source: (1)\n"]
)
def test_a_source_that_is_not_named_is_the_package_itself(source: str) -> None:
    assert rows(f"Package: a\n{source}Version: 1\nArchitecture: all\n") == [("a", "1", "a", "1", "all")]


def test_entries_that_make_no_sense_are_counted_and_left_out() -> None:
    text = (
        "Package: no-version\nStatus: install ok installed\n\nVersion: 1\n\nPackage: a\x1b[31m\nVersion: 1\n\n"
        "Package: a\0\nVersion: 1\n\nPackage: two words\nVersion: 1\n\nPackage: fine\nVersion: 1\n\n"
        "Package: gone\nStatus: deinstall ok config-files\n"
    )
    assert rows(text) == [("fine", "1", "fine", "1", "")]
    assert sum(entry is None for entry in dpkg_status.entries(text)) == 5


@given(
    st.text()
    | st.lists(st.sampled_from(["Package: a\n", "Version: 1\n", "Status: ", "\n", " ", "Source: ", "(", "\0"])).map(
        "".join
    )
)
def test_any_text_can_be_read(text: str) -> None:
    assert all(one.name and one.version and one.source and one.source_version for one in dpkg_status.packages(text))


def test_the_packages_are_those_that_dpkg_lists() -> None:
    form = "${Package} ${Version} ${source:Package} ${source:Version} ${Architecture} ${db:Status-Status}\n"
    told = subprocess.run(["dpkg-query", "-W", "-f", form], capture_output=True, text=True, check=True, timeout=60)
    lines = (tuple(line.split()) for line in told.stdout.splitlines())
    assert rows(STATUS.read_text("utf-8")) == sorted(
        (line[:5] for line in lines if line[5] != "config-files"), key=lambda row: (row[0], row[4])
    )
