"""Pages and metadata of the package indexes: asked for once per run, conditionally where a copy is kept."""

import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from packaging.utils import is_normalized_name

from bot import ports
from bot.adapters.indexes.places import NO_CREDENTIALS, Place, Places
from bot.errors import AccessDenied, Unavailable
from bot.formats import index_answers, simple_index
from bot.formats.index_answers import Listed
from bot.model.secrets import Credential
from bot.system import kept
from bot.system.http import Answer, Http
from bot.system.urls import shown

PAGE_BYTES = 64 * 1024 * 1024
METADATA_BYTES = 8 * 1024 * 1024
FILES_IN_MEMORY = 20_000  # of parsed pages
KEPT_FOR = timedelta(days=60)  # an unchanged page is then asked for once more in full
TIDY_EVERY = timedelta(days=1)
NOT_MODIFIED, OK = 304, 200
NO_HEADERS: Mapping[str, str] = {}
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """An upstream page as it stands on disk; `sha256` is that of its bytes, `base` where it was found."""

    place: Place
    name: str
    sha256: str
    content_type: str
    base: str
    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    page: Page
    condition: Mapping[str, str]


class Pages:
    """Asks all of `urls`; make one per run, and share it.

    Each page is asked for once in the life of this object, failures excepted; `folder` keeps copies between runs.
    Credentials are as with `Places`.
    """

    def __init__(
        self,
        http: Http,
        urls: Sequence[str],
        *,
        folder: Path,
        clock: ports.Clock,
        credentials: Mapping[str, Credential] = NO_CREDENTIALS,
    ) -> None:
        self.places = Places(urls, credentials)
        self._http = http
        self._folder = folder
        self._clock = clock
        self._asked: dict[str, Page | None] = {}
        self._metadata: dict[str, bytes | None] = {}
        self._files: OrderedDict[tuple[str, ...], list[Listed]] = OrderedDict()
        self._locks: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    def pages(self, places: Sequence[Place], name: str) -> tuple[Page, ...]:
        """Give a project's page from every index that knows it; `name` is normalised, else no index does.

        Raises AccessDenied where an index refuses us, Unavailable where one does not answer or answers nonsense:
        half an answer would look like a package without newer releases.
        """
        if not is_normalized_name(name):
            return ()
        found = [self._once(self._asked, _url(place, name), partial(self._page, place, name)) for place in places]
        return tuple(page for page in found if page is not None)

    def files(self, pages: Sequence[Page]) -> list[Listed]:
        """Give the files of pages, merged as pip does it; raises Unavailable where a copy was damaged since."""
        key = tuple(page.sha256 for page in pages) + tuple(page.base for page in pages)
        with self._lock:
            known = self._files.get(key)
            if known is not None:
                self._files.move_to_end(key)
                return known
        files = index_answers.merged(self._listed(page, self.body(page)) for page in pages)
        self._hold(key, files)
        return files

    def body(self, page: Page) -> bytes:
        """Give the bytes of a page; raises Unavailable where its copy was damaged since."""
        _, _, body = (kept.recalled(page.path) or b"").partition(b"\n")
        if hashlib.sha256(body).hexdigest() != page.sha256:
            page.path.unlink(missing_ok=True)
            raise Unavailable(f"our copy of {shown(page.base)} was damaged and is removed", hint="run again")
        return body

    def metadata(self, file: Listed) -> bytes | None:
        """Give a file's core metadata, None where the index serves none after all.

        Raises Unavailable where it is not what its hash on the page says.
        """
        sha256 = file.metadata if isinstance(file.metadata, str) else ""
        return self.metadata_at(f"{file.url}.metadata", sha256)

    def metadata_at(self, url: str, sha256: str) -> bytes | None:
        """Give core metadata by its address and hash ("" for unknown); see `metadata`."""
        if not sha256:
            return self._once(self._metadata, url, lambda: self._ask_metadata(url, ""))
        with self._lock_of(url):
            known = kept.recalled(self._metadata_path(sha256))
            return self._ask_metadata(url, sha256) if known is None else known

    def get(self, url: str, headers: Mapping[str, str], limit: int) -> Answer | None:
        """Ask, with the credential of the index at that server; None where there is nothing (404, 410)."""
        return _granted(self._http.get(url, headers=self._opened(url, headers), limit=limit), url)

    def download(self, url: str, target: Path, limit: int) -> Answer | None:
        """Write a file to `target`; everything else is as with `get`."""
        answer = self._http.download(url, target, limit=limit, headers=self._opened(url, NO_HEADERS))
        return _granted(answer, url)

    def tidy(self, *beside: Path) -> None:
        """Remove old copies, and old files in the folders beside ours; at most once a day."""
        now = self._clock()
        stamp = self._folder / "tidied"
        if stamp.exists() and stamp.stat().st_mtime > (now - TIDY_EVERY).timestamp():
            return
        kept.keep(stamp)
        for folder in (self._folder, *beside):
            kept.forget(folder, (now - KEPT_FOR).timestamp())

    def _once(self, known: dict[str, T], key: str, ask: Callable[[], T]) -> T:
        """Give what is known under the key, or ask; several threads ask once."""
        with self._lock_of(key):
            if key not in known:
                known[key] = ask()
            return known[key]

    def _lock_of(self, key: str) -> threading.Lock:
        with self._lock:
            return self._locks.setdefault(key, threading.Lock())

    def _page(self, place: Place, name: str) -> Page | None:
        url = _url(place, name)
        path = self._folder / "upstream" / f"{hashlib.sha256(url.encode()).hexdigest()}.page"
        copy = _copy(path, place, name)
        answer = self.get(url, {"Accept": simple_index.ACCEPT, **(copy.condition if copy else {})}, PAGE_BYTES)
        if answer is None:
            return None
        if copy and answer.status == NOT_MODIFIED:
            return copy.page
        return self._fresh(_whole(answer), place, name, path)

    def _fresh(self, answer: Answer, place: Place, name: str, path: Path) -> Page:
        """Keep a page that can be read as one."""
        page = Page(
            place=place,
            name=name,
            sha256=hashlib.sha256(answer.body).hexdigest(),
            content_type=answer.headers.get("content-type", ""),
            base=answer.url,
            path=path,
        )
        files = self._listed(page, answer.body)
        self._hold((page.sha256, page.base), files)
        kept.keep(path, _header(page, answer), answer.body)
        return page

    def _listed(self, page: Page, body: bytes) -> list[Listed]:
        try:
            rows, base = simple_index.raw_rows(body, page.content_type, url=page.base)
        except ValueError as error:
            raise Unavailable(f"{shown(page.base)}: {error}") from error
        return index_answers.merged([index_answers.listed(rows, base, name=page.name)])

    def _hold(self, key: tuple[str, ...], files: list[Listed]) -> None:
        """Hold parsed files in memory, and let go of those that were not used for longest."""
        with self._lock:
            self._files[key] = files
            self._files.move_to_end(key)
            while len(self._files) > 1 and sum(map(len, self._files.values())) > FILES_IN_MEMORY:
                self._files.popitem(last=False)

    def _ask_metadata(self, url: str, sha256: str) -> bytes | None:
        answer = self.get(url, {}, METADATA_BYTES)
        if answer is None:
            return None
        body = _whole(answer).body
        if sha256:
            if hashlib.sha256(body).hexdigest() != sha256:
                raise Unavailable(f"{shown(url)} is not what the index's page says: its sha256 differs")
            kept.keep(self._metadata_path(sha256), body)
        return body

    def _metadata_path(self, sha256: str) -> Path:
        return self._folder / "metadata" / sha256[:2] / sha256

    def _opened(self, url: str, headers: Mapping[str, str]) -> Mapping[str, str]:
        authorization = self.places.authorization(url)
        return {**headers, "Authorization": authorization} if authorization else headers


def _url(place: Place, name: str) -> str:
    return f"{place.url}/{name}/"


def _header(page: Page, answer: Answer) -> bytes:
    header = {
        "type": page.content_type,
        "base": page.base,
        "sha256": page.sha256,
        "size": len(answer.body),
        "etag": answer.headers.get("etag", ""),
        "modified": answer.headers.get("last-modified", ""),
    }
    return json.dumps(header).encode() + b"\n"


def _copy(path: Path, place: Place, name: str) -> _Kept | None:
    """Give the copy of a page; one that cannot be read, as of another version of ours, is as good as none."""
    try:
        with path.open("rb") as file:
            line = file.readline(PAGE_BYTES)
            size = file.seek(0, 2) - len(line)
        header: dict[str, Any] = json.loads(line)
        etag, modified = str(header["etag"]), str(header["modified"])
        page = Page(
            place=place,
            name=name,
            sha256=str(header["sha256"]),
            content_type=str(header["type"]),
            base=str(header["base"]),
            path=path,
        )
        if size != header["size"]:
            return None
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if etag:
        return _Kept(page=page, condition={"If-None-Match": etag})
    return _Kept(page=page, condition={"If-Modified-Since": modified}) if modified else None


def _granted(answer: Answer, url: str) -> Answer | None:
    if answer.status in {401, 403}:
        raise AccessDenied(
            f"the package index refuses access ({answer.status}) to {shown(url)}",
            hint="look at its user name and password in the [[index]] table or in pip's configuration",
        )
    return None if answer.status in {404, 410} else answer


def _whole(answer: Answer) -> Answer:
    if answer.status != OK:
        raise Unavailable(f"{shown(answer.url)} answers {answer.status}")
    return answer
