"""Alpine's repositories: which newer packages wait there, and which of them are security updates.

apk takes the highest version of all repositories. What is a security update stands in Alpine's security database, by
source package. Repositories are signed, but nothing is verified here: the image itself says whom to trust.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from bot.adapters.archives.alpine_copies import Copies
from bot.adapters.archives.alpine_index import index_lines
from bot.errors import Unavailable
from bot.formats.apk_index import IndexEntry, Repositories, entries, repositories
from bot.formats.apk_version import compare
from bot.formats.secdb import Secfix, between, secfixes
from bot.model.contents import ArchiveAnswer, ImageContents, SourceMove, Told, Waiting, major
from bot.model.packages import Package
from bot.ports import Clock
from bot.system.http import Http
from bot.system.urls import shown

SECDB = "https://secdb.alpinelinux.org"
REPOSITORIES = 32  # that are asked for one image
NAMED = re.compile(r"/(v[0-9]+\.[0-9]+|edge)/([a-z]+)$")
ARCHITECTURES: Mapping[str, str] = {
    "linux/amd64": "x86_64",
    "linux/arm64": "aarch64",
    "linux/arm/v7": "armv7",
    "linux/arm/v6": "armhf",
    "linux/386": "x86",
}
Fixes = Mapping[str, tuple[Secfix, ...]]


@dataclass(slots=True, kw_only=True)
class _Known:
    """What the security database says, and what could not be had of it."""

    fixes: list[Fixes] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    def of(self, source: str, old: str, new: str) -> tuple[bool, tuple[str, ...]]:
        return between([fix for one in self.fixes for fix in one.get(source, ())], old, new)


class AlpineArchive:
    """All repositories of one run; each file is asked for once. `secdb` is where the security database is."""

    def __init__(self, http: Http, folder: Path, clock: Clock, secdb: str = SECDB) -> None:
        self._copies = Copies(http, folder, clock)
        self._secdb = secdb.rstrip("/")
        self._indexes: dict[str, Mapping[str, IndexEntry]] = {}
        self._fixes: dict[str, Fixes] = {}

    def waiting(self, contents: ImageContents, now: datetime) -> ArchiveAnswer:  # noqa: ARG002 - no index here expires
        """Name the newer versions that the image's repositories have, sorted by package.

        Repositories behind a tag (`@edge`) are not asked: apk takes from them only what was named with the tag.
        Raises StoreError only.
        """
        sources = repositories(contents.sources)
        found, unreadable = self._candidates(sources, contents)
        newer = [(package, found[package.name]) for package in contents.packages if _is_newer(package, found)]
        known = self._known(contents, sources) if newer else _Known()
        rows = sorted((_waiting(*pair, known) for pair in newer), key=lambda row: row.package)
        return ArchiveAnswer(
            waiting=tuple(rows),
            unreadable=(*sources.unreadable, *unreadable, *known.missing),
            notes=tuple(f"the repository behind {tag} is not asked" for tag in sources.tagged),
        )

    def told(
        self,
        contents: ImageContents,
        moves: Sequence[SourceMove],
        now: datetime,  # noqa: ARG002 - as above
    ) -> Mapping[SourceMove, Told]:
        """Say what the security database has between the two versions of each move; raises StoreError only.

        `changelog` says that the whole database could be read, or that it names a fix.
        """
        known = self._known(contents, repositories(contents.sources))
        return {move: _told(known, move) for move in moves}

    def _candidates(
        self, sources: Repositories, contents: ImageContents
    ) -> tuple[Mapping[str, IndexEntry], Sequence[str]]:
        """Give the highest version of each package, and what could not be asked."""
        if not contents.sources_read or not (sources.urls or sources.unreadable):
            return {}, ["the image does not say which repositories its packages come from"]
        architecture = _architecture(contents)
        found: dict[str, IndexEntry] = {}
        unreadable = [f"only {REPOSITORIES} repositories of an image are asked"] * (len(sources.urls) > REPOSITORIES)
        for url in sources.urls[:REPOSITORIES]:
            try:
                for entry in self._index(f"{url}/{architecture}/APKINDEX.tar.gz").values():
                    _higher(found, entry)
            except Unavailable as error:
                unreadable.append(error.message)
        return found, unreadable

    def _index(self, url: str) -> Mapping[str, IndexEntry]:
        if url not in self._indexes:
            highest: dict[str, IndexEntry] = {}
            for entry in entries(index_lines(self._copies.get(url), shown(url))):
                _higher(highest, entry)
            self._indexes[url] = highest
        return self._indexes[url]

    def _known(self, contents: ImageContents, sources: Repositories) -> _Known:
        known = _Known()
        for name in _databases(contents, sources, known):
            try:
                known.fixes.append(self._database(f"{self._secdb}/{name}.json"))
            except Unavailable as error:
                known.missing.append(f"which updates are security updates is not known: {error.message}")
        return known

    def _database(self, url: str) -> Fixes:
        if url not in self._fixes:
            try:
                self._fixes[url] = secfixes(self._copies.get(url))
            except ValueError as error:
                raise Unavailable(f"{shown(url)} cannot be read: {error}") from error
        return self._fixes[url]


def _databases(contents: ImageContents, sources: Repositories, known: _Known) -> Iterator[str]:
    """Name the parts of the security database (`v3.20/main`) that an image needs, sorted.

    They are those of its repositories; where no address names one, as behind a company's mirror, the two usual ones
    of its release.
    """
    if contents.os is None or contents.os.id != "alpine":
        label = contents.os.label if contents.os else "an unknown system"
        known.missing.append(f"which updates of {label} are security updates cannot be told: only Alpine's are known")
        return
    named = {url: NAMED.search(url) for url in sources.urls[:REPOSITORIES]}
    found = {f"{match[1]}/{match[2]}" for match in named.values() if match}
    yield from sorted(found or {f"v{major(contents.os)}/{name}" for name in ("community", "main")})
    if found:
        known.missing.extend(
            f"{shown(url)} is no repository of Alpine's: which of its updates are security updates is not known"
            for url, match in named.items()
            if not match
        )


def _higher(found: dict[str, IndexEntry], entry: IndexEntry) -> None:
    """Keep the higher of two versions of a package."""
    have = found.get(entry.name)
    if have is None or compare(have.version, entry.version) < 0:
        found[entry.name] = entry


def _is_newer(package: Package, found: Mapping[str, IndexEntry]) -> bool:
    entry = found.get(package.name)
    return entry is not None and compare(package.version, entry.version) < 0


def _waiting(package: Package, entry: IndexEntry, known: _Known) -> Waiting:
    security, _ = known.of(package.source, package.source_version, entry.version)
    return Waiting(
        package=package.name,
        source=package.source,
        current=package.version,
        available=entry.version,
        current_source=package.source_version,
        available_source=entry.version,
        security=security,
    )


def _told(known: _Known, move: SourceMove) -> Told:
    security, ids = known.of(move.source, move.old, move.new)
    return Told(security=security, ids=ids, changelog=security or not known.missing)


def _architecture(contents: ImageContents) -> str:
    """Name the architecture as apk does: as most packages have it, else by the platform."""
    counted = Counter(package.architecture for package in contents.packages)
    named = [name for name, _ in counted.most_common() if name and name != "noarch"]
    platform = contents.platform
    return named[0] if named else ARCHITECTURES.get(platform, platform.removeprefix("linux/"))
