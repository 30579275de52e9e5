import pytest
import yaml

from bot.formats import yaml_lines
from bot.formats.yaml_lines import NotPlain, load


@pytest.fixture(params=[yaml.SafeLoader, yaml_lines.LOADER])
def loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_lines, "LOADER", request.param)


@pytest.mark.usefixtures("loader")
def test_plain_data_comes_with_the_lines_of_its_first_two_steps() -> None:
    text = "one: 1.10\n\ntwo:\n- a: ~\n  b: ''\n-\n  - null\n- 'null'\nthree: {x: yes,\n  y: 'z'}\n"
    assert load(text) == (
        {"one": "1.10", "two": [{"a": None, "b": ""}, [None], "null"], "three": {"x": "yes", "y": "z"}},
        {("one",): 1, ("two",): 3, ("two", 0): 4, ("two", 1): 7, ("two", 2): 8, ("three",): 9, ("three", "x"): 9,
         ("three", "y"): 10},
    )  # fmt: skip


@pytest.mark.usefixtures("loader")
@pytest.mark.parametrize(("text", "value"), [("", None), ("~", None), ("x", "x"), ("[]", []), ("!!str 1", "1")])
def test_a_document_may_be_anything(text: str, value: object) -> None:
    assert load(text) == (value, {})


@pytest.mark.usefixtures("loader")
@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("x: 1\n&a y: 2\n", 2, "it has an anchor or an alias, which no lock file needs"),
        ("x: &a []\n", 1, "it has an anchor or an alias, which no lock file needs"),
        ("x:\n  - *a\n", 2, "it has an anchor or an alias, which no lock file needs"),
        ("x: 1\n---\ny: 1\n", 2, "it holds more than one document"),
        ("x: 1\n? [a]\n: 1\n", 2, "it has a key that is no text"),
        ("~: 1\n", 1, "it has a key that is no text"),
        ("\n" + "[" * 200 + "]" * 200, 2, "it is nested too deeply"),
        ("\n" + "- " * 200 + "\n", 2, "it is nested too deeply"),
    ],
)
def test_what_is_more_than_plain_data_is_refused(text: str, line: int, why: str) -> None:
    with pytest.raises(NotPlain) as error:
        load(text)
    assert (error.value.line, str(error.value)) == (line, why)


@pytest.mark.usefixtures("loader")
@pytest.mark.parametrize(
    ("text", "line"), [("a: 'x\n", 2), ("a: \x00", 0), ("a: \x1b", 0), ("a: \ud800", 0), ("a: b: c", 1)]
)
def test_what_is_no_yaml_is_refused(text: str, line: int) -> None:
    with pytest.raises(NotPlain, match=r"^it is no YAML: ") as error:
        load(text)
    assert error.value.line == line
