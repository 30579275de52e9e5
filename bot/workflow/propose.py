"""Publish a change: decide what to do with the draft, push, and speak to the forge. Every effect can be repeated."""

from dataclasses import dataclass, replace
from typing import assert_never

from bot.decide import assess, explain, publish, stamps
from bot.model.change import Change
from bot.model.plan import Rebuild
from bot.model.proposal import Close, Draft, LeaveAlone, Marks, Open, Proposal, Publication, State, Update
from bot.model.reasons import Reason
from bot.model.repository import CommitInfo
from bot.model.runs import Outcome
from bot.workflow.case import Case, Seen
from bot.workflow.project_notes import project_notes

WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """How publishing ended; `proposal` is the one that stands, if any."""

    outcome: Outcome
    proposal: Proposal | None
    why: tuple[Reason, ...]


def propose(case: Case, seen: Seen, rebuild: Rebuild, change: Change) -> Proposed:
    """Open, update, close or leave alone the proposal of this rebuild's branch."""
    tools = case.tools
    marks = None if change.empty else publish.marks(rebuild, change, case.head.commit)
    with tools.progress.step(case.name, "publishing"):
        tip = tools.workspace.branch(case.remote, rebuild.branch)
        foreign = publish.is_foreign(tip, case.assignment.committer)
        decision = publish.publication(
            marks, rebuild.branch, seen.proposals, foreign=foreign, withdrawn=_withdrawn(case, seen.proposals)
        )
        return _carry_out(case, seen, rebuild, change, _Branch(decision=decision, marks=marks, tip=tip))


def _withdrawn(case: Case, proposals: tuple[Proposal, ...]) -> frozenset[int]:
    """Give the numbers of the proposals that we closed ourselves: that was no "no"."""
    recall = case.tools.store.recall
    closed = (one for one in proposals if one.state is State.CLOSED)
    return frozenset(one.number for one in closed if recall(WITHDRAWN, _subject(case, one)) is not None)


def _subject(case: Case, proposal: Proposal) -> str:
    return f"{case.assignment.repository.key} #{proposal.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Branch:
    decision: Publication
    marks: Marks | None
    tip: CommitInfo | None


def _carry_out(case: Case, seen: Seen, rebuild: Rebuild, change: Change, branch: _Branch) -> Proposed:
    forge, repository = case.tools.forge, case.assignment.repository
    match branch.decision:
        case LeaveAlone(proposal=proposal, why=why):
            outcome = Outcome.NOTHING if branch.marks is None and proposal is None else Outcome.LEFT_ALONE
            return Proposed(outcome=outcome, proposal=proposal, why=why)
        case Close(proposal=proposal, why=why):
            closed = forge.close(repository, proposal.number, why[0].text)
            if not case.tools.rehearsal:
                case.tools.store.remember(WITHDRAWN, _subject(case, proposal), case.now.isoformat(), case.now)
            return Proposed(outcome=Outcome.CLOSED, proposal=closed, why=why)
        case Open(why=why):
            draft = _push(case, seen, rebuild, change, branch)
            return Proposed(outcome=Outcome.OPENED, proposal=forge.open(repository, draft), why=why)
        case Update(proposal=proposal, why=why):
            draft = _push(case, seen, rebuild, change, branch)
            updated = forge.update(repository, proposal.number, draft)
            return Proposed(outcome=Outcome.UPDATED, proposal=updated, why=why)
        case _:
            assert_never(branch.decision)


def _push(case: Case, seen: Seen, rebuild: Rebuild, change: Change, branch: _Branch) -> Draft:
    """Push one clean commit; a branch that already carries exactly it (a run was interrupted) is not pushed again."""
    workspace, tip = case.tools.workspace, branch.tip
    draft = draft_of(case, seen, rebuild, change)
    if tip is not None and publish.marks_of(tip) == draft.marks:
        return draft
    why = "; ".join(reason.text for reason in rebuild.why)
    message = publish.commit_message(draft.title, draft.marks, why, rebuild.branch)
    commit = workspace.commit(case.head.commit, change.files, message, case.now)
    workspace.push(case.remote, rebuild.branch, commit, expected=tip.commit if tip else None)
    return draft


def draft_of(case: Case, seen: Seen, rebuild: Rebuild, change: Change) -> Draft:
    """Write the proposal's texts."""
    marks = publish.marks(rebuild, change, case.head.commit)
    policy = case.rules.policy
    story = explain.Story(
        repository=case.name,
        rebuild=rebuild,
        change=replace(change, project_notes=project_notes(case.tools, change.pins)),
        unreadable=seen.snapshot.unreadable,
        marks=marks,
        mismatches=assess.mismatches(seen.snapshot),
        states=seen.images,
        ahead=stamps.ahead(seen.images, seen.snapshot, policy),
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
