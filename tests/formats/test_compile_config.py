"""Options that stand in files: which file a tool picks, what its keys come to, and which are refused by place."""

from textwrap import dedent

import pytest

from bot.formats import compile_command, compile_config
from bot.formats.compile_command import CompileCommand
from bot.model.locks import LockerName


def parsed(command: str) -> CompileCommand:
    found = compile_command.parse(command)
    assert found is not None
    return found


def merged(command: str, path: str, text: str) -> CompileCommand:
    return compile_config.merged(parsed(command), path, dedent(text))


def refusals(command: CompileCommand) -> list[tuple[str, str]]:
    return [(refusal.place, refusal.option) for refusal in command.refusals]


@pytest.mark.parametrize(
    ("command", "directory", "files", "expected"),
    [
        ("pip-compile a.in", "", {"a.in"}, None),
        ("pip-compile a.in", "", {"a.in", "pyproject.toml"}, "pyproject.toml"),
        ("pip-compile a.in", "", {"a.in", "pyproject.toml", ".pip-tools.toml"}, ".pip-tools.toml"),
        ("pip-compile sub/a.in", "", {"sub/a.in", "pyproject.toml"}, None),
        ("pip-compile sub/a.in", "", {"sub/a.in", "sub/pyproject.toml", ".pip-tools.toml"}, "sub/pyproject.toml"),
        ("pip-compile -o x a.in sub/b.in", "", {"a.in", "sub/b.in", "sub/.pip-tools.toml"}, "sub/.pip-tools.toml"),
        ("pip-compile", "sub", {"sub/requirements.in", "sub/pyproject.toml"}, "sub/pyproject.toml"),
        ("pip-compile .", "", {"pyproject.toml"}, "pyproject.toml"),
        ("pip-compile sub", "", {"sub/pyproject.toml"}, "sub/pyproject.toml"),
        ("pip-compile ../a.in", "", {"pyproject.toml"}, None),
        ("pip-compile --no-config a.in", "", {"a.in", "pyproject.toml"}, None),
        ("pip-compile --config=my.toml a.in", "sub", {"a.in", "pyproject.toml"}, "sub/my.toml"),
    ],
)
def test_pip_tools_looks_beside_its_sources(
    command: str, directory: str, files: set[str], expected: str | None
) -> None:
    assert compile_config.file_of(parsed(command), directory, dict.fromkeys(files, ""), files) == expected


@pytest.mark.parametrize(
    ("command", "texts", "expected"),
    [
        ("uv pip compile a.in", {}, None),
        ("uv pip compile a.in", {"pyproject.toml": "[project]\n"}, None),
        ("uv pip compile a.in", {"pyproject.toml": "[tool.uv]\n"}, "pyproject.toml"),
        ("uv pip compile a.in", {"pyproject.toml": "[tool.uv]\n", "uv.toml": ""}, "uv.toml"),
        ("uv pip compile a.in", {"uv.toml": "", "sub/pyproject.toml": "[tool.uv]\n"}, "sub/pyproject.toml"),
        ("uv pip compile a.in", {"uv.toml": "", "sub/pyproject.toml": "tool = 1"}, "uv.toml"),
        ("uv pip compile a.in", {"sub/pyproject.toml": "not toml"}, None),
        ("uv pip compile --config-file=../x.toml a.in", {}, "x.toml"),
    ],
)
def test_uv_looks_where_it_runs_and_above(command: str, texts: dict[str, str], expected: str | None) -> None:
    assert compile_config.file_of(parsed(command), "sub", texts, set(texts)) == expected


def test_the_keys_of_pip_tools_become_options_and_the_command_wins() -> None:
    command = merged("pip-compile --no-strip-extras --extra=web a.in", "pyproject.toml", """
        [tool.pip-tools]
        strip-extras = true
        generate_hashes = true
        extras = ["dev"]
        annotation-style = "split"
        max-rounds = 20
        verbose = 2
        no-header = false
        all-extras = false
        unsafe-package = ["six", "idna"]
        ask = true
        [tool.pip-tools.compile]
        annotation-style = "line"
        no-annotate = true
        [tool.pip-tools.sync]
        python-executable = "x"
    """)  # fmt: skip
    assert command.refusals == ()
    assert command.arguments == (
        "--generate-hashes", "--annotation-style=line", "--max-rounds=20", "--header", "--unsafe-package=six",
        "--unsafe-package=idna", "--no-annotate", "--no-strip-extras", "--extra=web",
    )  # fmt: skip


def test_a_file_may_name_sources_output_and_indexes_that_the_command_does_not() -> None:
    text = """
        [tool.pip-tools]
        src-files = ["a.in", "b.in"]
        output-file = "out.txt"
        index-url = "https://one.example/simple"
        extra-index-url = ["https://two.example/simple"]
    """
    command = merged("pip-compile", ".pip-tools.toml", text)
    assert (command.sources, command.output) == (("a.in", "b.in"), "out.txt")
    assert (command.index_url, command.extra_indexes) == ("https://one.example/simple", ("https://two.example/simple",))
    assert [index.place for index in command.index_options] == [".pip-tools.toml:5", ".pip-tools.toml:6"]
    own = merged("pip-compile --index-url=https://three.example/ -o x.txt c.in", ".pip-tools.toml", text)
    assert (own.sources, own.output, own.index_url) == (("c.in",), "x.txt", "https://three.example/")


def test_a_refused_key_is_named_with_its_file_and_line() -> None:
    command = merged("pip-compile a.in", "pyproject.toml", """
        [tool.pip-tools]
        find-links = ["./wheels"]
        cert = "x.pem"
        pip-args = "--trusted-host x.example"
        colour = true
        allow-unsafe = "yes"
        newline = { lf = true }
        pre = { lf = true }
    """)  # fmt: skip
    assert refusals(command) == [
        ("pyproject.toml:3", "--find-links"), ("pyproject.toml:4", "--cert"), ("pyproject.toml:5", "--pip-args"),
        ("pyproject.toml:6", "--colour"), ("pyproject.toml:7", "--allow-unsafe"), ("pyproject.toml:8", "--newline"),
        ("pyproject.toml:9", "--pre"),
    ]  # fmt: skip
    assert refusals(merged("pip-compile a.in", "pyproject.toml", "tool = 1")) == []


def test_a_file_that_is_not_toml_is_refused() -> None:
    command = merged("pip-compile a.in", "pyproject.toml", "[tool")
    assert refusals(command) == [("pyproject.toml", "pyproject.toml")]
    assert command.refusals[0].why.startswith("is not TOML")


def test_the_keys_of_uv_become_options_with_those_of_its_pip_table_over_them() -> None:
    command = merged("uv pip compile --no-header a.in", "pyproject.toml", """
        [tool.uv]
        resolution = "lowest"
        prerelease = "allow"
        no-binary = true
        no-build-package = ["six"]
        exclude-newer-package = { tzdata = "2026-01-01", "bad name" = "x" }
        dev-dependencies = ["pytest"]
        keyring-provider = "subprocess"
        constraint-dependencies = []
        environments = ["sys_platform == 'linux'"]
        [tool.uv.sources]
        six = { path = "../six" }
        [[tool.uv.index]]
        url = "https://one.example/simple"
        [[tool.uv.index]]
        url = "https://two.example/simple"
        default = true
        [[tool.uv.index]]
        url = "https://three.example/simple"
        explicit = true
        [tool.uv.pip]
        resolution = "highest"
        python-version = "3.12"
        no-header = false
        generate-hashes = true
        universal = false
    """)  # fmt: skip
    assert command.refusals == ()
    assert command.arguments == (
        "--prerelease=allow", "--no-binary=:all:", "--only-binary=six", "--exclude-newer-package=tzdata=2026-01-01",
        "--resolution=highest", "--python-version=3.12", "--generate-hashes", "--no-universal", "--no-header",
    )  # fmt: skip
    assert command.indexes == ("https://one.example/simple", "https://two.example/simple")
    assert command.index_url == "https://two.example/simple"


def test_what_uv_reads_and_no_option_can_say_is_refused_by_key() -> None:
    text = """
        no-binary = false
        constraint-dependencies = ["six<2"]
        override-dependencies = ["six<2"]
        environments = ["sys_platform == 'linux'"]
        brand-new = 1
        [[index]]
        url = "https://flat.example/"
        format = "flat"
        [[index]]
        url = "/srv/packages"
        [pip]
        find-links = ["x"]
        torch-backend = "cpu"
    """
    expected = [
        ("uv.toml:3", "constraint-dependencies"), ("uv.toml:4", "override-dependencies"), ("uv.toml:6", "brand-new"),
        ("uv.toml:7", "index"), ("uv.toml:7", "--index"), ("uv.toml:13", "--find-links"),
        ("uv.toml:14", "--torch-backend"),
    ]  # fmt: skip
    command = merged("uv pip compile a.in", "uv.toml", text)
    assert refusals(command) == expected
    assert command.options == ()
    universal = merged("uv pip compile --universal a.in", "uv.toml", text)
    assert refusals(universal) == [*expected[:2], ("uv.toml:5", "environments"), *expected[2:]]
    assert refusals(merged("uv pip compile a.in", "uv.toml", "index = [1]\n")) == [("uv.toml:1", "--index")]


def test_a_python_that_a_file_asks_for_counts_where_the_command_names_none() -> None:
    assert merged("uv pip compile a.in", "uv.toml", "[pip]\npython = '3.11'\n").python == "3.11"
    assert merged("uv pip compile -p 3.12 a.in", "uv.toml", "[pip]\npython = '3.11'\n").python == "3.12"


def test_indexes_of_the_command_come_before_those_of_uvs_file() -> None:
    command = merged("uv pip compile --index https://one.example/ a.in", "uv.toml", """
        [[index]]
        url = "https://two.example/"
    """)  # fmt: skip
    assert command.extra_indexes == ("https://one.example/", "https://two.example/")


@pytest.mark.parametrize(
    ("text", "line"),
    [("[tool.uv.sources]\nsix = { path = 'x' }\n", 1), ("[tool.uv]\nsources = {}\n", 0), ("tool = 1", 0), ("x", 0)],
)
def test_the_sources_table_of_uv_is_found_with_its_line(text: str, line: int) -> None:
    assert compile_config.uses_uv_sources(text) == line


def test_of_two_tools_only_the_one_that_runs_is_read() -> None:
    text = "[tool.pip-tools]\nfind-links = ['x']\n[tool.uv]\nno-index = true\n"
    assert merged("pip-compile a.in", "pyproject.toml", text).refused == ("--find-links",)
    found = merged("uv pip compile a.in", "pyproject.toml", text)
    assert (found.locker, found.refused) == (LockerName.UV_PIP, ("--no-index",))
