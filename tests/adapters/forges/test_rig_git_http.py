"""The git server of the tests does what the big forges do: only then do tests over it mean anything."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rig.git_http import GitHttpServer

TOKEN = "a-made-up-token"


def git(*arguments: str, cwd: Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": os.environ["PATH"],
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_AUTHOR_NAME": "Somebody",
        "GIT_AUTHOR_EMAIL": "somebody@example.org",
        "GIT_COMMITTER_NAME": "Somebody",
        "GIT_COMMITTER_EMAIL": "somebody@example.org",
    }
    return subprocess.run(
        ["git", *arguments], cwd=cwd, env=environment, capture_output=True, text=True, check=check, timeout=60
    )


@pytest.fixture
def server(tmp_path: Path) -> Iterator[GitHttpServer]:
    bare = tmp_path / "served" / "acme" / "web.git"
    bare.mkdir(parents=True)
    git("init", "-q", "--bare", "-b", "main", cwd=bare)
    work = tmp_path / "work"
    work.mkdir()
    git("init", "-q", "-b", "main", cwd=work)
    (work / "big.bin").write_bytes(os.urandom(3_000_000))
    git("add", ".", cwd=work)
    git("commit", "-q", "-m", "first", cwd=work)
    with GitHttpServer(tmp_path / "served", TOKEN) as running:
        yield running


def address(server: GitHttpServer, *, password: str = TOKEN) -> str:
    return server.url.replace("http://", f"http://anybody:{password}@") + "/acme/web.git"


def test_a_large_push_and_a_blobless_shallow_clone_work(server: GitHttpServer, tmp_path: Path) -> None:
    git("push", "-q", address(server), "main", cwd=tmp_path / "work")
    git("clone", "-q", "--depth=1", "--filter=blob:none", "--no-checkout", address(server), "got", cwd=tmp_path)
    commit = git("rev-parse", "HEAD", cwd=tmp_path / "got").stdout
    missing = git("rev-list", "--objects", "--missing=print", "HEAD", cwd=tmp_path / "got").stdout
    assert commit == git("rev-parse", "main", cwd=tmp_path / "work").stdout
    assert "?" in missing
    assert ("POST", "/acme/web.git/git-receive-pack") in {(entry.method, entry.path) for entry in server.log}


def test_any_commit_can_be_fetched_by_its_id(server: GitHttpServer, tmp_path: Path) -> None:
    git("push", "-q", address(server), "main", cwd=tmp_path / "work")
    first = git("rev-parse", "main", cwd=tmp_path / "work").stdout.strip()
    git("commit", "-q", "--allow-empty", "-m", "second", cwd=tmp_path / "work")
    git("push", "-q", address(server), "main", cwd=tmp_path / "work")
    other = tmp_path / "other"
    other.mkdir()
    git("init", "-q", cwd=other)
    git("fetch", "-q", "--depth=1", address(server), first, cwd=other)
    assert git("rev-parse", "FETCH_HEAD", cwd=other).stdout.strip() == first


@pytest.mark.parametrize("password", ["", "something-else"])
def test_without_the_token_nothing_is_served(server: GitHttpServer, tmp_path: Path, password: str) -> None:
    refused = git("ls-remote", address(server, password=password), cwd=tmp_path, check=False)
    assert refused.returncode != 0
    assert "uthentication failed" in refused.stderr


def test_a_repository_that_is_not_there_is_not_found(server: GitHttpServer, tmp_path: Path) -> None:
    missing = git("ls-remote", address(server).replace("web", "nothing"), cwd=tmp_path, check=False)
    assert "not found" in missing.stderr
