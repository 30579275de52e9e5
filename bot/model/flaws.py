"""What is known of pins that advisories affect: where each could go, what that fixes, and what stays."""

from dataclasses import dataclass

from bot.model.contents import Advisory
from bot.model.locks import Pin
from bot.model.reasons import Reason
from bot.model.releases import Release


@dataclass(frozen=True, slots=True, kw_only=True)
class FlawedPin:
    """A pin of the lock `path` that advisories affect, none of them waived, and where it may go.

    `way` is the lowest release that fits the lock and that none of them affects, or where there is none, the one that
    fewest affect; None: `obstacle` says why it cannot move. `left` are those that affect `way` too, `never` releases
    above it that are affected by more than that. `elsewhere` is the release that a lock which we do not write can be
    moved to by others, "" where that is not known.
    """

    path: str
    pin: Pin
    advisories: tuple[Advisory, ...]
    way: Release | None
    never: tuple[str, ...] = ()
    left: tuple[Advisory, ...] = ()
    obstacle: Reason | None = None
    elsewhere: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed:
    """An advisory that a change of one lock removes; `days` is the age of the new release, None where not known.

    `new` None means that the package left the lock. `direct` and `via` are as in PinChange.
    """

    advisory: Advisory
    path: str
    name: str
    old: str
    new: str | None
    direct: bool | None
    via: tuple[str, ...]
    days: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Remaining:
    """An advisory that stays about a pin of a lock, and why: what blocks the fix, or that there is none."""

    advisory: Advisory
    path: str
    name: str
    version: str
    why: Reason
