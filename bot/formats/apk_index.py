"""What an Alpine repository holds (APKINDEX), and the files that name repositories.

apk-index(5) and apk-repositories(5) of apk-tools; https://wiki.alpinelinux.org/wiki/Apk_spec has the fields.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bot.model.packages import SystemFile

LISTS = re.compile(r"etc/apk/repositories(?:\.d/[^/]+\.list)?")
WEB = re.compile(r"https?://[^\s$\"'<>\\]+", re.IGNORECASE)
LONGEST_LINE = 2000
LONGEST_LIST = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexEntry:
    """One package that a repository has; `origin` is its source package, whose version is the same."""

    name: str
    version: str
    origin: str
    architecture: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Repositories:
    """The repositories that packages come from, without a slash at the end, in the order of the files.

    `tagged` are the names of those that packages are taken from only on request (`@edge`), sorted. `unreadable` are
    lines that cannot be followed from outside, as people may see them.
    """

    urls: tuple[str, ...]
    tagged: tuple[str, ...]
    unreadable: tuple[str, ...]


def entries(lines: Iterable[bytes]) -> Iterator[IndexEntry]:
    """Read the lines of an APKINDEX one by one; what has no name or no version is left out. Never fails."""
    fields: dict[str, str] = {}
    for raw in lines:
        line = raw.decode(errors="replace").rstrip("\r\n")
        if line[1:2] == ":":
            fields[line[0]] = line[2:].strip()
        elif not line.strip():
            yield from _entry(fields)
            fields = {}
    yield from _entry(fields)


def repositories(files: Iterable[SystemFile]) -> Repositories:
    """Read `etc/apk/repositories` and `etc/apk/repositories.d/*.list`; other files are passed over. Never fails."""
    urls: list[str] = []
    tagged: set[str] = set()
    unreadable: list[str] = []
    for path, line in _lines(files):
        if line.startswith("@"):
            tagged.add(line.partition(" ")[0])
        elif WEB.fullmatch(line) and len(line) <= LONGEST_LINE:
            urls.append(line.rstrip("/"))
        else:
            unreadable.append(f"{path} has a line that cannot be followed from outside: {_shown(line)}")
    return Repositories(
        urls=tuple(dict.fromkeys(urls)), tagged=tuple(sorted(tagged)), unreadable=tuple(dict.fromkeys(unreadable))
    )


def _entry(fields: dict[str, str]) -> Iterator[IndexEntry]:
    name, version = fields.get("P", ""), fields.get("V", "")
    if name and version:
        yield IndexEntry(name=name, version=version, origin=fields.get("o") or name, architecture=fields.get("A", ""))


def _lines(files: Iterable[SystemFile]) -> Iterator[tuple[str, str]]:
    for file in sorted(files, key=lambda one: one.path):
        if LISTS.fullmatch(file.path):
            for line in file.data[:LONGEST_LIST].decode(errors="replace").splitlines():
                if (text := " ".join(line.split())) and not text.startswith("#"):
                    yield file.path, text


def _shown(line: str) -> str:
    """Give a line as people may see it: short, and without a password."""
    return re.sub(r"//[^/\s]*@", "//", line[:100])
