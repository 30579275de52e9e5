"""Close proposals whose reason is gone: fixed in another way, taken back, or overtaken by the next quarter."""

from bot.decide import ended, publish
from bot.model.change import Change
from bot.model.plan import Plan, Rebuild
from bot.model.policy import Trigger
from bot.model.proposal import Proposal
from bot.model.reasons import Reason
from bot.model.runs import Outcome, Published
from bot.workflow.case import Case, Seen
from bot.workflow.propose import propose


def withdraw(case: Case, seen: Seen, decided: Plan | None) -> tuple[Seen, tuple[Published, ...]]:
    """Close what is over, and say why; only where everything was looked at, and everybody was heard."""
    whole = case.wish.trigger in {Trigger.AUTO, Trigger.SECURITY} and not (case.wish.only or case.wish.moves.narrow)
    if not whole or not case.rules.enabled:
        return seen, ()
    planned = {decided.branch, *(one.branch for one in decided.apart)} if isinstance(decided, Rebuild) else set()
    done: list[Published] = []
    for proposal in publish.left_over(seen.proposals, planned, broad=seen.broad):
        if publish.quarter_of_branch(proposal.branch) or _is_over(case, seen, proposal):
            published = _closed(case, seen, proposal, _why(case, proposal, planned))
            done.append(published)
            seen = seen.after(published.proposal) if published.proposal else seen
    return seen, tuple(done)


def _is_over(case: Case, seen: Seen, proposal: Proposal) -> bool:
    """Say whether it is certain that nothing is left to do of what a proposal was made for."""
    if not ended.certain(seen.doubts):
        return False
    base = proposal.marks.base if proposal.marks else ""
    paths = case.tools.workspace.changed(case.remote, base, proposal.head) if base and proposal.head else None
    if ended.unsafe(proposal, paths, seen.flawed, case.rules.policy) is not None:
        return False
    return ended.is_over(paths, seen.snapshot, seen.images)


def _why(case: Case, proposal: Proposal, planned: set[str]) -> Reason:
    if quarter := publish.quarter_of_branch(proposal.branch):
        newest = max(one for branch in planned if (one := publish.quarter_of_branch(branch)))
        text = f"{quarter} is over: the rebuild of {newest} takes its place"
    else:
        text = "nothing that it was made for is left to do: it came in another way, or was taken back"
    return Reason(code="obsolete", subject=case.name, text=text)


def _closed(case: Case, seen: Seen, proposal: Proposal, why: Reason) -> Published:
    empty = Rebuild(trigger=Trigger.SECURITY, branch=proposal.branch, quarter="", steps=(), why=(why,))
    done = propose(case, seen, empty, Change(), gone=why)
    outcome = Outcome.LEFT_ALONE if done.outcome is Outcome.NOTHING else done.outcome
    return Published(rebuild=empty, outcome=outcome, change=Change(), proposal=done.proposal, why=done.why)
