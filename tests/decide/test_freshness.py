"""Where a lock and its sources disagree."""

from typing import Any

import pytest

from bot.decide.freshness import out_of_date
from bot.model.locks import LockerName, Pin, Requirement
from tests.builders import a_lock, a_pin


def asks(name: str = "django", specifier: str = "", **fields: Any) -> Requirement:
    values: dict[str, Any] = {"path": "requirements.in", "line": 3, "text": name + specifier, **fields}
    return Requirement(name=name, specifier=specifier, **values)


def why(requirement: Requirement, *pins: Pin, **fields: Any) -> list[str]:
    return [row.why for row in out_of_date(a_lock(pins=pins, **fields), (requirement,))]


def test_what_a_source_asks_for_and_the_lock_does_not_pin_is_a_finding() -> None:
    found = out_of_date(a_lock(pins=()), (asks(specifier="<5"),))
    assert [(row.path, row.subject) for row in found] == [("requirements.txt", "django")]
    assert found[0].why == "requirements.in:3 asks for django<5, the lock does not pin it"
    assert why(asks(), a_pin()) == []
    assert why(asks(path="other.in"), a_pin(via=())) == []


def test_a_pin_outside_the_bounds_of_its_source_is_a_finding() -> None:
    assert why(asks(specifier="<5"), a_pin(version="5.1")) == ["requirements.in:3 asks for django<5, the lock pins 5.1"]
    assert why(asks(specifier="<5"), a_pin(version="4.2")) == []
    assert why(asks(specifier=">=5a1"), a_pin(version="5.0b1")) == []
    assert why(asks(specifier=">=5"), a_pin(version="5.1rc1")) == []
    assert why(asks(specifier="==1.0"), a_pin(version="1.0+cu118")) == []


def test_versions_that_cannot_be_compared_are_no_finding_unless_they_had_to_be_equal() -> None:
    assert why(asks(specifier=">=1"), a_pin(version="odd-one")) == []
    assert why(asks(specifier="===odd-one"), a_pin(version="odd-one")) == []
    assert why(asks(specifier="===odd-two"), a_pin(version="odd-one")) != []


def test_a_constraint_asks_for_nothing_and_bounds_what_is_there() -> None:
    bound = asks("idna", "<3", path="limits.txt", line=1, constraint=True)
    assert why(bound, inputs=("limits.txt",)) == []
    assert why(bound, a_pin("idna", "3.4", via=()), inputs=("limits.txt",)) == [
        "limits.txt:1 allows idna<3, the lock pins 3.4"
    ]
    argued = asks("idna", "<3", path="sub/limits.txt")
    arguments = {"inputs": ("sub/limits.txt",), "directory": "sub", "arguments": ("--constraint=limits.txt",)}
    assert why(argued, **arguments) == []


@pytest.mark.parametrize(
    ("marker", "expected"),
    [
        ("", True),
        ("python_version < '3.12'", True),
        ("python_version >= '3.12'", False),
        ("sys_platform == 'win32'", False),
        ("sys_platform == 'linux' and platform_machine == 'aarch64'", True),
        ("python_full_version >= '3.11.4'", False),
        ("python_full_version >= '3.11.0'", True),
        ("extra == 'x'", False),
        ("platform_release >= '20'", False),
        ("os_name ~= 'posix'", False),
        ("no marker", False),
    ],
)
def test_a_requirement_counts_only_where_its_marker_surely_holds(marker: str, expected: bool) -> None:
    assert bool(why(asks(marker=marker), platform="linux/arm64")) is expected


def test_a_pin_counts_only_where_its_marker_holds() -> None:
    here = a_pin(version="4", marker="python_version < '3.12'")
    there = a_pin(version="6", marker="python_version >= '3.12'")
    assert why(asks(specifier="<5"), here, there, platform="strange") == []


@pytest.mark.parametrize(
    ("group", "arguments", "expected"),
    [
        ("extra:web", (), False),
        ("extra:web", ("--extra=Web",), True),
        ("extra:web", ("--all-extras",), True),
        ("extra:web", ("--extra=other", "--group=web"), False),
        ("group:dev", (), False),
        ("group:dev", ("--group=dev",), True),
        ("group:dev", ("--group=sub/pyproject.toml:dev",), True),
        ("group:dev", ("--all-extras",), False),
    ],
)
def test_extras_and_groups_count_where_the_command_chooses_them(
    group: str, arguments: tuple[str, ...], expected: bool
) -> None:
    assert bool(why(asks(group=group), arguments=arguments)) is expected


@pytest.mark.parametrize(
    ("name", "fields", "expected"),
    [
        ("setuptools", {}, False),
        ("setuptools", {"arguments": ("--allow-unsafe",)}, True),
        ("setuptools", {"locker": LockerName.UV_PIP}, True),
        ("torch", {"locker": LockerName.UV_PIP, "arguments": ("--no-emit-package=torch",)}, False),
        ("torch", {"arguments": ("--unsafe-package=Torch",)}, False),
    ],
)
def test_what_the_compiler_leaves_out_is_not_missed(name: str, fields: dict[str, Any], expected: bool) -> None:
    assert bool(why(asks(name), **fields)) is expected


def test_what_comes_from_an_address_is_not_looked_for_among_the_pins() -> None:
    assert why(asks(url="https://example.org/django.whl")) == []


def test_a_pin_for_a_source_that_names_it_no_more_is_a_finding() -> None:
    left = a_pin("flask", "3.0", via=("-r requirements.in (line 2)", "other"))
    told = ["the lock pins flask 3.0 for requirements.in, which does not name it any more"]
    assert why(asks(), a_pin(), left) == told
    assert why(asks("flask", marker="python_version < '3'"), left) == []
    assert why(asks(), a_pin(), left, obstacle="it cannot be read") == []
    assert why(asks(), a_pin(), a_pin("flask", "3.0", via=("other", "-c x", "-r"))) == []
    base = a_pin("flask", "3.0", via=("-r base.txt",))
    assert why(asks(), a_pin(), base, inputs=("base.txt",), after=("base.txt",)) == []
    assert why(asks(), a_pin(), base, inputs=("base.txt",)) == [told[0].replace("requirements.in", "base.txt")]


def test_what_an_override_bounds_and_an_exclude_leaves_out_is_not_asked_for() -> None:
    over = asks("six", "==1.16", path="over.txt")
    lock = a_lock(pins=(), inputs=("over.txt", "out.txt"), arguments=("--override=over.txt", "--exclude=out.txt"))
    assert out_of_date(lock, (over, asks("six", "<1"), asks("idna", path="out.txt"))) == ()
    pinned = a_lock(pins=(a_pin("six", "1.17"),), inputs=("over.txt",), arguments=("--override=over.txt",))
    found = out_of_date(pinned, (over, asks("six", "<2")))
    assert [row.why for row in found] == ["over.txt:3 allows six==1.16, the lock pins 1.17"]
