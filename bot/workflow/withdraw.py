"""Close proposals whose reason is gone: fixed in another way, taken back, or overtaken by the next quarter."""

from bot.decide import exceptions, plan, publish
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
    unsure = any(doubt.code != exceptions.EXPIRED for doubt in seen.doubts)  # a waiver that is over is known
    calm = plan.calm(seen.snapshot, seen.images) and not unsure
    done: list[Published] = []
    for proposal in publish.left_over(seen.proposals, planned, broad=seen.broad):
        if publish.quarter_of_branch(proposal.branch) or calm:
            published = _closed(case, seen, proposal, _why(case, proposal, planned))
            done.append(published)
            seen = seen.after(published.proposal) if published.proposal else seen
    return seen, tuple(done)


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
