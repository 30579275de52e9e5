"""One repository from its name to its verdict: survey, decide, apply, publish."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from bot.decide import assess, calendar, document, plan, publish
from bot.errors import BotError, StoreError
from bot.model.change import Change
from bot.model.plan import Deferred, NothingToDo, Plan, Rebuild
from bot.model.policy import Trigger
from bot.model.reasons import Reason
from bot.model.runs import Failure, Outcome, Published, RunRecord
from bot.workflow.apply import Job, apply
from bot.workflow.case import Case, Seen
from bot.workflow.context import Assignment, Tools
from bot.workflow.images import states
from bot.workflow.look import look
from bot.workflow.propose import propose
from bot.workflow.pythons import settle
from bot.workflow.repository_file import rules_of
from bot.workflow.survey import check_out, survey

LOG = logging.getLogger(__name__)
PLANNED = {Outcome.OPENED, Outcome.UPDATED, Outcome.CLOSED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A finished run: the record, and its JSON as the contract names it."""

    record: RunRecord
    document: dict[str, object]


def work(tools: Tools, assignment: Assignment, wish: plan.Wish) -> Result:
    """Run one repository; every error but the store's becomes a verdict of this repository alone.

    Raises StoreError: without the data folder nothing may go on.
    """
    blank = RunRecord(
        repository=assignment.repository,
        asked=wish.trigger,
        started_at=(started := tools.clock()),
        finished_at=started,
        outcome=Outcome.FAILED,
    )
    policy = assignment.policy

    def run() -> RunRecord:
        nonlocal policy
        with tools.store.exclusive(assignment.repository.key):
            case, seen = _survey(tools, assignment, wish, started)
            policy = case.rules.policy
            record = _decided(case, seen)
            done = _guarded(record, lambda: _carried_out(case, seen, record))
            return _guarded(done, lambda: _withdrawn(case, seen, done))

    record = replace(_guarded(blank, run), finished_at=tools.clock())
    result = document.document(record, policy)
    tools.store.record(record, result)
    return Result(record=record, document=result)


def _guarded(so_far: RunRecord, stage: Callable[[], RunRecord]) -> RunRecord:
    """Run a stage; an error ends it as a failure that keeps what was already known."""
    try:
        return stage()
    except StoreError:
        raise
    except BotError as error:
        failure = Failure(kind=error.kind, message=error.message, hint=error.hint)
    except Exception as error:  # the one broad handler around one repository: the others go on
        LOG.debug("an error that Quarterdeck did not expect", exc_info=True)
        hint = "this is a defect of Quarterdeck: run again with --verbose and report what it prints"
        failure = Failure(kind="InternalError", message=f"{type(error).__name__}: {error}", hint=hint)
    return replace(so_far, outcome=Outcome.FAILED, failure=failure)


def _survey(tools: Tools, assignment: Assignment, wish: plan.Wish, now: datetime) -> tuple[Case, Seen]:
    repository = assignment.repository
    with tools.progress.step(repository.name, "fetching"):
        remote = tools.forge.remote(repository)
        checkout = check_out(tools.workspace, remote, repository.branch)
    rules = rules_of(checkout.contents, assignment.policy)
    case = Case(tools=tools, assignment=assignment, wish=wish, now=now, remote=remote, head=checkout.head, rules=rules)
    snapshot, looked = look(case, settle(case, survey(assignment, checkout, rules)))
    proposals = tools.forge.proposals(repository)
    done = publish.quarters(proposals, finished=True) | set(tools.store.quarters(repository.key))
    standing = publish.quarters(proposals, finished=False)
    broad = _is_broad(case, done, standing)
    texts = {use.path: checkout.contents[use.path].decode() for use in snapshot.images}
    found, strange = states(case, snapshot, looked, texts, broad=broad)
    return case, Seen(
        snapshot=replace(snapshot, unreadable=tuple(dict.fromkeys((*snapshot.unreadable, *strange)))),
        contents=checkout.contents,
        images=found,
        proposals=proposals,
        done=done,
    )


def _is_broad(case: Case, done: frozenset[str] | set[str], standing: frozenset[str]) -> bool:
    """Say whether this run may end in a rebuild that moves tags: asked before the registries are, as tags cost."""
    if case.wish.trigger in {Trigger.QUARTERLY, Trigger.MANUAL}:
        return True
    verdict = calendar.due(case.assignment.schedule, done | standing, case.now)
    return case.wish.trigger is Trigger.AUTO and (isinstance(verdict, calendar.Due) or verdict.quarter in standing)


def _decided(case: Case, seen: Seen) -> RunRecord:
    """Decide, once it is known what stands open, what is done, and what moved."""
    standing = publish.quarters(seen.proposals, finished=False)
    verdict = calendar.due(case.assignment.schedule, seen.done | standing, case.now)
    situation = plan.Situation(
        snapshot=seen.snapshot,
        images=seen.images,
        calendar=verdict,
        open_quarters=standing,
        policy=case.rules.policy,
        schedule=case.assignment.schedule,
        now=case.now,
        stale=frozenset(row.path for row in assess.out_of_date(seen.snapshot)),
    )
    return RunRecord(
        repository=replace(case.assignment.repository, url=case.remote.url),
        asked=case.wish.trigger,
        started_at=case.now,
        finished_at=case.tools.clock(),
        outcome=Outcome.NOTHING,
        snapshot=seen.snapshot,
        images=seen.images,
        findings=assess.assess(seen.snapshot, seen.images, verdict, case.rules.policy),
        plan=_enabled(case, plan.plan(case.wish, situation)),
        next_due=verdict.until if isinstance(verdict, calendar.NotDue) else None,
    )


def _enabled(case: Case, decided: Plan) -> Plan:
    if case.rules.enabled:
        return decided
    text = "the repository opted out with enabled = false"
    return NothingToDo(why=(Reason(code="opted-out", subject=case.name, text=text),))


def _carried_out(case: Case, seen: Seen, record: RunRecord) -> RunRecord:
    match record.plan:
        case Rebuild() as rebuild:
            own = _guarded(record, lambda: _with_own(case, seen, record, rebuild))
            return _with_further(case, seen, own, rebuild)
        case Deferred():
            return replace(record, outcome=Outcome.DEFERRED)
        case _:
            return record


def _withdrawn(case: Case, seen: Seen, record: RunRecord) -> RunRecord:
    """Close the security proposal whose reason is gone: what it fixed came in another way, or was taken back."""
    whole = case.wish.trigger in {Trigger.AUTO, Trigger.SECURITY} and not (case.wish.only or case.wish.moves.narrow)
    decided = record.plan
    planned = {decided.branch, *(one.branch for one in decided.apart)} if isinstance(decided, Rebuild) else set()
    gone = publish.left_over(seen.proposals, planned)
    if not gone or not whole or not case.rules.enabled or not plan.calm(seen.snapshot, seen.images):
        return record
    why = Reason(code="obsolete", subject=case.name, text="nothing that it fixes is left to fix")
    for proposal in gone:
        empty = Rebuild(trigger=Trigger.SECURITY, branch=proposal.branch, quarter="", steps=(), why=(why,))
        done = propose(case, seen, empty, Change())
        outcome = Outcome.PLANNED if case.tools.rehearsal and done.outcome in PLANNED else done.outcome
        more = Published(rebuild=empty, outcome=outcome, change=Change(), proposal=done.proposal, why=done.why)
        quiet = record.outcome in {Outcome.NOTHING, Outcome.DEFERRED} and outcome is Outcome.CLOSED
        record = replace(
            record,
            further=(*record.further, more),
            outcome=outcome if quiet else record.outcome,
            proposal=done.proposal if quiet else record.proposal,
            why=(*record.why, *done.why) if quiet else record.why,
        )
    return record


def _with_own(case: Case, seen: Seen, record: RunRecord, rebuild: Rebuild) -> RunRecord:
    done = _published(case, seen, rebuild)
    limited = case.wish.only or case.wish.moves.narrow or plan.loose_ends(seen.snapshot, seen.images, rebuild.waits)
    return replace(
        record,
        outcome=done.outcome,
        plan=replace(rebuild, quarter="") if limited else rebuild,
        change=done.change,
        proposal=done.proposal,
        why=done.why,
        finished_at=case.tools.clock(),
    )


def _with_further(case: Case, seen: Seen, record: RunRecord, rebuild: Rebuild) -> RunRecord:
    """Propose what stands apart, whatever became of the rebuild itself: a lock that fails holds back no other fix."""
    for one in rebuild.apart:
        record = _guarded(record, partial(_with_one_more, case, seen, record, one))
    return record


def _with_one_more(case: Case, seen: Seen, record: RunRecord, rebuild: Rebuild) -> RunRecord:
    return replace(record, further=(*record.further, _published(case, seen, rebuild)))


def _published(case: Case, seen: Seen, rebuild: Rebuild) -> Published:
    """Apply one rebuild and propose it; a rehearsal only plans that."""
    job = Job(rebuild=rebuild, snapshot=seen.snapshot, contents=seen.contents, images=seen.images)
    change = apply(case.tools, job, case.now)
    done = propose(case, seen, rebuild, change)
    planned = case.tools.rehearsal and done.outcome in PLANNED
    return Published(
        rebuild=rebuild,
        outcome=Outcome.PLANNED if planned else done.outcome,
        change=change,
        proposal=done.proposal,
        why=done.why,
    )
