"""Survey of locks: what each was compiled from, in which order, for which Python, and what stands in the way."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from bot.formats import foreign_locks, lock_file
from bot.model.findings import Unreadable
from bot.model.images import ImageUse
from bot.model.locks import Lock, LockerName, Requirement
from bot.workflow.survey_commands import Making, Obstacle, makings
from bot.workflow.survey_declared import Declared
from bot.workflow.survey_inputs import NO_TEXT, View, follow, round_trip
from bot.workflow.survey_python import Clues, with_claims, with_python

BY_HAND: Final = re.compile(r"(^|/)(requirements/[^/]+|[^/]*requirements[^/]*)\.txt$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """The Python of locks that name none (`named`: the repository's file says so), and the index hosts allowed."""

    python: str
    named: bool
    index_hosts: frozenset[str]


Surveyed: TypeAlias = tuple[tuple[Lock, ...], tuple[Requirement, ...], tuple[Unreadable, ...]]


def survey_locks(
    texts: Mapping[str, str],
    files: frozenset[str],
    images: tuple[ImageUse, ...],
    defaults: Defaults,
    declared: tuple[Declared, ...] = (),
) -> Surveyed:
    """Find locks by their header or because they are described; sources are read once, however many share them."""
    foreign = {path: text for path, text in texts.items() if foreign_locks.locker_of(path) is not None}
    texts = {path: text for path, text in texts.items() if path not in foreign}
    made = makings(texts, files, declared)
    view = View(texts=texts, files=files, locks=frozenset(made), hosts=defaults.index_hosts)
    pythons = {entry.path: entry.python for entry in declared}
    locks: list[Lock] = []
    clues = Clues(texts=texts, images=images, default=defaults.python, named=defaults.named)
    obstacles: dict[str, Obstacle] = {}
    unreadable = _gone(declared, texts, files)
    for path, making in made.items():
        lock, strange, obstacle = _lock(path, making, view)
        entry = pythons.get(path) or ""
        lock = with_python(lock, "" if entry else making.head.python or "", clues, entry=entry)
        locks.append(with_claims(lock, texts))
        unreadable += strange
        if obstacle is not None:
            obstacles[path] = obstacle
    for path, text in foreign.items():
        lock, rows = _foreign(path, text, files)
        locks.append(with_python(lock, lock.python, clues))
        unreadable += rows
    locks += [with_python(lock, "", clues) for lock in _by_hand(view, locks)]
    obstacles = _circles(locks) | obstacles
    unreadable += [_told(path, obstacle) for path, obstacle in obstacles.items()]
    told = {(row.path, row.line, row.why) for row in unreadable}
    of_sources = (row for source in view.sources.values() for row in source.unreadable)
    unreadable += [row for row in of_sources if (row.path, row.line, row.why) not in told]
    plain = (source for path, source in sorted(view.sources.items()) if path not in made)
    return (
        tuple(replace(k, obstacle=str(obstacles[k.path])) if k.path in obstacles else k for k in locks),
        tuple(row for source in plain for row in source.requirements),
        tuple(unreadable),
    )


def _foreign(path: str, text: str, files: frozenset[str]) -> tuple[Lock, tuple[Unreadable, ...]]:
    """Read a lock that another tool writes, for its pins."""
    found = foreign_locks.read(path, text)
    lock = Lock(
        path=path,
        locker=found.locker,
        command="",
        arguments=(),
        directory=path.rpartition("/")[0],
        sources=tuple(name for name in found.sources if name in files),
        inputs=(),
        after=(),
        python=found.python,
        python_from="",
        pins=found.pins,
    )
    return lock, found.unreadable


def _by_hand(view: View, locks: list[Lock]) -> Iterator[Lock]:
    """Give the requirement files that pin without having been compiled, and that no lock is compiled from.

    Lines that pin nothing are somebody's decision here, and no defect; a pin has no less flaws for being typed.
    """
    read = {path for lock in locks for path in (lock.path, *lock.sources, *lock.inputs)} | view.sources.keys()
    for path, text in view.texts.items():
        if path in read or not BY_HAND.search(path):
            continue
        pins, _ = lock_file.pins(path, text)
        if pins:
            yield Lock(
                path=path, locker=LockerName.BY_HAND, command="", arguments=(), directory=path.rpartition("/")[0],
                sources=(), inputs=(), after=(), python="", python_from="", pins=pins,
            )  # fmt: skip


def _lock(path: str, making: Making, view: View) -> tuple[Lock, list[Unreadable], Obstacle | None]:
    pins, strange = lock_file.pins(path, view.texts[path])
    layout, reads = making.layout, follow(path, making, view)
    sources = layout.sources if layout else ()
    headed = ("--no-header",) if layout and lock_file.header(view.texts[path]) is None else ()
    return (
        Lock(
            path=path,
            locker=making.head.locker,
            command=making.head.command,
            arguments=(*(layout.command.arguments if layout else ()), *headed),
            directory=layout.directory if layout else path.rpartition("/")[0],
            sources=sources,
            inputs=tuple(sorted(set(reads.paths) - set(sources) - {path})),
            after=tuple(sorted(name for name in reads.paths if name in view.locks and name != path)),
            python="",
            python_from="",
            pins=pins,
            index_url=reads.index_url,
            extra_indexes=reads.extra_indexes,
        ),
        list(strange),
        reads.obstacle or _not_understood(strange),
    )


def _not_understood(strange: tuple[Unreadable, ...]) -> Obstacle | None:
    """Object to a lock in which something is not understood: writing it anew would be a guess."""
    return Obstacle(place=f"{strange[0].path}:{strange[0].line}", why=strange[0].why) if strange else None


def _gone(declared: tuple[Declared, ...], texts: Mapping[str, str], files: frozenset[str]) -> list[Unreadable]:
    rows = []
    for entry in declared:
        if entry.path not in texts:
            where = NO_TEXT if entry.path in files else "is not in the repository"
            why = f"[[locks]] names {entry.path}, which {where}"
            rows.append(Unreadable(path=entry.file, line=entry.line, subject=entry.path, why=why))
    return rows


def _told(path: str, obstacle: Obstacle) -> Unreadable:
    file, _, line = obstacle.place.rpartition(":")
    if not line.isdecimal():
        file, line = obstacle.place, "0"
    return Unreadable(path=file, line=int(line), subject=path, why=obstacle.why)


def _circles(locks: list[Lock]) -> dict[str, Obstacle]:
    """Object to locks that are compiled from each other, however long the way round is."""
    after = {lock.path: lock.after for lock in locks}
    found = {lock.path: round_trip(lock.path, after) for lock in locks}
    return {
        path: Obstacle(place=path, why=f"{' -> '.join(way)} include each other; take one of them out of a source")
        for path, way in found.items()
        if way
    }
