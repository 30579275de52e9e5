"""pip-compile as a child process, under the lock's own Python, at most once per lock and run."""

import logging
import platform
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from bot.adapters.lockers import asking, command_lines, memory, moving, texts
from bot.adapters.lockers.asking import Answer, Uv, known
from bot.adapters.lockers.failures import failure, faulty, obstacle, stopped
from bot.adapters.lockers.interpreters import Compiler, Interpreters
from bot.adapters.lockers.moving import Moving
from bot.adapters.lockers.rooms import Room, Rooms
from bot.adapters.lockers.verifying import Proof, verify
from bot.adapters.lockers.views import PASSWORD, built_where_allowed, notes_of, view_of, without_cooldown
from bot.errors import LockFailed
from bot.formats import lock_file, lock_hashes, lock_merge
from bot.formats.encodings import Decoded
from bot.model.locks import Libc, Lock, LockerName
from bot.model.plan import Relock
from bot.model.reasons import Reason
from bot.ports import Relocked
from bot.system.logs import carried
from bot.system.process import Stopped

LOG = logging.getLogger(__name__)
MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}
CONFIG_SINCE = 7  # the pip-tools that reads pyproject.toml, and knows --no-config
OURS = f"linux/{MACHINES.get(platform.machine(), platform.machine())}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One lock at work: its room, who compiles it (None: only uv can), and its text as it stands."""

    room: Room
    tree: Path
    relock: Relock
    compiler: Compiler | None
    uv: Uv
    old: Decoded

    @property
    def lock(self) -> Lock:
        """The lock as it is in the repository."""
        return self.relock.lock

    def result(
        self, moves: Moving, text: str, *, compiled: bool, notes: tuple[Reason, ...] = (), by_uv: bool = False
    ) -> Relocked:
        """Give what the work came to."""
        command = command_lines.for_people(self.relock, list(moves.options), by_uv=by_uv)
        return Relocked(text=text, command=command, notes=notes, moved=moves.why, compiled=compiled)


class PipToolsLocker:
    """Implements ports.Locker with `python -m piptools compile`."""

    def __init__(self, rooms: Rooms, interpreters: Interpreters, kept: memory.Memory) -> None:
        self._rooms = rooms
        self._interpreters = interpreters
        self._kept = kept

    def relock(self, tree: Path, relock: Relock, now: datetime) -> Relocked:
        """Compile one lock; see ports.Locker. Without an interpreter of its Python, uv compiles and a note says so."""

        def work(allowed: Relock) -> Relocked:
            return without_cooldown(tree, allowed, lambda chosen: self._in_a_room(tree, chosen, now))

        return built_where_allowed(self._rooms, relock, work)

    def obstacle(self, tree: Path, relock: Relock, now: datetime) -> str:
        """Ask uv only; see ports.Locker."""
        compiler = self._compiler(relock)
        with self._rooms.room(view_of(relock, now), tree=tree, builds=bool(relock.build)) as room:
            moves = moving.decide(_uv(room, relock, compiler), relock)
            return obstacle(relock.lock, room, moves.answer.complaint) if moves.answer.text is None else ""

    def _in_a_room(self, tree: Path, relock: Relock, now: datetime) -> Relocked:
        lock = relock.lock
        old = texts.read(tree, lock.path)
        compiler = self._compiler(relock)
        with self._rooms.room(view_of(relock, now), tree=tree, builds=bool(relock.build)) as room:
            uv = _uv(room, relock, compiler)
            work = Work(room=room, tree=tree, relock=relock, compiler=compiler, uv=uv, old=old)
            done = self._relocked(work, now)
            if faults := room.session.faults():
                raise faulty(lock, faults)
            return replace(done, notes=(*done.notes, *notes_of(relock, room.session, old.text), *_of(compiler)))

    def _compiler(self, relock: Relock) -> Compiler | None:
        """Give what compiles this lock; None where only uv can resolve for its Python and platform, or shall."""
        lock = relock.lock
        foreign = lock.platform != OURS and bool(command_lines.uv_platform(lock))
        found = (
            None if foreign or relock.resolver == "uv" else self._interpreters.interpreter(lock.python, lock.pip_tools)
        )
        if found is None and relock.resolver == "pip-tools":
            text = f"{lock.path}: no Python {lock.python} for {lock.platform} is installed where Quarterdeck runs"
            hint = 'install it, allow [python] download, or let uv resolve with [policy] resolver = "auto"'
            raise LockFailed(text, hint=hint)
        return found

    def _relocked(self, work: Work, now: datetime) -> Relocked:
        moves = moving.decide(work.uv, work.relock)
        if moves.answer.text is not None and asking.confirms(work.lock, moves.answer.text):
            return work.result(moves, work.old.text, compiled=False)
        if work.compiler is None:
            return self._by_uv(work, moves)
        key = memory.key(work.tree, work.relock, moves, work.compiler.tools)
        if moves.answer.text is not None and (kept := self._kept.get(key)) is not None:
            musl = work.lock.libc is Libc.MUSL  # what cannot be installed there is told every time
            return work.result(moves, kept, compiled=False, notes=verify(_proof(work, moves, kept)) if musl else ())
        with ThreadPoolExecutor(1) as beside:
            # what uv says is nearly always what pip-compile comes to: it is proven while that still runs
            proven = (
                None
                if moves.answer.text is None
                else beside.submit(carried(verify), _proof(work, moves, moves.answer.text))
            )
            text = self._merged(work, self._compile(work, work.compiler, moves), LockerName.PIP_TOOLS)
        self._compare(work.lock, text, moves.answer)
        if proven is not None and asking.same(work.lock, text, moves.answer.text or ""):
            texts.write(work.tree, work.lock.path, text, work.old.encoding)
            notes = proven.result()
        else:
            notes = self._proven(work, moves, text, again=True)
        if moves.answer.text is not None and not PASSWORD.search(text):
            self._kept.put(key, text, now)
        return work.result(moves, text, compiled=True, notes=notes)

    def _compile(self, work: Work, compiler: Compiler, moves: Moving) -> str:
        """Run pip-compile in the tree; give what it wrote there."""
        lock, room = work.lock, work.room
        arguments = command_lines.pip_compile(lock, list(moves.options), command_lines.relative(lock, lock.path))
        command = {"CUSTOM_COMPILE_COMMAND": lock.command} if lock.command else {}
        argv = [str(compiler.python), "-m", "piptools", "compile", *_no_config(compiler), *arguments]
        env = {**command, "PIP_ONLY_BINARY": _only_binary(work)}
        try:
            done = room.run(argv, cwd=work.tree / lock.directory, readable=compiler.prefix, env=env)
        except Stopped as error:
            raise stopped(lock, error, room) from error
        if done.code != 0:
            raise failure(lock, done, room, moves.answer.complaint)
        text = texts.read(work.tree, lock.path).text
        text = text.replace(f"{work.tree / lock.directory}/", "")  # some pip-tools write where they were run
        return lock_hashes.completed(text, known(lock, room, moves.answer))

    def _by_uv(self, work: Work, moves: Moving) -> Relocked:
        """Let uv write, in pip-compile's form; what uv said of it is the lock."""
        done, text = work.uv.compile(moves.options, "--no-header", *_left_out(work.lock))
        if done.code != 0:
            raise failure(work.lock, done, work.room)
        merged = self._merged(work, text, LockerName.UV_PIP)
        notes = self._proven(work, moves, merged, again=False)
        return work.result(moves, merged, compiled=True, notes=(_why_uv(work.relock), *notes), by_uv=True)

    def _merged(self, work: Work, new: str, by: LockerName) -> str:
        try:
            merged = lock_merge.merged(work.old.text, new, by=by)
        except ValueError as error:
            raise LockFailed(
                f"{work.lock.path}: {error}", hint="require it by a relative path, or from an index"
            ) from error
        for line in merged.leaked:
            LOG.debug("%s: left out %s, which comes from the settings of this machine", work.lock.path, line)
        return merged.text

    def _proven(self, work: Work, moves: Moving, text: str, *, again: bool) -> tuple[Reason, ...]:
        """Prove that the result installs, and that compiling once more would change nothing.

        uv is asked first, as it is cheap; where it says otherwise, pip-compile runs `again` and decides.
        """
        lock = work.lock
        texts.write(work.tree, lock.path, text, work.old.encoding)
        notes = verify(_proof(work, moves, text))
        pins = lock_file.pins(lock.path, text)[0]
        now = asking.ask(replace(work.uv, lock=replace(lock, pins=pins)), ())
        settled = now.text is not None and asking.confirms(replace(lock, pins=pins), now.text)
        if settled or work.compiler is None or not again:
            return notes
        second = self._compile(work, work.compiler, replace(moves, options=()))
        if lock_merge.merged(text, second, by=LockerName.PIP_TOOLS).text != text:
            raise LockFailed(f"{lock.path}: compiled twice, it came out differently", hint="report it with the sources")
        return notes

    def _compare(self, lock: Lock, text: str, answer: Answer) -> None:
        if answer.text is None:
            return
        compiled = {(pin.name, pin.version) for pin in lock_file.pins(lock.path, text)[0]}
        answered = {(pin.name, pin.version) for pin in lock_file.pins(lock.path, answer.text)[0]}
        different = sorted({name for name, _ in compiled ^ answered} - asking.UNSAFE)
        if different:
            LOG.info("%s: uv and pip-compile differ about %s; pip-compile wins", lock.path, ", ".join(different))


def _uv(room: Room, relock: Relock, compiler: Compiler | None) -> Uv:
    """Ask uv under the compiler's interpreter; where there is none, for the lock's Python and platform by name."""
    lock = relock.lock
    return Uv(
        room=room, lock=lock, python=compiler.python if compiler else Path(sys.executable),
        readable=compiler.prefix if compiler else (), build=relock.build,
        platform="" if compiler else command_lines.uv_platform(lock),
        version="" if compiler else command_lines.uv_python(lock),
    )  # fmt: skip


def _proof(work: Work, moves: Moving, text: str) -> Proof:
    return Proof(asked=work.uv, text=text, known=known(work.lock, work.room, moves.answer))


def _of(compiler: Compiler | None) -> tuple[Reason, ...]:
    return compiler.notes if compiler else ()


def _only_binary(work: Work) -> str:
    """Give pip's PIP_ONLY_BINARY: everything, or where packages may be built, all that the lock holds but those."""
    build = work.relock.build
    return ",".join(sorted({pin.name for pin in work.lock.pins} - set(build))) if build else ":all:"


def _no_config(compiler: Compiler) -> list[str]:
    """pip-tools 7.0 brought configuration files; their settings are among the lock's arguments already."""
    return ["--no-config"] if int(compiler.tools.partition(".")[0]) >= CONFIG_SINCE else []


def _left_out(lock: Lock) -> list[str]:
    """Give uv the packages that pip-compile would not write, so that both forms are the same."""
    return [f"--no-emit-package={name}" for name in sorted(asking.UNSAFE) if not asking.counts(lock, name)]


def _why_uv(relock: Relock) -> Reason:
    lock = relock.lock
    if relock.resolver == "uv":
        why = "the policy asks for uv"
    elif lock.platform != OURS:
        why = f"{lock.path} is installed on {lock.platform}, and Quarterdeck runs on {OURS}"
    else:
        why = f"no Python {lock.python} is installed where Quarterdeck runs"
    text = f"{why}, so uv resolved {lock.path} for it, and the result was written in pip-compile's form"
    return Reason(code="resolved-by-uv", subject=lock.path, text=text)
