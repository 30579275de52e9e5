"""What the GitHub of the tests does for each operation: the rules that GitHub documents, nothing more."""

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from tests.rig.github_double.documents import Documents, Json
from tests.rig.github_double.world import Issue, Pull, Repo

DOCUMENTATION = "https://docs.github.com/rest"


class Refusal(Exception):
    """An answer that is an error: status and what GitHub says."""

    def __init__(self, status: int, message: str, errors: list[Json] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.document: Json = {"message": message, "documentation_url": DOCUMENTATION, "status": str(status)}
        if errors is not None:
            self.document["errors"] = errors


class Call(NamedTuple):
    """One request to a repository; `values` are the path's and the query's parameters."""

    repo: Repo
    values: Mapping[str, str]
    sent: Any
    actor: str
    documents: Documents

    @property
    def issue(self) -> Pull | Issue:
        """What is asked about under the name of an issue."""
        if self.values["issue_number"] not in map(str, self.repo.issues):
            return self.pull
        if not self.repo.has_issues:
            raise _disabled()
        return self.repo.issues[int(self.values["issue_number"])]

    @property
    def pull(self) -> Pull:
        number = self.values.get("pull_number") or self.values.get("issue_number") or ""
        pull = self.repo.pulls.get(int(number))
        if pull is None:
            raise Refusal(404, "Not Found")
        self.repo.refresh(pull)
        return pull


Operation = Callable[[Call], tuple[int, Any]]


def get_repository(call: Call) -> tuple[int, Any]:
    return 200, {**call.documents.repository(call.repo), "network_count": 0}


def list_pulls(call: Call) -> tuple[int, Any]:
    """Filter as GitHub does: by state, by one exact `owner:branch`; a head in any other form is not looked at."""
    pulls = list(call.repo.pulls.values())
    for pull in pulls:
        call.repo.refresh(pull)
    state, head = call.values.get("state", "open"), call.values.get("head", "")
    chosen = [pull for pull in pulls if state in {"all", pull.state}]
    if ":" in head:
        owner, _, branch = head.partition(":")
        chosen = [pull for pull in chosen if (pull.fork or call.repo.owner) == owner and pull.head == branch]
    newest_first = call.values.get("direction", "desc" if call.values.get("sort", "created") == "created" else "asc")
    sort = call.values.get("sort", "created")
    chosen.sort(key=lambda pull: _moment(pull, sort), reverse=newest_first == "desc")
    return 200, [call.documents.pull_simple(call.repo, pull) for pull in chosen]


def create_pull(call: Call) -> tuple[int, Any]:
    repo, sent = call.repo, call.sent
    head, base = repo.branch(sent["head"]), repo.branch(sent["base"])
    for field, commit in (("head", head), ("base", base)):
        if commit is None:
            raise _invalid({"resource": "PullRequest", "field": field, "code": "invalid"})
    assert head is not None
    assert base is not None
    _no_twin(repo, sent["head"], sent["base"])
    pull = new_pull(repo, sent["title"], sent.get("body"), sent["head"], sent["base"], call.actor)
    if not repo.commits(pull):
        del repo.pulls[pull.number]
        raise _custom(f"No commits between {sent['base']} and {sent['head']}")
    return 201, call.documents.pull(repo, pull)


def new_pull(repo: Repo, title: str, body: str | None, head: str, base: str, author: str) -> Pull:
    """Add a pull request under the next number."""
    at, number = repo.tick(), repo.next_number
    head_sha, base_sha = repo.branch(head) or "0" * 40, repo.branch(base) or "0" * 40
    repo.pulls[number] = Pull(
        number=number, title=title, body=body, head=head, base=base, author=author, created_at=at, updated_at=at,
        head_sha=head_sha, base_sha=base_sha,
    )  # fmt: skip
    return repo.pulls[number]


def get_pull(call: Call) -> tuple[int, Any]:
    return 200, call.documents.pull(call.repo, call.pull)


def change_pull(call: Call) -> tuple[int, Any]:
    pull, sent = call.pull, call.sent
    if "base" in sent and call.repo.branch(sent["base"]) is None:
        raise _invalid({"resource": "PullRequest", "field": "base", "code": "invalid"})
    pull.title, pull.body = sent.get("title", pull.title), sent.get("body", pull.body)
    pull.base, pull.updated_at = sent.get("base", pull.base), call.repo.tick()
    call.repo.refresh(pull)
    if sent.get("state", pull.state) != pull.state:
        call.repo.close(pull) if sent["state"] == "closed" else reopen(call.repo, pull)
    return 200, call.documents.pull(call.repo, pull)


def reopen(repo: Repo, pull: Pull) -> None:
    """Open a pull request again, where its branch still is what it was about."""
    if why := repo.obstacle(pull):
        raise _custom(why)
    repo.reopen(pull)


def list_commits(call: Call) -> tuple[int, Any]:
    """List the commits as git has them, oldest first."""
    home = f"{call.documents.api}/repos/{call.repo.full_name}"
    nobody = {"name": "A Person", "email": "person@example.org", "date": "2026-01-01T00:00:00Z"}
    return 200, [
        {
            "sha": commit, "node_id": f"C_{commit}", "url": f"{home}/commits/{commit}",
            "html_url": f"{call.documents.web}/{commit}", "comments_url": f"{home}/commits/{commit}/comments",
            "author": None, "committer": None, "parents": [],
            "commit": {
                "url": f"{home}/git/commits/{commit}", "author": nobody, "committer": nobody, "message": "",
                "comment_count": 0, "tree": {"sha": commit, "url": f"{home}/git/trees/{commit}"},
            },
        }
        for commit in call.repo.commits(call.pull)
    ]  # fmt: skip


def list_files(call: Call) -> tuple[int, Any]:
    """List the files that git says are changed."""
    home = f"{call.documents.api}/repos/{call.repo.full_name}/contents"
    return 200, [
        {
            "sha": "0" * 40, "filename": path, "status": "modified", "additions": added, "deletions": gone,
            "changes": added + gone, "blob_url": f"{call.documents.web}/{path}",
            "raw_url": f"{call.documents.web}/raw/{path}", "contents_url": f"{home}/{path}",
        }
        for path, added, gone in call.repo.numstat(call.pull)
    ]  # fmt: skip


def list_reviews(call: Call) -> tuple[int, Any]:
    pull = call.pull
    return 200, [call.documents.review(call.repo, pull, review) for review in pull.reviews]


def request_reviewers(call: Call) -> tuple[int, Any]:
    """Ask for reviews: one who cannot be asked spoils the whole request."""
    pull, repo = call.pull, call.repo
    people, teams = call.sent.get("reviewers", []), call.sent.get("team_reviewers", [])
    if pull.author in people:
        raise Refusal(422, "Review cannot be requested from pull request author.")
    if not repo.collaborators.issuperset(people):
        raise Refusal(422, "Reviews may only be requested from collaborators. One or more of the users is not one.")
    if not repo.teams.issuperset(teams):
        raise Refusal(422, "Could not resolve to a node with the global id of a team.")
    pull.reviewers += [login for login in people if login not in pull.reviewers]
    pull.teams += [slug for slug in teams if slug not in pull.teams]
    return 201, call.documents.pull_simple(repo, pull)


def add_labels(call: Call) -> tuple[int, Any]:
    """Add labels, which come into being where they did not exist."""
    pull = call.pull
    names = call.sent["labels"]
    if any(len(name) > 50 for name in names):
        raise _invalid({"resource": "Label", "field": "name", "code": "invalid"})
    pull.labels += [name for name in names if name not in pull.labels]
    return 200, [call.documents.label(call.repo, name) for name in pull.labels]


def add_assignees(call: Call) -> tuple[int, Any]:
    """Assign; people without access are passed over in silence."""
    pull = call.pull
    known = [login for login in call.sent["assignees"] if login in call.repo.collaborators]
    pull.assignees += [login for login in known if login not in pull.assignees]
    return 201, call.documents.issue(call.repo, pull)


def list_comments(call: Call) -> tuple[int, Any]:
    issue = call.issue
    return 200, [call.documents.comment(call.repo, issue, comment) for comment in issue.comments]


def add_comment(call: Call) -> tuple[int, Any]:
    issue = call.issue
    comment = call.repo.say(issue, call.actor, call.sent["body"])
    return 201, call.documents.comment(call.repo, issue, comment)


def list_issues(call: Call) -> tuple[int, Any]:
    """Filter as GitHub does: by state, by who opened it, by all of the labels; pull requests are issues, too."""
    repo, values = call.repo, call.values
    for pull in repo.pulls.values():
        repo.refresh(pull)
    found: list[Pull | Issue] = [*repo.pulls.values(), *(repo.issues.values() if repo.has_issues else ())]
    state, labels = values.get("state", "open"), {name for name in values.get("labels", "").split(",") if name}
    chosen = [
        issue
        for issue in found
        if state in {"all", issue.state}
        and values.get("creator", issue.author) == issue.author
        and labels <= set(issue.labels)
    ]
    sort = values.get("sort", "created")
    chosen.sort(key=lambda issue: _moment(issue, sort), reverse=values.get("direction", "desc") == "desc")
    return 200, [call.documents.issue(repo, issue) for issue in chosen]


def create_issue(call: Call) -> tuple[int, Any]:
    if not call.repo.has_issues:
        raise _disabled()
    sent = call.sent
    issue = new_issue(call.repo, sent["title"], sent.get("body"), call.actor, sent.get("labels", []))
    return 201, call.documents.issue(call.repo, issue)


def new_issue(repo: Repo, title: str, body: str | None, author: str, labels: list[str]) -> Issue:
    """Add an issue under the next number; labels come into being where they did not exist."""
    at, number = repo.tick(), repo.next_number
    repo.issues[number] = Issue(
        number=number, title=title, body=body, author=author, created_at=at, updated_at=at, labels=list(labels)
    )
    return repo.issues[number]


def change_issue(call: Call) -> tuple[int, Any]:
    issue, sent = call.issue, call.sent
    issue.title, issue.body = sent.get("title", issue.title), sent.get("body", issue.body)
    issue.labels, issue.updated_at = sent.get("labels", issue.labels), call.repo.tick()
    if sent.get("state", issue.state) != issue.state:
        issue.state, issue.closed_at = sent["state"], issue.updated_at if sent["state"] == "closed" else None
    return 200, call.documents.issue(call.repo, issue)


def get_permission(call: Call) -> tuple[int, Any]:
    return 200, call.documents.permission(call.repo, call.values["username"])


def list_releases(call: Call) -> tuple[int, Any]:
    """List the newest first; drafts show to those who may write."""
    return 200, [call.documents.release(call.repo, release) for release in reversed(call.repo.releases)]


def matching_refs(call: Call) -> tuple[int, Any]:
    found = call.repo.branches(call.values["ref"])
    return 200, [call.documents.reference(call.repo, ref, commit) for ref, commit in found]


REPO = "/repos/(?P<owner>[^/]+)/(?P<repo>[^/]+)"
PULL, ISSUE = rf"{REPO}/pulls/(?P<pull_number>\d+)", rf"{REPO}/issues/(?P<issue_number>\d+)"
OPERATIONS: tuple[tuple[str, re.Pattern[str], Operation], ...] = tuple(
    (method, re.compile(pattern), operation)
    for method, pattern, operation in (
        ("GET", REPO, get_repository),
        ("GET", f"{REPO}/pulls", list_pulls),
        ("POST", f"{REPO}/pulls", create_pull),
        ("GET", PULL, get_pull),
        ("PATCH", PULL, change_pull),
        ("GET", f"{PULL}/commits", list_commits),
        ("GET", f"{PULL}/files", list_files),
        ("GET", f"{PULL}/reviews", list_reviews),
        ("POST", f"{PULL}/requested_reviewers", request_reviewers),
        ("GET", f"{REPO}/issues", list_issues),
        ("POST", f"{REPO}/issues", create_issue),
        ("PATCH", ISSUE, change_issue),
        ("GET", f"{REPO}/collaborators/(?P<username>[^/]+)/permission", get_permission),
        ("GET", f"{REPO}/releases", list_releases),
        ("POST", f"{ISSUE}/labels", add_labels),
        ("POST", f"{ISSUE}/assignees", add_assignees),
        ("GET", f"{ISSUE}/comments", list_comments),
        ("POST", f"{ISSUE}/comments", add_comment),
        ("GET", f"{REPO}/git/matching-refs/(?P<ref>.+)", matching_refs),
    )
)


def _no_twin(repo: Repo, head: str, base: str) -> None:
    wanted = ("open", None, head, base)
    if any((pull.state, pull.fork, pull.head, pull.base) == wanted for pull in repo.pulls.values()):
        raise _custom(f"A pull request already exists for {repo.owner}:{head}.")


def _moment(issue: Pull | Issue, sort: str) -> tuple[str, int]:
    return (issue.updated_at if sort == "updated" else issue.created_at, issue.number)


def _disabled() -> Refusal:
    return Refusal(410, "Issues are disabled for this repo")


def _custom(message: str) -> Refusal:
    return _invalid({"resource": "PullRequest", "code": "custom", "message": message})


def _invalid(error: Json) -> Refusal:
    return Refusal(422, "Validation Failed", [error])
