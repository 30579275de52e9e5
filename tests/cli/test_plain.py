"""What commands print of strangers' words is read, and does nothing else."""

import pytest

from bot.cli import main
from bot.cli.plain import escape, several_lines
from bot.system.redaction import known


def test_cells_hold_no_markup_no_control_characters_and_no_secret() -> None:
    known("s3cret-value")
    assert escape("[red]x[/] \x1b[2J\u202e s3cret-value") == "\\[red]x\\[/] \\x1b[2J\\u202e ***"


def test_several_lines_stay_so() -> None:
    known("s3cret-value")
    assert several_lines("# a\n\ts3cret-value\x9b @\u200bbob") == "# a\n\t***\\x9b @bob"


def test_an_error_of_a_command_is_printed_so_too(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    known("s3cret-value")
    monkeypatch.chdir(str(tmp_path))
    with pytest.raises(SystemExit) as ended:
        main(["--data-dir", str(tmp_path), "run", "s3cret-value\x1b[2J"])
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert "***" in said
    assert "s3cret" not in said
    assert "\x1b" not in said
