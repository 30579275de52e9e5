import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import event, select, text
from sqlalchemy.exc import StatementError

from bot.adapters.stores import sql
from bot.adapters.stores.sql import SqlStore
from bot.adapters.stores.tables import PROPOSALS, RUNS
from bot.errors import StoreError
from bot.model.policy import Trigger
from bot.model.repository import Repository
from bot.model.runs import Outcome, RunRecord
from tests.builders import NOW, a_proposal, a_rebuild

WEB = Repository(name="acme/web", url="https://example.org/acme/web.git")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    with SqlStore.open(tmp_path / "data", clock=lambda: NOW) as opened:
        yield opened


def a_run(repository: Repository = WEB) -> RunRecord:
    return RunRecord(
        repository=repository, asked=Trigger.AUTO, started_at=NOW, finished_at=NOW, outcome=Outcome.NOTHING,
        plan=a_rebuild(quarter="2026q1"),
    )  # fmt: skip


def test_the_data_folder_belongs_to_its_user_alone(store: SqlStore, tmp_path: Path) -> None:
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700


def test_old_runs_are_dropped_but_the_quarters_they_settled_stay(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql, "RUNS_KEPT", 3)
    other = Repository(name="acme/api", url="")
    store.record(a_run(other), {"n": -1})
    for number in range(5):
        store.record(a_run(), {"n": number})

    with store._read() as connection:
        kept = [document["n"] for document in connection.scalars(select(RUNS.c.document).order_by(RUNS.c.id))]
    assert kept == [-1, 2, 3, 4]
    assert store.quarters(WEB.key) == ("2026q1",)


def test_the_answer_that_was_not_used_for_longest_makes_room(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql, "ANSWERS_KEPT", 3)
    for key in "abc":
        store.remember("relock", key, key, NOW)
    store.remember("manifests", "a", "a", NOW)
    store.recall("relock", "a")
    store.remember("relock", "d", "d", NOW - timedelta(days=400))

    assert [key for key in "abcd" if store.recall("relock", key)] == ["a", "c", "d"]
    assert store.recall("manifests", "a") == "a"


def test_a_use_in_a_run_that_only_read_counts_in_the_next(
    store: SqlStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql, "ANSWERS_KEPT", 2)
    store.remember("relock", "a", "a", NOW)
    store.remember("relock", "b", "b", NOW)
    with SqlStore.open(tmp_path / "data") as reader:
        reader.recall("relock", "a")
    store.remember("relock", "c", "c", NOW)

    assert [key for key in "abc" if store.recall("relock", key)] == ["a", "c"]


def test_answers_of_a_kind_are_bounded_in_bytes(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql, "ANSWER_BYTES_KEPT", 10)
    for key in "abc":
        store.remember("relock", key, "éé", NOW)

    assert [key for key in "abc" if store.recall("relock", key)] == ["b", "c"]


def test_an_answer_beyond_all_bounds_is_not_kept_and_throws_out_nothing_else(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql, "ANSWER_BYTES_KEPT", 10)
    store.remember("relock", "a", "a", NOW)
    store.remember("relock", "b", "old", NOW)
    store.remember("relock", "b", "x" * 11, NOW)

    assert store.recall("relock", "a") == "a"
    assert store.recall("relock", "b") is None


def test_a_run_that_failed_leaves_without_a_word_of_the_uses_it_noted(tmp_path: Path) -> None:
    def fail_midway() -> None:
        with SqlStore.open(tmp_path) as opened:
            opened.remember("relock", "a", "a", NOW)
            opened.recall("relock", "a")
            event.listen(opened._writing, "begin", lambda _: pytest.fail("wrote"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_midway()


def test_times_are_kept_in_utc(store: SqlStore, tmp_path: Path) -> None:
    berlin = timezone(timedelta(hours=2))
    with SqlStore.open(tmp_path / "data", clock=lambda: datetime(2026, 7, 1, 1, 30, tzinfo=berlin)) as abroad:
        abroad.save_proposal("web", a_proposal(0))

    with store._read() as connection:
        row = connection.execute(select(PROPOSALS)).one()
        assert row.created_at == row.updated_at == datetime(2026, 6, 30, 23, 30, tzinfo=UTC)
        assert row.created_at.tzinfo is UTC
        written = connection.execute(text("select created_at from proposals")).scalar_one()
    assert written.startswith("2026-06-30 23:30:00")


def test_a_time_without_a_zone_is_a_mistake_not_a_guess(store: SqlStore) -> None:
    with pytest.raises(StatementError, match="without a time zone"):
        store.remember("relock", "k", "v", NOW.replace(tzinfo=None))

    assert store.recall("relock", "k") is None


def test_a_replaced_proposal_keeps_the_time_of_its_making(store: SqlStore, tmp_path: Path) -> None:
    store.save_proposal("web", a_proposal(0))
    with SqlStore.open(tmp_path / "data", clock=lambda: NOW + timedelta(days=1)) as later:
        later.save_proposal("web", a_proposal(1, title="new"))

    with store._read() as connection:
        row = connection.execute(select(PROPOSALS)).one()
    assert (row.created_at, row.updated_at) == (NOW, NOW + timedelta(days=1))


def test_every_connection_syncs_each_commit_to_a_write_ahead_log(store: SqlStore) -> None:
    with store._read() as connection:
        settings = [
            connection.scalar(text(f"pragma {name}")) for name in ("journal_mode", "synchronous", "foreign_keys")
        ]

    assert settings == ["wal", 2, 1]


@pytest.mark.parametrize("change", ["state = 'odd'", "marks = '{}'", "marks = '{'", "created_at = 'yesterday'"])
def test_a_row_that_we_did_not_write_is_damage(store: SqlStore, tmp_path: Path, change: str) -> None:
    store.save_proposal("web", a_proposal(0))
    with store._write() as connection:
        connection.execute(text(f"update proposals set {change}"))

    with pytest.raises(StoreError, match=r"quarterdeck\.db is damaged") as caught:
        store.proposals("web")
    assert "move it away" in caught.value.hint


def test_text_that_is_no_unicode_is_refused_and_nothing_is_kept(store: SqlStore) -> None:
    with pytest.raises(StoreError, match="surrogates not allowed"):
        store.save_proposal("web", a_proposal(0, title=os.fsdecode(b"caf\xe9")))

    assert store.proposals("web") == ()
