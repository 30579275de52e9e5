"""Command lines of pip-compile and uv for one relock; pure."""

import posixpath
import shlex
from datetime import datetime

from bot.decide.diff import public
from bot.model.locks import Libc, Lock, LockerName
from bot.model.plan import FixAtLeast, Refresh, Relock, UpgradeAll, UpgradeOnly

# What uv pip compile calls otherwise, or does without; everything else is spelled the same.
NOT_FOR_UV = frozenset({
    "--allow-unsafe", "--no-allow-unsafe", "--no-reuse-hashes", "--reuse-hashes", "--build-isolation",
    "--no-emit-options", "--emit-options", "--emit-trusted-host", "--no-emit-trusted-host", "--emit-find-links",
    "--no-emit-find-links", "--emit-index-url", "--no-emit-index-url", "--resolver", "--max-rounds", "--newline",
    "--unsafe-package", "--annotate", "--header", "--uploaded-prior-to", "--pre", "--rebuild", "--build-deps-for",
    "--all-build-deps", "--only-build-deps", "--no-strip-extras", "--exclude-newer", "--annotation-style",
    "--no-header",
})  # fmt: skip
CUTOFFS = frozenset({"--uploaded-prior-to", "--exclude-newer"})  # the gate holds them, for every pip and uv alike
LATEST_PATCH = 99  # images are at the latest patch release of their Python, whatever its number is
ARCHITECTURES = {"amd64": "x86_64", "arm64": "aarch64"}


def movement(relock: Relock) -> list[str]:
    """Give the options that let packages move, as a person would type them."""
    match relock.movement:
        case UpgradeAll(but=but) if but:
            rest = sorted({pin.name for pin in relock.lock.pins} - set(but))
            return [f"--upgrade-package={name}" for name in rest]
        case UpgradeAll():
            return ["--upgrade"]
        case UpgradeOnly(names=names):
            return [f"--upgrade-package={name}" for name in names]
        case FixAtLeast(names=names) as fix:
            bounds = [f"--upgrade-package={line}" for line in least(fix)]
            return [*bounds, *(f"--upgrade-package={name}" for name in names)]
        case Refresh():
            return []


def least(fix: FixAtLeast) -> list[str]:
    """Give what a fix wants of each package, as a requirement: `jinja2>=3.1.6,!=3.2.0`."""
    never = dict(fix.never)
    floors = [(name, public(floor)) for name, floor in fix.floors]
    return [f"{name}>={floor}{''.join(f',!={at}' for at in never.get(name, ()))}" for name, floor in floors]


def exactly(versions: dict[str, str]) -> list[str]:
    """Give the options that bring packages to exactly these versions."""
    return [f"--upgrade-package={name}=={at}" for name, at in sorted(versions.items())]


def relative(lock: Lock, path: str) -> str:
    """Give a path of the repository as the command, run in the lock's directory, writes it."""
    return posixpath.relpath(path, lock.directory or ".")


def pip_compile(lock: Lock, moving: list[str], output: str) -> list[str]:
    """Give pip-compile's arguments, to be run in the lock's directory; no cutoff, as the gate holds it."""
    own = [word for word in lock.arguments if option(word) not in CUTOFFS]
    return [*moving, *own, f"--output-file={output}", "--", *_sources(lock)]


def uv_compile(lock: Lock, moving: list[str], output: str, *, python: str) -> list[str]:
    """Give uv's arguments (behind `uv pip compile`) for the same question, whatever tool wrote the lock.

    `python` is the version to resolve for, "" for the interpreter's own; what the lock's command names goes before it.
    """
    if lock.locker is LockerName.UV_PIP:
        own = [word for word in lock.arguments if option(word) not in CUTOFFS]
    else:
        own = [word for word in lock.arguments if option(word) not in NOT_FOR_UV]
        own += ["--prerelease=allow"] if "--pre" in lock.arguments else []
        own += ["--no-strip-extras"] if "--strip-extras" not in lock.arguments else []
        own.append("--no-sources")  # pip-tools knows nothing of [tool.uv.sources]
    if python and not value(lock, "--python-version"):
        own.append(f"--python-version={python}")
    return [*moving, *own, f"--output-file={output}", "--", *_sources(lock)]


def for_people(relock: Relock, moving: list[str], *, by_uv: bool = False) -> str:
    """Give the command that a person types at the repository's root to get the same."""
    lock = relock.lock
    output = relative(lock, lock.path)
    if by_uv or lock.locker is LockerName.UV_PIP:
        python = lock.python_full or lock.python
        arguments = uv_compile(lock, moving, output, python=python)
        tool, cutoff = ["uv", "pip", "compile"], "--exclude-newer"
    else:
        arguments, tool, cutoff = pip_compile(lock, moving, output), ["pip-compile"], "--uploaded-prior-to"
    own = own_cutoff(lock)
    before = own or (stamp(relock.uploaded_before) if relock.uploaded_before else "")
    narrow = isinstance(relock.movement, UpgradeOnly | FixAtLeast)  # what is asked for by name may be younger
    limit = [*_indexes(lock), *([f"{cutoff}={before}"] if before and not narrow else [])]
    words = [*tool, *arguments[: len(moving)], *limit, *arguments[len(moving) :]]
    command = shlex.join(word for word in dict.fromkeys(words) if word != "--")
    return f"cd {shlex.quote(lock.directory)} && {command}" if lock.directory else command


def uv_platform(lock: Lock) -> str:
    """Give uv's name for the platform that a lock is installed on; "" where uv has none for it."""
    machine = ARCHITECTURES.get(lock.platform.partition("/")[2])
    if machine is None or not lock.platform.startswith("linux/"):
        return ""
    return f"{machine}-unknown-linux-musl" if lock.libc is Libc.MUSL else f"{machine}-manylinux_2_36"


def uv_python(lock: Lock) -> str:
    """Give the Python to resolve for where no interpreter of it is here: `3.9` alone would be 3.9.0 for uv."""
    return lock.python_full or f"{lock.python}.{LATEST_PATCH}"


def own_cutoff(lock: Lock) -> str:
    """Give the cutoff that the lock's header itself asks for, "" for none; it is the repository's, and it stays."""
    return value(lock, "--uploaded-prior-to") or value(lock, "--exclude-newer")


def stamp(moment: datetime) -> str:
    """Give an ISO 8601 time in UTC as pip and uv both read it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def option(word: str) -> str:
    """Give the name of an option without its value."""
    return word.partition("=")[0]


def value(lock: Lock, name: str) -> str:
    """Give the last value of an option of the lock, "" for none."""
    values = [word.partition("=")[2] for word in lock.arguments if word.startswith(f"{name}=")]
    return values[-1] if values else ""


def _indexes(lock: Lock) -> list[str]:
    """Give the index options that the lock's own command names; a compile here takes the operator's indexes instead."""
    main = [f"--index-url={lock.index_url}"] if lock.index_url else []
    named = [*main, *(f"--extra-index-url={url}" for url in lock.extra_indexes)]
    return [word for word in named if word.partition("=")[2] in lock.command]


def _sources(lock: Lock) -> list[str]:
    return [relative(lock, source) for source in lock.sources]
