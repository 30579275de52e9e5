"""What is to be said and done about images: findings, and the steps of a rebuild."""

import hashlib
import json
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from bot.decide import contents
from bot.decide.settle import hours
from bot.formats.dockerfile_upgrades import LAYERS
from bot.model.contents import ImageDiff, SourceChange, Support
from bot.model.findings import ArchiveAhead, EndOfLife, Finding, FrozenTag, MovedDigest
from bot.model.images import ImageUse, Role, UpgradeLayer
from bot.model.observed import Difference, ImageState, Target
from bot.model.packages import PackageFormat
from bot.model.plan import Rebuild, Repin, Retag, Stamp, Step
from bot.model.policy import Policy, Trigger
from bot.model.reasons import Reason
from bot.model.snapshot import Snapshot

APART_BRANCH = "quarterdeck/base-"  # of a move to another release of the operating system or of Python
APART = frozenset({"os-release", "python-minor"})
SHOWN = 5  # ids in one sentence
MANAGERS = {PackageFormat.DEB: "apt", PackageFormat.APK: "apk", PackageFormat.RPM: "dnf"}
LONGEST_SLUG = 60
ROOT = frozenset({"", "0", "root"})


def findings(states: Iterable[ImageState], snapshot: Snapshot, policy: Policy) -> tuple[Finding, ...]:
    """Say everything that concerns the images of a repository, mention by mention."""
    return tuple(finding for state in states for finding in _findings(state, snapshot, policy))


def _findings(state: ImageState, snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:
    use = state.use
    if state.moved:
        yield MovedDigest(
            use=use, current=use.name.digest or "", available=state.newest.digest, diffs=state.newest.diffs
        )
    yield from ahead((state,), snapshot, policy)
    if state.frozen is not None:
        yield FrozenTag(use=use, since=state.frozen.since, move_to=state.frozen.move_to, why=state.frozen.why)
    for lifetime in dict.fromkeys(one for seen in state.inspections for one in seen.lifetimes):
        if lifetime.state is not Support.SUPPORTED:
            yield EndOfLife(use=use, lifetime=lifetime)


def ahead(states: Iterable[ImageState], snapshot: Snapshot, policy: Policy) -> tuple[ArchiveAhead, ...]:
    """Name the mentions whose newest image lacks security updates that no build of ours has taken in either."""
    rows = ((state, waiting_updates(state)) for state in states)
    return tuple(
        ArchiveAhead(
            use=state.use, digest=state.newest.digest, updates=waiting, remedy=_remedy(state, snapshot, policy)
        )
        for state, waiting in rows
        if waiting and not _covered(state, snapshot, waiting)
    )


def waiting_updates(state: ImageState) -> tuple[SourceChange, ...]:
    """Give the security updates that wait for the newest image of a mention, on any of its platforms."""
    rows = (row for seen in state.inspections for row in seen.updates if row.is_security)
    return tuple(dict.fromkeys(rows))


def stamp_value(waiting: Iterable[SourceChange], now: datetime) -> str:
    """Give a build argument's value: the day, and a digest of what waits, so that the same updates are asked once."""
    return f"{now:%Y-%m-%d}.{_mark(waiting)}"


def _mark(waiting: Iterable[SourceChange]) -> str:
    rows = sorted({(row.source, row.new) for row in waiting})
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()[:8]


def _covered(state: ImageState, snapshot: Snapshot, waiting: tuple[SourceChange, ...]) -> bool:
    """Whether a build since then has run the layer that upgrades: every such layer carries this very stamp."""
    layers = layers_of(state, snapshot)
    return bool(layers) and all(layer.stamp.partition(".")[2] == _mark(waiting) for layer in layers)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the steps depend on: the trigger, why the rebuild is made, and the repository with its policy."""

    trigger: Trigger
    why: Reason
    snapshot: Snapshot
    policy: Policy
    now: datetime


@dataclass(slots=True, kw_only=True)
class Taken:
    """The steps of a rebuild, those that are proposed apart by the tag they move, and what waits."""

    steps: list[Step] = field(default_factory=list)
    apart: dict[str, list[Step]] = field(default_factory=dict)
    waits: list[Reason] = field(default_factory=list)


def take(states: Iterable[ImageState], wanted: Wanted) -> Taken:
    """Choose what a rebuild does about images."""
    taken = Taken()
    for state in states:
        target = _target(state, wanted, taken)
        stamps = _stamps(state, wanted)
        if target is None:
            taken.steps += stamps
            continue
        steps = [_step(state, target, wanted), *stamps]
        if target.another_release:
            taken.apart.setdefault(state.use.name.tagged, []).extend(steps)
        else:
            taken.steps += steps
    taken.waits = list(dict.fromkeys(taken.waits))
    return taken


def _target(state: ImageState, wanted: Wanted, taken: Taken) -> Target | None:
    """Say where a mention goes, None where it stays."""
    use, trigger = state.use, wanted.trigger
    urgent = fixes(state.newest.diffs, wanted.policy)
    if use.digest_span is None:
        return None
    if trigger is Trigger.SECURITY:
        return state.newest if state.moved and urgent else None
    if state.retag is not None:
        return state.retag
    calm = None if trigger is Trigger.MANUAL else state.settled
    if use.name.digest is None:
        return (calm or state.newest) if wanted.policy.pin_digests else None
    if trigger is Trigger.MANUAL or (state.moved and urgent):
        return state.newest if state.moved else None
    if state.moved and (state.settled is None or state.settled.digest != state.newest.digest):
        taken.waits.append(unsettled(state, wanted.policy))
    return state.settled if state.moved else None


def unsettled(state: ImageState, policy: Policy) -> Reason:
    """Say that a new digest has not stood long enough."""
    until = f"; it is taken from {state.ripe:%Y-%m-%d %H:%M} UTC on" if state.ripe else ""
    text = f"the newest image of {state.use.name.tagged} has not stood for {hours(policy.digest_settle)} yet{until}"
    return Reason(code="digest-settles", subject=state.use.name.tagged, text=text)


def _step(state: ImageState, target: Target, wanted: Wanted) -> Step:
    use = state.use
    why = (*reasons(state, target, wanted.policy), wanted.why)
    if target.tag is not None:
        pinned = use.name.digest is not None or wanted.policy.pin_digests
        return Step(action=Retag(use=use, tag=target.tag, digest=target.digest if pinned else None), why=why)
    return Step(action=Repin(use=use, digest=target.digest), why=why)


def reasons(state: ImageState, target: Target, policy: Policy) -> tuple[Reason, ...]:
    """Say why a mention moves, and what that comes to."""
    name = state.use.name.tagged
    if target.tag is not None:
        text = f"{target.tag} is the newest release of the same kind as {name}"
        first = Reason(code="retag", subject=name, text=text)
    elif state.use.name.digest is None:
        text = f"{name} is not pinned, so two builds may differ"
        return (Reason(code="unpinned", subject=name, text=text),)
    else:
        text = f"{name} points to another image than the one pinned"
        first = Reason(code="moved-digest", subject=name, text=text)
    return (first, *dict.fromkeys(_release(name, target)), *_meaning(state, target, policy))


def _release(name: str, target: Target) -> Iterator[Reason]:
    for diff in target.diffs:
        before, after = diff.old, diff.new
        if diff.os_release_changed and before.os and after.os:
            text = f"{name} goes from {before.os.label} to {after.os.label}: another release of the operating system"
            yield Reason(code="os-release", subject=name, text=text)
        if diff.python_changed:
            text = f"{name} goes from Python {before.python} to {after.python}"
            yield Reason(code="python-minor", subject=name, text=text)


def _meaning(state: ImageState, target: Target, policy: Policy) -> Iterator[Reason]:
    name = state.use.name.tagged
    fixed = [row for row in changed(target.diffs) if row.is_security]
    if fixed:
        new = replace(state.use.name, tag=target.tag).tagged if target.tag else f"the new {name}"
        text = f"{new} fixes {told(fixed)}"
        code = "fixes" if contents.urgent(fixed, policy.security_severity) else "fixes-little"
        yield Reason(code=code, subject=name, text=text)
    elif can_wait(target.differences):
        yield Reason(code="can-wait", subject=name, text="nothing security-relevant: this can wait")


def can_wait(differences: Collection[Difference]) -> bool:
    """Whether all that a move changes is known on every platform, and nothing of it is security-relevant."""
    return bool(differences) and all(contents.harmless(one.diff) and not one.unreadable for one in differences)


def changed(diffs: Iterable[ImageDiff]) -> tuple[SourceChange, ...]:
    """Give the changes of all platforms, each once."""
    return tuple(dict.fromkeys(row for diff in diffs for row in diff.sources))


def fixes(diffs: Iterable[ImageDiff], policy: Policy) -> tuple[SourceChange, ...]:
    """Give the changes that fix something at or above the policy's severity."""
    return contents.urgent(changed(diffs), policy.security_severity)


def told(rows: Iterable[SourceChange]) -> str:
    """Name the flaws that are fixed in a few words: ids while they are few, else how many in which packages."""
    found = tuple(rows)
    ids = list(dict.fromkeys(one.id for row in found for one in row.advisories))
    sources = list(dict.fromkeys(row.source for row in found))
    more = f" and {len(sources) - SHOWN} more" if len(sources) > SHOWN else ""
    where = f"{', '.join(sources[:SHOWN])}{more}"
    if not ids:
        return f"flaws without an id in {where}"
    return f"{', '.join(ids)} in {where}" if len(ids) <= SHOWN else f"{len(ids)} flaws in {where}"


def _stamps(state: ImageState, wanted: Wanted) -> list[Step]:
    """Give the stamps that make a build take in what waits in the archive; what is not urgent waits for the quarter."""
    waiting = waiting_updates(state)
    urgent = contents.urgent(waiting, wanted.policy.security_severity)
    rows = urgent if wanted.trigger is Trigger.SECURITY else waiting
    layers = layers_of(state, wanted.snapshot)
    if not rows or state.use.role is not Role.BASE or _covered(state, wanted.snapshot, waiting):
        return []
    value, use, name = stamp_value(waiting, wanted.now), state.use, state.use.name.tagged
    text = f"fixes for {told(rows)} wait in the archive, and {name} was not rebuilt with them"
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


def apart(taken: Taken, wanted: Wanted) -> tuple[Rebuild, ...]:
    """Make a rebuild of its own of every move to another release."""
    return tuple(
        Rebuild(
            trigger=wanted.trigger,
            branch=f"{APART_BRANCH}{_slug(name)}",
            quarter="",
            steps=tuple(steps),
            why=tuple(dict.fromkeys(reason for step in steps for reason in step.why if reason.code in APART)),
        )
        for name, steps in sorted(taken.apart.items())
    )


def _slug(name: str) -> str:
    """Give a name that a branch may have: the image's, and where that had to be changed, a mark of what it was."""
    plain = re.sub(r"[^A-Za-z0-9._-]+|\.{2,}", "-", name).strip("-.")[:LONGEST_SLUG].rstrip("-.")
    same = plain == name.replace(":", "-") and not plain.endswith(".lock")  # git-check-ref-format(1)
    return plain if same else f"{plain}-{hashlib.sha256(name.encode()).hexdigest()[:6]}"


def uses(states: Iterable[ImageState]) -> frozenset[ImageUse]:
    """Give the mentions of states."""
    return frozenset(state.use for state in states)
