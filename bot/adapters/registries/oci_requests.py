"""Requests to registries: which server is asked, with which token, how often, and what of their answers is believed.

distribution-spec v1.1, https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md. What is addressed by
its digest is checked against it and kept for ever; blobs may be handed out by another server (a CDN), which never sees
a credential.
"""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Literal, TypeAlias, TypeVar

from bot.adapters.registries.oci_auth import RegistryAuth, how_to_log_in
from bot.adapters.registries.oci_hosts import Endpoint, RegistryHost, endpoints, plain_hosts
from bot.adapters.registries.pace import Pace
from bot.errors import AccessDenied, RepoError, Unavailable
from bot.formats.oci import INDEX_TYPES, MANIFEST_TYPES
from bot.model.images import ImageName
from bot.model.secrets import Credential
from bot.ports import Clock
from bot.system.http import Answer, Http
from bot.system.once import Once
from bot.system.urls import ANYWHERE

Value = TypeVar("Value")
Method: TypeAlias = Literal["GET", "HEAD"]
Recall: TypeAlias = Callable[[str, str], str | None]
Remember: TypeAlias = Callable[[str, str, str, datetime], None]
Reader: TypeAlias = Callable[[Iterator[bytes]], None]

# without an index type, distribution answers 404 for an index, and others hand out the manifest of one architecture
ACCEPT = ", ".join((*INDEX_TYPES, *MANIFEST_TYPES))
DOCUMENTS = 500  # that are kept in memory; real ones have some kB
DOCUMENT_BYTES = 4 * 1024 * 1024  # of a manifest: what the specification tells registries to accept at least
HOST = re.compile(r"([A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(:[0-9]{1,5})?")
REPOSITORY = re.compile(r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*")
REFUSED = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
ANSWERED = frozenset({HTTPStatus.OK, HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED})
KIND = "document"


class OciRequests:
    """Asks all registries of one run. `recall` and `remember` keep documents by digest from run to run."""

    def __init__(  # noqa: PLR0913 - two of the six are one optional memory
        self,
        http: Http,
        hosts: Mapping[str, RegistryHost],
        credentials: Callable[[str], Credential | None],
        clock: Clock,
        *,
        recall: Recall,
        remember: Remember,
    ) -> None:
        self._http, self._hosts, self._clock = http, hosts, clock
        self._recall, self._remember = recall, remember
        self._plain = plain_hosts(hosts)
        self._auth = RegistryAuth(http, hosts, credentials, clock)
        self._pace = Pace(http.pause)
        self._documents: Once[str, tuple[Endpoint | None, bytes]] = Once(room=DOCUMENTS)
        self._silent: set[str] = set()

    def document(self, name: ImageName, what: str, *, limit: int = DOCUMENT_BYTES) -> tuple[str, bytes]:
        """Give a manifest or a blob (`blobs/sha256:…`) by its digest, checked, and who answered.

        It is asked for once in the life of the memory. Raises RepoError where it is gone, AccessDenied, Unavailable.
        """
        endpoint, body = self._documents.get(what, lambda: self._kept(name, what, limit))
        return endpoint.host if endpoint else name.registry, body

    def blob(self, name: ImageName, digest: str, *, limit: int) -> bytes:
        """Give a blob by its digest, checked; it is not kept. Raises as `document` does."""
        subject = f"the blob {digest} of {name.tagged}"
        return self.first(name, subject, lambda one: self._body(one, name, f"blobs/{digest}", limit))[1]

    def stream(self, name: ImageName, digest: str, reader: Reader, *, limit: int) -> None:
        """Hand a blob's bytes to `reader`, which takes all of them; they are checked against the digest at the end.

        Raises ValueError as `reader` does, unless it stumbles over bytes that are not those of the digest; everything
        else as `document` does.
        """
        subject = f"the blob {digest} of {name.tagged}"

        def ask(endpoint: Endpoint) -> bool | None:
            checked = _Checked(reader)
            try:
                answer = self._ask("GET", endpoint, name, f"blobs/{digest}", reader=checked, limit=limit)
            except ValueError as error:
                if checked.digest in {"", digest}:
                    raise
                raise _lied(endpoint, digest, name) from error
            if answer.status != HTTPStatus.OK:
                return None
            if checked.digest != digest:
                raise _lied(endpoint, digest, name)
            return True

        self.first(name, subject, ask)

    def first(self, name: ImageName, subject: str, ask: Callable[[Endpoint], Value | None]) -> tuple[Endpoint, Value]:
        """Ask the mirror, then the registry itself; a mirror that did not answer is not asked again."""
        *mirrors, upstream = endpoints(name.registry, self._hosts)
        for mirror in mirrors:
            if mirror.base in self._silent:
                continue
            try:
                found = ask(mirror)
            except Unavailable:
                self._silent.add(mirror.base)
                continue
            if found is not None:
                return mirror, found
        found = ask(upstream)
        if found is None:
            raise RepoError(
                f"{subject} does not exist at {name.registry}", hint="correct it, or choose one that exists"
            )
        return upstream, found

    def ask(self, method: Method, endpoint: Endpoint, name: ImageName, what: str) -> Answer:
        """Ask for something of a repository; the answer is a 200, a 404, or a 405."""
        return self._ask(method, endpoint, name, what)

    def _kept(self, name: ImageName, what: str, limit: int) -> tuple[Endpoint | None, bytes]:
        digest = what.partition("/")[2]
        kept = (self._recall(KIND, digest) or "").encode()
        if kept and _digest(kept) == digest:
            return None, kept
        subject = f"the {what.partition('s/')[0]} {digest} of {name.tagged}"
        endpoint, body = self.first(name, subject, lambda one: self._body(one, name, what, limit))
        self._remember(KIND, digest, body.decode("utf-8", "replace"), self._clock())
        return endpoint, body

    def _body(self, endpoint: Endpoint, name: ImageName, what: str, limit: int) -> bytes | None:
        answer = self._ask("GET", endpoint, name, what, limit=limit)
        digest = what.partition("/")[2]
        if answer.status == HTTPStatus.NOT_FOUND:
            return None
        if _digest(answer.body) != digest:
            raise _lied(endpoint, digest, name)
        return answer.body

    def _ask(  # noqa: PLR0913 - what a request is made of
        self,
        method: Method,
        endpoint: Endpoint,
        name: ImageName,
        what: str,
        *,
        reader: Reader | None = None,
        limit: int = DOCUMENT_BYTES,
    ) -> Answer:
        """Ask with what the registry wants to see; the answer is a 200, a 404, or a 405."""
        counted = method == "GET" and what.startswith("manifests/")  # what Docker Hub counts as a pull
        if counted:
            self._pace.before(endpoint)

        def send(authorization: str | None) -> Answer:
            return self._send(method, endpoint.url(name.repository, what), endpoint, authorization, reader, limit)

        answer = send(self._auth.header(endpoint, name.repository))
        hint = how_to_log_in(endpoint.host)
        if answer.status == HTTPStatus.UNAUTHORIZED:
            offer = self._auth.answer(endpoint, name.repository, answer.headers.get("www-authenticate", ""))
            hint = offer.hint
            if offer.header is not None:
                answer = send(offer.header)
        self._pace.after(endpoint, answer.headers)
        if answer.status in REFUSED:
            raise AccessDenied(
                f"{endpoint.host} refuses {name.tagged} ({answer.status}): it is private or does not exist", hint=hint
            )
        if answer.status not in ANSWERED:
            raise Unavailable(f"{endpoint.host} answers {answer.status} for {name.tagged}")
        return answer

    def _send(  # noqa: PLR0913, PLR0917 - what a request is made of
        self,
        method: Method,
        url: str,
        endpoint: Endpoint,
        authorization: str | None,
        reader: Reader | None,
        limit: int,
    ) -> Answer:
        headers = {"accept": ACCEPT, "accept-encoding": "identity"} | (
            {"authorization": authorization} if authorization else {}
        )
        plain = self._plain | {ANYWHERE} if "/blobs/" in url else self._plain
        try:
            if reader is not None:
                return self._http.stream(url, reader, headers=headers, limit=limit, plain=plain)
            if method == "HEAD":
                return self._http.head(url, headers=headers, plain=plain)
            return self._http.get(url, headers=headers, limit=limit, plain=plain)
        except Unavailable as error:
            error.hint = error.hint or _hint(endpoint, error)
            raise


class _Checked:
    """A reader that hashes what passes through it; called anew, it begins anew.

    `digest` is that of all bytes; "" where the reader failed before all of them came.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.digest = ""

    def __call__(self, chunks: Iterator[bytes]) -> None:
        self.digest = ""
        self._reader(self._hashed(chunks))

    def _hashed(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        sha256 = hashlib.sha256()
        for chunk in chunks:
            sha256.update(chunk)
            yield chunk
        self.digest = f"sha256:{sha256.hexdigest()}"


def check(name: ImageName, *, sound: bool) -> None:
    """Refuse what could lead a request elsewhere: names come from files that anybody may have written."""
    if not (sound and HOST.fullmatch(name.registry) and REPOSITORY.fullmatch(name.repository)):
        raise RepoError(f"{name.tagged} is not an image that a registry can be asked for", hint="correct the reference")


def understood(host: str, read: Callable[[bytes], Value], body: bytes) -> Value:
    """Read a document; raises Unavailable where it is none."""
    try:
        return read(body)
    except (ValueError, RecursionError) as error:
        raise Unavailable(f"{host} answered something that is not a manifest: {error}") from error


def _digest(body: bytes) -> str:
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


def _lied(endpoint: Endpoint, digest: str, name: ImageName) -> Unavailable:
    return Unavailable(f"{endpoint.host} answered something that is not {digest} of {name.tagged}")


def _hint(endpoint: Endpoint, error: Unavailable) -> str:
    if error.message.endswith("answers 429"):
        return f"{endpoint.host} limits requests; with a login it allows more: {how_to_log_in(endpoint.host)}"
    if endpoint.base.startswith("https:") and "over TLS" in error.message:
        return f'if it speaks plain http, configure [[registry]] host = "{endpoint.host}", insecure = true'
    return ""
