"""Our own values as JSON, and back: dataclasses and enumerations by name, tuples, bytes, times.

What is read was written by us into our own data folder; anything else is a ValueError, never code that runs.
"""

import base64
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from typing import Any

READERS: Mapping[str, Callable[[Any], object]] = {
    "bytes": base64.b64decode,
    "moment": datetime.fromisoformat,
}


def dumps(value: object) -> Any:
    """Give what `json.dumps` takes; raises TypeError for a value of a kind that is not known here."""
    match value:
        case Enum():
            return {"enum": type(value).__name__, "of": value.value}
        case None | bool() | int() | str():
            return value
        case bytes():
            return {"bytes": base64.b64encode(value).decode()}
        case datetime():
            return {"moment": value.isoformat()}
        case tuple():
            return [dumps(one) for one in value]
        case _ if is_dataclass(value):
            named = {field.name: dumps(getattr(value, field.name)) for field in fields(value)}
            return {"class": type(value).__name__, "of": named}
    raise TypeError(f"{type(value).__name__} cannot be kept")


class Reader:
    """Reads what `dumps` gave; `types` are the dataclasses and enumerations that may be in it."""

    def __init__(self, types: Iterable[type]) -> None:
        self._types: Mapping[str, Any] = {one.__name__: one for one in types}

    def loads(self, document: Any) -> Any:
        """Give the value again. Raises ValueError, KeyError or TypeError for what `dumps` did not give."""
        if isinstance(document, list):
            return tuple(self.loads(one) for one in document)
        if not isinstance(document, dict):
            return document
        if "class" in document:
            named = {name: self.loads(one) for name, one in document["of"].items()}
            return self._types[document["class"]](**named)
        if "enum" in document:
            return self._types[document["enum"]](document["of"])
        ((kind, text),) = document.items()
        return READERS[kind](text)
