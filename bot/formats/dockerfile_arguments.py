"""Build arguments of a Dockerfile: what a word of FROM stands for, and where in the file each of its letters stands.

Rules: BuildKit's `frontend/dockerfile/shell` (`Lex`) and the Dockerfile reference, "Environment replacement" and
"Understand how ARG and FROM interact". Values are those of a build to which nobody passes arguments.
"""

import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from bot.formats.dockerfile_words import Traced

UNSET = "\0"
"""Stands in a value for an argument without a value: nobody but the builder knows what comes here."""
BY_PLATFORM = "\1"
"""Stands in a value for an argument that BuildKit sets from the platforms of the build; it is never empty."""

PLATFORM_ARGUMENTS = frozenset(
    side + part for side in ("BUILD", "TARGET") for part in ("PLATFORM", "OS", "ARCH", "VARIANT")
)  # fmt: skip
NAME = re.compile(r"\d+|[@*#?$!-]|\w+")
LONGEST = 4096
DEEPEST = 50
PLAIN = re.compile(r"[A-Za-z0-9_./:@-]+")  # never a quote, an escape, a dollar or a stop: taken in one go


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """A word after substitution.

    `at` are the offsets of its characters in the file, `end` is where something can be put behind the whole value
    (in the ARG or in the `:-` default from which all of it comes, else at the end of the word). `parts` are the ends
    of values that are only a part of this one, so that nothing may be put there; `missing` says what is not known.
    """

    text: str = ""
    at: tuple[int, ...] = ()
    end: int | None = None
    parts: frozenset[int] = frozenset()
    missing: tuple[str, ...] = ()

    @property
    def blank(self) -> bool:
        """Whether it is empty in a build without arguments."""
        return not self.text.strip(UNSET)

    @property
    def places(self) -> frozenset[int]:
        """Every place where putting something would change this value."""
        return self.parts if self.end is None else self.parts | {self.end}

    def among(self, names: AbstractSet[str]) -> bool:
        """Whether it is one of these names (in lower case), or can be once the missing parts are known."""
        head, *rest = re.split(f"[{UNSET}{BY_PLATFORM}]", self.text.lower())
        if not rest:
            return head in names
        return any(_fits(name, head, rest[:-1], rest[-1]) for name in names if name.startswith(head))


def _fits(name: str, head: str, middle: Sequence[str], tail: str) -> bool:
    """Whether a name is head, middle parts and tail, in this order, with anything between them."""
    place, end = len(head), len(name) - len(tail)
    for part in middle:
        found = name.find(part, place)
        place = end + 1 if found < 0 else found + len(part)
    return name.endswith(tail) and place <= end


@dataclass(slots=True)
class Scope:
    """The arguments that FROM sees: those that are declared before the first one."""

    escape: str
    values: dict[str, Value] = field(default_factory=dict)
    declared: set[str] = field(default_factory=set)

    def declare(self, name: str, default: Traced | None) -> None:
        """Take one name of an ARG; a later default wins, and a later name without one changes nothing."""
        self.declared.add(name)
        if default is None:
            return
        try:
            self.values[name] = self.expand(default)
        except ValueError as error:
            self.values[name] = Value(text=UNSET, missing=(f"the default of ARG {name} is malformed: {error}",))

    def expand(self, word: Traced) -> Value:
        """Substitute arguments in a word and take off its quotes; raises ValueError where it is malformed."""
        if len(word.text) > LONGEST:
            raise ValueError(f"it is longer than {LONGEST} characters")
        return _Expansion(scope=self, word=word).until("", 0)

    def known(self, name: str) -> Value | None:
        """Give the value of an argument, None where it is not set."""
        if name not in self.values and name in PLATFORM_ARGUMENTS:
            return Value(text=BY_PLATFORM, missing=(f"{name} depends on the platform of the build",))
        return self.values.get(name)

    def value(self, name: str) -> Value:
        """Give the value of an argument, or one that says why there is none."""
        if known := self.known(name):
            return known
        if name in self.declared:
            return Value(text=UNSET, missing=(f"ARG {name} has no default, so only those who build know its value",))
        return Value(missing=(f"no ARG before the first FROM declares {name}",))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    """A part of a word: its value, the offset behind what it was written as, and whether it is a variable."""

    value: Value
    behind: int
    variable: bool


@dataclass(slots=True, kw_only=True)
class _Expansion:
    """Reads one word from left to right; `place` is how far it has come."""

    scope: Scope
    word: Traced
    place: int = 0

    def until(self, stop: str, depth: int) -> Value:
        """Expand up to the character `stop`, or to the end of the word for ""."""
        if depth > DEEPEST:
            raise ValueError("its substitutions are nested too deeply")
        pieces: list[_Piece] = []
        while self.place < len(self.word.text):
            char = self.word.text[self.place]
            if char == stop:
                self.place += 1
                return _join(pieces)
            pieces.extend(self._pieces(char, depth))
        if stop:
            raise ValueError(f"a closing {stop} is missing")
        return _join(pieces)

    def _pieces(self, char: str, depth: int) -> Sequence[_Piece]:
        if char == "'":
            return self._single_quoted()
        if char == '"':
            return self._double_quoted(depth)
        if char == "$":
            return [self._variable(depth)]
        if plain := PLAIN.match(self.word.text, self.place):
            return self._literal(self.place, plain.end())
        self.place += char == self.scope.escape
        return self._literal(self.place, self.place + 1)

    def _literal(self, start: int, end: int) -> Sequence[_Piece]:
        """Take characters as they are; nothing where the word has ended."""
        part = self.word.cut(start, end)
        self.place = end
        if not part.text:
            return []
        return [_Piece(value=Value(text=part.text, at=part.at), behind=part.at[-1] + 1, variable=False)]

    def _single_quoted(self) -> Sequence[_Piece]:
        end = self.word.text.find("'", self.place + 1)
        if end < 0:
            raise ValueError("a closing ' is missing")
        inside = self._literal(self.place + 1, end)
        self.place = end + 1
        return inside

    def _double_quoted(self, depth: int) -> Sequence[_Piece]:
        pieces: list[_Piece] = []
        self.place += 1
        while (char := self.word.text[self.place : self.place + 1]) != '"':
            if not char:
                raise ValueError('a closing " is missing')
            if char == "$":
                pieces.append(self._variable(depth))
                continue
            escaped = self.word.text[self.place + 1 : self.place + 2]
            start = self.place + (char == self.scope.escape and escaped in {'"', "$", self.scope.escape})
            pieces.extend(self._literal(start, start + 1))
        self.place += 1
        return pieces

    def _variable(self, depth: int) -> _Piece:
        start = self.place
        self.place += 1
        braced = self.word.text.startswith("{", self.place)
        value = self._braced(depth) if braced else self._named(start)
        return _Piece(value=value, behind=self.word.at[self.place - 1] + 1, variable=True)

    def _named(self, start: int) -> Value:
        name = self._name()
        return self.scope.value(name) if name else Value(text="$", at=self.word.at[start : start + 1])

    def _name(self) -> str:
        found = NAME.match(self.word.text, self.place)
        self.place = found.end() if found else self.place
        return found[0] if found else ""

    def _braced(self, depth: int) -> Value:
        self.place += 1
        name = self._name()
        mark = self._next()
        colon = mark == ":"
        operator = self._next() if colon else mark
        if name and mark == "}":
            return self.scope.value(name)
        if not operator:
            raise ValueError("a closing } is missing")
        if not name or operator not in {"-", "+", "?"}:
            raise ValueError(f"${{{name}{mark}…}} is not understood")
        return self._conditional(name, operator, self.until("}", depth + 1), colon=colon)

    def _next(self) -> str:
        self.place += 1
        return self.word.text[self.place - 1 : self.place]

    def _conditional(self, name: str, operator: str, word: Value, *, colon: bool) -> Value:
        """Choose between the argument and the word behind `-`, `+` or `?`; with a colon, empty counts as unset."""
        value = self.scope.known(name)
        empty = value is None or (colon and value.blank)
        if operator == "?":
            return self.scope.value(name)
        if operator == "-":
            return word if value is None or empty else value
        return Value() if empty else word


def _join(pieces: list[_Piece]) -> Value:
    """Put a word together. A word that is one variable keeps the end of that variable's value."""
    if sum(len(piece.value.text) for piece in pieces) > LONGEST:
        raise ValueError(f"it is longer than {LONGEST} characters")
    if len(pieces) == 1 and pieces[0].variable:
        return pieces[0].value
    return Value(
        text="".join(piece.value.text for piece in pieces),
        at=tuple(offset for piece in pieces for offset in piece.value.at),
        end=pieces[-1].behind if pieces else None,
        parts=frozenset[int]().union(*(piece.value.places for piece in pieces if piece.variable)),
        missing=tuple(dict.fromkeys(why for piece in pieces for why in piece.value.missing)),
    )
