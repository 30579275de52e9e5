"""Web addresses: who is spoken to, what people may see of one, and where a redirect may lead."""

from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

ANYWHERE = "*"
DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Who is spoken to: two addresses with the same origin reach the same server in the same way."""

    scheme: str
    host: str
    port: int


def origin(url: str) -> Origin:
    """Give the origin of an http(s) address; raises ValueError for anything else."""
    parts = urlsplit(url)
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname:
        raise ValueError("this is not an http or https address")
    return Origin(scheme=parts.scheme, host=parts.hostname, port=parts.port or DEFAULT_PORTS[parts.scheme])


def shown(url: str) -> str:
    """Give an address as people may see it: without user, password and query, which can hold secrets."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "an address that cannot be read"
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()


def redirected(url: str, location: str, plain: Collection[str]) -> str:
    """Resolve a redirect from `url`, without any user and password in it.

    It may lead to https, to the same origin, or to plain http at one of the `plain` hosts (`host` or `host:port`;
    ANYWHERE among them stands for all, from plain http only).
    Raises ValueError, with a reason that continues "URL redirects to …", for everything else.
    """
    try:
        parts = urlsplit(urljoin(url, location))
        target = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
        there = origin(target)
    except ValueError as error:
        raise ValueError("something that is not a web address") from error
    anywhere = ANYWHERE in plain and origin(url).scheme == "http"
    named = there in {origin(f"http://{host}") for host in plain if host != ANYWHERE}
    if there.scheme == "https" or there == origin(url) or anywhere or named:
        return target
    raise ValueError(f"{shown(target)}, which is plain http and not configured as such")
