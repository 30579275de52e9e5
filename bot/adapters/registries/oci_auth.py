"""How a registry is convinced: Bearer tokens and Basic, and who may see a credential.

distribution's token authentication, https://distribution.github.io/distribution/spec/auth/token/; RFC 7617 for Basic.
A credential goes only to the server it is kept for and to token servers that belong to it (`oci_hosts.belongs`), over
https unless that host is configured for plain http. Tokens without a credential are asked for at any https server.
"""

import base64
import json
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from urllib.parse import urlencode

from bot.adapters.registries.oci_hosts import Endpoint, RegistryHost, belongs, plain_hosts
from bot.errors import AccessDenied, Unavailable
from bot.model.secrets import Credential
from bot.ports import Clock
from bot.system.http import Answer, Http
from bot.system.redaction import known
from bot.system.urls import Origin, origin, shown

CHALLENGE = re.compile(
    r'\b(?P<key>\w{1,64})\s*=\s*(?:"(?P<quoted>[^"]*)"|(?P<bare>[^\s,"]+))|\b(?P<scheme>Bearer|Basic)\b', re.IGNORECASE
)
TOKEN = re.compile(r"[\x21-\x7e]{1,65536}")
TOKEN_BYTES = 256 * 1024
LIFE_SECONDS = 60.0  # the specification's default for `expires_in`
MARGIN_SECONDS = 10.0  # a token is not used when it is this near to its end


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What can be said to a challenge: an Authorization header, or None; `hint` helps if it is not enough."""

    header: str | None
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    header: str
    until: datetime | None


class RegistryAuth:
    """Keeps what convinced each server, so that only the first request about a repository is refused."""

    def __init__(
        self,
        http: Http,
        hosts: Mapping[str, RegistryHost],
        credentials: Callable[[str], Credential | None],
        clock: Clock,
    ) -> None:
        self._http, self._hosts, self._credentials, self._clock = http, hosts, credentials, clock
        self._plain = plain_hosts(hosts)
        self._lock = threading.Lock()
        self._kept: dict[tuple[str, str], _Kept] = {}
        self._known: dict[str, Credential | None] = {}

    def header(self, endpoint: Endpoint, repository: str) -> str | None:
        """Give the header that convinced this server before, None where there is none that still holds."""
        with self._lock:
            kept = self._kept.get((endpoint.base, repository)) or self._kept.get((endpoint.base, ""))
        return kept.header if kept and (kept.until is None or self._clock() < kept.until) else None

    def answer(self, endpoint: Endpoint, repository: str, challenge: str) -> Offer:
        """Answer a 401's WWW-Authenticate; raises AccessDenied where the token server refuses our credential."""
        challenges = _parse(challenge)
        if "bearer" in challenges:
            return self._bearer(endpoint, repository, challenges["bearer"])
        credential = self._credential(endpoint.host)
        if "basic" not in challenges or credential is None:
            return Offer(header=None, hint=how_to_log_in(endpoint.host))
        header = _basic(credential)
        self._keep(endpoint, "", _Kept(header=header, until=None))
        return Offer(header=header, hint=how_to_log_in(endpoint.host, again=True))

    def _bearer(self, endpoint: Endpoint, repository: str, challenge: Mapping[str, str]) -> Offer:
        realm = challenge.get("realm", "")
        there = self._allowed(endpoint, realm)
        credential = self._credential(endpoint.host)
        trusted = belongs(there, endpoint, self._hosts)
        sent = {"authorization": _basic(credential)} if credential and trusted else {}
        scope = challenge.get("scope") or f"repository:{endpoint.prefix}{repository}:pull"
        asked = {"service": challenge["service"]} if "service" in challenge else {}
        url = f"{realm}{'&' if '?' in realm else '?'}{urlencode({**asked, 'scope': scope})}"
        answer = self._http.get(url, headers=sent, limit=TOKEN_BYTES, plain=self._plain)
        hint = how_to_log_in(endpoint.host, again=bool(sent))
        if credential and not trusted:
            hint = (
                f"the credential for {endpoint.host} was not sent to {there.host}, which may be anybody's; "
                f'if it is the token server of {endpoint.host}, add [[registry]] with host = "{there.host}"'
            )
        kept = self._token(answer, endpoint, hint)
        self._keep(endpoint, repository, kept)
        return Offer(header=kept.header, hint=hint)

    def _allowed(self, endpoint: Endpoint, realm: str) -> Origin:
        """Check that a token server may be asked at all: over https, or in plain http where that is configured."""
        try:
            there = origin(realm)
        except ValueError as error:
            raise Unavailable(f"{endpoint.host} names no token server that can be asked") from error
        if there.scheme == "https" or there in {origin(f"http://{host}") for host in self._plain}:
            return there
        raise Unavailable(
            f"{endpoint.host} wants a token from {shown(realm)}, which is plain http and not configured as such",
            hint=f'add [[registry]] with host = "{there.host}:{there.port}" and insecure = true if that is right',
        )

    def _token(self, answer: Answer, endpoint: Endpoint, hint: str) -> _Kept:
        where = shown(answer.url)
        if answer.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            raise AccessDenied(f"the token server {where} of {endpoint.host} refuses us ({answer.status})", hint=hint)
        try:
            said = json.loads(answer.body)
            token = said.get("token") or said.get("access_token")
            life = float(said.get("expires_in") or LIFE_SECONDS)
            until = self._clock() + timedelta(seconds=max(0.0, life - MARGIN_SECONDS))
        except (ValueError, TypeError, AttributeError, OverflowError) as error:
            raise Unavailable(f"the token server {where} answers something that is not a token") from error
        if not isinstance(token, str) or not TOKEN.fullmatch(token):
            raise Unavailable(f"the token server {where} answers {answer.status} without a token")
        known(token, passing=True)
        return _Kept(header=f"Bearer {token}", until=until)

    def _keep(self, endpoint: Endpoint, repository: str, kept: _Kept) -> None:
        with self._lock:
            self._kept[endpoint.base, repository] = kept

    def _credential(self, host: str) -> Credential | None:
        """Give the configured credential, else what `docker login` kept; asked for once per host."""
        configured = self._hosts.get(host)
        if configured is not None and configured.credential is not None:
            return configured.credential
        with self._lock:
            if host not in self._known:
                self._known[host] = self._credentials(host)
            return self._known[host]


def how_to_log_in(host: str, *, again: bool = False) -> str:
    """Say what to do where a registry refuses us; `again` where it refused a credential."""
    start = "the credential was refused: " if again else ""
    return (
        f"{start}run `docker login {host}`, or configure [[registry]] "
        f'host = "{host}", username = {{ env = "…" }}, password = {{ env = "…" }}'
    )


def _basic(credential: Credential) -> str:
    pair = f"{credential.username}:{credential.password.reveal()}"
    return f"Basic {base64.b64encode(pair.encode()).decode()}"


def _parse(header: str) -> dict[str, dict[str, str]]:
    """Read WWW-Authenticate (RFC 9110, 11.6.1), one or several challenges; of two of a kind the last one counts."""
    found: dict[str, dict[str, str]] = {}
    current: dict[str, str] = {}
    for match in CHALLENGE.finditer(header):
        if match["scheme"]:
            current = found[match["scheme"].lower()] = {}
        else:
            current[match["key"].lower()] = match["quoted"] if match["quoted"] is not None else match["bare"]
    return found
