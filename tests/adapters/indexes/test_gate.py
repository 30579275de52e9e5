"""The gate with real resolvers behind it and an index of our own before it."""

import base64
import json
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

import httpx
import pytest

from bot.adapters.indexes.answers import RECENT, VARIANTS
from bot.adapters.indexes.gate import JSON_TYPE, Gate, GateSession
from bot.adapters.indexes.pages import Pages
from bot.adapters.indexes.places import Places, set_name
from bot.adapters.indexes.sessions import FAULTS_ENOUGH
from bot.adapters.lockers.interpreters import find
from bot.errors import AccessDenied, ConfigError, StoreError, Unavailable
from bot.formats import lock_file
from bot.model.locks import Pin
from bot.model.releases import IndexView
from bot.system.http import Http, Route
from bot.system.process import Finished, base_environment, run
from tests.rig.distributions import Distribution, metadata
from tests.rig.index import LocalIndex, Reply

NOW = datetime(2026, 11, 24, tzinfo=UTC)
CUTOFF = datetime(2025, 1, 1, tzinfo=UTC)
YOUNG = datetime(2025, 6, 1, tzinfo=UTC)
UV = Path(sys.executable).with_name("uv")
ALL = IndexView()
OLD = IndexView(cutoff=CUTOFF)
WHEEL = "web-1.0-py3-none-any.whl"
TAGS = ("--no-header", "--no-annotate")


class Bench:
    """A data folder with a gate in it; `gate()` again is the next run."""

    opened: ClassVar[list[Http]] = []

    def __init__(self, folder: Path, *urls: str, route: Route | None = None) -> None:
        self.folder = folder
        self.urls = urls
        self.http = Http(sleep=lambda _: None, route=route or Route())
        self.opened.append(self.http)

    def gate(self, **options: int) -> Gate:
        pages = Pages(self.http, self.urls, folder=self.folder / "pages", clock=lambda: NOW)
        return Gate(pages, self.folder / "gate", **options)

    def child(self, session: GateSession, *argv: str | Path, port: int | None = None) -> Finished:
        return run([str(word) for word in argv], cwd=self.folder, timeout=120, env=self.environment(session, port))

    def environment(self, session: GateSession, port: int | None = None) -> Mapping[str, str]:
        return base_environment() | {
            "HOME": str(self.folder), "PIP_CONFIG_FILE": os.devnull, "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PIP_CACHE_DIR": str(self.folder / "pip"), "PIP_TOOLS_CACHE_DIR": str(self.folder / "pip-tools"),
            "UV_NO_CONFIG": "1", "UV_CACHE_DIR": str(self.folder / "uv"), "PIP_ONLY_BINARY": ":all:",
            **session.environment(port=port),
        }  # fmt: skip

    def pip_compile(self, session: GateSession, source: str, *options: str, python: str | Path = "") -> Finished:
        (self.folder / "a.in").write_text(source)
        (self.folder / "a.txt").unlink(missing_ok=True)
        words = ("-m", "piptools", "compile", "--quiet", "--no-header", *options, "--output-file=a.txt", "a.in")
        done = self.child(session, python or sys.executable, *words)
        text = (self.folder / "a.txt").read_text() if done.code == 0 else ""
        return Finished(code=done.code, stdout=text, stderr=done.stderr)

    def uv_compile(self, session: GateSession, source: str, *options: str) -> Finished:
        (self.folder / "a.in").write_text(source)
        return self.child(session, UV, "pip", "compile", "--quiet", "--no-header", *options, "a.in")


Compile = Callable[..., Finished]
COMPILERS = pytest.mark.parametrize("compiler", [Bench.pip_compile, Bench.uv_compile])


@pytest.fixture
def bench(local_index: LocalIndex, tmp_path: Path) -> Bench:
    local_index.add("web", "1.0", requires=("db",))
    local_index.add("web", "2.0", requires=("db",), uploaded_at=YOUNG)
    local_index.add("db", "1.0")
    return Bench(tmp_path, local_index.url)


@pytest.fixture(autouse=True)
def connections() -> Iterator[None]:
    """Close what the benches of a test opened."""
    yield
    while Bench.opened:
        Bench.opened.pop().close()


@pytest.fixture
def other() -> Iterator[LocalIndex]:
    with LocalIndex() as other:
        yield other


def pins(done: Finished) -> dict[str, Pin]:
    assert done.code == 0, done.stderr
    found, _ = lock_file.pins("a.txt", done.stdout)
    return {pin.name: pin for pin in found}


def versions(done: Finished) -> dict[str, str]:
    return {name: pin.version for name, pin in pins(done).items()}


def ask(session: GateSession, path: str, *, method: str = "GET", **headers: str) -> httpx.Response:
    """Ask as a child does; `path` is below the session's set of indexes."""
    with httpx.Client(proxy=session.proxy) as client:
        address = f"http://index.invalid/{session.set}/{path}"
        return client.request(method, address, headers={name.replace("_", "-"): text for name, text in headers.items()})


def listing(session: GateSession, name: str) -> list[str]:
    found = ask(session, f"simple/{name}/", accept=JSON_TYPE)
    return [file["filename"] for file in found.json()["files"]]


def test_a_hashed_compile_downloads_no_file_and_the_next_run_asks_only_conditionally(
    local_index: LocalIndex, tmp_path: Path
) -> None:
    for number in range(25):
        requires = (f"p{number + 1}",) if number < 24 else ()
        local_index.add(f"p{number}", "1.0", requires=requires, sdist=True)
        local_index.add(f"p{number}", "1.0", requires=requires, tag="cp39-cp39-win_amd64")
    bench = Bench(tmp_path, local_index.url)
    with bench.gate() as gate, gate.session(OLD) as session:
        found = pins(bench.pip_compile(session, "p0\n", "--generate-hashes"))
        assert len(found) == 25
        assert {len(pin.hashes) for pin in found.values()} == {2}  # --only-binary leaves the sdist out
        assert pins(bench.uv_compile(session, "p0\n", "--generate-hashes")).keys() == found.keys()
        assert session.faults() == ()
    assert local_index.count(r"^/simple/") == 25
    assert local_index.count(r"\.metadata$") == len(local_index.log) - 25
    local_index.log.clear()
    with bench.gate() as gate, gate.session(OLD) as session:
        assert pins(bench.pip_compile(session, "p0\n", "--generate-hashes")) == found
        bench.uv_compile(session, "p0\n")
    assert {entry.status for entry in local_index.log} == {304}
    assert len(local_index.log) == 25


def test_a_compile_without_json_pages_downloads_nothing_either(local_index: LocalIndex, bench: Bench) -> None:
    local_index.html_only = True
    with bench.gate() as gate, gate.session(ALL) as session:
        found = pins(bench.pip_compile(session, "web\n", "--generate-hashes"))
        assert found["web"].hashes == ("sha256:" + local_index.sha256("web-2.0-py3-none-any.whl"),)
        assert versions(bench.uv_compile(session, "web\n")) == {"web": "2.0", "db": "1.0"}
    assert local_index.count(r"\.whl$") == 0


@COMPILERS
def test_releases_younger_than_the_cutoff_do_not_exist_for_any_resolver(bench: Bench, compiler: Compile) -> None:
    with bench.gate() as gate:
        with gate.session(OLD) as session:
            assert versions(compiler(bench, session, "web\n")) == {"web": "1.0", "db": "1.0"}
            assert (session.young(), session.timeless()) == (("web",), ())
        with gate.session(ALL) as session:
            assert versions(compiler(bench, session, "web\n")) == {"web": "2.0", "db": "1.0"}
            assert session.young() == ()


@COMPILERS
def test_a_named_release_is_visible_whatever_its_age(bench: Bench, compiler: Compile) -> None:
    view = IndexView(cutoff=CUTOFF, visible=frozenset({("web", "2.0.0"), ("db", "7")}))
    with bench.gate() as gate, gate.session(view) as session:
        assert versions(compiler(bench, session, "web\n"))["web"] == "2.0"
        assert session.young() == ()


@COMPILERS
def test_a_file_that_came_late_to_an_old_release_is_among_its_hashes(
    local_index: LocalIndex, bench: Bench, compiler: Compile
) -> None:
    local_index.add("web", "1.0", tag="cp39-cp39-win_amd64", uploaded_at=YOUNG)
    with bench.gate() as gate, gate.session(OLD) as session:
        found = pins(compiler(bench, session, "web\n", "--generate-hashes"))["web"]
    assert (found.version, len(found.hashes)) == ("1.0", 2)


def test_an_index_without_upload_times_hides_nothing_and_is_told(local_index: LocalIndex, bench: Bench) -> None:
    local_index.no_upload_times = True
    with bench.gate() as gate, gate.session(OLD) as session:
        assert versions(bench.uv_compile(session, "web\n")) == {"web": "2.0", "db": "1.0"}
        assert (session.timeless(), session.young()) == (("db", "web"), ())
    with bench.gate() as gate, gate.session(ALL) as session:
        bench.uv_compile(session, "web\n")
        assert session.timeless() == ()


@pytest.mark.parametrize("at", [0, RECENT + 5])
def test_a_cutoff_before_all_releases_at_hand_is_kept_too(local_index: LocalIndex, bench: Bench, at: int) -> None:
    for minor in range(RECENT + 10):
        local_index.add("many", f"1.{minor}", uploaded_at=datetime(2026, 1, 1, minor // 60, minor % 60, tzinfo=UTC))
    view = IndexView(cutoff=datetime(2026, 1, 1, at // 60, at % 60, tzinfo=UTC))
    for _ in range(2):
        with bench.gate() as gate, gate.session(view) as session:
            assert len(listing(session, "many")) == at


def test_yanked_releases_are_passed_on_as_they_are(local_index: LocalIndex, bench: Bench) -> None:
    local_index.yank("web", "2.0", reason="broken")
    with bench.gate() as gate, gate.session(ALL) as session:
        assert versions(bench.uv_compile(session, "web\n"))["web"] == "1.0"
        assert versions(bench.pip_compile(session, "web==2.0\n"))["web"] == "2.0"


@COMPILERS
def test_two_indexes_are_one(local_index: LocalIndex, other: LocalIndex, tmp_path: Path, compiler: Compile) -> None:
    local_index.add("web", "1.0", requires=("db",))
    other.add("web", "1.0", requires=("nothing",))
    other.add("web", "1.1", requires=("db",))
    other.add("db", "3.0")
    bench = Bench(tmp_path, local_index.url, other.url)
    with bench.gate() as gate, gate.session(ALL) as session:
        assert versions(compiler(bench, session, "web\n")) == {"web": "1.1", "db": "3.0"}
        found = pins(compiler(bench, session, "web<1.1\n", "--generate-hashes"))["web"]
        assert found.hashes == ("sha256:" + local_index.sha256(WHEEL),)
        assert session.missing() == ()


def test_a_lock_may_name_its_own_default_index_at_a_configured_server_only(
    local_index: LocalIndex, other: LocalIndex, tmp_path: Path
) -> None:
    local_index.add("web", "1.0")
    other.add("web", "2.0")
    bench = Bench(tmp_path, f"{local_index.base}/unused", f"{other.base}/neither")
    with bench.gate() as gate:
        with gate.session(IndexView(index_url=f"{local_index.url}/")) as session:
            assert listing(session, "web") == [WHEEL]
        with gate.session(IndexView(extra_indexes=(local_index.url, other.url))) as session:
            assert len(listing(session, "web")) == 2
        for view in (IndexView(index_url="https://evil.example/simple"), IndexView(extra_indexes=("file:///srv",))):
            with pytest.raises(ConfigError, match=r"evil\.example|file:///srv"), gate.session(view):
                pass
    assert local_index.count("^/unused/") == 1


def test_credentials_go_upstream_and_nowhere_else(local_index: LocalIndex, bench: Bench) -> None:
    local_index.credentials = ("reader", "open-sesame")
    bench.urls = (local_index.url_with_credentials,)
    with bench.gate() as gate, gate.session(IndexView(index_url=local_index.url)) as session:
        done = bench.pip_compile(session, "web\n", "--generate-hashes", "--verbose", "--emit-index-url")
        page = ask(session, "simple/web/")
        seen = f"{done} {bench.environment(session)} {page.text} {page.headers} {session.faults()}"
        assert versions(done)["web"] == "2.0"
    assert "sesame" not in seen
    assert not any(b"sesame" in path.read_bytes() for path in bench.folder.rglob("*") if path.is_file())


def test_pip_installs_through_the_gate_and_a_file_is_fetched_once(local_index: LocalIndex, bench: Bench) -> None:
    for attempt in range(2):
        with bench.gate() as gate, gate.session(ALL) as session:
            target = bench.folder / f"installed{attempt}"
            words = ("-m", "pip", "install", "--no-cache-dir", "--target", target, "web")
            done = bench.child(session, sys.executable, *words)
            assert done.code == 0, done.stderr
            assert (target / "web-2.0.dist-info").is_dir()
            assert session.faults() == ()
    assert local_index.count(r"web-2\.0.*\.whl$") == 1


def test_uv_reads_a_wheel_without_metadata_by_ranges(local_index: LocalIndex, bench: Bench) -> None:
    local_index.no_core_metadata = True
    with bench.gate() as gate, gate.session(ALL) as session:
        assert versions(bench.uv_compile(session, "web\n")) == {"web": "2.0", "db": "1.0"}
    assert local_index.count(r"web-2\.0.*\.whl$") == 1


def test_uv_checks_what_would_be_installed_through_the_gate(bench: Bench) -> None:
    with bench.gate() as gate, gate.session(OLD) as session:
        words = ("pip", "install", "--dry-run", "--target", bench.folder / "t", "web")
        done = bench.child(session, UV, *words)
        assert done.code == 0
        assert "web==1.0" in done.stderr


def test_kept_files_stay_within_bounds(local_index: LocalIndex, bench: Bench) -> None:
    files = bench.folder / "gate" / "files"
    with bench.gate(room=1) as gate, gate.session(ALL) as session:
        for file in ask(session, "simple/web/", accept=JSON_TYPE).json()["files"]:
            path = file["url"].partition(f"{session.set}/")[2]
            assert len(ask(session, path).content) == file["size"]
            assert list(files.iterdir()) == []


def test_a_file_without_a_hash_is_fetched_in_each_run(local_index: LocalIndex, bench: Bench) -> None:
    row = {"filename": WHEEL, "url": f"/files/{WHEEL}", "core-metadata": True}
    local_index.answer("^/simple/web/", Reply(body=json.dumps({"files": [row]}).encode(), content_type=JSON_TYPE))
    for _ in range(2):
        with bench.gate() as gate, gate.session(ALL) as session:
            for _ in range(2):
                found = ask(session, f"files/web/-/{WHEEL}")
                assert (found.status_code, found.headers["cache-control"]) == (200, "no-cache")
                assert ask(session, f"files/web/-/{WHEEL}.metadata").status_code == 200
            assert pins(bench.pip_compile(session, "web\n", "--generate-hashes"))["web"].hashes == (
                "sha256:" + local_index.sha256(WHEEL),
            )
    assert local_index.count(rf"{WHEEL}$") == 2
    assert local_index.count(r"web-.*\.metadata$") == 2


@pytest.mark.parametrize(
    ("status", "error"), [(401, AccessDenied), (403, AccessDenied), (500, Unavailable), (503, Unavailable)]
)
@COMPILERS
def test_an_index_that_fails_is_blamed_by_name(
    local_index: LocalIndex, bench: Bench, compiler: Compile, status: int, error: type[Exception]
) -> None:
    local_index.fail("^/simple/db/", status)
    with bench.gate() as gate, gate.session(ALL) as session:
        assert compiler(bench, session, "web\n").code != 0
        (fault,) = session.faults()
    assert isinstance(fault, error)
    assert f"{local_index.url}/db/" in fault.message
    assert str(status) in fault.message


def test_a_slow_index_is_blamed(local_index: LocalIndex, tmp_path: Path) -> None:
    local_index.slow("^/simple/web/", 2)
    bench = Bench(tmp_path, local_index.url, route=Route(read_seconds=0.05))
    with bench.gate() as gate, gate.session(ALL) as session:
        assert ask(session, "simple/web/").status_code == 502
        (fault,) = session.faults()
    assert isinstance(fault, Unavailable)
    assert "/simple/web/ does not answer" in fault.message


def test_a_session_that_is_lost_asks_no_further(local_index: LocalIndex, bench: Bench) -> None:
    local_index.fail("^/simple/", 500)
    with bench.gate() as gate, gate.session(ALL) as session:
        for number in (0, 0, 0, *range(9)):
            found = ask(session, f"simple/p{number}/")
            assert (found.status_code, "answers 500" in found.reason_phrase) == (502, True)
        assert len(session.faults()) == FAULTS_ENOUGH
        local_index.heal()
        with gate.session(ALL) as another:
            assert ask(another, "simple/web/").status_code == 200
    assert local_index.count("^/simple/", status=500) == FAULTS_ENOUGH


def test_a_project_that_no_index_knows_is_named(bench: Bench) -> None:
    with bench.gate() as gate, gate.session(ALL) as session:
        assert bench.uv_compile(session, "web\nno-such-thing\n").code != 0
        assert ask(session, "simple/..%2Fup/").status_code == 404
        assert session.missing() == ("-/up", "no-such-thing")
        assert session.faults() == ()


def test_a_page_that_is_none_is_a_fault_in_each_run(local_index: LocalIndex, bench: Bench) -> None:
    reply = Reply(body=b"<html>maintenance", content_type="application/json", headers={"ETag": '"1"'})
    local_index.answer("^/simple/web/", reply)
    for _ in range(2):
        with bench.gate() as gate, gate.session(OLD) as session:
            assert ask(session, "simple/web/").status_code == 502
            assert [fault.message.rpartition(": ")[2] for fault in session.faults()] == [
                "not JSON, though the index says so"
            ]


@COMPILERS
def test_metadata_that_is_not_what_its_hash_says_is_refused(
    local_index: LocalIndex, bench: Bench, compiler: Compile
) -> None:
    local_index.lie(r"web-2\.0.*\.metadata$")
    with bench.gate() as gate, gate.session(ALL) as session:
        compiler(bench, session, "web\n")
        (fault,) = session.faults()
    assert fault.message.endswith(
        "web-2.0-py3-none-any.whl.metadata is not what the index's page says: its sha256 differs"
    )


def test_a_file_that_is_not_what_its_hash_says_is_refused_and_not_kept(local_index: LocalIndex, bench: Bench) -> None:
    local_index.lie(r"web-2\.0.*\.whl$")
    with bench.gate() as gate, gate.session(ALL) as session:
        (_, url) = (file["url"] for file in ask(session, "simple/web/", accept=JSON_TYPE).json()["files"])
        assert ask(session, url.partition(f"{session.set}/")[2]).status_code == 502
        assert "its sha256 differs" in session.faults()[0].message
    assert list((bench.folder / "gate" / "files").iterdir()) == []


def test_metadata_of_something_else_is_refused(local_index: LocalIndex, bench: Bench) -> None:
    local_index.answer(r"web-2\.0.*\.metadata$", Reply(body=metadata(Distribution(name="evil", version="2.0"))))
    local_index.no_core_metadata = False
    row = {
        "filename": "web-2.0-py3-none-any.whl", "url": "/files/web-2.0-py3-none-any.whl", "core-metadata": True,
        "hashes": {"sha256": local_index.sha256("web-2.0-py3-none-any.whl")},
    }  # fmt: skip
    local_index.answer("^/simple/web/", Reply(body=json.dumps({"files": [row]}).encode(), content_type=JSON_TYPE))
    with bench.gate() as gate, gate.session(ALL) as session:
        assert bench.uv_compile(session, "web\n").code != 0
        (fault,) = session.faults()
    assert fault.message.endswith(
        "web-2.0-py3-none-any.whl.metadata is not about web-2.0-py3-none-any.whl: it names evil 2.0"
    )


def test_an_odd_answer_for_a_file_is_a_fault(local_index: LocalIndex, bench: Bench) -> None:
    local_index.fail(r"\.whl$", 204)
    with bench.gate() as gate, gate.session(ALL) as session:
        (_, url) = (file["url"] for file in ask(session, "simple/web/", accept=JSON_TYPE).json()["files"])
        assert ask(session, url.partition(f"{session.set}/")[2]).status_code == 502
        assert session.faults()[0].message.endswith(".whl answers 204")


def test_a_kept_file_that_cannot_be_read_is_the_operators_to_mend(local_index: LocalIndex, bench: Bench) -> None:
    (bench.folder / "gate" / "files" / local_index.sha256(WHEEL) / "in the way").mkdir(parents=True)
    with bench.gate() as gate, gate.session(ALL) as session:
        (url, _) = (file["url"] for file in ask(session, "simple/web/", accept=JSON_TYPE).json()["files"])
        assert ask(session, url.partition(f"{session.set}/")[2]).status_code == 502
        assert isinstance(session.faults()[0], StoreError)


def test_what_is_kept_about_a_project_is_renewed_with_its_page(local_index: LocalIndex, bench: Bench) -> None:
    folder = bench.folder / "gate" / "answers" / set_name(Places(bench.urls).configured) / "web"
    for number in range(VARIANTS + 2):
        local_index.add("web", f"1.{number}")
        with bench.gate() as gate, gate.session(OLD) as session:
            assert len(listing(session, "web")) == number + 1
            assert session.young() == ("web",)
            kept = list(folder.glob("*.json"))
            assert len(kept) == min(number + 1, VARIANTS)
    for text in ("", "[]", "{}", '{"key": 1}'):
        (folder / "ages").write_text(text)
        with bench.gate() as gate, gate.session(OLD) as session:
            assert len(listing(session, "web")) == VARIANTS + 2
            assert session.young() == ("web",)


def test_what_the_page_lists_and_the_index_has_no_more_is_404(local_index: LocalIndex, bench: Bench) -> None:
    local_index.fail(r"^/files/", 404)
    with bench.gate() as gate, gate.session(ALL) as session:
        (_, url) = (file["url"] for file in ask(session, "simple/web/", accept=JSON_TYPE).json()["files"])
        path = url.partition(f"{session.set}/")[2]
        for address in (path, f"{path}.metadata", path.replace("web-2.0", "web-9.0"), f"files/none/-/{WHEEL}"):
            assert ask(session, address).status_code == 404
        assert session.faults() == ()


def test_an_unchanged_answer_is_304_and_another_view_is_another_answer(bench: Bench) -> None:
    with bench.gate() as gate, gate.session(OLD) as old, gate.session(ALL) as new:
        assert old.index_url == new.index_url
        one, other = (ask(session, "simple/web/", accept=JSON_TYPE) for session in (old, new))
        assert (one.headers["cache-control"], one.headers["vary"]) == ("no-cache", "Accept")
        assert one.headers["etag"] != other.headers["etag"] != ask(new, "simple/web/").headers["etag"]
        again = ask(old, "simple/web/", accept=JSON_TYPE, if_none_match=one.headers["etag"])
        assert (again.status_code, again.content) == (304, b"")
        assert ask(new, "simple/web/", accept=JSON_TYPE, if_none_match=one.headers["etag"]).status_code == 200
        assert ask(old, "simple/WEB", accept=JSON_TYPE, method="HEAD").headers["etag"] == one.headers["etag"]


def test_the_question_for_hashes_is_answered_wherever_pip_tools_asks_it(local_index: LocalIndex, bench: Bench) -> None:
    for name in ("simple", "json"):
        local_index.add(name, "1.0")
    with bench.gate() as gate, gate.session(ALL) as session:
        for name in ("web", "simple", "json"):
            for path in (f"{name}/json", f"pypi/{name}/json", f"simple/pypi/{name}/json"):
                assert ask(session, path).json()["info"]["name"] == name
        assert listing(session, "json") == ["json-1.0-py3-none-any.whl"]
        assert "1.0" in ask(session, "web/json").json()["releases"]
        assert ask(session, "none/json").status_code == 404


def test_strangers_are_not_answered(bench: Bench) -> None:
    with bench.gate() as gate, gate.session(ALL) as session:
        url = f"{session.index_url}web/"
        for proxy in ("http://127.0.0.1", "http://wrong:x@127.0.0.1"):
            with httpx.Client(proxy=f"{proxy}:{session.port}") as client:
                found = client.get(url)
                assert (found.status_code, found.headers["proxy-authenticate"]) == (407, 'Basic realm="quarterdeck"')
        for text in ("Bearer x", "Basic ?", "Basic /w==", ""):
            with httpx.Client(base_url=f"http://127.0.0.1:{session.port}", trust_env=False) as client:
                assert client.get("/", headers={"Proxy-Authorization": text}).status_code == 407
        stale = session
    with (
        bench.gate() as gate,
        gate.session(ALL) as session,
        httpx.Client(proxy=f"http://{stale.token}:x@127.0.0.1:{session.port}") as client,
    ):
        assert client.get(url).status_code == 407


def test_children_reach_nothing_but_their_own_indexes(local_index: LocalIndex, bench: Bench) -> None:
    with bench.gate() as gate, gate.session(ALL) as session, httpx.Client(proxy=session.proxy) as client:
        for url in (f"{local_index.url}/web/", "http://index.invalid:81/", "http://x/[", "http://index.invalid:x/"):
            found = client.get("http://index.invalid/", extensions={"target": url.encode()})
            assert found.status_code == 403
            assert "package indexes only" in found.text
        with pytest.raises(httpx.ProxyError, match="403"):
            client.get("https://index.invalid/")
        assert client.post(f"{session.index_url}web/").status_code == 403
        for path in ("", "simple/", "other/thing"):
            assert ask(session, path).status_code == 404
        assert client.get("http://index.invalid/000000000000/simple/web/").status_code == 404
    assert local_index.log == []


def test_a_relay_to_the_unix_socket_does(bench: Bench) -> None:
    with bench.gate() as gate, gate.session(ALL) as session:
        assert session.environment(port=1)["http_proxy"] == f"http://{session.token}:x@127.0.0.1:1"
        authorization = "Basic " + base64.b64encode(f"{session.token}:x".encode()).decode()
        with httpx.Client(transport=httpx.HTTPTransport(uds=str(session.socket))) as client:
            found = client.send(
                httpx.Request(
                    "GET", f"{session.index_url}web/", headers={"Proxy-Authorization": authorization},
                    extensions={"target": f"{session.index_url}web/".encode()},
                )
            )  # fmt: skip
        assert found.status_code == 200


def test_sessions_beside_each_other_do_not_mix(bench: Bench) -> None:
    found: dict[str, str] = {}

    def compile_in(view: IndexView, label: str) -> None:
        own = Bench(bench.folder / label, *bench.urls)
        own.folder.mkdir()
        with gate.session(view) as session:
            found[label] = versions(own.uv_compile(session, "web\n"))["web"]

    with bench.gate() as gate:
        views = {f"{label}{number}": view for number in range(3) for label, view in (("old", OLD), ("new", ALL))}
        threads = [threading.Thread(target=compile_in, args=(view, label)) for label, view in views.items()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found == {label: "1.0" if label.startswith("old") else "2.0" for label in views}


def gate_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("gate")]


def test_closing_ends_every_thread_and_an_unused_gate_has_none(bench: Bench) -> None:
    with bench.gate() as gate:
        assert gate_threads() == []
        with gate.session(ALL) as session:
            assert ask(session, "simple/web/").status_code == 200
            assert session.socket.exists()
        assert "gate" in gate_threads()
    assert gate_threads() == []
    assert not session.socket.exists()


OLD_TOOLS = [
    ("3.8", "pip-tools==7.4.1", "pip==24.0"), ("3.8", "pip-tools==6.6.0", "pip==22.0.4"),
    ("3.8", "pip-tools==5.5.0", "pip==20.3.4"),
]  # fmt: skip


@pytest.mark.real_index
@pytest.mark.parametrize(("python", "tool", "pip"), OLD_TOOLS)
def test_old_pip_tools_see_the_cutoff_and_download_no_file_to_hash_it(
    local_index: LocalIndex, bench: Bench, python: str, tool: str, pip: str
) -> None:
    found = find(python)
    if found is None:
        pytest.skip(f"no Python {python} is installed here")
    here = dict(os.environ) | {"UV_CACHE_DIR": str(bench.folder / "uv-real")}
    for argv in (
        [UV, "venv", "--quiet", "--python", found, bench.folder / "env"],
        [UV, "pip", "install", "--quiet", "--python", bench.folder / "env", tool, pip, "setuptools<60", "wheel"],
    ):
        made = run([str(word) for word in argv], cwd=bench.folder, timeout=240, env=here)
        assert made.code == 0, made.stderr
    local_index.add("web", "1.0", tag="cp39-cp39-win_amd64", uploaded_at=YOUNG, requires=("db",))
    with bench.gate() as gate, gate.session(OLD) as session:
        done = bench.pip_compile(session, "web\n", "--generate-hashes", python=bench.folder / "env/bin/python")
        compiled = pins(done)
        assert {name: pin.version for name, pin in compiled.items()} == {"web": "1.0", "db": "1.0"}
        assert len(compiled["web"].hashes) == 2
        assert session.faults() == ()
    assert local_index.count(r"win_amd64\.whl$") == 0  # the chosen wheels are fetched: these pips read metadata in them
    assert local_index.count(r"^/files/web-2\.0") == 0
