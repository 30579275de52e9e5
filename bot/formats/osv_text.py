"""What an advisory says of itself in one line that is safe to print: records hold megabytes that strangers wrote."""

from typing import Any

LONGEST = 200
READ = 4000  # characters of a text: its first line with something to read is near its beginning


def one_line(*texts: Any) -> str:
    """Give the first line that says something, of the first text that has one; "" where none does.

    It has at most 200 characters, and none that controls anything: no escapes, no changes of direction.
    """
    lines = (_clean(line) for text in texts if isinstance(text, str) for line in text[:READ].splitlines())
    found = next(filter(None, lines), "")
    return found if len(found) <= LONGEST else f"{found[: LONGEST - 1].rstrip()}…"


def _clean(line: str) -> str:
    kept = (letter if letter.isprintable() else " " if letter.isspace() else "" for letter in line)
    return " ".join("".join(kept).split()).lstrip("# ")
