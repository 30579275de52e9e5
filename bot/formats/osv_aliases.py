"""One row for each flaw of a Python package, of the records that several databases have of it."""

from collections.abc import Iterable
from dataclasses import replace

from bot.formats.osv import PAGE
from bot.formats.osv_python import lowest
from bot.model.contents import ORDER, Advisory, worst

KINDS = ("MAL-", "PYSEC-", "GHSA-")  # whose id is shown: who warns of malware, then the database of Python packages


def merged(advisories: Iterable[Advisory]) -> tuple[Advisory, ...]:
    """Merge advisories that share an id with each other, also by way of a third; they are `ordered`."""
    return ordered(_union(same) for same in _groups(advisories))


def ordered(advisories: Iterable[Advisory]) -> tuple[Advisory, ...]:
    """Put malware first, then the worst."""
    return tuple(sorted(advisories, key=lambda one: (not one.malicious, -ORDER.index(one.severity), one.id)))


def _groups(advisories: Iterable[Advisory]) -> list[list[Advisory]]:
    by_name: dict[str, list[Advisory]] = {}
    for one in advisories:
        met = {id(group): group for name in one.names if (group := by_name.get(name)) is not None}
        same = [one, *(other for group in met.values() for other in group)]
        by_name.update(dict.fromkeys((name for other in same for name in other.names), same))
    return list({id(group): group for group in by_name.values()}.values())


def _union(same: list[Advisory]) -> Advisory:
    """Make one row of them; what it says is that of the record whose id is shown, as far as it says something."""
    ranked = sorted(same, key=lambda one: (_rank(one.id), one.url, one.summary))
    names = sorted({name for one in same for name in one.names}, key=_rank)
    return replace(
        ranked[0],
        id=names[0],
        aliases=tuple(sorted(names[1:])),
        severity=worst(one.severity for one in same),
        url=ranked[0].url if ranked[0].id == names[0] else PAGE + names[0],
        fixed_in=lowest(one.fixed_in for one in same),
        summary=next((one.summary for one in ranked if one.summary), ""),
    )


def _rank(name: str) -> tuple[int, str]:
    kind = next((place for place, prefix in enumerate(KINDS) if name.startswith(prefix)), len(KINDS))
    return kind, name
