"""On which line of a TOML text each key and each array element stands; tomllib does not say.

The grammar is TOML 1.0. The text must have passed tomllib: this scanner finds places, it judges nothing.
"""

import re
import sys
import tomllib
from bisect import bisect_left
from dataclasses import dataclass, field
from typing import TypeAlias

Path: TypeAlias = tuple[str | int, ...]

# the quantifiers are possessive so that a text of megabytes takes no memory for places to go back to
BLANK = re.compile(r"(?:[ \t\r\n]++|#[^\n]*+)*+")
KEY = re.compile(r"""(?P<bare>[A-Za-z0-9_-]+)|"(?:[^"\\\n]++|\\.)*+"|'[^'\n]*'""")
DOT = re.compile(r"[ \t]*\.[ \t]*")
VALUE = re.compile(
    r'''"""(?:[^"\\]++|\\[\s\S]|"{1,2}(?!"))*+"{3,5}|\'\'\'[\s\S]*?'{3,5}|"(?:[^"\\\n]++|\\.)*+"|'[^'\n]*'|[^,\]}#\n]+'''
)


def lines(text: str, *, deepest: int = sys.maxsize) -> dict[Path, int]:
    """Map key paths (`("repository", 0, "name")`) to lines, from 1; tables that a header implies are included.

    `deepest` is how many steps a path may have. All paths of a text with deep nesting are far larger than the text, so
    whoever reads the texts of strangers states it.
    """
    scanner = _Scanner(
        text=text, deepest=deepest, breaks=[place for place, letter in enumerate(text) if letter == "\n"]
    )
    scanner.document()
    return scanner.found


@dataclass(slots=True, kw_only=True)
class _Scanner:
    """A place in the text and what was found up to there; `lengths` counts the elements of arrays of tables."""

    text: str
    deepest: int
    breaks: list[int]
    at: int = 0
    found: dict[Path, int] = field(default_factory=dict)
    lengths: dict[Path, int] = field(default_factory=dict)

    def document(self) -> None:
        table: Path = ()
        self._skip()
        while self.at < len(self.text):
            table = self._header() if self._take("[") else self._pair(table)
            self._skip()

    def _header(self) -> Path:
        """Read `[a.b]` or `[[a.b]]` and give the path of the table that it opens."""
        many = self._take("[")
        self._skip()
        line, keys = self._line(), self._keys()
        path: Path = ()
        for key in keys[:-1]:
            path = self._newest((*path, key), line)
        path = (*path, keys[-1])
        if many:
            self._note(path, line)
            self.lengths[path] = self.lengths.get(path, 0) + 1
        elif len(path) <= self.deepest:
            self.found[path] = line
        path = self._newest(path, line)
        self.at = self.text.index("]", self.at) + 1 + many
        return path

    def _newest(self, path: Path, line: int) -> Path:
        """Note a table of a header; an array of tables means its newest element."""
        self._note(path, line)
        if path in self.lengths:
            path = (*path, self.lengths[path] - 1)
            self._note(path, line)
        return path

    def _note(self, path: Path, line: int) -> None:
        if len(path) <= self.deepest:
            self.found.setdefault(path, line)

    def _into(self, path: Path, step: str | int) -> Path:
        """Give the path of what is in a table or an array; below the deepest that are noted paths grow no more."""
        return (*path, step) if len(path) <= self.deepest else path

    def _pair(self, table: Path) -> Path:
        """Read `a.b = value` within `table`; give `table`."""
        line, path = self._line(), table
        for key in self._keys():
            path = self._into(path, key)
            self._note(path, line)
        self.at = self.text.index("=", self.at) + 1
        self._skip()
        self._value(path)
        return table

    def _keys(self) -> list[str]:
        keys = [self._key()]
        while DOT.match(self.text, self.at):
            self._match(DOT)
            keys.append(self._key())
        return keys

    def _key(self) -> str:
        match = self._match(KEY)
        return match["bare"] or str(tomllib.loads(f"key = {match[0]}")["key"])

    def _value(self, path: Path) -> None:
        if self._take("["):
            self._array(path)
        elif self._take("{"):
            self._inline_table(path)
        else:
            self._match(VALUE)

    def _array(self, path: Path) -> None:
        index = 0
        self._skip()
        while not self._take("]"):
            inner = self._into(path, index)
            self._note(inner, self._line())
            self._value(inner)
            index += 1
            self._separator()

    def _inline_table(self, path: Path) -> None:
        self._skip()
        while not self._take("}"):
            self._pair(path)
            self._separator()

    def _separator(self) -> None:
        self._skip()
        self._take(",")
        self._skip()

    def _skip(self) -> None:
        self._match(BLANK)

    def _match(self, pattern: re.Pattern[str]) -> re.Match[str]:
        match = pattern.match(self.text, self.at)
        if match is None:
            raise ValueError(f"line {self._line()} is not TOML")
        self.at = match.end()
        return match

    def _take(self, mark: str) -> bool:
        found = self.text.startswith(mark, self.at)
        self.at += len(mark) if found else 0
        return found

    def _line(self) -> int:
        return bisect_left(self.breaks, self.at) + 1
