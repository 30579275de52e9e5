"""`check --format`: one document on stdout for people or for other tools, and the same exit codes with each."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from bot import __version__
from tests.rig.cli import Said, Terminal
from tests.rig.published import cyclonedx_problems, sarif_problems
from tests.rig.repositories import git, make_repository

NOW = ("--now", "2026-11-24T12:00:00Z")
UV_LOCK = 'version = 1\nrevision = 3\nrequires-python = ">=3.12"\n\n[[package]]\nname = "idna"\nversion = "3.10"\nsource = { registry = "https://index.example/simple" }\n'
FORMATS = ("table", "json", "sarif", "cyclonedx")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Give a repository whose lock is read and not written, so that no index is asked."""
    project = '[project]\nname = "x"\nversion = "1"\n'
    return make_repository(tmp_path / "wéb", {"uv.lock": UV_LOCK, "pyproject.toml": project, "a b/poetry.lock": "?\n"})


def sarif(said: Said) -> dict[str, Any]:
    assert sarif_problems(said.json) == []
    document: dict[str, Any] = said.json
    return document


def test_sarif_holds_what_the_run_found_at_its_place(terminal: Terminal, repository: Path) -> None:
    terminal("check", str(repository), *NOW)  # the quarter is found to need nothing, which later runs know
    said = terminal("check", str(repository), "--format", "sarif", *NOW)
    assert said.code == 0, said.err
    (run,) = sarif(said)["runs"]
    assert (run["tool"]["driver"]["name"], run["tool"]["driver"]["version"]) == ("quarterdeck", __version__)
    assert run["automationDetails"] == {"id": "quarterdeck/wéb/"}
    found = terminal("check", str(repository), "--json", *NOW).repository["findings"]
    assert sorted(row["ruleId"] for row in run["results"]) == sorted(row["kind"] for row in found)
    places = {row["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for row in run["results"]}
    assert "a%20b/poetry.lock" in places
    assert str(repository) not in said.out


def test_cyclonedx_holds_what_the_repository_pins_at_its_commit(terminal: Terminal, repository: Path) -> None:
    said = terminal("check", str(repository), "--format", "cyclonedx", *NOW)
    assert said.code == 0, said.err
    assert cyclonedx_problems(said.out) == []
    assert said.json["metadata"]["component"]["version"] == git(repository, "rev-parse", "HEAD")
    assert [one["purl"] for one in said.json["components"]] == ["pkg:pypi/idna@3.10"]
    assert terminal("check", str(repository), "--format", "cyclonedx", *NOW).out == said.out


@pytest.mark.parametrize("name", FORMATS)
def test_exit_codes_are_the_same_with_every_format(
    terminal: Terminal, repository: Path, tmp_path: Path, name: str
) -> None:
    clean = make_repository(tmp_path / "clean", {"README.md": "x\n"})
    broken = tmp_path / "broken"
    broken.mkdir()
    words = ("--fail-on", "findings", "--format", name, *NOW)
    assert terminal("check", str(repository), *words).code == 3
    assert terminal("check", str(broken), *words).code == 1
    assert terminal("check", str(repository), "--format", name, *NOW).code == 0
    assert terminal("check", str(tmp_path / "nowhere"), *words).code == 2
    terminal("check", str(clean), *NOW)
    assert terminal("check", str(clean), *words).code == 0


def test_a_repository_that_failed_is_told_in_the_document(terminal: Terminal, tmp_path: Path, repository: Path) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    said = terminal("check", str(broken), str(repository), "--format", "sarif", *NOW)
    assert said.code == 1
    failed, fine = sarif(said)["runs"]
    assert [run["invocations"][0]["executionSuccessful"] for run in (failed, fine)] == [False, True]
    assert failed["invocations"][0]["toolExecutionNotifications"][0]["level"] == "error"


def test_format_json_is_json_and_tables_are_the_default(terminal: Terminal, repository: Path) -> None:
    def typed(*words: str) -> str:
        said = terminal("check", str(repository), *words, *NOW).out
        return re.sub(r'"run_id": "[0-9a-f]{14}"', '"run_id": "…"', said)  # no two runs share it

    typed()  # the quarter is found to need nothing, which later runs know
    assert typed("--format", "json") == typed("--json") == typed("--json", "--format", "json")
    assert typed("--format", "table") == typed()


@pytest.mark.parametrize("name", ["table", "sarif", "cyclonedx"])
def test_two_documents_on_one_stdout_are_a_usage_error(terminal: Terminal, repository: Path, name: str) -> None:
    said = terminal("check", str(repository), "--json", "--format", name)
    assert said.code == 2
    assert f"--json and --format {name} ask for two documents" in said.err
    assert said.json["error"]["kind"] == "UsageError"


@pytest.mark.parametrize("words", [("--format", "json"), ("--format=json",)])
def test_an_error_before_any_repository_is_a_document_for_format_json_too(
    terminal: Terminal, words: tuple[str, ...]
) -> None:
    assert terminal("check", "nowhere", *words).json["error"]["kind"] == "ConfigError"
    assert terminal("check", "nowhere", *words, "--onyl").json["error"]["kind"] == "UsageError"


@pytest.mark.parametrize("name", ["sarif", "cyclonedx"])
def test_an_error_before_any_repository_leaves_stdout_empty_for_the_other_formats(
    terminal: Terminal, name: str
) -> None:
    said = terminal("check", "nowhere", "--format", name)
    assert (said.code, said.out) == (2, "")
    assert "nowhere" in said.err


def test_an_unknown_format_names_those_that_there_are(terminal: Terminal) -> None:
    said = terminal("check", ".", "--format", "xml")
    assert said.code == 2
    assert all(name in said.err for name in FORMATS)


def test_progress_and_logs_never_get_into_the_document(terminal: Terminal, repository: Path) -> None:
    said = terminal("check", str(repository), "--format", "sarif", "--verbose", *NOW)
    assert json.loads(said.out)["version"] == "2.1.0"
