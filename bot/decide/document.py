"""The contract's JSON of one run: `check --json`, `run --json`, and what the store keeps for `status` and `explain`."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import assert_never

from bot.decide.assess import platforms_of
from bot.decide.contents import changed
from bot.decide.explain import verdict
from bot.decide.finding_rows import at, finding_row
from bot.model.change import Change
from bot.model.contents import FeedState, SourceChange
from bot.model.findings import (
    Accepted,
    ArchiveAhead,
    VulnerablePin,
)
from bot.model.images import ImageName, ImageUse
from bot.model.locks import Lock
from bot.model.observed import ImageState
from bot.model.plan import Deferred, NothingToDo, Plan, Rebuild, Relock, Repin, Retag, Stamp, Step
from bot.model.policy import Policy
from bot.model.proposal import Proposal
from bot.model.reasons import Reason
from bot.model.runs import Published, RunRecord

SCHEMA = 1


def report(documents: tuple[dict[str, object], ...], now: datetime) -> dict[str, object]:
    """Give the whole document around the repositories' own."""
    return {"schema": SCHEMA, "generated_at": _time(now), "repositories": list(documents)}


def document(run: RunRecord, policy: Policy) -> dict[str, object]:
    """Give one repository's part, as CONTRACT names it; additions stand at the end."""
    snapshot = run.snapshot
    states = {state.use: state for state in run.images}
    return {
        "name": run.repository.name,
        "url": run.url or run.repository.url,
        "branch": snapshot.branch if snapshot else run.repository.branch,
        "commit": snapshot.commit if snapshot else None,
        "locks": [_lock(lock) for lock in snapshot.locks] if snapshot else [],
        "images": [_image(use, states.get(use), policy) for use in snapshot.images] if snapshot else [],
        "findings": [finding_row(finding) for finding in run.findings],
        "plan": _plan(run.plan) if run.plan else None,
        "outcome": str(run.outcome),
        "changes": _changes(run.change) if run.change else [],
        "fixed": _fixed(run),
        "remaining": _remaining(run),
        "pull_request": _maybe(run.proposal),
        "error": {"kind": run.failure.kind, "message": run.failure.message, "hint": run.failure.hint}
        if run.failure
        else None,
        "held_back": _held(run.change) if run.change else [],
        "notes": _reasons(run.change.notes if run.change else _notes(run)),
        "commands": list(run.change.commands) if run.change else [],
        "verdict": verdict_of(run),
        "why": _reasons(run.why),
        "trigger": str(run.asked),
        "next_due": _time(run.next_due) if run.next_due else None,
        **times(run),
        "further": [_further(one) for one in run.further],
        "accepted": [_accepted(one) for one in run.accepted],
        "proposals": [pull_request(one) for one in run.standing],
        "waivers": [
            {
                "id": one.id,
                "until": f"{one.until:%Y-%m-%d}",
                "reason": one.reason,
                "over": one.until < run.started_at.date(),
            }
            for one in run.waivers
        ],
        "feeds": [feed(one) for one in run.feeds],
        "doubts": _reasons(run.doubts),
    }


def times(run: RunRecord) -> dict[str, object]:
    """Give what no two runs share: its name, when it began and when it ended."""
    return {"run_id": run.run_id, "started_at": _time(run.started_at), "finished_at": _time(run.finished_at)}


def _notes(run: RunRecord) -> tuple[Reason, ...]:
    """Give what is to be known of images where nothing changes."""
    return tuple(dict.fromkeys(note for state in run.images for note in state.notes))


def verdict_of(run: RunRecord) -> str:
    """Give the line that says how a run ended, with what nobody could tell: silence would look like safety."""
    doubts = [reason.text for reason in run.doubts]
    if run.failure:
        return "; ".join([run.failure.message, *doubts])
    parts = [verdict(run.plan)] if run.plan else []
    more = [reason.text for reason in run.why if run.plan is None or reason not in run.plan.why]
    return "; ".join(dict.fromkeys([*parts, *more, *doubts]))


def feed(one: FeedState) -> dict[str, object]:
    """Give a source of advisories, and how old it is."""
    as_of = _time(one.as_of) if one.as_of else None
    return {
        "ecosystem": one.ecosystem,
        "source": one.source,
        "as_of": as_of,
        "records": one.records,
        "problem": one.problem,
    }


def _accepted(one: Accepted) -> dict[str, object]:
    return {
        "id": one.advisory.id, "aliases": list(one.advisory.aliases), "subject": one.name, "path": one.path,
        "version": one.version, "until": f"{one.until:%Y-%m-%d}", "reason": one.reason,
    }  # fmt: skip


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


def _image(use: ImageUse, state: ImageState | None, policy: Policy) -> dict[str, object]:
    contents = [seen.contents for seen in state.inspections] if state else []
    return {
        "path": use.path,
        "line": use.line,
        "reference": use.reference,
        "digest": use.name.digest,
        "current_digest": state.look.digest if state else None,
        "platforms": list(platforms_of(use, policy)),
        "os": state.os if state else None,
        "python": next((one.python for one in contents if one.python), None),
        "obstacle": use.obstacle,
        "offers": [{"tag": offer.tag, "kind": offer.kind} for offer in state.offers] if state else [],
        "notes": list(dict.fromkeys(note for seen in state.inspections for note in seen.notes)) if state else [],
    }


def tag_of(use: ImageUse) -> ImageName:
    """Give the name that is asked at the registry: without the digest."""
    return ImageName(registry=use.name.registry, repository=use.name.repository, tag=use.name.tag)


def _fixed(run: RunRecord) -> list[str]:
    """Give the ids that the changes of this run fix."""
    changes = [one for one in (run.change, *(more.change for more in run.further)) if one]
    rows = [row for change in changes for row in _security(change)]
    pins = {row.advisory.id for change in changes for row in change.fixed}
    return sorted({one.id for row in rows for one in row.advisories} | pins)


def _security(change: Change) -> Iterator[SourceChange]:
    for image in change.images:
        yield from (row for row in changed(image.diffs) if row.is_security)
    for stamp in change.stamps:
        yield from stamp.updates


def _remaining(run: RunRecord) -> list[dict[str, object]]:
    """Give the advisories that nothing of this run fixes, and why."""
    fixed = set(_fixed(run))
    rows: dict[tuple[str, str], dict[str, object]] = {}
    for (name, path, package), why in pins_left(run).items():
        subject = f"{package} in {path}"
        rows[name, subject] = {"id": name, "subject": subject, "why": why}
    for finding in run.findings:
        if isinstance(finding, ArchiveAhead):
            for row in finding.updates:
                for one in row.advisories:
                    subject = f"{row.source} in {finding.use.name.tagged}"
                    if one.id not in fixed:
                        rows[one.id, subject] = {"id": one.id, "subject": subject, "why": finding.remedy}
    return list(rows.values())


def pins_left(run: RunRecord) -> dict[tuple[str, str, str], str]:
    """Give why advisories about pins stay, by (id, lock, package): those that no change of this run fixes."""
    changes = [one for one in (run.change, *(more.change for more in run.further)) if one]
    fixed = {(row.advisory.id, row.path, row.name) for change in changes for row in change.fixed}
    told = {(one.id, row.path, row.name): row.why for row in run.findings if isinstance(row, VulnerablePin)
            for one in row.advisories}  # fmt: skip
    told |= {(row.advisory.id, row.path, row.name): row.why.text for change in changes for row in change.remaining}
    return {key: why for key, why in sorted(told.items()) if key not in fixed}


def _further(one: Published) -> dict[str, object]:
    return {
        "branch": one.rebuild.branch,
        "trigger": str(one.rebuild.trigger),
        "outcome": str(one.outcome),
        "changes": _changes(one.change),
        "pull_request": _maybe(one.proposal),
        "why": _reasons((*one.rebuild.why, *one.why)),
    }


def _plan(plan: Plan) -> dict[str, object]:
    match plan:
        case Rebuild(trigger=trigger):
            row = {"decision": "rebuild", "trigger": str(trigger), "until": None, "steps": _steps(plan)}
        case Deferred(until=until):
            row = {"decision": "deferred", "trigger": None, "until": _time(until), "steps": []}
        case NothingToDo():
            row = {"decision": "nothing", "trigger": None, "until": None, "steps": []}
        case _:
            assert_never(plan)
    return {**row, "why": _reasons(plan.why)}


def _steps(rebuild: Rebuild) -> list[dict[str, object]]:
    """Give the steps of a rebuild and of those apart; what several of them take stands once, with the first branch."""
    found: dict[tuple[object, object], dict[str, object]] = {}
    for one in (rebuild, *rebuild.apart):
        for step in one.steps:
            row = _step(step)
            found.setdefault((row["action"], row["target"]), {**row, "branch": one.branch})
    return list(found.values())


def _step(step: Step) -> dict[str, object]:
    match step.action:
        case Relock(lock=lock):
            return {"action": "relock", "target": lock.path, "why": _reasons(step.why)}
        case Repin(use=use):
            return {"action": "repin", "target": f"{at(use)} {use.name.tagged}", "why": _reasons(step.why)}
        case Retag(use=use, tag=tag):
            target = f"{at(use)} {use.name.tagged} -> {replace(use.name, tag=tag).tagged}"
            return {"action": "retag", "target": target, "why": _reasons(step.why)}
        case Stamp(use=use, line=line):
            return {"action": "stamp", "target": f"{use.path}:{line} {use.name.tagged}", "why": _reasons(step.why)}
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
         "why": _reasons(row.why), "line": row.line, "retagged": row.retagged or None}
        for row in change.images
    ]  # fmt: skip
    stamps: list[dict[str, object]] = [
        {"kind": "stamp", "path": row.path, "name": row.name, "old": row.old or None, "new": row.new, "direct": None,
         "why": _reasons(row.why), "line": row.line}
        for row in change.stamps
    ]  # fmt: skip
    packages = [_package(image.path, image.name, row) for image in change.images for row in changed(image.diffs)] + [
        _package(stamp.path, stamp.name, row) for stamp in change.stamps for row in stamp.updates
    ]
    return [*pins, *images, *stamps, *packages]


def _package(path: str, image: str, row: SourceChange) -> dict[str, object]:
    ids = ", ".join(one.id for one in row.advisories)
    return {
        "kind": "os-package",
        "path": path,
        "name": row.source,
        "old": row.old,
        "new": row.new,
        "direct": None,
        "why": [f"{row.kind}: {ids}" if ids else str(row.kind)],
        "image": image,
    }


def _held(change: Change) -> list[dict[str, object]]:
    return [
        {"path": row.path, "name": row.name, "taken": row.taken, "newest": row.newest, "why": row.why.text}
        for row in change.held_back
    ]


def _maybe(proposal: Proposal | None) -> dict[str, object] | None:
    return None if proposal is None else pull_request(proposal)


def pull_request(proposal: Proposal) -> dict[str, object]:
    """Give a proposal as the contract names it."""
    return {
        "number": proposal.number,
        "url": proposal.url,
        "branch": proposal.branch,
        "title": proposal.title,
        "state": str(proposal.state),
        "opened_at": _time(proposal.opened_at) if proposal.opened_at else None,
    }


def _reasons(why: tuple[Reason, ...]) -> list[str]:
    return [reason.text for reason in why]


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
