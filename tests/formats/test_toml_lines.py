import tomllib
from typing import Any

import pytest
import tomlkit
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.formats.toml_lines import Path, lines

TEXT = """\
# a comment with [brackets] and = signs
title = "a # b" # 2
owner.name.first = 'c' # 3

[ tool . "quoted \\u0041" ] # 5
multi = \"\"\"
[not.a.table]
key = 1 \\\"\"\"\"\"\" # 6 to 8
literal = '''
]''' # 9
when = 1979-05-27 07:32:00 # 11
array = [ # 12
  1, # 13
  { a = 1, b.c = [2,
    3] }, # 14, 15
  # nothing here
  [], "x,]", # 17
]

[[fruit]] # 20
name = "apple"
[fruit.physical] # 22
color = "red"
[[fruit.variety]] # 24
name = "red"
[[fruit.variety]] # 26
[[fruit]] # 27
empty = {}
"""


def _paths(data: object, at: Path = ()) -> set[Path]:
    inside: list[tuple[Any, object]] = []
    if isinstance(data, dict):
        inside = list(data.items())
    elif isinstance(data, list):
        inside = list(enumerate(data))
    return {(*at, key) for key, _ in inside}.union(*(_paths(value, (*at, key)) for key, value in inside))


def test_every_key_and_element_has_its_line() -> None:
    found = lines(TEXT)

    assert set(found) == _paths(tomllib.loads(TEXT))
    assert found["owner",] == found["owner", "name", "first"] == 3
    assert found["tool", "quoted A"] == 5
    assert found["tool", "quoted A", "literal"] == 9
    assert found["tool", "quoted A", "when"] == 11
    assert [found["tool", "quoted A", "array", n] for n in range(4)] == [13, 14, 17, 17]
    assert found["tool", "quoted A", "array", 1, "b", "c", 1] == 15
    assert (found["fruit", 0], found["fruit", 1], found["fruit", 1, "empty"]) == (20, 27, 28)
    assert found["fruit", 0, "physical", "color"] == 23
    assert (found["fruit", 0, "variety", 0, "name"], found["fruit", 0, "variety", 1]) == (25, 26)


@pytest.mark.parametrize("deepest", range(6))
def test_paths_of_more_steps_than_are_asked_for_are_left_out(deepest: int) -> None:
    assert lines(TEXT, deepest=deepest) == {path: line for path, line in lines(TEXT).items() if len(path) <= deepest}


def test_a_table_stands_where_its_own_header_is() -> None:
    assert lines("[a.b]\n[c]\n[a]\nx = 1\n")["a",] == 3


def test_line_ends_of_windows_count_once() -> None:
    assert lines("a = 1\r\n\r\n[b]\r\nc = 2\r\n") == {("a",): 1, ("b",): 3, ("b", "c"): 4}


@pytest.mark.parametrize("text", ["= 1", "a = ", "[a]\nb = ["])
def test_what_is_not_toml_has_no_lines(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not TOML|substring not found"):
        lines(text)


KEYS = st.text(alphabet="ab.\"' #=-\n", max_size=3)
VALUES = st.recursive(
    st.one_of(st.booleans(), st.integers(-9, 9), st.text(alphabet="a\"'\\\n#,]}=", max_size=5), st.dates()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3)),
    max_leaves=8,
)


@settings(deadline=None)
@given(st.dictionaries(KEYS, VALUES, max_size=4))
def test_every_document_has_a_line_for_every_key(data: dict[str, Any]) -> None:
    text = tomlkit.dumps(data)

    assert set(lines(text)) == _paths(tomllib.loads(text))


@settings(deadline=None)
@given(st.text(alphabet="ab=[]{}\",.'\n 1#", max_size=20))
def test_whatever_tomllib_reads_has_lines(text: str) -> None:
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    assert set(lines(text)) == _paths(data)
