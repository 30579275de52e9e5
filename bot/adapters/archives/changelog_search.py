"""Where the changelog of a source package is, by the cheapest way that leads to it.

The order is: the smallest binary package if it is small, the source archive beside it, a bigger binary package.
Measured over 9 sources of an Ubuntu image with updates: 26 requests, 0.5 s.
"""

import hashlib
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from io import BytesIO
from urllib.parse import quote

from bot.errors import Unavailable
from bot.formats.apt_packages import Offer
from bot.formats.deb_file import LinkTo, changelog_in_deb, changelog_in_source
from bot.formats.debian_changelog import entries
from bot.system.http import Http

SMALL_BYTES = 300_000  # a binary package of this size is fetched before the source archive is tried
DEB_BYTES = 8 << 20
SOURCE_BYTES = 8 << 20
HOPS = 3  # from one package to the next whose changelog it shares
FOLDERS = 3  # an archive of security updates and that of the release have their own, and so have Ubuntu's components
BIGGER = 2  # binary packages that are tried in the end
FILENAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+~:%/-]*")
WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+~-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A package and the address of the archive that has it; `security` says that a security suite does."""

    uri: str
    offer: Offer
    security: bool


class Budget:
    """How many bytes may still be fetched; safe to use from several threads."""

    def __init__(self, limit: int) -> None:
        self._left, self._lock = limit, threading.Lock()

    def spend(self, size: int) -> bool:
        """Take so many bytes; False where there are not so many left."""
        with self._lock:
            if size > self._left:
                return False
            self._left -= size
            return True


class ChangelogSearch:
    """The search for one changelog: `found` are all binary packages of one source in one version."""

    def __init__(self, http: Http, found: Sequence[Placed], budget: Budget) -> None:
        self._http, self._budget = http, budget
        by_name = {one.offer.package: one for one in sorted(_sound(found), key=_size, reverse=True)}
        self._debs = dict(sorted(by_name.items(), key=lambda item: _size(item[1])))
        self._read: dict[str, str | LinkTo | None] = {}

    def text(self) -> str | None:
        """Give the changelog, None where it is not to be had; it raises nothing that has to do with archives."""
        for way in self._ways():
            try:
                text = way()
            except (Unavailable, ValueError):
                continue
            if text is not None and entries(text):
                return text
        return None

    def _ways(self) -> Iterator[Callable[[], str | None]]:
        debs = list(self._debs.values())
        for one in debs[:1]:
            yield partial(self._binary, one, SMALL_BYTES)
        for uri, folder in list(dict.fromkeys((one.uri, _folder(one)) for one in debs))[:FOLDERS]:
            yield partial(self._source, uri, folder, debs[0].offer)
        for one in debs[:BIGGER]:
            yield partial(self._binary, one, DEB_BYTES)

    def _binary(self, one: Placed, limit: int) -> str | None:
        """Read the changelog of a binary package, which may be that of another one of the same source."""
        target: Placed | None = one
        for _ in range(HOPS):
            if target is None or target.offer.size > limit:
                return None
            told = self._deb(target)
            if not isinstance(told, LinkTo):
                return told
            target = self._debs.get(told.package)
        return None

    def _deb(self, one: Placed) -> str | LinkTo | None:
        """Fetch a package, and once only, whatever comes of it."""
        if one.offer.package not in self._read:
            self._read[one.offer.package] = None
            self._read[one.offer.package] = self._fetched(one)
        return self._read[one.offer.package]

    def _fetched(self, one: Placed) -> str | LinkTo | None:
        if not self._budget.spend(one.offer.size):
            return None
        url = f"{one.uri}/{quote(one.offer.filename)}"
        answer = self._http.get(url, limit=one.offer.size)
        if answer.status != HTTPStatus.OK or hashlib.sha256(answer.body).hexdigest() != one.offer.sha256:
            return None
        return changelog_in_deb(BytesIO(answer.body), one.offer.package)

    def _source(self, uri: str, folder: str, offer: Offer) -> str | None:
        """Read the source archive in the folder of a binary package, until its changelog was read."""
        version = offer.source_version.partition(":")[2] or offer.source_version
        if not (WORD.fullmatch(offer.source) and WORD.fullmatch(version)) or not self._budget.spend(SMALL_BYTES):
            return None
        name = f"{offer.source}_{version}.{'debian.' if '-' in version else ''}tar.xz"
        texts: list[str | None] = []

        def read(chunks: Iterator[bytes]) -> None:
            texts.append(changelog_in_source(chunks, "xz"))

        self._http.stream(f"{uri}/{quote(folder)}/{quote(name)}", read, limit=SOURCE_BYTES)
        return texts[-1] if texts else None


def _sound(found: Iterable[Placed]) -> Iterator[Placed]:
    """Leave out what cannot be fetched: paths come from an archive, and must stay below its address."""
    for one in found:
        name = one.offer.filename
        if FILENAME.fullmatch(name) and ".." not in name.split("/") and one.offer.size and one.offer.sha256:
            yield one


def _size(one: Placed) -> tuple[int, str]:
    return one.offer.size, one.offer.filename


def _folder(one: Placed) -> str:
    return one.offer.filename.rpartition("/")[0]
