"""Where a command was run, what it read there, and what is inferred where none is named."""

import pytest

from bot.formats import compile_command, compile_layout
from bot.formats.compile_command import CompileCommand
from bot.formats.compile_layout import Layout
from bot.model.locks import LockerName

HASHED = "django==4.2 \\\n    --hash=sha256:aa11\n    # via -r requirements/main.in\n"


def parsed(command: str) -> CompileCommand:
    found = compile_command.parse(command)
    assert found is not None
    return found


def laid_out(path: str, command: str, files: set[str], texts: dict[str, str] | None = None) -> Layout:
    found = compile_layout.layout(path, parsed(command), texts or {}, files)
    assert isinstance(found, Layout), found
    return found


@pytest.mark.parametrize(
    ("command", "path", "files", "directory", "sources"),
    [
        ("pip-compile a.in", "a.txt", {"a.in"}, "", ("a.in",)),
        ("pip-compile a.in", "sub/a.txt", {"sub/a.in"}, "sub", ("sub/a.in",)),
        ("pip-compile sub/a.in", "sub/a.txt", {"sub/a.in"}, "", ("sub/a.in",)),
        ("pip-compile -o out.txt ../a.in", "sub/out.txt", {"a.in"}, "sub", ("a.in",)),
        ("pip-compile pyproject.toml", "requirements.txt", {"pyproject.toml"}, "", ("pyproject.toml",)),
        (
            "pip-compile",
            "sub/requirements.txt",
            {"sub/pyproject.toml", "sub/setup.cfg"},
            "sub",
            ("sub/pyproject.toml",),
        ),
        ("pip-compile wanted", "wanted.txt", {"wanted"}, "", ("wanted",)),
        ("pip-compile -o - a.in", "x.txt", {"a.in"}, "", ("a.in",)),
        ("uv pip compile sub/a.in", "sub/locked.txt", {"sub/a.in"}, "", ("sub/a.in",)),
        ("uv pip compile --group dev -o sub/dev.txt", "sub/dev.txt", {"pyproject.toml"}, "", ()),
        (
            "cd services/a && pip-compile a.in",
            "services/a/a.txt",
            {"services/a/a.in"},
            "services/a",
            ("services/a/a.in",),
        ),
        ("cd .. && pip-compile a.in -o a.txt", "a.txt", {"a.in"}, "", ()),
        ("uv pip compile --directory sub a.in -o a.txt", "sub/a.txt", {"sub/a.in"}, "sub", ("sub/a.in",)),
    ],
)
def test_the_folder_of_a_command_is_where_it_writes_this_lock(
    command: str, path: str, files: set[str], directory: str, sources: tuple[str, ...]
) -> None:
    if command.startswith("cd .."):
        found = compile_layout.layout(path, parsed(command), {}, files)
        assert found == "changes to .., which is outside the repository"
        return
    layout = laid_out(path, command, files)
    assert (layout.directory, layout.sources) == (directory, sources)


def test_a_folder_that_a_command_leaves_again_is_the_root() -> None:
    assert laid_out("a.txt", "cd . && pip-compile a.in", {"a.in"}).directory == ""


def test_what_options_read_is_part_of_the_layout() -> None:
    files = {"sub/a.in", "limits.txt", "sub/o.txt", "tools/pyproject.toml"}
    command = "uv pip compile -c ../limits.txt --override o.txt --group ../tools/pyproject.toml:dev a.in -o a.txt"
    assert laid_out("sub/a.txt", command, files).inputs == ("limits.txt", "sub/o.txt", "tools/pyproject.toml")


def test_the_configuration_beside_the_source_is_part_of_the_command() -> None:
    texts = {"sub/pyproject.toml": "[tool.pip-tools]\nconstraint = ['../limits.txt']\ngenerate-hashes = true\n"}
    layout = laid_out("sub/a.txt", "pip-compile a.in", {"sub/a.in", "limits.txt", *texts}, texts)
    assert layout.command.arguments == ("--constraint=../limits.txt", "--generate-hashes")
    assert layout.inputs == ("limits.txt",)


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("pip-compile gone.in -o a.txt", "names gone.in, which is not in the repository"),
        ("pip-compile -c gone.txt a.in", "names gone.txt (--constraint), which is not in the repository"),
        ("pip-compile --config=gone.toml a.in", "names gone.toml (--config), which is not in the repository"),
        ("pip-compile --output-file=other.txt a.in", "writes other.txt, which is another file"),
        ("pip-compile --output-file=../a.txt a.in", "writes ../a.txt, which is another file"),
        ("pip-compile -o a.txt ../a.in", "names ../a.in, which is outside the repository"),
        ("pip-compile -o a.txt", "names no source"),
        ("uv pip compile -o a.txt", "names no source"),
        ("uv pip compile - -o a.txt", "reads standard input, which is not in the repository"),
    ],
)
def test_a_lock_without_what_it_is_made_from_says_what_is_missing(command: str, why: str) -> None:
    assert compile_layout.layout("a.txt", parsed(command), {}, {"a.in"}) == why


@pytest.mark.parametrize(
    ("path", "files", "source"),
    [
        ("r/a.txt", {"r/a.in", "r/in/a.in"}, "r/a.in"),
        ("r/a.txt", {"r/in/a.in"}, "r/in/a.in"),
        ("r/out/a.txt", {"r/src/a.in"}, "r/src/a.in"),
        ("a.txt", {"in/a.in"}, "in/a.in"),
        ("a.txt", {"in/a.in", "src/a.in"}, None),
        ("r/a.txt", {"r/b.in", "a.in"}, None),
    ],
)
def test_only_the_same_stem_is_a_source_that_needs_no_name(path: str, files: set[str], source: str | None) -> None:
    assert compile_layout.same_stem(path, files) == source


def test_what_the_lines_of_a_lock_show_is_inferred_and_the_annotations_tell_where_it_ran() -> None:
    command = compile_layout.inferred(
        "requirements/main.txt", HASHED + "setuptools==70.0\n", LockerName.PIP_TOOLS, {"requirements/main.in"}
    )
    assert command is not None
    assert command.arguments == ("--generate-hashes", "--allow-unsafe")
    assert (command.sources, command.output) == (("requirements/main.in",), "requirements/main.txt")
    beside = compile_layout.inferred("r/a.txt", "six==1  # via -r a.in\n", LockerName.PIP_TOOLS, {"r/a.in"})
    assert beside is not None
    assert (beside.sources, beside.output, beside.arguments) == (("a.in",), "a.txt", ("--annotation-style=line",))
    plain = compile_layout.inferred("r/a.txt", "six==1\n", LockerName.PIP_TOOLS, {"r/a.in"})
    assert plain is not None
    assert (plain.sources, plain.arguments) == (("a.in",), ("--no-annotate",))
    assert compile_layout.inferred("r/b.txt", HASHED, LockerName.PIP_TOOLS, {"r/a.in"}) is None
    assert compile_layout.inferred("a.txt", "", LockerName.PIP_TOOLS, {"a.in"}) == CompileCommand(
        locker=LockerName.PIP_TOOLS, sources=("a.in",), output="a.txt"
    )


def test_uvs_locks_show_markers_and_extras() -> None:
    text = "six[x]==1 ; sys_platform == 'linux'\n    # via -r a.in\n"
    command = compile_layout.inferred("a.txt", text, LockerName.UV_PIP, {"a.in"})
    assert command is not None
    assert command.arguments == ("--universal", "--no-strip-extras")


def test_a_command_for_the_root_is_moved_with_all_its_paths() -> None:
    words = ["--constraint=limits.txt", "--group=dev", "--group=tools/pyproject.toml:lint", "--extra=web"]
    command = compile_command.of_words(LockerName.UV_PIP, words)
    moved = compile_layout.placed(command, "r/a.txt", ("r/a.in",), "r")
    assert moved.arguments == (
        "--constraint=../limits.txt", "--group=../pyproject.toml:dev", "--group=../tools/pyproject.toml:lint",
        "--extra=web",
    )  # fmt: skip
    assert (moved.sources, moved.output) == (("a.in",), "a.txt")
    assert compile_layout.placed(command, "r/a.txt", ("r/a.in",), "").options == command.options
