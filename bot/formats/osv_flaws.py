"""From OSV records to the flaws that people speak of: one advisory for each CVE, whoever published it."""

import re
from collections.abc import Iterable
from dataclasses import replace
from itertools import groupby

from bot.formats.osv import Record
from bot.model.contents import ORDER, Advisory, worst
from bot.model.policy import Severity

OWN = re.compile(r"(?:[A-Z]+-)?(CVE-[0-9]{4}-[0-9]{4,19})")
NOTICE = re.compile(r"(?:DSA|DLA|ELA|USN|LSN)-.*")


def flaws(record: Record) -> tuple[Advisory, ...]:
    """Give the flaws that a record is about, by CVE id where it has one, sorted.

    `DEBIAN-CVE-2024-1`, `UBUNTU-CVE-…` and `ALPINE-CVE-…` are the CVE of their name. A notice (DSA, DLA, USN, …) is
    about every CVE that it names, also as related; it stands among their aliases, and what it says of severity is
    left out, because it says it of all of them together.
    """
    if own := cve(record.id):
        return (_advisory(own, record),)
    if NOTICE.fullmatch(record.id):
        named = sorted({found for one in (*record.aliases, *record.related) if (found := cve(one))})
        return tuple(_noticed(one, record) for one in named) or (_advisory(record.id, record),)
    return (_advisory(next(filter(None, map(cve, record.aliases)), record.id), record),)


def cve(name: str) -> str:
    """Give the CVE id that an id stands for, "" where it is none."""
    found = OWN.fullmatch(name)
    return found[1] if found else ""


def merged(advisories: Iterable[Advisory]) -> tuple[Advisory, ...]:
    """Merge advisories of one id: all aliases, the worst severity, and the page of the CVE's own record.

    They are sorted, the worst first, then by id.
    """
    ordered = sorted(advisories, key=lambda one: (one.id, cve(one.url.rpartition("/")[2]) != one.id, one.url))
    found = (_union(list(same)) for _, same in groupby(ordered, key=lambda one: one.id))
    return tuple(sorted(found, key=lambda one: (-ORDER.index(one.severity), one.id)))


def _union(same: list[Advisory]) -> Advisory:
    aliases = tuple(sorted({alias for one in same for alias in one.aliases}))
    return replace(same[0], aliases=aliases, severity=worst(one.severity for one in same))


def _advisory(name: str, record: Record) -> Advisory:
    aliases = tuple(sorted({record.id, *record.aliases} - {name}))
    return Advisory(id=name, aliases=aliases, severity=record.severity, url=record.url)


def _noticed(name: str, record: Record) -> Advisory:
    same = {one for one in (*record.aliases, *record.related) if cve(one) == name}
    aliases = tuple(sorted({record.id, *same} - {name}))
    return Advisory(id=name, aliases=aliases, severity=Severity.UNKNOWN, url=record.url)
