"""Where a compile command was run so that it wrote this lock, and what it reads there."""

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from bot.formats import compile_command, compile_config, lock_file
from bot.formats.compile_command import DEFAULT_SOURCES, CompileCommand, inside
from bot.model.locks import LockerName

UNSAFE_PIN = re.compile(r"^(?:setuptools|pip|distribute)==", re.MULTILINE)
ANNOTATION_IN_LINE = re.compile(r"^\S+==\S.*[ \t]#[ \t]+via[ \t]+\S", re.MULTILINE)
SOURCE_FOLDERS = ("in", "src")


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A command in the folder where it is run ("" for the root), with its configuration's options in it.

    `sources` and `inputs` (what its options read) are relative to the repository.
    """

    directory: str
    command: CompileCommand
    sources: tuple[str, ...]
    inputs: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Miss:
    """Why a folder is not the one; of several, the one with the highest `weight` tells most."""

    weight: int
    why: str


def layout(path: str, command: CompileCommand, texts: Mapping[str, str], files: AbstractSet[str]) -> Layout | str:
    """Find the folder in which the command writes `path` from files that exist; else say why there is none."""
    misses: list[_Miss] = []
    for folder in above(path):
        directory = inside(folder, command.folder) if command.folder else folder
        if directory is None:
            misses.append(_Miss(weight=0, why=f"changes to {command.folder}, which is outside the repository"))
            continue
        directory = "" if directory == "." else directory
        found = _placed(path, directory, _configured(command, directory, texts, files), files)
        if isinstance(found, Layout):
            return found
        misses.append(found)
    return max(misses, key=lambda miss: miss.weight).why


def above(path: str) -> Iterator[str]:
    """Give the folder of a file and those above it, up to the root ("")."""
    folder = posixpath.dirname(path)
    while folder:
        yield folder
        folder = posixpath.dirname(folder)
    yield ""


def _configured(
    command: CompileCommand, directory: str, texts: Mapping[str, str], files: AbstractSet[str]
) -> CompileCommand:
    path = compile_config.file_of(command, directory, texts, files)
    return command if path is None or path not in texts else compile_config.merged(command, path, texts[path])


def _placed(path: str, directory: str, command: CompileCommand, files: AbstractSet[str]) -> Layout | _Miss:
    output = compile_command.default_output(command)
    if output is not None and inside(directory, output) != path:
        return _Miss(weight=0, why=f"writes {output}, which is another file")
    sources = command.sources
    if not sources and command.locker is LockerName.PIP_TOOLS:
        sources = tuple(name for name in DEFAULT_SOURCES if posixpath.join(directory, name) in files)[:1]
    if "-" in sources:
        return _Miss(weight=3, why="reads standard input, which is not in the repository")
    if not sources and not command.values("--group"):
        return _Miss(weight=1, why="names no source")
    config = [("--config", command.config)] if command.config is not None and command.reads_config else []
    named = [*(("", source) for source in sources), *command.paths, *config]
    where = [(option, written, inside(directory, written)) for option, written in named]
    if missing := [_missing(option, written, name) for option, written, name in where if name not in files]:
        return _Miss(weight=2, why=f"names {', '.join(missing)}")
    found = [name for _, _, name in where if name is not None]
    cut, end = len(sources), len(sources) + len(command.paths)
    return Layout(
        directory=directory, command=command, sources=tuple(found[:cut]), inputs=tuple(dict.fromkeys(found[cut:end]))
    )


def _missing(option: str, written: str, name: str | None) -> str:
    by = f" ({option})" if option else ""
    where = "outside the repository" if name is None else "not in the repository"
    return f"{written}{by}, which is {where}"


def same_stem(path: str, files: AbstractSet[str]) -> str | None:
    """Find the source of a lock by its name: NAME.in beside it, or in a folder `in` or `src` beside it or its folder.

    None where there is none, or more than one.
    """
    folder, name = posixpath.split(path)
    source = posixpath.splitext(name)[0] + ".in"
    if (beside := posixpath.join(folder, source)) in files:
        return beside
    around = [folder, *([posixpath.dirname(folder)] if folder else [])]
    places = [posixpath.join(base, other, source) for base in around for other in SOURCE_FOLDERS]
    found = [place for place in places if place in files]
    return found[0] if len(found) == 1 else None


def inferred(path: str, text: str, locker: LockerName, files: AbstractSet[str]) -> CompileCommand | None:
    """Make the command for a header that names none (CUSTOM_COMPILE_COMMAND) from the source of the same name.

    What the lock's lines show is kept: hashes, unsafe packages, the style of the annotations, markers.
    """
    source = same_stem(path, files)
    if source is None:
        return None
    command = CompileCommand(locker=locker, options=tuple(_shown(text, locker)))
    directory = ran_in(path, text, (source,))
    return placed(command, path, (source,), posixpath.dirname(path) if directory is None else directory)


def placed(command: CompileCommand, path: str, sources: Sequence[str], directory: str) -> CompileCommand:
    """Let a command that is written for the root be run in `directory`: all its paths are made relative to that."""
    start = directory or "."

    def moved(name: str, value: str) -> str:
        if name == "--group":
            file, _, group = value.rpartition(":")
            return f"{posixpath.relpath(file or 'pyproject.toml', start)}:{group}" if file or directory else value
        return posixpath.relpath(value, start)

    files = {name for name, _ in command.paths}
    return replace(
        command,
        options=tuple((name, moved(name, value) if name in files else value) for name, value in command.options),
        sources=tuple(posixpath.relpath(source, start) for source in sources),
        output=posixpath.relpath(path, start),
    )


def ran_in(path: str, text: str, sources: Sequence[str]) -> str | None:
    """Find the folder from the annotations (`via -r requirements/base.in`); None where they do not tell."""
    via = {entry.removeprefix("-r ") for pin in lock_file.pins(path, text)[0] for entry in pin.via}
    folders = above(path)
    return next(
        (folder for folder in folders if any(posixpath.relpath(s, folder or ".") in via for s in sources)), None
    )


def _shown(text: str, locker: LockerName) -> Iterator[tuple[str, str]]:
    pins, _ = lock_file.pins("", text)
    if any(pin.hashes for pin in pins):
        yield "--generate-hashes", ""
    if locker is LockerName.PIP_TOOLS and UNSAFE_PIN.search(text):
        yield "--allow-unsafe", ""
    if pins and not any(pin.via for pin in pins):
        yield "--no-annotate", ""
    elif ANNOTATION_IN_LINE.search(text):
        yield "--annotation-style", "line"
    if locker is LockerName.UV_PIP and any(pin.marker for pin in pins):
        yield "--universal", ""
    if locker is LockerName.UV_PIP and any(pin.extras for pin in pins):
        yield "--no-strip-extras", ""
