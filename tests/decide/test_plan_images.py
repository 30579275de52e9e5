"""Plans about images: now or at the quarter, with this rebuild or apart, and never a second time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.decide import fingerprint, images, plan
from bot.decide.calendar import Due, NotDue
from bot.decide.plan import Situation, Wish
from bot.decide.relocks import Moves
from bot.model.contents import ChangeKind, ImageDiff
from bot.model.images import UpgradeLayer
from bot.model.observed import Difference, ImageState, Target
from bot.model.packages import OsRelease
from bot.model.plan import Deferred, NothingToDo, Plan, Rebuild, Relock, Repin, Retag, Stamp
from bot.model.policy import Freeze, Policy, Severity, Trigger
from bot.model.reasons import Reason
from tests.builders import (
    NEW,
    NOW,
    OLD,
    a_change,
    a_diff,
    a_lock,
    a_situation,
    a_snapshot,
    a_source_change,
    a_state,
    a_target,
    an_advisory,
    an_image,
    an_image_change,
    an_inspection,
    an_upgrade_layer,
    some_contents,
)  # fmt: skip

NEXT = datetime(2027, 1, 5, 9, tzinfo=UTC)
DONE = NotDue(quarter="2026q4", until=NEXT)
OPEN = frozenset({"2026q4"})
THIRD = "sha256:" + "3" * 64
CVE = a_source_change(advisories=(an_advisory(),))
LOW = a_source_change("zlib", advisories=(an_advisory("CVE-2026-2", Severity.LOW),))
BUG = a_source_change("perl", kind=ChangeKind.BUGFIX)
UNKNOWN = replace(BUG, kind=ChangeKind.UNKNOWN)
CALM = Policy(security_severity=Severity.HIGH)
FROZEN = Policy(freeze=(Freeze(start=(11, 20), end=(11, 30), reason="release week"),))
SECURITY = Wish(trigger=Trigger.SECURITY)
TRIXIE = some_contents(os=OsRelease(id="debian", version="13"))
DUE = Due(quarter="2026q4", since=None)
BASE = "quarterdeck/base-debian-13"
PYTHON = "quarterdeck/base-python-3.13"
SECURE = "quarterdeck/security"
QUARTER = "quarterdeck/quarterly-2026q4"


def situation(*states: ImageState, **fields: object) -> Situation:
    values = {"calendar": DONE, "snapshot": a_snapshot(images=tuple(state.use for state in states)), **fields}
    return a_situation(images=states, **values)


def rebuild(decided: Plan) -> Rebuild:
    assert isinstance(decided, Rebuild)
    return decided


def branches(decided: Plan) -> list[str]:
    whole = rebuild(decided)
    return [whole.branch, *(one.branch for one in whole.apart)]


@pytest.mark.parametrize("wish", [Wish(), SECURITY, Wish(only="images")])
def test_a_digest_that_fixes_something_is_taken_now(wish: Wish) -> None:
    decided = rebuild(plan.plan(wish, situation(a_state(diffs=(a_diff(CVE, BUG),)))))
    assert (decided.trigger, decided.branch, decided.quarter) == (Trigger.SECURITY, "quarterdeck/security", "")
    assert [reason.text for reason in decided.why] == ["the new python:3.12-slim fixes CVE-2026-1 in openssl"]
    assert [step.action for step in decided.steps] == [Repin(use=an_image(digest=OLD), digest=NEW)]


@pytest.mark.parametrize("wish", [Wish(only="locks"), Wish(trigger=Trigger.SECURITY, only="locks")])
def test_who_asks_for_locks_gets_no_image(wish: Wish) -> None:
    decided = plan.plan(wish, situation(a_state(diffs=(a_diff(CVE),))))
    assert isinstance(decided, Deferred)


@pytest.mark.parametrize(
    ("diffs", "policy", "why"),
    [
        ((a_diff(BUG),), Policy(), "nothing security-relevant changed in it"),
        ((a_diff(LOW),), CALM, "what it fixes (CVE-2026-2 in zlib) is below high"),
        ((a_diff(UNKNOWN),), Policy(), "what changed in it is not known to fix anything"),
        ((), Policy(), "what changed in it is not known to fix anything"),
        ((a_diff(BUG, new=some_contents(python="3.12.10")),), Policy(), "what changed in it is not known to fix anything"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("wish", [Wish(), SECURITY])
def test_any_other_digest_waits_for_the_quarter_with_its_date_and_its_reason(
    wish: Wish, diffs: tuple[ImageDiff, ...], policy: Policy, why: str
) -> None:
    decided = plan.plan(wish, situation(a_state(diffs=diffs), policy=policy))
    assert isinstance(decided, Deferred)
    assert decided.until == NEXT
    assert decided.why[0].text == f"python:3.12-slim moved; the new digest waits for the quarter: {why}"


def test_one_that_cannot_be_edited_says_so_and_each_image_is_told_once() -> None:
    stuck = an_image("3.11-slim", OLD, digest_span=None, obstacle="a folded scalar")
    states = (a_state(), a_state(an_image(digest=OLD, line=7)), a_state(stuck), a_state(an_image("x", NEW)))
    decided = plan.plan(SECURITY, situation(*states))
    assert [reason.text.partition("quarter: ")[2] for reason in decided.why] == [
        "it cannot be edited (a folded scalar)", "what changed in it is not known to fix anything",
    ]  # fmt: skip


@pytest.mark.parametrize("calendar", [DUE, replace(DONE, until=None)])
def test_a_security_look_while_a_quarter_is_due_leaves_the_rest_to_it_and_says_why(calendar: Due | NotDue) -> None:
    decided = plan.plan(SECURITY, situation(a_state(), calendar=calendar))
    assert isinstance(decided, NothingToDo)
    assert [reason.code for reason in decided.why] == ["nothing-urgent", "digest-waits"]
    assert decided.quarter == ""


def test_what_waits_for_a_platform_or_is_another_release_says_so() -> None:
    lacking = replace(a_target(NEW, a_diff(CVE)), missing=("linux/arm64",))
    states = (
        a_state(newest=lacking, settled=lacking), a_state(an_image("3.13", OLD), diffs=(a_diff(new=TRIXIE),)),
    )  # fmt: skip
    decided = plan.plan(SECURITY, situation(*states))
    assert [reason.text.partition("quarter: ")[2] for reason in decided.why] == [
        "it is not there for linux/arm64 yet", "it is another release of its OS or of Python, which stands apart then",
    ]  # fmt: skip


def test_a_security_rebuild_says_which_fix_is_not_there_for_a_platform() -> None:
    lacking = replace(a_target(NEW, a_diff(CVE)), missing=("linux/arm64",))
    plain = a_state(an_image("3.11", OLD), diffs=(a_diff(CVE),))
    decided = rebuild(plan.plan(SECURITY, situation(a_state(newest=lacking, settled=lacking), plain)))
    assert len(decided.steps) == 1
    assert [reason.code for reason in decided.waits] == ["platform-missing"]


def test_a_freeze_lets_security_pass_and_nothing_else() -> None:
    due = Due(quarter="2026q4", since=None)
    urgent = plan.plan(Wish(), situation(a_state(diffs=(a_diff(CVE),)), calendar=due, policy=FROZEN))
    assert branches(urgent) == ["quarterdeck/security"]
    assert isinstance(
        plan.plan(Wish(), situation(a_state(diffs=(a_diff(BUG),)), calendar=due, policy=FROZEN)), Deferred
    )


def test_a_quarter_that_is_due_brings_the_fixes_along_and_they_hurry_beside_it() -> None:
    at = situation(a_state(diffs=(a_diff(CVE),)), calendar=DUE)
    decided = rebuild(plan.plan(Wish(), at))
    assert branches(decided) == [QUARTER, SECURE]
    assert [one.trigger for one in decided.apart] == [Trigger.SECURITY]
    fix = decided.apart[0].steps[0].action
    assert fix in [step.action for step in decided.steps]
    assert branches(plan.plan(Wish(trigger=Trigger.QUARTERLY), at)) == [QUARTER]


@pytest.mark.parametrize("fields", [{"calendar": DUE}, {"open_quarters": OPEN}])
def test_a_quarter_of_nothing_but_fixes_has_no_security_rebuild_beside_it(fields: dict[str, object]) -> None:
    waiting = a_state(an_image(digest=OLD), diffs=(a_diff(CVE),), inspections=(an_inspection(CVE),))
    for wish, locks in ((Wish(only="images"), (a_lock(),)), (Wish(), ())):
        snapshot = a_snapshot(locks=locks, images=(waiting.use,), upgrades=(an_upgrade_layer(),))
        assert branches(plan.plan(wish, situation(waiting, snapshot=snapshot, **fields))) == [QUARTER]


def test_a_fix_that_a_quarter_brings_otherwise_hurries_beside_it() -> None:
    """The quarter takes another tag: what it does about one image is not what the fix does."""
    moving = a_state(
        an_image("3.12.1-slim", OLD), diffs=(a_diff(CVE),), retag=a_target(THIRD, a_diff(CVE), tag="3.12.9-slim")
    )
    decided = rebuild(plan.plan(Wish(only="images"), situation(moving, calendar=DUE)))
    assert branches(decided) == [QUARTER, SECURE]
    assert isinstance(decided.steps[0].action, Retag)
    assert isinstance(decided.apart[0].steps[0].action, Repin)


def test_a_quarter_that_leaves_one_of_several_fixes_apart_does_not_stand_for_all_of_them() -> None:
    plain = a_state(an_image("3.11", OLD), diffs=(a_diff(CVE),))
    apart = a_state(
        an_image("3.12.1-slim", OLD, path="b/Dockerfile"), diffs=(a_diff(CVE),),
        retag=a_target(THIRD, a_diff(CVE, new=some_contents(python="3.13.0")), tag="3.13.0-slim"),
    )  # fmt: skip
    decided = rebuild(plan.plan(Wish(only="images"), situation(plain, apart, calendar=DUE)))
    assert branches(decided) == [QUARTER, PYTHON, SECURE]
    assert [len(one.steps) for one in (decided, *decided.apart)] == [1, 1, 2]


def test_beside_a_quarter_that_waits_for_its_review_fixes_are_proposed_by_themselves() -> None:
    decided = plan.plan(Wish(), situation(a_state(diffs=(a_diff(CVE),)), open_quarters=OPEN))
    assert branches(decided) == [QUARTER, "quarterdeck/security"]
    assert [one.trigger for one in rebuild(decided).apart] == [Trigger.SECURITY]
    calm = plan.plan(Wish(), situation(a_state(diffs=(a_diff(BUG),)), open_quarters=OPEN))
    assert branches(calm) == [QUARTER]


def test_an_open_quarter_that_has_nothing_left_does_not_stand_before_a_fix() -> None:
    stuck = a_state(an_image(digest=NEW), inspections=(an_inspection(CVE),))
    layer = a_snapshot(locks=(), images=(stuck.use,), upgrades=(an_upgrade_layer(),))
    decided = plan.plan(Wish(), situation(stuck, snapshot=layer, open_quarters=OPEN))
    assert branches(decided) == [QUARTER]
    assert [type(step.action) for step in rebuild(decided).steps] == [Stamp]
    calm = plan.plan(Wish(only="images"), situation(a_state(), open_quarters=OPEN))
    assert branches(calm) == [QUARTER]


OTHER = a_state(diffs=(a_diff(CVE, new=TRIXIE),))


@pytest.mark.parametrize(
    ("wish", "fields", "found"),
    [
        (Wish(), {}, [BASE]),
        (SECURITY, {}, [BASE]),
        (Wish(trigger=Trigger.MANUAL), {}, ["quarterdeck/manual", BASE]),
        (Wish(trigger=Trigger.MANUAL, only="images"), {}, [BASE]),
        (Wish(), {"open_quarters": OPEN}, [QUARTER, BASE]),
        (Wish(only="images"), {"open_quarters": OPEN}, [BASE]),
        (Wish(), {"calendar": Due(quarter="2026q4", since=None)}, [QUARTER, BASE]),
    ],
)
def test_another_release_has_one_proposal_of_its_own_whatever_the_trigger(
    wish: Wish, fields: dict[str, object], found: list[str]
) -> None:
    decided = rebuild(plan.plan(wish, situation(OTHER, **fields)))
    assert branches(decided) == found
    (base,) = (one for one in (decided, *decided.apart) if one.branch == BASE)
    assert [reason.code for reason in base.why] == ["os-release", "fixes"]


def test_what_stands_apart_is_the_same_proposal_whatever_made_us_look() -> None:
    due = plan.plan(Wish(only="images"), situation(OTHER, calendar=Due(quarter="2026q4", since=None)))
    found = [rebuild(one) for one in (plan.plan(SECURITY, situation(OTHER)), due)]
    changes = [a_change(pins=(), images=(an_image_change(why=one.steps[0].why),)) for one in found]
    marks = [fingerprint.marks(one, change, "c" * 40) for one, change in zip(found, changes, strict=True)]
    assert (marks[0].content, marks[0].files) == (marks[1].content, marks[1].files)
    assert [one.trigger for one in found] == [Trigger.SECURITY, Trigger.QUARTERLY]


@pytest.mark.parametrize("wish", [Wish(), SECURITY, Wish(only="images")])
@pytest.mark.parametrize("fields", [{}, {"calendar": DUE}, {"open_quarters": OPEN}])
def test_what_leads_to_the_same_release_stands_together_whether_urgent_or_not(
    wish: Wish, fields: dict[str, object]
) -> None:
    calm = a_state(an_image("3.12", OLD, line=5), diffs=(a_diff(UNKNOWN, new=TRIXIE),))
    decided = rebuild(plan.plan(wish, situation(OTHER, calm, **fields)))
    (base,) = (one for one in (decided, *decided.apart) if one.branch == BASE)
    assert [step.action for step in base.steps] == [
        Repin(use=OTHER.use, digest=NEW), Repin(use=calm.use, digest=NEW),
    ]  # fmt: skip


def test_a_move_to_another_release_that_nothing_hurries_waits_for_the_quarter() -> None:
    calm = a_state(diffs=(a_diff(UNKNOWN, new=TRIXIE),))
    assert isinstance(plan.plan(SECURITY, situation(calm)), Deferred)
    waiting = a_state(an_image("3.12", OLD), diffs=(a_diff(UNKNOWN, new=TRIXIE),), inspections=(an_inspection(CVE),))
    snapshot = a_snapshot(images=(waiting.use,), upgrades=(an_upgrade_layer(),))
    decided = rebuild(plan.plan(SECURITY, situation(waiting, snapshot=snapshot)))
    assert branches(decided) == [SECURE]
    assert [type(step.action) for step in decided.steps] == [Stamp]


def test_urgent_moves_to_several_releases_are_all_proposed() -> None:
    second = a_state(an_image("3.12", OLD), diffs=(a_diff(CVE, new=some_contents(python="3.13.0")),))
    plain = a_state(an_image("3.11", OLD), diffs=(a_diff(CVE),))
    assert branches(plan.plan(SECURITY, situation(OTHER, second, plain))) == [
        SECURE, BASE, PYTHON,
    ]  # fmt: skip
    assert branches(plan.plan(SECURITY, situation(OTHER, second))) == [BASE, PYTHON]
    assert branches(plan.plan(Wish(only="images"), situation(OTHER, second, open_quarters=OPEN))) == [BASE, PYTHON]


def test_a_quarterly_rebuild_of_nothing_but_a_digest_that_settles_waits_for_that() -> None:
    ripe = NOW + timedelta(hours=5)
    young = a_state(settled=None, ripe=ripe)
    due = Due(quarter="2026q4", since=None)
    decided = plan.plan(Wish(only="images"), situation(young, calendar=due))
    assert isinstance(decided, Deferred)
    assert decided.until == ripe
    assert [reason.code for reason in decided.why] == ["never-rebuilt", "digest-settles"]
    with_locks = rebuild(plan.plan(Wish(), situation(young, calendar=due)))
    assert [reason.code for reason in with_locks.waits] == ["digest-settles"]
    assert all(isinstance(step.action, Relock) for step in with_locks.steps)


def test_where_one_settles_and_another_will_never_be_taken_the_date_is_that_of_the_one_that_settles() -> None:
    ripe = NOW + timedelta(hours=5)
    lacking = replace(a_target(), missing=("linux/arm64",))
    states = (
        a_state(settled=None, ripe=ripe),
        a_state(an_image("3.11", OLD), newest=lacking, settled=lacking, ripe=NOW - timedelta(days=3)),
    )
    decided = plan.plan(Wish(only="images"), situation(*states, calendar=DUE))
    assert isinstance(decided, Deferred)
    assert decided.until == ripe


TAGS = Reason(code="tags-unread", subject="python:3.12-slim", text="whether it has a newer tag was not asked now")
YOUNG = Reason(code="retag-settles", subject="python:3.12-slim", text="it is too new to be taken")
STILL = an_image(digest=NEW)


@pytest.mark.parametrize(
    ("one", "told"),
    [
        (a_state(STILL, notes=(TAGS,)), [TAGS.text]),
        (a_state(STILL, notes=(TAGS,), silent="down"), [TAGS.text]),
        (a_state(STILL, notes=(YOUNG,)), [YOUNG.text]),
        (a_state(STILL, silent="down"), ["what python:3.12-slim points to now is not known"]),
        (a_state(newest=replace(a_target(), missing=("linux/arm64",))),
         ["the newest image of python:3.12-slim is not there for linux/arm64; it is taken once it is"]),
        (a_state(newest=replace(a_target(), older=True)),
         ["python:3.12-slim points to an image that is older than the one pinned; nothing goes back without you"]),
        (a_state(settled=None), ["the newest image of python:3.12-slim has not stood for 6 hours yet"]),
    ],
)  # fmt: skip
def test_a_quarter_that_was_not_looked_at_to_its_end_is_not_settled(one: ImageState, told: list[str]) -> None:
    one = replace(one, settled=one.newest if one.settled else None)
    decided = plan.plan(Wish(), situation(one, snapshot=a_snapshot(locks=(), images=(one.use,)), calendar=DUE))
    assert isinstance(decided, NothingToDo)
    assert decided.quarter == ""
    assert [reason.text for reason in decided.why[1:]] == told


def test_a_quarter_with_a_mention_that_was_not_heard_is_not_settled_and_says_which() -> None:
    uses = (
        STILL,
        an_image("3.11"),
        an_image("3.11", line=9),
        replace(an_image("x"), name=replace(STILL.name, tag=None)),
    )
    snapshot = a_snapshot(locks=(), images=uses)
    decided = plan.plan(Wish(), situation(a_state(STILL), snapshot=snapshot, calendar=DUE))
    assert isinstance(decided, NothingToDo)
    assert decided.quarter == ""
    assert [reason.text for reason in decided.why[1:]] == ["what python:3.11 points to now is not known"]


@pytest.mark.parametrize("notes", [(), (Reason(code="retag-by-hand", subject="x", text="it stays"),)])
def test_a_quarter_that_was_looked_at_to_its_end_is_settled(notes: tuple[Reason, ...]) -> None:
    still = a_state(STILL, notes=notes)
    decided = plan.plan(Wish(), situation(still, snapshot=a_snapshot(locks=(), images=(STILL,)), calendar=DUE))
    assert isinstance(decided, NothingToDo)
    assert decided.quarter == "2026q4"
    assert decided.why[1].text == "every image is at its newest digest"


def test_what_waits_in_the_archive_is_stamped_at_once_where_it_is_urgent() -> None:
    waiting = a_state(an_image(digest=NEW), inspections=(an_inspection(CVE),))
    snapshot = a_snapshot(images=(waiting.use,), upgrades=(an_upgrade_layer(),))
    decided = rebuild(plan.plan(Wish(), situation(waiting, snapshot=snapshot)))
    assert decided.branch == "quarterdeck/security"
    assert [reason.code for reason in decided.why] == ["archive-ahead"]
    assert isinstance(decided.steps[0].action, Stamp)


# ---- properties: any states, any wish

SOURCES = st.lists(st.sampled_from([CVE, LOW, BUG, UNKNOWN]), max_size=3, unique=True).map(tuple)
INSIDE = st.sampled_from([
    some_contents(), some_contents(python="3.13.0"), TRIXIE, some_contents(unreadable=("truncated",)),
    some_contents(format=None, os=None),
])  # fmt: skip
DIFFS = st.lists(st.builds(lambda rows, new: a_diff(*rows, new=new), SOURCES, INSIDE), max_size=2).map(tuple)
USES = st.builds(
    lambda tag, digest, path, editable: an_image(tag, digest, path=path, **({} if editable else {"digest_span": None})),
    st.sampled_from(["3.12-slim", "3.12.1-slim"]), st.sampled_from([OLD, NEW, None]), st.sampled_from(["Dockerfile", "b/Dockerfile"]),
    st.sampled_from([True, True, True, False]),
)  # fmt: skip


@st.composite
def targets(draw: st.DrawFn, digest: str, diffs: tuple[ImageDiff, ...], tag: str | None = None) -> Target:
    more: dict[str, Any] = {
        "blind": draw(st.booleans()), "older": draw(st.booleans()),
        "missing": draw(st.sampled_from([(), (), ("linux/arm64",)])),
    }  # fmt: skip
    return a_target(digest, *diffs, tag=tag, **more)


@st.composite
def any_state(draw: st.DrawFn) -> ImageState:
    use, diffs = draw(USES), draw(DIFFS)
    pinned = use.name.digest
    newest = draw(targets(NEW, diffs if pinned == OLD else ()))
    settled = draw(st.sampled_from([None, newest, draw(targets(THIRD, draw(DIFFS) if pinned else ()))]))
    retag = (
        draw(targets(THIRD, draw(DIFFS), tag="3.12.9-slim"))
        if use.name.tag == "3.12.1-slim" and draw(st.booleans())
        else None
    )
    return a_state(
        use, newest=newest, settled=settled, ripe=draw(st.sampled_from([None, NOW + timedelta(hours=1)])), retag=retag,
        inspections=(an_inspection(*draw(SOURCES)),), notes=draw(st.sampled_from([(), (), (TAGS,), (YOUNG,)])),
        silent=draw(st.sampled_from(["", "", "down"])),
    )  # fmt: skip


@st.composite
def any_situation(draw: st.DrawFn) -> Situation:
    states = draw(st.lists(any_state(), max_size=3, unique_by=lambda state: state.use.path).map(tuple))
    layers = tuple(an_upgrade_layer(path=state.use.path) for state in states if draw(st.booleans()))
    return situation(
        *states,
        calendar=draw(st.sampled_from([DONE, replace(DONE, until=None), Due(quarter="2026q4", since=None)])),
        open_quarters=draw(st.sampled_from([frozenset(), OPEN])),
        snapshot=a_snapshot(images=tuple(state.use for state in states), upgrades=layers),
        policy=Policy(
            security_severity=draw(st.sampled_from(list(Severity))),
            pin_digests=draw(st.booleans()),
            add_upgrade_layer=draw(st.booleans()),
            freeze=draw(st.sampled_from([(), FROZEN.freeze])),
        ),
    )


WISHES = st.builds(
    lambda trigger, only, packages: Wish(trigger=trigger, only=only, moves=Moves(packages=packages)),
    st.sampled_from(list(Trigger)), st.sampled_from([None, "locks", "images"]), st.sampled_from([(), (), ("django",)]),
)  # fmt: skip


@given(WISHES, any_situation())
def test_every_plan_and_every_step_has_reasons_and_every_branch_is_its_own(wish: Wish, at: Situation) -> None:
    decided = plan.plan(wish, at)
    assert decided.why
    assert all(reason.text for reason in decided.why)
    if isinstance(decided, Rebuild):
        whole = [decided, *decided.apart]
        assert all(one.steps and one.why and (one is decided or not one.apart) for one in whole)
        assert all(step.why for one in whole for step in one.steps)
        assert len({one.branch for one in whole}) == len(whole)


@given(any_situation())
def test_no_release_changes_silently(at: Situation) -> None:
    for trigger in Trigger:
        decided = plan.plan(Wish(trigger=trigger), at)
        for one in (decided, *decided.apart) if isinstance(decided, Rebuild) else ():
            moved = [reason.code for step in one.steps for reason in step.why if reason.code in images.APART]
            assert bool(moved) is one.branch.startswith(images.APART_BRANCH)


@given(any_situation())
def test_a_security_rebuild_takes_nothing_but_fixes_and_what_leads_to_the_same_release(at: Situation) -> None:
    decided = plan.plan(SECURITY, at)
    for one in (decided, *decided.apart) if isinstance(decided, Rebuild) else ():
        fixing = [bool({"fixes", "archive-ahead"} & {reason.code for reason in step.why}) for step in one.steps]
        assert any(fixing) if one.branch.startswith(images.APART_BRANCH) else all(fixing)


@given(WISHES, any_situation())
def test_no_image_is_taken_that_is_not_there_for_a_platform_and_none_goes_back_by_itself(
    wish: Wish, at: Situation
) -> None:
    decided = plan.plan(wish, at)
    states = {state.use: state for state in at.images}
    for one in (decided, *decided.apart) if isinstance(decided, Rebuild) else ():
        for step in one.steps:
            if isinstance(step.action, Repin | Retag):
                state, codes = states[step.action.use], {reason.code for reason in step.why}
                tag = step.action.tag if isinstance(step.action, Retag) else None
                found = [target for target in (state.newest, state.settled, state.retag) if target]
                (*_, target) = (row for row in found if row.tag == tag and step.action.digest in {row.digest, None})
                assert not target.missing
                pinned = state.use.name.digest is not None or tag is not None
                assert not (target.older and pinned) or "older-image" in codes
                goes_back = target.older and pinned and tag is None and one.trigger is not Trigger.MANUAL
                assert not goes_back or "fixes" in codes


@given(any_situation())
def test_a_quarter_is_settled_only_where_nothing_is_left_open(at: Situation) -> None:
    decided = plan.plan(Wish(only=None), at)
    if isinstance(decided, NothingToDo) and decided.quarter:
        assert not any(state.silent or state.notes for state in at.images)


@given(st.sampled_from([None, *Trigger]), any_situation())
def test_planning_after_applying_comes_to_an_end(trigger: Trigger | None, at: Situation) -> None:
    """A tag may move after a fix of its digest that the new tag lacks, so a second time; never a third."""
    wish = Wish(trigger=trigger or Trigger.AUTO, only="images")
    decided = plan.plan(wish, at)
    once = applied(decided, at)
    again = plan.plan(wish, once)
    if isinstance(again, Rebuild):
        steps = [step.action for one in (again, *again.apart) for step in one.steps]
        assert all(isinstance(action, Retag) for action in steps), again
        assert not isinstance(plan.plan(wish, applied(again, once)), Rebuild)


def applied(decided: Plan, at: Situation) -> Situation:
    """Give the situation after everything was merged; a digest that was taken is the pin, a stamp stands in its file."""
    if not isinstance(decided, Rebuild):
        return replace(at, images=(), snapshot=replace(at.snapshot, images=()))
    states = {state.use: state for state in at.images}
    layers = {(layer.path, layer.line): layer for layer in at.snapshot.upgrades}
    for step in (step for one in (decided, *decided.apart) for step in one.steps):
        match step.action:
            case Repin(use=use, digest=digest):
                states[use] = pinned(states[use], digest)
            case Retag(use=use, tag=tag, digest=digest):
                states[use] = retagged(states[use], tag, digest)
            case Stamp(use=use, line=line, manager=manager, value=value, insert=insert):
                place = line + 1 if insert else line
                layers[use.path, place] = UpgradeLayer(
                    path=use.path, base_line=use.line, line=place, manager=manager, stamp=value
                )  # fmt: skip
            case _:
                raise AssertionError
    uses = tuple(state.use for state in states.values())
    snapshot = replace(at.snapshot, images=uses, upgrades=tuple(layers.values()))
    return replace(at, images=tuple(states.values()), snapshot=snapshot)


def pinned(state: ImageState, digest: str) -> ImageState:
    use = replace(state.use, name=replace(state.use.name, digest=digest))
    moved = digest != state.newest.digest
    newest = state.newest if moved else Target(digest=digest)
    retag = replace(state.retag, differences=()) if state.retag else None
    return replace(state, use=use, moved=moved, newest=newest, settled=None if moved else newest, retag=retag)


def retagged(state: ImageState, tag: str, digest: str | None) -> ImageState:
    use = replace(state.use, name=replace(state.use.name, tag=tag, digest=digest))
    target = Target(digest=digest or THIRD, differences=())
    return replace(state, use=use, moved=False, newest=target, settled=target, retag=None)


def test_a_difference_is_by_platform() -> None:
    both = Target(digest=NEW, differences=(Difference(diff=a_diff(BUG)), Difference(diff=a_diff(CVE))))
    assert branches(plan.plan(SECURITY, situation(a_state(newest=both)))) == ["quarterdeck/security"]


@pytest.mark.parametrize(
    ("fields", "calm"),
    [
        ({}, True), ({"moved": True}, False), ({"silent": "down"}, False),
        ({"inspections": (an_inspection(unreadable=("the archive does not answer",)),)}, False),
        ({"inspections": (an_inspection(contents=some_contents(format=None), unreadable=("no database",)),)}, True),
    ],
)  # fmt: skip
def test_only_where_everything_was_heard_nothing_is_urgent_for_certain(fields: dict[str, Any], calm: bool) -> None:
    state = a_state(**{"moved": False, **fields})
    assert plan.calm(a_snapshot(images=(state.use,)), (state,)) is calm
