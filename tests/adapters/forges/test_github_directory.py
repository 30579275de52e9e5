"""Finding repositories at GitHub: whole lists or none, for a token and for an App."""

import logging

import pytest

from bot.adapters.forges.github_access import GithubAccess
from bot.adapters.forges.github_app import AppKeys
from bot.adapters.forges.github_directory import GithubDirectory
from bot.adapters.forges.github_line import GithubLine
from bot.errors import AccessDenied, BotError, Unavailable
from bot.model.fleet import Search
from bot.model.secrets import Secret
from tests.rig.github import TOKEN, GitHubServer
from tests.rig.github_double.accounts import APP_ID
from tests.rig.github_double.world import Repo


def add(server: GitHubServer, *names: str, **fields: object) -> None:
    """Add repositories without anything in them: nobody looks inside here."""
    for name in names:
        owner, _, short = name.partition("/")
        path = server.root / owner / f"{short}.git"
        server.repos[name] = Repo(id=len(server.repos) + 1, owner=owner, name=short, path=path, **fields)  # type: ignore[arg-type]


def found(server: GitHubServer, *searches: Search) -> list[str]:
    access = GithubAccess.with_token(server.url, Secret(TOKEN), sleep=lambda _: None)
    return [one.name for one in GithubDirectory(access, searches, None).found()]


@pytest.fixture
def app(github_server: GitHubServer) -> AppKeys:
    for owner in ("acme", "beta"):
        github_server.accounts.install(owner)
    assert github_server.accounts.key is not None
    return AppKeys(github_server.url, APP_ID, Secret(github_server.accounts.key), sleep=lambda _: None)


def found_by(server: GitHubServer, app: AppKeys, *searches: Search) -> dict[str, bool]:
    access = GithubAccess(GithubLine(server.url, app, idle=0), sleep=lambda _: None)
    return {one.name: one.may_write for one in GithubDirectory(access, searches, app).found()}


def test_an_organisation_is_listed_whole_in_a_request_for_each_hundred(github_server: GitHubServer) -> None:
    add(github_server, *(f"acme/r{number:03}" for number in range(250)), "beta/x")
    add(github_server, "acme/Secret", private=True)
    names = found(github_server, Search(owner="acme"))
    assert (len(names), names[-1], names == sorted(names, key=str.casefold)) == (251, "acme/Secret", True)
    assert [entry.path for entry in github_server.log] == ["/users/acme", *["/orgs/acme/repos"] * 3]


def test_only_those_with_the_topic_are_found(github_server: GitHubServer) -> None:
    add(github_server, "acme/web", topics=["quarterdeck", "python"])
    add(github_server, "acme/api")
    assert found(github_server, Search(owner="acme", topic="Quarterdeck")) == ["acme/web"]


def test_a_persons_private_repositories_are_found_where_they_are_shared_with_us(github_server: GitHubServer) -> None:
    github_server.accounts.people |= {"ada", "eve"}
    add(github_server, "ada/open", "eve/open")
    add(github_server, "ada/closed", private=True)
    assert found(github_server, Search(owner="ada")) == ["ada/closed", "ada/open"]


def test_what_is_archived_switched_off_or_not_for_us_to_write_is_said(github_server: GitHubServer) -> None:
    add(github_server, "acme/a", archived=True)
    add(github_server, "acme/b", disabled=True)
    add(github_server, "acme/c")
    github_server.accounts.readable = {"acme/c"}
    access = GithubAccess.with_token(github_server.url, Secret(TOKEN))
    rows = GithubDirectory(access, (Search(owner="acme"),), None).found()
    assert [(one.archived, one.disabled, one.may_write) for one in rows] == [
        (True, False, True), (False, True, True), (False, False, False),
    ]  # fmt: skip
    assert len({one.id for one in rows}) == 3


def test_an_app_finds_all_that_it_is_installed_on(github_server: GitHubServer, app: AppKeys) -> None:
    add(github_server, "acme/web", "beta/api", "gamma/hidden")
    github_server.accounts.installations[1].permissions["contents"] = "read"
    assert found_by(github_server, app) == {"acme/web": True, "beta/api": False}


def test_an_app_searches_where_it_is_installed(github_server: GitHubServer, app: AppKeys) -> None:
    add(github_server, "acme/web", topics=["q"])
    add(github_server, "acme/api", "beta/api")
    assert found_by(github_server, app, Search(owner="Acme", topic="q")) == {"acme/web": True}
    with pytest.raises(AccessDenied, match="not installed at gamma"):
        found_by(github_server, app, Search(owner="gamma"))


def test_a_suspended_installation_is_said_and_hides_no_other(
    github_server: GitHubServer, app: AppKeys, caplog: pytest.LogCaptureFixture
) -> None:
    add(github_server, "acme/web", "beta/api")
    github_server.accounts.installations[0].suspended = True
    with caplog.at_level(logging.WARNING):
        assert found_by(github_server, app) == {"beta/api": True}
    assert "at acme is suspended" in caplog.text


@pytest.mark.parametrize("owner", ["nobody", "--help", "a b", "ümlaut", "../x", "a/b"])
def test_an_owner_whom_github_does_not_know_is_an_error_and_no_empty_answer(
    github_server: GitHubServer, owner: str
) -> None:
    with pytest.raises(AccessDenied) as caught:
        found(github_server, Search(owner=owner))
    assert "[[discover]]" in caught.value.hint


def test_a_list_that_breaks_off_is_no_answer(github_server: GitHubServer, app: AppKeys) -> None:
    add(github_server, *(f"acme/r{number:03}" for number in range(150)))
    github_server.fail_next(502, "/orgs/acme/repos", times=3)
    with pytest.raises(Unavailable):
        found(github_server, Search(owner="acme"))
    github_server.fail_next(403, "/orgs/acme/repos")
    with pytest.raises(AccessDenied):
        found(github_server, Search(owner="acme"))
    github_server.fail_next(404, "/orgs/acme/repos")
    with pytest.raises(AccessDenied):
        found(github_server, Search(owner="acme"))
    github_server.fail_next(200, "/installation/repositories", body={"total_count": 7, "repositories": []})
    with pytest.raises(Unavailable, match="0 of 7 repositories"):
        found_by(github_server, app)
    for strange in ([{"id": 1}], [7], [{"id": "x", "full_name": "a/b"}]):
        github_server.fail_next(200, "/orgs/acme/repos", body=strange)
        with pytest.raises(BotError, match="describes a repository otherwise"):
            found(github_server, Search(owner="acme"))


def test_a_name_that_none_can_have_is_left_out_and_said(
    github_server: GitHubServer, caplog: pytest.LogCaptureFixture
) -> None:
    add(github_server, "acme/web", "acme/--upload-pack=x", "acme/-dash")
    rows = [github_server.documents.repository(repo) for repo in github_server.repos.values()]
    for row, name in zip(rows, ("acme/web", "acme/we b", "acme/-dash"), strict=True):
        row["full_name"] = name
    github_server.fail_next(200, "/orgs/acme/repos", body=rows)
    with caplog.at_level(logging.WARNING):
        assert found(github_server, Search(owner="acme")) == ["acme/-dash", "acme/web"]
    assert "'acme/we b'" in caplog.text
