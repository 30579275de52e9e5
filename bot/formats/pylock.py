"""pylock.toml and pylock.NAME.toml, lock-version 1: the file format of PEP 751."""

import posixpath
from collections.abc import Iterator
from typing import Any

from bot.formats import lock_file
from bot.formats.compile_command import inside
from bot.formats.lock_file import Header
from bot.formats.lock_reading import Contents, Reading, load_toml
from bot.formats.locked_package import LockedPackage, Need

KNOWN = range(1, 2)
HEADER = 4096  # characters; the command that made the lock stands at its top
KINDS = ("vcs", "directory", "archive")
OURS = (".", "./")


def read(path: str, text: str) -> Contents:
    """Read the packages; what the project's own entry depends on is direct, and else the lock does not say."""
    document, reading = load_toml(path, text)
    head = lock_file.header(text[:HEADER])
    sources = _sources(reading, head)
    stated = document.get("lock-version")
    if reading.unreadable or not reading.known_format(stated, reading.line("lock-version"), KNOWN):
        return reading.contents(sources)
    for line, entry in reading.entries(document, "packages"):
        if name := reading.name(entry, line):
            needs = tuple(_needs(reading, entry, line, name))
            directory = reading.table(entry.get("directory"), line, name, "'directory'")
            if directory.get("path") in OURS:
                reading.asked += [("-r pyproject.toml", found) for found in needs]
            else:
                reading.packages.append(_package(reading, entry, line, name, needs))
    requires = document.get("requires-python")
    requires = reading.text(requires, reading.line("requires-python"), path, "'requires-python'")
    python = head.python if head and head.python else ""
    return reading.contents(sources, python=python, requires_python=requires)


def _sources(reading: Reading, head: Header | None) -> list[str]:
    """Give the sources of the command in the header (`uv pip compile`), else the project beside the lock."""
    written = head.parsed.sources if head and head.parsed else ()
    # the value of `--format`, which the command of a requirements file does not have
    written = tuple(source for source in written if source != "pylock.toml")
    found = [inside(posixpath.dirname(reading.path), source) for source in written]
    return [source for source in found if source] or [reading.beside("pyproject.toml")]


def _package(reading: Reading, entry: dict[str, Any], line: int, name: str, needs: tuple[Need, ...]) -> LockedPackage:
    kind = next((kind for kind in KINDS if kind in entry), "an unknown source")
    return LockedPackage(
        name=name,
        version=reading.version(entry.get("version"), line, name, kind),
        line=line,
        marker=reading.text(entry.get("marker"), line, name, "'marker'"),
        hashes=reading.hashes(_hashes(reading, entry, line, name), line, name),
        needs=needs,
    )


def _hashes(reading: Reading, entry: dict[str, Any], line: int, name: str) -> Iterator[object]:
    files = [reading.table(entry.get(key), line, name, repr(key)) for key in ("archive", "sdist")]
    for file in (*files, *reading.tables(entry.get("wheels"), line, name, "'wheels'")):
        for algorithm, digest in reading.table(file.get("hashes"), line, name, "'hashes'").items():
            yield f"{algorithm}:{digest}" if isinstance(digest, str) else digest


def _needs(reading: Reading, entry: dict[str, Any], line: int, name: str) -> Iterator[Need]:
    for wanted in reading.tables(entry.get("dependencies"), line, name, "'dependencies'"):
        version = reading.text(wanted.get("version"), line, name, "the version of a dependency")
        if other := reading.name(wanted, line):
            yield Need(name=other, version=version)
