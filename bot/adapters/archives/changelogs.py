"""What changelogs of source packages say, kept by source and version, since that never changes."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.adapters.archives.changelog_search import Budget, ChangelogSearch, Placed
from bot.formats.debian_changelog import entries, ids
from bot.system import kept
from bot.system.http import Http

KEPT_BYTES = 16 << 20
MOST_ENTRIES = 500  # of one changelog that are kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """What one entry of a changelog says: its version, where it was uploaded to, and the ids that it names."""

    version: str
    distributions: tuple[str, ...]
    ids: tuple[str, ...]


class Changelogs:
    """What changelogs say; `folder` keeps at most 16 MiB of that."""

    def __init__(self, http: Http, folder: Path) -> None:
        self._http, self._folder = http, folder

    def told(self, found: Sequence[Placed], budget: Budget) -> tuple[Logged, ...] | None:
        """Give the entries of the changelog of one source in one version, newest first; None where it is not to be had.

        `found` are all binary packages of that source and version. Raises StoreError only.
        """
        first = found[0]
        path = self._path(first)
        known = _revived(kept.recalled(path))
        if known is not None:
            return known
        text = ChangelogSearch(self._http, found, budget).text()
        if text is None:
            return None
        told = _summed(text)
        kept.keep(path, json.dumps([[one.version, one.distributions, one.ids] for one in told]).encode())
        return told

    def tidy(self) -> None:
        """Let what was not used for longest make room."""
        kept.bound(self._folder, KEPT_BYTES)

    def _path(self, one: Placed) -> Path:
        key = f"{one.uri} {one.offer.source} {one.offer.source_version}"
        return self._folder / hashlib.sha256(key.encode()).hexdigest()


def _summed(text: str) -> tuple[Logged, ...]:
    return tuple(
        Logged(version=entry.version, distributions=entry.distributions, ids=ids(entry.text))
        for entry in entries(text)[:MOST_ENTRIES]
    )


def _revived(data: bytes | None) -> tuple[Logged, ...] | None:
    """Read what was kept; None where there is nothing, or something from another version of this program."""
    try:
        rows = json.loads(data or b"null")
        return (
            None
            if rows is None
            else tuple(
                Logged(version=str(version), distributions=tuple(map(str, places)), ids=tuple(map(str, names)))
                for version, places, names in rows
            )
        )
    except (ValueError, TypeError):
        return None
