"""Which repositories there are to look after: what a forge says of them, and what becomes of that."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.model.reasons import Reason
from bot.model.repository import Repository


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Repositories of an owner that carry a topic; None: all that can be seen."""

    owner: str
    topic: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A repository as its forge describes it.

    `id` is a text that stays with it under whatever name, and that no repository of another forge has; `branch` is its
    default branch. `disabled` says that the forge itself has switched it off, `may_write` is False where it is certain
    that we may not push to it.
    """

    id: str
    name: str
    branch: str
    archived: bool = False
    disabled: bool = False
    may_write: bool = True
    topics: tuple[str, ...] = ()


class Origin(StrEnum):
    """Where we know a repository from."""

    CONFIGURED = "configured"
    DISCOVERED = "discovered"
    BOTH = "both"


class Standing(StrEnum):
    """Whether a repository is worked on, and if not, why."""

    ACTIVE = "active"
    OFF = "off"
    ARCHIVED = "archived"
    DISABLED = "disabled"
    READ_ONLY = "read-only"
    GONE = "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is remembered of a discovered repository.

    `found` is what was last said of it, `searches` are the labels of the searches that found it, sorted.
    `key` is the name under which its history is kept, `former` are names that it had, the newest first, and
    `gone_since` is when it was not found any more, None where it is.
    """

    found: Found
    searches: tuple[str, ...]
    key: str
    former: tuple[str, ...] = ()
    gone_since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """A search that could not be made: its label, since when, and why."""

    search: str
    since: datetime
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """All that is remembered of discovered repositories, sorted by id, and which searches are not answered now."""

    known: tuple[Known, ...] = ()
    silent: tuple[Silence, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Renamed:
    """A repository that is called otherwise now, or that belongs to somebody else."""

    id: str
    old: str
    new: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A repository of the fleet; `entry` is the name of its [[repository]], "" where it has none.

    `why` says what is to be known of it: why it is not worked on, or what its entry should say.
    """

    repository: Repository
    entry: str
    origin: Origin
    state: Standing = Standing.ACTIVE
    why: tuple[Reason, ...] = ()

    @property
    def active(self) -> bool:
        """Whether it is worked on when nothing is named."""
        return self.state is Standing.ACTIVE
