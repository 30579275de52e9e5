"""pdm.lock, lock_version 3 and 4 (PDM 1.8 to 2): one entry for each package and one for each set of its extras."""

from collections.abc import Iterator
from typing import Any

from bot.formats.lock_reading import Contents, Reading, load_toml, names, need, shown
from bot.formats.locked_package import LockedPackage, Need

KNOWN = range(3, 5)
KINDS = ("git", "hg", "svn", "bzr", "url", "path")
OURS = (".", "./")


def read(path: str, text: str) -> Contents:
    """Read the packages; which of them are direct the lock does not say."""
    document, reading = load_toml(path, text)
    sources = [reading.beside("pyproject.toml")]
    if reading.unreadable:
        return reading.contents(sources)
    metadata = reading.table(document.get("metadata"), reading.line("metadata"), path, "'metadata'")
    stated = metadata.get("lock_version")
    if not reading.known_format(stated, reading.line("metadata", "lock_version"), KNOWN):
        return reading.contents(sources)
    files = reading.table(metadata.get("files"), reading.line("metadata", "files"), path, "'metadata.files'")
    for line, entry in reading.entries(document, "package"):
        name = reading.name(entry, line)
        if name and entry.get("path") not in OURS:
            reading.packages.append(_package(reading, entry, line, name, files))
    return reading.contents(sources, requires_python=_requires(reading, metadata))


def _requires(reading: Reading, metadata: dict[str, Any]) -> str:
    """Give the range of its targets; several are joined as PDM joins ranges of which one must hold."""
    line = reading.line("metadata", "targets")
    targets = reading.tables(metadata.get("targets"), line, reading.path, "'targets'")
    ranges = [reading.text(one.get("requires_python"), line, reading.path, "'requires_python'") for one in targets]
    return "" if "" in ranges else " || ".join(dict.fromkeys(ranges))


def _package(reading: Reading, entry: dict[str, Any], line: int, name: str, files: dict[str, Any]) -> LockedPackage:
    origin = next((kind for kind in KINDS if kind in entry), "an unknown source")
    version = reading.version(entry.get("version"), line, name, origin)
    # until lock_version 4.2 the files stand apart, under the name as written and the version
    listed = entry.get("files", files.get(f"{entry['name']} {version}"))
    return LockedPackage(
        name=name,
        version=version,
        line=line,
        marker=reading.text(entry.get("marker"), line, name, "'marker'"),
        hashes=reading.hashes((file.get("hash") for file in reading.tables(listed, line, name, "'files'")), line, name),
        extras=names(reading.texts(entry.get("extras"), line, name, "'extras'")),
        needs=tuple(_needs(reading, entry, line, name)),
    )


def _needs(reading: Reading, entry: dict[str, Any], line: int, name: str) -> Iterator[Need]:
    for wanted in reading.texts(entry.get("dependencies"), line, name, "'dependencies'"):
        if found := need(wanted):
            yield found
        else:
            reading.objects(line, name, f"its dependency {shown(wanted)} is not understood")
