"""conda-lock.yml, version 1: one entry for each package and platform (conda-lock, `lockfile/v1/models.py`).

Packages that pip installs are PyPI's and become pins. The names of conda's packages are another ecosystem.
"""

import posixpath
import re
from typing import Any

from bot.formats.compile_command import inside
from bot.formats.lock_reading import Contents, Reading, need, refused, shown
from bot.formats.locked_package import LockedPackage
from bot.model.findings import Unreadable

KNOWN = range(1, 2)
MINOR = re.compile(r"(\d\.\d+)(?:\..*)?")


def read(path: str, text: str) -> Contents:
    """Read the packages that pip installs, say how many conda installs, and take Python from those."""
    document, reading = _load(path, text)
    if reading.unreadable:
        return reading.contents([reading.beside("environment.yml")])
    folder = posixpath.dirname(path)
    metadata = reading.table(document.get("metadata"), reading.line("metadata"), path, "'metadata'")
    written = reading.texts(metadata.get("sources"), reading.line("metadata", "sources"), path, "'sources'")
    sources = [found for source in written if (found := inside(folder, source))]
    sources = sources or [reading.beside("environment.yml")]
    if not reading.known_format(document.get("version"), reading.line("version"), KNOWN):
        return reading.contents(sources)
    passed: set[str] = set()
    pythons: set[str] = set()
    for line, entry in reading.entries(document, "package"):
        if name := reading.name(entry, line):
            match entry.get("manager"):
                case "pip":
                    reading.packages.append(_package(reading, entry, line, name))
                case "conda":
                    passed.add(name)
                    pythons |= _minor(entry) if name == "python" else set()
                case other:
                    reading.objects(line, name, f"its manager is {shown(other)}, neither pip nor conda")
    if passed:
        why = f"{len(passed)} conda packages are not looked at: only what pip installs is matched with advisories"
        reading.unreadable.insert(0, Unreadable(path=path, line=0, subject=path, why=why))
    return reading.contents(sources, python=pythons.pop() if len(pythons) == 1 else "")


def _load(path: str, text: str) -> tuple[dict[str, Any], Reading]:
    from bot.formats import yaml_lines  # noqa: PLC0415 - only conda's locks are YAML

    try:
        document, lines = yaml_lines.load(text)
    except yaml_lines.NotPlain as error:
        return {}, refused(path, error.line, str(error))
    if not isinstance(document, dict):
        return {}, refused(path, 0, "it is no YAML mapping")
    return document, Reading(path=path, lines=lines)


def _minor(entry: dict[str, Any]) -> set[str]:
    version = entry.get("version")
    found = MINOR.fullmatch(version) if isinstance(version, str) else None
    return {found[1]} if found else set()


def _package(reading: Reading, entry: dict[str, Any], line: int, name: str) -> LockedPackage:
    digest = reading.table(entry.get("hash"), line, name, "'hash'").get("sha256")
    wanted = reading.table(entry.get("dependencies"), line, name, "'dependencies'")
    return LockedPackage(
        name=name,
        version=reading.version(entry.get("version"), line, name, "pip"),
        line=line,
        hashes=reading.hashes([f"sha256:{digest}" if isinstance(digest, str) else digest], line, name),
        needs=tuple(found for other in wanted if (found := need(other))),
    )
