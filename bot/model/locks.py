"""Locks (the files that pin), their pins, and the sources that they are compiled from."""

from dataclasses import dataclass
from enum import StrEnum


class LockerName(StrEnum):
    """What writes the locks that we know, a person too; those that are not in WRITTEN are read, and not written yet."""

    PIP_TOOLS = "pip-tools"
    UV_PIP = "uv-pip"
    UV = "uv"
    POETRY = "poetry"
    PIPENV = "pipenv"
    PDM = "pdm"
    CONDA_LOCK = "conda-lock"
    PYLOCK = "pylock"
    BY_HAND = "by-hand"


WRITTEN = frozenset({LockerName.PIP_TOOLS, LockerName.UV_PIP})


class Libc(StrEnum):
    """The C library of an image: which wheels can be installed in it."""

    GLIBC = "glibc"
    MUSL = "musl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """`name==version` in a lock; `name` is normalised (PEP 503), `line` counts from 1.

    `via` is what the lock's annotation says of it, as written: `-r requirements.in`, `django`.
    """

    name: str
    version: str
    line: int
    extras: tuple[str, ...] = ()
    marker: str = ""
    hashes: tuple[str, ...] = ()
    via: tuple[str, ...] = ()

    @property
    def direct(self) -> bool | None:
        """Whether a source asks for it by name; None where the lock carries no annotations."""
        if not self.via:
            return None
        return any(" " in entry and not entry.startswith("-c ") for entry in self.via)


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonClaim:
    """What a file says of the Python: the versions that it names (`3.12`), or with `requires` a specifier (PEP 440)."""

    where: str
    named: tuple[str, ...] = ()
    requires: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """One lock file as its header and its lines describe it.

    `command` is the header's line as written ("" where it names no command); `arguments` are the options that are
    replayed (`--generate-hashes`, `--extra=web`), `directory` is where the command was run ("" for the root).
    `sources` are its arguments, `inputs` every file that it reads besides, `after` the inputs that are locks
    themselves and so must be compiled before; all paths are relative to the repository.
    `obstacle` says why it cannot be compiled again, "" where it can.
    `python_from` is the kind of what names its Python, `python_where` the place (`Dockerfile:3 (python:3.12-slim)`).
    `python_full` has the patch release too (`3.12.9`), "" where nobody names it, and `python_claims` are what the
    nearest version file and the nearest project say, whether or not they were heeded.
    `platform` (`linux/amd64`) and `libc` are those of the image that installs it, `pip_tools` is the version of
    pip-tools that the repository itself pins ("" for none). `index_url` and `extra_indexes` are the package indexes
    that its command or its sources name, as written.
    """

    path: str
    locker: LockerName
    command: str
    arguments: tuple[str, ...]
    directory: str
    sources: tuple[str, ...]
    inputs: tuple[str, ...]
    after: tuple[str, ...]
    python: str
    python_from: str
    pins: tuple[Pin, ...]
    obstacle: str = ""
    platform: str = "linux/amd64"
    libc: Libc = Libc.GLIBC
    pip_tools: str = ""
    index_url: str = ""
    extra_indexes: tuple[str, ...] = ()
    python_where: str = ""
    python_full: str = ""
    python_claims: tuple[PythonClaim, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """One direct requirement of a source file; `specifier` is its version part (`<5,>=4.2`), "" for none.

    `extras` are normalised and sorted; `marker` is its environment marker and `url` the address of what is not taken
    from an index (`name @ url`, or of a version control system), "" for none. `constraint`: it stands in a `-c` file,
    so it bounds a version and asks for nothing. `group` is "" for what always counts, else `extra:NAME` or
    `group:NAME` with the normalised name.
    """

    name: str
    specifier: str
    path: str
    line: int
    text: str
    extras: tuple[str, ...] = ()
    marker: str = ""
    url: str = ""
    constraint: bool = False
    group: str = ""
