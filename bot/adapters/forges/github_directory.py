"""The repositories of owners on GitHub, or all that a GitHub App is installed on: whole lists, a hundred at a time.

Which lists there are. An installation lists what it was given. With a token an organisation lists what we can see of
it, private ones included; a person's list holds the public ones, and those that are shared with us are in a list of
our own. Lists are in the order of names, and followed to the end that GitHub itself names (`Link`).
"""

import logging
from collections.abc import Callable, Iterator
from functools import partial
from http import HTTPStatus
from typing import Any, Final

from github import GithubException

from bot.adapters.forges.github_access import GithubAccess, Hub, is_name
from bot.adapters.forges.github_app import AppKeys
from bot.adapters.forges.github_found import found_of
from bot.adapters.forges.github_line import PAGE
from bot.errors import AccessDenied, RepoError, Unavailable
from bot.model.fleet import Found, Search

PAGES: Final = 1_000  # a hundred thousand repositories; whatever names more does not come to an end
MISSING: Final = "check `owner` under [[discover]]: GitHub knows nobody of that name"
LOG = logging.getLogger(__name__)


class GithubDirectory:
    """Implements ports.Directory for some searches, or for none: then the App's installations are listed."""

    def __init__(self, access: GithubAccess, searches: tuple[Search, ...], app: AppKeys | None) -> None:
        self._access = access
        self._searches = searches
        self._app = app

    def found(self) -> tuple[Found, ...]:
        """Give all repositories that are there now; see ports.Directory.

        Raises AccessDenied where an owner of a search is unknown, or has not installed the App, which finds nothing.
        """
        rows = {one.id: one for one in self._all() if _is_usable(one)}
        return tuple(sorted(rows.values(), key=lambda one: (one.name.casefold(), one.name)))

    def _all(self) -> Iterator[Found]:
        if self._app is None:
            for search in self._searches:
                yield from _with_topic(self._of_owner(search.owner), search)
            return
        installations = self._app.installations()
        if not self._searches:
            for one in installations:
                if one.suspended:
                    LOG.warning("the installation of the GitHub App at %s is suspended", one.owner)
                else:
                    yield from self._of_installation(one.owner, may_write=one.may_write)
        for search in self._searches:
            self._app.token(search.owner)  # says why, where there is none
            may_write = any(one.may_write for one in installations if one.owner.casefold() == search.owner.casefold())
            yield from _with_topic(self._of_installation(search.owner, may_write=may_write), search)

    def _of_installation(self, owner: str, *, may_write: bool) -> tuple[Found, ...]:
        """List what an installation was given; GitHub says how much that is."""
        with self._access.hub(owner) as hub:
            rows, total = self._pages(hub, f"listing what is installed at {owner}", "/installation/repositories", {})
        if total is not None and len(rows) < total:
            raise Unavailable(f"listing what is installed at {owner}: {len(rows)} of {total} repositories were given")
        return tuple(found_of(row, self._access.url, may_write=may_write) for row in rows)

    def _of_owner(self, owner: str) -> tuple[Found, ...]:
        doing = f"listing the repositories of {owner}"
        in_order: dict[str, object] = {"sort": "full_name", "direction": "asc"}
        with self._access.hub(owner) as hub:
            if self._kind(hub, owner) == "Organization":
                rows, _ = self._pages(hub, doing, f"/orgs/{owner}/repos", {"type": "all", **in_order})
            else:
                rows, _ = self._pages(hub, doing, f"/users/{owner}/repos", {"type": "owner", **in_order})
                ours = {"affiliation": "owner,collaborator", **in_order}
                shared, _ = self._pages(hub, f"{doing} that are shared with us", "/user/repos", ours)
                rows += [row for row in shared if str(row["owner"]["login"]).casefold() == owner.casefold()]
        return tuple(found_of(row, self._access.url) for row in rows)

    def _kind(self, hub: Hub, owner: str) -> str:
        """Say whether an owner is a person or an organisation."""
        doing = f"looking for {owner}"
        if not is_name(f"{owner}/x"):
            raise AccessDenied(f"{doing}: nobody can be called so", hint=MISSING)
        try:
            return hub.ask(doing, lambda: str(_get(hub, f"/users/{owner}", {})[1]["type"]))
        except RepoError as error:
            raise AccessDenied(f"{doing}: {error.message.rpartition(': ')[2]}", hint=MISSING) from error

    def _pages(self, hub: Hub, doing: str, address: str, query: dict[str, object]) -> tuple[list[Any], int | None]:
        """Follow a list to its end; gives its rows, and how many there are where the answer says so."""
        rows: list[Any] = []
        total: int | None = None
        for page in range(1, PAGES + 1):
            headers, said = _asked(hub, doing, partial(_get, hub, address, {**query, "page": page}))
            rows += said["repositories"] if isinstance(said, dict) else said
            total = int(said["total_count"]) if isinstance(said, dict) else None
            if 'rel="next"' not in str(headers.get("link", "")):
                return rows, total
        raise Unavailable(f"{doing}: the list does not come to an end")


def _asked(hub: Hub, doing: str, ask: Callable[[], tuple[dict[str, Any], Any]]) -> tuple[dict[str, Any], Any]:
    """Ask for a part of a list; one that is not there, or not for us, is no list that is empty."""
    try:
        return hub.ask(doing, ask)
    except RepoError as error:
        refused = error.__cause__
        if isinstance(refused, GithubException) and refused.status == HTTPStatus.NOT_FOUND:
            raise AccessDenied(f"{doing}: not found, or not for us to see", hint=error.hint) from error
        raise Unavailable(error.message, hint=error.hint) from error


def _get(hub: Hub, address: str, query: dict[str, object]) -> tuple[dict[str, Any], Any]:
    parameters: Any = {"per_page": PAGE, **query} if query else {}
    return hub.requester.requestJsonAndCheck("GET", address, parameters)


def _with_topic(rows: tuple[Found, ...], search: Search) -> Iterator[Found]:
    wanted = search.topic.casefold() if search.topic is not None else None
    return (row for row in rows if wanted is None or wanted in row.topics)


def _is_usable(one: Found) -> bool:
    """Whether a repository's name can be one; another is left out, and said."""
    if is_name(one.name):
        return True
    LOG.warning("a repository whose name is none that GitHub gives is left out: %r", one.name)
    return False
