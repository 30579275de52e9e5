"""Publish a change: decide what to do with the draft, push, and speak to the forge. Every effect can be repeated."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, assert_never

from bot.decide import assess, explain, fingerprint, publish, stamps
from bot.decide.flaws import RELEASES_UNKNOWN
from bot.decide.publish import Circumstances
from bot.formats import marks as hidden
from bot.model.change import Change, FileText
from bot.model.plan import Rebuild, Relock
from bot.model.policy import Trigger
from bot.model.proposal import Close, Draft, LeaveAlone, Marks, Open, Proposal, Publication, State, Update, Wait
from bot.model.reasons import Reason
from bot.model.repository import CommitInfo
from bot.model.runs import Outcome
from bot.workflow import half_done
from bot.workflow.case import Case, Seen
from bot.workflow.pins import ADVISORIES
from bot.workflow.project_notes import project_notes
from bot.workflow.written import announce, note

CLOCKS_APART = timedelta(hours=1)
BLOCKED = frozenset({"blocked", "not-brought"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """How publishing ended; `proposal` is the one that stands, if any, `until` when to look again where it waits."""

    outcome: Outcome
    proposal: Proposal | None
    why: tuple[Reason, ...]
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Branch:
    """What is known of the branch of a rebuild: what stands there, and what is decided about it."""

    decision: Publication
    marks: Marks | None
    standing: Proposal | None
    tip: CommitInfo | None


def propose(case: Case, seen: Seen, rebuild: Rebuild, change: Change, gone: Reason | None = None) -> Proposed:
    """Open, update, close or leave alone the proposal of a branch; `gone` says why nothing is left of it."""
    tools = case.tools
    marks = None if change.empty else fingerprint.marks(rebuild, change, case.head.commit)
    standing = _standing(seen, rebuild.branch)
    with tools.progress.step(case.name, "publishing"):
        tip = tools.workspace.branch(case.remote, rebuild.branch)
        around = replace(
            _circumstances(case, seen, rebuild, change, tip), gone=gone.text if gone else "",
            stuck=_stuck(case, rebuild, change),
        )  # fmt: skip
        decision = publish.publication(marks, rebuild.branch, seen.proposals, around)
        branch = _Branch(decision=decision, marks=marks, standing=standing, tip=tip)
        return _carry_out(case, seen, rebuild, change, branch)


def _standing(seen: Seen, branch: str) -> Proposal | None:
    return next((one for one in seen.proposals if one.branch == branch and one.state is State.OPEN), None)


def _circumstances(case: Case, seen: Seen, rebuild: Rebuild, change: Change, tip: CommitInfo | None) -> Circumstances:
    policy, standing = case.rules.policy, _standing(seen, rebuild.branch)
    foreign = fingerprint.is_foreign(tip, case.assignment.committer) and not _merged(seen, tip)
    return Circumstances(
        foreign=foreign,
        conflicts=not foreign and standing is not None and _conflicts(case, standing, change),
        asked=_asked(seen, rebuild.branch),
        others=publish.others_open(seen.proposals, rebuild.branch),
        most=policy.max_open_pull_requests,
        again=case.now + case.assignment.schedule.security,
        unsure=_unsure(seen),
        title=explain.title(rebuild, change) if not change.empty else "",
    )


def _unsure(seen: Seen) -> str:
    """Say why less may be known of flaws and their fixes than yesterday, "" where everybody was heard."""
    silent = (one.obstacle for one in seen.flawed if one.obstacle is not None and one.obstacle.code == RELEASES_UNKNOWN)
    doubts = (one for one in seen.doubts if one.code.startswith("advisories-"))
    return next((reason.text for reason in (*silent, *doubts)), "")


def _merged(seen: Seen, tip: CommitInfo | None) -> bool:
    """Say whether a branch only stands there because nobody deleted it: all that it carries was merged."""
    merged = {one.head for one in seen.proposals if one.state is State.MERGED}
    return tip is not None and tip.commit in merged


def _stuck(case: Case, rebuild: Rebuild, change: Change) -> str:
    """Say what keeps every fix of a security rebuild from coming; one that nothing keeps has nothing left to do.

    With a clock that is behind the last run releases look too young, or not there yet: nothing is over then.
    """
    if not change.empty:
        return ""
    last = next(iter(case.tools.store.last_runs(case.assignment.repository.key)), None)
    finished = datetime.fromisoformat(str(last["finished_at"])) if last else None
    if finished is not None and case.now < finished - CLOCKS_APART:
        return f"the clock says {case.now:%Y-%m-%d %H:%M}, and the last run was on {finished:%Y-%m-%d %H:%M} UTC"
    if rebuild.trigger is not Trigger.SECURITY:
        return ""
    return next((one.why.text for one in change.remaining if one.why.code in BLOCKED), "")


def _conflicts(case: Case, standing: Proposal, change: Change) -> bool:
    """Say whether what stands cannot be merged any more: only where the base branch moved on since."""
    if standing.marks is None or standing.marks.base == case.head.commit or change.empty:
        return False
    files = {file.path: file.data for file in change.files}
    return case.tools.workspace.conflicts(case.remote, standing.marks.base, case.head.commit, files)


def _asked(seen: Seen, branch: str) -> Literal["", "rebase", "recreate"]:
    """Give what somebody asked for in the newest proposal of a branch: in a comment, or by its box."""
    newest = next((one for one in seen.proposals if one.branch == branch), None)
    orders = seen.orders.get(newest.number, ()) if newest else ()
    if any(order.recreate for order in orders):
        return "recreate"
    return "rebase" if orders and newest and newest.state is State.OPEN else ""  # closing it was the last word


def _carry_out(case: Case, seen: Seen, rebuild: Rebuild, change: Change, branch: _Branch) -> Proposed:
    forge, repository = case.tools.forge, case.assignment.repository
    match branch.decision:
        case LeaveAlone(proposal=proposal, why=why, tell=tell):
            if tell and proposal is not None:
                text = explain.aside(explain.title(rebuild, change), branch.marks, proposal)
                case.tools.talk.say(repository, proposal.number, text)
            outcome = Outcome.NOTHING if branch.marks is None and proposal is None else Outcome.LEFT_ALONE
            return Proposed(outcome=outcome, proposal=proposal, why=why)
        case Wait(until=until, why=why):
            return Proposed(outcome=Outcome.DEFERRED, proposal=None, why=why, until=until)
        case Close(proposal=proposal, why=why):
            return Proposed(
                outcome=Outcome.CLOSED, proposal=close(case, seen, proposal, why[0].text, branch.tip), why=why
            )
        case Open(why=why):
            half_done.begin(case, rebuild.branch)
            draft = _pushed(case, seen, rebuild, change, branch)
            opened = note(case, forge.open(repository, draft))
            half_done.end(case, rebuild.branch)
            return Proposed(outcome=Outcome.OPENED, proposal=opened, why=why)
        case Update(proposal=proposal, push=push, why=why):
            draft = (
                _pushed(case, seen, rebuild, change, branch)
                if push
                else draft_of(case, seen, rebuild, change, branch.standing, _base(case, proposal))
            )
            announce(case, proposal, draft.marks)
            updated = note(case, forge.update(repository, proposal.number, draft))
            return Proposed(outcome=Outcome.UPDATED, proposal=updated, why=why)
        case _:
            assert_never(branch.decision)


def close(case: Case, seen: Seen, proposal: Proposal, why: str, tip: CommitInfo | None) -> Proposal:
    """Close a proposal, mark it as closed by us, and delete its branch where nobody else committed to it."""
    marks = proposal.marks
    body = hidden.replaced(proposal.body, replace(marks, withdrawn=True)) if marks is not None else None
    comment = explain.remark(why, (one.number for one in seen.proposals))
    closed = case.tools.forge.close(case.assignment.repository, proposal.number, comment, body)
    if tip is not None and not fingerprint.is_foreign(tip, case.assignment.committer):
        case.tools.workspace.delete(case.remote, proposal.branch, expected=tip.commit)
    return closed


def _pushed(case: Case, seen: Seen, rebuild: Rebuild, change: Change, branch: _Branch) -> Draft:
    """Push clean commits; a branch that already carries exactly this (a run was interrupted) is not pushed again."""
    draft = draft_of(case, seen, rebuild, change, branch.standing)
    tip, workspace = branch.tip, case.tools.workspace
    if fingerprint.carries(tip, draft.marks):
        return draft
    why = "; ".join(reason.text for reason in rebuild.why)
    commit = case.head.commit
    *first, last = _parts(rebuild, change)
    for subject, files in first:
        message = fingerprint.part_message(subject, why, rebuild.branch)
        commit = workspace.commit(commit, files, message, case.now)
    message = fingerprint.commit_message(draft.title, draft.marks, why, rebuild.branch)
    commit = workspace.commit(commit, last[1], message, case.now)
    workspace.push(case.remote, rebuild.branch, commit, expected=tip.commit if tip else None)
    return draft


def _parts(rebuild: Rebuild, change: Change) -> Iterator[tuple[str, tuple[FileText, ...]]]:
    """Divide the files of a security rebuild into one commit for each kind of change: locks, then images.

    So that one of the two can be taken alone in a hurry; a broad rebuild is one commit, as it is tested as one.
    """
    if rebuild.trigger is not Trigger.SECURITY:
        yield "", change.files
        return
    paths = {step.action.lock.path for step in rebuild.steps if isinstance(step.action, Relock)}
    locks = tuple(file for file in change.files if file.path in paths)
    rest = tuple(file for file in change.files if file.path not in paths)
    if locks:
        yield f"Relock {', '.join(file.path for file in locks)}", locks
    if rest:
        yield f"Move images in {', '.join(file.path for file in rest)}", rest


def _base(case: Case, standing: Proposal) -> str:
    """Give the commit that a branch stands on which is not pushed to."""
    return standing.marks.base if standing.marks is not None else case.head.commit


def draft_of(  # noqa: PLR0913, PLR0917 - everything that a text is made from
    case: Case, seen: Seen, rebuild: Rebuild, change: Change, standing: Proposal | None, base: str = ""
) -> Draft:
    """Write the proposal's texts; `standing` is the one that it would replace, `base` what its branch stays on."""
    marks = fingerprint.marks(rebuild, change, base or case.head.commit)
    if standing is not None:
        marks = fingerprint.with_history(marks, standing, f"{case.now:%Y-%m-%d}")
    policy = case.rules.policy
    story = explain.Story(
        repository=case.name,
        rebuild=rebuild,
        change=replace(change, project_notes=project_notes(case.tools, change.pins)),
        unreadable=tuple(one for one in seen.snapshot.unreadable if one.subject != ADVISORIES),
        marks=marks,
        mismatches=assess.mismatches(seen.snapshot),
        states=seen.images,
        ahead=stamps.ahead(seen.images, seen.snapshot, policy),
        feeds=seen.feeds,
        doubts=seen.doubts,
        accepted=seen.accepted,
        cooldown=policy.cooldown,
    )
    return Draft(
        branch=rebuild.branch,
        base_branch=case.head.branch,
        title=explain.title(rebuild, change),
        body=explain.body(story),
        marks=marks,
        labels=policy.labels,
        reviewers=policy.reviewers,
        team_reviewers=policy.team_reviewers,
        assignees=policy.assignees,
    )
