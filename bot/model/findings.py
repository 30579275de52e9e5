"""Findings: facts that concern a repository. Each class is one kind of the contract's `findings`."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from bot.model.images import ImageUse


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedDigest:
    """The tag of a pinned image points to another manifest, for the platforms that are used, than the pin."""

    use: ImageUse
    current: str
    available: str


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


Finding: TypeAlias = MovedDigest | QuarterDue | Unreadable | PythonMismatch | LockOutOfDate
