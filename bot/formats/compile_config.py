"""Options that stand in files: `[tool.pip-tools]`, `.pip-tools.toml`, `[tool.uv]` and `uv.toml`.

pip-compile and uv are run without these files, so their keys become options of the command, unless it says
otherwise; they are judged like options of a header. The rules are pip-tools' `utils.py` (`select_config_file`,
`parse_config_file`) and uv's "Configuration files" documentation.
"""

import posixpath
import tomllib
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Any

from bot.formats import compile_command, compile_options, toml_lines
from bot.formats.compile_command import CompileCommand
from bot.formats.compile_options import Kind, Refusal
from bot.formats.uv_config import OF_UNIVERSAL, Words, words_of_uv
from bot.model.locks import LockerName

DEEPEST = 16  # steps of a TOML path whose line is wanted; hostile nesting shall not fill the memory
PIP_TOOLS_FILES = (".pip-tools.toml", "pyproject.toml")
PARAMETERS = {
    "extras": "extra", "upgrade-packages": "upgrade-package", "pip-args-str": "pip-args", "resolver-name": "resolver",
    "build-deps-targets": "build-deps-for",
}  # fmt: skip
OF_PIP_SYNC = frozenset({"ask", "force", "python-executable", "user", "user-only"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one key of a file comes to."""

    key: str
    command: CompileCommand


def file_of(command: CompileCommand, directory: str, texts: Mapping[str, str], files: AbstractSet[str]) -> str | None:
    """Give the file that the tool would take more options from when it runs in `directory`; None for none.

    pip-tools looks beside its sources, uv in the folder where it runs and in those above.
    """
    if not command.reads_config:
        return None
    if command.config is not None:
        return compile_command.inside(directory, command.config)
    if command.locker is LockerName.UV_PIP:
        return _uv_file(directory, texts)
    for source in command.sources or (".",):
        path = compile_command.inside(directory, source)
        if path is None:
            continue
        folder = path if path == "." or any(file.startswith(path + "/") for file in files) else posixpath.dirname(path)
        for name in PIP_TOOLS_FILES:
            if (found := posixpath.normpath(posixpath.join(folder, name))) in files:
                return found
    return None


def merged(command: CompileCommand, path: str, text: str) -> CompileCommand:
    """Add what a file says to a command: its options come first, and what the command names itself stays."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return _refusing(command, Refusal(option=path, why=f"is not TOML ({error})", remedy="correct it", place=path))
    lines = toml_lines.lines(text, deepest=DEEPEST)
    parts = _uv_parts if command.locker is LockerName.UV_PIP else _pip_tools_parts
    return _joined(command, tuple(parts(path, data, lines)))


def uses_uv_sources(text: str) -> int:
    """Give the line of a pyproject.toml's `[tool.uv.sources]`, from 1; 0 where it has none."""
    try:
        tool = tomllib.loads(text).get("tool")
    except tomllib.TOMLDecodeError:
        return 0
    uv = tool.get("uv") if isinstance(tool, dict) else None
    if not isinstance(uv, dict) or not uv.get("sources"):
        return 0
    return toml_lines.lines(text, deepest=DEEPEST)["tool", "uv", "sources"]


def _joined(command: CompileCommand, parts: tuple[Part, ...]) -> CompileCommand:
    """Put a file's options before the command's own, whose last word counts; indexes keep their order of priority."""
    more = [part.command for part in parts if not _overruled(command, part)]
    return replace(
        command,
        options=(*(pair for one in more for pair in one.options), *command.options),
        index_options=(*command.index_options, *(index for one in more for index in one.index_options)),
        refusals=(*command.refusals, *(refusal for one in more for refusal in one.refusals)),
        sources=command.sources or tuple(source for one in more for source in one.sources),
        output=command.output or next((one.output for one in more if one.output), None),
        python=command.python or next((one.python for one in more if one.python), ""),
    )


def _overruled(command: CompileCommand, part: Part) -> bool:
    """Say whether the command itself decides what a key says; uv adds its indexes to the command's."""
    if part.key in OF_UNIVERSAL:
        return ("--universal", "") not in command.options
    if part.command.given & compile_command.MAIN_INDEX:
        return bool(command.index_url)
    if command.locker is LockerName.UV_PIP and part.command.index_options:
        return False
    return bool(part.command.given & command.given)


def _refusing(command: CompileCommand, refusal: Refusal) -> CompileCommand:
    return replace(command, refusals=(*command.refusals, refusal))


def _uv_file(directory: str, texts: Mapping[str, str]) -> str | None:
    while True:
        if (path := posixpath.join(directory, "uv.toml")) in texts:
            return path
        path = posixpath.join(directory, "pyproject.toml")
        if path in texts and "uv" in _tool(texts[path]):
            return path
        if not directory:
            return None
        directory = posixpath.dirname(directory)


def _tool(text: str) -> dict[str, Any]:
    try:
        return _table(tomllib.loads(text).get("tool"))
    except tomllib.TOMLDecodeError:
        return {}


def _pip_tools_parts(path: str, data: dict[str, Any], lines: Mapping[toml_lines.Path, int]) -> Iterator[Part]:
    """Read `[tool.pip-tools]`, with `[tool.pip-tools.compile]` over it."""
    table = _table(_table(data.get("tool")).get("pip-tools"))
    own = _table(table.get("compile"))
    shared = {key: value for key, value in table.items() if key not in {"compile", "sync"}}
    paths: dict[str, toml_lines.Path] = {key: ("tool", "pip-tools", key) for key in shared}
    paths |= {key: ("tool", "pip-tools", "compile", key) for key in own}
    for key, value in (shared | own).items():
        name = key.lstrip("-").replace("_", "-").lower()
        name = PARAMETERS.get(name, name)
        if name in OF_PIP_SYNC:
            continue
        place = f"{path}:{lines.get(paths[key], 1)}"
        if name == "src-files" and isinstance(value, list):
            yield _part(LockerName.PIP_TOOLS, key, place, [str(entry) for entry in value])
        else:
            yield _part(LockerName.PIP_TOOLS, key, place, _words(LockerName.PIP_TOOLS, name, value))


def _uv_parts(path: str, data: dict[str, Any], lines: Mapping[toml_lines.Path, int]) -> Iterator[Part]:
    """Read uv's own keys, with those of its `pip` table over them."""
    root: toml_lines.Path = () if posixpath.basename(path) == "uv.toml" else ("tool", "uv")
    table = _table(_table(data.get("tool")).get("uv")) if root else data
    found = [*words_of_uv(table, of_pip=False), *words_of_uv(_table(table.get("pip")), of_pip=True)]
    over = {words.option for words in found if words.of_pip}
    for words in found:
        if words.of_pip or words.option not in over:
            at = (*root, *(("pip",) if words.of_pip else ()), words.key)
            yield _uv_part(words, f"{path}:{lines.get(at, 1)}")


def _uv_part(words: Words, place: str) -> Part:
    if words.obstacle:
        refusal = Refusal(option=words.key, why=words.obstacle, remedy=words.remedy, place=place)
        return Part(key=words.key, command=CompileCommand(locker=LockerName.UV_PIP, refusals=(refusal,)))
    return _part(LockerName.UV_PIP, words.key, place, _words(LockerName.UV_PIP, words.option, words.value))


def _part(locker: LockerName, key: str, place: str, words: list[str]) -> Part:
    return Part(key=key, command=compile_command.of_words(locker, words, place))


def _words(locker: LockerName, name: str, value: object) -> list[str]:
    """Write a key as the words of a command line; a value that is none for it makes words that are refused."""
    option = compile_options.find(locker, f"--{name}")
    match value:
        case True:
            return [f"--{name}"]
        case False if option is not None:
            other = option.twin if f"--{name}" != option.twin else option.name
            return [other] if other else []
        case list():
            return [word for entry in value for word in _words(locker, name, entry)]
        case int() if option is not None and option.kind is Kind.OURS:
            return []  # `verbose = 2`
        case str() | int() | float():
            return [f"--{name}={value}"]
        case _:
            return [f"--{name}" if option is not None and option.takes_value else f"--{name}=?"]


def _table(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
