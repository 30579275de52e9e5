"""The shapes in which a secret shows up in texts: quoted for an address, a shell, JSON or HTML, or inside of base64."""

import base64
import html
import json
import re
import shlex
from collections.abc import Iterator
from urllib.parse import quote, quote_plus, unquote, urlsplit

LEAST_LINE = 16  # characters of one line of a key that stands over several lines
LEAST_PART = 8  # characters of a part of an address that is secret as a whole
RANDOM_NAME = 16  # characters; a user name that is longer and has digits is a token, not what a person is called
SUB_DELIMS = "!$&'()*+,;="  # RFC 3986, section 2.2: a client may leave them as they are
ESCAPE = re.compile("%[0-9A-F]{2}")
SHELL = re.compile(r"(^[#~]|[^\w@%+=:./~#-])", re.ASCII)


def disguises(secret: str, least: int) -> frozenset[str]:
    """Give a secret's own text and its usual disguises; those with less than `least` characters are left out."""
    return frozenset(shape for part in _parts(secret) for shape in _shapes(part) if len(shape) >= least)


def pair(username: str, password: str) -> str:
    """Give what Basic authentication (RFC 7617) sends for a login."""
    return base64.b64encode(f"{username}:{password}".encode(errors="surrogateescape")).decode()


def is_token(username: str) -> bool:
    """Say whether a user name looks as if a machine had made it: then it opens something by itself."""
    return len(username) >= RANDOM_NAME and any(letter.isdigit() for letter in username)


def _parts(secret: str) -> Iterator[str]:
    """Give a secret, each line of one that has several (a key), and what is secret in one that is an address."""
    yield secret
    lines = [line.strip() for line in secret.splitlines()]
    if len(lines) > 1:
        yield from (line for line in lines if len(line) >= LEAST_LINE and not line.startswith("-----"))
    elif "://" in secret:
        yield from _of_address(secret)


def _of_address(address: str) -> Iterator[str]:
    """Give the password of an address, and what else of it looks made by a machine, but not the name of a server."""
    try:
        parts = urlsplit(address)
        host, password = parts.hostname or "", parts.password or ""
    except ValueError:
        host = password = ""
    yield from {password, unquote(password)}
    for part in re.split(r"[/?#&=:@]+", address.partition("://")[2]):
        named = "." in host and part.casefold() == host.casefold()
        if len(part) >= LEAST_PART and any(letter.isdigit() for letter in part) and not named:
            yield part


def _shapes(secret: str) -> Iterator[str]:
    yield secret
    for quoted in _quoted(secret):
        yield quoted
        yield ESCAPE.sub(lambda found: found[0].lower(), quoted)
    for text in (json.dumps(secret), json.dumps(secret, ensure_ascii=False), repr(secret)):
        yield text[1:-1]
        yield json.dumps(text[1:-1])[1:-1]
    yield html.escape(secret)
    yield html.escape(secret, quote=False)
    shell = shlex.quote(secret)
    yield shell[1:-1] if shell != secret else shell
    yield SHELL.sub(r"\\\1", secret)
    yield from _in_base64(secret.encode(errors="surrogateescape"))


def _quoted(secret: str) -> Iterator[str]:
    raw = secret.encode(errors="surrogateescape")
    yield from (quote(raw, safe=safe) for safe in ("", "/", SUB_DELIMS, f"{SUB_DELIMS}:@/"))
    yield quote_plus(raw)


def _in_base64(raw: bytes) -> Iterator[str]:
    """Give what is always there of a secret inside of something that is encoded as a whole (`user:secret`).

    Three bytes become four characters, so there are three ways in which it can begin; the characters at both ends
    that it shares with its neighbours are left out.
    """
    for before in range(3):
        bits = 8 * (before + len(raw))
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            yield encode(bytes(before) + raw).decode()[-(-8 * before // 6) : bits // 6]
