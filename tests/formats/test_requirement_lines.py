"""The requirements file format of pip, option by option."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pip._internal.req.req_file import preprocess

from bot.formats import requirement_file
from bot.formats.requirement_file import Build, RequirementFile
from bot.model.locks import Requirement


def parse(text: str, path: str = "a.in") -> RequirementFile:
    return requirement_file.parse(path, text)


@pytest.mark.parametrize(
    "line",
    [
        "-r b.in",
        "-rb.in",
        "-r=b.in",
        "--requirement b.in",
        "--requirement=b.in",
        "--requirem 'b.in'",
        '-r "b.in"',
        "--requirem=b.in",
    ],
)
def test_an_include_is_read_in_every_spelling_that_pip_takes(line: str) -> None:
    expected = ("=b.in",) if line == "-r=b.in" else ("b.in",)
    assert parse(line).includes == expected
    assert parse(line).constraints == ()


def test_constraints_are_includes_that_only_bound() -> None:
    found = parse("-c limits.txt\n--constraint=more.txt\n-r base.in\n", "sub/a.in")
    assert found.includes == ("sub/limits.txt", "sub/more.txt", "sub/base.in")
    assert found.constraints == ("sub/limits.txt", "sub/more.txt")
    row = requirement_file.parse("limits.txt", "idna<4\n", constraint=True, group="extra:x").requirements[0]
    assert (row.constraint, row.group) == (True, "extra:x")


@pytest.mark.parametrize("where", ["https://example.org/a.in", "HTTP://example.org/a.in", "file:///a.in", "file:a.in"])
def test_an_include_from_elsewhere_is_refused(where: str) -> None:
    assert parse(f"-r {where}\n").refused == ((1, f"-r {where}: a file from elsewhere; copy it into the repository"),)


def test_indexes_are_found_under_every_name_and_several_in_a_line() -> None:
    text = "-i https://a.example --extra-index-url=https://b.example\n--pypi-url 'https://c.example'\n--index https://d.example\n"
    assert parse(text).indexes == (
        (1, "https://a.example"), (1, "https://b.example"), (2, "https://c.example"), (3, "https://d.example"),
    )  # fmt: skip


def test_what_needs_this_machine_is_refused_by_name_and_what_only_chooses_is_passed_over() -> None:
    text = (
        "--no-index\n-f /srv\n--trusted-host x\n--pre --prefer-binary\n--only-binary=:all:\n--use-feature fast-deps\n"
    )
    found = parse(text + "--require-hashes\n--no-binary :none:\nx --global-option=y --hash=sha256:a -C a=b\n")
    assert found.refused == ((1, "--no-index"), (2, "--find-links"), (3, "--trusted-host"), (9, "--global-option"))
    assert (found.unreadable, found.builds) == ((), ())


def test_building_from_source_on_demand_is_named() -> None:
    text = "--no-binary lxml"
    why = "--no-binary lxml asks for building from source, which executes the code of packages; leave the choice to the index"
    assert parse(text).builds == (Build(line=1, text=text, why=why),)


def test_a_variable_of_the_environment_is_refused_by_its_name() -> None:
    why = "${TOKEN_1} stands for a variable of the environment, which would need a secret"
    assert parse("x\n--index-url https://${TOKEN_1}@index.example/\n").refused == ((2, why),)
    assert parse("x @ https://${token}@example.org/x-1-py3-none-any.whl\n").refused == ()


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("--unknown x", "--unknown is no option of a requirements file"),
        ("--req=x", "--req is no option of a requirements file"),
        ("--no x", "--no is no option of a requirements file"),
        ("-x", "-x is no option of a requirements file"),
        ("--pre x", "x is no option of a requirements file"),
        ("-r", "-r needs a value"),
        ("--hash", "--hash needs a value"),
        ("-r 'b.in", "-r 'b.in: a quotation mark is not closed"),
        ("x --what", "--what is no option of a requirements file"),
    ],
)
def test_an_option_that_pip_does_not_know_is_unreadable(line: str, why: str) -> None:
    rows = parse(f"\n{line}\n").unreadable
    assert [(row.line, row.subject, row.why) for row in rows] == [(2, line, why)]


def test_lines_are_joined_and_numbered_as_pip_and_an_editor_do() -> None:
    text = "a \\\n  # why\nb==1 \\\r\n  --hash=sha256:x \\\r\n  --hash=sha256:y\rc\x0cd # e\nf#g\n\\\nh"
    assert [(line.number, line.text) for line in requirement_file.logical_lines(text)] == [
        (1, "a"), (3, "b==1   --hash=sha256:x   --hash=sha256:y"), (6, "c"), (6, "d"), (7, "f#g"), (8, "h"),
    ]  # fmt: skip


@given(st.text(alphabet="ab#\\\n\r\x0c\u2028 \t-=") | st.text())
def test_lines_are_those_of_pip_itself(text: str) -> None:
    ours = [line.text for line in requirement_file.logical_lines(text)]
    assert ours == [line for _, line in preprocess(text.removeprefix("\ufeff"))]


def test_hostile_lines_take_no_longer_than_others() -> None:
    many = 200_000
    for line in (
        "a" * many,
        "#&" * many,
        "git+https://x/" + "#" * many,
        "a" + " " * many + "b",
        "a/" * many,
        "-e " + "[" * many,
    ):
        parse(f"{line}\n")


def test_a_requirement_knows_its_extras_marker_and_address() -> None:
    found = parse(
        "Foo[B_b,a] >=1 ; os_name=='nt' # c\nx @ https://example.org/x-1-py3-none-any.whl ; os_name == 'nt'\n"
    )
    assert found.requirements == (
        Requirement(name="foo", specifier=">=1", path="a.in", line=1, text="Foo[B_b,a] >=1 ; os_name=='nt'",
                    extras=("a", "b-b"), marker='os_name == "nt"'),
        Requirement(name="x", specifier="", path="a.in", line=2, marker='os_name == "nt"',
                    text="x @ https://example.org/x-1-py3-none-any.whl ; os_name == 'nt'",
                    url="https://example.org/x-1-py3-none-any.whl"),
    )  # fmt: skip
    assert found.urls == ((2, "https://example.org/x-1-py3-none-any.whl"),)
    assert (found.refused, found.builds) == ((), ())


SOURCE = (
    "is fetched as source, and building it would execute its code; require a released version from an index instead"
)


@pytest.mark.parametrize(
    ("line", "name", "extras", "marker"),
    [
        ("git+https://example.org/x.git@v1#subdirectory=a&egg=X_x[b, C]", "x-x", ("b", "c"), ""),
        ("-e git+ssh://git@example.org/x.git#egg=x", "x", (), ""),
        ("git+https://example.org/x.git#egg=x ; os_name == 'nt'", "x", (), "os_name == 'nt'"),
        ("git+https://example.org/x.git#egg=x; os_name == 'nt'", "x", (), "os_name == 'nt'"),
        ("x @ git+https://example.org/x.git", "x", (), ""),
        ("x @ https://example.org/x-1.tar.gz", "x", (), ""),
        ("https://example.org/x-1.tar.gz", None, (), ""),
        ("git+https://example.org/x-1.whl", None, (), ""),
    ],
)
def test_what_is_fetched_as_source_counts_by_its_name_and_is_refused(
    line: str, name: str | None, extras: tuple[str, ...], marker: str
) -> None:
    found = parse(line)
    assert [(row.name, row.extras, row.marker) for row in found.requirements] == (
        [(name, extras, marker)] if name else []
    )
    shown = line.replace("//git@", "//")
    assert found.refused == ((1, f"{shown} {SOURCE}"),)
    assert found.builds == (Build(line=1, text=shown, why=f"{shown} {SOURCE}"),)
    assert len(found.urls) == 1


def test_a_wheel_from_an_address_is_only_unpacked() -> None:
    found = parse("https://example.org/Foo_bar-1.0-py3-none-any.whl#sha256=ab\n")
    assert [(row.name, row.url) for row in found.requirements] == [
        ("foo-bar", "https://example.org/Foo_bar-1.0-py3-none-any.whl#sha256=ab")
    ]
    assert found.refused == ()


@pytest.mark.parametrize(
    ("line", "path", "built"),
    [
        ("-e .[x,y]", "sub", True), ("./lib", "sub/lib", True), ("lib/x", "sub/lib/x", True),
        ("lib.zip", "sub/lib.zip", True), ("wheels/x-1-py3-none-any.whl", "sub/wheels/x-1-py3-none-any.whl", False),
        ("x @ file:lib%20x", "sub/lib x", True), ("file://lib#egg=x", "sub/lib", True), ("x @ ./lib", "sub/lib", True),
        ("-e lib", "sub/lib", True), ("lib.tar.gz[x]", "sub/lib.tar.gz", True),
    ],
)  # fmt: skip
def test_paths_are_named_from_the_root_and_what_has_to_be_built_is_said(line: str, path: str, built: bool) -> None:
    found = parse(line, "sub/a.in")
    assert found.paths == (path,)
    assert [row.text for row in found.builds] == ([line] if built else [])
    assert (found.refused, found.unreadable) == ((), ())


@pytest.mark.parametrize("line", ["../../lib", "/lib", "-e file:///lib", "~/lib", "x @ file:///lib"])
def test_paths_outside_the_repository_are_refused(line: str) -> None:
    assert parse(line, "sub/a.in").refused == ((1, f"{line}: outside the repository"),)


@pytest.mark.parametrize("line", ["foo bar", "a/b ==1", "foo>=x y", "foo @"])
def test_what_is_nothing_of_the_kind_is_unreadable(line: str) -> None:
    assert [row.subject for row in parse(line).unreadable] == [line]
