"""What to do about a repository: rebuild, wait, or nothing, each with its reasons."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from typing import Literal, assert_never

from bot.decide import relocks
from bot.decide.calendar import Due, NotDue, Verdict, frozen, not_due_reason
from bot.decide.relocks import Moves, Terms
from bot.model.findings import MovedDigest
from bot.model.images import ImageUse
from bot.model.plan import Deferred, NothingToDo, Plan, Rebuild, Repin, Step
from bot.model.policy import Policy, Schedule, Trigger
from bot.model.reasons import Reason
from bot.model.snapshot import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the caller asked for: the trigger, one kind of thing only, and what may move."""

    trigger: Trigger = Trigger.AUTO
    only: Literal["locks", "images"] | None = None
    moves: Moves = field(default_factory=Moves)


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """Everything that a plan depends on.

    `stale` are the paths of locks that do not match their sources.
    `digests` pairs each image mention with what its tag points to now; `open_quarters` are quarters whose
    proposal stands open, which is kept current.
    """

    snapshot: Snapshot
    digests: tuple[tuple[ImageUse, str], ...]
    moved: tuple[MovedDigest, ...]
    calendar: Verdict
    open_quarters: frozenset[str]
    policy: Policy
    schedule: Schedule
    now: datetime
    stale: frozenset[str] = frozenset()


def plan(wish: Wish, situation: Situation) -> Plan:
    """Decide; never without a reason."""
    snapshot = situation.snapshot
    if not (snapshot.locks or snapshot.images):
        if snapshot.unreadable:
            return _nothing("unreadable", snapshot.repository, "nothing here could be read; see the findings")
        return _nothing(
            "nothing-here", snapshot.repository, "nothing to keep fresh here: no compiled lock and no image"
        )
    trigger = _effective(wish)
    match trigger:
        case Trigger.MANUAL:
            return _rebuild(wish, situation, Trigger.MANUAL, "", _asked(wish, situation))
        case Trigger.SECURITY:
            return _nothing(
                "no-advisories", snapshot.repository, "security rebuilds are not there yet: no advisory is read"
            )
        case Trigger.QUARTERLY:
            return _quarterly(wish, situation, forced=True)
        case Trigger.AUTO:
            return _quarterly(wish, situation, forced=False)
        case _:
            assert_never(trigger)


def _effective(wish: Wish) -> Trigger:
    """Give the trigger to act on: a person who says what may move wants it now, whatever the calendar says."""
    return Trigger.MANUAL if wish.trigger is Trigger.AUTO and wish.moves.narrow else wish.trigger


def _asked(wish: Wish, situation: Situation) -> Reason:
    cooldown = situation.policy.cooldown and not wish.moves.narrow
    text = f"somebody asked to {wish.moves.text} now{', without a cooldown' if cooldown else ''}"
    return Reason(code="manual", subject=situation.snapshot.repository, text=text)


def _quarterly(wish: Wish, situation: Situation, *, forced: bool) -> Plan:
    calendar = situation.calendar
    quarter = calendar.quarter
    if isinstance(calendar, Due):
        why = _due_reason(quarter, calendar.since, situation.snapshot.repository)
    elif quarter in situation.open_quarters:
        why = Reason(
            code="quarter-open", subject=quarter, text=f"the proposal of {quarter} is open and is kept current"
        )
    else:
        return _wait(calendar, situation, forced=forced)
    if not forced and (window := frozen(situation.policy.freeze, situation.now, situation.schedule.timezone)):
        freeze, until = window
        reason = Reason(code="freeze", subject=quarter, text=f"{quarter} is due, but frozen: {freeze.reason}")
        return Deferred(until=until, why=(reason,))
    return _rebuild(wish, situation, Trigger.QUARTERLY, quarter, why)


def _wait(calendar: NotDue, situation: Situation, *, forced: bool) -> Plan:
    reason = not_due_reason(calendar)
    if situation.moved and calendar.until is not None and not forced:
        names = ", ".join(sorted({move.use.name.tagged for move in situation.moved}))
        waiting = Reason(
            code="digest-waits", subject=names, text=f"{names} moved; the new digest waits for the quarter"
        )
        return Deferred(until=calendar.until, why=(waiting, reason))
    if situation.stale and calendar.until is not None:
        paths = ", ".join(sorted(situation.stale))
        text = f"{paths} not in line with the sources; the next rebuild mends it, --refresh does it now"
        return Deferred(until=calendar.until, why=(Reason(code="lock-waits", subject=paths, text=text), reason))
    return NothingToDo(why=(reason,))


def _due_reason(quarter: str, since: datetime | None, repository: str) -> Reason:
    if since is None:
        return Reason(code="never-rebuilt", subject=quarter, text=f"{repository} was never rebuilt before")
    return Reason(code="quarter-due", subject=quarter, text=f"the rebuild of {quarter} is due since {since:%Y-%m-%d}")


def _rebuild(wish: Wish, situation: Situation, trigger: Trigger, quarter: str, why: Reason) -> Plan:
    snapshot, moves = situation.snapshot, wish.moves
    cutoff = _cutoff(situation, trigger, moves)
    terms = Terms(stale=situation.stale, cutoff=cutoff, policy=situation.policy, why=why)
    locks = relocks.steps(moves, snapshot.locks, terms) if wish.only != "images" else ()
    images = _image_steps(situation, why) if wish.only != "locks" and not moves.narrow else []
    if not locks and not images:
        what = "every image is at its newest digest"
        if moves.narrow or wish.only == "locks" or not snapshot.images:
            what = relocks.nothing_to_compile(moves, snapshot.locks)
        return NothingToDo(why=(why, Reason(code="nothing-moves", subject=snapshot.repository, text=what)))
    branch = f"quarterdeck/quarterly-{quarter}" if trigger is Trigger.QUARTERLY else "quarterdeck/manual"
    unheard = relocks.unheard(moves, snapshot.locks)
    return Rebuild(trigger=trigger, branch=branch, quarter=quarter, steps=(*locks, *images), why=(why, *unheard))


def _cutoff(situation: Situation, trigger: Trigger, moves: Moves) -> datetime | None:
    """Give the newest upload that is taken: a whole day, so that a day has one answer.

    Who asks for everything now wants the newest of everything; who asks for less wants it for nothing else.
    """
    everything_now = trigger is Trigger.MANUAL and not moves.narrow
    if everything_now or not situation.policy.cooldown:
        return None
    limit = situation.now.astimezone(UTC) - situation.policy.cooldown
    return datetime.combine(limit.date(), time(), tzinfo=UTC)


def _image_steps(situation: Situation, why: Reason) -> list[Step]:
    moved = {move.use for move in situation.moved}
    steps = []
    for use, digest in situation.digests:
        if use.digest_span is None:
            continue
        name = use.name.tagged
        if use in moved:
            reason = Reason(
                code="moved-digest", subject=name, text=f"{name} points to another image than the one pinned"
            )
        elif use.name.digest is None and situation.policy.pin_digests:
            reason = Reason(code="unpinned", subject=name, text=f"{name} is not pinned, so two builds may differ")
        else:
            continue
        steps.append(Step(action=Repin(use=use, digest=digest), why=(reason, why)))
    return steps


def _nothing(code: str, subject: str, text: str) -> NothingToDo:
    return NothingToDo(why=(Reason(code=code, subject=subject, text=text),))
