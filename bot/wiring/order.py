"""What a face wants wired."""

from dataclasses import dataclass
from pathlib import Path

from bot.model.secrets import Credential, SecretRef
from bot.ports import Clock, Progress
from bot.settings import Settings
from bot.system.secrets import reveal_login


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a face wants wired: the settings, where data is kept, the time, and whether effects only are recorded.

    `eager`: advisories may be downloaded as a whole, tens of megabytes, though nobody configured where they are.
    """

    settings: Settings
    data_dir: Path
    home: Path
    clock: Clock
    progress: Progress
    rehearsal: bool
    eager: bool = False


def credential(username: SecretRef | None, password: SecretRef | None) -> Credential | None:
    """Read a login from where it stands; None where none is configured. Raises ConfigError."""
    if username is None or password is None:
        return None
    return reveal_login(username, password)
