"""Base images from the command line: what is inside, what a digest fixes, and what is done about it.

Real registry, real git; advisories from a file in OSV's form, so that severities are known.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.rig.cli import Terminal
from tests.rig.layers import Layer, compressed, debian_files, layer, push_layers, system
from tests.rig.registry import DockerRegistry, push_image, push_index
from tests.rig.repositories import commit, git, make_repository

PYTHON = "library/python"
QUARTERLY, SECURITY = "quarterdeck/quarterly-2026q4", "quarterdeck/security"
NOW = ("--now", "2026-11-24T12:00:00Z")
CRITICAL = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
LOW = "CVSS:3.1/AV:L/AC:H/PR:H/UI:R/S:U/C:N/I:N/A:L"
OPENSSL = {"libssl3": "openssl", "openssl": "openssl"}


def at(moment: str) -> tuple[str, str]:
    return ("--now", f"2026-11-{moment}:00Z")


def flaw(name: str, source: str, fixed: str, vector: str, release: str = "12") -> dict[str, Any]:
    ranges = [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": fixed}]}]
    return {
        "id": f"DEBIAN-{name}",
        "modified": "2026-01-01T00:00:00Z",
        "upstream": [name],
        "severity": [{"type": "CVSS_V3", "score": vector}],
        "affected": [{"package": {"ecosystem": f"Debian:{release}", "name": source}, "ranges": ranges}],
    }


@pytest.fixture
def registry(docker_registry: DockerRegistry, terminal: Terminal, tmp_path: Path) -> DockerRegistry:
    """Stand in for Docker Hub as its mirror, with advisories about openssl and zlib at hand."""
    feed = tmp_path / "feed.json"
    feed.write_text(json.dumps([
        flaw("CVE-2026-1001", "openssl", "3.0.15-1", CRITICAL), flaw("CVE-2026-1002", "zlib", "1.2.13-2", LOW),
    ]))  # fmt: skip
    terminal.configure(
        f'[[registry]]\nhost = "docker.io"\nmirror = "{docker_registry.url}"\n'
        f'[[advisories]]\nkind = "osv"\necosystem = "Debian"\nurl = "{feed.as_uri()}"\n'
    )
    return docker_registry


def push(
    registry: DockerRegistry, tag: str | None, openssl: str = "3.0.14-1", *, zlib: str = "1.2.13-1", **more: Any
) -> str:
    """Push a Debian image whose packages have these versions."""
    release, python = more.pop("release", "12"), more.pop("python", "3.12.9")
    packages = {"libssl3": openssl, "openssl": openssl, "zlib1g": zlib, "base-files": f"{release}.4"}
    origins = {**OPENSSL, "zlib1g": "zlib"}
    codename = {"12": "bookworm", "13": "trixie"}[release]
    files = debian_files(packages, release=release, codename=codename, origins=origins)
    layers: list[Layer | bytes] = [compressed(layer(system(files)), "gzip")]
    return push_layers(registry, PYTHON, tag, layers, env={"PYTHON_VERSION": python}, **more)


def repository(tmp_path: Path, files: Mapping[str, str]) -> Path:
    return make_repository(tmp_path / "web", files)


def merged_quarter(terminal: Terminal, path: Path, *now: str) -> None:
    """Let the quarter be over, so that only what is urgent is left."""
    found = terminal("run", str(path), "--json", "--trigger", "quarterly", *(now or NOW)).repository
    if found["outcome"] == "opened":
        git(path, "merge", "-q", QUARTERLY)


def finding(seen: Any, kind: str) -> Any:
    return next(row for row in seen["findings"] if row["kind"] == kind)


def test_inspect_tells_what_is_inside(terminal: Terminal, registry: DockerRegistry) -> None:
    digest = push(registry, "3.12-slim", created="2026-10-01T08:00:00Z")
    said = terminal("image", "inspect", "python:3.12-slim", "--json", *NOW)
    assert said.code == 0, said.err
    seen = said.json
    assert (seen["reference"], seen["digest"], seen["platform"]) == ("python:3.12-slim", digest, "linux/amd64")
    assert seen["os"] == {"id": "debian", "version": "12", "codename": "bookworm"}
    assert (seen["python"], seen["created"]) == ("3.12.9", "2026-10-01T08:00:00Z")
    assert {"name": "libssl3", "version": "3.0.14-1", "source": "openssl", "source_version": "3.0.14-1",
            "architecture": "amd64"} in seen["packages"]  # fmt: skip
    assert [(row["product"], row["release"], row["state"]) for row in seen["end_of_life"]] == [
        ("debian", "12", "supported"), ("python", "3.12", "supported"),
    ]  # fmt: skip
    assert any("apt" in why for why in seen["unreadable"]), "an image without apt sources cannot be asked about"
    people = terminal("image", "inspect", "python:3.12-slim", *NOW).out
    assert "debian 12 (bookworm)" in people
    assert "\x1b[" not in people


def test_diff_groups_by_source_and_names_what_is_fixed(terminal: Terminal, registry: DockerRegistry) -> None:
    old = push(registry, "3.12-slim")
    new = push(registry, "3.12-slim", "3.0.15-1", zlib="1.2.13-3", python="3.12.10")
    said = terminal("image", "diff", f"python:3.12-slim@{old}", ":3.12-slim", "--json", *NOW)
    assert said.code == 0, said.err
    seen = said.json
    assert (seen["old"]["digest"], seen["new"]["digest"]) == (old, new)
    assert seen["env"] == {"PYTHON_VERSION": ["3.12.9", "3.12.10"]}
    assert seen["os_release_changed"] is False
    rows = {row["source"]: row for row in seen["sources"]}
    assert rows["openssl"]["packages"] == ["libssl3", "openssl"]
    assert (rows["openssl"]["kind"], rows["openssl"]["severity"]) == ("security", "critical")
    assert [one["id"] for one in rows["openssl"]["advisories"]] == ["CVE-2026-1001"]
    assert [one["severity"] for one in rows["zlib"]["advisories"]] == ["low"]
    people = terminal("image", "diff", f"python:3.12-slim@{old}", "python:3.12-slim", *NOW).out
    assert "2 source packages changed: 2 are for security, 2 advisories" in people
    assert "CVE-2026-1001 (critical)" in people


def test_another_release_is_said(terminal: Terminal, registry: DockerRegistry) -> None:
    old, new = push(registry, None), push(registry, None, release="13")
    seen = terminal("image", "diff", f"python@{old}", f"python@{new}", "--json", *NOW).json
    assert seen["os_release_changed"] is True
    assert seen["new"]["os"]["codename"] == "trixie"


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("image", "inspect", "Not An Image"), 2, "is not an image reference"),
        (("image", "inspect", "python:3.12-slim", "--platform", "linux/s390x"), 1, "has no image for linux/s390x"),
        (("image", "diff", "python:3.12-slim"), 2, "Missing argument 'NEW'"),
        (("image", "inspect", "nowhere.invalid/a:1"), 1, "does not answer"),
    ],
)
def test_what_cannot_be_looked_at_is_an_error_with_a_way_out(
    terminal: Terminal, registry: DockerRegistry, words: tuple[str, ...], code: int, told: str
) -> None:
    one = push(registry, None)
    push_index(registry, PYTHON, "3.12-slim", {"linux/amd64": one})
    said = terminal(*words)
    assert said.code == code
    assert told in said.err


def test_a_tag_that_does_not_exist_is_said(terminal: Terminal, registry: DockerRegistry) -> None:
    host = registry.host
    terminal.configure(f'[[registry]]\nhost = "{host}"\ninsecure = true\n')
    said = terminal("image", "inspect", f"{host}/acme/web:none", "--json")
    assert said.code == 1
    assert said.json["error"]["message"] == f"the tag {host}/acme/web:none does not exist at {host}"


def test_an_image_without_packages_is_never_clean(terminal: Terminal, registry: DockerRegistry) -> None:
    push_image(registry, "library/scratchy", "1", files={"app": b"x"})
    seen = terminal("image", "inspect", "scratchy:1", "--json").json
    assert seen["os"] is None
    assert seen["packages"] == []
    assert seen["unreadable"] == ["it has no package database (dpkg, apk or rpm)"]


def test_a_private_image_names_the_configuration_to_add(terminal: Terminal, private_registry: DockerRegistry) -> None:
    host = private_registry.host
    terminal.configure(f'[[registry]]\nhost = "{host}"\ninsecure = true\n')
    said = terminal("image", "inspect", f"{host}/acme/web:1")
    assert said.code == 1
    assert "it is private or does not exist" in said.err
    assert f'[[registry]] host = "{host}", username = {{ env = "…" }}, password = {{ env = "…" }}' in said.err


def test_a_digest_that_fixes_something_is_proposed_at_once(
    terminal: Terminal, registry: DockerRegistry, tmp_path: Path
) -> None:
    old = push(registry, "3.12-slim")
    path = repository(tmp_path, {"Dockerfile": f"FROM python:3.12-slim@{old}\n"})
    merged_quarter(terminal, path)
    new = push(registry, "3.12-slim", "3.0.15-1")
    seen = terminal("run", str(path), "--json", *at("24T12:01")).repository
    assert (seen["outcome"], seen["plan"]["trigger"]) == ("opened", "security")
    assert seen["pull_request"]["branch"] == SECURITY
    moved = finding(seen, "moved-digest")
    assert (moved["current"], moved["fixed_in"], moved["severity"]) == (old, new, "critical")
    assert [one["id"] for one in moved["advisories"]] == ["CVE-2026-1001"]
    assert seen["fixed"] == ["CVE-2026-1001"]
    assert [(row["kind"], row["name"], row["old"], row["new"]) for row in seen["changes"]] == [
        ("image", "python:3.12-slim", old, new), ("os-package", "openssl", "3.0.14-1", "3.0.15-1"),
    ]  # fmt: skip
    assert git(path, "show", f"{SECURITY}:Dockerfile") == f"FROM python:3.12-slim@{new}"
    assert seen["images"][0]["os"] == "debian 12"
    again = terminal("run", str(path), "--json", *at("24T12:02")).repository
    assert again["outcome"] == "left-alone"


def test_below_the_severity_that_is_wanted_a_digest_waits_for_the_quarter_with_a_date(
    terminal: Terminal, registry: DockerRegistry, tmp_path: Path
) -> None:
    old = push(registry, "3.12-slim")
    files = {
        "Dockerfile": f"FROM python:3.12-slim@{old}\n",
        ".quarterdeck.toml": '[policy]\nsecurity_severity = "high"\n',
    }
    path = repository(tmp_path, files)
    merged_quarter(terminal, path)
    push(registry, "3.12-slim", zlib="1.2.13-2")
    seen = terminal("run", str(path), "--json", *NOW).repository
    assert (seen["outcome"], seen["plan"]["decision"]) == ("deferred", "deferred")
    assert seen["plan"]["until"] == "2027-01-05T09:00:00Z"
    assert "what it fixes (CVE-2026-1002 in zlib) is below high" in seen["plan"]["why"][0]
    commit(path, {".quarterdeck.toml": '[policy]\nsecurity_severity = "low"\n'}, "Hurry")
    assert terminal("run", str(path), "--json", *NOW).repository["plan"]["trigger"] == "security"


def test_a_digest_that_fixes_nothing_waits(terminal: Terminal, registry: DockerRegistry, tmp_path: Path) -> None:
    old = push(registry, "3.12-slim")
    path = repository(tmp_path, {"Dockerfile": f"FROM python:3.12-slim@{old}\n"})
    merged_quarter(terminal, path)
    push(registry, "3.12-slim", zlib="1.2.13-1.1")
    seen = terminal("check", str(path), "--json", "--trigger", "security", *NOW).repository
    assert seen["plan"]["decision"] == "deferred"
    assert "nothing security-relevant changed in it" in seen["plan"]["why"][0]


def images(seen: Any) -> list[str]:
    return [row["new"] for row in seen["changes"] if row["kind"] == "image"]


def test_a_new_digest_has_to_stand_for_a_while(terminal: Terminal, registry: DockerRegistry, tmp_path: Path) -> None:
    old = push(registry, "3.12-slim")
    path = repository(tmp_path, {"Dockerfile": f"FROM python:3.12-slim@{old}\n"})
    new = push(registry, "3.12-slim", zlib="1.2.13-1.1", created="2026-11-20T01:00:00Z")
    young = terminal("check", str(path), "--json", *at("20T02:00")).repository
    assert (young["plan"]["decision"], young["plan"]["until"]) == ("deferred", "2026-11-20T07:00:00Z")
    assert any("has not stood for 6 hours yet" in why for why in young["plan"]["why"])
    assert terminal("check", str(path), "--json", *at("20T06:59")).repository["outcome"] == "deferred"
    assert images(terminal("check", str(path), "--json", *at("20T07:00")).repository) == [new]


def test_a_tag_that_never_rests_starves_nobody(terminal: Terminal, registry: DockerRegistry, tmp_path: Path) -> None:
    old = push(registry, "3.12-slim")
    path = repository(tmp_path, {"Dockerfile": f"FROM python:3.12-slim@{old}\n"})

    def look(moment: str) -> Any:
        return terminal("check", str(path), "--json", *at(moment)).repository

    stood = push(registry, "3.12-slim", zlib="1.2.13-1.1")
    assert images(look("20T00:00")) == [stood]
    for hour in range(1, 5):
        push(registry, "3.12-slim", zlib=f"1.2.13-1.{hour + 1}")
        seen = look(f"20T0{hour}:00")
        assert images(seen) == [stood]
        assert finding(seen, "moved-digest")["fixed_in"] != stood
        assert any("has not stood for 6 hours yet" in note for note in seen["notes"])
    urgent = push(registry, "3.12-slim", "3.0.15-1")
    assert images(look("20T05:00")) == [urgent]


def test_a_digest_of_another_release_stands_apart(terminal: Terminal, registry: DockerRegistry, tmp_path: Path) -> None:
    old = push(registry, "3.12-slim")
    other = push_layers(registry, "library/redis", "7", [layer(system(debian_files({"zlib1g": "1"})))])
    path = repository(tmp_path, {"Dockerfile": f"FROM python:3.12-slim@{old}\nFROM redis:7@{other}\n"})
    new = push(registry, "3.12-slim", "3.5.0-1", release="13")
    redis = push_layers(registry, "library/redis", "7", [layer(system(debian_files({"zlib1g": "2"})))])
    seen = terminal("run", str(path), "--json", *NOW).repository
    assert seen["outcome"] == "opened"
    assert git(path, "show", f"{QUARTERLY}:Dockerfile") == f"FROM python:3.12-slim@{old}\nFROM redis:7@{redis}"
    (apart,) = seen["further"]
    assert (apart["branch"], apart["outcome"]) == ("quarterdeck/base-debian-13", "opened")
    assert "goes from debian 12 to debian 13" in apart["pull_request"]["title"]
    assert git(path, "show", f"{apart['branch']}:Dockerfile") == f"FROM python:3.12-slim@{new}\nFROM redis:7@{other}"


def test_a_fix_beside_a_quarter_that_is_due_and_then_nothing_new(
    terminal: Terminal, registry: DockerRegistry, tmp_path: Path
) -> None:
    old = push(registry, "3.12-slim")
    cache = push_layers(registry, "library/redis", "7", [layer(system(debian_files({"zlib1g": "1"})))])
    path = repository(tmp_path, {"Dockerfile": f"FROM python:3.12-slim@{old}\nFROM redis:7@{cache}\n"})
    new = push(registry, "3.12-slim", "3.0.15-1")
    redis = push_layers(registry, "library/redis", "7", [layer(system(debian_files({"zlib1g": "2"})))])
    first = terminal("run", str(path), "--json", *NOW).repository
    assert (first["outcome"], first["pull_request"]["branch"]) == ("opened", QUARTERLY)
    assert [(row["branch"], row["trigger"], row["outcome"]) for row in first["further"]] == [
        (SECURITY, "security", "opened"),
    ]  # fmt: skip
    assert git(path, "show", f"{QUARTERLY}:Dockerfile") == f"FROM python:3.12-slim@{new}\nFROM redis:7@{redis}"
    assert git(path, "show", f"{SECURITY}:Dockerfile") == f"FROM python:3.12-slim@{new}\nFROM redis:7@{cache}"
    heads = [git(path, "rev-parse", branch) for branch in (QUARTERLY, SECURITY)]
    for moment in ("24T12:01", "25T12:00"):
        again = terminal("run", str(path), "--json", *at(moment)).repository
        assert [again["outcome"], *(row["outcome"] for row in again["further"])] == ["left-alone", "left-alone"]
    assert [git(path, "rev-parse", branch) for branch in (QUARTERLY, SECURITY)] == heads


def test_a_quarter_of_nothing_but_a_fix_is_one_proposal_and_stays_one(
    terminal: Terminal, registry: DockerRegistry, tmp_path: Path
) -> None:
    old = push(registry, "3.12-slim")
    path = repository(tmp_path, {"Dockerfile": f"FROM python:3.12-slim@{old}\n"})
    push(registry, "3.12-slim", "3.0.15-1")
    for moment, outcome in (("24T12:00", "opened"), ("24T12:01", "left-alone"), ("25T12:00", "left-alone")):
        seen = terminal("run", str(path), "--json", *at(moment)).repository
        assert (seen["outcome"], seen["pull_request"]["branch"], seen["further"]) == (outcome, QUARTERLY, [])
    assert git(path, "branch", "--list", "quarterdeck/*").split() == [QUARTERLY]


def test_an_index_that_lost_a_platform_waits_until_it_is_back(
    terminal: Terminal, registry: DockerRegistry, tmp_path: Path
) -> None:
    both = {platform: push(registry, None, platform=platform) for platform in ("linux/amd64", "linux/arm64")}
    old = push_index(registry, PYTHON, "3.12-slim", both)
    files = {
        "Dockerfile": f"FROM python:3.12-slim@{old}\n",
        ".quarterdeck.toml": '[images]\nplatforms = ["linux/amd64", "linux/arm64"]\n',
    }
    path = repository(tmp_path, files)
    new = {platform: push(registry, None, "3.0.15-1", platform=platform) for platform in both}
    push_index(registry, PYTHON, "3.12-slim", {"linux/amd64": new["linux/amd64"]})
    for trigger in ("auto", "security", "manual"):
        seen = terminal("run", str(path), "--json", "--trigger", trigger, *NOW).repository
        assert seen["outcome"] == "nothing"
        assert "it is not there for linux/arm64" in finding(seen, "moved-digest")["why"]
        assert "not there for linux/arm64" in seen["verdict"]
    push_index(registry, PYTHON, "3.12-slim", new)
    assert terminal("run", str(path), "--json", *NOW).repository["outcome"] == "opened"


def test_a_quarter_moves_tags_to_their_newest_patch_and_offers_the_rest(
    terminal: Terminal, registry: DockerRegistry, tmp_path: Path
) -> None:
    for tag in ("3.12.9-slim-bookworm", "3.12.10-slim-bookworm", "3.13.1-slim-bookworm", "3.12.11-bookworm"):
        push(registry, tag, python=tag.partition("-")[0])
    new = push(registry, "3.12.10-slim-bookworm", python="3.12.10")
    text = "ARG VERSION=3.12.9\nFROM python:${VERSION}-slim-bookworm\nRUN true\n"
    path = repository(tmp_path, {"Dockerfile": text})
    seen = terminal("run", str(path), "--json", *NOW).repository
    assert [step["action"] for step in seen["plan"]["steps"]] == ["retag"]
    moved = "ARG VERSION=3.12.10\nFROM python:${VERSION}-slim-bookworm@" + new + "\nRUN true"
    assert git(path, "show", f"{QUARTERLY}:Dockerfile") == moved
    assert {"tag": "3.13.1-slim-bookworm", "kind": "minor"} in seen["images"][0]["offers"]


def test_a_tag_that_is_given_up_is_told_with_the_way_out(
    terminal: Terminal, registry: DockerRegistry, tmp_path: Path
) -> None:
    old = push(registry, "3.9-slim-bookworm", python="3.9.20", created="2026-01-01T00:00:00Z")
    push(registry, "3.10-slim-bookworm", created="2026-11-20T00:00:00Z")
    path = repository(tmp_path, {"Dockerfile": f"FROM python:3.9-slim-bookworm@{old}\n"})
    seen = terminal("check", str(path), "--json", *NOW).repository
    frozen = finding(seen, "frozen-tag")
    assert frozen["fixed_in"] == "3.10-slim-bookworm"
    assert "was last built on 2026-01-01" in frozen["why"]
    ended = [row for row in seen["findings"] if row["kind"] == "end-of-life"]
    assert [row["subject"] for row in ended] == ["python 3.9"]
    assert "is not supported any more since 2025-10-31" in ended[0]["why"]


def test_images_of_yaml_files_are_pinned_in_place_and_templates_are_told(
    terminal: Terminal, registry: DockerRegistry, tmp_path: Path
) -> None:
    digest = push(registry, "3.12-slim")
    files = {
        "compose.yaml": 'services:\n  db:\n    image: "python:3.12-slim"  # base\n  x:\n    image: python:${TAG:-3}\n',
        ".github/workflows/ci.yml": "jobs:\n  t:\n    container: python:3.12-slim\n    steps:\n"
        "      - uses: docker://python:3.12-slim\n",
        "k8s/web.yaml": "apiVersion: apps/v1\nkind: Deployment\nspec:\n  template:\n    spec:\n      containers:\n"
        "        - image: >-\n            python:3.12-slim\n        - image: python:3.12-slim\n",
        ".gitlab-ci.yml": "image: python:3.12-slim\ntest:\n  services: [python:3.12-slim]\n  script: x\n",
    }
    path = repository(tmp_path, files)
    seen = terminal("run", str(path), "--json", *NOW).repository
    assert seen["outcome"] == "opened"
    pinned = f"python:3.12-slim@{digest}"
    for name, text in files.items():
        wanted = text.replace("python:3.12-slim", pinned)
        wanted = wanted.replace(f">-\n            {pinned}", ">-\n            python:3.12-slim")
        assert git(path, "show", f"{QUARTERLY}:{name}") == wanted.strip()
    told = {(row["path"], row["subject"]) for row in seen["findings"] if row["kind"] == "unreadable"}
    assert ("compose.yaml:5", "python:${TAG:-3}") in told
    folded = next(row for row in seen["images"] if row["path"] == "k8s/web.yaml" and row["obstacle"])
    assert folded["line"] == 7


def test_only_another_architecture_or_an_attestation_is_no_move(
    terminal: Terminal, registry: DockerRegistry, tmp_path: Path
) -> None:
    one = push(registry, None)
    old = push_index(registry, PYTHON, "3.12-slim", {"linux/amd64": one})
    path = repository(tmp_path, {"Dockerfile": f"FROM python:3.12-slim@{old}\n"})
    arm = push(registry, None, platform="linux/arm64")
    push_index(registry, PYTHON, "3.12-slim", {"linux/amd64": one, "linux/arm64": arm}, attestations=1)
    seen = terminal("check", str(path), "--json", *NOW).repository
    assert not [row for row in seen["findings"] if row["kind"] == "moved-digest"]


def test_an_unchanged_repository_costs_one_head_per_image(
    terminal: Terminal, registry: DockerRegistry, tmp_path: Path
) -> None:
    digest = push(registry, "3.12-slim")
    lines = "".join(f"FROM python:3.12-slim@{digest} AS s{number}\n" for number in range(40))
    path = repository(tmp_path, {"Dockerfile": lines, "b/Dockerfile": lines})
    merged_quarter(terminal, path)
    before = registry.requests("HEAD", "/v2/"), registry.requests("GET", "/v2/")
    terminal("check", str(path), "--json", *NOW)
    assert (registry.requests("HEAD", "/v2/"), registry.requests("GET", "/v2/")) == (before[0] + 1, before[1])


def test_a_registry_that_falls_silent_withdraws_nothing(
    terminal: Terminal, registry: DockerRegistry, tmp_path: Path
) -> None:
    old = push(registry, "3.12-slim")
    path = repository(tmp_path, {"Dockerfile": f"FROM python:3.12-slim@{old}\n"})
    push(registry, "3.12-slim", "3.0.15-1")
    assert terminal("run", str(path), "--json", *NOW).repository["outcome"] == "opened"
    registry.stop()
    seen = terminal("run", str(path), "--json", *NOW).repository
    assert seen["outcome"] == "left-alone"
    assert "stands in for it" in finding(seen, "unreadable")["why"]
