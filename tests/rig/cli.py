"""Runs the command line in this process, as a user would type it, and counts what it starts."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from bot import cli
from bot.adapters.lockers import rooms
from bot.system import process
from bot.system.process import Finished


@dataclass(frozen=True)
class Said:
    """How a command ended: its exit code and what it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The document on stdout."""
        return json.loads(self.out)

    @property
    def repository(self) -> Any:
        """The first repository of the document."""
        return self.json["repositories"][0]


@dataclass
class Terminal:
    """A place to type commands: own data folder, own home, and a count of pip-compile processes."""

    folder: Path
    capture: pytest.CaptureFixture[str]
    compiles: list[list[str]] = field(default_factory=list)
    config: Path | None = None

    def __call__(self, *words: str) -> Said:
        """Type one command."""
        extra = ["--data-dir", str(self.folder / "data"), "--no-progress"]
        if self.config:
            extra += ["--config", str(self.config)]
        self.capture.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main([*words[:1], *extra, *words[1:]])
        printed = self.capture.readouterr()
        assert isinstance(ended.value.code, int)
        return Said(code=ended.value.code, out=printed.out, err=printed.err)

    def configure(self, text: str) -> None:
        """Write the configuration that further commands use."""
        self.config = self.folder / "quarterdeck.toml"
        self.config.write_text(text)


@pytest.fixture
def terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Give a terminal in an empty folder."""
    found = Terminal(folder=tmp_path, capture=capsys)
    real = process.run

    def counted(argv: list[str], **options: Any) -> Finished:
        if "piptools" in argv:
            found.compiles.append(list(argv))
        return real(argv, **options)

    monkeypatch.setattr(rooms, "run", counted)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("QUARTERDECK_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)
    return found
