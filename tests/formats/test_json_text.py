"""Reading JSON that anybody may have written."""

import pytest

from bot.formats import json_text


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, '{"a":' * 100_000, b"\xff", "1" * 5000])
def test_what_is_no_json_is_a_value_error_and_nothing_else(text: str | bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        json_text.read(text)


def test_values_of_another_shape_count_as_empty() -> None:
    assert (json_text.table({"a": 1}), json_text.table([1]), json_text.rows([1]), json_text.rows("ab")) == (
        {"a": 1}, {}, [1], [],
    )  # fmt: skip


def test_half_a_character_becomes_a_question_mark() -> None:
    assert json_text.clean("a\ud800é") == "a?é"
