"""What to do about a repository: rebuild, wait, or nothing, each with its reasons."""

from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Literal, assert_never

from bot.decide.calendar import Due, NotDue, Verdict, frozen, not_due_reason
from bot.model.findings import MovedDigest
from bot.model.images import ImageUse
from bot.model.locks import Lock
from bot.model.plan import Deferred, NothingToDo, Plan, Rebuild, Relock, Repin, Step, UpgradeAll, UpgradeOnly
from bot.model.policy import Policy, Schedule, Trigger
from bot.model.reasons import Reason
from bot.model.snapshot import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the caller asked for: the trigger, one kind of thing only, these packages only (normalised names)."""

    trigger: Trigger = Trigger.AUTO
    only: Literal["locks", "images"] | None = None
    packages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """Everything that a plan depends on.

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
    """Give the trigger to act on: a person who names packages wants them now, whatever the calendar says."""
    return Trigger.MANUAL if wish.trigger is Trigger.AUTO and wish.packages else wish.trigger


def _asked(wish: Wish, situation: Situation) -> Reason:
    what = f"upgrade {', '.join(wish.packages)}" if wish.packages else "upgrade everything"
    return Reason(code="manual", subject=situation.snapshot.repository, text=f"somebody asked to {what} now")


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
    return NothingToDo(why=(reason,))


def _due_reason(quarter: str, since: datetime | None, repository: str) -> Reason:
    if since is None:
        return Reason(code="never-rebuilt", subject=quarter, text=f"{repository} was never rebuilt before")
    return Reason(code="quarter-due", subject=quarter, text=f"the rebuild of {quarter} is due since {since:%Y-%m-%d}")


def _rebuild(wish: Wish, situation: Situation, trigger: Trigger, quarter: str, why: Reason) -> Plan:
    locks = _lock_steps(wish, situation, trigger, why) if wish.only != "images" else []
    images = _image_steps(situation, why) if wish.only != "locks" and not wish.packages else []
    if not locks and not images:
        what = f"no lock pins {', '.join(wish.packages)}" if wish.packages else "every image is at its newest digest"
        if not wish.packages and (wish.only == "locks" or not situation.snapshot.images):
            what = "no lock can be compiled; see the findings"
        return NothingToDo(why=(why, Reason(code="nothing-moves", subject=situation.snapshot.repository, text=what)))
    branch = f"quarterdeck/quarterly-{quarter}" if trigger is Trigger.QUARTERLY else "quarterdeck/manual"
    return Rebuild(trigger=trigger, branch=branch, quarter=quarter, steps=(*locks, *images), why=(why,))


def _lock_steps(wish: Wish, situation: Situation, trigger: Trigger, why: Reason) -> list[Step]:
    steps = []
    cutoff = _cutoff(situation, trigger)
    for lock in in_order(situation.snapshot.locks):
        names = tuple(sorted(set(wish.packages) & {pin.name for pin in lock.pins}))
        if lock.obstacle or (wish.packages and not names):
            continue
        movement = UpgradeOnly(names=names) if wish.packages else UpgradeAll()
        steps.append(Step(action=Relock(lock=lock, movement=movement, uploaded_before=cutoff), why=(why,)))
    return steps


def _cutoff(situation: Situation, trigger: Trigger) -> datetime | None:
    """Give the newest upload that a quarterly upgrade takes: a whole day, so that a day has one answer."""
    if trigger is not Trigger.QUARTERLY or not situation.policy.cooldown:
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


def in_order(locks: tuple[Lock, ...]) -> tuple[Lock, ...]:
    """Sort locks so that each comes after those that it includes; by path where they do not depend."""
    waiting = {lock.path: lock for lock in sorted(locks, key=lambda lock: lock.path)}
    ordered: list[Lock] = []
    while waiting:
        ready = [lock for lock in waiting.values() if not set(lock.after) & (waiting.keys() - {lock.path})]
        chosen = ready or list(waiting.values())[:1]
        ordered.extend(waiting.pop(lock.path) for lock in chosen)
    return tuple(ordered)


def _nothing(code: str, subject: str, text: str) -> NothingToDo:
    return NothingToDo(why=(Reason(code=code, subject=subject, text=text),))
