"""The command line: one file per command, one error handler with the exit codes.

0 done · 1 a repository ended in an error · 2 usage or configuration · 3 `check --fail-on findings` found some ·
130 interrupted. Commands are imported when they are called, so that `--version` and `--help` stay light.
"""

import importlib
import io
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from itertools import pairwise
from types import TracebackType
from typing import NoReturn

import click

from bot.cli.options import Common, common_options
from bot.errors import BotError
from bot.system.process import end_all
from bot.system.redaction import redacted
from bot.system.terminal import readable

COMMANDS = {
    "run": ("bot.cli.work", "run", "Look, decide, rebuild and propose: the main job, now."),
    "check": ("bot.cli.work", "check", "The same without any effect: what is pinned, due, and would be proposed."),
    "serve": ("bot.cli.serve", "serve", "The long-lived service: schedule, webhooks, health, metrics."),
    "status": ("bot.cli.show", "status", "Last verdicts and open proposals of every repository."),
    "explain": ("bot.cli.show", "explain", "Every reason behind the last decision on a repository."),
    "image": ("bot.cli.image", "image", "Look inside images: what changed, what waits in the archive, ends of life."),
    "config": ("bot.cli.configure", "config", "Check a configuration, write a commented one, print its schema."),
}
TIDYING = 1.0  # seconds for threads whose child was ended to take their folders away
EPILOG = """\b
Examples:
  quarterdeck check .                      look at the repository here; change nothing
  quarterdeck run .                        propose a rebuild on a branch of it
  quarterdeck run --trigger manual --package django .
  quarterdeck run acme/web --config config/quarterdeck.toml
  quarterdeck image diff python:3.12-slim@sha256:… :3.12-slim

Without a configuration any path or URL of a git repository will do: the proposal is then a branch in that
repository, and merging it is `git merge`. Exit codes: 0 done, 1 a repository ended in an error, 2 usage or
configuration, 3 findings (check --fail-on findings), 130 interrupted."""


class Commands(click.Group):
    """Loads a command's module when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Give the commands in the order in which a new user needs them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import the command's module; None for a name that is no command."""
        if cmd_name not in COMMANDS:
            return None
        module, name, _ = COMMANDS[cmd_name]
        command = getattr(importlib.import_module(module), name)
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, _, text) in COMMANDS.items()])


@click.command(cls=Commands, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="quarterdeck", prog_name="quarterdeck")
@common_options
@click.pass_context
def quarterdeck(ctx: click.Context, common: Common) -> None:
    """Keep packaged Python applications fresh: one rebuild proposal per reason.

    Quarterdeck looks at a repository that pins its requirements and its base images, finds out what is out of
    date, compiles and pins it anew, and opens one pull request that a person can merge.
    """
    ctx.obj = common


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with the contract's code; no traceback for anything a user can cause."""
    _prepare()
    if arguments is None:  # the process is ours alone
        sys.excepthook = _uncaught
        threading.excepthook = lambda said: _uncaught(said.exc_type, said.exc_value, said.exc_traceback)
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code = quarterdeck.main(words, prog_name="quarterdeck", standalone_mode=False)
    except (click.exceptions.Abort, KeyboardInterrupt):
        _leave()
    except click.ClickException as error:
        if _wants_json(words):
            _document("UsageError", error.format_message(), "")
        error.show()
        code = 2
    except BotError as error:
        if _wants_json(words):
            _document(error.kind, error.message, error.hint)
        code = _told(error.message, error.hint, error.exit_code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    sys.exit(code if isinstance(code, int) else 0)


def _prepare() -> None:
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _terminated)
    for stream in (sys.stdout, sys.stderr):  # a terminal that knows no umlaut is no reason to fail
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _uncaught(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    """Log an error that is a defect of ours, as Python would print it with all that stands in it."""
    from bot.system import logs  # noqa: PLC0415 - `--version` need not load it

    logs.uncaught(kind, error, trace)


def _wants_json(words: Sequence[str]) -> bool:
    """Whether a command that does nothing owes a document; the other formats have none for it, only an exit code."""
    return not {"--json", "--format=json"}.isdisjoint(words) or ("--format", "json") in pairwise(words)


def _document(kind: str, message: str, hint: str) -> None:
    """Print the document of a command that did nothing."""
    failed = {"kind": kind, "message": redacted(message), "hint": redacted(hint)}
    click.echo(json.dumps({"schema": 1, "repositories": [], "error": failed}, indent=2))


def _terminated(signum: int, frame: object) -> None:
    """Take SIGTERM (`docker stop`, systemd, a cancelled job) as Ctrl-C."""
    del signum, frame
    raise KeyboardInterrupt


def _leave() -> NoReturn:
    """End at once after an interruption: no child stays, and no thread that waits for a server is waited for."""
    end_all()
    until = time.monotonic() + TIDYING
    for thread in threading.enumerate():
        if thread is not threading.current_thread():
            thread.join(max(0.0, until - time.monotonic()))
    _told("interrupted", "", 130)
    sys.stdout.flush()
    os._exit(130)


def _told(message: str, hint: str, code: int) -> int:
    click.echo(readable(redacted(f"quarterdeck: {message}")), err=True)
    if hint:
        click.echo(readable(redacted(f"  {hint}")), err=True)
    return code
