"""A look at a repository in which nothing moved: one question to its forge, and no clone, no listing, no compile.

What a full look saw is kept together with the forge's `state`. While that holds, files and proposals are those that
are kept; images and advisories are asked all the same, as all repositories share those answers. Where all of it leads
to the same decision, the verdict is the same too. After some days everything is looked at, whatever holds; after one
where something waits for a release or a date, of which no forge tells.
"""

import hashlib
import json
import sys
import zlib
from base64 import b85decode, b85encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self
from urllib.parse import urlsplit

from bot.decide import calendar
from bot.decide.plan import Wish
from bot.formats import values
from bot.model import findings, fleet, images, locks, policy, proposal, repository, snapshot
from bot.model.fleet import Found
from bot.model.plan import NothingToDo
from bot.model.proposal import Proposal, State
from bot.model.reasons import Reason
from bot.model.repository import Head
from bot.model.runs import Outcome, RunRecord
from bot.model.snapshot import Snapshot
from bot.system.redaction import carries
from bot.workflow.case import Case, Seen
from bot.workflow.context import Assignment, Tools
from bot.workflow.repository_file import FILE, PROJECT
from bot.workflow.result import Result
from bot.workflow.standing import EMPTY

KIND = "still"
WITNESS = "still-witness"
SURE, TOLD, UNTOLD = "sure:", "told", "untold"
FORM = "3"  # counted up where what is kept, or what a full look does with the same files, changes
MODULES = (findings, fleet, images, locks, policy, proposal, repository, snapshot)
WAITING, CALM, CALM_SPREAD = timedelta(days=1), timedelta(days=7), timedelta(days=4)
A_LITTLE = timedelta(hours=1)  # that a clock may go back
QUIET = frozenset({Outcome.NOTHING, Outcome.LEFT_ALONE, Outcome.DEFERRED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Still:
    """What a full look saw, while the forge was in `state`.

    `narrow` is the fingerprint of what would be decided without the quarter, where one stands open, else "".
    `question` is what else it depended on, `decision` the fingerprint of what was decided, `rules` the repository's
    own file, `snapshot` the one before registries were asked for tags, `document` the contract JSON of the run,
    `about` what the forge itself said of the repository.
    """

    state: str
    question: str
    decision: str
    url: str
    head: Head
    rules: tuple[tuple[str, bytes], ...]
    snapshot: Snapshot
    proposals: tuple[Proposal, ...]
    document: str
    about: Found | None = None
    narrow: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asleep:
    """Why nothing could be done about a repository, while the forge was in `state`."""

    state: str
    code: str
    subject: str
    text: str


READER = values.Reader(
    one
    for module in (*MODULES, sys.modules[__name__])
    for one in vars(module).values()
    if isinstance(one, type) and one.__module__ == module.__name__
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """One run's look at the forge's state: `unmoved` is what is kept of the last one where that still holds.

    `state` is "" where nothing is watched: a rehearsal, or a run that looks at a part of the repository only. `asleep`
    is why nothing could be done the last time, where that still holds.
    """

    tools: Tools
    assignment: Assignment
    question: str
    state: str = ""
    unmoved: Still | None = None
    asleep: Reason | None = None

    @classmethod
    def start(cls, tools: Tools, assignment: Assignment, wish: Wish, now: datetime) -> Self:
        """Ask the forge, before anything else is read: what moves from then on is seen the next time."""
        asked = question(assignment, wish)
        if tools.rehearsal or wish.only or wish.moves.narrow:
            return cls(tools=tools, assignment=assignment, question=asked)
        kept = recall(tools, assignment)
        state = tools.forge.state(assignment.repository, kept.state if kept else "")
        if isinstance(kept, Asleep):
            return cls(tools=tools, assignment=assignment, question=asked, state=state, asleep=_why(kept, state))
        same = (
            kept is not None
            and (kept.state, kept.question) == (state, asked)
            and is_fresh(kept, now, calm=tools.routine)
        )
        told = same and kept is not None and Pushes(tools, kept.url).are_told(state)
        return cls(tools=tools, assignment=assignment, question=asked, state=state, unmoved=kept if told else None)

    def rest(self, record: RunRecord) -> RunRecord:
        """Keep why nothing can be done about the repository, and give the record back."""
        if self.state and isinstance(record.plan, NothingToDo):
            why = record.plan.why[0]
            asleep = Asleep(state=self.state, code=why.code, subject=why.subject, text=why.text)
            keep(self.tools, self.assignment, asleep, record.started_at)
        return record

    def compare(self, case: Case, seen: Seen) -> None:
        """Learn from what was fetched whether the forge's state really is another one after a push."""
        if self.state:
            heads = [(one.branch, one.head) for one in seen.proposals if one.state is State.OPEN]
            refs = hashlib.sha256(repr((case.head, sorted(heads))).encode()).hexdigest()
            Pushes(self.tools, case.remote.url).learn(_key(self.assignment), self.state, refs, case.now)

    def keeps(self, record: RunRecord) -> bool:
        """Whether what a run saw is to be kept: it did nothing, so that the forge is still in the state it was in."""
        return bool(self.state) and is_quiet(record)

    def keep(self, case: Case, seen: Seen, decided: RunRecord, result: Result, narrow: str) -> None:
        """Keep what a run saw."""
        still = Still(
            state=self.state,
            question=self.question,
            decision=decision(decided),
            url=case.remote.url,
            head=case.head,
            rules=papers(seen.contents),
            snapshot=seen.settled,
            proposals=seen.proposals,
            document=json.dumps(result.document),
            about=seen.about,
            narrow=narrow,
        )
        keep(self.tools, self.assignment, still, case.now)


@dataclass(frozen=True, slots=True)
class Pushes:
    """Whether a forge dates pushes, as its state needs: documented by it, or seen to be so, and never otherwise."""

    tools: Tools
    url: str

    def are_told(self, state: str) -> bool:
        """Say whether an equal state means that nothing was pushed."""
        return state.startswith(SURE) or self._verdict() == TOLD

    def learn(self, key: str, state: str, refs: str, now: datetime) -> None:
        """Set what a state said of pushes beside what was there, now and the last time; one lie is enough."""
        pushed = state.partition(" ")[0]
        if state.startswith(SURE):
            return
        store = self.tools.store
        before = (store.recall(WITNESS, key) or "").split(" ")
        if before == [pushed, refs]:
            return
        store.remember(WITNESS, key, f"{pushed} {refs}", now)
        if len(before) == len((pushed, refs)) and before[1] != refs and self._verdict() != UNTOLD:
            store.remember(WITNESS, self._forge, TOLD if before[0] != pushed else UNTOLD, now)

    def _verdict(self) -> str | None:
        return self.tools.store.recall(WITNESS, self._forge)

    @property
    def _forge(self) -> str:
        return f"forge {urlsplit(self.url).netloc}"


def recall(tools: Tools, assignment: Assignment) -> Still | Asleep | None:
    """Give what is kept of a repository; None where nothing is, or where another version kept it."""
    form, _, packed = (tools.store.recall(KIND, _key(assignment)) or "").partition(" ")
    if form != FORM:
        return None
    try:
        found = READER.loads(json.loads(zlib.decompress(b85decode(packed))))
    except (ValueError, KeyError, TypeError, AttributeError, zlib.error):
        return None  # a copy that is damaged is as good as none
    return found if isinstance(found, Still | Asleep) else None


def keep(tools: Tools, assignment: Assignment, still: Still | Asleep, now: datetime) -> None:
    """Keep what a full look saw, unless a secret of ours stands in it: the next run then looks in full again."""
    text = json.dumps(values.dumps(still), separators=(",", ":"))
    if carries(text):
        return
    packed = zlib.compress(text.encode())
    tools.store.remember(KIND, _key(assignment), f"{FORM} {b85encode(packed).decode()}", now)


def forget(tools: Tools, assignment: Assignment, now: datetime) -> None:
    """Let the next run look at everything."""
    tools.store.remember(KIND, _key(assignment), "", now)


def is_fresh(kept: Still, now: datetime, *, calm: bool) -> bool:
    """Say whether what was seen may still be gone by: not for ever, as not everything that matters is asked again.

    `calm` lets it stand for some days where nothing waits for a release or a date.
    """
    seen = json.loads(kept.document)
    looked_at = datetime.fromisoformat(seen["finished_at"])
    until = (seen["plan"] or {}).get("until")
    if until and datetime.fromisoformat(until) <= now:
        return False
    waits = bool(seen["remaining"]) or seen["outcome"] == Outcome.DEFERRED or bool(kept.narrow)
    spread = calendar.place(CALM_SPREAD, f"{seen['name']} {kept.head.commit}")  # not all of a fleet on one day
    return looked_at - A_LITTLE <= now < looked_at + (WAITING if waits or not calm else CALM - spread)


def _why(kept: Asleep, state: str) -> Reason | None:
    """Give why nothing can be done, where that still holds; that something was pushed only a sure state says."""
    holds = kept.state == state and (kept.code != EMPTY or state.startswith(SURE))
    return Reason(code=kept.code, subject=kept.subject, text=kept.text) if holds else None


def question(assignment: Assignment, wish: Wish) -> str:
    """Name everything that a verdict depends on besides the repository and the world: wishes and policy."""
    dates = (assignment.schedule.timezone, assignment.schedule.quarterly, assignment.schedule.spread)
    ruled = (assignment.repository, assignment.policy, dates, assignment.waivers, assignment.committer)
    more = (sorted(assignment.index_hosts), assignment.default_python, wish)
    return hashlib.sha256(repr((ruled, more)).encode()).hexdigest()


def decision(record: RunRecord) -> str:
    """Fingerprint what was decided, with everything that it rests on."""
    rests = (record.plan, record.findings, record.accepted, record.doubts, record.next_due)
    return hashlib.sha256(repr(rests).encode()).hexdigest()


def papers(contents: Mapping[str, bytes]) -> tuple[tuple[str, bytes], ...]:
    """Give the files in which a repository says how it is treated."""
    return tuple((path, contents[path]) for path in (FILE, PROJECT) if path in contents)


def is_quiet(record: RunRecord) -> bool:
    """Whether a run did nothing: what it decided holds until something moves."""
    return record.failure is None and {record.outcome, *(one.outcome for one in record.further)} <= QUIET


def _key(assignment: Assignment) -> str:
    return f"{assignment.repository.key} {assignment.repository.branch or ''}"
