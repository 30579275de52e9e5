"""What happens to a draft: the table of a proposal's life, as far as it reaches today."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.decide import publish
from bot.model.change import FileText
from bot.model.policy import Trigger
from bot.model.proposal import Close, LeaveAlone, Marks, Open, Proposal, State, Update
from bot.model.repository import CommitInfo
from tests.builders import (
    a_change,
    a_pin_change,
    a_proposal,
    a_reason,
    a_rebuild,
    a_stamp_change,
    an_image_change,
    some_marks,
)  # fmt: skip

BRANCH = "quarterdeck/quarterly-2026q4"
MARKS = some_marks()
OTHER = some_marks(content="e" * 32)
SAME_CONTENT_OTHER_FILES = some_marks(files="e" * 32)


@pytest.mark.parametrize(
    ("draft", "standing", "foreign", "decision", "code"),
    [
        (MARKS, [], False, Open, "new"),
        (MARKS, [], True, LeaveAlone, "foreign-commits"),
        (None, [], False, LeaveAlone, "up-to-date"),
        (MARKS, [a_proposal()], False, LeaveAlone, "unchanged"),
        (MARKS, [a_proposal()], True, LeaveAlone, "foreign-commits"),
        (OTHER, [a_proposal()], False, Update, "changed"),
        (SAME_CONTENT_OTHER_FILES, [a_proposal()], False, Update, "changed"),
        (OTHER, [a_proposal(marks=None)], False, LeaveAlone, "edited-block"),
        (None, [a_proposal()], False, Close, "obsolete"),
        (MARKS, [a_proposal(state=State.CLOSED)], False, LeaveAlone, "declined"),
        (SAME_CONTENT_OTHER_FILES, [a_proposal(state=State.CLOSED)], False, LeaveAlone, "declined"),
        (OTHER, [a_proposal(state=State.CLOSED)], False, Open, "new"),
        (MARKS, [a_proposal(state=State.CLOSED, marks=None)], False, Open, "new"),
        (MARKS, [a_proposal(state=State.MERGED)], False, Open, "new"),
        (MARKS, [a_proposal(branch="quarterdeck/manual")], False, Open, "new"),
        (OTHER, [a_proposal(2), a_proposal(1, state=State.CLOSED)], False, Update, "changed"),
    ],
)
def test_every_case_of_a_draft_has_its_decision_and_its_reason(
    draft: Marks | None,
    standing: list[Proposal],
    foreign: bool,
    decision: type,
    code: str,
) -> None:
    decided = publish.publication(draft, BRANCH, tuple(standing), foreign=foreign)
    assert isinstance(decided, decision)
    assert [reason.code for reason in decided.why] == [code]


def test_marks_name_what_changes_and_ignore_wording() -> None:
    reworded = a_pin_change(why=(a_reason("another wording"),))
    first = fingerprint.marks(a_rebuild(), a_change(), "c" * 40)
    assert fingerprint.marks(a_rebuild(), a_change(pins=(reworded,)), "c" * 40) == first
    assert fingerprint.marks(a_rebuild(), a_change(pins=(a_pin_change(new="4.2.31"),)), "c" * 40).content != first.content
    assert fingerprint.marks(a_rebuild(), a_change(images=(an_image_change(),)), "c" * 40).content != first.content
    assert fingerprint.marks(a_rebuild(trigger=Trigger.MANUAL), a_change(), "c" * 40).content != first.content


STAMP = "2026-11-24.0badcafe"


def test_the_date_of_a_stamp_alone_is_no_change() -> None:
    def made(value: str) -> Marks:
        text = f"FROM python:3.12-slim\nARG QUARTERDECK_STAMP={value}\nRUN apt-get upgrade\n"
        files = (FileText(path="Dockerfile", data=text.encode()), FileText(path="a.txt", data=STAMP.encode()))
        return fingerprint.marks(a_rebuild(), a_change(files=files, pins=(), stamps=(a_stamp_change(new=value),)), "c" * 40)

    assert made(STAMP) == made("2026-12-31.0badcafe")
    assert made(STAMP).content != made("2026-11-24.deadbeef").content
    assert made(STAMP).files != made("2026-11-24.deadbeef").files


@given(st.permutations(range(3)))
def test_the_order_of_what_changes_does_not_matter(order: list[int]) -> None:
    def made(numbers: list[int]) -> Marks:
        images = tuple(an_image_change(line=n, name=f"i{n}", retagged="x" * n) for n in numbers)
        stamps = tuple(a_stamp_change(line=n, name=f"i{n}") for n in numbers)
        files = tuple(FileText(path=f"{n}", data=b"x") for n in numbers)
        return fingerprint.marks(a_rebuild(), a_change(files=files, images=images, stamps=stamps), "c" * 40)

    assert made(order) == made([0, 1, 2])


def test_another_tag_of_the_same_digest_is_another_change() -> None:
    one, two = (a_change(images=(an_image_change(retagged=tag),)) for tag in ("", "python:3.12.9-slim"))
    assert fingerprint.marks(a_rebuild(), one, "x").content != fingerprint.marks(a_rebuild(), two, "x").content


def test_a_move_to_another_release_is_the_same_whatever_made_us_look() -> None:
    base = a_rebuild(branch="quarterdeck/base-python-3.12-slim", quarter="")
    found = [
        fingerprint.marks(replace(base, trigger=trigger), a_change(pins=(a_pin_change(why=(a_reason("w", code),)),)), "x").content
        for trigger, code in ((Trigger.SECURITY, "security"), (Trigger.QUARTERLY, "quarter-due"), (Trigger.MANUAL, "manual"))
    ]  # fmt: skip
    assert len(set(found)) == 1


def test_why_it_is_due_is_no_part_of_the_content() -> None:
    due = a_pin_change(why=(a_reason("due since", "quarter-due"),))
    assert (
        fingerprint.marks(a_rebuild(), a_change(pins=(due,)), "x").content
        == fingerprint.marks(a_rebuild(), a_change(), "x").content
    )


def test_a_change_of_files_alone_is_content_too() -> None:
    one, two = (a_change(pins=(), files=(FileText(path="a.txt", data=data),)) for data in (b"1", b"2"))
    assert fingerprint.marks(a_rebuild(), one, "x").content != fingerprint.marks(a_rebuild(), two, "x").content


def test_trailers_carry_the_marks_through_git() -> None:
    message = fingerprint.commit_message("Title", MARKS, "because")
    commit = CommitInfo(commit="e" * 40, parents=("c" * 40,), author="q@x", committer="q@x", message=message)
    assert fingerprint.marks_of(commit) == MARKS
    manual = replace(MARKS, trigger=Trigger.MANUAL, quarter="")
    assert fingerprint.marks_of(replace(commit, message=fingerprint.commit_message("T", manual, "w"))) == manual
    assert fingerprint.marks_of(replace(commit, message="Title")) is None
    assert fingerprint.marks_of(replace(commit, parents=())) is None
    assert fingerprint.marks_of(replace(commit, message=message.replace("quarterly", "nonsense"))) is None


def test_the_branch_of_a_proposal_stands_in_its_commit() -> None:
    def branch(message: str) -> str:
        return fingerprint.branch_of(CommitInfo(commit="e", parents=("c",), author="q", committer="q", message=message))

    base = "quarterdeck/base-debian-13"
    message = fingerprint.commit_message("Title", MARKS, "because", base)
    assert branch(message) == base
    assert message.splitlines()[-5:-2] == [
        "Quarterdeck-Trigger: quarterly", "Quarterdeck-Quarter: 2026q4", f"Quarterdeck-Branch: {base}",
    ]  # fmt: skip
    assert branch(fingerprint.commit_message("Title", MARKS, "because")) == ""
    assert branch("Title") == ""


def test_lines_that_only_look_like_a_trailer_are_none() -> None:
    message = fingerprint.commit_message("Title", MARKS, "Quarterdeck-shaped\nQuarterdeck-Branch", "quarterdeck/manual")
    commit = CommitInfo(commit="e", parents=("c" * 40,), author="q", committer="q", message=message)
    assert fingerprint.marks_of(commit) == MARKS
    assert fingerprint.branch_of(commit) == "quarterdeck/manual"


def test_a_tip_is_ours_only_with_our_address_and_our_trailer() -> None:
    message = fingerprint.commit_message("Title", MARKS, "because")
    ours = CommitInfo(commit="e", parents=("c",), author="q@x", committer="q@x", message=message)
    assert not fingerprint.is_foreign(None, "q@x")
    assert not fingerprint.is_foreign(ours, "q@x")
    assert fingerprint.is_foreign(replace(ours, author="p@x"), "q@x")
    assert fingerprint.is_foreign(replace(ours, committer="p@x"), "q@x")
    assert fingerprint.is_foreign(replace(ours, message="more"), "q@x")


def test_quarters_are_read_from_branches() -> None:
    proposals = (a_proposal(1, state=State.MERGED, branch="quarterdeck/quarterly-2026q3"), a_proposal(2),
                 a_proposal(3, branch="quarterdeck/manual"))  # fmt: skip
    assert publish.quarters(proposals, finished=True) == {"2026q3"}
    assert publish.quarters(proposals, finished=False) == {"2026q4"}


@given(st.sampled_from([MARKS, OTHER, None]), st.lists(st.sampled_from(list(State)), max_size=3), st.booleans())
def test_no_second_proposal_is_opened_beside_an_open_one(
    draft: Marks | None, states: list[State], foreign: bool
) -> None:
    standing = tuple(a_proposal(number, state=state) for number, state in enumerate(states, 1))
    decided = publish.publication(draft, BRANCH, standing, foreign=foreign)
    assert decided.why
    if State.OPEN in states:
        assert not isinstance(decided, Open)


def test_a_security_proposal_that_is_not_planned_any_more_is_left_over() -> None:
    security = a_proposal(1, branch=publish.SECURITY_BRANCH)
    others = (a_proposal(2), a_proposal(3, branch=publish.SECURITY_BRANCH, state=State.MERGED))
    assert publish.left_over((security, *others), ()) == (security,)
    assert publish.left_over((security, *others), {publish.SECURITY_BRANCH}) == ()


def test_what_we_closed_ourselves_was_declined_by_nobody() -> None:
    closed = a_proposal(7, state=State.CLOSED)
    branch = closed.branch
    assert isinstance(publish.publication(closed.marks, branch, (closed,), foreign=False), LeaveAlone)
    assert isinstance(publish.publication(closed.marks, branch, (closed,), foreign=False, withdrawn={7}), Open)
