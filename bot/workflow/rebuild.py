"""One repository from its name to its verdict: observe, decide, withdraw what is over, apply, publish, answer."""

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from bot.decide import document, fleet, plan, relocks
from bot.decide.markdown import spoken
from bot.errors import AccessDenied, BotError, CloneFailed, StoreError, Unavailable
from bot.model.change import Change
from bot.model.plan import Deferred, NothingToDo, Rebuild
from bot.model.policy import Policy
from bot.model.proposal import State
from bot.model.reasons import Reason
from bot.model.runs import Failure, Outcome, Published, RunRecord
from bot.system.logs import bound
from bot.system.redaction import redacted, redacted_values
from bot.workflow import again, half_done, hearing
from bot.workflow.apply import apply
from bot.workflow.case import Case, Seen
from bot.workflow.context import Assignment, Tools
from bot.workflow.deciding import decide
from bot.workflow.job import Job
from bot.workflow.observe import observe
from bot.workflow.overview import keep_overview
from bot.workflow.propose import Proposed, propose
from bot.workflow.result import Result
from bot.workflow.standing import carry_over, empty, follow_default
from bot.workflow.still import Watch
from bot.workflow.withdraw import withdraw

LOG = logging.getLogger(__name__)
PLANNED = {Outcome.OPENED, Outcome.UPDATED, Outcome.CLOSED}
QUIET = {Outcome.NOTHING, Outcome.DEFERRED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """How far a run has come: what is known now, and what was done until now."""

    seen: Seen
    record: RunRecord


def work(tools: Tools, assignment: Assignment, wish: plan.Wish) -> Result:
    """Run one repository; every error but the store's becomes a verdict of this repository alone.

    Every log line meanwhile carries the name of the run. The document, which is what others get to see of it, holds
    no secret. Raises StoreError: without the data folder nothing may go on.
    """
    run_id = tools.run_id()
    with bound(run=run_id, repository=assignment.repository.name, trigger=str(wish.trigger)):
        result = _worked(tools, assignment, wish, run_id)
        LOG.debug("ended as %s: %s", result.record.outcome, result.document["verdict"])
        return result


def _worked(tools: Tools, assignment: Assignment, wish: plan.Wish, run_id: str) -> Result:
    blank = RunRecord(
        repository=assignment.repository,
        asked=wish.trigger,
        started_at=(started := tools.clock()),
        finished_at=started,
        outcome=Outcome.FAILED,
    )
    policy = assignment.policy
    told: dict[str, object] | None = None

    def run() -> RunRecord:
        nonlocal policy, told
        with tools.store.exclusive(assignment.repository.key):
            watch = Watch.start(tools, assignment, wish, started)
            if watch.asleep is not None:
                return _rested(blank, watch.asleep)
            if (same := _as_before(tools, assignment, wish, started, watch)) is not None:
                told = same.document
                return same.record
            about = tools.forge.about(assignment.repository)
            if (rest := fleet.resting(about) if about else None) is not None:
                return watch.rest(_rested(blank, rest))
            carry_over(tools, assignment.repository, about)
            try:
                case, seen = observe(tools, assignment, wish, started, about)
            except CloneFailed as error:
                if about is None or not error.empty:
                    raise
                return watch.rest(_rested(blank, empty(assignment.repository)))
            policy = case.rules.policy
            watch.compare(case, seen)
            decided = decide(case, seen)
            record = replace(_carried_on(case, Course(seen=seen, record=decided)), finished_at=tools.clock())
            if watch.keeps(record):
                result = Result(record=record, document=_document(record, policy))
                watch.keep(case, seen, decided, result, again.narrow(case, seen))
            return record

    record = replace(_guarded(blank, run), finished_at=tools.clock(), run_id=run_id)
    result = _document(record, policy) if told is None else {**told, **document.times(record)}
    if record.snapshot is None:  # what stood open when the repository was last seen still does, as far as anybody knows
        last = next(iter(tools.store.last_runs(assignment.repository.key)), {})
        result = {**result, "proposals": last.get("proposals", [])}
    tools.store.record(_without_quarter(record) if tools.rehearsal else record, result)
    return Result(record=record, document=result)


def _rested(blank: RunRecord, why: Reason) -> RunRecord:
    """Give the verdict of a repository about which nothing can be done now; what stands open there stays as it is."""
    return replace(blank, outcome=Outcome.NOTHING, plan=NothingToDo(why=(why,)))


def _document(record: RunRecord, policy: Policy) -> dict[str, object]:
    return {name: redacted_values(value) for name, value in document.document(record, policy).items()}


def _without_quarter(record: RunRecord) -> RunRecord:
    """Leave the quarter open: a rehearsal may be told any time (`--now`), and does nothing for real."""
    plan = record.plan
    return replace(record, plan=replace(plan, quarter="")) if isinstance(plan, Rebuild | NothingToDo) else record


def _as_before(tools: Tools, assignment: Assignment, wish: plan.Wish, now: datetime, watch: Watch) -> Result | None:
    """Give the verdict of the last run where nothing moved since, and what is shared with others says the same."""
    kept = watch.unmoved
    if kept is None:
        return None
    decided, same = again.redecided(tools, assignment, wish, now, kept)
    if decided is None or not same:
        return None
    last = json.loads(kept.document)
    record = replace(decided, outcome=Outcome(last["outcome"]))
    return Result(record=record, document=last | document.times(record))


def _guarded(so_far: RunRecord, stage: Callable[[], RunRecord]) -> RunRecord:
    """Run a stage; an error ends it as a failure that keeps what was already known."""
    try:
        return stage()
    except StoreError:
        raise
    except BotError as error:
        failure = _failure(error)
    except Exception as error:  # the one broad handler around one repository: the others go on
        LOG.debug("an error that Quarterdeck did not expect", exc_info=True)
        hint = "this is a defect of Quarterdeck: run again with --verbose and report what it prints"
        failure = Failure(kind="InternalError", message=redacted(f"{type(error).__name__}: {error}"), hint=hint)
    return replace(so_far, outcome=Outcome.FAILED, failure=so_far.failure or failure)


def _failure(error: BotError) -> Failure:
    return Failure(
        kind=error.kind,
        message=redacted(error.message),
        hint=redacted(error.hint),
        everywhere=isinstance(error, AccessDenied) and error.everywhere,
        retry_after=error.retry_after if isinstance(error, Unavailable) else None,
    )


def _carried_on(case: Case, course: Course) -> RunRecord:
    """Do what was decided, stage by stage: one that fails keeps no later one from being done."""
    for stage in (_followed, _withdrawn, _carried_out, _tidied, _answered, _overviewed):
        course = _reached(case, course, stage)
    standing = tuple(one for one in course.seen.proposals if one.state is State.OPEN and one.number)
    return replace(course.record, standing=standing)


def _reached(case: Case, course: Course, stage: Callable[[Case, Course], Course]) -> Course:
    """Give where a stage leads; a failure stays the verdict, whatever comes later."""
    reached = course

    def run() -> RunRecord:
        nonlocal reached
        reached = stage(case, course)
        return reached.record

    record = _guarded(course.record, run)
    return Course(seen=reached.seen, record=replace(record, outcome=Outcome.FAILED) if record.failure else record)


def _tidied(case: Case, course: Course) -> Course:
    """Take away what interrupted runs left; what failed now is tried again, and goes on from there."""
    if course.record.failure is None and case.rules.enabled:
        half_done.clear(case, course.seen)
    return course


def _followed(case: Case, course: Course) -> Course:
    return replace(course, seen=follow_default(case, course.seen))


def _withdrawn(case: Case, course: Course) -> Course:
    """Close what is over, first: it makes room for what takes its place."""
    seen, further = withdraw(case, course.seen, course.record.plan)
    record = replace(course.record, further=tuple(_rehearsed(case, one) for one in further))
    closed = [one for one in record.further if one.outcome in PLANNED | {Outcome.PLANNED}]
    closed = closed or [one for one in record.further if one.outcome is Outcome.LEFT_ALONE]
    if closed and record.outcome in QUIET and not isinstance(record.plan, Rebuild):
        record = replace(record, outcome=closed[0].outcome, proposal=closed[0].proposal, why=closed[0].why)
    return Course(seen=seen, record=record)


def _carried_out(case: Case, course: Course) -> Course:
    match course.record.plan:
        case Rebuild() as rebuild:
            course, away = _with_own(case, course, rebuild)
            return course if away else _with_further(case, course, rebuild)
        case Deferred() if course.record.outcome is Outcome.NOTHING:
            return replace(course, record=replace(course.record, outcome=Outcome.DEFERRED))
        case _:
            return course


def _with_own(case: Case, course: Course, rebuild: Rebuild) -> tuple[Course, bool]:
    """Carry out the rebuild itself; what fails of it keeps nothing that stands apart from being proposed.

    But for a forge that is away, which the second value says: nothing more is asked of it then.
    """
    seen, done, proposing = course.seen, course.record, False

    def own() -> RunRecord:
        nonlocal seen, proposing
        change = _changed(case, course.seen, rebuild)
        proposing = True
        published = _published(case, course.seen, rebuild, change)
        seen = course.seen.after(published.proposal) if published.proposal else course.seen
        limited = case.wish.only or case.wish.moves.narrow
        limited = limited or bool(plan.loose_ends(seen.snapshot, seen.images, rebuild.waits))
        done_so = published.rebuild
        decided = published.deferred or (replace(done_so, quarter="") if limited else done_so)
        return replace(
            course.record,
            outcome=published.outcome,
            plan=decided,
            change=published.change,
            proposal=published.proposal,
            why=published.why,
            finished_at=case.tools.clock(),
        )

    record = _guarded(done, own)
    away = proposing and record.failure is not None and record.failure.kind == Unavailable.__name__
    return Course(seen=seen, record=record), away


def _with_further(case: Case, course: Course, rebuild: Rebuild) -> Course:
    """Propose what stands apart, whatever became of the rebuild itself: a lock that fails holds back no other fix."""
    seen, record = course.seen, course.record

    def more(one: Rebuild) -> RunRecord:
        nonlocal seen
        published = _published(case, seen, one, _changed(case, seen, one))
        seen = seen.after(published.proposal) if published.proposal else seen
        return replace(record, further=(*record.further, published))

    for one in rebuild.apart:
        record = _guarded(record, partial(more, one))
    return Course(seen=seen, record=record)


def _changed(case: Case, seen: Seen, rebuild: Rebuild) -> Change:
    """Apply one rebuild."""
    job = Job(
        rebuild=rebuild,
        snapshot=seen.snapshot,
        contents=seen.contents,
        exceptions=seen.exceptions,
        images=seen.images,
        flawed=seen.flawed,
        policy=case.rules.policy,
    )
    return apply(case.tools, job, case.now)


def _published(case: Case, seen: Seen, rebuild: Rebuild, change: Change) -> Published:
    """Propose what a rebuild changes; a rehearsal only plans that."""
    rebuild = replace(rebuild, why=relocks.really(rebuild, change))
    done = propose(case, seen, rebuild, change)
    published = Published(
        rebuild=rebuild, outcome=done.outcome, change=change, proposal=done.proposal, why=done.why,
        deferred=_deferred(rebuild, change, done),
    )  # fmt: skip
    if published.deferred is not None:
        published = replace(published, outcome=Outcome.DEFERRED)
    return _rehearsed(case, published)


def _deferred(rebuild: Rebuild, change: Change, done: Proposed) -> Deferred | None:
    """Say until when a rebuild waits: for room among open proposals, or for releases that are too young yet."""
    if done.until is not None:
        return Deferred(until=done.until, why=(*rebuild.why, *done.why))
    young = [row for row in change.held_back if row.until is not None]
    if done.outcome is not Outcome.NOTHING or not (rebuild.quarter and young):
        return None
    first = min(young, key=lambda row: (f"{row.until:%Y-%m-%dT%H:%M}", row.name))
    text = f"nothing else is new, and {first.name} {first.newest} is younger than the cooldown"
    why = Reason(code="cooldown", subject=first.name, text=text)
    return Deferred(until=first.until, why=(*rebuild.why, why)) if first.until else None


def _rehearsed(case: Case, published: Published) -> Published:
    planned = case.tools.rehearsal and published.outcome in PLANNED
    return replace(published, outcome=Outcome.PLANNED) if planned else published


def _answered(case: Case, course: Course) -> Course:
    """Tell people what became of what they asked for in proposals; what failed is tried again, and answered then."""
    record = course.record
    if record.failure is not None:
        return course
    rows = [(record.plan.branch, record.outcome, record.why)] if isinstance(record.plan, Rebuild) else []
    rows += [(one.rebuild.branch, one.outcome, one.why) for one in record.further]
    told = {branch: (outcome, why) for branch, outcome, why in rows}
    numbers = [proposal.number for proposal in course.seen.proposals]
    for proposal in course.seen.proposals:
        orders = course.seen.orders.get(proposal.number, ())
        if not orders:
            continue
        outcome, why = told.get(proposal.branch, (Outcome.NOTHING, ()))
        said = spoken("; ".join(reason.text for reason in why) or document.verdict_of(record), numbers)
        done = f"Not done: {said}."
        if outcome is Outcome.UPDATED:
            done = f"Done: it stands on {case.head.commit[:10]} now."
        elif outcome is Outcome.OPENED:
            newest = max(one.number for one in course.seen.proposals if one.branch == proposal.branch)
            done = f"Done: it stands in #{newest} now."
        hearing.answer(case, orders, proposal, done)
    return course


def _overviewed(case: Case, course: Course) -> Course:
    keep_overview(case, course.seen, course.record)
    return course
