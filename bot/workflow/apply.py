"""Apply a plan in a throw-away folder: new lock texts, new Dockerfile texts, and the rows that tell of them."""

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from bot.decide import diff
from bot.errors import AccessDenied, Unavailable
from bot.formats import dockerfile, lock_file
from bot.model.change import Change, FileText, HeldBack, ImageChange, PinChange
from bot.model.images import ImageUse
from bot.model.locks import Pin
from bot.model.plan import Rebuild, Relock, Repin, Step, UpgradeAll
from bot.model.reasons import Reason
from bot.model.releases import Release
from bot.model.snapshot import Snapshot
from bot.ports import Index
from bot.workflow.context import Tools
from bot.workflow.together import together

INDEX_READERS = 8  # index pages asked for at a time: small, and the index is somebody else's


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A rebuild to apply to a snapshot, whose interesting files are `contents`."""

    rebuild: Rebuild
    snapshot: Snapshot
    contents: Mapping[str, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """One lock after compiling."""

    step: Step
    relock: Relock
    text: str
    command: str
    notes: tuple[Reason, ...]
    pins: tuple[Pin, ...]


def apply(tools: Tools, job: Job, now: datetime) -> Change:
    """Take every step or none: a lock that does not compile raises, and nothing of this repository is proposed."""
    with tempfile.TemporaryDirectory(prefix="quarterdeck-") as folder:
        compiled = tuple(_compile(tools, job, Path(folder), now))
    texts = {done.relock.lock.path: done.text.encode() for done in compiled}
    texts |= _repinned(job)
    held, notes = _held(tools, job, compiled)
    return Change(
        files=tuple(FileText(path=p, data=data) for p, data in sorted(texts.items()) if data != job.contents[p]),
        pins=tuple(row for done in sorted(compiled, key=_path) for row in _pin_rows(done)),
        images=_image_rows(job),
        held_back=held,
        commands=tuple(done.command for done in compiled),
        notes=tuple(note for done in compiled for note in done.notes) + notes,
    )


def _path(done: Compiled) -> str:
    return done.relock.lock.path


def _compile(tools: Tools, job: Job, folder: Path, now: datetime) -> Iterator[Compiled]:
    """Compile each lock once, in order, so that a later lock sees what the earlier ones came to."""
    _lay_out(folder, job)
    for step in job.rebuild.steps:
        if not isinstance(step.action, Relock):
            continue
        relock, unknown = _cooled(tools, job, step.action)
        with tools.progress.step(job.snapshot.repository, f"compiling {relock.lock.path}"):
            done = tools.lockers[relock.lock.locker].relock(folder, relock, now)
        (folder / relock.lock.path).write_bytes(done.text.encode())
        pins, _ = lock_file.pins(relock.lock.path, done.text)
        yield Compiled(
            step=step, relock=relock, text=done.text, command=done.command, notes=(*unknown, *done.notes), pins=pins
        )


def _cooled(tools: Tools, job: Job, relock: Relock) -> tuple[Relock, tuple[Reason, ...]]:
    """Drop the cooldown where an index names no upload times: resolvers would see no release at all, or refuse."""
    if relock.uploaded_before is None:
        return relock, ()
    names = sorted({pin.name for pin in relock.lock.pins if pin.direct is not False})
    try:
        with tools.progress.step(job.snapshot.repository, "asking the index when releases were uploaded"):
            releases = _releases(tools.index, names)
    except (Unavailable, AccessDenied):
        return relock, ()
    silent = [name for name, found in releases.items() if found and not any(row.uploaded_at for row in found)]
    if not silent:
        return relock, ()
    text = f"the cooldown was not kept in {relock.lock.path}: the index names no upload times for {', '.join(silent)}"
    note = Reason(code="cooldown-unknown", subject=relock.lock.path, text=text)
    return replace(relock, uploaded_before=None), (note,)


def _releases(index: Index, names: list[str]) -> dict[str, tuple[Release, ...]]:
    return dict(zip(names, together(index.releases, names, readers=INDEX_READERS), strict=True))


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
    return diff.pin_changes(lock.path, lock.pins, done.pins, done.step.why)


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


def _held(tools: Tools, job: Job, compiled: tuple[Compiled, ...]) -> tuple[tuple[HeldBack, ...], tuple[Reason, ...]]:
    """Ask the index about every direct pin; where it does not answer, the proposal says so instead of nothing."""
    asked = [
        (done, pin)
        for done in compiled
        for pin in done.pins
        if isinstance(done.relock.movement, UpgradeAll) and pin.direct is not False
    ]
    if not asked:
        return (), ()
    try:
        with tools.progress.step(job.snapshot.repository, "asking what was held back"):
            return _held_rows(tools.index, job, asked), ()
    except (Unavailable, AccessDenied) as error:
        text = f"what was held back is not known: {error.message}"
        return (), (Reason(code="held-back-unknown", subject=job.snapshot.repository, text=text),)


def _held_rows(index: Index, job: Job, asked: list[tuple[Compiled, Pin]]) -> tuple[HeldBack, ...]:
    names = sorted({pin.name for _, pin in asked})
    releases = _releases(index, names)
    rows = [
        _held_row(index, job, done, pin, latest)
        for done, pin in asked
        if (latest := diff.behind(pin, releases[pin.name])) is not None
    ]
    return tuple(sorted(rows, key=lambda row: (row.path, row.name)))


def _held_row(index: Index, job: Job, done: Compiled, pin: Pin, latest: Release) -> HeldBack:
    lock = done.relock.lock
    readable = {*lock.sources, *lock.inputs}
    versions = {other.name: other.version for other in done.pins}
    parents = [entry.partition("[")[0] for entry in pin.via if " " not in entry]
    holders = diff.Holders(
        wanted=tuple(row for row in job.snapshot.requirements if row.name == pin.name and row.path in readable),
        python=lock.python,
        cutoff=done.relock.uploaded_before,
        parents={
            name: (versions[name], index.requirements(name, versions[name]) or ())
            for name in parents
            if name in versions
        },
    )
    return diff.held_back(pin, lock.path, latest, holders)
