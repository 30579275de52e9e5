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

    `arguments` are the header's command without the program (`--generate-hashes`, `requirements.in`);
    `sources` and `after` are paths relative to the repository, `after` being the locks that must be
    compiled before this one because its sources name them with `-r` or `-c`.
    `directory` is where the command was run, relative to the repository ("" for its root).
    """

    path: str
    locker: LockerName
    command: str
    arguments: tuple[str, ...]
    directory: str
    sources: tuple[str, ...]
    after: tuple[str, ...]
    inputs: tuple[str, ...]
    python: str | None
    python_from: str
    pins: tuple[Pin, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """One direct requirement of a source file; `specifier` is its version part (`<5,>=4.2`), "" for none."""

    name: str
    specifier: str
    path: str
    line: int
    text: str
