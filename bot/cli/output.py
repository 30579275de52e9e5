"""What `run` and `check` print: tables for people, or exactly one document for machines."""

import json
import sys
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, assert_never

import click

from bot.cli.options import Common
from bot.system.redaction import redacted, redacted_values

if TYPE_CHECKING:  # the workflow takes long to import, and `--help` needs none of it
    from bot.workflow.result import Result


class Form(StrEnum):
    """The formats of `--format`."""

    TABLE = "table"
    JSON = "json"
    SARIF = "sarif"
    CYCLONEDX = "cyclonedx"


def form_of(named: str | None, common: Common) -> Form:
    """Choose the format; raises UsageError where `--json` and `--format` ask for two documents."""
    if common.json and named not in {None, Form.JSON}:
        raise click.UsageError(
            f"--json and --format {named} ask for two documents, and stdout holds one: leave one out"
        )
    if named is None:
        return Form.JSON if common.json else Form.TABLE
    return Form(named)


def write(results: "Sequence[Result]", form: Form, now: datetime) -> None:
    """Print the results on stdout."""
    match form:
        case Form.TABLE:
            from bot.cli import render  # noqa: PLC0415 - machines need no tables

            for result in results:
                render.result(result)
        case Form.JSON:
            from bot.decide import document  # noqa: PLC0415

            _print(document.report(tuple(result.document for result in results), now))
        case Form.SARIF:
            from bot import __version__  # noqa: PLC0415 - reading it takes time
            from bot.decide import sarif  # noqa: PLC0415

            _print(sarif.log([result.record for result in results], __version__))
        case Form.CYCLONEDX:
            from bot import __version__  # noqa: PLC0415
            from bot.decide import bom  # noqa: PLC0415 - its library takes long to import

            sys.stdout.write(redacted(bom.text([result.record for result in results], __version__, now)) + "\n")
        case _:
            assert_never(form)


def _print(document: dict[str, object]) -> None:
    json.dump(redacted_values(document), sys.stdout, indent=2)
    sys.stdout.write("\n")
