"""How a proposal ends, whatever else has to go."""

from hypothesis import given
from hypothesis import strategies as st

from bot.decide import explain_ending
from bot.decide.markdown import prose
from bot.formats import commands, marks
from bot.model.policy import Trigger
from tests.builders import a_rebuild, some_marks
from tests.rig.github_markdown import page


def test_it_says_how_to_say_no_what_can_be_asked_and_ends_in_the_hidden_block() -> None:
    text = explain_ending.ending(a_rebuild(), some_marks())
    assert text.startswith(
        "## How to say no\n\nClose it. Exactly this content is not proposed again before the next quarter. "
    )
    assert f"- [ ] Rebuild this proposal now, on the newest base {commands.BOX}" in text
    assert text.endswith(f"{marks.render(some_marks())}\n")
    later = explain_ending.ending(a_rebuild(trigger=Trigger.SECURITY, quarter=""), some_marks())
    assert "before there is something new to fix or to move." in later


def test_what_it_said_before_is_struck_in_the_order_of_time() -> None:
    text = explain_ending.ending(a_rebuild(), some_marks(history=("until 2026-10-01: a", "until 2026-11-01: b")))
    assert "- ~~until 2026-10-01: a~~\n- ~~until 2026-11-01: b~~\n\n## How to say no" in text


def test_a_ticked_box_is_read_from_it_and_its_commands_are_none_of_ours() -> None:
    text = explain_ending.ending(a_rebuild(), some_marks())
    assert not commands.ticked(text)
    assert commands.ticked(text.replace("- [ ]", "- [x]"))
    assert commands.commands(text) == ()


@given(
    st.lists(st.text(max_size=160) | st.sampled_from(["~~", "</details>", "- [x] a", "@octocat #1", "-->"]), max_size=8)
)
def test_no_history_breaks_it(history: list[str]) -> None:
    held = some_marks(history=tuple(history))
    text = explain_ending.ending(a_rebuild(), held)
    shown = page(text)
    assert marks.parse(text) == held
    assert shown.tags.count("input") == 1
    assert shown.tags.count("del") == sum(bool(prose(one)) for one in history)
    assert not shown.acted_on
