"""The Index port over the simple repository API: several indexes merged as pip does it, asked conditionally."""

import base64
import hashlib
import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from urllib.parse import unquote, urlsplit

from packaging.utils import canonicalize_name, is_normalized_name

from bot import ports
from bot.errors import AccessDenied, ConfigError, Unavailable
from bot.formats.simple_index import (
    ACCEPT,
    IndexFile,
    metadata_file,
    parse_page,
    releases,
    render_page,
    requires_dist,
)
from bot.model.releases import Release
from bot.model.secrets import Credential, Secret
from bot.system.http import Answer, Http
from bot.system.urls import Origin, origin, shown

PAGE_BYTES = 64 * 1024 * 1024
METADATA_BYTES = 8 * 1024 * 1024
PAGE_KIND = "index-page"
METADATA_KIND = "index-metadata"
JSON_TYPE = "application/vnd.pypi.simple.v1+json"
NO_CREDENTIALS: Mapping[str, Credential] = {}


class Answers(Protocol):
    """The part of the store that keeps answers."""

    def recall(self, kind: str, key: str) -> str | None:
        """Give an answer kept under this key, if it is still there."""
        ...

    def remember(self, kind: str, key: str, value: str, now: datetime) -> None:
        """Keep an answer."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """One index: its address without user and password, and the header that opens it ("" for none)."""

    url: str
    origin: Origin
    authorization: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    etag: str
    files: tuple[IndexFile, ...]


class SimpleIndex:
    """Reads releases and metadata from all of `urls`; make one per run.

    Each package's page is asked for once in the life of this object, and conditionally where an earlier answer is
    kept. A user and password may stand in a URL, or in `credentials` under that URL; they go to that server only.
    Raises ConfigError where an address is no web address.
    """

    def __init__(
        self,
        http: Http,
        urls: Sequence[str],
        *,
        answers: Answers,
        clock: ports.Clock,
        credentials: Mapping[str, Credential] = NO_CREDENTIALS,
    ) -> None:
        self._http = http
        self._places = tuple(_place(url, credentials.get(url)) for url in urls)
        self._answers = answers
        self._clock = clock
        self._pages: dict[str, tuple[IndexFile, ...]] = {}
        self._locks: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    def releases(self, name: str) -> tuple[Release, ...]:
        """Give all releases of a package, lowest first; empty where no index knows it.

        Raises AccessDenied where an index refuses us, Unavailable where one does not answer or answers nonsense:
        half an answer would look like a package without newer releases.
        """
        return releases(self._files(canonicalize_name(name)))

    def requirements(self, name: str, version: str) -> tuple[str, ...] | None:
        """Give a release's Requires-Dist lines from its PEP 658 metadata; None where the index serves none.

        Wheels of one version may differ in this; the one for every platform is read, where there is one.
        Raises Unavailable where the metadata is not what its hash on the page says.
        """
        try:
            file = metadata_file(self._files(canonicalize_name(name)), version)
        except ValueError:
            return None
        if file is None:
            return None
        kept = self._kept_metadata(file.metadata_sha256)
        return self._metadata(file) if kept is None else kept

    def _files(self, name: str) -> tuple[IndexFile, ...]:
        if not is_normalized_name(name):
            return ()
        with self._lock:
            lock = self._locks.setdefault(name, threading.Lock())
        with lock:
            if name not in self._pages:
                self._pages[name] = self._merged(name)
            return self._pages[name]

    def _merged(self, name: str) -> tuple[IndexFile, ...]:
        """Take the files of all indexes; of those with the same name, the first index's."""
        found: dict[str, IndexFile] = {}
        for place in self._places:
            for file in self._page(place, name):
                found.setdefault(file.filename, file)
        return tuple(found.values())

    def _page(self, place: _Place, name: str) -> tuple[IndexFile, ...]:
        url = f"{place.url}/{name}/"
        kept = self._kept_page(url, name)
        condition = {"If-None-Match": kept.etag} if kept else {}
        answer = self._get(url, {"Accept": ACCEPT, **condition}, PAGE_BYTES)
        if answer is None:
            return ()
        if kept and answer.status == 304:  # noqa: PLR2004 - Not Modified
            return kept.files
        files = _parsed(_whole(answer), name)
        etag = answer.headers.get("etag")
        if etag:
            kept_text = json.dumps({"etag": etag, "page": render_page(files)})
            self._answers.remember(PAGE_KIND, url, kept_text, self._clock())
        return files

    def _kept_page(self, url: str, name: str) -> _Kept | None:
        """Give what was kept; an entry that cannot be read, as of another version of ours, is as good as none."""
        text = self._answers.recall(PAGE_KIND, url)
        try:
            document = json.loads(text or "{}")
            page = str(document["page"]).encode()
            return _Kept(etag=str(document["etag"]), files=parse_page(page, JSON_TYPE, name=name, url=url))
        except (ValueError, KeyError, TypeError):
            return None

    def _metadata(self, file: IndexFile) -> tuple[str, ...] | None:
        url = f"{file.url}.metadata"
        answer = self._get(url, {}, METADATA_BYTES)
        if answer is None:
            return None
        body = _whole(answer).body
        if file.metadata_sha256 and hashlib.sha256(body).hexdigest() != file.metadata_sha256:
            raise Unavailable(f"{shown(url)} is not what the index's page says: its sha256 differs")
        try:
            lines = requires_dist(body)
        except ValueError as error:
            raise Unavailable(f"{shown(url)}: {error}") from error
        if file.metadata_sha256:
            self._answers.remember(METADATA_KIND, file.metadata_sha256, json.dumps(lines), self._clock())
        return lines

    def _kept_metadata(self, sha256: str) -> tuple[str, ...] | None:
        """Give the lines kept for metadata of this hash: they cannot have changed."""
        text = self._answers.recall(METADATA_KIND, sha256) if sha256 else None
        try:
            return tuple(str(line) for line in json.loads(text or "null"))
        except (ValueError, TypeError):
            return None

    def _get(self, url: str, headers: Mapping[str, str], limit: int) -> Answer | None:
        """Ask, with the credential of the index at that server; None where there is nothing (404, 410)."""
        authorization = self._authorization(url)
        if authorization:
            headers = {**headers, "Authorization": authorization}
        answer = self._http.get(url, headers=headers, limit=limit)
        if answer.status in {401, 403}:
            raise AccessDenied(
                f"the package index refuses access ({answer.status}) to {shown(url)}",
                hint="look at its user name and password in the [[index]] table or in pip's configuration",
            )
        return None if answer.status in {404, 410} else answer

    def _authorization(self, url: str) -> str:
        """Give what opens this address: the index that it lies under speaks before others at the same server."""
        there = origin(url)
        usable = [place for place in self._places if place.authorization and place.origin == there]
        usable.sort(key=lambda place: not url.startswith(f"{place.url}/"))
        return usable[0].authorization if usable else ""


def _place(url: str, credential: Credential | None) -> _Place:
    try:
        there, parts = origin(url), urlsplit(url)
    except ValueError as error:
        raise ConfigError(f"the package index {shown(url)}: {error}", hint="give an http or https address") from error
    if credential is None and parts.username is not None:
        credential = Credential(username=unquote(parts.username), password=Secret(unquote(parts.password or "")))
    authorization = ""
    if credential is not None:
        pair = f"{credential.username}:{credential.password.reveal()}"
        authorization = f"Basic {base64.b64encode(pair.encode()).decode()}"
    plain = parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()
    return _Place(url=plain.rstrip("/"), origin=there, authorization=authorization)


def _whole(answer: Answer) -> Answer:
    if answer.status != 200:  # noqa: PLR2004 - OK
        raise Unavailable(f"{shown(answer.url)} answers {answer.status}")
    return answer


def _parsed(answer: Answer, name: str) -> tuple[IndexFile, ...]:
    try:
        return parse_page(answer.body, answer.headers.get("content-type", ""), name=name, url=answer.url)
    except ValueError as error:
        raise Unavailable(f"{shown(answer.url)}: {error}") from error
