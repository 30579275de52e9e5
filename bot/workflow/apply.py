"""Apply a plan in a throw-away folder: new lock texts, new Dockerfile texts, and the rows that tell of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from bot.decide import diff, relocks
from bot.errors import BotError, LockFailed
from bot.formats import dockerfile, encodings, lock_file
from bot.model.change import Change, FileText, ImageChange, PinChange
from bot.model.images import ImageUse
from bot.model.plan import Rebuild, Relock, Repin, Step
from bot.model.snapshot import Snapshot
from bot.workflow.context import Tools
from bot.workflow.held import Compiled, held_back
from bot.workflow.survey_python import GUESS
from bot.workflow.together import together

COMPILERS = 2  # locks of one repository compiled at a time, where neither includes the other


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A rebuild to apply to a snapshot, whose interesting files are `contents`."""

    rebuild: Rebuild
    snapshot: Snapshot
    contents: Mapping[str, bytes]


def apply(tools: Tools, job: Job, now: datetime) -> Change:
    """Take every step or none: a lock that does not compile raises, and nothing of this repository is proposed."""
    with tools.bench() as folder:
        compiled = _compile(tools, job, folder, now)
    texts = {done.relock.lock.path: done.data for done in compiled}
    texts |= _repinned(job)
    held, notes = held_back(tools, job.snapshot, compiled)
    return Change(
        files=tuple(FileText(path=p, data=data) for p, data in sorted(texts.items()) if data != job.contents[p]),
        pins=tuple(row for done in sorted(compiled, key=_path) for row in _pin_rows(done)),
        images=_image_rows(job),
        held_back=held,
        commands=tuple(done.command for done in compiled),
        notes=(
            *(note for done in compiled for note in done.notes),
            *notes,
            *relocks.read_only(job.snapshot.locks),
            *relocks.guessed(job.rebuild.steps, GUESS),
        ),
    )


def _path(done: Compiled) -> str:
    return done.relock.lock.path


def _compile(tools: Tools, job: Job, folder: Path, now: datetime) -> tuple[Compiled, ...]:
    """Compile each lock once: those that include others after them, so that they see what the earlier came to."""
    _lay_out(folder, job)
    done: list[Compiled] = []
    builds = any(isinstance(step.action, Relock) and step.action.build for step in job.rebuild.steps)
    readers = 1 if builds else COMPILERS  # while a stranger's build may write to the folder, nobody else works in it
    for level in relocks.levels(job.rebuild.steps):
        found = together(lambda step: _tried(tools, job, folder, step, now), level, readers=readers)
        failed = [one for one in found if isinstance(one, BotError)]
        if failed:
            raise _all_of(failed)
        done += [one for one in found if isinstance(one, Compiled)]
    return tuple(done)


def _tried(tools: Tools, job: Job, folder: Path, step: Step, now: datetime) -> Compiled | BotError:
    """Compile one lock; an error is given back, so that all that went wrong can be told at once."""
    try:
        return _one(tools, job, folder, step, now)
    except BotError as error:
        return error


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
    return tuple(replace(row, why=(along[row.name], *row.why)) if row.name in along else row for row in rows)


def _repinned(job: Job) -> dict[str, bytes]:
    edits: dict[str, list[tuple[ImageUse, str]]] = {}
    for repin, _ in _repins(job):
        edits.setdefault(repin.use.path, []).append((repin.use, repin.digest))
    return {path: dockerfile.repin(job.contents[path].decode(), rows).encode() for path, rows in edits.items()}


def _repins(job: Job) -> Iterator[tuple[Repin, Step]]:
    for step in job.rebuild.steps:
        if isinstance(step.action, Repin):
            yield step.action, step


def _image_rows(job: Job) -> tuple[ImageChange, ...]:
    rows = [
        ImageChange(
            path=repin.use.path, line=repin.use.line, name=repin.use.name.tagged,
            old=repin.use.name.digest, new=repin.digest, why=step.why,
        )
        for repin, step in _repins(job)
    ]  # fmt: skip
    return tuple(sorted(rows, key=lambda row: (row.path, row.line, row.name)))
