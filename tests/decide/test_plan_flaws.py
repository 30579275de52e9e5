"""Plans that flaws of pins call for, and what people asked to leave alone."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.decide import flaws, plan
from bot.decide.calendar import Due, NotDue
from bot.decide.exceptions import Exceptions
from bot.decide.flaws import Suspect
from bot.decide.plan import Situation, Wish
from bot.decide.relocks import Moves
from bot.model.contents import Advisory
from bot.model.flaws import FlawedPin
from bot.model.locks import LockerName
from bot.model.plan import Deferred, FixAtLeast, NothingToDo, Plan, Rebuild, Relock, UpgradeAll
from bot.model.policy import Freeze, Ignored, Policy, Severity, Trigger
from bot.model.releases import Release
from tests.builders import NOW, a_lock, a_pin, a_situation, a_snapshot, a_state, an_advisory, an_image

NEXT = datetime(2027, 1, 5, 9, tzinfo=UTC)
DONE = NotDue(quarter="2026q4", until=NEXT)
SECURITY = Wish(trigger=Trigger.SECURITY)
TODAY = NOW.date()


def a_flaw(name: str = "django", severity: Severity = Severity.HIGH, **fields: object) -> FlawedPin:
    way = Release(version="4.2.16", yanked=False, requires_python="", uploaded_at=None)
    values = {"path": "requirements.txt", "advisories": (an_advisory(severity=severity),), "way": way, **fields}
    return FlawedPin(pin=a_pin(name), **values)  # type: ignore[arg-type]


def movements(decided: Plan) -> dict[str, object]:
    assert isinstance(decided, Rebuild)
    return {step.action.lock.path: step.action.movement for step in decided.steps if isinstance(step.action, Relock)}


def an_ignored(subject: str) -> Ignored:
    return Ignored(subject=subject, until=date(2026, 12, 31), reason="later", by="maintainer")


FIX = {"requirements.txt": FixAtLeast(floors=(("django", "4.2.16"),))}


def test_a_flaw_is_fixed_at_once_and_alone_whatever_the_calendar_and_a_freeze_say() -> None:
    frozen = Policy(freeze=(Freeze(start=(11, 1), end=(11, 30), reason="release week"),))
    for calendar in (DONE, Due(quarter="2026q4", since=None)):
        decided = plan.plan(Wish(), a_situation(calendar=calendar, policy=frozen, flawed=(a_flaw(),)))
        assert movements(decided) == FIX
        assert isinstance(decided, Rebuild)
        assert (decided.trigger, decided.branch, decided.quarter) == (Trigger.SECURITY, "quarterdeck/security", "")
        assert [reason.code for reason in decided.why] == ["fixes"]


def test_a_quarter_that_is_due_stands_beside_it() -> None:
    decided = plan.plan(Wish(), a_situation(flawed=(a_flaw(),)))
    assert movements(decided) == {"requirements.txt": UpgradeAll()}
    assert isinstance(decided, Rebuild)
    assert [one.branch for one in decided.apart] == ["quarterdeck/security"]
    assert movements(decided.apart[0]) == FIX
    forced = plan.plan(Wish(trigger=Trigger.QUARTERLY), a_situation(flawed=(a_flaw(),)))
    assert isinstance(forced, Rebuild)
    assert forced.apart == ()


@pytest.mark.parametrize(
    ("flaw", "policy"),
    [
        (a_flaw(way=None), Policy()),
        (a_flaw(severity=Severity.LOW), Policy(security_severity=Severity.MEDIUM)),
        (a_flaw(advisories=(an_advisory(), an_advisory("L", Severity.LOW)), left=(an_advisory(),)), Policy(security_severity=Severity.HIGH)),
    ],
)  # fmt: skip
def test_what_nobody_can_fix_or_is_too_mild_opens_nothing(flaw: FlawedPin, policy: Policy) -> None:
    situation = a_situation(calendar=DONE, flawed=(flaw,), policy=policy)
    assert isinstance(plan.plan(SECURITY, situation), NothingToDo)
    assert isinstance(plan.plan(Wish(), situation), NothingToDo)


def test_a_run_for_images_only_or_for_named_packages_fixes_no_pin_besides() -> None:
    situation = a_situation(calendar=DONE, flawed=(a_flaw(),))
    assert isinstance(plan.plan(Wish(trigger=Trigger.SECURITY, only="images"), situation), NothingToDo)
    narrow = plan.plan(Wish(trigger=Trigger.SECURITY, moves=Moves(packages=("flask",))), situation)
    assert isinstance(narrow, NothingToDo)
    assert movements(plan.plan(Wish(trigger=Trigger.SECURITY, only="locks"), situation)) == FIX


def test_the_cooldown_is_a_whole_day_in_utc_wherever_now_is_told() -> None:
    elsewhere = datetime.fromisoformat("2026-11-24T23:30:00-05:00")  # already the 25th in UTC
    decided = plan.plan(SECURITY, a_situation(now=elsewhere, flawed=(a_flaw(),)))
    assert isinstance(decided, Rebuild)
    (step,) = decided.steps
    assert isinstance(step.action, Relock)
    assert step.action.uploaded_before == datetime(2026, 11, 18, tzinfo=UTC)


def test_an_ignored_package_stays_in_the_locks_that_pin_it_and_the_rest_moves() -> None:
    locks = (a_lock("a.txt"), a_lock("b.txt", pins=(a_pin("flask"),)))
    exceptions = Exceptions(today=TODAY, ignored=(an_ignored("Django"),))
    decided = plan.plan(Wish(), a_situation(snapshot=a_snapshot(locks=locks), exceptions=exceptions))
    assert movements(decided) == {"a.txt": UpgradeAll(but=("django",)), "b.txt": UpgradeAll()}
    assert isinstance(decided, Rebuild)
    assert [reason.text for reason in decided.waits] == [
        "django stays as it is until 2026-12-31, as maintainer asked: later"
    ]


def test_an_ignored_image_holds_back_no_package_that_is_called_like_it() -> None:
    use = an_image("7")
    image = replace(
        use,
        name=replace(use.name, repository="library/redis", tag=None, digest="sha256:" + "1" * 64),
        reference="docker.io/redis",
    )
    snapshot = a_snapshot(locks=(a_lock(pins=(a_pin("redis"),)),), images=(image,))
    exceptions = Exceptions(today=TODAY, ignored=(an_ignored("docker.io/redis"),))
    decided = plan.plan(Wish(), a_situation(snapshot=snapshot, images=(a_state(image),), exceptions=exceptions))
    assert movements(decided) == {"requirements.txt": UpgradeAll()}


def test_a_lock_that_is_read_only_gets_no_step() -> None:
    snapshot = a_snapshot(locks=(a_lock("uv.lock", locker=LockerName.UV), a_lock()))
    decided = plan.plan(SECURITY, a_situation(snapshot=snapshot, flawed=(a_flaw(path="uv.lock", way=None), a_flaw())))
    assert movements(decided) == FIX


# ---- properties

POOL = ("4.2.15", "4.2.16", "4.2.17", "5.0", "5.1a1", "6.0")
IDS = ("PYSEC-1", "PYSEC-2", "MAL-3")
severities = st.sampled_from(Severity)
known_flaws = st.dictionaries(st.sampled_from(POOL), st.frozensets(st.sampled_from(IDS)))
any_wish = st.builds(
    Wish,
    trigger=st.sampled_from(Trigger),
    only=st.sampled_from((None, "locks", "images")),
    moves=st.sampled_from((Moves(), Moves(packages=("django",)), Moves(refresh=True))),
)


def advisories(names: frozenset[str]) -> tuple[Advisory, ...]:
    return tuple(an_advisory(name, Severity.LOW) for name in sorted(names))


def situation_at(version: str, known: dict[str, frozenset[str]], **fields: object) -> Situation:
    """Give the situation of a repository whose lock pins a version, as far as flaws go."""
    lock = a_lock(pins=(a_pin("django", version),))
    releases = tuple(Release(version=one, yanked=False, requires_python="", uploaded_at=None) for one in POOL)
    suspect = Suspect(lock=lock, pin=lock.pins[0], advisories=advisories(known.get(version, frozenset())))
    found = flaws.flawed(suspect, releases, (), lambda at: advisories(known.get(at, frozenset())), ())
    flawed = (found,) if suspect.advisories else ()
    return a_situation(snapshot=a_snapshot(locks=(lock,)), calendar=DONE, flawed=flawed, **fields)


@given(known_flaws, st.sampled_from(POOL))
def test_planning_after_a_fix_finds_nothing_left_to_do_for_it(known: dict[str, frozenset[str]], version: str) -> None:
    decided = plan.plan(SECURITY, situation_at(version, known))
    if not isinstance(decided, Rebuild):
        return
    ((path, movement),) = movements(decided).items()
    assert isinstance(movement, FixAtLeast)
    ((_, floor),) = movement.floors
    assert path == "requirements.txt"
    assert not known.get(floor, frozenset()) - known[version]
    assert "MAL-3" not in known.get(floor, frozenset())
    assert isinstance(plan.plan(SECURITY, situation_at(floor, known)), NothingToDo)


@given(
    any_wish, known_flaws, st.sampled_from(POOL), severities, st.booleans(),
    st.sampled_from((DONE, replace(DONE, until=None), Due(quarter="2026q4", since=None), Due(quarter="2026q4", since=NOW))),
    st.sets(st.sampled_from(("django", "CVE-1", "python"))),
)  # fmt: skip
def test_every_plan_has_reasons_and_so_has_every_step_and_a_wait_lies_ahead(
    wish: Wish, known: dict[str, frozenset[str]], version: str, least: Severity, frozen: bool, calendar: Due | NotDue, left: set[str],
) -> None:  # fmt: skip
    freeze = (Freeze(start=(11, 1), end=(11, 30), reason="release week"),) if frozen else ()
    exceptions = Exceptions(today=TODAY, ignored=tuple(an_ignored(one) for one in sorted(left)))
    policy = Policy(security_severity=least, freeze=freeze, cooldown=timedelta(days=7))
    situation = replace(situation_at(version, known, policy=policy, exceptions=exceptions), calendar=calendar)
    decided = plan.plan(wish, situation)
    assert decided.why
    assert all(reason.text and reason.code for reason in decided.why)
    match decided:
        case Rebuild(steps=steps, apart=apart):
            assert steps
            assert all(step.why for step in steps)
            branches = [decided.branch, *(one.branch for one in apart)]
            assert len(branches) == len(set(branches))
        case Deferred(until=until):
            assert until > situation.now
        case NothingToDo():
            pass
