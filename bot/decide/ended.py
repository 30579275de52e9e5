"""Whether it is certain that nothing is left of a proposal: what is silent, or cannot be fixed today, is not over."""

from collections.abc import Iterable

from bot.decide import flaws, plan
from bot.decide.fleet import RENAMED
from bot.model.findings import Accepted
from bot.model.flaws import FlawedPin
from bot.model.observed import ImageState
from bot.model.policy import Policy
from bot.model.proposal import Proposal
from bot.model.reasons import Reason
from bot.model.snapshot import Snapshot

SPEAKING = frozenset({"waiver-expired", RENAMED})  # doubts that say something is known, and not that it is unknown


def certain(doubts: Iterable[Reason]) -> bool:
    """Whether everything was heard that could say that something is unsafe."""
    return all(reason.code in SPEAKING for reason in doubts)


def is_over(paths: frozenset[str] | None, snapshot: Snapshot, states: tuple[ImageState, ...]) -> bool:
    """Say whether what a proposal changes (`paths`, None where nobody knows) was looked at, and is fine without it.

    Where it touches no image, what images are silent about does not matter. A file that could not be read may hold
    anything.
    """
    images = {use.path for use in snapshot.images}
    strange = {row.path for row in snapshot.unreadable} - images
    if strange if paths is None else strange & paths:
        return False
    return plan.calm(snapshot, states) or (paths is not None and not paths & images)


def unsafe(
    proposal: Proposal, paths: frozenset[str] | None, flawed: Iterable[FlawedPin], policy: Policy
) -> FlawedPin | None:
    """Give a pin that still has a flaw that the proposal fixes: it is not planned since nobody can fix it just now."""
    fixes = set(proposal.marks.fixes) if proposal.marks else set()
    return next(
        (
            one
            for one in flawed
            if flaws.urgent(one, policy.security_severity)
            and (paths is None or one.path in paths)
            and any(fixes.intersection(advisory.names) for advisory in one.advisories)
        ),
        None,
    )


def accepted(proposal: Proposal, found: Iterable[Accepted]) -> str:
    """Say what of the things that a proposal fixes somebody accepted, "" for nothing."""
    fixes = set(proposal.marks.fixes) if proposal.marks else set()
    rows = {
        f"{one.advisory.id} in {one.name} is accepted until {one.until:%Y-%m-%d} ({one.reason})"
        for one in found
        if fixes.intersection(one.advisory.names)
    }
    return "; ".join(sorted(rows))
