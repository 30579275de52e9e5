"""Whether anything moved in a repository of GitHub, for one conditional request.

What GitHub documents. A request with the ETag of an earlier answer is answered 304 where that still holds, and does
not count against the rate limit ("Best practices for using the REST API"). Pull requests are issues, and comments,
edits, labels and pushes to their branches move their `updated_at`; sorted by it, whichever changed comes first, so
that the first few are enough, closed ones included. Each of them embeds its base repository, whose `pushed_at` moves
with every push to any branch. So the one list answers for pull requests and branches alike.

An empty list embeds nothing. Where there is no pull request at all, the repository itself is asked: it has
`pushed_at`, and `open_issues_count`, which a first pull request moves. It is read before the list that must be empty:
a pull request that is opened between the two is then seen the next time. What it may miss is a first pull request
from a branch that stood already, opened between two looks in which as many issues were closed: until the next push.

What matters of a repository itself is its name, its default branch, and whether it is archived or switched off.

The text that is kept names the last push, the question, the repository, a digest of what matters and the ETag. ETags
move with more than that (stars, the token), so a full answer whose digest is the same leaves the text as it was.

`pushed_at` is what GitHub documents. What answers at an address without https is something that behaves like it, of
which nobody knows whether it dates pushes; and where a field is missing, nothing can be told.
"""

import hashlib
import json
from dataclasses import dataclass, replace
from enum import StrEnum
from http import HTTPStatus
from typing import Any, Final, Self

from bot.adapters.forges.github_access import GithubAccess, Hub, checked, is_name
from bot.errors import Unavailable
from bot.model.repository import Repository

# several rows: more than one may be updated within the second that GitHub's dates are exact to
PULLS: Final = {"state": "all", "sort": "updated", "direction": "desc", "per_page": 10}
PARTS: Final = 5
OF_REPOSITORY: Final = ("full_name", "default_branch", "archived", "disabled")


class Question(StrEnum):
    """What is asked again."""

    PULLS = "pulls"
    REPOSITORY = "repository"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """An earlier answer, as far as it is kept."""

    pushed: str
    question: Question
    name: str
    digest: str
    etag: str

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Read what `str` gave; None for anything else."""
        parts = text.split(" ", PARTS - 1)
        if len(parts) != PARTS or parts[1] not in set(Question) or not is_name(parts[2]):
            return None
        return cls(pushed=parts[0], question=Question(parts[1]), name=parts[2], digest=parts[3], etag=parts[4])

    def __str__(self) -> str:
        return f"{self.pushed} {self.question} {self.name} {self.digest} {self.etag}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A full answer; `name` is what the repository is called now, "" where an empty list does not say."""

    etag: str
    name: str
    digest: str
    pushed: str = ""


class _Silent(Exception):
    """An answer lacks a field: whether anything moved cannot be told."""


class Watch:
    """Looks at one repository through one connection."""

    def __init__(self, access: GithubAccess, hub: Hub, repository: Repository) -> None:
        self._access = access
        self._hub = hub
        self._name = checked(repository.name)

    def state(self, known: str) -> str:
        """Give `known` where nothing moved since, "" where a field is missing; see ports.Forge."""
        try:
            return self._state(known)
        except _Silent:
            return ""

    def _state(self, known: str) -> str:
        before = Seen.parse(known)
        if before is None:
            return str(self._with_pulls(self._full(Question.PULLS, self._name), self._name))
        answer = self._get(before.question, before.name, before.etag)
        if answer is None:
            return known
        if before.question is Question.PULLS:
            now = self._with_pulls(answer, before.name)
        else:
            now = self._without_pulls(answer)
        return known if replace(now, etag=before.etag) == before else str(now)

    def _with_pulls(self, pulls: Answer, name: str) -> Seen:
        if not pulls.name:
            return self._without_pulls(self._full(Question.REPOSITORY, name))
        if pulls.name.casefold() != name.casefold():
            # GitHub redirects from an old name, and the library loses the query on the way
            pulls = self._full(Question.PULLS, pulls.name)
        return Seen(
            pushed=pulls.pushed, question=Question.PULLS, name=pulls.name or name, digest=pulls.digest, etag=pulls.etag
        )

    def _without_pulls(self, repository: Answer) -> Seen:
        """Look at the repository where there was no pull request, and whether there still is none."""
        pulls = self._full(Question.PULLS, repository.name)
        if pulls.name:
            return self._with_pulls(pulls, pulls.name)
        return Seen(
            pushed=repository.pushed, question=Question.REPOSITORY, name=repository.name, digest=repository.digest,
            etag=repository.etag,
        )  # fmt: skip

    def _full(self, question: Question, name: str) -> Answer:
        answer = self._get(question, name, "")
        if answer is None:
            raise Unavailable(f"{self._name}: GitHub says 304 to a question without a condition")
        return answer

    def _get(self, question: Question, name: str, etag: str) -> Answer | None:
        """Ask, and give None where the ETag still holds."""
        address, query = f"/repos/{checked(name)}", {}
        if question is Question.PULLS:
            address, query = f"{address}/pulls", PULLS

        def ask() -> Answer | None:
            headers = {"If-None-Match": etag} if etag else {}
            status, found, text = self._hub.requester.requestJson("GET", address, dict(query), headers)
            if status == HTTPStatus.NOT_MODIFIED:
                return None
            if status != HTTPStatus.OK:
                raise self._hub.requester.createException(status, found, _refusal(text))
            read = _pulls if question is Question.PULLS else _repository
            try:
                current, moved, rows = read(json.loads(text))
            except (KeyError, IndexError, TypeError) as error:
                raise _Silent from error
            sure = "sure:" if self._access.url.startswith("https://") else ""
            digest, pushed = _digest([moved, rows]), f"{sure}{_digest(moved)}"
            return Answer(etag=str(found.get("etag", "")), name=current, digest=digest, pushed=pushed)

        return self._hub.ask(f"{self._name}: asking whether anything moved", ask)


def _refusal(text: str) -> dict[str, Any]:
    """Read what an error says; a proxy's page says nothing that we need."""
    try:
        said = json.loads(text)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _pulls(document: list[dict[str, Any]]) -> tuple[str, object, list[object]]:
    """Give the repository's name, its last push, and what matters of the pull requests that were updated last."""
    rows: list[object] = [
        [row["number"], row["state"], row["head"]["sha"], row["updated_at"], row["title"], row["body"]]
        for row in document
    ]
    if not document:
        return "", None, rows
    name, moved, branch = _repository(document[0]["base"]["repo"])
    return name, moved, [*branch, *rows]


def _repository(document: dict[str, Any]) -> tuple[str, object, list[object]]:
    return str(document["full_name"]), document["pushed_at"], [document[name] for name in OF_REPOSITORY]


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:32]
