"""How the command line starts: what it loads, where options may stand, and what a wrong word is answered with."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot import __version__
from bot.cli import COMMANDS
from tests.rig.cli import Said, Terminal
from tests.rig.repositories import make_repository

HEAVY = (
    "alembic",
    "cyclonedx",
    "git",
    "github",
    "httpx",
    "pip",
    "piptools",
    "requests",
    "rich",
    "sqlalchemy",
    "sqlalchemy.orm",
    "structlog",
    "uv",
    "yaml",
)  # all of them take long; of `pip` a run loads one small module
ASK = """
import sys
from bot.cli import main
try:
    main(sys.argv[2:])
finally:
    loaded = sorted(name for name in sys.argv[1].split(",") if name in sys.modules)
    print("LOADED:" + ",".join(loaded), file=sys.stderr)
"""
NOW = ("--now", "2026-11-24T12:00:00Z")
ESCAPE = "\x1b"


def _typed(*words: str, cwd: Path) -> Said:
    """Type a command in a process of its own, which says on stderr what of HEAVY it loaded."""
    argv = [sys.executable, "-c", ASK, ",".join(HEAVY), *words]
    env = {"PATH": os.environ["PATH"], "HOME": str(cwd), "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(argv, cwd=cwd, env=env, capture_output=True, text=True, timeout=60, check=False)
    return Said(code=done.returncode, out=done.stdout, err=done.stderr)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return make_repository(tmp_path / "plain", {"README.md": "x\n"})


@pytest.mark.parametrize(
    "words",
    [("--version",), ("--help",), ("-h",), *((name, "--help") for name in COMMANDS), ("config", "check", "--help")],
    ids=" ".join,
)
def test_asking_for_help_or_the_version_loads_no_heavy_library(tmp_path: Path, words: tuple[str, ...]) -> None:
    said = _typed(*words, cwd=tmp_path)
    assert said.code == 0, said.err
    assert said.out
    assert said.err == "LOADED:\n"
    assert ESCAPE not in said.out
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_asks_no_server_and_talks_to_no_person_loads_neither_httpx_nor_rich(
    tmp_path: Path, repository: Path
) -> None:
    said = _typed("run", str(repository), "--json", "--no-progress", *NOW, cwd=tmp_path)
    assert said.code == 0, said.err
    assert said.err.endswith("LOADED:git,pip,sqlalchemy,uv\n")


def test_a_wrong_option_is_told_before_anything_heavy_is_loaded(tmp_path: Path) -> None:
    said = _typed("run", "--dry-rnu", ".", cwd=tmp_path)
    assert said.code == 2
    assert said.err.endswith("LOADED:\n")


def test_the_version_and_the_list_of_commands_are_told(terminal: Terminal) -> None:
    assert terminal("--version").out == f"quarterdeck, version {__version__}\n"
    told = terminal("--help")
    assert told.code == 0
    for name in COMMANDS:
        assert f"\n  {name} " in told.out
    assert "Exit codes:" in told.out


def test_without_a_word_the_help_is_shown_on_stderr_and_it_is_a_usage_error(tmp_path: Path) -> None:
    said = _typed(cwd=tmp_path)
    assert said.code == 2
    assert said.err.startswith("Usage: quarterdeck [OPTIONS] COMMAND [ARGS]...")
    assert said.out == ""


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("run", "--dry-rnu", "."), "--dry-run"),
        (("check", "--fail-onn", "findings", "."), "--fail-on"),
        (("run", "--packge", "six", "."), "--package"),
        (("status", "--jsn"), "--json"),
        (("--verbos", "status"), "--verbose"),
    ],
)
def test_an_unknown_option_names_the_nearest_known_one(terminal: Terminal, words: tuple[str, ...], told: str) -> None:
    said = terminal(*words)
    assert said.code == 2
    assert "No such option" in said.err
    assert told in said.err.partition("No such option")[2]
    assert said.out == ""


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("run", "--only", "everything", "."), "Invalid value for '--only'"),
        (("check", "--fail-on", "doubt", "."), "Invalid value for '--fail-on'"),
        (("run", "--package"), "Option '--package' requires an argument"),
        (("explain",), "Missing argument"),
        (("explain", "a", "b"), "Got unexpected extra argument"),
        (("status", "--log-format", "xml"), "Invalid value for '--log-format'"),
        (("config", "chekc"), "No such command 'chekc'"),
        (("run", "--now", "2026-13-01", "."), "'2026-13-01' is not a time"),
    ],
)
def test_a_wrong_value_is_a_usage_error_that_names_where_help_is(
    terminal: Terminal, words: tuple[str, ...], told: str
) -> None:
    said = terminal(*words)
    assert said.code == 2
    assert told in said.err
    assert "Traceback" not in said.err
    assert said.out == ""


@pytest.mark.parametrize(
    "words",
    [
        ("--json", *NOW, "TARGET"),
        ("TARGET", "--json", *NOW),
        (*NOW, "TARGET", "--json"),
    ],
)
def test_options_may_stand_before_and_after_the_arguments(
    tmp_path: Path, repository: Path, words: tuple[str, ...]
) -> None:
    filled = tuple(str(repository) if word == "TARGET" else word for word in words)
    said = _typed("check", *filled, "--data-dir", str(tmp_path / "data"), cwd=tmp_path)
    assert said.code == 0, said.err
    assert said.repository["outcome"] == "nothing"
    assert said.json["generated_at"] == "2026-11-24T12:00:00Z"


@pytest.mark.parametrize("inner", [False, True])
def test_common_options_may_stand_before_and_after_the_command(tmp_path: Path, repository: Path, inner: bool) -> None:
    common = ("--json", "--data-dir", "elsewhere", "--no-progress")
    words = ("check", str(repository), *common) if inner else (*common, "check", str(repository))
    said = _typed(*words, *NOW, cwd=tmp_path)
    assert said.code == 0, said.err
    assert said.repository["name"] == "plain"
    assert (tmp_path / "elsewhere").is_dir()


def test_the_option_nearer_to_the_arguments_wins(tmp_path: Path, repository: Path) -> None:
    said = _typed("--data-dir", "outer", "check", str(repository), "--data-dir", "inner", "--json", *NOW, cwd=tmp_path)
    assert said.code == 0, said.err
    assert (tmp_path / "inner").is_dir()
    assert not (tmp_path / "outer").exists()


def test_what_follows_two_dashes_is_a_target_even_if_it_looks_like_an_option(terminal: Terminal) -> None:
    said = terminal("check", "--", "--json")
    assert said.code == 2
    assert "'--json' is neither a configured repository nor a path here" in said.err


def test_there_is_no_colour_and_no_spinner_where_stdout_is_no_terminal(tmp_path: Path, repository: Path) -> None:
    for words in (("check", str(repository), *NOW), ("status",), ("explain", str(repository)), ("run", "nowhere")):
        said = _typed(*words, "--data-dir", "data", cwd=tmp_path)
        assert said.code == (2 if "nowhere" in words else 0), said.err
        assert ESCAPE not in said.out + said.err
        assert "\r" not in said.out + said.err


def test_an_error_of_a_json_command_is_one_document(tmp_path: Path) -> None:
    said = _typed("run", "nowhere", "--json", cwd=tmp_path)
    assert said.code == 2
    assert json.loads(said.out)["error"]["kind"] == "ConfigError"
    assert json.loads(said.out)["repositories"] == []
