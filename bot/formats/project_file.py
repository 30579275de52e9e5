"""pyproject.toml as a source: PEP 621 dependencies and extras, PEP 735 groups, and what setuptools reads from files.

pip-compile reads static metadata itself and builds the project where something is dynamic, which runs code; a
project whose dependencies come from plain files by setuptools' own rule is told apart from those.
"""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from packaging.requirements import InvalidRequirement
from packaging.requirements import Requirement as Parsed
from packaging.utils import canonicalize_name

from bot.formats import requirement_words, toml_lines
from bot.formats.compile_command import inside
from bot.formats.requirement_source import Build, RequirementFile, Where, gather
from bot.formats.toml_lines import Path
from bot.model.findings import Unreadable

DEEPEST = 16  # steps of a TOML path whose line is wanted; hostile nesting shall not fill the memory
PLAIN_BUILDERS = frozenset({"setuptools", "wheel"})
EXTRAS = ("project", "optional-dependencies")
GROUPS = ("dependency-groups",)
FILES = ("tool", "setuptools", "dynamic")


def parse(path: str, text: str) -> RequirementFile:
    """Read a pyproject.toml; see requirement_file.parse."""
    try:
        document, lines = tomllib.loads(text), toml_lines.lines(text, deepest=DEEPEST)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        why = str(error) or "too deeply nested"
        return RequirementFile(unreadable=(Unreadable(path=path, line=0, subject=path, why=why),))
    project = _Project(path=path, document=document, lines=lines)
    return gather(list(project.rows()))


@dataclass(slots=True, kw_only=True)
class _Project:
    """A project file while it is read.

    `open` are the groups that are being followed, `done` those that count already for the outermost extra or group.
    """

    path: str
    document: dict[str, Any]
    lines: dict[Path, int]
    open: list[str] = field(default_factory=list)
    done: set[str] = field(default_factory=set)

    def rows(self) -> Iterator[RequirementFile]:
        yield from self._judged()
        yield from self._listed(("project", "dependencies"), "")
        for name in _table(self._at(EXTRAS)):
            self.done.clear()
            yield from self._extra(name, f"extra:{canonicalize_name(name)}")
        yield from self._groups()
        yield from self._from_files()

    def _judged(self) -> Iterator[RequirementFile]:
        """Say what of it only a build could tell."""
        project = self._at(("project",))
        if not isinstance(project, dict):
            if isinstance(self._at(("tool", "poetry", "dependencies")), dict):
                where = self._where(("tool", "poetry", "dependencies"))
                yield where.refused(
                    f"{self.path} lists its dependencies for Poetry, which would have to be run to read them"
                )
            else:
                yield self._built(("project",))
        elif not isinstance(project.get("name"), str):
            yield self._built(("project",))
        elif dynamic := sorted({"dependencies", "optional-dependencies"} & set(self._dynamic())):
            if any(self._dynamic_files(name) is None for name in dynamic) or not self._plain():
                yield self._built(("project", "dynamic"))
            else:
                why = f"{self.path} is built by setuptools to learn its dynamic dependencies; list them in [project]"
                build = Build(line=self._line(("project", "dynamic")), text=self.path, why=why)
                yield RequirementFile(builds=(build,))

    def _built(self, at: Path) -> RequirementFile:
        where = self._where(at)
        why = f"{self.path} would have to be built to learn what it requires"
        return gather([where.refused(why), RequirementFile(builds=(Build(line=where.line, text=self.path, why=why),))])

    def _dynamic(self) -> list[str]:
        listed = self._at(("project", "dynamic"))
        return [name for name in listed if isinstance(name, str)] if isinstance(listed, list) else []

    def _plain(self) -> bool:
        """Say whether nothing but setuptools takes part in a build."""
        system = _table(self._at(("build-system",)))
        requires = system.get("requires", [])
        names = {_name(each) for each in requires} if isinstance(requires, list) else {""}
        backend = system.get("build-backend", "setuptools.build_meta")
        return names <= PLAIN_BUILDERS and backend == "setuptools.build_meta" and "backend-path" not in system

    def _dynamic_files(self, name: str) -> list[tuple[str, Path]] | None:
        """Give the files of a dynamic field with the places that name them; None where something else gives it."""
        table = _table(self._at((*FILES, name)))
        if name == "dependencies":
            return self._files((*FILES, name), table)
        found: list[tuple[str, Path]] = []
        for extra, inner in table.items():
            files = self._files((*FILES, name, extra), _table(inner))
            if files is None:
                return None
            found += files
        return found if table else None

    def _files(self, at: Path, table: dict[str, Any]) -> list[tuple[str, Path]] | None:
        named = table.get("file")
        if isinstance(named, str):
            return [(named, (*at, "file"))]
        if isinstance(named, list) and named and all(isinstance(each, str) for each in named):
            return [(each, (*at, "file", index)) for index, each in enumerate(named)]
        return None

    def _from_files(self) -> Iterator[RequirementFile]:
        for name in ("dependencies", "optional-dependencies"):
            for written, at in (self._dynamic_files(name) or ()) if name in self._dynamic() else ():
                where = self._where(at)
                local = inside(where.directory, written)
                if local is None:
                    yield where.refused(f"{written}: outside the repository")
                    continue
                extra = f"extra:{canonicalize_name(str(at[len(FILES) + 1]))}" if name.startswith("optional") else ""
                yield RequirementFile(includes=(local,), grouped=((local, extra),) if extra else ())

    def _extra(self, name: str, group: str) -> Iterator[RequirementFile]:
        """Read an extra; where it names the project's own extras, theirs count for it too."""
        if name not in self.done:
            self.done.add(name)
            yield from self._listed((*EXTRAS, name), group)

    def _listed(self, at: Path, group: str) -> Iterator[RequirementFile]:
        listed = self._at(at)
        if listed is not None and not isinstance(listed, list):
            yield self._where(at).unreadable(str(at[-1]), "it must be a list of requirements")
        for index, entry in enumerate(listed if isinstance(listed, list) else ()):
            where = self._where((*at, index), group)
            if not isinstance(entry, str):
                yield where.unreadable(str(entry)[:80], "a requirement must be a text")
            elif (own := self._own_extras(entry)) is not None:
                for name in own:
                    yield from self._extra(name, group)
            else:
                yield requirement_words.read(where, entry)

    def _own_extras(self, entry: str) -> list[str] | None:
        """Give the extras of the project itself that an entry names; None where it names something else."""
        try:
            parsed = Parsed(entry)
        except InvalidRequirement:
            return None
        own = self._at(("project", "name"))
        if not isinstance(own, str) or canonicalize_name(parsed.name) != canonicalize_name(own):
            return None
        wanted = {canonicalize_name(extra) for extra in parsed.extras}
        return [name for name in _table(self._at(EXTRAS)) if canonicalize_name(name) in wanted]

    def _groups(self) -> Iterator[RequirementFile]:
        for name in _table(self._at(GROUPS)):
            self.done.clear()
            yield from self._group(name, f"group:{canonicalize_name(name)}")

    def _group(self, name: str, group: str) -> Iterator[RequirementFile]:
        at = (*GROUPS, name)
        listed = self._at(at)
        if not isinstance(listed, list):
            yield self._where(at).unreadable(name, "a dependency group must be a list")
            return
        self.open.append(name)
        self.done.add(name)
        for index, entry in enumerate(listed):
            where = self._where((*at, index), group)
            if isinstance(entry, str):
                yield requirement_words.read(where, entry)
            elif isinstance(entry, dict) and entry.keys() == {"include-group"}:
                yield from self._included(where, str(entry["include-group"]))
            else:
                yield where.unreadable(
                    str(entry)[:80], "a dependency group holds requirements and include-group tables"
                )
        self.open.pop()

    def _included(self, where: Where, wanted: str) -> Iterator[RequirementFile]:
        names = [name for name in _table(self._at(GROUPS)) if canonicalize_name(name) == canonicalize_name(wanted)]
        if not names:
            yield where.unreadable(wanted, f"there is no dependency group {wanted}")
        elif names[0] in self.open:
            yield where.unreadable(wanted, f"the dependency group {wanted} includes itself")
        elif names[0] not in self.done:
            yield from self._group(names[0], where.group)

    def _at(self, path: Path) -> Any:
        """Give the value at a path of keys, None where there is none."""
        value: Any = self.document
        for key in path:
            value = value.get(key) if isinstance(value, dict) else None
        return value

    def _where(self, at: Path, group: str = "") -> Where:
        return Where(path=self.path, line=self._line(at), group=group)

    def _line(self, at: Path) -> int:
        while at and at not in self.lines:
            at = at[:-1]
        return self.lines.get(at, 1)


def _table(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _name(entry: object) -> str:
    try:
        return canonicalize_name(Parsed(str(entry)).name)
    except InvalidRequirement:
        return ""
