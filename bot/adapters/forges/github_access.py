"""The way to one GitHub: whom we ask and as whom, and what is known of its repositories for the length of a run.

Connections are opened per piece of work: PyGithub's are not safe for several threads.
"""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final, TypeVar

from github import Auth, Github, GithubException, RateLimitExceededException
from github.Repository import Repository as GithubRepository

from bot.adapters.forges.github_desk import PAGE, Desk
from bot.adapters.forges.github_errors import guarded
from bot.errors import RepoError
from bot.model.repository import Repository
from bot.model.secrets import Secret
from bot.system.clock import system_clock

Result = TypeVar("Result")

API_VERSION: Final = "2022-11-28"
TIMEOUT_SECONDS: Final = 30
BOT: Final = "[bot]"
NAME = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+")


class GithubAccess:
    """Shared by all that speak to one GitHub; `Repository.name` is `owner/name`.

    `url` is the API's address (`https://api.github.com`, `https://HOST/api/v3`). `sleep` takes seconds. A repository
    is read once in the life of this object: whoever runs for long makes a new one for every run.
    """

    def __init__(
        self,
        url: str,
        token: Secret,
        *,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], datetime] = system_clock,
    ) -> None:
        self.url = url.rstrip("/")
        self.token = token
        self._sleep = sleep
        self._now = now
        self._known: dict[str, dict[str, Any]] = {}
        self._login = ""

    @contextmanager
    def desk(self, repository: Repository) -> Iterator[Desk]:
        """Open a connection for one piece of work on one repository, under the name that it has now."""
        name = checked(repository.name)
        with self.hub() as hub:
            yield Desk(self._repository(hub, name), name, sleep=self._sleep, now=self._now)

    @contextmanager
    def hub(self) -> Iterator[Github]:
        """Open a connection for one piece of work."""
        hub = Github(
            auth=Auth.Token(self.token.reveal()), base_url=self.url, timeout=TIMEOUT_SECONDS, per_page=PAGE,
            retry=None, seconds_between_requests=None, seconds_between_writes=None, api_version=API_VERSION,
            user_agent="quarterdeck",
        )  # fmt: skip
        try:
            yield hub
        finally:
            hub.close()

    def login(self) -> str:
        """Give our own name there, asked for once; an app is called `name[bot]`."""
        if not self._login:
            with self.hub() as hub:
                self._login = self.ask("asking who we are at GitHub", lambda: _login(hub))
        return self._login

    def ask(self, doing: str, ask: Callable[[], Result]) -> Result:
        """Ask something that may be asked twice; raises `bot.errors` only."""
        return guarded(doing, ask, sleep=self._sleep, now=self._now)

    def _repository(self, hub: Github, name: str) -> GithubRepository:
        if name not in self._known:
            self._known[name] = self.ask(f"{name}: reading the repository", lambda: hub.get_repo(name).raw_data)
        return hub.create_from_raw_data(GithubRepository, self._known[name])


def is_name(text: str) -> bool:
    """Say whether a repository can be called so, and nothing else of the API."""
    return NAME.fullmatch(text) is not None and ".." not in text


def checked(name: str) -> str:
    """Give a name back that can be one of a repository; raises RepoError for another."""
    if not is_name(name):
        raise RepoError(f"{name} is not a repository of GitHub", hint="write owner/name")
    return name


def _login(hub: Github) -> str:
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
