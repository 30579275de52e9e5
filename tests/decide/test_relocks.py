"""Which locks are compiled again, and how far they may move."""

import pytest

from bot.decide import relocks
from bot.decide.relocks import Moves, Terms
from bot.model.contents import Advisory
from bot.model.flaws import FlawedPin
from bot.model.locks import Lock, LockerName
from bot.model.plan import FixAtLeast, Movement, Refresh, Relock, Repin, Step, UpgradeAll, UpgradeOnly
from bot.model.policy import Policy, Severity
from bot.model.reasons import Reason
from bot.model.releases import Release
from tests.builders import a_change, a_lock, a_pin, a_reason, a_rebuild, an_advisory, an_image, some_fixed

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
        (
            Moves(),
            (a_lock("r.txt", locker=LockerName.BY_HAND),),
            "r.txt: pinned by hand, so there is nothing to compile",
        ),
        (
            Moves(),
            (a_lock("r.txt", locker=LockerName.BY_HAND), a_lock("uv.lock", locker=LockerName.UV)),
            "uv.lock can be read, but not written yet; r.txt: pinned by hand, so there is nothing to compile",
        ),
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


def test_what_somebody_asked_to_leave_alone_stays_in_each_lock_that_pins_it() -> None:
    terms = Terms(
        stale=frozenset(), cutoff=None, policy=Policy(), why=a_reason(), kept=frozenset({"jinja2", "nowhere"})
    )
    found = relocks.steps(Moves(), LOCKS, terms)
    assert {step.action.lock.path: step.action.movement for step in found if isinstance(step.action, Relock)} == {
        "alone.txt": UpgradeAll(but=("jinja2",)), "base.txt": UpgradeAll(but=("jinja2",)), "dev.txt": UpgradeAll(),
    }  # fmt: skip


# ---- fixes


def a_flaw(name: str, at: str, *advisories: Advisory, path: str = "base.txt", **fields: object) -> FlawedPin:
    way = Release(version=at, yanked=False, requires_python="", uploaded_at=None)
    return FlawedPin(path=path, pin=a_pin(name, "1.0"), advisories=advisories or (an_advisory(),), way=way, **fields)  # type: ignore[arg-type]


def test_every_lock_gets_its_own_fixes_and_what_builds_on_it_is_refreshed() -> None:
    stuck = FlawedPin(path="alone.txt", pin=a_pin("jinja2"), advisories=(an_advisory(),), way=None)
    found = relocks.fixes((a_flaw("jinja2", "3.1.6", never=("3.2",)), stuck), LOCKS, TERMS)
    assert {step.action.lock.path: step.action.movement for step in found if isinstance(step.action, Relock)} == {
        "base.txt": FixAtLeast(floors=(("jinja2", "3.1.6"),), never=(("jinja2", ("3.2",)),)), "dev.txt": Refresh(),
    }  # fmt: skip
    assert found[0].why[0].text == "jinja2 3.1.6 fixes CVE-2026-1 (high)"


def test_forks_go_to_the_highest_of_their_ways_and_what_is_below_it_needs_no_ban() -> None:
    rows = (a_flaw("click", "1.1", never=("1.2", "2.1")), a_flaw("click", "1.2", never=("2.1",)))
    (first, _) = relocks.fixes(rows, LOCKS, TERMS)
    assert isinstance(first.action, Relock)
    assert first.action.movement == FixAtLeast(floors=(("click", "1.2"),), never=(("click", ("2.1",)),))
    (first, _) = relocks.fixes((rows[0], a_flaw("click", "2.1")), LOCKS, TERMS)
    assert isinstance(first.action, Relock)
    assert first.action.movement == FixAtLeast(floors=(("click", "2.1"),))
    (first, _) = relocks.fixes((a_flaw("click", "1.2"), a_flaw("click", "1.1")), LOCKS, TERMS)
    assert isinstance(first.action, Relock)
    assert first.action.movement == FixAtLeast(floors=(("click", "1.2"),))


def test_the_reasons_of_a_fix_begin_with_the_worst_and_name_only_what_it_removes() -> None:
    low, high = an_advisory("LOW", Severity.LOW), an_advisory("HIGH", url="https://osv.dev/HIGH")
    rows = (
        a_flaw("a", "2", low), a_flaw("b", "2", high), a_flaw("c", "2", an_advisory("MAL-1", Severity.LOW)),
        a_flaw("d", "2", low, high, left=(high,)),
    )  # fmt: skip
    found = relocks.fixes(rows, LOCKS, TERMS)[0].why
    assert [reason.text for reason in found[:-1]] == [
        "c 2 fixes MAL-1 (low)", "b 2 fixes HIGH (high)", "a 2 fixes LOW (low)", "d 2 fixes LOW (low)",
    ]  # fmt: skip
    assert found[1].links == ("https://osv.dev/HIGH",)


def test_locks_that_are_read_only_and_pythons_that_were_guessed_are_told() -> None:
    others = (a_lock("uv.lock", locker=LockerName.UV), a_lock("r.txt", locker=LockerName.BY_HAND))
    assert [reason.text for reason in relocks.read_only((BASE, *others))] == [
        "uv.lock (uv) can be read, but not written yet: its pins stay where they are",
        "r.txt is pinned by hand: its pins stay where they are",
    ]
    found = relocks.steps(Moves(), (a_lock("a.txt", python_from="guess"), BASE), TERMS)
    repin = Step(action=Repin(use=an_image(), digest="sha256:" + "1" * 64), why=(a_reason(),))
    (reason,) = relocks.guessed((*found, repin), "guess")
    assert "nothing names the Python of a.txt" in reason.text


def test_a_fix_that_a_change_does_not_come_to_is_no_reason_of_its_proposal() -> None:
    reasons = (
        Reason(code="fixes", subject="jinja2", text="a"),
        Reason(code="fixes", subject="click", text="b"),
        a_reason(),
    )
    steps = relocks.fixes((a_flaw("jinja2", "3.1.6"), a_flaw("click", "8.2")), LOCKS, TERMS)
    repin = Step(action=Repin(use=an_image(), digest="sha256:" + "1" * 64), why=(a_reason(),))
    rebuild = a_rebuild(steps=(*steps, repin), why=reasons)
    change = a_change(fixed=(some_fixed(name="jinja2"),))
    assert relocks.really(rebuild, change) == (reasons[0], reasons[2])
    assert relocks.really(a_rebuild(steps=steps, why=reasons[1:2]), change) == reasons[1:2]
