"""Progress for a waiting person."""

import io
import time
from collections.abc import Callable

import pytest
from rich.console import Console

from bot.cli import progress
from bot.cli.progress import Lines, Silent, Spinners
from bot.system.redaction import known


def test_a_step_that_takes_long_is_told_in_one_line_and_a_short_one_is_not(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "PATIENCE", 0.05)
    with Lines().step("acme/web", "compiling requirements.txt"):
        _until(lambda: bool(told := capsys.readouterr().err) and told == "acme/web: compiling requirements.txt …\n")
    with Lines().step("acme/web", "fetching"):
        pass
    time.sleep(0.1)
    assert capsys.readouterr().err == ""


def test_spinners_are_shown_while_steps_run_and_leave_nothing_behind() -> None:
    out = io.StringIO()
    spinners = Spinners(Console(file=out, force_terminal=True, width=80))
    with spinners.step("acme/web", "fetching"), spinners.step("acme/api", "compiling"):
        _until(lambda: "acme/api: compiling" in out.getvalue())
    assert "acme/web: fetching" in out.getvalue()


def test_a_hostile_name_plays_no_trick_and_a_secret_is_not_shown(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    known("s3cret-value")
    monkeypatch.setattr(progress, "PATIENCE", 0.01)
    with Lines().step("web\x1b[2J\n", "s3cret-value"):
        _until(lambda: bool(told := capsys.readouterr().err) and told == "web\\x1b[2J\\n: *** …\n")
    out = io.StringIO()
    with Spinners(Console(file=out, force_terminal=True, width=80)).step("[bold]web\u202e", "s3cret-value"):
        _until(lambda: "[bold]web\\u202e: ***" in out.getvalue())


def test_progress_is_chosen_by_what_stderr_is(monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(progress.progress(wanted=False), Silent)
    assert isinstance(progress.progress(wanted=True), Lines)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    assert isinstance(progress.progress(wanted=True), Spinners)
    with Silent().step("a", "b"):
        pass


def _until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end, "nothing was shown"
        time.sleep(0.02)
