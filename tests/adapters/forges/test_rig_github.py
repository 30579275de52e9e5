"""The GitHub of the tests answers as GitHub does, where git and HTTP decide; the description holds the rest."""

from collections.abc import Iterator

import httpx
import pytest

from tests.rig.github import DROPPED, TOKEN, GitHubServer
from tests.rig.github_double.world import Repo
from tests.rig.repositories import commit, git


@pytest.fixture
def repo(github_server: GitHubServer) -> Repo:
    made = github_server.add_repository("acme/web", {"a.txt": "one\n"})
    work = made.path.with_name("web.git.work")
    git(work, "checkout", "--quiet", "-b", "change")
    commit(work, {"a.txt": "two\n", "b.txt": "new\n"}, "Change a, add b")
    git(work, "push", "--quiet", "origin", "change")
    return made


@pytest.fixture
def client(github_server: GitHubServer) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with httpx.Client(base_url=github_server.url, headers=headers, trust_env=False) as opened:
        yield opened


def test_files_commits_and_mergeability_are_git_s(
    github_server: GitHubServer, repo: Repo, client: httpx.Client
) -> None:
    github_server.open_as("ada", "acme/web", "change")
    tip = git(repo.path, "rev-parse", "change")
    pull = client.get("/repos/acme/web/pulls/1").json()
    files = client.get("/repos/acme/web/pulls/1/files").json()
    commits = client.get("/repos/acme/web/pulls/1/commits").json()
    assert (pull["head"]["sha"], pull["mergeable"], pull["mergeable_state"]) == (tip, True, "clean")
    assert (pull["changed_files"], pull["additions"], pull["deletions"], pull["commits"]) == (2, 2, 1, 1)
    assert [entry["filename"] for entry in files] == ["a.txt", "b.txt"]
    assert [entry["sha"] for entry in commits] == [tip]


def test_a_conflict_makes_a_pull_request_unmergeable(
    github_server: GitHubServer, repo: Repo, client: httpx.Client
) -> None:
    work = repo.path.with_name("web.git.work")
    git(work, "checkout", "--quiet", "main")
    commit(work, {"a.txt": "three\n"}, "Change a otherwise")
    git(work, "push", "--quiet", "origin", "main")
    github_server.open_as("ada", "acme/web", "change")
    pull = client.get("/repos/acme/web/pulls/1").json()
    assert (pull["mergeable"], pull["mergeable_state"]) == (False, "dirty")


def test_merging_is_a_merge_in_git(github_server: GitHubServer, repo: Repo, client: httpx.Client) -> None:
    github_server.open_as("ada", "acme/web", "change")
    merged = github_server.merge("acme/web", 1)
    assert git(repo.path, "rev-parse", "main") == merged
    assert git(repo.path, "show", "main:b.txt") == "new"
    pull = client.get("/repos/acme/web/pulls/1").json()
    assert (pull["merged"], pull["merge_commit_sha"], pull["merged_by"]["login"]) == (True, merged, "maintainer")


def test_pages_name_their_neighbours(github_server: GitHubServer, repo: Repo, client: httpx.Client) -> None:
    for number in range(5):
        github_server.open_as("ada", repo.full_name, f"gone-{number}")
    first = client.get("/repos/acme/web/pulls", params={"state": "all", "per_page": 2})
    assert set(first.links) == {"next", "last"}
    last = client.get(first.links["last"]["url"])
    assert [entry["number"] for entry in last.json()] == [1]
    assert set(last.links) == {"prev", "first"}


@pytest.mark.usefixtures("repo")
def test_what_is_known_already_is_not_sent_again(client: httpx.Client) -> None:
    first = client.get("/repos/acme/web/pulls")
    again = client.get("/repos/acme/web/pulls", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.usefixtures("repo")
def test_an_answer_that_is_known_already_is_free(github_server: GitHubServer, client: httpx.Client) -> None:
    first = client.get("/repos/acme/web")
    left = github_server.rate_remaining
    again = client.get("/repos/acme/web", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, github_server.rate_remaining) == (304, left)
    assert again.headers["X-RateLimit-Remaining"] == str(left)


@pytest.mark.usefixtures("repo")
def test_every_answer_counts_against_the_limit(client: httpx.Client) -> None:
    left = [int(client.get("/repos/acme/web").headers["X-RateLimit-Remaining"]) for _ in range(2)]
    assert left[0] - left[1] == 1


def test_without_the_token_nothing_is_said(github_server: GitHubServer, repo: Repo) -> None:
    answer = httpx.get(f"{github_server.url}/repos/{repo.full_name}", trust_env=False)
    assert (answer.status_code, answer.json()["message"]) == (401, "Bad credentials")


@pytest.mark.usefixtures("repo")
def test_a_fault_strikes_as_often_as_it_was_asked_to(github_server: GitHubServer, client: httpx.Client) -> None:
    github_server.fail_next(503, "/pulls$", headers={"Retry-After": "1"}, times=2)
    answers = [client.get(f"/repos/acme/web{path}").status_code for path in ("", "/pulls", "/pulls", "/pulls")]
    assert answers == [200, 503, 503, 200]
    github_server.fail_next(DROPPED)
    with pytest.raises(httpx.RemoteProtocolError):
        client.get("/repos/acme/web")


def test_git_is_served_at_the_clone_address(github_server: GitHubServer, repo: Repo, client: httpx.Client) -> None:
    address = client.get("/repos/acme/web").json()["clone_url"].replace("http://", f"http://x-access-token:{TOKEN}@")
    listed = git(repo.path, "-c", "http.proxy=", "ls-remote", address, "refs/heads/change")
    assert listed.split()[0] == git(repo.path, "rev-parse", "change")
    assert github_server.git.log
