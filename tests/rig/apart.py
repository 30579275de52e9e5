"""The world around a service in a process of its own: a GitHub, git, feeds, an index and a registry.

So whoever is measured shares neither interpreter nor memory with them. `Apart` stands on this side, `World` on that one.
"""

import hashlib
import os
import random
import re
import shutil
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing import get_context
from multiprocessing.managers import BaseManager
from pathlib import Path
from typing import Any

from tests.rig.faulty import Front, Weather
from tests.rig.github import TOKEN, GitHubServer
from tests.rig.github_double.documents import Documents
from tests.rig.github_double.world import Repo
from tests.rig.index import LocalIndex
from tests.rig.layers import compressed, debian_files, layer, push_layers, system
from tests.rig.osv_bucket import OsvBucket
from tests.rig.registry import DockerRegistry
from tests.rig.repositories import git, make_repository

ECOSYSTEMS = ("PyPI", "Debian", "Ubuntu", "Alpine")
NOT_MODIFIED = 304
PLENTY = 1_000_000  # requests: a thousand first looks at once are more than an hour's
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
CONFIG = """\
[forge]
kind = "github"
url = "{github}"
token = {{ env = "QUARTERDECK_GITHUB_TOKEN" }}
[[registry]]
host = "{registry}"
insecure = true
"""
FEED = '[[advisories]]\nkind = "osv"\necosystem = "{name}"\nurl = "{url}"\n'
REQUEST = re.compile(r'"(?P<method>GET|HEAD) (?P<path>/v2/\S*) HTTP/1\.1" (?P<status>\d+)')
DEBIAN = {"libssl3": "3.0.11-1~deb12u2", "zlib1g": "1:1.2.13.dfsg-1", "base-files": "12.4+deb12u5"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A pull request as it stands at the forge; `files` are those of its branch, as text."""

    number: int
    branch: str
    state: str
    commits: int
    files: Mapping[str, str]


class QuickRepo(Repo):
    """Asks no git where its branches stand: it looks at the files of a bare repository, as that is done so often."""

    def notice_pushes(self) -> None:
        """See `Repo`."""
        found = hashlib.sha256()
        for path in (self.path / "packed-refs", *sorted((self.path / "refs" / "heads").rglob("*"))):
            if path.is_file():
                found.update(f"{path}\n".encode() + path.read_bytes())
        if found.hexdigest() != self.standing:
            self.standing, self.pushed_at = found.hexdigest(), self.tick()


class World:
    """All servers; what it gives and takes can be pickled."""

    def __init__(self, folder: str, seed: int, records: Sequence[dict[str, Any]]) -> None:
        here = Path(folder)
        self._here, self._stack = here, ExitStack()
        self.weather = Weather(source=random.Random(seed))
        self.github = self._stack.enter_context(GitHubServer(here / "github"))
        self.github.rate_remaining = PLENTY
        self.index = self._stack.enter_context(LocalIndex(json_api=True))
        self.registry = self._stack.enter_context(DockerRegistry(here / "registry"))
        self.feeds = {name: self._stack.enter_context(OsvBucket(ecosystem=name)) for name in ECOSYSTEMS}
        self.feeds["PyPI"].put(*records)
        upstreams = {"github": self.github.url, "git": self.github.git.url, "registry": self.registry.url}
        self.fronts = {
            name: self._stack.enter_context(Front(url.removeprefix("http://"), self.weather))
            for name, url in upstreams.items()
        }
        self._read = 0
        self.plainly = True

    def close(self) -> None:
        """End all servers."""
        self._stack.close()

    def behind_fronts(self) -> None:
        """Let everybody come to the forge and the registry through what may spoil requests; before anything is added."""
        self.plainly = False
        self.github.documents = Documents(self.fronts["github"].url, self.fronts["git"].url)

    def spoil(self, rate: float) -> None:
        """Spoil this part of the requests from now on."""
        self.weather.rate = rate

    def spoiled(self) -> dict[str, int]:
        """Count what became of requests."""
        return dict(self.weather.told)

    def config(self) -> str:
        """Give the configuration of a service over this world, without repositories."""
        github = self.github.url if self.plainly else self.fronts["github"].url
        feeds = "".join(FEED.format(name=name, url=bucket.url) for name, bucket in self.feeds.items())
        return CONFIG.format(github=github, registry=self._registry()) + feeds

    def env(self) -> dict[str, str]:
        """Give the environment of a service."""
        return {
            "PIP_INDEX_URL": self.index.url, "PIP_CONFIG_FILE": os.devnull, "no_proxy": "127.0.0.1",
            "NO_PROXY": "127.0.0.1", "QUARTERDECK_GITHUB_TOKEN": TOKEN,
        }  # fmt: skip

    def publish(self, *releases: tuple[str, str]) -> None:
        """Publish releases without dependencies, long ago."""
        for name, version in releases:
            self.index.add(name, version, uploaded_at=LONG_AGO)

    def push_image(self, name: str, tag: str = "1.0", openssl: str = DEBIAN["libssl3"]) -> str:
        """Push a small Debian with our Python, and give what a Dockerfile says after FROM: tag and digest."""
        files = debian_files(
            DEBIAN | {"libssl3": openssl, "base-files": f"12.4+{name}"}, origins={"libssl3": "openssl"}
        )
        python = ".".join(str(part) for part in sys.version_info[:3])
        layers = [compressed(layer(system(files)))]
        digest = push_layers(self.registry, f"base/{name}", tag, layers, env={"PYTHON_VERSION": python})
        return f"{self._registry()}/base/{name}:{tag}@{digest}"

    def found(self, template: str, files: Mapping[str, str], names: Sequence[str]) -> None:
        """Add repositories that are all copies of one; their objects are the same files."""
        pattern = make_repository(self._here / "templates" / f"{template}.git", files, bare=True)
        shutil.rmtree(pattern / "hooks", ignore_errors=True)
        for full_name in names:
            owner, _, name = full_name.partition("/")
            path = self.github.root / owner / f"{name}.git"
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copytree(pattern, path, copy_function=os.link)
            number = len(self.github.repos) + 1
            self.github.repos[full_name] = QuickRepo(id=number, owner=owner, name=name, path=path)

    def push(self, name: str, files: Mapping[str, str]) -> str:
        """Let a person push one commit to main, and give it."""
        return self.github.push_as("ada", name, "main", files)

    def advise(self, *records: dict[str, Any]) -> None:
        """Publish advisories about Python packages."""
        self.feeds["PyPI"].put(*records)

    def asked(self) -> dict[str, Counter[str]]:
        """Count the requests since the last call, by server and kind."""
        log = self._registry_log()
        found = {
            "forge": Counter(f"{one.method} {_plain(one.path)} {one.status}" for one in self.github.log),
            "git": Counter(f"{one.method} {one.path.rpartition('/')[2]}" for one in self.github.git.log),
            "registry": Counter(f"{row['method']} {_plain(row['path'])} {row['status']}" for row in log),
            "feeds": Counter(f"{name} {file}" for name, bucket in self.feeds.items() for file in bucket.asked()),
            "index": Counter(f"{one.method} {one.path.split('/')[1]} {one.status}" for one in self.index.log),
        }
        self.repositories = {
            "forge": Counter(_repository(one.path) for one in self.github.log if one.status != NOT_MODIFIED),
            "git": Counter(_repository(f"/repos{one.path}") for one in self.github.git.log),
        }
        for more in (self.github.log, self.github.git.log, self.index.log):
            more.clear()
        return found

    def by_repository(self) -> dict[str, Counter[str]]:
        """Give how often the last `asked` found each repository at the forge, 304 left out, and at git."""
        return self.repositories

    def proposals(self) -> dict[str, tuple[Proposal, ...]]:
        """Give all pull requests by repository, as git and the forge have them."""
        return {name: tuple(self._proposal(repo, one) for one in repo.pulls.values()) for name, repo in self._repos()}

    def branches(self) -> dict[str, tuple[str, ...]]:
        """Give the branches of every repository, without `refs/heads/`."""
        return {
            name: tuple(sorted(ref.removeprefix("refs/heads/") for ref, _ in repo.branches("heads")))
            for name, repo in self._repos()
        }

    def _repos(self) -> list[tuple[str, Repo]]:
        return sorted(self.github.repos.items())

    def _proposal(self, repo: Repo, pull: Any) -> Proposal:
        repo.refresh(pull)
        paths = git(repo.path, "ls-tree", "-r", "--name-only", pull.head_sha).splitlines()
        files = {path: git(repo.path, "show", f"{pull.head_sha}:{path}") for path in paths}
        return Proposal(
            number=pull.number, branch=pull.head, state=pull.state, commits=len(repo.commits(pull)), files=files
        )

    def _registry(self) -> str:
        return self.registry.host if self.plainly else self.fronts["registry"].host

    def _registry_log(self) -> list[re.Match[str]]:
        rows = list(REQUEST.finditer((self.registry.folder / "registry.log").read_text()))
        before, self._read = self._read, len(rows)
        return rows[before:]


def _plain(path: str) -> str:
    path = re.sub(r"sha256:[0-9a-f]+", "DIGEST", re.sub(r"/base/[^/]+/", "/base/NAME/", path))
    return re.sub(r"/\d+", "/N", re.sub(r"^/repos/[^/]+/[^/]+", "/repos/REPO", path))


def _repository(path: str) -> str:
    return "/".join(path.split("/")[2:4]).removesuffix(".git")


class _Manager(BaseManager):
    """Starts the process, and carries calls to it."""


_Manager.register("World", World)


@contextmanager
def apart(folder: Path, *, seed: int = 0, records: Sequence[dict[str, Any]] = ()) -> Iterator[Any]:
    """Give a `World` in a process of its own, which ends with the block."""
    folder.mkdir(parents=True, exist_ok=True)
    with _Manager(ctx=get_context("spawn")) as manager:
        world = manager.World(str(folder), seed, list(records))  # type: ignore[attr-defined]
        try:
            yield world
        finally:
            world.close()
