"""What happens to a draft: the whole table of a proposal's life."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Any, NamedTuple

import pytest

from bot.decide import publish
from bot.decide.publish import Circumstances
from bot.model.policy import Trigger
from bot.model.proposal import Close, LeaveAlone, Marks, Open, Proposal, Publication, State, Update, Wait
from tests.builders import NOW, a_proposal, some_marks

BRANCH = "quarterdeck/quarterly-2026q4"
MARKS = some_marks()
DRAFTS: dict[str, Marks | None] = {
    "none": None,
    "same": MARKS,
    "files": replace(MARKS, files="f" * 32),
    "told": replace(MARKS, rest="r" * 32),
    "other": replace(MARKS, content="f" * 32),
    "urgent": replace(MARKS, content="f" * 32, trigger=Trigger.SECURITY, quarter="", fixes=("A",)),
}
STANDING: dict[str, tuple[Proposal, ...]] = {
    "nothing": (),
    "open": (a_proposal(3), a_proposal(1, state=State.CLOSED)),
    "edited": (a_proposal(3, marks=None),),
    "reopened": (a_proposal(3, marks=replace(MARKS, withdrawn=True)),),
    "declined": (a_proposal(3, state=State.CLOSED),),
    "withdrawn": (a_proposal(3, state=State.CLOSED, marks=replace(MARKS, withdrawn=True)),),
    "merged": (a_proposal(3, state=State.MERGED),),
    "elsewhere": (a_proposal(3, branch="quarterdeck/manual"),),
}
OPEN_STATES = ("open", "edited", "reopened")
FLAGS = ("", "foreign", "conflicts", "rebase", "recreate", "full", "stuck")


class Row(NamedTuple):
    """What happens in some cases: words are alternatives, `*` stands for all; the first row that fits holds."""

    standing: str
    draft: str
    flag: str
    does: type
    code: str
    push: bool | None = None


TABLE = (
    # somebody else's branch is somebody else's, unless they ask for it
    Row("open edited reopened", "*", "foreign", LeaveAlone, "foreign-commits"),
    Row("nothing declined withdrawn merged elsewhere", "same files told other urgent", "foreign", LeaveAlone, "foreign-commits"),
    Row("edited", "none", "recreate", Close, "obsolete"),
    Row("edited", "same files told other urgent", "recreate", Update, "asked", True),
    Row("edited", "*", "*", LeaveAlone, "edited-block"),
    # nothing is left to do
    Row("open reopened", "none", "stuck", LeaveAlone, "stuck"),
    Row("open", "none", "*", Close, "obsolete"),
    Row("reopened", "none", "*", LeaveAlone, "reopened"),
    Row("nothing declined withdrawn merged elsewhere", "none", "stuck", LeaveAlone, "stuck"),
    Row("nothing declined withdrawn merged elsewhere", "none", "*", LeaveAlone, "up-to-date"),
    # one stands, and there is something to do
    Row("open reopened", "*", "rebase recreate", Update, "asked", True),
    Row("open reopened", "same told", "conflicts", Update, "conflicts", True),
    Row("reopened", "same told", "*", Update, "reopened", False),
    Row("open", "told", "*", Update, "retold", False),
    Row("open", "same", "*", LeaveAlone, "unchanged"),
    Row("open reopened", "files other urgent", "*", Update, "changed", True),
    # none stands
    Row("declined", "same files told", "rebase recreate", Open, "new"),
    Row("declined", "same files told", "*", LeaveAlone, "declined"),
    Row("nothing declined withdrawn merged elsewhere", "same files told other", "full", Wait, "too-many-open"),
    Row("elsewhere", "files", "*", Open, "new"),
    Row("elsewhere", "*", "rebase recreate", Open, "new"),
    Row("elsewhere", "*", "*", LeaveAlone, "twin"),
    Row("nothing declined withdrawn merged elsewhere", "*", "*", Open, "new"),
)  # fmt: skip


def fits(row: Row, case: tuple[str, str, str]) -> bool:
    return all(words == "*" or word in words.split(" ") for words, word in zip(row[:3], case, strict=True))


def cases() -> Iterator[tuple[str, str, str]]:
    yield from product(STANDING, DRAFTS, FLAGS)


def circumstances(flag: str) -> Circumstances:
    known: dict[str, dict[str, Any]] = {
        "foreign": {"foreign": True}, "conflicts": {"conflicts": True}, "rebase": {"asked": "rebase"},
        "recreate": {"asked": "recreate"}, "full": {"others": 2, "most": 2, "again": NOW}, "stuck": {"stuck": "it does not resolve"},
    }  # fmt: skip
    return Circumstances(**known.get(flag, {}))


def decided(case: tuple[str, str, str]) -> Publication:
    standing, draft, flag = case
    return publish.publication(DRAFTS[draft], BRANCH, STANDING[standing], circumstances(flag))


@pytest.mark.parametrize("case", list(cases()), ids="-".join)
def test_every_case_has_its_decision_and_its_reason(case: tuple[str, str, str]) -> None:
    row = next(row for row in TABLE if fits(row, case))
    found = decided(case)
    assert (type(found), [reason.code for reason in found.why]) == (row.does, [row.code])
    if isinstance(found, Update):
        assert found.push is row.push


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row.standing}-{row.draft}-{row.flag}")
def test_every_row_of_the_table_is_of_use(row: Row) -> None:
    assert any(next(one for one in TABLE if fits(one, case)) is row for case in cases())


def test_no_second_proposal_is_ever_opened_beside_an_open_one() -> None:
    assert not [case for case in cases() if case[0] in OPEN_STATES and isinstance(decided(case), Open | Wait)]


def test_people_are_told_what_would_have_changed_only_where_something_would() -> None:
    told = {case for case in cases() if isinstance(found := decided(case), LeaveAlone) and found.tell}
    foreign = {(one, draft, "foreign") for one in OPEN_STATES for draft in DRAFTS} - {
        (one, draft, "foreign") for one in ("open", "reopened") for draft in ("same", "told")
    }
    closed = {("declined", draft, "foreign") for draft in ("other", "urgent")} | {
        ("withdrawn", draft, "foreign") for draft in DRAFTS if draft != "none"
    }
    edited = {
        ("edited", draft, flag) for draft in DRAFTS for flag in FLAGS if flag not in {"foreign", "recreate", "stuck"}
    }
    assert told == foreign | closed | edited


def test_a_proposal_does_not_become_less_while_not_everybody_was_heard() -> None:
    fixes = replace(DRAFTS["urgent"] or MARKS, fixes=("A", "B"))
    standing = a_proposal(3, branch=publish.SECURITY_BRANCH, marks=fixes)
    for silent, does in (("the index does not answer", LeaveAlone), ("", Update)):
        less = replace(fixes, fixes=("A",), content="e" * 32)
        found = publish.publication(less, publish.SECURITY_BRANCH, (standing,), Circumstances(unsure=silent))
        assert isinstance(found, does)
    more = replace(fixes, fixes=("A", "C"), content="e" * 32)
    unsure = Circumstances(unsure="the index does not answer")
    assert isinstance(publish.publication(more, publish.SECURITY_BRANCH, (standing,), unsure), Update)


def test_recreate_takes_a_branch_back_that_carries_others_commits() -> None:
    around = Circumstances(foreign=True, asked="recreate")
    found = publish.publication(MARKS, BRANCH, STANDING["open"], around)
    assert isinstance(found, Update)
    assert found.push


def test_a_security_rebuild_passes_the_limit_and_what_waits_says_when_it_is_looked_at_again() -> None:
    assert isinstance(decided(("nothing", "urgent", "full")), Wait | Open)
    full = Circumstances(others=2, most=2, again=NOW)
    assert isinstance(publish.publication(DRAFTS["urgent"], publish.SECURITY_BRANCH, (), full), Open)
    waits = publish.publication(MARKS, BRANCH, (), full)
    assert isinstance(waits, Wait)
    assert waits.until == NOW


def test_what_became_of_the_reason_is_said_where_it_is_known() -> None:
    found = publish.publication(None, BRANCH, STANDING["open"], Circumstances(gone="2026q4 is over"))
    assert isinstance(found, Close)
    assert found.why[0].text == "2026q4 is over"


def test_quarters_are_read_from_branches() -> None:
    proposals = (a_proposal(1, state=State.MERGED, branch="quarterdeck/quarterly-2026q3"), a_proposal(2),
                 a_proposal(3, branch="quarterdeck/manual"))  # fmt: skip
    assert publish.quarters(proposals, finished=True) == {"2026q3"}
    assert publish.quarters(proposals, finished=False) == {"2026q4"}


@pytest.mark.parametrize(
    ("branch", "planned", "broad", "over"),
    [
        ("quarterdeck/security", set(), False, True),
        ("quarterdeck/security", {"quarterdeck/security"}, False, False),
        ("quarterdeck/quarterly-2026q3", {"quarterdeck/quarterly-2026q4"}, False, True),
        ("quarterdeck/quarterly-2026q3", {"quarterdeck/security"}, False, False),
        ("quarterdeck/quarterly-2026q4", {"quarterdeck/quarterly-2026q4"}, False, False),
        ("quarterdeck/base-debian-13", set(), True, True),
        ("quarterdeck/base-debian-13", set(), False, False),
        ("quarterdeck/manual", set(), True, False),
    ],
)
def test_a_proposal_whose_reason_is_gone_is_left_over(branch: str, planned: set[str], broad: bool, over: bool) -> None:
    standing = a_proposal(1, branch=branch)
    merged = a_proposal(2, branch=branch, state=State.MERGED)
    assert publish.left_over((standing, merged), planned, broad=broad) == ((standing,) if over else ())


def test_open_security_proposals_do_not_count_against_the_limit() -> None:
    proposals = (a_proposal(1), a_proposal(2, branch=publish.SECURITY_BRANCH), a_proposal(3, branch="quarterdeck/manual"),
                 a_proposal(4, branch="quarterdeck/base-x", state=State.CLOSED))  # fmt: skip
    assert publish.others_open(proposals, BRANCH) == 1
    assert publish.others_open(proposals, "quarterdeck/base-y") == 2
