"""Which locks a Dockerfile installs, in which image: from COPY to `pip install -r`, as far as it is plain.

Rules: the Dockerfile reference. The build context is not written anywhere: it is the folder, among the Dockerfile's
own and those above it, that has most of what the Dockerfile copies and installs; the nearest of equals.
"""

import json
import posixpath
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from bot.formats.dockerfile import LONGEST_FILE, image_uses
from bot.formats.dockerfile_arguments import UNSET, Scope
from bot.formats.dockerfile_heredocs import is_json_form
from bot.formats.dockerfile_lines import Instruction, Reading, read
from bot.formats.dockerfile_shell import Shell
from bot.formats.dockerfile_words import Traced, assignments, flag_values, flags, mount_fields, quoted_words
from bot.formats.image_files import Context, Paths, Place, StageFiles, absolute
from bot.model.images import ImageUse, Install

HERE = frozenset({".", ".."})
MOST_CONTEXTS = 12


def installs(path: str, text: str, paths: Paths) -> tuple[Install, ...]:
    """Give every instruction that installs a requirement file of the repository, in the order of the lines.

    `paths` are the repository's. What is not plain (a path that only the shell knows, a file that the build makes)
    gives nothing. Never raises, whatever the text is.
    """
    if len(text) > LONGEST_FILE:
        return ()
    reading = read(text)
    uses = {use.line: use for use in image_uses(path, text)[0]}
    walks = [_Walk.through(path, reading, uses, Context(folder=folder, paths=paths)) for folder in _above(path)]
    return tuple(dict.fromkeys(min(walks, key=lambda walk: walk.context.missing).found))


def _above(path: str) -> list[str]:
    """Give the folders of a file, the nearest first, the root last; of a very deep one only the nearest."""
    folders = [path.rpartition("/")[0]]
    while folders[-1] and len(folders) < MOST_CONTEXTS:
        folders.append(folders[-1].rpartition("/")[0])
    return folders


@dataclass(slots=True, kw_only=True)
class _Stage:
    """A stage at the instruction that was read last; `fixed` are names that ENV set, which no ARG changes."""

    name: str
    base: ImageUse | None
    scope: Scope
    files: StageFiles
    folder: str | None = "/"
    fixed: set[str] = field(default_factory=set)

    def child(self, name: str) -> "_Stage":
        """Begin a stage on top of this one."""
        return replace(
            self, name=name, scope=_copied(self.scope, self.scope.escape), files=self.files.fork(), fixed={*self.fixed}
        )

    def expanded(self, word: Traced) -> str | None:
        """Substitute variables; None where the word is not plain."""
        try:
            value = self.scope.expand(word)
        except ValueError:
            return None
        return None if value.missing or UNSET in value.text else value.text


@dataclass(slots=True, kw_only=True)
class _Walk:
    """One way through a Dockerfile, for one build context."""

    path: str
    uses: dict[int, ImageUse]
    context: Context
    outer: Scope
    stages: list[_Stage] = field(default_factory=list)
    found: list[Install] = field(default_factory=list)

    @classmethod
    def through(cls, path: str, reading: Reading, uses: dict[int, ImageUse], context: Context) -> "_Walk":
        """Walk through a whole file."""
        walk = cls(path=path, uses=uses, context=context, outer=Scope(escape=reading.escape))
        for step in reading.instructions:
            walk.take(step)
        return walk

    def take(self, step: Instruction) -> None:
        """Take one instruction."""
        if step.keyword == "FROM":
            self._from(step)
        elif self.stages:
            self._inside(self.stages[-1], step)
        elif step.keyword == "ARG":
            for name, default in assignments(step.body, self.outer.escape):
                self.outer.declare(name, default)

    def _from(self, step: Instruction) -> None:
        words = flags(step.body)[1].split()
        name = words[2].text.lower() if len(words) > 2 else ""  # noqa: PLR2004 - FROM image AS name
        try:
            asked = self.outer.expand(words[0]).text if words else ""
        except ValueError:
            asked = ""
        if parent := self._stage(asked, numbered=False):
            self.stages.append(parent.child(name))
            return
        stage = _Stage(
            name=name,
            base=self.uses.get(step.line),
            scope=Scope(escape=self.outer.escape),
            files=StageFiles(paths=self.context.paths),
        )
        self.stages.append(stage)

    def _stage(self, name: str, *, numbered: bool) -> _Stage | None:
        """Give an earlier stage by its name, or by its number; None for an image."""
        if numbered and name.isdecimal() and name.isascii():
            return self.stages[int(name)] if int(name) < len(self.stages) else None
        return next((stage for stage in reversed(self.stages) if name and stage.name == name.lower()), None)

    def _inside(self, stage: _Stage, step: Instruction) -> None:
        match step.keyword:
            case "ARG":
                self._arg(stage, step.body)
            case "ENV":
                _env(stage, step.body)
            case "WORKDIR":
                name = stage.expanded(step.body)
                stage.folder = absolute(stage.folder, name) if name else None
            case "COPY" | "ADD":
                self._copy(stage, step)
            case "RUN":
                self._run(stage, step)
            case _:
                pass

    def _arg(self, stage: _Stage, body: Traced) -> None:
        for name, default in assignments(body, stage.scope.escape):
            if name in stage.fixed:
                continue
            if name in self.outer.values and default is None:
                stage.scope.values[name] = self.outer.values[name]
            else:
                stage.scope.declare(name, default)

    def _copy(self, stage: _Stage, step: Instruction) -> None:
        found, rest = flags(step.body)
        words = [stage.expanded(word) for word in _arguments(rest, stage.scope.escape)]
        target = absolute(stage.folder, words[-1]) if words and words[-1] else None
        if target is None or words[-1] is None or flag_values(found, "parents"):
            return
        into = len(words) > 2 or words[-1].endswith("/") or posixpath.basename(words[-1]) in HERE  # noqa: PLR2004
        origins = [value.text for value in flag_values(found, "from") if value]
        for source in words[:-1]:
            if source is None:
                continue
            if origins:
                self._carry(stage, origins[0], source, target, into=into)
            elif source.startswith(("<<", "git@")) or "://" in source:
                stage.files.hide(target, posixpath.basename(source))
            else:
                self._from_context(stage, source, target, into=into)

    def _from_context(self, stage: _Stage, source: str, target: str, *, into: bool) -> None:
        sources = self.context.sources(source)
        for path in sources:
            stage.files.copy(path, target, into=into or len(sources) > 1)

    def _carry(self, stage: _Stage, origin: str, source: str, target: str, *, into: bool) -> None:
        """Copy from a stage; what comes from an image is not known."""
        whole = absolute("/", source) or "/"
        if other := self._stage(origin, numbered=True):
            stage.files.carry(other.files, whole, target, into=into)
        else:
            stage.files.hide(target, posixpath.basename(whole))

    def _run(self, stage: _Stage, step: Instruction) -> None:
        found, rest = flags(step.body)
        before = len(stage.files.places)
        files = stage.files.fork()
        for mount in flag_values(found, "mount"):
            if mount:
                self._mount(stage, files, dict(mount_fields(mount)))
        behind = len(files.places)
        shell = Shell(files=files, scope=_copied(stage.scope, "\\"), folder=stage.folder)
        shell.run(rest.text, step.documents)
        stage.files.places = files.places[:before] + files.places[behind:]
        self.context.missing += shell.lost
        self.found += [
            Install(path=self.path, line=step.line, lock=one.file, base=stage.base, python=one.python)
            for one in shell.found
        ]

    def _mount(self, stage: _Stage, files: StageFiles, fields: dict[str, Traced]) -> None:
        """Let a bind mount stand in the files of one RUN."""
        empty = Traced(text="", at=())
        if fields.get("type", empty).text not in {"", "bind"}:
            return
        written = next((fields[key] for key in ("target", "dst", "destination") if key in fields), empty)
        source = stage.expanded(fields.get("source", fields.get("src", empty)))
        where = stage.expanded(written)
        target = absolute(stage.folder, where) if where else None
        if target is None or source is None:
            return
        if origin := fields.get("from", empty).text:
            self._carry_mount(files, origin, source, target)
            return
        for path in self.context.sources(source):
            files.put(Place(at=target, source=path, folder=path in self.context.paths.folders))

    def _carry_mount(self, files: StageFiles, origin: str, source: str, target: str) -> None:
        if other := self._stage(origin, numbered=True):
            files.carry(other.files, absolute("/", source) or "/", target, into=False)


def _env(stage: _Stage, body: Traced) -> None:
    """Take `ENV A=b C=d`, or `ENV A b` of old."""
    found = assignments(body, stage.scope.escape)
    if found and found[0][1] is None:
        name, _, rest = body.text.partition(" ")
        found = ((name, body.cut(len(body.text) - len(rest)).stripped()),)
    for name, value in found:
        stage.fixed.add(name)
        stage.scope.declare(name, value)


def _arguments(rest: Traced, escape: str) -> Sequence[Traced]:
    """Split COPY's arguments: words, or a JSON list."""
    if not is_json_form(rest.text):
        return quoted_words(rest, escape)
    return [Traced(text=word, at=tuple(range(len(word)))) for word in json.loads(rest.text)]


def _copied(scope: Scope, escape: str) -> Scope:
    return Scope(escape=escape, values=dict(scope.values), declared=set(scope.declared))
