"""What to do about a repository: rebuild, wait, or nothing, each with its reasons."""

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from typing import Literal, assert_never

from bot.decide import contents, flaws, images, publish, relocks
from bot.decide.calendar import Due, NotDue, Verdict, frozen, not_due_reason
from bot.decide.exceptions import Exceptions
from bot.decide.images import Taken
from bot.decide.relocks import Moves, Terms
from bot.decide.stamps import Wanted
from bot.model.flaws import FlawedPin
from bot.model.observed import ImageState
from bot.model.plan import Deferred, NothingToDo, Plan, Rebuild, Step
from bot.model.policy import Policy, Schedule, Trigger
from bot.model.reasons import Reason
from bot.model.snapshot import Snapshot

LOOSE = frozenset({"tags-unread", "retag-settles"})  # notes that say that a quarter was not looked at to its end
SPOKEN = 3  # names in one reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the caller asked for: the trigger, one kind of thing only, and what may move."""

    trigger: Trigger = Trigger.AUTO
    only: Literal["locks", "images"] | None = None
    moves: Moves = field(default_factory=Moves)


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """Everything that a plan depends on.

    `stale` are the paths of locks that do not match their sources, `flawed` the pins that advisories affect, and
    `exceptions` what people accepted. `images` are the mentions of images whose tags were seen; `open_quarters` are
    quarters whose proposal stands open, which is kept current.
    """

    snapshot: Snapshot
    images: tuple[ImageState, ...]
    calendar: Verdict
    open_quarters: frozenset[str]
    policy: Policy
    schedule: Schedule
    now: datetime
    stale: frozenset[str] = frozenset()
    flawed: tuple[FlawedPin, ...] = ()
    exceptions: Exceptions = field(default_factory=lambda: Exceptions(today=date.min))


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
            return _security(wish, situation) or _calm(situation)
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
    security = None if forced else _security(wish, situation)
    if isinstance(calendar, Due):
        why = _due_reason(quarter, calendar.since, situation.snapshot.repository)
    elif quarter in situation.open_quarters:
        why = Reason(
            code="quarter-open", subject=quarter, text=f"the proposal of {quarter} is open and is kept current"
        )
    else:
        return security or _wait(calendar, situation, forced=forced)
    if not forced and (window := frozen(situation.policy.freeze, situation.now, situation.schedule.timezone)):
        freeze, until = window
        reason = Reason(code="freeze", subject=quarter, text=f"{quarter} is due, but frozen: {freeze.reason}")
        later = Deferred(until=until, why=(reason,))
        return replace(security, postponed=later) if security else later
    return _beside(_rebuild(wish, situation, Trigger.QUARTERLY, quarter, why), security)


def _beside(broad: Plan, security: Rebuild | None) -> Plan:
    """Put what is urgent beside the quarter, whose review may take long; not where both are the same."""
    if security is None or not isinstance(broad, Rebuild):
        return broad
    branches = {one.branch for one in (broad, *broad.apart)}
    same = {step.action for step in broad.steps} == {step.action for step in security.steps}
    urgent = (*(() if same else (replace(security, apart=()),)), *security.apart)
    return replace(broad, apart=(*broad.apart, *(one for one in urgent if one.branch not in branches)))


def _security(wish: Wish, situation: Situation) -> Rebuild | None:
    """Give the smallest rebuild that brings in fixes that are urgent; None where there is none.

    What leads to the same other release stands in one proposal: with a fix comes then all of it, as it does in a
    quarter, so that the proposal is the same one whatever made us look.
    """
    if wish.moves.narrow:
        return None
    snapshot, policy = situation.snapshot, situation.policy
    why = Reason(
        code="security",
        subject=snapshot.repository,
        text=f"security fixes wait (of severity {policy.security_severity} and above)",
    )
    locks = () if wish.only == "images" else _fixes(wish, situation, why)
    wanted = Wanted(trigger=Trigger.SECURITY, why=why, snapshot=snapshot, policy=policy, now=situation.now)
    looked = () if wish.only == "locks" else _wanted_images(situation)
    taken = images.take(looked, wanted)
    whole = images.take(looked, replace(wanted, trigger=Trigger.QUARTERLY)).apart
    taken.apart = {where: whole.get(where, steps) for where, steps in taken.apart.items()}
    apart = images.apart(taken, wanted)
    steps = (*locks, *taken.steps)
    if not steps:
        return replace(apart[0], apart=apart[1:]) if apart else None
    told = dict.fromkeys(reason for step in steps for reason in step.why if reason.code in images.URGENT)
    return Rebuild(
        trigger=Trigger.SECURITY,
        branch=publish.SECURITY_BRANCH,
        quarter="",
        steps=steps,
        why=tuple(told),
        apart=apart,
        waits=tuple(taken.waits),
    )


def _fixes(wish: Wish, situation: Situation, why: Reason) -> tuple[Step, ...]:
    """Give the steps that remove the flaws of pins that are bad enough; nobody's cooldown holds for those."""
    policy = situation.policy
    urgent = [one for one in situation.flawed if flaws.urgent(one, policy.security_severity)]
    cutoff = _cutoff(situation, Trigger.SECURITY, wish.moves)
    terms = Terms(stale=situation.stale, cutoff=cutoff, policy=policy, why=why)
    return relocks.fixes(urgent, situation.snapshot.locks, terms)


def _wanted_images(situation: Situation) -> tuple[ImageState, ...]:
    """Leave out the images that somebody asked to leave alone."""
    return tuple(state for state in situation.images if situation.exceptions.image(state.use) is None)


def _ignored(situation: Situation) -> tuple[Reason, ...]:
    """Say what stays where it is because somebody asked for that in a proposal."""
    snapshot, exceptions = situation.snapshot, situation.exceptions
    names = {pin.name for lock in snapshot.locks for pin in lock.pins}
    asked = [(name, exceptions.package(name)) for name in sorted(names)]
    asked += [(use.name.tagged, exceptions.image(use)) for use in snapshot.images]
    return tuple(
        dict.fromkeys(
            Reason(
                code="ignored",
                subject=name,
                text=f"{name} stays as it is until {one.until:%Y-%m-%d}, as {one.by} asked: {one.reason}",
            )
            for name, one in asked
            if one is not None
        )
    )


def _calm(situation: Situation) -> Plan:
    """Say that nothing is urgent; what moved all the same waits for its quarter."""
    calendar = situation.calendar
    waiting = _moved_reasons(situation)
    if waiting and isinstance(calendar, NotDue) and calendar.until is not None:
        return Deferred(until=calendar.until, why=waiting)
    text = f"nothing that is known fixes a flaw at or above {situation.policy.security_severity}"
    urgent = Reason(code="nothing-urgent", subject=situation.snapshot.repository, text=text)
    return NothingToDo(why=(urgent, *waiting, *_unsafe(situation)))


def _unsafe(situation: Situation) -> tuple[Reason, ...]:
    """Name the pins that stay unsafe, so that "nothing to do" is not read as "nothing is wrong"."""
    names = sorted({f"{one.pin.name} {one.pin.version}" for one in situation.flawed})
    if not names:
        return ()
    more = f" and {len(names) - SPOKEN} more" if len(names) > SPOKEN else ""
    text = f"{', '.join(names[:SPOKEN])}{more} stay{'s' if len(names) == 1 else ''} unsafe: see the findings"
    return (Reason(code="stays-unsafe", subject=situation.snapshot.repository, text=text),)


def _wait(calendar: NotDue, situation: Situation, *, forced: bool) -> Plan:
    reason = not_due_reason(calendar)
    moved = _moved_reasons(situation)
    if moved and calendar.until is not None and not forced:
        return Deferred(until=calendar.until, why=(*moved, reason))
    if situation.stale and calendar.until is not None:
        paths = ", ".join(sorted(situation.stale))
        text = f"{paths} not in line with the sources; the next rebuild mends it, --refresh does it now"
        return Deferred(until=calendar.until, why=(Reason(code="lock-waits", subject=paths, text=text), reason))
    return NothingToDo(why=(reason, *_unsafe(situation)))


def _moved_reasons(situation: Situation) -> tuple[Reason, ...]:
    """Say of every image that moved why it can wait for the quarter."""
    rows: dict[str, Reason] = {}
    for state in situation.images:
        if state.moved:
            rows.setdefault(state.use.name.tagged, _waiting(state, situation.policy))
    return tuple(rows[name] for name in sorted(rows))


def _waiting(state: ImageState, policy: Policy) -> Reason:
    name, rows = state.use.name.tagged, contents.changed(state.newest.diffs)
    security = [row for row in rows if row.is_security]
    if state.use.digest_span is None:
        why = f"it cannot be edited ({state.use.obstacle})"
    elif state.newest.missing:
        why = f"it is not there for {', '.join(state.newest.missing)} yet"
    elif state.newest.another_release:
        why = "it is another release of its OS or of Python, which stands apart then"
    elif security:
        why = f"what it fixes ({contents.told(security)}) is below {policy.security_severity}"
    elif images.can_wait(state.newest.differences):
        why = "nothing security-relevant changed in it"
    else:
        why = "what changed in it is not known to fix anything"
    return Reason(code="digest-waits", subject=name, text=f"{name} moved; the new digest waits for the quarter: {why}")


def _due_reason(quarter: str, since: datetime | None, repository: str) -> Reason:
    if since is None:
        return Reason(code="never-rebuilt", subject=quarter, text=f"{repository} was never rebuilt before")
    return Reason(code="quarter-due", subject=quarter, text=f"the rebuild of {quarter} is due since {since:%Y-%m-%d}")


def _rebuild(wish: Wish, situation: Situation, trigger: Trigger, quarter: str, why: Reason) -> Plan:
    snapshot, moves = situation.snapshot, wish.moves
    cutoff = _cutoff(situation, trigger, moves)
    ignored = _ignored(situation)
    pinned = {pin.name for lock in snapshot.locks for pin in lock.pins}
    kept = frozenset(name for name in pinned if situation.exceptions.package(name) is not None)
    terms = Terms(stale=situation.stale, cutoff=cutoff, policy=situation.policy, why=why, kept=kept)
    locks = relocks.steps(moves, snapshot.locks, terms) if wish.only != "images" else ()
    wanted = Wanted(trigger=trigger, why=why, snapshot=snapshot, policy=situation.policy, now=situation.now)
    looked = wish.only != "locks" and not moves.narrow
    taken = images.take(_wanted_images(situation), wanted) if looked else Taken()
    apart = images.apart(taken, wanted)
    waits = (*taken.waits, *ignored)
    if not locks and not taken.steps and not apart:
        return _still(wish, situation, taken, why, quarter)
    branch = f"{publish.QUARTERLY_PREFIX}{quarter}" if trigger is Trigger.QUARTERLY else publish.MANUAL_BRANCH
    unheard = relocks.unheard(moves, snapshot.locks)
    steps = (*locks, *taken.steps)
    if not steps:  # only moves to other releases: the first of them is the rebuild
        return replace(apart[0], apart=apart[1:], waits=waits)
    return Rebuild(
        trigger=trigger,
        branch=branch,
        quarter=quarter,
        steps=steps,
        why=(why, *unheard),
        apart=apart,
        waits=waits,
    )


def _still(wish: Wish, situation: Situation, taken: Taken, why: Reason, quarter: str) -> Plan:
    """Say why a rebuild that is wanted has no step; a look at everything then settles its quarter."""
    snapshot, moves = situation.snapshot, wish.moves
    settling = any(reason.code == "digest-settles" for reason in taken.waits)
    ripe = [state.ripe for state in situation.images if state.moved and state.ripe and state.ripe > situation.now]
    if settling and ripe:
        return Deferred(until=min(ripe), why=(why, *taken.waits))
    some = any(state.moved for state in situation.images)
    some = some or any(use.name.tag is None or use.digest_span is None for use in snapshot.images)
    what = f"every image{' that can be edited' if some else ''} is at its newest digest"
    looks = not moves.narrow and wish.only != "locks" and bool(snapshot.images)
    if not looks:
        what = relocks.nothing_to_compile(moves, snapshot.locks)
    loose = loose_ends(snapshot, situation.images, tuple(taken.waits)) if looks else ()
    reason = Reason(code="nothing-moves", subject=snapshot.repository, text=what)
    whole = not (wish.only or moves.narrow or loose)
    return NothingToDo(why=(why, *(loose or (reason,)), *_unsafe(situation)), quarter=quarter if whole else "")


def loose_ends(snapshot: Snapshot, states: tuple[ImageState, ...], waits: tuple[Reason, ...]) -> tuple[Reason, ...]:
    """Say why a look at images was none at everything, so that it settles no quarter: not heard, or too new."""
    notes = [note for state in states for note in state.notes if note.code in LOOSE]
    told = {note.subject for note in notes}
    heard = {state.use for state in states if not state.silent}
    names = dict.fromkeys(use.name.tagged for use in snapshot.images if use.name.tag and use not in heard)
    silent = (
        Reason(code="registry-silent", subject=name, text=f"what {name} points to now is not known")
        for name in names
        if name not in told
    )
    return tuple(dict.fromkeys([*(one for one in waits if one.code != "ignored"), *notes, *silent]))


def calm(snapshot: Snapshot, states: tuple[ImageState, ...]) -> bool:
    """Whether it is certain that nothing about images is urgent: all were heard, and every archive answered.

    That something is not planned is not enough to withdraw it: a source that is silent makes things look harmless.
    """
    doubts = any(seen.unreadable for state in states for seen in state.inspections if seen.contents.format is not None)
    strange = any(state.moved and not images.can_wait(state.newest.differences) for state in states)
    return not (doubts or strange or loose_ends(snapshot, states, ()))


def _cutoff(situation: Situation, trigger: Trigger, moves: Moves) -> datetime | None:
    """Give the newest upload that is taken: a whole day, so that a day has one answer.

    Who asks for everything now wants the newest of everything; who asks for less wants it for nothing else.
    """
    everything_now = trigger is Trigger.MANUAL and not moves.narrow
    if everything_now or not situation.policy.cooldown:
        return None
    limit = situation.now.astimezone(UTC) - situation.policy.cooldown
    return datetime.combine(limit.date(), time(), tzinfo=UTC)


def _nothing(code: str, subject: str, text: str) -> NothingToDo:
    return NothingToDo(why=(Reason(code=code, subject=subject, text=text),))
