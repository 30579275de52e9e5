"""What waits in the archive for the packages of an image, and the stamp that makes the next build take it in."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from bot.decide import contents
from bot.formats.dockerfile_upgrades import LAYERS
from bot.model.contents import SourceChange
from bot.model.findings import ArchiveAhead
from bot.model.images import Role, UpgradeLayer
from bot.model.observed import ImageState
from bot.model.packages import PackageFormat
from bot.model.plan import Stamp, Step
from bot.model.policy import Policy, Trigger
from bot.model.reasons import Reason
from bot.model.snapshot import Snapshot

MARK = 7  # hexadecimal digits: enough for the updates of one image
MOST_MARKS = 24  # of single updates in one stamp
MANAGERS = {PackageFormat.DEB: "apt", PackageFormat.APK: "apk", PackageFormat.RPM: "dnf"}
ROOT = frozenset({"", "0", "root"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the steps depend on: the trigger, why the rebuild is made, and the repository with its policy."""

    trigger: Trigger
    why: Reason
    snapshot: Snapshot
    policy: Policy
    now: datetime


def ahead(states: Iterable[ImageState], snapshot: Snapshot, policy: Policy) -> tuple[ArchiveAhead, ...]:
    """Name the mentions whose image lacks security updates that no build of ours has taken in either."""
    rows = ((state, uncovered(state, snapshot, waiting_updates(state))) for state in states)
    return tuple(
        ArchiveAhead(use=state.use, digest=_inspected(state), updates=new, remedy=_remedy(state, snapshot, policy))
        for state, new in rows
        if new
    )


def _inspected(state: ImageState) -> str:
    """Give the digest that `inspections` are of: the pinned one where the newest is another release."""
    return (state.newest.another_release and state.use.name.digest) or state.newest.digest


def waiting_updates(state: ImageState) -> tuple[SourceChange, ...]:
    """Give the security updates that wait for the image of a mention, on any of its platforms."""
    rows = (row for seen in state.inspections for row in seen.updates if row.is_security)
    return tuple(dict.fromkeys(rows))


def stamp_value(waiting: Iterable[SourceChange], now: datetime) -> str:
    """Give a build argument's value: the day, and a mark of each update that waits, so that each is asked for once."""
    marks = _marks(waiting)
    return f"{now:%Y-%m-%d}.{'-'.join(marks) if len(marks) <= MOST_MARKS else _digest(marks)}"


def _marks(waiting: Iterable[SourceChange]) -> list[str]:
    return sorted({_digest([row.source, row.new]) for row in waiting})


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:MARK]


def uncovered(state: ImageState, snapshot: Snapshot, waiting: tuple[SourceChange, ...]) -> tuple[SourceChange, ...]:
    """Give what waits and was not there yet when the layers that upgrade were stamped last."""
    layers = layers_of(state, snapshot)
    held = [set(layer.stamp.partition(".")[2].split("-")) for layer in layers]
    whole = _digest(_marks(waiting))
    if held and all(whole in marks for marks in held):
        return ()
    return tuple(row for row in waiting if not held or any(_marks([row])[0] not in marks for marks in held))


def layers_of(state: ImageState, snapshot: Snapshot) -> tuple[UpgradeLayer, ...]:
    """Give the layers that upgrade the packages of a mention's image; the first of each stage is enough to stamp."""
    use = state.use
    if use.role is not Role.BASE:
        return ()
    return tuple(layer for layer in snapshot.upgrades if (layer.path, layer.base_line) == (use.path, use.line))


def _remedy(state: ImageState, snapshot: Snapshot, policy: Policy) -> str:
    if state.use.role is not Role.BASE:
        return "wait for its next image, or build one of your own that upgrades its packages"
    if layers_of(state, snapshot):
        return "a stamp before the layer that upgrades packages makes the next build run it"
    manager = manager_of(state)
    if manager is None:
        return "wait for its next image"
    if not policy.add_upgrade_layer:
        layer = f"`RUN {LAYERS[manager]}`"
        return f"put {layer} behind its FROM, so that a build takes them in, or let add_upgrade_layer = true do it"
    if _as_root(state):
        return "a layer that upgrades packages is put behind its FROM"
    layer = LAYERS[manager]
    return f"its user is not root: write `USER root`, `RUN {layer}`, and the user that it had, behind its FROM"


def manager_of(state: ImageState) -> str | None:
    """Give the package manager inside a mention's image, None where that is not known."""
    found = [one.contents.format for one in state.inspections if one.contents.format is not None]
    return MANAGERS[found[0]] if found else None


def _as_root(state: ImageState) -> bool:
    return all(seen.contents.user.partition(":")[0] in ROOT for seen in state.inspections)


def steps(state: ImageState, wanted: Wanted) -> list[Step]:
    """Give the stamps that make a build take in what waits in the archive; what is not urgent waits for the quarter."""
    waiting = waiting_updates(state)
    new = uncovered(state, wanted.snapshot, waiting)
    rows = contents.urgent(new, wanted.policy.security_severity) if wanted.trigger is Trigger.SECURITY else new
    layers = layers_of(state, wanted.snapshot)
    if not rows or state.use.role is not Role.BASE:
        return []
    value, use, name = stamp_value(waiting, wanted.now), state.use, state.use.name.tagged
    text = f"fixes for {contents.told(rows)} wait in the archive, and {name} was not rebuilt with them"
    why = (Reason(code="archive-ahead", subject=name, text=text), wanted.why)
    if layers:
        return [
            Step(action=Stamp(use=use, line=layer.line, manager=layer.manager, value=value), why=why)
            for layer in layers
        ]
    manager = manager_of(state)
    if not wanted.policy.add_upgrade_layer or manager is None or not _as_root(state):
        return []
    return [Step(action=Stamp(use=use, line=use.line, manager=manager, value=value, insert=True), why=why)]
