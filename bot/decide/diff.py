"""What changed between two states of a lock, and what did not move although it could have."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from packaging.requirements import InvalidRequirement
from packaging.requirements import Requirement as Parsed
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from bot.model.change import HeldBack, PinChange
from bot.model.locks import Pin, Requirement
from bot.model.reasons import Reason
from bot.model.releases import Release

FIRST_YEAR = 1990  # calendar versions (`certifi 2026.10.18`) begin with a year; no other first number is that large


def pin_changes(
    path: str, old: tuple[Pin, ...], new: tuple[Pin, ...], why: tuple[Reason, ...]
) -> tuple[PinChange, ...]:
    """Give one row per package whose versions differ, sorted by name."""
    before, after = _by_name(old), _by_name(new)
    rows = []
    for name in sorted(before.keys() | after.keys()):
        was, now = _versions(before.get(name, ())), _versions(after.get(name, ()))
        if was == now:
            continue
        pins = after.get(name) or before.get(name, ())
        rows.append(
            PinChange(
                path=path,
                name=name,
                old=was,
                new=now,
                direct=_direct(pins),
                via=_parents(pins),
                major=major_step(was, now),
                why=why,
            )
        )
    return tuple(rows)


def major_step(old: str | None, new: str | None) -> bool:
    """Say whether the first number of the version changes (0.x counts its second); False where one is missing.

    A first number that is a year says nothing of the kind.
    """
    before, after = version(old or ""), version(new or "")
    if before is None or after is None or min(before.major, after.major) >= FIRST_YEAR:
        return False
    if before.epoch != after.epoch or before.major != after.major:
        return True
    return before.major == 0 and before.minor != after.minor


def newest(releases: tuple[Release, ...]) -> Release | None:
    """Give the highest release that is neither yanked nor a pre-release; None where there is none."""
    parsed = [(version(release.version), release) for release in releases if not release.yanked]
    final = [(key, release) for key, release in parsed if key is not None and not key.is_prerelease]
    return max(final, key=lambda pair: pair[0])[1] if final else None


def behind(pin: Pin, releases: tuple[Release, ...]) -> Release | None:
    """Give the newest release if the pin does not have it."""
    latest = newest(releases)
    have, best = version(pin.version), version(latest.version) if latest else None
    return latest if have is not None and best is not None and have < best else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Holders:
    """What may hold a pin back: its source lines, the lock's Python, the cooldown, and the packages that want it.

    `parents` maps a package of the lock that requires the pin to its version and its Requires-Dist lines;
    `build` names packages whose source distributions may be built, `cooldown` is the policy's.
    """

    wanted: tuple[Requirement, ...]
    python: str
    cutoff: datetime | None
    parents: Mapping[str, tuple[str, tuple[str, ...]]]
    build: tuple[str, ...] = ()
    cooldown: timedelta = timedelta(0)


def held_back(pin: Pin, path: str, latest: Release, holders: Holders) -> HeldBack:
    """Name what holds a direct pin below its newest release.

    Asked in this order: the sources, the Python of the lock, the cooldown, other packages of the lock, whether there
    is a wheel. What none of them explains is the resolver's choice.
    """
    why = (
        _by_source(latest, holders.wanted)
        or _by_python(latest, holders.python)
        or _by_cooldown(latest, holders.cutoff)
        or _by_parent(pin.name, latest, holders.parents)
        or _by_wheels(pin.name, latest, holders.build)
        or Reason(code="resolver", subject=pin.name, text="the resolver found no set of versions with it")
    )
    until = _ripe(latest, holders.cooldown) if why.code == "cooldown" else None
    return HeldBack(path=path, name=pin.name, taken=pin.version, newest=latest.version, why=why, until=until)


def _ripe(latest: Release, cooldown: timedelta) -> datetime | None:
    """Give the first moment at which the cooldown lets a release pass: it counts whole days (UTC)."""
    if latest.uploaded_at is None:
        return None
    day = latest.uploaded_at.astimezone(UTC).date() + timedelta(days=1)
    return datetime.combine(day, time(), tzinfo=UTC) + cooldown


def _by_source(latest: Release, wanted: tuple[Requirement, ...]) -> Reason | None:
    for requirement in wanted:
        if not allows(requirement.specifier, latest.version):
            where = f"{requirement.path}:{requirement.line}"
            return Reason(code="source", subject=where, text=f"{requirement.name}{requirement.specifier} in {where}")
    return None


def _by_python(latest: Release, python: str) -> Reason | None:
    if allows(latest.requires_python, f"{python}.99") or not python:
        return None
    text = f"it needs Python {latest.requires_python}, the lock is for {python}"
    return Reason(code="python", subject=python, text=text)


def _by_cooldown(latest: Release, cutoff: datetime | None) -> Reason | None:
    if cutoff is None or latest.uploaded_at is None or latest.uploaded_at < cutoff:
        return None
    text = f"cooldown: it was released on {latest.uploaded_at:%Y-%m-%d}, releases since {cutoff:%Y-%m-%d} wait"
    return Reason(code="cooldown", subject=latest.version, text=text)


def _by_parent(name: str, latest: Release, parents: Mapping[str, tuple[str, tuple[str, ...]]]) -> Reason | None:
    for parent, (parent_version, lines) in sorted(parents.items()):
        for line in lines:
            try:
                wanted = Parsed(line)
            except InvalidRequirement:
                continue
            if canonicalize_name(wanted.name) == name and not allows(str(wanted.specifier), latest.version):
                text = f"{parent} {parent_version} wants {name}{wanted.specifier}"
                return Reason(code="package", subject=parent, text=text)
    return None


def _by_wheels(name: str, latest: Release, build: tuple[str, ...]) -> Reason | None:
    if latest.wheels or name in build:
        return None
    text = f"{latest.version} is a source distribution only, which build_from_source does not allow to be built"
    return Reason(code="no-wheel", subject=name, text=text)


def version(text: str) -> Version | None:
    """Read a PEP 440 version; None for what is not one."""
    try:
        return Version(text)
    except InvalidVersion:
        return None


def public(text: str) -> str:
    """Give a version without its local part, which no lower bound may have (PEP 440, "Version specifiers")."""
    return text.partition("+")[0]


def allows(specifier: str, text: str) -> bool:
    """Say whether a specifier (PEP 440) allows a version; one that nobody can read forbids nothing."""
    try:
        return SpecifierSet(specifier).contains(text, prereleases=True)
    except InvalidSpecifier:
        return True


def _by_name(pins: tuple[Pin, ...]) -> dict[str, tuple[Pin, ...]]:
    names: dict[str, tuple[Pin, ...]] = {}
    for pin in pins:
        names[pin.name] = (*names.get(pin.name, ()), pin)
    return names


def _versions(pins: tuple[Pin, ...]) -> str | None:
    return ", ".join(sorted({pin.version for pin in pins})) or None


def _direct(pins: tuple[Pin, ...]) -> bool | None:
    said = {pin.direct for pin in pins}
    return None if said == {None} else True in said


def _parents(pins: tuple[Pin, ...]) -> tuple[str, ...]:
    return tuple(sorted({entry for pin in pins for entry in pin.via if " " not in entry}))
