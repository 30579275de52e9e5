"""How a fleet stands, out of the documents of last runs: what metrics, rounds and notices go by."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.model.policy import Severity
from bot.model.proposal import State
from bot.model.runs import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How one repository stood after its last run.

    `findings` counts by severity, `proposals` has for each open one its branch and when it was opened, if that is
    known. `next_due` None: no date is known.
    """

    name: str
    outcome: Outcome
    finished_at: datetime
    findings: tuple[tuple[str, int], ...] = ()
    proposals: tuple[tuple[str, datetime | None], ...] = ()
    next_due: datetime | None = None
    overview: bool = False

    @property
    def failed(self) -> bool:
        """Whether that run ended in an error."""
        return self.outcome is Outcome.FAILED


@dataclass(frozen=True, slots=True, kw_only=True)
class Census:
    """The sums over a fleet: `ages` of open proposals in seconds, oldest first, `next_due` the earliest one known."""

    repositories: int
    outcomes: Mapping[str, int]
    findings: Mapping[str, int]
    proposals: int
    ages: tuple[float, ...]
    next_due: datetime | None


def standing(document: Mapping[str, Any]) -> Standing:
    """Read the contract JSON of a run; what an older version did not write is taken as nothing."""
    findings = Counter(str(row["severity"]) for row in document.get("findings", ()))
    rows = [one for one in document.get("proposals") or () if one and one["state"] == State.OPEN]
    return Standing(
        name=str(document["name"]),
        outcome=Outcome(document["outcome"]),
        finished_at=datetime.fromisoformat(document["finished_at"]),
        findings=tuple(sorted(findings.items())),
        proposals=tuple((str(one["branch"]), moment(one.get("opened_at"))) for one in rows),
        next_due=moment(document.get("next_due")),
    )


def census(standings: Iterable[Standing], now: datetime) -> Census:
    """Sum up."""
    rows = tuple(standings)
    findings: Counter[str] = Counter({str(severity): 0 for severity in Severity})
    for row in rows:
        findings.update(dict(row.findings))
    opened = [at for row in rows for _, at in row.proposals]
    ages = sorted(((now - at).total_seconds() for at in opened if at is not None), reverse=True)
    return Census(
        repositories=len(rows),
        outcomes=dict(Counter(str(row.outcome) for row in rows)),
        findings=dict(findings),
        proposals=len(opened),
        ages=tuple(max(0.0, age) for age in ages),
        next_due=min((row.next_due for row in rows if row.next_due is not None), default=None),
    )


def moment(text: str | None) -> datetime | None:
    """Read a time as documents have it."""
    return datetime.fromisoformat(text) if text else None
