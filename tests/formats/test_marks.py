import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.formats import marks
from bot.model.policy import Trigger
from bot.model.proposal import Marks

MARKS = Marks(trigger=Trigger.QUARTERLY, quarter="2026q4", content="c" * 32, files="f" * 32, base="b" * 40)
anything = st.text() | st.text(alphabet='-->!<"\\{}@u002d\n')
any_marks = st.builds(
    Marks, trigger=st.sampled_from(Trigger), quarter=anything, content=anything, files=anything, base=anything
)


def block(document: object) -> str:
    return f"<!-- quarterdeck: {json.dumps(document, sort_keys=True)} -->"


def fields(**changed: object) -> dict[str, object]:
    values = {"trigger": "quarterly", "quarter": "2026q4", "content": "c", "files": "f", "base": "b", "v": 1}
    return values | changed


def test_the_block_is_one_line_of_sorted_json() -> None:
    assert marks.render(replace(MARKS, content="c", files="f", base="b")) == (
        '<!-- quarterdeck: {"base": "b", "content": "c", "files": "f", "quarter": "2026q4", '
        '"trigger": "quarterly", "v": 1} -->'
    )


@given(any_marks, anything)
def test_what_was_rendered_is_read_again_after_any_text(original: Marks, before: str) -> None:
    assert marks.parse(f"{before}{marks.render(original)}\r\n") == original


@given(any_marks)
def test_no_value_can_break_out_of_the_comment(original: Marks) -> None:
    inside = marks.render(original).removeprefix("<!-- quarterdeck: ").removesuffix(" -->")
    assert not any(text in inside for text in ("--", "<", ">", "@", "\n", "\r"))


@given(anything)
def test_reading_never_raises(body: str) -> None:
    assert marks.parse(body) is None
    assert marks.parse(f"<!-- quarterdeck: {{{body}}} -->") is None


@pytest.mark.parametrize(
    "body",
    [
        "",
        "no block at all",
        marks.render(MARKS) + "\nsomebody wrote below it",
        marks.render(MARKS).replace("quarterly", "yearly"),
        marks.render(MARKS).replace('", "', '",  "'),
        block(fields(v=2)),
        block(fields(v=True)),
        block(fields(v="1")),
        block(fields(more="x")),
        block(fields(base=None)),
        block(fields(trigger=["quarterly"])),
        block({"v": 1}),
        "<!-- quarterdeck: {not json} -->",
        '<!-- quarterdeck: {"v": ' + "[" * 60_000 + "} -->",
        '<!-- quarterdeck: {"v": ' + "[" * 100_000 + "]" * 100_000 + "} -->",
    ],
)
def test_a_missing_edited_or_foreign_block_counts_as_none(body: str) -> None:
    assert marks.parse(body) is None


def test_only_the_last_block_counts() -> None:
    older = replace(MARKS, quarter="2026q3")
    assert marks.parse(f"{marks.render(older)}\n{marks.render(MARKS)}") == MARKS
