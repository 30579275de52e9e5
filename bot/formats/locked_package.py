"""Packages as lock files list them, and the pins that they become: duplicates made one, who asks for whom noted."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from bot.model.locks import Pin


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """One package asks for another; `version` is "" where the lock does not say which of several is meant."""

    name: str
    version: str = ""
    extras: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedPackage:
    """One entry of a lock; names are normalised. Without a version it is no pin and only asks for others."""

    name: str
    version: str
    line: int
    marker: str = ""
    hashes: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    needs: tuple[Need, ...] = ()


def pins(packages: Iterable[LockedPackage], asked: Iterable[tuple[str, Need]] = ()) -> tuple[Pin, ...]:
    """Give one pin for each name and version, in the order of the file.

    `asked` are the needs of the sources, each with its annotation (`-r pyproject.toml`). Entries of the same name and
    version (one for each platform or extra) share their hashes and extras; a marker counts only where all have one.
    """
    packages = tuple(packages)
    via: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    extras: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    inner = ((package.name, need) for package in packages for need in package.needs)
    for asking, need in (*asked, *inner):
        extras[need.name, need.version].update(need.extras)
        if asking != need.name:
            via[need.name, need.version].add(asking)
    entries: defaultdict[tuple[str, str], list[LockedPackage]] = defaultdict(list)
    for package in packages:
        if package.version:
            entries[package.name, package.version].append(package)
    return tuple(
        Pin(
            name=name,
            version=version,
            line=same[0].line,
            extras=tuple(sorted({*_any(extras, name, version), *(extra for entry in same for extra in entry.extras)})),
            marker=either(entry.marker for entry in same),
            hashes=tuple(dict.fromkeys(digest for entry in same for digest in entry.hashes)),
            via=tuple(sorted(_any(via, name, version))),
        )
        for (name, version), same in entries.items()
    )


def either(markers: Iterable[str]) -> str:
    """Join markers of which one must hold; "" (always) where one of them is empty. `and` binds closer than `or`."""
    different = tuple(dict.fromkeys(markers))
    return "" if "" in different else " or ".join(different)


def _any(found: defaultdict[tuple[str, str], set[str]], name: str, version: str) -> set[str]:
    return found.get((name, version), set()) | found.get((name, ""), set())
