"""The record of one run of one repository: what the store keeps and what every face shows."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.model.change import Change
from bot.model.contents import FeedState
from bot.model.findings import Accepted, Finding
from bot.model.observed import ImageState
from bot.model.plan import Deferred, Plan, Rebuild
from bot.model.policy import Trigger, Waiver
from bot.model.proposal import Proposal
from bot.model.reasons import Reason
from bot.model.repository import Repository
from bot.model.snapshot import Snapshot


class Outcome(StrEnum):
    """How a run ended, as the contract names it."""

    OPENED = "opened"
    UPDATED = "updated"
    LEFT_ALONE = "left-alone"
    CLOSED = "closed"
    NOTHING = "nothing"
    DEFERRED = "deferred"
    PLANNED = "planned"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """An error as a value: its kind, its message, and what to do.

    `everywhere` says that it will be the same with every repository until somebody mends a credential; `retry_after`
    is the seconds that the other side asked to wait, None where it named no time.
    """

    kind: str
    message: str
    hint: str
    everywhere: bool = False
    retry_after: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What became of one more rebuild of the same run, on a branch of its own; `deferred` says until when it waits."""

    rebuild: Rebuild
    outcome: Outcome
    change: Change
    proposal: Proposal | None
    why: tuple[Reason, ...]
    deferred: Deferred | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """Everything that one run of one repository saw, decided and did.

    `run_id` names the run, in log lines too. `doubts` are what nobody could tell, `url` is where git found the
    repository, "" where it was not looked for. `waivers` are those of the operator and of the repository, `standing`
    the proposals of ours that are open after it.
    """

    repository: Repository
    asked: Trigger
    started_at: datetime
    finished_at: datetime
    outcome: Outcome
    snapshot: Snapshot | None = None
    images: tuple[ImageState, ...] = ()
    findings: tuple[Finding, ...] = ()
    plan: Plan | None = None
    change: Change | None = None
    proposal: Proposal | None = None
    why: tuple[Reason, ...] = ()
    failure: Failure | None = None
    next_due: datetime | None = None
    further: tuple["Published", ...] = ()
    accepted: tuple[Accepted, ...] = ()
    feeds: tuple[FeedState, ...] = ()
    doubts: tuple[Reason, ...] = ()
    url: str = ""
    waivers: tuple[Waiver, ...] = ()
    standing: tuple[Proposal, ...] = ()
    run_id: str = ""
