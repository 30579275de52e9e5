"""What the life of a proposal asks of the clone: stacked commits, deleted branches, and whether bases conflict."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.adapters.workspaces.git import GitWorkspace
from bot.adapters.workspaces.recording import RecordingWorkspace
from bot.errors import PublishFailed, Unavailable
from bot.model.change import FileText
from bot.model.repository import Remote
from bot.model.secrets import Credential, Secret
from tests.builders import NOW
from tests.rig.git_http import GitHttpServer
from tests.rig.repositories import commit, git, make_repository

TOKEN = "not-a-real-token-5f1c"
MANUAL = "quarterdeck/manual"
LOCK = "".join(f"package-{number}==1.0\n" for number in range(20))
FILES: dict[str, str | bytes] = {"requirements.txt": LOCK, "other.txt": "other\n", "logo.png": b"\x00\x01"}
OURS = LOCK.replace("package-2==1.0", "package-2==2.0").encode()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[GitHttpServer]:
    make_repository(tmp_path / "srv/acme/web.git", FILES, bare=True)
    with GitHttpServer(tmp_path / "srv", TOKEN) as server:
        yield server


def _workspace(tmp_path: Path) -> GitWorkspace:
    return GitWorkspace(tmp_path / "data", "acme/web", author="Quarterdeck", email="q@localhost", home=tmp_path)


def _remote(server: GitHttpServer) -> Remote:
    credential = Credential(username="x-access-token", password=Secret(TOKEN))
    return Remote(url=f"{server.url}/acme/web.git", credential=credential)


def _moves_on(tmp_path: Path, files: dict[str, str | bytes]) -> str:
    """Let a person push to main."""
    work = tmp_path / "srv/acme/web.git.work"
    made = commit(work, files, "Move on")
    git(work, "push", "--quiet", "origin", "main")
    return made


def test_commits_are_stacked_in_a_shallow_clone_without_blobs(tmp_path: Path, served: GitHttpServer) -> None:
    _moves_on(tmp_path, {"other.txt": "more\n"})
    workspace, remote = _workspace(tmp_path), _remote(served)
    head = workspace.fetch(remote, None)
    first = workspace.commit(head.commit, (FileText(path="requirements.txt", data=OURS),), "Pins", NOW)
    second = workspace.commit(first, (FileText(path="Dockerfile", data=b"FROM x\n"),), "Image", NOW)
    workspace.push(remote, MANUAL, second, expected=None)
    bare = tmp_path / "srv/acme/web.git"
    assert git(bare, "rev-list", f"main..{MANUAL}").split() == [second, first]
    assert git(bare, "diff", "--name-only", "main", MANUAL).split() == ["Dockerfile", "requirements.txt"]
    assert git(bare, "fsck", "--strict") == ""
    tip = _workspace(tmp_path).branch(remote, MANUAL)
    assert tip is not None
    assert (tip.commit, tip.parents) == (second, (first,))


def test_a_branch_is_deleted_where_it_stands_as_expected(tmp_path: Path, served: GitHttpServer) -> None:
    workspace, remote = _workspace(tmp_path), _remote(served)
    head = workspace.fetch(remote, None)
    first, second = (workspace.commit(head.commit, (FileText(path="a", data=data),), "m", NOW) for data in (b"1", b"2"))
    workspace.push(remote, MANUAL, first, expected=None)
    workspace.push(remote, f"{MANUAL}-2", first, expected=None)
    with pytest.raises(PublishFailed, match="stale info"):
        workspace.delete(remote, MANUAL, expected=second)
    workspace.delete(remote, MANUAL, expected=first)
    assert workspace.branches(remote, "quarterdeck/") == {f"{MANUAL}-2": first}
    workspace.delete(remote, MANUAL, expected=first)


def test_a_branch_that_the_user_has_checked_out_is_not_deleted(tmp_path: Path) -> None:
    repo = make_repository(tmp_path / "web", FILES)
    git(repo, "checkout", "-q", "-b", MANUAL)
    with pytest.raises(PublishFailed) as caught:
        _workspace(tmp_path).delete(
            Remote(url=str(repo), history=True), MANUAL, expected=git(repo, "rev-parse", MANUAL)
        )
    assert "switch your checkout" in caught.value.hint


def test_a_rehearsal_deletes_nothing(tmp_path: Path) -> None:
    repo = make_repository(tmp_path / "web", FILES)
    git(repo, "branch", MANUAL)
    tip = git(repo, "rev-parse", MANUAL)
    workspace = RecordingWorkspace(tmp_path / "data", "web", author="Q", email="q@localhost", home=tmp_path)
    workspace.delete(Remote(url=str(repo), history=True), MANUAL, expected=tip)
    assert workspace.deleted == ((MANUAL, tip),)
    assert git(repo, "rev-parse", MANUAL) == tip


NEAR = LOCK.replace("package-2==1.0", "package-2==1.5")
FAR = LOCK.replace("package-19==1.0", "package-19==1.5")


@pytest.mark.parametrize(
    ("theirs", "ours", "conflict"),
    [
        ({"unrelated.txt": "new\n"}, {"requirements.txt": OURS}, False),
        ({"requirements.txt": OURS}, {"requirements.txt": OURS}, False),
        ({"requirements.txt": FAR}, {"requirements.txt": OURS}, False),
        ({"requirements.txt": NEAR}, {"requirements.txt": OURS}, True),
        ({"requirements.txt": FAR, "other.txt": "moved\n"}, {"requirements.txt": OURS, "other.txt": b"ours\n"}, True),
        ({"new.txt": "theirs\n"}, {"new.txt": b"ours\n"}, True),
        ({"new.txt": "same\n"}, {"new.txt": b"same\n"}, False),
        ({"unrelated.txt": "x\n"}, {"new.txt": b"ours\n"}, False),
        ({"logo.png": b"\x00\x02"}, {"logo.png": b"\x00\x03"}, True),
    ],
)  # fmt: skip
def test_a_conflict_is_what_git_s_own_merge_of_the_files_calls_one(
    tmp_path: Path, served: GitHttpServer, theirs: dict[str, str | bytes], ours: dict[str, bytes], conflict: bool
) -> None:
    remote = _remote(served)
    base = _workspace(tmp_path).fetch(remote, None).commit
    _moves_on(tmp_path, theirs)
    workspace = _workspace(tmp_path)
    head = workspace.fetch(remote, None).commit
    assert workspace.conflicts(remote, base, head, ours) is conflict
    bare = tmp_path / "srv/acme/web.git"
    made = workspace.commit(base, [FileText(path=path, data=data) for path, data in ours.items()], "m", NOW)
    workspace.push(remote, MANUAL, made, expected=None)
    if conflict:
        with pytest.raises(Exception, match="exit status 1"):
            git(bare, "merge-tree", "--write-tree", "main", MANUAL)
    else:
        git(bare, "merge-tree", "--write-tree", "main", MANUAL)


def test_a_file_that_somebody_removed_conflicts(tmp_path: Path, served: GitHttpServer) -> None:
    workspace, remote = _workspace(tmp_path), _remote(served)
    base = workspace.fetch(remote, None).commit
    work = tmp_path / "srv/acme/web.git.work"
    git(work, "rm", "--quiet", "requirements.txt")
    _moves_on(tmp_path, {})
    head = workspace.fetch(remote, None).commit
    assert workspace.conflicts(remote, base, head, {"requirements.txt": OURS})


def test_a_base_that_a_lost_clone_had_is_fetched_by_its_id(tmp_path: Path, served: GitHttpServer) -> None:
    remote = _remote(served)
    base = git(tmp_path / "srv/acme/web.git", "rev-parse", "main")
    middle = _moves_on(tmp_path, {"requirements.txt": FAR})
    _moves_on(tmp_path, {"other.txt": "more\n"})
    workspace = _workspace(tmp_path)
    head = workspace.fetch(remote, None).commit
    assert not workspace.conflicts(remote, base, head, {"requirements.txt": OURS})
    before = len(served.log)
    assert not workspace.conflicts(remote, base, head, {"requirements.txt": OURS})
    assert len(served.log) == before
    assert git(tmp_path / "data/clones/acme-web", "rev-list", "--topo-order", head).split() == [head, middle, base]


def test_a_base_that_nobody_has_any_more_may_conflict(tmp_path: Path, served: GitHttpServer) -> None:
    workspace, remote = _workspace(tmp_path), _remote(served)
    head = workspace.fetch(remote, None).commit
    assert workspace.conflicts(remote, "1" * 40, head, {"requirements.txt": OURS})


def test_a_base_that_somebody_took_out_of_the_history_conflicts_or_its_merge_brought_it_back(
    tmp_path: Path, served: GitHttpServer
) -> None:
    remote, work = _remote(served), tmp_path / "srv/acme/web.git.work"
    secret = _moves_on(tmp_path, {"secret.txt": "oh no\n"})
    workspace = _workspace(tmp_path)
    assert workspace.fetch(remote, None).commit == secret
    git(work, "reset", "--quiet", "--hard", "HEAD~1")
    after = commit(work, {"fine.txt": "yes\n"}, "Instead")
    git(work, "push", "--quiet", "--force", "origin", "main")
    assert workspace.fetch(remote, None).commit == after
    assert workspace.conflicts(remote, secret, after, {"requirements.txt": OURS})
    git(work, "reset", "--quiet", "--hard", "HEAD~1")
    git(work, "push", "--quiet", "--force", "origin", "main")
    before = workspace.fetch(remote, None).commit
    assert workspace.conflicts(remote, secret, before, {"requirements.txt": OURS})
    assert workspace.conflicts(Remote(url=str(tmp_path / "srv/acme/web.git"), history=True), secret, before, {})


def test_a_branch_is_compared_with_its_base_although_neither_was_fetched(tmp_path: Path, served: GitHttpServer) -> None:
    remote, bare = _remote(served), tmp_path / "srv/acme/web.git"
    base = git(bare, "rev-parse", "main")
    _moves_on(tmp_path, {"requirements.txt": FAR, "new.txt": "more\n"})
    tip = git(bare, "rev-parse", "main")
    _moves_on(tmp_path, {"other.txt": "more\n"})
    workspace = _workspace(tmp_path)
    workspace.fetch(remote, None)
    assert workspace.changed(remote, base, tip) == frozenset({"requirements.txt", "new.txt"})
    assert workspace.changed(remote, base, base) == frozenset()
    assert workspace.changed(remote, base, "1" * 40) is None


def test_a_server_that_is_away_says_nothing_of_conflicts(tmp_path: Path, served: GitHttpServer) -> None:
    workspace = _workspace(tmp_path)
    head = workspace.fetch(_remote(served), None).commit
    with pytest.raises(Unavailable):
        workspace.conflicts(Remote(url="http://127.0.0.1:9/x.git"), "1" * 40, head, {"requirements.txt": OURS})
