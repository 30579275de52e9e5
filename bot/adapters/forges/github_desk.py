"""The work on one repository of GitHub: finding our pull requests, writing them, inviting people.

Which pull requests are seen. GitHub lists all of them or those of one exact branch, never "those on quarterdeck/…".
The newest 200 of any state are listed (one request up to 99 pull requests, two up to 199), which is everything in
most repositories. Where there are more, the branches that can matter are asked for one by one, in any state: those
that stand now (an open pull request needs its branch), manual and security, and the quarterly ones of a year and of
the quarter to come. So an open proposal, a "no" and the quarter's memory are always found; only quarters of more than
a year ago may be missing, and they decide nothing.
"""

import logging
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Final, TypedDict, TypeVar

from github.IssueComment import IssueComment
from github.NamedUser import NamedUser
from github.Organization import Organization
from github.PaginatedList import PaginatedList
from github.PullRequest import PullRequest
from github.Repository import Repository

from bot.adapters.forges.github_errors import Asking
from bot.adapters.forges.github_line import PAGE
from bot.errors import BotError, PublishFailed
from bot.model.proposal import Draft

Result = TypeVar("Result")

BRANCHES: Final = "quarterdeck/"
PAGES: Final = 2
COMMENTS: Final = 300
QUARTERS: Final = range(-4, 2)  # of a year ago, to the one to come: clocks and time zones may be ahead
LOG = logging.getLogger(__name__)


class Changes(TypedDict, total=False):
    """What can be written on a pull request that stands."""

    title: str
    body: str
    base: str
    state: str


class Desk:
    """One repository, under the name that it has now; all methods raise `bot.errors` only.

    `repository` is complete. PyGithub's objects go no further than the modules beside this one. They load what they
    miss when asked for it, so whatever is read from them must be in GitHub's list answers.
    """

    def __init__(
        self,
        repository: Repository,
        name: str,
        asking: Asking,
        *,
        now: Callable[[], datetime],
    ) -> None:
        self._name, self._asking, self._now = name, asking, now
        self.repository = repository
        self.full_name: str = self.ask("reading its name", lambda: self.repository.full_name)
        self.clone_url: str = self.ask("reading its address", lambda: self.repository.clone_url)

    def ours(self) -> tuple[PullRequest, ...]:
        """Give the pull requests on our branches, in any state, the highest number first."""
        pulls, complete = self._newest()
        if not complete:
            for branch in self._branches():
                pulls += self._on_branch(branch, "all")
        ours = {pull.number: pull for pull in pulls if _own(pull) and pull.head.ref.startswith(BRANCHES)}
        return tuple(ours[number] for number in sorted(ours, reverse=True))

    def standing(self, branch: str) -> PullRequest | None:
        """Give the open pull request of one of the repository's own branches; the newest, where there are several."""
        found = [pull for pull in self._on_branch(branch, "open") if _own(pull) and pull.head.ref == branch]
        return max(found, key=lambda pull: pull.number, default=None)

    def pull(self, number: int) -> PullRequest:
        """Read one pull request."""
        return self.ask(f"reading #{number}", lambda: self.repository.get_pull(number))

    def create(self, draft: Draft) -> PullRequest:
        """Open a pull request; raises PublishFailed where GitHub refuses it, one that exists already included."""
        return self.ask(
            f"opening the pull request for {draft.branch}",
            lambda: self.repository.create_pull(draft.base_branch, draft.branch, title=draft.title, body=draft.body),
        )

    def edit(self, pull: PullRequest, changes: Changes) -> None:
        """Write title, body, base or state; without changes nothing is sent."""
        if changes:
            self.ask(f"changing #{pull.number}", lambda: pull.edit(**changes))

    def comments(self, number: int) -> tuple[IssueComment, ...]:
        """Give the newest 300 comments of a pull request or an issue, oldest first.

        GitHub lists them from the oldest and in no other order: where there is a second page, the last come first.
        """
        requester = self.repository.requester
        listed = PaginatedList(IssueComment, requester, f"{self.repository.url}/issues/{number}/comments")
        doing = f"reading the comments of #{number}"
        first = self.ask(doing, lambda: listed.get_page(0))
        if len(first) < PAGE:
            return tuple(first)
        newest = self.ask(doing, lambda: list(islice(listed.reversed, COMMENTS)))
        return tuple(reversed(newest))

    def comment_once(self, number: int, text: str) -> None:
        """Say something that has not been said there in the same words."""
        if plain(text) in {plain(entry.body or "") for entry in self.comments(number)}:
            return
        address = f"{self.repository.url}/issues/{number}/comments"
        say = partial(self.repository.requester.requestJsonAndCheck, "POST", address, input={"body": text})
        self.ask(f"commenting on #{number}", say, repeatable=False)

    def label_and_invite(self, pull: PullRequest, draft: Draft, *, fresh: bool) -> None:
        """Add the labels and people that are missing; what GitHub refuses is logged, for the proposal stands.

        `fresh` saves the look for reviews. The author cannot review, and who reviewed is not asked again.
        """
        labels = _missing(draft.labels, (label.name for label in pull.labels or ()))
        if labels:
            self._spare(pull, f"labels {', '.join(labels)}", partial(_label, pull, labels))
        assignees = _missing(draft.assignees, (person.login for person in pull.assignees or ()))
        if assignees:
            self._spare(pull, f"assignees {', '.join(assignees)}", lambda: pull.add_to_assignees(*assignees))
        reviewers = _missing(
            draft.reviewers, [person.login for person in pull.requested_reviewers or ()] + [login_of(pull.user)]
        )
        if reviewers and not fresh:
            reviewers = self._without_reviews(pull, reviewers)
        slugs = tuple(team.rpartition("/")[2] for team in draft.team_reviewers)
        self._invite(pull, reviewers, _missing(slugs, (team.slug for team in pull.requested_teams or ())))

    def _invite(self, pull: PullRequest, reviewers: tuple[str, ...], teams: tuple[str, ...]) -> None:
        """Ask all in one request; where GitHub refuses one it refuses all, so then ask one by one."""
        if not reviewers and not teams:
            return
        try:
            self.ask(f"asking for reviews of #{pull.number}", lambda: _request(pull, reviewers, teams))
        except BotError as error:
            if not isinstance(error, PublishFailed) or len(reviewers) + len(teams) == 1:
                LOG.warning("#%d stands without reviewers %s: %s", pull.number, ", ".join(reviewers + teams), error)
                return
            for person in reviewers:
                self._spare(pull, f"reviewer {person}", partial(_request, pull, (person,), ()))
            for team in teams:
                self._spare(pull, f"team {team}", partial(_request, pull, (), (team,)))

    def _spare(self, pull: PullRequest, what: str, add: Callable[[], object]) -> None:
        """Add something that the proposal can do without."""
        try:
            self.ask(f"adding {what} to #{pull.number}", add)
        except BotError as error:
            LOG.warning("#%d stands without %s: %s", pull.number, what, error)

    def _without_reviews(self, pull: PullRequest, people: tuple[str, ...]) -> tuple[str, ...]:
        reviews = self.ask(f"reading the reviews of #{pull.number}", lambda: list(pull.get_reviews()))
        return _missing(people, (login_of(review.user) for review in reviews))

    def _newest(self) -> tuple[list[PullRequest], bool]:
        """Give the newest pull requests, and whether these are all."""
        listed = self.repository.get_pulls(state="all", sort="created", direction="desc")
        pulls: list[PullRequest] = []
        for page in range(PAGES):
            got = self.ask("listing pull requests", partial(listed.get_page, page))
            pulls += got
            if len(got) < PAGE:
                return pulls, True
        return pulls, False

    def _on_branch(self, branch: str, state: str) -> list[PullRequest]:
        head = f"{self.full_name.partition('/')[0]}:{branch}"
        doing = f"looking for pull requests of {branch}"
        return self.ask(doing, lambda: list(self.repository.get_pulls(state=state, head=head)))

    def _branches(self) -> list[str]:
        """Name the branches that can matter: those that stand, and those that may have stood within a year."""
        standing = self.ask("listing branches", lambda: _own_branches(self.repository))
        now = self._now()
        current = now.year * 4 + (now.month - 1) // 3
        quarters = [divmod(current + offset, 4) for offset in QUARTERS]
        names = {f"{BRANCHES}quarterly-{year}q{quarter + 1}" for year, quarter in quarters}
        return sorted(names | set(standing) | {f"{BRANCHES}manual", f"{BRANCHES}security"})

    def ask(self, doing: str, ask: Callable[[], Result], *, repeatable: bool = True) -> Result:
        """Ask for one thing under the repository's name; see `Asking`."""
        return self._asking.ask(f"{self._name}: {doing}", ask, repeatable=repeatable)


def plain(text: str) -> str:
    """Give a text as it is compared: a browser's line ends and space at the end are no difference."""
    return text.replace("\r\n", "\n").rstrip()


def _own(pull: PullRequest) -> bool:
    """Whether its branch is the repository's own; a fork's repository is another, or gone."""
    return _id(pull.head.repo) == _id(pull.base.repo)


def _own_branches(repository: Repository) -> list[str]:
    """List the branches that begin as ours do, in one answer; the library would ask for pages, which there are not."""
    address = f"{repository.url}/git/matching-refs/heads/{BRANCHES}"
    _, refs = repository.requester.requestJsonAndCheck("GET", address)
    return [str(ref["ref"]).removeprefix("refs/heads/") for ref in refs]


def _id(repository: Repository | None) -> int | None:
    return repository.id if repository is not None else None


def login_of(user: NamedUser | Organization | None) -> str:
    """Give the name of a person who, unlike the library's types say, may have left GitHub."""
    return user.login if user is not None else ""


def _missing(wanted: Iterable[str], there: Iterable[str]) -> tuple[str, ...]:
    """Give what is wanted and not there, in order, once; GitHub's names do not tell upper from lower case."""
    seen = {name.casefold() for name in there}
    return tuple(name for name in dict.fromkeys(wanted) if name.casefold() not in seen)


def _label(pull: PullRequest, labels: tuple[str, ...]) -> None:
    """Add labels in the form that GitHub describes; the library's own method sends the bare list, which it does not."""
    address = f"{pull.url.rpartition('/pulls/')[0]}/issues/{pull.number}/labels"
    pull.requester.requestJsonAndCheck("POST", address, input={"labels": list(labels)})


def _request(pull: PullRequest, reviewers: tuple[str, ...], teams: tuple[str, ...]) -> None:
    wanted = {"reviewers": list(reviewers), "team_reviewers": list(teams)}
    pull.create_review_request(**{kind: names for kind, names in wanted.items() if names})
