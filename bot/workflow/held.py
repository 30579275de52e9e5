"""Which direct requirements were held back, and by what: asked of the index about every direct pin of new locks."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from bot.decide import diff
from bot.errors import AccessDenied, Unavailable
from bot.model.change import HeldBack
from bot.model.locks import Pin, Requirement
from bot.model.plan import FixAtLeast, Movement, Refresh, Relock, Step, UpgradeAll, UpgradeOnly
from bot.model.reasons import Reason
from bot.model.releases import Release
from bot.model.snapshot import Snapshot
from bot.ports import Index
from bot.workflow.context import Tools
from bot.workflow.together import together

INDEX_READERS = 8  # index pages asked for at a time: small, and the index is somebody else's


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """One lock after compiling: its new content, the command that gives it, and why packages moved along."""

    step: Step
    relock: Relock
    data: bytes
    command: str
    notes: tuple[Reason, ...]
    moved: tuple[Reason, ...]
    pins: tuple[Pin, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What the rows are made from: the index's releases by name, and what the locks of the repository pin now."""

    index: Index
    snapshot: Snapshot
    releases: Mapping[str, tuple[Release, ...]]
    pins: Mapping[str, tuple[Pin, ...]]
    cooldown: timedelta


def held_back(
    tools: Tools, snapshot: Snapshot, compiled: tuple[Compiled, ...], cooldown: timedelta
) -> tuple[tuple[HeldBack, ...], tuple[Reason, ...]]:
    """Ask the index about every direct pin; where it does not answer, the proposal says so instead of nothing."""
    asked = [(done, pin) for done in compiled for pin in done.pins if _may_be_behind(done.relock.movement, pin)]
    if not asked:
        return (), ()
    try:
        with tools.progress.step(snapshot.repository, "asking what was held back"):
            return _rows(tools.index, snapshot, compiled, asked, cooldown), ()
    except (Unavailable, AccessDenied) as error:
        text = f"what was held back is not known: {error.message}"
        return (), (Reason(code="held-back-unknown", subject=snapshot.repository, text=text),)


def _may_be_behind(movement: Movement, pin: Pin) -> bool:
    """Say whether a person wonders why this pin is not at its newest: it is asked for, or was named."""
    match movement:
        case UpgradeAll(but=but):
            return pin.direct is not False and pin.name not in but
        case UpgradeOnly(names=names) | FixAtLeast(names=names):
            return pin.name in names
        case Refresh():
            return False


def _rows(
    index: Index,
    snapshot: Snapshot,
    compiled: tuple[Compiled, ...],
    asked: list[tuple[Compiled, Pin]],
    cooldown: timedelta,
) -> tuple[HeldBack, ...]:
    names = sorted({pin.name for _, pin in asked})
    found = _Asked(
        index=index,
        snapshot=snapshot,
        releases=dict(zip(names, together(index.releases, names, readers=INDEX_READERS), strict=True)),
        pins={lock.path: lock.pins for lock in snapshot.locks}
        | {done.relock.lock.path: done.pins for done in compiled},
        cooldown=cooldown,
    )
    rows = [
        _row(found, done, pin, latest)
        for done, pin in asked
        if (latest := diff.behind(pin, found.releases[pin.name])) is not None
    ]
    return tuple(sorted(rows, key=lambda row: (row.path, row.name)))


def _row(asked: _Asked, done: Compiled, pin: Pin, latest: Release) -> HeldBack:
    lock = done.relock.lock
    readable = {*lock.sources, *lock.inputs}
    versions = {other.name: other.version for other in done.pins}
    parents = [entry.partition("[")[0] for entry in pin.via if " " not in entry]
    sources = tuple(row for row in asked.snapshot.requirements if row.name == pin.name and row.path in readable)
    holders = diff.Holders(
        wanted=(*sources, *_pinned_elsewhere(asked, done, pin.name)),
        python=lock.python,
        cutoff=done.relock.uploaded_before,
        parents={
            name: (versions[name], asked.index.requirements(name, versions[name]) or ())
            for name in parents
            if name in versions
        },
        build=done.relock.build,
        cooldown=asked.cooldown,
    )
    return diff.held_back(pin, lock.path, latest, holders)


def _pinned_elsewhere(asked: _Asked, done: Compiled, name: str) -> tuple[Requirement, ...]:
    """Give the pins of locks that this one includes by `-r` or `-c`: they bind it as a source does."""
    return tuple(
        Requirement(name=name, specifier=f"=={pin.version}", path=path, line=pin.line, text=f"{name}=={pin.version}")
        for path in done.relock.lock.after
        for pin in asked.pins.get(path, ())
        if pin.name == name
    )
