"""pyproject.toml as a source, with the line of everything."""

from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.formats import requirement_file
from bot.formats.requirement_file import RequirementFile

BUILT = "pyproject.toml would have to be built to learn what it requires"


def parse(text: str) -> RequirementFile:
    return requirement_file.parse("pyproject.toml", dedent(text))


def rows(found: RequirementFile) -> list[tuple[str, int, str]]:
    return [(row.name, row.line, row.group) for row in found.requirements]


def test_dependencies_extras_and_groups_are_told_apart_and_have_their_own_lines() -> None:
    found = parse("""\
        [project]  # django
        name = "x"
        description = "flask is not here"
        dependencies = ["django", "flask<3",
          # flask
          "idna"]

        [project.optional-dependencies]
        Web_App = ["flask"]

        [dependency-groups]
        dev = [
          "pytest", { include-group = "Lint" },
        ]
        lint = ["ruff"]
        """)
    assert rows(found) == [
        ("django", 4, ""), ("flask", 4, ""), ("idna", 6, ""), ("flask", 9, "extra:web-app"),
        ("pytest", 13, "group:dev"), ("ruff", 15, "group:dev"), ("ruff", 15, "group:lint"),
    ]  # fmt: skip
    assert (found.unreadable, found.refused) == ((), ())


def test_the_projects_own_extras_count_for_those_that_name_them() -> None:
    found = parse("""\
        [project]
        name = "My_App"
        [project.optional-dependencies]
        web = ["uvicorn"]
        all = ["my-app[web, all, gone]", "rich", "my.app[web]"]
        """)
    assert rows(found) == [("uvicorn", 4, "extra:web"), ("uvicorn", 4, "extra:all"), ("rich", 5, "extra:all")]


def test_groups_that_are_missing_or_go_in_circles_are_unreadable_where_they_are_named() -> None:
    found = parse("""\
        [project]
        name = "x"
        [dependency-groups]
        a = [{include-group = "b"}, {include-group = "c"}, {include-group = "c"}]
        b = [
          {include-group = "a"},
        ]
        c = [{include-group = "gone"}, 1, {other = "x"}]
        d = "x"
        """)
    told = {(row.line, row.why) for row in found.unreadable}
    assert told == {
        (6, "the dependency group a includes itself"),
        (4, "the dependency group b includes itself"),
        (8, "there is no dependency group gone"),
        (8, "a dependency group holds requirements and include-group tables"),
        (9, "a dependency group must be a list"),
    }


def test_groups_that_include_each_other_over_and_over_are_read_once_for_each() -> None:
    text = '[project]\nname = "x"\n[dependency-groups]\ng0 = ["idna"]\n'
    for number in range(1, 40):
        text += f"g{number} = [" + f'{{include-group = "g{number - 1}"}}, ' * 2 + "]\n"
    assert len(parse(text).requirements) == 40


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ('[project]\nname = "x"\ndependencies = "django"\n', 3, "it must be a list of requirements"),
        ('[project]\nname = "x"\ndependencies = [\n1]\n', 4, "a requirement must be a text"),
        (
            '[project]\nname = "x"\ndependencies = ["==1"]\n',
            3,
            "'==1' is no requirement: expected package name at the start of dependency specifier",
        ),
        ("[project\n", 0, "Expected ']' at the end of a table declaration (at line 1, column 9)"),
    ],
)
def test_what_is_no_requirement_is_unreadable_at_its_line(text: str, line: int, why: str) -> None:
    assert [(row.line, row.why) for row in parse(text).unreadable] == [(line, why)]


DYNAMIC = """\
[build-system]
requires = ["setuptools>=70", "Wheel"]
build-backend = "setuptools.build_meta"
[project]
name = "x"
dynamic = ["version", "dependencies", "optional-dependencies"]
[tool.setuptools.dynamic]
dependencies = { file = ["a.in", "../b.in"] }
optional-dependencies.web = { file = "web.in" }
"""


def test_dependencies_that_setuptools_reads_from_files_are_followed() -> None:
    found = parse(DYNAMIC)
    assert found.includes == ("a.in", "web.in")
    assert found.grouped == (("web.in", "extra:web"),)
    assert found.refused == ((8, "../b.in: outside the repository"),)
    assert [row.line for row in found.builds] == [6]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"Wheel"', '"setuptools-scm"'),
        ('"Wheel"', '"not a requirement!"'),
        ('["setuptools>=70", "Wheel"]', '"x"'),
        ("setuptools.build_meta", "hatchling.build"),
        ("[project]", 'backend-path = ["."]\n[project]'),
        ('{ file = ["a.in", "../b.in"] }', "{ file = [] }"),
        ('{ file = ["a.in", "../b.in"] }', "{ file = [1] }"),
        ('{ file = ["a.in", "../b.in"] }', '{ attr = "x.y" }'),
        ('{ file = "web.in" }', "1"),
        ('optional-dependencies.web = { file = "web.in" }', ""),
    ],
)
def test_other_dynamic_dependencies_would_have_to_be_built(old: str, new: str) -> None:
    assert old in DYNAMIC
    found = parse(DYNAMIC.replace(old, new))
    assert BUILT in [why for _, why in found.refused]


def test_a_build_that_names_no_builder_is_setuptools() -> None:
    text = '[project]\nname = "x"\ndynamic = ["dependencies"]\n[tool.setuptools.dynamic.dependencies]\nfile = "a.in"\n'
    assert parse(text).refused == ()
    assert parse(text).includes == ("a.in",)


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ('[project]\ndependencies = ["django"]\n', 1, BUILT),
        ('x = 1\n[tool.poetry]\n[tool.poetry.dependencies]\ndjango = "^4"\n', 3,
         "pyproject.toml lists its dependencies for Poetry, which would have to be run to read them"),
        ("project = 1\n", 1, BUILT),
        ('[project]\nname = "x"\ndynamic = "dependencies"\n', None, ""),
        ('[project]\nname = "x"\ndynamic = [1, "version"]\n', None, ""),
    ],
)  # fmt: skip
def test_what_only_a_build_could_tell_is_refused_where_it_says_so(text: str, line: int | None, why: str) -> None:
    assert parse(text).refused == (((line, why),) if line else ())


@given(st.text(alphabet="[]{}=\"'\n\\u#.,aprojectname-dpsxtools 1"))
def test_no_text_makes_the_reader_fail(text: str) -> None:
    parse(f'[project]\nname = "x"\n{text}')


def test_tables_within_tables_without_end_are_unreadable() -> None:
    assert len(parse("x = " + "[" * 5000 + "]" * 5000).unreadable) == 1
