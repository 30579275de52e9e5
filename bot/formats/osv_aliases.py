"""One row for each flaw of a Python package, of the records that several databases have of it."""

from collections.abc import Iterable
from dataclasses import replace

from bot.formats.osv import PAGE
from bot.formats.osv_python import lowest
from bot.model.contents import ORDER, Advisory, worst

KINDS = ("MAL-", "PYSEC-", "GHSA-")  # whose id is shown: who warns of malware, then the database of Python packages


def merged(advisories: Iterable[Advisory]) -> tuple[Advisory, ...]:
    """Merge advisories that share an id with each other, also by way of a third; malware first, then the worst."""
    found = (_union(same) for same in _groups(advisories))
    return tuple(sorted(found, key=lambda one: (not one.malicious, -ORDER.index(one.severity), one.id)))


def _groups(advisories: Iterable[Advisory]) -> list[list[Advisory]]:
    groups: list[tuple[set[str], list[Advisory]]] = []
    for one in advisories:
        names, same = set(one.names), [one]
        apart = []
        for group in groups:
            if names.isdisjoint(group[0]):
                apart.append(group)
            else:
                names |= group[0]
                same = [*group[1], *same]
        groups = [*apart, (names, same)]
    return [same for _, same in groups]


def _union(same: list[Advisory]) -> Advisory:
    """Make one row of them; what it says is that of the record whose id is shown, as far as it says something."""
    ordered = sorted(same, key=lambda one: (_rank(one.id), one.url, one.summary))
    names = sorted({name for one in same for name in one.names}, key=_rank)
    return replace(
        ordered[0],
        id=names[0],
        aliases=tuple(sorted(names[1:])),
        severity=worst(one.severity for one in same),
        url=ordered[0].url if ordered[0].id == names[0] else PAGE + names[0],
        fixed_in=lowest(one.fixed_in for one in same),
        summary=next((one.summary for one in ordered if one.summary), ""),
    )


def _rank(name: str) -> tuple[int, str]:
    kind = next((place for place, prefix in enumerate(KINDS) if name.startswith(prefix)), len(KINDS))
    return kind, name
