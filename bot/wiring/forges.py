"""Where proposals stand and people talk: one forge, one conversation and one source of release notes per kind."""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Literal, TypeAlias

from bot.adapters.forges.git_memory import GitMemory
from bot.adapters.forges.local import LocalForge
from bot.adapters.forges.local_talk import LocalTalk
from bot.adapters.forges.recording import RecordingForge
from bot.adapters.forges.recording_talk import RecordingTalk
from bot.errors import ConfigError
from bot.model.repository import Repository
from bot.ports import Forge, ReleaseNotes, Store, Talk, Workspace
from bot.system.secrets import reveal
from bot.wiring.order import Order

if TYPE_CHECKING:
    from bot.adapters.forges.github_access import GithubAccess

ForgeKind: TypeAlias = Literal["local", "github"]


class ForgeHouse:
    """The forges of one run; in a rehearsal what would be written is recorded."""

    def __init__(self, order: Order, store: Store, workspace: Callable[[Repository], Workspace]) -> None:
        self.order = order
        self.store = store
        self.workspace = workspace
        self._forges: dict[ForgeKind, Forge] = {}
        self._talks: dict[ForgeKind, Talk] = {}

    def kind_of(self, repository: Repository) -> ForgeKind:
        """Say which forge a repository is on: one with an address of its own is local, whatever is configured."""
        return "local" if repository.url else self.order.settings.forge.kind

    def forge(self, kind: ForgeKind) -> Forge:
        """Give the forge; one per kind and run, as it holds what it knows of repositories."""
        if kind not in self._forges:
            forge = FORGES[kind](self)
            self._forges[kind] = RecordingForge(forge) if self.order.rehearsal else forge
        return self._forges[kind]

    def talk(self, kind: ForgeKind) -> Talk:
        """Give what people and we say to each other there."""
        if kind not in self._talks:
            talk = TALKS[kind](self)
            self._talks[kind] = RecordingTalk(talk) if self.order.rehearsal else talk
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
        """The way to GitHub; raises ConfigError without a token."""
        # PyGithub costs 0.4 s that others need not pay
        from bot.adapters.forges.github_access import GithubAccess  # noqa: PLC0415

        forge = self.order.settings.forge
        if forge.token is None:
            raise ConfigError(
                '[forge] kind = "github" needs a token',
                hint='add token = { env = "QUARTERDECK_GITHUB_TOKEN" } to [forge]',
            )
        return GithubAccess(forge.url, reveal(forge.token), now=self.order.clock)


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
