"""Proposals as pull requests of GitHub, or of a GitHub Enterprise server, through PyGithub."""

from collections.abc import Callable
from functools import partial
from urllib.parse import urlsplit

from github.PullRequest import PullRequest

from bot.adapters.forges.github_access import GithubAccess, owner_of
from bot.adapters.forges.github_desk import Changes, Desk, plain
from bot.adapters.forges.github_found import found_of
from bot.adapters.forges.github_state import Watch
from bot.errors import PublishFailed, RepoError
from bot.formats import marks
from bot.model.fleet import Found
from bot.model.proposal import Draft, Proposal, State
from bot.model.repository import Remote, Repository
from bot.model.secrets import Credential, Secret


class _Current(Secret):
    """A token that is asked for when it is used: some work takes longer than a token lives."""

    __slots__ = ("_ask",)
    _ask: Callable[[], Secret]

    def __init__(self, ask: Callable[[], Secret]) -> None:
        super().__init__("")
        object.__setattr__(self, "_ask", ask)

    def reveal(self) -> str:
        """Give the token of this moment; raises AccessDenied and Unavailable."""
        return self._ask().reveal()


class GithubForge:
    """Implements `ports.Forge`; `Repository.name` is `owner/name`.

    `clone_url` is where git finds repositories (`{clone_url}/{owner}/{name}.git`); None: where the API says.
    """

    def __init__(self, access: GithubAccess, *, clone_url: str | None = None) -> None:
        self._access = access
        self._clone_url = clone_url.rstrip("/") if clone_url else None

    def remote(self, repository: Repository) -> Remote:
        """Say how git reaches the repository: with the token over https; the newest commit is enough."""
        name = repository.name
        if self._clone_url:
            url = f"{self._clone_url}/{name}.git"
        else:
            with self._access.desk(repository, reads=True) as desk:
                url, name = desk.clone_url, desk.full_name
        if urlsplit(url).scheme not in {"https", "http"}:
            raise RepoError(f"{repository.name}: its clone address is neither https nor http")
        if urlsplit(url).scheme != "https" and urlsplit(self._access.url).scheme == "https":
            raise RepoError(f"{repository.name}: its clone address is without https, the token stays here")
        password = _Current(partial(self._access.line.keys.token, owner_of(name)))
        return Remote(url=url, credential=Credential(username="x-access-token", password=password))

    def about(self, repository: Repository) -> Found:
        """Give what GitHub says of the repository, which is read once in the life of this object."""
        return found_of(self._access.raw(repository), self._access.url)

    def proposals(self, repository: Repository) -> tuple[Proposal, ...]:
        """Give the pull requests on `quarterdeck/…` branches of the repository itself, newest first.

        Forks' branches are left out: anybody may call theirs so. For a closed one `head` is its last commit.
        """
        with self._access.desk(repository, reads=True) as desk:
            return tuple(_proposal(pull) for pull in desk.ours())

    def state(self, repository: Repository, known: str) -> str:
        """Say in what state things are, for one conditional request where nothing moved; see `github_state`."""
        with self._access.hub(owner_of(repository.name)) as hub:
            return Watch(self._access, hub, repository).state(known)

    def open(self, repository: Repository, draft: Draft) -> Proposal:
        """Open a pull request for the pushed branch; one that is open there already is updated instead.

        Raises PublishFailed with GitHub's own sentence. Labels, reviewers and assignees that GitHub refuses are
        logged and left out: the proposal stands.
        """
        with self._access.desk(repository) as desk:
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
        with self._access.desk(repository) as desk:
            return _brought_up_to_date(desk, desk.pull(number), draft)

    def close(self, repository: Repository, number: int, comment: str, body: str | None) -> Proposal:
        """Comment and close, the body in the same request as the state; nothing is said twice.

        One that is not open any more is left as it is.
        """
        with self._access.desk(repository) as desk:
            pull = desk.pull(number)
            if pull.state == "open":
                desk.comment_once(number, comment)
                desk.edit(pull, {"state": "closed"} if body is None else {"state": "closed", "body": body})
            return _proposal(pull)


def _proposal(pull: PullRequest) -> Proposal:
    body = pull.body or ""
    closed = State.MERGED if pull.merged_at else State.CLOSED
    return Proposal(
        number=pull.number,
        url=pull.html_url or "",
        branch=pull.head.ref,
        title=pull.title,
        body=body,
        state=State.OPEN if pull.state == "open" else closed,
        head=pull.head.sha,
        base=pull.base.ref,
        marks=marks.parse(body),
        opened_at=pull.created_at,
    )


def _brought_up_to_date(desk: Desk, pull: PullRequest, draft: Draft) -> Proposal:
    desk.edit(pull, _differences(pull, draft))
    desk.label_and_invite(pull, draft, fresh=False)
    return _proposal(pull)


def _differences(pull: PullRequest, draft: Draft) -> Changes:
    """Give what has to be written."""
    changes = Changes()
    if pull.title != draft.title:
        changes["title"] = draft.title
    if plain(pull.body or "") != plain(draft.body):
        changes["body"] = draft.body
    if pull.base.ref != draft.base_branch:
        changes["base"] = draft.base_branch
    return changes
