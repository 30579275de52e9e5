"""A stranger's Markdown (release notes, the text of an advisory) as Markdown that may stand in a pull request.

It is parsed, and written anew from the few tokens that we know, with every character escaped that could be markup. What
the parser saw does not have to be what the forge sees: the result is harmless because of how it is written. (mdformat,
which writes parsed Markdown too, takes escapes away that only CommonMark can spare, and so brings checkboxes to life.)
"""

import html
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, Final, TypeAlias

from bot.formats import foreign_inline, foreign_text
from bot.formats.foreign_text import ZERO_WIDTH

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

Piece: TypeAlias = tuple[str, ...]  # lines that only stand together; a first "" is a gap to what stands above

MORE: Final = "…"
READ_TIMES: Final = 4  # characters that are read for each one that may be shown, as markup and gaps fall away
NESTING: Final = 20  # levels that are read
LANGUAGE = re.compile(  # no other: forges draw pictures from mermaid, geojson, math and more
    r"(?:bash|c|cfg|console|cpp|css|diff|docker|dockerfile|go|html|ini|java|javascript|js|json|jsonc|make|pycon|py|python"
    r"|python3|rst|rust|sh|shell|sql|text|toml|ts|txt|typescript|xml|yaml|yml)(?!\S)",
    re.IGNORECASE,
)
HTML_LEFT_OUT = re.compile(r"<!--.*?(?:-->|\Z)|<(script|style)\b.*?(?:</\1\s*>|\Z)|<[^<>]*>", re.DOTALL | re.IGNORECASE)
LINE_START = re.compile(r"([#+=:-]|\d{1,9}(?=[.)]))")


def harmless(text: str, limit: int) -> str:
    """Give Markdown of at most `limit` characters that names nobody, refers to nothing, and has no HTML.

    Headings are bold lines, images links. It is cut between blocks and then ends in "…".
    """
    read = text[: limit * READ_TIMES]
    tokens = _parser().parse(foreign_text.clean(read.replace("\r\n", "\n").replace("\r", "\n")))
    return _fitting(_pieces(tokens), tokens, limit, cut=len(read) < len(text))


@cache
def _parser() -> "MarkdownIt":
    from markdown_it import MarkdownIt  # noqa: PLC0415 - costs 0.1 s, and most runs show no stranger's text

    return MarkdownIt("commonmark", {"maxNesting": NESTING}).enable(["table", "strikethrough"])


def _fitting(pieces: Iterable[Piece], tokens: Sequence["Token"], limit: int, *, cut: bool) -> str:
    """Put together what fits, so that there is always room for the sign that there is more."""
    lines: list[str] = []
    room = limit - len(MORE) - 2
    for piece in pieces:
        fresh = piece[1:] if not lines and piece[0] == "" else piece
        room -= sum(len(line) + 1 for line in fresh)
        if room < 0:
            cut = True
            break
        lines += fresh
    if not lines and cut:
        return _opening(tokens, limit)
    return "\n".join([*lines, "", MORE] if cut else lines)


def _opening(tokens: Sequence["Token"], limit: int) -> str:
    """Give the first words, without markup, where not even the first block fits."""
    shown = ""
    for word in next((token.content for token in tokens if token.type == "inline"), "").split():
        longer = f"{shown} {foreign_text.words(word)}".strip()
        if len(longer) > limit - 4:
            break
        shown = longer
    return f"{_started(shown)} {MORE}".strip()[:limit]


def _pieces(tokens: Sequence["Token"]) -> Iterator[Piece]:
    for token, inner in _nodes(tokens):
        match token.type:
            case "paragraph_open":
                yield from _gapped((_started(line),) for line in foreign_inline.lines(_inline(inner)))
            case "heading_open":
                yield from _heading(inner)
            case "bullet_list_open" | "ordered_list_open":
                yield from _gapped(_items(token, inner))
            case "blockquote_open":
                yield from _gapped(_indented(_pieces(inner), "> ", "> "))
            case "fence" | "code_block":
                yield ("", *_fence(token))
            case "html_block":
                yield from _gapped(_html_lines(token.content))
            case "table_open":
                yield from _gapped(_rows(inner))
            case _:  # rules, which divide nothing that is worth it
                pass


def _nodes(tokens: Sequence["Token"]) -> Iterator[tuple["Token", Sequence["Token"]]]:
    """Give the outermost tokens, each with the tokens between it and its end."""
    start, depth = 0, 0
    for index, token in enumerate(tokens):
        if depth == 0:
            start = index
        depth += token.nesting
        if depth == 0:
            yield tokens[start], tokens[start + 1 : index]


def _inline(tokens: Iterable["Token"]) -> Sequence["Token"]:
    return next((token.children or () for token in tokens if token.type == "inline"), ())


def _gapped(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """Put a gap above the first piece."""
    for index, piece in enumerate(pieces):
        yield piece if index or piece[0] == "" else ("", *piece)


def _heading(inner: Sequence["Token"]) -> Iterator[Piece]:
    text = " ".join(foreign_inline.lines(_inline(inner), bold=True))
    if text:
        yield "", f"**{text}**"


def _items(opening: "Token", inner: Sequence["Token"]) -> Iterator[Piece]:
    number = int(opening.attrGet("start") or 1) if opening.type == "ordered_list_open" else None
    for _, item in _nodes(inner):
        marker = "- " if number is None else f"{number}. "
        pieces = list(_indented(_item_pieces(item), marker, " " * len(marker)))
        yield from pieces
        if pieces and number is not None:
            number = min(number + 1, 999_999_999)  # CommonMark, section 5.2


def _item_pieces(item: Sequence["Token"]) -> Iterator[Piece]:
    """Give what stands in an item; a list right under its text needs no gap, if it begins with 1 (CommonMark 5.3)."""
    for piece in _pieces(item):
        yield piece[1:] if len(piece) > 1 and piece[0] == "" and piece[1].startswith(("- ", "1. ")) else piece


def _indented(pieces: Iterable[Piece], first: str, rest: str) -> Iterator[Piece]:
    """Put a mark before the first line and another one before all others."""
    for index, piece in enumerate(pieces):
        lines = piece[1:] if index == 0 and piece[0] == "" else piece
        marks = [first if index == 0 and row == 0 else rest for row in range(len(lines))]
        yield tuple(f"{mark}{line}".rstrip() for mark, line in zip(marks, lines, strict=True))


def _fence(token: "Token") -> Piece:
    body = foreign_text.inert(token.content).rstrip("\n").split("\n")
    longest = max((len(run) for line in body for run in re.findall(r"`+", line)), default=0)
    mark = "`" * max(3, longest + 1)
    language = LANGUAGE.match(token.info.strip())
    return (f"{mark}{language[0].lower() if language else ''}", *body, mark)


def _html_lines(content: str) -> Iterator[Piece]:
    """Give the text in HTML."""
    text = html.unescape(HTML_LEFT_OUT.sub(f" {ZERO_WIDTH}", content))
    for line in foreign_text.clean(text).split("\n"):
        if shown := foreign_text.prose(line).strip():
            yield (_started(shown),)


def _rows(inner: Sequence["Token"]) -> Iterator[Piece]:
    rows = [[_cell(cell) for _, cell in _nodes(row)] for _, part in _nodes(inner) for _, row in _nodes(part)]
    head, *body = [f"| {' | '.join(row)} |" for row in rows]
    yield head, f"|{' --- |' * len(rows[0])}"
    for row in body:
        yield (row,)


def _cell(tokens: Sequence["Token"]) -> str:
    """Give a cell; a pipe would end it, even in code."""
    return re.sub(r"(?<!\\)\|", r"\\|", " ".join(foreign_inline.lines(_inline(tokens)))) or " "


def _started(line: str) -> str:
    """Keep a line of text from beginning a block of another kind."""
    found = LINE_START.match(line)
    if found is None:
        return line
    return f"\\{line}" if not found[0].isdigit() else f"{found[0]}\\{line[found.end() :]}"
