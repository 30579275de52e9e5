"""The tables, in words that SQLite and PostgreSQL share; a change here needs a migration and a new `HEAD`.

`repository` is everywhere `Repository.key`: two folders may be called alike. They are plain tables, not classes of
SQLAlchemy's ORM: every command opens the store, and the ORM would cost it a tenth of a second.
"""

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Dialect,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    TypeDecorator,
)

VERSIONS = ("0001", "0002", "0003")
"""Every schema version that this Quarterdeck can read, oldest first: the revisions in `migrations/versions`."""

HEAD = VERSIONS[-1]


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime, kept in UTC; SQLite itself knows no time zones, so they are put back when reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn an aware datetime into UTC; a naive one is a mistake of the caller (ValueError)."""
        del dialect
        if value is not None and value.tzinfo is None:
            raise ValueError("a datetime without a time zone cannot be kept")
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the datetime back as aware UTC, whatever zone the database's session shows it in."""
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


METADATA = MetaData(naming_convention={"pk": "pk_%(table_name)s", "uq": "uq_%(table_name)s_%(column_0_name)s"})
"""What all tables share: names of constraints that a later migration can refer to."""

RUNS = Table(
    "runs",
    METADATA,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("repository", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("asked", Text, nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime, nullable=False),
    Column("commit_id", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("document", JSON, nullable=False),
    Index("runs_by_repository", "repository", "id"),
)
"""One run of one repository a row; `id` gives their order, for `--now` may set the times to anything."""

QUARTERS = Table(
    "quarters",
    METADATA,
    Column("repository", Text, primary_key=True),
    Column("quarter", Text, primary_key=True),
)
"""Quarters that are done because nothing was to change; apart from `runs`, which are pruned within a quarter."""

PROPOSALS = Table(
    "proposals",
    METADATA,
    Column("repository", Text, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("url", Text, nullable=False),
    Column("branch", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("head", Text, nullable=False),
    Column("marks", JSON(none_as_null=True)),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
)
"""The local forge's proposals; `number` counts from 1 in each repository and is never given twice."""

IGNORED = Table(
    "ignored",
    METADATA,
    Column("repository", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("until", Date, nullable=False),
    Column("reason", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("where", Text, nullable=False),
)
"""What people asked to leave alone until a date, which is included; the newest wish about a subject stands."""

ANSWERS = Table(
    "answers",
    METADATA,
    Column("kind", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Column("used", BigInteger, nullable=False),
    Column("kept_at", UtcDateTime, nullable=False),
    Index("answers_by_use", "kind", "used"),
)
"""Answers worth keeping under a short key; `used` counts uses up, `size` is the value's length in bytes."""

TASKS = Table(
    "tasks",
    METADATA,
    Column("repository", Text, primary_key=True),
    Column("trigger", Text, primary_key=True),
    Column("why", Text, nullable=False),
    Column("urgency", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("due", UtcDateTime, nullable=False),
    Column("asked_at", UtcDateTime, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("worker", Text, nullable=False),
    Column("lease_until", UtcDateTime),
    Column("again", Boolean, nullable=False),
    Column("note", Text, nullable=False),
    Index("tasks_by_state", "state", "urgency", "due"),
)
"""Work that waits, is under way, or was given up; the key is what keeps the same work from being asked for twice."""

DELIVERIES = Table(
    "deliveries",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("taken_at", UtcDateTime, nullable=False),
    Index("deliveries_by_time", "taken_at"),
)
"""Webhook deliveries that were taken in, by the forge's own id, so that a replay is known."""
