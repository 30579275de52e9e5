"""What of a run becomes a result of SARIF: where it is, how grave, and in which words."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias, assert_never

from bot.decide.contents import changed
from bot.decide.exchange import LONGEST_TEXT, weight
from bot.decide.finding_rows import finding_row
from bot.decide.sarif_rules import GRAVITY, Level, Rule, advisory_rule, kind_rule
from bot.formats.exchange_text import line
from bot.model.contents import Advisory, Lifetime, SourceChange, Support, worst
from bot.model.findings import (
    Accepted,
    ArchiveAhead,
    EndOfLife,
    FrozenTag,
    LockOutOfDate,
    MovedDigest,
    PythonMismatch,
    QuarterDue,
    Unreadable,
    VulnerablePin,
)
from bot.model.runs import RunRecord

Other: TypeAlias = (
    MovedDigest | ArchiveAhead | FrozenTag | EndOfLife | QuarterDue | Unreadable | PythonMismatch | LockOutOfDate
)
FACTS = ("kind", "subject", "current", "fixed_in", "direct", "via", "advisories")
MOST_FACTS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A result before it is written; `subject` is what it is about whatever its version, `accepted` why it is waived.

    `path` "" means the repository as a whole, `facts` are what the contract names of the finding.
    """

    rule: Rule
    level: Level
    text: str
    path: str
    line: int
    subject: str
    facts: Mapping[str, object]
    accepted: str = ""


def hits(run: RunRecord) -> Iterator[Hit]:
    """Give the results of a run: one for each pin and advisory, one for each other finding, then what is waived."""
    for finding in run.findings:
        if isinstance(finding, VulnerablePin):
            yield from (_pin(finding, one) for one in finding.advisories)
        else:
            yield _other(finding)
    yield from map(_accepted, run.accepted)


def _pin(finding: VulnerablePin, one: Advisory) -> Hit:
    way = f"upgrade to {finding.fixed_in}" if finding.fixed_in else "no release that fits here is without it"
    return Hit(
        rule=advisory_rule(one),
        level=GRAVITY[weight(one)],
        text=f"{finding.name} {finding.version} is affected by {_named(one)}; {way}. {finding.why}",
        path=finding.path,
        line=finding.line,
        subject=finding.name,
        facts=_facts({**finding_row(finding), "advisories": []}),
    )


def _accepted(row: Accepted) -> Hit:
    facts = {"kind": "vulnerable-pin", "subject": row.name, "current": row.version}
    return Hit(
        rule=advisory_rule(row.advisory),
        level=GRAVITY[weight(row.advisory)],
        text=f"{row.name} {row.version} is affected by {_named(row.advisory)}, which is accepted until {row.until}",
        path=row.path,
        line=row.line,
        subject=row.name,
        facts=_facts(facts),
        accepted=f"{row.reason} (accepted until {row.until})",
    )


def _named(one: Advisory) -> str:
    return f"{one.id} ({weight(one)})"


def _other(finding: Other) -> Hit:
    row = finding_row(finding)
    path, number = _place(finding)
    ids = list(dict.fromkeys(one.id for change in _fixes(finding) for one in change.advisories))
    return Hit(
        rule=kind_rule(str(row["kind"])),
        level=_level(finding),
        text=f"{row['subject']}: {row['why']}",
        path=path,
        line=number,
        subject=str(row["subject"]),
        facts=_facts({**row, "advisories": ids}),
    )


def _facts(row: Mapping[str, object]) -> dict[str, object]:
    """Keep what a machine wants to know besides, in strings that every reader takes; what is not known is left out."""
    kept: dict[str, object] = {}
    for name in FACTS:
        match row.get(name):
            case bool() as value:
                kept[name] = value
            case str() as text if text:
                kept[name] = line(text, LONGEST_TEXT)
            case [*texts] if texts:
                kept[name] = [line(str(text), LONGEST_TEXT) for text in texts[:MOST_FACTS]]
    return kept


def _place(finding: Other) -> tuple[str, int]:
    """Say where a finding is: path ("": the repository as a whole) and line (0: the whole file)."""
    match finding:
        case MovedDigest(use=use) | ArchiveAhead(use=use) | FrozenTag(use=use) | EndOfLife(use=use):
            return use.path, use.line
        case Unreadable(path=path, line=number):
            return path, number
        case PythonMismatch(path=path) | LockOutOfDate(path=path):
            return path, 0
        case QuarterDue():
            return "", 0
        case _:
            assert_never(finding)


def _level(finding: Other) -> Level:
    match finding:
        case MovedDigest() | ArchiveAhead():
            rows = _fixes(finding)  # a digest that fixes nothing that is known waits for the quarter
            return GRAVITY[worst(row.severity for row in rows)] if rows else "note"
        case EndOfLife(lifetime=lifetime):
            return _ending(lifetime)
        case QuarterDue():
            return "note"
        case FrozenTag() | PythonMismatch() | LockOutOfDate() | Unreadable():
            return "warning"
        case _:
            assert_never(finding)


def _fixes(finding: Other) -> tuple[SourceChange, ...]:
    """Give the security fixes that an image lacks."""
    match finding:
        case MovedDigest(diffs=diffs):
            return tuple(row for row in changed(diffs) if row.is_security)
        case ArchiveAhead(updates=updates):
            return updates
        case _:
            return ()


def _ending(lifetime: Lifetime) -> Level:
    if lifetime.state is Support.ENDED:
        return "error"  # whatever is found from now on, no fix comes
    return "warning" if lifetime.extended else "note"
