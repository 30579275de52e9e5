"""One finding as the contract names it, for JSON and for the formats that are made from it."""

from collections.abc import Iterable
from dataclasses import replace
from typing import assert_never

from bot.decide.contents import changed, harmless, told
from bot.decide.lifetimes import called
from bot.model.contents import Advisory, ImageDiff, Lifetime, SourceChange, Support, worst
from bot.model.findings import (
    ArchiveAhead,
    EndOfLife,
    Finding,
    FrozenTag,
    LockOutOfDate,
    MovedDigest,
    PythonMismatch,
    QuarterDue,
    Unreadable,
    VulnerablePin,
)
from bot.model.images import ImageUse


def finding_row(finding: Finding) -> dict[str, object]:
    """Give a finding as the contract names it."""
    match finding:
        case VulnerablePin():
            return _vulnerable_pin(finding)
        case MovedDigest() | ArchiveAhead() | FrozenTag() | EndOfLife():
            return _image_finding(finding)
        case QuarterDue(quarter=quarter, since=since):
            why = f"due since {since:%Y-%m-%d}" if since else "never rebuilt before"
            return _row("quarter-due", quarter, "", None, why)
        case PythonMismatch(path=path, locked=locked, other=other, where=where, installs=installs):
            says = f"installs it in Python {other}" if installs else f"asks for Python {other}"
            why = f"it is compiled for Python {locked}, and {where} {says}"
            return _row("python-mismatch", path, path, locked, why)
        case LockOutOfDate(path=path, subject=subject, why=why):
            return _row("lock-out-of-date", subject, path, None, why)
        case Unreadable(path=path, line=line, subject=subject, why=why):
            return _row("unreadable", subject, f"{path}:{line}" if line else path, None, why)
        case _:
            assert_never(finding)


def _vulnerable_pin(finding: VulnerablePin) -> dict[str, object]:
    return _row("vulnerable-pin", finding.name, finding.path, finding.version, finding.why) | {
        "fixed_in": finding.fixed_in,
        "advisories": [advisory(one) for one in finding.advisories],
        "severity": str(worst(one.severity for one in finding.advisories)),
        "line": finding.line,
        "direct": finding.direct,
        "via": list(finding.via),
    }


def _image_finding(finding: MovedDigest | ArchiveAhead | FrozenTag | EndOfLife) -> dict[str, object]:
    match finding:
        case MovedDigest(use=use, current=current, available=available, diffs=diffs, missing=missing):
            rows = [row for row in changed(diffs) if row.is_security]
            lacks = f"; it is not there for {', '.join(missing)}" if missing else ""
            why = f"{use.name.tagged} points to {available} now{lacks}{_meaning(diffs, rows)}"
            return _row("moved-digest", use.name.tagged, at(use), current, why) | _advised(rows, available)
        case ArchiveAhead(use=use, digest=digest, updates=updates, remedy=remedy):
            why = f"fixes for {told(updates)} wait in the archive for this image; {remedy}"
            fixed = ", ".join(f"{row.source} {row.new}" for row in updates)
            return _row("archive-ahead", use.name.tagged, at(use), digest, why) | _advised(updates, fixed)
        case FrozenTag(use=use, move_to=move_to, why=why):
            way = f"; move to {replace(use.name, tag=move_to).tagged}" if move_to else ""
            return _row("frozen-tag", use.name.tagged, at(use), use.name.tag, f"{why}{way}") | {"fixed_in": move_to}
        case EndOfLife(use=use, lifetime=lifetime):
            subject = f"{lifetime.product} {lifetime.release}"
            return _row("end-of-life", subject, at(use), lifetime.release, end_of_life(lifetime, use.name.tagged))
        case _:
            assert_never(finding)


def at(use: ImageUse) -> str:
    """Give where a mention stands, as people write it: `Dockerfile:3`."""
    return f"{use.path}:{use.line}"


def _meaning(diffs: tuple[ImageDiff, ...], rows: list[SourceChange]) -> str:
    """Say in a few words what a move brings."""
    if rows:
        return f"; it fixes {told(rows)}"
    if not diffs:
        return "; what changed in it is not known"
    if all(harmless(diff) for diff in diffs):
        return "; nothing security-relevant changed in it"
    return "; whether what changed in it matters is not known"


def _advised(rows: Iterable[SourceChange], fixed_in: str) -> dict[str, object]:
    advisories = tuple(dict.fromkeys(one for row in rows for one in row.advisories))
    return {
        "fixed_in": fixed_in,
        "advisories": [advisory(one) for one in advisories],
        "severity": str(worst(one.severity for one in advisories)),
    }


def advisory(one: Advisory) -> dict[str, object]:
    """Give an advisory as the contract names it."""
    return {"id": one.id, "aliases": list(one.aliases), "severity": str(one.severity), "url": one.url}


def end_of_life(lifetime: Lifetime, image: str) -> str:
    """Say how long a release is supported."""
    name = called(lifetime)
    if lifetime.state is Support.ENDED:
        return f"{name} in {image} is not supported any more since {lifetime.date:%Y-%m-%d}"
    if lifetime.extended:
        return f"{name} in {image} has only its extended support left, until {lifetime.date:%Y-%m-%d}"
    return f"the support of {name} in {image} ends on {lifetime.date:%Y-%m-%d}"


def _row(kind: str, subject: str, path: str, current: str | None, why: str) -> dict[str, object]:
    return {
        "kind": kind,
        "subject": subject,
        "path": path,
        "current": current,
        "fixed_in": None,
        "advisories": [],
        "severity": "unknown",
        "why": why,
    }
