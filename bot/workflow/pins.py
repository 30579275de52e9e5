"""Find out which pins of a snapshot are unsafe, and where each could go: advisories first, the index only for those."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.decide import feeds, flaws
from bot.decide.exceptions import Exceptions
from bot.decide.flaws import Suspect
from bot.errors import AccessDenied, RepoError, Unavailable
from bot.formats.foreign_text import without_addresses
from bot.model.contents import Advisory, FeedState
from bot.model.findings import Accepted, Unreadable
from bot.model.flaws import FlawedPin
from bot.model.reasons import Reason
from bot.model.snapshot import Snapshot
from bot.workflow.case import Case
from bot.workflow.together import together

ADVISORIES = "advisories"  # the subject of findings about them, which proposals tell elsewhere
READERS = 8
Answer = tuple[tuple[Advisory, ...], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """What is known of the safety of pins; `doubts` are what is not, `strange` the same as findings."""

    flawed: tuple[FlawedPin, ...] = ()
    accepted: tuple[Accepted, ...] = ()
    feeds: tuple[FeedState, ...] = ()
    doubts: tuple[Reason, ...] = ()
    strange: tuple[Unreadable, ...] = ()


def examine(case: Case, snapshot: Snapshot, exceptions: Exceptions) -> Examined:
    """Look up every pin of every lock, each release once."""
    if case.wish.only == "images" or not any(lock.pins for lock in snapshot.locks):
        return Examined()
    known = _asked(case, snapshot)
    found, accepted = flaws.suspects(snapshot, lambda name, version: known[name, version][0], exceptions)
    with case.tools.progress.step(case.name, "looking for fixes"):
        flawed = together(lambda suspect: _flawed(case, snapshot, suspect, exceptions), found, readers=READERS)
    states = case.tools.pins.feeds
    doubts = feeds.doubts(states, case.rules.policy.max_feed_age, case.now)
    unknown = any(one.code == "advisories-unknown" for one in doubts)  # which says it all
    silent = () if unknown else tuple(dict.fromkeys(why for _, why in known.values() if why))
    every = [one for rows, _ in known.values() for one in rows]
    return Examined(
        flawed=flawed,
        accepted=accepted,
        feeds=states,
        doubts=(*doubts, *_silent(silent), *exceptions.expired(tuple(every))),
        strange=_strange(snapshot, doubts, silent),
    )


def _asked(case: Case, snapshot: Snapshot) -> dict[tuple[str, str], Answer]:
    """Ask about each release; one that nobody can tell about is not safe, it is unknown, and why stands beside it."""
    wanted = sorted({(pin.name, pin.version) for lock in snapshot.locks for pin in lock.pins})

    def ask(pair: tuple[str, str]) -> Answer:
        try:
            return case.tools.pins.affecting(*pair), ""
        except (Unavailable, AccessDenied) as error:
            return (), without_addresses(error.message)

    with case.tools.progress.step(case.name, "looking up advisories"):
        return dict(zip(wanted, together(ask, wanted, readers=READERS), strict=True))


def _flawed(case: Case, snapshot: Snapshot, suspect: Suspect, exceptions: Exceptions) -> FlawedPin:
    name = suspect.pin.name

    def affecting(version: str) -> tuple[Advisory, ...]:
        found = case.tools.pins.affecting(name, version)
        return tuple(one for one in found if one.malicious or exceptions.of(one, name) is None)

    try:
        releases = case.tools.index.releases(name)
        requirements = tuple(row for row in snapshot.requirements if row.name == name)
        return flaws.flawed(suspect, releases, requirements, affecting, case.rules.policy.build_from_source)
    except (Unavailable, AccessDenied, RepoError) as error:
        return flaws.unknown(suspect, error.message)


def _silent(why: Sequence[str]) -> tuple[Reason, ...]:
    if not why:
        return ()
    more = f" (and {len(why) - 1} more)" if len(why) > 1 else ""
    text = f"not every pin could be looked up among the advisories: {why[0]}{more}"
    return (Reason(code="advisories-unknown", subject=ADVISORIES, text=text),)


def _strange(snapshot: Snapshot, doubts: Sequence[Reason], silent: Sequence[str]) -> tuple[Unreadable, ...]:
    """Make findings of what is not known at all: a check that cannot look must not pass for clean."""
    told = [*(one.text for one in doubts if one.code == "advisories-unknown"), *silent[:1]]
    paths = sorted(lock.path for lock in snapshot.locks if lock.pins)[:1]
    return tuple(Unreadable(path=path, line=0, subject=ADVISORIES, why=why) for path in paths for why in told)
