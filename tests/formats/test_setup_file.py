"""setup.cfg and setup.py as sources: read, and never run."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.formats import requirement_file
from bot.formats.requirement_file import RequirementFile

CFG = "list the requirements in a .in file or under [project] in pyproject.toml instead"


def cfg(text: str) -> RequirementFile:
    return requirement_file.parse("sub/setup.cfg", text)


def py(text: str) -> RequirementFile:
    return requirement_file.parse("setup.py", text)


def rows(found: RequirementFile) -> list[tuple[str, int, str]]:
    return [(row.name, row.line, row.group) for row in found.requirements]


def test_a_setup_cfg_gives_its_requirements_with_their_lines() -> None:
    found = cfg(
        "\ufeff[metadata]\nname = x\n[options]\npython_requires = >=3.8\ninstall_requires =\n    django<5 ; os_name == 'nt'\n"
        "    # a comment\n\n    flask  # why\n[options.extras_require]\n Web = uvicorn; rich\n all: \n\t idna\n   six\n docs =\n"
    )
    assert rows(found)[:2] == [("django", 6, ""), ("flask", 9, "")]
    assert rows(found)[2:] == [
        ("uvicorn", 11, "extra:web"), ("rich", 11, "extra:web"), ("idna", 13, "extra:all"), ("six", 14, "extra:all"),
    ]  # fmt: skip
    assert found.refused == ((1, f"sub/setup.cfg: setuptools would have to be run to compile from it; {CFG}"),)


def test_files_that_a_setup_cfg_names_are_followed() -> None:
    found = cfg(
        "[options]\ninstall_requires = file: a.in, ../b.in,\n[options.extras_require]\nweb = file: web.in\n  ../../x.in\n"
    )
    assert found.includes == ("sub/a.in", "b.in", "sub/web.in")
    assert found.grouped == (("sub/web.in", "extra:web"),)
    assert (4, "../../x.in: outside the repository") in found.refused


def test_a_setup_cfg_that_is_none_is_unreadable() -> None:
    assert [row.line for row in cfg("\nname = x\n").unreadable] == [2]
    assert [row.line for row in cfg("[options]\nx = 1\nwhat\n").unreadable] == [3]
    assert [row.line for row in cfg("[options]\n= 1\n").unreadable] == [2]
    blank = " " * 200_000
    assert [row.line for row in cfg(f"[options]\nx{blank}y\n").unreadable] == [2]
    assert rows(cfg("[options]\n")) == []


def test_a_setup_py_gives_what_it_says_literally() -> None:
    found = py(
        "from setuptools import setup\nREQUIRES = [\n    'django<5',\n]\nSIX: str = 'six'\n"
        "setup(\n  name='x',\n  install_requires=REQUIRES,\n"
        "  extras_require={'Web': ('uvicorn', SIX), 'all': '''idna\nrich # x\n\n'''},\n)\n"
    )
    assert rows(found) == [
        ("django", 3, ""), ("uvicorn", 9, "extra:web"), ("six", 5, "extra:web"), ("idna", 9, "extra:all"),
        ("rich", 10, "extra:all"),
    ]  # fmt: skip
    assert found.refused == ((1, f"setup.py: it would have to be executed to compile from it; {CFG}"),)


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("setuptools.setup(\ninstall_requires=read('a.in'))", 2, "install_requires"),
        ("setup(install_requires=[\n'x',\nf'{y}'])", 3, "install_requires"),
        ("setup(extras_require=dict(x=[]))", 1, "extras_require"),
        ("setup(extras_require={\nname: []})", 2, "extras_require"),
        ("setup(extras_require={\n**more})", 2, "extras_require"),
        ("x = ['a']\nx += ['b']\nsetup(install_requires=x)", 3, "install_requires"),
        ("x = ['a']\nx.append('b')\nsetup(install_requires=x)", 3, "install_requires"),
        ("x = y = ['a']\nsetup(install_requires=x)", 2, "install_requires"),
        ("def f():\n  x = ['a']\n  setup(install_requires=x)", 3, "install_requires"),
        ("x: list\nsetup(install_requires=x)", 2, "install_requires"),
        ("x.y = ['a']\nsetup(install_requires=x)", 2, "install_requires"),
    ],
)
def test_what_is_computed_would_have_to_be_executed(text: str, line: int, what: str) -> None:
    found = py(text)
    assert found.refused[0] == (line, f"{what} is computed, so setup.py would have to be executed")
    assert "a" not in [row.name for row in found.requirements]


def test_arguments_from_elsewhere_would_have_to_be_executed() -> None:
    assert py("\nsetup(**read())").refused[0] == (2, "**: what setup() gets would have to be executed")
    assert py("print(1)()\n").refused == ((1, "setup.py would have to be executed to learn what it requires"),)


@pytest.mark.parametrize(
    ("text", "line"), [("setup(\n", 1), ("\x00", 0), ("(" * 5000, 1), ("x = 1\n" + "-" * 100_000 + "1", 0)]
)
def test_what_is_no_python_is_unreadable(text: str, line: int) -> None:
    found = py(text)
    assert [row.line for row in found.unreadable] == [line]
    assert found.unreadable[0].why.startswith("it is no Python: ")


def test_odd_texts_in_it_are_not_ours_to_warn_of() -> None:
    assert rows(py("setup(install_requires=['a'], description='\\d')")) == [("a", 1, "")]


@given(st.text(alphabet="[]options.extras_require=\n :file#;\t"))
def test_no_text_makes_the_reader_fail(text: str) -> None:
    cfg(text)
    cfg(f"[options]\ninstall_requires = {text}")
    py(text)
