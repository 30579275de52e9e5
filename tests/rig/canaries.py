"""A different made-up secret for every place that may hold one, and the search for them in all that can be seen."""

import base64
import os
import sqlite3
import subprocess
import sys
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

FORGE, WEBHOOK = "ghp_canary-forge-token-0011", "canary-webhook-secret-0022"
INDEX_USER, INDEX_PASSWORD = "canary-index-user-0033", "canary/index+password 0044"
REGISTRY_USER, REGISTRY_PASSWORD = "canary-registry-user-0055", "canary-registry'password-0066"
PIP_USER, PIP_PASSWORD = "canary-pip-user-0077", "canary-pip-p@ssword-0088"
DOCKER_USER, DOCKER_PASSWORD = "canary-docker-user-0099", "canary-docker-password-0100"
PROXY_PASSWORD = "canary-proxy-password-0111"
LOGINS = ((INDEX_USER, INDEX_PASSWORD), (REGISTRY_USER, REGISTRY_PASSWORD), (PIP_USER, PIP_PASSWORD),
          (DOCKER_USER, DOCKER_PASSWORD))  # fmt: skip
ALL = (FORGE, WEBHOOK, PROXY_PASSWORD, *(word for login in LOGINS for word in login))
ASKED = "QUARTERDECK_ASK_PASSWORD"  # git asks for the forge's token; its askpass script answers from this variable


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


SHAPES: Mapping[str, str] = {
    **{shape: word for word in ALL for shape in (word, quote(word, safe=""), _base64(word))},
    **{_base64(f"{user}:{password}"): password for user, password in LOGINS},
}
"""Every canary as it is and in disguise, and whose it is."""


def shout() -> str:
    """Give what a server says that knows all and keeps nothing to itself."""
    headers = [f"Authorization: Basic {_base64(f'{user}:{password}')}" for user, password in LOGINS]
    urls = [f"https://{quote(user)}:{quote(password, safe='')}@host.example/" for user, password in LOGINS]
    return " ".join(["you sent", *ALL, *headers, *urls])


def found_in(text: str | bytes) -> set[str]:
    """Name the canaries that stand in a text."""
    whole = text.encode(errors="surrogateescape") if isinstance(text, str) else text
    return {word for shape, word in SHAPES.items() if shape.encode() in whole}


def found_below(folder: Path) -> dict[str, set[str]]:
    """Name the files below a folder that hold canaries, databases row by row and unpacked."""
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    seen = {str(path.relative_to(folder)): found_in(path.read_bytes()) | _in_database(path) for path in files}
    return {name: words for name, words in seen.items() if words}


def _in_database(path: Path) -> set[str]:
    if not path.read_bytes().startswith(b"SQLite format 3"):
        return set()
    with closing(sqlite3.connect(path)) as base:
        tables = [name for (name,) in base.execute("select name from sqlite_master where type = 'table'")]
        values = [value for table in tables for row in base.execute(f'select * from "{table}"') for value in row]
    texts = [value for value in values if isinstance(value, str | bytes)]
    return {word for text in texts for one in (text, *_unpacked(text)) for word in found_in(one)}


def _unpacked(value: str | bytes) -> Iterator[bytes]:
    """Unpack what is kept compressed (a look at a repository: a number, then base85)."""
    packed = value.encode(errors="replace") if isinstance(value, str) else value
    for candidate in (packed, packed.partition(b" ")[2]):
        for decode in (bytes, base64.b85decode):
            try:
                yield zlib.decompress(decode(candidate))
            except (ValueError, zlib.error):
                continue


@dataclass
class Children:
    """All child processes that Quarterdeck starts, with what they were told."""

    argv: list[Sequence[str]] = field(default_factory=list)
    environments: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)

    def told(self) -> list[tuple[str, str, set[str]]]:
        """Give where a child was told a canary, except git the forge's token in the variable that it asks for."""
        words = [(str(line[0]), " ".join(map(str, line)), found_in(" ".join(map(str, line)))) for line in self.argv]
        words += [
            (program, name, found_in(value) - _due(program, name))
            for program, environment in self.environments
            for name, value in environment.items()
        ]
        return [(program, where, found) for program, where, found in words if found]


def _is_ours() -> bool:
    """Say whether Quarterdeck starts it, and not one of the servers that the tests start."""
    frame = sys._getframe()
    while frame.f_back is not None:
        frame = frame.f_back
        if str(frame.f_globals.get("__name__")).startswith("bot."):
            return True
    return False


def _due(program: str, variable: str) -> set[str]:
    """Name what git has to know, in the one variable for it: whom to ask as, and which proxy to go through."""
    if program != "git":
        return set()
    return {FORGE} if variable == ASKED else {PROXY_PASSWORD} if variable.endswith("_proxy") else set()


@pytest.fixture
def children(monkeypatch: pytest.MonkeyPatch) -> Children:
    """Watch every child process of this one."""
    watched = Children()
    start = subprocess.Popen.__init__

    def starting(self: Any, args: Any, *more: Any, **options: Any) -> None:
        line = [args] if isinstance(args, str) else list(map(os.fspath, args))
        env = options.get("env")
        if _is_ours():
            watched.argv.append(line)
            if line != ["git", "version"]:  # which GitPython asks when it is imported, before anybody can stop it
                watched.environments.append((Path(line[0]).name, dict(os.environ if env is None else env)))
        start(self, args, *more, **options)

    monkeypatch.setattr(subprocess.Popen, "__init__", starting)
    return watched
