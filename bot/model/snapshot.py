"""What a repository pins at one commit."""

from dataclasses import dataclass

from bot.model.findings import Unreadable
from bot.model.images import ImageUse, Install, UpgradeLayer
from bot.model.locks import Lock, Requirement


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Everything that concerns us in one commit; the same commit always gives the same snapshot."""

    repository: str
    url: str
    branch: str
    commit: str
    locks: tuple[Lock, ...]
    requirements: tuple[Requirement, ...]
    images: tuple[ImageUse, ...]
    unreadable: tuple[Unreadable, ...]
    installs: tuple[Install, ...] = ()
    upgrades: tuple[UpgradeLayer, ...] = ()
