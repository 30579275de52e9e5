"""One repository from its name to its verdict: survey, decide, apply, publish."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from bot.decide import assess, calendar, document, plan, publish
from bot.errors import BotError, StoreError
from bot.model.plan import Deferred, NothingToDo, Plan, Rebuild
from bot.model.reasons import Reason
from bot.model.runs import Failure, Outcome, RunRecord
from bot.workflow.apply import Job, apply
from bot.workflow.case import Case, Seen
from bot.workflow.context import Assignment, Tools
from bot.workflow.look import compare, look
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
            return _guarded(record, lambda: _carried_out(case, seen, record))

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
    snapshot, looks = look(case, settle(case, survey(assignment, checkout, rules)))
    digests, moved = compare(case, snapshot, looks)
    return case, Seen(
        snapshot=snapshot,
        contents=checkout.contents,
        looks=looks,
        digests=digests,
        moved=moved,
        proposals=tools.forge.proposals(repository),
    )


def _decided(case: Case, seen: Seen) -> RunRecord:
    """Decide, once it is known what stands open, what is done, and what moved."""
    finished = publish.quarters(seen.proposals, finished=True) | set(
        case.tools.store.quarters(case.assignment.repository.key)
    )
    standing = publish.quarters(seen.proposals, finished=False)
    verdict = calendar.due(case.assignment.schedule, finished | standing, case.now)
    situation = plan.Situation(
        snapshot=seen.snapshot,
        digests=seen.digests,
        moved=seen.moved,
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
        looks=seen.looks,
        findings=assess.assess(seen.snapshot, seen.moved, verdict),
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
            change = apply(case.tools, Job(rebuild=rebuild, snapshot=seen.snapshot, contents=seen.contents), case.now)
            done = propose(case, seen, rebuild, change)
            planned = case.tools.rehearsal and done.outcome in PLANNED
            return replace(
                record,
                outcome=Outcome.PLANNED if planned else done.outcome,
                plan=rebuild if not (case.wish.only or case.wish.moves.narrow) else replace(rebuild, quarter=""),
                change=change,
                proposal=done.proposal,
                why=done.why,
                finished_at=case.tools.clock(),
            )
        case Deferred():
            return replace(record, outcome=Outcome.DEFERRED)
        case _:
            return record
