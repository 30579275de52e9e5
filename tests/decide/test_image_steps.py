"""The steps that a rebuild takes for images, and those that stand apart."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.decide import images
from bot.decide.stamps import Wanted
from bot.model.contents import ChangeKind, ImageDiff, SourceChange
from bot.model.observed import Difference, Target
from bot.model.packages import OsRelease
from bot.model.plan import Repin, Retag, Stamp
from bot.model.policy import Policy, Trigger
from tests.builders import (
    NEW,
    NOW,
    OLD,
    a_diff,
    a_snapshot,
    a_source_change,
    a_state,
    a_target,
    an_advisory,
    an_image,
    an_inspection,
    some_contents,
)  # fmt: skip
from tests.decide.image_steps import (
    BUG,
    CALM,
    CVE,
    LOW,
    OTHER_OS,
    OTHER_PYTHON,
    THIRD,
    WHY,
    stamped,
    steps,
    taken,
    targets,
    texts,
)  # fmt: skip


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

    def test_a_tag_does_not_hide_an_urgent_fix_that_only_the_moved_digest_has(self) -> None:
        def going(*there: SourceChange, here: tuple[SourceChange, ...] = (CVE,)) -> list[str | None]:
            retag = a_target(THIRD, a_diff(*there), tag="3.12.9-slim")
            return targets(
                steps(a_state(an_image("3.12.1-slim", OLD), diffs=(a_diff(*here),), retag=retag), policy=CALM)
            )

        unnamed = a_source_change(kind=ChangeKind.SECURITY_UNNAMED)
        assert going(CVE, BUG) == [THIRD]
        assert going(replace(CVE, kind=ChangeKind.UNKNOWN)) == [THIRD]
        assert going(BUG) == [NEW]
        assert going() == [NEW]
        assert going(unnamed) == [NEW]
        assert going(BUG, here=(LOW,)) == [THIRD]
        assert going(replace(CVE, advisories=(an_advisory("CVE-2026-9"),))) == [NEW]

    def test_a_fix_without_an_id_is_looked_for_by_its_package(self) -> None:
        unnamed = a_source_change(kind=ChangeKind.SECURITY_UNNAMED)

        def going(*there: SourceChange) -> list[str | None]:
            retag = a_target(THIRD, a_diff(*there), tag="3.12.9-slim")
            return targets(steps(a_state(an_image("3.12.1-slim", OLD), diffs=(a_diff(unnamed),), retag=retag)))

        assert going(unnamed) == [THIRD]
        assert going(CVE) == [THIRD]
        assert going(replace(unnamed, kind=ChangeKind.BUGFIX)) == [NEW]
        assert going() == [NEW]

    def test_an_image_that_stays_does_not_keep_its_tag_from_moving(self) -> None:
        still = a_state(an_image("3.12.1-slim", NEW), diffs=(a_diff(CVE),), retag=a_target(THIRD, tag="3.12.9-slim"))
        assert targets(steps(still)) == [THIRD]

    @pytest.mark.parametrize("trigger", [Trigger.QUARTERLY, Trigger.SECURITY, Trigger.MANUAL])
    def test_an_image_that_lacks_a_platform_in_use_waits_whoever_asks(self, trigger: Trigger) -> None:
        newest = replace(a_target(NEW, a_diff(CVE)), missing=("linux/arm64", "linux/arm/v7"))
        found = taken(a_state(newest=newest, settled=newest), trigger=trigger)
        text = "the newest image of python:3.12-slim is not there for linux/arm64, linux/arm/v7; it is taken once it is"
        assert found == ((), {}, [text])

    def test_a_tag_that_lacks_a_platform_waits_under_its_own_name(self) -> None:
        retag = replace(a_target(THIRD, tag="3.12.9-slim"), missing=("linux/arm64",))
        found, _, waits = taken(a_state(an_image("3.12.1-slim", OLD), retag=retag))
        assert found == ()
        assert waits == ["the newest image of python:3.12.9-slim is not there for linux/arm64; it is taken once it is"]

    def test_one_that_lacks_a_platform_and_that_nobody_wants_now_is_not_told(self) -> None:
        newest = replace(a_target(), missing=("linux/arm64",))
        assert taken(a_state(newest=newest), trigger=Trigger.SECURITY) == ((), {}, [])
        assert taken(a_state(an_image(digest=OLD, digest_span=None), newest=newest)) == ((), {}, [])

    def test_an_image_that_is_older_than_the_pin_is_not_taken_by_itself(self) -> None:
        newest = replace(a_target(NEW, a_diff(LOW)), older=True)
        text = "python:3.12-slim points to an image that is older than the one pinned; nothing goes back without you"
        for settled in (newest, None):
            assert taken(a_state(newest=newest, settled=settled), policy=CALM) == ((), {}, [text])
        found, _, waits = taken(a_state(newest=newest, settled=a_target(THIRD)), policy=CALM)
        assert (targets(found), waits) == ([THIRD], [text])
        assert steps(a_state(newest=newest, settled=newest), policy=CALM, trigger=Trigger.SECURITY) == ()

    def test_an_older_image_is_taken_for_an_urgent_fix_or_by_a_person_and_marked(self) -> None:
        newest = replace(a_target(NEW, a_diff(CVE)), older=True)
        for trigger in (Trigger.QUARTERLY, Trigger.SECURITY, Trigger.MANUAL):
            (found,) = steps(a_state(newest=newest, settled=None), trigger=trigger)
            assert texts(found)[1] == "the image that it goes to was made before the one pinned"
        calm = replace(a_target(), older=True)
        (found,) = steps(a_state(newest=calm, settled=None), trigger=Trigger.MANUAL)
        assert [reason.code for reason in found.why] == ["moved-digest", "older-image", WHY.code]

    def test_where_the_two_cannot_be_compared_it_is_taken_and_said(self) -> None:
        blind = replace(a_target(), blind=True)
        (found,) = steps(a_state(newest=blind, settled=blind))
        assert [reason.code for reason in found.why] == ["moved-digest", "release-unknown", WHY.code]
        assert texts(found)[1] == (
            "the pinned python:3.12-slim and the new one could not be compared: OS and Python may be other ones"
        )

    @pytest.mark.parametrize(
        ("diffs", "where"),
        [
            ((OTHER_OS,), "debian-13"),
            ((OTHER_PYTHON,), "python-3.13"),
            ((a_diff(new=some_contents(python="3.13.0", os=OsRelease(id="debian", version="13"))),),
             "debian-13-python-3.13"),
            ((OTHER_OS, OTHER_PYTHON), "debian-13-python-3.13"),
            ((a_diff(), OTHER_OS), "debian-13"),
            ((a_diff(new=some_contents(os=OsRelease(id="alpine", version="3.20.3"))),), "alpine-3.20"),
            ((a_diff(new=some_contents(os=OsRelease(id="debian", version="", codename="forky"))),), "debian-forky"),
        ],
    )  # fmt: skip
    def test_moves_are_grouped_by_where_they_lead(self, diffs: tuple[ImageDiff, ...], where: str) -> None:
        wanted = Wanted(trigger=Trigger.MANUAL, why=WHY, snapshot=a_snapshot(), policy=Policy(), now=NOW)
        two = (a_state(diffs=diffs), a_state(an_image("3.12", OLD, line=5), diffs=diffs))
        (rebuild,) = images.apart(images.take(two, wanted), wanted)
        assert rebuild.branch == f"quarterdeck/base-{where}"
        assert len(rebuild.steps) == 2

    def test_a_move_apart_names_the_releases_first_and_then_what_is_urgent(self) -> None:
        wanted = Wanted(trigger=Trigger.MANUAL, why=WHY, snapshot=a_snapshot(), policy=Policy(), now=NOW)
        two = (a_state(diffs=(OTHER_PYTHON,)), a_state(an_image("3.12", OLD), diffs=(OTHER_PYTHON,)))
        (rebuild,) = images.apart(images.take(two, wanted), wanted)
        assert [reason.text for reason in rebuild.why] == [
            "python:3.12-slim goes from Python 3.12.9 to 3.13.0",
            "python:3.12 goes from Python 3.12.9 to 3.13.0",
            "the new python:3.12-slim fixes CVE-2026-1 in openssl",
            "the new python:3.12 fixes CVE-2026-1 in openssl",
        ]

    @pytest.mark.parametrize(
        ("diffs", "codes", "text"),
        [
            ((OTHER_OS,), ["os-release"],
             "python:3.12-slim goes from debian 12 to debian 13: another release of the operating system"),
            ((OTHER_PYTHON,), ["python-minor", "fixes"], "python:3.12-slim goes from Python 3.12.9 to 3.13.0"),
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
        assert rebuild.branch.startswith("quarterdeck/base-")
        assert [reason.code for reason in rebuild.why] == codes
        assert rebuild.why[0].text == text

    def test_all_mentions_of_an_image_go_apart_together_and_what_is_built_meanwhile_is_stamped(self) -> None:
        waiting = (an_inspection(CVE),)
        one, two = (
            a_state(an_image(digest=OLD, line=line), diffs=(OTHER_PYTHON,), inspections=waiting) for line in (1, 5)
        )
        found, apart, _ = taken(one, two, trigger=Trigger.SECURITY, snapshot=stamped(""))
        assert [type(step.action) for step in found] == [Stamp]
        assert [type(step.action) for step in apart["python-3.13"]] == [Repin, Repin]
