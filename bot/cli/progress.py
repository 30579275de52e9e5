"""Progress for a waiting person: a spinner per step on a terminal, plain lines elsewhere, both on stderr."""

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING

import click

from bot.system.redaction import redacted
from bot.system.terminal import visible

if TYPE_CHECKING:
    from rich.console import Console

PATIENCE = 1.0  # seconds; what is over sooner is not worth a line


class Silent:
    """Shows nothing (`--no-progress`)."""

    def step(self, subject: str, text: str) -> AbstractContextManager[None]:  # noqa: ARG002 - the port's signature
        """Do nothing around the block."""
        return nullcontext()


class Spinners:
    """A live spinner for each step under way."""

    def __init__(self, console: "Console") -> None:
        from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415 - for people

        columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
        self._progress = Progress(*columns, console=console, transient=True)
        self._running = 0
        self._guard = threading.Lock()

    @contextmanager
    def step(self, subject: str, text: str) -> Iterator[None]:
        """Show the step while the block runs."""
        with self._guard:
            self._running += 1
            if self._running == 1:
                self._progress.start()
        task = self._progress.add_task(_shown(subject, text), total=None)
        try:
            yield
        finally:
            self._progress.remove_task(task)
            with self._guard:
                self._running -= 1
                if self._running == 0:
                    self._progress.stop()


class Lines:
    """One plain line for every step that takes longer than a second, for logs and pipes."""

    @contextmanager
    def step(self, subject: str, text: str) -> Iterator[None]:
        """Print the step if the block is not done in time."""
        timer = threading.Timer(PATIENCE, click.echo, args=(f"{_shown(subject, text)} …",), kwargs={"err": True})
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()


def _shown(subject: str, text: str) -> str:
    return visible(redacted(f"{subject}: {text}"))


def progress(*, wanted: bool) -> Silent | Spinners | Lines:
    """Choose by what stderr is."""
    if not wanted:
        return Silent()
    from rich.console import Console  # noqa: PLC0415 - machines need no spinner

    console = Console(stderr=True, emoji=False)
    return Spinners(console) if console.is_terminal else Lines()
