"""The suites of apt archives: InRelease, asked once in a run, its signature and its dates checked.

Debian wiki, DebianRepository/Format, "Release" files.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path

from bot.adapters.archives.signatures import Signatures
from bot.errors import Unavailable
from bot.formats.apt_release import Release, is_security, release
from bot.formats.apt_sources import AptSource
from bot.model.packages import SystemFile
from bot.system import kept
from bot.system.http import Http
from bot.system.once import Once

RELEASE_BYTES = 8 << 20
SHOWN = "%Y-%m-%d %H:%M UTC"


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """One suite that can be relied on; `notes` say what to know of that."""

    source: AptSource
    release: Release
    security: bool
    notes: tuple[str, ...]

    @property
    def url(self) -> str:
        """Where its files are."""
        return place(self.source)


class AptSuites:
    """All suites of one run; `folder` keeps the dates that they had."""

    def __init__(self, http: Http, folder: Path, signatures: Signatures) -> None:
        self._http, self._folder, self._signatures = http, folder, signatures
        self._texts: Once[str, bytes] = Once(errors=True)
        self._suites: Once[tuple[object, ...], Suite] = Once(errors=True)

    def suite(self, source: AptSource, files: Sequence[SystemFile], now: datetime) -> Suite:
        """Ask what a suite holds; `files` hold the image's keyrings.

        Raises Unavailable, with a sentence for people, where it does not answer, or cannot be relied on.
        """
        rings = hashlib.sha256()
        for file in files:
            rings.update(hashlib.sha256(file.data).digest() + file.path.encode())
        key = (place(source), source.signed_by, source.key, source.trusted, source.dated, rings.digest())
        return self._suites.get(key, lambda: self._suite(source, files, now))

    def _suite(self, source: AptSource, files: Sequence[SystemFile], now: datetime) -> Suite:
        data = self._texts.get(f"{place(source)} {source.trusted}", lambda: self._text(source))
        signed = self._signatures.checked(data, source, files)
        try:
            found = release(signed.body)
        except ValueError as error:
            raise Unavailable(f"{source.label} cannot be read: {error}") from error
        if source.dated and found.valid_until is not None and found.valid_until < now:
            raise Unavailable(f"{source.label} is a stale mirror: it was valid until {found.valid_until:{SHOWN}}")
        notes = [f"the signature of {source.label} was not checked: {signed.doubt}"] if signed.doubt else []
        notes += [] if signed.doubt else self._went_back(source, found.date)
        return Suite(source=source, release=found, security=is_security(source.suite, found), notes=tuple(notes))

    def _text(self, source: AptSource) -> bytes:
        answer = self._http.get(f"{place(source)}/InRelease", limit=RELEASE_BYTES)
        if answer.status == HTTPStatus.NOT_FOUND and source.trusted:  # such archives are often made by hand
            answer = self._http.get(f"{place(source)}/Release", limit=RELEASE_BYTES)
        if answer.status == HTTPStatus.NOT_FOUND:
            raise Unavailable(
                f"there is no {source.label}: at the end of its life a release moves to the archive of old releases"
            )
        if answer.status != HTTPStatus.OK:
            raise Unavailable(f"{source.label} answers {answer.status}")
        return answer.body

    def _went_back(self, source: AptSource, date: datetime | None) -> list[str]:
        """Remember a suite's date, and say so where it was newer before: somebody may hand out what is old."""
        if date is None:
            return []
        path = self._folder / hashlib.sha256(place(source).encode()).hexdigest()
        before = _moment(kept.recalled(path))
        if before is not None and before > date:
            what = f"{source.label} is of {date:{SHOWN}}, but was of {before:{SHOWN}} before"
            return [f"{what}: its mirror is behind, or somebody hides updates"]
        if before != date:
            kept.keep(path, date.isoformat().encode())
        return []


def place(source: AptSource) -> str:
    """Give the address below which the files of a suite are."""
    return f"{source.uri}/dists/{source.suite}"


def _moment(data: bytes | None) -> datetime | None:
    """Read a date that was kept; None where there is none, or something else."""
    try:
        return datetime.fromisoformat((data or b"").decode()).astimezone(UTC)
    except ValueError:
        return None
