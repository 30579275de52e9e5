"""Proposals as pull requests of GitHub, or of a GitHub Enterprise server, through PyGithub.

Connections are opened per call: PyGithub's are not safe for several threads.
"""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from github import Auth, Github
from github.PullRequest import PullRequest

from bot.adapters.forges.github_desk import PAGE, Changes, Desk
from bot.errors import PublishFailed, RepoError
from bot.formats import marks
from bot.model.proposal import Draft, Proposal, State
from bot.model.repository import Remote, Repository
from bot.model.secrets import Credential, Secret
from bot.system.clock import system_clock

API_VERSION: Final = "2022-11-28"
TIMEOUT_SECONDS: Final = 30
NAME = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+")


class GithubForge:
    """Implements `ports.Forge`; `Repository.name` is `owner/name`.

    `url` is the API's address (`https://api.github.com`, `https://HOST/api/v3`). `clone_url` is where git finds
    repositories (`{clone_url}/{owner}/{name}.git`); None: where the API says. `sleep` takes seconds.
    """

    def __init__(
        self,
        url: str,
        token: Secret,
        *,
        clone_url: str | None = None,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], datetime] = system_clock,
    ) -> None:
        self._url = url.rstrip("/")
        self._token = token
        self._clone_url = clone_url.rstrip("/") if clone_url else None
        self._sleep = sleep
        self._now = now

    def remote(self, repository: Repository) -> Remote:
        """Say how git reaches the repository: with the token over https; the newest commit is enough."""
        if self._clone_url:
            url = f"{self._clone_url}/{repository.name}.git"
        else:
            with self._desk(repository) as desk:
                url = desk.clone_url
        if urlsplit(url).scheme != "https" and urlsplit(self._url).scheme == "https":
            raise RepoError(f"{repository.name}: its clone address is without https, the token stays here")
        return Remote(url=url, credential=Credential(username="x-access-token", password=self._token))

    def proposals(self, repository: Repository) -> tuple[Proposal, ...]:
        """Give the pull requests on `quarterdeck/…` branches of the repository itself, newest first.

        Forks' branches are left out: anybody may call theirs so. For a closed one `head` is its last commit.
        """
        with self._desk(repository) as desk:
            return tuple(_proposal(pull) for pull in desk.ours())

    def open(self, repository: Repository, draft: Draft) -> Proposal:
        """Open a pull request for the pushed branch; one that is open there already is updated instead.

        Raises PublishFailed with GitHub's own sentence. Labels, reviewers and assignees that GitHub refuses are
        logged and left out: the proposal stands.
        """
        with self._desk(repository) as desk:
            pull = desk.standing(draft.branch)
            if pull is None:
                try:
                    pull = desk.create(draft)
                except PublishFailed:
                    pull = desk.standing(draft.branch)  # somebody was faster, or our first try had arrived
                    if pull is None:
                        raise
                else:
                    desk.label_and_invite(pull, draft, fresh=True)
                    return _proposal(pull)
            return _brought_up_to_date(desk, pull, draft)

    def update(self, repository: Repository, number: int, draft: Draft) -> Proposal:
        """Write what differs, nothing where nothing does. Labels and people are added, never taken away."""
        with self._desk(repository) as desk:
            return _brought_up_to_date(desk, desk.pull(number), draft)

    def close(self, repository: Repository, number: int, comment: str, body: str | None) -> Proposal:
        """Comment and close, the body in the same request as the state; nothing is said twice.

        One that is not open any more is left as it is.
        """
        with self._desk(repository) as desk:
            pull = desk.pull(number)
            if pull.state == "open":
                desk.comment_once(pull, comment)
                desk.edit(pull, {"state": "closed"} if body is None else {"state": "closed", "body": body})
            return _proposal(pull)

    @contextmanager
    def _desk(self, repository: Repository) -> Iterator[Desk]:
        """Open a connection for one piece of work on one repository, under the name that it has now."""
        if NAME.fullmatch(repository.name) is None or ".." in repository.name:
            raise RepoError(f"{repository.name} is not a repository of GitHub", hint="write owner/name")
        hub = Github(
            auth=Auth.Token(self._token.reveal()), base_url=self._url, timeout=TIMEOUT_SECONDS, per_page=PAGE,
            retry=None, seconds_between_requests=None, seconds_between_writes=None, api_version=API_VERSION,
            user_agent="quarterdeck",
        )  # fmt: skip
        try:
            yield Desk(hub, repository.name, sleep=self._sleep, now=self._now)
        finally:
            hub.close()


def _proposal(pull: PullRequest) -> Proposal:
    body = pull.body or ""
    closed = State.MERGED if pull.merged_at else State.CLOSED
    return Proposal(
        number=pull.number,
        url=pull.html_url,
        branch=pull.head.ref,
        title=pull.title,
        body=body,
        state=State.OPEN if pull.state == "open" else closed,
        head=pull.head.sha,
        marks=marks.parse(body),
    )


def _brought_up_to_date(desk: Desk, pull: PullRequest, draft: Draft) -> Proposal:
    desk.edit(pull, _differences(pull, draft))
    desk.label_and_invite(pull, draft, fresh=False)
    return _proposal(pull)


def _differences(pull: PullRequest, draft: Draft) -> Changes:
    """Give what has to be written; a browser's line ends and space at the end are no difference."""
    changes = Changes()
    if pull.title != draft.title:
        changes["title"] = draft.title
    if _plain(pull.body or "") != _plain(draft.body):
        changes["body"] = draft.body
    if pull.base.ref != draft.base_branch:
        changes["base"] = draft.base_branch
    return changes


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").rstrip()
