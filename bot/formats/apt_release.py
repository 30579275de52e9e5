"""What an archive says of one suite: the Release file, which is also the body of InRelease.

Debian wiki, DebianRepository/Format, "Release files".
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

HASHES = {"sha256": 64, "sha512": 128}  # weaker ones prove nothing; how many hex digits each has
SECURITY_LABELS = frozenset({"Debian-Security", "UbuntuESM", "UbuntuESMApps"})
LINE = re.compile(r"[ \t]+([0-9A-Fa-f]{64,128})[ \t]+([0-9]{1,18})[ \t]+(\S+)[ \t]*")
PACKAGES = re.compile(r"(?:\S*/)?binary-[^/\s]+/Packages(?:\.[a-z0-9]+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexFile:
    """One file below the suite: its size in bytes and its digest (hex) by an `algorithm` (`SHA256` or `SHA512`)."""

    path: str
    size: int
    algorithm: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One suite. Of its files only the indexes of binary packages are kept, by path below the suite."""

    origin: str
    label: str
    suite: str
    codename: str
    date: datetime | None
    valid_until: datetime | None
    architectures: tuple[str, ...]
    by_hash: bool
    serves_all: bool
    not_automatic: bool
    upgrades: bool
    files: Mapping[str, IndexFile]


def release(text: str) -> Release:
    """Read the body of a Release file, whose signature is somebody else's concern.

    `serves_all` says that packages of the architecture `all` have an index of their own, `upgrades` is
    ButAutomaticUpgrades. Raises ValueError for a date that cannot be read, or where no file is listed with a hash.
    """
    fields, files = _read(text)
    if not files and not any(name in fields for name in HASHES):
        raise ValueError("it lists no files with a SHA256 or SHA512")
    architectures = tuple(fields.get("architectures", "").split())
    return Release(
        origin=fields.get("origin", ""),
        label=fields.get("label", ""),
        suite=fields.get("suite", ""),
        codename=fields.get("codename", ""),
        date=_date(fields, "date"),
        valid_until=_date(fields, "valid-until"),
        architectures=architectures,
        by_hash=_yes(fields, "acquire-by-hash"),
        serves_all="all" in architectures and "no-support-for-architecture-all" not in fields,
        not_automatic=_yes(fields, "notautomatic"),
        upgrades=_yes(fields, "butautomaticupgrades"),
        files=files,
    )


def is_security(suite: str, found: Release) -> bool:
    """Tell whether a suite holds security updates, by how it is named in the source and how it names itself."""
    names = (suite, found.suite, found.codename)
    return found.label in SECURITY_LABELS or any(name.endswith(("-security", "/updates")) for name in names)


def _read(text: str) -> tuple[dict[str, str], dict[str, IndexFile]]:
    """Split simple fields from the tables of files; the first of two fields with one name counts."""
    fields: dict[str, str] = {}
    files: dict[str, IndexFile] = {}
    name = ""
    for line in _lines(text):
        if line[:1] not in {" ", "\t"}:
            name, _, value = line.partition(":")
            name = name.strip().lower()
            fields.setdefault(name, value.strip())
        elif name in HASHES and (match := LINE.fullmatch(line)) is not None:
            _add(files, name, match)
    return fields, files


def _lines(text: str) -> Iterator[str]:
    return (line for line in text.splitlines() if line.strip())


def _add(files: dict[str, IndexFile], name: str, match: re.Match[str]) -> None:
    digest, size, path = match.groups()
    known = files.get(path)
    if len(digest) == HASHES[name] and PACKAGES.fullmatch(path) and (known is None or name == "sha256"):
        files[path] = IndexFile(path=path, size=int(size), algorithm=name.upper(), digest=digest.lower())


def _yes(fields: Mapping[str, str], name: str) -> bool:
    return fields.get(name, "").lower() == "yes"


def _date(fields: Mapping[str, str], name: str) -> datetime | None:
    """Read a date of RFC 2822, which has to be in UTC; None where there is none."""
    text = fields.get(name, "")
    if not text:
        return None
    try:
        moment = parsedate_to_datetime(text.replace(" Z", " UTC"))
    except ValueError as error:
        raise ValueError(f"its {name} cannot be read: {text[:60]!r}") from error
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
