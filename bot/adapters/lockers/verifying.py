"""Proof that a new lock can be installed, before anybody sees it: for its Python and platform, from wheels.

uv resolves the lock as `pip install --dry-run --require-hashes` would, from metadata alone: every dependency must be
pinned, at a version that its parents accept (what `pip check` looks at). New hashes must be those of the index.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

import uv

from bot.adapters.lockers import command_lines
from bot.adapters.lockers.asking import UNSAFE, Uv, counts
from bot.adapters.lockers.failures import failure
from bot.errors import LockFailed
from bot.formats import lock_file, resolver_output
from bot.model.locks import Libc, Lock, Pin
from bot.model.reasons import Reason
from bot.system.process import Finished

UNHASHED = re.compile(r"no trusted hash was provided for: `(?P<name>[^`]+)`")
WOULD = re.compile(r"^ \+ (?P<name>[^=@\s]+)==", re.MULTILINE)
HINT = "nothing was proposed; if the sources are right, report it together with the lock"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """A lock's new text, which is to be proven.

    `asked` is how uv was asked for it, `known` gives the hashes of all files of a release (name, version).
    """

    asked: Uv
    text: str
    known: Callable[[str, str], tuple[str, ...]]

    @property
    def lock(self) -> Lock:
        """The lock as it was."""
        return self.asked.lock

    @property
    def pins(self) -> tuple[Pin, ...]:
        """The pins of the new text."""
        return lock_file.pins(self.lock.path, self.text)[0]


def verify(proof: Proof) -> tuple[Reason, ...]:
    """Prove that the new text can be installed; give what a reviewer must know besides.

    Raises LockFailed with the resolver's own sentence where it cannot, Unavailable where the index is the cause.
    """
    _check_hashes(proof)
    platform = command_lines.uv_platform(proof.lock)
    done = _install(proof, platform)
    if done.code != 0 and proof.lock.libc is Libc.MUSL and not _unhashed(done):
        why = resolver_output.reason(done.complaint)
        return (*_judged(proof, _install(proof, "")), _built_in_the_image(proof.lock, why))
    return _judged(proof, done)


def _check_hashes(proof: Proof) -> None:
    """Compare the hashes of what is new with those of the index: uv looks at them only when it downloads."""
    old = {(pin.name, pin.version, pin.hashes) for pin in proof.lock.pins}
    for pin in proof.pins:
        if not pin.hashes or (pin.name, pin.version, pin.hashes) in old:
            continue
        listed = proof.known(pin.name, pin.version)  # none: an index without hashes, whose files were downloaded
        strange = sorted(set(pin.hashes) - set(listed)) if listed else []
        if strange:
            text = f"{proof.lock.path}: no file of {pin.name} {pin.version} on the index has the hash {strange[0]}"
            raise LockFailed(text, hint=HINT)


def _judged(proof: Proof, done: Finished) -> tuple[Reason, ...]:
    lock = proof.lock
    if (name := _unhashed(done)) and name in UNSAFE and not counts(lock, name):
        done = _install(proof, command_lines.uv_platform(lock), hashed=False)
    if name := _unhashed(done):
        text = f"{lock.path}: {name}, which its pins need, is not pinned with a hash in it"
        raise LockFailed(f"{text}; a lock with hashes that lacks one cannot be installed", hint=HINT)
    if done.code != 0:
        raise failure(lock, done, proof.asked.room, about=_where(lock))
    pinned = {pin.name for pin in proof.pins}
    missing = sorted(set(WOULD.findall(done.stderr)) - pinned - UNSAFE)
    if missing:
        raise LockFailed(f"{lock.path}: its pins need {', '.join(missing)}, which it does not pin", hint=HINT)
    return ()


def _install(proof: Proof, platform: str, *, hashed: bool = True) -> Finished:
    """Let uv say what it would install; nothing is downloaded but metadata, and nothing is installed."""
    room, lock = proof.asked.room, proof.lock
    file = room.home / "proof.txt"
    file.write_text(_requirements(proof.text), "utf-8")
    pins = proof.pins
    hashes = ["--require-hashes"] if hashed and pins and all(pin.hashes for pin in pins) else []
    python = command_lines.value(lock, "--python-version") or proof.asked.version
    argv = [
        uv.find_uv_bin(), "pip", "install", "--dry-run", f"--python={proof.asked.python}", *proof.asked.formats(),
        *([f"--python-version={python}"] if python else []), "--prerelease=allow", *hashes,
        *([f"--python-platform={platform}"] if platform else []),
        *(["--no-deps"] if "--no-deps" in lock.arguments else []),
        f"--target={room.home / 'nowhere'}", f"--requirements={file}",
    ]  # fmt: skip
    return room.run(argv, readable=proof.asked.readable)


def _requirements(text: str) -> str:
    """Leave out options: which index is asked is the gate's business, and only requirements are to be proven."""
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith("-"))


def _unhashed(done: Finished) -> str:
    found = UNHASHED.search(done.stderr) if done.code != 0 else None
    return found["name"] if found else ""


def _where(lock: Lock) -> str:
    libc = " with musl" if lock.libc is Libc.MUSL else ""
    return f"the new lock cannot be installed for Python {lock.python} on {lock.platform}{libc} from wheels"


def _built_in_the_image(lock: Lock, why: str) -> Reason:
    text = f"not all of {lock.path} has wheels for musl, so the image builds something from source or fails: {why}"
    return Reason(code="no-musl-wheel", subject=lock.path, text=text)
