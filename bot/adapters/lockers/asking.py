"""Asking uv, cheaply, what a lock would come to: the question before the compile.

uv answers from its cache with conditional requests; its versions were identical to pip-compile's wherever
both were measured, so an unchanged answer means that compiling again would change nothing.
"""

import logging
import tempfile
from pathlib import Path

import uv

from bot.adapters.lockers import command_lines
from bot.adapters.lockers.rooms import Rooms
from bot.formats import lock_file
from bot.model.locks import Lock, Pin
from bot.model.plan import Relock
from bot.system.process import Finished, TimedOut, run

UNSAFE = frozenset({"distribute", "pip", "setuptools"})  # pip-compile leaves these out without --allow-unsafe
LOG = logging.getLogger(__name__)


def uv_compile(rooms: Rooms, tree: Path, relock: Relock, *extra: str, python: str) -> tuple[Finished, str]:
    """Run `uv pip compile` for a relock; give how it ended and the text that it wrote ("" when it failed)."""
    lock = relock.lock
    with rooms.room() as room, tempfile.TemporaryDirectory(dir=room.home) as folder:
        output = Path(folder) / "answer.txt"
        current = tree / lock.path
        output.write_bytes(current.read_bytes() if current.exists() else b"")
        arguments = command_lines.uv_compile(relock, str(output))
        argv = [uv.find_uv_bin(), "pip", "compile", "--quiet", f"--python={python}", *extra, *arguments]
        done = run(argv, cwd=tree / lock.directory, timeout=rooms.timeout, env=room.env)
        return done, output.read_text("utf-8") if done.code == 0 else ""


def ask(rooms: Rooms, tree: Path, relock: Relock, *, python: str) -> str | None:
    """Give uv's answer as text that is equal when nothing changed; None where uv cannot tell."""
    try:
        done, text = uv_compile(rooms, tree, relock, "--no-header", "--no-annotate", python=python)
    except TimedOut:
        LOG.info("uv gave no answer in time for %s", relock.lock.path)
        return None
    if done.code != 0:
        LOG.info("uv gives no answer for %s, so the compiler is asked: %s", relock.lock.path, done.stderr.strip())
        return None
    return text


def confirms(lock: Lock, answer: str) -> bool:
    """Say whether the answer is what the lock already holds, versions and hashes."""
    answered, _ = lock_file.pins(lock.path, answer)
    hashed = any(pin.hashes for pin in lock.pins)
    have = {_essence(pin, hashed=hashed) for pin in lock.pins}
    would = {_essence(pin, hashed=hashed) for pin in answered if _counts(lock, pin)}
    return bool(have) and have == would


def _essence(pin: Pin, *, hashed: bool) -> tuple[str, str, tuple[str, ...]]:
    return pin.name, pin.version, tuple(sorted(pin.hashes)) if hashed else ()


def _counts(lock: Lock, pin: Pin) -> bool:
    return pin.name not in UNSAFE or "--allow-unsafe" in lock.arguments or any(p.name == pin.name for p in lock.pins)
