"""What is to be done about a repository, with the reasons."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from bot.model.images import ImageUse
from bot.model.locks import Lock
from bot.model.policy import Trigger
from bot.model.reasons import Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class UpgradeAll:
    """Everything may move within what the sources allow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpgradeOnly:
    """Only the named packages (normalised) may move, and what they need."""

    names: tuple[str, ...]


Movement: TypeAlias = UpgradeAll | UpgradeOnly


@dataclass(frozen=True, slots=True, kw_only=True)
class Relock:
    """Compile one lock again; releases uploaded after `uploaded_before` are not taken.

    `keep` names pins that are younger than that already: they stay where they are rather than being downgraded.
    """

    lock: Lock
    movement: Movement
    uploaded_before: datetime | None
    keep: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Repin:
    """Write `digest` (`sha256:…`) at the exact place where a file mentions an image."""

    use: ImageUse
    digest: str


Action: TypeAlias = Relock | Repin


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One action and why it is taken; never without a reason."""

    action: Action
    why: tuple[Reason, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuild:
    """Take these steps and propose what comes of it on `branch`; `quarter` is "" unless quarterly."""

    trigger: Trigger
    branch: str
    quarter: str
    steps: tuple[Step, ...]
    why: tuple[Reason, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deferred:
    """There is something to do, but not before `until`."""

    until: datetime
    why: tuple[Reason, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NothingToDo:
    """Nothing is to be done, and why that is so."""

    why: tuple[Reason, ...]


Plan: TypeAlias = Rebuild | Deferred | NothingToDo
