import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.adapters.indexes.pages import FILES_IN_MEMORY, KEPT_FOR, Pages
from bot.adapters.indexes.places import Places, set_name
from bot.errors import ConfigError, StoreError, Unavailable
from bot.model.releases import IndexView
from bot.system import kept
from bot.system.http import Http
from tests.rig.index import JSON_TYPE, LocalIndex, Reply

NOW = datetime.now(UTC)


@pytest.fixture
def http() -> Iterator[Http]:
    with Http(sleep=lambda _: None) as http:
        yield http


def pages_at(http: Http, folder: Path, *urls: str, now: datetime = NOW) -> Pages:
    return Pages(http, urls, folder=folder, clock=lambda: now)


def names(pages: Pages, name: str) -> list[str]:
    return [file.filename for file in pages.files(pages.pages(pages.places.configured, name))]


def test_many_threads_ask_once(local_index: LocalIndex, http: Http, tmp_path: Path) -> None:
    local_index.add("web", "1.0")
    pages = pages_at(http, tmp_path, local_index.url)
    with ThreadPoolExecutor(8) as pool:
        assert len(set(map(tuple, pool.map(lambda name: names(pages, name), ["web"] * 8 + ["none"] * 8)))) == 2
    assert len(local_index.log) == 2


def test_without_an_etag_the_date_is_the_condition(local_index: LocalIndex, http: Http, tmp_path: Path) -> None:
    date = "Tue, 24 Nov 2026 10:00:00 GMT"
    page = json.dumps({"files": [{"filename": "web-1.0.tar.gz", "url": "/f/web-1.0.tar.gz"}]}).encode()
    headers = {"Last-Modified": date}
    local_index.answer("^/simple/", Reply(body=page, content_type=JSON_TYPE, headers=headers), times=1)
    local_index.answer("^/simple/", Reply(status=304))
    for _ in range(2):
        assert names(pages_at(http, tmp_path, local_index.url), "web") == ["web-1.0.tar.gz"]
    assert [entry.headers.get("if-modified-since") for entry in local_index.log] == [None, date]


def test_a_copy_that_was_cut_short_is_not_relied_on(local_index: LocalIndex, http: Http, tmp_path: Path) -> None:
    local_index.add("web", "1.0")
    names(pages_at(http, tmp_path, local_index.url), "web")
    (copy,) = (tmp_path / "upstream").iterdir()
    copy.write_bytes(copy.read_bytes()[:-10])
    assert names(pages_at(http, tmp_path, local_index.url), "web") == ["web-1.0-py3-none-any.whl"]
    assert [entry.status for entry in local_index.log] == [200, 200]


def test_a_copy_that_was_changed_is_noticed_and_removed(local_index: LocalIndex, http: Http, tmp_path: Path) -> None:
    local_index.add("web", "1.0")
    names(pages_at(http, tmp_path, local_index.url), "web")
    (copy,) = (tmp_path / "upstream").iterdir()
    copy.write_bytes(copy.read_bytes().replace(b"web-1.0", b"web-6.6"))
    with pytest.raises(Unavailable, match="was damaged"):
        names(pages_at(http, tmp_path, local_index.url), "web")
    assert names(pages_at(http, tmp_path, local_index.url), "web") == ["web-1.0-py3-none-any.whl"]


def test_only_so_many_parsed_files_are_held(
    local_index: LocalIndex, http: Http, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.adapters.indexes.pages.FILES_IN_MEMORY", 2)
    assert FILES_IN_MEMORY > 2
    for name in ("a", "b", "c"):
        local_index.add(name, "1.0")
    pages = pages_at(http, tmp_path, local_index.url)
    for _ in range(2):
        assert [len(names(pages, name)) for name in ("a", "b", "c")] == [1, 1, 1]
    assert len(pages._files) == 2
    assert len(local_index.log) == 3


def test_old_copies_go_and_are_looked_for_once_a_day(local_index: LocalIndex, http: Http, tmp_path: Path) -> None:
    local_index.add("web", "1.0")
    folder, beside = tmp_path / "pages", tmp_path / "beside"
    pages = pages_at(http, folder, local_index.url)
    names(pages, "web")
    kept.keep(beside / "deep" / "old", b"x")
    long_ago = (NOW - KEPT_FOR - timedelta(days=2)).timestamp()
    os.utime(beside / "deep" / "old", (long_ago, long_ago))
    pages.tidy(beside)
    assert list((folder / "upstream").iterdir()) != []
    assert not (beside / "deep" / "old").exists()
    kept.keep(beside / "old", b"x")
    os.utime(beside / "old", (long_ago, long_ago))
    pages.tidy(beside)
    assert (beside / "old").exists()
    pages_at(http, folder, local_index.url, now=NOW + timedelta(days=2)).tidy(beside)
    assert not (beside / "old").exists()


def test_a_file_that_is_still_written_does_not_count_as_unused(tmp_path: Path) -> None:
    with kept.fresh(tmp_path / "a") as writing:
        writing.write_bytes(b"xxx")
        kept.keep(tmp_path / "b", b"yyy")
        kept.bound(tmp_path, 0)
        assert [path.name for path in tmp_path.iterdir()] == [writing.name]
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_folder_that_cannot_be_used_is_the_operators_to_mend(
    local_index: LocalIndex, http: Http, tmp_path: Path
) -> None:
    local_index.add("web", "1.0")
    (tmp_path / "upstream").write_text("in the way")
    with pytest.raises(StoreError, match="cannot be written"):
        names(pages_at(http, tmp_path, local_index.url), "web")
    (tmp_path / "metadata" / "ab" / "ab").mkdir(parents=True)
    with pytest.raises(StoreError, match="cannot be read"):
        pages_at(http, tmp_path, local_index.url).metadata_at(f"{local_index.base}/x.metadata", "ab")
    with pytest.raises(StoreError, match="cannot be written"), kept.fresh(tmp_path / "metadata"):
        pass


def test_a_view_is_an_ordered_choice_of_configured_servers() -> None:
    places = Places(("https://u:p@one.example/simple/", "https://two.example/simple", "https://three.example/simple"))

    def urls(view: IndexView) -> list[str]:
        return [place.url.removeprefix("https://") for place in places.seen(view)]

    assert urls(IndexView()) == ["one.example/simple", "two.example/simple", "three.example/simple"]
    assert urls(IndexView(index_url="https://x:y@two.example/simple/")) == [
        "two.example/simple",
        "three.example/simple",
    ]
    assert urls(IndexView(extra_indexes=("https://one.example/more", "https://two.example/simple"))) == [
        "one.example/simple", "two.example/simple", "three.example/simple", "one.example/more",
    ]  # fmt: skip
    for view in (
        IndexView(index_url="http://one.example/simple"),
        IndexView(extra_indexes=("https://one.example:8/",)),
    ):
        with pytest.raises(ConfigError, match="not configured"):
            urls(view)


def test_a_set_is_named_by_its_addresses_and_their_order_not_by_passwords() -> None:
    one, two = "https://one.example/simple", "https://two.example/simple"
    named = {set_name(Places(urls).configured) for urls in ((one, two), ("https://u:p@one.example/simple/", two))}
    assert len(named) == 1
    assert named.isdisjoint({set_name(Places((two, one)).configured), set_name(Places((one,)).configured)})
