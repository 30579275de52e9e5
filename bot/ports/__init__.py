"""Every outside thing as one small Protocol that speaks only our own types; a page for a run, one for the service.

Implementations live in `bot.adapters`, one folder per port; `bot.wiring` is the only module that names them.
All of them raise `bot.errors` and nothing else for what can go wrong outside.
"""

from bot.ports.run import (
    Advisories,
    Archive,
    Clock,
    Forge,
    Index,
    Lifetimes,
    Locker,
    PinAdvisories,
    Progress,
    Registry,
    ReleaseNotes,
    Relocked,
    Store,
    Talk,
    Workspace,
)
from bot.ports.service import Directory, Engine, Notifier, Queue, ServiceStore

__all__ = [
    "Advisories",
    "Archive",
    "Clock",
    "Directory",
    "Engine",
    "Forge",
    "Index",
    "Lifetimes",
    "Locker",
    "Notifier",
    "PinAdvisories",
    "Progress",
    "Queue",
    "Registry",
    "ReleaseNotes",
    "Relocked",
    "ServiceStore",
    "Store",
    "Talk",
    "Workspace",
]
