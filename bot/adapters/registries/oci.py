"""Any container registry that speaks the OCI distribution API: what tags point to, and what is inside of it.

distribution-spec v1.1, https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md. The cheapest request
that answers comes first: an unmoved tag costs one HEAD, which Docker Hub does not count as a pull; a registry that
wants a token costs two requests more, once per repository.
"""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import TypeAlias
from urllib.parse import parse_qs, quote

from bot.adapters.registries.oci_contents import ContentsReader
from bot.adapters.registries.oci_hosts import Endpoint, RegistryHost
from bot.adapters.registries.oci_requests import (
    DOCUMENT_BYTES,
    OciRequests,
    Recall,
    Remember,
    check,
    understood,
)
from bot.errors import RepoError, Unavailable
from bot.formats import json_text, oci_config
from bot.formats.json_text import rows
from bot.formats.oci import is_digest, lone, plain_platform, platforms
from bot.model.contents import ImageContents
from bot.model.images import ImageConfig, ImageLook, ImageName, PlatformManifest
from bot.model.secrets import Credential
from bot.ports import Clock
from bot.system.http import Http
from bot.system.once import Once

__all__ = ["DOCUMENT_BYTES", "OciRegistry", "RegistryHost"]

Built: TypeAlias = Callable[[ImageName], frozenset[str] | None]

TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
IMAGES = 200  # whose contents are kept in memory; some 100 kB each
OFFERED = 20  # platforms in one hint
TAGS_KIND = "tags"
TAGS_FOR = timedelta(days=1)
TAGS_A_PAGE = 1000
TAG_PAGES = 50
NEXT_PAGE = re.compile(r"<(?P<url>[^<>]{1,2000})>[^,<]{0,200};\s*rel=\"?next\b")


class OciRegistry:
    """All registries of one run; answers are kept for the life of this object, so a service makes one per run.

    `hosts` are the configured ones by name, `credentials` gives what else is known for a host (`docker login`).
    `recall` and `remember` keep what is addressed by digest from run to run, and lists of tags for a day; `built` gives
    the tags of an image that are configured as still built.
    """

    def __init__(  # noqa: PLR0913 - two of the seven are one optional memory
        self,
        http: Http,
        hosts: Mapping[str, RegistryHost],
        credentials: Callable[[str], Credential | None],
        clock: Clock,
        *,
        recall: Recall = lambda _kind, _key: None,
        remember: Remember = lambda _kind, _key, _value, _now: None,
        built: Built = lambda _name: None,
    ) -> None:
        self.built = built
        self._clock, self._recall, self._remember = clock, recall, remember
        self._requests = OciRequests(http, hosts, credentials, clock, recall=recall, remember=remember)
        self._contents = ContentsReader(self._requests, clock, recall=recall, remember=remember)
        self._looks: Once[ImageName, ImageLook] = Once()
        self._indexes: Once[str, tuple[PlatformManifest, ...]] = Once()
        self._configs: Once[tuple[str, str], ImageConfig] = Once()
        self._insides: Once[tuple[str, str, bool], ImageContents] = Once(room=IMAGES)
        self._tags: Once[ImageName, tuple[str, ...]] = Once()

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

    def contents(self, name: ImageName, digest: str, platform: str, *, sources: bool) -> ImageContents:
        """Read the packages inside the image behind `digest` for a platform; `sources`: and where they come from.

        Asked in this order, each only where the one before leaves a question: what is kept, the configuration, an
        attestation, the layers from the top. Raises as `config` does; what cannot be understood is in the answer.
        """
        wanted = plain_platform(platform)
        key = (digest, wanted, sources)
        return self._insides.get(key, lambda: self._inside(name, digest, wanted, sources=sources))

    def tags(self, name: ImageName) -> tuple[str, ...]:
        """List a repository's tags, sorted; an answer may be up to a day old. Raises as `look` does."""
        asked = replace(name, tag=None, digest=None)
        return self._tags.get(asked, lambda: self._listed(asked))

    def _look(self, name: ImageName) -> ImageLook:
        tag = name.tag or ""
        check(name, sound=TAG.fullmatch(tag) is not None)
        subject = f"the tag {name.tagged}"
        endpoint, digest = self._requests.first(name, subject, lambda one: self._digest(one, name, tag))
        return ImageLook(name=name, digest=digest, observed_at=self._clock(), source=endpoint.base)

    def _digest(self, endpoint: Endpoint, name: ImageName, tag: str) -> str | None:
        """Give what the tag points to at one server; None: it is not there."""
        answer = self._requests.ask("HEAD", endpoint, name, f"manifests/{tag}")
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
        answer = self._requests.ask("GET", endpoint, name, f"manifests/{tag}")
        if answer.status == HTTPStatus.NOT_FOUND:
            return None
        understood(endpoint.host, platforms, answer.body)
        digest = f"sha256:{hashlib.sha256(answer.body).hexdigest()}"
        if answer.headers.get("docker-content-digest", digest) != digest:
            raise Unavailable(f"{endpoint.host} answered {name.tagged} with a digest that its manifest does not have")
        return digest

    def _known(self, name: ImageName, digest: str) -> tuple[PlatformManifest, ...]:
        check(name, sound=is_digest(digest))
        host, body = self._requests.document(name, f"manifests/{digest}")
        return understood(host, platforms, body)

    def _configured(self, name: ImageName, digest: str, platform: str) -> ImageConfig:
        check(name, sound=is_digest(digest))
        host, manifest = self._requests.document(name, f"manifests/{self._child(name, digest, platform)}")
        config = understood(host, oci_config.config_digest, manifest)
        host, body = self._requests.document(name, f"blobs/{config}")
        return understood(host, oci_config.config, body)

    def _child(self, name: ImageName, digest: str, platform: str) -> str:
        """Give the digest of an index's manifest for a platform, or `digest` where it is one image's manifest."""
        children = self.manifests(name, digest)
        wanted = plain_platform(platform)
        found = next((child.digest for child in children if child.platform == wanted), None)
        if children and found is None:
            names = [child.platform for child in children]
            offered = ", ".join(names[:OFFERED]) + (" …" if len(names) > OFFERED else "")
            raise RepoError(f"{name.tagged} has no image for {wanted}", hint=f"choose one of {offered}")
        if found is None:
            host, body = self._requests.document(name, f"manifests/{digest}")
            found = understood(host, lone, body) or None
        return found or digest

    def _inside(self, name: ImageName, digest: str, platform: str, *, sources: bool) -> ImageContents:
        child = self._child(name, digest, platform)
        config = self.config(name, child, platform)
        own = plain_platform(config.platform)
        if own and own.split("/")[:2] != platform.split("/")[:2]:
            raise RepoError(f"{name.tagged} has no image for {platform}", hint=f"it is for {own} only")
        index = digest if child != digest else None
        return self._contents.read(name, child, index, platform, config, sources=sources)

    def _listed(self, name: ImageName) -> tuple[str, ...]:
        check(name, sound=True)
        key = f"{name.registry}/{name.repository}"
        kept = _listing(self._recall(TAGS_KIND, key))
        if kept is not None and timedelta(0) <= self._clock() - kept[0] < TAGS_FOR:
            return kept[1]
        _, found = self._requests.first(name, f"the list of tags of {key}", lambda one: self._pages(one, name))
        value = json.dumps({"at": self._clock().isoformat(), "tags": found})
        self._remember(TAGS_KIND, key, value, self._clock())
        return found

    def _pages(self, endpoint: Endpoint, name: ImageName) -> tuple[str, ...] | None:
        """Read all pages of a list of tags (distribution-spec v1.1, end-8a and end-8b)."""
        found: set[str] = set()
        last = ""
        for _ in range(TAG_PAGES):
            more = f"&last={quote(last)}" if last else ""
            answer = self._requests.ask("GET", endpoint, name, f"tags/list?n={TAGS_A_PAGE}{more}")
            if answer.status != HTTPStatus.OK:
                return None
            page = understood(endpoint.host, _names, answer.body)
            found |= set(page)
            following = NEXT_PAGE.search(answer.headers.get("link", ""))
            before, last = last, _last(following["url"]) if following else ""
            if not last or last == before:
                break
        return tuple(sorted(found))


def _names(body: bytes) -> list[str]:
    document = json_text.read(body)
    if not isinstance(document, dict) or not isinstance(document.get("tags", []), list | None):
        raise ValueError("this is no list of tags")  # noqa: TRY004 - a document, not an argument
    return [one for one in rows(document.get("tags")) if isinstance(one, str) and TAG.fullmatch(one)]


def _last(url: str) -> str:
    """Give where the next page begins: only that is taken from the address, never its host."""
    return parse_qs(url.partition("?")[2]).get("last", [""])[0]


def _listing(text: str | None) -> tuple[datetime, tuple[str, ...]] | None:
    """Read what was kept; None where there is nothing, or something that this version does not write."""
    try:
        found = json_text.read(text or "null")
        at, names = datetime.fromisoformat(found["at"]), found["tags"]
    except (ValueError, TypeError, KeyError):
        return None
    sound = isinstance(names, list) and all(isinstance(one, str) and TAG.fullmatch(one) for one in names)
    return (at, tuple(names)) if sound and at.tzinfo is not None else None
