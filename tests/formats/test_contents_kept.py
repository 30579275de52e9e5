"""Contents of images as they are kept."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.formats import contents_kept
from bot.model.contents import ImageContents
from bot.model.packages import OsRelease, Package, PackageFormat, SystemFile
from tests.formats.strange_json import everything

words = st.text(max_size=8)
packages = st.builds(Package, name=words, version=words, source=words, source_version=words, architecture=words)
zones = st.sampled_from([UTC, timezone(timedelta(hours=2))])
contents = st.builds(
    ImageContents,
    digest=words,
    platform=words,
    os=st.none() | st.builds(OsRelease, id=words, version=words, codename=words),
    format=st.none() | st.sampled_from(PackageFormat),
    packages=st.lists(packages, max_size=4).map(tuple),
    python=st.none() | words,
    created=st.none() | st.datetimes(timezones=zones),
    env=st.lists(st.tuples(words, words), max_size=3).map(tuple),
    user=words,
    layers=st.integers(0, 1000),
    size=st.integers(0, 2**60),
    sources=st.lists(st.builds(SystemFile, path=words, data=st.binary()), max_size=3).map(tuple),
    sources_read=st.booleans(),
    read_from=words,
    unreadable=st.lists(words, max_size=3).map(tuple),
)
ONE = ImageContents(
    digest=f"sha256:{'1' * 64}",
    platform="linux/amd64",
    os=OsRelease(id="debian", version="12", codename="bookworm"),
    format=PackageFormat.DEB,
    packages=(Package(name="a", version="1", source="b", source_version="2", architecture="all"),),
    python="3.12.9",
    created=datetime(2026, 1, 1, tzinfo=UTC),
    env=(("A", "b"),),
    sources=(SystemFile(path="etc/apt/sources.list", data=b"\xff\n"),),
    unreadable=("why",),
)


@given(contents)
def test_what_is_kept_is_read_as_it_was(one: ImageContents) -> None:
    text = contents_kept.dumps(one)
    assert text.isascii()
    assert contents_kept.loads(text) == one


@pytest.mark.parametrize("text", [None, "", "null", "{", "5", "[]", '"text"', "{}", '{"form": 1}', "[" * 100_000])
def test_nothing_and_nonsense_are_read_anew(text: str | None) -> None:
    assert contents_kept.loads(text) is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("form", contents_kept.FORM + 1),
        ("digest", 5),
        ("os", ["debian", "12"]),
        ("os", "abc"),
        ("format", "msi"),
        ("format", {}),
        ("packages", [["a", "1", "b", "2"]]),
        ("packages", [["a", "1", "b", "2", 5]]),
        ("packages", {"a": 1}),
        ("packages", "abcde"),
        ("created", "2026-01-01T00:00:00"),
        ("created", 5),
        ("env", [["A"]]),
        ("env", ["AB"]),
        ("layers", "4"),
        ("sources", [["etc/apt/sources.list", "?"]]),
        ("sources_read", 1),
        ("unreadable", "why"),
        ("python", 3),
    ],
)
def test_a_field_of_another_shape_is_not_believed(field: str, value: object) -> None:
    document: dict[str, Any] = json.loads(contents_kept.dumps(ONE))
    assert contents_kept.loads(json.dumps(document)) == ONE
    assert contents_kept.loads(json.dumps({**document, field: value})) is None
    del document[field]
    assert contents_kept.loads(json.dumps(document)) is None


@given(st.data())
def test_whatever_stands_there_it_never_fails(data: st.DataObject) -> None:
    document: dict[str, Any] = json.loads(contents_kept.dumps(ONE))
    document[data.draw(st.sampled_from(sorted(document)))] = data.draw(everything)
    found = contents_kept.loads(json.dumps(document))
    assert found is None or contents_kept.loads(contents_kept.dumps(found)) == found
