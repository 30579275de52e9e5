"""Findings: what concerns a repository."""

from dataclasses import replace

from bot.decide import assess
from bot.decide.calendar import Due, NotDue
from bot.model.findings import LockOutOfDate, MovedDigest, QuarterDue, Unreadable
from bot.model.images import Install, PlatformManifest
from bot.model.locks import LockerName, PythonClaim, Requirement
from bot.model.policy import Policy
from tests.builders import NEW, OLD, a_lock, a_snapshot, a_state, an_image

AMD, ARM = (
    PlatformManifest(platform=name, digest="sha256:" + name[-1] * 64) for name in ("linux/amd64", "linux/arm64")
)
OTHER = PlatformManifest(platform="linux/amd64", digest="sha256:" + "9" * 64)
USE = an_image(digest=OLD)
MOVED = MovedDigest(use=USE, current=OLD, available=NEW)
DUE = Due(quarter="2026q4", since=None)


def test_an_index_that_only_gained_another_architecture_did_not_move() -> None:
    assert not assess.is_move((AMD,), (AMD, ARM), ("linux/amd64",))
    assert assess.is_move((AMD,), (AMD, ARM), ("linux/amd64", "linux/arm64"))


def test_another_manifest_for_the_platform_in_use_is_a_move() -> None:
    assert assess.is_move((AMD,), (OTHER,), ("linux/amd64",))
    assert assess.is_move((), (), ("linux/amd64",))
    assert assess.is_move((AMD,), (), ("linux/amd64",))
    assert assess.is_move((ARM,), (ARM,), ("linux/amd64",))
    assert not assess.is_move((AMD, ARM), (OTHER, ARM), ("linux/arm64",))


def test_a_mentions_own_platform_comes_before_the_policys() -> None:
    assert assess.platforms_of(an_image(platform="linux/arm64"), Policy()) == ("linux/arm64",)
    assert assess.platforms_of(an_image(), Policy(platforms=("linux/amd64", "linux/arm64"))) == (
        "linux/amd64", "linux/arm64",
    )  # fmt: skip


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
    states = (a_state(USE),)
    assert assess.assess(snapshot, states, DUE, Policy()) == (strange, MOVED, stale, due)
    assert assess.assess(replace(fresh, locks=()), (), DUE, Policy()) == ()
    assert assess.assess(fresh, (), NotDue(quarter="2026q4", until=None), Policy()) == ()


def test_a_lock_of_another_tool_is_for_a_range_of_pythons_so_none_is_denied() -> None:
    claim = PythonClaim(where="pyproject.toml", requires=">=3.13")
    theirs, ours = (a_lock(locker=name, python_claims=(claim,)) for name in (LockerName.POETRY, LockerName.PIP_TOOLS))
    assert assess.mismatches(a_snapshot(locks=(theirs,))) == ()
    assert [row.other for row in assess.mismatches(a_snapshot(locks=(ours,)))] == [">=3.13"]


def test_a_version_file_denies_a_lock_unless_an_image_or_a_sibling_agrees() -> None:
    claim = PythonClaim(where=".python-version", named=("3.12", "3.13"))
    lock = a_lock(python_claims=(claim,))
    (row,) = assess.mismatches(a_snapshot(locks=(lock,)))
    assert (row.locked, row.other, row.where, row.installs) == ("3.11", "3.12, 3.13", ".python-version", False)
    named = a_lock(python_claims=(replace(claim, named=("3.11",)),))
    assert assess.mismatches(a_snapshot(locks=(named,))) == ()
    installed = a_snapshot(
        locks=(lock,), installs=(Install(lock="requirements.txt", python="3.11", path="Dockerfile", line=3, base=None),)
    )
    assert assess.mismatches(installed) == ()
    assert assess.mismatches(a_snapshot(locks=(lock, a_lock("b.txt", python="3.12")))) == ()
    allowed = a_lock(python_claims=(PythonClaim(where="pyproject.toml", requires=">=3.11.4"),))
    assert assess.mismatches(a_snapshot(locks=(allowed,))) == ()
