"""Secrets from variables, files, Docker's config.json and real credential helpers (small scripts on PATH)."""

import base64
import json
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from bot.errors import ConfigError
from bot.model.secrets import Credential, Secret, SecretRef
from bot.system.secrets import docker_credentials, reveal


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of Docker's that DOCKER_CONFIG names."""
    folder = tmp_path / "docker"
    folder.mkdir()
    monkeypatch.setenv("DOCKER_CONFIG", str(folder))
    return folder


def write(docker: Path, config: Mapping[str, object]) -> None:
    (docker / "config.json").write_text(json.dumps(config))


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def install_helper(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Put `docker-credential-vault` on PATH; what it reads from stdin goes to `asked` beside it."""
    program = folder / "docker-credential-vault"
    program.write_text(f'#!/bin/sh\nprintf "%s " "$1" > {folder}/asked\ncat >> {folder}/asked\n{script}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


def pair(credential: Credential | None) -> tuple[str, str] | None:
    return (credential.username, credential.password.reveal()) if credential else None


def test_a_secret_stands_in_one_place_exactly() -> None:
    with pytest.raises(ValueError, match="exactly one"):
        SecretRef()
    with pytest.raises(ValueError, match="exactly one"):
        SecretRef(env="A", file="b")


def test_a_secret_comes_from_a_variable_without_its_newline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DECK_TOKEN", "s3cret \r\n")
    assert reveal(SecretRef(env="DECK_TOKEN")) == Secret("s3cret ")


def test_a_secret_comes_from_a_file_without_its_newline(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("s3cret\n")
    assert reveal(SecretRef(file=str(path))).reveal() == "s3cret"


@pytest.mark.parametrize("value", [None, "", "\n"])
def test_a_variable_without_a_secret_is_named(monkeypatch: pytest.MonkeyPatch, value: str | None) -> None:
    monkeypatch.delenv("DECK_TOKEN", raising=False)
    if value is not None:
        monkeypatch.setenv("DECK_TOKEN", value)
    with pytest.raises(ConfigError, match="DECK_TOKEN"):
        reveal(SecretRef(env="DECK_TOKEN"))


@pytest.mark.parametrize("data", [None, b"", b"\xff\xfe"])
def test_a_file_without_a_secret_is_named(tmp_path: Path, data: bytes | None) -> None:
    path = tmp_path / "token"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(ConfigError, match=str(path)):
        reveal(SecretRef(file=str(path)))


def test_no_docker_login_is_no_credential(docker: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert docker_credentials("ghcr.io") is None
    write(docker, {})
    assert docker_credentials("ghcr.io") is None
    monkeypatch.delenv("DOCKER_CONFIG")
    monkeypatch.delenv("HOME")
    assert docker_credentials("ghcr.io") is None


def test_the_file_stands_in_the_home_folder_by_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".docker").mkdir()
    write(tmp_path / ".docker", {"auths": {"ghcr.io": {"auth": encoded("ann:pw")}}})
    monkeypatch.delenv("DOCKER_CONFIG", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert pair(docker_credentials("ghcr.io")) == ("ann", "pw")


@pytest.mark.parametrize("key", ["ghcr.io", "https://ghcr.io", "https://ghcr.io/v1/", "GHCR.io"])
def test_a_registry_is_found_under_every_form_of_its_key(docker: Path, key: str) -> None:
    write(docker, {"auths": {"quay.io": {"auth": encoded("bob:x")}, key: {"auth": encoded("ann:p:w")}}})
    assert pair(docker_credentials("ghcr.io")) == ("ann", "p:w")


def test_docker_hub_is_found_under_its_old_key(docker: Path) -> None:
    write(docker, {"auths": {"https://index.docker.io/v1/": {"auth": encoded("ann:pw")}}})
    assert pair(docker_credentials("docker.io")) == ("ann", "pw")


def test_user_name_and_password_may_stand_in_clear(docker: Path) -> None:
    write(docker, {"auths": {"ghcr.io": {"username": "ann", "password": "pw"}}})
    assert pair(docker_credentials("ghcr.io")) == ("ann", "pw")


@pytest.mark.parametrize(
    "entry", [{}, {"auth": encoded("ann:")}, {"auth": encoded("<token>:x")}, {"username": 5, "password": "x"}, "text"]
)
def test_an_entry_without_a_password_is_no_credential(docker: Path, entry: object) -> None:
    write(docker, {"auths": {"ghcr.io": entry}})
    assert docker_credentials("ghcr.io") is None


@pytest.mark.parametrize("text", ["{", "[]", '{"auths": {"ghcr.io": {"auth": "%%%"}}}'])
def test_a_broken_file_is_named_with_what_to_do(docker: Path, text: str) -> None:
    path = docker / "config.json"
    path.write_text(text)
    with pytest.raises(ConfigError, match=str(path)) as caught:
        docker_credentials("ghcr.io")
    assert "docker login" in caught.value.hint


def test_an_auth_without_a_colon_is_broken_but_only_for_its_host(docker: Path) -> None:
    write(docker, {"auths": {"ghcr.io": {"auth": encoded("ann")}, "quay.io": {"auth": encoded("ann:pw")}}})
    with pytest.raises(ConfigError, match=r"ghcr\.io is not username:password"):
        docker_credentials("ghcr.io")
    assert pair(docker_credentials("quay.io")) == ("ann", "pw")


@pytest.mark.parametrize("config", [{"credsStore": "vault"}, {"credHelpers": {"ghcr.io": "vault"}}])
def test_a_helper_is_asked_for_the_host(
    docker: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, config: Mapping[str, object]
) -> None:
    monkeypatch.setenv("QUARTERDECK_GITHUB_TOKEN", "ours")
    install_helper(
        tmp_path, monkeypatch, """printf '{"Username":"ann","Secret":"pw%s"}' "$QUARTERDECK_GITHUB_TOKEN" """
    )
    write(docker, config)
    assert pair(docker_credentials("ghcr.io")) == ("ann", "pw")
    assert (tmp_path / "asked").read_text() == "get ghcr.io"


def test_a_helper_knows_docker_hub_by_its_old_key(
    docker: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_helper(tmp_path, monkeypatch, """echo '{"Username":"ann","Secret":"pw"}'""")
    write(docker, {"credHelpers": {"https://index.docker.io/v1/": "vault"}})
    assert pair(docker_credentials("docker.io")) == ("ann", "pw")
    assert (tmp_path / "asked").read_text() == "get https://index.docker.io/v1/"


@pytest.mark.parametrize("script", ["exit 1", "echo no json", "echo '[]'", """echo '{"Username":"ann"}'"""])
def test_a_failing_helper_is_not_the_end(
    docker: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    install_helper(tmp_path, monkeypatch, script)
    write(docker, {"credsStore": "vault"})
    assert docker_credentials("ghcr.io") is None
    write(docker, {"credsStore": "vault", "auths": {"ghcr.io": {"auth": encoded("bob:kept")}}})
    assert pair(docker_credentials("ghcr.io")) == ("bob", "kept")


@pytest.mark.parametrize("name", ["not-installed-anywhere", "../../bin/sh", "a b", "", 7])
def test_a_helper_that_is_missing_or_no_name_is_no_credential(docker: Path, name: object) -> None:
    write(docker, {"credsStore": name})
    assert docker_credentials("ghcr.io") is None


def test_a_helper_that_hangs_is_stopped(docker: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.system.secrets.HELPER_SECONDS", 0.2)
    install_helper(tmp_path, monkeypatch, "sleep 60")
    write(docker, {"credsStore": "vault"})
    assert docker_credentials("ghcr.io") is None
