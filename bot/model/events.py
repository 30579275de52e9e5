"""What a forge tells us by webhooks, in our own words."""

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """A branch of a repository moved, or is new; `is_default`: it is the default branch."""

    repository: str
    branch: str
    is_default: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Stirred:
    """Something happened in a repository that we have to look at; `why` in a few words."""

    repository: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetMoved:
    """Which repositories we may see, or what they are called, may be different now."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unheard:
    """Nothing for us, and why."""

    why: str


Event: TypeAlias = Pushed | Stirred | FleetMoved | Unheard
