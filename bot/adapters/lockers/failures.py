"""Failed children of resolvers become the error that says who must act."""

import re
from dataclasses import replace

from bot.adapters.lockers.rooms import Room
from bot.errors import BotError, LockFailed, StoreError, Unavailable
from bot.formats import resolver_output
from bot.model.locks import Lock
from bot.system import endings
from bot.system.process import Finished, Stopped


def failure(lock: Lock, done: Finished, room: Room, complaint: str = "", about: str = "") -> BotError:
    """Give the error of a resolve that failed.

    `complaint` is what uv said to the same question: where it found no solution either, it says why in one sentence.
    What went wrong between us and the index comes first: a resolver only sees that a package is missing then.
    """
    said = f"{done.stderr}\n{complaint}"
    if resolver_output.DISK_FULL.search(said) and room.full:
        return StoreError(f"{lock.path}: no space is left for compiling", hint="make room and run again")
    bare = "\n".join(line.strip() for line in said.splitlines())  # uv sets what a build printed in
    if limit := endings.why_ended(replace(done, stderr=bare), room.confinement.limits):
        return LockFailed(f"{lock.path}: the resolver {limit}", hint="raise [isolation] memory, or loosen the sources")
    if faults := room.session.faults():
        return faulty(lock, faults)
    telling = any(sign in complaint for sign in (resolver_output.NO_SOLUTION, resolver_output.NOT_BUILT))
    why = resolver_output.reason(complaint if telling else done.complaint)
    if resolver_output.UNREACHABLE.search(said):
        return Unavailable(f"{lock.path}: the package index does not answer: {why}", hint="try again later")
    text = f"{about}: {why}" if about else why
    if missing := _missing(lock, room, said):
        text = f"no package index knows {missing}"
    return LockFailed(f"{lock.path}: {text}", hint=_hint(lock, room, said))


def obstacle(lock: Lock, room: Room, complaint: str) -> str:
    """Give a resolver's own sentence about what does not resolve; raises what went wrong at the index instead."""
    if faults := room.session.faults():
        raise faulty(lock, faults)
    return resolver_output.reason(complaint) or "the resolver does not say why"


def faulty(lock: Lock, faults: tuple[BotError, ...]) -> BotError:
    """Name the first thing that went wrong at the index, as an error of its own kind, and how many more there are."""
    first, more = faults[0], len(faults) - 1
    rest = f" (and {more} more)" if more else ""
    return type(first)(f"{lock.path}: {first.message}{rest}", hint=first.hint or "try again later")


def stopped(lock: Lock, error: Stopped, room: Room) -> BotError:
    """Give the error of a resolver that had to be stopped: the index's, where that did not answer."""
    if faults := room.session.faults():
        return faulty(lock, faults)
    return LockFailed(f"{lock.path}: {error.message}", hint="loosen the sources, or raise [isolation] timeout")


def _missing(lock: Lock, room: Room, said: str) -> str:
    """Name the packages that the resolver failed for because no index knows them, with where they are asked for."""
    pinned = {pin.name: f" ({lock.path}:{pin.line})" for pin in lock.pins}
    return ", ".join(f"{name}{pinned.get(name, '')}" for name in _spoken_of(room.session.missing(), said))


def _spoken_of(names: tuple[str, ...], said: str) -> list[str]:
    """Choose the names of packages that a resolver's words speak of."""
    spoken = said.replace("_", "-").lower()
    return [name for name in names if re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", spoken)]


def _hint(lock: Lock, room: Room, said: str) -> str:
    if young := _spoken_of(room.session.young(), said):
        names = ", ".join(young)
        return f"releases of {names} that are younger than the cooldown were left out: wait, or lower [policy] cooldown"
    if resolver_output.ONLY_SDIST.search(said):
        return "name the package in [policy] build_from_source, so that it may be built, or take a release with wheels"
    return f"change {', '.join(lock.sources or lock.inputs)} so that it resolves, then run again"
