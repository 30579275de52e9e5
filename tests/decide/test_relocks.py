"""Which locks are compiled again, and how far they may move."""

import pytest

from bot.decide import relocks
from bot.decide.relocks import Moves, Terms
from bot.model.locks import Lock, LockerName
from bot.model.plan import FixAtLeast, Movement, Refresh, Relock, Repin, Step, UpgradeAll, UpgradeOnly
from bot.model.policy import Policy
from tests.builders import a_lock, a_pin, a_reason, an_image

BASE = a_lock("base.txt", pins=(a_pin("jinja2", "3.0"),))
DEV = a_lock("dev.txt", pins=(a_pin("pytest", "8.0"),), after=("base.txt",))
ALONE = a_lock("alone.txt", pins=(a_pin("jinja2", "3.1.6"),))
LOCKS = (DEV, BASE, ALONE)
TERMS = Terms(stale=frozenset(), cutoff=None, policy=Policy(), why=a_reason())


def moved(moves: Moves, locks: tuple[Lock, ...] = LOCKS, stale: frozenset[str] = frozenset()) -> dict[str, Movement]:
    policy = Policy(resolver="uv", build_from_source=("x",))
    terms = Terms(stale=stale, cutoff=None, policy=policy, why=a_reason())
    found = relocks.steps(moves, locks, terms)
    actions = [step.action for step in found if isinstance(step.action, Relock)]
    assert all((action.resolver, action.build) == ("uv", ("x",)) for action in actions)
    return {action.lock.path: action.movement for action in actions}


def test_everything_moves_where_nothing_is_named() -> None:
    assert moved(Moves()) == dict.fromkeys(("alone.txt", "base.txt", "dev.txt"), UpgradeAll())


def test_a_fix_touches_locks_below_it_and_refreshes_what_builds_on_them() -> None:
    fix = FixAtLeast(floors=(("jinja2", "3.1.6"),))
    assert moved(Moves(floors=(("jinja2", "3.1.6"),))) == {"base.txt": fix, "dev.txt": Refresh()}


def test_the_step_of_a_lock_that_builds_on_another_says_so() -> None:
    found = relocks.steps(Moves(packages=("jinja2",)), LOCKS, TERMS)
    last = [step for step in found if isinstance(step.action, Relock) and step.action.lock is DEV]
    assert [reason.code for reason in last[0].why] == ["never-rebuilt", "builds-on"]


def test_only_the_named_packages_move() -> None:
    assert moved(Moves(packages=("pytest", "nowhere"))) == {"dev.txt": UpgradeOnly(names=("pytest",))}


def test_a_name_that_no_lock_pins_is_told_beside_those_that_move() -> None:
    moves = Moves(packages=("nowhere", "pytest"), floors=(("gone", "2"), ("jinja2", "3.1.6")))
    assert [reason.text for reason in relocks.unheard(moves, LOCKS)] == [
        "no lock that can be compiled pins gone", "no lock that can be compiled pins nowhere",
    ]  # fmt: skip


def test_a_refresh_touches_what_does_not_match_its_sources_and_what_builds_on_it() -> None:
    assert moved(Moves(refresh=True), stale=frozenset({"base.txt"})) == {"base.txt": Refresh(), "dev.txt": Refresh()}
    assert moved(Moves(refresh=True)) == {}


def test_locks_that_cannot_be_written_are_left_out() -> None:
    locks = (a_lock("uv.lock", locker=LockerName.UV), a_lock("odd.txt", obstacle="odd"))
    assert moved(Moves(), locks) == {}


@pytest.mark.parametrize(
    ("moves", "text"),
    [
        (Moves(), "upgrade everything"),
        (Moves(packages=("a", "b")), "upgrade a, b"),
        (Moves(floors=(("a", "1"),), refresh=True), "bring a to at least 1 and bring locks in line with their sources"),
    ],
)
def test_what_was_asked_for_is_said_as_people_say_it(moves: Moves, text: str) -> None:
    assert moves.text == text


@pytest.mark.parametrize(
    ("moves", "locks", "text"),
    [
        (Moves(floors=(("a", "1"),)), LOCKS, "no lock that can be compiled pins a below 1"),
        (Moves(packages=("a",)), LOCKS, "no lock pins a"),
        (Moves(refresh=True), LOCKS, "every lock matches its sources"),
        (Moves(), (a_lock("uv.lock", locker=LockerName.UV),), "uv.lock can be read, but not written yet"),
        (Moves(), (a_lock(obstacle="odd"),), "no lock can be compiled; see the findings"),
    ],
)
def test_where_nothing_is_compiled_it_says_why(moves: Moves, locks: tuple[Lock, ...], text: str) -> None:
    assert relocks.nothing_to_compile(moves, locks) == text


def test_locks_that_need_each_other_are_compiled_one_after_the_other_and_the_others_beside_them() -> None:
    found = relocks.steps(Moves(), LOCKS, TERMS)
    paths = [[step.action.lock.path for step in level] for level in relocks.levels(found)]  # type: ignore[union-attr]
    assert paths == [["alone.txt", "base.txt"], ["dev.txt"]]
    repin = Step(action=Repin(use=an_image(), digest="sha256:" + "1" * 64), why=(a_reason(),))
    assert relocks.levels((repin,)) == ()


def test_names_and_floors_move_together_and_every_fork_of_a_package_counts() -> None:
    forked = a_lock(
        "f.txt", pins=(a_pin("click", "8.1.7", marker="a"), a_pin("click", "8.3.0", marker="b"), a_pin("flask"))
    )
    moves = Moves(packages=("click", "flask"), floors=(("click", "8.1.8"),))
    assert moved(moves, (forked,)) == {"f.txt": FixAtLeast(floors=(("click", "8.1.8"),), names=("flask",))}
