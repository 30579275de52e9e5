"""What we wrote into the hidden blocks of proposals: a block that says otherwise was edited, and is not trusted."""

import hashlib
from dataclasses import replace

from bot.model.proposal import Marks, Proposal, State
from bot.workflow.case import Case
from bot.workflow.context import Assignment, Tools

KIND = "written-marks"


def announce(case: Case, proposal: Proposal, marks: Marks) -> None:
    """Remember what is about to stand in a proposal besides what does: the run may end before it is noted."""
    if not case.tools.rehearsal:
        both = [_said(one) for one in (proposal.marks, marks) if one is not None]
        case.tools.store.remember(KIND, _key(case.assignment, proposal), "\n".join(both), case.now)


def note(case: Case, proposal: Proposal) -> Proposal:
    """Remember what stands in a proposal now; it is given back."""
    if proposal.marks is not None and not case.tools.rehearsal:
        case.tools.store.remember(KIND, _key(case.assignment, proposal), _said(proposal.marks), case.now)
    return proposal


def trusted(tools: Tools, assignment: Assignment, proposals: tuple[Proposal, ...]) -> tuple[Proposal, ...]:
    """Give proposals as the forge has them, open ones with an edited block without any; a lost store trusts all."""

    def edited(one: Proposal) -> bool:
        known = tools.store.recall(KIND, _key(assignment, one)) if one.marks and one.state is State.OPEN else None
        return known is not None and one.marks is not None and _said(one.marks) not in known.split("\n")

    return tuple(replace(one, marks=None) if edited(one) else one for one in proposals)


def _key(assignment: Assignment, proposal: Proposal) -> str:
    return f"{assignment.repository.key} #{proposal.number}"


def _said(marks: Marks) -> str:
    fixes = hashlib.sha256("\n".join(marks.fixes).encode()).hexdigest()
    return " ".join((marks.trigger, marks.quarter or "-", marks.content, marks.files, marks.base, fixes))
