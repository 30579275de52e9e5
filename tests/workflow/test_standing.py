"""What the forge itself says of a repository: rest where nothing can be done, follow names and default branches."""

from dataclasses import replace
from typing import Any

import pytest

from bot.decide import fleet
from bot.decide.plan import Wish
from bot.errors import CloneFailed, PublishFailed
from bot.model.fleet import Found
from bot.model.policy import Trigger
from bot.model.runs import Outcome
from tests.workflow.test_security import unsafe_world
from tests.workflow.test_still import WISH
from tests.world import World, a_world

ABOUT = Found(id="github/1", name="acme/web", branch="main")


@pytest.mark.parametrize(("fields", "code"), [({"archived": True}, "archived"), ({"disabled": True}, "disabled")])
def test_a_repository_that_cannot_be_written_is_a_verdict_before_any_work(fields: dict[str, Any], code: str) -> None:
    world = a_world()
    world.about = replace(ABOUT, **fields)
    for rehearsal in (False, True):
        result = world.run(rehearsal=rehearsal)
        assert (result.record.outcome, result.record.failure) == (Outcome.NOTHING, None)
        assert result.record.plan is not None
        assert [reason.code for reason in result.record.plan.why] == [code]
        assert "so nothing can be proposed" in str(result.document["verdict"])
    assert not world.asked("remote", "fetch", "look")


def test_as_long_as_nothing_moves_it_costs_one_question_and_unarchiving_is_noticed() -> None:
    world = a_world()
    world.about = replace(ABOUT, archived=True)
    world.run(WISH)
    world.trace.clear()
    assert world.run(Wish(trigger=Trigger.AUTO)).record.outcome is Outcome.NOTHING
    assert world.trace == ["state", "record nothing"]
    world.about = ABOUT
    world.commit = "b" * 40  # as anything does, this moves the state
    world.run()
    assert "fetch" in world.trace


def test_what_stood_open_when_it_was_archived_is_told_further() -> None:
    world = a_world()
    world.run()
    world.about = replace(ABOUT, archived=True)
    world.proposals[0] = replace(world.proposals[0], title="moved")
    result = world.run()
    assert result.record.outcome is Outcome.NOTHING
    assert [one["number"] for one in result.document["proposals"]] == [1]  # type: ignore[attr-defined]
    assert not world.asked("close", "update")


def test_a_repository_without_a_commit_is_a_verdict_and_is_looked_at_once_there_is_one() -> None:
    world = a_world()
    world.about = ABOUT
    world.failing["fetch"] = CloneFailed("no commit", empty=True)
    assert world.run().document["verdict"] == (
        "the repository has no commit, so there is nothing to look at; it is looked at once there is one"
    )
    world.trace.clear()
    world.run()
    assert world.trace == ["state", "record nothing"]
    world.surely = False  # where nobody knows whether pushes are dated, it is looked at every time
    world.run()
    world.run()
    assert world.asked("fetch") == ["fetch", "fetch"]
    world.failing["fetch"] = CloneFailed("gone")
    assert world.run().record.outcome is Outcome.FAILED


def test_without_a_forge_that_knows_more_an_empty_repository_is_an_error_as_ever() -> None:
    world = a_world()
    world.failing["fetch"] = CloneFailed("no commit", empty=True)
    assert world.run().record.outcome is Outcome.FAILED


def renamed_world() -> World:
    world = unsafe_world()
    world.about = replace(ABOUT, name="acme/site")
    return world


def test_work_goes_on_under_an_old_name_and_the_verdict_says_the_new_one() -> None:
    world = renamed_world()
    result = world.run(WISH)
    assert result.record.outcome is Outcome.OPENED
    assert "acme/web is called acme/site now: edit the configuration" in str(result.document["verdict"])
    assert world.renamed == []
    world.run(WISH)
    world.trace.clear()
    again = world.run(WISH)
    assert world.trace == ["state", "releases django", "record left-alone"]
    assert "acme/web is called acme/site now" in str(again.document["verdict"])


def test_a_new_name_keeps_no_proposal_from_being_withdrawn() -> None:
    world = renamed_world()
    world.run(WISH)
    world.unsafe.clear()
    assert world.run(WISH).record.outcome is Outcome.CLOSED


def test_history_is_carried_over_once_the_configuration_says_the_new_name() -> None:
    world = a_world()
    world.about = ABOUT
    world.kept[fleet.IDENTITY, ABOUT.id] = "acme/old"
    world.run()
    world.run()
    assert world.renamed == [("acme/old", "acme/web")]


def test_proposals_follow_another_default_branch_but_not_where_a_person_moved_them() -> None:
    world = unsafe_world()
    world.branch = "main"
    world.run(WISH)
    world.proposals[0] = replace(world.proposals[0], base="main")
    world.run(WISH)
    world.branch = "trunk"
    world.trace.clear()
    world.run(WISH)
    assert world.proposals[0].base == "trunk"
    assert len(world.asked("update #1")) == 1
    world.branch = "next"
    world.proposals[0] = replace(world.proposals[0], base="release")
    world.run(WISH)
    assert world.proposals[0].base == "release"


def test_a_proposal_that_could_not_follow_follows_the_next_time() -> None:
    world = unsafe_world()
    world.run(WISH)
    world.proposals[0] = replace(world.proposals[0], base="main")
    world.branch = "trunk"
    world.failing["update"] = PublishFailed("not now")
    assert world.run(WISH).record.outcome is Outcome.FAILED
    del world.failing["update"]
    world.run(WISH)
    assert world.proposals[0].base == "trunk"
