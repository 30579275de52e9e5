"""Whether a lock still says what its sources ask for: what is missing, out of bounds, or left over."""

import re
from collections.abc import Iterable, Iterator

from packaging.markers import InvalidMarker, Marker, UndefinedComparison, UndefinedEnvironmentName
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from bot.formats.compile_command import inside
from bot.model.findings import LockOutOfDate
from bot.model.locks import Lock, LockerName, Pin, Requirement

UNSAFE = frozenset({"distribute", "pip", "setuptools"})  # pip-compile leaves these out without --allow-unsafe
MACHINES = {"amd64": "x86_64", "arm64": "aarch64", "386": "i686", "arm": "armv7l"}  # Docker's names to uname's
PATCHES = ("0", "99")  # a lock names its Python without the last number, so a marker must hold for all of them
LINE_NUMBER = re.compile(r" \(line \d+\)$")


def out_of_date(lock: Lock, requirements: tuple[Requirement, ...]) -> tuple[LockOutOfDate, ...]:
    """Compare a lock with the requirements of its sources and inputs; those of other files are passed over.

    A finding is only made where nothing explains it: a marker that may be false, an extra that is not asked for, an
    address instead of a version, a package that the compiler leaves out. Sorted by package and sentence.
    """
    readable = {*lock.sources, *lock.inputs}
    left_out = _files(lock, "--exclude", "--excludes")
    said = [row for row in requirements if row.path in readable and row.path != lock.path]
    own = [row for row in said if row.path not in left_out]
    overrides = _files(lock, "--override", "--overrides")
    overridden = {row.name for row in own if row.path in overrides}
    own = [row for row in own if row.path in overrides or row.name not in overridden]
    bounds = _files(lock, "--constraint", "--constraints") | overrides
    found = {why for row in own for why in _row(lock, row, bound=row.constraint or row.path in bounds)}
    found |= set(_left_over(lock, said))
    return tuple(LockOutOfDate(path=lock.path, subject=subject, why=why) for subject, why in sorted(found))


def _row(lock: Lock, row: Requirement, *, bound: bool) -> Iterator[tuple[str, str]]:
    if not (bound or chosen(lock, row.group)) or not _holds(lock, row.marker):
        return
    pins = [pin for pin in lock.pins if pin.name == row.name]
    asked = f"{row.path}:{row.line} {'allows' if bound else 'asks for'} {row.name}{row.specifier}"
    if not pins and not bound and not row.url and row.name not in _left_out(lock):
        yield row.name, f"{asked}, the lock does not pin it"
    for pin in pins:
        if _holds(lock, pin.marker) and not _within(pin, row.specifier):
            yield row.name, f"{asked}, the lock pins {pin.version}"


def _files(lock: Lock, *options: str) -> set[str | None]:
    """Give the files that options name, but for sources."""
    words = (word.partition("=") for word in lock.arguments)
    return {inside(lock.directory, path) for option, _, path in words if option in options} - set(lock.sources)


def _values(lock: Lock, *options: str) -> set[str]:
    """Give the normalised values of options; before a colon stands a path (`--group=sub/pyproject.toml:dev`)."""
    words = (word.partition("=") for word in lock.arguments)
    return {canonicalize_name(value.rpartition(":")[2]) for name, _, value in words if name in options and value}


def chosen(lock: Lock, group: str) -> bool:
    """Say whether a lock's command asks for the extra or group of a requirement; "" always counts."""
    kind, _, name = group.partition(":")
    if kind == "extra":
        return "--all-extras" in lock.arguments or name in _values(lock, "--extra")
    return kind == "" or name in _values(lock, "--group")


def _left_out(lock: Lock) -> set[str]:
    """Give the packages that the compiler does not pin on purpose."""
    named = _values(lock, "--unsafe-package", "--no-emit-package")
    if lock.locker is LockerName.PIP_TOOLS:
        return set() if "--allow-unsafe" in lock.arguments else named | UNSAFE
    return named


def _holds(lock: Lock, marker: str) -> bool:
    """Say whether a marker is true wherever the lock is installed: its Python, whatever patch release, on Linux."""
    if not marker:
        return True
    try:
        parsed = Marker(marker)
        return all(parsed.evaluate(_environment(lock, patch)) for patch in PATCHES)
    except (InvalidMarker, UndefinedComparison, UndefinedEnvironmentName, InvalidVersion):
        return False


def may_hold(lock: Lock, marker: str, extras: Iterable[str] = ()) -> bool:
    """Say whether a marker is true for a patch release of the lock's Python, or cannot be read; `extras` are on."""
    if not marker:
        return True
    patches = (lock.python_full.removeprefix(f"{lock.python}."),) if lock.python_full else PATCHES
    environments = [_environment(lock, patch) for patch in patches]
    try:
        parsed = Marker(marker)
        return any(parsed.evaluate(one | {"extra": extra}) for one in environments for extra in ("", *extras))
    except (InvalidMarker, UndefinedComparison, UndefinedEnvironmentName, InvalidVersion):
        return True


def _environment(lock: Lock, patch: str) -> dict[str, str]:
    machine = lock.platform.split("/")[1] if "/" in lock.platform else ""
    full = f"{lock.python}.{patch}"
    return {
        "extra": "",
        "implementation_name": "cpython",
        "implementation_version": full,
        "os_name": "posix",
        "platform_machine": MACHINES.get(machine, machine),
        "platform_python_implementation": "CPython",
        "platform_release": "",
        "platform_system": "Linux",
        "platform_version": "",
        "python_full_version": full,
        "python_version": lock.python,
        "sys_platform": "linux",
    }


def _within(pin: Pin, specifier: str) -> bool:
    try:
        return SpecifierSet(specifier).contains(Version(pin.version), prereleases=True)
    except (InvalidSpecifier, InvalidVersion):
        return specifier.removeprefix("===").strip() == pin.version or not specifier.startswith("===")


def _left_over(lock: Lock, own: list[Requirement]) -> Iterator[tuple[str, str]]:
    """Find pins that are there for a source's sake which names them no more; only where the whole source was read."""
    if lock.obstacle:
        return
    read = {*lock.sources, *lock.inputs} - set(lock.after)
    named = {(row.path, row.name) for row in own}
    for pin in lock.pins:
        for entry in pin.via:
            flag, _, written = LINE_NUMBER.sub("", entry).partition(" ")
            path = inside(lock.directory, written) if flag == "-r" and written else None
            if path in read and (path, pin.name) not in named:
                yield pin.name, f"the lock pins {pin.name} {pin.version} for {path}, which does not name it any more"
