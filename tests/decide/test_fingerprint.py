"""How a proposal is known again: its fingerprint, its commits, and what counts as a "no"."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.decide import fingerprint
from bot.model.change import FileText
from bot.model.contents import ChangeKind
from bot.model.policy import Trigger
from bot.model.proposal import Marks
from bot.model.repository import CommitInfo
from tests.builders import (
    a_change,
    a_pin_change,
    a_proposal,
    a_reason,
    a_rebuild,
    a_source_change,
    a_stamp_change,
    an_advisory,
    an_image_change,
    some_fixed,
    some_marks,
    some_remaining,
)

MARKS = some_marks()


def test_marks_name_what_changes_and_ignore_wording() -> None:
    reworded = a_pin_change(why=(a_reason("another wording"),))
    first = fingerprint.marks(a_rebuild(), a_change(), "c" * 40)
    assert fingerprint.marks(a_rebuild(), a_change(pins=(reworded,)), "c" * 40) == first
    assert (
        fingerprint.marks(a_rebuild(), a_change(pins=(a_pin_change(new="4.2.31"),)), "c" * 40).content != first.content
    )
    assert fingerprint.marks(a_rebuild(), a_change(images=(an_image_change(),)), "c" * 40).content != first.content
    assert fingerprint.marks(a_rebuild(trigger=Trigger.MANUAL), a_change(), "c" * 40).content != first.content


STAMP = "2026-11-24.0badcafe"


def test_the_date_of_a_stamp_alone_is_no_change() -> None:
    def made(value: str) -> Marks:
        text = f"FROM python:3.12-slim\nARG QUARTERDECK_STAMP={value}\nRUN apt-get upgrade\n"
        files = (FileText(path="Dockerfile", data=text.encode()), FileText(path="a.txt", data=STAMP.encode()))
        return fingerprint.marks(
            a_rebuild(), a_change(files=files, pins=(), stamps=(a_stamp_change(new=value),)), "c" * 40
        )

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
    assert message.splitlines()[-6:-3] == [
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


def test_an_earlier_commit_of_a_proposal_stands_for_nothing_by_itself() -> None:
    message = fingerprint.part_message("Relock requirements.txt", "because", "quarterdeck/security")
    part = CommitInfo(commit="e", parents=("c",), author="q@x", committer="q@x", message=message)
    assert fingerprint.marks_of(part) is None
    assert fingerprint.is_foreign(part, "q@x")


def test_a_branch_carries_a_draft_where_content_files_and_base_are_the_same() -> None:
    message = fingerprint.commit_message("Title", MARKS, "because")
    tip = CommitInfo(commit="e", parents=("another",), author="q@x", committer="q@x", message=message)
    assert fingerprint.carries(tip, replace(MARKS, history=("before",), rest="r", fixes=("A",)))
    assert not fingerprint.carries(tip, replace(MARKS, base="f" * 40))
    assert not fingerprint.carries(tip, replace(MARKS, files="f" * 32))
    assert not fingerprint.carries(None, MARKS)


def test_what_a_change_fixes_is_named_by_ids_and_by_the_update_where_there_is_none() -> None:
    named = a_source_change(kind=ChangeKind.SECURITY, advisories=(an_advisory("CVE-2026-2"),))
    bare = a_source_change("xz-utils", new="5.4.1-1", kind=ChangeKind.SECURITY_UNNAMED)
    data = a_source_change("tzdata", kind=ChangeKind.DATA)
    change = a_change(fixed=(some_fixed("PYSEC-2026-1"),), stamps=(a_stamp_change(named, bare, data),))
    assert fingerprint.fixes(change) == ("CVE-2026-2", "PYSEC-2026-1", "xz-utils 5.4.1-1")


def test_what_remains_is_no_part_of_the_content_but_of_what_is_told() -> None:
    one, two = (a_change(remaining=rows) for rows in ((), (some_remaining(),)))
    first, second = (fingerprint.marks(a_rebuild(), change, "x") for change in (one, two))
    assert (first.content, first.files) == (second.content, second.files)
    assert first.rest != second.rest


SECURITY = some_marks(trigger=Trigger.SECURITY, quarter="", fixes=("A", "B"))


@pytest.mark.parametrize(
    ("closed", "draft", "no"),
    [
        (MARKS, MARKS, True),
        (MARKS, some_marks(files="f" * 32), True),
        (MARKS, some_marks(content="f" * 32), False),
        (some_marks(withdrawn=True), MARKS, False),
        (None, MARKS, False),
        (SECURITY, replace(SECURITY, content="f"), True),  # another release that fixes the same
        (SECURITY, replace(SECURITY, content="f", fixes=("A",)), True),  # one advisory was withdrawn
        (SECURITY, replace(SECURITY, content="f", fixes=("A", "B", "C")), False),  # a new advisory
        (SECURITY, replace(SECURITY, content="f", fixes=()), False),
        (SECURITY, some_marks(content="f", fixes=("A",)), False),  # a quarter is another question
    ],
)
def test_a_no_is_to_a_content_or_to_everything_that_it_fixes(closed: Marks | None, draft: Marks, no: bool) -> None:
    assert fingerprint.is_no(closed, draft) is no


def test_history_grows_where_the_content_changes_and_forgets_the_oldest() -> None:
    standing = a_proposal(title="Quarterly rebuild: 2 packages", marks=some_marks(history=tuple("abcdefgh")))
    same = fingerprint.with_history(MARKS, standing, "2026-12-01")
    assert same.history == tuple("abcdefgh")
    grown = fingerprint.with_history(some_marks(content="f"), standing, "2026-12-01")
    assert grown.history == (*"bcdefgh", "until 2026-12-01: Quarterly rebuild: 2 packages")
    assert fingerprint.with_history(MARKS, a_proposal(marks=None), "2026-12-01") == MARKS
