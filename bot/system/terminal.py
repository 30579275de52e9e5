"""Strangers' text on a terminal: what would move the cursor, colour, hide or turn text is written as an escape."""

KEPT = frozenset("\n\t")
INVISIBLE = "\u200b"  # our own proposals break mentions with it, and nobody wants to see that


def visible(text: str, *, lines: bool = False) -> str:
    """Give text in which every character shows: others become their escapes; with `lines` line ends stay."""
    if text.isprintable():
        return text
    kept = KEPT if lines else frozenset()
    return "".join(one if one in kept or one.isprintable() else _escape(one) for one in text)


def readable(text: str) -> str:
    """Give a text of several lines as `visible` does, without zero width spaces."""
    return visible(text.replace(INVISIBLE, ""), lines=True)


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode()
