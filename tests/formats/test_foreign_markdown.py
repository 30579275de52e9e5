"""A stranger's Markdown, judged by the renderer that GitHub uses."""

import re
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.formats.foreign_markdown import harmless
from tests.rig.github_markdown import page, render

ZW = "\u200b"
ALLOWED = {
    "a", "blockquote", "br", "code", "del", "em", "li", "ol", "p", "pre", "strong", "table", "tbody", "td", "th",
    "thead", "tr", "ul",
}  # fmt: skip
ENDING = (
    '<details>\n<summary>ours</summary>\n\n- [ ] <!-- box --> rebuild\n\n</details>\n\n<!-- quarterdeck: {"v": 1} -->\n'
)
FORGED = re.compile(r"<!--|-->|\[[ xX]\](?!\()|@\w|#\d")


def shown(text: str, limit: int = 3000) -> str:
    """Give the result without the zero width spaces, as a person reads it."""
    return harmless(text, limit).replace(ZW, "")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# What *is* **new**\n\ntext", "**What *is* new**\n\ntext"),
        ("Title\n===\n\n## #", "**Title**"),
        ("* one\n* two\n  1. a\n  2. b\n\n     more", "- one\n- two\n  1. a\n  2. b\n\n     more"),
        ("3) x\n4) y\n\n---\nz", "3. x\n4. y\n\nz"),
        ("- a\n  3. b", "- a\n  3\\. b"),
        ("> a\n>\n> - b", "> a\n>\n> - b"),
        ("a  \nb\nc", "a\nb\nc"),
        ("`code` ~~gone~~ *em* __strong__", "`code` ~~gone~~ *em* **strong**"),
        ("[a *b*](https://a.example/x_y 'title')", "[a *b*](https://a.example/x_y)"),
        ("see https://a.example/x_y(z), or www.a.example", "see <https://a.example/x_y%28z>), or www.a.example"),
        ("    indented\n\ttab", "```\nindented\ntab\n```"),
        ("```Python title\na\n\nb\n```", "```python\na\n\nb\n```"),
        ("````\n```\n````", "````\n```\n````"),
        ("```mermaid\ngraph\n```", "```\ngraph\n```"),
        ("|a|b|\n|-|-|\n|`x\\|y`|\n", "| a | b |\n| --- | --- |\n| `x\\|y` |   |"),
        ("<div>a &amp; b<br>\n<script>evil()</script>c</div>", "a &amp; b\nc"),
        ("<!-- nothing -->", ""),
        ("- <!-- nothing -->\n- a", "- a"),
        ("![](https://a.example/x.png) ![alt](data:image/png;base64,xx)", "[image](https://a.example/x.png) alt"),
        ("[![badge](https://a.example/b.svg)](https://a.example/)", "[badge](https://a.example/)"),
        ("[x](javascript:alert(1)) [y](data:text/html,x)", "\\[x\\](javascript:alert(1)) \\[y\\](data:text/html,x)"),
        ("[x](/relative) [y](https://good.example@evil.example/) [](https://a.example)", "x y "),
        ("in https://github.com/a/b/pull/12/files#r1", "in a/b#12"),
        ("[#12](https://gitlab.example/a/b/c/-/issues/12), https://gitlab.example/a/b/c/-/issues/12", "#12, a/b/c#12"),
        ("https://github.com/a/b/commit/abc1234", "https://github.com/a/b/commit/`abc1234`"),
        ("since a5c3785ed8d6", "since `a5c3785ed8d6`"),
        ("- [ ] todo\n- [x] done", "- \\[ \\] todo\n- \\[x\\] done"),
        ("a\x00b\x1b[31m \u202eevil\u2066 \ud800", "ab\\[31m evil"),
        ("\\# no heading", "\\# no heading"),
        ("", ""),
        (" \n", ""),
    ],
)  # fmt: skip
def test_what_a_person_reads(text: str, expected: str) -> None:
    assert shown(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "@octocat", "a @octocat/team.", "# @a\n", "|@a|\n|-|\n|@b|", "[@a](https://a.example)", "<b>@a</b>", "<p>@a</p>",
        "@<b>a</b>", "&#64;a", "\\@a", "@&#97;", "`@a`", "```\n@a\n```", "**@**a", "@![a](x)", "![@a](https://a.example)",
        "<https://a.example/@a>", "https://a.example/@a", "a@b.example", "mailto:a@b.example", "xmpp:a@b.example/x",
        "#12", "GH-12", "gh-12", "a/b#12", "a/b@abcdef1", "#<b>12</b>", "GH<i></i>-12", "&#35;12", "[1](x)#[2](y)",
        "#[12](https://github.com/a/b/issues/12)", "abc[1234](/x)", "abc<i></i>1234", "fixes\n#12", "#\n12",
        "https://github.com/a/b/issues/12", "<https://github.com/a/b/pull/12>", "HTTPS://GITHUB.COM/a/b/issues/12",
        "[x](https://github.com/a/b/issues/12)", "[x](https://github.com/a/b/%69ssues/12)", "www.github.com/a/b/issues/1",
        "[x](https://github.com/a/b/&#105;ssues/12)", "<https://github.com/a/b/&#105;ssues/1>",
        "[x](https://github.com/a/b/&amp;#105;ssues/12)", "https:<b></b>//github.com/a/b/issues/12",
        "[r]\n\n[r]: https://github.com/a/b/issues/12", "`https://github.com/a/b/issues/12`", "1234567", "x0abcdef0 0abcdef",
        "- [ ] x", "- [x] x", "1. [ ] x", "- \\[ ] x", "- &#91; ] x", "- [<b></b>x] y", "* *[ ] x*", "- `[ ]` x",
        "<!-- quarterdeck: {} -->", "`<!-- quarterdeck: {} -->`", "```\n<!-- quarterdeck: {} -->\n```", "&lt;!-- x -->",
        "</details>", "<details>", "a\n</details>\nb", "- </details>", "<input type=checkbox>", "<img src=x>", "<!--",
        "```", "~~~", "````\n```", "> ```", "- ```\n", "\\~\\~\\~\nx", "~~<b></b>~~~~", "~~**~~x~~**~~", "&#126;&#126;&#126;",
        "wow![x](https://a.example)", "wow!<b></b>[x](https://a.example)", "!*x*[y](https://a.example)",
        "\\:-\n", "a|b\n\\-|-", "a\n\\:-", "a\n&#45;|-", "a\n\\=\\=", "a\n\\---", "\\- [ ] x", "1\\. [ ] x", "&#43; [ ] x",
        "*<br>[ ] x*", "[^1]\n\n[^1]: @a", "$@a$", ":+1: @a", "[x]: https://a.example\n[x]", "a\\\n[ ] b", "&#10;- [ ] x",
        "@\u200dabc", "@\u202eabc", "@\u00adabc", "#\u206012", "[\u200b ] x", "<\u200b!-- x -->", "``@a ` b``", "`` ` ``@a",
        "<!-- a --> @b", "<script>@a</script>", "<style>#12</style>", "<a href='https://github.com/a/b/issues/1'>@a</a>",
    ],
)  # fmt: skip
def test_nobody_is_told_and_nothing_is_forged(text: str) -> None:
    for limit in (3000, 12):
        judge(harmless(text, limit), limit)


def judge(result: str, limit: int) -> None:
    found = page(result)
    assert set(found.tags) <= ALLOWED
    assert found.acted_on == []
    assert found.comments == []
    assert not FORGED.search(re.sub(r"https?://[!-~]+", "", result))
    assert all(re.match(r"https?://[\w.-]+(?:[:/?#]|$)", target) for target in found.links)
    assert len(result) <= limit
    assert render(f"{result}\n\n{ENDING}").endswith(render(ENDING))


FRAGMENTS = st.sampled_from(
    re.split(
        " ",
        "@a @a/b #1 GH-1 a/b#1 a/b@ abcdef1 1234 https://github.com/a/b/issues/1 www.x.org http:// :// mailto: <b> </b> <br> <!-- "
        "--> <details> </details> <p> <img> <input> [ ] [x] ]( ](https://a.example) ![ ` `` ``` ```` ~ ~~ ~~~ * ** *** _ __ - + "
        "1. 2) # ## === --- *** > | |- :- |-|- \\ & &#64; &#35; &lt; &#96; &#10; &#126; ! $ $$ ^ [^1] [^1]: : ; ( ) < > \" ' = "
        "a b é \u200b \u202e \u00a0 \u2028 \x0b \x00 \x1b",
    )
) | st.sampled_from([" ", "  ", "    ", "\t", "\n", "\n", "\n\n", "\r", "\n- ", "\n  - ", "\n> ", "\n1. ", "- [ ] "])
HOSTILE = st.lists(FRAGMENTS, max_size=40).map("".join)


@settings(max_examples=400, deadline=None)
@given(text=HOSTILE | st.text(), limit=st.integers(min_value=1, max_value=300))
@example(text="~~&#126;~~", limit=300)
def test_random_markdown_is_harmless(text: str, limit: int) -> None:
    judge(harmless(text, limit), limit)


@given(HOSTILE)
def test_what_is_harmless_can_be_taken_again(text: str) -> None:
    judge(harmless(harmless(text, 3000), 3000), 3000)


def test_a_long_text_is_cut_between_blocks() -> None:
    text = "# New\n\n- one\n- two\n\n```py\n" + "x = 1\n" * 20 + "```\n\nend"
    assert shown(text, 1000).endswith("end")
    assert shown(text, 60) == "**New**\n\n- one\n- two\n\n…"
    assert shown("- " + "x" * 30 + "\n- " + "y" * 9, 40) == "- " + "x" * 30 + "\n\n…"


def test_a_long_table_is_cut_between_rows() -> None:
    rows = "".join(f"| {number} | x |\n" for number in range(100))
    assert shown(f"| a | b |\n|---|---|\n{rows}", 50) == "| a | b |\n| --- | --- |\n| 0 | x |\n| 1 | x |\n\n…"


def test_where_no_block_fits_the_first_words_stand() -> None:
    assert shown("**one two** three four", 14) == "\\*\\*one …"
    assert shown("```\n" + "x" * 100 + "\n```", 20) == "…"


@pytest.mark.parametrize(
    "text",
    [
        "[" * 5_000_000, ">" * 5_000_000, "- " * 2_000_000, "*a " * 1_000_000, "**a *b " * 500_000, "![[" * 1_000_000,
        "[a](b" * 1_000_000, "<!--" * 1_000_000, "<a " * 1_000_000, "`a``" * 1_000_000, "|a" * 2_000_000 + "\n" + "|-" * 2_000_000,
        "|a" * 1000 + "\n" + "|-" * 1000 + "\n" + "|x\n" * 1_000_000, "&#x" * 1_000_000, "https://" * 500_000, "a" * 5_000_000,
        "0" * 5_000_000, "\n" * 5_000_000, "[a]: b\n" * 500_000, "".join(f"{' ' * depth * 2}- x\n" for depth in range(2000)),
        "**" * 3000 + "a" + "**" * 3000, "@" * 5_000_000, "https://a(" * 500_000, "<p>" + "<" * 5_000_000, "www." * 1_000_000,
    ],
    ids=range(24),
)  # fmt: skip
def test_what_is_huge_or_nested_deep_takes_little_time(text: str) -> None:
    started = time.process_time()
    result = harmless(text, 3000)
    assert time.process_time() - started < 5
    judge(result, 3000)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("[a\nb](https://a.example)", "[a b](https://a.example)"), ("*a\nb*", "*a b*"), ("**a\nb** c\nd", "**a b** c\nd")],
)
def test_markup_over_several_lines_becomes_one_line(text: str, expected: str) -> None:
    assert shown(text) == expected
