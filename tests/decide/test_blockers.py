"""What keeps a fix from resolving, and what would free it."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.decide import blockers
from bot.decide.blockers import Around
from bot.model.locks import Pin, Requirement
from bot.model.releases import Release
from tests.builders import a_lock, a_pin

PIN = a_pin("sqlparse", "0.5.0", via=("Django", "django[argon2]", "-r requirements.in"))
LOCK = a_lock(pins=(a_pin("django", "4.2"), PIN))


def a_release(version: str, **fields: object) -> Release:
    values = {"yanked": False, "requires_python": "", "uploaded_at": None, **fields}
    return Release(version=version, **values)  # type: ignore[arg-type]


def around(wants: Mapping[str, tuple[str, ...]], releases: tuple[Release, ...] = (), *binding: Requirement) -> Around:
    return Around(
        lock=LOCK, binding=binding, releases=lambda _: releases, wants=lambda _, version: wants.get(version),
    )  # fmt: skip


def said(found: Around, pin: Pin = PIN) -> str:
    return blockers.blocker(pin, "0.5.1", found, "no solution").text


BLOCKS = ("sqlparse<0.5.1",)
WANTED = "django 4.2 wants sqlparse<0.5.1, so sqlparse 0.5.1 does not go with it"


@pytest.mark.parametrize(
    "lines",
    [
        (), ("sqlparse>=0.3",), ("asgiref<1",), ("??",), ('sqlparse<0.5.1; extra == "old"',),
        ('sqlparse<0.5.1; python_version < "3.8"',), ('sqlparse<0.5.1; sys_platform == "win32"',),
    ],
)  # fmt: skip
def test_a_parent_that_does_not_forbid_it_here_blocks_nothing(lines: tuple[str, ...]) -> None:
    assert said(around({"4.2": lines})) == "sqlparse 0.5.1 does not resolve: no solution"
    assert said(around({})) == "sqlparse 0.5.1 does not resolve: no solution"


@pytest.mark.parametrize(
    ("line", "how"), [("SQLParse<0.5.1", "<0.5.1"), ('sqlparse==0.5.0; python_version >= "3.8"', "==0.5.0")]
)
def test_the_parent_that_forbids_it_is_named_with_its_bound(line: str, how: str) -> None:
    text = f"django 4.2 wants sqlparse{how}, so sqlparse 0.5.1 does not go with it"
    assert said(around({"4.2": (line,)})) == f"{text}; no release of django that fits the lock allows it yet"


def test_a_parent_that_is_not_in_the_lock_is_passed_over() -> None:
    assert said(around({"4.2": BLOCKS}), a_pin("sqlparse", "0.5.0", via=("flask",))).endswith(": no solution")


@pytest.mark.parametrize(
    ("releases", "wants", "ending"),
    [
        (("5.1", "5.0"), {"5.0": ("sqlparse",), "5.1": ()}, "; django 5.0 would free it, but does not resolve with the rest"),
        (("5.0",), {"5.0": ()}, "; django 5.0 would free it, but does not resolve with the rest"),
        (("5.0",), {"5.0": BLOCKS}, "; no release of django that fits the lock allows it yet"),
        (("5.0", "5.1"), {"5.1": BLOCKS}, ""),
        (("4.1", "5.0a1", "odd"), {"4.1": (), "5.0a1": (), "odd": ()}, "; no release of django that fits the lock allows it yet"),
    ],
)  # fmt: skip
def test_the_lowest_release_that_would_free_it_is_named_and_nothing_is_claimed_that_is_not_known(
    releases: tuple[str, ...], wants: dict[str, tuple[str, ...]], ending: str
) -> None:
    found = around({"4.2": BLOCKS} | wants, tuple(a_release(one) for one in releases))
    assert said(found) == WANTED + ending


@pytest.mark.parametrize("fields", [{"yanked": True}, {"requires_python": ">=3.12"}, {"wheels": False}])
def test_a_release_that_cannot_be_installed_frees_nothing(fields: dict[str, object]) -> None:
    found = around({"4.2": BLOCKS, "5.0": ()}, (a_release("5.0", **fields),))
    assert said(found).endswith("; no release of django that fits the lock allows it yet")


def test_a_line_that_forbids_the_release_that_would_free_it_is_named() -> None:
    line = Requirement(name="django", specifier="<5", path="requirements.in", line=3, text="django<5")
    other = Requirement(name="flask", specifier="<1", path="requirements.in", line=4, text="flask<1")
    found = around({"4.2": BLOCKS, "5.0": ()}, (a_release("5.0"),), other, line)
    assert said(found) == f"{WANTED}; django 5.0 would free it, and django<5 in requirements.in:3 forbids that"


def test_only_the_newest_releases_of_a_blocker_are_asked_about() -> None:
    asked: list[str] = []

    def wants(_: str, version: str) -> tuple[str, ...]:
        asked.append(version)
        return BLOCKS

    releases = tuple(a_release(f"5.{number}") for number in range(100))
    blockers.blocker(PIN, "0.5.1", Around(lock=LOCK, binding=(), releases=lambda _: releases, wants=wants), "x")
    assert asked == ["4.2", *(f"5.{number}" for number in range(80, 100))]


@given(st.lists(st.text(max_size=20)), st.text())
def test_there_is_always_a_reason_whatever_stands_in_the_metadata(lines: list[str], reason: str) -> None:
    found = blockers.blocker(PIN, "0.5.1", around({"4.2": tuple(lines)}), reason)
    assert found.code == "blocked"
    assert found.text.startswith(("sqlparse 0.5.1 does not resolve", "django 4.2 wants"))
