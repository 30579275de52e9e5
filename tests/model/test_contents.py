"""Values about the inside of images that know something of themselves."""

import pytest

from bot.model.contents import major, minor, worst
from bot.model.packages import OsRelease
from bot.model.policy import Severity
from tests.builders import a_diff, a_source_change, a_state, a_target, an_advisory, an_inspection, some_contents


@pytest.mark.parametrize(
    ("id_", "version", "release"),
    [
        ("debian", "12", "12"), ("debian", "12.9", "12"), ("ubuntu", "24.04", "24.04"), ("alpine", "3.20.3", "3.20"),
        ("rhel", "9.4", "9"), ("opensuse-leap", "15.6", "15.6"), ("arch", "", ""),
    ],
)  # fmt: skip
def test_what_counts_as_a_release_depends_on_the_system(id_: str, version: str, release: str) -> None:
    assert major(OsRelease(id=id_, version=version)) == release


@pytest.mark.parametrize(("python", "short"), [("3.12.9", "3.12"), ("3.12", "3.12"), ("", ""), (None, "")])
def test_a_minor_version_has_two_numbers(python: str | None, short: str) -> None:
    assert minor(python) == short


def test_the_worst_severity_is_that_of_the_worst_advisory() -> None:
    assert worst(()) is Severity.UNKNOWN
    row = a_source_change(advisories=(an_advisory("a", Severity.LOW), an_advisory("b", Severity.CRITICAL)))
    assert row.severity is Severity.CRITICAL


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [("3.12.1", "3.12.9", False), ("3.12.1", "3.13.0", True), (None, "3.13.0", False), ("3.12.1", None, False)],
)
def test_only_another_minor_version_of_python_is_another_python(
    old: str | None, new: str | None, changed: bool
) -> None:
    diff = a_diff(old=some_contents(python=old), new=some_contents(python=new))
    assert diff.python_changed is changed
    assert a_target("x", a_diff(), diff).another_release is changed


def test_a_state_tells_its_operating_system_where_any_platform_knows_it() -> None:
    blind = an_inspection(contents=some_contents(os=None))
    assert a_state(inspections=(blind, an_inspection())).os == "debian 12"
    assert a_state(inspections=(blind,)).os is None


def test_a_diff_knows_its_fixes() -> None:
    fix = a_source_change()
    assert a_diff(fix, a_source_change("perl", kind="bugfix")).security == (fix,)
