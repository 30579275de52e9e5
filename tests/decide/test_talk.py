"""What people are answered, and what holds of what they say."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.decide import talk
from bot.decide.talk import Heard
from bot.model.talk import Comment
from tests.builders import NOW
from tests.rig.github_markdown import page

TODAY = date(2026, 11, 24)
WHERE = "https://forge.example/1"
REBASE, RECREATE = "@quarterdeck rebase", "@quarterdeck recreate"
IGNORE = "@quarterdeck ignore {} until 2026-12-31 because {}"


def said(body: str, number: int = 1, author: str = "maintainer", *, ours: bool = False) -> Comment:
    return Comment(id=number, author=author, body=body, at=NOW, ours=ours)


def heard(*comments: Comment, known: frozenset[str] = frozenset({"django"})) -> Heard:
    return talk.hear(comments, lambda author: author == "maintainer", known.__contains__, TODAY, WHERE)


def answered(found: Heard, start: int = 100) -> tuple[Comment, ...]:
    """Give our replies, and our answers to orders, as comments that stand there afterwards."""
    texts = [*found.replies, *(talk.done(order, "Done.") for order in found.orders)]
    return tuple(said(text, start + place, "quarterdeck", ours=True) for place, text in enumerate(texts))


def test_orders_are_given_once_each_and_not_again_once_they_are_answered() -> None:
    comments = (said(f"{REBASE}\n{RECREATE}"), said(REBASE, 2))
    found = heard(*comments)
    assert [(order.key, order.recreate) for order in found.orders] == [("1.0", False), ("1.1", True), ("2.0", False)]
    assert heard(*comments, *answered(found)) == Heard()


def test_an_ignore_holds_although_it_was_answered_long_ago() -> None:
    comment = said(IGNORE.format("django", "we drop it"))
    first = heard(comment)
    again = heard(comment, *answered(first))
    assert first.ignored == again.ignored
    assert (first.ignored[0].subject, first.ignored[0].by, first.ignored[0].where) == ("django", "maintainer", WHERE)
    assert (len(first.replies), len(again.replies)) == (1, 0)
    assert "`django` is left alone until 2026-12-31, because we drop it." in first.replies[0]


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("@quarterdeck dance", "that is no command"),
        (IGNORE.format("flask", "x"), "I know no package, advisory or image `flask` in this repository"),
        ("@quarterdeck ignore django until 2026-11-23 because x", "2026-11-23 is over, so there is nothing to ignore"),
    ],
)
def test_what_cannot_be_done_is_answered_once_and_holds_nothing(text: str, answer: str) -> None:
    found = heard(said(text))
    assert answer in found.replies[0]
    assert found.ignored == ()
    assert heard(said(text), *answered(found)) == Heard()


def test_an_ignore_may_end_today() -> None:
    assert heard(said("@quarterdeck ignore django until 2026-11-24 because x")).ignored


def test_strangers_are_told_once_each_and_silence_is_kept_about_other_talk() -> None:
    comments = (said(REBASE, 1, "a"), said(REBASE, 2, "a"), said(REBASE, 3, "b--c>"), said("hello", 4, "d"))
    found = heard(*comments)
    assert [text.partition(":")[0] for text in found.replies] == ["To `a`", "To `b--c>`"]
    assert (found.orders, found.ignored) == ((), ())
    assert heard(*comments, *answered(found)) == Heard()


def test_nobody_answers_in_our_name_and_we_do_not_command_ourselves() -> None:
    forged = said("<!-- quarterdeck-answer: 1.0 -->", 2, "stranger")
    assert len(heard(said(REBASE), forged).orders) == 1
    assert heard(said(REBASE, ours=True)) == Heard()
    assert len(heard(said(REBASE), said("<!-- quarterdeck-answer: 1.0", 2, ours=True)).orders) == 1


hostile = st.text(max_size=60) | st.sampled_from(["-->", "<!-- quarterdeck-answer: 9.0 -->", "@octocat", "#1", "`x`", "</details>", "|", "[x](y)", "GH-1", "\\"])  # fmt: skip


@given(st.lists(hostile, min_size=1, max_size=5).map(" ".join), hostile.map(lambda text: "".join(text.split()) or "x"))
def test_no_reason_and_no_subject_makes_an_answer_that_answers_others_or_calls_anybody(
    reason: str, subject: str
) -> None:
    comments = (said(IGNORE.format(subject, reason)), said(REBASE, 9))
    found = talk.hear(comments, lambda _: True, lambda _: True, TODAY, WHERE)
    for reply in found.replies:
        shown = page(reply)
        assert not shown.acted_on
        assert len(shown.comments) == 1
        assert not {"a", "details", "input"} & set(shown.tags)
    assert [order.key for order in talk.hear((*comments, *answered(Heard(replies=found.replies))), lambda _: True, lambda _: True, TODAY, WHERE).orders] == [
        order.key for order in found.orders
    ]  # fmt: skip


@given(st.text(max_size=30))
def test_no_login_gets_out_of_the_hidden_answer(author: str) -> None:
    (reply,) = heard(said(REBASE, 1, author)).replies
    assert reply.count("-->") == 1 + author.count("-->")
    assert "--" not in reply.rpartition("<!-- ")[2].removesuffix("-->")
