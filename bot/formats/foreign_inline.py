"""The inside of a stranger's paragraph, heading or cell: a parser's inline tokens -> lines of harmless Markdown."""

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from bot.formats import foreign_text
from bot.formats.foreign_text import ZERO_WIDTH

if TYPE_CHECKING:
    from markdown_it.token import Token

DELIMITERS: Final = {"em": "*", "strong": "**", "s": "~~"}


def lines(tokens: Sequence["Token"], *, bold: bool = False) -> tuple[str, ...]:
    """Give the lines; markup begins and ends within one of them. `bold` says that they will stand in bold."""
    writer = _Writer(bold=bold)
    for token in tokens:
        writer.take(token)
    return writer.lines()


class _Writer:
    """Writes tokens one after another; nesting is counted, not recursed into, since a stranger chose its depth.

    Where something is left out a zero width space stands, so that what stood on its two sides does not become one.
    """

    def __init__(self, *, bold: bool) -> None:
        self._parts: list[str] = []
        self._breaks: list[int] = []
        self._depth = {"em": 0, "strong": int(bold), "s": 0}
        self._links: list[tuple[str, int]] = []
        self._bold = bold

    def lines(self) -> tuple[str, ...]:
        bounds = [0, *self._breaks, len(self._parts)]
        found = ("".join(self._parts[start:end]).strip() for start, end in pairwise(bounds))
        return tuple(line for line in found if line.strip(ZERO_WIDTH))

    def take(self, token: "Token") -> None:
        kind = token.type.removesuffix("_open").removesuffix("_close")
        if kind in DELIMITERS:
            self._delimit(kind, token.nesting)
        elif kind == "link":
            self._link(token)
        elif kind in {"softbreak", "hardbreak"}:
            self._break()
        else:
            self._parts.append(self._leaf(token))

    def _leaf(self, token: "Token") -> str:
        match token.type:
            case "text":
                shown = (foreign_text.words if self._links else foreign_text.prose)(token.content)
                return shown or ZERO_WIDTH[: len(token.content)]
            case "code_inline":
                return foreign_text.span(token.content)
            case "image":
                return self._image(str(token.attrGet("src") or ""), token.content)
            case _:  # HTML
                return " " if token.content.lower().startswith("<br") else ZERO_WIDTH

    def _delimit(self, kind: str, step: int) -> None:
        """Write the outermost pair of a kind: pairs in pairs would run together, `~~~~` into a fence."""
        outermost = self._depth[kind] == (0 if step > 0 else 1)
        self._depth[kind] += step
        self._parts.append(DELIMITERS[kind] if outermost else ZERO_WIDTH)

    def _link(self, token: "Token") -> None:
        if token.nesting > 0:
            self._links.append((str(token.attrGet("href") or ""), len(self._parts)))
            return
        target, start = self._links.pop()
        label = "".join(self._parts[start:]).strip()
        del self._parts[start:]
        self._breaks = [position for position in self._breaks if position <= start]
        self._parts.append(foreign_text.address(target) if token.info == "auto" else _linked(label, target))

    def _break(self) -> None:
        nested = any(depth for kind, depth in self._depth.items() if kind != "strong" or not self._bold)
        if self._links or nested:
            self._parts.append(" ")
        else:
            self._breaks.append(len(self._parts))

    def _image(self, source: str, alternative: str) -> str:
        """Give a link in its place: an image would tell its owner who reads."""
        text = foreign_text.words(alternative).strip()
        return f"{ZERO_WIDTH}{text}{ZERO_WIDTH}" if self._links else _linked(text or "image", source)


def _linked(label: str, target: str) -> str:
    safe = foreign_text.linkable(target)
    if safe and label.strip(ZERO_WIDTH):
        return f"[{label}]({safe})"
    return f"{ZERO_WIDTH}{label}{ZERO_WIDTH}"
