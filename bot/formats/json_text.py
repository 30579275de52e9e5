"""JSON that anybody may have written."""

import json
from typing import Any


def read(text: str | bytes) -> Any:
    """Read a document; raises ValueError where it is none, also for one that is nested too deeply."""
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("this JSON is nested too deeply") from error


def table(value: Any) -> dict[str, Any]:
    """Give an object; an empty one for everything else."""
    return value if isinstance(value, dict) else {}


def rows(value: Any) -> list[Any]:
    """Give an array; an empty one for everything else."""
    return value if isinstance(value, list) else []


def clean(text: str) -> str:
    """Give text that can be written anywhere: JSON can hold halves of characters, which no encoding has."""
    return text.encode("utf-8", "replace").decode()
