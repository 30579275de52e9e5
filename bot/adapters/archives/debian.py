"""The archive behind a Debian or Ubuntu image: what waits there for it, and what its changes are about.

Everything is asked at the addresses that the image's own apt sources name.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from bot.adapters.archives import candidates
from bot.adapters.archives.apt_indexes import AptIndexes
from bot.adapters.archives.apt_suites import AptSuites, Suite
from bot.adapters.archives.candidates import Shelf
from bot.adapters.archives.changelog_search import Budget, Placed
from bot.adapters.archives.changelogs import Changelogs, Logged
from bot.adapters.archives.signatures import Signatures
from bot.errors import Unavailable
from bot.formats.apt_packages import Wanted
from bot.formats.apt_sources import AptSource, apt_sources
from bot.formats.debian_changelog import is_between, unrebuilt
from bot.formats.dpkg_version import compare
from bot.model.contents import ArchiveAnswer, ImageContents, SourceMove, Told
from bot.model.packages import PackageFormat
from bot.system.http import Http
from bot.system.logs import carried
from bot.system.once import Once

THREADS = 4
CHANGELOGS = 80  # sources of one image whose changelogs are read
CHANGELOG_BYTES = 64 << 20
SECONDS = 120.0  # after which no further archive or changelog of an image is asked for
ARCHITECTURES = 3  # of one image that are looked at
IMAGES = 8  # whose answers are kept in memory
NO_SECURITY = "none of its apt sources is for security updates, so what waits there is not seen"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Looked:
    """What all suites of an image offer, and what could not be asked."""

    shelves: tuple[Shelf, ...] = ()
    unreadable: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class DebianArchive:
    """All apt archives of one run; answers are kept for the life of this object, so a service makes one per run.

    `folder` keeps indexes and what changelogs say, within bounds. `host` is the root below which this machine's own
    keyrings are looked for. Safe to use from several threads. It raises StoreError where the folder cannot be used,
    and nothing else.
    """

    def __init__(
        self, http: Http, folder: Path, *, host: Path = Path("/"), monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._suites = AptSuites(http, folder / "suites", Signatures(folder / "keyrings", host=host))
        self._indexes = AptIndexes(http, folder / "packages")
        self._changelogs = Changelogs(http, folder / "changelogs")
        self._looks: Once[tuple[object, ...], _Looked] = Once(errors=True, room=IMAGES)
        self._monotonic = monotonic

    def waiting(self, contents: ImageContents, now: datetime) -> ArchiveAnswer:
        """Name every installed package of which apt would install a newer version, sorted by name."""
        looked = self._look(contents, frozenset(), now)
        return ArchiveAnswer(
            waiting=candidates.waiting(contents.packages, looked.shelves),
            unreadable=looked.unreadable,
            notes=looked.notes,
        )

    def told(self, contents: ImageContents, moves: Sequence[SourceMove], now: datetime) -> Mapping[SourceMove, Told]:
        """Say of each move what the archive knows of it; less where it does not answer.

        Changelogs are read for the first 80 moves, up to 64 MiB, and none is begun after two minutes.
        """
        sources = frozenset(move.source for move in moves)
        found = candidates.placed(self._look(contents, sources, now).shelves, sources)
        budget, until = Budget(CHANGELOG_BYTES), self._monotonic() + SECONDS
        with ThreadPoolExecutor(THREADS) as pool:
            asked = [
                pool.submit(carried(self._logged), move, found[move.source], budget, until)
                for move in dict.fromkeys(moves[:CHANGELOGS])
            ]
            logged = {move: entries for each in asked for move, entries in [each.result()]}
        self._changelogs.tidy()
        return {move: candidates.told(move, found[move.source], logged.get(move, ())) for move in moves}

    def _logged(
        self, move: SourceMove, found: Sequence[Placed], budget: Budget, until: float
    ) -> tuple[SourceMove, tuple[Logged, ...]]:
        """Give the entries of a move from the changelog of its new version, or of a later one where that is gone."""
        new = unrebuilt(move.new)
        versions = {one.offer.source_version for one in found if compare(one.offer.source_version, new) >= 0}
        if not versions or self._monotonic() > until:
            return move, ()
        chosen = new if new in versions else max(versions, key=candidates.by_version)
        entries = self._changelogs.told([one for one in found if one.offer.source_version == chosen], budget) or ()
        return move, tuple(entry for entry in entries if is_between(entry.version, move.old, move.new))

    def _look(self, contents: ImageContents, sources: frozenset[str], now: datetime) -> _Looked:
        """Ask all suites once for an image, and for sources that only another image has."""
        own = frozenset(package.source for package in contents.packages)
        key = (contents.digest, contents.platform, contents.sources, contents.packages, sources - own)
        return self._looks.get(key, lambda: self._asked(contents, own | sources, now))

    def _asked(self, contents: ImageContents, sources: frozenset[str], now: datetime) -> _Looked:
        own = candidates.architectures(contents.packages)
        if (reason := _reason(contents, own)) is not None:
            return _Looked(unreadable=(reason,))
        read = apt_sources(contents.sources, own[0])
        if not read.sources:
            return _Looked(unreadable=read.unreadable or ("it has no apt sources, so no archive can be asked",))
        unreadable, notes, shelves = list(read.unreadable), list[str](), list[Shelf]()
        if len(own) > ARCHITECTURES:
            unreadable.append(f"it has packages of {len(own)} architectures, and only {ARCHITECTURES} are looked at")
        wanted = Wanted(
            names=frozenset(package.name.encode() for package in contents.packages),
            sources=frozenset(source.encode() for source in sources),
        )
        until = self._monotonic() + SECONDS
        for source in _merged(read.sources):
            if self._monotonic() > until:
                unreadable.append(f"{source.label} was not asked, because others took too long")
                continue
            try:
                suite = self._suites.suite(source, contents.sources, now)
                notes += suite.notes
                shelves += self._filled(suite, source.components, own[:ARCHITECTURES], wanted)
            except Unavailable as error:
                unreadable.append(error.message)
        if shelves and not unreadable and not any(shelf.suite.security for shelf in shelves):
            notes.append(NO_SECURITY)
        return _Looked(shelves=tuple(shelves), unreadable=_each(unreadable), notes=_each(notes))

    def _filled(self, suite: Suite, components: Sequence[str], own: Sequence[str], wanted: Wanted) -> list[Shelf]:
        """Read what a suite has for each architecture of the image; it must know the first of them."""
        if own[0] not in suite.release.architectures and suite.release.architectures:
            raise Unavailable(f"{suite.source.label} has no packages for {own[0]}")
        return [
            Shelf(
                suite=suite,
                architecture=architecture,
                offers=self._indexes.offers(suite, component, architecture, wanted),
            )
            for component in components
            for architecture in own
        ]


def _reason(contents: ImageContents, own: Sequence[str]) -> str | None:
    """Say why no archive can be asked about an image at all."""
    if contents.format is not PackageFormat.DEB:
        return "its packages are not Debian's, so no apt archive can be asked"
    if not own:
        return "none of its packages says for which architecture it is, so no archive can be asked"
    if not contents.sources_read:
        return "its apt sources were not read, so no archive can be asked"
    return None


def _merged(sources: Sequence[AptSource]) -> tuple[AptSource, ...]:
    """Join sources that differ in nothing but their components and where they stand."""
    found: dict[tuple[object, ...], AptSource] = {}
    for source in sources:
        key = (source.uri, source.suite, source.signed_by, source.key, source.trusted, source.dated)
        known = found.get(key)
        components = (*(known.components if known else ()), *source.components)
        found[key] = replace(known or source, components=tuple(dict.fromkeys(components)))
    return tuple(found.values())


def _each(texts: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))
