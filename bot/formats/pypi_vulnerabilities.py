"""What a package index says in its JSON about flaws of one release: `vulnerabilities`, one row for each record.

https://docs.pypi.org/api/json/#known-vulnerabilities. It says nothing of how bad they are.
"""

from collections.abc import Iterable
from typing import Any

from bot.formats.osv import ID, PAGE
from bot.formats.osv_python import is_above, lowest
from bot.formats.osv_text import one_line
from bot.model.contents import Advisory

LONGEST_ADDRESS = 300
FIELD = "vulnerabilities"


def advisories(document: Any, version: str) -> tuple[Advisory, ...]:
    """Read the advisories of one release from parsed JSON, those that were withdrawn left out.

    Raises ValueError where it does not say: an index that leaves the field out does not know that all is well.
    """
    rows = document.get(FIELD) if isinstance(document, dict) else None
    if not isinstance(rows, list):
        raise ValueError("it says nothing about advisories")  # noqa: TRY004 - a document, not an argument
    return tuple(_advisory(row, version) for row in map(_object, rows) if not row.get("withdrawn"))


def document(found: Iterable[Advisory]) -> dict[str, Any]:
    """Write advisories as `advisories` reads them, without what it does not use."""
    return {
        FIELD: [
            {
                "id": one.id,
                "aliases": list(one.aliases),
                "fixed_in": [one.fixed_in] if one.fixed_in else [],
                "link": one.url,
                "summary": one.summary,
            }
            for one in found
        ]
    }


def _object(row: Any) -> dict[str, Any]:
    if not (isinstance(row, dict) and isinstance(row.get("id"), str) and ID.fullmatch(row["id"])):
        raise ValueError("it names an advisory without an id")
    return row


def _advisory(row: dict[str, Any], version: str) -> Advisory:
    fixed = (one for one in _texts(row.get("fixed_in")) if is_above(one, version))
    return Advisory(
        id=row["id"],
        aliases=tuple(sorted({one for one in _texts(row.get("aliases")) if ID.fullmatch(one)} - {row["id"]})),
        url=_address(row.get("link")) or PAGE + row["id"],
        fixed_in=lowest(fixed),
        summary=one_line(row.get("summary"), row.get("details")),
    )


def _texts(value: Any) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def _address(value: Any) -> str:
    plain = isinstance(value, str) and len(value) <= LONGEST_ADDRESS and value.isprintable() and " " not in value
    return value if plain and value.startswith(("https://", "http://")) else ""
