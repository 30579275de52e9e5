"""The smallest movement, with a resolver that knows a small world of packages."""

from itertools import product

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from bot.decide import steps
from bot.decide.steps import Question, Versions
from tests.builders import a_pin

World = dict[str, dict[str, tuple[str, ...]]]
WORLD: World = {
    "parent": {
        "1.0": ("child<2",), "1.1": ("child<2",), "1.2": ("child<3", "joins"), "1.3": ("child<3",), "2.0": ("child<4",),
    },
    "child": {"1.0": (), "2.0": (), "2.1": (), "3.0": ()},
    "other": {"1.0": (), "2.0": ()},
    "joins": {"0.5": (), "1.0": ()},
}  # fmt: skip


class Resolver:
    """Tries every set of versions of a small world, best first: pins stay, the rest is the newest or the lowest."""

    def __init__(self, world: World, current: Versions, roots: tuple[str, ...]) -> None:
        self.world, self.current, self.roots = world, current, roots
        self.asked: list[Question] = []

    def __call__(self, question: Question) -> Versions | None:
        self.asked.append(question)
        names = sorted(self.world)
        orders = [self._order(name, lowest=question.lowest) for name in names]
        for choice in product(*orders):
            versions = dict(zip(names, choice, strict=True))
            needed = self._needed(versions)
            if needed is not None and all(self._fits(line, versions, needed) for line in question.constraints):
                return {name: versions[name] for name in sorted(needed)}
        return None

    def _order(self, name: str, *, lowest: bool) -> list[str]:
        ordered = sorted(self.world[name], key=Version, reverse=not lowest)
        stands = self.current.get(name)
        return [stands, *(at for at in ordered if at != stands)] if stands in ordered else ordered

    def _needed(self, versions: dict[str, str]) -> set[str] | None:
        needed: set[str] = set()
        waiting = [Requirement(line) for line in self.roots]
        while waiting:
            wanted = waiting.pop()
            if versions[wanted.name] not in wanted.specifier:
                return None
            if wanted.name not in needed:
                needed.add(wanted.name)
                waiting += [Requirement(line) for line in self.world[wanted.name][versions[wanted.name]]]
        return needed

    def _fits(self, line: str, versions: dict[str, str], needed: set[str]) -> bool:
        wanted = Requirement(line)
        return wanted.name not in needed or versions[wanted.name] in wanted.specifier


NOW_AT = {"parent": "1.0", "child": "1.0", "other": "1.0"}


def test_a_parent_goes_to_the_lowest_release_that_allows_the_fix_and_nothing_else_moves() -> None:
    resolver = Resolver(WORLD, NOW_AT, ("parent", "other"))
    found = steps.smallest(NOW_AT, ("child>=2",), resolver)
    assert found is not None
    assert found.versions == {"child": "2.0", "parent": "1.2"}
    assert [reason.text for reason in found.why] == [
        "parent 1.0 does not go with child 2.0; 1.2 is the lowest that does"
    ]
    assert [question.lowest for question in resolver.asked] == [True, False, False]


def test_what_joins_is_the_newest_not_the_lowest() -> None:
    resolver = Resolver(WORLD, NOW_AT, ("parent", "other"))
    found = steps.smallest(NOW_AT, ("child>=2",), resolver)
    assert found is not None
    last = resolver(resolver.asked[-1])
    assert last is not None
    assert last["joins"] == "1.0"


def test_a_fix_that_needs_nothing_else_moves_alone() -> None:
    current = {**NOW_AT, "parent": "2.0"}
    found = steps.smallest(current, ("child>=2.1",), Resolver(WORLD, current, ("parent", "other")))
    assert found == steps.Movements(versions={"child": "2.1"}, why=())


def test_what_the_sources_forbid_has_no_movement() -> None:
    assert steps.smallest(NOW_AT, ("child>=2",), Resolver(WORLD, NOW_AT, ("parent<1.2", "child"))) is None


def test_a_step_down_is_taken_only_where_nothing_else_would_do() -> None:
    world: World = {"parent": {"1.0": (), "2.0": ("child<2",)}, "child": {"1.0": (), "2.0": ()}}
    current = {"parent": "2.0", "child": "1.0"}
    found = steps.smallest(current, ("child>=2",), Resolver(world, current, ("parent", "child")))
    assert found is not None
    assert found.versions == {"child": "2.0", "parent": "1.0"}
    assert found.why[0].text == "parent 2.0 does not go with child 2.0; only an older release does"


def test_where_the_newest_of_what_joins_does_not_fit_its_lowest_is_taken() -> None:
    """What joins moves others only in the second question: here it makes the whole set impossible."""
    answers = iter([{"a": "2", "b": "1", "new": "1"}, None])
    found = steps.smallest({"a": "1", "b": "1"}, ("a>=2",), lambda question: next(answers))
    assert found == steps.Movements(versions={"a": "2", "new": "1"}, why=())


def test_what_joins_moves_others_only_as_far_as_the_lowest_of_it_would() -> None:
    answers = iter(
        [{"a": "2", "b": "1.5", "new": "1"}, {"a": "2", "b": "3", "new": "9"}, {"a": "2", "b": "1.5", "new": "4"}]
    )
    found = steps.smallest({"a": "1", "b": "1"}, ("a>=2",), lambda question: next(answers))
    assert found is not None
    assert found.versions == {"a": "2", "b": "1.5"}
    assert [reason.subject for reason in found.why] == ["b"]


def test_a_package_that_the_lock_leaves_open_drags_no_other_along() -> None:
    """Its lowest release would need another `b`, its newest does not: nothing but `a` moves."""
    answers = iter([{"a": "2", "b": "5", "open": "0.1"}, {"a": "2", "b": "1", "open": "9"}])
    found = steps.smallest({"a": "1", "b": "1"}, ("a>=2",), lambda question: next(answers))
    assert found == steps.Movements(versions={"a": "2"}, why=())


def test_what_can_stay_with_an_older_newcomer_stays() -> None:
    answers = iter(
        [{"a": "2", "b": "1", "new": "1"}, {"a": "2", "b": "3", "new": "9"}, {"a": "2", "b": "1", "new": "4"}]
    )
    found = steps.smallest({"a": "1", "b": "1"}, ("a>=2",), lambda question: next(answers))
    assert found == steps.Movements(versions={"a": "2"}, why=())


def test_packages_that_keep_moving_end_the_search() -> None:
    count = iter(range(2, 100))
    names = [f"p{number}" for number in range(20)]
    current = dict.fromkeys(names, "1")

    def restless(question: Question) -> Versions:
        number = next(count)
        return {name: "2" if at < number else "1" for at, name in enumerate(names)}

    found = steps.smallest(current, ("p0>=2",), restless)
    assert found is not None
    assert len(found.versions) < len(names)


@pytest.mark.parametrize(
    ("pins", "expected"),
    [
        ((a_pin("a", "1"), a_pin("b", "2")), {"a": "1", "b": "2"}),
        ((a_pin("a", "1", marker="x"), a_pin("a", "2", marker="y")), {}),
        ((a_pin("a", "not-a-version"),), {}),
    ],
)
def test_only_packages_that_stand_at_one_version_can_move(pins: tuple, expected: Versions) -> None:  # type: ignore[type-arg]
    assert steps.standing(pins) == expected


def test_a_pin_with_a_local_part_bounds_others_from_below_without_it() -> None:
    asked: list[Question] = []

    def ask(question: Question) -> Versions | None:
        asked.append(question)
        return {"torch": "2.0+cpu", "numpy": "2.0"}

    steps.smallest({"torch": "2.0+cpu", "numpy": "1.0"}, ("numpy>=2.0",), ask)
    assert asked[0].constraints == ("numpy>=2.0", "torch>=2.0")
