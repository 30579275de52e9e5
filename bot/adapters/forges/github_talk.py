"""What people and we say to each other on GitHub: comments on pull requests, permissions, and our one issue."""

import re
from http import HTTPStatus
from typing import Final
from urllib.parse import quote

from github import GithubException
from github.IssueComment import IssueComment

from bot.adapters.forges.github_access import GithubAccess
from bot.adapters.forges.github_desk import Desk, login_of
from bot.adapters.forges.github_pages import Pages
from bot.model.repository import Repository
from bot.model.talk import Comment, Page

WRITERS: Final = frozenset({"admin", "maintain", "write"})
LOGIN = re.compile(r"[A-Za-z0-9_-]+(\[bot\])?")


class GithubTalk:
    """Implements `ports.Talk`; whether a person may write is asked once in the life of this object."""

    def __init__(self, access: GithubAccess) -> None:
        self._access = access
        self._writers: dict[tuple[str, str], bool] = {}

    def comments(self, repository: Repository, number: int) -> tuple[Comment, ...]:
        """Give the newest 300 comments of a pull request, oldest first; those on lines of code are not among them."""
        with self._access.desk(repository, reads=True) as desk:
            said = desk.comments(number)
        ours = self._access.login() if said else ""
        return tuple(_comment(entry, ours) for entry in said)

    def may_write(self, repository: Repository, author: str) -> bool:
        """Say whether a person may push; nobody may of whom GitHub does not know."""
        if LOGIN.fullmatch(author) is None:
            return False
        key = (repository.name, author.casefold())
        if key not in self._writers:
            with self._access.desk(repository, reads=True) as desk:
                self._writers[key] = _may_write(desk, author)
        return self._writers[key]

    def say(self, repository: Repository, number: int, text: str) -> None:
        """Comment on a pull request, unless the same words are there already."""
        with self._access.desk(repository) as desk:
            desk.comment_once(number, text)

    def keep_page(self, repository: Repository, page: Page) -> str:
        """Keep one issue; see `Pages`."""
        login = self._access.login()
        with self._access.desk(repository) as desk:
            return Pages(desk, login).keep(page)


def _comment(entry: IssueComment, ours: str) -> Comment:
    author = login_of(entry.user)
    return Comment(
        id=entry.id,
        author=author,
        body=entry.body or "",
        at=entry.created_at,
        ours=author.casefold() == ours.casefold(),
    )


def _may_write(desk: Desk, author: str) -> bool:
    """Ask for a person's role: `permission` is the older word, in which whoever maintains writes."""
    address = f"{desk.repository.url}/collaborators/{quote(author, safe='')}/permission"

    def ask() -> bool:
        try:
            _, said = desk.repository.requester.requestJsonAndCheck("GET", address)
        except GithubException as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return False
            raise
        return said["permission"] in WRITERS or said.get("role_name") in WRITERS

    return desk.ask(f"asking what {author} may do", ask)
