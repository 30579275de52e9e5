"""YAML texts of plain data: texts, arrays and tables with the lines of what stands near the top.

Anchors, aliases, tables as keys and more than one document are refused: a lock file needs none of them, and an alias
can make a small text stand for more than memory holds.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import yaml

from bot.formats.toml_lines import Path

DEEPEST = 50
NOTED = 2
NULL = frozenset({"", "~", "null", "Null", "NULL"})
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Value: TypeAlias = "str | list[Value] | dict[str, Value] | None"


class NotPlain(ValueError):
    """The text is no YAML, or more than plain data; `line` counts from 1, 0 where it is not known."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(why)
        self.line = line


def load(text: str) -> tuple[Value, dict[Path, int]]:
    """Give the document and the lines of its key paths of up to two steps; every scalar is a text or, empty, None.

    Raises NotPlain.
    """
    try:
        return _document(yaml.parse(text, Loader=LOADER))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = min(mark.line, text.count("\n")) + 1 if mark else 0
        raise NotPlain(line, f"it is no YAML: {error.problem}") from error
    except (yaml.YAMLError, UnicodeError) as error:
        raise NotPlain(0, f"it is no YAML: {error}") from error


@dataclass(slots=True, kw_only=True)
class _Open:
    """An array or a table whose end has not come yet; `path` is None where no lines are noted any more."""

    value: list[Any] | dict[str, Any]
    path: Path | None = None
    key: str | None = None
    key_line: int = 0

    def add(self, value: object, line: int, lines: dict[Path, int]) -> Path | None:
        """Add an element, a key or the value of a key; give its path where its line is noted."""
        step: str | int
        if isinstance(self.value, list):
            step = len(self.value)
            self.value.append(value)
        elif self.key is None:
            if not isinstance(value, str):
                raise NotPlain(line, "it has a key that is no text")
            self.key, self.key_line = value, line
            return None
        else:
            step, line, self.key = self.key, self.key_line, None
            self.value[step] = value
        if self.path is None or len(self.path) == NOTED:
            return None
        path = (*self.path, step)
        lines[path] = line
        return path


def _document(events: Iterator[yaml.Event]) -> tuple[Value, dict[Path, int]]:
    """Build the only document of the events without recursion, so that no nesting is too deep for the stack."""
    root: list[Any] = []
    lines: dict[Path, int] = {}
    waiting = [_Open(value=root)]
    for event in events:
        line = event.start_mark.line + 1 if event.start_mark else 0
        if getattr(event, "anchor", None) is not None:
            raise NotPlain(line, "it has an anchor or an alias, which no lock file needs")
        match event:
            case yaml.ScalarEvent():
                waiting[-1].add(None if not event.style and event.value in NULL else event.value, line, lines)
            case yaml.CollectionStartEvent():
                value: list[Any] | dict[str, Any] = [] if isinstance(event, yaml.SequenceStartEvent) else {}
                path = waiting[-1].add(value, line, lines)
                waiting.append(_Open(value=value, path=() if len(waiting) == 1 else path))
                if len(waiting) > DEEPEST:
                    raise NotPlain(line, "it is nested too deeply")
            case yaml.CollectionEndEvent():
                waiting.pop()
            case yaml.DocumentStartEvent() if root:
                raise NotPlain(line, "it holds more than one document")
    return (root[0] if root else None), lines
