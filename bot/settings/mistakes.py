"""Mistakes in a configuration: all of them at once, each with its line and what would be right."""

from dataclasses import dataclass, field
from datetime import date, datetime, time

from bot.errors import ConfigError
from bot.formats.toml_lines import Path

SHOWN = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """One mistake: its line from 1, the key (`repository[0].policy.cooldown`), what is wrong, what to do."""

    line: int
    key: str
    message: str
    hint: str = ""


class BadSettings(ConfigError):
    """A configuration with mistakes; `mistakes` are in the order of their lines, `message` shows them all."""

    def __init__(self, name: str, mistakes: tuple[Mistake, ...]) -> None:
        super().__init__("\n".join(_rendered(name, mistake) for mistake in mistakes))
        self.name = name
        self.mistakes = mistakes


def _rendered(name: str, mistake: Mistake) -> str:
    return f"{name}:{mistake.line}: {mistake.message}" + (f"; {mistake.hint}" if mistake.hint else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Notes:
    """Collects mistakes while a document is read; `root` is where in the text the document begins."""

    lines: dict[Path, int]
    root: Path = ()
    mistakes: list[Mistake] = field(default_factory=list)

    def line(self, path: Path) -> int:
        """Give the line of a key, or of the nearest thing around it that stands in the text."""
        whole = (*self.root, *path)
        return next((self.lines[whole[:n]] for n in range(len(whole), 0, -1) if whole[:n] in self.lines), 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a value stands, for messages."""

    notes: Notes
    path: Path = ()

    def child(self, step: str | int) -> "Place":
        """Give the place of a key or an element in here."""
        return Place(notes=self.notes, path=(*self.path, step))

    def wrong(self, message: str, hint: str = "") -> None:
        """Note a mistake at this place."""
        self.notes.mistakes.append(
            Mistake(line=self.notes.line(self.path), key=dotted(self.path), message=message, hint=hint)
        )

    @property
    def label(self) -> str:
        """The place in words: `'cooldown' in [policy]`, `item 2 of 'labels' in [policy]`, `[policy]`."""
        step, table = self.path[-1], Place(notes=self.notes, path=self.path[:-1])
        if isinstance(step, int):
            return f"item {step + 1} of {table.label}"
        return f"{plain(step)!r} {table.table}"

    @property
    def table(self) -> str:
        """This place as a table that something is in: `in [policy]`, `in [[repository]]`, `at the top level`."""
        path = (*self.notes.root, *self.path)
        names = ".".join(plain(step) for step in path if isinstance(step, str))
        if not names:
            return "at the top level"
        return f"in [[{names}]]" if isinstance(path[-1], int) else f"in [{names}]"


def dotted(path: Path) -> str:
    """Write a key path as `repository[0].name`."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{plain(step)}" for step in path)
    return text.removeprefix(".")


def plain(text: str) -> str:
    """Make somebody's text fit for one line of a message: printable, and not long."""
    clean = "".join(letter if letter.isprintable() else "?" for letter in text[: SHOWN + 1])
    return clean if len(text) <= SHOWN else clean[:SHOWN] + "…"


def kind_of(value: object) -> str:
    """Name the TOML type of a value, without the value."""
    names: dict[type, str] = {
        str: "a string", bool: "true or false", int: "a whole number", float: "a decimal number", list: "an array",
        dict: "a table", date: "a date", datetime: "a date with a time", time: "a time",
    }  # fmt: skip
    return names[type(value)]
