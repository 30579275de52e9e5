"""What projects on GitHub say of their releases, from the forge that we work with anyway and from no other host.

Which releases are a package's own. Tags are versions after a prefix (`v1.2`, `lib-1.2`, `release/1.2`, `rel_1_2`), and
a repository may release several packages. Only releases under the prefix of the version that we go to count; where
that version was not released there, or under several prefixes, the usual ones do (none, "release", the repository's
own name), and where there are none of those either, nobody can tell.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

from github import GithubException
from github.Requester import Requester
from packaging.version import InvalidVersion, Version

from bot.adapters.forges.github_access import GithubAccess, is_name
from bot.adapters.forges.github_line import PAGE
from bot.model.talk import ReleaseNote

PAGES: Final = 2
NOTES: Final = 10
CHARACTERS: Final = 20_000
USUAL: Final = frozenset({"", "release", "releases", "rel", "version", "ver"})
NO_OWNERS: Final = frozenset({"orgs", "sponsors", "users"})  # pages of GitHub that look like a repository's
# a number after a number is a part of the same version, or of a date
BEGINNING = re.compile(r"(?:^|(?<=[-_/@=. vV]))(?<!\d[-_/@=. ])(?=\d)")
OWNER_AND_NAME: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A release as GitHub lists it; `prefix` is what stands before the version in its tag, without separators."""

    version: Version
    prefix: str
    prerelease: bool
    note: ReleaseNote


class GithubReleases:
    """Implements `ports.ReleaseNotes`; a repository's releases are listed once in the life of this object."""

    def __init__(self, access: GithubAccess) -> None:
        self._access = access
        self._host = web_host(access.url)
        self._listed: dict[str, tuple[Published, ...]] = {}

    def between(self, source: str, old: str, new: str) -> tuple[ReleaseNote, ...]:
        """Give at most ten notes, the highest version first; see ports.ReleaseNotes.

        Pre-releases are left out unless `new` is one; versions that PEP 440 does not know have no order, and no notes.
        """
        name = repository_of(source, self._host)
        try:
            low, high = Version(old), Version(new)
        except InvalidVersion:
            return ()
        if not name:
            return ()
        if name.casefold() not in self._listed:
            self._listed[name.casefold()] = self._list(name)
        rows = _of_one_package(self._listed[name.casefold()], high, name.partition("/")[2])
        chosen = {
            row.version: row.note
            for row in rows
            if low < row.version <= high and (high.is_prerelease or not (row.prerelease or row.version.is_prerelease))
        }
        return tuple(chosen[version] for version in sorted(chosen, reverse=True)[:NOTES])

    def _list(self, name: str) -> tuple[Published, ...]:
        found: list[Published] = []
        with self._access.hub("") as hub:
            for page in range(1, PAGES + 1):
                rows, complete = hub.ask(f"{name}: listing releases", partial(_page, hub.requester, name, page))
                found += rows
                if complete:
                    break
        return tuple(found)


def web_host(api: str) -> str:
    """Give the host of the pages that belong to an API's address, with its port where it names one."""
    parts = urlsplit(api)
    enterprise = parts.path.rstrip("/").endswith("/api/v3")
    return parts.netloc.casefold() if enterprise else parts.netloc.casefold().removeprefix("api.")


def repository_of(source: str, host: str) -> str:
    """Give `owner/name` of an address of a project at this host, "" where it is none."""
    address = re.sub(r"^git@([^:/]+):", r"ssh://git@\1/", source.strip().removeprefix("git+"))
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    if parts.netloc.rpartition("@")[2].casefold().removeprefix("www.") != host:
        return ""
    segments = [segment for segment in parts.path.split("/") if segment][:OWNER_AND_NAME]
    # pip's addresses name a revision after the name: …/lib.git@main
    name = "/".join(segments).partition("@")[0].removesuffix(".git")
    return name if is_name(name) and segments[0] not in NO_OWNERS else ""


def _page(requester: Requester, name: str, page: int) -> tuple[list[Published], bool]:
    """List one page, and say whether it is the last; a repository that is not there has no releases."""
    try:
        query = {"per_page": PAGE, "page": page}
        _, rows = requester.requestJsonAndCheck("GET", f"/repos/{name}/releases", query)
    except GithubException as error:
        if error.status == HTTPStatus.NOT_FOUND:
            return [], True
        raise
    found = (_published(row) for row in rows if not row["draft"])
    return [row for row in found if row is not None], len(rows) < PAGE


def _published(row: dict[str, Any]) -> Published | None:
    tag = str(row["tag_name"])
    read = _read(tag)
    if read is None:
        return None
    prefix, version = read
    text = str(row["body"] or "")
    note = ReleaseNote(
        version=str(version),
        title=str(row["name"] or tag),
        text=text if len(text) <= CHARACTERS else f"{text[: CHARACTERS - 1]}…",
        url=str(row["html_url"]),
    )
    return Published(version=version, prefix=prefix, prerelease=bool(row["prerelease"]), note=note)


def _read(tag: str) -> tuple[str, Version] | None:
    """Split a tag into its prefix and its version, at the first place where the rest is one."""
    for place in BEGINNING.finditer(tag):
        for text in (tag[place.start() :], tag[place.start() :].replace("_", ".")):
            try:
                return _plain(re.sub(r"(^|[-_/@=. ])[vV]$", "", tag[: place.start()])), Version(text)
            except InvalidVersion:
                continue
    return None


def _plain(prefix: str) -> str:
    return re.sub(r"[-_/@=. ]+", "-", prefix).strip("-").casefold()


def _of_one_package(rows: Iterable[Published], new: Version, repository: str) -> list[Published]:
    listed = list(rows)
    prefixes = {row.prefix for row in listed if row.version == new} or {row.prefix for row in listed}
    if len(prefixes) > 1:
        prefixes &= USUAL | {_plain(repository)}
    return [row for row in listed if row.prefix in prefixes]
