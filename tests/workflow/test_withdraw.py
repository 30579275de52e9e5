"""When a proposal is withdrawn, in the fake world: where it is certain that nothing is left of it, and only there."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.decide.plan import Wish
from bot.errors import Unavailable
from bot.model.policy import Freeze, Policy, Severity, Trigger, Waiver
from bot.model.proposal import State
from bot.model.runs import Outcome
from tests.builders import NOW, an_advisory
from tests.workflow.test_security import LOCK, SQLPARSE, unsafe_world
from tests.world import World

OLD = f"sha256:{'1' * 64}"


def with_an_image(world: World) -> None:
    world.files["Dockerfile"] = f"FROM python:3.12-slim@{OLD}\n".encode()


def silent_archive(world: World) -> None:
    with_an_image(world)
    world.tags["python:3.12-slim"] = OLD
    world.unanswered = ("it has no apt sources, so no archive can be asked",)


def expired_waiver(world: World) -> None:
    world.unsafe["sqlparse", "0.5.0"] = (an_advisory("PYSEC-2026-7"),)
    world.releases["sqlparse"] = world.releases["sqlparse"][:1]
    world.waivers = (Waiver(id="PYSEC-2026-7", until=NOW.date() - timedelta(days=1), reason="x"),)


@pytest.mark.parametrize("besides", [with_an_image, silent_archive, expired_waiver])
def test_what_has_nothing_to_do_with_a_proposal_does_not_keep_it_open(besides: Callable[[World], None]) -> None:
    world = unsafe_world()
    besides(world)
    world.run()
    assert [one.state for one in world.proposals] == [State.OPEN]
    del world.unsafe["django", "4.2.15"]
    world.run()
    assert [one.state for one in world.proposals] == [State.CLOSED]


def index_down(world: World) -> None:
    world.failing["releases"] = Unavailable("the index does not answer")


def lock_broken(world: World) -> None:
    head = "pip-compile --index-url https://elsewhere.example/x requirements.in"
    world.files["requirements.txt"] = LOCK.replace("pip-compile requirements.in", head).encode()


def lock_unreadable(world: World) -> None:
    world.files["requirements.txt"] = LOCK.replace("==4.2.15", "=4.2.15").encode()


def sources_forbid(world: World) -> None:
    world.files["requirements.in"] = b"django<4.2.16\n"


@pytest.mark.parametrize("trouble", [index_down, lock_broken, lock_unreadable, sources_forbid])
def test_a_flaw_that_cannot_be_fixed_just_now_is_not_over(trouble: Callable[[World], None]) -> None:
    world = unsafe_world()
    world.run()
    trouble(world)
    world.commit = "b" * 40
    result = world.run()
    assert "#1 stays as it is: " in str(result.document["verdict"])
    assert [one.state for one in world.proposals] == [State.OPEN]
    assert not world.asked("close", "delete")


def test_a_flaw_that_turned_out_to_be_harmless_is_over() -> None:
    world = unsafe_world()
    world.policy = Policy(security_severity=Severity.HIGH)
    world.run()
    world.unsafe["django", "4.2.15"] = (an_advisory("PYSEC-2026-1", Severity.LOW),)
    world.run()
    assert [one.state for one in world.proposals] == [State.CLOSED]


def test_a_branch_of_which_nobody_knows_what_it_changes_waits_until_everything_was_heard() -> None:
    world = unsafe_world()
    silent_archive(world)
    world.run()
    world.paths.clear()
    world.unsafe = {}
    world.run()
    assert [one.state for one in world.proposals] == [State.OPEN]
    world.unanswered = ()
    world.run()
    assert [one.state for one in world.proposals] == [State.CLOSED]


def test_what_somebody_accepted_is_said_where_a_proposal_is_closed_for_it() -> None:
    world = unsafe_world()
    world.run()
    world.waivers = (Waiver(id="CVE-2026-1", until=NOW.date(), reason="we never parse XML"),)
    world.run()
    (said,) = world.asked("close")
    assert said.endswith("PYSEC-2026-1 in django is accepted until 2026-11-24 (we never parse XML).")


def test_what_shrinks_to_what_people_said_no_to_is_closed_and_not_pushed() -> None:
    world = unsafe_world()
    world.run()
    world.proposals[0] = replace(world.proposals[0], state=State.CLOSED)
    world.unsafe["sqlparse", "0.5.0"] = (SQLPARSE,)
    world.run()
    assert [one.state for one in world.proposals] == [State.CLOSED, State.OPEN]
    del world.unsafe["sqlparse", "0.5.0"]
    world.trace.clear()
    assert world.run().record.outcome is Outcome.CLOSED
    assert world.asked("push", "close") == [
        "close #2: What is left of #2 was proposed in #1, which was closed: that is a no."
    ]
    assert world.run().record.outcome is Outcome.LEFT_ALONE
    world.unsafe["sqlparse", "0.5.0"] = (SQLPARSE,)
    assert world.run().record.outcome is Outcome.OPENED


def test_what_cannot_be_fixed_any_more_just_now_is_no_reason_to_close_the_rest() -> None:
    world = unsafe_world()
    world.run()
    world.proposals[0] = replace(world.proposals[0], state=State.CLOSED)
    world.unsafe["sqlparse", "0.5.0"] = (SQLPARSE,)
    world.run()
    world.releases["sqlparse"] = world.releases["sqlparse"][:1]
    assert world.run().record.outcome is Outcome.UPDATED


def test_a_quarter_that_is_frozen_is_told_although_something_urgent_is_proposed() -> None:
    world = unsafe_world()
    world.done = ("2026q3",)
    world.policy = Policy(freeze=(Freeze(start=(11, 1), end=(11, 30), reason="sale"),), overview=True)
    result = world.run()
    assert result.record.outcome is Outcome.OPENED
    told = "deferred until 2026-12-01 00:00 UTC: 2026q4 is due, but frozen: sale"
    assert told in str(result.document["verdict"])
    assert told in world.pages[-1].body
    assert "frozen" not in world.proposals[-1].body


def test_the_overview_says_of_what_was_declined_that_it_was() -> None:
    world = unsafe_world()
    world.policy = Policy(overview=True)
    world.run()
    assert "| #1 fixes it |" in world.pages[-1].body
    world.proposals[0] = replace(world.proposals[0], state=State.CLOSED)
    world.run()
    assert "| #1 would fix it, and was closed |" in world.pages[-1].body


def test_one_change_is_not_proposed_twice_for_two_reasons() -> None:
    world = unsafe_world()
    world.run()
    world.done = ("2026q3",)
    world.compiled = {"requirements.txt": LOCK.replace("4.2.15", "4.2.16")}
    result = world.run()
    assert [one.branch for one in world.proposals] == ["quarterdeck/security"]
    assert "#1 stands open and changes exactly the same" in str(result.document["verdict"])
    world.compiled = {"requirements.txt": LOCK.replace("4.2.15", "4.2.17")}
    world.commit = "b" * 40
    world.run()
    assert [one.branch for one in world.proposals] == ["quarterdeck/security", "quarterdeck/quarterly-2026q4"]


def interrupted_world() -> World:
    world = unsafe_world()
    world.failing["open"] = Unavailable("the forge does not answer")
    world.run()
    assert list(world.branches) == ["quarterdeck/security"]
    world.failing.clear()
    return world


def test_a_branch_whose_proposal_was_never_opened_goes_once_nothing_is_planned_for_it() -> None:
    world = interrupted_world()
    del world.unsafe["django", "4.2.15"]
    world.run()
    assert not world.branches
    assert not world.proposals
    world.run()
    assert len(world.asked("delete")) == 1


def test_such_a_branch_stays_where_somebody_else_committed_to_it() -> None:
    world = interrupted_world()
    tip = world.branches["quarterdeck/security"]
    world.branches["quarterdeck/security"] = replace(tip, author="ada@example.org", committer="ada@example.org")
    del world.unsafe["django", "4.2.15"]
    world.run()
    assert list(world.branches) == ["quarterdeck/security"]


def test_such_a_branch_becomes_a_proposal_where_it_is_still_wanted() -> None:
    world = interrupted_world()
    world.run()
    assert [one.state for one in world.proposals] == [State.OPEN]
    assert not world.asked("delete")


def two_reasons() -> World:
    """Give a world in which the quarter and an advisory ask for the same release."""
    world = unsafe_world()
    world.done = ("2026q3",)
    world.compiled = {"requirements.txt": LOCK.replace("4.2.15", "4.2.16")}
    return world


def test_while_the_forge_is_away_nothing_more_is_asked_of_it_and_the_quarter_is_still_the_first() -> None:
    world = two_reasons()
    world.failing["open"] = Unavailable("the forge does not answer")
    world.run()
    assert list(world.branches) == ["quarterdeck/quarterly-2026q4"]
    world.failing.clear()
    world.run()
    assert [one.branch for one in world.proposals] == ["quarterdeck/quarterly-2026q4"]


def test_a_branch_that_was_pushed_goes_where_another_proposal_changes_the_same_meanwhile() -> None:
    world = two_reasons()
    world.failing["open quarterdeck/quarterly"] = Unavailable("the forge does not answer")
    world.run()
    assert list(world.branches) == ["quarterdeck/quarterly-2026q4"]
    world.run(Wish(trigger=Trigger.SECURITY))
    world.failing.clear()
    world.run()
    assert [one.branch for one in world.proposals if one.state is State.OPEN] == ["quarterdeck/security"]
    assert list(world.branches) == ["quarterdeck/security"]
