"""What a reviewer wants to open of a package that moves: its changelog, its source, and what changed between.

Labels are those of "Well-known Project URLs in Metadata" (packaging.python.org), and what is common besides. An address
that nobody told us is never made up: a comparison is linked only where the forge named the tag of a release.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from urllib.parse import quote, unquote, urlsplit

from packaging.version import InvalidVersion, Version

from bot.model.change import PinChange
from bot.model.talk import ReleaseNote

CHANGELOG: Final = ("changelog", "changes", "whatsnew", "history", "releasenotes", "releases", "news")
SOURCE: Final = (
    "source",
    "sourcecode",
    "repository",
    "sourcerepository",
    "repo",
    "code",
    "github",
    "gitlab",
    "codeberg",
)
ELSEWHERE: Final = (
    "homepage",
    "home",
    "issues",
    "issue",
    "issuetracker",
    "bugtracker",
    "bugreports",
    "bugs",
    "tracker",
)
SPONSORS: Final = {"sponsors", "orgs", "users", "marketplace", "apps"}  # no owners of repositories
TAG = re.compile(r"/releases/(?:tag/)?([^/?#]+)/?$")


def upgrades(pins: Iterable[PinChange]) -> tuple[PinChange, ...]:
    """Give the rows that a reviewer reads about: direct upgrades, each once, the major ones first, then by name."""
    rows = {(row.name, row.old, row.new): row for row in pins if row.direct is not False and _rises(row.old, row.new)}
    return tuple(sorted(rows.values(), key=lambda row: (not row.major, row.name, row.old or "", row.new or "")))


def links(
    urls: Mapping[str, str], old: str, new: str, notes: Sequence[ReleaseNote] = ()
) -> tuple[tuple[str, str], ...]:
    """Give `changelog`, `source`, and `comparison` or else `releases`: what is known of them, each address once."""
    repository = source(urls)
    found = [("changelog", _labelled(urls, CHANGELOG)), ("source", repository), _between(repository, old, new, notes)]
    first: dict[str, str] = {}
    for name, url in found:
        first.setdefault(url.rstrip("/"), name)
    return tuple((name, url) for name, url in found if url and first[url.rstrip("/")] == name)


def source(urls: Mapping[str, str]) -> str:
    """Give the address of the repository, "" where nothing tells it: on a forge of a known shape it is its root."""
    told = _labelled(urls, SOURCE)
    known = [root for url in (told, *_all_labelled(urls, ELSEWHERE)) if (root := _root(url))]
    return known[0] if known else told


def _rises(old: str | None, new: str | None) -> bool:
    try:
        return old is not None and new is not None and Version(old) < Version(new)
    except InvalidVersion:
        return False


def _labelled(urls: Mapping[str, str], labels: Sequence[str]) -> str:
    return next(iter(_all_labelled(urls, labels)), "")


def _all_labelled(urls: Mapping[str, str], labels: Sequence[str]) -> list[str]:
    """Give the addresses with one of these labels, in the order of the labels; letters and digits count (PEP 753)."""
    plain: dict[str, str] = {}
    for label, url in urls.items():
        plain.setdefault(re.sub(r"[\W_]+", "", label).lower(), url)
    return [plain[label] for label in labels if label in plain]


def _is_gitlab(host: str) -> bool:
    return "gitlab" in host.split(".")


def _is_forge(host: str) -> bool:
    return _is_gitlab(host) or host == "codeberg.org" or bool({"github", "gitea", "forgejo"} & set(host.split(".")))


def _root(url: str) -> str:
    """Give the address of the repository that a page on a known forge belongs to, "" for any other page."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    host = (parts.hostname or "").removeprefix("www.")
    segments = [segment for segment in parts.path.split("/") if segment]
    if not _is_forge(host) or len(segments) < 2 or segments[0] in SPONSORS:  # noqa: PLR2004 - owner and repository
        return ""
    depth = segments.index("-") if "-" in segments else len(segments)
    kept = segments[: depth if _is_gitlab(host) else 2]
    return f"https://{host}/{'/'.join(kept).removesuffix('.git')}"


def _between(repository: str, old: str, new: str, notes: Sequence[ReleaseNote]) -> tuple[str, str]:
    root = _root(repository)
    if not root:
        return "releases", ""
    inner = f"{root}/-" if _is_gitlab(urlsplit(root).netloc) else root
    tags = _tags(old, new, notes)
    return ("comparison", f"{inner}/compare/{'...'.join(tags)}") if tags else ("releases", f"{inner}/releases")


def _tags(old: str, new: str, notes: Sequence[ReleaseNote]) -> tuple[str, str] | None:
    """Give both tags where all releases in between are tagged alike; that of `old` is written as theirs are."""
    told = {note.version: unquote(found[1]) for note in notes if (found := TAG.search(note.url))}
    prefixes = {tag.removesuffix(version) for version, tag in told.items() if tag.endswith(version)}
    if new not in told or len(prefixes) != 1 or not told[new].endswith(new):
        return None
    return quote(f"{prefixes.pop()}{old}"), quote(told[new])
