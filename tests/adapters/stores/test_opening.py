import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, event, inspect, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

import bot.adapters.stores
from bot.adapters.stores import schema
from bot.adapters.stores.locks import waiting_lock
from bot.adapters.stores.sql import DATABASE, SqlStore
from bot.adapters.stores.sqlite import connect
from bot.adapters.stores.tables import HEAD, METADATA, VERSIONS
from bot.errors import StoreError
from tests.builders import NOW, a_proposal

ROOT = Path(__file__).parents[3]
MIGRATIONS = Path(bot.adapters.stores.__file__).with_name("migrations")


def a_database(folder: Path, script: str) -> Path:
    folder.mkdir(exist_ok=True)
    with closing(sqlite3.connect(folder / DATABASE)) as connection:
        connection.executescript(script)
    return folder


def tables_of(folder: Path) -> list[str]:
    with closing(sqlite3.connect(folder / DATABASE)) as connection:
        rows = connection.execute("select name from sqlite_master where type = 'table' order by name")
        return [name for (name,) in rows]


def described(connection: Connection) -> dict[str, object]:
    looked = inspect(connection)
    return {
        table: (
            [(column["name"], str(column["type"]), column["nullable"]) for column in looked.get_columns(table)],
            looked.get_pk_constraint(table),
            looked.get_indexes(table),
        )
        for table in looked.get_table_names()
    }


class TestSchema:
    def test_the_versions_are_those_of_the_migrations(self) -> None:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        scripts = ScriptDirectory.from_config(config)

        assert tuple(script.revision for script in scripts.walk_revisions())[::-1] == VERSIONS
        assert scripts.get_current_head() == HEAD

    def test_a_migrated_database_is_like_a_fresh_one(self, tmp_path: Path) -> None:
        reading, fresh = connect(tmp_path / "fresh.db", busy_timeout=1)
        old_reading, migrated = connect(tmp_path / "old.db", busy_timeout=1)
        with fresh.begin() as one, migrated.begin() as other:
            schema.make(one)
            schema.upgrade(other)
            assert described(other) == described(one)
            differences = compare_metadata(MigrationContext.configure(other), METADATA)
        reading.dispose()
        old_reading.dispose()

        assert differences == []

    def test_postgresql_can_have_the_same_tables(self) -> None:
        dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
        tables = METADATA.sorted_tables
        ddl = [str(CreateTable(table).compile(dialect=dialect)) for table in tables]
        ddl += [str(CreateIndex(index).compile(dialect=dialect)) for table in tables for index in table.indexes]

        assert "id BIGSERIAL NOT NULL" in "\n".join(ddl)
        assert "started_at TIMESTAMP WITH TIME ZONE" in "\n".join(ddl)

    def test_a_fresh_and_a_current_database_are_used_without_alembic_and_the_orm(self, tmp_path: Path) -> None:
        script = (
            "import sys, pathlib\nfrom bot.adapters.stores.sql import SqlStore\n"
            "from tests.builders import a_proposal\n"
            "for _ in range(2):\n"
            "    with SqlStore.open(pathlib.Path(sys.argv[1])) as store: store.save_proposal('web', a_proposal(0))\n"
            "print([name for name in ('sqlalchemy', 'sqlalchemy.orm', 'alembic') if name in sys.modules])"
        )
        argv = [sys.executable, "-W", "error", "-c", script, str(tmp_path)]

        assert subprocess.run(argv, cwd=ROOT, check=True, capture_output=True, text=True).stdout == "['sqlalchemy']\n"

    def test_an_older_database_is_upgraded_by_opening_it(self, tmp_path: Path) -> None:
        folder = a_database(tmp_path / "50% ü", "create table alembic_version (version_num varchar(32) not null)")

        for _ in range(2):
            with SqlStore.open(folder) as store:
                store.save_proposal("web", a_proposal(0))
                assert store.proposals("web")
        assert set(tables_of(folder)) == {
            "alembic_version",
            "answers",
            "deliveries",
            "ignored",
            "proposals",
            "quarters",
            "runs",
            "tasks",
        }

    def test_an_upgrade_that_fails_leaves_the_database_as_it_was(self, tmp_path: Path) -> None:
        folder = a_database(tmp_path, "create table alembic_version (version_num text); create table answers (x)")

        with pytest.raises(StoreError, match="already exists"):
            SqlStore.open(folder)

        assert tables_of(folder) == ["alembic_version", "answers"]

    def test_a_database_of_a_newer_version_is_not_touched(self, tmp_path: Path) -> None:
        SqlStore.open(tmp_path).close()
        a_database(tmp_path, "update alembic_version set version_num = '9999'")

        with pytest.raises(StoreError, match=r"newer version of Quarterdeck \(schema 9999") as caught:
            SqlStore.open(tmp_path)

        assert "newer Quarterdeck" in caught.value.hint
        a_database(tmp_path, f"update alembic_version set version_num = '{HEAD}'")
        SqlStore.open(tmp_path).close()

    def test_somebody_elses_database_is_not_touched(self, tmp_path: Path) -> None:
        folder = a_database(tmp_path, "create table customers (name text)")

        with pytest.raises(StoreError, match="not made by Quarterdeck"):
            SqlStore.open(folder)

        assert tables_of(folder) == ["customers"]

    def test_a_database_that_another_process_made_in_the_meantime_is_accepted(self, tmp_path: Path) -> None:
        reading, writing = connect(tmp_path / "x.db", busy_timeout=1)
        with writing.begin() as connection:
            schema.make(connection)
            schema._bring_up(connection)
        reading.dispose()


class TestRefusals:
    def test_a_data_folder_that_is_a_file_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "data").write_text("x")

        with pytest.raises(StoreError, match="data folder cannot be used") as caught:
            SqlStore.open(tmp_path / "data")
        assert "must be a folder" in caught.value.hint

    def test_a_database_that_cannot_be_opened_is_named(self, tmp_path: Path) -> None:
        (tmp_path / DATABASE).mkdir()

        with pytest.raises(StoreError, match=r"quarterdeck\.db cannot be opened for writing") as caught:
            SqlStore.open(tmp_path)
        assert "belong to the user" in caught.value.hint

    def test_a_file_that_is_no_database_is_damage(self, tmp_path: Path) -> None:
        (tmp_path / DATABASE).write_bytes(b"not a database at all\n" * 400)

        with pytest.raises(StoreError, match=r"quarterdeck\.db is damaged") as caught:
            SqlStore.open(tmp_path)
        assert "move it away" in caught.value.hint

    def test_a_page_that_was_overwritten_is_damage(self, tmp_path: Path) -> None:
        with SqlStore.open(tmp_path) as store:
            store.save_proposal("web", a_proposal(0))
        with (tmp_path / DATABASE).open("r+b") as file:
            file.seek(4096)
            file.write(b"\xff" * ((tmp_path / DATABASE).stat().st_size - 4096))

        with pytest.raises(StoreError, match=r"quarterdeck\.db is damaged"), SqlStore.open(tmp_path) as store:
            store.proposals("web")

    def test_a_database_that_another_process_holds_is_busy(self, tmp_path: Path) -> None:
        with (
            SqlStore.open(tmp_path, busy_timeout=0.05) as store,
            closing(sqlite3.connect(tmp_path / DATABASE, isolation_level=None)) as other,
        ):
            other.execute("begin immediate")
            assert store.proposals("web") == ()
            with pytest.raises(StoreError, match="another process has been holding") as caught:
                store.save_proposal("web", a_proposal(0))
            other.execute("rollback")
            store.save_proposal("web", a_proposal(0))

        assert "wait" in caught.value.hint

    def test_opening_waits_for_another_process_that_opens_but_not_for_ever(self, tmp_path: Path) -> None:
        with (
            waiting_lock(tmp_path / "opening.lock", 0),
            pytest.raises(StoreError, match="another process has been opening"),
        ):
            SqlStore.open(tmp_path, busy_timeout=0.05)

        SqlStore.open(tmp_path).close()

    def test_a_full_disk_is_said_and_what_was_kept_stays(self, tmp_path: Path) -> None:
        with SqlStore.open(tmp_path) as store:
            store.save_proposal("web", a_proposal(0))
            store._reading.dispose()
            event.listen(store._reading, "connect", lambda raw, _: raw.execute("pragma max_page_count = 1").close())
            with pytest.raises(StoreError, match=r"the disk under .*quarterdeck\.db is full") as caught:
                store.remember("relock", "k", "x" * 100_000, NOW)

            assert "free some space" in caught.value.hint
            assert len(store.proposals("web")) == 1
            assert store.recall("relock", "k") is None

    def test_a_database_that_may_only_be_read_is_said_and_can_still_be_read(self, tmp_path: Path) -> None:
        with SqlStore.open(tmp_path) as store:
            store.save_proposal("web", a_proposal(0))
            store._reading.dispose()
            event.listen(store._reading, "connect", lambda raw, _: raw.execute("pragma query_only = on").close())

            assert len(store.proposals("web")) == 1
            with pytest.raises(StoreError, match="cannot be opened for writing"):
                store.save_proposal("web", a_proposal(0))

    def test_whatever_else_the_database_says_is_passed_on(self, tmp_path: Path) -> None:
        with (
            SqlStore.open(tmp_path) as store,
            pytest.raises(StoreError, match=r"quarterdeck\.db refused: no such table: missing"),
            store._read() as connection,
        ):
            connection.execute(text("select * from missing"))
