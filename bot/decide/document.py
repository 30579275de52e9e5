"""The contract's JSON of one run: `check --json`, `run --json`, and what the store keeps for `status` and `explain`."""

from datetime import UTC, datetime
from typing import assert_never

from bot.decide.assess import platforms_of
from bot.decide.explain import verdict
from bot.model.change import Change
from bot.model.findings import Finding, LockOutOfDate, MovedDigest, PythonMismatch, QuarterDue, Unreadable
from bot.model.images import ImageLook, ImageName, ImageUse
from bot.model.locks import Lock
from bot.model.plan import Deferred, NothingToDo, Plan, Rebuild, Relock, Repin, Step
from bot.model.policy import Policy
from bot.model.reasons import Reason
from bot.model.runs import RunRecord

SCHEMA = 1


def report(documents: tuple[dict[str, object], ...], now: datetime) -> dict[str, object]:
    """Give the whole document around the repositories' own."""
    return {"schema": SCHEMA, "generated_at": _time(now), "repositories": list(documents)}


def document(run: RunRecord, policy: Policy) -> dict[str, object]:
    """Give one repository's part, as CONTRACT names it; additions stand at the end."""
    snapshot = run.snapshot
    looks = {look.name: look for look in run.looks}
    return {
        "name": run.repository.name,
        "url": run.repository.url,
        "branch": snapshot.branch if snapshot else run.repository.branch,
        "commit": snapshot.commit if snapshot else None,
        "locks": [_lock(lock) for lock in snapshot.locks] if snapshot else [],
        "images": [_image(use, looks, policy) for use in snapshot.images] if snapshot else [],
        "findings": [_finding(finding) for finding in run.findings],
        "plan": _plan(run.plan) if run.plan else None,
        "outcome": str(run.outcome),
        "changes": _changes(run.change) if run.change else [],
        "fixed": [],
        "remaining": [],
        "pull_request": _pull_request(run),
        "error": {"kind": run.failure.kind, "message": run.failure.message, "hint": run.failure.hint}
        if run.failure
        else None,
        "held_back": _held(run.change) if run.change else [],
        "notes": _reasons(run.change.notes) if run.change else [],
        "commands": list(run.change.commands) if run.change else [],
        "verdict": _verdict(run),
        "why": _reasons(run.why),
        "trigger": str(run.asked),
        "next_due": _time(run.next_due) if run.next_due else None,
        "started_at": _time(run.started_at),
        "finished_at": _time(run.finished_at),
    }


def _verdict(run: RunRecord) -> str:
    if run.failure:
        return run.failure.message
    parts = [verdict(run.plan)] if run.plan else []
    return "; ".join([*parts, *(reason.text for reason in run.why)])


def _lock(lock: Lock) -> dict[str, object]:
    return {
        "path": lock.path,
        "sources": list(lock.sources),
        "locker": str(lock.locker),
        "python": lock.python,
        "python_from": lock.python_from,
        "pins": len(lock.pins),
        "python_where": lock.python_where,
        "platform": lock.platform,
        "libc": str(lock.libc),
    }


def _image(use: ImageUse, looks: dict[ImageName, ImageLook], policy: Policy) -> dict[str, object]:
    look = looks.get(tag_of(use))
    return {
        "path": use.path,
        "line": use.line,
        "reference": use.reference,
        "digest": use.name.digest,
        "current_digest": look.digest if look else None,
        "platforms": list(platforms_of(use, policy)),
        "os": None,
    }


def tag_of(use: ImageUse) -> ImageName:
    """Give the name that is asked at the registry: without the digest."""
    return ImageName(registry=use.name.registry, repository=use.name.repository, tag=use.name.tag)


def _finding(finding: Finding) -> dict[str, object]:
    match finding:
        case MovedDigest(use=use, current=current, available=available):
            why = f"{use.name.tagged} points to {available} now"
            return _row("moved-digest", use.name.tagged, f"{use.path}:{use.line}", current, why)
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


def _plan(plan: Plan) -> dict[str, object]:
    match plan:
        case Rebuild(trigger=trigger, steps=steps):
            row = {"decision": "rebuild", "trigger": str(trigger), "until": None, "steps": [_step(s) for s in steps]}
        case Deferred(until=until):
            row = {"decision": "deferred", "trigger": None, "until": _time(until), "steps": []}
        case NothingToDo():
            row = {"decision": "nothing", "trigger": None, "until": None, "steps": []}
        case _:
            assert_never(plan)
    return {**row, "why": _reasons(plan.why)}


def _step(step: Step) -> dict[str, object]:
    match step.action:
        case Relock(lock=lock):
            return {"action": "relock", "target": lock.path, "why": _reasons(step.why)}
        case Repin(use=use):
            return {"action": "repin", "target": f"{use.path}:{use.line} {use.name.tagged}", "why": _reasons(step.why)}
        case _:
            assert_never(step.action)


def _changes(change: Change) -> list[dict[str, object]]:
    pins: list[dict[str, object]] = [
        {"kind": "pin", "path": row.path, "name": row.name, "old": row.old, "new": row.new, "direct": row.direct,
         "why": _reasons(row.why), "via": list(row.via), "major": row.major}
        for row in change.pins
    ]  # fmt: skip
    images: list[dict[str, object]] = [
        {"kind": "image", "path": row.path, "name": row.name, "old": row.old, "new": row.new, "direct": None,
         "why": _reasons(row.why), "line": row.line}
        for row in change.images
    ]  # fmt: skip
    return [*pins, *images]


def _held(change: Change) -> list[dict[str, object]]:
    return [
        {"path": row.path, "name": row.name, "taken": row.taken, "newest": row.newest, "why": row.why.text}
        for row in change.held_back
    ]


def _pull_request(run: RunRecord) -> dict[str, object] | None:
    proposal = run.proposal
    if proposal is None:
        return None
    return {
        "number": proposal.number,
        "url": proposal.url,
        "branch": proposal.branch,
        "title": proposal.title,
        "state": str(proposal.state),
    }


def _reasons(why: tuple[Reason, ...]) -> list[str]:
    return [reason.text for reason in why]


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
