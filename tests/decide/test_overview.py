"""The overview page: everything that is known of a repository, and the same bytes as long as that stays the same."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.decide import overview
from bot.model.findings import QuarterDue, Unreadable
from bot.model.plan import Deferred, NothingToDo
from bot.model.policy import Ignored, Waiver
from bot.model.proposal import Proposal, State
from bot.model.runs import Outcome, Published, RunRecord
from tests.builders import (
    NOW,
    OLD,
    a_change,
    a_proposal,
    a_reason,
    a_rebuild,
    a_record,
    a_snapshot,
    a_vulnerable_pin,
    an_advisory,
    an_image,
    some_fixed,
    some_marks,
    some_remaining,
)
from tests.rig.github_markdown import page

DEFERRED = Deferred(until=NOW + timedelta(days=9), why=(a_reason("2026q4 is due, but frozen: release week", "freeze"),))
WAIVER = Waiver(id="CVE-2026-5", until=date(2027, 1, 1), reason="not used")
IGNORED = Ignored(subject="django", until=date(2026, 11, 23), reason="later", by="maintainer")


def body(record: RunRecord, proposals: tuple[Proposal, ...] = (), **fields: object) -> str:
    values = {"waivers": (), "ignored": (), "now": NOW, **fields}
    found = overview.page(record, proposals, **values)  # type: ignore[arg-type]
    assert found.title == overview.TITLE
    assert found.body.endswith(f"\n\n{found.mark}\n")
    return found.body


def test_a_calm_repository_says_what_it_pins_and_that_nothing_is_wrong() -> None:
    snapshot = a_snapshot(images=(an_image(digest=OLD), an_image(line=2)))
    plan = NothingToDo(why=(a_reason("the rebuild of 2026q4 is done"),))
    record = a_record(snapshot=snapshot, plan=plan, next_due=NOW)
    assert body(record) == (
        "This page is kept by Quarterdeck, and rewritten only when something in it changes. Close it to be rid of it.\n\n"
        "## Open proposals\n\nNone.\n\n"
        "## Due and deferred\n\n- the rebuild of 2026q4 is done\n- the next quarterly rebuild falls on 2026-11-24\n\n"
        "## Unsafe pins\n\nNone is known.\n\n"
        "## What is pinned\n\n| lock | tool | Python | pins |\n| --- | --- | --- | --- |\n"
        "| `requirements.txt` | pip-tools | `3.11` | 1 |\n\n"
        "| where | image | pinned |\n| --- | --- | --- |\n"
        "| `Dockerfile:1` | `python:3.12-slim` | yes |\n| `Dockerfile:2` | `python:3.12-slim` | **no** |\n\n"
        "<!-- quarterdeck-overview -->\n"
    )


def test_a_record_without_a_snapshot_says_what_it_knows() -> None:
    assert "What is pinned" not in body(a_record(snapshot=None))
    assert "What is pinned" not in body(a_record(snapshot=a_snapshot(locks=())))
    assert "Due and deferred" not in body(a_record(snapshot=None))


def test_only_open_proposals_are_listed_with_a_link() -> None:
    proposals = (a_proposal(1), a_proposal(2, state=State.CLOSED), a_proposal(3, title="a [b] @c", url="javascript:x"))
    text = body(a_record(), proposals)
    assert "## Open proposals\n\n- #1 [t](https://example.org/pull/1)\n- #3 a \\[b\\] @\u200bc\n\n" in text


def test_what_is_due_or_waits_is_said_once_each() -> None:
    change = a_change()
    further = Published(
        rebuild=a_rebuild(), outcome=Outcome.DEFERRED, change=change, proposal=None, why=(), deferred=DEFERRED
    )
    done = replace(further, deferred=None)
    record = a_record(plan=DEFERRED, further=(further, done), findings=(QuarterDue(quarter="2026q4", since=None),))
    assert (
        "## Due and deferred\n\n- deferred until 2026-12-03 12:00 UTC: 2026q4 is due, but frozen: release week\n"
        "- the rebuild of `2026q4` is due\n\n"
    ) in body(record)


def test_what_waits_for_room_names_no_date_as_that_would_be_news_each_time() -> None:
    waits = Deferred(until=NOW, why=(a_reason("it is due"), a_reason("2 stand open", "too-many-open")))
    assert "- deferred: it is due; 2 stand open\n" in body(a_record(plan=waits))


@pytest.mark.parametrize(
    ("change", "state", "text"),
    [
        ("fixed", State.OPEN, "#1 fixes it"),
        ("fixed", State.CLOSED, "#1 would fix it, and was closed"),
        ("fixed", None, "a fix is known, and no proposal with it stands open"),
        ("remaining", State.OPEN, "no release of jinja2 fixes it yet"),
        ("nothing", None, "requirements.in asks for it"),
    ],
)
def test_an_unsafe_pin_says_what_becomes_of_it(change: str, state: State | None, text: str) -> None:
    changes = {
        "fixed": a_change(fixed=(some_fixed("CVE-2026-1"),)),
        "remaining": a_change(remaining=(some_remaining("CVE-2026-1", name="django"),)),
        "nothing": None,
    }
    proposal = a_proposal(state=state, marks=some_marks(fixes=("CVE-2026-1",))) if state else None
    record = a_record(findings=(a_vulnerable_pin(),), change=changes[change], proposal=proposal)
    assert (
        f"| `django 4.2.15` | `requirements.txt` | high | [CVE-2026-1](https://www.cve.org/CVERecord?id=CVE-2026-1) | {text} |"
    ) in body(record)


def test_a_fix_in_a_proposal_beside_the_main_one_counts_too() -> None:
    change, marks = a_change(fixed=(some_fixed("CVE-2026-1"),)), some_marks(fixes=("CVE-2026-1",))
    further = Published(
        rebuild=a_rebuild(), outcome=Outcome.OPENED, change=change, proposal=a_proposal(marks=marks), why=()
    )
    assert "#1 fixes it" in body(a_record(findings=(a_vulnerable_pin(),), further=(further,)))


def test_what_is_accepted_or_ignored_says_until_when_and_what_is_over_says_so() -> None:
    text = body(a_record(), waivers=(WAIVER,), ignored=(IGNORED,))
    assert "| `CVE-2026-5` | 2027-01-01 | not used | waiver |" in text
    assert "| `django` | 2026-11-23 (**over**) | later | asked by `maintainer` |" in text


def test_what_could_not_be_looked_at_stands_there_with_its_place() -> None:
    strange = (
        Unreadable(path="a.in", line=0, subject="a.in", why="not UTF-8"),
        Unreadable(path="b", line=3, subject="b", why="odd"),
    )
    assert "## Could not be looked at\n\n- `a.in`: not UTF-8\n- `b:3`: odd\n\n" in body(a_record(findings=strange))


def test_doubts_are_shouted_above_everything_else() -> None:
    text = body(a_record(doubts=(a_reason("nobody knows", "advisories-unknown"),)))
    assert text.index("> [!WARNING]") < text.index("## Open proposals")


def test_a_page_of_any_length_fits_and_keeps_its_mark() -> None:
    pins = tuple(
        a_vulnerable_pin(
            *(an_advisory(f"A-{number}-{place}", summary="x" * 9000) for place in range(40)), name=f"p{number}"
        )
        for number in range(150)
    )
    text = body(a_record(findings=pins))
    assert len(text) < overview.LIMIT + 200
    assert "… and more than fits here." in text
    few = tuple(a_vulnerable_pin(name=f"p{number}") for number in range(150))
    assert "… and 50 more." in body(a_record(findings=few))


@settings(max_examples=60, deadline=None)
@given(
    st.text(max_size=40)
    | st.sampled_from(
        ["<!-- quarterdeck-overview -->", "@octocat #2", "</details>", "`|`", "GH-1", "https://github.com/a/b/issues/3"]
    )
)
def test_no_words_of_strangers_break_the_page(text: str) -> None:
    record = a_record(
        plan=NothingToDo(why=(a_reason(text),)), doubts=(a_reason(text, "x"),),
        findings=(a_vulnerable_pin(an_advisory("A", url=text), name=text or "x", why=text), Unreadable(path=text, line=1, subject="x", why=text)),
    )  # fmt: skip
    found = overview.page(
        record, (a_proposal(title=text),), (replace(WAIVER, reason=text),), (replace(IGNORED, reason=text, subject=text, by=text),), NOW
    )  # fmt: skip
    shown = page(found.body)
    assert not set(shown.acted_on) - {"#1", "/pull/1"}  # our own proposal
    assert [one.strip() for one in shown.comments] == ["quarterdeck-overview"]
    assert not {"script", "img", "details", "input"} & set(shown.tags)
    assert found == overview.page(
        record, (a_proposal(title=text),), (replace(WAIVER, reason=text),), (replace(IGNORED, reason=text, subject=text, by=text),), NOW + timedelta(minutes=1)
    )  # fmt: skip
