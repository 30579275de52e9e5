"""The adapter over real zips, folders and files, and a scripted web server."""

import io
import json
import os
import sqlite3
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.adapters.advisories import documents
from bot.adapters.advisories.osv import DEFAULTS, Feed, OsvAdvisories
from bot.errors import StoreError, Unavailable
from bot.model.contents import Advisory, SourceMove
from bot.model.packages import OsRelease
from bot.model.policy import Severity
from bot.system.http import Http
from tests.formats import osv_records as written
from tests.rig.web import Said, Seen, WebServer

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
DEBIAN = OsRelease(id="debian", version="12", codename="bookworm")
NOBLE = OsRelease(id="ubuntu", version="24.04")
JAMMY = OsRelease(id="ubuntu", version="22.04")
ALPINE = OsRelease(id="alpine", version="3.20.3")
GLASS = SourceMove(source="glass", old="2.36-9", new="2.36-9+deb12u3")
PIPES = SourceMove(source="pipes", old="8.15-1", new="8.15-1ubuntu0.1")
BUSYBOX = SourceMove(source="busybox", old="1.36.1-r28", new="1.36.1-r29")
STONES = SourceMove(source="stones", old="1-1", new="1-2")
Make = Callable[..., OsvAdvisories]


@pytest.fixture
def http(monkeypatch: pytest.MonkeyPatch) -> Iterator[Http]:
    monkeypatch.setenv("no_proxy", "*")
    with Http(sleep=lambda _seconds: None) as client:
        yield client


@pytest.fixture
def make(http: Http, tmp_path: Path) -> Make:
    """Make the adapter at noon or some hours later; all that are made share a folder."""

    def build(*feeds: Feed, hours: float = 0, eager: bool = False) -> OsvAdvisories:
        return OsvAdvisories(http, feeds, tmp_path / "osv", lambda: NOW + timedelta(hours=hours), eager=eager)

    return build


def zipped(*records: Any, **files: bytes) -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive:
        for record in records:
            archive.writestr(f"{record['id']}.json", json.dumps(record))
        for name, text in files.items():
            archive.writestr(f"{name}.json", text)
    return body.getvalue()


def a_feed(url: str | Path, ecosystem: str = "Debian", *, configured: bool = True) -> Feed:
    url = url.as_uri() if isinstance(url, Path) else url
    return Feed(ecosystem=ecosystem, url=url, configured=configured)


def a_zip(tmp_path: Path, *records: Any, name: str = "all.zip", **files: bytes) -> Path:
    path = tmp_path / name
    path.write_bytes(zipped(*records, **files))
    return path


def ids(advisories: OsvAdvisories, os: OsRelease = DEBIAN, move: SourceMove = GLASS) -> list[str] | None:
    found = advisories.fixed(os, [move])
    return None if found is None else [one.id for one in found[move]]


class Server:
    """Serves one file with an ETag or a date, and 304 where that is what the client has; it has no list of changes."""

    def __init__(self, body: bytes, **headers: str) -> None:
        self.body, self.headers, self.status = body, headers, 200
        self.web = WebServer(self._answer)

    def _answer(self, seen: Seen) -> Said:
        if not seen.path.endswith("/all.zip"):
            return Said(status=404)
        held = seen.headers.get("if-none-match") or seen.headers.get("if-modified-since")
        if held and held in self.headers.values():
            return Said(status=304)
        return Said(status=self.status, body=self.body if self.status == 200 else b"", headers=self.headers)

    @property
    def url(self) -> str:
        return f"{self.web.url}/Debian/all.zip"

    @property
    def asked(self) -> list[Seen]:
        """Give the requests for the file."""
        return [seen for seen in self.web.log if seen.path == "/Debian/all.zip"]


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def start(body: bytes, **headers: str) -> Server:
        servers.append(Server(body, **{name.replace("_", "-"): text for name, text in headers.items()}))
        servers[-1].web.__enter__()
        return servers[-1]

    yield start
    for server in servers:
        server.web.__exit__(None, None, None)


# what a move fixes


def test_a_move_fixes_one_advisory_for_each_flaw(make: Make, tmp_path: Path) -> None:
    advisories = make(a_feed(a_zip(tmp_path, *written.ALL)))
    assert advisories.fixed(DEBIAN, [GLASS, STONES]) == {
        GLASS: (
            Advisory(
                id="CVE-2025-1001",
                aliases=("DEBIAN-CVE-2025-1001", "DSA-9001-1"),
                severity=Severity.CRITICAL,
                url="https://osv.dev/vulnerability/DEBIAN-CVE-2025-1001",
            ),
            Advisory(id="CVE-2025-1002", aliases=("DSA-9001-1",), url="https://osv.dev/vulnerability/DSA-9001-1"),
        ),
        STONES: (),
    }
    assert advisories.problems == ()


def test_each_release_and_each_system_has_its_own(make: Make, tmp_path: Path) -> None:
    path = a_zip(tmp_path, *written.ALL)
    advisories = make(*(a_feed(path, name) for name in ("Debian", "Ubuntu", "Alpine")))
    assert ids(advisories, NOBLE, PIPES) == ["CVE-2025-2001", "CVE-2025-2002"]
    assert ids(advisories, JAMMY, SourceMove(source="pipes", old="8.12-1", new="8.12-1ubuntu0.2")) == []
    assert ids(advisories, JAMMY, SourceMove(source="pipes", old="8.12-1", new="8.12-1ubuntu0.1~esm1")) == [
        "CVE-2025-2001"
    ]
    assert ids(advisories, ALPINE, BUSYBOX) == ["CVE-2025-3001"]
    assert ids(advisories, DEBIAN, BUSYBOX) == []


def test_systems_that_no_feed_knows_are_unknown(make: Make, tmp_path: Path) -> None:
    advisories = make(a_feed(a_zip(tmp_path, *written.ALL)))
    for system in (
        OsRelease(id="debian", version="9"),
        OsRelease(id="debian", version=""),
        OsRelease(id="rhel", version="9.4"),
        ALPINE,
    ):
        assert advisories.fixed(system, [GLASS]) is None
        assert advisories.named(system, ["CVE-2025-1001"]) == {}
    assert advisories.as_of(ALPINE) is None


def test_how_bad_a_flaw_is_that_only_a_notice_names_is_looked_up(make: Make, tmp_path: Path) -> None:
    elsewhere = {**written.DEBIAN_CVE, "affected": [written.affects("Debian:13", "other", written.until("9"))]}
    (found,) = (make(a_feed(a_zip(tmp_path, written.DEBIAN_NOTICE, elsewhere))).fixed(DEBIAN, [GLASS]) or {}).values()
    assert [(one.id, one.severity) for one in found] == [
        ("CVE-2025-1001", Severity.CRITICAL),
        ("CVE-2025-1002", Severity.UNKNOWN),
    ]


def test_ids_are_looked_up_by_any_of_their_names(make: Make, tmp_path: Path) -> None:
    advisories = make(a_feed(a_zip(tmp_path, *written.ALL)))
    found = advisories.named(DEBIAN, ["CVE-2025-1001", "DSA-9001-1", "DEBIAN-CVE-2025-1003", "CVE-1999-1"])
    assert {name: (one.id, one.aliases, one.severity) for name, one in found.items()} == {
        "CVE-2025-1001": ("CVE-2025-1001", ("DEBIAN-CVE-2025-1001", "DSA-9001-1"), Severity.CRITICAL),
        "DSA-9001-1": (
            "DSA-9001-1",
            ("CVE-2025-1001", "CVE-2025-1002", "DEBIAN-CVE-2025-1001"),
            Severity.UNKNOWN,
        ),
        "DEBIAN-CVE-2025-1003": ("DEBIAN-CVE-2025-1003", ("CVE-2025-1003",), Severity.LOW),
    }


def test_withdrawn_records_and_those_of_other_systems_are_left_out(make: Make, tmp_path: Path) -> None:
    gone = {**written.DEBIAN_NOTICE, "withdrawn": "2025-05-01T00:00:00Z"}
    advisories = make(a_feed(a_zip(tmp_path, written.DEBIAN_CVE, written.PYPI, gone)))
    assert ids(advisories) == ["CVE-2025-1001"]


def test_versions_alone_are_enough(make: Make, tmp_path: Path) -> None:
    affected = written.affects("Debian:12", "glass", [], versions=["2.36-9"])
    assert ids(make(a_feed(a_zip(tmp_path, {"id": "CVE-2025-7", "affected": [affected]})))) == ["CVE-2025-7"]


def test_many_records_are_written_in_batches(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.adapters.advisories.writing.BATCH", 1)
    assert ids(make(a_feed(a_zip(tmp_path, *written.ALL)))) == ["CVE-2025-1001", "CVE-2025-1002"]


def test_feeds_of_one_system_are_merged(make: Make, tmp_path: Path) -> None:
    own = {**written.DEBIAN_OPEN, "affected": [written.affects("Debian:12", "glass", written.until("2.36-9+deb12u2"))]}
    one, other = a_zip(tmp_path, written.DEBIAN_CVE, name="1.zip"), a_zip(tmp_path, own, name="2.zip")
    assert ids(make(a_feed(one), a_feed(other))) == ["CVE-2025-1001", "CVE-2025-1003"]


# where records come from


def test_a_folder_and_a_list_serve_as_well(make: Make, tmp_path: Path) -> None:
    folder, one, single = tmp_path / "a folder", tmp_path / "list.json", tmp_path / "single.json"
    folder.mkdir()
    (folder / "1.json").write_text(json.dumps(written.DEBIAN_CVE))
    (folder / "2.json").write_text("{")
    (folder / "3.json").mkdir()
    (folder / "README").write_text("nothing to read")
    one.write_text(json.dumps([written.DEBIAN_NOTICE, 7]))
    single.write_text(json.dumps(written.DEBIAN_OPEN))
    advisories = make(a_feed(folder), a_feed(one), a_feed(single))
    assert ids(advisories) == ["CVE-2025-1001", "CVE-2025-1002"]
    assert advisories.problems == (
        f"1 of the advisories of Debian at {one.as_uri()} cannot be read",
        f"2 of the advisories of Debian at {folder.as_uri()} cannot be read",
    )


def test_an_unchanged_source_is_read_once(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = a_zip(tmp_path, written.DEBIAN_CVE)
    os.utime(path, (1_700_000_000, 1_700_000_000))
    first = make(a_feed(path))
    assert ids(first) == ["CVE-2025-1001"]
    assert first.as_of(DEBIAN) == datetime.fromtimestamp(1_700_000_000, UTC)
    with monkeypatch.context() as patch:
        patch.setattr("bot.adapters.advisories.feeds.documents", lambda _path: pytest.fail("it is read again"))
        assert ids(make(a_feed(path))) == ["CVE-2025-1001"]
    a_zip(tmp_path, written.DEBIAN_NOTICE)
    assert ids(make(a_feed(path))) == ["CVE-2025-1001", "CVE-2025-1002"]


def test_an_index_of_another_version_of_ours_is_made_anew(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = a_zip(tmp_path, written.DEBIAN_CVE)
    assert ids(make(a_feed(path))) == ["CVE-2025-1001"]
    monkeypatch.setattr("bot.adapters.advisories.tables.FORM", "99")
    assert not make()._folder.holds(a_feed(path))
    assert ids(make(a_feed(path))) == ["CVE-2025-1001"]
    assert make()._folder.holds(a_feed(path))


def test_nothing_is_read_before_it_is_needed(make: Make, tmp_path: Path) -> None:
    advisories = make(a_feed(tmp_path / "missing.zip"), a_feed(a_zip(tmp_path, written.ALPINE_CVE), "Alpine"))
    assert ids(advisories, ALPINE, BUSYBOX) == ["CVE-2025-3001"]
    assert advisories.problems == ()
    assert ids(advisories) is None
    assert len(advisories.problems) == 1


def test_threads_share_one_reading(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def counted(path: Path) -> Iterator[Any]:
        calls.append(path)
        return documents.documents(path)

    monkeypatch.setattr("bot.adapters.advisories.feeds.documents", counted)
    advisories = make(a_feed(a_zip(tmp_path, *written.ALL)))
    with ThreadPoolExecutor(8) as pool:
        assert len({tuple(found or ()) for found in pool.map(lambda _: ids(advisories), range(16))}) == 1
    assert len(calls) == 1


# over http


def test_a_feed_is_asked_for_conditionally(make: Make, serve: Callable[..., Server], tmp_path: Path) -> None:
    server = serve(zipped(written.DEBIAN_CVE), etag='"1"')
    feed = a_feed(server.url)
    for hours in (0, 0.2, 1):
        assert ids(make(feed, hours=hours)) == ["CVE-2025-1001"]
    last = make(feed, hours=2)
    assert ids(last) == ["CVE-2025-1001"]
    assert [seen.headers.get("if-none-match") for seen in server.asked] == [None, *['"1"'] * 3]
    assert last.as_of(DEBIAN) == NOW + timedelta(hours=2)
    assert sorted(path.suffix for path in (tmp_path / "osv").iterdir()) == [".json", ".sqlite"]
    server.body, server.headers = zipped(written.DEBIAN_NOTICE), {"etag": '"2"'}
    assert ids(make(feed, hours=3)) == ["CVE-2025-1001", "CVE-2025-1002"]


def test_without_an_etag_the_date_is_the_condition(make: Make, serve: Callable[..., Server]) -> None:
    server = serve(zipped(written.DEBIAN_CVE), last_modified="Tue, 24 Nov 2026 10:00:00 GMT")
    for hours in (0, 1):
        assert ids(make(a_feed(server.url), hours=hours)) == ["CVE-2025-1001"]
    assert [seen.headers.get("if-modified-since") for seen in server.asked] == [
        None,
        "Tue, 24 Nov 2026 10:00:00 GMT",
    ]


def test_the_same_bytes_are_not_read_again(
    make: Make, serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(zipped(written.DEBIAN_CVE, broken=b"{"))
    assert ids(make(a_feed(server.url))) == ["CVE-2025-1001"]
    monkeypatch.setattr("bot.adapters.advisories.feeds.documents", lambda _path: pytest.fail("it is read again"))
    again = make(a_feed(server.url), hours=1)
    assert ids(again) == ["CVE-2025-1001"]
    assert again.problems == (f"1 of the advisories of Debian at {server.url} cannot be read",)
    assert len(server.asked) == 2


@pytest.mark.parametrize("status", [500, 404, 304])
def test_a_configured_feed_that_fails_is_a_problem_and_old_data_is_used(
    make: Make, serve: Callable[..., Server], status: int
) -> None:
    server = serve(zipped(written.DEBIAN_CVE))
    feed = a_feed(server.url)
    server.status = status
    first = make(feed)
    assert ids(first) is None
    assert first.problems == (
        f"the advisories of Debian cannot be brought up to date: {server.url} answers {status}; none are known",
    )
    server.status = 200
    assert ids(make(feed)) == ["CVE-2025-1001"]
    server.status = 500
    later = make(feed, hours=50)
    assert ids(later) == ["CVE-2025-1001"]
    assert later.problems == (
        f"the advisories of Debian cannot be brought up to date: {server.url} answers 500; "
        "those of 2026-11-24 are used",
    )
    assert later.as_of(DEBIAN) == NOW


def test_something_else_than_records_does_not_take_the_place_of_records(
    make: Make, serve: Callable[..., Server]
) -> None:
    server = serve(zipped(written.DEBIAN_CVE))
    assert ids(make(a_feed(server.url))) == ["CVE-2025-1001"]
    for hours, body in enumerate(
        [b"<html>", zipped(written.PYPI), zipped(broken=b"{"), b"[", b"PK\x05\x06" + bytes(18)], 1
    ):
        server.body = body
        later = make(a_feed(server.url), hours=hours)
        assert ids(later) == ["CVE-2025-1001"]
        assert len(later.problems) == 1
        assert later.as_of(DEBIAN) == NOW


# default feeds


def test_a_default_feed_is_not_fetched_by_itself(make: Make, serve: Callable[..., Server]) -> None:
    server = serve(zipped(written.DEBIAN_CVE))
    feed = a_feed(server.url, configured=False)
    assert ids(make(feed)) is None
    assert server.web.log == []
    assert ids(make(feed, eager=True)) == ["CVE-2025-1001"]
    assert ids(make(feed, hours=1)) == ["CVE-2025-1001"]
    assert len(server.asked) == 2


def test_a_default_feed_that_fails_is_left_alone_for_hours_without_a_word(
    make: Make, serve: Callable[..., Server]
) -> None:
    server = serve(zipped(written.DEBIAN_CVE))
    server.status = 500
    feed = a_feed(server.url, configured=False)
    for hours in (0, 1, 5.9):
        advisories = make(feed, hours=hours, eager=True)
        assert ids(advisories) is None
        assert advisories.problems == ()
    assert len(server.asked) == 1
    server.status = 200
    assert ids(make(feed, hours=6.1, eager=True)) == ["CVE-2025-1001"]
    server.status = 500
    for hours in (10, 11):
        assert ids(make(feed, hours=hours)) == ["CVE-2025-1001"]
    assert len(server.asked) == 3


def test_default_feeds_are_public_and_not_configured() -> None:
    assert [feed.ecosystem for feed in DEFAULTS] == ["Debian", "Ubuntu", "Alpine"]
    assert all(feed.url.endswith(f"/{feed.ecosystem}/all.zip") and not feed.configured for feed in DEFAULTS)


# hostile and broken input


def test_records_that_cannot_be_read_are_counted(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "RECORD_BYTES", 10_000)
    hostile: dict[str, Any] = {
        "deep": b"[" * 9_000,
        "bomb": b'{"id": "CVE-2025-8", "details": "' + b"x" * 50_000 + b'"}',
        "bytes": b"\xff\xfe\x00",
        "half": json.dumps(
            {"id": "CVE-2025-9", "affected": [written.affects("Debian:12", "\ud800", written.until("1"))]}
        ).encode(),
        "../../outside": json.dumps(written.DEBIAN_NOTICE).encode(),
    }
    advisories = make(a_feed(a_zip(tmp_path, written.DEBIAN_CVE, **hostile)))
    assert ids(advisories) == ["CVE-2025-1001", "CVE-2025-1002"]
    assert [text.partition(" of ")[0] for text in advisories.problems] == ["3"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["all.zip", "osv"]


def test_a_bomb_is_not_read_to_its_end(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = a_zip(tmp_path, written.DEBIAN_CVE, written.DEBIAN_NOTICE)
    with monkeypatch.context() as patch:
        patch.setattr(documents, "TOTAL_BYTES", 1000)
        advisories = make(a_feed(path))
        assert ids(advisories) is None
        assert "there is more than the 1000 bytes" in advisories.problems[0]
    monkeypatch.setattr(documents, "RECORDS", 1)
    assert ids(make(a_feed(path))) is None


def test_members_that_are_damaged_or_packed_strangely_are_counted(make: Make, tmp_path: Path) -> None:
    path = tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("1.json", json.dumps(written.DEBIAN_CVE), zipfile.ZIP_DEFLATED)
        archive.writestr("2.json", json.dumps(written.DEBIAN_NOTICE), zipfile.ZIP_LZMA)
        archive.writestr("3.json", json.dumps({**written.DEBIAN_NOTICE, "id": "DSA-9-9"}), zipfile.ZIP_STORED)
        archive.writestr("readme.txt", "nothing")
    path.write_bytes(path.read_bytes().replace(b"DSA-9-9", b"DSA-8-8"))
    advisories = make(a_feed(path))
    assert ids(advisories) == ["CVE-2025-1001"]
    assert [text.partition(" of ")[0] for text in advisories.problems] == ["2"]


@pytest.mark.parametrize("cut", [10, 200, -30])
def test_a_zip_that_was_cut_short_is_a_problem(make: Make, tmp_path: Path, cut: int) -> None:
    path = a_zip(tmp_path, written.DEBIAN_CVE)
    path.write_bytes(path.read_bytes()[:cut])
    advisories = make(a_feed(path))
    assert ids(advisories) is None
    assert len(advisories.problems) == 1


def test_a_zip_with_a_damaged_list_of_contents_is_a_problem(make: Make, tmp_path: Path) -> None:
    path = a_zip(tmp_path, written.DEBIAN_CVE)
    path.write_bytes(path.read_bytes().replace(b"PK\x01\x02", b"PK\x09\x09"))
    advisories = make(a_feed(path))
    assert ids(advisories) is None
    assert "all.zip cannot be read" in advisories.problems[0]


def test_a_damaged_index_is_told_and_made_anew(make: Make, tmp_path: Path) -> None:
    feed = a_feed(a_zip(tmp_path, written.DEBIAN_CVE))
    assert ids(make(feed)) == ["CVE-2025-1001"]
    (index,) = (tmp_path / "osv").glob("*.sqlite")
    index.write_bytes(b"nonsense" * 1000)
    with pytest.raises(Unavailable, match="cannot be read"):
        ids(make(feed))
    assert ids(make(feed)) == ["CVE-2025-1001"]
    advisories = make(feed)
    advisories.fixed(DEBIAN, [])
    index.unlink()
    with pytest.raises(Unavailable, match="cannot be read"):
        ids(advisories)


def test_a_folder_that_cannot_be_written_stops_everything(make: Make, tmp_path: Path) -> None:
    (tmp_path / "osv").write_text("a file")
    with pytest.raises(StoreError):
        ids(make(a_feed(a_zip(tmp_path, written.DEBIAN_CVE))))


def test_an_index_that_cannot_be_written_stops_everything(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_args: Any, **_kwargs: Any) -> Any:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr("bot.adapters.advisories.writing._Writer.write", full)
    with pytest.raises(StoreError, match="disk is full"):
        ids(make(a_feed(a_zip(tmp_path, written.DEBIAN_CVE))))
    assert list((tmp_path / "osv").iterdir()) == []
