"""Lines of a Dockerfile: parser directives, continuations, comments and here-documents become instructions.

Rules: BuildKit's `frontend/dockerfile/parser` (`Parse`, `DirectiveParser`) and the Dockerfile reference, "Parser
directives". Every character of an instruction knows its offset in the text, so that it can be edited in place.
"""

import itertools
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from bot.formats.dockerfile_heredocs import heredocs, is_json_form
from bot.formats.dockerfile_words import GAP, Traced, flags

BOM = "\ufeff"
DIRECTIVE = re.compile(r"\s*#\s*(?P<key>[A-Za-z][A-Za-z0-9]*)\s*=\s*(?P<value>\S(?:.*\S)?)\s*")
KNOWN_DIRECTIVES = frozenset({"syntax", "escape", "check"})
WITH_HEREDOCS = frozenset({"ADD", "COPY", "RUN"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """One instruction: its first line (from 1), its keyword in upper case, and everything behind it.

    `documents` are the texts of its here-documents, in the order in which it opens them.
    """

    line: int
    keyword: str
    body: Traced
    documents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A whole file. `syntax` is the image of `# syntax=` and its line; `unfinished` are lines of endless heredocs."""

    escape: str
    syntax: tuple[int, Traced] | None
    instructions: tuple[Instruction, ...]
    unfinished: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """A physical line without its end; `start` is its offset, `number` counts from 1."""

    number: int
    start: int
    text: str

    def traced(self, start: int, end: int) -> Traced:
        return Traced(text=self.text[start:end], at=tuple(range(self.start + start, self.start + end)))

    @property
    def is_comment(self) -> bool:
        return self.text.lstrip().startswith("#")


def read(text: str) -> Reading:
    """Read a Dockerfile; it never fails, whatever the text is. Offsets count a BOM and carriage returns."""
    lines = _physical(text)
    directives = _directives(lines)
    backtick = next((value.text == "`" for _, key, value in directives if key == "escape"), False)
    escape = "`" if backtick else "\\"
    instructions, unfinished = _instructions(lines, escape)
    return Reading(escape=escape, syntax=_syntax(lines), instructions=instructions, unfinished=unfinished)


def instruction(line: int, text: Traced) -> Instruction:
    """Split a logical line into keyword and body; also what stands behind ONBUILD."""
    whole = text.stripped()
    gap = GAP.search(whole.text)
    end = gap.start() if gap else len(whole.text)
    return Instruction(line=line, keyword=whole.text[:end].upper(), body=whole.cut(end).stripped())


def _physical(text: str) -> list[_Line]:
    """Split at line feeds only; all carriage returns at a line's end belong to it."""
    lines, start = [], len(BOM) if text.startswith(BOM) else 0
    for number, line in enumerate(text[start:].split("\n"), start=1):
        lines.append(_Line(number=number, start=start, text=line.rstrip("\r")))
        start += len(line) + 1
    return lines


def _directives(lines: Iterable[_Line]) -> list[tuple[int, str, Traced]]:
    """Give the directives at the top: the first line that is none of the known ones ends them."""
    found = []
    for line in lines:
        match = DIRECTIVE.fullmatch(line.text)
        if not match or match["key"].lower() not in KNOWN_DIRECTIVES:
            break
        found.append((line.number, match["key"].lower(), line.traced(*match.span("value"))))
    return found


def _syntax(lines: list[_Line]) -> tuple[int, Traced] | None:
    """Find the frontend's image; a `#!` line may stand before its directive, and its value ends at a blank."""
    behind = lines[1:] if lines[0].text.startswith("#!") else lines
    comments = itertools.takewhile(lambda line: line.text.startswith("#"), behind)
    for number, key, value in _directives(comments):
        if key == "syntax":
            return number, value.cut(0, len(value.text.partition(" ")[0]))
    return None


def _instructions(lines: list[_Line], escape: str) -> tuple[tuple[Instruction, ...], tuple[tuple[int, str], ...]]:
    found: list[Instruction] = []
    unfinished: list[tuple[int, str]] = []
    place = 0
    while place < len(lines):
        first = lines[place]
        text, place = _logical(lines, place, escape)
        if not text.text.strip():
            continue
        step = instruction(first.number, text)
        documents, place, endless = _heredocs(lines, place, step, text.text)
        found.append(replace(step, documents=documents))
        unfinished.extend((first.number, name) for name in endless)
    return tuple(found), tuple(unfinished)


def _logical(lines: list[_Line], place: int, escape: str) -> tuple[Traced, int]:
    """Join a line with its continuations; comments and empty lines between them are dropped."""
    continued = re.compile(rf"(?<!{re.escape(escape)}){re.escape(escape)}[ \t]*\Z")
    parts: list[Traced] = []
    open_line = True
    while open_line and place < len(lines):
        line, place = lines[place], place + 1
        if line.is_comment or not line.text.strip():
            open_line = bool(parts)
            continue
        mark = continued.search(line.text)
        parts.append(line.traced(0, mark.start() if mark else len(line.text)))
        open_line = mark is not None
    text = "".join(part.text for part in parts)
    return Traced(text=text, at=tuple(offset for part in parts for offset in part.at)), place


def _heredocs(
    lines: list[_Line], place: int, of: Instruction, text: str
) -> tuple[tuple[str, ...], int, tuple[str, ...]]:
    """Read the here-documents of an instruction: their texts, what is behind them, and the names of endless ones."""
    inner = instruction(of.line, of.body) if of.keyword == "ONBUILD" else of
    if inner.keyword not in WITH_HEREDOCS or is_json_form(flags(inner.body)[1].text):
        return (), place, ()
    texts: list[str] = []
    for document in heredocs(text):
        ends = (index for index in range(place, len(lines)) if document.ends(lines[index].text))
        end = next(ends, None)
        if end is None:
            return tuple(texts), len(lines), (document.name,)
        texts.append("".join(f"{line.text}\n" for line in lines[place:end]))
        place = end + 1
    return tuple(texts), place, ()
