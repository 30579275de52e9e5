"""From what a repository pins and what registries answer to findings."""

from collections.abc import Iterator

from packaging.specifiers import SpecifierSet

from bot.decide import freshness, images
from bot.decide.calendar import Due, Verdict
from bot.formats.oci import plain_platform
from bot.model.findings import Finding, LockOutOfDate, PythonMismatch, QuarterDue
from bot.model.images import ImageUse, PlatformManifest
from bot.model.locks import WRITTEN, LockerName
from bot.model.observed import ImageState
from bot.model.policy import Policy
from bot.model.snapshot import Snapshot

LATEST_PATCH = 99  # `>=3.11.4` allows 3.11, and `<3.12` does not allow 3.12


def assess(
    snapshot: Snapshot, states: tuple[ImageState, ...], calendar: Verdict, policy: Policy
) -> tuple[Finding, ...]:
    """Collect the findings of one look, in a fixed order."""
    findings: list[Finding] = [
        *snapshot.unreadable,
        *images.findings(states, snapshot, policy),
        *mismatches(snapshot),
        *out_of_date(snapshot),
    ]
    kept = any(lock.locker is not LockerName.BY_HAND for lock in snapshot.locks)
    if isinstance(calendar, Due) and (kept or snapshot.images):
        findings.append(QuarterDue(quarter=calendar.quarter, since=calendar.since))
    return tuple(findings)


def out_of_date(snapshot: Snapshot) -> tuple[LockOutOfDate, ...]:
    """Name everything in which a lock that we compile does not match its sources."""
    compiled = (lock for lock in snapshot.locks if lock.locker in WRITTEN)
    return tuple(row for lock in compiled for row in freshness.out_of_date(lock, snapshot.requirements))


def mismatches(snapshot: Snapshot) -> tuple[PythonMismatch, ...]:
    """Name every lock that is installed in another Python than the one it is compiled for, or that a file denies."""
    locked = {lock.path: lock.python for lock in snapshot.locks}
    found = (
        PythonMismatch(path=one.lock, locked=locked[one.lock], other=one.python, where=one.where)
        for one in snapshot.installs
        if one.python and one.lock in locked and one.python != locked[one.lock]
    )
    return tuple(sorted(dict.fromkeys([*found, *_denied(snapshot)]), key=lambda row: (row.path, row.where)))


def _denied(snapshot: Snapshot) -> Iterator[PythonMismatch]:
    """Name the locks whose Python a version file or `requires-python` denies.

    A version file speaks of a developer's machine: it does not count against an image that installs the lock in the
    lock's Python, nor where a sibling, compiled from the same sources, is for the Python that it names.
    """
    agreed = {(one.lock, one.python) for one in snapshot.installs}
    made = {(lock.sources, lock.python) for lock in snapshot.locks}
    for lock in snapshot.locks:
        if lock.locker not in WRITTEN:
            continue  # another tool's lock is for a range of Pythons
        for claim in lock.python_claims:
            if claim.requires:
                denied, other = not _allows(claim.requires, lock.python), claim.requires
            else:
                denied = lock.python not in claim.named and (lock.path, lock.python) not in agreed
                denied = denied and not any((lock.sources, named) in made for named in claim.named)
                other = ", ".join(claim.named)
            if denied:
                yield PythonMismatch(path=lock.path, locked=lock.python, other=other, where=claim.where, installs=False)


def _allows(requires: str, python: str) -> bool:
    """Say whether a specifier allows any patch release of a Python (`3.12`)."""
    allowed = SpecifierSet(requires)
    return any(allowed.contains(f"{python}.{patch}") for patch in range(LATEST_PATCH))


def is_move(old: tuple[PlatformManifest, ...], new: tuple[PlatformManifest, ...], platforms: tuple[str, ...]) -> bool:
    """Say whether going from one digest to another changes anything for the platforms that are used.

    An index also changes when another architecture or an attestation lands (docker-library/official-images#18385):
    that is no move. Where one of the two is a single manifest (no entries), another digest is a move.
    """
    if not (old and new):
        return True
    before, after = (_used(manifests, platforms) for manifests in (old, new))
    return before != after or not any(before)


def platforms_of(use: ImageUse, policy: Policy) -> tuple[str, ...]:
    """Give the platforms that a mention is built for: its own `--platform`, else the policy's."""
    platforms = (use.platform,) if use.platform else policy.platforms
    return tuple(plain_platform(platform) for platform in platforms)


def _used(manifests: tuple[PlatformManifest, ...], platforms: tuple[str, ...]) -> tuple[str | None, ...]:
    by_platform = {manifest.platform: manifest.digest for manifest in manifests}
    return tuple(by_platform.get(platform) for platform in platforms)
