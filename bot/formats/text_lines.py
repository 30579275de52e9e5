"""Physical lines of a requirements file: what pip takes for lines, numbered as an editor numbers them.

pip splits with `str.splitlines` (`pip._internal.req.req_file.preprocess`), so a form feed or U+2028 ends a line for it
and what follows is read; an editor counts only line feeds, carriage returns and the two together.
"""

import re
from dataclasses import dataclass

EDITOR_ENDINGS = frozenset({"\n", "\r\n", "\r"})
ENDING = re.compile("\r\n|[\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029]")  # those of str.splitlines
BOM = "\ufeff"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line: `number` as an editor shows it, from 1; `ending` is "" only at the end of the file."""

    number: int
    text: str
    ending: str

    @property
    def raw(self) -> str:
        """Give the line as it stands in the file."""
        return self.text + self.ending

    @property
    def blank(self) -> bool:
        """Say whether nothing but white space stands here."""
        return not self.text or self.text.isspace()

    @property
    def comment(self) -> bool:
        """Say whether the whole line is a comment."""
        return self.text.lstrip().startswith("#")

    @property
    def indented(self) -> bool:
        """Say whether the line begins with white space."""
        return self.text[:1].isspace()

    @property
    def continued(self) -> bool:
        """Say whether pip joins the next line to this one."""
        return self.text.endswith("\\") and not self.comment


def split(text: str) -> tuple[Line, ...]:
    """Cut a text (without its byte order mark) into lines; joining their `raw` gives the text."""
    lines = []
    number = 1
    for raw in text.splitlines(keepends=True):
        body = raw.splitlines()[0]
        ending = raw[len(body) :]
        lines.append(Line(number=number, text=body, ending=ending))
        number += ending in EDITOR_ENDINGS
    return tuple(lines)


def first(text: str, count: int) -> list[str]:
    """Give the texts of the first lines without reading on, however long the file is."""
    lines: list[str] = []
    at = 0
    while at < len(text) and len(lines) < count:
        found = ENDING.search(text, at)
        lines.append(text[at : found.start() if found else len(text)])
        at = found.end() if found else len(text)
    return lines


def raw(lines: tuple[Line, ...]) -> str:
    """Give lines as they stand in the file."""
    return "".join(line.raw for line in lines)


def logical_end(lines: tuple[Line, ...], start: int) -> int:
    """Give the index behind the last line that pip joins to the one at `start`; a comment ends a continuation."""
    end = start
    while end < len(lines) and lines[end].continued:
        end += 1
    return min(end + 1, len(lines))


def joined(lines: tuple[Line, ...]) -> str:
    """Join continuation lines as pip does, the comment still in it."""
    parts = []
    for line in lines:
        if line.continued:
            parts.append(line.text.strip("\\"))
        else:
            parts.append(f" {line.text}" if line.comment else line.text)
    return "".join(parts)


def cut_comment(text: str) -> tuple[str, str]:
    """Part a joined line into what counts, stripped, and its comment, "" for none; white space stands before that."""
    at = text.find("#")
    while at > 0 and not text[at - 1].isspace():
        at = text.find("#", at + 1)
    return (text.strip(), "") if at < 0 else (text[:at].strip(), text[at:])
