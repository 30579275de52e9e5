"""The packages of a suite: Packages files, fetched by their hash, kept on disk, read as a stream.

Debian wiki, DebianRepository/Format, "Packages" indices. One has 50 MB, so it is never whole in memory,
and one that did not change is not fetched again.
"""

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from http import HTTPStatus
from pathlib import Path

from bot.adapters.archives.apt_suites import Suite
from bot.errors import StoreError, Unavailable
from bot.formats.apt_packages import Offer, Wanted, offers
from bot.formats.apt_release import IndexFile, Release
from bot.formats.compressed import PIECE, unpacked
from bot.system import kept
from bot.system.http import Http
from bot.system.once import Once

INDEX_BYTES = 128 << 20  # of one file as it is transferred
KEPT_BYTES = 128 << 20
PLAIN_BYTES = 512 << 20  # of one file with its compression undone; Ubuntu's universe has 80 MB
OFFER = tuple(field.name for field in fields(Offer))
KINDS = {".xz": "xz", ".zst": "zst", ".gz": "gz", ".bz2": "bz2", "": ""}  # in the order of preference


class AptIndexes:
    """The Packages files of one run; `folder` keeps at most 128 MiB of them."""

    def __init__(self, http: Http, folder: Path) -> None:
        self._http, self._folder = http, folder
        self._fetched: Once[str, Path] = Once(errors=True)

    def offers(self, suite: Suite, component: str, architecture: str, wanted: Wanted) -> tuple[Offer, ...]:
        """Give the packages that are wanted; none where the suite has nothing for the architecture.

        Raises Unavailable where an index cannot be had or read, StoreError where it cannot be kept.
        """
        found: list[Offer] = []
        for one in (architecture, "all") if suite.release.serves_all else (architecture,):
            listed = _forms(suite.release, component, one)
            if any(file.size for file in listed):
                found += self._read(suite, listed, wanted)
        return tuple(found)

    def _read(self, suite: Suite, listed: Sequence[IndexFile], wanted: Wanted) -> tuple[Offer, ...]:
        """Give what is wanted of an index; the answer is kept, since an index does not change under its hash."""
        place = self._folder / "answers" / _key(listed, wanted)
        known = _revived(kept.recalled(place))
        if known is not None:
            with contextlib.suppress(OSError):  # that it was used is worth a note, not an error
                os.utime(place)
            return known
        found = self._searched(suite, listed, wanted)
        rows = [[getattr(offer, name) for name in OFFER] for offer in found]
        kept.keep(place, json.dumps(rows).encode())
        return found

    def _searched(self, suite: Suite, listed: Sequence[IndexFile], wanted: Wanted) -> tuple[Offer, ...]:
        """Read an index to its end before any of it counts: only then is it known that its hash is right."""
        file, path = self._choice(suite, listed)
        digest = hashlib.new(file.algorithm)
        try:
            pieces = unpacked(_chunks(path, digest.update), KINDS[_ending(file)], PLAIN_BYTES)
            found = tuple(offers(pieces, wanted))
        except ValueError as error:
            path.unlink(missing_ok=True)  # the copy may be what is damaged
            raise Unavailable(f"{file.path} of {suite.source.label} cannot be read: {error}") from error
        if digest.hexdigest() != file.digest:
            path.unlink(missing_ok=True)
            raise Unavailable(f"the copy of {file.path} of {suite.source.label} was damaged, and is removed: run again")
        return found

    def _choice(self, suite: Suite, listed: Sequence[IndexFile]) -> tuple[IndexFile, Path]:
        """Give the first form of an index that is here already, else the first one that the archive has."""
        for file in listed:
            if (path := self._path(file)).is_file():
                with contextlib.suppress(OSError):  # that it was used is worth a note, not an error
                    os.utime(path)
                return file, path
        for file in listed:
            with contextlib.suppress(_Missing):
                return file, self._once(suite, file)
        raise Unavailable(f"{suite.source.label} lists {listed[0].path}, but does not have it")

    def _once(self, suite: Suite, file: IndexFile) -> Path:
        return self._fetched.get(file.digest, lambda: self._fetch(suite, file))

    def _fetch(self, suite: Suite, file: IndexFile) -> Path:
        if file.size > INDEX_BYTES:
            raise Unavailable(f"{file.path} of {suite.source.label} has {file.size} bytes, which is more than is read")
        for name in _names(suite.release, file):
            with contextlib.suppress(_Missing):
                self._download(suite, file, f"{suite.url}/{name}")
                kept.bound(self._folder, KEPT_BYTES)
                return self._path(file)
        raise _Missing

    def _download(self, suite: Suite, file: IndexFile, url: str) -> None:
        with kept.fresh(self._path(file)) as temporary:
            answer = self._http.download(url, temporary, limit=file.size)
            if answer.status == HTTPStatus.NOT_FOUND:
                raise _Missing
            if answer.status != HTTPStatus.OK:
                raise Unavailable(f"{file.path} of {suite.source.label} answers {answer.status}")
            if _digest(file, answer.sha256, temporary) != file.digest:
                raise Unavailable(
                    f"{file.path} of {suite.source.label} is not what its InRelease says: its {file.algorithm} differs"
                )

    def _path(self, file: IndexFile) -> Path:
        return self._folder / f"{file.algorithm}-{file.digest}"


class _Missing(Exception):
    """The archive lists a file that it does not have, which is usual for the form without compression."""


def _key(listed: Sequence[IndexFile], wanted: Wanted) -> str:
    """Name the question: what is looked for in which index, in whichever form it comes."""
    parts = [file.digest.encode() for file in listed], sorted(wanted.names), sorted(wanted.sources)
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def _revived(data: bytes | None) -> tuple[Offer, ...] | None:
    """Read an answer that was kept; None where there is none, or one from another version of this program."""
    try:
        rows = json.loads(data or b"null")
        return None if rows is None else tuple(Offer(**dict(zip(OFFER, row, strict=True))) for row in rows)
    except (ValueError, TypeError):
        return None


def _forms(release: Release, component: str, architecture: str) -> tuple[IndexFile, ...]:
    path = f"{component}/binary-{architecture}/Packages"
    return tuple(release.files[path + ending] for ending in KINDS if path + ending in release.files)


def _names(release: Release, file: IndexFile) -> tuple[str, ...]:
    """Give where below the suite a file is; by its hash it is the right one also while the archive changes."""
    folder = file.path.rpartition("/")[0]
    by_hash = (f"{folder}/by-hash/{file.algorithm}/{file.digest}",) if release.by_hash else ()
    return (*by_hash, file.path)


def _ending(file: IndexFile) -> str:
    return file.path.rpartition("/")[2].removeprefix("Packages")


def _digest(file: IndexFile, sha256: str, path: Path) -> str:
    if file.algorithm == "SHA256":
        return sha256
    digest = hashlib.new(file.algorithm)
    for _ in _chunks(path, digest.update):
        pass
    return digest.hexdigest()


def _chunks(path: Path, note: Callable[[bytes], None]) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while chunk := file.read(PIECE):
                note(chunk)
                yield chunk
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}", hint="remove it: it is only a copy") from error
