"""Findings: what concerns a repository."""

from dataclasses import replace

from bot.decide import assess
from bot.decide.calendar import Due, NotDue
from bot.model.findings import LockOutOfDate, MovedDigest, QuarterDue, Unreadable
from bot.model.images import PlatformManifest
from bot.model.locks import Requirement
from bot.model.policy import Policy
from tests.builders import NEW, OLD, a_look, a_snapshot, an_image

AMD, ARM = (
    PlatformManifest(platform=name, digest="sha256:" + name[-1] * 64) for name in ("linux/amd64", "linux/arm64")
)
OTHER = PlatformManifest(platform="linux/amd64", digest="sha256:" + "9" * 64)
USE = an_image(digest=OLD)
MOVED = MovedDigest(use=USE, current=OLD, available=NEW)
DUE = Due(quarter="2026q4", since=None)


def test_an_index_that_only_gained_another_architecture_did_not_move() -> None:
    assert assess.moved(USE, a_look(USE), (AMD,), (AMD, ARM), Policy()) is None
    assert assess.moved(USE, a_look(USE), (AMD,), (AMD, ARM), Policy(platforms=("linux/amd64", "linux/arm64"))) == MOVED


def test_another_manifest_for_the_platform_in_use_is_a_move() -> None:
    assert assess.moved(USE, a_look(USE), (AMD,), (OTHER,), Policy()) == MOVED
    assert assess.moved(USE, a_look(USE), (), (), Policy()) == MOVED
    assert assess.moved(USE, a_look(USE), (ARM,), (ARM,), Policy()) == MOVED


def test_the_same_digest_and_no_digest_are_no_move() -> None:
    assert assess.moved(USE, a_look(USE, OLD), (), (), Policy()) is None
    assert assess.moved(an_image(), a_look(USE), (), (), Policy()) is None


def test_a_mentions_own_platform_comes_before_the_policys() -> None:
    arm = an_image(digest=OLD, platform="linux/arm64")
    assert assess.platforms_of(arm, Policy()) == ("linux/arm64",)
    assert assess.moved(arm, a_look(arm), (AMD, ARM), (OTHER, ARM), Policy()) is None


def test_platforms_are_compared_by_their_plain_name() -> None:
    arm = an_image(digest=OLD, platform="linux/arm64/v8")
    assert assess.platforms_of(arm, Policy()) == ("linux/arm64",)


def test_findings_stand_in_a_fixed_order_and_nothing_is_due_where_nothing_is_pinned() -> None:
    strange = Unreadable(path="a.in", line=1, subject="a", why="b")
    wanted = Requirement(name="django", specifier="<5", path="requirements.in", line=1, text="django<5")
    fresh = a_snapshot(requirements=(wanted,))
    snapshot = a_snapshot(unreadable=(strange,), requirements=(replace(wanted, specifier="<4"),))
    stale = LockOutOfDate(
        path="requirements.txt", subject="django", why="requirements.in:1 asks for django<4, the lock pins 4.2.15"
    )
    due = QuarterDue(quarter="2026q4", since=None)
    assert assess.assess(snapshot, (MOVED,), DUE) == (strange, MOVED, stale, due)
    assert assess.assess(replace(fresh, locks=()), (), DUE) == ()
    assert assess.assess(fresh, (), NotDue(quarter="2026q4", until=None)) == ()
