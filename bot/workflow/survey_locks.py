"""Survey of locks: what each was compiled from, in which order, for which Python, and what stands in the way."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias
from urllib.parse import urlsplit

from bot.formats import lock_file, requirement_file
from bot.formats.compile_command import CompileCommand
from bot.formats.lock_file import Header, Layout
from bot.formats.requirement_file import RequirementFile
from bot.model.findings import Unreadable
from bot.model.images import ImageUse
from bot.model.locks import Lock, Requirement
from bot.workflow.survey_python import Clues, with_python


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """The Python of locks that name none (`named`: the repository's file says so), and the index hosts allowed."""

    python: str
    named: bool
    index_hosts: frozenset[str]


Surveyed: TypeAlias = tuple[tuple[Lock, ...], tuple[Requirement, ...], tuple[Unreadable, ...]]


def survey_locks(
    texts: Mapping[str, str], files: frozenset[str], images: tuple[ImageUse, ...], defaults: Defaults
) -> Surveyed:
    """Find generated locks by their header; sources are read once, however many locks share them."""
    headers = {path: head for path, text in texts.items() if (head := lock_file.header(text)) is not None}
    sources: dict[str, RequirementFile] = {}
    locks: list[Lock] = []
    unreadable: list[Unreadable] = []
    for path, head in headers.items():
        lock, strange = _lock(path, head, texts, files)
        clues = Clues(texts=texts, images=images, default=defaults.python, named=defaults.named)
        lock = with_python(lock, head.python or "", clues)
        lock = _inputs(lock, texts, sources, frozenset(headers), defaults.index_hosts)
        locks.append(lock)
        unreadable += strange
    locks = _circles(locks)
    unreadable += [Unreadable(path=k.path, line=0, subject=k.path, why=k.obstacle) for k in locks if k.obstacle]
    unreadable += [row for source in sources.values() for row in source.unreadable]
    plain = (source for path, source in sorted(sources.items()) if path not in headers)
    return tuple(locks), tuple(row for source in plain for row in source.requirements), tuple(unreadable)


def _lock(path: str, head: Header, texts: Mapping[str, str], files: frozenset[str]) -> tuple[Lock, list[Unreadable]]:
    text = texts[path]
    pins, strange = lock_file.pins(path, text)
    command, layout, obstacle = _command(path, text, head, files)
    return Lock(
        path=path,
        locker=head.locker,
        command=head.command,
        arguments=tuple(f"{name}={value}" if value else name for name, value in command.options) if command else (),
        directory=layout.directory if layout else path.rpartition("/")[0],
        sources=layout.sources if layout else (),
        inputs=layout.constraints if layout else (),
        after=(),
        python="",
        python_from="",
        pins=pins,
        obstacle=obstacle,
    ), list(strange)


def _command(
    path: str, text: str, head: Header, files: frozenset[str]
) -> tuple[CompileCommand | None, Layout | None, str]:
    """Give the command to replay and where, or why there is none."""
    if head.parsed is None:
        guessed = lock_file.inferred(path, text, files)
        if guessed is None:
            told = f"{head.command!r}, which is no compile command" if head.command else "no command"
            return None, None, f"its header names {told}, and there is no source of the same name"
        return guessed[0], guessed[1], ""
    layout = lock_file.layout(path, head.parsed, files)
    if isinstance(layout, str):
        return head.parsed, None, layout
    if head.parsed.refused:
        return head.parsed, layout, f"its header asks for {', '.join(head.parsed.refused)}, which is not replayed"
    return head.parsed, layout, ""


def _inputs(
    lock: Lock, texts: Mapping[str, str], sources: dict[str, RequirementFile], locks: frozenset[str],
    hosts: frozenset[str],
) -> Lock:  # fmt: skip
    """Follow `-r` and `-c` from the sources; name what is missing, refused, or would execute code."""
    waiting = [*lock.sources, *lock.inputs]
    seen: list[str] = []
    obstacle = lock.obstacle
    for host in _hosts(word.partition("=")[2] for word in lock.arguments if "index" in word.partition("=")[0]):
        if host not in hosts:
            obstacle = (
                obstacle or f"its header names the package index {host}, which no [[index]] of the operator allows"
            )
    while waiting:
        path = waiting.pop(0)
        if path in seen:
            continue
        seen.append(path)
        if path not in texts:
            obstacle = obstacle or f"{path}, which it is compiled from, is not in the repository"
            continue
        source = sources.setdefault(path, requirement_file.parse(path, texts[path]))
        obstacle = obstacle or _objection(path, source, hosts, generated=path in locks)
        waiting += source.includes
    inputs = tuple(sorted(set(seen) - set(lock.sources) - {lock.path}))
    after = tuple(path for path in sorted(seen) if path in locks and path != lock.path)
    return replace(lock, inputs=inputs, after=after, obstacle=obstacle)


def _objection(path: str, source: RequirementFile, hosts: frozenset[str], *, generated: bool) -> str:
    if source.refused:
        line, what = source.refused[0]
        return f"{path}:{line}: {what}"
    if source.paths:
        return f"{path} requires the path {source.paths[0]}, and building it would execute code of the repository"
    if source.unreadable and not generated:
        return f"{path}:{source.unreadable[0].line}: {source.unreadable[0].why}"
    for line, url in source.indexes:
        host = urlsplit(url).netloc.rpartition("@")[2]
        if host not in hosts:
            return f"{path}:{line} names the package index {host}, which no [[index]] of the operator allows"
    return ""


def _hosts(urls: Iterable[str]) -> list[str]:
    return [urlsplit(url).netloc.rpartition("@")[2] for url in urls]


def _circles(locks: list[Lock]) -> list[Lock]:
    """Object to locks that include each other."""
    after = {lock.path: set(lock.after) for lock in locks}
    checked = []
    for lock in locks:
        circle = next((other for other in lock.after if lock.path in after.get(other, set())), None)
        why = f"{lock.path} and {circle} include each other"
        checked.append(replace(lock, obstacle=lock.obstacle or why) if circle else lock)
    return checked
