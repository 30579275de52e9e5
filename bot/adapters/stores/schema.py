"""Brings a database to the schema of `tables`: makes a fresh one, upgrades an older one, refuses a newer one."""

from pathlib import Path

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    insert,
    inspect,
    select,
)

from bot.adapters.stores.tables import HEAD, METADATA, VERSIONS
from bot.errors import StoreError

VERSION = Table(
    "alembic_version",
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)
"""Alembic's own table, spelled out so that a database of today opens without importing Alembic (0.3 s)."""


def prepare(reading: Engine, writing: Engine) -> None:
    """Make, upgrade or accept the database, in one transaction; one that is current is only read.

    Raises StoreError for a database that a newer Quarterdeck wrote, or that is not ours.
    """
    with reading.begin() as connection:
        if inspect(connection).has_table(VERSION.name) and _version(connection) == HEAD:
            return
    with writing.begin() as connection:
        _bring_up(connection)


def _bring_up(connection: Connection) -> None:
    names = inspect(connection).get_table_names()
    if not names:
        make(connection)
    elif VERSION.name not in names:
        raise StoreError(
            "the database was not made by Quarterdeck: it has tables of something else",
            hint="point --data-dir (or data_dir) to a folder of Quarterdeck's own",
        )
    else:
        _move_on(connection, _version(connection))


def _move_on(connection: Connection, version: str | None) -> None:
    if version == HEAD:  # somebody else was quicker
        return
    if version is not None and version not in VERSIONS:
        raise StoreError(
            f"the database was written by a newer version of Quarterdeck (schema {version}; this one knows {HEAD})",
            hint="run the newer Quarterdeck again, or point --data-dir to another folder",
        )
    upgrade(connection)


def _version(connection: Connection) -> str | None:
    return connection.scalar(select(VERSION.c.version_num))


def make(connection: Connection) -> None:
    """Make all tables at once, as the migrations would have, and write down the version."""
    METADATA.create_all(connection)
    VERSION.create(connection)
    connection.execute(insert(VERSION).values(version_num=HEAD))


def upgrade(connection: Connection) -> None:
    """Run the migrations that are missing, in the connection's transaction."""
    from alembic import command  # noqa: PLC0415  costs 0.3 s; almost no start needs it
    from alembic.config import Config  # noqa: PLC0415  as above

    config = Config(attributes={"connection": connection})
    location = str(Path(__file__).with_name("migrations"))
    config.set_main_option("script_location", location.replace("%", "%%"))  # ConfigParser's escape
    command.upgrade(config, "head")
