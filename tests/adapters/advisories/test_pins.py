"""Advisories of Python packages from real dumps, alone and together, and the choice of the source."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.adapters.advisories.pins import DEFAULT, ChosenAdvisories, DumpAdvisories, Feed
from bot.errors import Unavailable
from bot.model.contents import Advisory, FeedState
from bot.model.policy import Severity
from bot.ports import PinAdvisories
from bot.system.http import Http
from tests.formats.osv_python_records import RECORDS, SAMPLE, Known, a_record
from tests.formats.osv_records import BAD, MEDIUM, affects, span, until
from tests.rig.osv_bucket import OsvBucket, zipped
from tests.rig.web import Said

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
Make = Callable[..., DumpAdvisories]


@pytest.fixture
def http(monkeypatch: pytest.MonkeyPatch) -> Iterator[Http]:
    monkeypatch.setenv("no_proxy", "*")
    with Http(sleep=lambda _seconds: None) as client:
        yield client


@pytest.fixture
def make(http: Http, tmp_path: Path) -> Iterator[Make]:
    made: list[DumpAdvisories] = []

    def build(*feeds: Feed, hours: float = 0, eager: bool = False) -> DumpAdvisories:
        clock = lambda: NOW + timedelta(hours=hours)  # noqa: E731
        made.append(DumpAdvisories(http, feeds, tmp_path / "osv", clock, eager=eager))
        return made[-1]

    yield build
    for one in made:
        one.close()


def a_feed(tmp_path: Path, *records: Any, name: str = "all.zip", **files: bytes) -> Feed:
    path = tmp_path / name
    path.write_bytes(zipped(*records, **files))
    return Feed(ecosystem="PyPI", url=path.as_uri(), configured=True)


def ids(advisories: PinAdvisories, name: str, version: str) -> list[str]:
    return [one.id for one in advisories.affecting(name, version)]


# what affects a release


@pytest.mark.parametrize("known", SAMPLE, ids=[known.record["id"] for known in SAMPLE])
def test_the_sample_is_judged_as_by_hand(make: Make, tmp_path: Path, known: Known) -> None:
    advisories = make(a_feed(tmp_path, *RECORDS))
    name, own = known.record["affected"][0]["package"]["name"], known.record["id"]
    named = {one: [row for row in advisories.affecting(name, one) if own in row.names] for one in known.hit}
    assert all(named.values()), named
    alone = make(a_feed(tmp_path, known.record, a_record("PYSEC-1", "other"), name="alone.zip"))
    assert [one for one in known.safe if alone.affecting(name, one)] == []


def test_one_row_for_each_flaw(make: Make, tmp_path: Path) -> None:
    advisories = make(a_feed(tmp_path, *RECORDS))
    assert advisories.affecting("plain", "1.9") == (
        Advisory(
            id="PYSEC-2025-1",
            aliases=("CVE-2025-1", "GHSA-plai-nnnn-0001"),
            severity=Severity.CRITICAL,
            url="https://osv.dev/vulnerability/PYSEC-2025-1",
            fixed_in="1.10",
            summary="Plain lets everybody in",
        ),
    )
    (hijacked,) = advisories.affecting("Hijacked", "8.3.41")
    assert (hijacked.id, hijacked.malicious, hijacked.severity) == ("MAL-2025-2", True, Severity.CRITICAL)
    assert hijacked.aliases == ("GHSA-hija-cked-0005", "PYSEC-2025-12")
    assert hijacked.summary == "A release was taken over"
    (later,) = advisories.affecting("hijacked", "8.3.45")
    assert not later.malicious
    assert ids(advisories, "branches", "5.0.1") == ["PYSEC-2025-2", "PYSEC-2025-3"]
    assert ids(advisories, "zope.like_NAME", "1.9") == ["PYSEC-2025-20"]
    assert ids(advisories, "nobody-knows", "1.9") == []


def test_how_bad_it_is_may_stand_in_a_record_about_something_else(make: Make, tmp_path: Path) -> None:
    elsewhere = a_record("GHSA-1", "other", span(("introduced", "0")), aliases=["CVE-1"], severity=[{"score": BAD}])
    never = a_record("BIT-1", "one", span(("introduced", "9")), aliases=["CVE-1"], severity=[{"score": MEDIUM}])
    mine = a_record("PYSEC-1", "one", span(("introduced", "0"), ("fixed", "2")), aliases=["CVE-1"])
    (found,) = make(a_feed(tmp_path, mine, elsewhere, never)).affecting("one", "1")
    assert (found.id, found.aliases, found.severity) == ("PYSEC-1", ("CVE-1",), Severity.CRITICAL)


def test_dumps_are_merged(make: Make, tmp_path: Path) -> None:
    one = a_feed(tmp_path, a_record("PYSEC-1", "one", span(("introduced", "0"), ("fixed", "2")), aliases=["CVE-1"]))
    other = a_feed(
        tmp_path,
        a_record("OWN-1", "one", span(("introduced", "0"), ("fixed", "3"))),
        a_record(
            "GHSA-1", "one", span(("introduced", "0"), ("fixed", "1.9")), aliases=["CVE-1"], severity=[{"score": BAD}]
        ),
        name="own.zip",
    )
    advisories = make(one, other)
    assert [(row.id, row.aliases, row.fixed_in) for row in advisories.affecting("one", "1")] == [
        ("PYSEC-1", ("CVE-1", "GHSA-1"), "1.9"),
        ("OWN-1", (), "3"),
    ]
    assert [(state.source, state.records) for state in advisories.feeds] == [(one.url, 1), (other.url, 2)]


def test_packages_of_other_ecosystems_are_others(make: Make, tmp_path: Path) -> None:
    foreign = {"id": "GHSA-1", "affected": [affects("npm", "one", until("9")), affects("PyPI", "two", until("9"))]}
    advisories = make(a_feed(tmp_path, foreign), Feed(ecosystem="Debian", url="file:///nowhere", configured=True))
    assert ids(advisories, "one", "1") == []
    assert ids(advisories, "two", "1") == ["GHSA-1"]
    assert [state.ecosystem for state in advisories.feeds] == ["PyPI"]


def test_threads_get_the_same_and_closing_is_no_end(make: Make, tmp_path: Path) -> None:
    advisories = make(a_feed(tmp_path, *RECORDS))
    questions = [(known.record["affected"][0]["package"]["name"], one) for known in SAMPLE for one in known.hit] * 3
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda question: advisories.affecting(*question), questions))
    alone = make(a_feed(tmp_path, *RECORDS))
    assert found == [alone.affecting(*question) for question in questions]
    with advisories:
        pass
    assert ids(advisories, "plain", "0.5") == ["PYSEC-2025-1"]


def test_only_so_many_answers_are_held(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.adapters.advisories.pins.ROOM", 2)
    advisories = make(a_feed(tmp_path, *RECORDS))
    for version in ("1.0", "1.1", "1.2", "1.0", "1.0"):
        assert ids(advisories, "plain", version) == ["PYSEC-2025-1"]


# hostile and broken input


def test_hostile_records_are_bounded_and_broken_ones_are_told(make: Make, tmp_path: Path) -> None:
    hostile = a_record(
        "PYSEC-1", "one", span(("introduced", "0")), details="\x1b]8;;https://x\x07 @everybody " + "<img>" * 1_000_000
    )
    cyclic = a_record(
        "PYSEC-2", "two", span(("fixed", "1"), ("introduced", "3"), ("fixed", "2"), ("introduced", "odd"))
    )
    feed = a_feed(tmp_path, hostile, cyclic, anonymous=b'{"summary": "no id"}', half=b'{"id": "PYSEC-3"', list=b"[]")
    advisories = make(feed)
    (found,) = advisories.affecting("one", "1")
    assert len(found.summary) == 200
    assert found.summary.isprintable()
    assert ids(advisories, "two", "3") == ["PYSEC-2"]
    (state,) = advisories.feeds
    assert (state.records, state.problem) == (2, f"3 of the advisories of PyPI at {feed.url} cannot be read")
    (index,) = (tmp_path / "osv").glob("*.sqlite")
    assert index.stat().st_size < 100_000


def test_five_megabytes_of_text_come_with_a_change_as_well(make: Make) -> None:
    with OsvBucket(a_record("PYSEC-1", "one", span(("introduced", "0"), ("fixed", "2")))) as bucket:
        feed = Feed(ecosystem="PyPI", url=bucket.url, configured=True)
        first = make(feed)
        assert ids(first, "one", "2") == []
        changed = a_record("PYSEC-1", "one", span(("introduced", "0")), details="word " * 1_000_000)
        bucket.put({**changed, "modified": "2026-11-24T10:00:00Z"})
        bucket.asked()
        second = make(feed, hours=1)
        assert ids(second, "one", "2") == ["PYSEC-1"]
        assert bucket.asked() == ["modified_id.csv", "PYSEC-1.json"]
        assert second.edition != first.edition


def test_a_damaged_index_is_told(make: Make, tmp_path: Path) -> None:
    feed = a_feed(tmp_path, *RECORDS)
    assert ids(make(feed), "plain", "1.0")
    (index,) = (tmp_path / "osv").glob("*.sqlite")
    index.write_bytes(b"nonsense" * 1000)
    with pytest.raises(Unavailable, match="cannot be read"):
        make(feed).affecting("plain", "1.0")
    assert ids(make(feed), "plain", "1.0")


# states


def test_a_feed_says_how_old_it_is_and_how_much_it_holds(make: Make, tmp_path: Path) -> None:
    feed = a_feed(tmp_path, *RECORDS)
    (state,) = make(feed).feeds
    assert state == FeedState(ecosystem="PyPI", source=feed.url, as_of=state.as_of, records=len(RECORDS) - 1)
    assert state.as_of is not None


def test_editions_differ_when_the_records_do(make: Make, tmp_path: Path) -> None:
    feed = a_feed(tmp_path, RECORDS[0])
    first = make(feed).edition
    assert make(feed).edition == first
    a_feed(tmp_path, *RECORDS)
    assert make(feed).edition != first
    assert make().edition != first


def test_a_configured_dump_that_cannot_be_had_is_never_silence(make: Make, tmp_path: Path) -> None:
    gone = Feed(ecosystem="PyPI", url=(tmp_path / "gone.zip").as_uri(), configured=True)
    advisories = make(gone)
    assert ids(advisories, "plain", "1.0") == []
    (state,) = advisories.feeds
    assert (state.as_of, state.records) == (None, None)
    assert "the advisories of PyPI cannot be brought up to date: " in state.problem
    assert state.problem.endswith("none are known")


def test_an_address_is_shown_without_its_secrets(make: Make) -> None:
    with OsvBucket(RECORDS[0]) as bucket:
        secret = bucket.url.replace("http://", "http://user:secret@") + "?token=secret"
        (state,) = make(Feed(ecosystem="PyPI", url=secret, configured=True)).feeds
        assert (state.source, state.problem, state.records) == (bucket.url, "", 1)
        bucket.said["all.zip"] = Said(status=403)
        (state,) = make(Feed(ecosystem="PyPI", url=secret, configured=True), hours=200).feeds
        assert state.problem
        assert "secret" not in state.problem


# the choice


class Index:
    """Stands for the package index's own answers."""

    edition = "index"
    feeds = (FeedState(ecosystem="PyPI", source="index", as_of=NOW),)

    def affecting(self, name: str, version: str) -> tuple[Advisory, ...]:
        return (Advisory(id="INDEX-1"),)


def test_without_a_dump_the_index_is_asked(make: Make) -> None:
    chosen: PinAdvisories = ChosenAdvisories(make(DEFAULT), Index())
    assert (ids(chosen, "plain", "1"), chosen.feeds, chosen.edition) == (["INDEX-1"], Index.feeds, "index")


def test_a_configured_dump_is_never_replaced_by_the_index(make: Make, tmp_path: Path) -> None:
    gone = Feed(ecosystem="PyPI", url=(tmp_path / "gone.zip").as_uri(), configured=True)
    chosen = ChosenAdvisories(make(gone), Index())
    assert ids(chosen, "plain", "1") == []
    assert [state.as_of for state in chosen.feeds] == [None]
    assert chosen.edition != "index"


def test_a_default_dump_is_used_where_it_is_at_hand_or_wanted(make: Make) -> None:
    with OsvBucket(*RECORDS) as bucket:
        feed = Feed(ecosystem="PyPI", url=bucket.url, configured=False)
        assert ids(ChosenAdvisories(make(feed), Index()), "plain", "1.9") == ["INDEX-1"]
        assert bucket.asked() == []
        assert ids(ChosenAdvisories(make(feed, eager=True), Index()), "plain", "1.9") == ["PYSEC-2025-1"]
        assert ids(ChosenAdvisories(make(feed), Index()), "plain", "1.9") == ["PYSEC-2025-1"]
    later = make(feed, hours=3)
    assert ids(ChosenAdvisories(later, Index()), "plain", "1.9") == ["PYSEC-2025-1"]
    assert [(state.as_of, state.problem) for state in later.feeds] == [(NOW, "")]


def test_a_default_dump_that_cannot_be_had_leaves_it_to_the_index(make: Make) -> None:
    with OsvBucket(*RECORDS) as bucket:
        bucket.said["all.zip"] = Said(status=404)
        feed = Feed(ecosystem="PyPI", url=bucket.url, configured=False)
        dumps = make(feed, eager=True)
        assert ids(ChosenAdvisories(dumps, Index()), "plain", "1.9") == ["INDEX-1"]
        assert [state.problem for state in dumps.feeds] == ["no advisories of PyPI are at hand"]


def test_the_default_is_public_and_not_configured() -> None:
    assert DEFAULT.url.endswith("/PyPI/all.zip")
    assert not DEFAULT.configured
    assert json.dumps(RECORDS)


def test_a_dump_whose_records_were_all_withdrawn_is_a_dump_and_says_that_nothing_is_wrong(
    tmp_path: Path, http: Http
) -> None:
    folder = tmp_path / "records"
    folder.mkdir()
    record = {"id": "PYSEC-2026-1", "modified": "2026-11-01T00:00:00Z", "withdrawn": "2026-11-02T00:00:00Z",
              "affected": [{"package": {"ecosystem": "PyPI", "name": "plain"}, "versions": ["1.0"]}]}  # fmt: skip
    (folder / "PYSEC-2026-1.json").write_text(json.dumps(record))
    feed = Feed(ecosystem="PyPI", url=folder.as_uri(), configured=True)
    with DumpAdvisories(http, [feed], tmp_path / "kept", lambda: NOW) as advisories:
        assert advisories.affecting("plain", "1.0") == ()
        (state,) = advisories.feeds
        assert (state.problem, state.records) == ("", 0)
