"""Any container registry that speaks the OCI distribution API: what tags point to, and what indexes hold.

distribution-spec v1.1, https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md. An unmoved tag costs
one HEAD, which Docker Hub does not count as a pull; a registry that wants a token costs two requests more, once per
repository.
"""

import hashlib
import json
import re
import threading
from collections.abc import Callable, Hashable, Mapping
from dataclasses import replace
from datetime import datetime
from http import HTTPStatus
from typing import Generic, Literal, TypeAlias, TypeVar

from bot.adapters.registries.oci_auth import RegistryAuth, how_to_log_in
from bot.adapters.registries.oci_hosts import Endpoint, RegistryHost, endpoints, plain_hosts
from bot.errors import AccessDenied, RepoError, Unavailable
from bot.formats import oci_config
from bot.formats.oci import INDEX_TYPES, MANIFEST_TYPES, is_digest, plain_platform, platforms
from bot.model.images import ImageConfig, ImageLook, ImageName, PlatformManifest
from bot.model.secrets import Credential
from bot.ports import Clock
from bot.system.http import Answer, Http

__all__ = ["OciRegistry", "RegistryHost"]

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")
Method: TypeAlias = Literal["GET", "HEAD"]
Recall: TypeAlias = Callable[[str, str], str | None]
Remember: TypeAlias = Callable[[str, str, str, datetime], None]

# without an index type, distribution answers 404 for an index, and others hand out the manifest of one architecture
ACCEPT = ", ".join((*INDEX_TYPES, *MANIFEST_TYPES))
MANIFEST_BYTES = 4 * 1024 * 1024  # what the specification tells registries to accept at least
HOST = re.compile(r"([A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(:[0-9]{1,5})?")
REPOSITORY = re.compile(r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*")
TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
KIND = "manifests"
CONFIG_KIND = "image-config"
REFUSED = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
ANSWERED = frozenset({HTTPStatus.OK, HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED})


class OciRegistry:
    """All registries of one run; answers are kept for the life of this object, so a service makes one per run.

    `hosts` are the configured ones by name, `credentials` gives what else is known for a host (`docker login`).
    `recall` and `remember` (a store's) keep what never changes from run to run: contents of indexes, and image
    configurations, by digest.
    """

    def __init__(  # noqa: PLR0913 - two of the six are one optional memory
        self,
        http: Http,
        hosts: Mapping[str, RegistryHost],
        credentials: Callable[[str], Credential | None],
        clock: Clock,
        *,
        recall: Recall = lambda _kind, _key: None,
        remember: Remember = lambda _kind, _key, _value, _now: None,
    ) -> None:
        self._http, self._hosts, self._clock = http, hosts, clock
        self._recall, self._remember = recall, remember
        self._plain = plain_hosts(hosts)
        self._auth = RegistryAuth(http, hosts, credentials, clock)
        self._looks: _Once[ImageName, ImageLook] = _Once()
        self._indexes: _Once[str, tuple[PlatformManifest, ...]] = _Once()
        self._configs: _Once[tuple[str, str], ImageConfig] = _Once()
        self._documents: _Once[str, tuple[Endpoint, bytes]] = _Once()
        self._silent: set[str] = set()

    def look(self, name: ImageName) -> ImageLook:
        """Ask what the tag points to now: one HEAD, or a GET where the registry does not answer that.

        Raises RepoError where the tag does not exist, AccessDenied, or Unavailable.
        """
        asked = replace(name, digest=None)
        return replace(self._looks.get(asked, lambda: self._look(asked)), name=name)

    def manifests(self, name: ImageName, digest: str) -> tuple[PlatformManifest, ...]:
        """List an index's manifests by platform, without attestations; empty for a single manifest.

        The body is checked against `digest`. Raises as `look` does.
        """
        return self._indexes.get(digest, lambda: self._known(name, digest))

    def config(self, name: ImageName, digest: str, platform: str) -> ImageConfig:
        """Read what the image behind `digest` (an index or a manifest) says of itself for a platform.

        Every document is checked against its digest. Raises as `look` does, RepoError also for another platform.
        """
        return self._configs.get((digest, platform), lambda: self._configured(name, digest, platform))

    def _look(self, name: ImageName) -> ImageLook:
        tag = name.tag or ""
        _check(name, sound=TAG.fullmatch(tag) is not None)
        endpoint, digest = self._first(name, f"the tag {name.tagged}", lambda one: self._digest(one, name, tag))
        return ImageLook(name=name, digest=digest, observed_at=self._clock(), source=endpoint.base)

    def _digest(self, endpoint: Endpoint, name: ImageName, tag: str) -> str | None:
        """Give what the tag points to at one server; None: it is not there."""
        answer = self._ask("HEAD", endpoint, name, f"manifests/{tag}")
        digest = answer.headers.get("docker-content-digest")
        if answer.status == HTTPStatus.NOT_FOUND:
            return None
        if answer.status != HTTPStatus.OK or digest is None:
            return self._computed(endpoint, name, tag)
        if not is_digest(digest):
            raise Unavailable(f"{endpoint.host} answered something that is not a sha256 digest for {name.tagged}")
        return digest

    def _computed(self, endpoint: Endpoint, name: ImageName, tag: str) -> str | None:
        """Compute the digest of what the tag points to, where the registry does not tell it."""
        answer = self._ask("GET", endpoint, name, f"manifests/{tag}")
        if answer.status == HTTPStatus.NOT_FOUND:
            return None
        _understood(endpoint, platforms, answer.body)
        digest = f"sha256:{hashlib.sha256(answer.body).hexdigest()}"
        if answer.headers.get("docker-content-digest", digest) != digest:
            raise Unavailable(f"{endpoint.host} answered {name.tagged} with a digest that its manifest does not have")
        return digest

    def _known(self, name: ImageName, digest: str) -> tuple[PlatformManifest, ...]:
        _check(name, sound=is_digest(digest))
        kept = _read(self._recall(KIND, digest))
        if kept is not None:
            return kept
        endpoint, body = self._document(name, f"manifests/{digest}")
        found = _understood(endpoint, platforms, body)
        rows = [[entry.platform, entry.digest] for entry in found]
        self._remember(KIND, digest, json.dumps(rows), self._clock())
        return found

    def _configured(self, name: ImageName, digest: str, platform: str) -> ImageConfig:
        _check(name, sound=is_digest(digest))
        key = f"{digest} {platform}"
        kept = oci_config.revived(self._recall(CONFIG_KIND, key))
        if kept is not None:
            return kept
        endpoint, manifest = self._document(name, f"manifests/{self._child(name, digest, platform)}")
        endpoint, body = self._document(name, f"blobs/{_understood(endpoint, oci_config.config_digest, manifest)}")
        found = _understood(endpoint, oci_config.config, body)
        self._remember(CONFIG_KIND, key, oci_config.kept(found), self._clock())
        return found

    def _child(self, name: ImageName, digest: str, platform: str) -> str:
        """Give the digest of an index's manifest for a platform, or `digest` where it is one image's manifest."""
        children = self.manifests(name, digest)
        wanted = plain_platform(platform)
        found = next((child.digest for child in children if child.platform == wanted), None)
        if children and found is None:
            offered = ", ".join(child.platform for child in children)
            raise RepoError(f"{name.tagged} has no image for {wanted}", hint=f"choose one of {offered}")
        return found or digest

    def _document(self, name: ImageName, what: str) -> tuple[Endpoint, bytes]:
        """Fetch a manifest or a blob by its digest, once, and check it against that."""
        subject = f"the {what.partition('s/')[0]} {what.partition('/')[2]} of {name.tagged}"
        return self._documents.get(what, lambda: self._first(name, subject, lambda one: self._body(one, name, what)))

    def _body(self, endpoint: Endpoint, name: ImageName, what: str) -> bytes | None:
        answer = self._ask("GET", endpoint, name, what)
        digest = what.partition("/")[2]
        if answer.status == HTTPStatus.NOT_FOUND:
            return None
        if f"sha256:{hashlib.sha256(answer.body).hexdigest()}" != digest:
            raise Unavailable(f"{endpoint.host} answered something that is not {digest} of {name.tagged}")
        return answer.body

    def _first(self, name: ImageName, subject: str, ask: Callable[[Endpoint], Value | None]) -> tuple[Endpoint, Value]:
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

    def _ask(self, method: Method, endpoint: Endpoint, name: ImageName, what: str) -> Answer:
        """Ask for a manifest or a blob, with what the registry wants to see; the answer is a 200, a 404, or a 405."""
        answer = self._send(method, endpoint, name, what, self._auth.header(endpoint, name.repository))
        hint = how_to_log_in(endpoint.host)
        if answer.status == HTTPStatus.UNAUTHORIZED:
            offer = self._auth.answer(endpoint, name.repository, answer.headers.get("www-authenticate", ""))
            hint = offer.hint
            if offer.header is not None:
                answer = self._send(method, endpoint, name, what, offer.header)
        if answer.status in REFUSED:
            raise AccessDenied(
                f"{endpoint.host} refuses {name.tagged} ({answer.status}): it is private or does not exist", hint=hint
            )
        if answer.status not in ANSWERED:
            raise Unavailable(f"{endpoint.host} answers {answer.status} for {name.tagged}")
        return answer

    def _send(
        self, method: Method, endpoint: Endpoint, name: ImageName, what: str, authorization: str | None
    ) -> Answer:
        url = endpoint.url(name.repository, what)
        headers = {"accept": ACCEPT} | ({"authorization": authorization} if authorization else {})
        try:
            if method == "HEAD":
                return self._http.head(url, headers=headers, plain=self._plain)
            return self._http.get(url, headers=headers, limit=MANIFEST_BYTES, plain=self._plain)
        except Unavailable as error:
            error.hint = error.hint or _hint(endpoint, error)
            raise


class _Once(Generic[Key, Value]):
    """Makes each value once, also when several threads ask at the same time; a failure is not kept."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._locks: dict[Key, threading.Lock] = {}
        self._made: dict[Key, Value] = {}

    def get(self, key: Key, make: Callable[[], Value]) -> Value:
        with self._lock:
            mine = self._locks.setdefault(key, threading.Lock())
        with mine:
            if key not in self._made:
                self._made[key] = make()
            return self._made[key]


def _check(name: ImageName, *, sound: bool) -> None:
    """Refuse what could lead a request elsewhere: names come from files that anybody may have written."""
    if not (sound and HOST.fullmatch(name.registry) and REPOSITORY.fullmatch(name.repository)):
        raise RepoError(f"{name.tagged} is not an image that a registry can be asked for", hint="correct the reference")


def _understood(endpoint: Endpoint, read: Callable[[bytes], Value], body: bytes) -> Value:
    try:
        return read(body)
    except ValueError as error:
        raise Unavailable(f"{endpoint.host} answered something that is not a manifest: {error}") from error


def _read(kept: str | None) -> tuple[PlatformManifest, ...] | None:
    """Read what was remembered; None where there is nothing, or something from another version of this program."""
    try:
        rows = json.loads(kept or "null")
        return (
            None if rows is None else tuple(PlatformManifest(platform=str(one), digest=str(two)) for one, two in rows)
        )
    except (ValueError, TypeError):
        return None


def _hint(endpoint: Endpoint, error: Unavailable) -> str:
    if error.message.endswith("answers 429"):
        return f"{endpoint.host} limits requests; with a login it allows more: {how_to_log_in(endpoint.host)}"
    if endpoint.base.startswith("https:") and "over TLS" in error.message:
        return f'if it speaks plain http, configure [[registry]] host = "{endpoint.host}", insecure = true'
    return ""
