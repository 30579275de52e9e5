"""A front like Docker Hub's before a real registry: it wants a Bearer token for every repository it is asked about.

Tokens are bound to one scope, so a client that reuses one for another repository is refused, as at the Hub. What a
test puts into `instead` is answered in place of the registry, once each.
"""

import json
from collections import deque
from pathlib import Path

import httpx

from tests.rig.registry import basic
from tests.rig.web import Said, Seen, WebServer

HOP_BY_HOP = frozenset({"connection", "transfer-encoding", "date", "server"})


class HubFront(WebServer):
    """Serves `/v2/…` from `upstream` (a URL) and `/token`; `anonymous` False: tokens only for USERNAME.

    `realm` None means its own /token. `valid` holds the tokens that were given out; clear it, and they have expired.
    """

    def __init__(
        self,
        upstream: str,
        *,
        realm: str | None = None,
        anonymous: bool = True,
        address: str = "127.0.0.1",
        certificate: Path | None = None,
    ) -> None:
        super().__init__(self._route, address=address, certificate=certificate)
        self.upstream, self.realm, self.anonymous = upstream, realm, anonymous
        self.instead: deque[Said] = deque()
        self.valid: set[str] = set()

    def _route(self, seen: Seen) -> Said:
        return self._token(seen) if seen.path == "/token" else self._registry(seen)

    def _token(self, seen: Seen) -> Said:
        known = seen.authorization == basic()
        if not known and (seen.authorization or not self.anonymous):
            return Said(401)
        token = f"token-{len(self.valid)}"
        self.valid.add(f"Bearer {token} {seen.query['scope']}")
        return Said(200, json.dumps({"token": token, "expires_in": 300}).encode())

    def _registry(self, seen: Seen) -> Said:
        repository = seen.path.removeprefix("/v2/").partition("/manifests/")[0]
        scope = f"repository:{repository}:pull"
        if f"{seen.authorization} {scope}" not in self.valid:
            realm = self.realm or f"{self.url}/token"
            challenge = f'Bearer realm="{realm}",service="hub, of tests",scope="{scope}"'
            return Said(401, b"{}", {"www-authenticate": challenge})
        if self.instead:
            return self.instead.popleft()
        return self._pass_on(seen)

    def _pass_on(self, seen: Seen) -> Said:
        accept = {"accept": seen.headers.get("accept", "")}
        answer = httpx.request(seen.method, self.upstream + seen.path, headers=accept, trust_env=False, verify=False)
        headers = {name: value for name, value in answer.headers.items() if name not in HOP_BY_HOP}
        return Said(answer.status_code, answer.content, headers)
