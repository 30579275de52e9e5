"""Everything that can be wrong with locks, sources and indexes: a clear verdict, no proposal, nothing half-written."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.adapters.lockers.interpreters import OURS
from tests.rig import shapes
from tests.rig.cli import Terminal
from tests.rig.index import LocalIndex
from tests.rig.repositories import git, make_repository

NOW = ("--now", "2026-11-24T12:00:00Z")
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
HEAD = shapes.head(OURS, "pip-compile a.in")
BODY = "idna==1.0\n    # via -r a.in\n"


@pytest.fixture
def index(shaped_index: LocalIndex) -> LocalIndex:
    return shaped_index


def ran(terminal: Terminal, tmp_path: Path, files: dict[str, str | bytes]) -> Any:
    """Run a repository for real, and make sure that nothing was proposed and nothing left behind."""
    repository = make_repository(tmp_path / "web", files)
    before = git(repository, "rev-parse", "HEAD")
    seen = terminal("run", str(repository), "--only", "locks", "--json", *NOW).repository
    assert git(repository, "for-each-ref", "--format=%(refname)", "refs/heads/quarterdeck") == ""
    assert (git(repository, "rev-parse", "HEAD"), git(repository, "status", "--porcelain")) == (before, "")
    rooms = terminal.folder / "data" / "rooms"
    assert not rooms.exists() or list(rooms.iterdir()) == []
    assert str(tmp_path / "data") not in str(seen)
    assert "127.0.0.1" not in str(seen["findings"])
    return seen


@pytest.mark.parametrize(
    ("files", "path", "why"),
    [
        ({"a.in": "-r b.in\n", "b.in": "idna\n-r a.in\n", "a.txt": HEAD + BODY}, "a.in:1", "a.in -> b.in -> a.in include each other"),
        ({"a.in": "-c limits.txt\nidna\n", "a.txt": HEAD + BODY}, "a.in:1", "limits.txt, which the lock is compiled from, is not in the repository"),
        ({"a.txt": HEAD + BODY}, "a.txt:5", "names a.in, which is not in the repository"),
        ({"a.in": b"idn\xe4\n", "a.txt": HEAD + BODY}, "a.in:1", "not UTF-8: byte 3 is 0xe4; save it as UTF-8"),
        ({"a.in": "idna\nnot a name!\n", "a.txt": HEAD + BODY}, "a.in:2", "not a name!"),
        ({"a.in": "idna==one\n", "a.txt": HEAD + BODY}, "a.in:1", "idna==one"),
        ({"a.in": "git+ssh://git@example.com/acme/lib.git#egg=lib\n", "a.txt": HEAD + BODY}, "a.in:1", "lib"),
        ({"a.in": "lib @ git+https://example.com/acme/lib.git\n", "a.txt": HEAD + BODY}, "a.in:1", "lib"),
        ({"a.in": "git+https://me:secret@example.com/acme/lib.git#egg=lib\n", "a.txt": HEAD + BODY}, "a.in:1", "//example.com/acme/lib"),
        ({"a.in": "lib @ https://me:secret@example.com/lib-1.0-py3-none-any.whl\n", "a.txt": HEAD + BODY}, "a.in:1", "example.com"),
        ({"a.in": "-e .\n", "a.txt": HEAD + BODY}, "a.in", "would execute code of the repository"),
        ({"a.in": "-e ../elsewhere\n", "a.txt": HEAD + BODY}, "a.in:1", "outside the repository"),
        ({"a.in": "-r ../elsewhere.in\n", "a.txt": HEAD + BODY}, "a.in:1", "outside the repository"),
        ({"a.in": "-r /etc/passwd\n", "a.txt": HEAD + BODY}, "a.in:1", "outside the repository"),
        ({"a.in": "idna\n", "a.txt": HEAD.replace("a.in", "--pip-args='--no-deps' a.in") + BODY}, "a.txt:5", "--no-deps"),
        ({"a.in": "idna\n", "a.txt": HEAD.replace("a.in", "--trusted-host=evil.example a.in") + BODY}, "a.txt:5", "--trusted-host"),
        ({"a.in": "idna\n", "a.txt": HEAD.replace("a.in", "--output-file=../../etc/x.txt a.in") + BODY}, "a.txt:5", "../../etc/x.txt"),
        ({"a.in": "idna\n", "a.txt": HEAD.replace("a.in", "-i https://u:secret@evil.example/simple a.in") + BODY}, "a.txt:5", "evil.example"),
        ({"a.in": "--index-url https://u:secret@evil.example/simple\nidna\n", "a.txt": HEAD + BODY}, "a.in:1", "evil.example"),
    ],
)  # fmt: skip
def test_what_cannot_be_compiled_is_a_finding_with_its_place(
    terminal: Terminal, tmp_path: Path, index: LocalIndex, files: dict[str, str | bytes], path: str, why: str
) -> None:
    seen = ran(terminal, tmp_path, files)
    rows = [(row["path"], row["why"]) for row in seen["findings"] if row["kind"] == "unreadable"]
    assert any(place == path and why in told for place, told in rows), rows
    assert seen["outcome"] == "nothing"
    assert "secret" not in str(seen)
    assert terminal.compiles == []


def test_a_source_through_a_symbolic_link_is_refused(terminal: Terminal, tmp_path: Path, index: LocalIndex) -> None:
    outside = tmp_path / "outside.in"
    outside.write_text("idna\n")
    repository = make_repository(tmp_path / "web", {"a.txt": HEAD + BODY, "x": ""})
    (repository / "a.in").symlink_to(outside)
    git(repository, "add", "a.in")
    git(repository, "commit", "-qm", "Link")
    seen = terminal("run", str(repository), "--only", "locks", "--json", *NOW).repository
    (row,) = [row for row in seen["findings"] if row["kind"] == "unreadable"]
    assert "a.in, which is not in the repository" in row["why"]


def test_two_versions_of_one_package_in_a_lock_are_a_finding_and_the_lock_is_left_alone(
    terminal: Terminal, tmp_path: Path, index: LocalIndex
) -> None:
    seen = ran(terminal, tmp_path, {"a.in": "idna\n", "a.txt": HEAD + BODY + "idna==1.1\n    # via -r a.in\n"})
    rows = [(row["path"], row["why"]) for row in seen["findings"] if row["kind"] == "unreadable"]
    assert rows
    assert all(path.startswith("a.txt:") for path, _ in rows)
    assert seen["outcome"] == "nothing"


@pytest.mark.parametrize("mark", ["bom", "crlf", "latin-1"])
def test_odd_encodings_and_line_ends_stay_as_they_are(
    terminal: Terminal, tmp_path: Path, index: LocalIndex, mark: str
) -> None:
    text, encoding = HEAD + BODY, "utf-8"
    if mark == "bom":
        text = "\ufeff" + text
    elif mark == "crlf":
        text = text.replace("\n", "\r\n")
    else:
        text, encoding = "# -*- coding: latin-1 -*-\n# für später\n" + text, "latin-1"
    repository = make_repository(tmp_path / "web", {"a.in": "idna\n", "a.txt": text.encode(encoding)})
    seen = terminal("run", str(repository), "--only", "locks", "--json", *NOW).repository
    assert (seen["outcome"], seen["error"]) == ("opened", None)
    git(repository, "config", "core.autocrlf", "false")
    git(repository, "checkout", "-q", "quarterdeck/quarterly-2026q4")
    assert (repository / "a.txt").read_bytes() == text.replace("idna==1.0", "idna==1.1").encode(encoding)


@pytest.mark.parametrize(
    ("harm", "kind", "says"),
    [
        (lambda index: index.fail("/simple/.*", 401), "AccessDenied", "refuses access (401)"),
        (lambda index: index.remove("idna"), "LockFailed", "no package index knows idna (a.txt:7)"),
        (lambda index: index.fail("/simple/.*", 500), "Unavailable", "answers 500"),
        (lambda index: index.fail(r"/files/.*\.metadata", 500), "Unavailable", "answers 500"),
        (
            lambda index: index.lie(r"idna-1\.1.*\.metadata"),
            "Unavailable",
            "is not what the index's page says: its sha256 differs",
        ),
    ],
)
def test_an_index_that_misbehaves_is_told_by_name(
    terminal: Terminal, tmp_path: Path, index: LocalIndex, harm: Any, kind: str, says: str
) -> None:
    harm(index)
    seen = ran(terminal, tmp_path, {"a.in": "idna\n", "a.txt": HEAD + BODY})
    assert seen["outcome"] == "failed"
    assert seen["error"]["kind"] == kind
    assert says in seen["error"]["message"]
    assert seen["error"]["message"].startswith("a.txt: ")
    assert seen["error"]["hint"]


def test_where_every_release_was_yanked_nothing_moves_and_nothing_breaks(
    terminal: Terminal, tmp_path: Path, index: LocalIndex
) -> None:
    for version in ("1.0", "1.1"):
        index.add("gone", version, uploaded_at=LONG_AGO, yanked="broken")
    seen = ran(terminal, tmp_path, {"a.in": "gone\n", "a.txt": HEAD + "gone==1.0\n    # via -r a.in\n"})
    assert seen["outcome"] == "failed"
    assert seen["error"]["kind"] == "LockFailed"
    assert "gone" in seen["error"]["message"]


def test_layers_that_contradict_each_other_name_both_sides(
    terminal: Terminal, tmp_path: Path, index: LocalIndex
) -> None:
    seen = ran(terminal, tmp_path, {"a.in": "-r b.in\nidna<1.1\n", "b.in": "idna>=1.1\n", "a.txt": HEAD + BODY})
    assert seen["error"]["kind"] == "LockFailed"
    assert "idna<1.1" in seen["error"]["message"]
    assert "idna>=1.1" in seen["error"]["message"]


def test_a_resolver_that_runs_for_ever_and_a_slow_index_end_in_a_verdict(
    terminal: Terminal, tmp_path: Path, index: LocalIndex
) -> None:
    terminal.configure('[isolation]\ntimeout = "2 seconds"\n')
    index.slow("/simple/idna/", 30)
    seen = ran(terminal, tmp_path, {"a.in": "idna\n", "a.txt": HEAD + BODY})
    assert seen["outcome"] == "failed"
    assert "ran longer than 2 seconds" in seen["error"]["message"]


def test_one_lock_that_fails_keeps_the_others_from_being_proposed_and_both_failures_are_told(
    terminal: Terminal, tmp_path: Path, index: LocalIndex
) -> None:
    files: dict[str, str | bytes] = {"a.in": "idna\n", "a.txt": HEAD + BODY}
    for name in ("b", "c"):
        files |= {f"{name}.in": f"nowhere-{name}\n", f"{name}.txt": shapes.head(OURS, f"pip-compile {name}.in") + BODY}
    seen = ran(terminal, tmp_path, files)
    assert seen["error"]["kind"] == "LockFailed"
    assert "nowhere-b" in seen["error"]["message"]
    assert "nowhere-c" in seen["error"]["message"]


def test_the_other_repositories_go_on(terminal: Terminal, tmp_path: Path, index: LocalIndex) -> None:
    good = make_repository(tmp_path / "good", {"a.in": "idna\n", "a.txt": HEAD + BODY})
    bad = make_repository(tmp_path / "bad", {"a.in": "nowhere\n", "a.txt": HEAD + BODY})
    said = terminal("run", str(bad), str(good), "--json", *NOW)
    assert said.code == 1
    assert [row["outcome"] for row in said.json["repositories"]] == ["failed", "opened"]


def test_a_lock_of_five_megabytes_is_read(terminal: Terminal, tmp_path: Path, index: LocalIndex) -> None:
    hashes = " \\\n".join(f"    --hash=sha256:{number:064x}" for number in range(30))
    body = "".join(f"package-{number}==1.0 \\\n{hashes}\n    # via -r a.in\n" for number in range(2000))
    assert len(body) > 5_000_000
    source = "".join(f"package-{number}\n" for number in range(2000))
    repository = make_repository(tmp_path / "web", {"a.in": source, "a.txt": HEAD + body})
    seen = terminal("check", str(repository), "--only", "images", "--json", *NOW).repository
    assert [(row["path"], row["pins"]) for row in seen["locks"]] == [("a.txt", 2000)]
    assert [row for row in seen["findings"] if row["kind"] != "quarter-due"] == []
