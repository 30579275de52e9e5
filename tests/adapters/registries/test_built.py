"""Configured lists of tags that are still built."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bot.adapters.registries.built import BuiltTags
from bot.errors import ConfigError, Unavailable
from bot.model.images import ImageName
from bot.system.http import Http
from tests.rig.web import Said, WebServer

Serve = Callable[..., WebServer]
PYTHON = ImageName(registry="docker.io", repository="library/python", tag="3.12")
KEY = "docker.io/library/python"


def test_a_list_is_read_once_from_a_server(http: Http, serve: Serve) -> None:
    server = serve(lambda _seen: Said(200, b"Tags: 3.13-slim, 3.13\n"))
    built = BuiltTags(http, {KEY: f"{server.url}/python"})
    assert built.of(PYTHON) == built.of(PYTHON) == frozenset({"3.13-slim", "3.13"})
    assert built.of(ImageName(registry="docker.io", repository="library/redis", tag="7")) is None
    assert server.asked() == ["GET /python"]


def test_a_list_is_read_from_a_file(http: Http, tmp_path: Path) -> None:
    path = tmp_path / "a list.txt"
    path.write_text("3.13\n")
    assert BuiltTags(http, {KEY: path.as_uri()}).of(PYTHON) == frozenset({"3.13"})
    path.unlink()
    with pytest.raises(ConfigError, match="cannot be read"):
        BuiltTags(http, {KEY: path.as_uri()}).of(PYTHON)


@pytest.mark.parametrize("body", [b"", b"<html>log in</html>", b"\xff"])
def test_what_is_no_list_is_a_mistake_of_the_configuration(http: Http, serve: Serve, body: bytes) -> None:
    server = serve(lambda _seen: Said(200, body))
    with pytest.raises(ConfigError, match=r"\[\[built_tags\]\]") as caught:
        BuiltTags(http, {KEY: server.url}).of(PYTHON)
    assert caught.value.hint == "list one tag a line"


def test_a_server_without_the_list_is_unavailable(http: Http, serve: Serve) -> None:
    server = serve(lambda _seen: Said(404))
    with pytest.raises(Unavailable, match="answers 404"):
        BuiltTags(http, {KEY: server.url}).of(PYTHON)
