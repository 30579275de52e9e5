"""One repository at work: what is known from the start and handed from stage to stage."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.decide.plan import Wish
from bot.model.observed import ImageState
from bot.model.proposal import Proposal
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
    """What was surveyed and asked, before anything is decided; `done` are quarters that are over or stand open."""

    snapshot: Snapshot
    contents: Mapping[str, bytes]
    images: tuple[ImageState, ...]
    proposals: tuple[Proposal, ...]
    done: frozenset[str]
