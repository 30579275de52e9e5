"""The store over SQLAlchemy: run history, the local forge's proposals, and answers worth keeping."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Self

from sqlalchemy import Connection, Engine, bindparam, delete, func, insert, or_, select, update

from bot.adapters.stores.failures import translated
from bot.adapters.stores.locks import repository_lock, service_lock, waiting_lock
from bot.adapters.stores.renaming import carry_over
from bot.adapters.stores.rows import ignored_of, proposal_columns, proposal_of, quarter_done, run_columns
from bot.adapters.stores.schema import prepare
from bot.adapters.stores.sql_queue import SqlQueue
from bot.adapters.stores.sqlite import connect
from bot.adapters.stores.tables import ANSWERS, IGNORED, PROPOSALS, QUARTERS, RUNS
from bot.model.policy import Ignored
from bot.model.proposal import Proposal
from bot.model.runs import Outcome, RunRecord
from bot.system.clock import system_clock

DATABASE = "quarterdeck.db"
RUNS_KEPT = 200
"""Runs per repository; older ones are dropped, the quarters that they settled stay."""

ANSWERS_KEPT = 1_000
ANSWER_BYTES_KEPT = 32 * 1024 * 1024
"""Bounds for each kind of answer; the least recently used make room."""

OF_REPOSITORIES = frozenset({"base-branch", "identity", "still", "still-witness", "written-marks", "half-done"})
REPOSITORIES_KEPT = 50_000
"""Kinds that are about one repository each: a fleet needs all of them, so that only their number is bounded.

That they were used is not noted, as every sweep uses all of them: what was written longest ago makes room.
"""

KEPT = select(ANSWERS.c.value).where(ANSWERS.c.kind == bindparam("of"), ANSWERS.c.key == bindparam("under"))
"""Made once, as making it costs more than asking."""


QUIET = frozenset({Outcome.NOTHING, Outcome.LEFT_ALONE, Outcome.DEFERRED})
PASSING = frozenset({"started_at", "finished_at", "run_id", "feeds"})
"""What differs between two runs that saw and said the same."""


class SqlStore:
    """Implements `ports.Store`; safe to use from several threads and, in one data folder, from several processes.

    Every method is one transaction: after a crash it happened, or it did not. All raise StoreError.
    """

    def __init__(self, reading: Engine, writing: Engine, data_dir: Path, clock: Callable[[], datetime]) -> None:
        self._reading = reading
        self._writing = writing
        self._data_dir = data_dir
        self._clock = clock
        self._used: dict[tuple[str, str], None] = {}
        self._used_lock = Lock()
        self._queue = SqlQueue(self._read, self._write)

    @classmethod
    def open(cls, data_dir: Path, *, clock: Callable[[], datetime] = system_clock, busy_timeout: float = 30.0) -> Self:
        """Open the SQLite database of a data folder; both are made where missing (folder mode 0700).

        An older schema is upgraded. `busy_timeout` is how long to wait for other processes, in seconds.
        Raises StoreError where the folder or the database cannot be used, or a newer Quarterdeck wrote it.
        """
        path = data_dir / DATABASE
        reading, writing = connect(path, busy_timeout=busy_timeout)
        # Two processes that turn the same new file into write-ahead mode at once would refuse each other.
        with waiting_lock(data_dir / "opening.lock", busy_timeout), translated(path):
            try:
                prepare(reading, writing)
            except BaseException:
                reading.dispose()
                raise
        return cls(reading, writing, data_dir, clock)

    def close(self) -> None:
        """Write down which answers were used, and close all connections; the store may not be used after that."""
        try:
            if self._used:
                with self._write() as connection:
                    self._note_uses(connection)
        finally:
            self._reading.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *rest: object) -> None:
        if kind is not None:  # what went wrong is the news; notes about uses are not worth a second error
            self._used.clear()
        self.close()

    def record(self, run: RunRecord, document: Mapping[str, object]) -> None:
        """Keep a finished run with its contract JSON, and the quarter that it settled; drop the oldest runs.

        Where nothing was done and everything is as it was, it takes the place of the run before: a sweep in which
        nothing moved adds nothing to the history but its time.
        """
        key, quarter = run.repository.key, quarter_done(run)
        with self._write() as connection:
            same = self._same(connection, key, document) if run.outcome in QUIET else None
            connection.execute(insert(RUNS).values(run_columns(run, document)))
            if same is not None:  # dropped afterwards, so that its id is not given again
                connection.execute(delete(RUNS).where(RUNS.c.id == same))
            if quarter:
                self._settle(connection, key, quarter)
            self._prune_runs(connection, key)
            self._note_uses(connection)

    def last_runs(self, repository: str | None = None) -> tuple[Mapping[str, object], ...]:
        """Give the contract JSON of the newest run of each repository, sorted by name.

        `repository` is a key, or a name, which several repositories may have; None means all.
        """
        newest = select(func.max(RUNS.c.id)).group_by(RUNS.c.repository)
        if repository is not None:
            newest = newest.where(or_(RUNS.c.repository == repository, RUNS.c.name == repository))
        with self._read() as connection:
            rows = connection.execute(select(RUNS).where(RUNS.c.id.in_(newest)))
            return tuple(row.document for row in sorted(rows, key=lambda row: (row.name, row.repository)))

    def news(self, after: int) -> tuple[int, Mapping[str, Mapping[str, object]]]:
        """Give a new mark, and the contract JSON of the newest run of each repository (by key) since the mark."""
        newest = select(func.max(RUNS.c.id)).where(RUNS.c.id > after).group_by(RUNS.c.repository)
        with self._read() as connection:
            rows = connection.execute(
                select(RUNS.c.id, RUNS.c.repository, RUNS.c.document).where(RUNS.c.id.in_(newest))
            )
            found = {row.repository: (row.id, row.document) for row in rows}
        mark = max((number for number, _ in found.values()), default=after)
        return mark, {key: document for key, (_, document) in found.items()}

    def settled(self) -> Mapping[str, frozenset[str]]:
        """Give the quarters that are done of every repository, by key."""
        found: dict[str, set[str]] = {}
        with self._read() as connection:
            for row in connection.execute(select(QUARTERS.c.repository, QUARTERS.c.quarter)):
                found.setdefault(row.repository, set()).add(row.quarter)
        return {key: frozenset(quarters) for key, quarters in found.items()}

    def streaks(self) -> Mapping[str, int]:
        """Give how often each repository (by key) failed in a row until now; those that are well are left out.

        What was only out of reach does not count: it is tried again and again meanwhile.
        """
        kind = func.coalesce(RUNS.c.document["error"]["kind"].as_string(), "")
        last_well = (
            select(RUNS.c.repository, func.max(RUNS.c.id).label("id"))
            .where(RUNS.c.outcome != Outcome.FAILED.value)
            .group_by(RUNS.c.repository)
            .subquery()
        )
        since = RUNS.outerjoin(last_well, last_well.c.repository == RUNS.c.repository)
        count = func.count().label("failures")
        counted = select(RUNS.c.repository, count).select_from(since).group_by(RUNS.c.repository)
        with self._read() as connection:
            since_then = (RUNS.c.id > func.coalesce(last_well.c.id, 0), kind != "Unavailable")
            rows = connection.execute(counted.where(*since_then))
            return {row.repository: row.failures for row in rows}

    def quarters(self, repository: str) -> tuple[str, ...]:
        """Give the quarters (`2026q4`) for which a run of this repository found nothing to change, sorted."""
        with self._read() as connection:
            found = connection.scalars(select(QUARTERS.c.quarter).where(QUARTERS.c.repository == repository))
            return tuple(sorted(found))

    def proposals(self, repository: str) -> tuple[Proposal, ...]:
        """Give the local forge's proposals of a repository, highest number first."""
        kept = select(PROPOSALS).where(PROPOSALS.c.repository == repository).order_by(PROPOSALS.c.number.desc())
        with self._read() as connection:
            return tuple(proposal_of(row) for row in connection.execute(kept))

    def save_proposal(self, repository: str, proposal: Proposal) -> Proposal:
        """Insert (number 0: the next one is given) or replace by number; give it with its number and its time.

        One that is inserted was opened at its `opened_at`, else now; one that is replaced keeps the time it has.
        A new number never replaces: where a database lets two writers count at once, one of them is refused.
        """
        now = self._clock()
        columns = {**proposal_columns(proposal), "updated_at": now}
        with self._write() as connection:
            if proposal.number and self._replace(connection, repository, proposal.number, columns):
                return proposal
            number = proposal.number or self._next_number(connection, repository)
            opened_at = proposal.opened_at or now
            row = {**columns, "repository": repository, "number": number, "created_at": opened_at}
            connection.execute(insert(PROPOSALS).values(row))
        return replace(proposal, number=number, opened_at=opened_at)

    def ignored(self, repository: str) -> tuple[Ignored, ...]:
        """Give what people asked to leave alone in a repository, by subject; what is over too."""
        kept = select(IGNORED).where(IGNORED.c.repository == repository).order_by(IGNORED.c.subject)
        with self._read() as connection:
            return tuple(ignored_of(row) for row in connection.execute(kept))

    def ignore(self, repository: str, wish: Ignored) -> None:
        """Keep such a wish, instead of an older one about the same subject; nothing is written where it is there."""
        if wish in self.ignored(repository):
            return
        with self._write() as connection:
            same = (IGNORED.c.repository == repository, IGNORED.c.subject == wish.subject)
            connection.execute(delete(IGNORED).where(*same))
            connection.execute(insert(IGNORED).values(repository=repository, **asdict(wish)))

    def recall(self, kind: str, key: str) -> str | None:
        """Give an answer kept under this key, None where there is none; that it was used is noted with the next write.

        Reading stays reading: a recall never waits for a writer. See OF_REPOSITORIES for what notes no use.
        """
        with self._read() as connection:
            value: str | None = connection.scalar(KEPT, {"of": kind, "under": key})
        if value is None or kind in OF_REPOSITORIES:
            return value
        with self._used_lock:
            self._used.pop((kind, key), None)
            self._used[kind, key] = None
        return value

    def remember(self, kind: str, key: str, value: str, now: datetime) -> None:
        """Keep an answer, instead of an older one; the least recently used of its kind make room.

        One that is larger than all that may be kept of its kind is not kept, nor is what it would have replaced.
        """
        with self._write() as connection:
            self._note_uses(connection)
            size = len(value.encode())
            large = size > ANSWER_BYTES_KEPT and kind not in OF_REPOSITORIES
            connection.execute(delete(ANSWERS).where(ANSWERS.c.kind == kind, ANSWERS.c.key == key))
            if not large:
                used = self._next_use(connection, kind)
                answer = {"kind": kind, "key": key, "value": value, "size": size, "used": used, "kept_at": now}
                connection.execute(insert(ANSWERS).values(answer))
                self._make_room(connection, kind)

    def rename(self, old: str, new: str) -> None:
        """Carry everything under a repository's key over to another; see ports.Store. The same key is left alone."""
        if old == new:
            return
        with self._write() as connection:
            self._note_uses(connection)
            carry_over(connection, old, new)

    def exclusive(self, repository: str) -> AbstractContextManager[None]:
        """Let one run at a time work on a repository; entering raises Unavailable while another one does."""
        return repository_lock(self._data_dir / "locks", repository)

    def serving(self) -> AbstractContextManager[None]:
        """Let one service at a time use this store; entering raises StoreError while another one does."""
        return service_lock(self._data_dir / "service.lock")

    @property
    def queue(self) -> SqlQueue:
        """The tasks, which are kept in the same database."""
        return self._queue

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        with translated(self._data_dir / DATABASE), self._reading.connect() as connection:
            yield connection

    @contextmanager
    def _write(self) -> Iterator[Connection]:
        with translated(self._data_dir / DATABASE), self._writing.begin() as connection:
            yield connection

    def _note_uses(self, connection: Connection) -> None:
        with self._used_lock:
            used, self._used = self._used, {}
        for kind, key in used:
            answer = (ANSWERS.c.kind == kind, ANSWERS.c.key == key)
            connection.execute(update(ANSWERS).where(*answer).values(used=self._next_use(connection, kind)))

    @staticmethod
    def _settle(connection: Connection, repository: str, quarter: str) -> None:
        settled = (QUARTERS.c.repository == repository, QUARTERS.c.quarter == quarter)
        if connection.scalar(select(QUARTERS).where(*settled)) is None:
            connection.execute(insert(QUARTERS).values(repository=repository, quarter=quarter))

    @staticmethod
    def _next_use(connection: Connection, kind: str) -> int:
        """Count uses instead of reading a clock: `--now` may set the time to anything."""
        return (connection.scalar(select(func.max(ANSWERS.c.used)).where(ANSWERS.c.kind == kind)) or 0) + 1

    @staticmethod
    def _replace(connection: Connection, repository: str, number: int, columns: Mapping[str, object]) -> bool:
        """Bring a proposal's row up to date; False where there is none."""
        kept = (PROPOSALS.c.repository == repository, PROPOSALS.c.number == number)
        return connection.execute(update(PROPOSALS).where(*kept).values(columns)).rowcount > 0

    @staticmethod
    def _next_number(connection: Connection, repository: str) -> int:
        highest = select(func.max(PROPOSALS.c.number)).where(PROPOSALS.c.repository == repository)
        return (connection.scalar(highest) or 0) + 1

    @staticmethod
    def _same(connection: Connection, repository: str, document: Mapping[str, object]) -> int | None:
        """Give the id of the run before, if it saw and said the same."""
        newest = select(RUNS.c.id, RUNS.c.document).where(RUNS.c.repository == repository).order_by(RUNS.c.id.desc())
        last = connection.execute(newest.limit(1)).first()
        same = last is not None and _lasting(last.document) == _lasting(json.loads(json.dumps(document)))
        return int(last.id) if last is not None and same else None

    @staticmethod
    def _prune_runs(connection: Connection, repository: str) -> None:
        ids = select(RUNS.c.id).where(RUNS.c.repository == repository).order_by(RUNS.c.id.desc())
        oldest = connection.scalar(ids.offset(RUNS_KEPT - 1).limit(1))
        if oldest is not None:
            connection.execute(delete(RUNS).where(RUNS.c.repository == repository, RUNS.c.id < oldest))

    @staticmethod
    def _make_room(connection: Connection, kind: str) -> None:
        """Drop everything that was used less recently than the first answer that no longer fits."""
        if kind in OF_REPOSITORIES:
            by_use = select(ANSWERS.c.used).where(ANSWERS.c.kind == kind).order_by(ANSWERS.c.used.desc())
            first_out = connection.scalar(by_use.offset(REPOSITORIES_KEPT).limit(1))
            if first_out is not None:
                connection.execute(delete(ANSWERS).where(ANSWERS.c.kind == kind, ANSWERS.c.used <= first_out))
            return
        sizes = select(ANSWERS.c.used, ANSWERS.c.size).where(ANSWERS.c.kind == kind).order_by(ANSWERS.c.used.desc())
        total = 0
        for count, (used, size) in enumerate(connection.execute(sizes).all(), start=1):
            total += size
            if count > ANSWERS_KEPT or total > ANSWER_BYTES_KEPT:
                connection.execute(delete(ANSWERS).where(ANSWERS.c.kind == kind, ANSWERS.c.used <= used))
                return


def _lasting(document: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in document.items() if name not in PASSING}
