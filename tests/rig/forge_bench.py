"""Benches for the contract of `ports.Forge`: one forge, one real repository, and a person who acts on proposals.

An implementation joins the suite with one bench: a context manager in `BENCHES` that yields a `ForgeBench`.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

from bot.adapters.forges.git_memory import GitMemory
from bot.adapters.forges.github import GithubForge
from bot.adapters.forges.github_access import GithubAccess
from bot.adapters.forges.github_talk import GithubTalk
from bot.adapters.forges.local import LocalForge
from bot.adapters.forges.local_talk import LocalTalk
from bot.adapters.stores.sql import SqlStore
from bot.adapters.workspaces.git import GitWorkspace
from bot.model.proposal import Proposal
from bot.model.repository import Repository
from bot.model.secrets import Secret
from bot.ports import Forge, Talk
from tests.rig.github import TOKEN, GitHubServer
from tests.rig.github_double.openapi import Description
from tests.rig.repositories import commit, git, make_repository


class ForgeBench(Protocol):
    """What the contract needs besides the forge."""

    @property
    def forge(self) -> Forge:
        """Give the forge; a new object every time, so that nothing can hide in its memory."""
        ...

    @property
    def repository(self) -> Repository:
        """Give the repository, whose `main` has one commit with a file `requirements.txt`."""
        ...

    @property
    def talk(self) -> Talk:
        """Give what people and we say to each other there; a new object every time, too."""
        ...

    def push(self, branch: str, text: str) -> str:
        """Put one commit that sets `requirements.txt` to `text` on top of `main` onto the branch; give its id."""
        ...

    def merge(self, proposal: Proposal) -> None:
        """Merge as a person does."""
        ...

    def decline(self, proposal: Proposal) -> None:
        """Say no as a person does."""
        ...


class GithubBench:
    """A GitHub with the repository `acme/web`."""

    def __init__(self, server: GitHubServer) -> None:
        self._server = server
        self._repo = server.add_repository("acme/web", {"requirements.txt": "django==4.2\n"})
        self.repository = Repository(name="acme/web", url="")

    @property
    def forge(self) -> Forge:
        return GithubForge(self._access)

    @property
    def talk(self) -> Talk:
        return GithubTalk(self._access)

    @property
    def _access(self) -> GithubAccess:
        return GithubAccess.with_token(self._server.url, Secret(TOKEN), sleep=_never)

    def push(self, branch: str, text: str) -> str:
        work = self._repo.path.with_name("web.git.work")
        git(work, "fetch", "--quiet", "origin", "main")
        git(work, "checkout", "--quiet", "-B", branch, "FETCH_HEAD")
        made = commit(work, {"requirements.txt": text}, f"Rebuild {branch}")
        git(work, "push", "--quiet", "--force", "origin", branch)
        return made

    def merge(self, proposal: Proposal) -> None:
        self._server.merge("acme/web", proposal.number)

    def decline(self, proposal: Proposal) -> None:
        self._server.close("acme/web", proposal.number)


@contextmanager
def github_bench(folder: Path, description: Description) -> Iterator[ForgeBench]:
    """Serve a GitHub whose every exchange agrees with GitHub's description."""
    with GitHubServer(folder, description=description) as server:
        yield GithubBench(server)
        assert not server.violations, "\n".join(server.violations)


class LocalBench:
    """A person's own repository, with the forge and the clone that the product wires for it."""

    def __init__(self, folder: Path, store: SqlStore) -> None:
        self._path = make_repository(folder / "web", {"requirements.txt": "django==4.2\n"})
        self._folder, self._store = folder, store
        self.repository = Repository(name="web", url=str(self._path))

    @property
    def forge(self) -> Forge:
        memory = GitMemory(workspace=self._workspace)
        return LocalForge(
            store=self._store, branch_tip=memory.branch_tip, merged=memory.merged, rediscover=memory.rediscover,
            branches=memory.branches,
        )  # fmt: skip

    @property
    def talk(self) -> Talk:
        return LocalTalk(store=self._store)

    def push(self, branch: str, text: str) -> str:
        git(self._path, "checkout", "--quiet", "-B", branch, "main")
        made = commit(self._path, {"requirements.txt": text}, f"Rebuild {branch}")
        git(self._path, "checkout", "--quiet", "main")
        return made

    def merge(self, proposal: Proposal) -> None:
        git(self._path, "merge", "--quiet", proposal.branch)

    def decline(self, proposal: Proposal) -> None:
        git(self._path, "branch", "--quiet", "-D", proposal.branch)

    def _workspace(self, repository: Repository) -> GitWorkspace:
        return GitWorkspace(self._folder / "data", repository.key, author="Q", email="q@localhost", home=self._folder)


@contextmanager
def local_bench(folder: Path, description: Description) -> Iterator[ForgeBench]:
    """Keep proposals beside a real repository; GitHub's description is of no use here."""
    del description
    with SqlStore.open(folder / "data") as store:
        yield LocalBench(folder, store)


def _never(seconds: float) -> None:
    raise AssertionError(f"nothing fails here, yet somebody waits for {seconds} seconds")


BENCHES: Mapping[str, Callable[[Path, Description], AbstractContextManager[ForgeBench]]] = {
    "github": github_bench,
    "local": local_bench,
}
