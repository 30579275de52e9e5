"""What is to be said and done about images: findings, and the steps of a rebuild."""

import hashlib
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace

from bot.decide import contents, stamps
from bot.decide.settle import hours
from bot.decide.stamps import Wanted
from bot.model.contents import Advisory, ImageDiff, SourceChange, Support, major, minor
from bot.model.findings import EndOfLife, Finding, FrozenTag, MovedDigest, Unreadable
from bot.model.observed import Difference, ImageState, Target
from bot.model.plan import Rebuild, Repin, Retag, Step
from bot.model.policy import Policy, Trigger
from bot.model.reasons import Reason
from bot.model.snapshot import Snapshot

APART_BRANCH = "quarterdeck/base-"  # of a move to another release of the operating system or of Python
APART = frozenset({"os-release", "python-minor"})
URGENT = frozenset({"fixes", "archive-ahead"})
LONGEST_SLUG = 60


def findings(states: Iterable[ImageState], snapshot: Snapshot, policy: Policy) -> tuple[Finding, ...]:
    """Say everything that concerns the images of a repository, mention by mention."""
    return tuple(finding for state in states for finding in _findings(state, snapshot, policy))


def _findings(state: ImageState, snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:
    use = state.use
    if state.moved:
        newest, pinned = state.newest, use.name.digest or ""
        yield MovedDigest(use=use, current=pinned, available=newest.digest, diffs=newest.diffs, missing=newest.missing)
    if use.digest_span is None and (state.moved or (use.name.digest is None and policy.pin_digests)):
        why = f"its digest has to be written by hand: {use.obstacle}"
        yield Unreadable(path=use.path, line=use.line, subject=use.reference, why=why)
    yield from stamps.ahead((state,), snapshot, policy)
    if state.frozen is not None:
        yield FrozenTag(use=use, since=state.frozen.since, move_to=state.frozen.move_to, why=state.frozen.why)
    for lifetime in dict.fromkeys(one for seen in state.inspections for one in seen.lifetimes):
        if lifetime.state is not Support.SUPPORTED:
            yield EndOfLife(use=use, lifetime=lifetime)


@dataclass(slots=True, kw_only=True)
class Taken:
    """The steps of a rebuild, those that are proposed apart by the releases they lead to, and what waits."""

    steps: list[Step] = field(default_factory=list)
    apart: dict[str, list[Step]] = field(default_factory=dict)
    waits: list[Reason] = field(default_factory=list)


def take(states: Iterable[ImageState], wanted: Wanted) -> Taken:
    """Choose what a rebuild does about images.

    A stamp never stands apart: the image that it is for is built until somebody takes the other release.
    """
    taken = Taken()
    for state in states:
        target = _target(state, wanted, taken)
        if target is not None:
            apart = target.another_release
            steps = taken.apart.setdefault(_destination(target), []) if apart else taken.steps
            steps.append(_step(state, target, wanted))
        taken.steps += stamps.steps(state, wanted)
    taken.waits = list(dict.fromkeys(taken.waits))
    return taken


def _destination(target: Target) -> str:
    """Name the releases that a move leads to (`debian-13`, `python-3.13`): what goes to the same stands together."""
    systems = {
        f"{diff.new.os.id}-{major(diff.new.os) or diff.new.os.codename}"
        for diff in target.diffs
        if diff.os_release_changed and diff.new.os
    }
    pythons = {f"python-{minor(diff.new.python)}" for diff in target.diffs if diff.python_changed}
    return "-".join([*sorted(systems), *sorted(pythons)])


def _target(state: ImageState, wanted: Wanted, taken: Taken) -> Target | None:
    """Say where a mention goes, None where it stays."""
    if state.use.digest_span is None:
        return None
    found = _wished(state, wanted, taken)
    if found is None or not found.missing:
        return found
    taken.waits.append(_lacking(state, found))
    return None


def _lacking(state: ImageState, target: Target) -> Reason:
    """Say that an image is not there yet for a platform that is used."""
    name = replace(state.use.name, tag=target.tag).tagged if target.tag else state.use.name.tagged
    text = f"the newest image of {name} is not there for {', '.join(target.missing)}; it is taken once it is"
    return Reason(code="platform-missing", subject=state.use.name.tagged, text=text)


def _wished(state: ImageState, wanted: Wanted, taken: Taken) -> Target | None:
    use, trigger = state.use, wanted.trigger
    urgent = fixes(state.newest.diffs, wanted.policy)
    if trigger is Trigger.SECURITY:
        return state.newest if state.moved and urgent else None
    if state.retag is not None and not (state.moved and _lost(urgent, state.retag)):
        return state.retag
    calm = None if trigger is Trigger.MANUAL else state.settled
    if use.name.digest is None:
        return (calm or state.newest) if wanted.policy.pin_digests else None
    if trigger is Trigger.MANUAL or (state.moved and urgent):
        return state.newest if state.moved else None
    forward = None if state.settled is None or state.settled.older else state.settled
    if state.moved and state.newest.older:
        taken.waits.append(_steps_back(state))
        return forward
    if state.moved and (state.settled is None or state.settled.digest != state.newest.digest):
        taken.waits.append(unsettled(state, wanted.policy))
    return forward if state.moved else None


def _lost(urgent: Iterable[SourceChange], target: Target) -> bool:
    """Whether a fix that is urgent is not in another target."""
    there = {(row.source, one.id) for row in contents.changed(target.diffs) for one in row.advisories}
    there |= {(row.source, "") for row in contents.changed(target.diffs) if row.is_security}
    wanted = {(row.source, one.id) for row in urgent for one in row.advisories or (Advisory(id=""),)}
    return bool(wanted - there)


def _steps_back(state: ImageState) -> Reason:
    name = state.use.name.tagged
    text = f"{name} points to an image that is older than the one pinned; nothing goes back without you"
    return Reason(code="older-image", subject=name, text=text)


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
    if target.blind:
        text = f"the pinned {name} and the new one could not be compared: OS and Python may be other ones"
        yield Reason(code="release-unknown", subject=name, text=text)
    if target.older:
        text = "the image that it goes to was made before the one pinned"
        yield Reason(code="older-image", subject=name, text=text)
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
    fixed = [row for row in contents.changed(target.diffs) if row.is_security]
    if fixed:
        new = replace(state.use.name, tag=target.tag).tagged if target.tag else f"the new {name}"
        text = f"{new} fixes {contents.told(fixed)}"
        code = "fixes" if contents.urgent(fixed, policy.security_severity) else "fixes-little"
        yield Reason(code=code, subject=name, text=text)
    elif can_wait(target.differences):
        yield Reason(code="can-wait", subject=name, text="nothing security-relevant: this can wait")


def can_wait(differences: Collection[Difference]) -> bool:
    """Whether all that a move changes is known on every platform, and nothing of it is security-relevant."""
    return bool(differences) and all(contents.harmless(one.diff) and not one.unreadable for one in differences)


def fixes(diffs: Iterable[ImageDiff], policy: Policy) -> tuple[SourceChange, ...]:
    """Give the changes that fix something at or above the policy's severity."""
    return contents.urgent(contents.changed(diffs), policy.security_severity)


def apart(taken: Taken, wanted: Wanted) -> tuple[Rebuild, ...]:
    """Make a rebuild of its own of every move to another release."""
    return tuple(
        Rebuild(
            trigger=wanted.trigger,
            branch=f"{APART_BRANCH}{_slug(name)}",
            quarter="",
            steps=tuple(steps),
            why=tuple(_why_apart(steps)),
        )
        for name, steps in sorted(taken.apart.items())
    )


def _why_apart(steps: Iterable[Step]) -> tuple[Reason, ...]:
    """Give why a rebuild stands apart: the releases first, then what is urgent about it."""
    reasons = [reason for step in steps for reason in step.why]
    first = [reason for reason in reasons if reason.code in APART]
    return tuple(dict.fromkeys([*first, *(reason for reason in reasons if reason.code in URGENT)]))


def _slug(name: str) -> str:
    """Give a name that a branch may have: where the name had to be changed for that, with a mark of what it was."""
    plain = re.sub(r"[^A-Za-z0-9._-]+|\.{2,}", "-", name).strip("-.")[:LONGEST_SLUG].rstrip("-.")
    same = plain == name.replace(":", "-") and not plain.endswith(".lock")  # git-check-ref-format(1)
    return plain if same else f"{plain}-{hashlib.sha256(name.encode()).hexdigest()[:6]}"
