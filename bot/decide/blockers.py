"""What keeps a fix from resolving: the package that forbids it, and the release of that package that would free it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

from packaging.requirements import InvalidRequirement
from packaging.requirements import Requirement as Parsed
from packaging.utils import canonicalize_name
from packaging.version import Version

from bot.decide.diff import allows, version
from bot.decide.flaws import forbids
from bot.model.locks import Pin, Requirement
from bot.model.reasons import Reason
from bot.model.releases import Release

Wants: TypeAlias = Callable[[str, str], tuple[str, ...]]
"""Gives the Requires-Dist lines of a release (name, version), empty where nobody knows them."""

LOOKED_AT = 20  # releases of a blocker that are asked about


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What a pin stands among: the other pins of its lock, the lines that bind them, and the releases of parents."""

    pins: tuple[Pin, ...]
    binding: tuple[Requirement, ...]
    releases: Callable[[str], tuple[Release, ...]]
    wants: Wants


def blocker(pin: Pin, target: str, around: Around, said: str) -> Reason:
    """Say who forbids `target` and what would free it; where nobody does by itself, `said` is the resolver's word."""
    standing = {other.name: other.version for other in around.pins}
    for parent in sorted({entry.partition("[")[0] for entry in pin.via if " " not in entry} & standing.keys()):
        at = standing[parent]
        bound = _bound(around.wants(parent, at), pin.name, target)
        if bound is None:
            continue
        text = f"{parent} {at} wants {pin.name}{bound}, so {pin.name} {target} does not go with it"
        return Reason(code="blocked", subject=parent, text=f"{text}{_freed(parent, at, pin.name, target, around)}")
    return Reason(code="blocked", subject=pin.name, text=f"{pin.name} {target} does not resolve: {said}")


def _bound(lines: Iterable[str], name: str, target: str) -> str | None:
    """Give the specifier with which requirements forbid a version of a package, None where they do not."""
    for line in lines:
        try:
            wanted = Parsed(line)
        except InvalidRequirement:
            continue
        if canonicalize_name(wanted.name) == name and not allows(str(wanted.specifier), target):
            return str(wanted.specifier)
    return None


def _freed(parent: str, at: str, name: str, target: str, around: Around) -> str:
    """Say which release of a parent would free the fix, and what keeps that from being taken."""
    have = version(at)
    above = [one for one in around.releases(parent) if not one.yanked and _above(one.version, have)]
    for release in above[-LOOKED_AT:]:
        lines = around.wants(parent, release.version)
        if lines and _bound(lines, name, target) is None:
            rows = [row for row in around.binding if row.name == parent]
            row = forbids(release, rows)
            if row is None:
                return f"; {parent} {release.version} would free it, but does not resolve with the rest"
            where = f"{row.path}:{row.line}"
            return f"; {parent} {release.version} would free it, and {row.name}{row.specifier} in {where} forbids that"
    return f"; no release of {parent} allows it yet"


def _above(text: str, have: Version | None) -> bool:
    found = version(text)
    return found is not None and have is not None and not found.is_prerelease and found > have
