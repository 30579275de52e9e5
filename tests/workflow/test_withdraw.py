"""When a proposal is withdrawn, in the fake world: where it is certain that nothing is left of it, and only there."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from bot.errors import Unavailable
from bot.model.policy import Policy, Severity, Waiver
from bot.model.proposal import State
from tests.builders import NOW, an_advisory
from tests.workflow.test_security import LOCK, unsafe_world
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
    world.run()
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
