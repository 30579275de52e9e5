"""Attestations of what is inside an image: an in-toto statement around an SPDX document.

in-toto attestation spec v1, statement.md; SPDX 2.3, clause 7 (package information); purl-spec, types deb, apk and rpm.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from bot.formats import json_text, package_entry
from bot.formats.json_text import rows, table
from bot.model.packages import OsRelease, Package, PackageFormat

PURL = re.compile(
    r"pkg:(?P<type>deb|apk|rpm)/(?P<vendor>[^/@?#]+)/(?P<name>[^/@?#]+)@(?P<version>[^@?#]+)(?:\?(?P<more>[^#]*))?"
)
UPSTREAM = re.compile(r"(?P<name>[^@]+)(?:@(?P<version>.+))?")
RPM_SOURCE = re.compile(r"(?P<name>.+)-(?P<version>[^-]+-[^-]+)\.(?:no)?src\.rpm")
KEYS = "gpg-pubkey"  # rpm keeps the keys that it trusts as packages
# os-release(5): what ID may be made of, and what is used as a version
SYSTEM = re.compile(r"[a-z0-9._-]{1,64}")
RELEASE = re.compile(r"[A-Za-z0-9._~^+-]{0,64}")
CODENAME = re.compile(r"[a-z]{0,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """What a statement lists: packages of one format, and the operating system where all of them name the same."""

    format: PackageFormat
    packages: tuple[Package, ...]
    os: OsRelease | None


def packages(body: bytes, digest: str) -> Listed | None:
    """Read the packages that a statement gives for the image manifest `digest` (`sha256:…`), in order.

    None where it speaks of another image, is no SPDX, lists no package of an operating system, packages of several
    package managers, or one that makes no sense: layers are read then. Raises ValueError where `body` is no statement.
    """
    statement = table(json_text.read(body))
    if not table(statement.get("predicate")):
        raise ValueError("this attestation is no in-toto statement")
    named = {f"sha256:{table(table(one).get('digest')).get('sha256')}" for one in rows(statement.get("subject"))}
    if digest not in named or not str(statement.get("predicateType", "")).startswith("https://spdx.dev/"):
        return None
    found = [one for row in rows(_document(statement["predicate"]).get("packages")) for one in _purls(row)]
    formats = {purl.format for purl in found}
    listed = [_package(purl) for purl in found if purl.name != KEYS]
    if len(formats) != 1 or not listed or None in listed:
        return None
    systems = {system for purl in found if (system := _os(purl)) is not None}
    os = systems.pop() if len(systems) == 1 else None
    return Listed(format=formats.pop(), packages=package_entry.ordered(listed), os=os)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Purl:
    """A package URL of an operating system's package, decoded; `more` are its qualifiers."""

    format: PackageFormat
    vendor: str
    name: str
    version: str
    more: Mapping[str, str]


def _document(predicate: dict[str, Any]) -> dict[str, Any]:
    """Give the SPDX document, which older tools wrap in `Data`."""
    inner = predicate.get("Data")
    return inner if isinstance(inner, dict) else predicate


def _purls(row: Any) -> Iterator[_Purl]:
    for reference in rows(table(row).get("externalRefs")):
        locator = table(reference).get("referenceLocator")
        found = PURL.fullmatch(locator) if isinstance(locator, str) else None
        if found is not None and reference.get("referenceType") == "purl":
            yield _Purl(
                format=PackageFormat(found["type"]),
                vendor=unquote(found["vendor"]),
                name=unquote(found["name"]),
                version=unquote(found["version"]),
                more=_qualifiers(found["more"] or ""),
            )


def _qualifiers(text: str) -> dict[str, str]:
    """Read `key=value&key=value`; a plus is a plus here, unlike in the queries of the web."""
    pairs = (part.partition("=") for part in text.split("&"))
    return {key.lower(): unquote(value) for key, _, value in pairs}


def _package(purl: _Purl) -> Package | None:
    epoch = purl.more.get("epoch", "0") if purl.format is PackageFormat.RPM else "0"
    version = f"{epoch}:{purl.version}" if epoch != "0" and ":" not in purl.version else purl.version
    source, source_version = _source(purl, version)
    if version == f"{epoch}:{source_version}":  # the file of rpm's source package has no epoch in its name
        source_version = version
    return package_entry.package(purl.name, version, (source, source_version), purl.more.get("arch", ""))


def _source(purl: _Purl, version: str) -> tuple[str, str]:
    pattern = RPM_SOURCE if purl.format is PackageFormat.RPM else UPSTREAM
    found = pattern.fullmatch(purl.more.get("upstream", ""))
    return (found["name"], found["version"] or version) if found else (purl.name, version)


def _os(purl: _Purl) -> OsRelease | None:
    """Read `distro=debian-12` (syft), or `os_name`, `os_version` and `os_distro` (Docker Scout)."""
    name, _, version = purl.more.get("distro", "").rpartition("-")
    codename = ""
    if not name:
        name, version = purl.more.get("os_name", purl.vendor), purl.more.get("os_version", "")
        codename = purl.more.get("os_distro", "")
    sound = SYSTEM.fullmatch(name) and RELEASE.fullmatch(version) and CODENAME.fullmatch(codename)
    return OsRelease(id=name, version=version, codename=codename) if version and sound else None
