"""Changelogs of Debian packages: which versions there were, where they were uploaded to, and which flaws they name.

deb-changelog(5), Debian policy 4.4.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from bot.formats.dpkg_version import compare

HEAD = re.compile(r"(\S+) \(([^()\s]+)\)([^;]*);(.*)")
URGENCY = re.compile(r"urgency=([A-Za-z]+)", re.IGNORECASE)
REBUILD = re.compile(r"\+b[0-9]+$")
CVE = re.compile(r"(?<![A-Za-z0-9-])CVE-[0-9]{4}-[0-9]{4,12}(?![0-9])", re.IGNORECASE)
GHSA = re.compile(r"(?<![A-Za-z0-9-])GHSA(?:-[23456789cfghjmpqrvwx]{4}){3}(?![A-Za-z0-9])", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One version: `distributions` it was uploaded to (`bookworm-security`), `urgency` in lower case, "" if none."""

    version: str
    distributions: tuple[str, ...]
    urgency: str
    text: str = field(repr=False)


def entries(text: str) -> tuple[Entry, ...]:
    """Read all entries in the order of the text, which is newest first; never fails: other lines are passed over."""
    return tuple(_entries(text))


def between(text: str, old: str, new: str) -> tuple[Entry, ...]:
    """Give the entries with old < version <= new in dpkg's order.

    A rebuild without changes (`+b1`) has no entry of its own, so that part of `old` and `new` does not count.
    """
    return tuple(entry for entry in _entries(text) if is_between(entry.version, old, new))


def is_between(version: str, old: str, new: str) -> bool:
    """Tell whether old < version <= new in dpkg's order, rebuilds (`+b1`) not counted."""
    plain = unrebuilt(version)
    return compare(unrebuilt(old), plain) < 0 and compare(plain, unrebuilt(new)) <= 0


def unrebuilt(version: str) -> str:
    """Give the version of the source of which this may be a rebuild without changes."""
    return REBUILD.sub("", version)


def ids(text: str) -> tuple[str, ...]:
    """Give the CVE and GHSA ids that a text names, sorted; CVE in upper case, GHSA as GitHub writes it."""
    cves = {match[0].upper() for match in CVE.finditer(text)}
    return tuple(sorted(cves | {f"GHSA{match[0][4:].lower()}" for match in GHSA.finditer(text)}))


def _entries(text: str) -> Iterator[Entry]:
    head: re.Match[str] | None = None
    body: list[str] = []
    for line in text.splitlines():
        match = None if line[:1].isspace() else HEAD.match(line)
        if match is None:
            body.append(line)
            continue
        if head is not None:
            yield _entry(head, body)
        head, body = match, []
    if head is not None:
        yield _entry(head, body)


def _entry(head: re.Match[str], body: list[str]) -> Entry:
    urgency = URGENCY.search(head[4])
    return Entry(
        version=head[2],
        distributions=tuple(head[3].split()),
        urgency=urgency[1].lower() if urgency else "",
        text="\n".join(body).strip("\n"),
    )
