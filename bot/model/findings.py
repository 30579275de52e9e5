"""Findings: facts that concern a repository. Each class is one kind of the contract's `findings`."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeAlias

from bot.model.contents import Advisory, ImageDiff, Lifetime, SourceChange
from bot.model.images import ImageUse


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedDigest:
    """The tag of a pinned image points to another manifest, for the platforms that are used, than the pin.

    `diffs` say what is different inside, by platform; empty where nobody could look. `missing` are platforms that are
    used and that it is not there for (yet).
    """

    use: ImageUse
    current: str
    available: str
    diffs: tuple[ImageDiff, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveAhead:
    """Security updates wait in the archive for packages of the newest image: nobody has rebuilt it yet.

    `remedy` is a sentence: what can be done.
    """

    use: ImageUse
    digest: str
    updates: tuple[SourceChange, ...]
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenTag:
    """The tag of an image no longer moves, so no fix will ever come through it; `move_to` is a tag that does."""

    use: ImageUse
    since: datetime | None
    move_to: str | None
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EndOfLife:
    """A release of an operating system or of Python inside an image is at the end of its life, or near to it."""

    use: ImageUse
    lifetime: Lifetime


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarterDue:
    """The broad upgrade of `quarter` (`2026q4`) is due since `since`; None: the repository was never rebuilt."""

    quarter: str
    since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """Something that could not be looked at and why; never silently clean. `line` 0 means the whole file."""

    path: str
    line: int
    subject: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonMismatch:
    """A lock was compiled for one Python, and `where` says another: what installs it (`Dockerfile:3`), or a file.

    `locked` is a version like `3.12`, `other` too, or what a project requires (`>=3.12`); `installs` says whether
    `where` installs the lock.
    """

    path: str
    locked: str
    other: str
    where: str
    installs: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class LockOutOfDate:
    """The sources of a lock ask for something that it does not pin; `subject` is the package, `why` a sentence."""

    path: str
    subject: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VulnerablePin:
    """A pin of a lock is affected by advisories, none of which is waived.

    `fixed_in` is the lowest release that none of them affects and that fits the lock, None where there is none; `why`
    is a sentence. `direct` and `via` are as in PinChange.
    """

    path: str
    line: int
    name: str
    version: str
    advisories: tuple[Advisory, ...]
    direct: bool | None
    via: tuple[str, ...]
    fixed_in: str | None
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """An advisory about a pin that somebody accepted: a waiver, or an `ignore` in a proposal; `until` is included."""

    path: str
    line: int
    name: str
    version: str
    advisory: Advisory
    until: date
    reason: str


Finding: TypeAlias = (
    MovedDigest
    | ArchiveAhead
    | FrozenTag
    | EndOfLife
    | QuarterDue
    | Unreadable
    | PythonMismatch
    | LockOutOfDate
    | VulnerablePin
)
