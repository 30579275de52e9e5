"""Work that waits: what is asked for, what became of it, and how it stands."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import TypeAlias

from bot.model.policy import Trigger


class Urgency(IntEnum):
    """What goes first among what is due: the smaller number."""

    NOW = 0  # somebody waits for it: a push, a comment, a person
    SOON = 1  # a look for what is unsafe
    LATER = 2  # a quarter has time


class TaskState(StrEnum):
    """Where a task stands; one that is done is gone, and its run is in the history."""

    WAITING = "waiting"
    RUNNING = "running"
    DEAD = "dead"


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """What somebody wants done with a repository, not before `due`; `why` says who wants it, in a few words.

    `repository` is a `Repository.key`. Errands of one repository and trigger are one task.
    """

    repository: str
    trigger: Trigger
    why: str
    due: datetime
    urgency: Urgency = Urgency.SOON


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """An errand that is kept until it is done.

    `attempts` counts how often it was begun, `asked_at` is when it was asked for last. While it is RUNNING `worker`
    holds it until `lease_until`, and `again` says that it was asked for once more meanwhile. `note` says why it waits
    or is dead, "" where nothing went wrong.
    """

    repository: str
    trigger: Trigger
    why: str
    urgency: Urgency
    state: TaskState
    due: datetime
    asked_at: datetime
    attempts: int = 0
    worker: str = ""
    lease_until: datetime | None = None
    again: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """It was done, well or not: the verdict is in the history, and trying again would change nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Later:
    """It is to be tried again at `at`, because of `note`; `counts` False: what happened was not the task's doing."""

    at: datetime
    note: str
    counts: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Dead:
    """It was tried often enough; it rests, for people to see, until it is asked for anew."""

    note: str


Ending: TypeAlias = Done | Later | Dead
