"""Asking uv, cheaply, what a lock would come to: the question before the compile.

uv answers from its cache with conditional requests; its versions were identical to pip-compile's wherever
both were measured, so an unchanged answer means that compiling again would change nothing.
"""

import logging
import tempfile
from dataclasses import dataclass
from pathlib import Path

import uv

from bot.adapters.lockers import command_lines
from bot.adapters.lockers.rooms import Rooms
from bot.decide import diff
from bot.formats import lock_file
from bot.model.locks import Lock, Pin
from bot.model.plan import Relock
from bot.system.process import Finished, TimedOut, run

UNSAFE = frozenset({"distribute", "pip", "setuptools"})  # pip-compile leaves these out without --allow-unsafe
NO_BUILDS = "--only-binary=:all:"  # an sdist would run its code; UV_NO_BUILD is not heeded by `uv pip compile`
LOG = logging.getLogger(__name__)


def uv_compile(rooms: Rooms, tree: Path, relock: Relock, *extra: str, python: str) -> tuple[Finished, str]:
    """Run `uv pip compile` for a relock; give how it ended and the text that it wrote ("" when it failed)."""
    lock = relock.lock
    with rooms.room() as room, tempfile.TemporaryDirectory(dir=room.home) as folder:
        output = Path(folder) / "answer.txt"
        current = tree / lock.path
        output.write_bytes(current.read_bytes() if current.exists() else b"")
        arguments = command_lines.uv_compile(relock, str(output))
        ours = [word for word in (NO_BUILDS, *extra) if word not in arguments]  # uv refuses a flag that stands twice
        argv = [uv.find_uv_bin(), "pip", "compile", "--quiet", f"--python={python}", *ours, *arguments]
        done = run(argv, cwd=tree / lock.directory, timeout=rooms.timeout, env=room.env)
        return done, output.read_text("utf-8") if done.code == 0 else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What uv said: a text that is equal when nothing changed, or None with its complaint."""

    text: str | None
    complaint: str = ""


def ask(rooms: Rooms, tree: Path, relock: Relock, *, python: str) -> Answer:
    """Ask uv; where it cannot tell, the compiler is asked, and the complaint may explain why that fails too."""
    try:
        done, text = uv_compile(rooms, tree, relock, "--no-header", "--no-annotate", python=python)
    except TimedOut as error:
        return Answer(text=None, complaint=error.message)
    if done.code != 0:
        LOG.info("uv gives no answer for %s, so the compiler is asked: %s", relock.lock.path, done.stderr.strip())
        return Answer(text=None, complaint=done.stderr)
    return Answer(text=text)


def confirms(lock: Lock, answer: str) -> bool:
    """Say whether the answer is what the lock already holds, versions and hashes."""
    answered, _ = lock_file.pins(lock.path, answer)
    hashed = any(pin.hashes for pin in lock.pins)
    have = {_essence(pin, hashed=hashed) for pin in lock.pins}
    would = {_essence(pin, hashed=hashed) for pin in answered if _counts(lock, pin)}
    return bool(have) and have == would


def downgraded(lock: Lock, answer: str) -> tuple[str, ...]:
    """Name the pins that the answer would lower, as a cooldown does to what was pinned younger than it."""
    answered = {pin.name: diff.version(pin.version) for pin in lock_file.pins(lock.path, answer)[0]}
    pairs = ((pin.name, diff.version(pin.version), answered.get(pin.name)) for pin in lock.pins)
    return tuple(sorted({name for name, have, would in pairs if have and would and would < have}))


def _essence(pin: Pin, *, hashed: bool) -> tuple[str, str, tuple[str, ...]]:
    return pin.name, pin.version, tuple(sorted(pin.hashes)) if hashed else ()


def _counts(lock: Lock, pin: Pin) -> bool:
    return pin.name not in UNSAFE or "--allow-unsafe" in lock.arguments or any(p.name == pin.name for p in lock.pins)
