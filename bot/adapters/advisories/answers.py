"""What a package index said about releases, kept in a folder: one file for each answer, the oldest make room."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.formats import pypi_vulnerabilities
from bot.system import kept

FOLDER_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One answer: `document` is its JSON, trimmed to what is used; None where the index does not know the release.

    `asked` is when it was given or confirmed last.
    """

    asked: str
    etag: str = ""
    document: Mapping[str, Any] | None = None


class Answers:
    """Keeps answers by their addresses."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def recall(self, url: str) -> Said | None:
        """Give what was said last; what cannot be read is as good as nothing. Raises StoreError."""
        try:
            document: Any = json.loads(kept.recalled(self._path(url)) or b"")
            moment = datetime.fromisoformat(document["asked"]).astimezone(UTC)
            said = document["document"]
            trimmed = None if said is None else pypi_vulnerabilities.trimmed(said)
            return Said(asked=moment.isoformat(), etag=str(document["etag"]), document=trimmed)
        except (ValueError, KeyError, TypeError):
            return None

    def keep(self, url: str, said: Said) -> None:
        """Keep what was said; raises StoreError."""
        kept.keep(self._path(url), json.dumps(asdict(said)).encode())

    def tidy(self) -> None:
        """Let the oldest answers make room."""
        kept.bound(self._folder, FOLDER_BYTES)

    def _path(self, url: str) -> Path:
        return self._folder / f"{hashlib.sha256(url.encode()).hexdigest()}.json"
