"""What keeps a fix from resolving: the package that forbids it, and the release of that package that would free it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

from packaging.requirements import InvalidRequirement
from packaging.requirements import Requirement as Parsed
from packaging.utils import canonicalize_name

from bot.decide import freshness
from bot.decide.diff import allows
from bot.decide.flaws import above, forbids, misfit
from bot.model.locks import Lock, Pin, Requirement
from bot.model.reasons import Reason
from bot.model.releases import Release

Wants: TypeAlias = Callable[[str, str], tuple[str, ...] | None]
"""Gives the Requires-Dist lines of a release (name, version), None where nobody knows them."""

LOOKED_AT = 20  # releases of a blocker that are asked about: the newest, lowest first


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What a pin stands among: its lock, the lines that bind that, and the releases of parents.

    `build` names packages whose source distributions may be built.
    """

    lock: Lock
    binding: tuple[Requirement, ...]
    releases: Callable[[str], tuple[Release, ...]]
    wants: Wants
    build: tuple[str, ...] = ()


def blocker(pin: Pin, target: str, around: Around, said: str) -> Reason:
    """Say who forbids `target` and what would free it; where nobody does by itself, `said` is the resolver's word."""
    standing = {other.name: other for other in around.lock.pins}
    for parent in sorted({entry.partition("[")[0] for entry in pin.via if " " not in entry} & standing.keys()):
        at = standing[parent].version
        bound = _bound(around.wants(parent, at) or (), pin.name, target, around)
        if bound is None:
            continue
        text = f"{parent} {at} wants {pin.name}{bound}, so {pin.name} {target} does not go with it"
        freed = _freed(standing[parent], pin.name, target, around)
        return Reason(code="blocked", subject=parent, text=f"{text}{freed}")
    return Reason(code="blocked", subject=pin.name, text=f"{pin.name} {target} does not resolve: {said}")


def _bound(lines: Iterable[str], name: str, target: str, around: Around) -> str | None:
    """Give the specifier with which requirements that may hold forbid a version of a package, None where none does.

    Which extras of a parent are wanted is not known for sure, so what only one of them asks for forbids nothing.
    """
    for line in lines:
        try:
            wanted = Parsed(line)
        except InvalidRequirement:
            continue
        if canonicalize_name(wanted.name) != name or allows(str(wanted.specifier), target):
            continue
        if wanted.marker is None or freshness.may_hold(around.lock, str(wanted.marker)):
            return str(wanted.specifier)
    return None


def _freed(pin: Pin, name: str, target: str, around: Around) -> str:
    """Say which release of a parent would free the fix, and what keeps that from being taken."""
    parent, known = pin.name, True
    for release in _above(pin, around):
        lines = around.wants(parent, release.version)
        known = known and lines is not None
        if lines is not None and _bound(lines, name, target, around) is None:
            rows = [row for row in around.binding if row.name == parent]
            row = forbids(release, rows)
            if row is None:
                return f"; {parent} {release.version} would free it, but does not resolve with the rest"
            where = f"{row.path}:{row.line}"
            return f"; {parent} {release.version} would free it, and {row.name}{row.specifier} in {where} forbids that"
    return f"; no release of {parent} that fits the lock allows it yet" if known else ""


def _above(pin: Pin, around: Around) -> tuple[Release, ...]:
    """Give the newest releases above a pin that fit the lock, lowest first."""
    good = tuple(one for one in around.releases(pin.name) if not one.yanked)
    fitting = (one for one in above(pin, good) if misfit(pin.name, one, around.lock, around.build) is None)
    return tuple(fitting)[-LOOKED_AT:]
