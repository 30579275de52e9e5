"""Which repositories are worked on, and under what name: what is configured, what was found, and what was known before.

Names of a forge do not tell upper from lower case; which repository is which, its id says. All of it is pure.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.model.fleet import Found, Known, Member, Memory, Origin, Renamed, Silence, Standing
from bot.model.reasons import Reason
from bot.model.repository import Repository

FORGOTTEN_AFTER = timedelta(days=90)
IDENTITY = "identity"
"""The kind of answers that say, by a repository's id, under which name its history is kept."""

SILENT = "search-failed"
RENAMED = "renamed"
SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A [[repository]] of the configuration; `url` is "" where the forge knows it by its name."""

    name: str
    url: str = ""
    branch: str | None = None
    enabled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """What a round of searches taught: what is to be remembered, and what is called otherwise now."""

    memory: Memory
    renamed: tuple[Renamed, ...] = ()


def learn(
    before: Memory, answers: Mapping[str, tuple[Found, ...] | str], entries: tuple[Entry, ...], now: datetime
) -> Learned:
    """Put the answers of searches, by their labels, over what was known; a text says why there is no answer.

    Where there is none, what it last said stands. What no search finds any more is kept for 90 days, and said. What
    only a search found that is not made any more is forgotten.
    """
    known = {one.found.id: one for one in before.known}
    fresh: dict[str, tuple[Found, set[str]]] = {}
    for label, answer in sorted(answers.items()):
        for found in answer if not isinstance(answer, str) else ():
            fresh.setdefault(found.id, (found, set()))[1].add(label)
    silent = {label for label, answer in answers.items() if isinstance(answer, str)}
    written = {entry.name.casefold(): entry.name for entry in entries if not entry.url}
    rows = (
        _found_now(known.get(id_), *fresh[id_], silent, written)
        if id_ in fresh
        else _not_found(known[id_], frozenset(answers), silent, now)
        for id_ in sorted(known.keys() | fresh.keys())
    )
    kept = tuple(one for one in rows if one is not None)
    return Learned(
        memory=Memory(known=kept, silent=tuple(_silences(before, answers, now))),
        renamed=tuple(
            Renamed(id=one.found.id, old=old.key, new=one.key)
            for one in kept
            if (old := known.get(one.found.id)) is not None and old.key != one.key
        ),
    )


def _found_now(
    before: Known | None, found: Found, labels: set[str], silent: set[str], written: Mapping[str, str]
) -> Known:
    """Give what is to be remembered of a repository that was found; its name is spelled as it is configured."""
    standing = set(before.searches) & silent if before else set()
    former: tuple[str, ...] = before.former if before else ()
    if before is not None and before.found.name.casefold() != found.name.casefold():
        former = tuple(dict.fromkeys((before.found.name, *former)))[:SHOWN]
    key = written.get(found.name.casefold(), found.name)
    return Known(found=found, searches=tuple(sorted(labels | standing)), key=key, former=former)


def _not_found(before: Known, made: frozenset[str], silent: set[str], now: datetime) -> Known | None:
    """Give what is to be remembered of a repository that no search found; None where it is forgotten."""
    if not set(before.searches) & made:
        return None
    if standing := set(before.searches) & silent:
        return replace(before, searches=tuple(sorted(standing)))
    gone = before.gone_since or now
    return replace(before, gone_since=gone) if now - gone < FORGOTTEN_AFTER else None


def _silences(before: Memory, answers: Mapping[str, tuple[Found, ...] | str], now: datetime) -> Iterable[Silence]:
    since = {one.search: one.since for one in before.silent}
    for label, answer in sorted(answers.items()):
        if isinstance(answer, str):
            yield Silence(search=label, since=since.get(label, now), why=answer)


def moves(renamed: tuple[Renamed, ...]) -> tuple[tuple[str, str], ...]:
    """Give the renamings of history in an order in which none falls into another's; names may have been swapped."""
    targets = {one.new for one in renamed}
    crossed = [one for one in renamed if one.old in targets]
    aside = tuple((one.old, f"renaming {one.id}") for one in crossed)
    back = tuple((f"renaming {one.id}", one.new) for one in crossed)
    return (*aside, *((one.old, one.new) for one in renamed if one.old not in targets), *back)


def troubles(memory: Memory) -> tuple[Reason, ...]:
    """Say which searches were not answered, and that what they last said stands."""
    return tuple(
        Reason(
            code=SILENT,
            subject=one.search,
            text=f"{one.search}: {one.why}; what was found before stands (not answered since {_day(one.since)})",
        )
        for one in memory.silent
    )


def members(entries: tuple[Entry, ...], memory: Memory) -> tuple[Member, ...]:
    """Give the fleet, sorted by name; an entry under a name that a repository had still means that repository."""
    found = _by_name(memory)
    later = {name.casefold(): one for one in memory.known for name in one.former if one.gone_since is None}
    rows: list[Member] = []
    met: set[str] = set()
    for entry in entries:
        known = None if entry.url else _meant(entry, found, later)
        if known is not None:
            met.add(known.found.id)
        rows.append(_configured(entry, known))
    rows += [_discovered(one) for one in found.values() if one.found.id not in met]
    return tuple(sorted(rows, key=lambda one: (one.repository.name.casefold(), one.repository.name, one.entry)))


def _by_name(memory: Memory) -> dict[str, Known]:
    """Give what is known by name; what is there now comes before what is gone and was called the same."""
    gone = [one for one in memory.known if one.gone_since is not None]
    here = [one for one in memory.known if one.gone_since is None]
    return {one.found.name.casefold(): one for one in (*gone, *here)}


def _meant(entry: Entry, found: Mapping[str, Known], later: Mapping[str, Known]) -> Known | None:
    """Find the repository of an entry: under its name, or under the one that it has now."""
    name = entry.name.casefold()
    here = found.get(name)
    return here if here is not None and here.gone_since is None else later.get(name, here)


def _configured(entry: Entry, known: Known | None) -> Member:
    called = known.found.name if known is not None and known.gone_since is None else entry.name
    same = called.casefold() == entry.name.casefold()
    why = () if same else (renamed(entry.name, called),)
    state = Standing.ACTIVE
    if not entry.enabled:
        state, why = Standing.OFF, (*why, _reason("off", entry.name, "enabled = false in its [[repository]]"))
    return Member(
        repository=Repository(name=entry.name if same else called, url=entry.url, branch=entry.branch),
        entry=entry.name,
        origin=Origin.CONFIGURED if known is None else Origin.BOTH,
        state=state,
        why=why,
    )


def _discovered(one: Known) -> Member:
    state, text = _state(one)
    return Member(
        repository=Repository(name=one.found.name, url=""),
        entry="",
        origin=Origin.DISCOVERED,
        state=state,
        why=(_reason(state.value, one.found.name, text),) if text else (),
    )


def _state(one: Known) -> tuple[Standing, str]:
    if one.gone_since is not None:
        text = f"not seen any more since {_day(one.gone_since)}: archived, deleted, or the topic or permission is gone"
        return Standing.GONE, text
    if (rest := resting(one.found)) is not None:
        return Standing(rest.code), rest.text
    if not one.found.may_write:
        return Standing.READ_ONLY, "we may not write to it: give us contents: write and pull requests: write"
    return Standing.ACTIVE, ""


def resting(found: Found) -> Reason | None:
    """Say why nothing can be done about a repository at all; None where work can go on."""
    if found.archived:
        text = "the repository is archived, so nothing can be proposed; it is worked on again once it is not"
        return _reason(Standing.ARCHIVED.value, found.name, text)
    if found.disabled:
        text = "GitHub has switched the repository off, so nothing can be proposed"
        return _reason(Standing.DISABLED.value, found.name, text)
    return None


def renamed(old: str, new: str) -> Reason:
    """Say that a repository is called otherwise."""
    return _reason(RENAMED, old, f"{old} is called {new} now: edit the configuration")


def _reason(code: str, subject: str, text: str) -> Reason:
    return Reason(code=code, subject=subject, text=text)


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"
