"""What a look inside images must not be led astray by; each was found by trying to break it."""

from pathlib import Path

import pytest

from tests.rig.cli import Terminal
from tests.rig.inside import spdx
from tests.rig.layers import debian_files, layer, push_attestation, push_layers, system
from tests.rig.registry import INDEX, Blob, DockerRegistry, _json, _put_manifest

NOW = ("--now", "2026-11-24T12:00:00Z")


@pytest.fixture
def registry(docker_registry: DockerRegistry, terminal: Terminal) -> DockerRegistry:
    terminal.configure(f'[[registry]]\nhost = "docker.io"\nmirror = "{docker_registry.url}"\n')
    return docker_registry


def push(registry: DockerRegistry, tag: str | None, openssl: str = "1", **env: str) -> str:
    files = debian_files({"openssl": openssl, "bash": "1", "base-files": "12.4"})
    return push_layers(registry, "library/web", tag, [layer(system(files))], env=env)


def test_an_attestation_is_never_set_beside_layers(terminal: Terminal, registry: DockerRegistry) -> None:
    one, two = push(registry, None), push(registry, "plain", "2")
    lie = spdx({"openssl": "9", "bash": "1", "libc6": "1"})
    index = push_attestation(registry, "library/web", "lie", {"linux/amd64": one}, {"linux/amd64": lie})
    same = terminal("image", "diff", "web:lie", ":lie", "--json", *NOW).json
    assert (same["sources"], same["removed"], same["old"]["digest"]) == ([], [], index)
    seen = terminal("image", "diff", "web:lie", ":plain", "--json", *NOW).json
    assert [(row["source"], row["old"], row["new"]) for row in seen["sources"]] == [("openssl", "1", "2")]
    assert (seen["removed"], seen["new"]["digest"]) == ([], two)
    assert {seen[side]["read_from"] for side in ("old", "new")} == {"layers"}
    assert seen["new"]["reference"] == "web:plain"


def test_an_environment_is_not_told_but_for_versions(terminal: Terminal, registry: DockerRegistry) -> None:
    push(registry, "a", A_TOKEN="secret", NODE_VERSION="20")
    push(registry, "b", A_TOKEN="other", NODE_VERSION="22")
    said = terminal("image", "diff", "web:a", ":b", "--json", *NOW)
    assert said.json["env"] == {"NODE_VERSION": ["20", "22"]}
    assert "secret" not in said.out + said.err


@pytest.mark.parametrize("variable", ["FORCE_COLOR", "TTY_COMPATIBLE"])
def test_a_pipe_gets_no_colours_whatever_is_forced(
    terminal: Terminal, registry: DockerRegistry, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    push(registry, "a")
    monkeypatch.setenv(variable, "1")
    assert "\x1b" not in terminal("image", "inspect", "web:a", *NOW).out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("image", "inspect", "web:a", "--platform", "amd64"), "is no platform"),
        (("image", "inspect", "web:a", "--platform", ""), "is no platform"),
        (("image", "inspect"), "Missing argument"),
        (("image", "inspect", "scratch"), "scratch is no image"),
        (("image", "diff", "web:a", "web:b", "--nonsense"), "No such option"),
    ],
)
def test_usage_errors_are_a_document_too(terminal: Terminal, words: tuple[str, ...], told: str) -> None:
    said = terminal(*words, "--json")
    assert said.code == 2
    assert told in said.json["error"]["message"]
    assert told in said.err


def test_a_platform_may_be_shouted(terminal: Terminal, registry: DockerRegistry) -> None:
    push(registry, "a")
    assert (
        terminal("image", "inspect", "web:a", "--json", "--platform", "LINUX/AMD64").json["platform"] == "linux/amd64"
    )


def test_an_index_without_platforms_leads_to_its_only_image(terminal: Terminal, registry: DockerRegistry) -> None:
    digest = push(registry, None)
    with registry.client() as client:
        head = client.head(f"/v2/library/web/manifests/{digest}", headers={"accept": "*/*"})
        entry = {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": digest,
                 "size": int(head.headers.get("content-length", "1"))}  # fmt: skip
        index = Blob(INDEX, _json({"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry]}))
        _put_manifest(client, "library/web", "bare", index)
        none = Blob(INDEX, _json({"schemaVersion": 2, "mediaType": INDEX, "manifests": []}))
        _put_manifest(client, "library/web", "empty", none)
    assert terminal("image", "inspect", "web:bare", "--json", *NOW).json["manifest"] == digest
    said = terminal("image", "inspect", "web:empty", *NOW)
    assert said.code == 1
    assert "this image index holds no image" in said.err


def test_a_system_without_a_name_is_said(terminal: Terminal, registry: DockerRegistry) -> None:
    files = debian_files({"openssl": "1"})
    del files["usr/lib/os-release"]
    push_layers(registry, "library/web", "nameless", [layer(system(files))])
    seen = terminal("image", "inspect", "web:nameless", "--json", *NOW).json
    assert seen["os"] is None
    assert any("which operating system it is" in why for why in seen["unreadable"])


def test_a_data_folder_that_cannot_be_one_says_what_to_do(
    terminal: Terminal, registry: DockerRegistry, tmp_path: Path
) -> None:
    push(registry, "a")
    (tmp_path / "data/cache").mkdir(parents=True)
    (tmp_path / "data/cache/images").write_text("a file")
    said = terminal("image", "inspect", "web:a", *NOW)
    assert said.code == 1
    assert "--data-dir" in said.err


def test_a_tag_between_colons_is_no_picture(terminal: Terminal, registry: DockerRegistry) -> None:
    push(registry, "new")
    assert "web:new" in terminal("image", "inspect", "web:new", *NOW).out
    push(registry, "old")
    assert "→ :new " in terminal("image", "diff", "web:old", ":new", *NOW).out.replace("web:new", ":new")
