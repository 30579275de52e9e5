"""Source files of locks (`requirements.in`, `constraints.txt`, pyproject.toml): text to values.

The line syntax is pip's requirements file format (pip documentation, "Requirements File Format").
"""

import re
import tomllib
from dataclasses import dataclass
from typing import Any

from packaging.requirements import InvalidRequirement
from packaging.requirements import Requirement as Parsed
from packaging.utils import canonicalize_name

from bot.formats.compile_command import inside
from bot.model.findings import Unreadable
from bot.model.locks import Requirement

COMMENT = re.compile(r"(^|\s+)#.*$")
INCLUDE = re.compile(r"^(?:-r|-c|--requirement|--constraint)(?:\s+|\s*=\s*)?(?P<path>\S.*)$")
INDEX = re.compile(r"^(?:-i|--index-url|--extra-index-url)(?:\s+|\s*=\s*)(?P<url>\S+)$")
HARMLESS = re.compile(r"^--(?:pre|prefer-binary|no-binary|only-binary|require-hashes|use-feature)\b")
NO_LINES = (".toml", ".py", ".cfg")  # sources that are no requirements files
EGG = re.compile(r"#egg=(?P<name>[A-Za-z0-9._-]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One logical line of a source, continuation lines joined; `number` is where it begins, from 1."""

    number: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RequirementFile:
    """A source: its direct requirements, the files that it includes, and the index addresses that it names.

    `paths` are requirements on files and folders (`-e .`, `./lib`), which need more of the repository than texts.
    """

    requirements: tuple[Requirement, ...] = ()
    includes: tuple[str, ...] = ()
    indexes: tuple[tuple[int, str], ...] = ()
    refused: tuple[tuple[int, str], ...] = ()
    paths: tuple[str, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()


def parse(path: str, text: str) -> RequirementFile:
    """Read one source; what is not understood is an Unreadable row with its line, never dropped."""
    if path.endswith(".toml"):
        return _project(path, text)
    if path.endswith((".py", ".cfg")):
        return RequirementFile(refused=((1, f"{path} would have to be executed to learn what it requires"),))
    directory = path.rpartition("/")[0]
    rows = [_row(path, directory, line) for line in logical_lines(text)]
    return _gather(rows)


def logical_lines(text: str) -> tuple[Line, ...]:
    """Join continuation lines and strip comments and a byte order mark, as pip does."""
    lines: list[Line] = []
    held: list[str] = []
    start = 1
    for number, raw in enumerate(text.removeprefix("\ufeff").splitlines(), 1):
        if not held:
            start = number
        comment = raw.lstrip().startswith("#")
        if raw.endswith("\\") and not comment:
            held.append(raw[:-1])
            continue
        whole = COMMENT.sub("", "".join([*held, "" if comment and held else raw])).strip()
        held = []
        if whole:
            lines.append(Line(number=start, text=whole))
    if held and (whole := COMMENT.sub("", "".join(held)).strip()):
        lines.append(Line(number=start, text=whole))
    return tuple(lines)


def line_of_include(path: str, text: str, included: str) -> int:
    """Give the line, from 1, on which a source includes a file of the repository; 1 where it does not."""
    directory = path.rpartition("/")[0]
    for line in () if path.endswith(NO_LINES) else logical_lines(text):
        found = INCLUDE.match(line.text)
        if found and inside(directory, found["path"].strip()) == included:
            return line.number
    return 1


def index_lines(path: str, text: str) -> tuple[tuple[str, str], ...]:
    """Give the package indexes that a source names, as (`--index-url` or `--extra-index-url`, address)."""
    lines = () if path.endswith(NO_LINES) else logical_lines(text)
    found = ((line.text, INDEX.match(line.text)) for line in lines)
    return tuple(
        ("--extra-index-url" if line.startswith("--extra") else "--index-url", match["url"])
        for line, match in found
        if match
    )


def _row(path: str, directory: str, line: Line) -> RequirementFile:
    if found := INCLUDE.match(line.text):
        included = inside(directory, found["path"].strip())
        if included is None:
            return RequirementFile(refused=((line.number, f"{line.text}: outside the repository"),))
        return RequirementFile(includes=(included,))
    if found := INDEX.match(line.text):
        return RequirementFile(indexes=((line.number, found["url"]),))
    if line.text.startswith("--") and not line.text.startswith("--editable"):
        kept = HARMLESS.match(line.text)
        return RequirementFile() if kept else RequirementFile(refused=((line.number, line.text.split()[0]),))
    return _requirement(path, directory, line)


def _requirement(path: str, directory: str, line: Line) -> RequirementFile:
    text = re.sub(r"^(?:-e|--editable)[\s=]+", "", line.text)
    text = re.split(r"\s--[a-z]", text)[0].strip()
    try:
        parsed = Parsed(text)
    except InvalidRequirement as error:
        if text.startswith((".", "/", "file:")) or text != line.text:
            return _path(path, directory, line, text)
        if "://" in text and (egg := EGG.search(text)):
            return RequirementFile(requirements=(_direct(path, line, egg["name"], ""),))
        why = str(error).splitlines()[0]
        return RequirementFile(unreadable=(Unreadable(path=path, line=line.number, subject=line.text, why=why),))
    return RequirementFile(requirements=(_direct(path, line, parsed.name, str(parsed.specifier)),))


def _path(path: str, directory: str, line: Line, text: str) -> RequirementFile:
    if "://" in text and not text.startswith("file:"):
        egg = EGG.search(text)
        return RequirementFile(requirements=(_direct(path, line, egg["name"], ""),) if egg else ())
    local = inside(directory, re.sub(r"\[[^]]*\]$", "", text.removeprefix("file:")))
    if local is None:
        return RequirementFile(refused=((line.number, f"{line.text}: outside the repository"),))
    return RequirementFile(paths=(local,))


def _direct(path: str, line: Line, name: str, specifier: str) -> Requirement:
    return Requirement(
        name=canonicalize_name(name), specifier=specifier, path=path, line=line.number, text=line.text.split(" #")[0]
    )


def _project(path: str, text: str) -> RequirementFile:
    """Read PEP 621 dependencies, optional dependencies and dependency groups (PEP 735) of a pyproject.toml."""
    try:
        project = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return RequirementFile(unreadable=(Unreadable(path=path, line=0, subject=path, why=str(error)),))
    table = _table(project.get("project"))
    if "dependencies" in table.get("dynamic", []) or not table:
        return RequirementFile(refused=((1, f"{path} would have to be built to learn what it requires"),))
    wanted = [table.get("dependencies", [])]
    wanted += [*_table(table.get("optional-dependencies")).values(), *_table(project.get("dependency-groups")).values()]
    rows = [
        _requirement(path, "", Line(number=_line_of(text, entry), text=entry))
        for group in wanted
        if isinstance(group, list)
        for entry in group
        if isinstance(entry, str)
    ]
    return _gather(rows)


def _table(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _line_of(text: str, entry: str) -> int:
    position = text.find(entry)
    return text.count("\n", 0, position) + 1 if position >= 0 else 1


def _gather(rows: list[RequirementFile]) -> RequirementFile:
    return RequirementFile(
        requirements=tuple(item for row in rows for item in row.requirements),
        includes=tuple(item for row in rows for item in row.includes),
        indexes=tuple(item for row in rows for item in row.indexes),
        refused=tuple(item for row in rows for item in row.refused),
        paths=tuple(item for row in rows for item in row.paths),
        unreadable=tuple(item for row in rows for item in row.unreadable),
    )
