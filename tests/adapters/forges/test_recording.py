"""A rehearsal answers with what would stand."""

import pytest

from bot.adapters.forges.recording import RecordingForge
from bot.model.proposal import Draft, State
from bot.model.repository import Repository
from tests.builders import NOW, a_proposal, some_marks
from tests.world import FakeForge, World

REPOSITORY = Repository(name="acme/web", url="")
DRAFT = Draft(branch="quarterdeck/manual", base_branch="main", title="New", body="b", marks=some_marks())


def test_nothing_is_written_and_the_answers_are_what_would_stand() -> None:
    world = World(proposals=[a_proposal(1, opened_at=NOW)])
    forge = RecordingForge(FakeForge(world))
    assert forge.remote(REPOSITORY).url
    assert forge.proposals(REPOSITORY) == (a_proposal(1, opened_at=NOW),)
    assert forge.state(REPOSITORY, "") == forge.state(REPOSITORY, "")
    opened = forge.open(REPOSITORY, DRAFT)
    assert (opened.number, opened.title, opened.state, opened.opened_at) == (0, "New", State.OPEN, None)
    updated = forge.update(REPOSITORY, 1, DRAFT)
    assert (updated.number, updated.title, updated.url) == (1, "New", a_proposal(1).url)
    assert updated.opened_at == NOW
    assert forge.update(REPOSITORY, 9, DRAFT).number == 9
    assert forge.close(REPOSITORY, 1, "why", None) == a_proposal(1, state=State.CLOSED, opened_at=NOW)
    with pytest.raises(LookupError, match="#9"):
        forge.close(REPOSITORY, 9, "why", None)
    assert world.trace == ["remote acme/web", "state", "state"]
