"""We are our own first user: Quarterdeck looks at the repository that these tests stand in.

What it finds is for people, and fails nothing here; that it cannot look does.
"""

import shutil
from pathlib import Path

import pytest

from tests.rig.cli import Terminal
from tests.rig.python_image import PYTHON, REPOSITORY, TAG, push_python, python_root
from tests.rig.registry import DockerRegistry
from tests.rig.repositories import git, make_repository

ROOT = Path(__file__).parents[2]
LOCKS = {
    "deploy/requirements.txt": ["pyproject.toml"],
    "deploy/build-requirements.txt": ["deploy/build-requirements.in"],
}
BASE = f"docker.io/{REPOSITORY}:{TAG}"

pytestmark = pytest.mark.real_index


@pytest.fixture(scope="module")
def root() -> Path:
    """Give our base image's root, out of the cache of whoever runs the tests: terminals have a home of their own."""
    return python_root()


@pytest.fixture
def digest(docker_registry: DockerRegistry, terminal: Terminal, root: Path) -> str:
    """Let our base image stand in a registry here, and give its digest."""
    terminal.configure(f'[[registry]]\nhost = "docker.io"\nmirror = "{docker_registry.url}"\n')
    return push_python(docker_registry, root)


@pytest.fixture
def ourselves(tmp_path: Path) -> Path:
    """Give a repository with our files as they stand here, committed or not."""
    names = git(ROOT, "ls-files", "--cached", "--others", "--exclude-standard", "-z").split("\0")
    repository = make_repository(tmp_path / "quarterdeck", {})
    for name in filter(None, names):
        if (ROOT / name).is_file():
            (repository / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, repository / name)
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", "--message", "As it stands")
    return repository


def test_our_own_locks_and_images_are_seen_and_nothing_is_wrong_with_them(
    terminal: Terminal, digest: str, ourselves: Path
) -> None:
    said = terminal("check", str(ourselves), "--json")
    assert said.code == 0, said.err
    seen = said.repository
    assert seen["error"] is None
    assert {lock["path"]: lock["sources"] for lock in seen["locks"]} == LOCKS
    assert {(lock["python"], lock["python_from"]) for lock in seen["locks"]} == {(PYTHON, "lock header")}
    assert {image["path"] for image in seen["images"]} == {"deploy/Dockerfile"}
    assert {image["reference"].partition("@")[0] for image in seen["images"]} == {BASE}
    assert {image["current_digest"] for image in seen["images"]} == {digest}
    broken = [row for row in seen["findings"] if row["kind"] in {"python-mismatch", "lock-out-of-date"}]
    assert broken == [], "the lock is not what pyproject.toml asks for: quarterdeck run . --refresh --only locks"
    unread = [row for row in seen["findings"] if row["kind"] == "unreadable" and row["subject"] != "advisories"]
    assert unread == []


def test_our_own_rebuild_writes_the_digest_into_the_dockerfile(
    terminal: Terminal, digest: str, ourselves: Path
) -> None:
    said = terminal("run", str(ourselves), "--json", "--only", "images", "--trigger", "manual")
    assert (said.code, said.repository["outcome"]) == (0, "opened"), said.err
    branch = said.repository["pull_request"]["branch"]
    (old, new) = (git(ourselves, "show", f"{at}:deploy/Dockerfile").splitlines() for at in ("main", branch))
    moved = [pair for pair in zip(old, new, strict=True) if pair[0] != pair[1]]
    assert [new for _, new in moved] == [f"ARG BASE={BASE}@{digest}"]
