"""What compilers are told, and what they may see: pure."""

from datetime import UTC, datetime

from bot.adapters.lockers import command_lines
from bot.adapters.lockers.views import view_of
from bot.model.plan import FixAtLeast, Movement, Relock, UpgradeAll, UpgradeOnly
from tests.builders import NOW, a_lock, a_pin

CUTOFF = datetime(2026, 11, 17, tzinfo=UTC)


def relock(movement: Movement) -> Relock:
    lock = a_lock(pins=(a_pin("django"), a_pin("sqlparse", "0.5.0")))
    return Relock(lock=lock, movement=movement, uploaded_before=CUTOFF)


def test_everything_but_some_packages_moves_and_the_cooldown_holds_for_all_of_it() -> None:
    but = relock(UpgradeAll(but=("django",)))
    assert command_lines.movement(but) == ["--upgrade-package=sqlparse"]
    assert command_lines.movement(relock(UpgradeAll())) == ["--upgrade"]
    assert view_of(but, NOW).free == frozenset()
    assert view_of(relock(UpgradeOnly(names=("django",))), NOW).free == {"django"}
    assert "--uploaded-prior-to=2026-11-17" in command_lines.for_people(but, command_lines.movement(but))


def test_a_lower_bound_has_no_local_part_as_pep_440_forbids_it() -> None:
    fix = FixAtLeast(floors=(("torch", "2.1+cpu"),), never=(("torch", ("2.2+cpu",)),))
    assert command_lines.movement(relock(fix)) == ["--upgrade-package=torch>=2.1,!=2.2+cpu"]
