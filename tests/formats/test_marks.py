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
some_texts = st.lists(anything, max_size=4).map(tuple)
any_marks = st.builds(
    Marks, trigger=st.sampled_from(Trigger), quarter=anything, content=anything, files=anything, base=anything,
    fixes=some_texts, rest=anything, history=some_texts, withdrawn=st.booleans(),
)  # fmt: skip


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
        block(fields(fixes="PYSEC-2026-1")),
        block(fields(fixes=[1])),
        block(fields(fixes=[])),
        block(fields(history={"a": 1})),
        block(fields(history=[None])),
        block(fields(rest=1)),
        block(fields(rest="")),
        block(fields(withdrawn="yes")),
        block(fields(withdrawn=1)),
        block(fields(withdrawn=False)),
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


def test_fields_that_say_nothing_are_left_out_and_blocks_of_earlier_versions_are_read() -> None:
    full = replace(MARKS, fixes=("A", "B"), rest="r", history=("until 2026-10-01: a",), withdrawn=True)
    assert '"fixes": ["A", "B"], "history": ["until 2026-10-01: a"], "quarter"' in marks.render(full)
    assert '"rest": "r", "trigger": "quarterly", "v": 1, "withdrawn": true}' in marks.render(full)
    old = block(fields())
    found = marks.parse(old)
    assert found is not None
    assert (found.fixes, found.rest, found.history, found.withdrawn) == ((), "", (), False)
    assert marks.render(found) == old


@given(any_marks, any_marks, anything)
def test_a_block_is_replaced_and_nothing_else(old: Marks, new: Marks, before: str) -> None:
    body = marks.replaced(f"{before}\n{marks.render(old)}\n", new)
    assert body == f"{before}\n{marks.render(new)}\n"
    assert marks.parse(body) == new


@given(any_marks, st.text(alphabet="ab \n", max_size=9))
def test_a_body_that_lost_its_block_gets_one_behind(new: Marks, body: str) -> None:
    assert marks.replaced(body, new) == f"{body.rstrip()}\n\n{marks.render(new)}\n"


@given(any_marks, st.data())
def test_no_edit_of_a_block_passes_for_another_one_of_ours(original: Marks, data: st.DataObject) -> None:
    text = marks.render(original)
    at = data.draw(st.integers(0, len(text) - 1))
    edited = text[:at] + data.draw(st.characters()) + text[at + 1 :]
    found = marks.parse(edited)
    assert found is None or marks.render(found) == edited
