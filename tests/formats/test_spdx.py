"""Reading attestations of what is inside an image."""

import json
from contextlib import suppress

import pytest
from hypothesis import given

from bot.formats import spdx
from bot.model.packages import OsRelease, Package, PackageFormat
from tests.formats.strange_json import DIGEST as ANY
from tests.formats.strange_json import everything

DIGEST = f"sha256:{'1' * 64}"
DEBIAN = "arch=amd64&distro=debian-12"


def statement(
    *purls: object, about: str = DIGEST, kind: str = "https://spdx.dev/Document", wrapped: bool = False, **more: object
) -> bytes:
    """Write a statement whose SPDX document lists packages by their purls."""
    document: dict[str, object] = {
        "spdxVersion": "SPDX-2.3",
        "packages": [{"externalRefs": [{"referenceType": "purl", "referenceLocator": purl}]} for purl in purls],
    }
    return json.dumps({
        "_type": "https://in-toto.io/Statement/v0.1",
        "predicateType": kind,
        "subject": [{"name": "pkg:docker/web", "digest": {"sha256": about.removeprefix("sha256:")}}],
        "predicate": {"Data": document} if wrapped else document,
        **more,
    }).encode()  # fmt: skip


def package(name: str, version: str, source: str, source_version: str, architecture: str = "amd64") -> Package:
    return Package(name=name, version=version, source=source, source_version=source_version, architecture=architecture)


@pytest.mark.parametrize("wrapped", [False, True])
def test_debian_packages_are_read_as_syft_writes_them(wrapped: bool) -> None:
    body = statement(
        f"pkg:deb/debian/openssl@3.0.11-1~deb12u2?{DEBIAN}",
        f"pkg:deb/debian/libstdc%2B%2B6@12.2.0-14%2Bdeb12u1?{DEBIAN}&upstream=gcc-12",
        f"pkg:deb/debian/libc-bin@1%3A2.36-9+deb12u9?{DEBIAN}&upstream=glibc%402.36-9+deb12u9",
        "pkg:deb/debian/tzdata@2024a-0%2Bdeb12u1?arch=all&distro=debian-12",
        "pkg:pypi/pip@24.0",
        wrapped=wrapped,
    )
    assert spdx.packages(body, DIGEST) == spdx.Listed(
        format=PackageFormat.DEB,
        packages=(
            package("libc-bin", "1:2.36-9+deb12u9", "glibc", "2.36-9+deb12u9"),
            package("libstdc++6", "12.2.0-14+deb12u1", "gcc-12", "12.2.0-14+deb12u1"),
            package("openssl", "3.0.11-1~deb12u2", "openssl", "3.0.11-1~deb12u2"),
            package("tzdata", "2024a-0+deb12u1", "tzdata", "2024a-0+deb12u1", "all"),
        ),
        os=OsRelease(id="debian", version="12"),
    )


def test_rpm_packages_have_an_epoch_and_a_source_file() -> None:
    more = "arch=x86_64&distro=rhel-9.4"
    body = statement(
        f"pkg:rpm/redhat/openssl-libs@3.0.7-27.el9?{more}&epoch=1&upstream=openssl-3.0.7-27.el9.src.rpm",
        f"pkg:rpm/redhat/bash@5.1.8-9.el9?{more}&epoch=0&upstream=bash-5.1.8-9.el9.src.rpm",
        f"pkg:rpm/redhat/systemd-libs@252-32.el9?{more}",
        f"pkg:rpm/redhat/gpg-pubkey@5a6340b3-6229229e?{more}",
    )
    found = spdx.packages(body, DIGEST)
    assert found is not None
    assert found.packages == (
        package("bash", "5.1.8-9.el9", "bash", "5.1.8-9.el9", "x86_64"),
        package("openssl-libs", "1:3.0.7-27.el9", "openssl", "1:3.0.7-27.el9", "x86_64"),
        package("systemd-libs", "252-32.el9", "systemd-libs", "252-32.el9", "x86_64"),
    )
    assert found.os == OsRelease(id="rhel", version="9.4")


@pytest.mark.parametrize(
    ("more", "os"),
    [
        ("distro=alpine-3.20.3", OsRelease(id="alpine", version="3.20.3")),
        ("os_name=alpine&os_version=3.20", OsRelease(id="alpine", version="3.20")),
        ("os_version=12&os_distro=bookworm", OsRelease(id="vendor", version="12", codename="bookworm")),
        ("os_name=alpine", None),
        ("distro=alpine", None),
        ("distro=al%1Bpine-3", None),
        ("distro=opensuse-leap-15.6", OsRelease(id="opensuse-leap", version="15.6")),
        ("", None),
    ],
)
def test_the_system_is_the_one_that_the_packages_are_for(more: str, os: OsRelease | None) -> None:
    found = spdx.packages(statement(f"pkg:apk/vendor/musl@1.2.5-r0?{more}"), DIGEST)
    assert found is not None
    assert found.os == os


def test_packages_of_several_systems_are_of_none() -> None:
    body = statement("pkg:deb/debian/a@1?distro=debian-12", "pkg:deb/debian/b@1?distro=debian-13")
    found = spdx.packages(body, DIGEST)
    assert found is not None
    assert found.os is None


@pytest.mark.parametrize(
    "body",
    [
        statement("pkg:deb/debian/a@1", about=f"sha256:{'2' * 64}"),
        statement("pkg:deb/debian/a@1", kind="https://slsa.dev/provenance/v0.2"),
        statement("pkg:deb/debian/a@1", subject=[5, {"digest": 5}]),
        statement("pkg:pypi/pip@24.0", "pkg:deb/debian/a", "pkg:deb/debian/a@", 5),
        statement("pkg:rpm/redhat/gpg-pubkey@1-2"),
        statement("pkg:deb/debian/a@1", "pkg:apk/alpine/b@1"),
        statement("pkg:deb/debian/a@1", "pkg:deb/debian/b%1B@1"),
        statement("pkg:deb/debian/a@1%20or%202"),
        statement(),
    ],
)
def test_what_cannot_be_used_is_nothing(body: bytes) -> None:
    assert spdx.packages(body, DIGEST) is None


@pytest.mark.parametrize("body", [b"{", b"[]", b"{}", b'{"predicate": 5}', b"[" * 100_000, b"\xff"])
def test_what_is_no_statement_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        spdx.packages(body, DIGEST)


def test_a_locator_of_another_type_is_no_package() -> None:
    row = {"externalRefs": [{"referenceType": "cpe23Type", "referenceLocator": "pkg:deb/debian/a@1"}, "text"]}
    body = statement(predicate={"packages": [row, "text"]})
    assert spdx.packages(body, DIGEST) is None


@given(everything, everything)
def test_whatever_it_is_it_is_read_or_refused(predicate: object, document: object) -> None:
    for body in (json.dumps(document).encode(), statement(predicate=predicate, about=ANY)):
        with suppress(ValueError):
            spdx.packages(body, ANY)


@given(everything, everything)
def test_a_row_of_any_shape_never_fails(row: object, reference: object) -> None:
    rows = [row, {"externalRefs": [reference, {"referenceType": "purl", "referenceLocator": reference}]}]
    spdx.packages(statement(predicate={"packages": rows}, about=ANY), ANY)
