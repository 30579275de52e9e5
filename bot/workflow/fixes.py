"""Make a fix as large as it resolves: all flaws of a lock together, else as many as go, with what blocks the others."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from bot.decide import blockers, flaws
from bot.decide.blockers import Around
from bot.errors import AccessDenied, Unavailable
from bot.model.plan import FixAtLeast, Relock, Step
from bot.model.reasons import Reason
from bot.model.snapshot import Snapshot
from bot.workflow.context import Tools
from bot.workflow.held import Compiled


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowed:
    """A step with the fixes that resolve, None where none does; `blocked` says of the others why, by package."""

    step: Step | None
    blocked: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What became of compiling the lock `path`: None where no fix of it resolves, and what `blocked` packages."""

    path: str
    compiled: Compiled | None = None
    blocked: tuple[Reason, ...] = ()


def refused(step: Step, said: str) -> tuple[Reason, ...]:
    """Say of every package that a step was to fix that the compiler refused."""
    movement = step.action.movement if isinstance(step.action, Relock) else None
    floors = movement.floors if isinstance(movement, FixAtLeast) else ()
    return tuple(
        Reason(code="blocked", subject=name, text=f"{name} {at} does not compile: {said}") for name, at in floors
    )


def narrowed(tools: Tools, snapshot: Snapshot, folder: Path, step: Step, now: datetime) -> Narrowed:
    """Ask the resolver for all fixes of a lock at once; where that fails, for each, and then put together what goes.

    The reasons are about packages: `subject` is the one that stays, whoever blocks it.
    """
    relock = step.action
    if not isinstance(relock, Relock) or not isinstance(relock.movement, FixAtLeast) or relock.movement.names:
        return Narrowed(step=step)
    asked = _Asked(tools=tools, folder=folder, relock=relock, now=now)
    floors = dict(relock.movement.floors)
    if not asked.obstacle(floors):
        return Narrowed(step=step)
    going: list[str] = []
    blocked: list[Reason] = []
    for name in _by_weight(step, floors):
        said = asked.obstacle([*going, name])
        if said:
            alone = asked.obstacle([name]) if going else said
            blocked.append(asked.blocked(snapshot, name, floors[name], alone or said))
        else:
            going.append(name)
    if not going:
        return Narrowed(step=None, blocked=tuple(blocked))
    return Narrowed(step=replace(step, action=asked.only(going)), blocked=tuple(blocked))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """One lock, whose resolver is asked for some of its fixes."""

    tools: Tools
    folder: Path
    relock: Relock
    now: datetime

    def only(self, names: Iterable[str]) -> Relock:
        """Give the relock with the fixes of some packages."""
        movement, wanted = self.relock.movement, set(names)
        if not isinstance(movement, FixAtLeast):
            raise TypeError(f"{type(movement).__name__} is no fix")
        floors = tuple(pair for pair in movement.floors if pair[0] in wanted)
        never = tuple(pair for pair in movement.never if pair[0] in wanted)
        return replace(self.relock, movement=replace(movement, floors=floors, never=never))

    def obstacle(self, names: Iterable[str]) -> str:
        """Give why these do not resolve, "" where they do; without what is young first, as relocking does it."""
        locker, relock = self.tools.lockers[self.relock.lock.locker], self.only(names)
        said = locker.obstacle(self.folder, relock, self.now)
        if said and relock.uploaded_before is not None:
            said = locker.obstacle(self.folder, replace(relock, uploaded_before=None), self.now)
        return said

    def blocked(self, snapshot: Snapshot, name: str, target: str, said: str) -> Reason:
        """Name what keeps a package from its fix; where the index cannot be asked, in the resolver's words."""
        lock, index = self.relock.lock, self.tools.index
        around = Around(
            lock=lock,
            binding=tuple(row for row in snapshot.requirements if flaws.binds(row, lock)),
            releases=index.releases,
            wants=index.requirements,
            build=self.relock.build,
        )
        pin = next(one for one in lock.pins if one.name == name)
        try:
            text = blockers.blocker(pin, target, around, said).text
        except (AccessDenied, Unavailable):
            text = f"{name} {target} does not resolve: {said}"
        return Reason(code="blocked", subject=name, text=text)


def _by_weight(step: Step, floors: Iterable[str]) -> list[str]:
    """Order packages as the step's reasons do, which begin with the worst: those go first where not all can."""
    told = [reason.subject for reason in step.why]
    return sorted(floors, key=lambda name: (told.index(name) if name in told else len(told), name))
