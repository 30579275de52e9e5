"""What a repository says of itself: `.quarterdeck.toml`, or `[tool.quarterdeck]` in its pyproject.toml.

Whoever can push to a repository writes this, so it can only say how the repository itself is treated: never
hosts, credentials, commands, or paths outside the repository.
"""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from bot.formats import compile_command
from bot.model.locks import WRITTEN, LockerName
from bot.model.policy import Policy
from bot.settings import keys, texts
from bot.settings.kinds import Flag, Key, ListOf, Schema, Table, words
from bot.settings.mistakes import Notes, Place, kind_of, plain
from bot.settings.reading import ROOT, complain, document, merged
from bot.settings.values import ImagesSettings, LockSettings, RepositoryFile

OPERATORS = "a repository can never set hosts, credentials, commands or paths outside itself; the operator does"
NEVER = frozenset({
    "cert", "command", "commands", "constraint", "credentials", "env", "extra_index_url", "find_links", "host",
    "hosts", "index_url", "insecure", "mirror", "password", "pip_args", "proxy", "run", "script", "secret", "token",
    "trusted_host", "url", "username",
})  # fmt: skip


def _elsewhere(name: str) -> str:
    """Say why a key never stands in a repository's file; "" where it is only unknown."""
    known = {key.name for key in ROOT.keys}
    return OPERATORS if name.lower().replace("-", "_") in NEVER | known else ""


INNER = keys.named(texts.inner_path, pattern=r"\S")
PYTHON = keys.named(texts.python, pattern=f"^{texts.PYTHON}$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Options of a compiler, as words of a command line; those that name hosts, commands or places are mistakes.

    Files that an option names (`--constraint`) are relative to the repository and stay inside it. The options are
    judged as those of the tool that takes more of them; the survey judges them again for the locker that is named.
    """

    def read(self, value: object, at: Place) -> tuple[str, ...]:
        """Read the words."""
        line = " ".join(ListOf(of=keys.TEXT).read(value, at))
        try:
            found = tuple(shlex.split(line))
        except ValueError:
            at.wrong(f"{at.label} has a quote that is not closed")
            return ()
        by_locker = [compile_command.of_words(locker, found) for locker in WRITTEN]
        command = min(by_locker, key=lambda command: (len(command.refusals), command.locker))
        outside = {name for name, value in command.options if not _stays_inside(value)}
        named = {index.option for index in command.index_options}
        output = {"--output-file"} if command.output is not None else set()
        for name in sorted({*command.refused, *outside, *named, *output}):
            at.wrong(f"{at.label} must not hold {plain(name)}", OPERATORS)
        for word in command.sources:
            at.wrong(f"{at.label} holds {plain(word)!r}, which is no option", "sources have a key of their own")
        return found

    def blank(self) -> tuple[str, ...]:
        """Give the stand-in."""
        return ()

    def schema(self) -> Schema:
        """Describe an array of strings."""
        return {"type": "array", "items": {"type": "string"}}


def _stays_inside(value: str) -> bool:
    try:
        texts.inner_path(value or ".")
    except ValueError:
        return False
    return True


def _table(table: Table[Any]) -> Table[Any]:
    return replace(table, elsewhere=_elsewhere)


LOCK = Table(
    keys=(
        Key("path", INNER, "The lock file.", required=True),
        Key("sources", ListOf(of=INNER, least=1), "What it is compiled from.", required=True),
        Key("locker", words(LockerName), "What compiles it.", "pip-tools"),
        Key("options", Options(), "Options of the compiler.", []),
        Key("python", PYTHON, 'The Python that it is for, like "3.12".'),
    ),
    build=LockSettings,
    elsewhere=_elsewhere,
)
IMAGES = Table(
    keys=(
        Key("ignore", ListOf(of=keys.TEXT), "Globs of image names to leave alone.", []),
        Key("platforms", keys.PLATFORMS, "The platforms that the images are built for."),
    ),
    build=ImagesSettings,
    elsewhere=_elsewhere,
)
FILE: Table[dict[str, Any]] = Table(
    keys=(
        Key("policy", _table(keys.POLICY_TABLE), "What differs from the operator's policy."),
        Key("waiver", ListOf(of=_table(keys.WAIVER), tables=True), "Advisories that are accepted until a date."),
        Key("enabled", Flag(), "false: leave this repository alone.", default=True),
        Key("ignore", ListOf(of=INNER), "Globs of paths that are not looked at.", []),
        Key("locks", ListOf(of=LOCK, tables=True), "Locks whose header does not tell how they are made."),
        Key("images", IMAGES, "How images are treated."),
        Key("python", PYTHON, 'The Python that the locks are for, like "3.12".'),
    ),
    build=dict,
    elsewhere=_elsewhere,
)


def read_repository_file(text: str, name: str, policy: Policy) -> RepositoryFile:
    """Read a `.quarterdeck.toml`, its policy put over `policy`. Raises BadSettings with all mistakes."""
    data, notes = document(text, name)
    return _read(data, notes, name, policy)


def read_pyproject(text: str, name: str, policy: Policy) -> RepositoryFile | None:
    """Read `[tool.quarterdeck]` of a pyproject.toml; None where there is none. Raises BadSettings with all mistakes."""
    data, notes = document(text, name)
    tools = data.get("tool")
    if not isinstance(tools, dict) or "quarterdeck" not in tools:
        return None
    return _read(tools["quarterdeck"], replace(notes, root=("tool", "quarterdeck")), name, policy)


def _read(data: object, notes: Notes, name: str, policy: Policy) -> RepositoryFile:
    at = Place(notes=notes)
    if not isinstance(data, dict):
        at.wrong(f"[tool.quarterdeck] must be a table, not {kind_of(data)}")
    read: Mapping[str, Any] = FILE.read(data if isinstance(data, dict) else {}, at)
    complain(notes, name)
    own = {("waivers" if key == "waiver" else key): value for key, value in read.items()}
    return RepositoryFile(**(own | {"policy": merged(policy, own.get("policy", {}))}))
