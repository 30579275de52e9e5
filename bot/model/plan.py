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
    """Everything may move within what the sources allow, but for the packages `but` (normalised), which stay."""

    but: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class UpgradeOnly:
    """The named packages (normalised) go to their newest, and nothing else moves further than they need."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FixAtLeast:
    """Bring packages to the lowest release that is not below a version, and let others go by the smallest steps.

    `floors` pairs normalised names with versions, sorted; the cooldown does not hold for them. `names` go to their
    newest besides. `never` names releases above a floor that are not taken either.
    """

    floors: tuple[tuple[str, str], ...]
    names: tuple[str, ...] = ()
    never: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Refresh:
    """Nothing is upgraded; what the sources ask for and the lock does not hold is brought in."""


Movement: TypeAlias = UpgradeAll | UpgradeOnly | FixAtLeast | Refresh


@dataclass(frozen=True, slots=True, kw_only=True)
class Relock:
    """Compile one lock again; releases uploaded at `uploaded_before` or later are not taken, pins never lowered by it.

    `build` names packages (normalised) whose source distributions may be built, which runs their code.
    `banned` are releases (normalised name, version) that no resolver gets to see.
    `resolver` is the policy's: `auto`, `pip-tools` (never uv's answer) or `uv` (never pip-compile's).
    """

    lock: Lock
    movement: Movement
    uploaded_before: datetime | None
    build: tuple[str, ...] = ()
    resolver: str = "auto"
    banned: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Repin:
    """Write `digest` (`sha256:…`) at the exact place where a file mentions an image."""

    use: ImageUse
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Retag:
    """Move the tag at its exact place, and write the digest that it points to; None: it is not pinned."""

    use: ImageUse
    tag: str
    digest: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """Write `value` as a build argument before the layer that upgrades the packages of an image.

    `line` is that layer's; where `insert`, there is none yet and the layer is put behind the FROM in that line.
    `manager` is the package manager (`apt`).
    """

    use: ImageUse
    line: int
    manager: str
    value: str
    insert: bool = False


Action: TypeAlias = Relock | Repin | Retag | Stamp


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One action and why it is taken; never without a reason."""

    action: Action
    why: tuple[Reason, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuild:
    """Take these steps and propose what comes of it on `branch`; `quarter` is "" unless quarterly.

    `apart` are rebuilds that are proposed beside this one, each on a branch of its own; `waits` are images that stay as
    they are for now, and why. `postponed` is the quarter that would be due, and waits while this is urgent.
    """

    trigger: Trigger
    branch: str
    quarter: str
    steps: tuple[Step, ...]
    why: tuple[Reason, ...]
    apart: tuple["Rebuild", ...] = ()
    waits: tuple[Reason, ...] = ()
    postponed: "Deferred | None" = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deferred:
    """There is something to do, but not before `until`."""

    until: datetime
    why: tuple[Reason, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NothingToDo:
    """Nothing is to be done, and why that is so; `quarter` is one that is settled by finding nothing to do, else ""."""

    why: tuple[Reason, ...]
    quarter: str = ""


Plan: TypeAlias = Rebuild | Deferred | NothingToDo
