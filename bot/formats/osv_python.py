"""Which releases of Python packages OSV records speak of, in the order of PEP 440.

OSV schema 1.7, https://ossf.github.io/osv-schema/, "Evaluation"; SEMVER ranges are read like ECOSYSTEM ones.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache

from packaging.utils import canonicalize_name
from packaging.version import Version

from bot.formats.osv import Affected, Event, EventKind, Range, Record, Turn, inside, turns
from bot.model.contents import Advisory

Ordered = Sequence[tuple[Range, Sequence[Turn]]]

FAMILY = "PyPI"


def compare(one: str, other: str) -> int:
    """Give -1, 0 or 1 as `one` is lower than, the same as or higher than `other` by PEP 440.

    What is no version of PEP 440 is lower than every version, as setuptools had it when such versions were made.
    """
    first, second = _parsed(one), _parsed(other)
    if first is None or second is None:
        return (first is not None) - (second is not None)
    return (first > second) - (first < second)


def settled(affected: Affected) -> Affected:
    """Bring it into the form that the other functions here take: it says the same, and is mostly much shorter.

    The name is normalised (PEP 503), and of `versions` stay those that no range covers. A range with a bound that is
    no version of PEP 440 cannot be ordered: where versions are listed they say it all, so it goes; where none are,
    the bound goes, and what it would have left out counts as affected.
    """
    ranges = tuple(filter(None, (_settled(one, listed=bool(affected.versions)) for one in affected.ranges)))
    bare = replace(affected, package=canonicalize_name(affected.package), ranges=ranges, versions=())
    ordered = _ordered(bare)
    versions = tuple(one for one in affected.versions if not _covered(ordered, one))
    return replace(bare, versions=versions)


def affects(affected: Affected, version: str) -> bool:
    """Tell whether a version is affected; one with a local part (`1.0+cu118`) as the version that it was made of.

    PEP 440, "Version specifiers": a local part counts only where the other side has one as well.
    """
    return _affects(affected, _ordered(affected), version)


def first_fixed(affected: Affected, version: str) -> str:
    """Give the lowest version above this one that a range names as fixed and that is not affected; "" for none."""
    return _first_fixed(affected, _ordered(affected), version)


def advisory(record: Record, affected: Affected, version: str) -> Advisory | None:
    """Give what a record says of a version, None where it does not affect it."""
    ordered = _ordered(affected)
    if record.withdrawn or not _affects(affected, ordered, version):
        return None
    return Advisory(
        id=record.id,
        aliases=record.aliases,
        severity=record.severity,
        url=record.url,
        fixed_in=_first_fixed(affected, ordered, version),
        summary=record.summary,
    )


def is_above(fixed: str, version: str) -> bool:
    """Tell whether a version that has a fix is higher than one that a local part may have been added to."""
    return compare(fixed, version if "+" in fixed else _public(version)) > 0


def lowest(versions: Iterable[str]) -> str:
    """Give the lowest version of those that are PEP 440, "" where none is."""
    return min((one for one in versions if _parsed(one) is not None), key=Version, default="")


@lru_cache(maxsize=8192)
def _parsed(text: str) -> Version | None:
    try:
        return Version(text)
    except ValueError:  # InvalidVersion, and numbers that are longer than Python reads
        return None


def _settled(ranged: Range, *, listed: bool) -> Range | None:
    events = tuple(filter(None, map(_placed, ranged.events)))
    if listed and events != ranged.events:
        return None
    return replace(ranged, events=events)


def _placed(event: Event) -> Event | None:
    if _parsed(event.version) is not None:
        return event
    return Event(kind=event.kind, version="0") if event.kind is EventKind.INTRODUCED else None


def _ordered(affected: Affected) -> Ordered:
    return [(one, turns(one.events, compare)) for one in affected.ranges]


def _affects(affected: Affected, ordered: Ordered, version: str) -> bool:
    return _listed(affected.versions, version) or _covered(ordered, version)


def _first_fixed(affected: Affected, ordered: Ordered, version: str) -> str:
    named = {turn.version for _, turning in ordered for turn in turning if turn.version and turn.fixed}
    above = sorted((one for one in named if is_above(one, version)), key=Version)
    return next((one for one in above if not _affects(affected, ordered, one)), "")


def _covered(ordered: Ordered, version: str) -> bool:
    return any(inside(turning, _seen(ranged, version), compare) for ranged, turning in ordered)


def _seen(ranged: Range, version: str) -> str:
    return version if any("+" in event.version for event in ranged.events) else _public(version)


def _public(version: str) -> str:
    return version.partition("+")[0]


def _listed(versions: Sequence[str], version: str) -> bool:
    if not versions:
        return False
    if version in versions:
        return True
    wanted = {_parsed(version), _parsed(_public(version))} - {None}
    return any(_parsed(one) in wanted for one in versions)
