"""Which locks are compiled again, and how far their packages may move."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from bot.decide import flaws
from bot.decide.diff import version
from bot.model.change import Change
from bot.model.contents import ORDER, worst
from bot.model.flaws import FlawedPin
from bot.model.locks import WRITTEN, Lock, LockerName
from bot.model.plan import FixAtLeast, Movement, Rebuild, Refresh, Relock, Step, UpgradeAll, UpgradeOnly
from bot.model.policy import Policy
from bot.model.reasons import Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Moves:
    """What may move: everything, the named `packages`, packages below their `floors`, or with `refresh` nothing.

    Names are normalised; `floors` pairs them with versions.
    """

    packages: tuple[str, ...] = ()
    floors: tuple[tuple[str, str], ...] = ()
    refresh: bool = False

    @property
    def narrow(self) -> bool:
        """Whether a person asked for something less than everything."""
        return bool(self.packages or self.floors or self.refresh)

    @property
    def text(self) -> str:
        """Say it as people ask for it: `upgrade django, jinja2 to at least 3.1.6`."""
        parts = [f"upgrade {', '.join(self.packages)}"] if self.packages else []
        parts += [f"bring {name} to at least {floor}" for name, floor in self.floors]
        parts += ["bring locks in line with their sources"] if self.refresh else []
        return " and ".join(parts) or "upgrade everything"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What holds for every step: `stale` are the paths of locks that do not match their sources.

    `kept` are packages that stay where they are because somebody asked for that.
    """

    stale: frozenset[str]
    cutoff: datetime | None
    policy: Policy
    why: Reason
    kept: frozenset[str] = frozenset()


Wanted: TypeAlias = Callable[[Lock], tuple[Movement | None, tuple[Reason, ...]]]
"""How far the packages of a lock move, None where it is not compiled for its own sake, and why."""


def steps(moves: Moves, locks: tuple[Lock, ...], terms: Terms) -> tuple[Step, ...]:
    """Give one step per lock that is compiled, in the order of `-r` and `-c`."""
    return _steps(lambda lock: (_movement(moves, lock, terms), ()), locks, terms)


def fixes(flawed: Iterable[FlawedPin], locks: tuple[Lock, ...], terms: Terms) -> tuple[Step, ...]:
    """Give the steps that bring every vulnerable pin to where it may go, and nothing else further than it must.

    The reasons of a step begin with the worst flaw: where not all fixes go together, those go first.
    """
    by_lock: dict[str, list[FlawedPin]] = {}
    for one in sorted(flawed, key=_weight):
        if one.way is not None:
            by_lock.setdefault(one.path, []).append(one)

    def wanted(lock: Lock) -> tuple[Movement | None, tuple[Reason, ...]]:
        rows = by_lock.get(lock.path, [])
        return (_fix(rows), tuple(_fixing(row) for row in rows)) if rows else (None, ())

    return _steps(wanted, locks, terms)


def _weight(row: FlawedPin) -> tuple[bool, int, str]:
    gone = flaws.gone(row)
    return not any(one.malicious for one in gone), -ORDER.index(worst(one.severity for one in gone)), row.pin.name


def _fix(rows: Iterable[FlawedPin]) -> FixAtLeast:
    floors: dict[str, str] = {}
    never: dict[str, set[str]] = {}
    for row in rows:
        name, at = row.pin.name, row.way.version if row.way else row.pin.version
        if name not in floors or _below(floors[name], at):
            floors[name] = at
        never.setdefault(name, set()).update(row.never)
    above = {name: {at for at in found if _below(floors[name], at)} for name, found in never.items()}
    banned = tuple((name, tuple(sorted(found))) for name, found in sorted(above.items()) if found)
    return FixAtLeast(floors=tuple(sorted(floors.items())), never=banned)


def really(rebuild: Rebuild, change: Change) -> tuple[Reason, ...]:
    """Give the reasons of a rebuild without the fixes of packages that it does not come to: what is claimed is done."""
    wanted = {
        name
        for step in rebuild.steps
        if isinstance(step.action, Relock) and isinstance(step.action.movement, FixAtLeast)
        for name, _ in step.action.movement.floors
    }
    missed = wanted - {row.name for row in change.fixed}
    kept = tuple(one for one in rebuild.why if one.code != "fixes" or one.subject not in missed)
    return kept or rebuild.why


def _fixing(row: FlawedPin) -> Reason:
    at = row.way.version if row.way else ""
    gone = flaws.gone(row)
    return Reason(
        code="fixes",
        subject=row.pin.name,
        text=f"{row.pin.name} {at} fixes {flaws.ids(gone)}",
        links=tuple(one.url for one in gone if one.url),
    )


def _steps(wanted: Wanted, locks: tuple[Lock, ...], terms: Terms) -> tuple[Step, ...]:
    """Give the steps that are wanted; a lock that includes one that is compiled takes over what moved there."""
    found: list[Step] = []
    touched: set[str] = set()
    for lock in in_order(locks):
        if lock.obstacle or lock.locker not in WRITTEN:
            continue
        movement, own = wanted(lock)
        reasons = [*own, terms.why]
        below = next((path for path in lock.after if path in touched), None)
        if movement is None and below is not None:
            movement = Refresh()
            text = f"{lock.path} is compiled with {below}, where something moves"
            reasons.append(Reason(code="builds-on", subject=below, text=text))
        if movement is None:
            continue
        touched.add(lock.path)
        relock = Relock(
            lock=lock,
            movement=movement,
            uploaded_before=terms.cutoff,
            build=terms.policy.build_from_source,
            resolver=terms.policy.resolver,
        )
        found.append(Step(action=relock, why=tuple(reasons)))
    return tuple(found)


def _movement(moves: Moves, lock: Lock, terms: Terms) -> Movement | None:
    if not moves.narrow:
        return UpgradeAll(but=tuple(sorted({pin.name for pin in lock.pins} & terms.kept)))
    pinned: dict[str, list[str]] = {}
    for pin in lock.pins:
        pinned.setdefault(pin.name, []).append(pin.version)
    names = tuple(sorted(set(moves.packages) & pinned.keys()))
    floors = tuple(pair for pair in sorted(moves.floors) if any(_below(at, pair[1]) for at in pinned.get(pair[0], ())))
    if floors:
        return FixAtLeast(floors=floors, names=tuple(name for name in names if name not in dict(floors)))
    if names:
        return UpgradeOnly(names=names)
    return Refresh() if moves.refresh and lock.path in terms.stale else None


def _below(pinned: str, floor: str) -> bool:
    have, wanted = version(pinned), version(floor)
    return have is None or wanted is None or have < wanted


def nothing_to_compile(moves: Moves, locks: tuple[Lock, ...]) -> str:
    """Say why no lock is compiled."""
    read_only = sorted(lock.path for lock in locks if lock.locker not in WRITTEN)
    if moves.floors and not moves.packages:
        wanted = ", ".join(f"{name} below {floor}" for name, floor in moves.floors)
        return f"no lock that can be compiled pins {wanted}"
    if moves.packages:
        return f"no lock pins {', '.join(moves.packages)}"
    if moves.refresh:
        return "every lock matches its sources"
    if read_only and len(read_only) == len(locks):
        by_hand = {lock.path for lock in locks if lock.locker is LockerName.BY_HAND}
        written = sorted({*read_only} - by_hand)
        rows = [f"{', '.join(written)} can be read, but not written yet"] if written else []
        rows += [f"{', '.join(sorted(by_hand))}: pinned by hand, so there is nothing to compile"] if by_hand else []
        return "; ".join(rows)
    return "no lock can be compiled; see the findings"


def unheard(moves: Moves, locks: tuple[Lock, ...]) -> tuple[Reason, ...]:
    """Say which of the packages that were asked for no lock that can be compiled pins."""
    pinned = {pin.name for lock in locks if lock.locker in WRITTEN and not lock.obstacle for pin in lock.pins}
    asked = sorted({*moves.packages, *(name for name, _ in moves.floors)} - pinned)
    return tuple(
        Reason(code="pinned-nowhere", subject=name, text=f"no lock that can be compiled pins {name}") for name in asked
    )


def read_only(locks: tuple[Lock, ...]) -> tuple[Reason, ...]:
    """Say which locks were read and cannot be written yet, so that nobody takes them for up to date."""
    return tuple(
        Reason(
            code="read-only",
            subject=lock.path,
            text=f"{lock.path} {_why_not(lock.locker)}: its pins stay where they are",
        )
        for lock in locks
        if lock.locker not in WRITTEN
    )


def _why_not(locker: LockerName) -> str:
    by_hand = locker is LockerName.BY_HAND
    return "is pinned by hand" if by_hand else f"({locker}) can be read, but not written yet"


def guessed(steps: tuple[Step, ...], guess: str) -> tuple[Reason, ...]:
    """Say which locks are compiled for a Python that nothing names; `guess` is what `python_from` says then."""
    locks = (step.action.lock for step in steps if isinstance(step.action, Relock))
    return tuple(
        Reason(
            code="python-guessed",
            subject=lock.path,
            text=f"nothing names the Python of {lock.path}, so it was compiled for {lock.python}, {guess}: name it "
            f'in .quarterdeck.toml, as python = "{lock.python}"',
        )
        for lock in locks
        if lock.python_from == guess
    )


def in_order(locks: tuple[Lock, ...]) -> tuple[Lock, ...]:
    """Sort locks so that each comes after those that it includes; by path where they do not depend."""
    waiting = {lock.path: lock for lock in sorted(locks, key=lambda lock: lock.path)}
    ordered: list[Lock] = []
    while waiting:
        ready = [lock for lock in waiting.values() if not set(lock.after) & (waiting.keys() - {lock.path})]
        chosen = ready or list(waiting.values())[:1]
        ordered.extend(waiting.pop(lock.path) for lock in chosen)
    return tuple(ordered)


def levels(steps: tuple[Step, ...]) -> tuple[tuple[Step, ...], ...]:
    """Group the relocks among ordered steps: each group needs only what earlier groups compile."""
    depth: dict[str, int] = {}
    groups: list[list[Step]] = []
    for step in steps:
        if not isinstance(step.action, Relock):
            continue
        lock = step.action.lock
        at = max((depth[path] + 1 for path in lock.after if path in depth), default=0)
        depth[lock.path] = at
        groups += [[]] if at == len(groups) else []
        groups[at].append(step)
    return tuple(tuple(group) for group in groups)
