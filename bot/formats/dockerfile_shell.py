"""What a RUN does with the files of its stage: which requirement files it installs, copies and overwrites.

Nothing is executed: a path that only the shell knows stands for nothing. A command in a branch (`if`, `||`) counts,
since what it installs is installed in this image wherever it is installed at all.
"""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from bot.formats import pip_installs, shell_commands
from bot.formats.dockerfile_arguments import UNSET, Scope, Value
from bot.formats.dockerfile_heredocs import is_json_form
from bot.formats.dockerfile_words import Traced
from bot.formats.image_files import StageFiles, absolute

SHELLS = frozenset({"sh", "bash", "dash", "ash", "zsh"})
EXPORTS = frozenset({"export", "declare", "local", "readonly", "typeset"})
COPIES = frozenset({"cp", "mv", "ln", "install"})
COMMAND_OPTION = re.compile(r"-[a-zA-Z]*c")
DOCUMENT = re.compile(r"[0-9]*<<-?(?:'[^']*'|\"[^\"]*\"|[^\s<>'\"])+")
DEEPEST = 3
MOST_SCRIPTS = 50  # inner scripts of one RUN; without an end, one that runs itself costs its length to the third power
UNKNOWN = Value(text=UNSET, missing=("only the shell knows it",))


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A requirement file of the repository that is installed, and the Python that the command names ("" for none)."""

    file: str
    python: str


@dataclass(slots=True, kw_only=True)
class Shell:
    """A shell in a stage; `found` is what it installed, `lost` counts plain paths at which nothing is known."""

    files: StageFiles
    scope: Scope
    folder: str | None
    found: list[Found] = field(default_factory=list)
    lost: int = 0
    scripts: int = 0

    def run(self, body: str, documents: Sequence[str]) -> None:
        """Take the body of a RUN without its flags: the shell form, the exec form, or a here-document."""
        if is_json_form(body):
            self._command(json.loads(body), 0)
            return
        script = _document(body, documents) if documents else body
        self._script(script, 0)

    def _script(self, script: str, depth: int) -> None:
        outer: list[str | None] = []
        for part in shell_commands.commands(script):
            if isinstance(part, shell_commands.Command):
                self._command([self._expanded(word) for word in part.words], depth)
                self._overwrite(self._expanded(word) for word in part.writes)
            elif part.opens:
                outer.append(self.folder)
            else:
                self.folder = outer.pop() if outer else self.folder

    def _expanded(self, word: str) -> str:
        """Substitute variables and take off quotes; what is not known leaves a mark that no path has."""
        try:
            value = self.scope.expand(Traced(text=word, at=tuple(range(len(word)))))
        except ValueError:
            return UNSET
        return UNSET + value.text if value.missing else value.text

    def _command(self, words: Sequence[str], depth: int) -> None:
        assigned = words[1:] if words and words[0] in EXPORTS else words
        if all(pip_installs.ASSIGNMENT.match(word) for word in assigned):
            self._assign(assigned)
            return
        name, rest = words[0].rpartition("/")[2], words[1:]
        if name in {"cd", "pushd"}:
            self.folder = self._path(rest[0]) if rest and rest[0] != "-" else None
        elif name == "popd":
            self.folder = None
        elif name in {"for", "read"}:
            self.scope.values.update(dict.fromkeys(rest, UNKNOWN))
        elif name in COPIES:
            self._copy([word for word in rest if not word.startswith("-")])
        elif name in SHELLS:
            self._inner(rest, depth)
        else:
            self._install(words)

    def _assign(self, words: Sequence[str]) -> None:
        for word in words:
            name, _, text = word.partition("=")
            self.scope.values[name] = UNKNOWN if UNSET in text or "$(" in text or "`" in text else Value(text=text)

    def _inner(self, rest: Sequence[str], depth: int) -> None:
        """Take `sh -c SCRIPT`; what it changes for itself is undone behind it."""
        at = next((at for at, word in enumerate(rest) if COMMAND_OPTION.fullmatch(word)), None)
        if at is None or depth >= DEEPEST or not rest[at + 1 :] or self.scripts >= MOST_SCRIPTS:
            return
        self.scripts += 1
        folder = self.folder
        self._script(rest[at + 1], depth + 1)
        self.folder = folder

    def _copy(self, operands: Sequence[str]) -> None:
        """Take `cp FROM TO`; what is copied otherwise is not followed."""
        if len(operands) != 2:  # noqa: PLR2004 - two operands say what the sentence above says
            return
        source, target = (self._path(word) for word in operands)
        file = self.files.file(source) if source else None
        if target and file:
            self.files.copy(file, target, into=operands[1].endswith("/"))
        elif target:
            self.files.hide(target, operands[0].rpartition("/")[2])

    def _overwrite(self, words: Iterable[str]) -> None:
        for word in words:
            if path := self._path(word):
                self.files.hide(path)

    def _install(self, words: Sequence[str]) -> None:
        wanted = pip_installs.read(words)
        for name in wanted.files if wanted else ():
            path = self._path(name)
            file = self.files.file(path) if path else None
            if file:
                self.found.append(Found(file=file, python=wanted.python if wanted else ""))
            self.lost += path is not None and file is None

    def _path(self, word: str) -> str | None:
        """Resolve a path; None where it is not plain."""
        return None if UNSET in word or word.startswith("~") else absolute(self.folder, word)


def _document(body: str, documents: Sequence[str]) -> str:
    """Give the script of a RUN with here-documents: the first one where a shell reads it, else the command itself."""
    words = DOCUMENT.sub(" ", body).split()
    shell = not words or (words[0].rpartition("/")[2] in SHELLS and all(word.startswith("-") for word in words[1:]))
    if not shell:
        return body
    first = documents[0].partition("\n")[0]
    foreign = first.startswith("#!") and not any(first.rstrip().endswith(name) for name in SHELLS)
    return "" if foreign and not words else documents[0]
