"""What the nouns themselves promise."""

import pytest

from bot.model.change import Change
from bot.model.images import ImageConfig, ImageName
from bot.model.repository import Repository
from bot.model.secrets import Credential, Secret, SecretRef
from tests.builders import a_change


def test_a_secret_is_shown_nowhere() -> None:
    secret = Secret("hunter2")
    shown = f"{secret} {secret!r} {Credential(username='u', password=secret)!r}"
    assert "hunter2" not in shown
    assert secret.reveal() == "hunter2"


def test_two_folders_of_one_name_have_two_keys_and_a_forges_repository_keeps_its_name() -> None:
    one, two = (Repository(name="web", url=url) for url in ("/srv/a/web", "/srv/b/web"))
    assert one.key != two.key
    assert one.key.startswith("web-")
    assert Repository(name="acme/web", url="").key == "acme/web"


def test_a_change_without_files_is_empty() -> None:
    assert Change().empty
    assert not a_change().empty


def test_an_image_is_shown_as_people_write_it() -> None:
    assert ImageName(registry="docker.io", repository="library/python", tag="3.12").tagged == "python:3.12"
    assert ImageName(registry="docker.io", repository="acme/app", tag=None).tagged == "acme/app"
    assert ImageName(registry="ghcr.io", repository="acme/app", tag="1").tagged == "ghcr.io/acme/app:1"


@pytest.mark.parametrize(("env", "file"), [(None, None), ("A", "b")])
def test_a_secret_stands_in_exactly_one_place(env: str | None, file: str | None) -> None:
    with pytest.raises(ValueError, match="exactly one"):
        SecretRef(env=env, file=file)
    assert SecretRef(env="A").env == "A"


def test_a_variable_of_an_image_is_read_and_one_that_is_not_set_is_empty() -> None:
    config = ImageConfig(env=(("PYTHON_VERSION", "3.12.9"),), musl=False)
    assert (config.value("PYTHON_VERSION"), config.value("HOME")) == ("3.12.9", "")
