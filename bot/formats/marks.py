"""The hidden block that ends a proposal's body: `<!-- quarterdeck: {…} -->` on one line, JSON with sorted keys.

The format is our own; `v` is its version. It is read strictly: what we did not write is not ours, so a block that is
missing, edited beyond what we could have written, or of another version counts as none. Fields that later versions
of this program added are written only where they say something.
"""

import json
import re
from typing import Any, Final

from bot.model.policy import Trigger
from bot.model.proposal import Marks

VERSION: Final = 1
FIELDS: Final = ("base", "content", "files", "quarter", "trigger")
LISTS: Final = ("fixes", "history")
ANYWHERE = re.compile(r"<!-- quarterdeck: \{[^\r\n]*?\} -->")
BLOCK = re.compile(r"<!-- quarterdeck: (\{[^\r\n]*\}) -->\s*\Z")
# Nothing in a string may end the comment, open another one, or mention a person; JSON lets any character be escaped.
ESCAPES: Final = {character: f"\\u{ord(character):04x}" for character in "<>@"}


def render(marks: Marks) -> str:
    """Give the block as one line without a line end; the same marks always give the same bytes."""
    document: dict[str, object] = {name: str(getattr(marks, name)) for name in FIELDS}
    document |= {name: list(found) for name in LISTS if (found := getattr(marks, name))}
    document |= {"rest": marks.rest} if marks.rest else {}
    document |= {"withdrawn": True} if marks.withdrawn else {}
    document["v"] = VERSION
    text = json.dumps(document, sort_keys=True).replace("--", r"\u002d\u002d")
    for character, escape in ESCAPES.items():
        text = text.replace(character, escape)
    return f"<!-- quarterdeck: {text} -->"


def parse(body: str) -> Marks | None:
    """Read the block at the end of a body; None where there is none that `render` could have written. Never raises."""
    found = BLOCK.search(body)
    if found is None:
        return None
    try:
        document = json.loads(found[1])
    except (ValueError, RecursionError):
        return None
    marks = _marks(document)
    return marks if marks is not None and found[0].rstrip() == render(marks) else None


def remembered(body: str) -> Marks | None:
    """Read the last block that stands anywhere in a body: people and other bots write behind it, too.

    Good enough to know what was said no to; nothing is written on the strength of it.
    """
    found = list(ANYWHERE.finditer(body))
    return parse(found[-1][0]) if found else None


def replaced(body: str, marks: Marks) -> str:
    """Give a body with another block at its end; one without a block gets it behind."""
    found = BLOCK.search(body)
    head = body[: found.start()] if found else f"{body.rstrip()}\n\n"
    return f"{head}{render(marks)}\n"


def _marks(document: dict[str, Any]) -> Marks | None:
    """Read the fields; None where one of them is not what it should be, or nobody knows it."""
    lists = {name: document.get(name, []) for name in LISTS}
    texts = {name: document.get(name) for name in FIELDS} | {"rest": document.get("rest", "")}
    if not document.keys() <= {*FIELDS, *LISTS, "rest", "withdrawn", "v"} or document.get("v") != VERSION:
        return None
    if not all(isinstance(text, str) for text in texts.values()) or texts["trigger"] not in set(Trigger):
        return None
    if not all(isinstance(rows, list) and all(isinstance(row, str) for row in rows) for rows in lists.values()):
        return None
    return Marks(
        trigger=Trigger(str(texts["trigger"])), quarter=str(texts["quarter"]), content=str(texts["content"]),
        files=str(texts["files"]), base=str(texts["base"]), rest=str(texts["rest"]), fixes=tuple(lists["fixes"]),
        history=tuple(lists["history"]), withdrawn=document.get("withdrawn") is True,
    )  # fmt: skip
