"""What the GitHub of the tests knows: repositories, pull requests and people. What git knows is asked of git."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from tests.rig.repositories import git

BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(kw_only=True)
class Comment:
    id: int
    author: str
    body: str
    at: str


@dataclass(kw_only=True)
class Pull:
    """A pull request; `head_sha` is frozen when it is closed, `fork` names the owner of another repository."""

    number: int
    title: str
    body: str | None
    head: str
    base: str
    author: str
    created_at: str
    updated_at: str
    head_sha: str
    base_sha: str
    fork: str | None = None
    state: str = "open"
    closed_at: str | None = None
    merged_at: str | None = None
    merged_by: str | None = None
    merge_commit: str | None = None
    labels: list[str] = field(default_factory=list)
    assignees: list[str] = field(default_factory=list)
    reviewers: list[str] = field(default_factory=list)
    teams: list[str] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    reviews: list[Comment] = field(default_factory=list)


@dataclass(kw_only=True)
class Issue:
    """An issue that is no pull request; the two share their numbers."""

    number: int
    title: str
    body: str | None
    author: str
    created_at: str
    updated_at: str
    state: str = "open"
    closed_at: str | None = None
    labels: list[str] = field(default_factory=list)
    assignees: list[str] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)


@dataclass(kw_only=True)
class Release:
    id: int
    tag: str
    name: str | None
    body: str | None
    at: str
    draft: bool = False
    prerelease: bool = False


@dataclass(kw_only=True)
class Repo:
    """One repository over a bare git repository; collaborators and teams are those who can be asked for reviews.

    `roles` says more of what a person may do (read, triage, write, maintain, admin); other collaborators may write.
    """

    id: int
    owner: str
    name: str
    path: Path
    default_branch: str = "main"
    archived: bool = False
    disabled: bool = False
    blocked: bool = False
    private: bool = False
    topics: list[str] = field(default_factory=list)
    has_issues: bool = True
    collaborators: set[str] = field(default_factory=set)
    roles: dict[str, str] = field(default_factory=dict)
    teams: set[str] = field(default_factory=set)
    pulls: dict[int, Pull] = field(default_factory=dict)
    issues: dict[int, Issue] = field(default_factory=dict)
    releases: list[Release] = field(default_factory=list)
    times: Iterator[int] = field(default_factory=count)
    pushed_at: str = "2026-01-01T00:00:00Z"
    standing: str = ""

    @property
    def full_name(self) -> str:
        return f"{self.owner}/{self.name}"

    def tick(self) -> str:
        """Give the next moment: a clock that only goes when something happens, one minute at a time."""
        return (BEGINNING + timedelta(minutes=next(self.times))).strftime("%Y-%m-%dT%H:%M:%SZ")

    @property
    def next_number(self) -> int:
        return len(self.pulls) + len(self.issues) + 1

    def say(self, where: Pull | Issue, author: str, body: str) -> Comment:
        """Add a comment, which counts as an update of what it is on."""
        number = 1000 * where.number + len(where.comments)
        made = Comment(id=number, author=author, body=body, at=self.tick())
        where.comments.append(made)
        where.updated_at = made.at
        return made

    def role(self, login: str) -> str:
        """Say what a person may do: `maintainer` and the owner everything, and anybody may read what is public."""
        usual = "admin" if login in {"maintainer", self.owner} else "read"
        return self.roles.get(login, "write" if login in self.collaborators else usual)

    def notice_pushes(self) -> None:
        """Date the newest push, to any branch, as GitHub does: it shows where git's branches stand otherwise."""
        if not self.path.exists():
            return
        standing = self._git("for-each-ref", "--format=%(refname) %(objectname)", "refs/heads") or ""
        if standing != self.standing:
            self.standing, self.pushed_at = standing, self.tick()

    def branch(self, name: str) -> str | None:
        """Ask git where a branch stands."""
        return self._git("rev-parse", "--verify", "--quiet", f"refs/heads/{name}")

    def branches(self, prefix: str) -> list[tuple[str, str]]:
        """List (ref, commit) of the branches whose ref begins with `refs/{prefix}`, as matching-refs does."""
        listed = git(self.path, "for-each-ref", "--format=%(refname) %(objectname)", "refs/heads")
        pairs = [(line.split()[0], line.split()[1]) for line in listed.splitlines()]
        return [pair for pair in pairs if pair[0].startswith(f"refs/{prefix}")]

    def refresh(self, pull: Pull) -> None:
        """Follow the branches; like GitHub, close a pull request whose branch is gone."""
        if pull.state != "open" or pull.fork:
            return
        tip = self.branch(pull.head)
        if tip is None:
            self.close(pull)
            return
        if tip != pull.head_sha:
            pull.head_sha, pull.updated_at = tip, self.tick()
        pull.base_sha = self.branch(pull.base) or pull.base_sha

    def close(self, pull: Pull) -> None:
        pull.state = "closed"
        pull.closed_at = pull.updated_at = self.tick()

    def reopen(self, pull: Pull) -> None:
        pull.state, pull.closed_at, pull.updated_at = "open", None, self.tick()

    def obstacle(self, pull: Pull) -> str:
        """Say why a pull request cannot be opened again, "" where it can."""
        tip = self.branch(pull.head)
        if pull.fork is None and tip is None:
            return f"state cannot be changed. The {pull.head} branch has been deleted."
        if pull.fork is None and self._git("merge-base", "--is-ancestor", pull.head_sha, tip or "") is None:
            return f"state cannot be changed. The {pull.head} branch was force-pushed or recreated."
        twins = ((one.state, one.fork, one.head, one.base) for one in self.pulls.values())
        if ("open", pull.fork, pull.head, pull.base) in twins:
            return f"state cannot be changed. There is already an open pull request from {pull.head} to {pull.base}."
        return ""

    def mergeable(self, pull: Pull) -> bool:
        return self._git("merge-tree", "--write-tree", pull.base_sha, pull.head_sha) is not None

    def merge(self, pull: Pull, by: str) -> None:
        """Merge for real: git's own merge of the two trees, with two parents, onto the base branch."""
        tree = git(self.path, "merge-tree", "--write-tree", pull.base_sha, pull.head_sha)
        parents = ("-p", pull.base_sha, "-p", pull.head_sha)
        commit = git(self.path, "commit-tree", tree, *parents, "-m", f"Merge #{pull.number}")
        git(self.path, "update-ref", f"refs/heads/{pull.base}", commit, pull.base_sha)
        self.close(pull)
        pull.merged_at, pull.merged_by, pull.merge_commit = pull.closed_at, by, commit

    def commits(self, pull: Pull) -> list[str]:
        return git(self.path, "rev-list", "--reverse", f"{pull.base_sha}..{pull.head_sha}").split()

    def numstat(self, pull: Pull) -> list[tuple[str, int, int]]:
        """List (path, additions, deletions) of what the pull request changes."""
        listed = git(self.path, "diff", "--numstat", f"{pull.base_sha}...{pull.head_sha}")
        rows = [line.split("\t") for line in listed.splitlines()]
        return [(row[2], int(row[0]), int(row[1])) for row in rows]

    def _git(self, *arguments: str) -> str | None:
        try:
            return git(self.path, *arguments)
        except subprocess.CalledProcessError:
            return None
