"""What was said of tags and archives, as text for the store: it stands in for who is not heard, and saves questions."""

import json
from datetime import datetime, timedelta
from typing import Any

from bot.decide.retag import Moves
from bot.model.contents import Advisory, ChangeKind, SourceChange
from bot.model.observed import Frozen, Offer
from bot.model.policy import Severity
from bot.workflow.look import TRUSTED_FOR


def moves_text(moves: Moves, now: datetime) -> str:
    """Write where a tag may go so that `moves` gives the same."""
    offered = [[one.tag, one.kind] for one in moves.offered]
    return json.dumps({"at": now.isoformat(), "found": [moves.taken, offered]})


def moves(text: str | None, now: datetime) -> Moves | None:
    """Read where a tag may go; None where nothing is kept, or nothing that is young enough."""
    try:
        row = _found(text, now, TRUSTED_FOR)
        if row is None:
            return None
        return Moves(taken=row[0], offered=tuple(Offer(tag=tag, kind=kind) for tag, kind in row[1]))
    except (ValueError, TypeError, KeyError, IndexError):
        return None


def verdict_text(found: Frozen | None, now: datetime) -> str:
    """Write a verdict on a tag that may have stopped moving so that `verdict` gives the same."""
    row = None if found is None else [found.since.isoformat() if found.since else None, found.move_to, found.why]
    return json.dumps({"at": now.isoformat(), "found": [row]})


def verdict(text: str | None, now: datetime, longest: timedelta) -> tuple[Frozen | None] | None:
    """Read a verdict that is not older than `longest`; None where there is none."""
    try:
        kept = _found(text, now, longest)
        if kept is None:
            return None
        if kept[0] is None:
            return (None,)
        since, move_to, why = kept[0]
        return (Frozen(since=datetime.fromisoformat(since) if since else None, move_to=move_to, why=why),)
    except (ValueError, TypeError, KeyError, IndexError):
        return None


def updates_text(updates: tuple[SourceChange, ...], now: datetime) -> str:
    """Write what waits in an archive so that `updates` gives the same."""
    rows = [
        [
            row.source,
            row.old,
            row.new,
            row.packages,
            row.kind,
            [[a.id, a.aliases, a.severity, a.url] for a in row.advisories],
        ]
        for row in updates
    ]
    return json.dumps({"at": now.isoformat(), "found": rows})


def updates(text: str | None, now: datetime) -> tuple[SourceChange, ...] | None:
    """Read what waits in an archive; None where nothing is kept, or nothing that is young enough."""
    try:
        rows = _found(text, now, TRUSTED_FOR)
        return None if rows is None else tuple(_update(row) for row in rows)
    except (ValueError, TypeError, KeyError, IndexError):
        return None


def _update(row: list[Any]) -> SourceChange:
    source, old, new, packages, kind, advisories = row
    return SourceChange(
        source=source,
        old=old,
        new=new,
        packages=tuple(packages),
        kind=ChangeKind(kind),
        advisories=tuple(
            Advisory(id=name, aliases=tuple(aliases), severity=Severity(severity), url=url)
            for name, aliases, severity, url in advisories
        ),
    )


def _found(text: str | None, now: datetime, longest: timedelta) -> list[Any] | None:
    kept = json.loads(text or "null")
    if kept is None or not timedelta(0) <= now - datetime.fromisoformat(kept["at"]) < longest:
        return None
    return list(kept["found"])
