"""Whatever is written in a configuration, reading gives settings or the list of mistakes, and nothing else."""

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import tomlkit
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from bot.model.policy import Policy
from bot.settings import BadSettings, RepositoryFile, Settings, read, read_pyproject, read_repository_file, schema
from bot.settings.reading import ROOT

Result = TypeVar("Result")

WORDS = st.sampled_from([
    "", "github", "local", "a/b", "7 days", "0", "4 GiB", "UTC", "12-15", "2027-01-31", "1st tue", "linux/amd64",
    "https://user:pw@host", "http://[", "file:///x", "3.12", "../x", "Europe", "\x00", "é", "high", "--index-url x",
])  # fmt: skip
SCALARS = st.one_of(
    st.booleans(), st.integers(-2, 2**63 - 1), st.floats(), WORDS, st.text(max_size=5), st.dates(), st.times()
)
KEYS = [
    "env",
    "file",
    "name",
    "url",
    "id",
    "until",
    "reason",
    "from",
    "month",
    "day",
    "hours",
    "path",
    "sources",
    "x.y",
]


def _names(described: Any) -> Iterator[str]:
    for name, inner in described.get("properties", {}).items():
        yield name
        yield from _names(inner)
    if "items" in described:
        yield from _names(described["items"])


NAMES = sorted({*_names(schema()), *KEYS})
DATA = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(NAMES), inner, max_size=4)
    ),
    max_leaves=12,
)  # fmt: skip


def _shaped(described: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Give values that mostly follow the schema."""
    wild = DATA
    if "properties" in described:
        parts = {name: _shaped(inner) for name, inner in described["properties"].items()}
        return st.one_of(st.fixed_dictionaries({}, optional=parts), st.fixed_dictionaries({}, optional=parts), wild)
    if "items" in described:
        return st.one_of(st.lists(_shaped(described["items"]), max_size=2), wild)
    if "enum" in described:
        return st.one_of(st.sampled_from(described["enum"]), wild)
    return st.one_of(st.just(described["default"]), wild) if "default" in described else wild


def _outcome(reading: Callable[[], Result]) -> Result | BadSettings:
    try:
        return reading()
    except BadSettings as error:
        return error


def _given_settings_or_mistakes(text: str) -> Settings | None:
    found = _outcome(lambda: read(text, "c.toml"))
    if isinstance(found, Settings):
        return found
    lines = text.count("\n") + 1
    assert found.mistakes
    assert all(1 <= mistake.line <= lines and mistake.message for mistake in found.mistakes)
    assert len(found.message.splitlines()) == len(found.mistakes)
    return None


@settings(deadline=None)
@given(st.text(max_size=200))
def test_any_text_gives_settings_or_mistakes(text: str) -> None:
    _given_settings_or_mistakes(text)


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from([*NAMES, "[", "]", "[[", "]]", "{", "}", "=", ".", ",", "\n", "'", '"', "1", "true", "#", " "])
    )
)
def test_any_scramble_of_toml_gives_settings_or_mistakes(parts: list[str]) -> None:
    _given_settings_or_mistakes("".join(parts))


@settings(deadline=None, max_examples=200)
@given(st.one_of(_shaped(schema()), st.dictionaries(st.sampled_from(NAMES), DATA, max_size=5)))
def test_any_document_gives_settings_or_mistakes(data: Any) -> None:
    text = tomlkit.dumps(data if isinstance(data, dict) else {"policy": data})

    _given_settings_or_mistakes(text)


@settings(deadline=None)
@given(st.one_of(_shaped(ROOT.schema()), st.dictionaries(st.sampled_from(NAMES), DATA, max_size=5)))
def test_what_reading_accepts_the_schema_accepts(data: Any) -> None:
    document = data if isinstance(data, dict) else {"policy": data}

    if _given_settings_or_mistakes(tomlkit.dumps(document)) is not None:
        plain = _dates_as_text(document)
        assert Draft202012Validator(schema()).is_valid(plain)


def _dates_as_text(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _dates_as_text(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_dates_as_text(inner) for inner in value]
    return value.isoformat() if hasattr(value, "isoformat") else value


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from([*NAMES, "locks", "images", "ignore", "options"]), DATA, max_size=5))
def test_any_repository_file_gives_values_or_mistakes(data: dict[str, Any]) -> None:
    own = _outcome(lambda: read_repository_file(tomlkit.dumps(data), "file", Policy()))
    in_pyproject = _outcome(lambda: read_pyproject(tomlkit.dumps({"tool": {"quarterdeck": data}}), "file", Policy()))

    assert isinstance(own, RepositoryFile) or own.mistakes
    assert in_pyproject == own or isinstance(own, BadSettings)
