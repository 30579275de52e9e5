"""The command line in a lock's header: which options we replay, and which we refuse.

A header is somebody else's text, so what `compile_options` does not know is refused by name rather than passed on.
Words are read as click (pip-compile) and clap (uv) read them: no abbreviations, `-qU` is two flags, `-ofile` one
option with its value.
"""

import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from bot.formats import compile_options, compile_prefix, pip_arguments
from bot.formats.compile_options import Kind, Option, Refusal
from bot.formats.compile_prefix import Unreplayable
from bot.model.locks import LockerName

MAIN_INDEX = frozenset({"--index-url", "--default-index"})
NAMED_INDEX = re.compile(r"[A-Za-z0-9_.-]+=(?=[a-z]+:)")  # uv's `--index name=url`
METADATA = frozenset({"setup.py", "setup.cfg", "pyproject.toml"})
DEFAULT_SOURCES = ("requirements.in", "setup.py", "pyproject.toml", "setup.cfg")
UV_PYTHON = re.compile(r"(?:c?python)?(?P<version>3\.\d+)(?:\.\d+)?")
OPTION_NAME = re.compile(r"--[A-Za-z0-9-]*")
REPOSITORY_ONLY = "put the file into the repository and name it by a relative path"


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedIndex:
    """A package index that a command or a configuration names; `place` is "" for the command."""

    option: str
    url: str = field(repr=False)
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompileCommand:
    """A header's command: `options` to replay as (name, value; "" for a flag), paths still as written.

    Index options are apart, as (option, address); `refusals` are the options that we do not replay. `folder` is where
    the command changes to first, `config` the file that it names for more options (None: the one that the tool
    finds; `reads_config` False: none), `python` what uv's `--python` asks for ("3.12"; "" for nothing). `given` holds
    every option that is named at all, so that a configuration does not say otherwise.
    """

    locker: LockerName
    options: tuple[tuple[str, str], ...] = ()
    sources: tuple[str, ...] = ()
    output: str | None = None
    index_options: tuple[NamedIndex, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    folder: str = ""
    config: str | None = None
    reads_config: bool = True
    python: str = ""
    given: frozenset[str] = frozenset()

    @property
    def refused(self) -> tuple[str, ...]:
        """The names of the refused options."""
        return tuple(refusal.option for refusal in self.refusals)

    @property
    def indexes(self) -> tuple[str, ...]:
        """Every address of a package index, in the order written."""
        return tuple(index.url for index in self.index_options)

    @property
    def index_url(self) -> str:
        """The address that stands in for the default index: the last one wins; "" for none."""
        return next((index.url for index in reversed(self.index_options) if index.option in MAIN_INDEX), "")

    @property
    def extra_indexes(self) -> tuple[str, ...]:
        """The addresses of the indexes beside it, each once."""
        return tuple(dict.fromkeys(index.url for index in self.index_options if index.option not in MAIN_INDEX))

    @property
    def arguments(self) -> tuple[str, ...]:
        """The options as words that the tool takes."""
        return tuple(f"{name}={value}" if _takes_value(self.locker, name) else name for name, value in self.options)

    @property
    def paths(self) -> tuple[tuple[str, str], ...]:
        """What the options read besides the sources: (option, path as written)."""
        kept = ((name, value) for name, value in self.options if _reads_file(self.locker, name))
        return tuple((name, _group_file(value) if name == "--group" else value) for name, value in kept)

    def values(self, name: str) -> tuple[str, ...]:
        """Give every value of an option, in the order written."""
        return tuple(value for option, value in self.options if option == name)


def parse(command: str) -> CompileCommand | None:
    """Read `pip-compile …`, `python -m piptools compile …` or `uv pip compile …`; None for any other command."""
    found = read(command)
    return found if isinstance(found, CompileCommand) else None


def read(command: str) -> CompileCommand | Unreplayable:
    """Read a compile command, also behind a harmless prefix; else give why it cannot be replayed."""
    found = compile_prefix.strip(command)
    if isinstance(found, Unreplayable):
        return found
    parsed = of_words(found.locker, found.words)
    return replace(parsed, folder=posixpath.join(found.folder, parsed.folder).rstrip("/"))


def of_words(locker: LockerName, words: Iterable[str], place: str = "") -> CompileCommand:
    """Read the words behind the tool's name; `place` says where they stand if that is not a header."""
    reader = _Reader(locker=locker, queue=list(words), place=place)
    reader.read()
    return CompileCommand(
        locker=locker,
        options=tuple(reader.options),
        sources=tuple(reader.sources),
        output=reader.output,
        index_options=tuple(reader.indexes),
        refusals=tuple(reader.refusals),
        folder=reader.ours.get("--directory", ""),
        config=reader.ours.get("--config") or reader.ours.get("--config-file"),
        reads_config="--no-config" not in reader.ours,
        python=_python(reader.ours.get("--python", "")),
        given=frozenset(reader.given),
    )


@dataclass(slots=True, kw_only=True)
class _Reader:
    """Goes through the words; `ours` keeps the last value of each option that is not replayed."""

    locker: LockerName
    queue: list[str]
    place: str
    options: list[tuple[str, str]] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    indexes: list[NamedIndex] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    ours: dict[str, str] = field(default_factory=dict)
    given: set[str] = field(default_factory=set)
    output: str | None = None

    def read(self) -> None:
        while self.queue:
            word = self.queue.pop(0)
            if word == "--":
                self.sources += self.queue
                return
            if not word.startswith("-") or word == "-":
                self.sources.append(word)
            elif word.startswith("--"):
                self._long(word)
            else:
                self._short(word[1:])

    def _long(self, word: str) -> None:
        name, equals, value = word.partition("=")
        option = compile_options.find(self.locker, name)
        if option is None:
            shown = OPTION_NAME.match(name)
            self.refusals.append(compile_options.unknown(self.locker, shown[0] if shown else name, self.place))
        elif option.takes_value:
            self._valued(option, value if equals else None)
        elif not equals:
            self._flag(option, name)
        elif value != "None":
            self._refuse(name, "takes no value", f"write {name} alone")

    def _short(self, letters: str) -> None:
        """Read flags that share a dash; what follows an option with a value is its value."""
        while letters:
            name, letters = f"-{letters[0]}", letters[1:]
            option = compile_options.find(self.locker, name)
            if option is None:
                self.refusals.append(compile_options.unknown(self.locker, name, self.place))
                return
            if option.takes_value:
                rest = letters.removeprefix("=") if self.locker is LockerName.UV_PIP else letters
                self._valued(option, rest or None)
                return
            self._flag(option, option.name)

    def _flag(self, option: Option, written: str) -> None:
        self.given.add(option.name)
        name = option.twin if written == option.twin else option.name
        match option.kind:
            case Kind.SAFE:
                self.options.append((name, ""))
            case Kind.DANGEROUS:
                self.refusals.append(compile_options.refusal(option, self.place))
            case _:
                self.ours[name] = ""

    def _valued(self, option: Option, value: str | None) -> None:
        if value is None and not self.queue:
            self._refuse(option.name, "needs a value", "write one behind it")
            return
        value = self.queue.pop(0) if value is None else value
        if value == "None" and self.locker is LockerName.PIP_TOOLS:
            return  # `--cert=None` and the like were written by old versions and mean nothing
        self.given.add(option.name)
        match option.kind:
            case Kind.OUTPUT:
                self.output = value
            case Kind.OURS:
                self.ours[option.name] = value
            case Kind.HOST:
                self._index(option, value)
            case Kind.PIP_ARGS:
                kept, refusals = pip_arguments.read(value)
                self.options += kept
                self.refusals += [replace(refusal, place=self.place) for refusal in refusals]
            case Kind.DANGEROUS:
                self.refusals.append(compile_options.refusal(option, self.place))
            case _:
                self._kept(option, value)

    def _kept(self, option: Option, value: str) -> None:
        path = value if option.kind is Kind.PATH else _group_file(value) if option.name == "--group" else ""
        if "://" in path:
            self._refuse(option.name, "names an address instead of a file of the repository", REPOSITORY_ONLY)
        elif posixpath.isabs(path):
            self._refuse(option.name, "names a file outside the repository", REPOSITORY_ONLY)
        else:
            self.options.append((option.name, value))

    def _index(self, option: Option, value: str) -> None:
        url = NAMED_INDEX.sub("", value, count=1)
        if host_of(url):
            self.indexes.append(NamedIndex(option=option.name, url=url, place=self.place))
        else:
            self._refuse(option.name, "names no http or https address", "write the address of a package index")

    def _refuse(self, option: str, why: str, remedy: str) -> None:
        self.refusals.append(Refusal(option=option, why=why, remedy=remedy, place=self.place))


def host_of(url: str) -> str:
    """Give host and port of an http(s) address, without credentials; "" for anything else."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return parts.netloc.rpartition("@")[2].lower() if parts.scheme in {"http", "https"} else ""


def default_output(command: CompileCommand) -> str | None:
    """Give the file that pip-compile writes without `--output-file`; None for uv, which prints, as for `-o -`.

    The rule is pip-tools' own: the source's stem with `.txt`, and `requirements.txt` beside project files.
    """
    if command.output is not None:
        return None if command.output == "-" else command.output
    if command.locker is LockerName.UV_PIP:
        return None
    first = command.sources[0] if command.sources else "requirements.in"
    if posixpath.basename(first) in METADATA:
        return posixpath.join(posixpath.dirname(first), "requirements.txt")
    return first.rpartition(".")[0] + ".txt" if "." in posixpath.basename(first) else first + ".txt"


def inside(directory: str, written: str) -> str | None:
    """Resolve a path written in `directory` against the repository's root; None where it leads outside."""
    if posixpath.isabs(written):
        return None
    path = posixpath.normpath(posixpath.join(directory, written))
    return None if path == ".." or path.startswith("../") else path


def _takes_value(locker: LockerName, name: str) -> bool:
    option = compile_options.find(locker, name)
    return option is not None and option.takes_value


def _reads_file(locker: LockerName, name: str) -> bool:
    option = compile_options.find(locker, name)
    return option is not None and (option.kind is Kind.PATH or name == "--group")


def _group_file(value: str) -> str:
    """Give the file of uv's `--group [FILE:]NAME`."""
    return value.rpartition(":")[0] or "pyproject.toml"


def _python(value: str) -> str:
    found = UV_PYTHON.fullmatch(value)
    return found["version"] if found else ""
