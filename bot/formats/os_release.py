"""Which operating system an image is, as it says itself: os-release(5)."""

import re

from bot.model.packages import OsRelease

FIELD = re.compile(r"(ID|VERSION_ID|VERSION_CODENAME|VERSION)=(.*)")
PLAIN = re.compile(r"[A-Za-z0-9._-]{1,100}")
LONGEST = 4096  # characters of a line
QUOTED = re.compile(r"""(["'])(.*)\1""")
# Inside double quotes a backslash only stands before these; elsewhere before any sign (POSIX shell, 2.2).
ESCAPED = {'"': re.compile(r'\\([\\"$`])'), "": re.compile(r"\\(.)")}
NAMED = re.compile(r"\(([a-z]+)\)$")


def read(text: str) -> OsRelease | None:
    """Read what os-release(5) holds; None where it has no ID. It never fails.

    Of a field that stands twice the last one counts. Debian had no VERSION_CODENAME once: `12 (bookworm)` names it.
    """
    lines = (line.strip() for line in text.split("\n"))
    found = (FIELD.fullmatch(line) for line in lines if len(line) <= LONGEST)
    fields = {match[1]: _unquoted(match[2]) for match in found if match}
    fields |= {key: _plain(fields[key]) for key in ("ID", "VERSION_ID", "VERSION_CODENAME") if key in fields}
    name = fields.get("ID", "")
    if not name:
        return None
    older = NAMED.search(fields.get("VERSION", "")) if name == "debian" else None
    codename = fields.get("VERSION_CODENAME", "") or (older[1] if older else "")
    return OsRelease(id=name, version=fields.get("VERSION_ID", ""), codename=codename)


def _plain(value: str) -> str:
    """Give a value that is made of what os-release(5) allows for names; it will stand in titles and messages."""
    return value if PLAIN.fullmatch(value) else ""


def _unquoted(written: str) -> str:
    """Take quotes and escapes off as a shell does; a value that could not be printed counts as none."""
    quoted = QUOTED.fullmatch(written)
    quote, inner = (quoted[1], quoted[2]) if quoted else ("", written)
    value = inner if quote == "'" else ESCAPED[quote].sub(r"\1", inner)
    return value.strip() if value.isprintable() else ""
