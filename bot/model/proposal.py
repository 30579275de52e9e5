"""Proposals: what we would publish (a draft), what stands at the forge, and what to do about the two."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from bot.model.policy import Trigger
from bot.model.reasons import Reason


class State(StrEnum):
    """The state of a proposal at its forge."""

    OPEN = "open"
    MERGED = "merged"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """The machine-readable part of a proposal (the hidden block).

    `content` is the fingerprint of codes, subjects and targets: what a person says "no" to;
    `files` is the digest of the resulting files: equal means that nothing need be pushed;
    `base` is the commit that the branch stands on. `fixes` are the flaws that are fixed, sorted: advisory ids, and
    updates without one. `rest` is the digest of what remains unfixed. `history` are earlier contents in a few words
    each, oldest first. `withdrawn`: we closed it ourselves, so nobody said no.
    """

    trigger: Trigger
    quarter: str
    content: str
    files: str
    base: str
    fixes: tuple[str, ...] = ()
    rest: str = ""
    history: tuple[str, ...] = ()
    withdrawn: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A proposal before it is published: the texts, and who should see it."""

    branch: str
    base_branch: str
    title: str
    body: str
    marks: Marks
    labels: tuple[str, ...] = ()
    reviewers: tuple[str, ...] = ()
    team_reviewers: tuple[str, ...] = ()
    assignees: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A proposal as its forge shows it; `marks` None means that its hidden block is missing or was edited.

    `head` is the commit that its branch points to, "" where the branch is gone; `base` is the branch that it is to be
    merged into, "" where the forge does not say. `opened_at` is None where nothing was opened yet (a rehearsal), or
    nobody can tell.
    """

    number: int
    url: str
    branch: str
    title: str
    body: str
    state: State
    head: str
    marks: Marks | None
    opened_at: datetime | None = None
    base: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """Push the branch and open a proposal."""

    why: tuple[Reason, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """Push onto the branch of this proposal where `push`, and bring its title and body up to date."""

    proposal: Proposal
    push: bool
    why: tuple[Reason, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveAlone:
    """Do nothing, and say why; `proposal` is the one that stands, if any.

    `tell`: there would be something to change, which its people are told once.
    """

    proposal: Proposal | None
    why: tuple[Reason, ...]
    tell: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Open it later: `until` is when to look again."""

    until: datetime
    why: tuple[Reason, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Close:
    """Close this proposal and delete its branch where that is ours: what it was made for is gone."""

    proposal: Proposal
    why: tuple[Reason, ...]


Publication: TypeAlias = Open | Update | LeaveAlone | Wait | Close
