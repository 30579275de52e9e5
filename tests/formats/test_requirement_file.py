"""Sources of locks: what they require, include, and what would execute code."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.formats import requirement_file
from bot.model.locks import Requirement


def _names(text: str, path: str = "a.in") -> list[tuple[str, str, int]]:
    return [(row.name, row.specifier, row.line) for row in requirement_file.parse(path, text).requirements]


def test_requirements_have_normalised_names_specifiers_and_lines() -> None:
    text = "\ufeff# comment\nDjango <5  # because\n\nuvicorn[standard]>=0.3; python_version>'3.7'\nzope.interface\n"
    assert _names(text) == [("django", "<5", 2), ("uvicorn", ">=0.3", 4), ("zope-interface", "", 5)]


def test_the_text_of_a_requirement_is_kept_for_people() -> None:
    row = requirement_file.parse("a.in", "django<5  # because\n").requirements[0]
    assert row == Requirement(name="django", specifier="<5", path="a.in", line=1, text="django<5")


def test_continuation_lines_are_one_line_and_may_end_with_the_file() -> None:
    assert _names("django \\\n  <5 \\\n  ,>=4\nflask \\\n") == [("django", "<5,>=4", 1), ("flask", "", 4)]


def test_a_comment_ends_a_continuation() -> None:
    assert _names("django \\\n# comment\nflask\n") == [("django", "", 1), ("flask", "", 3)]


def test_includes_are_resolved_from_the_file_that_names_them() -> None:
    text = "-r base.in\n-c ../limits.txt\n--requirement=more.in\n--constraint two.txt\n"
    found = requirement_file.parse("req/dev.in", text)
    assert found.includes == ("req/base.in", "limits.txt", "req/more.in", "req/two.txt")


def test_an_include_outside_the_repository_is_refused() -> None:
    assert requirement_file.parse("a.in", "-r ../../etc/passwd\n").refused == (
        (1, "-r ../../etc/passwd: outside the repository"),
    )


def test_index_lines_are_named_and_other_options_are_kept_or_refused() -> None:
    text = "--index-url https://one.example/simple\n--pre\n--find-links /srv\n--extra-index-url=https://two.example\n"
    found = requirement_file.parse("a.in", text)
    assert found.indexes == ((1, "https://one.example/simple"), (4, "https://two.example"))
    assert found.refused == ((3, "--find-links"),)


@pytest.mark.parametrize(
    ("line", "paths"),
    [("-e .", (".",)), ("./lib[extra]", ("lib",)), ("--editable=./lib", ("lib",)), ("file:lib", ("lib",))],
)
def test_paths_are_told_from_packages(line: str, paths: tuple[str, ...]) -> None:
    assert requirement_file.parse("a.in", line).paths == paths


def test_a_path_outside_the_repository_is_refused() -> None:
    assert requirement_file.parse("a.in", "-e ../lib").refused == ((1, "-e ../lib: outside the repository"),)


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("git+https://example.org/x.git@v1#egg=Foo_Bar", ["foo-bar"]),
        ("-e git+ssh://git@example.org/x.git#egg=foo", ["foo"]),
        ("-e git+ssh://git@example.org/x.git", []),
        ("foo @ https://example.org/foo-1.whl", ["foo"]),
        ("foo==1 --hash=sha256:ab", ["foo"]),
    ],
)
def test_url_requirements_count_by_their_name(line: str, names: list[str]) -> None:
    assert [row.name for row in requirement_file.parse("a.in", line).requirements] == names


def test_what_is_no_requirement_is_unreadable_with_its_line() -> None:
    rows = requirement_file.parse("a.in", "django\n==nonsense==\n").unreadable
    assert [(row.path, row.line, row.subject) for row in rows] == [("a.in", 2, "==nonsense==")]


def test_a_project_file_gives_dependencies_extras_and_groups_with_their_lines() -> None:
    text = (
        '[project]\nname = "x"\ndependencies = [\n  "django<5",\n]\n'
        '[project.optional-dependencies]\nweb = ["uvicorn"]\n[dependency-groups]\n'
        'dev = ["pytest", {include-group = "a"}]\n'
    )
    assert _names(text, "pyproject.toml") == [("django", "<5", 4), ("uvicorn", "", 7), ("pytest", "", 9)]


def test_an_entry_that_toml_writes_otherwise_is_found_at_its_line() -> None:
    text = '[project]\nname = "x"\ndependencies = ["fl\\u0061sk"]\n'
    assert _names(text, "pyproject.toml") == [("flask", "", 3)]


@pytest.mark.parametrize(
    ("path", "text", "line", "why"),
    [
        ("setup.py", "", 1, "setup.py would have to be executed to learn what it requires"),
        ("pyproject.toml", "[tool.x]\n", 1, "pyproject.toml would have to be built to learn what it requires"),
        ("pyproject.toml", '[project]\nname="x"\ndynamic=["dependencies"]\n', 3,
         "pyproject.toml would have to be built to learn what it requires"),
    ],
)  # fmt: skip
def test_what_only_running_code_could_tell_is_refused(path: str, text: str, line: int, why: str) -> None:
    assert requirement_file.parse(path, text).refused == ((line, why),)


def test_a_broken_project_file_is_unreadable() -> None:
    rows = requirement_file.parse("pyproject.toml", "[project\n").unreadable
    assert len(rows) == 1
    assert requirement_file.parse("pyproject.toml", '[project]\nname="x"\ndependencies="django"\n').requirements == ()


@given(st.text())
def test_no_text_makes_the_reader_fail(text: str) -> None:
    requirement_file.parse("a.in", text)
    requirement_file.parse("pyproject.toml", text)


def test_an_include_is_found_by_its_line_and_what_is_not_included_at_the_beginning() -> None:
    found = requirement_file.parse("a.in", "django\n-r b.in\n-c limits.txt\n")
    assert [found.line_of(path) for path in ("b.in", "limits.txt", "c.in")] == [2, 3, 1]
