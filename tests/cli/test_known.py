"""Every place of a secret that the configuration has is known from the start, whatever a command needs of it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.settings import read, schema
from bot.system.redaction import carries
from bot.wiring.known import make_known

FORMS = (
    """
[forge]
kind = "github"
token = { env = "SECRET_TOKEN" }
""",
    """
[forge]
kind = "github"
app = { id = 1, private_key = { file = "FOLDER/key" } }

[service]
webhook_secret = { env = "SECRET_WEBHOOK" }

[[index]]
url = "https://index.example/simple"
username = { env = "SECRET_INDEX_USER" }
password = { env = "SECRET_INDEX" }

[[registry]]
host = "registry.example"
username = { env = "SECRET_REGISTRY_USER" }
password = { file = "FOLDER/registry" }

[[notify]]
url = { env = "SECRET_NOTIFY" }

[[index]]
url = "https://other.example/simple"
username = { env = "NOT_SET" }
password = { file = "FOLDER/gone" }
""",
)


def places(node: Any) -> Iterator[Any]:
    """Give the places of secrets that a JSON Schema knows."""
    if isinstance(node, dict):
        if {"env", "file"} == set(node.get("properties", ())):
            yield node
        for inner in node.values():
            yield from places(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from places(inner)


@pytest.fixture
def values(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    (tmp_path / "key").write_text("-----BEGIN KEY-----\nMIIBOgIBAAJBAKj34GkxFhD90v\n-----END KEY-----\n")
    (tmp_path / "registry").write_text("secret-registry-value\n")
    for name in ("TOKEN", "WEBHOOK", "INDEX_USER", "INDEX", "REGISTRY_USER", "NOTIFY"):
        monkeypatch.setenv(f"SECRET_{name}", f"value-made-up-{name.lower()}-1")
    monkeypatch.setenv("https_proxy", "user:secret-proxy-value@127.0.0.1:3128")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("DOCKER_CONFIG", raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    (tmp_path / "pip.conf").write_text("[global]\nproxy = user:secret-pip-proxy@host:1\n")
    (tmp_path / ".docker").mkdir()
    auths = '{"auths": {"a.example": {"auth": "!"}, "b.example": {"username": "u", "password": "secret-docker"}}}'
    (tmp_path / ".docker" / "config.json").write_text(auths)
    return {"FOLDER": str(tmp_path)}


@pytest.mark.parametrize("form", FORMS)
def test_all_of_them_are_known_and_what_is_missing_stops_nothing(values: dict[str, str], form: str) -> None:
    make_known(read(form.replace("FOLDER", values["FOLDER"]), "quarterdeck.toml"))
    named = [word for word in form.replace('"', " ").split() if word.startswith("SECRET_")]
    for name in named:
        assert carries(f"value-made-up-{name.removeprefix('SECRET_').lower()}-1"), name
    files = {"FOLDER/key": "MIIBOgIBAAJBAKj34GkxFhD90v", "FOLDER/registry": "secret-registry-value"}
    for place, value in files.items():
        assert carries(value) == (place in form)
    for value in ("secret-proxy-value", "secret-pip-proxy", "secret-docker"):
        assert carries(value)


def test_the_forms_here_have_every_place_that_the_schema_has() -> None:
    """A new place of a secret goes into FORMS, too."""
    used = sum(form.count("{ env =") + form.count("{ file =") for form in FORMS) - 2  # two are not there
    assert len(list(places(schema()))) == used


def test_a_broken_file_of_docker_or_pip_stops_nothing_here(values: dict[str, str]) -> None:
    (Path(values["FOLDER"]) / ".docker" / "config.json").write_text("[]")
    (Path(values["FOLDER"]) / "pip.conf").write_text("[global\n")
    make_known(read(FORMS[0], "quarterdeck.toml"))
    assert carries("value-made-up-token-1")
