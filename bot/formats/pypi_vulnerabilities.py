"""What a package index says in its JSON about flaws of one release: `vulnerabilities`, one row for each record.

PyPI's JSON API, "Known vulnerabilities". It says nothing of how bad they are.
"""

from typing import Any

from bot.formats.osv import ID, LONGEST_TEXT, PAGE
from bot.formats.osv_python import is_above, lowest
from bot.formats.osv_text import one_line
from bot.model.contents import Advisory

FIELD = "vulnerabilities"


def advisories(document: Any, version: str) -> tuple[Advisory, ...]:
    """Read the advisories of one release from parsed JSON, those that were withdrawn left out.

    Raises ValueError where it does not say: an index that leaves the field out does not know that all is well.
    """
    return tuple(_advisory(row, version) for row in trimmed(document)[FIELD])


def trimmed(document: Any) -> dict[str, list[dict[str, Any]]]:
    """Give the same document with nothing in it but what is used, in bounds; raises as `advisories` does."""
    rows = document.get(FIELD) if isinstance(document, dict) else None
    if not isinstance(rows, list):
        raise ValueError("it says nothing about advisories")  # noqa: TRY004 - a document, not an argument
    return {FIELD: [_row(row) for row in map(_object, rows) if not row.get("withdrawn")]}


def _object(row: Any) -> dict[str, Any]:
    if not (isinstance(row, dict) and isinstance(row.get("id"), str) and ID.fullmatch(row["id"])):
        raise ValueError("it names an advisory without an id")
    return row


def _row(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": row["id"],
        "aliases": sorted({one for one in _texts(row.get("aliases")) if ID.fullmatch(one)} - {row["id"]}),
        "fixed_in": [one for one in _texts(row.get("fixed_in")) if len(one) <= LONGEST_TEXT and one.isprintable()],
        "link": _address(row.get("link")) or PAGE + row["id"],
        "summary": one_line(row.get("summary"), row.get("details")),
    }


def _advisory(row: dict[str, Any], version: str) -> Advisory:
    return Advisory(
        id=row["id"],
        aliases=tuple(row["aliases"]),
        url=row["link"],
        fixed_in=lowest(one for one in row["fixed_in"] if is_above(one, version)),
        summary=row["summary"],
    )


def _texts(value: Any) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def _address(value: Any) -> str:
    plain = isinstance(value, str) and len(value) <= LONGEST_TEXT and value.isprintable() and " " not in value
    return value if plain and value.startswith(("https://", "http://")) else ""
