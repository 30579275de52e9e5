"""Everything that is to be known of a repository before anything is decided: files, registries, advisories, people."""

from dataclasses import replace
from datetime import datetime

from bot.decide import calendar, publish
from bot.decide.exceptions import Exceptions
from bot.decide.plan import Wish
from bot.model.policy import Trigger
from bot.workflow.case import Case, Seen
from bot.workflow.context import Assignment, Tools
from bot.workflow.hearing import listen
from bot.workflow.images import states
from bot.workflow.look import look
from bot.workflow.pins import examine
from bot.workflow.pythons import settle
from bot.workflow.repository_file import rules_of
from bot.workflow.survey import check_out, survey


def observe(tools: Tools, assignment: Assignment, wish: Wish, now: datetime) -> tuple[Case, Seen]:
    """Fetch, read, ask and listen. Raises every BotError for what the verdict depends on."""
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
    broad = is_broad(case, done | standing, standing)
    texts = {use.path: checkout.contents[use.path].decode() for use in snapshot.images}
    found, strange = states(case, snapshot, looked, texts, broad=broad)
    listened = listen(case, snapshot, proposals)
    exceptions = Exceptions(today=now.date(), waivers=(*assignment.waivers, *rules.waivers), ignored=listened.ignored)
    examined = examine(case, snapshot, exceptions)
    unreadable = (*snapshot.unreadable, *strange, *examined.strange)
    return case, Seen(
        snapshot=replace(snapshot, unreadable=tuple(dict.fromkeys(unreadable))),
        contents=checkout.contents,
        images=found,
        proposals=proposals,
        done=frozenset(done),
        exceptions=exceptions,
        flawed=examined.flawed,
        accepted=examined.accepted,
        feeds=examined.feeds,
        doubts=(*examined.doubts, *listened.doubts),
        orders=listened.orders,
        broad=broad,
    )


def is_broad(case: Case, over: frozenset[str] | set[str], standing: frozenset[str]) -> bool:
    """Say whether this run may end in a rebuild that moves tags: asked before the registries are, as tags cost."""
    if case.wish.trigger in {Trigger.QUARTERLY, Trigger.MANUAL}:
        return True
    verdict = calendar.due(case.assignment.schedule, over, case.now)
    return case.wish.trigger is Trigger.AUTO and (isinstance(verdict, calendar.Due) or verdict.quarter in standing)
