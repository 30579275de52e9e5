"""Plans: rebuild, wait, or nothing."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.decide import plan, relocks
from bot.decide.calendar import Due, NotDue
from bot.decide.plan import Wish
from bot.decide.relocks import Moves
from bot.model.findings import Unreadable
from bot.model.locks import Lock
from bot.model.plan import Deferred, NothingToDo, Rebuild, Relock, Repin, UpgradeAll, UpgradeOnly
from bot.model.policy import Freeze, Policy, Trigger
from tests.builders import NEW, NOW, OLD, a_lock, a_pin, a_situation, a_snapshot, a_state, an_image

NEXT = datetime(2027, 1, 5, 9, tzinfo=UTC)
DONE = NotDue(quarter="2026q4", until=NEXT)
PINNED = an_image(digest=OLD)
MOVED = a_state(PINNED)


def _rebuild(decided: object) -> Rebuild:
    assert isinstance(decided, Rebuild)
    return decided


def test_a_repository_that_was_never_rebuilt_is_due_and_its_whole_lock_may_move() -> None:
    decided = _rebuild(plan.plan(Wish(), a_situation()))
    assert (decided.trigger, decided.branch, decided.quarter) == (
        Trigger.QUARTERLY, "quarterdeck/quarterly-2026q4", "2026q4",
    )  # fmt: skip
    action = decided.steps[0].action
    assert isinstance(action, Relock)
    assert action.movement == UpgradeAll()
    assert action.uploaded_before == datetime(2026, 11, 17, tzinfo=UTC)


def test_a_due_date_is_named() -> None:
    decided = plan.plan(Wish(), a_situation(calendar=Due(quarter="2026q4", since=NOW)))
    assert decided.why[0].text == "the rebuild of 2026q4 is due since 2026-11-24"


def test_nothing_is_done_when_the_quarter_is_done() -> None:
    decided = plan.plan(Wish(), a_situation(calendar=DONE))
    assert isinstance(decided, NothingToDo)
    assert decided.why[0].text == "the rebuild of 2026q4 is done; the next one falls on 2027-01-05 09:00 UTC"


def test_a_quarterly_trigger_does_not_repeat_a_quarter_that_is_done() -> None:
    assert isinstance(plan.plan(Wish(trigger=Trigger.QUARTERLY), a_situation(calendar=DONE)), NothingToDo)


def test_an_open_quarter_is_kept_current() -> None:
    decided = _rebuild(plan.plan(Wish(), a_situation(calendar=DONE, open_quarters=frozenset({"2026q4"}))))
    assert decided.branch == "quarterdeck/quarterly-2026q4"
    assert decided.why[0].code == "quarter-open"


def test_a_moved_digest_waits_for_the_quarter() -> None:
    snapshot = a_snapshot(images=(PINNED,))
    situation = a_situation(snapshot=snapshot, images=(MOVED,), calendar=DONE)
    decided = plan.plan(Wish(), situation)
    assert isinstance(decided, Deferred)
    assert decided.until == NEXT
    last = replace(DONE, until=None)
    assert isinstance(plan.plan(Wish(), replace(situation, calendar=last)), NothingToDo)


def test_a_freeze_postpones_the_quarter_and_a_person_may_pass_it() -> None:
    policy = Policy(freeze=(Freeze(start=(11, 20), end=(11, 30), reason="release week"),))
    decided = plan.plan(Wish(), a_situation(policy=policy))
    assert isinstance(decided, Deferred)
    assert decided.until == datetime(2026, 12, 1, tzinfo=UTC)
    assert isinstance(plan.plan(Wish(trigger=Trigger.QUARTERLY), a_situation(policy=policy)), Rebuild)


def test_manual_upgrades_everything_now_without_cooldown() -> None:
    decided = _rebuild(plan.plan(Wish(trigger=Trigger.MANUAL), a_situation(calendar=DONE)))
    assert (decided.branch, decided.quarter) == ("quarterdeck/manual", "")
    action = decided.steps[0].action
    assert isinstance(action, Relock)
    assert action.uploaded_before is None


def test_no_cooldown_means_no_cutoff() -> None:
    decided = _rebuild(plan.plan(Wish(), a_situation(policy=Policy(cooldown=timedelta()))))
    action = decided.steps[0].action
    assert isinstance(action, Relock)
    assert action.uploaded_before is None


def test_named_packages_move_alone_and_now() -> None:
    locks = (a_lock("a.txt"), a_lock("b.txt", pins=(a_pin("flask"),)))
    wish = Wish(moves=Moves(packages=("django",)))
    decided = _rebuild(plan.plan(wish, a_situation(snapshot=a_snapshot(locks=locks, images=(PINNED,)), calendar=DONE)))
    assert [step.action.lock.path for step in decided.steps if isinstance(step.action, Relock)] == ["a.txt"]
    assert [step.action.movement for step in decided.steps if isinstance(step.action, Relock)] == [
        UpgradeOnly(names=("django",))
    ]
    missing = plan.plan(Wish(moves=Moves(packages=("nope",))), a_situation())
    assert isinstance(missing, NothingToDo)
    assert missing.why[-1].text == "no lock pins nope"


def test_images_are_pinned_and_moved_ones_repinned() -> None:
    bare, stuck = an_image(line=2), an_image(line=3, digest_span=None)
    current = an_image("3.11-slim", digest=NEW, line=4)
    snapshot = a_snapshot(images=(PINNED, bare, stuck, current))
    others = tuple(a_state(use, moved=False) for use in (bare, stuck, current))
    situation = a_situation(snapshot=snapshot, images=(MOVED, *others))
    decided = _rebuild(plan.plan(Wish(only="images"), situation))
    assert [(s.action.use.line, s.why[0].code) for s in decided.steps if isinstance(s.action, Repin)] == [
        (1, "moved-digest"), (2, "unpinned"),
    ]  # fmt: skip
    unheard = replace(situation, policy=Policy(pin_digests=False), images=others)
    nothing = plan.plan(Wish(only="images"), unheard)
    assert isinstance(nothing, NothingToDo)
    assert nothing.why[-1].text == "what python:3.12-slim points to now is not known"
    unpinned = replace(unheard, snapshot=a_snapshot(images=(bare, stuck, current)))
    nothing = plan.plan(Wish(only="images"), unpinned)
    assert isinstance(nothing, NothingToDo)
    assert nothing.why[-1].text == "every image that can be edited is at its newest digest"
    assert all(isinstance(s.action, Relock) for s in _rebuild(plan.plan(Wish(only="locks"), situation)).steps)


def test_locks_that_cannot_be_compiled_are_left_out() -> None:
    snapshot = a_snapshot(locks=(a_lock(obstacle="its header asks for --pip-args"),))
    decided = plan.plan(Wish(only="locks"), a_situation(snapshot=snapshot))
    assert isinstance(decided, NothingToDo)
    assert decided.why[-1].text == "no lock can be compiled; see the findings"


def test_an_empty_repository_has_nothing_to_keep_fresh_and_an_unreadable_one_says_so() -> None:
    nothing = plan.plan(Wish(), a_situation(snapshot=a_snapshot(locks=())))
    assert nothing.why[0].text.startswith("nothing to keep fresh here")
    strange = Unreadable(path="a.in", line=1, subject="a.in", why="not UTF-8")
    unread = plan.plan(Wish(), a_situation(snapshot=a_snapshot(locks=(), unreadable=(strange,))))
    assert unread.why[0].code == "unreadable"


def test_security_that_finds_nothing_urgent_says_so() -> None:
    decided = plan.plan(Wish(trigger=Trigger.SECURITY), a_situation())
    assert isinstance(decided, NothingToDo)
    assert decided.why[0].text == "nothing that is known fixes a flaw at or above low"


@pytest.mark.parametrize(
    ("locks", "order"),
    [
        ((a_lock("b.txt"), a_lock("a.txt")), ["a.txt", "b.txt"]),
        ((a_lock("a.txt", after=("z.txt",)), a_lock("z.txt")), ["z.txt", "a.txt"]),
        ((a_lock("a.txt", after=("b.txt",)), a_lock("b.txt", after=("a.txt",))), ["a.txt", "b.txt"]),
        ((a_lock("a.txt", after=("a.txt", "gone.txt")),), ["a.txt"]),
    ],
)
def test_a_lock_comes_after_those_that_it_includes(locks: tuple[Lock, ...], order: list[str]) -> None:
    assert [lock.path for lock in relocks.in_order(locks)] == order


def test_a_lock_that_does_not_match_its_sources_waits_for_the_quarter_and_says_how_not_to() -> None:
    waiting = a_situation(calendar=DONE, stale=frozenset({"requirements.txt"}))
    decided = plan.plan(Wish(), waiting)
    assert isinstance(decided, Deferred)
    assert decided.why[0].text == (
        "requirements.txt not in line with the sources; the next rebuild mends it, --refresh does it now"
    )
    last = NotDue(quarter="2026q4", until=None)
    assert isinstance(plan.plan(Wish(), replace(waiting, calendar=last)), NothingToDo)
