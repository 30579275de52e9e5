"""Listen to what people say in our proposals: commands in comments, and the box that they tick."""

from dataclasses import dataclass, field
from functools import cache

from bot.decide import talk
from bot.decide.talk import Order
from bot.errors import AccessDenied, RepoError, Unavailable
from bot.formats import commands
from bot.model.policy import Ignored
from bot.model.proposal import Proposal, State
from bot.model.reasons import Reason
from bot.model.snapshot import Snapshot
from bot.workflow.case import Case

MOST_OLD = 10  # closed proposals that are read again where our own records were lost
MOST_CLOSED = 4  # branches whose newest proposal is read although it is closed: people comment, and then close
TICKED = Order(key="", recreate=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listened:
    """What people asked for: `orders` by the number of the proposal, what they want ignored, what was not heard."""

    orders: dict[int, tuple[Order, ...]] = field(default_factory=dict)
    ignored: tuple[Ignored, ...] = ()
    doubts: tuple[Reason, ...] = ()


def listen(case: Case, snapshot: Snapshot, proposals: tuple[Proposal, ...]) -> Listened:
    """Read the comments on open proposals, answer what can be answered at once, and keep what is to be ignored.

    Where our records were lost, closed proposals are read too: an `ignore` that was written there still holds.
    """
    store, key = case.tools.store, case.assignment.repository.key
    lost = not store.last_runs(key)
    standing = [one for one in proposals if one.state is State.OPEN]
    over = [one for one in proposals if one.state is not State.OPEN]
    old = over[:MOST_OLD] if lost else _newest(over, {one.branch for one in standing})
    orders: dict[int, tuple[Order, ...]] = {}
    doubts: list[Reason] = []
    fresh: list[Ignored] = []
    may_write = cache(lambda author: case.tools.talk.may_write(case.assignment.repository, author))
    for proposal in sorted([*standing, *old], key=lambda one: one.number):  # what was said later holds
        try:
            comments = case.tools.talk.comments(case.assignment.repository, proposal.number)
            heard = talk.hear(comments, may_write, talk.knows(snapshot), case.now.date(), proposal.url)
            for reply in heard.replies:
                case.tools.talk.say(case.assignment.repository, proposal.number, reply)
        except (AccessDenied, RepoError, Unavailable) as error:
            text = f"what people said in #{proposal.number} is not known: {error.message}"
            doubts.append(Reason(code="comments-unread", subject=proposal.branch, text=text))
            continue
        fresh += heard.ignored
        if proposal.state is not State.MERGED:
            asked = (*heard.orders, *((TICKED,) if proposal in standing and commands.ticked(proposal.body) else ()))
            orders |= {proposal.number: asked} if asked else {}
    if not case.tools.rehearsal:
        for wish in fresh:
            store.ignore(key, wish)
    kept = {one.subject: one for one in [*store.ignored(key), *fresh]}
    return Listened(orders=orders, ignored=tuple(kept.values()), doubts=tuple(doubts))


def _newest(over: list[Proposal], taken: set[str]) -> list[Proposal]:
    """Give the newest proposal of each branch on which none stands open."""
    newest: dict[str, Proposal] = {}
    for one in over:
        if one.branch not in taken:
            newest.setdefault(one.branch, one)
    return list(newest.values())[:MOST_CLOSED]


def answer(case: Case, orders: tuple[Order, ...], proposal: Proposal, text: str) -> None:
    """Tell people what became of what they asked for."""
    for order in orders:
        if order.key:
            case.tools.talk.say(case.assignment.repository, proposal.number, talk.done(order, text))
