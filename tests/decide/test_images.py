"""Findings about images, and the stamps that a rebuild sets for them."""

import re
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.decide import contents, images, stamps
from bot.model.contents import ChangeKind, SourceChange, Support
from bot.model.findings import ArchiveAhead, EndOfLife, FrozenTag, MovedDigest, Unreadable
from bot.model.images import Role
from bot.model.observed import Frozen, ImageState
from bot.model.packages import PackageFormat
from bot.model.plan import Stamp
from bot.model.policy import Policy, Severity, Trigger
from bot.model.snapshot import Snapshot
from tests.builders import (
    NEW,
    NOW,
    OLD,
    a_diff,
    a_lifetime,
    a_snapshot,
    a_source_change,
    a_state,
    a_target,
    an_advisory,
    an_image,
    an_inspection,
    an_upgrade_layer,
    some_contents,
)  # fmt: skip
from tests.decide.image_steps import (
    ADDING,
    BUG,
    CALM,
    CVE,
    LOW,
    OTHER_OS,
    stamped,
    state,
    steps,
    texts,
)  # fmt: skip


class TestFindings:
    def test_an_image_at_its_newest_digest_with_nothing_waiting_is_no_finding(self) -> None:
        assert images.findings((state(BUG),), a_snapshot(), Policy()) == ()

    def test_a_moved_digest_tells_what_is_inside(self) -> None:
        diff = a_diff(CVE)
        moved = a_state(diffs=(diff,))
        expected = MovedDigest(use=moved.use, current=OLD, available=NEW, diffs=(diff,))
        assert images.findings((moved,), a_snapshot(), Policy()) == (expected,)

    def test_a_moved_digest_names_the_platforms_that_it_is_not_there_for(self) -> None:
        lacking = a_state(newest=replace(a_target(), missing=("linux/arm64",)))
        (found,) = images.findings((lacking,), a_snapshot(), Policy())
        assert isinstance(found, MovedDigest)
        assert found.missing == ("linux/arm64",)

    @pytest.mark.parametrize(
        ("one", "policy", "told"),
        [
            (a_state(an_image(digest=OLD, digest_span=None, obstacle="it is folded")), Policy(), 1),
            (a_state(an_image(digest=NEW, digest_span=None, obstacle="it is folded")), Policy(), 0),
            (a_state(an_image(digest_span=None, obstacle="it is folded")), Policy(), 1),
            (a_state(an_image(digest_span=None, obstacle="it is folded")), Policy(pin_digests=False), 0),
            (a_state(an_image(digest=OLD)), Policy(), 0),
            (a_state(an_image()), Policy(), 0),
        ],
    )
    def test_a_digest_that_has_to_be_written_by_hand_is_told_only_where_it_would_have_to_be(
        self, one: ImageState, policy: Policy, told: int
    ) -> None:
        found = images.findings((one,), a_snapshot(), policy)
        why = "its digest has to be written by hand: it is folded"
        expected = Unreadable(path="Dockerfile", line=1, subject=one.use.reference, why=why)
        assert [row for row in found if isinstance(row, Unreadable)] == [expected] * told

    def test_where_the_newest_is_another_release_what_waits_is_said_of_the_pinned_image(self) -> None:
        moved = a_state(diffs=(OTHER_OS,), inspections=(an_inspection(CVE),))
        (found,) = stamps.ahead((moved,), a_snapshot(), Policy())
        assert found.digest == OLD
        unpinned = replace(moved, use=an_image())
        assert [row.digest for row in stamps.ahead((unpinned,), a_snapshot(), Policy())] == [NEW]

    def test_a_frozen_tag_names_where_to_move(self) -> None:
        since = datetime(2026, 1, 1, tzinfo=UTC)
        cold = state(frozen=Frozen(since=since, move_to="3.12-slim-trixie", why="w"))
        expected = FrozenTag(use=cold.use, since=since, move_to="3.12-slim-trixie", why="w")
        assert images.findings((cold,), a_snapshot(), Policy()) == (expected,)

    def test_only_what_ends_or_has_ended_is_told_and_once_for_all_platforms(self) -> None:
        ended, well = a_lifetime(), a_lifetime("python", "3.12", state=Support.SUPPORTED)
        ending = a_lifetime("python", "3.11", state=Support.ENDING)
        both = (an_inspection(lifetimes=(ended, well)), an_inspection(lifetimes=(ended, ending)))
        found = images.findings((state(inspections=both),), a_snapshot(), Policy())
        assert [row.lifetime for row in found if isinstance(row, EndOfLife)] == [ended, ending]
        assert len(found) == 2

    def test_only_security_updates_count_as_waiting(self) -> None:
        (found,) = images.findings((state(CVE, BUG),), a_snapshot(), Policy())
        assert isinstance(found, ArchiveAhead)
        assert (found.updates, found.digest) == ((CVE,), NEW)

    @pytest.mark.parametrize(
        ("one", "snapshot", "policy", "remedy"),
        [
            (state(CVE), stamped(""), Policy(), "a stamp before the layer that upgrades packages"),
            (state(CVE), a_snapshot(), ADDING, "a layer that upgrades packages is put behind its FROM"),
            (state(CVE), a_snapshot(), Policy(), "RUN apt-get update && apt-get -y upgrade"),
            (state(CVE, user="app"), a_snapshot(), ADDING, "its user is not root: write `USER root`, `RUN apt-get"),
            (state(CVE, user="root:app"), a_snapshot(), ADDING, "a layer that upgrades packages is put behind"),
            (replace(state(CVE), use=an_image(digest=NEW, role=Role.RUN)), stamped(""), ADDING, "build one of your own"),
            (state(inspections=(an_inspection(CVE, contents=some_contents(format=None)),)), a_snapshot(), ADDING,
             "wait for its next image"),
        ],
    )  # fmt: skip
    def test_a_remedy_says_what_can_be_done(
        self, one: ImageState, snapshot: Snapshot, policy: Policy, remedy: str
    ) -> None:
        (found,) = stamps.ahead((one,), snapshot, policy)
        assert remedy in found.remedy


class TestStamps:
    def value(self, *waiting: SourceChange, at: datetime = NOW) -> str:
        return stamps.stamp_value(waiting, at)

    def marks(self, *waiting: SourceChange) -> list[str]:
        return self.value(*waiting).partition(".")[2].split("-")

    def test_a_stamp_is_the_day_and_a_mark_of_each_update_that_waits_in_any_order(self) -> None:
        assert self.value(CVE, LOW) == self.value(LOW, CVE)
        day, _, mark = self.value(CVE).partition(".")
        assert day == "2026-11-24"
        assert re.fullmatch("[0-9a-f]{7}", mark)
        assert self.marks(CVE, LOW) == sorted([mark, *self.marks(LOW)])
        assert self.value(CVE, at=NOW + timedelta(days=3)).partition(".")[2] == mark
        assert self.marks(replace(CVE, new="9")) != [mark]
        assert self.marks(CVE, replace(CVE, packages=("libssl3:arm64",))) == [mark]

    def test_of_many_updates_there_is_one_mark(self) -> None:
        many = tuple(replace(CVE, source=f"s{n}") for n in range(stamps.MOST_MARKS + 1))
        assert len(self.marks(*many[1:])) == stamps.MOST_MARKS
        assert len(self.marks(*many)) == 1
        assert steps(state(*many), snapshot=stamped(self.value(*many))) == ()
        assert steps(state(*many), snapshot=stamped(self.value(*many[1:]))) != ()
        assert len(stamps.uncovered(state(), stamped(self.value(*many)), (*many, LOW))) == len(many) + 1

    def test_every_layer_that_upgrades_gets_it_and_the_reason_names_the_fixes(self) -> None:
        found = steps(state(CVE), trigger=Trigger.SECURITY, snapshot=stamped("", ""))
        assert [(step.action.line, step.action.insert) for step in found if isinstance(step.action, Stamp)] == [
            (2, False), (3, False),
        ]  # fmt: skip
        assert texts(found[0])[0] == (
            "fixes for CVE-2026-1 in openssl wait in the archive, and python:3.12-slim was not rebuilt with them"
        )

    def test_what_an_earlier_stamp_covers_is_neither_a_finding_nor_a_step(self) -> None:
        old = self.value(CVE, at=NOW - timedelta(days=30))
        assert steps(state(CVE), snapshot=stamped(old, old)) == ()
        assert images.findings((state(CVE),), stamped(old, old), Policy()) == ()
        assert len(steps(state(CVE), snapshot=stamped(old, ""))) == 2

    def test_what_is_new_does_not_raise_again_what_a_stamp_covers(self) -> None:
        policy, old = Policy(security_severity=Severity.HIGH), stamped(self.value(CVE))
        (found,) = images.findings((state(CVE, LOW),), old, policy)
        assert isinstance(found, ArchiveAhead)
        assert found.updates == (LOW,)
        assert steps(state(CVE, LOW), trigger=Trigger.SECURITY, policy=policy, snapshot=old) == ()
        (step,) = steps(state(CVE, LOW), policy=policy, snapshot=old)
        assert texts(step)[0].startswith("fixes for CVE-2026-2 in zlib wait in the archive")
        assert isinstance(step.action, Stamp)
        assert step.action.value == self.value(CVE, LOW)

    def test_what_only_one_of_two_layers_took_in_is_new(self) -> None:
        half = stamped(self.value(CVE), self.value(LOW))
        assert stamps.uncovered(state(), half, (CVE, LOW)) == (CVE, LOW)
        assert stamps.uncovered(state(), stamped(self.value(CVE), self.value(CVE, LOW)), (CVE, LOW)) == (LOW,)

    def test_a_stamp_from_before_single_marks_or_of_nobodys_making_covers_nothing(self) -> None:
        for value in ("2026-11-24.0badcafe", "2026-11-24", "x", ""):
            assert stamps.uncovered(state(), stamped(value), (CVE,)) == (CVE,)

    def test_new_updates_give_a_new_value(self) -> None:
        old = self.value(CVE)
        (found,) = steps(state(CVE, LOW), snapshot=stamped(old))
        assert isinstance(found.action, Stamp)
        assert found.action.value == self.value(LOW, CVE) != old

    def test_a_layer_is_only_put_in_where_the_policy_says_so_and_the_image_is_root(self) -> None:
        assert steps(state(CVE)) == ()
        (found,) = steps(state(CVE), policy=ADDING)
        assert found.action == Stamp(
            use=state().use, line=1, manager="apt", value=self.value(CVE), insert=True
        )  # fmt: skip
        assert steps(state(CVE, user="app"), policy=ADDING) == ()
        unknown = state(inspections=(an_inspection(CVE, contents=some_contents(format=None)),))
        assert steps(unknown, policy=ADDING) == ()

    def test_alpine_is_upgraded_with_apk(self) -> None:
        alpine = state(inspections=(an_inspection(CVE, contents=some_contents(format=PackageFormat.APK)),))
        (found,) = steps(alpine, policy=ADDING)
        assert isinstance(found.action, Stamp)
        assert found.action.manager == "apk"

    def test_an_image_that_only_runs_has_no_layer(self) -> None:
        running = replace(state(CVE), use=an_image(digest=NEW, role=Role.RUN))
        assert steps(running, policy=ADDING, snapshot=stamped("")) == ()

    def test_what_is_below_the_severity_waits_for_the_quarter(self) -> None:
        assert steps(state(LOW), trigger=Trigger.SECURITY, policy=CALM, snapshot=stamped("")) == ()
        assert len(steps(state(LOW), policy=CALM, snapshot=stamped(""))) == 1

    def test_a_layer_of_another_stage_is_not_this_ones(self) -> None:
        other = a_snapshot(upgrades=(an_upgrade_layer(base_line=9), an_upgrade_layer(path="other/Dockerfile")))
        assert steps(state(CVE), snapshot=other) == ()


class TestWords:
    @pytest.mark.parametrize(
        ("rows", "text"),
        [
            ([CVE], "CVE-2026-1 in openssl"),
            ([CVE, replace(CVE, packages=("libssl3:arm64",))], "CVE-2026-1 in openssl"),
            ([CVE, LOW], "CVE-2026-1, CVE-2026-2 in openssl, zlib"),
            ([a_source_change(kind=ChangeKind.SECURITY_UNNAMED)], "flaws without an id in openssl"),
            ([replace(CVE, advisories=tuple(an_advisory(f"CVE-{n}") for n in range(6)))], "6 flaws in openssl"),
            ([replace(CVE, source=f"s{n}") for n in range(7)], "CVE-2026-1 in s0, s1, s2, s3, s4 and 2 more"),
        ],
    )
    def test_what_is_fixed_is_told_in_a_few_words(self, rows: list[SourceChange], text: str) -> None:
        assert contents.told(rows) == text


NAMES = st.from_regex(r"[a-z0-9][a-z0-9./_-]{0,80}(:[A-Za-z0-9_][A-Za-z0-9._-]{0,80})?", fullmatch=True)


@given(NAMES)
def test_any_name_gives_a_branch_that_git_allows(name: str) -> None:
    slug = images._slug(name)
    assert 0 < len(slug) <= images.LONGEST_SLUG + 7
    forbidden = ("..", "/", ":", " ", "@{")
    assert not any(one in slug for one in forbidden)
    assert not slug.endswith((".", ".lock"))
    assert not slug.startswith((".", "-"))


def test_names_that_look_alike_have_branches_of_their_own() -> None:
    names = ["a/b:1", "a-b:1", "a:" + "x" * 70 + "1", "a:" + "x" * 70 + "2", "a:x.lock", "a:x"]
    assert len({images._slug(name) for name in names}) == len(names)


@pytest.mark.parametrize("name", ["python:3.12-slim", "ghcr.io/acme/base:1.0", "a:x.lock", "a:..", "a:" + "x" * 128])
def test_git_itself_allows_the_branch(name: str) -> None:
    argv = ["git", "check-ref-format", "--branch", images.APART_BRANCH + images._slug(name)]
    assert subprocess.run(argv, check=False, capture_output=True).returncode == 0
