"""A feed's life over real HTTP: changes one by one, whole dumps, and everything that can go wrong with either."""

import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.adapters.advisories import following
from bot.adapters.advisories.feeds import Feed, FeedFolder, Ready
from bot.adapters.advisories.index import Index
from bot.system.http import Http
from tests.formats.osv_python_records import a_record
from tests.formats.osv_records import affects, span, until
from tests.rig.osv_bucket import OsvBucket
from tests.rig.web import Said

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
Look = Callable[..., Ready]


def flaw(number: int, fixed: str = "2.0", *, at: str = "2026-11-01T00:00:00Z", **more: Any) -> dict[str, Any]:
    ranges = span(("introduced", "0"), ("fixed", fixed))
    return {**a_record(f"PYSEC-2026-{number}", "plain", ranges), "modified": at, **more}


@pytest.fixture
def http(monkeypatch: pytest.MonkeyPatch) -> Iterator[Http]:
    monkeypatch.setenv("no_proxy", "*")
    with Http(sleep=lambda _seconds: None) as client:
        yield client


@pytest.fixture
def bucket() -> Iterator[OsvBucket]:
    with OsvBucket(flaw(1), flaw(2)) as opened:
        yield opened


@pytest.fixture
def look(http: Http, tmp_path: Path, bucket: OsvBucket) -> Look:
    """Bring the feed up to date at noon or some hours later."""

    def ready(hours: float = 0, **changes: Any) -> Ready:
        feed = Feed(**{"ecosystem": bucket.ecosystem, "url": bucket.url, "configured": True, **changes})
        return FeedFolder(http, tmp_path / "osv", lambda: NOW + timedelta(hours=hours)).ready(feed)

    return ready


def held(ready: Ready, package: str = "plain") -> dict[str, str]:
    """Give the ids that the index has of a package, each with the version that is fixed."""
    assert ready.path is not None
    index = Index(ready.path)
    try:
        rows = list(index.of_package(package, lambda _: True))
        assert sorted(row.record.id for row in rows) == sorted(
            {one.id for row in rows for one in index.named(row.record.id)}
        )
        return {row.record.id: row.affected.ranges[0].events[-1].version for row in rows}
    finally:
        index.close()


# changes


def test_an_unchanged_feed_costs_one_conditional_request(look: Look, bucket: OsvBucket) -> None:
    assert held(look()) == {"PYSEC-2026-1": "2.0", "PYSEC-2026-2": "2.0"}
    assert bucket.asked() == ["all.zip"]
    look(1)
    assert bucket.asked() == ["modified_id.csv"]
    for hours in (2, 3, 30, 100):
        ready = look(hours)
        assert [(seen.headers.get("if-none-match") is not None) for seen in bucket.web.log] == [True]
        assert bucket.asked() == ["modified_id.csv"]
        assert ready.as_of == NOW + timedelta(hours=hours)
        assert (ready.problem, ready.records) == ("", 2)


def test_changed_new_and_withdrawn_records_are_taken_one_by_one(look: Look, bucket: OsvBucket) -> None:
    before = look()
    bucket.put(
        flaw(1, "3.0", at="2026-11-24T10:00:00Z"),
        flaw(2, at="2026-11-24T10:00:01Z", withdrawn="2026-11-24T10:00:01Z"),
        flaw(3, "4.0", at="2026-11-24T10:00:02.5Z"),
        {"id": "PYSEC-2026-4", "modified": "2026-11-24T10:00:03Z", "affected": [affects("npm", "plain", until("1"))]},
    )
    bucket.asked()
    after = look(1)
    assert sorted(bucket.asked()) == [*(f"PYSEC-2026-{n}.json" for n in (1, 2, 3, 4)), "modified_id.csv"]
    assert held(after) == {"PYSEC-2026-1": "3.0", "PYSEC-2026-3": "4.0"}
    assert (after.records, after.problem) == (2, "")
    assert after.edition != before.edition
    assert look(2) == Ready(
        **{name: getattr(after, name) for name in ("path", "problem", "records", "edition")},
        as_of=NOW + timedelta(hours=2),
    )
    assert bucket.asked() == ["modified_id.csv"]


def test_a_record_that_comes_back_and_one_with_an_old_date_are_noticed(look: Look, bucket: OsvBucket) -> None:
    bucket.put(flaw(2, withdrawn="2026-11-01T00:00:00Z"))
    assert list(held(look())) == ["PYSEC-2026-1"]
    bucket.put(flaw(2, at="2026-11-24T00:00:00Z"), flaw(5, at="2020-01-01T00:00:00Z"))
    assert sorted(held(look(1))) == ["PYSEC-2026-1", "PYSEC-2026-2", "PYSEC-2026-5"]
    assert sorted(bucket.asked()) == ["PYSEC-2026-2.json", "PYSEC-2026-5.json", "all.zip", "modified_id.csv"]


def test_it_works_for_the_packages_of_operating_systems(http: Http, tmp_path: Path) -> None:
    def glass(fixed: str, at: str) -> dict[str, Any]:
        return {"id": "DSA-1-1", "modified": at, "affected": [affects("Debian:12", "glass", until(fixed))]}

    folder = FeedFolder(http, tmp_path, lambda: NOW)
    later = FeedFolder(http, tmp_path, lambda: NOW + timedelta(hours=1))
    with OsvBucket(glass("1-1", "2026-11-01T00:00:00Z"), ecosystem="Debian") as bucket:
        feed = Feed(ecosystem="Debian", url=bucket.url, configured=True)
        assert held(folder.ready(feed), "glass") == {"DSA-1-1": "1-1"}
        bucket.put(glass("1-2", "2026-11-24T00:00:00Z"))
        assert held(later.ready(feed), "glass") == {"DSA-1-1": "1-2"}


def test_every_week_the_whole_dump_lets_deleted_records_go(look: Look, bucket: OsvBucket) -> None:
    look()
    look(1)
    del bucket.records["PYSEC-2026-2"]
    bucket.publish()
    assert sorted(held(look(24 * 6))) == ["PYSEC-2026-1", "PYSEC-2026-2"]
    bucket.asked()
    assert sorted(held(look(24 * 7))) == ["PYSEC-2026-1"]
    assert bucket.asked() == ["all.zip"]
    assert look(24 * 7 + 1).problem == ""
    assert bucket.asked() == ["modified_id.csv"]


def test_a_dump_that_lags_behind_does_not_undo_changes(look: Look, bucket: OsvBucket) -> None:
    look()
    bucket.put(flaw(1, "3.0", at="2026-11-24T10:00:00Z"), whole=False)
    assert held(look(1))["PYSEC-2026-1"] == "3.0"
    body = bucket.files["all.zip"]
    bucket.said["all.zip"] = Said(body=body)
    assert held(look(24 * 8))["PYSEC-2026-1"] == "3.0"
    bucket.said["modified_id.csv"] = Said(body=b"nonsense")
    assert held(look(24 * 16))["PYSEC-2026-1"] == "2.0"
    del bucket.said["modified_id.csv"]
    assert held(look(24 * 16 + 1))["PYSEC-2026-1"] == "3.0"


# where the whole dump is taken instead


def test_too_many_changes_cost_the_dump(look: Look, bucket: OsvBucket, monkeypatch: pytest.MonkeyPatch) -> None:
    look()
    bucket.asked()
    monkeypatch.setattr(following, "MOST", 2)
    bucket.put(*(flaw(n, "3.0", at="2026-11-24T10:00:00Z") for n in (1, 2, 3)))
    assert set(held(look(1)).values()) == {"3.0"}
    assert bucket.asked() == ["modified_id.csv", "all.zip"]
    bucket.put(*(flaw(n, "4.0", at="2026-11-24T11:00:00Z") for n in (1, 2)))
    assert held(look(2)) == {"PYSEC-2026-1": "4.0", "PYSEC-2026-2": "4.0", "PYSEC-2026-3": "3.0"}


@pytest.mark.parametrize(
    "said",
    [
        Said(body=b"<html>"),
        Said(status=500),
        Said(status=401),
        Said(status=304),
        Said(body=b"2026-11-24T00:00:00Z,../x"),
    ],
)
def test_a_list_of_changes_that_is_none_costs_the_dump(look: Look, bucket: OsvBucket, said: Said) -> None:
    look()
    bucket.said["modified_id.csv"] = said
    bucket.put(flaw(1, "3.0", at="2026-11-24T10:00:00Z"))
    ready = look(1)
    assert held(ready)["PYSEC-2026-1"] == "3.0"
    assert ready.problem == ""
    assert "all.zip" in bucket.asked()


def test_where_there_is_no_list_the_dump_is_asked_for_and_the_list_once_a_day(look: Look, bucket: OsvBucket) -> None:
    bucket.listed = False
    bucket.publish()
    for hours in (0, 1, 2, 20, 25.5, 26):
        assert look(hours).as_of == NOW + timedelta(hours=hours)
    assert bucket.asked() == ["all.zip", "modified_id.csv", *["all.zip"] * 3, "modified_id.csv", *["all.zip"] * 2]


def test_other_addresses_have_no_list(look: Look, bucket: OsvBucket) -> None:
    bucket.files["mine.zip"] = bucket.files["all.zip"]
    for hours in (0, 1):
        assert len(held(look(hours, url=bucket.url.replace("all.zip", "mine.zip")))) == 2
    assert bucket.asked() == ["mine.zip", "mine.zip"]


BROKEN = [
    Said(status=404),
    Said(status=500),
    Said(body=b"{"),
    Said(body=b"[]"),
    Said(body=b'{"summary": "no id"}'),
    Said(body=b'{"id": "PYSEC-2026-9"}'),
    Said(body=b'{"id": "PYSEC-2026-3"', headers={"content-length": "5000"}),
]


@pytest.mark.parametrize("said", BROKEN)
def test_a_record_that_cannot_be_had_costs_the_dump(look: Look, bucket: OsvBucket, said: Said) -> None:
    look()
    bucket.put(flaw(1, "3.0", at="2026-11-24T10:00:00Z"), flaw(3, at="2026-11-24T10:00:00Z"))
    bucket.said["PYSEC-2026-3.json"] = said
    ready = look(1)
    assert (sorted(held(ready)), ready.problem) == (["PYSEC-2026-1", "PYSEC-2026-2", "PYSEC-2026-3"], "")
    bucket.asked()
    look(2)
    assert bucket.asked() == ["modified_id.csv"]


@pytest.mark.parametrize("said", BROKEN)
def test_without_news_in_the_dump_the_old_index_stays_and_it_is_told(look: Look, bucket: OsvBucket, said: Said) -> None:
    before = look()
    bucket.put(flaw(1, "3.0", at="2026-11-24T10:00:00Z"), flaw(3, at="2026-11-24T10:00:00Z"), whole=False)
    bucket.said["PYSEC-2026-3.json"] = said
    ready = look(1)
    assert held(ready) == {"PYSEC-2026-1": "2.0", "PYSEC-2026-2": "2.0"}
    assert "the advisories of PyPI cannot be brought up to date: " in ready.problem
    assert ready.problem.endswith("; those of 2026-11-24 are used")
    assert (ready.as_of, ready.edition) == (NOW, before.edition)
    bucket.said.clear()
    assert held(look(2)) == {"PYSEC-2026-1": "3.0", "PYSEC-2026-2": "2.0", "PYSEC-2026-3": "2.0"}


def test_a_record_that_is_nowhere_is_counted_and_not_asked_for_again(look: Look, bucket: OsvBucket) -> None:
    look()
    bucket.put(flaw(3, at="2026-11-24T10:00:00Z"))
    bucket.files["all.zip"] = b""
    del bucket.records["PYSEC-2026-3"]
    listing = bucket.files["modified_id.csv"]
    bucket.put(flaw(1, "3.0", at="2026-11-24T10:00:00Z"))
    bucket.files["modified_id.csv"] = listing
    ready = look(1)
    assert held(ready)["PYSEC-2026-1"] == "3.0"
    assert ready.problem == f"1 of the advisories of PyPI at {bucket.url} cannot be read"
    bucket.asked()
    assert look(2).problem == ready.problem
    assert bucket.asked() == ["modified_id.csv"]


@pytest.mark.parametrize("damage", [b"<html>", b"", b"half"])
def test_a_dump_that_is_broken_or_half_leaves_the_old_index(look: Look, bucket: OsvBucket, damage: bytes) -> None:
    look()
    body = bucket.files["all.zip"]
    half = {"content-length": str(len(body))} if damage == b"half" else {}
    bucket.said["all.zip"] = Said(body=body[:100] if damage == b"half" else damage, headers=half)
    bucket.said["modified_id.csv"] = Said(body=b"nonsense")
    ready = look(1)
    assert len(held(ready)) == 2
    assert ready.as_of == NOW
    assert "cannot be brought up to date" in ready.problem
    bucket.said.clear()
    assert look(2).problem == ""


def test_an_index_that_was_damaged_is_made_anew(look: Look, bucket: OsvBucket) -> None:
    path = look().path
    assert path is not None
    path.write_bytes(path.read_bytes()[:8192] + b"nonsense" * 100)
    assert len(held(look(1))) == 2
    assert bucket.asked() == ["all.zip", "modified_id.csv", "all.zip"]


def test_an_index_that_proves_damaged_while_it_changes_is_made_anew(
    look: Look, bucket: OsvBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    def damaged(*_: object) -> None:
        raise sqlite3.DatabaseError("database disk image is malformed")

    look()
    bucket.put(flaw(1, "3.0", at="2026-11-24T10:00:00Z"), whole=False)
    monkeypatch.setattr("bot.adapters.advisories.writing._Writer.put", damaged)
    ready = look(1)
    assert (held(ready)["PYSEC-2026-1"], ready.problem) == ("2.0", "")
    monkeypatch.undo()
    assert held(look(2))["PYSEC-2026-1"] == "3.0"


# ages and clocks


def test_the_server_says_how_old_the_records_are(look: Look, bucket: OsvBucket) -> None:
    bucket.changed = NOW - timedelta(days=3)
    assert look().as_of == NOW - timedelta(days=3)
    assert look(1).as_of == NOW - timedelta(days=3)
    bucket.changed = NOW + timedelta(hours=1)
    bucket.put(flaw(1, "3.0", at="2026-11-24T10:00:00Z"))
    assert look(2).as_of == NOW + timedelta(hours=1)
    assert look(3).as_of == NOW + timedelta(hours=1)


def test_a_date_in_the_future_is_now(look: Look, bucket: OsvBucket) -> None:
    bucket.changed = NOW + timedelta(days=30)
    assert look().as_of == NOW
    assert look(-24 * 400).as_of == NOW - timedelta(days=400)


def test_a_clock_that_jumps_back_makes_it_ask_again(look: Look, bucket: OsvBucket) -> None:
    for hours in (24 * 365, 0, 1, 24 * 365):
        assert len(held(look(hours))) == 2
    assert bucket.asked() == ["all.zip", "all.zip", "modified_id.csv", "all.zip"]
