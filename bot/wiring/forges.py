"""Where proposals stand and people talk: one forge, one conversation and one source of release notes per kind."""

import threading
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Literal, TypeAlias

from bot.adapters.forges.git_memory import GitMemory
from bot.adapters.forges.local import LocalForge
from bot.adapters.forges.local_talk import LocalTalk
from bot.adapters.forges.recording import RecordingForge
from bot.adapters.forges.recording_talk import RecordingTalk
from bot.adapters.forges.redacting import RedactingForge, RedactingTalk
from bot.errors import ConfigError
from bot.model.fleet import Search
from bot.model.repository import Repository
from bot.model.secrets import Secret
from bot.ports import Directory, Forge, ReleaseNotes, Store, Talk, Workspace
from bot.settings import ForgeSettings
from bot.system.redaction import minted
from bot.system.secrets import reveal
from bot.wiring.order import Order

if TYPE_CHECKING:
    from bot.adapters.forges.github_access import GithubAccess
    from bot.adapters.forges.github_app import AppKeys
    from bot.adapters.forges.github_keys import Keyring
    from bot.adapters.forges.github_line import GithubLine, Quota

ForgeKind: TypeAlias = Literal["local", "github"]


class Line:
    """The way to GitHub, which lives as long as the process: tokens, connections, and what is left of the quota.

    `learn` is told every token that a GitHub App mints, before it is used.
    """

    def __init__(self, order: Order, learn: Callable[[Secret], object] = lambda _: None) -> None:
        self.order = order
        self._learn = learn
        self._lock = threading.Lock()
        self._line: GithubLine | None = None
        self.app: AppKeys | None = None

    @property
    def quota(self) -> "Quota | None":
        """What is left of the quota; None while nobody was asked anything."""
        return self._line.quota if self._line else None

    def open(self) -> "GithubLine":
        """Give it; raises ConfigError without a credential, or with one that cannot be one."""
        from bot.adapters.forges.github_line import GithubLine  # noqa: PLC0415 - PyGithub, as below

        with self._lock:
            if self._line is None:
                forge = self.order.settings.forge
                self._line = GithubLine(forge.url, self._keys(forge))
            return self._line

    def close(self) -> None:
        """Close the connections that are kept open."""
        if self._line is not None:
            self._line.close()

    def _keys(self, forge: ForgeSettings) -> "Keyring":
        from bot.adapters.forges.github_app import AppKeys  # noqa: PLC0415 - PyGithub, as below
        from bot.adapters.forges.github_keys import TokenKeys  # noqa: PLC0415

        if forge.app is not None:
            self.app = AppKeys(forge.url, forge.app.id, reveal(forge.app.private_key), learn=self._learn)
            return self.app
        if forge.token is None:
            raise ConfigError(
                '[forge] kind = "github" needs a token or a GitHub App',
                hint='add token = { env = "QUARTERDECK_GITHUB_TOKEN" } to [forge]',
            )
        return TokenKeys(reveal(forge.token))


class ForgeHouse:
    """The forges of one run; in a rehearsal what would be written is recorded."""

    def __init__(
        self, order: Order, store: Store, workspace: Callable[[Repository], Workspace], line: "Line | None" = None
    ) -> None:
        self.order = order
        self.store = store
        self.workspace = workspace
        self.line = line or Line(order, learn=minted)
        self._forges: dict[ForgeKind, Forge] = {}
        self._talks: dict[ForgeKind, Talk] = {}

    def anew(self) -> "ForgeHouse":
        """Give the same for another run: what this one knows of repositories is forgotten, its connections stay."""
        return ForgeHouse(self.order, self.store, self.workspace, self.line)

    def close(self) -> None:
        """Close the connections that are kept open."""
        self.line.close()

    def directory(self, searches: tuple[Search, ...]) -> Directory:
        """Give what finds the repositories of one search, or of none: then all that a GitHub App is installed on."""
        from bot.adapters.forges.github_directory import GithubDirectory  # noqa: PLC0415 - PyGithub, as below

        access = self.access
        return GithubDirectory(access, searches, self.line.app)

    def kind_of(self, repository: Repository) -> ForgeKind:
        """Say which forge a repository is on: one with an address of its own is local, whatever is configured."""
        return "local" if repository.url else self.order.settings.forge.kind

    def forge(self, kind: ForgeKind) -> Forge:
        """Give the forge; one per kind and run, as it holds what it knows of repositories."""
        if kind not in self._forges:
            forge = FORGES[kind](self)
            self._forges[kind] = RedactingForge(RecordingForge(forge) if self.order.rehearsal else forge)
        return self._forges[kind]

    def talk(self, kind: ForgeKind) -> Talk:
        """Give what people and we say to each other there."""
        if kind not in self._talks:
            talk = TALKS[kind](self)
            self._talks[kind] = RedactingTalk(RecordingTalk(talk) if self.order.rehearsal else talk)
        return self._talks[kind]

    def release_notes(self, kind: ForgeKind) -> ReleaseNotes | None:
        """Give what projects say of their releases, where that forge can be asked."""
        return self._github_releases if kind == "github" else None

    @cached_property
    def _github_releases(self) -> ReleaseNotes:
        from bot.adapters.forges.github_releases import GithubReleases  # noqa: PLC0415 - PyGithub, as below

        return GithubReleases(self.access)

    @cached_property
    def access(self) -> "GithubAccess":
        """The way to GitHub; raises ConfigError without a credential."""
        # PyGithub costs 0.4 s that others need not pay
        from bot.adapters.forges.github_access import GithubAccess  # noqa: PLC0415

        return GithubAccess(self.line.open(), now=self.order.clock)


def _local(house: ForgeHouse) -> Forge:
    memory = GitMemory(workspace=house.workspace)
    return LocalForge(
        store=house.store, branch_tip=memory.branch_tip, merged=memory.merged, rediscover=memory.rediscover,
        branches=memory.branches,
    )  # fmt: skip


def _github(house: ForgeHouse) -> Forge:
    from bot.adapters.forges.github import GithubForge  # noqa: PLC0415 - as above

    return GithubForge(house.access)


def _github_talk(house: ForgeHouse) -> Talk:
    from bot.adapters.forges.github_talk import GithubTalk  # noqa: PLC0415 - as above

    return GithubTalk(house.access)


FORGES: Mapping[ForgeKind, Callable[[ForgeHouse], Forge]] = {
    "local": _local,
    "github": _github,
}
TALKS: Mapping[ForgeKind, Callable[[ForgeHouse], Talk]] = {
    "local": lambda house: LocalTalk(store=house.store),
    "github": _github_talk,
}
