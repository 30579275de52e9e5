"""One repository at work: what is known from the start and handed from stage to stage."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from bot.decide.exceptions import Exceptions
from bot.decide.plan import Wish
from bot.decide.talk import Order
from bot.model.contents import FeedState
from bot.model.findings import Accepted
from bot.model.flaws import FlawedPin
from bot.model.fleet import Found
from bot.model.observed import ImageState
from bot.model.proposal import Proposal
from bot.model.reasons import Reason
from bot.model.repository import Head, Remote
from bot.model.snapshot import Snapshot
from bot.workflow.context import Assignment, Tools
from bot.workflow.repository_file import Rules


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A repository whose head is fetched and whose rules are read; `now` is the moment of this run."""

    tools: Tools
    assignment: Assignment
    wish: Wish
    now: datetime
    remote: Remote
    head: Head
    rules: Rules

    @property
    def name(self) -> str:
        """The repository's name."""
        return self.assignment.repository.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was surveyed and asked, before anything is decided; `done` are quarters that are over or stand open.

    `settled` is the snapshot before any tag was asked for, `contents` the files that were read for it.

    `flawed` are the pins that advisories affect, `accepted` the advisories that somebody accepted, by `exceptions`.
    `feeds` say where all this comes from, and `doubts` what is not known of it. `orders` are what people asked for in
    comments, by the number of the proposal, and `broad` says that tags were looked for. `about` is what the forge says
    of the repository itself.
    """

    snapshot: Snapshot
    settled: Snapshot
    contents: Mapping[str, bytes]
    images: tuple[ImageState, ...]
    proposals: tuple[Proposal, ...]
    done: frozenset[str]
    exceptions: Exceptions
    flawed: tuple[FlawedPin, ...] = ()
    accepted: tuple[Accepted, ...] = ()
    feeds: tuple[FeedState, ...] = ()
    doubts: tuple[Reason, ...] = ()
    broad: bool = False
    orders: Mapping[int, tuple[Order, ...]] = field(default_factory=dict)
    about: Found | None = None

    def after(self, proposal: Proposal) -> "Seen":
        """Give the same with a proposal as it stands now."""
        others = [one for one in self.proposals if one.number != proposal.number]
        return replace(self, proposals=(proposal, *others))
