"""Advisories of Python packages as the default package index has them in its JSON, release by release."""

import hashlib
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

from packaging.utils import canonicalize_name

from bot.adapters.advisories.answers import Answers, Said
from bot.adapters.advisories.held import condition
from bot.errors import AccessDenied, Unavailable
from bot.formats import pypi_vulnerabilities
from bot.formats.foreign_text import without_addresses
from bot.formats.osv_aliases import merged
from bot.formats.osv_python import FAMILY
from bot.model.contents import Advisory, FeedState
from bot.ports import Clock
from bot.system.http import Answer
from bot.system.once import Once
from bot.system.redaction import redacted_values
from bot.system.urls import shown

Ask = Callable[[str, Mapping[str, str], int], Answer | None]

BODY_BYTES = 32 * 1024 * 1024
FAILURES_ENOUGH = 3  # in a row: then nothing more is asked, as each failure takes its time
SOURCE = "the package index"
SILENT = f"{SOURCE} answers no questions about advisories"
SILENT_ENOUGH = 3  # releases that the index has and says nothing of
FLAWED = ("pip", "19.1")  # has PYSEC-2020-173 and others: an index that names none of them knows of no advisories


class IndexAdvisories:
    """Asks about each release once in its life, conditionally where an answer is kept. Safe for threads.

    `ask` reads an address within a limit of bytes, with the credential of the index at that server, and gives None
    where nothing is there; it raises Unavailable and AccessDenied. `index_url` is the default index's (`…/simple`).
    `lists` tells whether the index has a project at all: a release of one that it has not, like that of a private
    package, has no advisories that anybody knows; one of a project that it has, and says nothing of, is unknown.
    Close it afterwards.
    """

    def __init__(self, ask: Ask, lists: Callable[[str], bool], index_url: str, folder: Path, clock: Clock) -> None:
        self._ask, self._lists, self._clock = ask, lists, clock
        self._answers = Answers(folder)
        plain = index_url.rstrip("/")
        self._root = plain.removesuffix("/simple") if plain.endswith("/simple") else ""
        self._said: Once[str, Said] = Once()
        self._lock = threading.Lock()
        self._told: datetime | None = None  # the oldest answer that was used
        self._speaks = False  # whether any answer named a flaw
        self._failures, self._silent, self._problem = 0, 0, ""

    def affecting(self, name: str, version: str) -> tuple[Advisory, ...]:
        """Give what affects a release, as far as the index says; a local version (`1.0+cu118`) is asked for without.

        Raises Unavailable where it does not answer and no answer is kept, or does not say anything of a release of a
        project that it has; StoreError where the folder cannot be used.
        """
        if not self._root:
            return ()
        project = canonicalize_name(name)
        self._give_up()
        said = self._once(f"{project}/{quote(version.partition('+')[0], safe='')}")
        if said.document is None:
            if self._lists(project):
                with self._lock:
                    self._silent += 1
                raise Unavailable(f"the package index has {name}, and does not say whether {version} is affected")
            return ()
        return merged(pypi_vulnerabilities.advisories(said.document, version))

    @property
    def feeds(self) -> tuple[FeedState, ...]:
        """How the index stands. Where it named no flaw until now, it is asked about a release that has some.

        Mirrors may have no such answers, or empty ones for everything, and neither means that all is well. An index
        that has not that release either is believed.
        """
        believed = self._is_believed()
        with self._lock:
            as_of = self._told if believed else None
            problem = self._problem or ("" if as_of else SILENT)
            return (FeedState(ecosystem=FAMILY, source=SOURCE, as_of=as_of, problem=problem),)

    @property
    def edition(self) -> str:
        """A text that changes every hour: what the index knows can be told only by asking it."""
        hour = self._clock().replace(minute=0, second=0, microsecond=0)
        return hashlib.sha256(f"{self._root} {hour.isoformat()}".encode()).hexdigest()

    def close(self) -> None:
        """Let the oldest answers that are kept make room; raises StoreError."""
        self._answers.tidy()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _give_up(self) -> None:
        """Ask no more where the index said nothing of any release until now: it answers no such questions."""
        with self._lock:
            if self._silent >= SILENT_ENOUGH and self._told is None:
                self._problem = self._problem or SILENT
                raise Unavailable(SILENT)

    def _is_believed(self) -> bool:
        """Find out whether silence means that nothing is known, or that the index never speaks of advisories."""
        name, version = FLAWED
        with self._lock:
            settled = self._speaks or bool(self._problem)
        if settled or not self._root:
            return True
        try:
            if not self._lists(name):
                return True
            self._once(f"{name}/{version}")
        except (Unavailable, AccessDenied) as error:
            self._failed(error.message)
        with self._lock:
            return self._speaks

    def _once(self, subject: str) -> Said:
        url = f"{self._root}/pypi/{subject}/json"
        said = self._said.get(url, lambda: self._current(url))
        if said.document is not None:
            with self._lock:
                moment = datetime.fromisoformat(said.asked)
                self._told = min(self._told or moment, moment)
                self._speaks = self._speaks or bool(said.document[pypi_vulnerabilities.FIELD])
        return said

    def _current(self, url: str) -> Said:
        kept = self._answers.recall(url)
        try:
            said = self._asked(url, kept)
        except (Unavailable, AccessDenied) as error:
            self._failed(error.message)
            if kept is None or kept.document is None:
                raise Unavailable(error.message, hint=error.hint) from error
            return kept
        with self._lock:
            self._failures = 0
        self._answers.keep(url, said)
        return said

    def _asked(self, url: str, kept: Said | None) -> Said:
        with self._lock:
            if self._failures >= FAILURES_ENOUGH:
                raise Unavailable(self._problem)
        headers = {"Accept": "application/json", **condition(kept.etag if kept else "", "")}
        answer = self._ask(url, headers, BODY_BYTES)
        now = self._clock().isoformat()
        if answer is None:
            return Said(asked=now)
        if kept and answer.status == HTTPStatus.NOT_MODIFIED:
            return replace(kept, asked=now)
        if answer.status != HTTPStatus.OK:
            raise Unavailable(f"{shown(url)} answers {answer.status}")
        return Said(asked=now, etag=answer.headers.get("etag", ""), document=_trimmed(url, answer.body))

    def _failed(self, message: str) -> None:
        with self._lock:
            self._failures += 1
            self._problem = self._problem or f"{SILENT} now: {without_addresses(message)}"


def _plain(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Leave out what an index repeats of our login: it would be kept, and told to everybody."""
    return {name: redacted_values(value) for name, value in document.items()}


def _trimmed(url: str, body: bytes) -> Mapping[str, Any]:
    try:
        return _plain(pypi_vulnerabilities.trimmed(json.loads(body)))
    except (ValueError, RecursionError) as error:
        raise Unavailable(f"{shown(url)} cannot be read: {error}") from error
