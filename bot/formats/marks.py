"""The hidden block that ends a proposal's body: `<!-- quarterdeck: {…} -->` on one line, JSON with sorted keys.

The format is our own; `v` is its version. It is read strictly: what we did not write is not ours, so a block that is
missing, edited beyond what we could have written, or of another version counts as none.
"""

import json
import re
from typing import Final

from bot.model.policy import Trigger
from bot.model.proposal import Marks

VERSION: Final = 1
FIELDS: Final = ("base", "content", "files", "quarter", "trigger")
BLOCK = re.compile(r"<!-- quarterdeck: (\{[^\r\n]*\}) -->\s*\Z")
# Nothing in a string may end the comment, open another one, or mention a person; JSON lets any character be escaped.
ESCAPES: Final = {character: f"\\u{ord(character):04x}" for character in "<>@"}


def render(marks: Marks) -> str:
    """Give the block as one line without a line end; the same marks always give the same bytes."""
    document = {name: str(getattr(marks, name)) for name in FIELDS} | {"v": VERSION}
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
    if document.keys() != {*FIELDS, "v"} or document["v"] != VERSION:
        return None
    if any(not isinstance(document[name], str) for name in FIELDS) or document["trigger"] not in set(Trigger):
        return None
    trigger = Trigger(document.pop("trigger"))
    marks = Marks(trigger=trigger, **{name: document[name] for name in FIELDS if name != "trigger"})
    return marks if found[0].rstrip() == render(marks) else None
