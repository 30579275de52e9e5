"""Our own values through JSON and back, and nothing else."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.formats import values


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    x: Any
    y: Any = None


READER = values.Reader((Colour, Point))
PLAIN = st.none() | st.booleans() | st.integers() | st.text() | st.binary() | st.sampled_from(Colour)
VALUES = st.recursive(
    PLAIN | st.datetimes(timezones=st.just(UTC)),
    lambda inner: st.lists(inner).map(tuple) | st.builds(Point, x=inner, y=inner),
)


@given(VALUES)
def test_what_is_written_is_read_again(value: object) -> None:
    text = json.dumps(values.dumps(value))
    read = READER.loads(json.loads(text))
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize("value", [1.5, {}, [1], object(), Point])
def test_what_is_of_another_kind_is_not_written(value: object) -> None:
    with pytest.raises(TypeError, match="cannot be kept"):
        values.dumps(value)


@pytest.mark.parametrize(
    "document",
    [{}, {"a": 1, "b": 2}, {"odd": 1}, {"class": "Unknown", "of": {}}, {"class": "Point", "of": {"z": 1}},
     {"class": "Point"}, {"enum": "Colour", "of": "blue"}, {"moment": "never"}, {"bytes": "é"}],
)  # fmt: skip
def test_what_nobody_wrote_is_refused(document: dict[str, object]) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        READER.loads(document)


def test_a_moment_keeps_its_zone() -> None:
    at = datetime(2026, 11, 24, 12, tzinfo=UTC)
    assert READER.loads(values.dumps(at)) == at
