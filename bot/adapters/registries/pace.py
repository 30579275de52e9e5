"""How fast a registry that counts requests is asked: slower before the wall, and not against it.

Docker Hub sends `ratelimit-limit: 100;w=21600` and `ratelimit-remaining: 76;w=21600` (docs.docker.com, "Docker Hub
usage and limits"), others the fields of draft-ietf-httpapi-ratelimit-headers with the window in `ratelimit-reset`.
"""

import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bot.adapters.registries.oci_auth import how_to_log_in
from bot.adapters.registries.oci_hosts import Endpoint
from bot.errors import Unavailable

FIELD = re.compile(r"\s*(?P<count>\d{1,15})\s*(?:;\s*w=(?P<window>\d{1,15}))?", re.ASCII)
FEW = 10  # requests that are left: from here on each waits
SHARE = 10  # or a tenth of the limit, whichever is more
LONGEST_PAUSE = 5.0  # seconds before one request
PATIENCE = 15.0  # seconds that are waited for a new window
WINDOW = 3600.0  # seconds, where the registry names none
LONGEST_WINDOW = 86400.0  # what is longer is a moment since 1970, as GitLab writes it, or nonsense


@dataclass(frozen=True, slots=True, kw_only=True)
class _Left:
    """What a registry said last: requests left, its limit, and the window in seconds."""

    remaining: int
    limit: int
    window: float


class Pace:
    """Remembers what each registry allows; safe to use from several threads. `pause` waits for seconds."""

    def __init__(self, pause: Callable[[float], None]) -> None:
        self._pause = pause
        self._lock = threading.Lock()
        self._left: dict[str, _Left] = {}

    def before(self, endpoint: Endpoint) -> None:
        """Wait before a request that counts; raises Unavailable where none is left for longer than we wait."""
        with self._lock:
            left = self._left.get(endpoint.base)
        if left is None or left.remaining > max(FEW, left.limit // SHARE):
            return
        if left.remaining > 0:
            self._pause(min(left.window / left.remaining, LONGEST_PAUSE))
            return
        if left.window > PATIENCE:
            raise Unavailable(
                f"{endpoint.host} allows no further request for up to {left.window:.0f} seconds",
                hint=f"with a login it allows more: {how_to_log_in(endpoint.host)}",
                retry_after=left.window,
            )
        self._pause(left.window)
        with self._lock:
            self._left.pop(endpoint.base, None)

    def after(self, endpoint: Endpoint, headers: Mapping[str, str]) -> None:
        """Take note of what an answer says is left."""
        remaining = FIELD.match(headers.get("ratelimit-remaining", ""))
        if remaining is None:
            return
        limit = FIELD.match(headers.get("ratelimit-limit", ""))
        reset = FIELD.match(headers.get("ratelimit-reset", ""))
        window = float(remaining["window"] or (reset["count"] if reset else WINDOW))
        with self._lock:
            self._left[endpoint.base] = _Left(
                remaining=int(remaining["count"]),
                limit=int(limit["count"]) if limit else 0,
                window=window if window <= LONGEST_WINDOW else WINDOW,
            )
