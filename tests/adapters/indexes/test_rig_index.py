import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from packaging.utils import canonicalize_name

from bot.system.process import Finished, base_environment, run
from tests.rig.distributions import Distribution, sdist, wheel
from tests.rig.index import JSON_TYPE, LocalIndex

Compiler = Callable[..., str]
UV = Path(sys.executable).with_name("uv")


@pytest.fixture
def web(local_index: LocalIndex) -> LocalIndex:
    local_index.add("web", "1.0", requires=("Odd.Name>=1",), extras={"fast": ["turbo"]})
    local_index.add("Odd.Name", "1.0")
    local_index.add("Odd.Name", "1.1", requires_python=">=3.8", uploaded_at=datetime(2025, 6, 1, tzinfo=UTC))
    local_index.add("Odd.Name", "2.0", requires_python=">=99")
    local_index.add("Odd.Name", "1.2", yanked="broken <b>")
    local_index.add("turbo", "3.0", requires=('web; python_version < "3"',))
    return local_index


def child(*argv: str | Path, cwd: Path) -> Finished:
    environment = base_environment() | {
        "HOME": str(cwd), "PIP_CONFIG_FILE": os.devnull, "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "UV_NO_CONFIG": "1", "UV_CACHE_DIR": str(cwd / "uv-cache"), "PIP_TOOLS_CACHE_DIR": str(cwd / "piptools"),
    }  # fmt: skip
    done = run([str(part) for part in argv], cwd=cwd, timeout=120, env=environment)
    assert done.code == 0, done.stdout + done.stderr
    return done


def pip_install(index: LocalIndex, folder: Path, *what: str) -> Path:
    target = folder / "installed"
    pip = (sys.executable, "-m", "pip", "install", "--no-cache-dir", "--only-binary", ":all:", "--target", target)
    child(*pip, "--index-url", index.url, *what, cwd=folder)
    return target


def pip_compile(index: LocalIndex, folder: Path, *options: str) -> str:
    (folder / "requirements.in").write_text("web[fast]\n")
    compiler = (sys.executable, "-m", "piptools", "compile", "--index-url", index.url, "--quiet", *options)
    child(*compiler, "--output-file", "requirements.txt", "requirements.in", cwd=folder)
    return (folder / "requirements.txt").read_text()


def uv_compile(index: LocalIndex, folder: Path, *options: str) -> str:
    (folder / "requirements.in").write_text("web[fast]\n")
    return child(
        UV, "pip", "compile", "--index-url", index.url, "--quiet", *options, "requirements.in", cwd=folder
    ).stdout


def test_pip_installs_what_the_index_serves(web: LocalIndex, tmp_path: Path) -> None:
    target = pip_install(web, tmp_path, "web[fast]")
    assert sorted(path.name for path in target.glob("*.dist-info")) == [
        "odd_name-1.1.dist-info", "turbo-3.0.dist-info", "web-1.0.dist-info",
    ]  # fmt: skip
    assert (target / "odd_name" / "__init__.py").read_text() == '__version__ = "1.1"\n'


def test_pip_installs_from_html_pages_too(web: LocalIndex, tmp_path: Path) -> None:
    web.html_only = True
    assert (pip_install(web, tmp_path, "web") / "odd_name-1.1.dist-info").is_dir()


def test_pip_builds_a_source_distribution_and_so_runs_its_code(local_index: LocalIndex, tmp_path: Path) -> None:
    local_index.add("old", "1.0", wheel=False, sdist=True, build_code=f"open({str(tmp_path / 'ran')!r}, 'w').close()")
    pip = (sys.executable, "-m", "pip", "install", "--no-cache-dir", "--target", tmp_path / "installed")
    child(*pip, "--index-url", local_index.url, "old", cwd=tmp_path)
    assert (tmp_path / "installed" / "old" / "__init__.py").is_file()
    assert (tmp_path / "ran").exists()


def test_pip_compile_locks_with_true_hashes(web: LocalIndex, tmp_path: Path) -> None:
    lock = pip_compile(web, tmp_path, "--generate-hashes")
    assert "odd-name==1.1" in lock
    for name in ("web-1.0", "odd_name-1.1", "turbo-3.0"):
        assert f"--hash=sha256:{web.sha256(f'{name}-py3-none-any.whl')}" in lock


def test_pip_compile_downloads_every_file_unless_the_json_address_answers(web: LocalIndex, tmp_path: Path) -> None:
    web.add("web", "1.0", tag="cp39-cp39-win_amd64")
    downloaded = r"^/files/web-1.0-cp39-cp39-win_amd64\.whl$"
    without = pip_compile(web, tmp_path, "--generate-hashes")
    assert web.count(downloaded) == 1
    web.json_api = True
    web.log.clear()
    (tmp_path / "requirements.txt").unlink()
    assert pip_compile(web, tmp_path, "--generate-hashes") == without
    assert web.count(downloaded) == 0
    assert web.count(r"^/web/json$", status=200) == 1


def test_uv_locks_the_same_versions_and_hashes(web: LocalIndex, tmp_path: Path) -> None:
    lock = uv_compile(web, tmp_path, "--generate-hashes")
    assert "odd-name==1.1" in lock
    assert f"--hash=sha256:{web.sha256('odd_name-1.1-py3-none-any.whl')}" in lock


@pytest.mark.parametrize("compiler", [pip_compile, uv_compile])
def test_compilers_leave_out_what_was_uploaded_later(web: LocalIndex, tmp_path: Path, compiler: Compiler) -> None:
    option = "--exclude-newer" if compiler is uv_compile else "--uploaded-prior-to"
    assert "odd-name==1.0" in compiler(web, tmp_path, f"{option}=2025-01-01T00:00:00Z")


def test_uv_reads_metadata_instead_of_wheels(web: LocalIndex, tmp_path: Path) -> None:
    uv_compile(web, tmp_path)
    assert web.count(r"\.whl\.metadata$", status=200) == 3
    assert web.count(r"\.whl$") == 0
    web.no_core_metadata = True
    web.log.clear()
    uv_compile(web, tmp_path, "--no-cache")
    assert web.count(r"\.whl$", status=200) > 0


def test_a_second_look_is_answered_304(web: LocalIndex, tmp_path: Path) -> None:
    first = uv_compile(web, tmp_path)
    web.log.clear()
    assert uv_compile(web, tmp_path) == first
    assert web.count(r"^/simple/", status=304) == 3
    assert web.count(r"^/files/") == 0


def test_a_yanked_release_is_marked_in_both_forms(web: LocalIndex) -> None:
    page = f"{web.url}/odd-name/"
    rows = httpx.get(page, headers={"Accept": JSON_TYPE}).json()["files"]
    assert {row["filename"]: row["yanked"] for row in rows if row["yanked"]} == {
        "odd_name-1.2-py3-none-any.whl": "broken <b>"
    }
    assert 'data-yanked="broken &lt;b&gt;"' in httpx.get(page).text
    web.yank("odd.name", "1.2", reason=False)
    assert "data-yanked" not in httpx.get(page).text


def test_switches_drop_what_older_indexes_lack(web: LocalIndex) -> None:
    web.no_upload_times = web.no_core_metadata = True
    (row,) = httpx.get(f"{web.url}/web/", headers={"Accept": JSON_TYPE}).json()["files"]
    assert "upload-time" not in row
    assert row["core-metadata"] is False
    assert httpx.get(f"{web.base}/files/web-1.0-py3-none-any.whl.metadata").status_code == 404


def test_other_spellings_are_redirected_and_unknown_names_are_404(web: LocalIndex) -> None:
    assert httpx.get(f"{web.url}/ODD_Name").headers["location"] == "/simple/odd-name/"
    assert httpx.get(f"{web.url}/nothing/").status_code == 404
    assert httpx.get(f"{web.url}/", headers={"Accept": JSON_TYPE}).json()["projects"][0] == {"name": "odd-name"}
    assert 'href="/simple/turbo/"' in httpx.get(f"{web.url}/").text


def test_a_removed_version_is_gone(web: LocalIndex) -> None:
    web.remove("odd.name", "1.1")
    assert "odd_name-1.1" not in httpx.get(f"{web.url}/odd-name/").text
    web.remove("odd.name")
    assert httpx.get(f"{web.url}/odd-name/").status_code == 404


def test_failures_can_be_scripted_and_healed(web: LocalIndex) -> None:
    web.fail("^/simple/web/", 503, times=1, headers={"Retry-After": "7"})
    web.slow("^/simple/web/", 0.01)
    failed = httpx.get(f"{web.url}/web/")
    assert (failed.status_code, failed.headers["retry-after"]) == (503, "7")
    assert httpx.get(f"{web.url}/web/").status_code == 200
    web.lie(r"\.whl$")
    assert web.sha256("web-1.0-py3-none-any.whl") not in httpx.get(f"{web.url}/web/").text
    web.heal()
    assert web.sha256("web-1.0-py3-none-any.whl") in httpx.get(f"{web.url}/web/").text


def test_pip_notices_a_lie_about_a_hash(web: LocalIndex, tmp_path: Path) -> None:
    web.lie(r"^web-1.0.*\.whl$")
    with pytest.raises(AssertionError, match="DO NOT MATCH THE HASHES"):
        pip_install(web, tmp_path, "web")


def test_an_index_behind_a_password_lets_only_its_users_in(web: LocalIndex, tmp_path: Path) -> None:
    web.credentials = ("reader", "open sesame")
    assert httpx.get(f"{web.url}/web/").status_code == 401
    assert httpx.get(f"{web.url}/web/", auth=("reader", "open sesame")).status_code == 200
    web.credentials = ("reader", "sesame")
    pip = (sys.executable, "-m", "pip", "download", "--no-cache-dir", "--index-url", web.url_with_credentials)
    child(*pip, "web", cwd=tmp_path)
    assert (tmp_path / "web-1.0-py3-none-any.whl").is_file()


def test_the_log_tells_method_path_headers_and_status(web: LocalIndex) -> None:
    httpx.head(f"{web.url}/web/", headers={"Accept": JSON_TYPE})
    (entry,) = web.log
    assert (entry.method, entry.path, entry.headers["accept"], entry.status) == ("HEAD", "/simple/web/", JSON_TYPE, 200)


def test_the_same_words_make_the_same_bytes() -> None:
    what = Distribution(name="Odd.Name", version="1.0", files={"odd_name/data.txt": "x"})
    assert wheel(what) == wheel(what)
    assert sdist(what) == sdist(what)
    assert what.wheel_name == "odd_name-1.0-py3-none-any.whl"
    assert canonicalize_name(what.name) == "odd-name"
