"""What a relock may see of the indexes, and what a reviewer must know of it afterwards."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from bot.adapters.lockers import command_lines, texts
from bot.adapters.lockers.rooms import Rooms, Session
from bot.errors import LockFailed
from bot.formats import cutoffs, resolver_output
from bot.model.locks import Lock
from bot.model.plan import FixAtLeast, Refresh, Relock, UpgradeAll, UpgradeOnly
from bot.model.reasons import Reason
from bot.model.releases import IndexView
from bot.ports import Relocked

PASSWORD = re.compile(r"^\s*-[^\n]*://[^/\s@:]+:[^/\s@]+@", re.MULTILINE)


def view_of(relock: Relock, now: datetime) -> IndexView:
    """Give the view: the older of cooldown and the lock's own cutoff; its pins are always visible, so never lowered.

    What a person names, or an advisory, is wanted now, so no cooldown holds for it.

    Raises LockFailed where the lock's own cutoff cannot be read.
    """
    lock = relock.lock
    return IndexView(
        index_url=lock.index_url,
        extra_indexes=lock.extra_indexes,
        cutoff=min((one for one in (_cutoff(lock, now), relock.uploaded_before) if one is not None), default=None),
        visible=frozenset((pin.name, pin.version) for pin in lock.pins),
        sdists=frozenset(relock.build) if relock.build else None,
        free=_named(relock),
        banned=relock.banned,
    )


def notes_of(relock: Relock, session: Session, old: str) -> tuple[Reason, ...]:
    """Say where the cooldown could not be kept, which pins are younger than it, what may be built, and what leaks.

    `old` is the lock's text as it stands.
    """
    path, notes = relock.lock.path, []
    if silent := session.timeless():
        text = f"the cooldown was not kept in {path}: the index names no upload times for {_list(silent)}"
        notes.append(Reason(code="cooldown-unknown", subject=path, text=text))
    if young := session.exempted():
        names = _list(tuple(f"{name} {version}" for name, version in young))
        text = f"{names} in {path} stay although they are younger than the cooldown"
        notes.append(Reason(code="kept-young", subject=path, text=text))
    if PASSWORD.search(old):
        text = f"{path} carries a password in an index address: take it out of the sources, and change it"
        notes.append(Reason(code="password-in-lock", subject=path, text=text))
    if relock.build:
        text = f"source distributions of {_list(relock.build)} may have been built for {path}, which runs their code"
        notes.append(Reason(code="built-from-source", subject=path, text=text))
    return tuple(notes)


def built_where_allowed(rooms: Rooms, relock: Relock, work: Callable[[Relock], Relocked]) -> Relocked:
    """Do the work with what may be built in these rooms, and tell why that is less than the policy allows."""
    refusal = rooms.refusal(relock.build)
    try:
        return work(replace(relock, build=() if refusal else relock.build))
    except LockFailed as error:
        if refusal and resolver_output.ONLY_SDIST.search(error.message):
            raise LockFailed(error.message, hint=refusal) from error
        raise


def _named(relock: Relock) -> frozenset[str]:
    match relock.movement:
        case UpgradeOnly(names=names):
            return frozenset(names)
        case FixAtLeast(floors=floors, names=names):
            return frozenset(name for name, _ in floors) | frozenset(names)
        case UpgradeAll() | Refresh():
            return frozenset()


def without_cooldown(tree: Path, relock: Relock, work: Callable[[Relock], Relocked]) -> Relocked:
    """Do the work; where a fix does not resolve with what is old enough, do it without a cooldown, and say so."""
    old = texts.plain(tree, relock.lock.path)
    try:
        return work(relock)
    except LockFailed:
        if relock.uploaded_before is None or not isinstance(relock.movement, FixAtLeast):
            raise
        texts.restore(tree, relock.lock.path, old)
    done = work(replace(relock, uploaded_before=None))
    path = relock.lock.path
    text = f"the cooldown was not kept in {path}: with what is older the fix does not resolve"
    return replace(done, notes=(*done.notes, Reason(code="cooldown-not-kept", subject=path, text=text)))


def _cutoff(lock: Lock, now: datetime) -> datetime | None:
    written = command_lines.own_cutoff(lock)
    if not written:
        return None
    uvs = bool(command_lines.value(lock, "--exclude-newer")) and not command_lines.value(lock, "--uploaded-prior-to")
    found = cutoffs.moment(written, now, day_included=uvs)
    if found is None:
        raise LockFailed(
            f"{lock.path}: its header limits releases to {written!r}, which is no time",
            hint="write it like 2026-11-17T00:00:00Z or P14D",
        )
    return found


def _list(names: tuple[str, ...], most: int = 10) -> str:
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + rest
