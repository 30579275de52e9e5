"""What locks read besides their command: `-r` and `-c` of the sources, followed to the end, and what is wrong there."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from bot.formats import compile_command, compile_config, compile_options, requirement_file
from bot.formats.compile_command import CompileCommand
from bot.formats.requirement_file import RequirementFile
from bot.model.locks import LockerName
from bot.workflow.survey_commands import Making, Obstacle

NO_TEXT = "is no text that can be read: it is binary, not UTF-8, larger than 64 MiB, or left out by `ignore`"
FOREIGN = "which no [[index]] of the operator allows"


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """The texts of a commit; `hosts` are the operator's package indexes, `sources` fills up as files are read."""

    texts: Mapping[str, str]
    files: frozenset[str]
    locks: frozenset[str]
    hosts: frozenset[str]
    sources: dict[str, RequirementFile] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reads:
    """Every file that a lock is compiled from, in the order found, the package indexes, and the first objection."""

    paths: tuple[str, ...]
    index_url: str
    extra_indexes: tuple[str, ...]
    obstacle: Obstacle | None


def follow(path: str, making: Making, view: View) -> Reads:
    """Follow `-r` and `-c` from a lock's sources; name what is missing, refused, circular, or would execute code."""
    layout = making.layout
    if layout is None:
        return Reads(paths=(), index_url="", extra_indexes=(), obstacle=making.obstacle)
    waiting = [(name, making.place) for name in (*layout.sources, *layout.inputs)]
    seen: list[str] = []
    bounds: set[str] = set()
    groups: dict[str, str] = {}
    objections = [making.obstacle, _foreign(layout.command, making.place, view.hosts)]
    while waiting:
        name, place = waiting.pop(0)
        if name == path:
            objections.append(Obstacle(place=place, why=f"{path} is compiled from itself; take it out there"))
        if name in seen:
            continue
        seen.append(name)
        source, objection = _read(name, place, view, constraint=name in bounds, group=groups.get(name, ""))
        bounds |= {*source.constraints, *(source.includes if name in bounds else ())}
        groups |= dict(source.grouped)
        objections.append(objection)
        waiting += [(other, _place(name, other, view)) for other in source.includes]
    objections += [_circle(name, view) for name in seen]
    objections += [_uv_sources(name, making, view) for name in layout.sources]
    main, extra = _indexes(layout.command, seen, view)
    return Reads(
        paths=tuple(seen),
        index_url=main,
        extra_indexes=extra,
        obstacle=next((objection for objection in objections if objection is not None), None),
    )


def _read(
    name: str, place: str, view: View, *, constraint: bool, group: str
) -> tuple[RequirementFile, Obstacle | None]:
    if name not in view.files:
        why = f"{name}, which the lock is compiled from, is not in the repository (a symbolic link is not followed)"
        return RequirementFile(), Obstacle(place=place, why=why)
    text = view.texts.get(name)
    if text is None or "\0" in text:
        return RequirementFile(), Obstacle(place=place, why=f"{name}, which the lock is compiled from, {NO_TEXT}")
    source = view.sources.get(name) or requirement_file.parse(name, text, constraint=constraint, group=group)
    view.sources[name] = source
    return source, _objection(name, source, view)


def _objection(name: str, source: RequirementFile, view: View) -> Obstacle | None:
    if source.refused:
        line, what = source.refused[0]
        return Obstacle(place=f"{name}:{line}", why=_refused(what))
    if source.paths:
        why = f"it requires the path {source.paths[0]}, and building it would execute code of the repository"
        return Obstacle(place=name, why=why)
    if source.unreadable and name not in view.locks:
        return Obstacle(place=f"{name}:{source.unreadable[0].line}", why=source.unreadable[0].why)
    if source.urls and name not in view.locks:
        line, url = source.urls[0]
        host = compile_command.host_of(url) or "elsewhere"
        why = f"it requires a file from {host}, and resolvers reach nothing but package indexes; take it from an index"
        return Obstacle(place=f"{name}:{line}", why=why)
    for line, url in source.indexes:
        host = compile_command.host_of(url)
        if host not in view.hosts:
            told = f"the package index {host}" if host else "a package index by no http or https address"
            return Obstacle(place=f"{name}:{line}", why=f"it names {told}, {FOREIGN}")
    return None


def _refused(what: str) -> str:
    option = compile_options.find(LockerName.PIP_TOOLS, what)
    return f"it names {what}, which {option.why}; {option.remedy}" if option and option.why else what


def _foreign(command: CompileCommand, place: str, hosts: frozenset[str]) -> Obstacle | None:
    for index in command.index_options:
        host = compile_command.host_of(index.url)
        if host not in hosts:
            whose = "its configuration" if index.place else "its header"
            why = f"{whose} names the package index {host} ({index.option}), {FOREIGN}"
            return Obstacle(place=index.place or place, why=why)
    return None


def _uv_sources(name: str, making: Making, view: View) -> Obstacle | None:
    layout = making.layout
    if layout is None or layout.command.locker is not LockerName.UV_PIP or not name.endswith("pyproject.toml"):
        return None
    if ("--no-sources", "") in layout.command.options:
        return None
    if line := compile_config.uses_uv_sources(view.texts.get(name, "")):
        why = "[tool.uv.sources] takes packages from elsewhere, which is not replayed; compile with --no-sources"
        return Obstacle(place=f"{name}:{line}", why=why)
    return None


def _place(name: str, included: str, view: View) -> str:
    return f"{name}:{view.sources[name].line_of(included)}"


def _circle(name: str, view: View) -> Obstacle | None:
    """Object to sources that include each other: pip and uv follow them for ever, or give up."""
    edges = {path: source.includes for path, source in view.sources.items()}
    circle = round_trip(name, edges)
    if not circle:
        return None
    why = f"{' -> '.join(circle)} include each other; break the circle here"
    return Obstacle(place=_place(name, circle[1], view), why=why)


def round_trip(start: str, edges: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """Give the shortest way from a node back to itself, both ends included; () where there is none."""
    ways: list[tuple[str, ...]] = [(start,)]
    seen: set[str] = set()
    while ways:
        way = ways.pop(0)
        for other in edges.get(way[-1], ()):
            if other == start:
                return (*way, start)
            if other not in seen:
                seen.add(other)
                ways.append((*way, other))
    return ()


def _indexes(command: CompileCommand, seen: list[str], view: View) -> tuple[str, tuple[str, ...]]:
    """Give the main index and the others: the command's come first, then those of the sources' lines."""
    read = [view.sources[name] for name in seen if name in view.sources]
    mains = [url for source in read for _, url in source.indexes if url not in source.extra_indexes]
    more = (url for source in read for url in source.extra_indexes)
    return command.index_url or next(reversed(mains), ""), tuple(dict.fromkeys((*command.extra_indexes, *more)))


def named(makings: Mapping[str, Making], texts: Mapping[str, str]) -> Iterator[str]:
    """Give the files that locks are compiled from, as far as the texts that are known tell."""
    for making in makings.values():
        waiting = [*making.layout.sources, *making.layout.inputs] if making.layout else []
        seen: set[str] = set()
        while waiting:
            path = waiting.pop()
            if path not in seen:
                seen.add(path)
                waiting += requirement_file.parse(path, texts[path]).includes if path in texts else ()
        yield from seen
