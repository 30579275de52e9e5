"""Command lines of pip-compile and uv for one relock; pure."""

import posixpath
import shlex
from datetime import datetime

from bot.model.locks import Lock, LockerName
from bot.model.plan import Relock, UpgradeAll, UpgradeOnly

# What uv pip compile calls otherwise, or does without; everything else is spelled the same.
NOT_FOR_UV = frozenset({
    "--allow-unsafe", "--no-allow-unsafe", "--no-reuse-hashes", "--reuse-hashes", "--build-isolation",
    "--no-emit-options", "--emit-options", "--emit-trusted-host", "--no-emit-trusted-host", "--emit-find-links",
    "--no-emit-find-links", "--emit-index-url", "--no-emit-index-url", "--resolver", "--max-rounds", "--newline",
    "--unsafe-package", "--annotate", "--header", "--uploaded-prior-to", "--pre",
})  # fmt: skip

FAR_AWAY = "2999-12-31"  # a date that excludes nothing


def movement(relock: Relock) -> list[str]:
    """Give the options that let packages move."""
    match relock.movement:
        case UpgradeAll() if relock.keep:
            moving = sorted({pin.name for pin in relock.lock.pins} - set(relock.keep))
            return [f"--upgrade-package={name}" for name in moving]
        case UpgradeAll():
            return ["--upgrade"]
        case UpgradeOnly(names=names):
            return [f"--upgrade-package={name}" for name in names]


def relative(lock: Lock, path: str) -> str:
    """Give a path of the repository as the command, run in the lock's directory, writes it."""
    return posixpath.relpath(path, lock.directory or ".")


def pip_compile(relock: Relock) -> list[str]:
    """Give pip-compile's arguments, to be run in the lock's directory."""
    lock = relock.lock
    cutoff = [] if relock.uploaded_before is None else [f"--uploaded-prior-to={stamp(relock.uploaded_before)}"]
    if own_cutoff(lock):
        cutoff = []
    sources = [relative(lock, source) for source in lock.sources]
    return [*movement(relock), *lock.arguments, *cutoff, f"--output-file={relative(lock, lock.path)}", "--", *sources]


def uv_compile(relock: Relock, output: str) -> list[str]:
    """Give uv's arguments (behind `uv pip compile`) for the same question, whatever tool wrote the lock."""
    lock = relock.lock
    own = [word for word in lock.arguments if word.partition("=")[0] not in NOT_FOR_UV]
    if lock.locker is LockerName.UV_PIP:
        own = list(lock.arguments)
    else:
        own.append("--no-sources")  # pip-tools knows nothing of [tool.uv.sources]
    if "--pre" in lock.arguments and lock.locker is LockerName.PIP_TOOLS:
        own.append("--prerelease=allow")
    before = own_cutoff(lock) or (relock.uploaded_before and stamp(relock.uploaded_before))
    if before and "--exclude-newer" not in " ".join(own):
        own.append(f"--exclude-newer={before}")
    own += [f"--exclude-newer-package={name}={FAR_AWAY}" for name in relock.keep]
    if not _value(lock, "--python-version"):
        own.append(f"--python-version={lock.python}")
    sources = [relative(lock, source) for source in lock.sources]
    return [*movement(relock), *own, f"--output-file={output}", "--", *sources]


def for_people(relock: Relock, *, by_uv: bool = False) -> str:
    """Give the command that a person types at the repository's root to get the same."""
    lock = relock.lock
    if by_uv or lock.locker is LockerName.UV_PIP:
        words = ["uv", "pip", "compile", *_indexes(lock), *uv_compile(relock, relative(lock, lock.path))]
    else:
        words = ["pip-compile", *_indexes(lock), *pip_compile(relock)]
    command = shlex.join(word for word in words if word != "--")
    return f"cd {shlex.quote(lock.directory)} && {command}" if lock.directory else command


def _indexes(lock: Lock) -> list[str]:
    """Give the index options that the lock's own command names; a compile here takes the operator's indexes instead."""
    main = [f"--index-url={lock.index_url}"] if lock.index_url else []
    named = [*main, *(f"--extra-index-url={url}" for url in lock.extra_indexes)]
    return [word for word in named if word.partition("=")[2] in lock.command]


def own_cutoff(lock: Lock) -> str:
    """Give the cutoff that the lock's header itself asks for, "" for none; it is the repository's, and it stays."""
    return _value(lock, "--uploaded-prior-to") or _value(lock, "--exclude-newer")


def stamp(moment: datetime) -> str:
    """Give an ISO 8601 time in UTC as pip and uv both read it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _value(lock: Lock, option: str) -> str:
    values = [word.partition("=")[2] for word in lock.arguments if word.startswith(option + "=")]
    return values[-1] if values else ""
