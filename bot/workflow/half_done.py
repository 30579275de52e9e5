"""Branches that were pushed for proposals which were never opened: what interrupted runs leave is taken away again.

Only what we noted ourselves before a push is looked at, so that a branch of somebody else is never touched. The next
run opens the proposal over the branch that is there; where it comes to something else, the branch goes.
"""

from bot.decide import fingerprint
from bot.model.proposal import State
from bot.workflow.case import Case, Seen

KIND = "half-done"


def begin(case: Case, branch: str) -> None:
    """Note that a branch is about to be pushed."""
    _keep(case, _noted(case) | {branch})


def end(case: Case, branch: str) -> None:
    """Note that the proposal of a branch stands."""
    _keep(case, _noted(case) - {branch})


def clear(case: Case, seen: Seen) -> None:
    """Delete what was pushed and has no proposal now that all is done; a branch that others committed to stays."""
    standing = {one.branch for one in seen.proposals if one.state is State.OPEN}
    for branch in sorted(_noted(case) - standing):
        tip = case.tools.workspace.branch(case.remote, branch)
        if tip is not None and not fingerprint.is_foreign(tip, case.assignment.committer):
            case.tools.workspace.delete(case.remote, branch, expected=tip.commit)
    _keep(case, frozenset())


def _noted(case: Case) -> frozenset[str]:
    return frozenset((case.tools.store.recall(KIND, case.assignment.repository.key) or "").split())


def _keep(case: Case, branches: frozenset[str]) -> None:
    if branches != _noted(case) and not case.tools.rehearsal:
        case.tools.store.remember(KIND, case.assignment.repository.key, " ".join(sorted(branches)), case.now)
