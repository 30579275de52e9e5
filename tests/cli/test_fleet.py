"""A fleet on GitHub from the command line: found repositories, and everything that happens to repositories."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import git as gitpython
import pytest

from tests.cli.test_github import LOCK, LONG_AGO
from tests.rig.cli import Said, Terminal
from tests.rig.github import TOKEN, GitHubServer
from tests.rig.github_double.accounts import APP_ID
from tests.rig.index import LocalIndex
from tests.rig.repositories import commit, git

NOW = ("--now", "2026-11-24T12:00:00Z")
QUICK = ("--trigger", "security", *NOW)
FILES = {"requirements.txt": "app==1.0\n"}
WITH_TOKEN = '[forge]\nurl = "{url}"\ntoken = {{ env = "QUARTERDECK_GITHUB_TOKEN" }}\n'
WITH_APP = '[forge]\nurl = "{url}"\napp = {{ id = {id}, private_key = {{ file = "{key}" }} }}\n'
DISCOVER = '[[discover]]\nowner = "acme"\n'
ENTRY = '[[repository]]\nname = "{name}"\n'


@pytest.fixture
def github(
    terminal: Terminal, github_server: GitHubServer, local_index: LocalIndex, monkeypatch: pytest.MonkeyPatch
) -> GitHubServer:
    local_index.json_api = True
    for version in ("1.0", "1.1"):
        local_index.add("app", version, uploaded_at=LONG_AGO)
    monkeypatch.setenv("PIP_INDEX_URL", local_index.url)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("QUARTERDECK_GITHUB_TOKEN", TOKEN)
    return github_server


def configure(terminal: Terminal, github: GitHubServer, *more: str, app: bool = False) -> None:
    key = terminal.folder / "key.pem"
    if app:
        key.write_text(github.accounts.key or "")
    login = WITH_APP if app else WITH_TOKEN
    terminal.configure(login.format(url=github.url, id=APP_ID, key=key) + "".join(more))


def outcomes(said: Said) -> dict[str, str]:
    return {row["name"]: row["outcome"] for row in said.json["repositories"]}


def states(terminal: Terminal) -> dict[str, tuple[str, str]]:
    rows = terminal("status", "--json").json["repositories"]
    return {row["name"]: (row["state"], row["state_why"]) for row in rows}


def a_lock() -> dict[str, str]:
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    return {"requirements.in": "app\n", "requirements.txt": LOCK.format(python=python)}


def test_an_app_without_any_configured_repository_works_on_all_that_it_is_installed_on(
    terminal: Terminal, github: GitHubServer
) -> None:
    for name in ("acme/web", "beta/api"):
        github.add_repository(name, a_lock())
        github.accounts.install(name.partition("/")[0])
    github.add_repository("acme/old", FILES, archived=True)
    configure(terminal, github, app=True)
    said = terminal("run", "--json", *NOW)
    assert (said.code, outcomes(said)) == (0, {"acme/web": "opened", "beta/api": "opened"}), said.err
    tokens = set(github.accounts.minted)
    assert tokens
    for path in (terminal.folder / "data").rglob("*"):
        assert not path.is_file() or not any(token.encode() in path.read_bytes() for token in tokens)
    state, why = states(terminal)["acme/old"]
    assert state == "archived"
    assert "worked on again once it is not" in why
    assert "archived" in terminal("status").out
    github.repos["acme/old"].archived = False
    assert outcomes(terminal("check", "--json", *QUICK)).keys() == {"acme/web", "beta/api", "acme/old"}


def test_an_owner_who_took_the_app_away_stops_nobody_else(terminal: Terminal, github: GitHubServer) -> None:
    for name in ("acme/web", "beta/api"):
        github.add_repository(name, FILES)
        github.accounts.install(name.partition("/")[0])
    configure(terminal, github, *(ENTRY.format(name=name) for name in ("acme/web", "beta/api")), app=True)
    terminal("run", "--json", *QUICK)
    del github.accounts.installations[0]
    github.accounts.revoke_all()
    said = terminal("run", "--json", *QUICK)
    assert (said.code, outcomes(said)) == (1, {"acme/web": "failed", "beta/api": "nothing"})
    error = next(row["error"] for row in said.json["repositories"] if row["error"])
    assert (error["kind"], error["message"]) == ("AccessDenied", "the GitHub App is not installed at acme")


def test_a_key_that_is_none_stops_before_anything_is_done(terminal: Terminal, github: GitHubServer) -> None:
    github.accounts.key = "not a key"
    configure(terminal, github, app=True)
    said = terminal("run", *QUICK)
    assert (said.code, "PEM" in said.err, "not a key" in said.err) == (2, True, False)


def test_discovery_joins_what_is_configured_and_a_repository_may_be_left_out(
    terminal: Terminal, github: GitHubServer
) -> None:
    for name in ("acme/web", "acme/api", "acme/off", "other/tool"):
        github.add_repository(name, FILES)
    configure(
        terminal, github, DISCOVER, ENTRY.format(name="Acme/off"), "enabled = false\n", ENTRY.format(name="other/tool")
    )
    said = terminal("check", "--json", *QUICK)
    assert said.code == 0, said.err
    assert outcomes(said).keys() == {"acme/api", "acme/web", "other/tool"}
    assert states(terminal)["Acme/off"][0] == "off"
    assert outcomes(terminal("check", "acme/API", "--json", *QUICK)).keys() == {"acme/api"}
    github.add_repository("acme/new", FILES)
    assert outcomes(terminal("check", "acme/new", "--json", *QUICK)).keys() == {"acme/new"}
    assert terminal("check", "acme/newer", *QUICK).code == 2


def test_a_search_that_fails_is_told_and_what_is_known_is_worked_on(terminal: Terminal, github: GitHubServer) -> None:
    for name in ("acme/web", "other/tool"):
        github.add_repository(name, FILES)
    configure(terminal, github, DISCOVER, ENTRY.format(name="other/tool"))
    github.fail_next(502, "/orgs/acme/repos", times=3)
    first = terminal("check", "--json", *QUICK)
    assert (first.code, set(outcomes(first))) == (1, {"other/tool"})
    assert "the repositories of acme: " in first.err
    assert terminal("check", "--json", *QUICK).code == 0
    github.fail_next(502, "/orgs/acme/repos", times=3)
    second = terminal("check", "--json", *QUICK)
    assert (second.code, set(outcomes(second))) == (1, {"acme/web", "other/tool"})
    assert "GitHub answered 502" in terminal("status", "--json").json["searches"][0]["problem"]
    assert "GitHub answered 502" in terminal("status").out
    assert terminal("check", "--json", *QUICK).code == 0
    assert terminal("status", "--json").json["searches"] == []


def test_what_vanished_is_told_and_not_worked_on(terminal: Terminal, github: GitHubServer) -> None:
    for name in ("acme/web", "acme/api"):
        github.add_repository(name, FILES)
    configure(terminal, github, DISCOVER)
    terminal("check", "--json", *QUICK)
    del github.repos["acme/api"]
    assert outcomes(terminal("check", "--json", *QUICK)).keys() == {"acme/web"}
    state, why = states(terminal)["acme/api"]
    assert (state, why.startswith("not seen any more since 2026-11-24")) == ("gone", True)


def test_a_found_repository_that_is_renamed_keeps_its_history(terminal: Terminal, github: GitHubServer) -> None:
    github.add_repository("acme/web", a_lock())
    configure(terminal, github, DISCOVER)
    assert outcomes(terminal("run", "--json", *NOW)) == {"acme/web": "opened"}
    github.rename("acme/web", "acme/site")
    said = terminal("run", "--json", *NOW)
    assert "acme/web is called acme/site now" in said.err
    assert outcomes(said) == {"acme/site": "left-alone"}
    assert len(github.repos["acme/site"].pulls) == 1
    assert states(terminal).keys() == {"acme/site"}


def test_a_configured_repository_that_is_transferred_is_worked_on_until_its_entry_is_edited(
    terminal: Terminal, github: GitHubServer
) -> None:
    github.add_repository("acme/web", a_lock())
    configure(terminal, github, ENTRY.format(name="acme/web"))
    assert outcomes(terminal("run", "--json", *NOW)) == {"acme/web": "opened"}
    github.rename("acme/web", "beta/site")
    said = terminal("run", "--json", *NOW)
    assert outcomes(said) == {"acme/web": "left-alone"}
    assert "acme/web is called beta/site now: edit the configuration" in said.repository["verdict"]
    configure(terminal, github, ENTRY.format(name="beta/site"))
    after = terminal("run", "--json", *NOW)
    assert outcomes(after) == {"beta/site": "left-alone"}
    assert "is called" not in after.repository["verdict"]
    assert states(terminal).keys() == {"beta/site"}
    assert len(github.repos["beta/site"].pulls) == 1


def archive(github: GitHubServer) -> None:
    github.repos["acme/web"].archived = True


def switch_off(github: GitHubServer) -> None:
    github.repos["acme/web"].disabled = True


def block(github: GitHubServer) -> None:
    github.repos["acme/web"].blocked = True


def delete(github: GitHubServer) -> None:
    del github.repos["acme/web"]


def empty(github: GitHubServer) -> None:
    git(github.repos["acme/web"].path, "update-ref", "-d", "refs/heads/main")


def forbid(github: GitHubServer) -> None:
    github.fail_next(403, "/repos/acme/web", times=10, body={"message": "Resource not accessible by integration"})


@pytest.mark.parametrize(
    ("happens", "outcome", "told"),
    [
        (archive, "nothing", "the repository is archived"),
        (switch_off, "nothing", "GitHub has switched the repository off"),
        (empty, "nothing", "the repository has no commit"),
        (block, "failed", "Repository access blocked"),
        (delete, "failed", "not found, or the token cannot see it"),
        (forbid, "failed", "Resource not accessible by integration"),
    ],
)
def test_whatever_happens_to_one_repository_is_told_and_the_others_go_on(
    terminal: Terminal, github: GitHubServer, happens: Callable[[GitHubServer], None], outcome: str, told: str
) -> None:
    for name in ("acme/web", "acme/api"):
        github.add_repository(name, FILES)
    configure(terminal, github, *(ENTRY.format(name=name) for name in ("acme/web", "acme/api")))
    assert terminal("run", "--json", *QUICK).code == 0
    happens(github)
    pushes = [entry for entry in github.git.log if entry.method == "POST" and "receive" in entry.path]
    said = terminal("run", "--json", *QUICK)
    assert outcomes(said) == {"acme/web": outcome, "acme/api": "nothing"}
    assert said.code == (1 if outcome == "failed" else 0)
    row = next(row for row in said.json["repositories"] if row["name"] == "acme/web")
    assert told in row["verdict"]
    assert "Traceback" not in said.err
    assert "InternalError" not in said.out
    assert not pushes


def test_a_default_branch_that_is_pushed_with_force_or_called_otherwise_is_followed(
    terminal: Terminal, github: GitHubServer
) -> None:
    repo = github.add_repository("acme/web", a_lock())
    configure(terminal, github, ENTRY.format(name="acme/web"))
    assert terminal("run", "--json", *NOW).repository["outcome"] == "opened"
    work = repo.path.with_name("web.git.work")
    git(work, "checkout", "--quiet", "--orphan", "other")
    commit(work, {"README": "another history\n"}, "Begin anew")
    git(work, "push", "--quiet", "--force", "origin", "other:main")
    assert terminal("run", "--json", *NOW).repository["outcome"] == "updated"
    git(repo.path, "branch", "trunk", "main")
    git(repo.path, "symbolic-ref", "HEAD", "refs/heads/trunk")
    repo.default_branch = "trunk"
    said = terminal("run", "--json", *NOW).repository
    assert (said["branch"], said["error"]) == ("trunk", None)
    assert [pull.base for pull in repo.pulls.values() if pull.state == "open"] == ["trunk"]


@pytest.mark.parametrize(
    "name", ["acme/-rf", "-x/web", "acme/--upload-pack=x", "acme/.github", "acme/..", "äcme/wéb", "acme/we b"]
)
def test_odd_names_never_reach_git_as_an_option(
    terminal: Terminal, github: GitHubServer, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    argvs: list[list[str]] = []
    real = gitpython.Git.execute

    def noted(self: gitpython.Git, command: Any, *rest: Any, **options: Any) -> Any:
        argvs.append(list(command))
        return real(self, command, *rest, **options)

    monkeypatch.setattr(gitpython.Git, "execute", noted)
    if name.isascii() and ".." not in name and " " not in name and "=" not in name:
        github.add_repository(name, FILES)
    configure(terminal, github, ENTRY.format(name=name))
    said = terminal("check", "--json", *QUICK)
    assert "Traceback" not in said.err
    assert said.code in {0, 1, 2}
    assert (said.code == 0) == (name in github.repos), said.out
    assert argvs or name not in github.repos
    odd = {part for part in name.split("/") if part.startswith("-")}
    for argv in argvs:
        assert not [word for word in argv if word.startswith("-") and any(part in word for part in odd)], argv
        assert name not in argv


def test_two_repositories_whose_names_look_alike_have_two_clones(
    terminal: Terminal, github: GitHubServer, tmp_path: Path
) -> None:
    for name in ("a/b-c", "a-b/c"):
        github.add_repository(name, FILES)
    configure(terminal, github, *(ENTRY.format(name=name) for name in ("a/b-c", "a-b/c")))
    assert terminal("check", "--json", *QUICK).code == 0
    urls = {git(path, "config", "remote.origin.url") for path in (tmp_path / "data/clones").iterdir()}
    assert urls == {f"{github.git.url}/{name}.git" for name in ("a/b-c", "a-b/c")}


def test_a_default_branch_may_come_to_lie_below_the_old_one(terminal: Terminal, github: GitHubServer) -> None:
    repo = github.add_repository("acme/web", FILES)
    configure(terminal, github, ENTRY.format(name="acme/web"))
    terminal("check", "--json", *QUICK)
    git(repo.path, "branch", "-m", "main", "aside")
    git(repo.path, "branch", "-m", "aside", "main/next")
    git(repo.path, "symbolic-ref", "HEAD", "refs/heads/main/next")
    repo.default_branch = "main/next"
    assert terminal("check", "--json", *QUICK).repository["branch"] == "main/next"


def test_the_moment_of_an_app_is_the_real_one_whatever_now_says(terminal: Terminal, github: GitHubServer) -> None:
    github.add_repository("acme/web", FILES)
    github.accounts.install("acme")
    configure(terminal, github, app=True)
    said = terminal("check", "--json", "--trigger", "security", "--now", "2080-01-01T00:00:00Z")
    assert said.code == 0, said.err
    assert len(github.accounts.minted) == 1
