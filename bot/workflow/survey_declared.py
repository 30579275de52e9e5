"""Locks that a repository describes itself: `[[locks]]` of its `.quarterdeck.toml`."""

import json
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from bot.formats import compile_command
from bot.formats.compile_command import CompileCommand
from bot.formats.compile_layout import placed, ran_in
from bot.model.locks import WRITTEN, LockerName


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """One `[[locks]]` table, at `line` of `file`; paths are relative to the repository, `options` are words."""

    path: str
    sources: tuple[str, ...]
    file: str
    line: int
    locker: LockerName = LockerName.PIP_TOOLS
    options: tuple[str, ...] = ()
    python: str | None = None

    @property
    def place(self) -> str:
        """Where it stands: `.quarterdeck.toml:4`."""
        return f"{self.file}:{self.line}"


def command_of(declared: Declared, text: str, files: AbstractSet[str]) -> CompileCommand | str:
    """Give the command that compiles a described lock, to be run where its annotations say; else what is missing."""
    if declared.locker not in WRITTEN:
        return f"[[locks]] names the locker {declared.locker}, whose locks need no sources or options; drop the table"
    if gone := [source for source in declared.sources if source not in files]:
        return f"[[locks]] names the source {', '.join(gone)}, which is not in the repository"
    command = compile_command.of_words(declared.locker, declared.options, declared.place)
    if gone := [f"{path} ({option})" for option, path in command.paths if path not in files]:
        return f"[[locks]] names {', '.join(gone)}, which is not in the repository"
    return placed(command, declared.path, declared.sources, ran_in(declared.path, text, declared.sources) or "")


def suggestion(path: str, locker: LockerName, files: AbstractSet[str]) -> str:
    """Give the line for `.quarterdeck.toml` that describes a lock; SOURCE.in stands for what nobody can guess."""
    folder = path.rpartition("/")[0]
    near = sorted(file for file in files if file.endswith(".in") and file.rpartition("/")[0] == folder)
    source = near[0] if len(near) == 1 else f"{folder}/SOURCE.in".lstrip("/")
    by = "" if locker is LockerName.PIP_TOOLS else f', locker = "{locker}"'
    return f"locks = [{{ path = {json.dumps(path)}, sources = [{json.dumps(source)}]{by} }}]"
