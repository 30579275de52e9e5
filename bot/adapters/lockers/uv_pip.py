"""`uv pip compile` as a child process, for locks that uv wrote."""

import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from bot.adapters.lockers import asking, command_lines, memory, moving, texts
from bot.adapters.lockers.asking import Uv
from bot.adapters.lockers.failures import failure, faulty, obstacle, stopped
from bot.adapters.lockers.interpreters import Interpreters
from bot.adapters.lockers.moving import Moving
from bot.adapters.lockers.rooms import Room, Rooms
from bot.adapters.lockers.verifying import Proof, verify
from bot.adapters.lockers.views import built_where_allowed, notes_of, view_of, without_cooldown
from bot.errors import LockFailed
from bot.formats import lock_merge
from bot.model.locks import Libc, LockerName
from bot.model.plan import Relock
from bot.model.reasons import Reason
from bot.ports import Relocked
from bot.system.process import Stopped


class UvPipLocker:
    """Implements ports.Locker with `uv pip compile`; uv is fast enough that its answer is the lock."""

    def __init__(self, rooms: Rooms, interpreters: Interpreters, kept: memory.Memory) -> None:
        self._rooms = rooms
        self._interpreters = interpreters
        self._kept = kept

    def relock(self, tree: Path, relock: Relock, now: datetime) -> Relocked:
        """Compile one lock; see ports.Locker. The same answer as last time is not counted as a compile."""

        def work(allowed: Relock) -> Relocked:
            return without_cooldown(tree, allowed, lambda chosen: self._in_a_room(tree, chosen, now))

        return built_where_allowed(self._rooms, relock, work)

    def obstacle(self, tree: Path, relock: Relock, now: datetime) -> str:
        """Ask uv; see ports.Locker."""
        with self._rooms.room(view_of(relock, now), tree=tree, builds=bool(relock.build)) as room:
            moves = moving.decide(self._uv(room, relock), relock)
            return obstacle(relock.lock, room, moves.answer.complaint) if moves.answer.text is None else ""

    def _in_a_room(self, tree: Path, relock: Relock, now: datetime) -> Relocked:
        with self._rooms.room(view_of(relock, now), tree=tree, builds=bool(relock.build)) as room:
            uv = self._uv(room, relock)
            moves = moving.decide(uv, relock)
            done = self._relocked(tree, relock, uv, moves, now)
            if faults := room.session.faults():
                raise faulty(relock.lock, faults)
            return replace(done, notes=(*done.notes, *notes_of(relock, room.session, done.text)))

    def _uv(self, room: Room, relock: Relock) -> Uv:
        """Ask uv for the lock's own Python: the interpreter if it is here, else by its number."""
        lock = relock.lock
        found = self._interpreters.base(lock.python)
        python = found or Path(sys.executable)
        readable = (python.resolve().parent.parent,)
        version = "" if found and not lock.python_full else command_lines.uv_python(lock)
        return Uv(room=room, lock=lock, python=python, readable=readable, version=version, build=relock.build)

    def _relocked(self, tree: Path, relock: Relock, uv: Uv, moves: Moving, now: datetime) -> Relocked:
        lock = relock.lock
        command = command_lines.for_people(relock, list(moves.options))
        old = texts.read(tree, lock.path)
        if moves.answer.text is not None and asking.confirms(lock, moves.answer.text):
            return Relocked(text=old.text, command=command, notes=(), moved=(), compiled=False)
        text = self._written(uv, moves, old.text)
        key = memory.key(tree, relock, moves, "uv")
        notes: tuple[Reason, ...] = ()
        if lock.libc is Libc.MUSL or self._kept.get(key) is None:
            texts.write(tree, lock.path, text, old.encoding)
            notes = verify(Proof(asked=uv, text=text, known=uv.room.session.hashes))
        compiled = text != old.text and self._kept.get(key) is None
        self._kept.put(key, "", now)
        return Relocked(text=text, command=command, notes=notes, moved=moves.why, compiled=compiled)

    def _written(self, uv: Uv, moves: Moving, old: str) -> str:
        """Let uv write the lock, and bring what changed into the text that stands."""
        lock = uv.lock
        try:
            done, text = uv.compile(moves.options, f"--custom-compile-command={lock.command}")
        except Stopped as error:
            raise stopped(lock, error, uv.room) from error
        if done.code != 0:
            raise failure(lock, done, uv.room)
        try:
            return lock_merge.merged(old, text, by=LockerName.UV_PIP).text
        except ValueError as error:
            raise LockFailed(f"{lock.path}: {error}", hint="require it from an index") from error
