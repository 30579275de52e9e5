"""Apply a plan in a throw-away folder: new lock texts, new Dockerfile texts, and the rows that tell of them."""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from bot.decide import diff, relocks, stamps
from bot.errors import BotError, LockFailed, RepoError
from bot.formats import encodings, lock_file
from bot.model.change import Change, FileText, ImageChange, PinChange, StampChange
from bot.model.contents import SourceChange
from bot.model.observed import ImageState
from bot.model.plan import Refresh, Relock, Repin, Retag, Stamp, Step
from bot.model.reasons import Reason
from bot.workflow import image_texts
from bot.workflow.context import Tools
from bot.workflow.fixes import Attempt, Narrowed, narrowed, refused
from bot.workflow.held import Compiled, held_back
from bot.workflow.job import Job
from bot.workflow.proof import Proof, malware, proof
from bot.workflow.survey_python import GUESS
from bot.workflow.together import together

LOG = logging.getLogger(__name__)
MALWARE_ROUNDS = 4
COMPILERS = 2  # locks of one repository compiled at a time, where neither includes the other


def apply(tools: Tools, job: Job, now: datetime) -> Change:
    """Take every step or none: a lock that does not compile raises, and nothing of this repository is proposed.

    A security rebuild takes what it can: a lock whose fix does not compile keeps its flaws, which are said to remain,
    and one that came to no fix is not part of it.
    """
    with tools.bench() as folder:
        compiled, blocked = _compile(tools, job, folder, now)
    proven = proof(tools, job, compiled, blocked, now)
    if job.security:
        compiled = tuple(done for done in compiled if _is_of_use(done, proven))
    texts = {done.relock.lock.path: done.data for done in compiled}
    texts |= _edited(job)
    held, notes = held_back(tools, job.snapshot, compiled, job.policy.cooldown)
    return Change(
        files=tuple(FileText(path=p, data=data) for p, data in sorted(texts.items()) if data != job.contents[p]),
        pins=tuple(row for done in sorted(compiled, key=_path) for row in _pin_rows(done)),
        images=_image_rows(job),
        stamps=_stamp_rows(job),
        held_back=held,
        fixed=proven.fixed,
        remaining=proven.remaining,
        commands=tuple(done.command for done in compiled if done.data != job.contents[_path(done)]),
        notes=(
            *(note for done in compiled for note in done.notes),
            *notes,
            *proven.notes,
            *relocks.read_only(job.snapshot.locks),
            *relocks.guessed(job.rebuild.steps, GUESS),
            *dict.fromkeys(note for state in job.images for note in state.notes),
            *job.rebuild.waits,
        ),
    )


def _path(done: Compiled) -> str:
    return done.relock.lock.path


def _is_of_use(done: Compiled, proven: Proof) -> bool:
    """Whether a lock belongs into a security rebuild: it fixes something, or is compiled with one that does."""
    fixing = {row.path for row in proven.fixed}
    return done.relock.lock.path in fixing or (isinstance(done.relock.movement, Refresh) and bool(fixing))


def _compile(
    tools: Tools, job: Job, folder: Path, now: datetime
) -> tuple[tuple[Compiled, ...], dict[str, tuple[Reason, ...]]]:
    """Compile each lock once: those that include others after them, so that they see what the earlier came to.

    Gives the locks, and by path what keeps packages of a lock from their fix.
    """
    _lay_out(folder, job)
    done: list[Compiled] = []
    blocked: dict[str, tuple[Reason, ...]] = {}
    builds = any(isinstance(step.action, Relock) and step.action.build for step in job.rebuild.steps)
    readers = 1 if builds else COMPILERS  # while a stranger's build may write to the folder, nobody else works in it
    for level in relocks.levels(job.rebuild.steps):
        found = together(lambda step: _tried(tools, job, folder, step, now), level, readers=readers)
        failed = [one for one in found if isinstance(one, BotError)]
        if failed:
            raise _all_of(failed)
        for one in found:
            if isinstance(one, Attempt):
                done += [one.compiled] if one.compiled else []
                blocked |= {one.path: one.blocked} if one.blocked else {}
    return tuple(done), blocked


def _tried(tools: Tools, job: Job, folder: Path, step: Step, now: datetime) -> Attempt | BotError:
    """Compile one lock; an error is given back, so that all that went wrong can be told at once."""
    try:
        return _attempt(tools, job, folder, step, now)
    except BotError as error:
        return error


def _attempt(tools: Tools, job: Job, folder: Path, step: Step, now: datetime) -> Attempt:
    """Compile one lock; of a security rebuild, with those fixes only that resolve."""
    path = step.action.lock.path if isinstance(step.action, Relock) else ""
    if not job.security:
        return Attempt(path=path, compiled=_free_of_malware(tools, job, folder, step, now))
    found = Narrowed(step=step)
    try:
        found = narrowed(tools, job.snapshot, folder, step, now)
        done = _free_of_malware(tools, job, folder, found.step, now) if found.step else None
    except LockFailed as error:
        _replace(folder, path, job.contents[path])
        return Attempt(path=path, blocked=(*found.blocked, *refused(found.step or step, error.message)))
    return Attempt(path=path, compiled=done, blocked=found.blocked)


def _free_of_malware(tools: Tools, job: Job, folder: Path, step: Step, now: datetime) -> Compiled:
    """Compile one lock; a release that is known as malware is hidden from the resolver, which is asked again."""
    done = _one(tools, job, folder, step, now)
    rounds = MALWARE_ROUNDS
    while banned := malware(tools, done):
        path, names = done.relock.lock.path, ", ".join(sorted(" ".join(one) for one in banned))
        if not (rounds := rounds - 1):
            text = f"{path}: every way to compile it leads to malware, last to {names}"
            raise LockFailed(text, hint="bound the package in the sources")
        LOG.warning("%s: %s is left out, as it is known as malware", path, names)
        _replace(folder, path, job.contents[path])
        step = replace(step, action=replace(done.relock, banned=done.relock.banned | banned))
        done = _one(tools, job, folder, step, now)
    return done


def _one(tools: Tools, job: Job, folder: Path, step: Step, now: datetime) -> Compiled:
    relock = step.action
    if not isinstance(relock, Relock):
        raise TypeError(f"{type(relock).__name__} is no relock")
    lock = relock.lock
    with tools.progress.step(job.snapshot.repository, f"compiling {lock.path}"):
        done = tools.lockers[lock.locker].relock(folder, relock, now)
    data = _encoded(lock.path, job.contents[lock.path], done.text)
    _replace(folder, lock.path, data)
    pins, _ = lock_file.pins(lock.path, done.text)
    return Compiled(
        step=step, relock=relock, data=data, command=done.command, notes=done.notes, moved=done.moved, pins=pins
    )


def _replace(folder: Path, path: str, data: bytes) -> None:
    """Write a file anew rather than into what stands there, which a stranger's build may have put in its place."""
    target = folder / path
    if not target.parent.resolve().is_relative_to(folder.resolve()):
        raise LockFailed(f"{path} lies outside of its work tree", hint="look at what build_from_source allows")
    target.unlink(missing_ok=True)
    target.write_bytes(data)


def _encoded(path: str, old: bytes, text: str) -> bytes:
    """Write a text in the encoding of the file that it replaces."""
    try:
        return encodings.encode_like(text, old)
    except ValueError as error:
        raise LockFailed(f"{path}: {error}", hint="save it as UTF-8") from error


def _all_of(errors: list[BotError]) -> BotError:
    """Make one error of several, of the kind of the first: each names its lock."""
    first = errors[0]
    if len(errors) == 1:
        return first
    return type(first)("; ".join(dict.fromkeys(error.message for error in errors)), hint=first.hint)


def _lay_out(folder: Path, job: Job) -> None:
    """Write what the locks read, and nothing else of the repository."""
    for step in job.rebuild.steps:
        if isinstance(step.action, Relock):
            lock = step.action.lock
            for path in {lock.path, *lock.sources, *lock.inputs}:
                target = folder / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(job.contents[path])


def _pin_rows(done: Compiled) -> tuple[PinChange, ...]:
    lock = done.relock.lock
    along = {reason.subject: reason for reason in done.moved}
    rows = diff.pin_changes(lock.path, lock.pins, done.pins, done.step.why)
    return tuple(replace(row, why=_why(row, done, along)) for row in rows)


def _why(row: PinChange, done: Compiled, along: Mapping[str, Reason]) -> tuple[Reason, ...]:
    """Give the reasons of one package: what a fix says of another one is none of its."""
    own = tuple(reason for reason in done.step.why if reason.code != "fixes" or reason.subject == row.name)
    return (along[row.name], *own) if row.name in along else own


def _edited(job: Job) -> dict[str, bytes]:
    """Give the new texts of the files that mention images."""
    edits: dict[str, list[Repin | Retag | Stamp]] = {}
    for action, _ in _image_actions(job):
        edits.setdefault(action.use.path, []).append(action)
    return {path: _new_text(path, job.contents[path], rows) for path, rows in edits.items()}


def _new_text(path: str, data: bytes, actions: list[Repin | Retag | Stamp]) -> bytes:
    try:
        return image_texts.edited(path, data.decode(), actions).encode()
    except ValueError as error:
        raise RepoError(str(error), hint="edit it by hand, or leave the image out in [images] ignore") from error


def _image_actions(job: Job) -> Iterator[tuple[Repin | Retag | Stamp, Step]]:
    for step in job.rebuild.steps:
        if not isinstance(step.action, Relock):
            yield step.action, step


def _image_rows(job: Job) -> tuple[ImageChange, ...]:
    states = {state.use: state for state in job.images}
    rows = [
        _image_row(action, step, states.get(action.use))
        for action, step in _image_actions(job)
        if not isinstance(action, Stamp)
    ]
    return tuple(sorted(rows, key=lambda row: (row.path, row.line, row.name)))


def _image_row(action: Repin | Retag, step: Step, state: ImageState | None) -> ImageChange:
    use = action.use
    tag = action.tag if isinstance(action, Retag) else None
    targets = (state.retag, state.newest, state.settled) if state else ()
    target = next((one for one in targets if one and (one.digest, one.tag) == (action.digest, tag)), None)
    if target is None and isinstance(action, Retag) and state is not None:
        target = state.retag
    return ImageChange(
        path=use.path,
        line=use.line,
        name=use.name.tagged,
        old=use.name.digest,
        new=action.digest,
        why=step.why,
        retagged=replace(use.name, tag=tag).tagged if tag else "",
        diffs=target.diffs if target else (),
        unread=tuple(dict.fromkeys(why for one in target.differences for why in one.unreadable)) if target else (),
    )


def _new_updates(job: Job, state: ImageState) -> tuple[SourceChange, ...]:
    return stamps.uncovered(state, job.snapshot, stamps.waiting_updates(state))


def _stamp_rows(job: Job) -> tuple[StampChange, ...]:
    states = {state.use: state for state in job.images}
    layers = {(layer.path, layer.line): layer for layer in job.snapshot.upgrades}
    rows = [
        StampChange(
            path=action.use.path,
            line=action.line,
            name=action.use.name.tagged,
            old=layers[action.use.path, action.line].stamp if not action.insert else "",
            new=action.value,
            inserted=action.insert,
            updates=_new_updates(job, states[action.use]),
            why=step.why,
        )
        for action, step in _image_actions(job)
        if isinstance(action, Stamp)
    ]
    return tuple(sorted(rows, key=lambda row: (row.path, row.line)))
