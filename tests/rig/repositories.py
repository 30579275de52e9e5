"""Real git repositories for tests, as their owners would make them."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

PERSON = {
    "GIT_AUTHOR_NAME": "A Person", "GIT_AUTHOR_EMAIL": "person@example.org",
    "GIT_COMMITTER_NAME": "A Person", "GIT_COMMITTER_EMAIL": "person@example.org",
    "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1",
}  # fmt: skip


def git(path: Path, *arguments: str) -> str:
    """Run git as a person would, and give what it printed."""
    env = {"PATH": os.environ["PATH"], "HOME": str(path), **PERSON}
    done = subprocess.run(["git", *arguments], cwd=path, env=env, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def make_repository(path: Path, files: Mapping[str, str | bytes], *, bare: bool = False) -> Path:
    """Make a repository with one commit on `main`; a bare one is made beside its first work tree."""
    work = path.with_name(path.name + ".work") if bare else path
    work.mkdir(parents=True)
    git(work, "init", "--quiet", "--initial-branch=main")
    commit(work, files, "Begin")
    if bare:
        path.parent.mkdir(parents=True, exist_ok=True)
        git(work, "clone", "--quiet", "--bare", str(work), str(path))
        git(work, "remote", "add", "origin", str(path))
    return path


def commit(path: Path, files: Mapping[str, str | bytes], message: str) -> str:
    """Commit files in a work tree and give the commit's id."""
    for name, data in files.items():
        target = path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data if isinstance(data, bytes) else data.encode())
    git(path, "add", "--all")
    git(path, "commit", "--quiet", "--allow-empty", "--message", message)
    return git(path, "rev-parse", "HEAD")
