"""What stands before a compile command: environments, runners, `cd`; and which commands are none that we replay."""

import re
import shlex
from dataclasses import dataclass

from bot.model.locks import LockerName

SPAN = re.compile(r"(--exclude-newer(?:=|\s+))(\d+\s+(?:minute|hour|day|week)s?)\b")  # uv writes it without quotes
ASSIGNMENT = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)=")
HARMLESS_VARIABLES = frozenset({
    "CI", "COLUMNS", "CUSTOM_COMPILE_COMMAND", "FORCE_COLOR", "LANG", "LC_ALL", "NO_COLOR", "PIP_CACHE_DIR",
    "PIP_DISABLE_PIP_VERSION_CHECK", "PIP_TOOLS_CACHE_DIR", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED",
    "PYTHONWARNINGS", "TERM", "UV_CACHE_DIR", "UV_CUSTOM_COMPILE_COMMAND",
})  # fmt: skip
PYTHON = re.compile(r"(?:python|py)(?:\d(?:\.\d+)?)?(?:\.exe)?")
LAUNCHER = re.compile(r"-\d(?:\.\d+)?")  # `py -3.11`
PIP_TOOLS = re.compile(r"pip-tools(?:\s*[=<>!~@].*)?")
UV = re.compile(r"uv(?:@.*)?")
RUNNERS = frozenset({"pipenv", "poetry", "pdm", "rye", "hatch"})
RUN_FLAGS = frozenset({"--no-project", "--frozen", "--locked", "--no-sync", "--isolated", "--dev", "--no-dev", "-q",
                       "--quiet", "--all-groups", "--all-extras", "--no-default-groups"})  # fmt: skip
RUN_VALUES = frozenset({"--with", "-w", "--python", "-p", "--group", "--only-group", "--extra", "--spec", "--from"})
OPERATORS = frozenset({"&&", "||", ";", "|", "&", ">", ">>", "<", "2>", "2>&1", "&>"})
SUBSTITUTION = re.compile(r"\$\(|`")
CREDENTIALS = re.compile(r"(?<=//)[^/@\s]+(?=@)")
SHOWN = 120  # characters of somebody's command in a message

EXPORTERS = {
    ("uv", "export"): "is made from uv.lock by uv export, not compiled from sources; upgrade uv.lock and export again",
    ("poetry", "export"): "is made from poetry.lock; upgrade poetry.lock and export again",
    ("pdm", "export"): "is made from pdm.lock; upgrade pdm.lock and export again",
    ("pipenv", "requirements"): "is made from Pipfile.lock; upgrade Pipfile.lock and export again",
    ("pip-compile-multi",): "is written by pip-compile-multi, which keeps the layers of its locks itself; run it",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A compile command without what stood before it; `folder` is where a leading `cd` went ("" for nowhere)."""

    locker: LockerName
    words: tuple[str, ...]
    folder: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreplayable:
    """A command that is not replayed, why, and whether another tool makes the file, so that none can be inferred."""

    why: str
    exported: bool = False


def strip(command: str) -> Found | Unreplayable:
    """Find the compile command behind known harmless prefixes; else say why there is none that can be replayed."""
    if not command.strip():
        return Unreplayable(why="its header names no command")
    shown = f"its header names {visible(command)!r}, which"
    try:
        folder, rest = _folder(shlex.split(SPAN.sub(r"\1'\2'", command)))
    except ValueError:
        return Unreplayable(why=f"{shown} has a quote that is not closed")
    found = _behind(rest)
    return Unreplayable(why=f"{shown} {found}") if isinstance(found, str) else _told(found, folder, shown)


def _told(behind: list[str], folder: str, shown: str) -> Found | Unreplayable:
    for start, why in EXPORTERS.items():
        if tuple([_base(word) for word in behind[:1]] + behind[1 : len(start)]) == start:
            return Unreplayable(why=f"{shown} {why}", exported=True)
    found = _tool(behind, folder)
    if found is None:
        return Unreplayable(why=f"{shown} is no compile command that can be replayed")
    if any(word in OPERATORS or SUBSTITUTION.search(word) for word in found.words):
        return Unreplayable(why=f"{shown} is more than one command, so it cannot be replayed")
    return found


def visible(command: str) -> str:
    """Make a command fit for a message: without credentials, on one line, not long."""
    clean = "".join(letter if letter.isprintable() else "?" for letter in CREDENTIALS.sub("****", command))
    return clean if len(clean) <= SHOWN else clean[:SHOWN] + "…"


def _folder(words: list[str]) -> tuple[str, list[str]]:
    if len(words) > 3 and words[0] == "cd" and words[2] == "&&":  # noqa: PLR2004 (cd, where, &&)
        return words[1], words[3:]
    return "", words


def _behind(words: list[str]) -> list[str] | str:
    """Drop environments and runners; a sentence's end where one of them is not harmless."""
    words = words[1:] if words[:1] == ["env"] else words
    while words and (found := ASSIGNMENT.match(words[0])):
        if found["name"] not in HARMLESS_VARIABLES:
            return f"sets {found['name']}, and variables are not replayed"
        words = words[1:]
    match [_base(word) for word in words[:2]]:
        case [("uv" | "pipx"), "run"]:
            return _run(words[2:])
        case ["uvx", *_]:
            return _run(words[1:])
        case ["uv", "tool"] if words[2:3] == ["run"]:
            return _run(words[3:])
        case [runner, "run"] if runner in RUNNERS:
            return words[2:]
        case _:
            return words


def _run(words: list[str]) -> list[str] | str:
    """Drop the options of `uv run`, `uvx` and `pipx run`, so that the command that they start is first."""
    while words and words[0].startswith("-"):
        name, equals, value = words.pop(0).partition("=")
        if name in RUN_VALUES and not equals:
            value = words.pop(0) if words else ""
        elif name not in RUN_VALUES | RUN_FLAGS:
            return f"runs the command with {name}, which is not replayed"
        if name in {"--from", "--spec"} and not (PIP_TOOLS.fullmatch(value) or UV.fullmatch(value)):
            return "runs the command from a package that is neither pip-tools nor uv"
    return words


def _tool(words: list[str], folder: str) -> Found | None:
    first = _base(words[0]) if words else ""
    if first == "pip-compile":
        return Found(locker=LockerName.PIP_TOOLS, words=tuple(words[1:]), folder=folder)
    if PYTHON.fullmatch(first):
        rest = words[2:] if LAUNCHER.fullmatch("".join(words[1:2])) else words[1:]
        if rest[:3] == ["-m", "piptools", "compile"]:
            return Found(locker=LockerName.PIP_TOOLS, words=tuple(rest[3:]), folder=folder)
        words, first = rest[1:], "".join(rest[1:2]) if rest[:1] == ["-m"] else ""
    if UV.fullmatch(first) and words[1:3] == ["pip", "compile"]:
        return Found(locker=LockerName.UV_PIP, words=tuple(words[3:]), folder=folder)
    return None


def _base(word: str) -> str:
    return word.rpartition("/")[2]
