"""The index's own JSON over real HTTP."""

import json
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.adapters.advisories import answers
from bot.adapters.advisories.pypi_json import IndexAdvisories
from bot.adapters.indexes.pages import Pages
from bot.errors import Unavailable
from bot.model.contents import Advisory, FeedState
from bot.ports import PinAdvisories
from bot.system.http import Answer, Http
from tests.rig.web import Said, Seen, WebServer

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
Make = Callable[..., IndexAdvisories]


def flaw(
    name: str = "PYSEC-2025-1", *aliases: str, fixed_in: tuple[str, ...] = ("2.0",), **more: Any
) -> dict[str, Any]:
    return {
        "id": name, "aliases": list(aliases), "fixed_in": list(fixed_in), "link": f"https://osv.example/{name}",
        "summary": None, "details": "Everybody gets in.", "source": "osv", "withdrawn": None, **more,
    }  # fmt: skip


class JsonIndex:
    """Serves `…/pypi/NAME/VERSION/json` with ETags; `rows` are the vulnerabilities of releases it knows."""

    def __init__(self) -> None:
        self.rows: dict[str, Any] = {"pip/19.1": [flaw()], "plain/1.0": [flaw()], "good/1.0": []}
        self.projects = {"pip", "plain", "good"}
        self.said: Callable[[Seen], Said | None] = lambda _seen: None
        self.web = WebServer(self._answer)

    def _answer(self, seen: Seen) -> Said:
        if (said := self.said(seen)) is not None:
            return said
        subject = seen.path.removeprefix("/root/pypi/").removesuffix("/json")
        if subject not in self.rows:
            return Said(status=404)
        body = json.dumps({"info": {}, "urls": [], "vulnerabilities": self.rows[subject]}).encode()
        etag = f'"{len(body)}"'
        return (
            Said(status=304) if seen.headers.get("if-none-match") == etag else Said(body=body, headers={"etag": etag})
        )

    def has(self, name: str) -> bool:
        """Say whether the index has a project."""
        return name in self.projects

    def asked(self) -> list[str]:
        paths = [seen.path.removeprefix("/root/pypi/").removesuffix("/json") for seen in self.web.log]
        self.web.log.clear()
        return paths


@pytest.fixture
def index() -> Iterator[JsonIndex]:
    served = JsonIndex()
    with served.web:
        yield served


@pytest.fixture
def http(monkeypatch: pytest.MonkeyPatch) -> Iterator[Http]:
    monkeypatch.setenv("no_proxy", "*")
    with Http(sleep=lambda _seconds: None) as client:
        yield client


@pytest.fixture
def make(http: Http, tmp_path: Path, index: JsonIndex) -> Make:
    def build(url: str = "", hours: float = 0) -> IndexAdvisories:
        clock = lambda: NOW + timedelta(hours=hours)  # noqa: E731
        pages = Pages(http, [url or f"{index.web.url}/root/simple/"], folder=tmp_path / "pages", clock=clock)
        return IndexAdvisories(pages.get, index.has, pages.places.configured[0].url, tmp_path / "answers", clock)

    return build


def ids(advisories: PinAdvisories, name: str, version: str) -> list[str]:
    return [one.id for one in advisories.affecting(name, version)]


def state(advisories: PinAdvisories) -> FeedState:
    (found,) = advisories.feeds
    return found


# answers


def test_a_release_is_asked_for_by_name_and_version(make: Make, index: JsonIndex) -> None:
    advisories: PinAdvisories = make()
    assert advisories.affecting("plain", "1.0") == (
        Advisory(
            id="PYSEC-2025-1", url="https://osv.example/PYSEC-2025-1", fixed_in="2.0", summary="Everybody gets in."
        ),
    )
    assert ids(advisories, "good", "1.0") == []
    assert index.asked() == ["plain/1.0", "good/1.0"]
    assert state(advisories) == FeedState(ecosystem="PyPI", source="the package index", as_of=NOW)
    assert index.asked() == []


def test_records_of_one_flaw_are_one_row_and_withdrawn_ones_none(make: Make, index: JsonIndex) -> None:
    index.rows["plain/1.0"] = [
        flaw("GHSA-aaaa-bbbb-cccc", "CVE-2025-1", fixed_in=("2.1",)),
        flaw("PYSEC-2025-1", "CVE-2025-1", fixed_in=("0.9", "2.0")),
        flaw("PYSEC-2025-2", withdrawn="2025-01-01T00:00:00Z"),
        flaw("MAL-2025-3", fixed_in=()),
    ]
    malware, found = make().affecting("Plain", "1.0")
    assert malware.malicious
    assert (found.id, found.aliases, found.fixed_in) == ("PYSEC-2025-1", ("CVE-2025-1", "GHSA-aaaa-bbbb-cccc"), "2.0")


def test_it_is_asked_once_a_run_and_from_then_on_conditionally(make: Make, index: JsonIndex) -> None:
    for hours in (0, 0.5, 3):
        advisories = make(hours=hours)
        for _ in range(2):
            assert [one.fixed_in for one in advisories.affecting("plain", "1.0")] == ["2.0"]
        assert state(advisories).as_of == NOW + timedelta(hours=hours)
    assert [bool(seen.headers.get("if-none-match")) for seen in index.web.log] == [False, True, True]
    index.rows["plain/1.0"] = []
    assert ids(make(hours=5), "plain", "1.0") == []


def test_the_age_is_that_of_the_oldest_answer(make: Make, index: JsonIndex) -> None:
    make().affecting("plain", "1.0")
    later = make(hours=0.9)
    later.affecting("good", "1.0")
    assert state(later).as_of == NOW + timedelta(hours=0.9)
    index.said = lambda _seen: Said(status=500)
    later.affecting("plain", "1.0")
    assert state(later).as_of == NOW


def test_a_release_that_the_index_does_not_know_is_no_error(make: Make, index: JsonIndex) -> None:
    advisories = make()
    assert ids(advisories, "private", "1.0") == []
    assert ids(advisories, "private", "2.0") == []
    assert (state(advisories).problem, state(advisories).as_of) == ("", NOW)
    assert index.asked() == ["private/1.0", "private/2.0", "pip/19.1"]
    again = make(hours=0.5)
    assert ids(again, "private", "1.0") == []
    assert state(again).problem == ""
    assert index.asked() == ["private/1.0", "pip/19.1"]


def test_a_local_version_is_asked_for_without_its_local_part(make: Make, index: JsonIndex) -> None:
    assert ids(make(), "plain", "1.0+cu118") == ["PYSEC-2025-1"]
    index.rows["plain/1%210"] = [flaw("PYSEC-2025-9")]
    assert ids(make(), "plain", "1!0") == ["PYSEC-2025-9"]


def test_threads_ask_once(make: Make, index: JsonIndex) -> None:
    advisories = make()
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda number: ids(advisories, ("plain", "good")[number % 2], "1.0"), range(40)))
    assert found == [["PYSEC-2025-1"], []] * 20
    assert sorted(index.asked()) == ["good/1.0", "plain/1.0"]


def test_credentials_of_the_index_open_its_json(make: Make, index: JsonIndex) -> None:
    advisories = make(index.web.url.replace("http://", "http://user:secret@") + "/root/simple")
    assert ids(advisories, "plain", "1.0") == ["PYSEC-2025-1"]
    assert index.web.log[0].authorization == "Basic dXNlcjpzZWNyZXQ="
    assert "secret" not in state(advisories).source


# silence is not safety


SILENT = "the package index answers no questions about advisories"


def test_an_index_without_json_is_a_problem(make: Make, index: JsonIndex) -> None:
    index.rows = {}
    advisories = make()
    with pytest.raises(Unavailable):
        advisories.affecting("plain", "1.0")
    assert (state(advisories).problem, state(advisories).as_of) == (SILENT, None)


def test_an_index_at_another_kind_of_address_is_a_problem(make: Make, index: JsonIndex) -> None:
    advisories = make(f"{index.web.url}/root/+simple/")
    assert ids(advisories, "plain", "1.0") == []
    assert (state(advisories).problem, state(advisories).as_of) == (SILENT, None)
    assert index.asked() == []


@pytest.mark.parametrize(
    "said",
    [
        Said(body=b"<html>"),
        Said(body=b'{"info": {}}'),
        Said(body=b'{"vulnerabilities": [{"summary": "no id"}]}'),
        Said(body=b"[" * 100_000),
        Said(body=b'{"vulnerab', headers={"content-length": "500"}),
        Said(status=500),
        Said(status=401),
        Said(status=304),
        Said(status=400),
    ],
)
def test_an_answer_that_is_none_is_a_problem(make: Make, index: JsonIndex, said: Said) -> None:
    index.said = lambda _seen: said
    advisories = make()
    with pytest.raises(Unavailable):
        advisories.affecting("plain", "1.0")
    assert state(advisories).as_of is None
    assert state(advisories).problem.startswith(f"{SILENT} now: ")


def test_an_index_that_refuses_connections_is_asked_no_more_after_some_failures(
    tmp_path: Path, http: Http, index: JsonIndex
) -> None:
    calls = []

    def refused(url: str, headers: Mapping[str, str], limit: int) -> Answer | None:
        calls.append(url)
        raise Unavailable(f"{url} does not answer")

    advisories = IndexAdvisories(refused, lambda _name: True, "http://index.invalid/simple", tmp_path, lambda: NOW)
    for number in range(10):
        with pytest.raises(Unavailable, match="does not answer"):
            advisories.affecting("plain", f"{number}")
    assert len(calls) == 3
    assert (state(advisories).problem, state(advisories).as_of) == (
        "the package index answers no questions about advisories now: its address does not answer",
        None,
    )


def test_while_the_index_is_away_older_answers_stand_with_their_age(make: Make, index: JsonIndex) -> None:
    make().affecting("plain", "1.0")
    index.said = lambda _seen: Said(status=500)
    later = make(hours=30)
    assert ids(later, "plain", "1.0") == ["PYSEC-2025-1"]
    assert state(later).as_of == NOW
    assert state(later).problem
    with pytest.raises(Unavailable):
        later.affecting("good", "1.0")
    index.said = lambda _seen: None
    assert ids(make(hours=31), "good", "1.0") == []


def test_asked_for_its_state_alone_the_index_is_asked_one_question(make: Make, index: JsonIndex) -> None:
    assert state(make()) == FeedState(ecosystem="PyPI", source="the package index", as_of=NOW)
    assert index.asked() == ["pip/19.1"]
    index.said = lambda _seen: Said(status=500)
    gone = make(hours=2)
    assert state(gone).as_of == NOW
    assert state(gone).problem


# what is kept


def test_what_is_kept_is_small_and_bounded(
    make: Make, index: JsonIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index.rows["plain/1.0"] = [flaw(details="word " * 1_000_000)]
    with make() as advisories:
        advisories.affecting("plain", "1.0")
        advisories.affecting("good", "1.0")
    kept = list((tmp_path / "answers").iterdir())
    assert len(kept) == 2
    assert sum(path.stat().st_size for path in kept) < 2000
    monkeypatch.setattr(answers, "FOLDER_BYTES", 0)
    advisories.close()
    assert list((tmp_path / "answers").iterdir()) == []


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"{}",
        b'{"asked": "soon", "etag": "", "document": null}',
        b'{"asked": "2026-11-24T12:00:00+00:00", "etag": "", "document": {"vulnerabilities": 7}}',
    ],
)
def test_what_is_kept_and_cannot_be_read_is_as_good_as_nothing(make: Make, tmp_path: Path, text: bytes) -> None:
    make().affecting("plain", "1.0")
    for path in (tmp_path / "answers").iterdir():
        path.write_bytes(text)
    assert ids(make(), "plain", "1.0") == ["PYSEC-2025-1"]


def test_editions_change_by_the_hour(make: Make) -> None:
    assert make().edition == make(hours=0.9).edition
    assert make().edition != make(hours=1).edition


def test_a_release_of_a_project_that_the_index_has_and_says_nothing_of_is_unknown(make: Make, index: JsonIndex) -> None:
    advisories = make()
    with pytest.raises(Unavailable, match="has plain, and does not say whether 9"):
        advisories.affecting("plain", "9.0")
    assert ids(advisories, "plain", "1.0") == ["PYSEC-2025-1"]
    assert (state(advisories).problem, state(advisories).as_of) == ("", NOW)


def test_an_index_that_says_nothing_of_any_release_is_asked_no_more(make: Make, index: JsonIndex) -> None:
    index.rows = {}
    advisories = make()
    for number in range(6):
        with pytest.raises(Unavailable):
            advisories.affecting("plain", f"{number}")
    assert index.asked() == ["plain/0", "plain/1", "plain/2"]
    assert state(advisories).as_of is None
    assert "answers no questions about advisories" in state(advisories).problem
