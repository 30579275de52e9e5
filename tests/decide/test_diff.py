"""What changed in a lock, and what did not move although it could have."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.decide import diff
from bot.decide.diff import Holders
from bot.model.locks import Requirement
from bot.model.releases import Release
from tests.builders import a_pin, a_reason

WHY = (a_reason(),)
MAY = datetime(2026, 5, 1, tzinfo=UTC)
JUNE = datetime(2026, 6, 1, tzinfo=UTC)


def _release(version: str, *, yanked: bool = False, python: str = "", uploaded: datetime | None = None) -> Release:
    return Release(version=version, yanked=yanked, requires_python=python, uploaded_at=uploaded)


def test_rows_are_sorted_and_say_who_asked() -> None:
    old = (a_pin("django", "4.2"), a_pin("gone", "1.0", via=("django",)), a_pin("same", "1"))
    new = (a_pin("same", "1"), a_pin("django", "5.0"), a_pin("asgiref", "3", via=("django", "-c limits.txt")))
    rows = diff.pin_changes("a.txt", old, new, WHY)
    assert [(r.name, r.old, r.new, r.direct, r.via, r.major) for r in rows] == [
        ("asgiref", None, "3", False, ("django",), False),
        ("django", "4.2", "5.0", True, (), True),
        ("gone", "1.0", None, False, ("django",), False),
    ]
    assert all(row.why == WHY for row in rows)


def test_a_package_with_two_versions_is_one_row() -> None:
    rows = diff.pin_changes(
        "a.txt", (a_pin("x", "1", via=()),), (a_pin("x", "1", via=()), a_pin("x", "2", via=())), WHY
    )
    assert [(row.old, row.new, row.direct) for row in rows] == [("1", "1, 2", None)]


@pytest.mark.parametrize(
    ("old", "new", "major"),
    [
        ("1.9", "2.0", True), ("1.9", "1.10", False), ("0.3", "0.4", True), ("0.3.1", "0.3.2", False),
        ("1!1.0", "2!1.0", True), ("2.0", "1.0", True), (None, "1", False), ("1", None, False), ("junk", "2", False),
        ("2024.8.30", "2026.10.18", False), ("24.1", "26.0", True),
    ],
)  # fmt: skip
def test_a_major_step_is_one_of_the_first_number(old: str | None, new: str | None, major: bool) -> None:
    assert diff.major_step(old, new) is major


def test_the_newest_release_is_final_and_not_yanked() -> None:
    releases = (_release("1"), _release("2"), _release("3", yanked=True), _release("4rc1"), _release("junk"))
    assert diff.newest(releases) == _release("2")
    assert diff.newest(()) is None
    assert diff.behind(a_pin(version="1"), releases) == _release("2")
    assert diff.behind(a_pin(version="2"), releases) is None
    assert diff.behind(a_pin(version="junk"), releases) is None
    assert diff.behind(a_pin(), ()) is None


@pytest.mark.parametrize(
    ("latest", "specifier", "cutoff", "requires", "code", "text"),
    [
        (_release("5.0"), "<5", None, (), "source", "django<5 in requirements.in:3"),
        (_release("5.0", python=">=3.12"), "", None, (), "python", "it needs Python >=3.12, the lock is for 3.11"),
        (_release("5.0", python="junk"), "", None, (), "resolver", "the resolver found no set of versions with it"),
        (_release("5.0", uploaded=JUNE), "", MAY, (), "cooldown",
         "cooldown: it was released on 2026-06-01, releases since 2026-05-01 wait"),
        (_release("5.0", uploaded=MAY), "", JUNE, (), "resolver", "the resolver found no set of versions with it"),
        (_release("5.0"), "", JUNE, ("junk ;;", "other<1", "Django<5; extra == 'x'", "Django<5,>=3"), "package",
         "drf 3.1 wants django<5"),
        (_release("5.0"), "", None, ("django>=3",), "resolver", "the resolver found no set of versions with it"),
    ],
)  # fmt: skip
def test_what_holds_a_package_back_is_named(
    latest: Release, specifier: str, cutoff: datetime | None, requires: tuple[str, ...], code: str, text: str
) -> None:
    wanted = (Requirement(name="django", specifier=specifier, path="requirements.in", line=3, text=""),)
    holders = Holders(wanted=wanted, python="3.11", cutoff=cutoff, parents={"drf": ("3.1", requires)})
    row = diff.held_back(a_pin(), "requirements.txt", latest, holders)
    assert (row.name, row.taken, row.newest) == ("django", "4.2.15", "5.0")
    assert (row.why.code, row.why.text) == (code, text)


def test_a_release_that_would_have_to_be_built_holds_a_package_back_unless_it_may_be() -> None:
    latest = replace(_release("5.0"), wheels=False)
    for build, code in (((), "no-wheel"), (("django",), "resolver")):
        holders = Holders(wanted=(), python="3.11", cutoff=None, parents={}, build=build)
        assert diff.held_back(a_pin(), "requirements.txt", latest, holders).why.code == code


def test_what_the_cooldown_holds_is_free_a_whole_day_after_it_in_utc() -> None:
    late = datetime.fromisoformat("2026-06-01T23:30:00-05:00")  # the 2nd in UTC
    holders = Holders(wanted=(), python="3.11", cutoff=MAY, parents={}, cooldown=timedelta(days=7))
    assert diff.held_back(a_pin(), "a.txt", _release("5.0", uploaded=late), holders).until == datetime(
        2026, 6, 10, tzinfo=UTC
    )
    other = replace(holders, wanted=(Requirement(name="django", specifier="<5", path="a.in", line=1, text="django<5"),))
    assert diff.held_back(a_pin(), "a.txt", _release("5.0", uploaded=late), other).until is None
