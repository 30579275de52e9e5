"""Small pieces of Markdown that cannot be broken by what stands in them, and that mention nobody by accident."""

import re
from collections.abc import Iterable, Sequence

from bot.formats import foreign_text

LONGEST = 1000  # characters of words that somebody else wrote
NEUTRAL = re.compile("#\u200b([0-9]{1,9})(?![0-9])")
OWN = re.compile(r"https?://[A-Za-z0-9._~:/?#@!$&'*+,;=%-]+")


def code(text: str) -> str:
    """Give a code span; a code span mentions nobody. Backticks and line breaks in `text` are replaced."""
    clean = re.sub(r"\s+", " ", foreign_text.clean(text)).replace("`", "'").replace("|", "\\|").strip()
    return f"`{clean}`" if clean else ""


def prose(text: str) -> str:
    """Give text as it reads: no markup of its own, no mention, no reference to an issue, no comment."""
    return foreign_text.prose(text).strip()


def spoken(text: str, ours: Iterable[int]) -> str:
    """Give a reason of ours as it reads: as `prose`, but a number that is one of our proposals refers to it."""
    known = frozenset(ours)
    return NEUTRAL.sub(lambda hit: f"#{hit[1]}" if int(hit[1]) in known else hit[0], prose(text))


def cut(text: str) -> str:
    """Give the beginning of somebody else's words, of which nobody knows how many there are."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def link(text: str, url: str) -> str:
    """Give a link; plain text where the address is none that may stand in one, or refers to somebody's issue."""
    label, safe = foreign_text.words(text).strip(), foreign_text.linkable(url)
    return f"[{label}]({safe})" if safe else label


def proposal_link(text: str, url: str) -> str:
    """Give a link to a proposal of our own, which is a reference on purpose; plain text where it is no address."""
    label, safe = foreign_text.words(text).strip(), OWN.fullmatch(url)
    return f"[{label}]({url})" if safe else label


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Give a table; cells are Markdown already."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell or " " for cell in line) + " |" for line in lines)


def block(commands: Iterable[str]) -> str:
    """Give a fenced block of shell commands; the fence is longer than any in them."""
    body = "\n".join(re.sub(r"[\r\n]+", " ", command) for command in commands)
    fence = "`" * max(3, *(len(run) + 1 for run in re.findall(r"`+", body)), 3)
    return f"{fence}sh\n{body}\n{fence}"
