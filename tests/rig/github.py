"""A GitHub for tests: the part of its REST API that we use, on loopback, over real bare git repositories.

It is a test double and nothing else: no accounts, no persistence, one token. What GitHub leaves to git is left to git
(heads, commits, files, mergeability, merging), what it says is checked against its published description
(`github_double.openapi`), and what can go wrong is made to go wrong with `fail_next`.
"""

import hashlib
import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

import pytest

from tests.rig.git_http import GitHttpServer
from tests.rig.github_double.accounts import Accounts, Listed
from tests.rig.github_double.documents import Documents
from tests.rig.github_double.openapi import Description, Exchange, Installer
from tests.rig.github_double.operations import OPERATIONS, Call, Operation, Refusal, new_issue, new_pull, reopen
from tests.rig.github_double.world import Comment, Issue, Pull, Release, Repo
from tests.rig.repositories import git, make_repository

TOKEN = "ghp_made-up-for-tests-0123456789abcdef"
BOT = "quarterdeck-bot"
DROPPED = 0
READS = frozenset({"GET", "HEAD"})


@dataclass(kw_only=True)
class Fault:
    """An answer that will be given instead; status 0 (DROPPED) hangs up without one."""

    status: int
    path: re.Pattern[str]
    method: str | None
    headers: Mapping[str, str]
    body: Any
    times: int


@dataclass(kw_only=True)
class Answer:
    """What is sent back; `unchecked`: an answer that any operation may get, though few are described with it."""

    status: int
    document: Any
    headers: dict[str, str] = field(default_factory=dict)
    unchecked: bool = False


class GitHubServer:
    """A context manager; `url` is the API's address, repositories lie under `root` as `owner/name.git`.

    `log` holds every exchange, `violations` what in them is otherwise than GitHub describes it.
    """

    def __init__(
        self, root: Path, *, token: str = TOKEN, prefix: str = "", description: Description | None = None
    ) -> None:
        self.root = root
        self.token = token
        self.permissions = {"contents": "write", "pull_requests": "write", "issues": "write"}
        self.actor = BOT
        self.accounts = Accounts(self)
        self.connections = 0
        self.nobody: set[str] = set()  # names that no account has
        self.rate_remaining = 5000
        self.rate_reset = 4_000_000_000
        self.log: list[Exchange] = []
        self.violations: list[str] = []
        self.git = GitHttpServer(root, token, admits=self.accounts.may_see)
        self.repos: dict[str, Repo] = {}
        self.moved: dict[str, int] = {}
        self.faults: list[Fault] = []
        self.prefix = prefix
        self._description = description
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.owner = self
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._stack = ExitStack()
        self.documents = Documents(self.url, self.git.url)
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}{self.prefix}"

    def __enter__(self) -> Self:
        self._stack.enter_context(self.git)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._stack.close()

    # What people and other programs do.

    def add_repository(self, full_name: str, files: Mapping[str, str | bytes], **fields: Any) -> Repo:
        """Create a repository with one commit on `main`; its first work tree lies beside it as `{name}.git.work`."""
        owner, _, name = full_name.partition("/")
        path = make_repository(self.root / owner / f"{name}.git", files, bare=True)
        repo = Repo(id=len(self.repos) + 1, owner=owner, name=name, path=path, **fields)
        self.repos[full_name] = repo
        return repo

    def open_as(self, author: str, repository: str, head: str, **fields: Any) -> Pull:
        """Let a person open a pull request; with `fork` its branch is in that owner's fork."""
        repo = self.repos[repository]
        values = {"title": f"Pull {head}", "body": None, "base": repo.default_branch} | fields
        fork = values.pop("fork", None)
        pull = new_pull(repo, head=head, author=author, **values)
        pull.fork = fork
        return pull

    def push_as(self, author: str, repository: str, branch: str, files: Mapping[str, str | bytes]) -> str:
        """Let a person push one commit onto a branch, from a clone of their own; a new branch begins at `main`."""
        repo = self.repos[repository]
        clone = repo.path.with_name(f"{repo.path.name}.{author}")
        if not clone.exists():
            git(repo.path.parent, "clone", "--quiet", str(repo.path), clone.name)
        git(clone, "fetch", "--quiet", "--prune", "origin")
        start = branch if repo.branch(branch) else repo.default_branch
        git(clone, "checkout", "--quiet", "--force", "-B", branch, f"origin/{start}")
        for name, data in files.items():
            target = clone / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data if isinstance(data, bytes) else data.encode())
        git(clone, "add", "--all")
        who = f"{author} <{author}@example.org>"
        git(clone, "commit", "--quiet", "--author", who, "--message", f"{author} was here")
        git(clone, "push", "--quiet", "origin", branch)
        return repo.branch(branch) or ""

    def delete_branch(self, repository: str, branch: str) -> None:
        """Delete a branch as the button does; its pull request is closed then."""
        repo = self.repos[repository]
        git(repo.path, "update-ref", "-d", f"refs/heads/{branch}")
        for pull in repo.pulls.values():
            repo.refresh(pull)

    def edit_as(self, author: str, repository: str, number: int, **fields: str) -> None:
        """Let a person edit title or body of a pull request or an issue: tick a box, for one."""
        repo = self.repos[repository]
        assert repo.role(author) in {"write", "maintain", "admin"}, f"GitHub lets {author} edit nothing"
        issue = repo.pulls.get(number) or repo.issues[number]
        for name, text in fields.items():
            setattr(issue, name, text)
        issue.updated_at = repo.tick()

    def issue_as(self, author: str, repository: str, title: str, body: str, *labels: str) -> Issue:
        """Let anybody open an issue."""
        return new_issue(self.repos[repository], title, body, author, list(labels))

    def release(self, repository: str, tag: str, body: str | None = None, **fields: Any) -> Release:
        """Publish a release; the repository comes into being where nobody added it, and has nothing else then."""
        owner, _, name = repository.partition("/")
        path = self.root / owner / f"{name}.git"
        repo = self.repos.setdefault(repository, Repo(id=len(self.repos) + 1, owner=owner, name=name, path=path))
        values = {"name": None} | fields
        made = Release(id=len(repo.releases) + 1, tag=tag, body=body, at=repo.tick(), **values)
        repo.releases.append(made)
        return made

    def rename(self, old: str, new: str) -> None:
        """Rename a repository, or transfer it; its old name leads to it until another one is called so."""
        repo = self.repos.pop(old)
        repo.owner, _, repo.name = new.partition("/")
        path = self.root / repo.owner / f"{repo.name}.git"
        path.parent.mkdir(parents=True, exist_ok=True)
        repo.path = repo.path.rename(path)
        self.repos[new] = repo
        self.moved[old] = repo.id

    def merge(self, repository: str, number: int, *, by: str = "maintainer") -> str:
        """Merge in git, as the button does, and give the merge commit."""
        repo = self.repos[repository]
        repo.refresh(repo.pulls[number])
        repo.merge(repo.pulls[number], by)
        return repo.pulls[number].merge_commit or ""

    def close(self, repository: str, number: int) -> None:
        self.repos[repository].refresh(self.repos[repository].pulls[number])
        self.repos[repository].close(self.repos[repository].pulls[number])

    def reopen(self, repository: str, number: int) -> None:
        """Open a pull request again as the button does; raises Refusal where GitHub has none."""
        reopen(self.repos[repository], self.repos[repository].pulls[number])

    def comment(self, repository: str, number: int, body: str, *, author: str = "maintainer") -> None:
        repo = self.repos[repository]
        repo.say(repo.pulls.get(number) or repo.issues[number], author, body)

    def review(self, repository: str, number: int, *, author: str) -> None:
        """Approve; whoever reviewed is no longer asked for a review."""
        repo = self.repos[repository]
        pull = repo.pulls[number]
        pull.reviewers = [login for login in pull.reviewers if login != author]
        pull.updated_at = repo.tick()
        pull.reviews.append(Comment(id=500 + len(pull.reviews), author=author, body="", at=pull.updated_at))

    def fail_next(
        self, status: int, path: str = "", *, method: str | None = None, headers: Mapping[str, str] | None = None,
        body: Any = None, times: int = 1,
    ) -> None:  # fmt: skip
        """Answer the next `times` requests whose path matches with this status; DROPPED hangs up."""
        said = {"message": f"Injected {status}", "documentation_url": "https://docs.github.com/rest"}
        document = said if body is None else body
        pattern = re.compile(path)
        self.faults.append(
            Fault(status=status, path=pattern, method=method, headers=headers or {}, body=document, times=times)
        )

    def writes(self) -> list[tuple[str, str]]:
        """List (method, path) of the requests that change something."""
        return [(entry.method, entry.path) for entry in self.log if entry.method not in READS]

    # What the server does with a request.

    def answer(self, method: str, target: str, headers: Mapping[str, str], sent: Any) -> Answer:
        """Answer one request and keep the exchange; requests are taken one at a time."""
        parts = urlsplit(target)
        path = self._by_id(unquote(parts.path.removeprefix(self.prefix)))
        with self._lock:
            answer = self._fault(method, path) or self._decide(method, path, parts.query, headers, sent)
            exchange = Exchange(method, path, parts.query, sent, answer.status, answer.document)
            self.log.append(exchange)
            if self._description is not None and not answer.unchecked:
                self.violations += self._description.problems(exchange)
            answer.headers |= self._rate_headers()
            return answer

    def _by_id(self, path: str) -> str:
        """Give the path of what is asked for by a repository's id, as the redirect of a renamed one does."""
        found = re.fullmatch(r"/repositories/(\d+)(/.*)?", path)
        names = [name for name, repo in self.repos.items() if found and repo.id == int(found[1])]
        return f"/repos/{names[0]}{found[2] or ''}" if found and names else path

    def _fault(self, method: str, path: str) -> Answer | None:
        for fault in self.faults:
            if fault.times and fault.path.search(path) and fault.method in {None, method}:
                fault.times -= 1
                return Answer(status=fault.status, document=fault.body, headers=dict(fault.headers), unchecked=True)
        return None

    def _decide(self, method: str, path: str, query: str, headers: Mapping[str, str], sent: Any) -> Answer:
        try:
            viewer = self._admit(headers, path)
            values = dict(parse_qsl(query))
            if (mine := self._mine(method, path)) is not None:
                return self._cached(mine, headers)
            if (listed := self.accounts.answer(method, path, sent, viewer)) is not None:
                return self._cached(self._listed(listed, path, values), headers)
            operation, found = _route(method, path)
            if (old := f"{found['owner']}/{found['repo']}") in self.moved and old not in self.repos:
                return self._moved(old, path)
            call = Call(self._visible(found, viewer), {**values, **found}, sent, self.actor, self.documents)
            call.repo.notice_pushes()
            if method not in READS:
                self._may_write(call.repo, path)
            status, document = operation(call)
        except Refusal as refusal:
            everywhere = refusal.status in {401, 403, 404}
            return Answer(status=refusal.status, document=refusal.document, unchecked=everywhere)
        link: dict[str, str] = {}
        if isinstance(document, list) and method == "GET":
            document, link = self._page(document, path, values)
        return self._cached(Answer(status=status, document=document, headers=link), headers)

    def _listed(self, listed: Listed, path: str, values: Mapping[str, str]) -> Answer:
        """Give an answer about accounts; where it has a list, one page of it."""
        if listed.rows is None:
            return Answer(status=listed.status, document=listed.document)
        rows, link = self._page(listed.rows, path, values)
        document = rows if listed.name is None else {"total_count": len(listed.rows), listed.name: rows}
        return Answer(status=200, document=document, headers=link)

    def _moved(self, old: str, path: str) -> Answer:
        place = f"{self.url}/repositories/{self.moved[old]}{path.removeprefix(f'/repos/{old}')}"
        said = {"message": "Moved Permanently", "url": place, "documentation_url": "https://docs.github.com/rest"}
        return Answer(status=301, document=said, headers={"Location": place}, unchecked=True)

    def _mine(self, method: str, path: str) -> Answer | None:
        """Say whom the token belongs to; an app's installation has no user, and learns its name by GraphQL alone."""
        if (method, path) == ("GET", "/user"):
            if self.actor.endswith("[bot]"):
                raise Refusal(403, "Resource not accessible by integration")
            return Answer(status=200, document=self.documents.account(self.actor))
        if method == "POST" and path in {"/graphql", "/api/graphql"}:
            return Answer(status=200, document={"data": {"viewer": {"login": self.actor}}}, unchecked=True)
        return None

    def _cached(self, answer: Answer, headers: Mapping[str, str]) -> Answer:
        """Name the answer's version, and send no more than that, for nothing, where it is known already."""
        version = f'W/"{hashlib.sha256(json.dumps(answer.document).encode()).hexdigest()}"'
        answer.headers["ETag"] = version
        if headers.get("If-None-Match") == version:
            self.rate_remaining += 1
            return Answer(status=304, document=None, headers=answer.headers)
        return answer

    def _admit(self, headers: Mapping[str, str], path: str) -> str | None:
        """Check who asks; gives the owner whose installation it is, None for the one token."""
        scheme, _, given = headers.get("Authorization", "").partition(" ")
        viewer: str | None = None
        if scheme.lower() not in {"token", "bearer"}:
            raise Refusal(401, "Bad credentials")
        if path == "/app" or path.startswith("/app/"):
            self.accounts.check_jwt(given)
        elif given != self.token:
            viewer = self.accounts.owner_of(given)
        if self.rate_remaining <= 0:
            raise Refusal(403, "API rate limit exceeded for user ID 1.")
        self.rate_remaining -= 1
        return viewer

    def _visible(self, found: Mapping[str, str], viewer: str | None) -> Repo:
        repo = self.repos.get(f"{found['owner']}/{found['repo']}")
        if repo is None or found.get("username") in self.nobody:
            raise Refusal(404, "Not Found")
        if viewer is not None and repo.owner != viewer:
            raise Refusal(404, "Not Found")
        if repo.blocked:
            raise Refusal(403, "Repository access blocked")
        return repo

    def _may_write(self, repo: Repo, path: str) -> None:
        if repo.archived:
            raise Refusal(403, "Repository was archived so is read-only.")
        kind = "issues" if re.search(r"/issues(/\d+)?$", path) else "pull_requests"
        if self.permissions.get(kind) != "write":
            raise Refusal(403, "Resource not accessible by personal access token")

    def _page(self, items: list[Any], path: str, values: Mapping[str, str]) -> tuple[list[Any], dict[str, str]]:
        """Cut out one page and name its neighbours (RFC 8288), as GitHub does."""
        size, page = min(int(values.get("per_page", 30)), 100), int(values.get("page", 1))
        last = max(1, -(-len(items) // size))
        places = {"prev": page - 1, "first": 1} if page > 1 else {}
        places |= {"next": page + 1, "last": last} if page < last else {}
        address = f"{self.url}{path}"
        links = [f'<{address}?{urlencode({**values, "page": at})}>; rel="{name}"' for name, at in places.items()]
        return items[(page - 1) * size : page * size], {"Link": ", ".join(links)} if links else {}

    def _rate_headers(self) -> dict[str, str]:
        return {
            "X-RateLimit-Limit": "5000",
            "X-RateLimit-Remaining": str(self.rate_remaining),
            "X-RateLimit-Used": str(5000 - self.rate_remaining),
            "X-RateLimit-Reset": str(self.rate_reset),
            "X-RateLimit-Resource": "core",
        }


def _route(method: str, path: str) -> tuple[Operation, dict[str, str]]:
    for wanted, pattern, operation in OPERATIONS:
        match = pattern.fullmatch(path)
        if match and wanted == method:
            return operation, match.groupdict()
    raise Refusal(404, "Not Found")


class _Server(ThreadingHTTPServer):
    owner: GitHubServer
    daemon_threads = True


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_PATCH(self) -> None:
        self._serve()

    def setup(self) -> None:
        super().setup()
        self.server.owner.connections += 1

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Stay quiet: `log` has it."""

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        headers = {name.title(): value for name, value in self.headers.items()}
        answer = self.server.owner.answer(self.command, self.path, headers, json.loads(body) if body else None)
        if answer.status == DROPPED:
            self.close_connection = True
            return
        text = answer.document if isinstance(answer.document, str) else json.dumps(answer.document)
        data = b"" if answer.document is None else text.encode()
        self.send_response(answer.status)
        kind = "text/html" if isinstance(answer.document, str) else "application/json; charset=utf-8"
        for name, value in {"Content-Type": kind, **answer.headers, "Content-Length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)


@pytest.fixture(scope="session")
def github_description(request: pytest.FixtureRequest) -> Description:
    """GitHub's description, read once; the first run on a machine installs it."""
    assert request.config.cache is not None
    return Installer(request.config.cache.mkdir("github-openapi")).description()


@pytest.fixture
def github_server(
    tmp_path: Path, github_description: Description, monkeypatch: pytest.MonkeyPatch
) -> Iterator[GitHubServer]:
    """A running GitHub; a test in which anybody strays from GitHub's description fails."""
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1")
    with GitHubServer(tmp_path / "github", description=github_description) as server:
        yield server
        assert not server.violations, "\n".join(sorted(set(server.violations)))
