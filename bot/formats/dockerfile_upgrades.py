"""Instructions of a Dockerfile that upgrade the packages of the operating system, and the stamp that makes them run.

A stamp is a line `ARG QUARTERDECK_STAMP=2026-11-24.1a2b3c4d` before such a RUN. BuildKit takes the values of the
ARGs that are declared before a RUN into its cache key, whether or not the RUN uses them (Dockerfile reference,
"Impact on build caching"), so a new stamp makes it run again. An ARG before the first FROM is not in scope of a RUN.
"""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from bot.formats import os_upgrades
from bot.formats.dockerfile import LONGEST_FILE
from bot.formats.dockerfile_arguments import Scope
from bot.formats.dockerfile_lines import Instruction, read
from bot.formats.dockerfile_words import Traced, assignments, flags
from bot.model.images import Span

NAME = "QUARTERDECK_STAMP"
VALUE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
INDENTATION = re.compile(r"[ \t]*")
LAYERS = {
    "apt": "apt-get update && apt-get -y upgrade && rm -rf /var/lib/apt/lists/*",
    "apk": "apk --no-cache upgrade",
    "dnf": "dnf -y upgrade && dnf clean all",
    "yum": "yum -y update && yum clean all",
    "microdnf": "microdnf -y update && microdnf clean all",
    "tdnf": "tdnf -y update && tdnf clean all",
    "zypper": "zypper --non-interactive update && zypper clean --all",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """A stamp's value without quotes, and the characters of the file that hold it."""

    value: str
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Upgrade:
    """A RUN that upgrades the operating system's packages; lines count from 1.

    `base_line` is that of the FROM at the bottom of its stage, whose image it upgrades, `stage_line` that of its
    stage's own FROM, `line` its own. `stamp` is the last one before it in its stage; `at` is the offset of the
    beginning of its line, where a stamp would be inserted.
    """

    base_line: int
    stage_line: int
    line: int
    manager: str
    stamp: Stamp | None
    at: int


def upgrades(text: str) -> tuple[Upgrade, ...]:
    """Find all instructions that upgrade packages, in the order of the lines; what ONBUILD holds back is none.

    `manager` is apt, apk, dnf, yum, microdnf, tdnf or zypper. Never raises, whatever the text is.
    """
    if len(text) > LONGEST_FILE:
        return ()
    reading = read(text)
    walk = _Walk(scope=Scope(escape=reading.escape), starts=_starts(text))
    for step in reading.instructions:
        walk.take(step)
    return tuple(walk.found)


def stamped(text: str, at_lines: Collection[int], value: str) -> str:
    """Set the stamp of the upgrades in these lines, in the file's line ending and their indentation.

    A stamp that stands before an upgrade in its stage is replaced. A new one serves every upgrade behind it in its
    stage, so it is inserted before the first of them only. Raises ValueError where a line holds no upgrade, or where
    the value is not made of letters, digits and `._-`.
    """
    _check(value)
    known = {upgrade.line: upgrade for upgrade in upgrades(text)}
    stages: set[int] = set()
    edits: dict[Span, str] = {}
    for line in sorted(at_lines):
        if line not in known:
            raise ValueError(f"line {line} holds no instruction that upgrades packages")
        upgrade = known[line]
        if upgrade.stamp:
            edits[upgrade.stamp.span] = value
        elif upgrade.stage_line not in stages:
            edits[Span(start=upgrade.at, end=upgrade.at)] = _line(text, upgrade.at, f"ARG {NAME}={value}")
        stages.add(upgrade.stage_line)
    for span in sorted(edits, key=lambda span: span.start, reverse=True):
        text = text[: span.start] + edits[span] + text[span.end :]
    return text


def with_upgrade_layer(text: str, from_line: int, manager: str, value: str) -> str:
    """Insert a stamp and a RUN that upgrades, directly behind the FROM in a line.

    Raises ValueError where no FROM begins in that line or something is read otherwise behind it, where the manager is
    not one of LAYERS, or where the value is not one for a stamp.
    """
    _check(value)
    layer = f"RUN {_layer(manager)}"
    before = read(text).instructions
    place = next((at for at, step in enumerate(before) if (step.line, step.keyword) == (from_line, "FROM")), None)
    if place is None or not before[place].body.at:
        raise ValueError(f"line {from_line} holds no FROM")
    new = _behind(text, before[place], (f"ARG {NAME}={value}", layer))
    wanted = [*_words(before[: place + 1]), ("ARG", f"{NAME}={value}"), ("RUN", _layer(manager))]
    if _words(read(new).instructions) != [*wanted, *_words(before[place + 1 :])]:
        raise ValueError(f"the FROM in line {from_line} has no plain end behind which lines can be inserted")
    return new


def upgrade_advice(manager: str) -> str:
    """Give the text for people whose Dockerfile has no line that upgrades.

    Raises ValueError where the manager is not one of LAYERS.
    """
    return (
        f"Nothing in this Dockerfile upgrades the packages of its base image, so a build cannot get what waits in the "
        f"archive. Add this line behind FROM, where the user is still root:\n\n"
        f"    RUN {_layer(manager)}\n\n"
        f"Quarterdeck then sets a dated `ARG {NAME}` before it whenever a security update waits, so that the next "
        f"build really runs it. It writes both lines itself where the policy says `add_upgrade_layer = true`."
    )


@dataclass(slots=True, kw_only=True)
class _Walk:
    """The way through a file; `scope` are the ARGs that FROM sees, `bases` are the base lines of the stages by name.

    The last three are those of the present stage; a `stage_line` of 0 is before the first one.
    """

    scope: Scope
    starts: list[int]
    bases: dict[str, int] = field(default_factory=dict)
    found: list[Upgrade] = field(default_factory=list)
    stage_line: int = 0
    base_line: int = 0
    stamp: Stamp | None = None

    def take(self, step: Instruction) -> None:
        """Take one instruction."""
        if step.keyword == "FROM":
            self._from(step)
        elif step.keyword == "ARG":
            self._arg(step.body)
        elif step.keyword == "RUN" and self.stage_line:
            self._run(step)

    def _from(self, step: Instruction) -> None:
        words = flags(step.body)[1].split()
        try:
            asked = self.scope.expand(words[0]).text.lower() if words else ""
        except ValueError:
            asked = ""
        self.stage_line, self.base_line, self.stamp = step.line, self.bases.get(asked, step.line), None
        if len(words) > 2:  # noqa: PLR2004 - FROM image AS name
            self.bases[words[2].text.lower()] = self.base_line

    def _arg(self, body: Traced) -> None:
        for name, value in assignments(body, self.scope.escape):
            if not self.stage_line:
                self.scope.declare(name, value)
            elif name == NAME and value and value.text:
                span = Span(start=value.at[0], end=value.at[-1] + 1)
                self.stamp = Stamp(value=value.text.strip("\"'"), span=span)

    def _run(self, step: Instruction) -> None:
        manager = os_upgrades.manager(flags(step.body)[1].text, step.documents)
        if not manager:
            return
        upgrade = Upgrade(
            base_line=self.base_line,
            stage_line=self.stage_line,
            line=step.line,
            manager=manager,
            stamp=self.stamp,
            at=self.starts[step.line - 1],
        )
        self.found.append(upgrade)


def _starts(text: str) -> list[int]:
    """Give the offset at which each line begins; only line feeds end a line."""
    return [0, *(found.end() for found in re.finditer("\n", text))]


def _check(value: str) -> None:
    if not VALUE.fullmatch(value):
        raise ValueError(f"{value!r} is no value for a stamp")


def _layer(manager: str) -> str:
    if manager not in LAYERS:
        raise ValueError(f"no command is known that upgrades packages with {manager!r}")
    return LAYERS[manager]


def _line(text: str, at: int, words: str) -> str:
    """Write a line to be inserted at the beginning of another one, which it resembles."""
    indentation = INDENTATION.match(text, at)
    return f"{indentation[0] if indentation else ''}{words}{_ending(text[:at])}"


def _ending(text: str) -> str:
    """Give the line ending of the line that ends with a text."""
    return "\r\n" if text.endswith("\r\n") else "\n"


def _behind(text: str, step: Instruction, lines: Iterable[str]) -> str:
    """Insert lines behind the last character of an instruction's line."""
    end = text.find("\n", step.body.at[-1]) + 1
    if end:
        return text[:end] + "".join(f"{line}{_ending(text[:end])}" for line in lines) + text[end:]
    ending = "\r\n" if "\r\n" in text else "\n"
    return text + "".join(f"{ending}{line}" for line in lines)


def _words(steps: Iterable[Instruction]) -> list[tuple[str, str]]:
    return [(step.keyword, step.body.text) for step in steps]
