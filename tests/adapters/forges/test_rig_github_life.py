"""The GitHub of the tests lives as GitHub does: people push, edit, comment, reopen, release and open issues."""

from collections.abc import Iterator

import httpx
import pytest

from tests.rig.github import BOT, TOKEN, GitHubServer
from tests.rig.github_double.operations import Refusal
from tests.rig.github_double.world import Repo
from tests.rig.repositories import commit, git

MANUAL = "quarterdeck/manual"


@pytest.fixture
def repo(github_server: GitHubServer) -> Repo:
    made = github_server.add_repository("acme/web", {"a.txt": "one\n"}, roles={"ada": "maintain", "tom": "triage"})
    work = made.path.with_name("web.git.work")
    git(work, "checkout", "--quiet", "-b", MANUAL)
    commit(work, {"a.txt": "two\n"}, "Change a")
    git(work, "push", "--quiet", "origin", MANUAL)
    github_server.open_as(BOT, "acme/web", MANUAL, body="- [ ] rebuild")
    return made


@pytest.fixture
def client(github_server: GitHubServer) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with httpx.Client(base_url=github_server.url, headers=headers, trust_env=False) as opened:
        yield opened


def _pull(client: httpx.Client) -> dict[str, str]:
    document: dict[str, str] = client.get("/repos/acme/web/pulls/1").json()
    return document


def test_a_person_pushes_to_our_branch(github_server: GitHubServer, repo: Repo, client: httpx.Client) -> None:
    before = _pull(client)
    made = github_server.push_as("ada", "acme/web", MANUAL, {"a.txt": "three\n"})
    after = client.get("/repos/acme/web/pulls/1").json()
    assert after["head"]["sha"] == made
    assert after["updated_at"] > before["updated_at"]
    assert git(repo.path, "log", "-1", "--format=%ae", MANUAL) == "ada@example.org"
    assert git(repo.path, "show", f"{MANUAL}:a.txt") == "three"
    github_server.push_as("ada", "acme/web", MANUAL, {"a.txt": "four\n"})
    assert git(repo.path, "rev-parse", f"{MANUAL}~1") == made


@pytest.mark.usefixtures("repo")
def test_pushes_to_any_branch_are_dated_and_nothing_else_is(github_server: GitHubServer, client: httpx.Client) -> None:
    dates = [client.get("/repos/acme/web").json()["pushed_at"]]
    github_server.comment("acme/web", 1, "hello")
    dates.append(client.get("/repos/acme/web").json()["pushed_at"])
    github_server.push_as("ada", "acme/web", "feature", {"b.txt": "x"})
    dates.append(client.get("/repos/acme/web/pulls").json()[0]["base"]["repo"]["pushed_at"])
    assert dates[0] == dates[1] < dates[2]


@pytest.mark.usefixtures("repo")
def test_comments_and_edits_are_updates(github_server: GitHubServer, client: httpx.Client) -> None:
    seen = [_pull(client)["updated_at"]]
    github_server.comment("acme/web", 1, "why?", author="stranger")
    seen.append(_pull(client)["updated_at"])
    github_server.edit_as("ada", "acme/web", 1, body="- [x] rebuild")
    seen.append(_pull(client)["updated_at"])
    assert seen == sorted(set(seen))
    assert _pull(client)["body"] == "- [x] rebuild"
    with pytest.raises(AssertionError, match="lets stranger edit nothing"):
        github_server.edit_as("stranger", "acme/web", 1, body="")


@pytest.mark.usefixtures("repo")
def test_the_last_updated_come_first_where_that_is_asked_for(github_server: GitHubServer, client: httpx.Client) -> None:
    github_server.open_as("ada", "acme/web", "gone")
    github_server.comment("acme/web", 1, "hello")
    listed = client.get("/repos/acme/web/pulls", params={"state": "all", "sort": "updated", "direction": "desc"})
    assert listed.json()[0]["number"] == 2  # its branch is gone, which this look finds out
    github_server.comment("acme/web", 1, "hello again")
    listed = client.get("/repos/acme/web/pulls", params={"state": "all", "sort": "updated", "direction": "desc"})
    assert [entry["number"] for entry in listed.json()] == [1, 2]


def test_a_pull_request_is_opened_again_only_where_its_branch_still_is_what_it_was(
    github_server: GitHubServer, repo: Repo, client: httpx.Client
) -> None:
    github_server.close("acme/web", 1)
    github_server.reopen("acme/web", 1)
    github_server.delete_branch("acme/web", MANUAL)
    assert repo.pulls[1].state == "closed"
    with pytest.raises(Refusal, match="Validation Failed"):
        github_server.reopen("acme/web", 1)
    refused = client.patch("/repos/acme/web/pulls/1", json={"state": "open"})
    assert (refused.status_code, "has been deleted" in refused.text) == (422, True)
    git(repo.path, "branch", MANUAL, "main")
    refused = client.patch("/repos/acme/web/pulls/1", json={"state": "open"})
    assert (refused.status_code, "force-pushed or recreated" in refused.text) == (422, True)


def test_a_push_that_deletes_a_branch_closes_its_pull_request(
    github_server: GitHubServer, repo: Repo, client: httpx.Client
) -> None:
    address = f"{github_server.git.url}/acme/web.git".replace("http://", f"http://x-access-token:{TOKEN}@")
    git(repo.path, "-c", "http.proxy=", "push", "--quiet", address, "--delete", MANUAL)
    (pull,) = client.get("/repos/acme/web/pulls", params={"state": "all"}).json()
    assert (pull["state"], pull["head"]["ref"], pull["head"]["sha"]) == ("closed", MANUAL, repo.pulls[1].head_sha)


def test_one_open_pull_request_stands_in_the_way_of_another(
    github_server: GitHubServer, repo: Repo, client: httpx.Client
) -> None:
    github_server.close("acme/web", 1)
    github_server.open_as(BOT, "acme/web", MANUAL)
    refused = client.patch("/repos/acme/web/pulls/1", json={"state": "open"})
    assert (refused.status_code, "already an open pull request" in refused.text) == (422, True)
    assert repo.pulls[1].state == "closed"


@pytest.mark.usefixtures("repo")
@pytest.mark.parametrize(
    ("login", "said"),
    [("ada", ("write", "maintain")), ("maintainer", ("admin", "admin")), ("tom", ("read", "triage")), ("eve", ("read", "read")), ("app[bot]", ("read", "read"))],
)  # fmt: skip
def test_permissions_are_told_in_two_words(client: httpx.Client, login: str, said: tuple[str, str]) -> None:
    document = client.get(f"/repos/acme/web/collaborators/{login}/permission").json()
    assert (document["permission"], document["role_name"]) == said


@pytest.mark.usefixtures("repo")
def test_a_name_without_an_account_has_no_permission(github_server: GitHubServer, client: httpx.Client) -> None:
    github_server.nobody.add("left")
    assert client.get("/repos/acme/web/collaborators/left/permission").status_code == 404


@pytest.mark.usefixtures("repo")
def test_the_token_s_owner_is_told_an_app_by_graphql_alone(github_server: GitHubServer, client: httpx.Client) -> None:
    assert client.get("/user").json()["login"] == BOT
    github_server.actor = "quarterdeck[bot]"
    assert client.get("/user").status_code == 403
    viewer = client.post("/graphql", json={"query": "{ viewer { login } }"}).json()["data"]["viewer"]
    assert viewer == {"login": "quarterdeck[bot]"}


@pytest.mark.usefixtures("repo")
def test_issues_and_pull_requests_share_their_numbers_and_their_list(
    github_server: GitHubServer, client: httpx.Client
) -> None:
    made = client.post("/repos/acme/web/issues", json={"title": "Overview", "body": "x", "labels": ["quarterdeck"]})
    assert (made.status_code, made.json()["number"], made.json()["user"]["login"]) == (201, 2, BOT)
    github_server.issue_as("eve", "acme/web", "Mine", "x", "quarterdeck")

    def listed(**asked: str) -> list[tuple[int, bool]]:
        rows = client.get("/repos/acme/web/issues", params=asked).json()
        return [(row["number"], "pull_request" in row) for row in rows]

    assert listed(state="all") == [(3, False), (2, False), (1, True)]
    assert listed(labels="quarterdeck", creator=BOT) == [(2, False)]
    changed = client.patch("/repos/acme/web/issues/2", json={"body": "y", "state": "closed"}).json()
    assert (changed["body"], changed["state"], bool(changed["closed_at"])) == ("y", "closed", True)
    assert listed() == [(3, False), (1, True)]
    said = client.post("/repos/acme/web/issues/2/comments", json={"body": "hello"})
    assert said.status_code == 201
    assert [entry["body"] for entry in client.get("/repos/acme/web/issues/2/comments").json()] == ["hello"]


def test_where_issues_are_switched_off_there_are_none(repo: Repo, client: httpx.Client) -> None:
    repo.has_issues = False
    assert client.post("/repos/acme/web/issues", json={"title": "x"}).status_code == 410
    assert [row["number"] for row in client.get("/repos/acme/web/issues").json()] == [1]


def test_issues_need_a_permission_of_their_own(github_server: GitHubServer, repo: Repo, client: httpx.Client) -> None:
    github_server.permissions["issues"] = "read"
    assert client.post("/repos/acme/web/issues", json={"title": "x"}).status_code == 403
    assert client.post("/repos/acme/web/issues/1/comments", json={"body": "x"}).status_code == 201
    assert not repo.issues


def test_releases_of_any_repository_are_listed_newest_first(github_server: GitHubServer, client: httpx.Client) -> None:
    github_server.release("other/lib", "v1.0", "First.")
    github_server.release("other/lib", "v1.1rc1", prerelease=True, name="Nearly")
    github_server.release("other/lib", "v1.1", draft=True)
    listed = client.get("/repos/other/lib/releases").json()
    assert [(row["tag_name"], row["draft"], row["prerelease"], row["name"]) for row in listed] == [
        ("v1.1", True, False, None), ("v1.1rc1", False, True, "Nearly"), ("v1.0", False, False, None),
    ]  # fmt: skip
