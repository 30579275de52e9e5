"""What the documents for other tools (SARIF, CycloneDX) say alike of runs and advisories."""

from collections.abc import Sequence
from datetime import UTC, datetime

from bot.formats.exchange_text import line, link
from bot.model.contents import Advisory
from bot.model.policy import Severity
from bot.model.runs import RunRecord

LONGEST_NAME = 255
LONGEST_TEXT = 1000  # GitHub shows 1,024 characters of a description


def labels(runs: Sequence[RunRecord]) -> tuple[str, ...]:
    """Give each run a name that no other one has: the repository's; with its address's mark where two are alike.

    The order of the runs counts only where that is not enough, so that a name stays the same between calls.
    """
    names = tuple(line(run.repository.name, LONGEST_NAME) or "repository" for run in runs)
    if len(set(names)) == len(names):
        return names
    keys = tuple(line(run.repository.key, LONGEST_NAME) for run in runs)
    if len(set(keys)) == len(keys):
        return keys
    return tuple(f"{key}-{number}" for number, key in enumerate(keys, 1))


def weight(advisory: Advisory) -> Severity:
    """Give the severity; a package that is malware itself is critical, whatever its record leaves out."""
    return Severity.CRITICAL if advisory.malicious else advisory.severity


def origin(run: RunRecord) -> str | None:
    """Give the web address that the repository was read from; None for a folder of this machine."""
    return link(run.snapshot.url if run.snapshot else run.repository.url)


def moment(time: datetime) -> str:
    """Give a time as RFC 3339 writes it, in UTC and whole seconds."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
