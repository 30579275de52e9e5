"""Whom we ask at one GitHub, and what is known of its repositories for the length of a run."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final, Self

from github import GithubException, RateLimitExceededException
from github.Repository import Repository as GithubRepository

from bot.adapters.forges.github_desk import Desk
from bot.adapters.forges.github_errors import Asking
from bot.adapters.forges.github_keys import TokenKeys
from bot.adapters.forges.github_line import GithubLine, Wire
from bot.errors import RepoError
from bot.model.repository import Repository
from bot.model.secrets import Secret
from bot.system.clock import system_clock

BOT: Final = "[bot]"
NAME = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+")


class Hub:
    """A connection for one piece of work, and how it is asked; see `Asking.ask`."""

    def __init__(self, wire: Wire, asking: Asking) -> None:
        self.github = wire.github
        self.requester = wire.github.requester
        self.asking = asking
        self.ask = asking.ask


class GithubAccess:
    """Shared by all that speak to one GitHub in a run; `Repository.name` is `owner/name`.

    `sleep` takes seconds. A repository is read once in the life of this object: whoever runs for long makes a new one
    for every run, over the same line.
    """

    def __init__(
        self,
        line: GithubLine,
        *,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], datetime] = system_clock,
    ) -> None:
        self.url = line.url
        self.line = line
        self._sleep = sleep
        self._now = now
        self._known: dict[str, dict[str, Any]] = {}

    @classmethod
    def with_token(cls, url: str, token: Secret, **options: Any) -> Self:
        """Give one that uses a token for everything, and leaves no connection open between two pieces of work."""
        return cls(GithubLine(url, TokenKeys(token), idle=0), **options)

    @contextmanager
    def desk(self, repository: Repository, *, reads: bool = False) -> Iterator[Desk]:
        """Open a connection for one piece of work on one repository, under the name that it has now.

        `reads` promises that nothing is written.
        """
        name = checked(repository.name)
        with self.hub(owner_of(name), fresh=not reads) as hub:
            yield Desk(self._repository(hub, name), name, hub.asking, now=self._now)

    @contextmanager
    def hub(self, owner: str, *, fresh: bool = False) -> Iterator[Hub]:
        """Open a connection for one piece of work on an owner's repositories; "" for what concerns no owner of ours."""
        with self.line.wire(owner, fresh=fresh) as wire:
            keys = self.line.keys
            yield Hub(wire, Asking(sleep=self._sleep, now=self._now, hints=keys.hints, renewed=wire.badge.refused))

    def login(self) -> str:
        """Give our own name there; an app is called `name[bot]`."""
        return self.line.keys.login(self._ask_login)

    def _ask_login(self) -> str:
        with self.hub("") as hub:
            return hub.ask("asking who we are at GitHub", lambda: _login(hub))

    def raw(self, repository: Repository) -> dict[str, Any]:
        """Give what GitHub says of a repository, read once."""
        name = checked(repository.name)
        if name not in self._known:
            with self.hub(owner_of(name)) as hub:
                self._repository(hub, name)
        return self._known[name]

    def _repository(self, hub: Hub, name: str) -> GithubRepository:
        if name not in self._known:
            self._known[name] = hub.ask(f"{name}: reading the repository", lambda: hub.github.get_repo(name).raw_data)
        return hub.github.create_from_raw_data(GithubRepository, self._known[name])


def owner_of(name: str) -> str:
    """Give the owner in `owner/name`."""
    return name.partition("/")[0]


def is_name(text: str) -> bool:
    """Say whether a repository can be called so, and nothing else of the API."""
    return NAME.fullmatch(text) is not None and not {".", ".."} & set(text.split("/")) and ".." not in text


def checked(name: str) -> str:
    """Give a name back that can be one of a repository; raises RepoError for another."""
    if not is_name(name):
        raise RepoError(f"{name} is not a repository of GitHub", hint="write owner/name")
    return name


def _login(hub: Hub) -> str:
    """Ask who we are: the installation of an app is refused as a user, and is told by GraphQL only."""
    try:
        _, user = hub.requester.requestJsonAndCheck("GET", "/user")
    except GithubException as error:
        if error.status != HTTPStatus.FORBIDDEN or isinstance(error, RateLimitExceededException):
            raise
        _, answer = hub.requester.graphql_query("query { viewer { login } }", {})
        # GraphQL leaves the end of an app's name out in some places
        return f"{str(answer['data']['viewer']['login']).removesuffix(BOT)}{BOT}"
    return str(user["login"])
