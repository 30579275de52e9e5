"""Kinds of values: each reads one from TOML and describes itself as JSON Schema, so that the two cannot differ.

Reading never raises: a mistake is noted at its place and a harmless value stands in, because a document with
mistakes is never used and all of its mistakes are wanted at once.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from typing import Any, Generic, Protocol, TypeVar

from bot.settings.mistakes import Place, dotted, kind_of, plain

T = TypeVar("T")
Out_co = TypeVar("Out_co", covariant=True)
Value = TypeVar("Value", bound=str)
Schema = dict[str, Any]


class Kind(Protocol[Out_co]):
    """What a key's value may be."""

    def read(self, value: object, at: Place) -> Out_co:
        """Read a value as tomllib gives it; what is wrong is noted at `at`."""
        ...

    def blank(self) -> Out_co:
        """Give the value that stands in for one that cannot be read."""
        ...

    def schema(self) -> Schema:
        """Describe the values as JSON Schema."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Written(Generic[T]):
    """A string with a meaning. `parse` raises ValueError with a whole sentence; `pattern` is for the schema."""

    wanted: str
    parse: Callable[[str], T]
    empty: T
    pattern: str = ""

    def read(self, value: object, at: Place) -> T:
        """Read the string's meaning."""
        if not isinstance(value, str):
            at.wrong(f"{at.label} must be {self.wanted}, not {kind_of(value)}")
            return self.empty
        try:
            return self.parse(value)
        except ValueError as error:
            at.wrong(said(at, error))
            return self.empty

    def blank(self) -> T:
        """Give the stand-in."""
        return self.empty

    def schema(self) -> Schema:
        """Describe a string."""
        return {"type": "string"} | ({"pattern": self.pattern} if self.pattern else {})


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """True or false."""

    def read(self, value: object, at: Place) -> bool:
        """Read true or false."""
        if not isinstance(value, bool):
            at.wrong(f"{at.label} must be true or false, not {kind_of(value)}")
        return value is True

    def blank(self) -> bool:
        """Give the stand-in."""
        return False

    def schema(self) -> Schema:
        """Describe a boolean."""
        return {"type": "boolean"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """A whole number within limits, both included."""

    least: int
    most: int

    def read(self, value: object, at: Place) -> int:
        """Read the number."""
        if not isinstance(value, int) or isinstance(value, bool):
            at.wrong(f"{at.label} must be a whole number, not {kind_of(value)}")
        elif not self.least <= value <= self.most:
            at.wrong(f"{at.label} must be from {self.least} to {self.most}")
        else:
            return value
        return self.least

    def blank(self) -> int:
        """Give the stand-in."""
        return self.least

    def schema(self) -> Schema:
        """Describe an integer."""
        return {"type": "integer", "minimum": self.least, "maximum": self.most}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice(Generic[Value]):
    """One of some words."""

    words: tuple[Value, ...]

    def read(self, value: object, at: Place) -> Value:
        """Read the word."""
        if isinstance(value, str) and value in self.words:
            return self.words[self.words.index(value)]
        allowed = ", ".join(f'"{word}"' for word in self.words)
        told = f'"{plain(value)}"' if isinstance(value, str) else kind_of(value)
        near = get_close_matches(value, self.words, n=1) if isinstance(value, str) else []
        at.wrong(f"{at.label} must be one of {allowed}, not {told}", f'did you mean "{near[0]}"?' if near else "")
        return self.words[0]

    def blank(self) -> Value:
        """Give the stand-in."""
        return self.words[0]

    def schema(self) -> Schema:
        """List the words."""
        return {"enum": [str(word) for word in self.words]}


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOf(Generic[T]):
    """An array; `tables` says that it is written as `[[name]]`."""

    of: Kind[T]
    least: int = 0
    tables: bool = False

    def read(self, value: object, at: Place) -> tuple[T, ...]:
        """Read every element."""
        if not isinstance(value, list):
            name = dotted(tuple(step for step in at.path if isinstance(step, str)))
            hint = f"write [[{name}]]" if self.tables else 'write it in brackets: ["…"]'
            at.wrong(f"{at.label} must be an array, not {kind_of(value)}", hint)
            return ()
        if len(value) < self.least:
            at.wrong(f"{at.label} must not be empty")
        return tuple(self.of.read(element, at.child(place)) for place, element in enumerate(value))

    def blank(self) -> tuple[T, ...]:
        """Give the stand-in."""
        return ()

    def schema(self) -> Schema:
        """Describe an array."""
        return {"type": "array", "items": self.of.schema()} | ({"minItems": self.least} if self.least else {})


@dataclass(frozen=True, slots=True)
class Key:
    """A key of a table; its fields are positional so that many of them read as a table.

    `default` is what its absence means, as TOML has it; None: nothing, or it is required.
    """

    name: str
    kind: Kind[Any]
    help: str
    default: Any = None
    required: bool = False


def unchecked(_values: Mapping[str, Any], _at: Place) -> None:
    """Check nothing more than the keys themselves."""


def unforbidden(_name: str) -> str:
    """Say nothing special of any unknown key."""
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table(Generic[T]):
    """A table with known keys. `build` gets the keys that are set; it must not raise on stand-ins.

    `check` notes what no single key can tell; `elsewhere` says why an unknown key can never stand here;
    `least` is how many keys must stand.
    """

    keys: tuple[Key, ...]
    build: Callable[..., T]
    check: Callable[[Mapping[str, Any], Place], None] = unchecked
    elsewhere: Callable[[str], str] = unforbidden
    least: int = 0

    def read(self, value: object, at: Place) -> T:
        """Read every key."""
        if not isinstance(value, dict):
            at.wrong(f"{at.label} must be a table, not {kind_of(value)}")
            return self.blank()
        if len(value) < self.least:
            at.wrong(f"{at.label} must not be empty", f"known keys: {', '.join(key.name for key in self.keys)}")
        for name in value:
            if name not in {key.name for key in self.keys}:
                self._unknown(name, at)
        for key in self.keys:
            if key.required and key.name not in value:
                at.wrong(f"{key.name!r} is missing {at.table}", key.help[0].lower() + key.help[1:].removesuffix("."))
        read = {
            key.name: key.kind.read(value[key.name], at.child(key.name)) if key.name in value else key.kind.blank()
            for key in self.keys
            if key.name in value or key.required
        }
        self.check({name: read[name] for name in read if name in value}, at)
        return self.build(**read)

    def _unknown(self, name: str, at: Place) -> None:
        message = f"unknown key {plain(name)!r} {at.table}"
        near = get_close_matches(name, [key.name for key in self.keys], n=1)
        homes = [_brackets(key) for key in self.keys if name in _keys_inside(key.kind)]
        if why := self.elsewhere(name):
            hint = why
        elif near:
            hint = f"did you mean {near[0]!r}?"
        else:
            hint = f"it belongs in {homes[0]}" if homes else f"known keys: {', '.join(key.name for key in self.keys)}"
        at.child(name).wrong(message, hint)

    def blank(self) -> T:
        """Give a table in which only what is required stands, as stand-ins."""
        return self.build(**{key.name: key.kind.blank() for key in self.keys if key.required})

    def schema(self) -> Schema:
        """Describe a closed object."""
        properties = {
            key.name: {"description": key.help}
            | key.kind.schema()
            | ({"default": key.default} if key.default is not None else {})
            for key in self.keys
        }
        required = [key.name for key in self.keys if key.required]
        closed: Schema = {"type": "object", "additionalProperties": False, "properties": properties}
        bounds: Schema = {"minProperties": self.least} if self.least else {}
        return closed | bounds | ({"required": required} if required else {})


def _brackets(key: Key) -> str:
    """Write a table's header."""
    return f"[[{key.name}]]" if isinstance(key.kind, ListOf) else f"[{key.name}]"


def _keys_inside(kind: Kind[Any]) -> frozenset[str]:
    """Name the keys of a table or of an array's tables."""
    inner = kind.of if isinstance(kind, ListOf) else kind
    return frozenset(key.name for key in inner.keys) if isinstance(inner, Table) else frozenset()


def said(at: Place, error: ValueError) -> str:
    """Make a whole sentence of a place and what is wrong with its text."""
    complaint = str(error)
    return f"{at.label}: {complaint}" if complaint.startswith(('"', "'")) else f"{at.label} {complaint}"


def words(enum: type[StrEnum]) -> Choice[Any]:
    """Give the choice among the values of an enumeration."""
    return Choice(words=tuple(enum))
