"""Everything that is SQLite's own: how a database file is opened, and how its transactions begin."""

import sqlite3
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

BEGIN = "quarterdeck_begin"
"""Execution option: the kind of transaction, DEFERRED (reads) or IMMEDIATE (writes)."""


def connect(path: Path, *, busy_timeout: float) -> tuple[Engine, Engine]:
    """Give an engine for reading and one for writing, over the same connections; nothing is opened yet.

    Writers take their turn at BEGIN (IMMEDIATE) and wait there for at most `busy_timeout` seconds. A transaction
    that read first and wanted to write later would be refused at once instead, or work on what it read too early.
    """
    url = URL.create("sqlite+pysqlite", database=str(path))
    engine = create_engine(url, poolclass=QueuePool, connect_args={"timeout": busy_timeout, "isolation_level": None})
    event.listen(engine, "connect", _settle)
    event.listen(engine, "begin", _begin)
    return engine, engine.execution_options(**{BEGIN: "IMMEDIATE"})


def _settle(connection: sqlite3.Connection, entry: ConnectionPoolEntry) -> None:
    """Write-ahead log, and a sync for each commit.

    With synchronous=NORMAL a power cut could take back the last commits: a number that a person has already read
    would be given again. A run commits a handful of times, so FULL costs milliseconds.
    """
    del entry
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql(f"BEGIN {connection.get_execution_options().get(BEGIN, 'DEFERRED')}")
