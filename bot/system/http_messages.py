"""What is asked of servers, over which route, and what comes back."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

READ_SECONDS = 30.0
TOTAL_SECONDS = 300.0  # for one call with its redirects and retries: a server that drips bytes ends here
DOWNLOAD_SECONDS = 900.0  # the same for a file
BODY_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """How servers are reached, where it is not as the environment says.

    `cafile` is a file or folder with the certificates that are trusted, `proxy` an address (its `http://` may be
    missing) that may hold a password. Certificates of `insecure_hosts` (`host` or `host:port`) are not looked at.
    `read_seconds` is the longest wait for the next byte.
    """

    cafile: str | None = None
    proxy: str | None = field(default=None, repr=False)
    insecure_hosts: frozenset[str] = frozenset()
    read_seconds: float = READ_SECONDS


ORDINARY = Route()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a server answered: header names are in lower case, `url` is where the last redirect led.

    `sha256` (hex) is that of a downloaded file, whose bytes are not in `body`; "" for every other answer.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    url: str
    sha256: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One request: a body of at most `limit` bytes, until `until` on the monotonic clock, into `target` if any.

    A `reader` is handed the chunks of a 200 as they come, as the server has them; what it leaves is not read.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    limit: int
    until: float
    target: Path | None = None
    reader: Callable[[Iterator[bytes]], None] | None = None


class Passing(Exception):
    """A failure that may pass: asked again after `retry_after` seconds, or after a back-off where it is None."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after = retry_after
