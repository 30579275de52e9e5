"""Which pins are unsafe, and where each could go: pure, with advisories and releases as functions and values."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

from bot.decide import freshness
from bot.decide.diff import allows, version
from bot.decide.exceptions import Exceptions
from bot.model.contents import ORDER, Advisory
from bot.model.findings import Accepted, VulnerablePin
from bot.model.flaws import FlawedPin
from bot.model.locks import WRITTEN, Lock, LockerName, Pin, Requirement
from bot.model.policy import Severity
from bot.model.reasons import Reason
from bot.model.releases import Release
from bot.model.snapshot import Snapshot

RELEASES_UNKNOWN = "releases-unknown"  # nobody could ask which releases there are
LOOKED_AT = 20  # releases above the way that are asked about: one of them may be affected again
LATEST_PATCH = 99
SHOWN = 3  # ids in one sentence

Affecting: TypeAlias = Callable[[str], tuple[Advisory, ...]]
"""What affects a version of one package, with everything that is accepted left out, but for malware."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """A pin of a lock and the advisories about it that nobody accepted."""

    lock: Lock
    pin: Pin
    advisories: tuple[Advisory, ...]


def suspects(
    snapshot: Snapshot, affecting: Callable[[str, str], tuple[Advisory, ...]], exceptions: Exceptions
) -> tuple[tuple[Suspect, ...], tuple[Accepted, ...]]:
    """Find the pins that advisories affect, and the advisories that are accepted, in the order of locks and lines."""
    found: list[Suspect] = []
    accepted: list[Accepted] = []
    for lock in snapshot.locks:
        for pin in lock.pins:
            open_ones: list[Advisory] = []
            for advisory in affecting(pin.name, pin.version):
                allowed = exceptions.of(advisory, pin.name)
                if allowed is None:
                    open_ones.append(advisory)
                    continue
                accepted.append(
                    Accepted(
                        path=lock.path, line=pin.line, name=pin.name, version=pin.version, advisory=advisory,
                        until=allowed.until, reason=allowed.reason,
                    )
                )  # fmt: skip
            if open_ones:
                found.append(Suspect(lock=lock, pin=pin, advisories=tuple(open_ones)))
    return tuple(found), tuple(accepted)


def flawed(
    suspect: Suspect,
    releases: tuple[Release, ...],
    requirements: tuple[Requirement, ...],
    affecting: Affecting,
    build: tuple[str, ...],
) -> FlawedPin:
    """Say where a pin may go: the lowest release above it that is not yanked, fits, and that no advisory affects.

    Where even the newest is affected, the release that fewest affect is taken, if that is less than now; what nobody
    has fixed yet must not keep a fix of something else from coming. Releases that the lock's own sources forbid are
    never taken.
    """
    lock, pin = suspect.lock, suspect.pin
    blank = FlawedPin(path=lock.path, pin=pin, advisories=suspect.advisories, way=None)
    higher = above(pin, releases)
    fitting = [one for one in higher if not one.yanked and misfit(pin.name, one, lock, build) is None]
    binding = [row for row in requirements if binds(row, lock)]
    allowed = [one for one in fitting if forbids(one, binding) is None]
    best = _best(suspect, allowed, affecting)
    if (obstacle := _unwritten(lock)) is not None:
        clean = best[0].version if best is not None and not best[1] else ""
        return replace(blank, obstacle=obstacle, elsewhere=clean)
    if best is None:
        return replace(blank, obstacle=_why_none(suspect, higher, fitting, binding, affecting, build))
    way, left = best
    later = allowed[allowed.index(way) + 1 :][:LOOKED_AT]
    never = tuple(one.version for one in later if not _known(affecting(one.version), left))
    return FlawedPin(path=lock.path, pin=pin, advisories=suspect.advisories, way=way, never=never, left=left)


def _unwritten(lock: Lock) -> Reason | None:
    if lock.locker not in WRITTEN:
        text = f"{lock.path} ({lock.locker}) can be read, but not written yet: move it with its own tool"
        if lock.locker is LockerName.BY_HAND:
            text = f"{lock.path} is pinned by hand: move it there, or compile it from a source to have it moved"
        return Reason(code="read-only", subject=lock.path, text=text)
    if lock.obstacle:
        return Reason(code="not-compiled", subject=lock.path, text=f"{lock.path} cannot be compiled: {lock.obstacle}")
    return None


def above(pin: Pin, releases: tuple[Release, ...]) -> list[Release]:
    """Give the releases above a pin, lowest first; pre-releases only where the pin is one."""
    have = version(pin.version)
    if have is None:
        return []
    parsed = [(key, one) for one in releases if (key := version(one.version)) is not None and key > have]
    wanted = [(key, one) for key, one in parsed if have.is_prerelease or not key.is_prerelease]
    return [one for _, one in sorted(wanted, key=lambda pair: pair[0])]


def misfit(name: str, release: Release, lock: Lock, build: tuple[str, ...]) -> str | None:
    """Say why a release cannot be installed where the lock is, None where it can."""
    if lock.python and not allows(release.requires_python, _full(lock)):
        return f"it needs Python {release.requires_python}, and the lock is for {lock.python}"
    if not release.wheels and name not in build:
        return "it is a source distribution only, which build_from_source does not allow to be built"
    return None


def binds(row: Requirement, lock: Lock) -> bool:
    """Say whether a line of a source bounds this lock: it is read, its group is asked for, and its marker may hold."""
    if row.path not in {*lock.sources, *lock.inputs} or row.url or not row.specifier:
        return False
    return (row.constraint or freshness.chosen(lock, row.group)) and freshness.may_hold(lock, row.marker)


def _full(lock: Lock) -> str:
    return lock.python_full or f"{lock.python}.{LATEST_PATCH}"


def forbids(release: Release, binding: Iterable[Requirement]) -> Requirement | None:
    """Give the line that forbids a release."""
    return next((row for row in binding if not allows(row.specifier, release.version)), None)


def _known(found: Iterable[Advisory], among: Iterable[Advisory]) -> bool:
    """Whether every advisory stands among others, by any of its ids: databases do not all know the same ones."""
    names = {name for one in among for name in one.names}
    return all(not names.isdisjoint(one.names) for one in found)


def removed(before: Iterable[Advisory], after: tuple[Advisory, ...]) -> tuple[Advisory, ...]:
    """Give the advisories that are not there any more, under none of their ids."""
    return tuple(one for one in before if not _known((one,), after))


def _best(
    suspect: Suspect, allowed: Iterable[Release], affecting: Affecting
) -> tuple[Release, tuple[Advisory, ...]] | None:
    """Give the lowest clean release; else the lowest of those with the fewest advisories, all of them known now."""
    best: tuple[Release, tuple[Advisory, ...]] | None = None
    for release in allowed:
        left = affecting(release.version)
        if not left:
            return release, ()
        if any(one.malicious for one in left) or not _known(left, suspect.advisories):
            continue
        if not removed(suspect.advisories, left):
            continue
        if best is None or len(left) < len(best[1]):
            best = release, left
    return best


def _why_none(  # noqa: PLR0913, PLR0917 - what is known of the releases, narrowed down step by step
    suspect: Suspect, higher: list[Release], fitting: list[Release], binding: list[Requirement], affecting: Affecting,
    build: tuple[str, ...],
) -> Reason:  # fmt: skip
    """Say what keeps a pin where it is: the source, what a release needs, or that nobody has fixed it."""
    pin, lock = suspect.pin, suspect.lock
    if version(pin.version) is None:
        text = f"{pin.version} is no version that can be compared (PEP 440)"
        return Reason(code="no-version", subject=pin.name, text=text)
    if (found := _best(suspect, fitting, affecting)) is not None and (row := forbids(found[0], binding)) is not None:
        where = f"{row.path}:{row.line}"
        text = f"{found[0].version} would fix it, and {row.name}{row.specifier} in {where} forbids that"
        return Reason(code="source", subject=where, text=text)
    if (found := _best(suspect, [one for one in higher if not one.yanked], affecting)) is not None:
        text = f"{found[0].version} would fix it, but {misfit(pin.name, found[0], lock, build)}"
        return Reason(code="misfit", subject=found[0].version, text=text)
    if (found := _best(suspect, higher, affecting)) is not None:
        return Reason(code="yanked", subject=pin.name, text=f"{found[0].version} would fix it, but it was yanked")
    if any(one.malicious for one in suspect.advisories):
        text = f"{pin.name} {pin.version} is malware, and no later release is free of it: go back, and look for harm"
        return Reason(code="malware", subject=pin.name, text=text)
    text = f"no release of {pin.name} fixes it yet" if higher else f"{pin.version} is the newest release there is"
    return Reason(code="no-fix", subject=pin.name, text=text)


def unknown(suspect: Suspect, why: str) -> FlawedPin:
    """Say that nobody could ask which releases there are."""
    obstacle = Reason(code=RELEASES_UNKNOWN, subject=suspect.pin.name, text=f"its releases are not known: {why}")
    return FlawedPin(
        path=suspect.lock.path, pin=suspect.pin, advisories=suspect.advisories, way=None, obstacle=obstacle
    )


def urgent(one: FlawedPin, least: Severity) -> bool:
    """Whether a fix calls for a rebuild of its own: what it removes is that severe, of unknown severity, or malware."""
    return any(
        row.malicious or row.severity is Severity.UNKNOWN or ORDER.index(row.severity) >= ORDER.index(least)
        for row in gone(one)
    )


def gone(one: FlawedPin) -> tuple[Advisory, ...]:
    """Give the advisories that going the way would remove, the worst first; all of them where there is no way."""
    found = removed(one.advisories, one.left)
    return tuple(sorted(found, key=lambda row: (not row.malicious, -ORDER.index(row.severity), row.id)))


def findings(found: Iterable[FlawedPin], least: Severity = Severity.LOW) -> Iterator[VulnerablePin]:
    """Say what is wrong with each pin, where it could go, and what waits as it is below the `least` severity."""
    for one in found:
        pin = one.pin
        parents = tuple(sorted({entry for entry in pin.via if " " not in entry}))
        way = one.way.version if one.way is not None and not one.left else one.elsewhere
        yield VulnerablePin(
            path=one.path, line=pin.line, name=pin.name, version=pin.version, advisories=one.advisories,
            direct=pin.direct, via=parents, fixed_in=way or None,
            why=_told(one) + (f"; below {least}, so it waits for the next quarter" if _waits(one, least) else ""),
        )  # fmt: skip


def _waits(one: FlawedPin, least: Severity) -> bool:
    return one.way is not None and not urgent(one, least)


def _told(one: FlawedPin) -> str:
    what = f"{one.pin.name} {one.pin.version} is affected by {ids(one.advisories)}"
    if one.way is None:
        free = f"; {one.elsewhere} is the lowest release without it" if one.elsewhere else ""
        return f"{what}{free}; {one.obstacle.text}" if one.obstacle else what
    if one.left:
        return f"{what}; {one.way.version} fixes a part of it, and nobody has fixed {ids(one.left)} yet"
    return f"{what}; {one.way.version} is the lowest release without it"


def ids(advisories: tuple[Advisory, ...]) -> str:
    """Name advisories in a sentence, the worst first, with how bad they are."""
    rows = sorted(advisories, key=lambda one: -ORDER.index(one.severity))
    shown = [one.id if one.severity is Severity.UNKNOWN else f"{one.id} ({one.severity})" for one in rows[:SHOWN]]
    more = len(rows) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
