import json
import re
import tomllib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import tomlkit
from jsonschema import Draft202012Validator

from bot.settings import NOT_YET, BadSettings, Settings, commented_example, not_acted_on, read, schema
from bot.settings.kinds import ListOf, Table
from bot.settings.reading import ROOT


def _as_json(text: str) -> Any:
    return json.loads(json.dumps(tomllib.loads(text), default=date.isoformat))


def _with_everything_on(text: str) -> str:
    return re.sub(r"^#(?=[\[a-z])", "", text, flags=re.MULTILINE)


def _keys(table: Table[Any], under: str = "") -> Iterator[str]:
    for key in table.keys:
        name = f"{under}.{key.name}".removeprefix(".")
        yield name
        inner = key.kind.of if isinstance(key.kind, ListOf) else key.kind
        if isinstance(inner, Table):
            yield from _keys(inner, name)


def _set(data: object, under: str = "") -> Iterator[str]:
    for one in data if isinstance(data, list) else [data]:
        if isinstance(one, dict):
            for key, value in one.items():
                name = f"{under}.{key}".removeprefix(".")
                yield name
                yield from _set(value, name)


def test_the_file_in_this_repository_is_what_config_init_writes() -> None:
    assert Path("config/quarterdeck.toml").read_text(encoding="utf-8") == commented_example()


def test_the_example_is_valid_and_sets_nothing_that_is_not_acted_on() -> None:
    assert read(commented_example(), "example").forge.token is not None
    assert not_acted_on(commented_example()) == ()


def test_the_example_with_everything_switched_on_names_every_key_there_is() -> None:
    text = _with_everything_on(commented_example()).replace("token = {", "#token = {", 1)
    named = {*_set(_as_json(text)), "forge.token"}

    read(text, "example")

    ticks = ("security", "feeds", "digests", "discover", "overview")
    units = {f"schedule.{tick}.{unit}" for tick in ticks for unit in ("weeks", "days", "hours", "minutes", "seconds")}
    repeated = {name for name in _keys(ROOT) if name.startswith("repository.policy.")}
    assert {name for name in _keys(ROOT) if not name.startswith("repository.policy.")} - named <= units
    assert named - set(_keys(ROOT)) <= {f"schedule.quarterly.{field}" for field in ("month", "day", "hour")} | {
        "forge.token.env", "forge.app.private_key.file", "service.webhook_secret.env", "index.username.env",
        "index.password.env", "registry.username.env", "registry.password.file",
        "notify.url.env",
    }  # fmt: skip
    assert repeated


def test_what_is_not_acted_on_are_keys_that_exist() -> None:
    assert set(NOT_YET) <= set(_keys(ROOT))
    assert list(NOT_YET) == sorted(NOT_YET)


def test_the_schema_is_a_schema_and_the_example_follows_it() -> None:
    Draft202012Validator.check_schema(schema())
    validator = Draft202012Validator(schema())

    validator.validate(_as_json(commented_example()))
    validator.validate(_as_json(_with_everything_on(commented_example()).replace("token = {", "#token = {", 1)))


def test_the_defaults_that_the_schema_names_are_those_that_reading_takes() -> None:
    properties = schema()["properties"]
    document = {
        section: {key: one["default"] for key, one in properties[section]["properties"].items() if "default" in one}
        for section in properties
        if properties[section]["type"] == "object"
    }
    Draft202012Validator(schema()).validate(document)

    assert read(tomlkit.dumps(document), "defaults") == Settings()


@pytest.mark.parametrize(
    "text",
    [
        "polcy = {}",
        "policy.cooldwn = '7 days'",
        "policy.cooldown = 7",
        "policy.cooldown = 'soon'",
        "policy.platforms = []",
        "policy.platforms = ['amd64']",
        "policy.retag = 'x'",
        "policy.labels = ['']",
        "policy.max_open_pull_requests = 0",
        "policy.freeze = [{ from = '12-15' }]",
        "policy.freeze = [{ from = 'Dec 15', until = '01-05' }]",
        "forge.token = 'ghp_x'",
        "forge.token = { env = 'A', file = 'b' }",
        "forge.token = {}",
        "forge.app = { id = 1 }",
        "schedule.quarterly = { moth = 1 }",
        "schedule.quarterly = {}",
        "schedule.security = {}",
        "schedule.security = { hours = 0 }",
        "service.listen = 'localhost'",
        "isolation.memory = '4 GB'",
        "python.download = 'no'",
        "repository = [{}]",
        "repository = [{ name = 'a/b', policy = { retag = 'x' } }]",
        "registry = [{ host = 'https://docker.io' }]",
        "notify = [{}]",
        "notify = [{ url = 'slack://token' }]",
        "notify = [{ url = { env = 'A' }, events = [] }]",
        "notify = [{ url = { env = 'A' }, events = ['everything'] }]",
        "notifications.failures = 0",
        "notifications.per_hour = 0",
        "notifications.proposal_age = 'old'",
        "waiver = [{ id = 'X', until = 2027-01-31 }]",
        "waiver = [{ id = 'X', until = 'soon', reason = 'r' }]",
    ],
)
def test_what_the_schema_refuses_reading_refuses_too(text: str) -> None:
    assert not Draft202012Validator(schema()).is_valid(_as_json(text))
    with pytest.raises(BadSettings):
        read(text, "bad.toml")
