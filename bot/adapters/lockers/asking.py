"""Asking uv, cheaply, what a lock would come to: the question before the compile.

uv answers from its cache with conditional requests; its versions were identical to pip-compile's wherever
both were measured, so an unchanged answer means that compiling again would change nothing.
"""

import logging
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import uv
from packaging.utils import canonicalize_name

from bot.adapters.lockers import command_lines, texts
from bot.adapters.lockers.rooms import Room
from bot.formats import lock_file
from bot.model.locks import Lock, LockerName, Pin
from bot.system.process import Finished, Stopped

UNSAFE = frozenset({"distribute", "pip", "setuptools"})  # pip-compile leaves these out without --allow-unsafe
NO_BUILDS = "--only-binary=:all:"  # an sdist would run its code; UV_NO_BUILD is not heeded by `uv pip compile`
BARE = ("--no-header", "--no-annotate")
LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Uv:
    """Asks uv about one lock: `room.tree` holds the repository's files, `python` is an interpreter for it to look at.

    `platform` is uv's name of the platform to resolve for, "" for this machine's, `version` the Python to resolve for,
    "" for that of the interpreter. `build` names packages whose source distributions may be built.
    """

    room: Room
    lock: Lock
    python: Path
    platform: str = ""
    version: str = ""
    build: tuple[str, ...] = ()
    readable: tuple[Path, ...] = ()

    def compile(self, moving: Sequence[str], *options: str, constraints: Sequence[str] = ()) -> tuple[Finished, str]:
        """Run `uv pip compile`; give how it ended and the text that it wrote ("" when it failed).

        The lock as it stands is what uv prefers; it is not written to.
        """
        tree = self.room.tree or self.room.home
        with tempfile.TemporaryDirectory(dir=self.room.home) as folder:
            output, limits = Path(folder) / "answer.txt", Path(folder) / "limits.txt"
            output.write_text(texts.read(tree, self.lock.path).text, "utf-8")
            limits.write_text("".join(f"{line}\n" for line in constraints), "utf-8")
            arguments = command_lines.uv_compile(self.lock, list(moving), str(output), python=self.version)
            ours = [
                "--quiet", f"--python={self.python}", *self.formats(), *options,
                *([f"--python-platform={self.platform}"] if self.platform else []),
                *([f"--constraints={limits}"] if constraints else []),
            ]  # fmt: skip
            unsaid = ours if "--no-build" not in arguments else [word for word in ours if word != NO_BUILDS]
            once = [word for word in unsaid if word not in arguments]  # uv refuses a flag that stands twice
            argv = [uv.find_uv_bin(), "pip", "compile", *once, *arguments]
            done = self.room.run(argv, cwd=tree / self.lock.directory, readable=self.readable)
            return done, texts.read(Path(folder), output.name).text if done.code == 0 else ""

    def formats(self) -> list[str]:
        """Give the options that keep source distributions from being built, but for those that may be.

        Where some may be, every other package of the lock is named; the gate hands out no other sdist anyway.
        """
        if not self.build:
            return [NO_BUILDS]
        return [f"--only-binary={name}" for name in sorted({pin.name for pin in self.lock.pins} - set(self.build))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What uv said: a text that is equal when nothing changed, or None with its complaint."""

    text: str | None
    complaint: str = ""


def ask(asked: Uv, moving: Sequence[str], *options: str, constraints: Sequence[str] = ()) -> Answer:
    """Ask uv; where it cannot tell, the compiler is asked, and the complaint may explain why that fails too."""
    try:
        done, text = asked.compile(moving, *BARE, *options, constraints=constraints)
    except Stopped as error:
        return Answer(text=None, complaint=error.message)
    if done.code != 0:
        LOG.info("uv gives no answer for %s, so the compiler is asked: %s", asked.lock.path, done.complaint.strip())
        return Answer(text=None, complaint=done.complaint)
    return Answer(text=text)


def confirms(lock: Lock, answer: str) -> bool:
    """Say whether the answer is what the lock already holds, versions and hashes."""
    answered, _ = lock_file.pins(lock.path, answer)
    hashed = any(pin.hashes for pin in lock.pins)
    have = {_essence(pin, hashed=hashed) for pin in lock.pins}
    would = {_essence(pin, hashed=hashed) for pin in answered if counts(lock, pin.name)}
    return bool(have) and have == would


def same(lock: Lock, text: str, answer: str) -> bool:
    """Say whether a text pins exactly what the answer does: versions, markers and hashes, and nothing more or less."""
    both = (
        {(pin.name, pin.version, lock_file.normal_marker(pin.marker), frozenset(pin.hashes)) for pin in pins}
        for pins, _ in (lock_file.pins(lock.path, text), lock_file.pins(lock.path, answer))
    )
    return next(both) == next(both)


def known(lock: Lock, room: Room, answer: Answer) -> Callable[[str, str], tuple[str, ...]]:
    """Give a function for the hashes of all files of a release: as uv told them already, else as the page does."""
    told = lock_file.pins(lock.path, answer.text or "")[0]
    hashes = {(pin.name, pin.version): pin.hashes for pin in told}
    return lambda name, version: hashes.get((name, version)) or room.session.hashes(name, version)


def counts(lock: Lock, name: str) -> bool:
    """Say whether pip-compile would write this package: the unsafe ones only where the lock has or allows them."""
    if lock.locker is LockerName.UV_PIP or name not in UNSAFE | _called_unsafe(lock):
        return True
    return "--allow-unsafe" in lock.arguments or any(pin.name == name for pin in lock.pins)


def _called_unsafe(lock: Lock) -> frozenset[str]:
    """Name the packages that the lock's own command calls unsafe."""
    words = (word.partition("=") for word in lock.arguments)
    return frozenset(canonicalize_name(name) for option, _, name in words if option == "--unsafe-package")


def _essence(pin: Pin, *, hashed: bool) -> tuple[str, str, tuple[str, ...]]:
    return pin.name, pin.version, tuple(sorted(pin.hashes)) if hashed else ()
