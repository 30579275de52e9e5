"""Commands that install requirement files: pip, `python -m pip`, uv's pip, pip-sync.

Options are those of pip 26, pip-tools 7.6 and uv 0.9; what is not one of these programs is None, never a guess.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

PIP = re.compile(r"pip(?P<version>[0-9.]*)")
PYTHON = re.compile(r"(?:python|pypy)(?P<version>[0-9.]*)")
MINOR = re.compile(r"(?:.*/)?(?:c?python|cp)?(?P<version>3\.[0-9]+)(?:\.[0-9]+)?(?:/bin/python[0-9.]*)?")
WRAPPERS = frozenset({"sudo", "exec", "command", "env", "time", "nice", "nohup", "eatmydata"})
ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=", re.ASCII)
REQUIREMENT = re.compile(r"-[qvUI]*r(?P<value>.*)", re.DOTALL)
LONG = frozenset({"--requirement", "--requirements"})
SUBCOMMANDS = frozenset({"install", "wheel", "download"})
VERSIONED = frozenset({"--python", "--python-version", "-p"})
WITH_VALUE = frozenset({
    "-b", "-c", "-f", "-i", "-p", "--build-constraint", "--build-constraints", "--cache-dir", "--cert",
    "--client-cert", "--config", "--config-file", "--constraint", "--constraints", "--default-index",
    "--exclude-newer", "--extra-index-url", "--find-links", "--index", "--index-strategy", "--index-url",
    "--keyring-provider", "--link-mode", "--no-binary", "--only-binary", "--pip-args", "--prefix", "--python",
    "--python-executable", "--python-platform", "--python-version", "--target", "--trusted-host",
})  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class PipInstall:
    """Which files a command installs, as it names them, and for which Python (`3.12`, "" where it does not say)."""

    files: tuple[str, ...]
    python: str = ""


def read(words: Sequence[str]) -> PipInstall | None:
    """Read a simple command whose words are expanded; None where it installs no requirement files."""
    words = unwrapped(words)
    name, rest = (words[0].rpartition("/")[2], list(words[1:])) if words else ("", [])
    if pip := PIP.fullmatch(name):
        return _pip(rest, _minor(pip["version"]))
    if python := PYTHON.fullmatch(name):
        return _module(rest, _minor(python["version"]))
    if name == "uv" and "pip" in rest:
        return _uv(rest[rest.index("pip") + 1 :])
    return _sync(rest, "") if name == "pip-sync" else None


def unwrapped(words: Sequence[str]) -> Sequence[str]:
    """Take off assignments (`A=b pip …`) and programs that only start another (`sudo -E`, `env A=b`)."""
    place, wrapped = 0, False
    while place < len(words):
        word = words[place]
        name = word.rpartition("/")[2]
        if not (ASSIGNMENT.match(word) or name in WRAPPERS or (wrapped and word.startswith("-"))):
            break
        wrapped = wrapped or name in WRAPPERS
        place += 1
    return words[place:]


def _module(rest: list[str], python: str) -> PipInstall | None:
    """Read `python [-I …] -m pip …` and `python -m piptools sync …`."""
    at = rest.index("-m") if "-m" in rest else -1
    if at < 0 or any(not word.startswith("-") for word in rest[:at]):
        return None
    module, arguments = rest[at + 1 : at + 2], rest[at + 2 :]
    if module == ["uv"] and "pip" in arguments:
        return _uv(arguments[arguments.index("pip") + 1 :], python)
    if module == ["piptools"] and arguments[:1] == ["sync"]:
        return _sync(arguments[1:], python)
    return _pip(arguments, python) if module == ["pip"] else None


def _pip(rest: list[str], python: str) -> PipInstall | None:
    at = next((at for at, word in enumerate(rest) if word in SUBCOMMANDS), None)
    if at is None:
        return None
    files = _required(rest[at + 1 :])
    return PipInstall(files=files, python=_asked(rest) or python) if files else None


def _uv(rest: list[str], python: str = "") -> PipInstall | None:
    """Read what stands behind `uv pip`."""
    if rest[:1] == ["install"]:
        return _pip(rest, python)
    if rest[:1] != ["sync"]:
        return None
    files = _operands(rest[1:])
    return PipInstall(files=files, python=_asked(rest) or python) if files else None


def _sync(rest: list[str], python: str) -> PipInstall:
    """Read pip-sync's arguments; without a file it takes requirements.txt."""
    return PipInstall(files=_operands(rest) or ("requirements.txt",), python=python)


def _required(rest: list[str]) -> tuple[str, ...]:
    """Give the values of `-r`, `-rFILE`, `-Ur FILE`, `--requirement FILE` and `--requirement=FILE`."""
    found: list[str] = []
    words = iter(rest)
    for word in words:
        name, given, value = word.partition("=")
        short = REQUIREMENT.fullmatch(word)
        if name in LONG:
            found.append(value if given else next(words, ""))
        elif short:
            found.append(short["value"].removeprefix("=") or next(words, ""))
        elif word in WITH_VALUE:
            next(words, "")
    return tuple(found)


def _operands(rest: list[str]) -> tuple[str, ...]:
    found: list[str] = []
    words = iter(rest)
    for word in words:
        if word in WITH_VALUE:
            next(words, "")
        elif not word.startswith("-"):
            found.append(word)
    return tuple(found)


def _asked(rest: list[str]) -> str:
    """Give the Python that the options ask for, "" for none or for one that names no version."""
    pairs = [(word.partition("=")[0], word.partition("=")[2] or after) for word, after in _pairs(rest)]
    return next((_minor(value) for name, value in pairs if name in VERSIONED), "")


def _pairs(rest: list[str]) -> list[tuple[str, str]]:
    return list(zip(rest, [*rest[1:], ""], strict=True))


def _minor(text: str) -> str:
    found = MINOR.fullmatch(text)
    return found["version"] if found else ""
