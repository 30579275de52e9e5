"""The shipped table of lifetimes, and one from a real web server on loopback or a file."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from bot.adapters.lifetimes import shipped
from bot.adapters.lifetimes.shipped import SHIPPED, ShippedLifetimes
from bot.decide.lifetimes import of_os, of_python
from bot.model.contents import LifetimeTable
from bot.model.packages import OsRelease
from bot.ports import Lifetimes
from bot.system.http import Http
from tests.rig.web import Said, Seen, WebServer

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
Answer = Callable[[Seen], Said]


@pytest.fixture
def http(monkeypatch: pytest.MonkeyPatch) -> Iterator[Http]:
    monkeypatch.setenv("no_proxy", "*")
    with Http(sleep=lambda _: None) as client:
        yield client


def document(made: str = "2026-11-20", end: str = "2031-01-01") -> bytes:
    releases = [{"name": "13", "codename": "Trixie", "isEol": False, "eolFrom": end, "eoesFrom": None}]
    answer = {
        "schema_version": "1.2.0",
        "generated_at": f"{made}T01:02:03+00:00",
        "result": [{"name": "debian", "releases": releases}],
    }
    return json.dumps(answer).encode()


def end_of(table: LifetimeTable) -> date | None:
    return next(one.end for one in table.cycles if (one.product, one.release) == ("debian", "13"))


OURS, THEIRS = date(2028, 8, 9), date(2031, 1, 1)


def lifetimes(http: Http, folder: Path, url: str | None, now: datetime = NOW) -> ShippedLifetimes:
    return ShippedLifetimes(http, folder, lambda: now, url)


def with_etag(seen: Seen) -> Said:
    if seen.headers.get("if-none-match") == '"one-ssl"':
        return Said(304)
    return Said(200, document(), {"ETag": '"one-ssl"'})


def test_what_is_shipped_is_ordered_one_product_a_line_and_names_where_it_is_from() -> None:
    text = SHIPPED.read_text(encoding="utf-8")
    found = json.loads(text)
    assert found["source"] == "endoflife.date (MIT)"
    assert found["licence"].startswith("MIT. Copyright")
    assert len(found["commit"]) == 40
    products = list(found["products"])
    assert products == sorted(products)
    assert [line.partition(":")[0].strip('"') for line in text.splitlines()[6:-1]] == products
    assert {field for rows in found["products"].values() for row in rows.values() for field in row} == {
        "codename",
        "eol",
        "eoes",
    }


def test_without_an_address_the_shipped_table_answers(http: Http, tmp_path: Path) -> None:
    port: Lifetimes = lifetimes(http, tmp_path / "new", None)
    table, today = port.table(), date(2026, 8, 22)
    assert table.as_of == today
    assert len(table.cycles) > 400
    for os in (
        OsRelease(id="debian", version="12"),
        OsRelease(id="ubuntu", version="24.04"),
        OsRelease(id="alpine", version="3.22.1"),
        OsRelease(id="rhel", version="9.4"),
        OsRelease(id="rocky", version="9.4"),
        OsRelease(id="almalinux", version="9.4"),
        OsRelease(id="fedora", version="43"),
        OsRelease(id="centos", version="9"),
        OsRelease(id="ol", version="9.4"),
        OsRelease(id="amzn", version="2023"),
        OsRelease(id="opensuse-leap", version="15.6"),
    ):
        assert of_os(table, os, today) is not None, os
    assert of_python(table, "3.12.9", today) is not None
    assert not (tmp_path / "new").exists()


def test_a_newer_table_wins_and_is_read_once_a_day_across_processes(http: Http, tmp_path: Path) -> None:
    with WebServer(with_etag) as server:
        for hours in (0, 1, 23):
            one = lifetimes(http, tmp_path, f"{server.url}/full", NOW + timedelta(hours=hours))
            assert (end_of(one.table()), end_of(one.table()), one.problem) == (THEIRS, THEIRS, "")
        assert server.asked() == ["GET /full"]


def test_after_a_day_it_is_asked_for_again_only_if_it_changed(http: Http, tmp_path: Path) -> None:
    with WebServer(with_etag) as server:
        for days in (0, 1, 2):
            one = lifetimes(http, tmp_path, server.url, NOW + timedelta(days=days))
            assert (end_of(one.table()), one.problem) == (THEIRS, "")
            assert end_of(lifetimes(http, tmp_path, server.url, NOW + timedelta(days=days, hours=1)).table()) == THEIRS
        assert [seen.headers.get("if-none-match") for seen in server.log] == [None, '"one-ssl"', '"one-ssl"']


def test_a_long_lived_service_asks_again_by_itself(http: Http, tmp_path: Path) -> None:
    clock = iter([NOW, NOW + timedelta(hours=23), NOW + timedelta(hours=25), NOW + timedelta(hours=26)])
    bodies = iter([document(end="2031-01-01"), document(end="2032-02-02")])
    with WebServer(lambda _: Said(200, next(bodies))) as server:
        one = ShippedLifetimes(http, tmp_path, lambda: next(clock), server.url)
        assert [end_of(one.table()) for _ in range(4)] == [THEIRS, THEIRS, date(2032, 2, 2), date(2032, 2, 2)]
        assert len(server.log) == 2


def test_without_an_etag_it_is_read_anew_without_a_condition(http: Http, tmp_path: Path) -> None:
    with WebServer(lambda _: Said(200, document())) as server:
        for days in (0, 2):
            assert end_of(lifetimes(http, tmp_path, server.url, NOW + timedelta(days=days)).table()) == THEIRS
        assert [seen.headers.get("if-none-match") for seen in server.log] == [None, None]


def test_an_etag_that_cannot_be_sent_back_is_left_out(http: Http, tmp_path: Path) -> None:
    with WebServer(lambda _: Said(200, document(), {"ETag": '"\xfc"'})) as server:
        for days in (0, 2):
            one = lifetimes(http, tmp_path, server.url, NOW + timedelta(days=days))
            assert (end_of(one.table()), one.problem) == (THEIRS, "")
        assert [seen.headers.get("if-none-match") for seen in server.log] == [None, None]


@pytest.mark.parametrize("made", ["2026-08-22", "2024-01-01"])
def test_a_table_that_is_not_newer_does_not_win(http: Http, tmp_path: Path, made: str) -> None:
    with WebServer(lambda _: Said(200, document(made))) as server:
        one = lifetimes(http, tmp_path, server.url)
        assert (end_of(one.table()), one.problem) == (OURS, "")


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (Said(404, b"<html>"), "it answers 404"),
        (Said(304), "it answers 304"),
        (Said(403), "it answers 403"),
        (Said(500), "answers 500"),
        (Said(503), "answers 503"),
        (Said(200, b"<html>"), "is not JSON"),
        (Said(200, b""), "is not JSON"),
        (Said(200, b"\xff\xfe"), "is not text in UTF-8"),
        (Said(200, b"[" * 100_000), "is not JSON"),
        (Said(200, b'{"result": []}'), "only version 1 is understood"),
        (Said(200, document("soon")), "when it was made"),
        (Said(200, b"x", {"content-length": str(10**11)}), "more than the 16777216 bytes"),
        (Said(302, headers={"location": "http://127.0.0.9/x"}), "plain http"),
    ],
)
def test_what_cannot_be_had_or_understood_is_passed_over_and_said(
    http: Http, tmp_path: Path, said: Said, why: str
) -> None:
    with WebServer(lambda _: said) as server:
        one = lifetimes(http, tmp_path, f"{server.url}/full?token=secret")
        assert end_of(one.table()) == OURS
        assert one.problem.startswith(f"the lifetimes at {server.url}/full cannot be used: ")
        assert why in one.problem
        assert "secret" not in one.problem
        assert list(tmp_path.iterdir()) == []


def test_a_failure_is_not_repeated_for_an_hour_and_then_forgotten(http: Http, tmp_path: Path) -> None:
    clock = iter([NOW, NOW + timedelta(minutes=59), NOW + timedelta(minutes=60)])
    answers = iter([Said(404), Said(200, document())])
    with WebServer(lambda _: next(answers)) as server:
        one = ShippedLifetimes(http, tmp_path, lambda: next(clock), server.url)
        assert [(end_of(one.table()), bool(one.problem)) for _ in range(3)] == [
            (OURS, True),
            (OURS, True),
            (THEIRS, False),
        ]


def test_an_older_copy_stands_in_while_the_address_fails(http: Http, tmp_path: Path) -> None:
    answers = iter([Said(200, document()), Said(404)])
    with WebServer(lambda _: next(answers)) as server:
        assert end_of(lifetimes(http, tmp_path, server.url).table()) == THEIRS
        one = lifetimes(http, tmp_path, server.url, NOW + timedelta(days=3))
        assert end_of(one.table()) == THEIRS
        assert "it answers 404" in one.problem


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:-5],
        lambda data: b"",
        lambda data: b"[1]\n" + data,
        lambda data: b"{}\n" + data,
        lambda data: data.replace(b'"asked": "2026', b'"asked": "when'),
    ],
)
def test_a_damaged_copy_is_as_good_as_none(http: Http, tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    with WebServer(with_etag) as server:
        lifetimes(http, tmp_path, server.url).table()
        (copy,) = tmp_path.iterdir()
        copy.write_bytes(damage(copy.read_bytes()))
        one = lifetimes(http, tmp_path, server.url)
        assert (end_of(one.table()), one.problem) == (THEIRS, "")
        assert [seen.headers.get("if-none-match") for seen in server.log] == [None, None]


def test_a_copy_from_the_future_is_not_relied_on(http: Http, tmp_path: Path) -> None:
    with WebServer(with_etag) as server:
        lifetimes(http, tmp_path, server.url, NOW + timedelta(days=900)).table()
        lifetimes(http, tmp_path, server.url).table()
        assert len(server.log) == 2


def test_each_address_has_its_own_copy(http: Http, tmp_path: Path) -> None:
    with WebServer(lambda seen: Said(200, document(end=seen.path[1:]))) as server:
        for end in ("2031-01-01", "2033-03-03"):
            assert end_of(lifetimes(http, tmp_path, f"{server.url}/{end}").table()) == date.fromisoformat(end)


def test_a_folder_that_cannot_be_used_costs_only_the_copy(http: Http, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    with WebServer(with_etag) as server:
        one = lifetimes(http, blocked / "sub", server.url)
        assert end_of(one.table()) == THEIRS
    assert "cannot be written" in one.problem


def test_many_threads_ask_once(http: Http, tmp_path: Path) -> None:
    with WebServer(with_etag) as server, ThreadPoolExecutor(8) as pool:
        one = lifetimes(http, tmp_path, server.url)
        assert {end_of(table) for table in pool.map(lambda _: one.table(), range(16))} == {THEIRS}
        assert len(server.log) == 1


def test_a_file_is_read_too(http: Http, tmp_path: Path) -> None:
    path = tmp_path / "a table.json"
    path.write_bytes(document())
    one = lifetimes(http, tmp_path / "kept", path.as_uri())
    assert (end_of(one.table()), one.problem) == (THEIRS, "")
    path.write_bytes(SHIPPED.read_bytes())
    assert end_of(lifetimes(http, tmp_path / "kept", path.as_uri()).table()) == THEIRS
    one = lifetimes(http, tmp_path / "kept", path.as_uri(), NOW + timedelta(days=1))
    assert (end_of(one.table()), one.problem) == (OURS, "")


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("file:///no/such/table.json", "there is no such file"),
        ("file:///dev/zero", "there is no such file"),
        ("file:///%00", ""),
        ("ftp://table.example/x", ""),
        ("http://[::1", ""),
        ("nonsense", ""),
        ("http://127.0.0.1:1/", "does not answer"),
        ("http://x\udc00/", ""),
    ],
)
def test_an_address_that_leads_nowhere_is_said(http: Http, tmp_path: Path, url: str, why: str) -> None:
    one = lifetimes(http, tmp_path, url)
    assert end_of(one.table()) == OURS
    assert one.problem.startswith("the lifetimes at ")
    assert why in one.problem


def test_a_file_that_is_too_large_is_passed_over(http: Http, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shipped, "TABLE_BYTES", 100)
    path = tmp_path / "table.json"
    path.write_bytes(document())
    one = lifetimes(http, tmp_path / "kept", path.as_uri())
    assert end_of(one.table()) == OURS
    assert "more than the 100 bytes" in one.problem
