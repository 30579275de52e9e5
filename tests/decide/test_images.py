"""Findings about images, and the steps that a rebuild takes for them."""

import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.decide import images
from bot.decide.images import Wanted
from bot.model.contents import ChangeKind, ImageDiff, SourceChange, Support
from bot.model.findings import ArchiveAhead, EndOfLife, FrozenTag, MovedDigest
from bot.model.images import Role
from bot.model.observed import Difference, Frozen, ImageState, Target
from bot.model.packages import OsRelease, PackageFormat
from bot.model.plan import Repin, Retag, Stamp, Step
from bot.model.policy import Policy, Severity, Trigger
from bot.model.snapshot import Snapshot
from tests.builders import (
    NEW,
    NOW,
    OLD,
    a_diff,
    a_lifetime,
    a_reason,
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

THIRD = "sha256:" + "3" * 64
CVE = a_source_change(advisories=(an_advisory(),))
LOW = a_source_change("zlib", advisories=(an_advisory("CVE-2026-2", Severity.LOW),))
BUG = a_source_change("perl", kind=ChangeKind.BUGFIX)
WHY = a_reason()
CALM = Policy(security_severity=Severity.HIGH)
ADDING = Policy(add_upgrade_layer=True)


def state(*waiting: SourceChange, user: str = "", **fields: object) -> ImageState:
    """Give a mention that is at its newest image, for which updates wait in the archive."""
    values: dict[str, Any] = {"inspections": (an_inspection(*waiting, contents=some_contents(user=user)),), **fields}
    return a_state(an_image(digest=NEW), **values)


def stamped(*layers: str) -> Snapshot:
    return a_snapshot(upgrades=tuple(an_upgrade_layer(stamp, line=2 + n) for n, stamp in enumerate(layers)))


def steps(*states: ImageState, trigger: Trigger = Trigger.QUARTERLY, policy: Policy | None = None,
          snapshot: Snapshot | None = None) -> tuple[Step, ...]:  # fmt: skip
    return taken(*states, trigger=trigger, policy=policy, snapshot=snapshot)[0]


def taken(*states: ImageState, trigger: Trigger = Trigger.QUARTERLY, policy: Policy | None = None,
          snapshot: Snapshot | None = None) -> tuple[tuple[Step, ...], dict[str, list[Step]], list[str]]:  # fmt: skip
    wanted = Wanted(
        trigger=trigger, why=WHY, snapshot=snapshot or a_snapshot(), policy=policy or Policy(), now=NOW
    )  # fmt: skip
    found = images.take(states, wanted)
    return tuple(found.steps), found.apart, [reason.text for reason in found.waits]


def targets(found: tuple[Step, ...]) -> list[str | None]:
    return [step.action.digest for step in found if isinstance(step.action, Repin | Retag)]


def texts(step: Step) -> list[str]:
    return [reason.text for reason in step.why]


class TestFindings:
    def test_an_image_at_its_newest_digest_with_nothing_waiting_is_no_finding(self) -> None:
        assert images.findings((state(BUG),), a_snapshot(), Policy()) == ()

    def test_a_moved_digest_tells_what_is_inside(self) -> None:
        diff = a_diff(CVE)
        moved = a_state(diffs=(diff,))
        expected = MovedDigest(use=moved.use, current=OLD, available=NEW, diffs=(diff,))
        assert images.findings((moved,), a_snapshot(), Policy()) == (expected,)

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
        (found,) = images.ahead((one,), snapshot, policy)
        assert remedy in found.remedy


class TestStamps:
    def value(self, *waiting: SourceChange, at: datetime = NOW) -> str:
        return images.stamp_value(waiting, at)

    def test_a_stamp_is_the_day_and_a_digest_of_what_waits_in_any_order(self) -> None:
        assert self.value(CVE, LOW) == self.value(LOW, CVE)
        day, _, mark = self.value(CVE).partition(".")
        assert (day, len(mark)) == ("2026-11-24", 8)
        assert self.value(CVE, at=NOW + timedelta(days=3)).partition(".")[2] == mark
        assert self.value(replace(CVE, new="9")).partition(".")[2] != mark

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


OTHER_OS = a_diff(
    a_source_change(kind=ChangeKind.UNKNOWN), new=some_contents(os=OsRelease(id="debian", version="13"), digest=NEW)
)
OTHER_PYTHON = a_diff(CVE, new=some_contents(python="3.13.0"))
ARM = {"platform": "linux/arm64"}


class TestSteps:
    def test_a_moved_digest_is_taken_with_what_it_fixes(self) -> None:
        (found,) = steps(a_state(diffs=(a_diff(CVE),)))
        assert found.action == Repin(use=an_image(digest=OLD), digest=NEW)
        assert texts(found)[:2] == [
            "python:3.12-slim points to another image than the one pinned",
            "the new python:3.12-slim fixes CVE-2026-1 in openssl",
        ]
        assert found.why[-1] == WHY

    @pytest.mark.parametrize(
        ("diff", "codes"),
        [
            (a_diff(CVE), ["fixes"]),
            (a_diff(LOW), ["fixes-little"]),
            (a_diff(BUG), ["can-wait"]),
            (a_diff(), ["can-wait"]),
            (a_diff(replace(BUG, kind=ChangeKind.UNKNOWN)), []),
            (a_diff(BUG, new=some_contents(python="3.12.10")), []),
        ],
    )
    def test_what_a_move_means_is_said_only_where_it_is_known(self, diff: ImageDiff, codes: list[str]) -> None:
        (found,) = steps(a_state(diffs=(diff,)), policy=CALM)
        assert [reason.code for reason in found.why] == ["moved-digest", *codes, WHY.code]

    def test_a_comparison_that_could_not_read_everything_promises_nothing(self) -> None:
        partly = Target(digest=NEW, differences=(Difference(diff=a_diff(BUG), unreadable=("truncated",)),))
        (found,) = steps(a_state(newest=partly, settled=partly))
        assert [reason.code for reason in found.why] == ["moved-digest", WHY.code]
        assert not images.can_wait(partly.differences)
        assert not images.can_wait(())

    def test_security_takes_only_what_is_urgent(self) -> None:
        assert steps(a_state(diffs=(a_diff(LOW),)), trigger=Trigger.SECURITY, policy=CALM) == ()
        assert steps(a_state(diffs=(a_diff(BUG),)), trigger=Trigger.SECURITY) == ()
        assert targets(steps(a_state(diffs=(a_diff(CVE),)), trigger=Trigger.SECURITY)) == [NEW]

    def test_a_digest_that_has_not_settled_waits_with_its_date(self) -> None:
        ripe = datetime(2026, 11, 24, 18, tzinfo=UTC)
        found = taken(a_state(settled=None, ripe=ripe))
        assert found == (
            (), {},
            ["the newest image of python:3.12-slim has not stood for 6 hours yet; it is taken from 2026-11-24 18:00 UTC on"],
        )  # fmt: skip
        assert "it is taken" not in taken(a_state(settled=None))[2][0]

    def test_a_fix_does_not_wait_until_it_has_settled_and_neither_does_a_person(self) -> None:
        assert targets(steps(a_state(diffs=(a_diff(CVE),), settled=None))) == [NEW]
        assert targets(steps(a_state(settled=None), trigger=Trigger.MANUAL)) == [NEW]

    def test_an_older_digest_that_has_settled_goes_before_the_newest_that_has_not(self) -> None:
        found, _, waits = taken(a_state(settled=a_target(THIRD)))
        assert (targets(found), len(waits)) == ([THIRD], 1)

    def test_one_that_waits_is_told_once_however_often_it_is_mentioned(self) -> None:
        twice = (a_state(settled=None), a_state(an_image(digest=OLD, line=5), settled=None))
        assert len(taken(*twice)[2]) == 1

    def test_a_mention_without_a_digest_is_pinned_if_the_policy_wants_that(self) -> None:
        bare = a_state(an_image())
        (found,) = steps(bare)
        assert texts(found)[0] == "python:3.12-slim is not pinned, so two builds may differ"
        assert targets(steps(replace(bare, settled=None))) == [NEW]
        assert targets(steps(replace(bare, settled=a_target(THIRD)))) == [THIRD]
        assert steps(bare, policy=Policy(pin_digests=False)) == ()
        assert steps(bare, trigger=Trigger.SECURITY) == ()

    def test_a_mention_that_cannot_be_edited_stays(self) -> None:
        assert steps(a_state(an_image(digest=OLD, digest_span=None))) == ()

    def test_a_quarterly_rebuild_moves_the_tag(self) -> None:
        moving = a_state(an_image("3.12.1-slim", OLD), retag=a_target(THIRD, a_diff(CVE), tag="3.12.9-slim"))
        (found,) = steps(moving)
        assert found.action == Retag(use=moving.use, tag="3.12.9-slim", digest=THIRD)
        assert texts(found)[:2] == [
            "3.12.9-slim is the newest release of the same kind as python:3.12.1-slim",
            "python:3.12.9-slim fixes CVE-2026-1 in openssl",
        ]
        assert steps(moving, trigger=Trigger.SECURITY) == ()

    def test_a_tag_without_a_digest_moves_without_one_where_nothing_is_pinned(self) -> None:
        moving = a_state(an_image("3.12.1-slim"), retag=a_target(THIRD, tag="3.12.9-slim"))
        assert targets(steps(moving, policy=Policy(pin_digests=False))) == [None]
        assert targets(steps(moving)) == [THIRD]
        pinned = a_state(an_image("3.12.1-slim", OLD), retag=a_target(THIRD, tag="3.12.9-slim"))
        assert targets(steps(pinned, policy=Policy(pin_digests=False))) == [THIRD]

    @pytest.mark.parametrize(
        ("diffs", "codes", "text"),
        [
            ((OTHER_OS,), ["os-release"],
             "python:3.12-slim goes from debian 12 to debian 13: another release of the operating system"),
            ((OTHER_PYTHON,), ["python-minor"], "python:3.12-slim goes from Python 3.12.9 to 3.13.0"),
            ((a_diff(), replace(OTHER_OS, new=replace(OTHER_OS.new, platform="linux/arm64"))), ["os-release"],
             "python:3.12-slim goes from debian 12 to debian 13: another release of the operating system"),
            ((OTHER_OS, OTHER_OS), ["os-release"],
             "python:3.12-slim goes from debian 12 to debian 13: another release of the operating system"),
        ],
    )  # fmt: skip
    def test_another_release_stands_apart_with_its_reason(
        self, diffs: tuple[ImageDiff, ...], codes: list[str], text: str
    ) -> None:
        wanted = Wanted(trigger=Trigger.MANUAL, why=WHY, snapshot=a_snapshot(), policy=Policy(), now=NOW)
        found = images.take((a_state(diffs=diffs), a_state(an_image("other", OLD))), wanted)
        assert len(found.steps) == 1
        (rebuild,) = images.apart(found, wanted)
        assert rebuild.branch == "quarterdeck/base-python-3.12-slim"
        assert [reason.code for reason in rebuild.why] == codes
        assert rebuild.why[0].text == text

    def test_all_mentions_of_an_image_and_its_stamp_go_apart_together(self) -> None:
        waiting = (an_inspection(CVE),)
        one, two = (
            a_state(an_image(digest=OLD, line=line), diffs=(OTHER_PYTHON,), inspections=waiting) for line in (1, 5)
        )
        found, apart, _ = taken(one, two, trigger=Trigger.SECURITY, snapshot=stamped(""))
        assert found == ()
        assert [type(step.action) for step in apart["python:3.12-slim"]] == [Repin, Stamp, Repin]


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
        assert images.told(rows) == text


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
