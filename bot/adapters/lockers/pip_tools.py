"""pip-compile as a child process, under the lock's own Python, at most once per lock and run."""

import logging
import sys
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from bot.adapters.lockers import asking, command_lines, memory
from bot.adapters.lockers.interpreters import Interpreters
from bot.adapters.lockers.rooms import Rooms
from bot.errors import LockFailed, StoreError, Unavailable
from bot.formats import lock_file, resolver_output
from bot.model.locks import Lock
from bot.model.plan import Relock
from bot.model.reasons import Reason
from bot.ports import Relocked
from bot.system.process import Finished, TimedOut, run

LOG = logging.getLogger(__name__)
TOOLS = "import importlib.metadata as m; print(m.version('pip-tools'), m.version('pip'))"
PIP_WITH_CUTOFF = 26  # pip 26.0 brought --uploaded-prior-to


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiler:
    """An interpreter that has pip-tools; `tools` are the versions of pip-tools and pip."""

    python: Path
    tools: str


class PipToolsLocker:
    """Implements ports.Locker with `python -m piptools compile`."""

    def __init__(self, rooms: Rooms, interpreters: Interpreters, kept: memory.Memory) -> None:
        self._rooms = rooms
        self._interpreters = interpreters
        self._kept = kept

    def relock(self, tree: Path, relock: Relock, now: datetime) -> Relocked:
        """Compile one lock; see ports.Locker. Without an interpreter of its Python, uv compiles and a note says so."""
        lock = relock.lock
        python = self._interpreters.with_pip_tools(lock.python)
        old = (tree / lock.path).read_bytes().decode("utf-8")
        if python is None:
            return self._by_uv(tree, relock, old, _no_python(lock))
        tools = self._tools(python)
        answer = asking.ask(self._rooms, tree, relock, python=str(python))
        ours = relock.uploaded_before is not None and not command_lines.own_cutoff(lock)
        if ours and answer.text and (young := asking.downgraded(lock, answer.text)):
            return self._by_uv(tree, replace(relock, keep=young), old, _too_young(lock, young))
        if answer.text is None:
            text = self._compile(tree, relock, Compiler(python=python, tools=tools), answer.complaint)
            return _relocked(without_leaks(text, old), relock, compiled=True, notes=_unsupported_cutoff(relock, tools))
        if asking.confirms(lock, answer.text):
            return _relocked(old, relock, compiled=False)
        key = memory.key(tree, relock, answer.text, tools)
        if (kept := self._kept.get(key)) is not None:
            return _relocked(kept, relock, compiled=False)
        text = without_leaks(self._compile(tree, relock, Compiler(python=python, tools=tools), ""), old)
        self._compare(lock, text, answer.text)
        self._kept.put(key, text, now)
        return _relocked(text, relock, compiled=True, notes=_unsupported_cutoff(relock, tools))

    def _compile(self, tree: Path, relock: Relock, compiler: Compiler, complaint: str) -> str:
        lock = relock.lock
        old = (tree / lock.path).read_bytes().decode("utf-8")
        arguments = command_lines.pip_compile(relock)
        if _unsupported_cutoff(relock, compiler.tools):
            arguments = [word for word in arguments if not word.startswith("--uploaded-prior-to=")]
        with self._rooms.room() as room:
            env = {**room.env, "CUSTOM_COMPILE_COMMAND": lock.command} if lock.command else room.env
            argv = [str(compiler.python), "-m", "piptools", "compile", "--no-config", *arguments]
            try:
                done = run(argv, cwd=tree / lock.directory, timeout=self._rooms.timeout, env=env)
            except TimedOut as error:
                raise LockFailed(
                    f"{lock.path}: {error.message}", hint="loosen the sources, or raise the limit"
                ) from error
        if done.code != 0:
            raise failure(lock, done, complaint)
        text = (tree / lock.path).read_bytes().decode("utf-8")
        return text if lock.command else head(old) + without_header(text)

    def _by_uv(self, tree: Path, relock: Relock, old: str, note: Reason) -> Relocked:
        lock = relock.lock
        done, text = asking.uv_compile(self._rooms, tree, relock, "--no-header", python=sys.executable)
        if done.code != 0:
            raise failure(lock, done)
        if asking.confirms(lock, text):
            return _relocked(old, relock, compiled=False)
        command = command_lines.for_people(relock, by_uv=True)
        text = without_leaks(head(old) + without_header(text), old)
        return Relocked(text=text, command=command, notes=(note,), compiled=True)

    def _tools(self, python: Path) -> str:
        with self._rooms.room() as room:
            done = run([str(python), "-c", TOOLS], cwd=room.home, timeout=60, env=room.env)
        if done.code != 0:
            raise StoreError(f"pip-tools does not start under {python.name}: {resolver_output.reason(done.stderr)}")
        return done.stdout.strip()

    def _compare(self, lock: Lock, text: str, answer: str) -> None:
        compiled = {(pin.name, pin.version) for pin in lock_file.pins(lock.path, text)[0]}
        answered = {(pin.name, pin.version) for pin in lock_file.pins(lock.path, answer)[0]}
        different = sorted({name for name, _ in compiled ^ answered} - asking.UNSAFE)
        if different:
            LOG.info("%s: uv and pip-compile differ about %s; pip-compile wins", lock.path, ", ".join(different))


def failure(lock: Lock, done: Finished, complaint: str = "") -> LockFailed | Unavailable | StoreError:
    """Turn a failed resolve into the error that says who must act.

    `complaint` is what uv said to the same question: where it found no solution either, it says why in one sentence.
    """
    said = f"{done.stderr}\n{complaint}"
    why = resolver_output.reason(complaint if resolver_output.NO_SOLUTION in complaint else done.stderr)
    if resolver_output.DISK_FULL.search(said):
        return StoreError(f"{lock.path}: no space is left for compiling", hint="make room and run again")
    if resolver_output.UNREACHABLE.search(said):
        told = resolver_output.reason(complaint or done.stderr)
        return Unavailable(f"{lock.path}: the package index does not answer: {told}", hint="try again later")
    sources = ", ".join(lock.sources or lock.inputs)
    return LockFailed(f"{lock.path}: {why}", hint=f"change {sources} so that it resolves, then run again")


def without_header(text: str) -> str:
    """Give the text from the first line that is neither a comment nor empty."""
    lines = text.splitlines(keepends=True)
    start = next((at for at, line in enumerate(lines) if line.strip() and not line.startswith("#")), len(lines))
    return "".join(lines[start:])


def head(text: str) -> str:
    """Give what stands before the first line that is neither a comment nor empty."""
    return text[: len(text) - len(without_header(text))]


def without_leaks(text: str, old: str) -> str:
    """Drop option lines that the old lock did not have: they come from the settings of this machine."""
    known = {line.strip() for line in old.splitlines() if line.startswith("-")}
    lines = text.splitlines(keepends=True)
    leaked = [at for at, line in enumerate(lines) if line.startswith("--") and line.strip() not in known]
    if not leaked:
        return text
    after = leaked[-1] + 1
    only_leaks = not any(line.startswith("--") and line.strip() in known for line in lines)
    drop = set(leaked)
    if only_leaks and after < len(lines) and not lines[after].strip():
        drop.add(after)  # the empty line that ends the block of options
    return "".join(line for at, line in enumerate(lines) if at not in drop)


def _relocked(text: str, relock: Relock, *, compiled: bool, notes: tuple[Reason, ...] = ()) -> Relocked:
    return Relocked(text=text, command=command_lines.for_people(relock), notes=notes, compiled=compiled)


def _no_python(lock: Lock) -> Reason:
    text = (
        f"no Python {lock.python} is installed where Quarterdeck runs, so uv resolved {lock.path} for it, and the "
        "result was written in pip-compile's form"
    )
    return Reason(code="resolved-by-uv", subject=lock.path, text=text)


def _too_young(lock: Lock, young: tuple[str, ...]) -> Reason:
    """pip-compile can only hide all young releases, which would lower these pins; uv can make exceptions."""
    text = (
        f"{', '.join(young)} in {lock.path} stay although they are younger than the cooldown; uv resolved the lock "
        "with this exception, and the result was written in pip-compile's form"
    )
    return Reason(code="kept-young", subject=lock.path, text=text)


def _unsupported_cutoff(relock: Relock, tools: str) -> tuple[Reason, ...]:
    pip = tools.rsplit(maxsplit=1)[-1]
    if relock.uploaded_before is None or int(pip.partition(".")[0]) >= PIP_WITH_CUTOFF:
        return ()
    why = (
        f"the cooldown could not be kept: pip {pip}, the newest for Python {relock.lock.python}, knows no upload times"
    )
    return (Reason(code="cooldown-not-kept", subject=relock.lock.path, text=why),)
