"""What waits in an archive: found through the image's own apt sources, brought in by a stamp, told when it cannot be."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.rig.apt_archive import KEYRING, AptArchive, made_signer
from tests.rig.cli import Terminal
from tests.rig.layers import debian_files, layer, push_layers, system
from tests.rig.registry import DockerRegistry
from tests.rig.repositories import git, make_repository

SECURITY = "quarterdeck/security"
NOW = ("--now", "2026-11-24T12:00:00Z")
LAYER = "RUN apt-get update && apt-get -y upgrade\n"
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def archive() -> Iterator[AptArchive]:
    with made_signer() as signer:
        found = AptArchive(signer)
        with found.server:
            yield found


@pytest.fixture
def registry(docker_registry: DockerRegistry, terminal: Terminal, archive: AptArchive) -> DockerRegistry:
    terminal.configure(f'[[registry]]\nhost = "docker.io"\nmirror = "{docker_registry.url}"\n')
    archive.files.clear()
    archive.answers.clear()
    archive.publish({"web": "1"})
    archive.publish({"web": "1.1"}, "stable-security")
    return docker_registry


def push(registry: DockerRegistry, archive: AptArchive, *, options: str = f"signed-by=/{KEYRING}", **more: Any) -> str:
    """Push an image with an old package, whose apt sources lead to the archive."""
    files = debian_files({"web": "1", "base-files": "12.4"})
    lines = "".join(f"deb [{options}] {archive.uri} {suite} main\n" for suite in ("stable", "stable-security"))
    files |= {"etc/apt/sources.list": lines.encode(), KEYRING: archive.signer.public}
    values: dict[str, Any] = {"created": "2026-11-20T00:00:00Z", **more}
    return push_layers(registry, "library/web", "1", [layer(system(files))], **values)


def finding(seen: Any, kind: str) -> Any:
    return next(row for row in seen["findings"] if row["kind"] == kind)


def check(terminal: Terminal, path: Path, *words: str) -> Any:
    return terminal("check", str(path), "--json", "--trigger", "security", *words, *NOW).repository


def test_a_stamp_makes_the_next_build_take_in_what_waits_and_then_rests(
    terminal: Terminal, registry: DockerRegistry, archive: AptArchive, tmp_path: Path
) -> None:
    digest = push(registry, archive)
    text = f"FROM web:1@{digest} AS base\r\n# keep fresh\r\n{LAYER.strip()}\r\nFROM base\r\nRUN true\r\n"
    path = make_repository(tmp_path / "web", {"Dockerfile": text})
    seen = terminal("run", str(path), "--json", "--trigger", "security", *NOW).repository
    assert (seen["outcome"], seen["pull_request"]["branch"]) == ("opened", SECURITY)
    ahead = finding(seen, "archive-ahead")
    assert (ahead["subject"], ahead["path"], ahead["fixed_in"]) == ("web:1", "Dockerfile:1", "web 1.1")
    assert [step["action"] for step in seen["plan"]["steps"]] == ["stamp"]
    new = git(path, "show", f"{SECURITY}:Dockerfile")
    assert new.split("\n")[2].startswith("ARG QUARTERDECK_STAMP=2026-11-24.")
    assert "\n".join(line for line in new.split("\n") if "STAMP" not in line) == text.replace("\r", "").rstrip()
    git(path, "merge", "-q", SECURITY)
    done = check(terminal, path)
    assert done["plan"]["decision"] == "nothing"
    assert not [row for row in done["findings"] if row["kind"] == "archive-ahead"]
    archive.publish({"web": "1.2"}, "stable-security")
    again = terminal("run", str(path), "--json", "--trigger", "security", *NOW).repository
    assert again["outcome"] == "opened"
    assert git(path, "show", f"{SECURITY}:Dockerfile").count("QUARTERDECK_STAMP") == 1


def test_without_a_layer_that_upgrades_people_are_told_what_to_add(
    terminal: Terminal, registry: DockerRegistry, archive: AptArchive, tmp_path: Path
) -> None:
    digest = push(registry, archive)
    path = make_repository(tmp_path / "web", {"Dockerfile": f"FROM web:1@{digest}\nRUN true\n"})
    seen = check(terminal, path)
    assert seen["plan"]["decision"] == "nothing"
    assert "`RUN apt-get update && apt-get -y upgrade" in finding(seen, "archive-ahead")["why"]
    assert "\n" not in finding(seen, "archive-ahead")["why"]


def test_the_layer_is_added_where_the_policy_allows_it_and_not_where_the_user_is_another(
    terminal: Terminal, registry: DockerRegistry, archive: AptArchive, tmp_path: Path
) -> None:
    rules = {".quarterdeck.toml": "[policy]\nadd_upgrade_layer = true\n"}
    digest = push(registry, archive)
    path = make_repository(tmp_path / "web", {"Dockerfile": f"FROM web:1@{digest}\nRUN true\n", **rules})
    assert terminal("run", str(path), "--json", "--trigger", "security", *NOW).repository["outcome"] == "opened"
    lines = git(path, "show", f"{SECURITY}:Dockerfile").split("\n")
    assert lines[1].startswith("ARG QUARTERDECK_STAMP=")
    assert lines[2].startswith("RUN apt-get update && apt-get -y upgrade")
    other = push(registry, archive, user="app")
    nobody = make_repository(tmp_path / "nobody", {"Dockerfile": f"FROM web:1@{other}\nRUN true\n", **rules})
    assert check(terminal, nobody)["plan"]["decision"] == "nothing"


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda a: a.publish({"web": "1.1"}, "stable-security", signed=False), "not signed"),
        (lambda a: a.publish({}, "stable-security", fields={"Valid-Until": "Mon, 01 Jun 2026 00:00:00 UTC"}), "stale"),
        (lambda a: a.files.pop("/debian/dists/stable-security/InRelease"), "archive of old releases"),
    ],
    ids=["unsigned", "expired", "gone"],
)
def test_an_archive_that_cannot_be_believed_is_unreadable_and_never_clean(
    terminal: Terminal, registry: DockerRegistry, archive: AptArchive, tmp_path: Path, spoil: Any, told: str
) -> None:
    digest = push(registry, archive)
    spoil(archive)
    path = make_repository(tmp_path / "web", {"Dockerfile": f"FROM web:1@{digest}\n{LAYER}"})
    seen = check(terminal, path)
    assert told in finding(seen, "unreadable")["why"]
    assert finding(seen, "unreadable")["path"] == "Dockerfile:1"
    assert told in "".join(terminal("image", "inspect", "web:1", "--json", *NOW).json["unreadable"])


def test_inspect_and_diff_know_a_security_suite(
    terminal: Terminal, registry: DockerRegistry, archive: AptArchive
) -> None:
    push(registry, archive)
    (row,) = terminal("image", "inspect", "web:1", "--json", *NOW).json["updates"]
    assert (row["source"], row["current"], row["available"], row["kind"]) == ("web", "1", "1.1", "security-unnamed")
    assert row["packages"] == ["web"]
    people = terminal("image", "inspect", "web:1", *NOW).out
    assert "Waiting in the archive: 1 update, 1 of them for security" in people
    assert "security, no id" in people
