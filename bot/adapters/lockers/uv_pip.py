"""`uv pip compile` as a child process, for locks that uv wrote."""

import sys
from datetime import datetime
from pathlib import Path

from bot.adapters.lockers import asking, command_lines, memory
from bot.adapters.lockers.pip_tools import failure, head, without_header, without_leaks
from bot.adapters.lockers.rooms import Rooms
from bot.errors import LockFailed
from bot.model.plan import Relock
from bot.ports import Relocked
from bot.system.process import TimedOut


class UvPipLocker:
    """Implements ports.Locker with `uv pip compile`; uv is fast enough that its answer is the lock."""

    def __init__(self, rooms: Rooms, kept: memory.Memory) -> None:
        self._rooms = rooms
        self._kept = kept

    def relock(self, tree: Path, relock: Relock, now: datetime) -> Relocked:
        """Compile one lock; see ports.Locker. The same answer as last time is not counted as a compile."""
        lock = relock.lock
        command = f"--custom-compile-command={lock.command}"
        try:
            done, text = asking.uv_compile(self._rooms, tree, relock, command, python=sys.executable)
        except TimedOut as error:
            raise LockFailed(f"{lock.path}: {error.message}", hint="loosen the sources") from error
        if done.code != 0:
            raise failure(lock, done)
        old = (tree / lock.path).read_bytes().decode("utf-8")
        if not lock.command:
            text = head(old) + without_header(text)
        text = without_leaks(text, old)
        key = memory.key(tree, relock, text, "uv")
        compiled = text != old and self._kept.get(key) is None
        self._kept.put(key, "", now)
        return Relocked(text=text, command=command_lines.for_people(relock), notes=(), compiled=compiled)
