"""What is asked about releases before a proposal is written, and what its absence comes to."""

from dataclasses import dataclass, field

from bot.errors import AccessDenied, Unavailable
from bot.model.change import PinChange, ProjectNotes
from bot.model.talk import ReleaseNote
from bot.workflow.project_notes import project_notes
from tests.builders import a_pin_change
from tests.world import World, a_world

SOURCE = "https://github.com/django/django"
NOTE = ReleaseNote(version="4.2.30", title="", text="Fixes by @a", url=f"{SOURCE}/releases/tag/4.2.30")


@dataclass
class FakeNotes:
    world: World
    notes: tuple[ReleaseNote, ...] = (NOTE,)
    asked: list[str] = field(default_factory=list)

    def between(self, source: str, old: str, new: str) -> tuple[ReleaseNote, ...]:
        self.world.told(f"notes {source} {old} {new}")
        return self.notes


def with_links(world: World) -> None:
    world.links = {"django": {"Source": SOURCE, "Changelog": "https://docs.example/changes"}}


def asked(world: World, *pins: PinChange, forge: bool = True) -> tuple[ProjectNotes, ...]:
    return project_notes(world.tools(release_notes=FakeNotes(world) if forge else None), pins)


def test_a_body_tells_what_projects_say_of_direct_upgrades() -> None:
    world = a_world(with_links)
    world.release_notes = FakeNotes(world)
    world.run()
    (proposal,) = world.proposals
    assert f"[comparison]({SOURCE}/compare/4.2.15...4.2.30)" in proposal.body
    assert "<summary>django: the notes of 1 release</summary>" in proposal.body
    assert "Fixes by @\u200ba" in proposal.body
    assert world.asked("links", "notes") == ["links django 4.2.30", f"notes {SOURCE} 4.2.15 4.2.30"]


def test_nothing_is_asked_where_the_proposal_that_stands_is_left_alone() -> None:
    world = a_world(with_links)
    world.run()
    world.trace.clear()
    world.run()
    assert world.asked("links", "notes") == []


def test_without_a_forge_to_ask_there_are_links() -> None:
    (found,) = asked(a_world(with_links), a_pin_change("django", "4.2.15", "4.2.30"), forge=False)
    assert (found.notes, found.problem) == ((), "")
    assert dict(found.links) == {
        "changelog": "https://docs.example/changes", "source": SOURCE, "releases": f"{SOURCE}/releases",
    }  # fmt: skip


def test_a_forge_that_does_not_answer_leaves_links_and_is_told() -> None:
    for error in (Unavailable("no answer"), AccessDenied("refused", hint="")):
        world = a_world(with_links)
        world.failing["notes"] = error
        (found,) = asked(world, a_pin_change("django", "4.2.15", "4.2.30"))
        assert dict(found.links)["source"] == SOURCE
        assert found.problem == error.message


def test_an_index_that_does_not_answer_leaves_nothing_but_its_name() -> None:
    world = a_world()
    world.failing["links"] = Unavailable("no answer")
    (found,) = asked(world, a_pin_change("django", "4.2.15", "4.2.30"))
    assert found == ProjectNotes(name="django", old="4.2.15", new="4.2.30", problem="no answer")
    assert world.asked("notes") == []


def test_a_project_without_a_source_is_not_asked_about() -> None:
    world = a_world()
    (found,) = asked(world, a_pin_change("django", "4.2.15", "4.2.30"))
    assert found == ProjectNotes(name="django", old="4.2.15", new="4.2.30")
    assert world.asked("notes") == []


def test_at_most_twenty_packages_are_asked_about_and_the_major_steps_are_among_them() -> None:
    rows = [a_pin_change(f"p{number:02}", "1", "2", major=number == 29) for number in range(30)]
    found = asked(a_world(), *rows)
    assert [one.name for one in found] == [*(f"p{number:02}" for number in range(19)), "p29"]
