"""How bad an OSV record says that a flaw is: CVSS vectors first, then the words of the database it comes from.

OSV schema 1.7, https://ossf.github.io/osv-schema/, `severity[]` and the two `…_specific` objects.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from bot.model.contents import worst
from bot.model.policy import Severity

LONGEST_VECTOR = 500
WORDS: Mapping[str, Severity] = {
    "critical": Severity.CRITICAL,
    "high": Severity.HIGH,
    "important": Severity.HIGH,
    "medium": Severity.MEDIUM,
    "moderate": Severity.MEDIUM,
    "low": Severity.LOW,
    "minor": Severity.LOW,
    "negligible": Severity.LOW,
    "unimportant": Severity.LOW,
    "none": Severity.LOW,  # a score of 0.0: it is known, and not bad
}


def severity_of(document: Mapping[str, Any]) -> Severity:
    """Give the severity of a record: the worst at the first place that names one, UNKNOWN where none does.

    The places: CVSS vectors of the record and of what it affects, `database_specific.severity` (GitHub's words),
    Ubuntu's priority, Debian's urgency. "not yet assigned", "untriaged" and words that nobody knows are UNKNOWN.
    """
    affected = rows(document.get("affected"))
    scored = [*rows(document.get("severity")), *(row for one in affected for row in rows(one.get("severity")))]
    places = (_vectors(scored), _database(document, affected), _priorities(scored), _urgencies(affected))
    found = (worst(severities) for severities in places)
    return next((severity for severity in found if severity is not Severity.UNKNOWN), Severity.UNKNOWN)


def rows(value: Any) -> list[dict[str, Any]]:
    """Give the objects of a JSON list; everything else in it is left out, and what is no list has none."""
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def _vectors(scored: Iterable[dict[str, Any]]) -> Iterator[Severity]:
    for row in scored:
        if isinstance(vector := row.get("score"), str):
            yield cvss(vector)


@lru_cache(maxsize=4096)  # a database of 40,000 flaws has some hundred different vectors
def cvss(vector: str) -> Severity:
    """Rate a CVSS vector (v3.0, v3.1 or v4.0) by its base score; UNKNOWN for anything else."""
    if not vector.startswith("CVSS:") or len(vector) > LONGEST_VECTOR:
        return Severity.UNKNOWN
    import cvss as library  # noqa: PLC0415 - only those who read advisories need it

    rate = _rating4 if vector.startswith("CVSS:4") else _rating3
    try:
        return WORDS.get(rate(library, vector), Severity.UNKNOWN)
    except library.exceptions.CVSSError:
        return Severity.UNKNOWN


def _rating3(library: Any, vector: str) -> str:
    return str(library.CVSS3(vector).severities()[0]).lower()


def _rating4(library: Any, vector: str) -> str:
    return str(library.CVSS4(vector).severity).lower()


def _database(document: Mapping[str, Any], affected: Iterable[dict[str, Any]]) -> Iterator[Severity]:
    for one in (document, *affected):
        yield _word(one.get("database_specific"), "severity")


def _priorities(scored: Iterable[dict[str, Any]]) -> Iterator[Severity]:
    """Read Ubuntu's priority, which stands beside the scores."""
    return (_word(row, "score") for row in scored if row.get("type") == "Ubuntu")


def _urgencies(affected: Iterable[dict[str, Any]]) -> Iterator[Severity]:
    """Read the urgency of Debian's security tracker; it marks automatic ones with asterisks."""
    return (_word(one.get("ecosystem_specific"), "urgency") for one in affected)


def _word(row: Any, key: str) -> Severity:
    word = row.get(key) if isinstance(row, dict) else None
    return WORDS.get(word.strip("* ").lower(), Severity.UNKNOWN) if isinstance(word, str) else Severity.UNKNOWN
