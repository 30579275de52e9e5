"""From options to a wired house: which configuration, which data folder, which repositories."""

import difflib
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bot.cli.options import Common
from bot.cli.setting import ordered
from bot.decide import calendar, document, feeds
from bot.decide.plan import Wish
from bot.errors import ConfigError
from bot.model.contents import FeedState
from bot.model.fleet import Member
from bot.model.policy import Ignored, Waiver
from bot.model.proposal import State
from bot.model.reasons import Reason
from bot.model.repository import Repository
from bot.model.runs import Outcome
from bot.wiring import house as wiring
from bot.wiring.located import URL, located
from bot.workflow.context import Assignment
from bot.workflow.result import Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """A wired house, seen from the command line."""

    inner: wiring.House
    configuration: Path | None

    @property
    def clock(self) -> Any:
        """The clock that everything here goes by."""
        return self.inner.clock

    def work(self, targets: tuple[str, ...], wish: Wish) -> tuple[Result, ...]:
        """Run the targets; without any, all configured repositories."""
        return self.inner.work(self.assignments(targets), wish)

    def refresh(self, targets: tuple[str, ...]) -> tuple[Reason, ...]:
        """Ask which repositories there are, where that matters; give what could not be asked, and what was renamed."""
        named = {name.casefold() for member in self.inner.fleet.members() for name in _names(member)}
        strange = [one for one in targets if one.casefold() not in named and not URL.match(one)]
        if targets and all(Path(one).exists() for one in strange):
            return ()
        return self.inner.fleet.refresh()

    def assignments(self, targets: tuple[str, ...]) -> tuple[Assignment, ...]:
        """Turn targets into repositories; each once, however often it is named."""
        members = self.inner.fleet.members()
        if not targets and not members:
            raise ConfigError(
                "no repository is named, and none is configured or found",
                hint="name a path or URL (`quarterdeck check .`), or add a [[repository]] to the configuration",
            )
        if targets:
            found = [self._assignment(name) for name in dict.fromkeys(targets)]
        else:
            found = [self.inner.member(member) for member in members if member.active]
        return tuple({assignment.repository.key: assignment for assignment in found}.values())

    def _assignment(self, target: str) -> Assignment:
        members = {name: member for member in self.inner.fleet.members() for name in _names(member)}
        if (member := members.get(target) or _alike(target, members)) is not None:
            return self.inner.member(member)
        if URL.match(target) and urlsplit(target).password:
            raise ConfigError(
                "the URL carries a password, which would end up in logs and in the data folder",
                hint="leave it out and use ssh, or configure [forge] with a token",
            )
        if not URL.match(target) and not Path(target).exists():
            near = difflib.get_close_matches(target, members, n=1)
            known = f"did you mean {near[0]!r}?" if near else "name a path or URL of a git repository"
            raise ConfigError(f"{target!r} is neither a configured repository nor a path here", hint=known)
        return self.inner.assignment(Repository(name=name_of(target), url=located(target)), None)

    def last_run(self, target: str) -> dict[str, Any]:
        """Give the document of a repository's last run."""
        repository = self._assignment(target).repository
        found = self.inner.store.last_runs(repository.key)
        if not found:
            raise ConfigError(f"{target} was not worked on yet", hint=f"run `quarterdeck check {target}` first")
        return dict(found[0])

    def status(self) -> list[dict[str, Any]]:
        """Give one row per repository that was worked on, is configured, or was found.

        `state` and `state_why` say of a member of the fleet whether it is worked on, and what is to be known of it.
        """
        rows = [self._row(dict(document)) for document in self.inner.store.last_runs()]
        members = {member.repository.name: member for member in self.inner.fleet.members()}
        rows += [_never(name) for name in members.keys() - {row["name"] for row in rows}]
        told = [{**row, **_membership(members.get(row["name"]))} for row in rows]
        return sorted(told, key=lambda row: str(row["name"]))

    def searches(self) -> list[dict[str, Any]]:
        """Give the searches for repositories that were not answered the last time."""
        return [{"search": one.subject, "problem": one.text} for one in self.inner.fleet.troubles()]

    def tasks(self) -> list[dict[str, Any]]:
        """Give what a service still has to do, is doing, or has given up, the most urgent first."""
        rows = self.inner.store.queue.tasks()
        names = ("repository", "trigger", "state", "why", "attempts", "note")
        return [{**{name: str(getattr(row, name)) for name in names}, "attempts": row.attempts,
                 "due": f"{row.due:%Y-%m-%dT%H:%M:%SZ}"} for row in rows]  # fmt: skip

    def feeds(self) -> list[dict[str, Any]]:
        """Give how every source of advisories stands: its age, and whether that is too old; nobody is asked."""
        states = list(self.inner.feeds())
        known = {state.source for state in states}
        for last in self.inner.store.last_runs():
            rows = last.get("feeds")
            for row in rows if isinstance(rows, list) else []:
                if row["source"] not in known and row["records"] is None:  # an index, which is asked release by release
                    known.add(row["source"])
                    as_of = datetime.fromisoformat(row["as_of"]) if row["as_of"] else None
                    states.append(
                        FeedState(ecosystem=row["ecosystem"], source=row["source"], as_of=as_of, problem=row["problem"])
                    )
        most, now = self.inner.settings.policy.max_feed_age, self.clock()
        return [document.feed(one) | {"trouble": _trouble(one, most, now)} for one in states]

    def waivers(self) -> list[dict[str, Any]]:
        """Give the operator's waivers, and whether they still hold."""
        today = self.clock().date()
        return [_accepted(one.id, one) | {"over": one.until < today} for one in self.inner.settings.waivers]

    def isolation(self) -> dict[str, Any]:
        """Say how resolvers are kept apart here: `mode`, and `why` not better ("" where it is the best, or chosen)."""
        confinement = self.inner.confinement
        return {"mode": str(confinement.isolation), "why": confinement.why}

    def _row(self, last: dict[str, Any]) -> dict[str, Any]:
        repository = Repository(name=last["name"], url=last["url"])
        if last["outcome"] == Outcome.PLANNED:  # a rehearsal's proposal stands nowhere
            last = {**last, "pull_request": None, "next_due": None}
        done = frozenset(self.inner.store.quarters(repository.key)) | {
            request["branch"].removeprefix("quarterdeck/quarterly-")
            for request in [last["pull_request"]]
            if request and request["branch"].startswith("quarterdeck/quarterly-")
        }
        verdict = calendar.due(self.inner.settings.schedule, done, self.clock(), repository.name)
        told = last.get("next_due")  # the run saw proposals that were merged, which the store alone does not know
        until = datetime.fromisoformat(told) if told else None
        if isinstance(verdict, calendar.NotDue):
            until = verdict.until
        elif until is not None and until <= self.clock():
            until = None
        due = f"{until:%Y-%m-%d}" if until else ("now" if isinstance(verdict, calendar.Due) else None)
        keys = {repository.name, repository.key}  # a forge's repositories are known by their name alone
        names = ("name", "url", "branch", "commit", "outcome", "verdict", "finished_at", "pull_request", "error")
        more = {"next_due": due, "proposals": self._open(keys, last), "ignored": self._ignored(keys)}
        waived = [dict(one) for one in last.get("accepted", ())]
        waivers = [dict(one) for one in last.get("waivers", ())]
        return {**{name: last[name] for name in names}, **more, "accepted": waived, "waivers": waivers}

    def _ignored(self, keys: set[str]) -> list[dict[str, Any]]:
        """Give what people asked in proposals to leave alone."""
        today = self.clock().date()
        return [
            _accepted(one.subject, one) | {"by": one.by, "where": one.where, "over": one.until < today}
            for key in sorted(keys)
            for one in self.inner.store.ignored(key)
        ]

    def _open(self, keys: set[str], last: dict[str, Any]) -> list[dict[str, Any]]:
        """Give the proposals that stand open: those of the local forge, else those that the last run saw."""
        kept = [one for key in sorted(keys) for one in self.inner.store.proposals(key) if one.state is State.OPEN]
        if kept:
            return [document.pull_request(one) for one in kept]
        seen = last.get("proposals") or []
        return [one for one in seen if one and one["state"] == State.OPEN and one["number"]]


def _never(name: str) -> dict[str, Any]:
    blank = dict.fromkeys(("url", "branch", "commit", "outcome", "finished_at", "pull_request", "error"))
    more: dict[str, Any] = {"next_due": "now", "proposals": [], "ignored": [], "accepted": [], "waivers": []}
    return {"name": name, **blank, "verdict": "not worked on yet", **more}


def _names(member: Member) -> tuple[str, ...]:
    """Give the names under which a repository is meant: that of its entry still counts where it was renamed."""
    return tuple(dict.fromkeys(name for name in (member.repository.name, member.entry) if name))


def _alike(target: str, members: Mapping[str, Member]) -> Member | None:
    """Find a member whose name differs in upper and lower case only, unless that is a path here."""
    if Path(target).exists():
        return None
    return next((one for name, one in members.items() if name.casefold() == target.casefold()), None)


def _membership(member: Member | None) -> dict[str, Any]:
    why = "; ".join(reason.text for reason in member.why) if member else ""
    return {"state": str(member.state) if member else None, "state_why": why}


def _accepted(name: str, one: Waiver | Ignored) -> dict[str, Any]:
    return {"id": name, "until": f"{one.until:%Y-%m-%d}", "reason": one.reason}


def _trouble(one: FeedState, most: timedelta, now: datetime) -> str:
    return "; ".join(reason.text for reason in feeds.doubts((one,), most, now))


@contextmanager
def open_house(common: Common, moment: datetime | None, *, rehearsal: bool) -> Iterator[Home]:
    """Read the configuration, set logging up, and wire."""
    path, order = ordered(common, moment, rehearsal=rehearsal)
    with wiring.open_house(order) as inner:
        yield Home(inner=inner, configuration=path)


def name_of(target: str) -> str:
    """Give the name of a repository that is not configured: the folder's, or the last two parts of a URL."""
    if URL.match(target) and not target.startswith("file://"):
        parts = [part for part in re.split(r"[/:]", target.removesuffix("/").removesuffix(".git")) if part]
        return "/".join(parts[-2:])
    return Path(located(target)).name.removesuffix(".git") or "repository"
