"""What reviewers tell us: commands in comments (`@quarterdeck rebase`), and the checkbox in a proposal's body.

A command stands at the beginning of a line of a paragraph, outside quotes, lists and code, as a Markdown parser sees
them. There are three:
`@quarterdeck rebase`, `@quarterdeck recreate`, `@quarterdeck ignore SUBJECT until YYYY-MM-DD because REASON`.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

NAME: Final = "@quarterdeck"
CALL: Final = re.compile(rf"{NAME}(?![\w/-])[ \t:,]*(?P<words>.*)", re.IGNORECASE)  # no team, and nobody's longer name
IGNORE: Final = re.compile(
    r"ignore\s+(?P<subject>\S+)\s+until\s+(?P<until>\S+)\s+because\s+(?P<reason>\S.*)", re.IGNORECASE
)
BOX: Final = "<!-- quarterdeck:rebuild -->"
TICKED: Final = re.compile(rf"^- \[[xX]\] [^\n]*{re.escape(BOX)}", re.MULTILINE)
USAGE: Final = (
    "write `rebase`, `recreate`, or `ignore <package|advisory|image> until <YYYY-MM-DD> because <reason>` "
    "behind my name"
)
LONGEST_REASON: Final = 500
MOST: Final = 10  # commands of one comment
LONGEST: Final = 8_192  # characters that are read: brackets cost a parser the square of their number
NESTING: Final = 20  # levels that are read


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuild:
    """Make the proposal anew on the newest base; `recreate`: whatever others committed to its branch."""

    recreate: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignore:
    """Leave something alone until a day, which is included."""

    subject: str
    until: date
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unclear:
    """A command that cannot be understood, and why."""

    why: str


Command: TypeAlias = Rebuild | Ignore | Unclear
Kind: TypeAlias = Literal["rebase", "recreate"]


def commands(text: str) -> tuple[Command, ...]:
    """Read the first commands of a comment, in order; a comment that calls nobody has none. Never raises."""
    if NAME not in text.lower():
        return ()
    calls = (call for line in _lines(text[:LONGEST]) if (call := CALL.match(line)) is not None)
    return tuple(_command(call["words"].strip()) for call, _ in zip(calls, range(MOST), strict=False))


@cache
def _parser() -> "MarkdownIt":
    from markdown_it import MarkdownIt  # noqa: PLC0415 - costs 0.1 s, and in most runs nobody calls us

    return MarkdownIt("commonmark", {"maxNesting": NESTING})


def _lines(text: str) -> Iterator[str]:
    """Give the lines of the paragraphs that stand in no quote, list or code."""
    tokens = _parser().parse(text)
    for before, token in pairwise(tokens):
        if before.type == "paragraph_open" and before.level == 0:
            yield from _read("", token.children or ())


def _read(line: str, tokens: Iterable["Token"]) -> Iterator[str]:
    for token in tokens:
        if token.type in {"softbreak", "hardbreak"}:
            yield line
            line = ""
        else:
            line += f"`{token.content}`" if token.type == "code_inline" else token.content or _emphasis(token)
    yield line


def _emphasis(token: "Token") -> str:
    return token.markup if token.type.startswith(("em_", "strong_")) else ""


def ticked(body: str) -> bool:
    """Say whether somebody ticked the box of a proposal's body."""
    return TICKED.search(body.replace("\r\n", "\n")) is not None


def _command(words: str) -> Command:
    plain = words.rstrip(".! ").lower()
    if plain in {"rebase", "recreate"}:
        return Rebuild(recreate=plain == "recreate")
    if not plain.startswith("ignore"):
        return Unclear(why=f"that is no command; {USAGE}")
    asked = IGNORE.fullmatch(words)
    if asked is None:
        return Unclear(why=f"that lacks a part; {USAGE}")
    try:
        until = date.fromisoformat(asked["until"].strip("`,;"))
    except ValueError:
        return Unclear(why=f"the date cannot be read; {USAGE}")
    return Ignore(subject=asked["subject"].strip("`"), until=until, reason=asked["reason"].strip()[:LONGEST_REASON])
