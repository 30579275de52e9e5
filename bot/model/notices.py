"""What people are to be told by a message, and what they were told before."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class NoticeKind(StrEnum):
    """What a notice is about, as the configuration names it; the most urgent first."""

    STOPPED = "stopped"
    SECURITY_OPENED = "security-opened"
    FAILING = "failing"
    FEED_STALE = "feed-stale"
    PROPOSAL_OLD = "proposal-old"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something that holds now, or is over now (`over`), under a `key` that stays the same as long as it is the same.

    While it holds it is told once, and anew after `again` (None: never). That it is over is told to those only who
    were told before that it holds. `repository` is a name, "" where it is about none.
    """

    kind: NoticeKind
    key: str
    title: str
    text: str
    repository: str = ""
    over: bool = False
    again: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message in plain text, and the notices that it tells; the title is one line of less than 100 characters."""

    kind: NoticeKind
    title: str
    text: str
    over: bool
    tells: tuple[Notice, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """That a notice was told: `at` that it holds, when it was `seen` to hold last, and whether it does (`holds`)."""

    key: str
    at: datetime
    seen: datetime
    holds: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What one target knows, and when messages went there within the last hour."""

    known: tuple[Known, ...] = ()
    sent: tuple[datetime, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How many messages a target gets within any hour."""

    per_hour: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What to send, the most urgent first; what the target knows before (`told`), and after all of it arrived."""

    told: Told
    send: tuple[Message, ...]
    told_after: Told


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeRules:
    """From when on something is worth a message.

    A proposal is told when it is open for longer than `proposal_age`, and again after as long (0: never); a repository
    when it failed `failures` times in a row; advisories when they are older than `max_feed_age`.
    """

    proposal_age: timedelta
    failures: int
    max_feed_age: timedelta
