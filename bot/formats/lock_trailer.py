"""What compilers write behind the last entry: lists of packages that they left out, as comments.

pip-compile lists unsafe packages (`piptools/writer.py`), uv those that `--no-emit-package` excludes.
"""

import re

from bot.formats import text_lines
from bot.formats.lock_text import UNPINNED, UNSAFE, Heading, LockText, listed
from bot.formats.text_lines import Line

GOES_ON = re.compile(r"# (?:[A-Za-z0-9._-]+$|pinned when the requirements|satisfied by a package already)")
UNPINNED_TEXT = (
    f"{UNPINNED}, but pip requires them to be",
    "# pinned when the requirements file includes hashes and the requirement is not",
    "# satisfied by a package already installed. Consider using the --allow-unsafe flag.",
)


def lists(lock: LockText) -> bool:
    """Say whether the lock sets packages apart, pinned under a heading or only named."""
    return any(isinstance(part, Heading) for part in lock.parts) or any(map(listed, lock.trailer))


def told(trailer: tuple[Line, ...]) -> tuple[str, ...]:
    """Give the compiler's lines of a trailer, empty lines left out."""
    marks = _marks(trailer)
    return tuple(line.text.rstrip() for line, mark in zip(trailer, marks, strict=True) if mark and not line.blank)


def unsafe(names: tuple[str, ...], *, hashed: bool) -> tuple[str, ...]:
    """Give what pip-compile writes of packages that it did not pin."""
    if not names:
        return ()
    return (*(UNPINNED_TEXT if hashed else (f"{UNSAFE}:",)), *(f"# {name}" for name in names))


def replaced(trailer: tuple[Line, ...], lines: tuple[str, ...], newline: str) -> str:
    """Give a trailer with the compiler's lines in place of its own; byte for byte the same where they are the same."""
    if told(trailer) == lines:
        return text_lines.raw(trailer)
    marks = _marks(trailer)
    start = marks.index(True) if True in marks else len(trailer)
    kept = tuple(line for line, mark in zip(trailer[start:], marks[start:], strict=True) if not mark)
    ours = "".join(line + newline for line in ("", *lines)) if lines else ""
    above = text_lines.raw(trailer[:start])
    if above and ours and not trailer[start - 1].ending:
        above += newline
    return above + ours + text_lines.raw(kept)


def _marks(trailer: tuple[Line, ...]) -> list[bool]:
    """Say of each line whether it is the compiler's: a list, what goes on with it, and the empty lines above it."""
    marks: list[bool] = []
    for line in trailer:
        marks.append(listed(line) or (bool(GOES_ON.match(line.text)) and any(marks[-1:])))
    for index in range(len(trailer) - 1, 0, -1):
        if trailer[index - 1].blank and marks[index] and (trailer[index].blank or listed(trailer[index])):
            marks[index - 1] = True
    return marks
