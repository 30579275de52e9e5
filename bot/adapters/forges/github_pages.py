"""The one issue of ours in a repository: found by its hidden mark, written where its text differs, never doubled.

It is looked for among the issues with our label that we opened, then among all that we opened, the 300 that were
updated last: a person may take the label away, and that is an update, too. Whoever else writes the mark into an issue
writes just an issue.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from bot.adapters.forges.github_desk import Desk, plain
from bot.adapters.forges.github_line import PAGE
from bot.errors import AccessDenied
from bot.model.talk import Page

LABEL: Final = "quarterdeck"
PAGES: Final = 3
ISSUES_HINT: Final = (
    "the token or the GitHub App needs the permission issues: write on this repository for its overview"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """An issue of a repository, as far as we look at it."""

    number: int
    url: str
    title: str
    body: str
    is_open: bool


class Pages:
    """Keeps pages at one desk; `login` is our own name at GitHub."""

    def __init__(self, desk: Desk, login: str) -> None:
        self._desk = desk
        self._login = login
        self._address = f"{desk.repository.url}/issues"

    def keep(self, page: Page) -> str:
        """Give the page's address after bringing it up to date; one that is closed is left as it is.

        Raises AccessDenied that names the permission, RepoError where the repository has no issues.
        """
        try:
            return self._kept(page)
        except AccessDenied as error:
            if error.everywhere:
                raise
            raise AccessDenied(error.message, hint=ISSUES_HINT) from error

    def _kept(self, page: Page) -> str:
        wanted = {"title": page.title, "body": page.body if page.mark in page.body else f"{page.body}\n\n{page.mark}"}
        standing = self._find(page.mark)
        if standing is None:
            # not tried twice: the first try may have arrived
            return self._write("POST", self._address, {**wanted, "labels": [LABEL]}, repeatable=False).url
        there = {"title": standing.title, "body": standing.body}
        changes = {name: text for name, text in wanted.items() if plain(there[name]) != plain(text)}
        if changes and standing.is_open:
            self._write("PATCH", f"{self._address}/{standing.number}", changes, repeatable=True)
        return standing.url

    def _find(self, mark: str) -> Issue | None:
        """Give the page, an open one before a closed one, the older before the newer."""
        for narrowed in ({"labels": LABEL}, {}):
            found = [issue for issue in self._opened(narrowed) if mark in issue.body]
            if found:
                return min(found, key=lambda issue: (not issue.is_open, issue.number))
        return None

    def _opened(self, narrowed: dict[str, str]) -> Iterator[Issue]:
        """List the issues that we opened, and no pull requests, which GitHub lists with them."""
        asked = {**narrowed, "creator": self._login, "state": "all", "sort": "updated", "direction": "desc"}
        for page in range(1, PAGES + 1):
            rows, complete = self._desk.ask("looking for our issue", partial(self._list, {**asked, "page": page}))
            yield from rows
            if complete:
                return

    def _list(self, query: dict[str, object]) -> tuple[list[Issue], bool]:
        _, rows = self._desk.repository.requester.requestJsonAndCheck("GET", self._address, {**query, "per_page": PAGE})
        return [_issue(row) for row in rows if self._is_ours(row)], len(rows) < PAGE

    def _is_ours(self, row: dict[str, Any]) -> bool:
        """Look at the author again: whom the list is narrowed to is GitHub's word alone."""
        author = str((row["user"] or {}).get("login", ""))
        return "pull_request" not in row and author.casefold() == self._login.casefold()

    def _write(self, verb: str, address: str, sent: Mapping[str, object], *, repeatable: bool) -> Issue:
        def ask() -> Issue:
            _, row = self._desk.repository.requester.requestJsonAndCheck(verb, address, input=sent)
            return _issue(row)

        return self._desk.ask("writing our issue", ask, repeatable=repeatable)


def _issue(row: dict[str, Any]) -> Issue:
    return Issue(
        number=int(row["number"]),
        url=str(row["html_url"]),
        title=str(row["title"]),
        body=str(row["body"] or ""),
        is_open=row["state"] == "open",
    )
