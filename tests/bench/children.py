"""Watches the memory of a process's children from outside."""

import threading
from pathlib import Path
from types import TracebackType
from typing import Self


class Peak:
    """Samples all descendants of a process; `mib` is the most that they held together (proportional set size)."""

    def __init__(self, root: int, *, every: float = 0.05) -> None:
        self.mib = 0.0
        self._root, self._every = root, every
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(self._every):
            self.mib = max(self.mib, sum(_held(pid) for pid in _descendants(self._root)) / 1024)


def _descendants(root: int) -> list[int]:
    parents: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended meanwhile
        parents.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found, waiting = [], [root]
    while waiting:
        below = parents.get(waiting.pop(), [])
        found += below
        waiting += below
    return found


def _held(pid: int) -> int:
    """Give a process's proportional set size in KiB; 0 where it ended meanwhile."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:")), 0)
