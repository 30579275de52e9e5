"""The story of moves that are not simple: other releases, missing platforms, steps back, and quarters left open."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.decide.plan import Wish
from bot.errors import AccessDenied, RepoError, Unavailable
from bot.model.contents import SourceMove, Waiting
from bot.model.images import ImageConfig, PlatformManifest
from bot.model.packages import OsRelease
from bot.model.plan import NothingToDo, Rebuild
from bot.model.policy import Policy, Severity, Trigger
from bot.model.proposal import State
from bot.model.runs import Outcome
from tests.builders import NOW, an_advisory
from tests.workflow.image_world import (
    DULL,
    FIX,
    HOUR,
    IMAGES,
    MOVE,
    NEW,
    OLD,
    QUARTERLY,
    SECURITY,
    SLIM,
    THIRD,
    between_quarters,
    dockerfile,
    findings,
    inside,
    only_proposal,
)  # fmt: skip
from tests.world import World

TRIXIE = OsRelease(id="debian", version="13", codename="trixie")
DEBIAN_13 = "quarterdeck/base-debian-13"
WAITS = Waiting(
    package="libssl3", source="openssl", current="3.0.11-1", available="3.0.11-2", current_source="3.0.11-1",
    available_source="3.0.11-2", security=True,
)  # fmt: skip
LATER = replace(
    WAITS, package="zlib1g", source="zlib", current="1-1", available="1-2", current_source="1-1", available_source="1-2"
)
WAITING = SourceMove(source="openssl", old="3.0.11-1", new="3.0.11-2")
LAYER = f"FROM {SLIM}@{OLD}\nRUN apt-get update && apt-get -y upgrade\n"
MANUAL = Wish(trigger=Trigger.MANUAL, only="images")
ONLY_SECURITY = Wish(trigger=Trigger.SECURITY)


def due(told: Any = DULL) -> World:
    world = between_quarters(told)
    world.done = ()
    return world


def branches(world: World) -> list[str]:
    return [proposal.branch for proposal in world.proposals]


def merged(world: World) -> None:
    change = world.run().record.change
    assert change is not None
    world.files |= {file.path: file.data for file in change.files}
    world.proposals = [replace(proposal, state=State.MERGED) for proposal in world.proposals]
    world.branches.clear()


def rests(world: World, *wishes: Wish) -> None:
    """Look again, however that is asked for, and see that nothing is rewritten."""
    proposals = list(world.proposals)
    for wish in wishes or (Wish(),):
        world.trace.clear()
        assert world.run(wish).record.outcome is not Outcome.FAILED
        assert not world.asked("push", "update", "open ", "close")
    assert world.proposals == proposals


class TestBesideTheQuarter:
    def test_a_fix_is_proposed_beside_a_quarter_that_is_due_and_both_then_rest(self) -> None:
        world = due(FIX)
        world.run()
        assert branches(world) == [QUARTERLY, SECURITY]
        rests(world, Wish(), Wish(trigger=Trigger.QUARTERLY), ONLY_SECURITY)

    def test_a_quarter_of_nothing_but_fixes_stands_alone_and_rests(self) -> None:
        world = due(FIX)
        del world.files["requirements.in"], world.files["requirements.txt"]
        world.run()
        assert branches(world) == [QUARTERLY]
        rests(world)

    def test_a_security_look_while_the_quarter_is_due_says_why_it_does_nothing(self) -> None:
        world = due()
        result = world.run(ONLY_SECURITY)
        assert isinstance(result.record.plan, NothingToDo)
        assert result.record.outcome is Outcome.NOTHING
        assert str(result.document["verdict"]).endswith("nothing security-relevant changed in it")


class TestWithdrawn:
    def opened(self) -> World:
        world = between_quarters()
        world.run()
        assert branches(world) == [SECURITY]
        return world

    def test_a_fix_that_came_in_another_way_withdraws_its_proposal(self) -> None:
        world = dockerfile(self.opened(), f"FROM {SLIM}@{NEW}\n")
        result = world.run()
        assert (result.record.outcome, world.proposals[0].state) == (Outcome.CLOSED, State.CLOSED)
        assert result.document["pull_request"] is not None
        rests(world)

    def test_what_was_withdrawn_and_comes_back_is_proposed_again_since_nobody_declined_it(self) -> None:
        world = self.opened()
        world.tags[SLIM] = OLD
        assert world.run().record.outcome is Outcome.CLOSED
        world.tags[SLIM] = NEW
        world.now += timedelta(days=1)
        assert world.run().record.outcome is Outcome.OPENED
        world.proposals[-1] = replace(world.proposals[-1], state=State.CLOSED)
        assert world.run().record.outcome is Outcome.LEFT_ALONE, "and this was somebody's no"

    @pytest.mark.parametrize("event", ["look", "waiting"])
    def test_silence_withdraws_nothing(self, event: str) -> None:
        world = dockerfile(self.opened(), f"FROM {SLIM}@{NEW}\n")
        if event == "look":
            world.failing["look"] = Unavailable("the registry does not answer")
        else:
            world.unanswered = ("the archive does not answer",)
        world.run()
        assert world.proposals[0].state is State.OPEN

    def test_somebody_elses_commits_and_narrow_looks_withdraw_nothing(self) -> None:
        world = dockerfile(self.opened(), f"FROM {SLIM}@{NEW}\n")
        world.run(Wish(only="images"))
        assert world.proposals[0].state is State.OPEN
        world.branches[SECURITY] = replace(world.branches[SECURITY], author="person@example.org")
        world.run()
        assert world.proposals[0].state is State.OPEN

    def test_a_rehearsal_only_says_so(self) -> None:
        world = dockerfile(self.opened(), f"FROM {SLIM}@{NEW}\n")
        result = world.run(rehearsal=True)
        assert [one.outcome for one in result.record.further] == [Outcome.PLANNED]


class TestAnotherRelease:
    def two(self, told: Any = FIX) -> World:
        """Give two images that go to the next Python; only what moves in the first is urgent."""
        world = dockerfile(due(told), f"FROM {SLIM}@{OLD}\nFROM python:3.12@{THIRD}\n")
        fourth = "sha256:" + "4" * 64
        world.insides |= inside("2", python="3.13.0") | inside("4", python="3.13.0")
        world.tags["python:3.12"] = fourth
        return world

    def test_moves_to_the_same_release_stand_together_under_a_title_that_counts_them(self) -> None:
        world = self.two()
        world.run()
        assert branches(world) == [QUARTERLY, "quarterdeck/base-python-3.13"]
        assert world.proposals[1].title == "python:3.12-slim goes from Python 3.12.9 to 3.13.0 and 1 more"
        opening = world.proposals[1].body.partition("\n")[0]
        assert opening.index("python:3.12 goes from") < opening.index("fixes CVE-2026-1")

    def test_they_stay_one_proposal_whatever_makes_us_look_also_after_the_quarter(self) -> None:
        world = self.two()
        world.run()
        rests(world, Wish(), ONLY_SECURITY, Wish(trigger=Trigger.QUARTERLY))
        world.proposals[0] = replace(world.proposals[0], state=State.MERGED)
        rests(world, Wish(), ONLY_SECURITY)

    def test_what_is_built_until_then_is_looked_into_and_stamped(self) -> None:
        world = dockerfile(due(FIX), LAYER)
        world.insides |= inside("2", os=TRIXIE)
        world.waiting, world.told_of = (WAITS,), {WAITING: FIX}
        result = world.run(IMAGES)
        assert world.asked("waiting") == ["waiting 11"]
        assert branches(world) == [QUARTERLY, DEBIAN_13]
        assert result.record.change is not None
        assert [row.name for row in result.record.change.stamps] == [SLIM]
        assert result.record.change.images == ()
        (row,) = [row for row in result.document["findings"] if row["kind"] == "archive-ahead"]  # type: ignore[attr-defined]
        assert row["current"] == OLD

    def test_an_image_of_which_only_files_are_copied_is_compared_by_its_configuration(self) -> None:
        text = f"FROM {SLIM}@{NEW}\nCOPY --from=acme/tools:2@{OLD} /a /b\nCOPY --from=acme/more:2@{OLD} /a /b\n"
        world = dockerfile(due(), text)
        world.tags |= {"acme/tools:2": THIRD, "acme/more:2": "sha256:" + "4" * 64}
        world.insides |= inside("1", env=(("PYTHON_VERSION", "3.12.9"),)) | inside("4")
        world.insides |= inside("3", env=(("PYTHON_VERSION", "3.13.0"),))
        result = world.run(IMAGES)
        assert branches(world) == [QUARTERLY, "quarterdeck/base-python-3.13"]
        assert result.record.change is not None
        assert [row.name for row in result.record.change.images] == ["acme/more:2"]
        assert set(world.asked("contents")) == {"contents 22 linux/amd64"}
        assert "can wait" not in only_security_words(world.proposals[0].body)

    def test_one_of_which_only_files_are_copied_may_be_unknown_without_a_finding(self) -> None:
        world = dockerfile(due(), f"FROM scratch\nCOPY --from=acme/tools:2@{OLD} /a /b\n")
        world.tags, world.insides = {"acme/tools:2": NEW}, {}
        world.run(IMAGES)
        assert branches(world) == [QUARTERLY]
        assert "could not be compared" not in world.proposals[0].body
        assert findings(world, "unreadable") == []


def only_security_words(body: str) -> str:
    return body.partition("## Base images")[2]


AMD, ARM = (PlatformManifest(platform=f"linux/{name}64", digest="sha256:" + name[0] * 64) for name in ("amd", "arm"))
OTHER_AMD = replace(AMD, digest="sha256:" + "b" * 64)


class TestPlatforms:
    def lacking(self, told: Any) -> World:
        world = due(told)
        world.policy = Policy(platforms=("linux/amd64", "linux/arm64"))
        world.indexes = {OLD: (AMD, ARM), NEW: (OTHER_AMD,)}
        return world

    @pytest.mark.parametrize("told", [FIX, DULL])
    @pytest.mark.parametrize("wish", [IMAGES, ONLY_SECURITY, MANUAL])
    def test_an_image_that_is_not_there_for_a_platform_yet_is_not_taken(self, told: Any, wish: Wish) -> None:
        world = self.lacking(told)
        result = world.run(wish)
        assert not world.proposals
        assert "not there for linux/arm64" in str(result.document["verdict"])
        (why,) = findings(world, "moved-digest")
        assert why.startswith(f"python:3.12-slim points to {NEW} now; it is not there for linux/arm64; ")
        assert isinstance(result.record.plan, NothingToDo)
        assert result.record.plan.quarter == ""

    def test_once_it_is_there_it_is_taken(self) -> None:
        world = self.lacking(FIX)
        world.run(IMAGES)
        world.indexes[NEW] = (OTHER_AMD, ARM)
        world.run(IMAGES)
        assert branches(world) == [QUARTERLY]

    def test_a_platform_that_the_old_image_did_not_have_either_holds_nothing_back(self) -> None:
        world = self.lacking(FIX)
        world.indexes[OLD] = (AMD,)
        world.run(IMAGES)
        assert branches(world) == [QUARTERLY]

    def test_a_tag_that_lacks_one_is_not_taken_either(self) -> None:
        world = dockerfile(self.lacking(DULL), f"FROM python:3.12.1-slim@{OLD}\n")
        world.tags = {"python:3.12.1-slim": OLD, "python:3.12.9-slim": NEW}
        world.listed = {"library/python": tuple(tag.partition(":")[2] for tag in world.tags)}
        result = world.run(IMAGES)
        assert not world.proposals
        assert "the newest image of python:3.12.9-slim is not there for linux/arm64" in str(result.document["verdict"])


class TestStepsBack:
    def backwards(self, told: Any = DULL) -> World:
        world = due(told)
        world.insides |= inside("1", "3.0.11-1", created=NOW - HOUR)
        world.insides |= inside("2", created=NOW - timedelta(days=9))
        return world

    def test_an_image_that_is_older_than_the_pin_is_left_to_a_person(self) -> None:
        world = self.backwards()
        result = world.run(IMAGES)
        assert not world.proposals
        assert str(result.document["verdict"]).endswith("nothing goes back without you")
        assert isinstance(result.record.plan, NothingToDo)
        assert result.record.plan.quarter == ""
        world.run(MANUAL)
        assert "the image that it goes to was made before the one pinned" in only_proposal(world).body

    def test_for_an_urgent_fix_it_is_taken_and_marked(self) -> None:
        world = self.backwards(FIX)
        world.run(ONLY_SECURITY)
        assert "the image that it goes to was made before the one pinned" in only_proposal(world).body

    def test_where_the_pinned_image_is_gone_the_new_one_is_taken_and_that_is_said(self) -> None:
        world = due()
        del world.insides[OLD]
        world.run(IMAGES)
        assert "could not be compared: OS and Python may be other ones" in only_proposal(world).body
        assert findings(world, "unreadable") == [f"{OLD} is gone"]


class TestTags:
    def patchy(self, told: Any = DULL, **tags: str) -> World:
        world = dockerfile(due(told), f"FROM python:3.12.1-slim@{OLD}\n")
        world.tags = {"python:3.12.1-slim": OLD} | {
            f"python:{tag.replace('_', '.')}-slim": digest for tag, digest in tags.items()
        }
        world.listed = {"library/python": tuple(tag.partition(":")[2] for tag in world.tags)}
        return world

    def young(self, world: World, tag: str, created: datetime = NOW) -> None:
        world.configs[f"python:{tag}-slim"] = ImageConfig(env=(), musl=False, created=created)

    def dockerfile_of(self, world: World) -> str:
        change = world.run(IMAGES).record.change
        assert change is not None
        return {file.path: file.data.decode() for file in change.files}["Dockerfile"]

    def test_a_new_tag_does_not_hide_a_fix_that_only_the_moved_digest_has(self) -> None:
        world = self.patchy(FIX, **{"3_12_9": THIRD})
        world.tags["python:3.12.1-slim"] = NEW
        world.insides |= inside("3", "3.0.11-1")
        assert self.dockerfile_of(world) == f"FROM python:3.12.1-slim@{NEW}\n"
        world.insides |= inside("3")
        world.proposals.clear()
        world.branches.clear()
        assert self.dockerfile_of(world) == f"FROM python:3.12.9-slim@{THIRD}\n"

    def test_where_the_newest_patch_is_too_young_the_one_before_it_is_taken(self) -> None:
        world = self.patchy(**{"3_12_8": THIRD, "3_12_9": NEW})
        self.young(world, "3.12.9")
        assert self.dockerfile_of(world) == f"FROM python:3.12.8-slim@{THIRD}\n"
        assert "python:3.12.9-slim is too new to be taken" in only_proposal(world).body

    def test_where_all_are_too_young_the_tag_stays_and_the_quarter_is_not_settled(self) -> None:
        world = self.patchy(**{f"3_12_{n}": NEW for n in range(5, 10)})
        for n in range(5, 10):
            self.young(world, f"3.12.{n}")
        result = world.run(IMAGES)
        assert isinstance(result.record.plan, NothingToDo)
        assert result.record.plan.quarter == ""
        assert world.asked("look") == [f"look python:3.12.{n}-slim" for n in (1, 9, 8, 7)]
        notes = result.document["notes"]
        assert isinstance(notes, list)
        assert [note.partition(" is ")[0] for note in notes] == [f"python:3.12.{n}-slim" for n in (9, 8, 7)]
        assert all(note in str(result.document["verdict"]) for note in notes)

    def test_a_list_of_tags_that_is_not_read_leaves_the_quarter_open_and_notes_it(self) -> None:
        world = self.patchy()
        world.failing["tags"] = Unavailable("down")
        result = world.run(IMAGES)
        assert isinstance(result.record.plan, NothingToDo)
        assert result.record.plan.quarter == ""
        assert result.document["notes"] == ["whether python:3.12.1-slim has a newer tag was not asked now: down"]


class TestQuartersLeftOpen:
    """Locks that are fresh come to an empty change, which settles a quarter only where the images were seen too."""

    def fresh(self) -> World:
        world = due()
        world.compiled.clear()
        world.tags[SLIM] = OLD
        return world

    def settled(self, world: World) -> str:
        record = world.run().record
        assert record.outcome is Outcome.NOTHING
        assert isinstance(record.plan, Rebuild)
        return record.plan.quarter

    def test_a_look_at_everything_settles_it(self) -> None:
        assert self.settled(self.fresh()) == "2026q4"

    def test_a_rehearsal_settles_none(self) -> None:
        world = self.fresh()
        assert world.run(rehearsal=True).record.outcome is Outcome.NOTHING
        world.run()
        assert world.settled == ["", "2026q4"]

    @pytest.mark.parametrize("word", ["tags", "look python:3.11"])
    def test_what_was_not_heard_leaves_it_open(self, word: str) -> None:
        world = dockerfile(self.fresh(), f"FROM {SLIM}@{OLD}\nFROM python:3.11-slim@{OLD}\n")
        world.tags["python:3.11-slim"] = OLD
        world.failing[word] = Unavailable("down")
        assert self.settled(world) == ""
        world.failing.clear()
        assert self.settled(world) == "2026q4"

    def test_a_digest_that_settles_leaves_it_open(self) -> None:
        world = self.fresh()
        world.insides |= inside("2", created=NOW)
        world.tags[SLIM] = NEW
        assert self.settled(world) == ""


class TestStamps:
    def stamped(self) -> World:
        """Give a repository in which the stamp for a critical update was merged."""
        world = dockerfile(between_quarters(), LAYER)
        world.tags[SLIM] = OLD
        world.policy = Policy(security_severity=Severity.HIGH)
        world.flaws |= {"CVE-2026-2": an_advisory("CVE-2026-2", Severity.LOW)}
        world.waiting, world.told_of = (WAITS,), {WAITING: FIX}
        merged(world)
        return world

    def test_a_low_update_does_not_raise_again_what_a_merged_stamp_covers(self) -> None:
        world = self.stamped()
        world.waiting = (WAITS, LATER)
        world.told_of[SourceMove(source="zlib", old="1-1", new="1-2")] = replace(FIX, ids=("CVE-2026-2",))
        assert isinstance(world.run(ONLY_SECURITY).record.plan, NothingToDo)
        (why,) = findings(world, "archive-ahead")
        assert why.startswith("fixes for CVE-2026-2 in zlib wait in the archive for this image; ")
        world.now = datetime.fromisoformat("2027-01-05T12:00:00+00:00")
        result = world.run(IMAGES)
        table = world.proposals[-1].body.partition("## Taken from the archive")[2]
        assert "`zlib`" in table
        assert "`openssl`" not in table
        assert result.document["fixed"] == ["CVE-2026-2"]
        stamp = world.files["Dockerfile"].decode().partition("STAMP=")[2].partition("\n")[0].partition(".")[2]
        assert result.record.change is not None
        (row,) = result.record.change.stamps
        assert stamp in row.new.partition(".")[2].split("-")


class TestSilence:
    def test_one_registry_that_is_down_stops_none_of_the_others(self) -> None:
        world = dockerfile(due(FIX), f"FROM {SLIM}@{OLD}\nFROM acme.example/web:1@{OLD}\n")
        world.failing["look acme.example"] = Unavailable("down", retry_after=9)
        world.run(IMAGES)
        assert branches(world) == [QUARTERLY]
        assert findings(world, "unreadable") == ["down"]
        assert "`Dockerfile:2`" in only_proposal(world).body.partition("## Could not be looked at")[2]

    @pytest.mark.parametrize(
        ("other", "outcome"),
        [
            (Unavailable("down"), Outcome.FAILED),
            (RepoError("gone"), Outcome.NOTHING),
            (AccessDenied("private"), Outcome.NOTHING),
        ],
    )
    def test_where_none_is_heard_at_all_the_run_fails(self, other: Exception, outcome: Outcome) -> None:
        world = dockerfile(due(), f"FROM {SLIM}@{OLD}\nFROM acme.example/web:1@{OLD}\n")
        world.failing = {"look acme.example": other, "look python": Unavailable("down")}
        result = world.run(IMAGES)
        assert result.record.outcome is outcome
        if outcome is Outcome.NOTHING:
            assert "what acme.example/web:1 points to now is not known" in str(result.document["verdict"])

    def test_a_mention_with_a_digest_and_no_tag_asks_for_the_tag(self) -> None:
        world = dockerfile(due(), f"FROM python@{OLD}\n")
        for text in (f"FROM python@{OLD}\n", f"FROM python@{OLD}\nFROM {SLIM}@{OLD}\n"):
            dockerfile(world, text).run(IMAGES)
            (why,) = findings(world, "unreadable")
            assert why.endswith("write the tag before the digest")
        world.run(Wish(only="locks"))
        assert findings(world, "unreadable") == []

    def test_a_mention_that_cannot_be_edited_is_a_finding_where_it_would_have_to_be(self) -> None:
        world = dockerfile(due(), f"ARG D={OLD}\nFROM {SLIM}@$D\nFROM x:1@$D\n")
        world.tags = {SLIM: NEW, "x:1": NEW}
        world.run(IMAGES)
        why = "its digest has to be written by hand: the place of its digest also serves another image"
        assert findings(world, "unreadable") == [why, why]
        world.tags = {SLIM: OLD, "x:1": OLD}
        world.run(IMAGES)
        assert findings(world, "unreadable") == []


def test_a_security_rebuild_names_the_fix_that_is_not_there_for_a_platform() -> None:
    world = dockerfile(between_quarters(), f"FROM {SLIM}@{OLD}\nFROM python:3.11@{OLD}\n")
    world.policy = Policy(platforms=("linux/amd64", "linux/arm64"))
    world.tags["python:3.11"] = THIRD
    world.indexes = {OLD: (AMD, ARM), NEW: (OTHER_AMD,), THIRD: (OTHER_AMD, ARM)}
    world.told_of = {MOVE: FIX}
    world.run()
    assert only_proposal(world).branch == SECURITY
    assert "the newest image of python:3.12-slim is not there for linux/arm64" in only_proposal(world).body
