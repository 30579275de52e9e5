"""Markdown that cannot be broken by what stands in it."""

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from bot.decide import markdown

RENDER = MarkdownIt("gfm-like", {"linkify": False})


def test_code_spans_are_one_line_without_backticks_or_pipes_that_end_a_cell() -> None:
    assert markdown.code("a`b|c\nd") == "`a'b\\|c d`"
    assert markdown.code(" ") == ""


def test_prose_mentions_nobody_and_carries_no_markup() -> None:
    assert markdown.prose("@octocat fixed #12 <b>*x*</b>") == (
        "@\u200boctocat fixed #\u200b12 &lt;b&gt;\\*x\\*&lt;/b&gt;"
    )  # fmt: skip


def test_a_fence_is_longer_than_what_stands_in_it() -> None:
    assert markdown.block(["echo ````", "two\nlines"]) == "`````sh\necho ````\ntwo lines\n`````"
    assert markdown.block(["x"]).startswith("```sh\n")


def test_an_empty_cell_keeps_its_column() -> None:
    assert markdown.table(["a", "b"], [["", "x"]]) == "| a | b |\n| --- | --- |\n|   | x |"


@given(st.text())
def test_no_text_gets_out_of_its_cell(text: str) -> None:
    html = RENDER.render(markdown.table(["a", "b"], [[markdown.code(text), markdown.prose(text)]]))
    assert html.count("<tr>") == 2
    assert html.count("<td>") == 2
