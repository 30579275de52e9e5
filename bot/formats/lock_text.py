"""A lock as a document without loss: header, option lines, entries with all their lines, comments, trailing block.

The formats are those of pip-tools' `piptools/writer.py` (versions 5 to 7), uv's `pip compile`, and what people write
between their lines; `LockText.parse(text).render() == text` for every text. Every step takes linear time.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from packaging.utils import canonicalize_name

from bot.formats import text_lines
from bot.formats.text_lines import BOM, Line

NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"
PIN = re.compile(
    rf"(?P<name>{NAME})(?P<extras>\s*\[[^]]*\])?(?P<operator>\s*===?\s*)(?P<version>[^;\s]+)(?P<between>\s*;\s*)?"
)
NAMED_URL = re.compile(rf"(?P<name>{NAME})\s*(?:\[(?P<extras>[^]]*)\]\s*)?@")
EGG = re.compile(r"[#&]egg=(?P<name>[A-Za-z0-9._-]+)")
ARCHIVE = re.compile(r"\.(?:whl|zip|tar|tgz|tar\.\w+)(?:\[[^]]*\])?$", re.IGNORECASE)
HASH = re.compile(r"--hash(?:=|\s+)(\S+)")
EDITABLE = re.compile(r"(?:-e\s*|--e[a-z]*(?:\s+|\s*=\s*))(?P<what>.*)$")
WELL_FORMED = re.compile(r"\w+:[0-9a-fA-F]+")
VIA = re.compile(r"\s*#\s*via(?:\s+(?P<entries>\S.*))?$")
VIA_MORE = re.compile(r"\s*#\s{2,}(?P<entry>\S.*)$")
FROM = re.compile(r"\s*#\s*from\s+(?P<url>\S+)\s*$")
LINE_NUMBER = re.compile(r" \(line \d+\)$")
UNSAFE = "# The following packages are considered to be unsafe in a requirements file"
UNPINNED = "# WARNING: The following packages were not pinned"
EXCLUDED = "# The following packages were excluded from the output"
UNHASHED = "# WARNING: pip install will require the following package to be hashed"
LISTS = (UNSAFE, UNPINNED, EXCLUDED)


class Kind(StrEnum):
    """What a logical line asks for; STRANGE is nothing that a compiler writes (`foo>=1`)."""

    PIN = "pin"
    URL = "url"
    EDITABLE = "editable"
    PATH = "path"
    STRANGE = "strange"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """How a pin is spelled: joined in this order they are the requirement, options left out."""

    name: str
    extras: str
    operator: str
    version: str
    between: str
    marker: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One requirement with all its physical lines.

    `before` are the comments and empty lines above it; `lines` are its own: `logical` of them are what pip joins,
    the rest is its annotation, comments, and hashes that pip does not see because a comment stands before them
    (`stray`, their lines). `text` is the requirement without options and comment. `name` is normalised, "" where
    it has none; `written` is as written. `hashes`, `options` (other words) and `via` are in the order written.
    """

    kind: Kind
    before: tuple[Line, ...]
    lines: tuple[Line, ...]
    logical: int
    text: str
    name: str
    written: str
    extras: tuple[str, ...]
    version: str
    marker: str
    hashes: tuple[str, ...]
    options: tuple[str, ...]
    comment: str
    via: tuple[str, ...]
    stray: tuple[int, ...]
    parts: Parts | None

    @property
    def line(self) -> int:
        """Give the line where the requirement begins, from 1."""
        return self.lines[0].number

    @property
    def raw(self) -> str:
        """Give its own lines as they stand in the file, without what stands before."""
        return text_lines.raw(self.lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """An option line (`--index-url …`, `-r base.txt`) with what stands before it; `text` is joined, without comment."""

    before: tuple[Line, ...]
    lines: tuple[Line, ...]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """The comment, and the empty lines before it, that heads the packages that pip-compile considers unsafe."""

    before: tuple[Line, ...]
    lines: tuple[Line, ...]


Part: TypeAlias = Entry | Option | Heading


@dataclass(frozen=True, slots=True, kw_only=True)
class LockText:
    """The whole file; `header` ends before the first option or entry, `trailer` begins behind the last."""

    bom: str
    header: tuple[Line, ...]
    parts: tuple[Part, ...]
    trailer: tuple[Line, ...]

    @classmethod
    def parse(cls, text: str) -> "LockText":
        """Read any text; nothing is lost, and nothing raises."""
        lines = text_lines.split(text.removeprefix(BOM))
        start = _header_end(lines)
        parts, end = _parts(lines, start)
        return cls(
            bom=BOM if text.startswith(BOM) else "", header=lines[:start], parts=tuple(parts), trailer=lines[end:]
        )

    def render(self) -> str:
        """Give the text back, byte for byte."""
        body = "".join(text_lines.raw(part.before) + text_lines.raw(part.lines) for part in self.parts)
        return self.bom + text_lines.raw(self.header) + body + text_lines.raw(self.trailer)

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Give the entries in the order of the file."""
        return tuple(part for part in self.parts if isinstance(part, Entry))

    @property
    def options(self) -> tuple[Option, ...]:
        """Give the option lines in the order of the file."""
        return tuple(part for part in self.parts if isinstance(part, Option))


def listed(line: Line) -> bool:
    """Say whether a comment begins a list that the compiler wrote: unsafe, unpinned or excluded packages."""
    return line.text.startswith(LISTS)


def _passive(line: Line) -> bool:
    return line.blank or line.comment


def _header_end(lines: tuple[Line, ...]) -> int:
    """Find where the comments that open the file end; what a compiler says of the first entry is not theirs."""
    end = 0
    while end < len(lines) and _passive(lines[end]) and not listed(lines[end]):
        if lines[end].text.startswith(UNHASHED):
            return end
        end += 1
    if end < len(lines) and listed(lines[end]):
        while end and lines[end - 1].blank:
            end -= 1
    return end


def _parts(lines: tuple[Line, ...], start: int) -> tuple[list[Part], int]:
    """Read parts from `start`; give them and the index where the trailer begins."""
    parts: list[Part] = []
    begun = at = start
    while at < len(lines):
        if _passive(lines[at]):
            at += 1
            continue
        before = lines[begun:at]
        heading = next((index for index, line in enumerate(before) if listed(line)), None)
        if heading is not None:
            cut = heading
            while cut and before[cut - 1].blank:
                cut -= 1
            end = _comments_end(before, heading)
            parts.append(Heading(before=before[:cut], lines=before[cut:end]))
            before = before[end:]
        end = text_lines.logical_end(lines, at)
        part, at = _part(lines, before, at, end)
        parts.append(part)
        begun = at
    return parts, begun


def _comments_end(before: tuple[Line, ...], heading: int) -> int:
    """Find where a heading ends: its first line and, for a warning, the two that go on."""
    end = heading + 1
    going_on = ("# pinned when the requirements", "# satisfied by a package already")
    while end < len(before) and before[end].text.startswith(going_on):
        end += 1
    return end


def _part(lines: tuple[Line, ...], before: tuple[Line, ...], at: int, end: int) -> tuple[Part, int]:
    text, comment = text_lines.cut_comment(text_lines.joined(lines[at:end]))
    if not text or (text.startswith("-") and not EDITABLE.match(text)):
        return Option(before=before, lines=lines[at:end], text=text), end
    logical = end - at
    end = _notes_end(lines, end, opened=bool(VIA.match(comment)))
    return _entry(before, lines[at:end], logical), end


def _notes_end(lines: tuple[Line, ...], at: int, *, opened: bool) -> int:
    """Find where an entry's comments, and hashes that stand below one, end."""
    while at < len(lines):
        line = lines[at]
        via = bool(VIA.match(line.text))
        if line.comment and (line.indented or via or (opened and VIA_MORE.match(line.text))):
            opened = opened or via
            at += 1
        elif line.text.lstrip().startswith("--hash"):
            at = text_lines.logical_end(lines, at)
        else:
            break
    return at


def _entry(before: tuple[Line, ...], lines: tuple[Line, ...], logical: int) -> Entry:
    text, comment = text_lines.cut_comment(text_lines.joined(lines[:logical]))
    notes = lines[logical:]
    stray = tuple(line.number for line in notes if not line.comment)
    kind, requirement, words = _kind(text)
    spelled = PIN.match(requirement) if kind is Kind.PIN else None
    named = NAMED_URL.match(requirement)
    egg = EGG.search(requirement) if kind in {Kind.URL, Kind.EDITABLE} and not named else None
    marker = _marker(requirement, spelled)
    found = spelled or named or egg
    written = found["name"] if found else ""
    extras = spelled or named
    hashes = HASH.findall(" ".join([words, *(line.text for line in notes if not line.comment)]))
    return Entry(
        kind=kind,
        before=before,
        lines=lines,
        logical=logical,
        text=requirement,
        name=canonicalize_name(written),
        written=written,
        extras=_extras(extras["extras"] if extras else None),
        version=spelled["version"] if spelled else "",
        marker=marker,
        hashes=tuple(hashes),
        options=tuple(HASH.sub("", words).split()),
        comment=comment,
        via=_via((comment, *(line.text for line in notes))),
        stray=stray,
        parts=_spelling(spelled, marker) if spelled else None,
    )


def _extras(written: str | None) -> tuple[str, ...]:
    if not written:
        return ()
    return tuple(sorted({canonicalize_name(each.strip()) for each in written.strip("[] \t").split(",")} - {""}))


def _kind(text: str) -> tuple[Kind, str, str]:
    """Part a line into its kind, its requirement and its options, as pip does: the first word with a dash ends it."""
    if editable := EDITABLE.match(text):
        requirement, dash, words = editable["what"].partition(" -")
        return Kind.EDITABLE, requirement.strip(), dash.strip() + words
    requirement, dash, words = text.partition(" -")
    requirement = requirement.strip()
    return _requirement_kind(requirement), requirement, dash.strip() + words


def _requirement_kind(text: str) -> Kind:
    if text.startswith((".", "/", "~", "file:")):
        return Kind.PATH
    if NAMED_URL.match(text):
        return Kind.URL
    spelled = PIN.match(text)
    if spelled and not spelled["version"].endswith(".*") and (spelled["between"] or spelled.end() == len(text)):
        return Kind.STRANGE if "," in spelled["version"] else Kind.PIN
    bare = text.partition(";")[0].rstrip()
    if "://" in bare:
        return Kind.URL
    return Kind.PATH if ARCHIVE.search(bare) or ("/" in bare and "=" not in bare) else Kind.STRANGE


def _marker(requirement: str, spelled: re.Match[str] | None) -> str:
    if spelled:
        return requirement[spelled.end() :].strip()
    return requirement.partition(" ;")[2].strip()


def _spelling(spelled: re.Match[str], marker: str) -> Parts:
    return Parts(
        name=spelled["name"],
        extras=spelled["extras"] or "",
        operator=spelled["operator"],
        version=spelled["version"],
        between=spelled["between"] or "",
        marker=marker,
    )


def _via(lines: tuple[str, ...]) -> tuple[str, ...]:
    entries: list[str] = []
    opened = False
    for line in lines:
        if begun := VIA.match(line):
            opened = True
            entries += [entry.strip() for entry in (begun["entries"] or "").split(",") if entry.strip()]
        elif opened and (more := VIA_MORE.match(line)):
            entries.append(more["entry"].strip())
    return tuple(entries)


def joined_comment(entry: Entry) -> bool:
    """Say whether pip joins a comment line to the requirement, because a backslash stands above it."""
    return entry.lines[entry.logical - 1].comment


def annotation_lines(entry: Entry) -> frozenset[int]:
    """Give the places in `entry.lines` of the comment lines that say who wants it."""
    mine = set()
    opened = False
    for index, line in enumerate(entry.lines):
        if line.comment and (VIA.match(line.text) or (opened and VIA_MORE.match(line.text))):
            mine.add(index)
            opened = True
        elif index == entry.logical - 1:
            opened = bool(VIA.match(entry.comment))
    return frozenset(mine)
