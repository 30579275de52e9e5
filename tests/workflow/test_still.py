"""A repository in which nothing moved: one question to its forge, and the same verdict; and when that does not hold."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.decide.plan import Wish
from bot.errors import Unavailable
from bot.model.policy import Policy, Severity, Trigger
from bot.model.runs import Outcome
from bot.workflow import still
from bot.workflow.stirred import is_stirred, keeps_overview
from tests.builders import NOW, an_advisory
from tests.workflow.test_life import said
from tests.workflow.test_security import SQLPARSE, unsafe_world
from tests.world import World, a_world, as_json

WISH = Wish(trigger=Trigger.SECURITY)
KEY = "acme/web "


def standing() -> World:
    """Give a world whose security proposal stands, and which was looked at once since."""
    world = unsafe_world()
    world.run(WISH)
    world.run(WISH)
    world.trace.clear()
    return world


def test_nothing_but_the_state_is_asked_and_the_verdict_is_the_same() -> None:
    world = standing()
    before = world.documents[-1]
    result = world.run(WISH)
    assert world.trace == ["state", "releases django", "record left-alone"]
    times = ("run_id", "started_at", "finished_at")
    assert {name: one for name, one in as_json(result).items() if name not in times} == {
        name: one for name, one in before.items() if name not in times
    }


@pytest.mark.parametrize("move", ["commit", "comment", "proposal", "branch"])
def test_what_moves_at_the_forge_wants_a_full_look(move: str) -> None:
    world = standing()
    if move == "commit":
        world.commit = "b" * 40
    elif move == "comment":
        world.run(WISH)
        world.trace.clear()
        world.comments[1] = [said("looks good")]
    elif move == "proposal":
        world.proposals[0] = replace(world.proposals[0], title="edited")
    else:
        world.branches["quarterdeck/x"] = world.branches["quarterdeck/security"]
    world.run(WISH)
    assert "fetch" in world.trace


def test_a_new_advisory_reaches_a_repository_in_which_nothing_moved() -> None:
    world = standing()
    world.unsafe["sqlparse", "0.5.0"] = (SQLPARSE,)
    assert world.run(WISH).record.outcome is Outcome.UPDATED


def test_a_new_release_that_is_lower_and_clean_does_too() -> None:
    world = standing()
    world.unsafe["django", "4.2.16"] = (an_advisory("PYSEC-2026-9", Severity.LOW),)
    assert world.run(WISH).record.outcome is Outcome.UPDATED


@pytest.mark.parametrize("what", ["policy", "day", "wish"])
def test_other_wishes_and_another_day_want_a_full_look(what: str) -> None:
    world = standing()
    wish = WISH
    if what == "policy":
        world.policy = Policy(security_severity=Severity.HIGH)
    elif what == "day":
        world.now = NOW + timedelta(days=1)
    else:
        wish = Wish()
    world.run(wish)
    assert "fetch" in world.trace


def test_a_rehearsal_and_a_narrow_look_watch_nothing() -> None:
    world = standing()
    world.run(WISH, rehearsal=True)
    world.run(Wish(only="locks"))
    assert "state" not in world.trace


def test_a_quarter_that_is_due_is_resolved_anew_in_every_run() -> None:
    world = unsafe_world()
    world.done = ()
    for _ in range(3):
        world.trace.clear()
        world.run()
    assert "fetch" in world.trace


def quarterly() -> World:
    """Give a world whose quarterly proposal stands open, and which was looked at once since."""
    world = a_world()
    world.run(routine=True)
    world.run(routine=True)
    world.trace.clear()
    return world


def test_a_quarter_that_stands_open_wants_a_full_look_once_a_day_and_not_in_every_sweep() -> None:
    world = quarterly()
    assert world.run(routine=True).record.outcome is Outcome.LEFT_ALONE
    assert "fetch" not in world.trace
    assert world.recorded
    world.now = NOW + timedelta(days=1)
    world.run(routine=True)
    assert "fetch" in world.trace


def test_whoever_runs_it_by_hand_gets_a_full_look_at_an_open_quarter_every_time() -> None:
    world = quarterly()
    world.run()
    assert "fetch" in world.trace


def test_beside_a_quarter_that_stands_open_an_advisory_is_still_heard() -> None:
    world = quarterly()
    world.unsafe["django", "4.2.15"] = (an_advisory("PYSEC-2026-1", Severity.HIGH),)
    world.run(routine=True)
    assert "fetch" in world.trace


def test_the_next_quarter_is_due_whatever_stands_open() -> None:
    world = quarterly()
    world.now = datetime(2027, 1, 5, 9, tzinfo=UTC)
    world.run(routine=True)
    assert "fetch" in world.trace


def test_a_calm_repository_is_looked_at_within_a_week_and_a_clock_that_went_back_is_no_calm() -> None:
    world = unsafe_world()
    world.unsafe.clear()
    for _ in range(2):
        world.run(WISH, routine=True)
    for days, looked in ((2, False), (7, True), (-2, True)):
        world.trace.clear()
        world.now = NOW + timedelta(days=days)
        world.run(WISH, routine=True)
        assert ("fetch" in world.trace) == looked, days


class TestStirred:
    def test_only_what_leads_to_another_decision_stirs(self) -> None:
        world = quarterly()
        assert not stirred(world)
        assert not any(step.startswith(("state", "fetch")) for step in world.trace)
        world.unsafe["django", "4.2.15"] = (an_advisory("PYSEC-2026-1", Severity.HIGH),)
        assert stirred(world)

    def test_an_overview_is_kept_where_the_repository_or_the_configuration_says_so(self) -> None:
        world = quarterly()
        assert not keeps_overview(world.tools(), world.assignment())
        world.files[".quarterdeck.toml"] = b"[policy]\noverview = true\n"
        world.commit = "e" * 40
        world.run(routine=True)
        world.run(routine=True)
        assert keeps_overview(world.tools(), world.assignment())
        world.policy = Policy(overview=True)
        world.kept.clear()
        assert keeps_overview(world.tools(), world.assignment())

    def test_what_was_never_looked_at_waits_for_its_sweep(self) -> None:
        assert not stirred(a_world())

    def test_what_cannot_be_asked_is_no_reason(self) -> None:
        world = quarterly()
        world.failing["affecting django"] = Unavailable("the feed is away")
        assert not stirred(world)


def stirred(world: World) -> bool:
    return is_stirred(replace(world.tools(), routine=True), world.assignment(), world.now)


@pytest.mark.parametrize("kept", ["", "0 x", "1 nonsense", "1 !!!", "2 abc"])
def test_a_copy_that_cannot_be_read_is_as_good_as_none(kept: str) -> None:
    world = standing()
    world.kept[still.KIND, KEY] = kept
    assert world.run(WISH).record.outcome is Outcome.LEFT_ALONE
    assert "fetch" in world.trace


def unsure(world: World, *, dated: bool) -> World:
    """Make the forge one of which nobody knows whether it dates pushes, and let it do so, or not."""
    world.surely = False
    world.dated = dated
    return world


def test_a_forge_that_is_seen_to_date_pushes_is_believed() -> None:
    world = unsure(unsafe_world(), dated=True)
    for _ in range(2):
        world.run(WISH)
    world.trace.clear()
    world.run(WISH)
    assert "fetch" not in world.trace


def test_a_forge_that_does_not_date_pushes_is_looked_at_in_full() -> None:
    world = unsure(unsafe_world(), dated=False)
    for _ in range(4):
        world.trace.clear()
        world.run(WISH)
        assert "fetch" in world.trace


def test_one_push_that_was_not_dated_outweighs_all_that_were() -> None:
    world = unsure(unsafe_world(), dated=True)
    for _ in range(2):
        world.run(WISH)
    world.dated = False
    for commit in ("b", "c"):
        world.commit = commit * 40
        world.proposals[0] = replace(world.proposals[0], title=commit)  # so that a full look is taken
        world.run(WISH)
    world.run(WISH)
    world.trace.clear()
    world.run(WISH)
    assert "fetch" in world.trace


def test_a_forge_that_cannot_tell_is_looked_at_in_full() -> None:
    world = unsafe_world()
    world.stateless = True
    for _ in range(3):
        world.trace.clear()
        assert world.run(WISH).record.failure is None
    assert "fetch" in world.trace
