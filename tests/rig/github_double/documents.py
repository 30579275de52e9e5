"""The JSON of GitHub's REST API, as far as we read it, with every field that its description requires."""

from typing import Any
from urllib.parse import quote

from tests.rig.github_double.world import Comment, Issue, Pull, Release, Repo

Json = dict[str, Any]


def _words(*lines: str) -> list[str]:
    return " ".join(lines).split()


USER_URLS = _words(
    "events followers following gists organizations received_events repos starred subscriptions",
)
REPO_URLS = _words(
    "archive assignees blobs branches collaborators comments commits compare contents contributors deployments",
    "downloads events forks git_commits git_refs git_tags hooks issue_comment issue_events issues keys labels",
    "languages merges milestones notifications pulls releases stargazers statuses subscribers subscription tags",
    "teams trees",
)
REPO_COUNTS = _words(
    "forks forks_count open_issues open_issues_count size stargazers_count watchers watchers_count network_count",
    "subscribers_count",
)
REPO_FLAGS = _words("fork has_pages has_discussions has_wiki has_downloads has_projects")
REPO_NOTHINGS = _words("description homepage language mirror_url license")


class Documents:
    """Renders for one server: `api` is the address of its API, `web` stands for its pages, `clone` is for git."""

    def __init__(self, api: str, clone: str) -> None:
        self.api = api
        self.clone = clone
        self.web = "https://github.example.org"

    def user(self, login: str) -> Json:
        name = quote(login)
        address = f"{self.api}/users/{name}"
        return {
            "login": login,
            "id": sum(login.encode()),
            "node_id": f"U_{login}",
            "avatar_url": f"{self.web}/{name}.png",
            "gravatar_id": "",
            "url": address,
            "html_url": f"{self.web}/{name}",
            "type": "Bot" if login.endswith("[bot]") else "User",
            "site_admin": False,
            **{f"{name}_url": f"{address}/{name}" for name in USER_URLS},
        }

    def team(self, repo: Repo, slug: str) -> Json:
        address = f"{self.api}/organizations/1/team/{slug}"
        return {
            "id": sum(slug.encode()), "node_id": f"T_{slug}", "url": address, "name": slug, "slug": slug,
            "members_url": f"{address}/members{{/member}}", "repositories_url": f"{address}/repos",
            "html_url": f"{self.web}/orgs/{repo.owner}/teams/{slug}", "description": None, "permission": "push",
            "type": "organization", "organization_id": 1, "parent": None,
        }  # fmt: skip

    def repository(self, repo: Repo, owner: str | None = None) -> Json:
        """Describe a repository, or, with another owner, that owner's fork of it."""
        name = f"{owner or repo.owner}/{repo.name}"
        address = f"{self.api}/repos/{name}"
        return {
            "id": repo.id if owner in {None, repo.owner} else repo.id + 1000,
            "node_id": f"R_{repo.id}",
            "name": repo.name,
            "full_name": name,
            "owner": self.user(owner or repo.owner),
            "url": address,
            "html_url": f"{self.web}/{name}",
            "default_branch": repo.default_branch,
            "archived": repo.archived,
            "disabled": repo.disabled,
            "private": repo.private,
            "topics": list(repo.topics),
            "has_issues": repo.has_issues,
            "clone_url": f"{self.clone}/{name}.git",
            "git_url": f"git://github.example.org/{name}.git",
            "ssh_url": f"git@github.example.org:{name}.git",
            "svn_url": f"{self.web}/{name}",
            "created_at": "2026-01-01T00:00:00Z",
            "updated_at": "2026-01-01T00:00:00Z",
            "pushed_at": repo.pushed_at,
            **{f"{part}_url": f"{address}/{part}" for part in REPO_URLS},
            **dict.fromkeys(REPO_COUNTS, 0),
            **dict.fromkeys(("open_issues", "open_issues_count"), _open(repo)),
            **dict.fromkeys(REPO_FLAGS, False),
            **dict.fromkeys(REPO_NOTHINGS),
        }

    def pull_simple(self, repo: Repo, pull: Pull) -> Json:
        """Describe a pull request as lists do."""
        home = f"{self.api}/repos/{repo.full_name}"
        address, issue, page = f"{home}/pulls/{pull.number}", f"{home}/issues/{pull.number}", self.page(repo, pull)
        links = {
            "comments_url": f"{issue}/comments", "commits_url": f"{address}/commits",
            "statuses_url": f"{home}/statuses/{pull.head_sha}", "html_url": page, "issue_url": issue,
            "review_comments_url": f"{address}/comments", "url": address,
            "review_comment_url": f"{home}/pulls/comments{{/number}}",
        }  # fmt: skip
        named = {("self" if name == "url" else name.removesuffix("_url")): url for name, url in links.items()}
        return {
            **links,
            "_links": {name: {"href": url} for name, url in named.items()},
            "id": repo.id * 1_000_000 + pull.number,
            "node_id": f"PR_{pull.number}",
            "diff_url": f"{page}.diff",
            "patch_url": f"{page}.patch",
            "number": pull.number,
            "state": pull.state,
            "locked": False,
            "title": pull.title,
            "body": pull.body,
            "user": self.user(pull.author),
            "labels": [self.label(repo, name) for name in pull.labels],
            "milestone": None,
            "created_at": pull.created_at,
            "updated_at": pull.updated_at,
            "closed_at": pull.closed_at,
            "merged_at": pull.merged_at,
            "merge_commit_sha": pull.merge_commit,
            "assignee": self.user(pull.assignees[0]) if pull.assignees else None,
            "assignees": [self.user(login) for login in pull.assignees],
            "requested_reviewers": [self.user(login) for login in pull.reviewers],
            "requested_teams": [self.team(repo, slug) for slug in pull.teams],
            "head": self._end(repo, pull.fork, pull.head, pull.head_sha),
            "base": self._end(repo, None, pull.base, pull.base_sha),
            "author_association": "CONTRIBUTOR",
            "auto_merge": None,
            "draft": False,
        }

    def pull(self, repo: Repo, pull: Pull) -> Json:
        """Describe a pull request on its own: what git says of it is added."""
        rows = repo.numstat(pull)
        opened = pull.state == "open"
        mergeable = repo.mergeable(pull) if opened else None
        return self.pull_simple(repo, pull) | {
            "merged": pull.merged_at is not None,
            "mergeable": mergeable,
            "rebaseable": mergeable,
            "mergeable_state": {True: "clean", False: "dirty", None: "unknown"}[mergeable],
            "merged_by": self.user(pull.merged_by) if pull.merged_by else None,
            "comments": len(pull.comments),
            "review_comments": 0,
            "maintainer_can_modify": False,
            "commits": len(repo.commits(pull)) if pull.merged_at is None else 1,
            "additions": sum(row[1] for row in rows),
            "deletions": sum(row[2] for row in rows),
            "changed_files": len(rows),
        }

    def issue(self, repo: Repo, issue: Pull | Issue) -> Json:
        """Describe an issue, or a pull request as the issue that it also is."""
        home = f"{self.api}/repos/{repo.full_name}"
        address = f"{home}/issues/{issue.number}"
        plain = ("number", "state", "title", "body", "created_at", "updated_at", "closed_at")
        said: Json = {
            **{name: getattr(issue, name) for name in plain},
            "id": repo.id * 2_000_000 + issue.number,
            "node_id": f"I_{issue.number}",
            "locked": False,
            "user": self.user(issue.author),
            "labels": [self.label(repo, name) for name in issue.labels],
            "milestone": None,
            "assignee": self.user(issue.assignees[0]) if issue.assignees else None,
            "assignees": [self.user(login) for login in issue.assignees],
            "html_url": self.page(repo, issue),
            "author_association": "CONTRIBUTOR",
            "comments_url": f"{address}/comments",
            "url": address,
            "repository_url": home,
            "labels_url": f"{address}/labels{{/name}}",
            "events_url": f"{address}/events",
            "comments": len(issue.comments),
        }
        if isinstance(issue, Pull):
            page, pull = said["html_url"], f"{home}/pulls/{issue.number}"
            ends = {"url": pull, "html_url": page, "diff_url": f"{page}.diff", "patch_url": f"{page}.patch"}
            said["pull_request"] = {**ends, "merged_at": issue.merged_at}
        return said

    def permission(self, repo: Repo, login: str) -> Json:
        """Describe what a person may do; the older of the two words knows neither triage nor maintain."""
        role = repo.role(login)
        return {
            "permission": {"maintain": "write", "triage": "read"}.get(role, role),
            "role_name": role,
            "user": self.user(login) | {"role_name": role},
        }

    def account(self, login: str) -> Json:
        """Describe whom a token belongs to, as the public sees them."""
        return self.user(login) | {
            **dict.fromkeys(_words("name company blog location email hireable bio")),
            **dict.fromkeys(_words("public_repos public_gists followers following"), 0),
            "created_at": "2026-01-01T00:00:00Z",
            "updated_at": "2026-01-01T00:00:00Z",
        }

    def release(self, repo: Repo, release: Release) -> Json:
        home = f"{self.api}/repos/{repo.full_name}"
        address = f"{home}/releases/{release.id}"
        return {
            "id": release.id, "node_id": f"RE_{release.id}", "url": address, "assets_url": f"{address}/assets",
            "upload_url": f"{address}/assets{{?name,label}}", "tarball_url": f"{home}/tarball/{release.tag}",
            "zipball_url": f"{home}/zipball/{release.tag}", "assets": [], "target_commitish": "main",
            "html_url": f"{self.web}/{repo.full_name}/releases/tag/{release.tag}", "tag_name": release.tag,
            "name": release.name, "body": release.body, "draft": release.draft, "prerelease": release.prerelease,
            "created_at": release.at, "published_at": None if release.draft else release.at,
            "author": self.user("maintainer"),
        }  # fmt: skip

    def label(self, repo: Repo, name: str) -> Json:
        return {
            "id": sum(name.encode()), "node_id": f"LA_{name}", "name": name, "color": "ededed", "default": False,
            "description": "", "url": f"{self.api}/repos/{repo.full_name}/labels/{name}",
        }  # fmt: skip

    def comment(self, repo: Repo, pull: Pull | Issue, comment: Comment) -> Json:
        home = f"{self.api}/repos/{repo.full_name}/issues"
        return {
            "id": comment.id, "node_id": f"IC_{comment.id}", "url": f"{home}/comments/{comment.id}",
            "html_url": f"{self.page(repo, pull)}#issuecomment-{comment.id}", "issue_url": f"{home}/{pull.number}",
            "user": self.user(comment.author), "body": comment.body, "author_association": "CONTRIBUTOR",
            "created_at": comment.at, "updated_at": comment.at,
        }  # fmt: skip

    def review(self, repo: Repo, pull: Pull, review: Comment) -> Json:
        address = f"{self.api}/repos/{repo.full_name}/pulls/{pull.number}"
        page = f"{self.page(repo, pull)}#pullrequestreview-{review.id}"
        return {
            "id": review.id, "node_id": f"PRR_{review.id}", "user": self.user(review.author), "body": review.body,
            "state": "APPROVED", "commit_id": pull.head_sha, "html_url": page, "pull_request_url": address,
            "_links": {"html": {"href": page}, "pull_request": {"href": address}}, "submitted_at": review.at,
            "author_association": "MEMBER",
        }  # fmt: skip

    def reference(self, repo: Repo, ref: str, commit: str) -> Json:
        home = f"{self.api}/repos/{repo.full_name}/git"
        target = {"type": "commit", "sha": commit, "url": f"{home}/commits/{commit}"}
        return {"ref": ref, "node_id": f"REF_{ref}", "url": f"{home}/{ref}", "object": target}

    def page(self, repo: Repo, issue: Pull | Issue) -> str:
        kind = "pull" if isinstance(issue, Pull) else "issues"
        return f"{self.web}/{repo.full_name}/{kind}/{issue.number}"

    def _end(self, repo: Repo, owner: str | None, branch: str, commit: str) -> Json:
        who = owner or repo.owner
        return {
            "label": f"{who}:{branch}",
            "ref": branch,
            "sha": commit,
            "user": self.user(who),
            "repo": self.repository(repo, who),
        }


def _open(repo: Repo) -> int:
    """Count as GitHub does: an open pull request is an open issue."""
    states = [pull.state for pull in repo.pulls.values()] + [issue.state for issue in repo.issues.values()]
    return states.count("open")
