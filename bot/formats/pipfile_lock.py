"""Pipfile.lock, pipfile-spec 6: JSON with one table for each category of packages (pipenv documentation)."""

import json
import re
from typing import Any

from bot.formats.lock_reading import TOO_DEEP, Contents, Reading, names, refused, shown
from bot.formats.locked_package import LockedPackage, Need
from bot.formats.toml_lines import Path

KNOWN = range(1, 7)
META = "_meta"
KINDS = ("git", "hg", "svn", "bzr", "path", "file")
OURS = (".", "./")
TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"(?P<key>\s*+:)?|[\[\]{}]|\n')
PINNED = re.compile(r"={2,3}\s*(?P<version>[^\s=].*)")
MINOR = re.compile(r"(\d\.\d+)(?:\.\d+)?")


def read(path: str, text: str) -> Contents:
    """Read the packages of every category; those that name an index are direct, of the others it is not known."""
    document, reading = _load(path, text)
    sources = [reading.beside("Pipfile")]
    if reading.unreadable:
        return reading.contents(sources)
    meta = reading.table(document.get(META), reading.line(META), path, f"'{META}'")
    stated = meta.get("pipfile-spec")
    if not reading.known_format(stated, reading.line(META, "pipfile-spec"), KNOWN):
        return reading.contents(sources)
    if not reading.stated and not document.keys() - {META}:
        reading.objects(0, path, "it states no format version and has no category of packages")
    for category, value in document.items():
        if category != META:
            table = reading.table(value, reading.line(category), path, f"category {shown(category)}")
            for name, entry in table.items():
                _entry(reading, name, entry, reading.line(category, name))
    line = reading.line(META, "requires")
    requires = reading.table(meta.get("requires"), line, path, "'requires'")
    stated = requires.get("python_full_version", requires.get("python_version"))
    wanted = reading.text(stated, line, path, "the version of Python")
    minor = MINOR.fullmatch(wanted)
    return reading.contents(sources, python=minor[1] if minor else "", requires_python="" if minor else wanted)


def _entry(reading: Reading, written: str, value: object, line: int) -> None:
    name = reading.name({"name": written}, line)
    if not name:
        return
    if not isinstance(value, dict):
        reading.objects(line, name, "its entry is no table")
    elif value.get("path") not in OURS:
        _package(reading, name, value, line)


def _package(reading: Reading, name: str, entry: dict[str, Any], line: int) -> None:
    if "index" in entry:
        reading.asked.append(("-r Pipfile", Need(name=name)))
    reading.packages.append(
        LockedPackage(
            name=name,
            version=_version(reading, entry, line, name),
            line=line,
            marker=reading.text(entry.get("markers"), line, name, "'markers'"),
            hashes=reading.hashes(reading.array(entry.get("hashes"), line, name, "'hashes'"), line, name),
            extras=names(reading.texts(entry.get("extras"), line, name, "'extras'")),
        )
    )


def _version(reading: Reading, entry: dict[str, Any], line: int, name: str) -> str:
    """Give the version of `==VERSION`; what pipenv did not resolve (`*`) is installed in any version."""
    version = entry.get("version")
    if isinstance(version, str):
        pinned = PINNED.fullmatch(version)
        if pinned is None:
            reading.objects(line, name, f"it is not pinned: its version is {shown(version)}")
            return ""
        version = pinned["version"]
    origin = next((kind for kind in KINDS if kind in entry), "an unknown source")
    return reading.version(version, line, name, origin)


def _load(path: str, text: str) -> tuple[dict[str, Any], Reading]:
    try:
        document = json.loads(text)
    except RecursionError:
        return {}, refused(path, 0, TOO_DEEP)
    except json.JSONDecodeError as error:
        return {}, refused(path, error.lineno, f"it is no JSON: {error.msg}")
    except ValueError as error:
        return {}, refused(path, 0, f"it is no JSON: {error}")
    if not isinstance(document, dict):
        return {}, refused(path, 1, "it is no JSON object")
    return document, Reading(path=path, lines=_lines(text))


def _lines(text: str) -> dict[Path, int]:
    """Find the lines of the keys of the document and of the tables right in it."""
    found: dict[Path, int] = {}
    line, depth, section = 1, 0, ""
    for token in TOKEN.finditer(text):
        match token[0][0]:
            case "\n":
                line += 1
            case "{" | "[":
                depth += 1
            case "}" | "]":
                depth -= 1
            case _:
                if token["key"] and depth == 1:
                    section = _key(token)
                    found[section,] = line
                elif token["key"] and depth == 2:  # noqa: PLR2004
                    found[section, _key(token)] = line
                line += token[0].count("\n")
    return found


def _key(token: re.Match[str]) -> str:
    return str(json.loads(token[0][: token.start("key") - token.start()]))
