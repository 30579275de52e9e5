"""uv.lock, version 1: every package of a workspace's universal resolution (uv documentation, "Lockfile")."""

import posixpath
from collections.abc import Iterator
from typing import Any

from bot.formats.compile_command import inside
from bot.formats.lock_reading import Contents, Reading, load_toml, names, need
from bot.formats.locked_package import LockedPackage, Need, either

KNOWN = range(1, 2)
OURS = (".", "")


def read(path: str, text: str) -> Contents:
    """Read the packages that are not the project's own; what those ask for is direct."""
    document, reading = load_toml(path, text)
    own = [reading.beside("pyproject.toml")]
    if reading.unreadable or not reading.known_format(document.get("version"), reading.line("version"), KNOWN):
        return reading.contents(own)
    manifest = reading.table(document.get("manifest"), reading.line("manifest"), path, "'manifest'")
    members = {
        found.name
        for member in reading.texts(manifest.get("members"), reading.line("manifest", "members"), path, "'members'")
        if (found := need(member))
    }
    _manifest(reading, manifest)
    # uv before 0.3 named the array so
    array = "distribution" if "distribution" in document else "package"
    for line, entry in reading.entries(document, array):
        if name := reading.name(entry, line):
            source = reading.table(entry.get("source"), line, name, "'source'")
            folder = _folder(source, member=name in members)
            if folder is None:
                reading.packages.append(_package(reading, entry, line, name, source))
                continue
            project = posixpath.normpath(posixpath.join(folder, "pyproject.toml"))
            reading.asked += [(f"-r {project}", one) for one in _needs(reading, entry, line, name)]
            own += [inner] if (inner := inside(posixpath.dirname(path), project)) else []
    requires = document.get("requires-python")
    requires = reading.text(requires, reading.line("requires-python"), path, "'requires-python'")
    return reading.contents(own, requires_python=requires)


def _manifest(reading: Reading, manifest: dict[str, Any]) -> None:
    """Note what a root that is no package asks for."""
    line = reading.line("manifest")
    groups = reading.table(manifest.get("dependency-groups"), line, reading.path, "'dependency-groups'")
    for wanted in (manifest.get("requirements"), *groups.values()):
        found = _wanted(reading, wanted, line, reading.path)
        reading.asked += [("-r pyproject.toml", one) for one in found]


def _folder(source: dict[str, Any], *, member: bool) -> str | None:
    """Give the folder of a package that is part of the project itself; None for every other."""
    for kind in ("virtual", "editable", "directory"):
        folder = source.get(kind)
        if isinstance(folder, str) and folder.isprintable() and (member or kind == "virtual" or folder in OURS):
            return folder
    return None


def _package(reading: Reading, entry: dict[str, Any], line: int, name: str, source: dict[str, Any]) -> LockedPackage:
    sdist = reading.table(entry.get("sdist"), line, name, "'sdist'")
    files = [sdist, *reading.tables(entry.get("wheels"), line, name, "'wheels'")]
    markers = reading.texts(entry.get("resolution-markers"), line, name, "'resolution-markers'")
    return LockedPackage(
        name=name,
        version=reading.version(entry.get("version"), line, name, next(iter(source), "an unknown source")),
        line=line,
        marker=either(markers),
        hashes=reading.hashes((file.get("hash") for file in files), line, name),
        needs=tuple(_needs(reading, entry, line, name)),
    )


def _needs(reading: Reading, entry: dict[str, Any], line: int, name: str) -> Iterator[Need]:
    yield from _wanted(reading, entry.get("dependencies"), line, name)
    for key in ("optional-dependencies", "dev-dependencies"):
        for wanted in reading.table(entry.get(key), line, name, repr(key)).values():
            yield from _wanted(reading, wanted, line, name)


def _wanted(reading: Reading, value: object, line: int, name: str) -> Iterator[Need]:
    for wanted in reading.tables(value, line, name, "an array of its dependencies"):
        version = reading.text(wanted.get("version"), line, name, "the version of a dependency")
        extras = reading.texts(wanted.get("extra"), line, name, "the extras of a dependency")
        if other := reading.name(wanted, line):
            yield Need(name=other, version=version, extras=names(extras))
