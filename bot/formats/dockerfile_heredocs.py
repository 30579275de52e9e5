"""Here-documents of a Dockerfile instruction: which lines behind it are text and no instructions.

Rules: BuildKit's `frontend/dockerfile` (`parser.heredocsFromLine` and `shell.Lex`). A here-document is a whole shell
word `<<NAME`, so `cat<<EOF` is none; and a line whose quotes or braces do not close has none at all.
"""

import re
from dataclasses import dataclass

WORD = re.compile(r"[0-9]*<<(?P<chomp>-?)(?P<name>[^<]+)")
NAME = re.compile(r"\d+|[@*#?$!-]|\w+")
STRING = r'"(?:[^"\\\x00-\x1f]|\\["\\/bfnrtu])*"'
JSON_STRINGS = re.compile(rf"\[\s*(?:{STRING}\s*(?:,\s*{STRING}\s*)*)?\]\s*")
GAP = re.compile(r"\s+")
DEEPEST = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Heredoc:
    """One here-document: the line that ends it, and whether leading tabs are taken off before comparing."""

    name: str
    chomp: bool

    def ends(self, line: str) -> bool:
        """Whether this line, without its line end, is the last of the document."""
        return (line.lstrip("\t") if self.chomp else line) == self.name


def heredocs(line: str) -> tuple[Heredoc, ...]:
    """Find the here-documents that an ADD, COPY or RUN (the whole logical line) opens, in order."""
    if "<<" not in line:
        return ()
    try:
        words = _words(line)
    except ValueError:
        return ()
    found = (WORD.fullmatch(word) for word in words)
    named = ((match["chomp"] == "-", _unquoted(match["name"])) for match in found if match)
    return tuple(Heredoc(name=name, chomp=chomp) for chomp, name in named if name)


def is_json_form(arguments: str) -> bool:
    """Whether arguments are a JSON list of strings (the exec form), which holds no here-document."""
    return JSON_STRINGS.fullmatch(arguments) is not None


def _words(line: str) -> list[str]:
    """Split at white space outside of quotes; quotes and escapes stay. Raises ValueError where one does not close."""
    edges, place = [0], 0
    while place < len(line):
        start, place = place, _after(line, place, 0)
        if line[start] not in "'\"\\":
            edges.extend(edge for gap in GAP.finditer(line, start, place) for edge in gap.span())
    edges.append(len(line))
    return [line[start:end] for start, end in zip(edges[::2], edges[1::2], strict=True) if start < end]


def _after(line: str, place: int, depth: int) -> int:
    """Where the character, escape, quoted text or `${…}` that begins at `place` ends."""
    if line[place] == "'":
        return line.index("'", place + 1) + 1
    if line[place] == '"':
        return _closing(line, place + 1, '"', depth)
    if line[place] == "$":
        return _after_dollar(line, place + 1, depth)
    return min(place + 2, len(line)) if line[place] == "\\" else place + 1


def _closing(line: str, place: int, stop: str, depth: int) -> int:
    """Where the text behind the next `stop` begins; single quotes mean nothing inside of double ones."""
    if depth > DEEPEST:
        raise ValueError("nested too deeply")
    while place < len(line):
        if line[place] == stop:
            return place + 1
        plain = stop == '"' and line[place] == "'"
        place = place + 1 if plain else _after(line, place, depth + 1)
    raise ValueError(f"{stop} is missing")


def _after_dollar(line: str, place: int, depth: int) -> int:
    if not line.startswith("{", place):
        name = NAME.match(line, place)
        return name.end() if name else place
    name = NAME.match(line, place + 1)
    place = name.end() if name else place + 1
    mark = line[place : place + 1]
    if mark == "}" and name:
        return place + 1
    if mark == "/":
        return _closing(line, _closing(line, place + 1, "/", depth), "}", depth)
    if (mark and mark in "+-?#%") or (mark == ":" and name):
        return _closing(line, place + (2 if mark == ":" else 1), "}", depth)
    raise ValueError("bad substitution")


def _unquoted(word: str) -> str:
    """Take off quotes and escapes; an escape stays inside of double quotes where it escapes nothing."""
    pattern = r"""'([^']*)'|"((?:[^"\\]|\\.?)*)"|\\(.?)|([^'"\\]+)"""
    return "".join(
        re.sub(r'\\(["$\\])', r"\1", double) if double else single + escaped + plain
        for single, double, escaped, plain in re.findall(pattern, word, flags=re.DOTALL)
    )
