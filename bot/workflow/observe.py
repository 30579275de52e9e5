"""Everything that is to be known of a repository before anything is decided: files, registries, advisories, people."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from bot.decide import calendar, publish
from bot.decide.exceptions import Exceptions
from bot.decide.plan import Wish
from bot.model.fleet import Found
from bot.model.policy import Trigger
from bot.model.proposal import Proposal
from bot.model.snapshot import Snapshot
from bot.workflow.case import Case, Seen
from bot.workflow.context import Assignment, Tools
from bot.workflow.hearing import Listened, listen
from bot.workflow.images import states
from bot.workflow.look import Looked, look
from bot.workflow.pins import examine
from bot.workflow.pythons import settle
from bot.workflow.repository_file import rules_of
from bot.workflow.standing import said_of
from bot.workflow.survey import check_out, survey
from bot.workflow.written import trusted


def observe(tools: Tools, assignment: Assignment, wish: Wish, now: datetime, about: Found | None) -> tuple[Case, Seen]:
    """Fetch, read, ask and listen. Raises every BotError for what the verdict depends on."""
    repository = assignment.repository
    with tools.progress.step(repository.name, "fetching"):
        remote = tools.forge.remote(repository)
        checkout = check_out(tools.workspace, remote, repository.branch)
    rules = rules_of(checkout.contents, assignment.policy)
    case = Case(tools=tools, assignment=assignment, wish=wish, now=now, remote=remote, head=checkout.head, rules=rules)
    settled = settle(case, survey(assignment, checkout, rules))
    snapshot, looked = look(case, settled)
    proposals = trusted(tools, assignment, tools.forge.proposals(repository))
    known = Known(settled=settled, proposals=proposals, contents=checkout.contents, about=about)
    return case, _seen(case, known, snapshot, looked, listen(case, snapshot, proposals))


def observe_still(case: Case, settled: Snapshot, proposals: tuple[Proposal, ...], about: Found | None) -> Seen | None:
    """Ask registries and advisories only: files, proposals and comments are known to be what they were.

    None where this run may move tags, which wants the files themselves.
    """
    store, key = case.tools.store, case.assignment.repository.key
    known = Known(settled=settled, proposals=proposals, contents={}, about=about)
    if is_broad(case, _over(case, proposals), publish.quarters(proposals, finished=False)):
        return None
    snapshot, looked = look(case, settled)
    return _seen(case, known, snapshot, looked, Listened(ignored=store.ignored(key)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What was read of a repository: its snapshot before any tag was asked for, its proposals, and its files.

    `about` is what the forge says of it.
    """

    settled: Snapshot
    proposals: tuple[Proposal, ...]
    contents: Mapping[str, bytes]
    about: Found | None


def _seen(case: Case, known: Known, snapshot: Snapshot, looked: Looked, listened: Listened) -> Seen:
    proposals = known.proposals
    over, standing = _over(case, proposals), publish.quarters(proposals, finished=False)
    broad = is_broad(case, over, standing)
    texts = {use.path: known.contents[use.path].decode() for use in snapshot.images if use.path in known.contents}
    found, strange = states(case, snapshot, looked, texts, broad=broad)
    waivers = (*case.assignment.waivers, *case.rules.waivers)
    exceptions = Exceptions(today=case.now.date(), waivers=waivers, ignored=listened.ignored)
    examined = examine(case, snapshot, exceptions)
    unreadable = (*snapshot.unreadable, *strange, *examined.strange)
    return Seen(
        snapshot=replace(snapshot, unreadable=tuple(dict.fromkeys(unreadable))),
        settled=known.settled,
        contents=known.contents,
        images=found,
        proposals=proposals,
        done=over,
        exceptions=exceptions,
        flawed=examined.flawed,
        accepted=examined.accepted,
        feeds=examined.feeds,
        doubts=(*said_of(case.assignment.repository, known.about), *examined.doubts, *listened.doubts),
        about=known.about,
        orders=listened.orders,
        broad=broad,
    )


def _over(case: Case, proposals: tuple[Proposal, ...]) -> frozenset[str]:
    """Give the quarters that need no new proposal: settled, answered by people, or standing open."""
    settled = case.tools.store.quarters(case.assignment.repository.key)
    return publish.quarters(proposals, finished=True) | frozenset(settled) | publish.quarters(proposals, finished=False)


def verdict_on(case: Case, proposals: tuple[Proposal, ...]) -> calendar.Verdict:
    """Ask the calendar, over what is settled, answered by people, or stands open."""
    return calendar.due(case.assignment.schedule, _over(case, proposals), case.now, case.name)


def is_broad(case: Case, over: frozenset[str], standing: frozenset[str]) -> bool:
    """Say whether this run may end in a rebuild that moves tags: asked before the registries are, as tags cost."""
    if case.wish.trigger in {Trigger.QUARTERLY, Trigger.MANUAL}:
        return True
    verdict = calendar.due(case.assignment.schedule, over, case.now, case.name)
    return case.wish.trigger is Trigger.AUTO and (isinstance(verdict, calendar.Due) or verdict.quarter in standing)
