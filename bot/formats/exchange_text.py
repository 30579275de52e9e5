"""Text, links and paths in the shape in which documents for other tools may carry them."""

import re
from urllib.parse import quote

CUT = "…"
LINK = re.compile(
    r"""https?://[A-Za-z0-9.-]+(?::\d{1,5})?
    (?:/  (?:[\w.~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*)?
    (?:\? (?:[\w.~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*)?
    (?:\# (?:[\w.~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*)?""",
    re.ASCII | re.VERBOSE,
)
NO_BYTE = re.compile("[\ud800-\udc7f\udd00-\udfff]")  # surrogates that stand for no byte of a file's name (PEP 383)


def line(text: str, most: int) -> str:
    """Give text as one line of at most `most` characters.

    Line breaks, control characters, changes of direction and lone surrogates become blanks: they are no part of a
    sentence, and some readers stumble over them.
    """
    start = text[: most * 4]  # records with megabytes of text exist
    clean = " ".join("".join(one if one.isprintable() else " " for one in start).split())
    return clean if len(clean) <= most else clean[: most - len(CUT)] + CUT


def link(url: str) -> str | None:
    """Give a web address that is a URI (RFC 3986) as it is; None for anything else."""
    return url if LINK.fullmatch(url) else None


def relative(path: str) -> str:
    """Give a path as a relative reference (RFC 3986, section 4.2); bytes that are not UTF-8 stay those bytes."""
    known = NO_BYTE.sub("\ufffd", path).lstrip("/")
    return quote(known, safe="/", errors="surrogateescape") or "."
