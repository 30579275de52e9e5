"""Tables of lifetimes: our own file, and the answer of endoflife.date's API.

API v1, `GET /api/v1/products/full`, https://endoflife.date/docs/api/v1/. Our file has the facts of that project's
product files, https://github.com/endoflife-date/endoflife.date: `eol` is the end of support, `eoes` that of extended
support, and each is a date or a boolean.
"""

import json
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from bot.model.contents import Cycle, LifetimeTable

API_SOURCE = "endoflife.date"


def read(text: str) -> LifetimeTable:
    """Read either form, sorted by product, releases in the order of the document.

    A release without a date (`eol` is true, false or missing) has no end. Raises ValueError with a sentence for
    everything else: a date that was passed over in silence would look like a release that lives for ever.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError("this table of lifetimes is not JSON") from error
    if isinstance(document, dict) and "products" in document:
        return _table(_own(document), str(document.get("source", "")), document.get("date"))
    if isinstance(document, dict) and "result" in document:
        return _table(_api(document), API_SOURCE, document.get("generated_at"))
    raise ValueError("this is not a table of lifetimes: it has neither products nor a result")


def _table(cycles: Iterator[Cycle], source: str, moment: Any) -> LifetimeTable:
    found = tuple(sorted(cycles, key=lambda one: one.product))
    if not found:
        raise ValueError("this table of lifetimes is empty")
    return LifetimeTable(cycles=found, source=source, as_of=_moment(moment))


def _own(document: dict[str, Any]) -> Iterator[Cycle]:
    for product, releases in _dictionary(document["products"], "products").items():
        for release, entry in _dictionary(releases, product).items():
            facts = _dictionary(entry, f"{product} {release}")
            yield _cycle(product, release, facts, end="eol", extended="eoes")


def _api(document: dict[str, Any]) -> Iterator[Cycle]:
    version = str(document.get("schema_version"))
    if version.partition(".")[0] != "1":
        raise ValueError(f"this answer has version {version} of endoflife.date's API, and only version 1 is understood")
    for entry in _list(document["result"], "the result"):
        facts = _dictionary(entry, "a product")
        product = _name(facts, "a product")
        for row in _list(facts.get("releases"), product):
            release = _dictionary(row, product)
            yield _cycle(product, _name(release, product), release, end="eolFrom", extended="eoesFrom")


def _cycle(product: str, release: str, facts: dict[str, Any], *, end: str, extended: str) -> Cycle:
    codename = facts.get("codename")
    return Cycle(
        product=product,
        release=release,
        codename=codename if isinstance(codename, str) else "",
        end=_date(facts.get(end), f"{product} {release}"),
        extended_end=_date(facts.get(extended), f"{product} {release}"),
    )


def _date(value: Any, subject: str) -> date | None:
    if value is None or isinstance(value, bool):
        return None
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise ValueError(f"this table of lifetimes has a date for {subject} that is none") from error


def _moment(value: Any) -> date:
    try:
        return datetime.fromisoformat(value).date()
    except (TypeError, ValueError) as error:
        raise ValueError("this table of lifetimes does not say when it was made") from error


def _name(facts: dict[str, Any], subject: str) -> str:
    name = facts.get("name")
    if not isinstance(name, str) or not name:
        raise ValueError(f"this table of lifetimes has an entry without a name in {subject}")
    return name


def _dictionary(value: Any, subject: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"this table of lifetimes is not understood at {subject}")  # noqa: TRY004 - a document
    return value


def _list(value: Any, subject: str) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError(f"this table of lifetimes does not list what is in {subject}")  # noqa: TRY004 - a document
    return value
