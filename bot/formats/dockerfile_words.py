"""Words of a Dockerfile instruction: flags, assignments and mount fields, each with its place in the file.

Rules: BuildKit's `frontend/dockerfile/parser` (`extractBuilderFlags`, `parseWords`) and `instructions` (mounts).
"""

import re
from dataclasses import dataclass

GAP = re.compile(r"[\t\v\f\r ]+")
FLAG = re.compile(r"\s*(?=--)")
WORD = re.compile(r"[^\t\v\f\r ]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Traced:
    """A text whose characters know where they stand in the file: `at[i]` is the offset of `text[i]`."""

    text: str
    at: tuple[int, ...]

    def cut(self, start: int, end: int | None = None) -> "Traced":
        """Give the part [start, end)."""
        return Traced(text=self.text[start:end], at=self.at[start:end])

    def pick(self, places: list[int]) -> "Traced":
        """Give the characters at these places."""
        return Traced(text="".join(self.text[place] for place in places), at=tuple(self.at[place] for place in places))

    def stripped(self) -> "Traced":
        """Give the text without white space at both ends."""
        start = len(self.text) - len(self.text.lstrip())
        return self.cut(start, max(start, len(self.text.rstrip())))

    def split(self) -> tuple["Traced", ...]:
        """Give the words between white space; quotes do not hold words together (so BuildKit splits FROM)."""
        return tuple(self.cut(*word.span()) for word in WORD.finditer(self.text))

    def partition(self, mark: str) -> tuple["Traced", bool, "Traced"]:
        """Split at the first `mark` (one character), and tell whether it is there."""
        head, found, _ = self.text.partition(mark)
        return self.cut(0, len(head)), bool(found), self.cut(len(head) + len(found))


def flags(body: Traced) -> tuple[tuple[Traced, ...], Traced]:
    """Take the leading `--flags` off an instruction's body; quotes and backslashes are resolved in them.

    The escape character is a backslash here whatever `# escape=` says, as in BuildKit.
    """
    found: list[Traced] = []
    place = 0
    while start := FLAG.match(body.text, place):
        places, place = _flag(body.text, start.end())
        word = body.pick(places)
        if word.text == "--":
            break
        found.append(word)
    return tuple(found), body.cut(place).stripped()


def _flag(text: str, place: int) -> tuple[list[int], int]:
    """Give the places of a flag's characters without quotes and escapes, and where it ends."""
    places, quote = [], ""
    while place < len(text) and (quote or not text[place].isspace()):
        char = text[place]
        if char == quote:
            quote = ""
        elif not quote and char in "'\"":
            quote = char
        else:
            place += char == "\\"
            places.append(place)
        place += 1
    return [place for place in places if place < len(text)], place


def flag_values(found: tuple[Traced, ...], name: str) -> tuple[Traced | None, ...]:
    """Give the values of `--name=value` flags; None for a `--name` without a value."""
    split = [flag.cut(2).partition("=") for flag in found]
    return tuple(value if given else None for key, given, value in split if key.text == name)


def assignments(body: Traced, escape: str) -> tuple[tuple[str, Traced | None], ...]:
    """Split an ARG's body into names and values, which keep their quotes; None for a name without `=`."""
    split = [word.partition("=") for word in quoted_words(body, escape)]
    return tuple((name.text, value if given else None) for name, given, value in split)


def quoted_words(body: Traced, escape: str) -> tuple[Traced, ...]:
    """Split at white space outside of quotes; single quotes know no escape."""
    mark = re.escape(escape)
    plain = rf"(?:{mark}.?|'[^']*(?:'|\Z)|\"(?:{mark}.?|[^\"{mark}])*(?:\"|\Z)|[^\s'\"{mark}])+"
    return tuple(body.cut(*word.span()) for word in re.finditer(plain, body.text, re.DOTALL))


def mount_fields(mount: Traced) -> tuple[tuple[str, Traced], ...]:
    """Split a mount's comma-separated `key=value` fields (a CSV row); keys in lower case, fields may be quoted."""
    fields = [mount.cut(*field.span()) for field in re.finditer(r'(?:"[^"]*(?:"|\Z)|[^,"])+', mount.text)]
    bare = [field.pick([place for place, char in enumerate(field.text) if char != '"']) for field in fields]
    return tuple((key.text.lower(), value) for key, _, value in (field.partition("=") for field in bare))
