"""Deciding again over what an earlier full look saw, with what registries and advisories say now."""

from dataclasses import replace
from datetime import datetime

from bot.decide import calendar, plan
from bot.model.policy import Trigger
from bot.model.repository import Remote
from bot.model.runs import RunRecord
from bot.workflow import still
from bot.workflow.case import Case, Seen
from bot.workflow.context import Assignment, Tools
from bot.workflow.deciding import decide
from bot.workflow.observe import observe_still, verdict_on
from bot.workflow.repository_file import rules_of


def redecided(
    tools: Tools, assignment: Assignment, wish: plan.Wish, now: datetime, kept: still.Still
) -> tuple[RunRecord | None, bool]:
    """Decide again over what a full look saw, with what registries and advisories say now; and whether it is the same.

    None where that wants the files themselves. In routine a quarter that stands open is left aside: it is resolved anew
    once a day (`still.is_fresh`). Raises BotError.
    """
    rules = rules_of(dict(kept.rules), assignment.policy)
    case = Case(
        tools=tools, assignment=assignment, wish=wish, now=now, remote=Remote(url=kept.url), head=kept.head, rules=rules
    )
    aside = tools.routine and wish.trigger is Trigger.AUTO and bool(kept.narrow)
    if aside and isinstance(verdict_on(case, kept.proposals), calendar.Due):
        return None, False
    if aside:
        case = _without_calendar(case)
    seen = observe_still(case, kept.snapshot, kept.proposals, kept.about)
    if seen is None:
        return None, False
    decided = decide(case, seen)
    same = still.decision(decided) == (kept.narrow if aside else kept.decision)
    return replace(decided, asked=wish.trigger), same


def narrow(case: Case, seen: Seen) -> str:
    """Fingerprint, for routine, what would be decided without the quarter that stands open, "" where none does."""
    if not (case.tools.routine and seen.broad and case.wish.trigger is Trigger.AUTO):
        return ""
    aside = _without_calendar(case)
    still_seen = observe_still(aside, seen.settled, seen.proposals, seen.about)
    return "" if still_seen is None else still.decision(decide(aside, still_seen))


def _without_calendar(case: Case) -> Case:
    return replace(case, wish=replace(case.wish, trigger=Trigger.SECURITY))
