"""Which options of a header are replayed, dropped and refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.formats import compile_command
from bot.model.locks import LockerName


def test_options_sources_and_output_are_told_apart() -> None:
    command = compile_command.parse(
        "pip-compile --allow-unsafe --extra=web --extra dev -c limits.txt -o out.txt --upgrade -P django -q a.in b.in"
    )
    assert command is not None
    assert command.options == (
        ("--allow-unsafe", ""), ("--extra", "web"), ("--extra", "dev"), ("--constraint", "limits.txt"),
    )  # fmt: skip
    assert command.sources == ("a.in", "b.in")
    assert command.output == "out.txt"
    assert command.refused == ()
    assert command.values("--extra") == ("web", "dev")


@pytest.mark.parametrize(
    ("command", "refused"),
    [
        ("pip-compile --pip-args='--no-deps' a.in", ("--pip-args",)),
        ("pip-compile --trusted-host evil.example a.in", ("--trusted-host",)),
        ("pip-compile --find-links=/srv a.in", ("--find-links",)),
        ("pip-compile --cert x.pem --brand-new-option a.in", ("--cert", "--brand-new-option")),
        ("pip-compile --cert=None --client-cert=None --index-url=None --pip-args=None a.in", ()),
        ("pip-compile --config=x.toml --cache-dir=/c --dry-run --pip-args", ("--pip-args",)),
    ],
)
def test_what_is_not_known_to_be_safe_is_refused_by_name(command: str, refused: tuple[str, ...]) -> None:
    parsed = compile_command.parse(command)
    assert parsed is not None
    assert parsed.refused == refused


def test_indexes_are_named() -> None:
    parsed = compile_command.parse(
        "pip-compile -i https://one.example/simple --extra-index-url=https://two.example a.in"
    )
    assert parsed is not None
    assert parsed.indexes == ("https://one.example/simple", "https://two.example")


@pytest.mark.parametrize("command", ["make requirements", "", "pip-compile 'unclosed", "tox -e pip-compile"])
def test_another_command_is_none(command: str) -> None:
    assert compile_command.parse(command) is None


def test_everything_behind_two_dashes_is_a_source() -> None:
    parsed = compile_command.parse("python -m piptools compile -- -odd.in")
    assert parsed is not None
    assert parsed.sources == ("-odd.in",)
    assert parsed.locker is LockerName.PIP_TOOLS


def test_standard_input_is_a_source_of_its_own() -> None:
    parsed = compile_command.parse("uv pip compile - -o a.txt")
    assert parsed is not None
    assert parsed.sources == ("-",)


@pytest.mark.parametrize(
    ("command", "output"),
    [
        ("pip-compile", "requirements.txt"),
        ("pip-compile setup.py", "requirements.txt"),
        ("pip-compile req/dev.in", "req/dev.txt"),
        ("pip-compile req.d/dev", "req.d/dev.txt"),
        ("uv pip compile a.in", None),
        ("uv pip compile a.in -o b.txt", "b.txt"),
    ],
)
def test_the_default_output_is_pip_tools_own(command: str, output: str | None) -> None:
    parsed = compile_command.parse(command)
    assert parsed is not None
    assert compile_command.default_output(parsed) == output


@pytest.mark.parametrize(
    ("directory", "written", "path"),
    [
        ("", "a.in", "a.in"), ("sub", "../a.in", "a.in"), ("sub", "./b/../a.in", "sub/a.in"),
        ("", "../a.in", None), ("sub", "../../a.in", None), ("", "/etc/passwd", None), ("a", "..", "."),
        ("", "..", None),
    ],
)  # fmt: skip
def test_a_path_never_leaves_the_repository(directory: str, written: str, path: str | None) -> None:
    assert compile_command.inside(directory, written) == path


@given(st.text())
def test_no_text_makes_the_parser_fail(text: str) -> None:
    compile_command.parse("pip-compile " + text)
