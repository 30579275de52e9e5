"""Close proposals whose reason is gone: fixed in another way, taken back, or overtaken by the next quarter."""

from bot.decide import ended, publish
from bot.decide.flaws import ids
from bot.model.change import Change
from bot.model.plan import Plan, Rebuild
from bot.model.policy import Trigger
from bot.model.proposal import Proposal
from bot.model.reasons import Reason
from bot.model.runs import Outcome, Published
from bot.workflow.case import Case, Seen
from bot.workflow.propose import propose

NAMED = 3  # flaws that the reason of a closing names


def withdraw(case: Case, seen: Seen, decided: Plan | None) -> tuple[Seen, tuple[Published, ...]]:
    """Close what is over, and say why; only where everything was looked at, and everybody was heard."""
    whole = case.wish.trigger in {Trigger.AUTO, Trigger.SECURITY} and not (case.wish.only or case.wish.moves.narrow)
    if not whole or not case.rules.enabled:
        return seen, ()
    planned = {decided.branch, *(one.branch for one in decided.apart)} if isinstance(decided, Rebuild) else set()
    done: list[Published] = []
    for proposal in publish.left_over(seen.proposals, planned, broad=seen.broad):
        stays = None if publish.quarter_of_branch(proposal.branch) else _stays(case, seen, proposal)
        if stays is None:
            done.append(_closed(case, seen, proposal, _why(case, seen, proposal, planned)))
            seen = seen.after(after) if (after := done[-1].proposal) else seen
        else:
            empty = _empty(proposal, stays)
            done.append(
                Published(rebuild=empty, outcome=Outcome.LEFT_ALONE, change=Change(), proposal=proposal, why=(stays,))
            )
    return seen, tuple(done)


def _stays(case: Case, seen: Seen, proposal: Proposal) -> Reason | None:
    """Say why a proposal stays that nothing is planned for; None where it is certain that nothing is left of it."""
    base = proposal.marks.base if proposal.marks else ""
    paths = case.tools.workspace.changed(case.remote, base, proposal.head) if base and proposal.head else None
    unsafe = ended.unsafe(proposal, paths, seen.flawed, case.rules.policy)
    if unsafe is not None:
        why = f"{unsafe.pin.name} {unsafe.pin.version} is still affected by {ids(unsafe.advisories)}"
        why += f", and {unsafe.obstacle.text}" if unsafe.obstacle else ""
    elif ended.certain(seen.doubts) and ended.is_over(paths, seen.snapshot, seen.images):
        return None
    else:
        why = "not everything is known that could say that it is not needed any more"
    return Reason(code="stuck", subject=proposal.branch, text=f"#{proposal.number} stays as it is: {why}")


def _why(case: Case, seen: Seen, proposal: Proposal, planned: set[str]) -> Reason:
    if quarter := publish.quarter_of_branch(proposal.branch):
        newest = max(one for branch in planned if (one := publish.quarter_of_branch(branch)))
        text = f"{quarter} is over: the rebuild of {newest} takes its place"
    elif told := ended.accepted(proposal, seen.accepted):
        text = f"nothing else that it was made for is left to do: {told}"
    else:
        text = (
            f"nothing that it was made for is left to do: {_purpose(proposal)} came in another way, or was taken back"
        )
    return Reason(code="obsolete", subject=case.name, text=text)


def _purpose(proposal: Proposal) -> str:
    fixes = proposal.marks.fixes if proposal.marks else ()
    more = len(fixes) - NAMED
    return f"what fixes {', '.join(fixes[:NAMED])}{f' and {more} more' if more > 0 else ''}" if fixes else "it"


def _closed(case: Case, seen: Seen, proposal: Proposal, why: Reason) -> Published:
    empty = _empty(proposal, why)
    done = propose(case, seen, empty, Change(), gone=why)
    outcome = Outcome.LEFT_ALONE if done.outcome is Outcome.NOTHING else done.outcome
    return Published(rebuild=empty, outcome=outcome, change=Change(), proposal=done.proposal, why=done.why)


def _empty(proposal: Proposal, why: Reason) -> Rebuild:
    return Rebuild(trigger=Trigger.SECURITY, branch=proposal.branch, quarter="", steps=(), why=(why,))
