"""A front like Docker Hub's before a real registry: it wants a Bearer token for every repository it is asked about.

Tokens are bound to one scope, so a client that reuses one for another repository is refused, as at the Hub. What a
test puts into `instead` is answered in place of the registry, once each. With a `Cdn`, blobs come from there; with
`left`, manifests that are read are counted, and refused when none is left.
"""

import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.rig.registry import basic
from tests.rig.web import Said, Seen, WebServer

HOP_BY_HOP = frozenset({"connection", "transfer-encoding", "date", "server"})


@dataclass
class Allowance:
    """How many manifests may be read in `window` seconds, and how many are left."""

    left: int
    limit: int = 100
    window: int = 21600

    @property
    def headers(self) -> dict[str, str]:
        return {
            "ratelimit-limit": f"{self.limit};w={self.window}",
            "ratelimit-remaining": f"{self.left};w={self.window}",
        }


class Cdn(WebServer):
    """Hands out the blobs of a registry (a URL) to everybody, but refuses who shows a credential, as Amazon's S3 does.

    `alter` may change what is answered.
    """

    def __init__(self, upstream: str, *, certificate: Path | None = None) -> None:
        super().__init__(self._blob, certificate=certificate)
        self.upstream = upstream
        self.alter: Callable[[Seen, Said], Said] = lambda _seen, said: said

    def _blob(self, seen: Seen) -> Said:
        if seen.authorization is not None or seen.query.get("signed") != "yes":
            return Said(400, b"Only one auth mechanism allowed")
        return self.alter(seen, passed_on(self.upstream, seen))


class HubFront(WebServer):
    """Serves `/v2/…` from `upstream` (a URL) and `/token`; `anonymous` False: tokens only for USERNAME.

    `realm` None means its own /token. `valid` holds the tokens that were given out; clear it, and they have expired.
    `alter` may change what the registry answers.
    """

    def __init__(
        self,
        upstream: str,
        *,
        realm: str | None = None,
        anonymous: bool = True,
        address: str = "127.0.0.1",
        certificate: Path | None = None,
        cdn: Cdn | None = None,
        allowance: Allowance | None = None,
    ) -> None:
        super().__init__(self._route, address=address, certificate=certificate)
        self.upstream, self.realm, self.anonymous = upstream, realm, anonymous
        self.cdn, self.allowance = cdn, allowance
        self.instead: deque[Said] = deque()
        self.valid: set[str] = set()
        self.alter: Callable[[Seen, Said], Said] = lambda _seen, said: said

    def _route(self, seen: Seen) -> Said:
        return self._token(seen) if seen.path == "/token" else self._registry(seen)

    def _token(self, seen: Seen) -> Said:
        known = seen.authorization == basic()
        if not known and (seen.authorization or not self.anonymous):
            return Said(401)
        token = f"token-{sum(one.path == '/token' for one in self.log) - 1}"
        self.valid.add(f"Bearer {token} {seen.query['scope']}")
        return Said(200, json.dumps({"token": token, "expires_in": 300}).encode())

    def _registry(self, seen: Seen) -> Said:
        scope = f"repository:{_repository(seen.path)}:pull"
        if f"{seen.authorization} {scope}" not in self.valid:
            realm = self.realm or f"{self.url}/token"
            challenge = f'Bearer realm="{realm}",service="hub, of tests",scope="{scope}"'
            return Said(401, b"{}", {"www-authenticate": challenge})
        if self.instead:
            return self.instead.popleft()
        if self.cdn is not None and "/blobs/" in seen.path:
            return Said(307, b"", {"location": f"{self.cdn.url}{seen.path}?signed=yes"})
        return self.alter(seen, self._counted(seen))

    def _counted(self, seen: Seen) -> Said:
        if self.allowance is None:
            return passed_on(self.upstream, seen)
        if seen.method == "GET" and "/manifests/" in seen.path:
            if not self.allowance.left:
                return Said(429, b"toomanyrequests", {"retry-after": str(self.allowance.window)})
            self.allowance.left -= 1
        said = passed_on(self.upstream, seen)
        return said._replace(headers={**said.headers, **self.allowance.headers})


def passed_on(upstream: str, seen: Seen) -> Said:
    """Ask a registry the same, without credentials."""
    answer = httpx.request(
        seen.method,
        upstream + seen.path,
        params={name: text for name, text in seen.query.items() if name != "signed"},
        headers={"accept": seen.headers.get("accept", "")},
        trust_env=False,
        verify=False,
    )
    headers = {name: value for name, value in answer.headers.items() if name not in HOP_BY_HOP}
    return Said(answer.status_code, answer.content, headers)


def _repository(path: str) -> str:
    for part in ("/manifests/", "/blobs/", "/tags/"):
        if part in path:
            return path.removeprefix("/v2/").partition(part)[0]
    return ""
