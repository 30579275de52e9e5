"""What to do with a draft, given what stands at the forge: open, update, leave alone, wait or close. All of it pure."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from bot.decide.fingerprint import is_no
from bot.formats import marks as hidden
from bot.model.policy import Trigger
from bot.model.proposal import Close, LeaveAlone, Marks, Open, Proposal, Publication, State, Update, Wait
from bot.model.reasons import Reason

QUARTERLY_PREFIX = "quarterdeck/quarterly-"
SECURITY_BRANCH = "quarterdeck/security"
MANUAL_BRANCH = "quarterdeck/manual"
TOO_MANY = "too-many-open"
NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What else the decision about one branch depends on.

    `foreign`: its newest commit is somebody else's. `conflicts`: what it stands on moved on, so that it cannot be
    merged as it is. `asked`: a person with write permission asked to rebuild it onto the newest base, or to recreate
    it, whatever was committed there. `others` counts our other open proposals, of which `most` may be open; `again` is
    when to look again where there are that many. `stuck` says why nothing could be made this time, "" where something
    could, or nothing is left to do; `gone` says what became of what a proposal was for, where that is known. `unsure`
    says why not everything is known that a proposal may have been made for. `title` is what it would be called.
    """

    foreign: bool = False
    conflicts: bool = False
    asked: Literal["", "rebase", "recreate"] = ""
    others: int = 0
    most: int = 100
    again: datetime = NEVER
    stuck: str = ""
    gone: str = ""
    unsure: str = ""
    title: str = ""


CALM = Circumstances()


def publication(
    draft: Marks | None, branch: str, proposals: tuple[Proposal, ...], around: Circumstances = CALM
) -> Publication:
    """Decide for one branch; `draft` None means that nothing would change."""
    ours = [proposal for proposal in proposals if proposal.branch == branch]
    standing = next((proposal for proposal in ours if proposal.state is State.OPEN), None)
    if standing is not None:
        return _standing(draft, standing, ours, around)
    if draft is None:
        why = _reason("stuck", branch, around.stuck) if around.stuck else None
        return LeaveAlone(proposal=None, why=(why or _reason("up-to-date", branch, "everything is up to date"),))
    if around.foreign and around.asked != "recreate":
        closed = next((one for one in ours if one.state is State.CLOSED), None)
        text = f"{branch} carries commits that are not ours"
        tell = closed is not None and not is_no(closed.marks, draft)
        return LeaveAlone(proposal=closed, why=(_reason("foreign-commits", branch, text),), tell=tell)
    if not around.asked and (held := _held_back(draft, branch, proposals, around)) is not None:
        return held
    return Open(why=(_reason("new", branch, "nothing like it was proposed before"),))


def _held_back(
    draft: Marks, branch: str, proposals: tuple[Proposal, ...], around: Circumstances
) -> LeaveAlone | Wait | None:
    """Say why a draft is not opened: people said no to it, too many stand open, or another one does the same."""
    for proposal in proposals:
        if proposal.branch == branch and proposal.state is State.CLOSED and _was_no(proposal, draft, around.title):
            text = f"#{proposal.number} proposed this and was closed: that is a no"
            return LeaveAlone(proposal=proposal, why=(_reason("declined", branch, text),))
    if draft.trigger is not Trigger.SECURITY and around.others >= around.most:
        count = "1 proposal" if around.others == 1 else f"{around.others} proposals"
        stand = "stands" if around.others == 1 else "stand"
        text = f"{count} of max_open_pull_requests = {around.most} {stand} open: merge or close one"
        return Wait(until=around.again, why=(_reason(TOO_MANY, branch, text),))
    if (twin := _twin(draft, branch, proposals)) is not None:
        text = f"#{twin.number} stands open and changes exactly the same"
        return LeaveAlone(proposal=twin, why=(_reason("twin", branch, text),))
    return None


def _was_no(proposal: Proposal, draft: Marks, title: str) -> bool:
    """Say whether closing a proposal was a "no" to a draft; one whose block is gone is known by its title."""
    marks = proposal.marks or hidden.remembered(proposal.body)
    return is_no(marks, draft) if marks is not None else bool(title) and proposal.title == title


def _twin(draft: Marks, branch: str, proposals: tuple[Proposal, ...]) -> Proposal | None:
    """Give another open proposal of ours that comes to the same files: nobody reviews one change twice."""
    others = (one for one in proposals if one.state is State.OPEN and one.branch != branch)
    return next((one for one in others if one.marks is not None and one.marks.files == draft.files), None)


def _standing(
    draft: Marks | None, standing: Proposal, ours: Collection[Proposal], around: Circumstances
) -> Publication:
    if around.asked != "recreate" and (others := _somebody_elses(draft, standing, around)) is not None:
        return others
    number, branch = f"#{standing.number}", standing.branch
    if draft is None:
        return _nothing_left(standing, around)
    if around.asked:
        return Update(
            proposal=standing, push=True, why=(_reason("asked", branch, f"somebody asked for it in {number}"),)
        )
    return _changed(draft, standing, ours, around)


def _changed(draft: Marks, standing: Proposal, ours: Collection[Proposal], around: Circumstances) -> Publication:
    """Bring a proposal up to date, unless it says the same, or would only say less."""
    number, branch, marks = f"#{standing.number}", standing.branch, standing.marks
    if marks is not None and (marks.content, marks.files) == (draft.content, draft.files):
        return _equal(draft, standing, marks, around)
    if around.unsure and marks is not None and set(draft.fixes) < set(marks.fixes):
        text = f"{number} stays as it is, and does not become less: {around.unsure}"
        return LeaveAlone(proposal=standing, why=(_reason("stuck", branch, text),))
    if (no := _shrunk_to_a_no(draft, standing, ours)) is not None:
        text = f"what is left of {number} was proposed in #{no.number}, which was closed: that is a no"
        return Close(proposal=standing, why=(_reason("declined", branch, text),))
    text = f"what {number} would change is not the same any more"
    return Update(proposal=standing, push=True, why=(_reason("changed", branch, text),))


def _shrunk_to_a_no(draft: Marks, standing: Proposal, ours: Collection[Proposal]) -> Proposal | None:
    """Give the proposal that a person closed, where a part of this one is gone and the rest is what they said no to.

    A part that is still needed, and cannot be fixed just now, is not gone.
    """
    marks = standing.marks
    if marks is None or marks.rest != draft.rest or not set(draft.fixes) < set(marks.fixes):
        return None
    return next((one for one in ours if one.state is State.CLOSED and is_no(one.marks, draft)), None)


def _somebody_elses(draft: Marks | None, standing: Proposal, around: Circumstances) -> LeaveAlone | None:
    """Leave a proposal to the person who took it over; they are told once where we would change something."""
    number, marks = f"#{standing.number}", standing.marks
    if around.foreign:
        same = draft is not None and marks is not None and (marks.content, marks.files) == (draft.content, draft.files)
        reason = _reason("foreign-commits", standing.branch, f"{number} carries commits that are not ours")
        return LeaveAlone(proposal=standing, why=(reason,), tell=not same and not around.stuck)
    if marks is None:
        text = f"the hidden block of {number} is missing or was edited, so it is taken for somebody else's"
        reason = _reason("edited-block", standing.branch, text)
        return LeaveAlone(proposal=standing, why=(reason,), tell=not around.stuck)
    return None


def _nothing_left(standing: Proposal, around: Circumstances) -> Publication:
    number, branch = f"#{standing.number}", standing.branch
    if around.stuck:
        text = f"{number} stays as it is: {around.stuck}"
        return LeaveAlone(proposal=standing, why=(_reason("stuck", branch, text),))
    if standing.marks is not None and standing.marks.withdrawn:
        text = f"nothing of {number} is left to do, and somebody reopened it all the same"
        return LeaveAlone(proposal=standing, why=(_reason("reopened", branch, text),))
    text = around.gone or f"nothing of {number} is left to do: everything is up to date without it"
    return Close(proposal=standing, why=(_reason("obsolete", branch, text),))


def _equal(draft: Marks, standing: Proposal, marks: Marks, around: Circumstances) -> Publication:
    """Leave what says the same; approvals stay as long as nothing is pushed."""
    number, branch = f"#{standing.number}", standing.branch
    if around.conflicts:
        text = f"{number} says the same, but what it stands on moved on, and it does not merge any more"
        return Update(proposal=standing, push=True, why=(_reason("conflicts", branch, text),))
    if marks.withdrawn:
        text = f"somebody reopened {number}, which we had closed, and there is something to do again"
        return Update(proposal=standing, push=False, why=(_reason("reopened", branch, text),))
    if (marks.rest, marks.fixes) != (draft.rest, draft.fixes):
        text = f"what {number} changes is the same, and more is known of what it fixes and what remains"
        return Update(proposal=standing, push=False, why=(_reason("retold", branch, text),))
    return LeaveAlone(proposal=standing, why=(_reason("unchanged", branch, f"{number} says the same"),))


def left_over(proposals: tuple[Proposal, ...], planned: Collection[str], *, broad: bool) -> tuple[Proposal, ...]:
    """Give the open proposals whose reason is gone, as they are not planned any more.

    A security proposal is planned as long as it fixes something, one of an earlier quarter is over once a later one is
    planned. Moves to other releases are only known where tags were looked for (`broad`). What somebody asked for by
    hand stays.
    """
    quarters = [quarter_of_branch(branch) for branch in planned]
    newest = max((quarter for quarter in quarters if quarter), default="")

    def gone(one: Proposal) -> bool:
        if one.state is not State.OPEN or one.branch in planned:
            return False
        if one.branch == SECURITY_BRANCH:
            return True
        if quarter := quarter_of_branch(one.branch):
            return quarter < newest
        return broad and one.branch.startswith("quarterdeck/base-")

    return tuple(one for one in proposals if gone(one))


def others_open(proposals: tuple[Proposal, ...], branch: str) -> int:
    """Count our open proposals on other branches; security ones do not count, as they pass the limit."""
    return sum(one.state is State.OPEN and one.branch not in {branch, SECURITY_BRANCH} for one in proposals)


def quarters(proposals: tuple[Proposal, ...], *, finished: bool) -> frozenset[str]:
    """Give the quarters of quarterly proposals that are merged or closed by people (`finished`), or still open."""
    return frozenset(
        quarter
        for proposal in proposals
        if (proposal.state is not State.OPEN) is finished and (quarter := quarter_of_branch(proposal.branch))
    )


def quarter_of_branch(branch: str) -> str:
    """Give the quarter that a branch is for, "" for others; it cannot be edited as a body can."""
    name = branch.removeprefix(QUARTERLY_PREFIX)
    return name if name != branch else ""


def _reason(code: str, subject: str, text: str) -> Reason:
    return Reason(code=code, subject=subject, text=text)
