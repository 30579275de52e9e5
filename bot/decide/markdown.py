"""Small pieces of Markdown that cannot be broken by what stands in them, and that mention nobody by accident."""

import re
from collections.abc import Iterable, Sequence

ZERO_WIDTH = "\u200b"


def code(text: str) -> str:
    """Give a code span; a code span mentions nobody. Backticks and line breaks in `text` are replaced."""
    clean = re.sub(r"\s+", " ", text).replace("`", "'").replace("|", "\\|").strip()
    return f"`{clean}`" if clean else ""


def prose(text: str) -> str:
    """Give text as it reads: no markup of its own, no mention, no reference to an issue, no comment."""
    clean = re.sub(r"\s+", " ", text).strip()
    clean = clean.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    clean = re.sub(r"([\\`*_\[\]|~])", r"\\\1", clean)
    return re.sub(r"([@#])(?=\w)", rf"\1{ZERO_WIDTH}", clean)


def link(text: str, url: str) -> str:
    """Give a link; plain text where the address is none that may stand in one."""
    safe = re.fullmatch(r"https?://[A-Za-z0-9._~:/?#@!$&'*+,;=%-]+", url)
    return f"[{prose(text)}]({url})" if safe else prose(text)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Give a table; cells are Markdown already."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell or " " for cell in line) + " |" for line in lines)


def block(commands: Iterable[str]) -> str:
    """Give a fenced block of shell commands; the fence is longer than any in them."""
    body = "\n".join(re.sub(r"[\r\n]+", " ", command) for command in commands)
    fence = "`" * max(3, *(len(run) + 1 for run in re.findall(r"`+", body)), 3)
    return f"{fence}sh\n{body}\n{fence}"
