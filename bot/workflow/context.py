"""What the work on one repository is given: the ports, and the operator's wishes for it."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from bot.model.locks import LockerName
from bot.model.policy import Policy, Schedule, Waiver
from bot.model.repository import Repository
from bot.ports import (
    Clock,
    Forge,
    Index,
    Locker,
    PinAdvisories,
    Progress,
    Registry,
    ReleaseNotes,
    Store,
    Talk,
    Workspace,
)
from bot.system.logs import new_run_id
from bot.workflow.inside import Glass


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """The ports; `pins` knows the flaws of Python packages.

    `rehearsal` names outcomes as planned, because forge and workspace only record. `routine` is a run that comes again
    by itself: what only time brings, new releases for a quarter that stands open, may wait for some days.

    `run_id` makes a name for each run, by which its log lines are found. `bench` gives an empty folder to work in,
    which is gone afterwards. `release_notes` is None where no forge can be asked for what projects say.
    """

    forge: Forge
    talk: Talk
    pins: PinAdvisories
    workspace: Workspace
    glass: Glass
    index: Index
    lockers: Mapping[LockerName, Locker]
    store: Store
    progress: Progress
    clock: Clock
    rehearsal: bool
    bench: Callable[[], AbstractContextManager[Path]]
    run_id: Callable[[], str] = new_run_id
    release_notes: ReleaseNotes | None = None
    routine: bool = False

    @property
    def registry(self) -> Registry:
        """The registries, through which images are looked at."""
        return self.glass.registry


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """One repository and what holds for it.

    `index_hosts` are the hosts that locks and sources may name as package indexes, `default_python` is the Python
    for locks that name none, `committer` the e-mail address that our commits carry. `waivers` are the operator's.
    """

    repository: Repository
    policy: Policy
    schedule: Schedule
    index_hosts: frozenset[str]
    default_python: str
    committer: str
    waivers: tuple[Waiver, ...] = ()
