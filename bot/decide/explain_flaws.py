"""The part of a proposal that tells of flaws: what is fixed, with proof, what remains, what is not known."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from itertools import groupby

from bot.decide import feeds
from bot.decide.contents import url_of
from bot.decide.exceptions import EXPIRED
from bot.decide.markdown import code, cut, link, prose, table
from bot.formats.foreign_text import without_addresses
from bot.model.contents import ORDER, Advisory, FeedState
from bot.model.findings import Accepted
from bot.model.flaws import Fixed, Remaining
from bot.model.policy import Severity
from bot.model.reasons import Reason

ROWS = 100  # of one table; what is more is counted
ALIASES = 3  # in one cell
NAMED = 8  # packages in a sentence


def fixed_table(fixed: tuple[Fixed, ...], cooldown: timedelta, most: int = ROWS) -> str:
    """Give one row for each advisory and package that is fixed, the worst first, at most so many."""
    if not fixed:
        return ""
    several = len({row.path for row in fixed}) > 1
    merged = [list(same) for _, same in groupby(sorted(fixed, key=_fixed_order), key=_same_fix)]
    rows = [
        [_advisory(first.advisory), _severity(first.advisory), code(first.name), _step(first, cooldown),
         _asked_by(first), code(first.advisory.fixed_in) or "—",
         *([", ".join(code(row.path) for row in same)] if several else [])]
        for same in merged[:most] for first in same[:1]
    ]  # fmt: skip
    head = [
        "advisory",
        "severity",
        "package",
        "change",
        "asked for by",
        "first fixed in",
        *(["lock"] if several else []),
    ]
    more = len(merged) - most
    rest = f"\n\n… and {more} more." if more > 0 else ""
    return f"## What this fixes\n\n{table(head, rows)}{rest}"


def remaining_table(remaining: tuple[Remaining, ...], most: int = ROWS) -> str:
    """Give one row for each advisory that stays, with what blocks its fix, the worst first, at most so many."""
    if not remaining:
        return ""
    order = sorted(remaining, key=lambda row: (-ORDER.index(row.advisory.severity), row.advisory.id, row.path))
    rows = [
        [_advisory(row.advisory), _severity(row.advisory), code(f"{row.name} {row.version}"), code(row.path),
         prose(cut(row.why.text))]
        for row in order[:most]
    ]  # fmt: skip
    more = len(order) - most
    rest = f"\n\n… and {more} more." if more > 0 else ""
    intro = "These are known, and this does not fix them:"
    return f"## What remains\n\n{intro}\n\n" + table(["advisory", "severity", "package", "lock", "why"], rows) + rest


def accepted_table(accepted: tuple[Accepted, ...]) -> str:
    """Name the advisories that somebody accepted, until when, and why."""
    if not accepted:
        return ""
    found = {(one.advisory.id, one.name, one.version, one.until, one.reason): one for one in accepted}
    rows = [
        [_advisory(one.advisory), code(f"{one.name} {one.version}"), f"{one.until:%Y-%m-%d}", prose(cut(one.reason))]
        for _, one in sorted(found.items())[:ROWS]
    ]
    more = len(found) - ROWS
    rest = f"\n\n… and {more} more." if more > 0 else ""
    head = ["advisory", "package", "until", "reason"]
    return f"## Accepted\n\nSomebody accepted these for a time:\n\n{table(head, rows)}{rest}"


def alert(doubts: Iterable[Reason]) -> str:
    """Shout what is not known: above everything else, for what is not known may be unsafe.

    Addresses are left out: an internal mirror's name is nothing for a page that anybody may read.
    """
    rows = tuple(doubts)
    unknown = _listed("Not everything could be looked up:", (one for one in rows if one.code != EXPIRED))
    over = _listed("What somebody accepted is over:", (one for one in rows if one.code == EXPIRED))
    return "> [!WARNING]\n" + "\n>\n".join([*unknown, *over]) if rows else ""


def _listed(head: str, rows: Iterable[Reason]) -> list[str]:
    lines = [f"> - {prose(cut(without_addresses(reason.text)))}" for reason in rows]
    return ["\n".join([f"> {head}", ">", *lines])] if lines else []


def proof(states: tuple[FeedState, ...]) -> str:
    """Say what was looked up, and how old that is."""
    said = feeds.checked(states)
    return f"The pins were {said}." if said else ""


def counted(fixed: Iterable[Fixed], remaining: Iterable[Remaining]) -> str:
    """Count what is fixed and what stays in sentences, for forms of a body that have no room for tables."""
    done, left = ({row.advisory.id for row in rows} for rows in (fixed, remaining))
    fixes = f"It fixes {_advisories(len(done))}." if done else ""
    stays = f"{_advisories(len(left))} that we know of stay{'s' if len(left) == 1 else ''}." if left else ""
    return " ".join(part for part in (fixes, stays) if part)


def _advisories(count: int) -> str:
    return f"{count} advisor{'y' if count == 1 else 'ies'}"


def in_words(fixed: tuple[Fixed, ...], most: int, images: Sequence[str]) -> str:
    """Name what is fixed in a title: at most so many packages, then images, and the id of the worst."""
    rows = sorted(fixed, key=_fixed_order)
    names = [*dict.fromkeys(row.name for row in rows), *images]
    ids = list(dict.fromkeys(row.advisory.id for row in rows))
    shown = ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
    return f"{shown} ({ids[0]}{f' and {len(ids) - 1} more' if len(ids) > 1 else ''})"


def sentence(fixed: tuple[Fixed, ...], images: tuple[str, ...]) -> str:
    """Say what is fixed, how bad that was, and where; `images` are Markdown already."""
    ids = {row.advisory.id for row in fixed}
    worst = max((row.advisory.severity for row in fixed), key=ORDER.index)
    many = f"{len(ids)} advisories, the worst of them" if len(ids) > 1 else "an advisory,"
    bad = f"of {worst} severity" if worst is Severity.UNKNOWN else str(worst)
    names = list(dict.fromkeys(code(row.name) for row in sorted(fixed, key=_fixed_order)))
    shown = ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more packages" if len(names) > NAMED else "")
    more = f", and what is listed below in {', '.join(images)}" if images else ""
    return f"{many} **{bad}**, in {shown}{more}"


def _fixed_order(row: Fixed) -> tuple[int, str, str, str, str, str]:
    return -ORDER.index(row.advisory.severity), row.advisory.id, row.name, row.old, row.new or "", row.path


def _same_fix(row: Fixed) -> tuple[str, str, str, str]:
    return row.advisory.id, row.name, row.old, row.new or ""


def _advisory(one: Advisory) -> str:
    """Give a linked id, with its other names and what it says in a line."""
    shown = ", ".join(link(name, url_of(name)) for name in one.aliases[:ALIASES])
    more = f" and {len(one.aliases) - ALIASES} more" if len(one.aliases) > ALIASES else ""
    aliases = f" ({shown}{more})" if shown else ""
    summary = f"<br>{prose(cut(one.summary))}" if one.summary else ""
    return f"{link(one.id, one.url or url_of(one.id))}{aliases}{summary}"


def _severity(one: Advisory) -> str:
    strong = one.severity in {Severity.CRITICAL, Severity.HIGH}
    return f"**{one.severity}**" if strong else str(one.severity)


def _step(row: Fixed, cooldown: timedelta) -> str:
    if row.new is None:
        return f"{code(row.old)} → leaves the lock"
    young = row.days is not None and timedelta(days=row.days) < cooldown
    age = f" **{_days(row.days or 0)} old**" if young else ""
    return f"{code(row.old)} → {code(row.new)}{age}"


def _days(count: int) -> str:
    return f"{count} day{'' if count == 1 else 's'}" if count else "not a day"


def _asked_by(row: Fixed) -> str:
    parents = ", ".join(code(parent) for parent in row.via)
    if row.direct:
        return f"direct, and {parents}" if parents else "direct"
    return f"pulled in by {parents}" if parents else ("pulled in" if row.direct is False else "the lock does not say")
