"""Locks (the files that pin), their pins, and the sources that they are compiled from."""

from dataclasses import dataclass
from enum import StrEnum


class LockerName(StrEnum):
    """The tools whose lock files we know."""

    PIP_TOOLS = "pip-tools"
    UV_PIP = "uv-pip"


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
class Lock:
    """One lock file as its header and its lines describe it.

    `command` is the header's line as written ("" where it names no command); `arguments` are the options that are
    replayed (`--generate-hashes`, `--extra=web`), `directory` is where the command was run ("" for the root).
    `sources` are its arguments, `inputs` every file that it reads besides, `after` the inputs that are locks
    themselves and so must be compiled before; all paths are relative to the repository.
    `obstacle` says why it cannot be compiled again, "" where it can.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """One direct requirement of a source file; `specifier` is its version part (`<5,>=4.2`), "" for none."""

    name: str
    specifier: str
    path: str
    line: int
    text: str
