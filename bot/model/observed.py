"""What was found out about one mention of an image: where its tag points, what is inside, and what waits for it."""

from dataclasses import dataclass
from datetime import datetime

from bot.model.contents import ImageContents, ImageDiff, Lifetime, SourceChange
from bot.model.images import ImageLook, ImageUse
from bot.model.reasons import Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """What is inside one image for one platform, and what waits for it in its archive.

    `updates` has one row per source package; `unreadable` says what could not be looked at, `notes` what to know
    besides.
    """

    contents: ImageContents
    updates: tuple[SourceChange, ...] = ()
    lifetimes: tuple[Lifetime, ...] = ()
    unreadable: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What changed between two images for one platform; `unreadable` says why less is known than could be."""

    diff: ImageDiff
    unreadable: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a mention could go: a digest, with another tag where `tag` is one, and what that changes by platform.

    `differences` is empty where nothing was compared: the mention has no digest yet, or nobody looks inside. `blind`
    says that the old image cannot be read any more, so that nobody knows whether its release was another one.
    `missing` are platforms that the old image has and this one has not (yet). `older` says that this image was made
    before the one that is pinned.
    """

    digest: str
    tag: str | None = None
    differences: tuple[Difference, ...] = ()
    blind: bool = False
    missing: tuple[str, ...] = ()
    older: bool = False

    @property
    def diffs(self) -> tuple[ImageDiff, ...]:
        """What changes, by platform."""
        return tuple(one.diff for one in self.differences)

    @property
    def another_release(self) -> bool:
        """Whether the operating system's release or the minor version of Python would be another one."""
        return any(diff.os_release_changed or diff.python_changed for diff in self.diffs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    """A tag that no longer moves: since when (None: not known), where to move, and why that is so."""

    since: datetime | None
    move_to: str | None
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A tag that a person may choose; `kind` is `patch`, `minor` or `distribution`."""

    tag: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageState:
    """One mention and everything that is known of it.

    `newest` is what the tag points to now; `settled` is the newest digest that has stood long enough, None where none
    has; `ripe` is when the newest one will have. `moved` says that the pin is not what the tag points to, for the
    platforms that are used. `retag` is the tag that a quarterly rebuild takes. `silent` says why the registry was not
    heard in this run: what is known is then from earlier ones.
    """

    use: ImageUse
    look: ImageLook
    moved: bool
    newest: Target
    settled: Target | None
    ripe: datetime | None = None
    inspections: tuple[Inspection, ...] = ()
    retag: Target | None = None
    offers: tuple[Offer, ...] = ()
    frozen: Frozen | None = None
    notes: tuple[Reason, ...] = ()
    silent: str = ""

    @property
    def os(self) -> str | None:
        """The operating system as people write it, None where it is not known."""
        found = [one.contents.os for one in self.inspections if one.contents.os is not None]
        return found[0].label if found else None
