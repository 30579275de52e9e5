"""What reviewers tell us in comments, and by a checkbox."""

from datetime import date
from time import process_time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.formats import commands
from bot.formats.commands import BOX, Command, Ignore, Rebuild, Unclear, ticked

REBASE, RECREATE = Rebuild(), Rebuild(recreate=True)
CALL = "@quarterdeck rebase"


def ignored(subject: str = "django", reason: str = "it waits") -> Ignore:
    return Ignore(subject=subject, until=date(2026, 12, 31), reason=reason)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (CALL, REBASE),
        ("@Quarterdeck Rebase.", REBASE),
        ("@quarterdeck: recreate!", RECREATE),
        ("@quarterdeck, rebase", REBASE),
        ("   @quarterdeck\trebase  ", REBASE),
        ("thanks!\n@quarterdeck rebase\nbye", REBASE),
        ("thanks!\r\n\r\n@quarterdeck rebase\r\n", REBASE),
        ("thanks  \n@quarterdeck rebase", REBASE),
        ("@quarterdeck ignore django until 2026-12-31 because it waits", ignored()),
        ("@quarterdeck IGNORE `django` UNTIL `2026-12-31`, BECAUSE it waits", ignored()),
        ("@quarterdeck ignore python:3.12-slim until 2026-12-31 because it *waits*", ignored("python:3.12-slim", "it *waits*")),
        ("@quarterdeck ignore my_own_package until 2026-12-31 because **b** <https://a.example/x>", ignored("my_own_package", "**b** https://a.example/x")),
        ("@quarterdeck ignore django until 2026-12-31 because [docs](https://a.example) <b>", ignored(reason="docs <b>")),
    ],
)  # fmt: skip
def test_a_command_is_read_however_people_write_it(text: str, found: Command) -> None:
    assert commands.commands(text) == (found,)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("@quarterdeck", "that is no command"),
        ("@quarterdeck dance", "that is no command"),
        ("@quarterdeck rebase please", "that is no command"),
        ("@quarterdeck ignore", "that lacks a part"),
        ("@quarterdeck ignore django until 2026-12-31", "that lacks a part"),
        ("@quarterdeck ignore two words until 2026-12-31 because x", "that lacks a part"),
        ("@quarterdeck ignore django until 2026-02-30 because x", "the date cannot be read"),
        ("@quarterdeck ignore django until 99999-12-31 because x", "the date cannot be read"),
    ],
)
def test_what_is_no_command_says_how_to_write_one(text: str, why: str) -> None:
    (found,) = commands.commands(text)
    assert isinstance(found, Unclear)
    assert found.why.startswith(why)
    assert "because <reason>" in found.why


@pytest.mark.parametrize(
    "text",
    [
        "",
        "looks good",
        "I asked @quarterdeck rebase",
        "@quarterdeck-bot rebase",
        "@quarterdeck/team rebase",
        "@quarterdecks rebase",
        f"> {CALL}",
        f"> somebody wrote\n{CALL}",  # a line that continues a quote belongs to it
        f">\n> > {CALL}",
        f"- {CALL}",
        f"1. {CALL}",
        f"    {CALL}",
        f"\t{CALL}",
        f"```\n{CALL}\n```",
        f"~~~ text\n{CALL}\n",
        f"````\n```\n{CALL}\n````",
        f"```\n~~~\n{CALL}\n```",
        f"```\n``` not an end\n{CALL}\n```",
        f"`{CALL}`",
        f"``so\n{CALL}\nit goes``",
        f"<!--\n{CALL}\n-->",
        f"<details>\n{CALL}\n</details>",
        f"# {CALL}",
        f"**{CALL}**",
        f"\\{CALL[1:]}",
    ],
)
def test_nothing_is_read_from_quotes_code_lists_and_what_is_addressed_to_others(text: str) -> None:
    assert commands.commands(text) == ()


@pytest.mark.parametrize(
    "text", [f"```\nx\n```\n{CALL}", f"``` not `a` fence\n{CALL}", f"> quoted\n\n{CALL}", f"~~~\n```\n~~~\n{CALL}"]
)
def test_what_stands_behind_a_quote_or_a_fence_is_read(text: str) -> None:
    assert commands.commands(text) == (REBASE,)


def test_the_first_commands_of_a_comment_hold_in_their_order() -> None:
    text = "\n".join([CALL, "@quarterdeck recreate", *[CALL] * 20])
    assert commands.commands(text) == (REBASE, RECREATE, *[REBASE] * 8)


def test_a_long_reason_is_cut() -> None:
    (found,) = commands.commands(f"@quarterdeck ignore django until 2026-12-31 because {'x' * 9000}")
    assert isinstance(found, Ignore)
    assert len(found.reason) == commands.LONGEST_REASON


words = st.text() | st.sampled_from(["@quarterdeck", " ", "\n", "ignore x until ", "2026-12-31", "because", "`", "```", "> ", "~~~", "*", "<!--", "-->", "\\", "[", "]("])  # fmt: skip


@given(st.lists(words, max_size=12).map("".join))
@example("@quarterdeck ignore a until 2026-W01-1 because \ud800")
def test_no_text_makes_reading_fail(text: str) -> None:
    assert len(commands.commands(f"@quarterdeck {text}")) <= commands.MOST
    assert isinstance(ticked(text), bool)


@given(
    st.lists(words, max_size=6).map("".join).filter(lambda text: "`" not in text),
    st.sampled_from(["`", "~"]),
    st.integers(3, 6),
)
def test_nothing_in_a_fence_is_a_command(text: str, mark: str, length: int) -> None:
    inside = text.replace("~", "")
    assert commands.commands(f"{mark * length}\n{CALL}\n{inside}\n{CALL}\n{mark * length}") == ()


@given(st.lists(words, max_size=6).map("".join))
def test_nothing_in_a_quote_is_a_command(text: str) -> None:
    lines = [*text.replace("\r", "\n").split("\n"), CALL]
    assert commands.commands("\n".join(f"> {line}" for line in lines)) == ()


@pytest.mark.parametrize("filler", ["[", "*a_", "`", "> ", "<", "![", "- ", "&", "\\", "[a](", "<!--", "\n", "a`b``"])
def test_no_comment_takes_long_to_read(filler: str) -> None:
    started = process_time()
    commands.commands(f"{CALL}\n\n" + filler * (5_000_000 // len(filler)))
    assert process_time() - started < 30  # alone 1 s; without a bound it would be minutes


@pytest.mark.parametrize(
    ("body", "is_ticked"),
    [
        (f"- [x] Rebuild {BOX}", True), (f"text\r\n- [X] Rebuild {BOX}\r\nmore", True), (f"- [ ] Rebuild {BOX}", False),
        ("- [x] something else", False), (f"- [x] other\n{BOX}", False), (f"`- [x] {BOX}`", False), ("", False),
    ],
)  # fmt: skip
def test_only_our_own_box_counts_and_only_ticked(body: str, is_ticked: bool) -> None:
    assert ticked(body) is is_ticked
