"""What applying a plan came to: new file contents and one row per thing that changed."""

from dataclasses import dataclass
from datetime import datetime

from bot.model.contents import ImageDiff, SourceChange
from bot.model.flaws import Fixed, Remaining
from bot.model.reasons import Reason
from bot.model.talk import ReleaseNote


@dataclass(frozen=True, slots=True, kw_only=True)
class FileText:
    """The whole new content of one file, in bytes as they will be committed."""

    path: str
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class PinChange:
    """One package of one lock: `old` None means that it was added, `new` None that it left.

    `direct` is None where the lock does not say; `via` names the packages that pull it in.
    """

    path: str
    name: str
    old: str | None
    new: str | None
    direct: bool | None
    via: tuple[str, ...]
    major: bool
    why: tuple[Reason, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageChange:
    """One image mention: `name` is the tag as people write it, digests are `sha256:…`; `old` None: it had none.

    `retagged` is the new name where the tag moves, else ""; `new` None: it is not pinned. `diffs` say what changes
    inside, by platform, `unread` why less is known of that than could be.
    """

    path: str
    line: int
    name: str
    old: str | None
    new: str | None
    why: tuple[Reason, ...]
    retagged: str = ""
    diffs: tuple[ImageDiff, ...] = ()
    unread: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StampChange:
    """The layer that upgrades an image's packages is built anew: `updates` are what waits for it in the archive."""

    path: str
    line: int
    name: str
    old: str
    new: str
    inserted: bool
    updates: tuple[SourceChange, ...]
    why: tuple[Reason, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldBack:
    """A direct requirement whose newest release was not taken, and what holds it.

    `until` is when that is over, where a date is known (the cooldown's).
    """

    path: str
    name: str
    taken: str
    newest: str
    why: Reason
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectNotes:
    """What a project says of the releases after `old` up to `new`: links by name, notes newest first.

    `problem` tells why less is known than could be, "" where all is well.
    """

    name: str
    old: str
    new: str
    links: tuple[tuple[str, str], ...] = ()
    notes: tuple[ReleaseNote, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Everything that one rebuild changes, sorted; `notes` are what a reviewer must know besides."""

    files: tuple[FileText, ...] = ()
    pins: tuple[PinChange, ...] = ()
    images: tuple[ImageChange, ...] = ()
    stamps: tuple[StampChange, ...] = ()
    held_back: tuple[HeldBack, ...] = ()
    fixed: tuple[Fixed, ...] = ()
    remaining: tuple[Remaining, ...] = ()
    commands: tuple[str, ...] = ()
    notes: tuple[Reason, ...] = ()
    project_notes: tuple[ProjectNotes, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether no file would change."""
        return not self.files
