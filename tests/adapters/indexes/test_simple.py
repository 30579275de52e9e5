import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot import ports
from bot.adapters.indexes.pages import Pages
from bot.adapters.indexes.simple import SimpleIndex
from bot.errors import AccessDenied, ConfigError, Unavailable
from bot.model.releases import Release
from bot.model.secrets import Credential, Secret
from bot.system.http import Http
from tests.rig.index import UPLOADED, LocalIndex, Reply

NOW = datetime(2026, 11, 24, tzinfo=UTC)


@pytest.fixture
def http() -> Iterator[Http]:
    with Http(sleep=lambda _: None) as http:
        yield http


@pytest.fixture
def memory(tmp_path: Path) -> Path:
    return tmp_path / "kept"


@pytest.fixture
def other() -> Iterator[LocalIndex]:
    with LocalIndex() as other:
        yield other


def index_at(http: Http, memory: Path, *urls: str) -> SimpleIndex:
    return SimpleIndex(Pages(http, urls, folder=memory, clock=lambda: NOW))


def kept_pages(memory: Path) -> list[Path]:
    return list((memory / "upstream").glob("*"))


def kept_metadata(memory: Path) -> list[Path]:
    return [path for path in (memory / "metadata").rglob("*") if path.is_file()]


def versions(index: ports.Index, name: str) -> list[str]:
    return [release.version for release in index.releases(name)]


@pytest.mark.parametrize("html_only", [False, True])
def test_releases_are_what_the_index_says(
    local_index: LocalIndex, http: Http, memory: Path, *, html_only: bool
) -> None:
    local_index.html_only = html_only
    local_index.add("Odd.Name", "1.10", requires_python=">=3.9")
    local_index.add("Odd.Name", "1.9", yanked="bad", sdist=True)
    uploaded = None if html_only else UPLOADED
    assert index_at(http, memory, local_index.url).releases("odd_name") == (
        Release(version="1.9", yanked=True, requires_python="", uploaded_at=uploaded),
        Release(version="1.10", yanked=False, requires_python=">=3.9", uploaded_at=uploaded),
    )


def test_an_unknown_package_has_no_releases(local_index: LocalIndex, http: Http, memory: Path) -> None:
    index = index_at(http, memory, local_index.url)
    assert index.releases("nothing") == ()
    assert index.requirements("nothing", "1.0") is None
    assert index.releases("../../etc") == ()
    assert len(local_index.log) == 1


def test_one_request_per_package_whoever_asks(local_index: LocalIndex, http: Http, memory: Path) -> None:
    local_index.add("web", "1.0")
    index = index_at(http, memory, f"{local_index.url}/")
    with ThreadPoolExecutor(4) as pool:
        assert set(map(len, pool.map(index.releases, ["web", "Web", "WEB", "web"]))) == {1}
    assert len(local_index.log) == 1


def test_the_next_run_asks_conditionally_and_reads_what_was_kept(
    local_index: LocalIndex, http: Http, memory: Path
) -> None:
    local_index.add("web", "1.0", requires_python=">=3.9", yanked="bad", requires=("db>=1",))
    first = index_at(http, memory, local_index.url)
    second = index_at(http, memory, local_index.url)
    assert first.releases("web") == second.releases("web")
    assert [entry.status for entry in local_index.log] == [200, 304]
    assert second.requirements("web", "1.0") == ("db>=1",)
    local_index.add("web", "1.1")
    assert versions(index_at(http, memory, local_index.url), "web") == ["1.0", "1.1"]


@pytest.mark.parametrize("text", ["", "no json", "{}\n", "[]\n", '{"etag": "x", "size": 1}\n{}'])
def test_a_kept_page_that_cannot_be_read_is_asked_for_again(
    local_index: LocalIndex, http: Http, memory: Path, text: str
) -> None:
    local_index.add("web", "1.0")
    assert versions(index_at(http, memory, local_index.url), "web") == ["1.0"]
    (kept,) = kept_pages(memory)
    kept.write_text(text)
    assert versions(index_at(http, memory, local_index.url), "web") == ["1.0"]
    assert [entry.status for entry in local_index.log] == [200, 200]


def test_a_page_without_an_etag_is_asked_for_in_full_each_run(
    local_index: LocalIndex, http: Http, memory: Path
) -> None:
    page = json.dumps({"files": [{"filename": "web-1.0.tar.gz", "url": "/f/web-1.0.tar.gz"}]}).encode()
    local_index.answer("^/simple/web/", Reply(body=page, content_type="application/json"))
    for _ in range(2):
        assert versions(index_at(http, memory, local_index.url), "web") == ["1.0"]
    assert [entry.status for entry in local_index.log] == [200, 200]


def test_indexes_are_merged_and_the_first_speaks_for_a_file_of_both(
    local_index: LocalIndex, other: LocalIndex, http: Http, memory: Path
) -> None:
    local_index.add("web", "1.0")
    other.add("web", "1.0", yanked=True)
    other.add("web", "2.0")
    index = index_at(http, memory, local_index.url, other.url)
    assert [(release.version, release.yanked) for release in index.releases("web")] == [("1.0", False), ("2.0", False)]


def test_requirements_come_from_metadata_that_is_asked_for_once(
    local_index: LocalIndex, http: Http, memory: Path
) -> None:
    local_index.add("web", "1.0", requires=("db>=1",), extras={"fast": ["turbo"]}, sdist=True)
    lines = ("db>=1", 'turbo; extra == "fast"')
    for _ in range(2):
        assert index_at(http, memory, local_index.url).requirements("WEB", "1.0.0") == lines
    assert local_index.count(r"\.metadata$") == 1
    assert local_index.count(r"\.whl$") == 0


def test_links_come_from_the_same_metadata_as_requirements(local_index: LocalIndex, http: Http, memory: Path) -> None:
    local_index.add("web", "1.0", requires=("db",), links={"Source": "https://forge.example/web", "Chat": "irc://x"})
    index = index_at(http, memory, local_index.url)
    assert index.requirements("web", "1.0") == ("db",)
    assert index.links("web", "1.0") == {"Source": "https://forge.example/web"}
    assert local_index.count(r"\.metadata$") == 1


def test_without_metadata_there_are_no_links(local_index: LocalIndex, http: Http, memory: Path) -> None:
    local_index.no_core_metadata = True
    local_index.add("web", "1.0")
    index = index_at(http, memory, local_index.url)
    assert [index.links("web", version) for version in ("1.0", "2.0", "no version")] == [{}, {}, {}]


def test_metadata_without_requirements_is_kept_too(local_index: LocalIndex, http: Http, memory: Path) -> None:
    local_index.add("web", "1.0")
    for _ in range(2):
        assert index_at(http, memory, local_index.url).requirements("web", "1.0") == ()
    assert local_index.count(r"\.metadata$") == 1


def test_no_metadata_means_no_answer(local_index: LocalIndex, http: Http, memory: Path) -> None:
    local_index.add("web", "1.0", sdist=True, wheel=False)
    local_index.add("web", "2.0")
    index = index_at(http, memory, local_index.url)
    assert index.requirements("web", "1.0") is None
    assert index.requirements("web", "3.0") is None
    assert index.requirements("web", "no version") is None
    local_index.no_core_metadata = True
    assert index.requirements("web", "2.0") is None


def test_metadata_without_a_hash_is_read_and_not_kept(local_index: LocalIndex, http: Http, memory: Path) -> None:
    local_index.add("web", "1.0", requires=("db",))
    row = {"filename": "web-1.0-py3-none-any.whl", "url": "/files/web-1.0-py3-none-any.whl", "core-metadata": True}
    page = json.dumps({"files": [row]}).encode()
    local_index.answer("^/simple/web/", Reply(body=page, content_type="application/json"))
    assert index_at(http, memory, local_index.url).requirements("web", "1.0") == ("db",)
    assert not kept_metadata(memory)


def test_metadata_that_is_not_what_its_hash_says_is_refused(local_index: LocalIndex, http: Http, memory: Path) -> None:
    local_index.add("web", "1.0")
    local_index.lie(r"\.metadata$")
    with pytest.raises(Unavailable, match="sha256 differs"):
        index_at(http, memory, local_index.url).requirements("web", "1.0")


def test_metadata_that_is_none_is_refused(local_index: LocalIndex, http: Http, memory: Path) -> None:
    row = {"filename": "web-1.0-py3-none-any.whl", "url": "/files/web-1.0-py3-none-any.whl", "core-metadata": True}
    page = json.dumps({"files": [row]}).encode()
    local_index.answer("^/simple/web/", Reply(body=page, content_type="application/json"))
    local_index.answer(r"\.metadata$", Reply(body=b"<html>"))
    with pytest.raises(Unavailable, match="no Metadata-Version"):
        index_at(http, memory, local_index.url).requirements("web", "1.0")


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_is_access_denied(local_index: LocalIndex, http: Http, memory: Path, status: int) -> None:
    local_index.fail("^/simple/", status)
    with pytest.raises(AccessDenied, match=f"refuses access \\({status}\\)") as caught:
        index_at(http, memory, local_index.url).releases("web")
    assert "[[index]]" in caught.value.hint


@pytest.mark.parametrize("status", [204, 400, 304, 500, 503])
def test_any_other_status_means_unavailable_and_is_not_taken_for_an_empty_page(
    local_index: LocalIndex, http: Http, memory: Path, status: int
) -> None:
    local_index.add("web", "1.0")
    index = index_at(http, memory, local_index.url)
    local_index.fail("^/simple/", status)
    with pytest.raises(Unavailable, match=str(status)):
        index.releases("web")
    local_index.heal()
    assert versions(index, "web") == ["1.0"]


def test_a_page_that_is_none_means_unavailable(local_index: LocalIndex, http: Http, memory: Path) -> None:
    local_index.answer("^/simple/", Reply(body=b"{", content_type="application/json"))
    with pytest.raises(Unavailable, match="/simple/web/: not JSON"):
        index_at(http, memory, local_index.url).releases("web")


def test_an_index_that_is_down_means_unavailable(http: Http, memory: Path) -> None:
    with LocalIndex() as gone:
        url = gone.url
    with pytest.raises(Unavailable, match="does not answer"):
        index_at(http, memory, url).releases("web")


def test_a_password_in_the_address_is_used_and_never_shown(local_index: LocalIndex, http: Http, memory: Path) -> None:
    local_index.add("web", "1.0", requires=("db",))
    local_index.credentials = ("reader", "sesame")
    index = index_at(http, memory, local_index.url_with_credentials)
    assert index.requirements("web", "1.0") == ("db",)
    local_index.credentials = ("reader", "changed")
    with pytest.raises(AccessDenied) as caught:
        index.releases("db")
    kept = b"".join(path.read_bytes() for path in kept_pages(memory) + kept_metadata(memory))
    places = index._pages.places.configured
    assert "sesame" not in f"{caught.value.message} {caught.value.hint} {kept!r} {places}"


def test_a_configured_password_goes_to_its_own_index_only(
    local_index: LocalIndex, other: LocalIndex, http: Http, memory: Path
) -> None:
    local_index.add("web", "1.0")
    other.add("web", "2.0")
    local_index.credentials = ("reader", "open sesame")
    credential = Credential(username="reader", password=Secret("open sesame"))
    urls = (local_index.url, other.url)
    pages = Pages(http, urls, folder=memory, clock=lambda: NOW, credentials={local_index.url: credential})
    index = SimpleIndex(pages)
    assert versions(index, "web") == ["1.0", "2.0"]
    assert "authorization" in local_index.log[0].headers
    assert "authorization" not in other.log[0].headers


def test_of_two_indexes_at_one_server_each_gets_its_own_password(
    local_index: LocalIndex, http: Http, memory: Path
) -> None:
    local_index.credentials = ("second", "two")
    urls = (f"http://first:one@{local_index.host}/other", f"http://second:two@{local_index.host}/simple")
    local_index.add("web", "1.0")
    local_index.fail("^/other/", 404)
    assert versions(index_at(http, memory, *urls), "web") == ["1.0"]
    assert local_index.log[0].headers["authorization"] != local_index.log[1].headers["authorization"]


def test_an_address_that_is_none_is_the_operators_to_mend(http: Http, memory: Path) -> None:
    with pytest.raises(ConfigError, match="not an http or https address"):
        index_at(http, memory, "file:///opt/simple")
