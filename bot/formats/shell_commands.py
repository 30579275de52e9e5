"""Commands of a shell script, as far as they are plain: words, what they write to, and where subshells begin and end.

The grammar is that of POSIX.1-2017, volume Shell and Utilities, 2.10, read loosely: nothing is executed, so both
sides of `||` and every branch of an `if` count as commands.
"""

import re
from dataclasses import dataclass, field
from typing import TypeAlias

SUBSTITUTION = r"\$\((?:[^()]|\([^()]*\)){0,500}\)|\$\{[^}]{0,500}\}|`[^`]*`"
WORD = rf"""(?:\\.|'[^']*'|"(?:\\.|[^"\\])*"|{SUBSTITUTION}|[^\s;&|()<>'"\\`])+"""
TOKEN = re.compile(
    rf"(?P<blank>[ \t\r]+)|(?P<comment>\#[^\n]*)|(?P<redirect>[0-9]*(?:&>>?|[<>][<>&|-]*))"
    rf"|(?P<bracket>[()])|(?P<end>&&|\|\||[;&|\n]+)|(?P<word>{WORD})",
    re.DOTALL,
)
LEADING = frozenset({"if", "then", "else", "elif", "while", "until", "do", "!", "{", "time"})
WRITES = re.compile(r"[0-9]*(?:&?>>?\|?)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One simple command: its words with their quotes and variables, and the words of files that it writes."""

    words: tuple[str, ...]
    writes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Bracket:
    """A subshell begins or ends: what it changes for itself is undone behind it."""

    opens: bool


Part: TypeAlias = Command | Bracket


@dataclass(slots=True)
class _Reading:
    """What was read so far, and the command that is being read."""

    parts: list[Part] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    writes: list[str] = field(default_factory=list)
    redirect: str = ""

    def word(self, text: str) -> None:
        """Take a word: the target of a redirection, or one of the command."""
        if self.redirect:
            if WRITES.fullmatch(self.redirect):
                self.writes.append(text)
            self.redirect = ""
        elif self.words or text not in LEADING:
            self.words.append(text)

    def end(self) -> None:
        """End the command."""
        if self.words or self.writes:
            self.parts.append(Command(words=tuple(self.words), writes=tuple(self.writes)))
        self.words, self.writes, self.redirect = [], [], ""


def commands(script: str) -> tuple[Part, ...]:
    """Read a script; empty where it is malformed (a quote that does not close). It never fails."""
    reading, place = _Reading(), 0
    script = script.replace("\\\n", "")
    while place < len(script):
        found = TOKEN.match(script, place)
        if found is None:
            return ()
        place = found.end()
        match found.lastgroup:
            case "word":
                reading.word(found[0])
            case "redirect":
                reading.redirect = found[0]
            case "bracket":
                reading.end()
                reading.parts.append(Bracket(opens=found[0] == "("))
            case "end":
                reading.end()
            case _:
                pass
    reading.end()
    return tuple(reading.parts)
