"""poetry.lock of Poetry 0.12 to 2: lock-version 1.x and 2.x, and the format before them, which states no version."""

from collections.abc import Iterator, Mapping
from typing import Any

from packaging.utils import canonicalize_name

from bot.formats.lock_reading import Contents, Reading, load_toml, names, need, shown
from bot.formats.locked_package import LockedPackage, Need, either

KNOWN = range(1, 3)


def read(path: str, text: str) -> Contents:
    """Read the packages; which of them are direct the lock does not say."""
    document, reading = load_toml(path, text)
    sources = [reading.beside("pyproject.toml")]
    if reading.unreadable:
        return reading.contents(sources)
    metadata = reading.table(document.get("metadata"), reading.line("metadata"), path, "'metadata'")
    stated = metadata.get("lock-version")
    if not reading.known_format(stated, reading.line("metadata", "lock-version"), KNOWN):
        return reading.contents(sources)
    files = _files(reading, metadata)
    for line, entry in reading.entries(document, "package"):
        name = reading.name(entry, line)
        source = reading.table(entry.get("source"), line, name or path, "'source'")
        if name and source.get("url") != ".":
            reading.packages.append(_package(reading, entry, line, name, files))
    at = reading.line("metadata", "python-versions")
    requires = reading.text(metadata.get("python-versions"), at, path, "'python-versions'")
    return reading.contents(sources, requires_python="" if requires == "*" else requires)


def _files(reading: Reading, metadata: dict[str, Any]) -> dict[str, list[object]]:
    """Give the hashes that lock-version 1.x and its forerunner keep apart from the packages, by name."""
    line, subject = reading.line("metadata", "files"), reading.path
    found: dict[str, list[object]] = {}
    for name, files in reading.table(metadata.get("files"), line, subject, "'metadata.files'").items():
        tables = reading.tables(files, line, name, "'metadata.files'")
        found[canonicalize_name(name)] = [file.get("hash") for file in tables]
    line = reading.line("metadata", "hashes")
    for name, digests in reading.table(metadata.get("hashes"), line, subject, "'metadata.hashes'").items():
        texts = reading.texts(digests, line, name, "'metadata.hashes'")
        found[canonicalize_name(name)] = [f"sha256:{digest}" for digest in texts]
    return found


def _package(
    reading: Reading, entry: dict[str, Any], line: int, name: str, files: Mapping[str, list[object]]
) -> LockedPackage:
    own = [file.get("hash") for file in reading.tables(entry.get("files"), line, name, "'files'")]
    return LockedPackage(
        name=name,
        version=reading.version(entry.get("version"), line, name, "an unknown source"),
        line=line,
        marker=_marker(reading, entry, line, name),
        hashes=reading.hashes(own or files.get(name, []), line, name),
        needs=tuple(_needs(reading, entry, line, name)),
    )


def _marker(reading: Reading, entry: dict[str, Any], line: int, name: str) -> str:
    """Give the marker; lock-version 2.1 may state one for each group, and a group that has none is not restricted."""
    markers = entry.get("markers", entry.get("marker"))
    if not isinstance(markers, dict):
        return reading.text(markers, line, name, "'markers'")
    groups = reading.texts(entry.get("groups"), line, name, "'groups'") or list(markers)
    return either(reading.text(markers.get(group), line, name, "a marker") for group in groups)


def _needs(reading: Reading, entry: dict[str, Any], line: int, name: str) -> Iterator[Need]:
    """Give what it depends on whatever extras are asked for; whether one asks for those the lock does not say."""
    for other, wanted in reading.table(entry.get("dependencies"), line, name, "'dependencies'").items():
        asked = need(other)
        choices = wanted if isinstance(wanted, list) else [wanted]
        tables = [choice for choice in choices if isinstance(choice, dict)]
        if asked is None or not all(isinstance(choice, dict | str) for choice in choices):
            reading.objects(line, name, f"its dependency {shown(other)} is not understood")
        elif not choices or len(tables) < len(choices) or not all(table.get("optional") is True for table in tables):
            extras = [reading.texts(table.get("extras"), line, name, "the extras of a dependency") for table in tables]
            yield Need(name=asked.name, extras=names(extra for some in extras for extra in some))
