"""From what a repository pins and what registries answer to findings."""

from bot.decide import freshness
from bot.decide.calendar import Due, Verdict
from bot.formats.oci import plain_platform
from bot.model.findings import Finding, LockOutOfDate, MovedDigest, PythonMismatch, QuarterDue
from bot.model.images import ImageLook, ImageUse, PlatformManifest
from bot.model.locks import WRITTEN
from bot.model.policy import Policy
from bot.model.snapshot import Snapshot


def assess(snapshot: Snapshot, moved: tuple[MovedDigest, ...], calendar: Verdict) -> tuple[Finding, ...]:
    """Collect the findings of one look, in a fixed order."""
    findings: list[Finding] = [*snapshot.unreadable, *moved, *mismatches(snapshot), *out_of_date(snapshot)]
    if isinstance(calendar, Due) and (snapshot.locks or snapshot.images):
        findings.append(QuarterDue(quarter=calendar.quarter, since=calendar.since))
    return tuple(findings)


def out_of_date(snapshot: Snapshot) -> tuple[LockOutOfDate, ...]:
    """Name everything in which a lock that we compile does not match its sources."""
    compiled = (lock for lock in snapshot.locks if lock.locker in WRITTEN)
    return tuple(row for lock in compiled for row in freshness.out_of_date(lock, snapshot.requirements))


def mismatches(snapshot: Snapshot) -> tuple[PythonMismatch, ...]:
    """Name every lock that is installed in another Python than the one it is compiled for."""
    locked = {lock.path: lock.python for lock in snapshot.locks}
    found = (
        PythonMismatch(path=one.lock, locked=locked[one.lock], installed=one.python, where=one.where)
        for one in snapshot.installs
        if one.python and one.lock in locked and one.python != locked[one.lock]
    )
    return tuple(sorted(dict.fromkeys(found), key=lambda row: (row.path, row.where)))


def moved(
    use: ImageUse, look: ImageLook, old: tuple[PlatformManifest, ...], new: tuple[PlatformManifest, ...], policy: Policy
) -> MovedDigest | None:
    """Say whether a pinned image moved for the platforms that are used.

    An index also changes when another architecture or an attestation lands (docker-library/official-images#18385):
    that is no move. Where one of the two is a single manifest, another digest is a move.
    """
    if use.name.digest is None or use.name.digest == look.digest:
        return None
    if old and new:
        before, after = (_used(manifests, platforms_of(use, policy)) for manifests in (old, new))
        if before == after and any(before):
            return None
    return MovedDigest(use=use, current=use.name.digest, available=look.digest)


def platforms_of(use: ImageUse, policy: Policy) -> tuple[str, ...]:
    """Give the platforms that a mention is built for: its own `--platform`, else the policy's."""
    platforms = (use.platform,) if use.platform else policy.platforms
    return tuple(plain_platform(platform) for platform in platforms)


def _used(manifests: tuple[PlatformManifest, ...], platforms: tuple[str, ...]) -> tuple[str | None, ...]:
    by_platform = {manifest.platform: manifest.digest for manifest in manifests}
    return tuple(by_platform.get(platform) for platform in platforms)
