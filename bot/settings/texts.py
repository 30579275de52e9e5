"""Strings with a meaning: what their text must be, and what it becomes.

Every function takes the text and gives its meaning, or raises ValueError with a whole sentence. Addresses are
never repeated in a message, because people write passwords into them.
"""

import re
import zoneinfo
from datetime import date
from difflib import get_close_matches
from urllib.parse import SplitResult, urlsplit

from packaging.utils import InvalidName, canonicalize_name

from bot.settings.mistakes import plain

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
PLATFORM = r"[a-z0-9]+/[a-z0-9_]+(/[a-z0-9_.]+)?"
HOST = r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?"
LISTEN = r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]*):[0-9]{1,5}"
MONTH_DAY = r"[0-9]{1,2}-[0-9]{1,2}"
DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
PYTHON = r"3\.[0-9]{1,2}"
VARIABLE = r"[A-Za-z_][A-Za-z0-9_]*"
REPOSITORY = r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+"
TOKENS = re.compile(r"(gh[pousr]_|github_pat_|glpat-|pypi-|eyJ)\w{8,}")
BIGGEST_PORT = 65535


def text(written: str) -> str:
    """Take any text that says something on one line."""
    if not written.strip() or not written.isprintable():
        raise ValueError("must not be empty, and must stand on one line")
    return written.strip()


def address(written: str, schemes: tuple[str, ...]) -> SplitResult:
    """Read a URL with one of these schemes, without credentials in it; the text is never repeated."""
    ways = ", ".join(f"{scheme}://" for scheme in schemes)
    try:
        parts = urlsplit(text(written))
        found = bool(parts.hostname) and parts.port != 0
    except ValueError:
        raise ValueError(f"is no address; write one that begins with {ways}") from None
    if parts.username is not None or parts.password is not None:
        raise ValueError("holds credentials; take them out of the address, and change them if this file was shared")
    if parts.scheme not in schemes or not (found or (parts.scheme == "file" and parts.path)):
        raise ValueError(f"is no address; write one that begins with {ways}")
    return parts


def web(written: str) -> str:
    """Read an http or https address; without a slash at its end."""
    return address(written, ("https", "http")).geturl().rstrip("/")


def safe_web(written: str) -> str:
    """Read an https address; plain http only to this machine, because credentials go there."""
    if plain_http(found := web(written)):
        raise ValueError("is plain http, so anybody on the way could read and change it; write https://")
    return found


def feed(written: str) -> str:
    """Read a file, http or https address."""
    return address(written, ("https", "http", "file")).geturl()


def plain_http(url: str) -> bool:
    """Whether a URL goes to another machine without TLS."""
    parts = urlsplit(url)
    return parts.scheme == "http" and parts.hostname not in LOOPBACK


def git_url(written: str) -> str:
    """Read what git can clone: a path, `host:path`, or a URL; without a password in it."""
    found = text(written)
    if found.startswith("-"):
        raise ValueError("begins with a dash, which git would take for an option")
    if "://" not in found:
        return found
    schemes = ("https", "http", "ssh", "git", "file")
    try:
        parts = urlsplit(found)
    except ValueError:
        raise ValueError("is no address that git could clone") from None
    if parts.password is not None or (parts.username is not None and parts.scheme != "ssh"):
        raise ValueError("holds credentials; take them out of the address, and change them if this file was shared")
    if parts.scheme not in schemes:
        raise ValueError(f"is no address that git could clone; it may begin with {', '.join(schemes)}")
    return found


def host(written: str) -> str:
    """Read `host` or `host:port`."""
    return _matching(HOST, written, 'is no host; write it like "registry.example.com" or "127.0.0.1:5000"').lower()


def listen(written: str) -> tuple[str, int]:
    """Read `host:port`, with brackets around an IPv6 host."""
    complaint = 'is no address to listen on; write it like "127.0.0.1:8713"'
    name, _, port = _matching(LISTEN, written, complaint).rpartition(":")
    if int(port) > BIGGEST_PORT:
        raise ValueError(f'"{plain(written)}" {complaint}')
    return name.strip("[]"), int(port)


def timezone(written: str) -> str:
    """Read the name of a timezone of the IANA database."""
    try:
        zoneinfo.ZoneInfo(written)
    except (KeyError, ValueError, OSError):
        near = get_close_matches(written, sorted(zoneinfo.available_timezones()), n=1)
        hint = f'did you mean "{near[0]}"?' if near else 'write one like "Europe/Berlin" or "UTC"'
        raise ValueError(f'"{plain(written)}" is no timezone; {hint}') from None
    return written


def month_day(written: str) -> tuple[int, int]:
    """Read `MM-DD`, the 29th of February included."""
    complaint = 'is no day of the year; write month and day like "12-15"'
    month, day = (int(part) for part in _matching(MONTH_DAY, written, complaint).split("-"))
    try:
        date(2000, month, day)
    except ValueError:
        raise ValueError(f'"{plain(written)}" {complaint}') from None
    return month, day


def calendar_day(written: str) -> date:
    """Read `YYYY-MM-DD`."""
    complaint = "is no date; write it like 2027-01-31"
    _matching(DAY, written, complaint)
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise ValueError(f'"{plain(written)}" {complaint}') from None


def platform(written: str) -> str:
    """Read a platform as registries name it."""
    return _matching(PLATFORM, written, 'is no platform; write it like "linux/amd64"')


def python(written: str) -> str:
    """Read a minor version of Python."""
    return _matching(PYTHON, written, 'is no version of Python; write it like "3.12"')


def package(written: str) -> str:
    """Read the name of a package; normalised (PEP 503)."""
    try:
        return canonicalize_name(written, validate=True)
    except InvalidName:
        raise ValueError(f'"{plain(written)}" is no name of a package') from None


def variable(written: str) -> str:
    """Read the name of an environment variable; a token in its place is not repeated."""
    if TOKENS.match(written):
        raise ValueError("holds a token itself; write the name of a variable that holds it, and change the token")
    if re.fullmatch(VARIABLE, written) is None:
        raise ValueError("is no name of an environment variable")
    return written


def branch(written: str) -> str:
    """Read the name of a branch (git check-ref-format, the rules that matter on one line)."""
    bad = re.search(r"\.\.|@\{|[\s~^:?*\[\\]|//|^[-/]|[/.]$|\.lock$", written)
    if bad or not written.isprintable() or not written:
        raise ValueError(f'"{plain(written)}" is no name of a branch')
    return written


def inner_path(written: str) -> str:
    """Read a path or a glob that stays within the repository."""
    found = text(written)
    if found.startswith(("/", "~", "\\")) or re.match(r"[A-Za-z]:", found) or ".." in re.split(r"[/\\]", found):
        raise ValueError(f'"{plain(found)}" leads out of the repository, where a repository can set nothing')
    return found


def _matching(pattern: str, written: str, complaint: str) -> str:
    if re.fullmatch(pattern, written, re.ASCII) is None:
        raise ValueError(f'"{plain(written)}" {complaint}')
    return written
