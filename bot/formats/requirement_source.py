"""What a source of a lock says, whatever file format it says it in."""

import re
from dataclasses import dataclass

from bot.model.findings import Unreadable
from bot.model.locks import Requirement

LOGIN = re.compile(r"(?<=://)[^/\s@]+@")


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """A requirement or a file that a compiler has to build, which runs code; `why` says that and what to do instead."""

    line: int
    text: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RequirementFile:
    """A source: its direct requirements, the files that it includes, and the index addresses that it names.

    `paths` are requirements on files and folders (`-e .`, `./lib`), which need more of the repository than texts.
    `refused` are (line, why) of what stands in the way of compiling it. `constraints` are those of `includes` that
    only bound versions, `grouped` those that belong to an extra or group, as (path, group). `builds` are everything
    that would run code, refused or not. `urls` are (line, address) of what is fetched from elsewhere than an index.
    `include_lines` are (path, line) of the includes, `extra_indexes` those addresses that do not replace the default.
    """

    requirements: tuple[Requirement, ...] = ()
    includes: tuple[str, ...] = ()
    indexes: tuple[tuple[int, str], ...] = ()
    refused: tuple[tuple[int, str], ...] = ()
    paths: tuple[str, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()
    constraints: tuple[str, ...] = ()
    grouped: tuple[tuple[str, str], ...] = ()
    builds: tuple[Build, ...] = ()
    urls: tuple[tuple[int, str], ...] = ()
    include_lines: tuple[tuple[str, int], ...] = ()
    extra_indexes: tuple[str, ...] = ()

    def line_of(self, included: str) -> int:
        """Give the line, from 1, on which a file is included; 1 where it is not."""
        return next((line for path, line in self.include_lines if path == included), 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """Where a requirement stands: its file, its line (from 1), and what it belongs to (see model.Requirement)."""

    path: str
    line: int
    constraint: bool = False
    group: str = ""

    @property
    def directory(self) -> str:
        """Give the file's folder, "" for the root."""
        return self.path.rpartition("/")[0]

    def unreadable(self, subject: str, why: str) -> RequirementFile:
        """Say that something here is not understood."""
        row = Unreadable(path=self.path, line=self.line, subject=without_login(subject), why=without_login(why))
        return RequirementFile(unreadable=(row,))

    def refused(self, why: str) -> RequirementFile:
        """Say that something here stands in the way."""
        return RequirementFile(refused=((self.line, without_login(why)),))


def without_login(text: str) -> str:
    """Leave out users and passwords of the addresses in a text that people get to read."""
    return LOGIN.sub("", text)


def gather(rows: list[RequirementFile]) -> RequirementFile:
    """Put what was read piece by piece into one."""
    return RequirementFile(
        requirements=tuple(item for row in rows for item in row.requirements),
        includes=tuple(item for row in rows for item in row.includes),
        indexes=tuple(item for row in rows for item in row.indexes),
        refused=tuple(item for row in rows for item in row.refused),
        paths=tuple(item for row in rows for item in row.paths),
        unreadable=tuple(item for row in rows for item in row.unreadable),
        constraints=tuple(item for row in rows for item in row.constraints),
        grouped=tuple(item for row in rows for item in row.grouped),
        builds=tuple(item for row in rows for item in row.builds),
        urls=tuple(item for row in rows for item in row.urls),
        include_lines=tuple(item for row in rows for item in row.include_lines),
        extra_indexes=tuple(item for row in rows for item in row.extra_indexes),
    )
