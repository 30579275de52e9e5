"""Locks that other tools write and Quarterdeck only reads: which file is whose, and one shape for what they hold."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bot.formats import conda_lock, pdm_lock, pipfile_lock, poetry_lock, pylock, uv_lock
from bot.formats.lock_reading import Contents
from bot.model.findings import Unreadable
from bot.model.locks import LockerName, Pin

NAMES: Mapping[str, LockerName] = {
    "uv.lock": LockerName.UV,
    "poetry.lock": LockerName.POETRY,
    "Pipfile.lock": LockerName.PIPENV,
    "pdm.lock": LockerName.PDM,
    "conda-lock.yml": LockerName.CONDA_LOCK,
    "pylock.toml": LockerName.PYLOCK,
}
PYLOCK = re.compile(r"pylock\.[^.]+\.toml")
READERS: Mapping[LockerName, Callable[[str, str], Contents]] = {
    LockerName.UV: uv_lock.read,
    LockerName.POETRY: poetry_lock.read,
    LockerName.PIPENV: pipfile_lock.read,
    LockerName.PDM: pdm_lock.read,
    LockerName.CONDA_LOCK: conda_lock.read,
    LockerName.PYLOCK: pylock.read,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignLock:
    """One lock: `pins` in the order of the file, `sources` (relative to the repository) that it is made from.

    `python` is a minor (`3.12`) where the lock states one and "" else; `requires_python` is its range as written, ""
    for none. What was not understood is `unreadable`, each with its line.
    """

    locker: LockerName
    pins: tuple[Pin, ...]
    sources: tuple[str, ...]
    python: str
    requires_python: str
    unreadable: tuple[Unreadable, ...]


def locker_of(path: str) -> LockerName | None:
    """Say by the name of a file whose lock it is; None for every other file."""
    name = path.rpartition("/")[2]
    if name.endswith(".conda-lock.yml"):
        return LockerName.CONDA_LOCK
    return LockerName.PYLOCK if PYLOCK.fullmatch(name) else NAMES.get(name)


def read(path: str, text: str) -> ForeignLock:
    """Read a lock whatever its text; raises ValueError only where `locker_of` does not know the path."""
    locker = locker_of(path)
    if locker is None:
        raise ValueError(f"{path} is no name of a lock file")
    found = READERS[locker](path, text.removeprefix("\ufeff"))
    return ForeignLock(
        locker=locker,
        pins=found.pins,
        sources=found.sources,
        python=found.python,
        requires_python=found.requires_python,
        unreadable=found.unreadable,
    )
