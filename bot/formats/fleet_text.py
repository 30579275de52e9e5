"""What is remembered of discovered repositories, as text for the store; there may be many thousand of them."""

import json
from datetime import datetime
from typing import Any

from bot.model.fleet import Found, Known, Memory, Silence

VERSION = 1


def render(memory: Memory) -> str:
    """Write it so that `parse` gives the same."""
    rows = [_row(one) for one in memory.known]
    silent = [[one.search, one.since.isoformat(), one.why] for one in memory.silent]
    return json.dumps({"v": VERSION, "known": rows, "silent": silent}, separators=(",", ":"))


def parse(text: str | None) -> Memory:
    """Read it; what is no such text, or another version's, is as good as nothing."""
    try:
        document = json.loads(text or "{}")
        if document.get("v") != VERSION:
            return Memory()
        return Memory(
            known=tuple(_known(row) for row in document["known"]),
            silent=tuple(
                Silence(search=search, since=datetime.fromisoformat(since), why=why)
                for search, since, why in document["silent"]
            ),
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        return Memory()


def _row(one: Known) -> list[object]:
    found = one.found
    flags = [int(found.archived), int(found.disabled), int(found.may_write)]
    gone = one.gone_since.isoformat() if one.gone_since else None
    return [
        found.id,
        found.name,
        found.branch,
        *flags,
        list(found.topics),
        list(one.searches),
        one.key,
        list(one.former),
        gone,
    ]


def _known(row: list[Any]) -> Known:
    id_, name, branch, archived, disabled, may_write, topics, searches, key, former, gone = row
    found = Found(
        id=id_,
        name=name,
        branch=branch,
        archived=bool(archived),
        disabled=bool(disabled),
        may_write=bool(may_write),
        topics=tuple(topics),
    )
    return Known(
        found=found,
        searches=tuple(searches),
        key=str(key),
        former=tuple(former),
        gone_since=datetime.fromisoformat(gone) if gone is not None else None,
    )
