"""The decision about one repository, once it is known what stands open, what is done, and what moved."""

from dataclasses import replace

from bot.decide import assess, calendar, flaws, plan, publish
from bot.model.findings import QuarterDue
from bot.model.plan import NothingToDo, Plan, Rebuild
from bot.model.policy import Trigger
from bot.model.reasons import Reason
from bot.model.runs import Outcome, RunRecord
from bot.workflow.case import Case, Seen


def decide(case: Case, seen: Seen) -> RunRecord:
    """Decide, once it is known what stands open, what is done, and what moved."""
    standing = publish.quarters(seen.proposals, finished=False)
    verdict = calendar.due(case.assignment.schedule, seen.done | standing, case.now, case.name)
    situation = plan.Situation(
        snapshot=seen.snapshot,
        images=seen.images,
        calendar=verdict,
        open_quarters=standing,
        policy=case.rules.policy,
        schedule=case.assignment.schedule,
        now=case.now,
        stale=frozenset(row.path for row in assess.out_of_date(seen.snapshot)),
        flawed=seen.flawed,
        exceptions=seen.exceptions,
    )
    findings = assess.assess(seen.snapshot, seen.images, verdict, case.rules.policy)
    if case.wish.trigger is Trigger.SECURITY and case.tools.rehearsal:  # a gate for security asks for no quarter
        findings = tuple(row for row in findings if not isinstance(row, QuarterDue))
    return RunRecord(
        repository=case.assignment.repository,
        url=case.remote.url,
        asked=case.wish.trigger,
        started_at=case.now,
        finished_at=case.tools.clock(),
        outcome=Outcome.NOTHING,
        snapshot=seen.snapshot,
        images=seen.images,
        findings=(*flaws.findings(seen.flawed, case.rules.policy.security_severity), *findings),
        plan=_enabled(case, _with_asked(case, seen, situation, plan.plan(case.wish, situation))),
        next_due=verdict.until if isinstance(verdict, calendar.NotDue) else None,
        accepted=seen.accepted,
        feeds=seen.feeds,
        doubts=seen.doubts,
        waivers=seen.exceptions.waivers,
    )


def _with_asked(case: Case, seen: Seen, situation: plan.Situation, decided: Plan) -> Plan:
    """Add the manual rebuild whose proposal somebody asked to make anew: no calendar brings that up."""
    asked = [one for one in seen.proposals if one.number in seen.orders and one.branch == publish.MANUAL_BRANCH]
    planned = {decided.branch, *(one.branch for one in decided.apart)} if isinstance(decided, Rebuild) else set()
    if not asked or publish.MANUAL_BRANCH in planned:
        return decided
    more = plan.plan(replace(case.wish, trigger=Trigger.MANUAL), situation)
    if not isinstance(more, Rebuild):
        return decided
    return replace(decided, apart=(*decided.apart, more)) if isinstance(decided, Rebuild) else more


def _enabled(case: Case, decided: Plan) -> Plan:
    if case.rules.enabled:
        return decided
    text = "the repository opted out with enabled = false"
    return NothingToDo(why=(Reason(code="opted-out", subject=case.name, text=text),))
