"""The story of base images in one repository: what is looked at, what is proposed, and what is left in peace."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from bot.decide.plan import Wish
from bot.errors import AccessDenied, LockFailed, RepoError, Unavailable
from bot.model.contents import Cycle, LifetimeTable, SourceMove
from bot.model.images import ImageConfig, PlatformManifest
from bot.model.packages import OsRelease
from bot.model.plan import Deferred, NothingToDo, Rebuild
from bot.model.policy import Policy, Severity, Trigger
from bot.model.proposal import State
from bot.model.runs import Outcome
from tests.builders import NOW, some_contents
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
    WAITS,
    between_quarters,
    dockerfile,
    findings,
    inside,
    only_proposal,
)  # fmt: skip
from tests.world import World


class TestMovedDigest:
    def test_a_digest_that_fixes_a_flaw_is_proposed_at_once_with_what_is_inside(self) -> None:
        world = between_quarters()
        result = world.run()
        assert result.record.outcome is Outcome.OPENED
        proposal = only_proposal(world)
        assert proposal.branch == SECURITY
        assert proposal.title == "Security rebuild: CVE-2026-1 in openssl"
        assert proposal.body.startswith(
            "This is a security rebuild of `acme/web`: the new python:3.12-slim fixes CVE-2026-1 in openssl. "
        )
        assert (
            "| `openssl` | `3.0.11-1` | `3.0.13-1` | [CVE-2026-1](https://www.cve.org/CVERecord?id=CVE-2026-1) (high) "
            "| **security** |"
        ) in proposal.body
        assert not world.asked("compile")
        assert result.document["fixed"] == ["CVE-2026-1"]

    def test_one_that_fixes_nothing_is_deferred_and_says_so(self) -> None:
        world = between_quarters(DULL)
        result = world.run()
        assert result.record.outcome is Outcome.DEFERRED
        assert isinstance(result.record.plan, Deferred)
        assert str(result.document["verdict"]).startswith("deferred until 2027-01-05 09:00 UTC: python:3.12-slim moved")
        assert findings(world, "moved-digest") == [
            f"python:3.12-slim points to {NEW} now; nothing security-relevant changed in it"
        ]
        assert not world.asked("push", "open", "tags")

    def test_one_below_the_severity_is_deferred_too(self) -> None:
        world = between_quarters()
        world.policy = Policy(security_severity=Severity.CRITICAL)
        assert world.run().record.outcome is Outcome.DEFERRED

    def test_in_the_quarterly_rebuild_it_goes_along_and_says_that_it_can_wait(self) -> None:
        world = between_quarters(DULL)
        world.done = ()
        world.run()
        assert only_proposal(world).branch == QUARTERLY
        assert "Nothing security-relevant: this can wait." in only_proposal(world).body

    def test_a_second_look_with_nothing_new_changes_nothing(self) -> None:
        world = between_quarters()
        world.run()
        world.trace.clear()
        world.now += timedelta(days=1)
        assert world.run().record.outcome is Outcome.LEFT_ALONE
        assert not world.asked("push", "commit", "update", "open ")

    def test_beside_an_open_quarter_a_fix_gets_a_proposal_of_its_own(self) -> None:
        world = between_quarters(DULL)
        world.done = ()
        world.tags[SLIM] = OLD
        world.run()
        world.tags[SLIM], world.told_of = NEW, {MOVE: FIX}
        result = world.run()
        assert [proposal.branch for proposal in world.proposals] == [QUARTERLY, SECURITY]
        assert [(row.rebuild.branch, row.outcome) for row in result.record.further] == [(SECURITY, Outcome.OPENED)]
        world.trace.clear()
        assert world.run().record.outcome is Outcome.LEFT_ALONE
        assert not world.asked("push", "update", "open ")

    def test_a_lock_that_fails_holds_back_no_fix(self) -> None:
        world = between_quarters(DULL)
        world.done = ()
        world.tags[SLIM] = OLD
        world.run()
        world.tags[SLIM], world.told_of = NEW, {MOVE: FIX}
        world.failing["compile"] = LockFailed("it does not resolve")
        result = world.run()
        assert result.record.outcome is Outcome.FAILED
        assert result.record.failure is not None
        assert result.record.failure.kind == "LockFailed"
        assert [proposal.branch for proposal in world.proposals] == [QUARTERLY, SECURITY]

    def test_another_release_of_the_system_stands_apart(self) -> None:
        world = between_quarters()
        world.done = ()
        world.insides |= inside("2", os=OsRelease(id="debian", version="13", codename="trixie"))
        result = world.run()
        base = "quarterdeck/base-debian-13"
        assert [proposal.branch for proposal in world.proposals] == [QUARTERLY, base]
        assert world.proposals[1].title.startswith("python:3.12-slim goes from debian 12 to debian 13")
        assert "**another release**" in world.proposals[1].body
        assert "Dockerfile" not in {file.path for file in result.record.change.files}  # type: ignore[union-attr]
        world.trace.clear()
        for trigger in (Trigger.AUTO, Trigger.SECURITY, Trigger.QUARTERLY):
            world.run(Wish(trigger=trigger))
        assert not world.asked("push", "update", "open ")

    def test_an_image_that_is_no_longer_there_to_compare_with_is_said_and_not_clean(self) -> None:
        world = between_quarters()
        del world.insides[OLD]
        assert world.run().record.outcome is Outcome.DEFERRED
        assert findings(world, "unreadable") == [f"{OLD} is gone"]
        assert findings(world, "moved-digest") == [
            f"python:3.12-slim points to {NEW} now; what changed in it is not known"
        ]

    def test_one_image_that_cannot_be_looked_into_stops_none_of_the_others(self) -> None:
        world = dockerfile(between_quarters(), f"FROM {SLIM}@{OLD}\nFROM node:20@{OLD}\n")
        world.tags["node:20"] = "sha256:" + "4" * 64
        result = world.run()
        assert result.record.outcome is Outcome.OPENED
        assert findings(world, "unreadable") == ["sha256:" + "4" * 64 + " is gone"]
        assert "`Dockerfile:2`" in only_proposal(world).body.partition("## Could not be looked at")[2]

    def test_an_image_without_packages_that_can_be_asked_says_so(self) -> None:
        world = between_quarters()
        world.insides |= {NEW: some_contents(NEW, format=None, packages=(), unreadable=("no package database",))}
        assert world.run().record.outcome is Outcome.DEFERRED
        assert findings(world, "unreadable") == ["no package database"]
        assert findings(world, "moved-digest") == [
            f"python:3.12-slim points to {NEW} now; whether what changed in it matters is not known"
        ]


class TestSettling:
    def at(self, world: World, hours: float, digest: str) -> Outcome:
        world.now = NOW + hours * HOUR
        world.tags[SLIM] = digest
        return world.run(IMAGES).record.outcome

    def fresh(self) -> World:
        world = between_quarters(DULL)
        world.done = ()
        world.insides |= inside("2", created=NOW)
        return world

    def test_a_new_digest_waits_until_it_has_stood(self) -> None:
        world = self.fresh()
        assert self.at(world, 1, NEW) is Outcome.DEFERRED
        assert "has not stood for 6 hours yet; it is taken from 2026-11-24 18:00 UTC on" in str(
            world.documents[-1]["verdict"]
        )
        assert self.at(world, 6, NEW) is Outcome.OPENED

    def test_a_tag_that_moves_every_hour_starves_nobody(self) -> None:
        world = self.fresh()
        for hour in range(8):
            self.at(world, hour, NEW)
        assert only_proposal(world).state is State.OPEN
        world.proposals.clear()
        world.branches.clear()
        for hour in range(8, 80):
            digest = f"sha256:{hour:064}"
            world.insides |= {digest: replace(world.insides[NEW], digest=digest)}
            self.at(world, hour, digest)
        assert f"`{NEW[:19]}`" in only_proposal(world).body

    def test_nobody_goes_back_behind_a_pin_that_is_younger_than_what_was_seen(self) -> None:
        world = self.fresh()
        self.at(world, 0, NEW)
        self.at(world, 7, NEW)
        world.insides |= inside("3", created=NOW + 8 * HOUR) | inside("4", created=NOW + 9 * HOUR)
        dockerfile(world, f"FROM {SLIM}@{THIRD}\n")
        assert self.at(world, 9, "sha256:" + "4" * 64) is Outcome.DEFERRED

    def test_a_digest_that_only_brought_another_architecture_is_not_proposed_in_between(self) -> None:
        world = self.fresh()
        fourth = "sha256:" + "4" * 64
        world.insides |= inside("4")
        mine = PlatformManifest(platform="linux/amd64", digest="sha256:" + "a" * 64)
        arm = PlatformManifest(platform="linux/arm64", digest="sha256:" + "b" * 64)
        world.indexes = {OLD: (mine,), NEW: (mine, arm), fourth: (replace(mine, digest="sha256:" + "c" * 64),)}
        self.at(world, 0, NEW)
        self.at(world, 7, NEW)
        assert self.at(world, 8, fourth) is Outcome.DEFERRED

    def test_a_fix_does_not_wait(self) -> None:
        world = self.fresh()
        world.told_of = {MOVE: FIX}
        assert self.at(world, 1, NEW) is Outcome.OPENED

    def test_a_tag_without_a_digest_is_pinned_to_what_has_stood(self) -> None:
        world = dockerfile(self.fresh(), f"FROM {SLIM}\n")
        world.policy = Policy(pin_digests=False)
        self.at(world, 0, NEW)
        self.at(world, 7, NEW)
        world.policy = Policy()
        self.at(world, 8, THIRD)
        assert f"`{NEW[:19]}`" in only_proposal(world).body


SILENT = [Unavailable("down", retry_after=9), AccessDenied("private", hint="add a credential"), RepoError("gone")]


class TestSilentRegistries:
    @pytest.mark.parametrize("error", SILENT, ids=lambda error: error.kind)
    def test_what_was_seen_before_stands_in_and_nothing_is_rewritten(self, error: Any) -> None:
        world = between_quarters(DULL)
        world.done = ()
        dockerfile(world, f"FROM python:3.12.1-slim@{OLD}\n")
        world.tags = {"python:3.12.1-slim": OLD, "python:3.12.9-slim": NEW}
        world.listed = {"library/python": ("3.12.1-slim", "3.12.9-slim")}
        world.run()
        body = only_proposal(world).body
        assert "`python:3.12.1-slim` → `python:3.12.9-slim`" in body
        world.trace.clear()
        world.failing |= {"look": error, "tags": error}
        world.now += timedelta(hours=5)
        assert world.run().record.outcome is Outcome.LEFT_ALONE
        assert only_proposal(world).body == body
        assert not world.asked("push", "update")
        (why,) = findings(world, "unreadable")
        assert why.startswith(error.message)
        assert why.endswith("; what was seen on 2026-11-24 12:00 UTC stands in for it")

    @pytest.mark.parametrize("word", ["tags", "look python:3.12.9", "config"])
    def test_a_list_of_tags_or_another_tag_that_is_not_heard_rewrites_nothing_either(self, word: str) -> None:
        world = between_quarters(DULL)
        world.done = ()
        dockerfile(world, f"FROM python:3.12.1-slim@{OLD}\n")
        world.tags = {"python:3.12.1-slim": OLD, "python:3.12.9-slim": NEW}
        world.listed = {"library/python": ("3.12.1-slim", "3.12.9-slim", "3.13.0-slim")}
        world.run()
        world.failing[word] = Unavailable("down")
        assert world.run().record.outcome is Outcome.LEFT_ALONE

    def test_a_tag_that_is_too_new_is_not_taken_yet_and_one_that_nobody_answers_for_is_said(self) -> None:
        world = between_quarters(DULL)
        world.done = ()
        dockerfile(world, f"FROM python:3.12.1-slim@{OLD}\n")
        world.tags = {"python:3.12.1-slim": OLD, "python:3.12.9-slim": NEW}
        world.listed = {"library/python": ("3.12.1-slim", "3.12.9-slim")}
        world.configs = {"python:3.12.9-slim": ImageConfig(env=(), musl=False, created=NOW)}
        world.run()
        assert (
            "python:3.12.9-slim is too new to be taken: it has not stood for 6 hours yet" in only_proposal(world).body
        )
        other = replace(world, kept={}, proposals=[], branches={}, failing={"look python:3.12.9": RepoError("gone")})
        other.run()
        assert "whether python:3.12.1-slim has a newer tag was not asked now: gone" in only_proposal(other).body

    def test_what_was_seen_too_long_ago_stands_in_for_nothing(self) -> None:
        world = between_quarters()
        world.run()
        world.now += timedelta(days=15)
        world.failing["look"] = RepoError("gone")
        assert world.run().record.images == ()
        assert findings(world, "unreadable") == ["gone"]
        world.failing["look"] = Unavailable("down")
        assert world.run().record.outcome is Outcome.FAILED

    def test_a_registry_that_was_never_heard_fails_the_run(self) -> None:
        world = between_quarters()
        world.failing["look"] = Unavailable("down")
        assert world.run().record.outcome is Outcome.FAILED
        assert world.trace[-1] == "record failed"


LAYER = f"FROM {SLIM}@{NEW}\nRUN apt-get update && apt-get -y upgrade\n"


class TestArchive:
    def ahead(self, text: str = LAYER) -> World:
        world = dockerfile(between_quarters(), text)
        world.waiting = (WAITS,)
        world.told_of = {SourceMove(source="openssl", old="3.0.13-1", new="3.0.13-2"): FIX}
        return world

    def merge(self, world: World) -> None:
        change = world.run().record.change
        assert change is not None
        world.files |= {file.path: file.data for file in change.files}
        world.proposals[-1] = replace(world.proposals[-1], state=State.MERGED)
        world.branches.clear()

    def test_what_waits_is_stamped_and_told_with_its_ids(self) -> None:
        world = self.ahead()
        assert world.run().record.outcome is Outcome.OPENED
        proposal = only_proposal(world)
        assert (proposal.branch, proposal.title) == (SECURITY, "Security rebuild: CVE-2026-1 in openssl")
        assert "## Taken from the archive" in proposal.body
        assert "`3.0.13-1` | `3.0.13-2` | [CVE-2026-1]" in proposal.body
        assert "## What remains" not in proposal.body

    def test_the_same_updates_are_asked_once_however_many_days_go_by(self) -> None:
        world = self.ahead()
        world.run()
        world.trace.clear()
        world.now += timedelta(days=20)
        assert world.run().record.outcome is Outcome.LEFT_ALONE
        assert not world.asked("push", "update")

    def test_an_archive_that_falls_silent_takes_nothing_back_for_two_weeks(self) -> None:
        world = self.ahead()
        world.run()
        world.waiting, world.unanswered = (), ("the archive does not answer",)
        world.now += timedelta(days=1)
        assert world.run().record.outcome is Outcome.LEFT_ALONE
        assert "the archive does not answer" in findings(world, "unreadable")
        assert len(findings(world, "archive-ahead")) == 1
        world.now += timedelta(days=14)
        assert world.run().record.outcome is Outcome.LEFT_ALONE  # and nothing is planned
        assert only_proposal(world).state is State.OPEN, "silence is no reason to withdraw it"

    def test_once_merged_they_are_neither_found_nor_proposed_and_new_ones_are(self) -> None:
        world = self.ahead()
        self.merge(world)
        assert b"ARG QUARTERDECK_STAMP=2026-11-24." in world.files["Dockerfile"]
        assert isinstance(world.run().record.plan, NothingToDo)
        assert findings(world, "archive-ahead") == []
        world.waiting = (replace(WAITS, available="3.0.13-3", available_source="3.0.13-3"),)
        world.told_of = {SourceMove(source="openssl", old="3.0.13-1", new="3.0.13-3"): FIX}
        assert world.run().record.outcome is Outcome.OPENED

    def test_without_such_a_layer_the_finding_says_what_to_write(self) -> None:
        world = self.ahead(f"FROM {SLIM}@{NEW}\n")
        assert isinstance(world.run().record.plan, NothingToDo)
        (why,) = findings(world, "archive-ahead")
        assert "RUN apt-get update && apt-get -y upgrade" in why
        assert world.documents[-1]["remaining"]

    def test_where_the_policy_allows_it_the_layer_is_written_and_then_kept_stamped(self) -> None:
        world = self.ahead(f"FROM {SLIM}@{NEW} AS one\nUSER app\n")
        world.policy = Policy(add_upgrade_layer=True)
        self.merge(world)
        first, stamp, run, *_ = world.files["Dockerfile"].decode().splitlines()
        assert first == f"FROM {SLIM}@{NEW} AS one"
        assert stamp.startswith("ARG QUARTERDECK_STAMP=")
        assert run.startswith("RUN apt-get update")
        assert isinstance(world.run().record.plan, NothingToDo)

    def test_a_moved_digest_and_a_stamp_go_into_one_file_together(self) -> None:
        world = self.ahead(LAYER.replace(NEW, OLD))
        world.told_of[MOVE] = FIX
        self.merge(world)
        text = world.files["Dockerfile"].decode()
        assert f"@{NEW}\nARG QUARTERDECK_STAMP=" in text
        assert isinstance(world.run().record.plan, NothingToDo)

    def test_an_archive_that_does_not_answer_for_changelogs_leaves_what_is_known(self) -> None:
        world = self.ahead()
        world.failing["changelogs"] = Unavailable("down")
        assert world.run().record.outcome is Outcome.OPENED
        assert "**security**, no id" in only_proposal(world).body


class TestFrozenTags:
    def cold(self) -> World:
        world = between_quarters(DULL)
        dockerfile(world, f"FROM python:3.9-slim@{OLD}\n")
        world.tags = {"python:3.9-slim": OLD, "python:3.10-slim": NEW, "python:3.11-slim": NEW}
        world.insides |= inside("1", created=NOW - timedelta(days=300))
        world.listed = {"library/python": ("3.10-slim", "3.11-slim", "3.9-slim")}
        self.built(world, "python:3.10-slim", NOW - timedelta(days=3))
        return world

    def built(self, world: World, name: str, created: datetime) -> None:
        world.configs[name] = ImageConfig(env=(), musl=False, created=created)

    def test_a_tag_that_stands_still_while_its_siblings_move_is_found(self) -> None:
        world = self.cold()
        world.run()
        (why,) = findings(world, "frozen-tag")
        assert why.startswith("3.9-slim was last built on 2026-01-28, while 3.10-slim was built on 2026-11-21")
        assert why.endswith("; move to python:3.10-slim")

    def test_that_is_asked_once_a_day(self) -> None:
        world = self.cold()
        world.run()
        world.trace.clear()
        world.now += 23 * HOUR
        world.run()
        assert not world.asked("tags", "config python:3.10", "look python:3.10")
        assert findings(world, "frozen-tag")
        world.now += 2 * HOUR
        world.run()
        assert world.asked("tags")

    def test_a_tag_that_moves_is_asked_about_once_a_day_too(self) -> None:
        world = self.cold()
        world.configs.clear()
        world.run()
        world.trace.clear()
        world.run()
        assert not world.asked("tags")
        assert not findings(world, "frozen-tag")

    @pytest.mark.parametrize("word", ["tags", "config python:3.10", "look python:3.10", "look"])
    def test_where_it_cannot_be_asked_the_last_verdict_stands(self, word: str) -> None:
        world = self.cold()
        world.run()
        world.now += 30 * HOUR
        world.failing[word] = Unavailable("down")
        world.run()
        assert findings(world, "frozen-tag")
        world.failing.clear()
        world.trace.clear()
        world.run()
        assert world.asked("tags")

    def test_where_it_was_never_asked_nothing_is_said_and_nothing_kept(self) -> None:
        world = self.cold()
        world.failing["tags"] = Unavailable("down")
        world.run()
        assert not findings(world, "frozen-tag")
        assert not [key for key in world.kept if key[0] == "frozen-tag"]

    def test_a_list_of_tags_that_are_built_decides_without_a_question(self) -> None:
        world = between_quarters(DULL)
        world.built = {"library/python": frozenset({"3.13-slim"})}
        world.run()
        assert len(findings(world, "frozen-tag")) == 1
        assert not world.asked("tags")
        world.built = {"library/python": frozenset({"3.12-slim"})}
        world.run()
        assert not findings(world, "frozen-tag")


class TestWhatIsLookedAt:
    def test_tags_are_listed_only_where_a_broad_rebuild_may_happen(self) -> None:
        for done, wish, listed in (
            (("2026q4",), Wish(), False), (("2026q4",), Wish(trigger=Trigger.SECURITY), False), ((), Wish(), True),
            ((), Wish(trigger=Trigger.SECURITY), False), (("2026q4",), Wish(trigger=Trigger.MANUAL), True),
        ):  # fmt: skip
            world = between_quarters()
            world.done = done
            world.run(wish)
            assert bool(world.asked("tags")) is listed

    def test_files_that_are_only_copied_and_frontends_are_not_looked_into(self) -> None:
        text = f"# syntax=docker/dockerfile:1@{OLD}\nFROM {SLIM}@{NEW}\nCOPY --from=acme/tools:2@{OLD} /a /b\n"
        world = dockerfile(between_quarters(), text)
        world.tags |= {"docker/dockerfile:1": NEW, "acme/tools:2": NEW}
        assert world.run().record.outcome is Outcome.DEFERRED
        assert world.asked("contents") == ["contents 22 linux/amd64"]
        assert len(findings(world, "moved-digest")) == 2

    def test_an_image_that_is_mentioned_a_hundred_times_is_looked_at_once(self) -> None:
        world = between_quarters()
        world.files |= {f"{n}/Dockerfile": world.files["Dockerfile"] for n in range(99)}
        result = world.run()
        assert len(world.asked("look")) == 1
        assert set(world.asked("contents")) == {"contents 11 linux/amd64", "contents 22 linux/amd64"}
        assert len(world.asked("contents")) < 5
        assert len(world.asked("waiting")) == 1
        assert result.record.change is not None
        assert len(result.record.change.files) == 100
        assert only_proposal(world).body.count("### Inside") == 1

    def test_each_platform_is_looked_at(self) -> None:
        world = between_quarters()
        world.policy = Policy(platforms=("linux/amd64", "linux/arm64"))
        world.run()
        assert {event.rpartition(" ")[2] for event in world.asked("contents")} == {"linux/amd64", "linux/arm64"}

    def test_named_packages_look_at_no_image(self) -> None:
        world = between_quarters()
        world.run(Wish(only="locks"))
        assert not world.asked("look", "contents", "tags")

    def test_an_end_of_life_is_told(self) -> None:
        world = between_quarters()
        ended = Cycle(product="debian", release="12", codename="bookworm", end=date(2026, 7, 11))
        world.lifetimes = LifetimeTable(cycles=(ended,), source="fake", as_of=NOW.date())
        world.run()
        assert findings(world, "end-of-life") == [
            "Debian 12 in python:3.12-slim is not supported any more since 2026-07-11"
        ]
        assert "| `python:3.12-slim` | Debian 12 | **ended** on 2026-07-11 |" in only_proposal(world).body


class TestTags:
    def patchy(self, text: str) -> World:
        world = between_quarters(DULL)
        world.done = ()
        world.tags = {"python:3.12.1-slim": OLD, "python:3.12.9-slim": NEW, "python:3.13.0-slim": THIRD}
        world.listed = {"library/python": ("3.12.1-slim", "3.12.9-slim", "3.13.0-slim")}
        return dockerfile(world, text)

    def test_a_quarterly_rebuild_takes_the_newest_patch_and_offers_the_rest(self) -> None:
        world = self.patchy(f"FROM python:3.12.1-slim@{OLD}\n")
        result = world.run()
        assert result.record.change is not None
        files = {file.path: file.data.decode() for file in result.record.change.files}
        assert files["Dockerfile"] == f"FROM python:3.12.9-slim@{NEW}\n"
        assert "| `python:3.12.1-slim` | `3.13.0-slim` | a newer minor release |" in only_proposal(world).body

    def test_a_tag_moves_without_a_digest_where_nothing_is_pinned(self) -> None:
        world = self.patchy("FROM python:3.12.1-slim\n")
        world.policy = Policy(pin_digests=False)
        change = world.run().record.change
        assert change is not None
        assert [(row.retagged, row.new, len(row.diffs)) for row in change.images] == [("python:3.12.9-slim", None, 1)]
        assert {file.path: file.data for file in change.files}["Dockerfile"] == b"FROM python:3.12.9-slim\n"

    def test_a_policy_may_want_the_newest_minor_release_which_is_another_python(self) -> None:
        world = self.patchy(f"FROM python:3.12.1-slim@{OLD}\n")
        world.policy = Policy(retag="minor")
        world.insides |= inside("3", python="3.13.0")
        world.run()
        assert [proposal.branch for proposal in world.proposals] == [QUARTERLY, "quarterdeck/base-python-3.13"]

    def test_a_tag_that_cannot_be_edited_is_offered_with_the_reason(self) -> None:
        text = f"ARG V=3.12.1\nFROM python:${{V}}-slim@{OLD}\nFROM node:${{V}}-slim@{NEW}\n"
        world = self.patchy(text)
        world.tags["node:3.12.1-slim"] = NEW
        world.run()
        body = only_proposal(world).body
        assert "python:3.12.1-slim stays:" in body
        assert "| `python:3.12.1-slim` | `3.12.9-slim` | a newer patch release |" in body


def test_compose_files_are_pinned_as_dockerfiles_are() -> None:
    world = between_quarters()
    world.files["compose.yaml"] = f"services:\n  web:\n    image: {SLIM}@{OLD}\n".encode()
    result = world.run()
    assert result.record.change is not None
    files = {file.path: file.data.decode() for file in result.record.change.files}
    assert files["compose.yaml"] == f"services:\n  web:\n    image: {SLIM}@{NEW}\n"
    assert isinstance(result.record.plan, Rebuild)
