"""The clone of a repository, against real git over files and over HTTP."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.adapters.workspaces import git_failures, git_surroundings
from bot.adapters.workspaces.git import GitWorkspace
from bot.adapters.workspaces.recording import RecordingWorkspace
from bot.errors import AccessDenied, CloneFailed, PublishFailed, StoreError, Unavailable
from bot.model.change import FileText
from bot.model.repository import Remote
from bot.model.secrets import Credential, Secret
from bot.system.redaction import known
from tests.builders import NOW
from tests.rig.git_http import GitHttpServer
from tests.rig.repositories import commit, git, make_repository

TOKEN = "not-a-real-token-5f1c"
FILES = {"requirements.in": "django\n", "requirements.txt": "django==4.2\n", "app/Dockerfile": "FROM python:3.12\n"}


def _workspace(tmp_path: Path, name: str = "acme/web") -> GitWorkspace:
    return GitWorkspace(tmp_path / "data", name, author="Quarterdeck", email="q@localhost", home=tmp_path)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[GitHttpServer]:
    make_repository(tmp_path / "srv/acme/web.git", FILES, bare=True)
    with GitHttpServer(tmp_path / "srv", TOKEN) as server:
        yield server


def _over_http(server: GitHttpServer, token: str = TOKEN) -> Remote:
    credential = Credential(username="x-access-token", password=Secret(token))
    return Remote(url=f"{server.url}/acme/web.git", credential=credential)


def test_a_local_repository_is_read_without_touching_the_checkout(tmp_path: Path) -> None:
    repo = make_repository(tmp_path / "web", FILES)
    git(repo, "checkout", "-q", "-b", "feature")
    commit(repo, {"requirements.txt": "django==5\n"}, "Not yet on main")
    (repo / "requirements.txt").write_text("uncommitted\n")
    (repo / "staged").write_text("staged\n")
    git(repo, "add", "staged")
    before = (git(repo, "status", "--porcelain"), git(repo, "rev-parse", "HEAD"), (repo / ".git/config").read_bytes())
    workspace, remote = _workspace(tmp_path), Remote(url=str(repo), history=True)
    head = workspace.fetch(remote, None)
    assert (head.branch, head.commit) == ("main", git(repo, "rev-parse", "main"))
    files = workspace.tree(head.commit)
    assert [file.path for file in files] == sorted(FILES)
    assert workspace.read(remote, files) == {path: text.encode() for path, text in FILES.items()}
    after = (git(repo, "status", "--porcelain"), git(repo, "rev-parse", "HEAD"), (repo / ".git/config").read_bytes())
    assert after == before


def test_the_default_branch_is_origins_then_main_then_where_head_stands(tmp_path: Path) -> None:
    upstream = make_repository(tmp_path / "up.git", FILES, bare=True)
    git(upstream, "branch", "-m", "main", "trunk")
    git(tmp_path, "clone", "-q", str(upstream), "clone")
    git(tmp_path / "clone", "checkout", "-q", "-b", "main")
    assert _workspace(tmp_path, "a").fetch(Remote(url=str(tmp_path / "clone"), history=True), None).branch == "trunk"
    assert _workspace(tmp_path, "b").fetch(Remote(url=str(upstream), history=True), None).branch == "trunk"
    odd = make_repository(tmp_path / "odd", FILES)
    git(odd, "branch", "-m", "main", "wip")
    assert _workspace(tmp_path, "c").fetch(Remote(url=f"file://{odd}", history=True), None).branch == "wip"
    git(odd, "checkout", "-q", "-b", "quarterdeck/manual")
    assert _workspace(tmp_path, "d").fetch(Remote(url=str(odd), history=True), None).branch == "wip"
    git(odd, "branch", "-D", "wip")
    with pytest.raises(CloneFailed, match="no branch but ours"):
        _workspace(tmp_path, "e").fetch(Remote(url=str(odd), history=True), None)


def test_a_commit_keeps_modes_and_other_files_and_is_the_same_for_the_same_input(tmp_path: Path) -> None:
    repo = make_repository(tmp_path / "web", FILES)
    (repo / "requirements.txt").chmod(0o755)
    (repo / "link").symlink_to("/etc/passwd")
    commit(repo, {}, "Modes")
    workspace, remote = _workspace(tmp_path), Remote(url=str(repo), history=True)
    head = workspace.fetch(remote, None)
    assert "link" not in {file.path for file in workspace.tree(head.commit)}
    files = (FileText(path="requirements.txt", data=b"django==5\r\n"), FileText(path="new.txt", data=b"x"))
    made = workspace.commit(head.commit, files, "Rebuild\n\nbecause", NOW)
    assert made == workspace.commit(head.commit, files, "Rebuild\n\nbecause", NOW)
    workspace.push(remote, "quarterdeck/manual", made, expected=None)
    assert git(repo, "show", "quarterdeck/manual:requirements.txt") == "django==5"
    assert git(repo, "diff", "--raw", "main", "quarterdeck/manual", "--", "requirements.txt").startswith(
        ":100755 100755"
    )
    assert git(repo, "diff", "--name-only", "main", "quarterdeck/manual").split() == ["new.txt", "requirements.txt"]
    assert git(repo, "log", "-1", "--format=%an <%ae> %ct", made) == f"Quarterdeck <q@localhost> {int(NOW.timestamp())}"


def test_a_push_never_overwrites_what_somebody_else_pushed(tmp_path: Path) -> None:
    repo = make_repository(tmp_path / "web", FILES)
    workspace, remote = _workspace(tmp_path), Remote(url=str(repo), history=True)
    head = workspace.fetch(remote, None)
    first, second = (workspace.commit(head.commit, (FileText(path="a", data=data),), "m", NOW) for data in (b"1", b"2"))
    workspace.push(remote, "quarterdeck/manual", first, expected=None)
    with pytest.raises(PublishFailed, match="stale info"):
        workspace.push(remote, "quarterdeck/manual", second, expected=None)
    workspace.push(remote, "quarterdeck/manual", second, expected=first)
    tip = workspace.branch(remote, "quarterdeck/manual")
    assert tip is not None
    assert (tip.commit, tip.parents, tip.committer, tip.message.strip()) == (second, (head.commit,), "q@localhost", "m")
    assert workspace.branch(remote, "quarterdeck/security") is None
    assert workspace.branches(remote, "quarterdeck/") == {"quarterdeck/manual": second}
    assert not workspace.contains(head.commit, second)
    git(repo, "merge", "-q", "quarterdeck/manual")
    merged = workspace.fetch(remote, None).commit
    assert workspace.contains(merged, second)
    assert [row.commit for row in workspace.log(merged, "m")] == [second]


def test_a_branch_that_the_user_has_checked_out_is_refused_with_what_to_do(tmp_path: Path) -> None:
    repo = make_repository(tmp_path / "web", FILES)
    git(repo, "checkout", "-q", "-b", "quarterdeck/manual")
    workspace, remote = _workspace(tmp_path), Remote(url=str(repo), history=True)
    head = workspace.fetch(remote, None)
    made = workspace.commit(head.commit, (FileText(path="a", data=b"1"),), "m", NOW)
    with pytest.raises(PublishFailed) as caught:
        workspace.push(remote, "quarterdeck/manual", made, expected=head.commit)
    assert "switch your checkout" in caught.value.hint


def test_nothing_of_the_repository_is_executed(tmp_path: Path) -> None:
    repo = make_repository(tmp_path / "web", {**FILES, ".gitattributes": "* filter=evil diff=evil\n"})
    canary = tmp_path / "executed"
    hook = f"#!/bin/sh\necho run >> {canary}\n"
    path = repo / ".git/hooks/pre-receive"
    for name in ("pre-receive", "update", "post-receive", "post-update", "reference-transaction", "pre-push",
                 "post-checkout", "proc-receive", "push-to-checkout"):  # fmt: skip
        path = repo / ".git/hooks" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(hook)
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
    for key, value in {
        "core.fsmonitor": str(path), "filter.evil.clean": str(path), "filter.evil.smudge": str(path),
        "diff.external": str(path), "core.hooksPath": str(repo / ".git/hooks"), "core.sshCommand": str(path),
    }.items():  # fmt: skip
        git(repo, "config", key, value)
    workspace, remote = _workspace(tmp_path), Remote(url=str(repo), history=True)
    head = workspace.fetch(remote, None)
    workspace.read(remote, workspace.tree(head.commit))
    made = workspace.commit(head.commit, (FileText(path="a", data=b"1"),), "m", NOW)
    workspace.push(remote, "quarterdeck/manual", made, expected=None)
    assert git(repo, "-c", "core.fsmonitor=false", "rev-parse", "quarterdeck/manual") == made
    assert not canary.exists()


def test_over_http_only_what_is_read_is_fetched_and_the_clone_is_reused(tmp_path: Path, served: GitHttpServer) -> None:
    workspace, remote = _workspace(tmp_path), _over_http(served)
    head = workspace.fetch(remote, None)
    files = workspace.tree(head.commit)
    before = len(served.log)
    wanted = [file for file in files if file.path != "app/Dockerfile"]
    assert set(workspace.read(remote, wanted)) == {"requirements.in", "requirements.txt"}
    batch = [request for request in served.log[before:] if request.path.endswith("git-upload-pack")]
    assert 1 <= len(batch) <= 2  # one conversation for all blobs: the capabilities, then the objects
    listing = git(tmp_path / "data/clones/acme-web", "rev-list", "--objects", "--missing=print", "--all")
    assert listing.count("?") == 1
    before = len(served.log)
    workspace.read(remote, wanted)
    assert len(served.log) == before
    again = _workspace(tmp_path)
    assert again.fetch(remote, None) == head
    made = again.commit(head.commit, (FileText(path="requirements.txt", data=b"django==5\n"),), "m", NOW)
    again.push(remote, "quarterdeck/manual", made, expected=None)
    tip = again.branch(remote, "quarterdeck/manual")
    assert tip is not None
    assert tip.parents == (head.commit,)
    assert git(tmp_path / "srv/acme/web.git", "rev-parse", "quarterdeck/manual") == made


def test_the_token_stands_in_no_file_no_argument_and_no_error(tmp_path: Path, served: GitHttpServer) -> None:
    workspace = _workspace(tmp_path)
    workspace.fetch(_over_http(served), None)
    for folder, _, names in os.walk(tmp_path / "data"):
        for name in names:
            assert TOKEN.encode() not in (Path(folder) / name).read_bytes()
    with pytest.raises(AccessDenied) as caught:
        workspace.fetch(_over_http(served, "wrong-" + TOKEN), None)
    assert TOKEN not in f"{caught.value.message}{caught.value.hint}{caught.value.__cause__}"
    assert "token" in caught.value.hint


def test_a_commit_tells_no_secret_that_the_repository_does_not_tell_itself(tmp_path: Path) -> None:
    known(TOKEN)
    repo = make_repository(tmp_path / "web", {"old.txt": f"a: {TOKEN}\n", "new.txt": "b\n"})
    workspace = _workspace(tmp_path)
    head = workspace.fetch(Remote(url=str(repo), history=True), None).commit
    for path in ("new.txt", "another.txt"):
        with pytest.raises(PublishFailed, match=f"{path} would carry a secret"):
            workspace.commit(head, [FileText(path=path, data=f"b: {TOKEN}\n".encode())], "Message", NOW)
    kept = FileText(path="old.txt", data=f"c: {TOKEN}\n".encode())
    made = workspace.commit(head, [kept], f"Because {TOKEN} said so", NOW)
    clone = tmp_path / "data/clones/acme-web"
    assert git(clone, "show", f"{made}:old.txt") == f"c: {TOKEN}"
    assert git(clone, "log", "-1", "--format=%B", made) == "Because *** said so"


def test_git_is_told_no_secret_of_this_process_but_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known("a-secret-of-another-place")
    monkeypatch.setenv("SOME_TOKEN", "x a-secret-of-another-place")
    monkeypatch.setenv("QUARTERDECK_GITHUB_TOKEN", "never-read")
    monkeypatch.setenv("https_proxy", "http://u:a-secret-of-another-place@proxy:1")
    seen = git_surroundings.environment(tmp_path, tmp_path)
    assert (seen["SOME_TOKEN"], seen["QUARTERDECK_GITHUB_TOKEN"]) == ("", "")
    assert seen["https_proxy"] == "http://u:a-secret-of-another-place@proxy:1"


def test_credentials_are_for_their_own_host_alone(tmp_path: Path, served: GitHttpServer) -> None:
    workspace = _workspace(tmp_path)
    with pytest.raises(CloneFailed):
        workspace.tree("HEAD")
    remote = Remote(url="http://127.0.0.1:9/acme/web.git", credential=_over_http(served).credential)
    env = {**os.environ, "QUARTERDECK_ASK_HOST": "http://127.0.0.1:9", "QUARTERDECK_ASK_USER": "x-access-token",
           "QUARTERDECK_ASK_USER_HOST": "http://x-access-token@127.0.0.1:9",
           "QUARTERDECK_ASK_PASSWORD": TOKEN}  # fmt: skip
    askpass = tmp_path / "data/git/askpass"

    def ask(prompt: str) -> str:
        import subprocess  # noqa: PLC0415

        return subprocess.run([askpass, prompt], env=env, capture_output=True, text=True, check=False).stdout

    assert ask("Password for 'http://x-access-token@127.0.0.1:9': ") == TOKEN + "\n"
    assert ask(f"Password for '{served.url}': ") == ""
    assert ask("Username for 'http://127.0.0.1:90': ") == ""
    with pytest.raises(Unavailable):
        workspace.fetch(remote, None)


@pytest.mark.parametrize("make", ["nothing", "folder", "file", "empty"])
def test_what_is_no_repository_says_so(tmp_path: Path, make: str) -> None:
    path = tmp_path / "thing"
    if make == "folder":
        path.mkdir()
    elif make == "file":
        path.write_text("x")
    elif make == "empty":
        path.mkdir()
        git(path, "init", "-q")
    with pytest.raises(CloneFailed) as caught:
        _workspace(tmp_path).fetch(Remote(url=str(path), history=True), None)
    assert caught.value.hint
    assert ("no commit yet" in caught.value.message) is (make == "empty")


def test_a_missing_branch_and_a_missing_repository_over_http_are_told(tmp_path: Path, served: GitHttpServer) -> None:
    with pytest.raises(CloneFailed, match="nope"):
        _workspace(tmp_path).fetch(_over_http(served), "nope")
    gone = Remote(url=f"{served.url}/acme/gone.git", credential=_over_http(served).credential)
    with pytest.raises(CloneFailed):
        _workspace(tmp_path).fetch(gone, None)


def test_a_data_folder_that_cannot_be_made_is_the_operators_business(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where a folder should be")
    with pytest.raises(StoreError, match="data folder"):
        _workspace(tmp_path).tree("HEAD")
    (tmp_path / "data").unlink()


def test_what_a_killed_git_left_is_taken_away_when_nobody_can_be_at_it_any_more(tmp_path: Path) -> None:
    repo = make_repository(tmp_path / "web", FILES)
    remote = Remote(url=str(repo), history=True)
    _workspace(tmp_path).fetch(remote, None)
    (clone,) = (tmp_path / "data" / "clones").iterdir()
    locks = [clone / "config.lock", clone / "shallow.lock", clone / "refs" / "HEAD.lock"]
    for lock in locks:
        lock.touch()
    with pytest.raises(Unavailable, match=r"lock") as raised:
        _workspace(tmp_path).fetch(Remote(url=str(repo) + "/.git", history=True), None)
    assert "in a minute" in raised.value.hint
    for lock in locks:
        os.utime(lock, (1, 1))
    assert _workspace(tmp_path).fetch(remote, None).branch == "main"
    assert not any(lock.exists() for lock in locks)


def test_an_empty_folder_in_the_place_of_a_clone_is_made_one(tmp_path: Path) -> None:
    repo = make_repository(tmp_path / "web", FILES)
    remote = Remote(url=str(repo), history=True)
    _workspace(tmp_path).fetch(remote, None)
    (clone,) = (tmp_path / "data" / "clones").iterdir()
    (clone / "HEAD").unlink()
    assert _workspace(tmp_path).fetch(remote, None).branch == "main"


def test_a_rehearsal_pushes_nothing(tmp_path: Path) -> None:
    repo = make_repository(tmp_path / "web", FILES)
    remote = Remote(url=str(repo), history=True)
    workspace = RecordingWorkspace(tmp_path / "data", "web", author="Q", email="q@localhost", home=tmp_path)
    head = workspace.fetch(remote, None)
    made = workspace.commit(head.commit, (FileText(path="a", data=b"1"),), "m", NOW)
    workspace.push(remote, "quarterdeck/manual", made, expected=None)
    assert workspace.pushed == (("quarterdeck/manual", made),)
    assert git(repo, "branch", "--list", "quarterdeck/*") == ""


@pytest.mark.parametrize(
    ("stderr", "kind"),
    [
        ("fatal: write error: No space left on device", StoreError),
        ("fatal: Authentication failed for 'https://x/'", AccessDenied),
        ("fatal: unable to access 'https://x/': The requested URL returned error: 403", AccessDenied),
        ("fatal: unable to access 'https://x/': The requested URL returned error: 502", Unavailable),
        ("fatal: unable to access 'https://x/': Could not resolve host: x", Unavailable),
        ("remote: error: GH006: Protected branch update failed", PublishFailed),
        ("! [remote rejected] x -> y (pre-receive hook declined)", PublishFailed),
        ("something new", PublishFailed),
        ("", PublishFailed),
    ],
)
def test_gits_complaints_become_the_error_that_says_who_must_act(stderr: str, kind: type) -> None:
    error = git_failures.explain(stderr, "https://x/", PublishFailed)
    assert type(error) is kind
    assert error.hint
    assert error.message.startswith("https://x/: ")
