"""setup.cfg and setup.py as sources: what they say in so many words, never by running anything.

setup.cfg is setuptools' declarative format (user guide, "Configuring setuptools using setup.cfg files"). A compiler
builds the project to learn the same, which runs its code, so both are refused as sources and still read.
"""

import ast
import re
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from packaging.utils import canonicalize_name

from bot.formats import requirement_words, text_lines
from bot.formats.compile_command import inside
from bot.formats.requirement_source import Build, RequirementFile, Where, gather
from bot.formats.text_lines import Line
from bot.model.findings import Unreadable

SECTION = re.compile(r"\[(?P<name>.+)\]")
EXTRAS = "options.extras_require"


def parse_cfg(path: str, text: str) -> RequirementFile:
    """Read `install_requires` and `extras_require` of a setup.cfg; see requirement_file.parse."""
    rows = [_refused(path, "setuptools would have to be run to compile from it")]
    values = _values(text)
    if isinstance(values, int):
        why = "neither a section, an option nor a line that goes on with one"
        return RequirementFile(unreadable=(Unreadable(path=path, line=values, subject=path, why=why),))
    for (section, name), value in values.items():
        if (section, name) == ("options", "install_requires"):
            rows += _value(path, value, "")
        elif section == EXTRAS:
            rows += _value(path, value, f"extra:{canonicalize_name(name)}")
    return gather(rows)


def _refused(path: str, what: str, line: int = 1) -> RequirementFile:
    why = f"{path}: {what}; list the requirements in a .in file or under [project] in pyproject.toml instead"
    return RequirementFile(refused=((line, why),), builds=(Build(line=line, text=path, why=why),))


def _values(text: str) -> dict[tuple[str, str], list[Line]] | int:
    """Map (section, option) to the lines of its value, the first without the name; else give the line that is none.

    The rules are configparser's, which tells no lines.
    """
    found: dict[tuple[str, str], list[Line]] = {}
    section, depth = "", 0
    current: list[Line] = []
    for line in text_lines.split(text.removeprefix(text_lines.BOM)):
        stripped = line.text.strip()
        indent = len(line.text) - len(line.text.lstrip())
        equals = min((at for mark in "=:" if (at := stripped.find(mark)) > 0), default=0)
        if not stripped or stripped.startswith(("#", ";")):
            continue
        if indent > depth and current:
            current.append(line)
        elif header := SECTION.match(stripped):
            section, current = header["name"], []
        elif section and equals:
            first = Line(number=line.number, text=stripped[equals + 1 :], ending=line.ending)
            current = found[section, stripped[:equals].strip().lower()] = [first]
            depth = indent
        else:
            return line.number
    return found


def _value(path: str, lines: list[Line], group: str) -> Iterator[RequirementFile]:
    """Read a list: a requirement in each line, or parted by semicolons in a single one; or `file:` with names."""
    whole = "\n".join(line.text for line in lines).strip()
    if whole.startswith("file:"):
        where = Where(path=path, line=lines[0].number, group=group)
        for name in filter(None, map(str.strip, whole.removeprefix("file:").replace("\n", ",").split(","))):
            local = inside(where.directory, name)
            if local is None:
                yield where.refused(f"{name}: outside the repository")
            else:
                yield RequirementFile(includes=(local,), grouped=((local, group),) if group else ())
        return
    for line in lines:
        for entry in line.text.split(";") if len(lines) == 1 else [line.text]:
            if text := text_lines.cut_comment(entry)[0]:
                yield requirement_words.read(Where(path=path, line=line.number, group=group), text)


def parse_py(path: str, text: str) -> RequirementFile:
    """Read literal `install_requires` and `extras_require` of a setup.py; see requirement_file.parse."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what its author wrote is not ours to warn of
            tree = ast.parse(text.removeprefix(text_lines.BOM))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = (error.lineno or 0) if isinstance(error, SyntaxError) else 0
        why = f"it is no Python: {error}"
        return RequirementFile(unreadable=(Unreadable(path=path, line=line, subject=path, why=why),))
    script = _Script(path=path, names=_assigned(tree))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and _is_setup(node.func)]
    if not calls:
        return gather([script.refused(1, f"{path} would have to be executed to learn what it requires")])
    rows = [row for call in calls for keyword in call.keywords for row in script.keyword(keyword)]
    return gather([*rows, _refused(path, "it would have to be executed to compile from it")])


def _is_setup(node: ast.expr) -> bool:
    return (isinstance(node, ast.Name) and node.id == "setup") or (
        isinstance(node, ast.Attribute) and node.attr == "setup"
    )


def _assigned(tree: ast.Module) -> dict[str, ast.expr]:
    """Give what names of the module are assigned once, at its top level."""
    found: dict[str, list[ast.expr]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            found.setdefault(node.id, [])
    for node in tree.body:
        target = node.targets[0] if isinstance(node, ast.Assign) and len(node.targets) == 1 else None
        target = node.target if isinstance(node, ast.AnnAssign) else target
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(target, ast.Name) and node.value is not None:
            found[target.id].append(node.value)
    changed = _changed(tree)
    return {name: values[0] for name, values in found.items() if len(values) == 1 and name not in changed}


def _changed(tree: ast.Module) -> set[str]:
    """Give the names that are changed in place or bound more than once (`x += …`, `x.append(…)`, `x[…] = …`)."""
    bound: Counter[str] = Counter()
    changed: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            bound[node.id] += 1
        elif isinstance(node, ast.Attribute | ast.Subscript) and isinstance(node.value, ast.Name):
            changed.add(node.value.id)
    return changed | {name for name, count in bound.items() if count > 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Script:
    """A setup.py; `names` are what its module names literally stand for."""

    path: str
    names: dict[str, ast.expr]

    def keyword(self, keyword: ast.keyword) -> Iterator[RequirementFile]:
        """Read one argument of `setup(…)`; what is not literal is refused."""
        if keyword.arg is None:
            yield self.refused(keyword.value.lineno, "**: what setup() gets would have to be executed")
        elif keyword.arg == "install_requires":
            yield from self._list(keyword.value, "", keyword.arg)
        elif keyword.arg == "extras_require":
            yield from self._extras(keyword.value)

    def refused(self, line: int, why: str) -> RequirementFile:
        """Say that something would have to be executed."""
        return RequirementFile(refused=((line, why),), builds=(Build(line=line, text=self.path, why=why),))

    def _extras(self, node: ast.expr) -> Iterator[RequirementFile]:
        value = self._resolved(node)
        if not isinstance(value, ast.Dict):
            yield self._computed(value, "extras_require")
            return
        for key, listed in zip(value.keys, value.values, strict=True):
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                yield from self._list(listed, f"extra:{canonicalize_name(key.value)}", "extras_require")
            else:
                yield self._computed(key or listed, "extras_require")

    def _list(self, node: ast.expr, group: str, name: str) -> Iterator[RequirementFile]:
        value = self._resolved(node)
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            for offset, line in enumerate(value.value.split("\n")):
                if text := text_lines.cut_comment(line)[0]:
                    where = Where(path=self.path, line=value.lineno + offset, group=group)
                    yield requirement_words.read(where, text)
            return
        if not isinstance(value, ast.List | ast.Tuple):
            yield self._computed(value, name)
            return
        for each in value.elts:
            entry = self._resolved(each)
            if isinstance(entry, ast.Constant) and isinstance(entry.value, str):
                where = Where(path=self.path, line=entry.lineno, group=group)
                yield requirement_words.read(where, entry.value.strip())
            else:
                yield self._computed(entry, name)

    def _resolved(self, node: ast.expr) -> ast.expr:
        return self.names.get(node.id, node) if isinstance(node, ast.Name) else node

    def _computed(self, node: ast.expr, name: str) -> RequirementFile:
        return self.refused(node.lineno, f"{name} is computed, so {self.path} would have to be executed")
