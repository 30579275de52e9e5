"""`run` and `check`: the main job, with and without its effects."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from bot.cli.options import Common, common_options
from bot.cli.output import Form, form_of, write
from bot.decide.plan import Wish
from bot.decide.relocks import Moves
from bot.model.policy import Trigger
from bot.model.runs import Outcome

if TYPE_CHECKING:
    from bot.cli.house import Home

FIRST_YEAR, LAST_YEAR = 1980, 2090  # what git writes as a commit's date, with room for quarters before and after
TRIGGERS = click.Choice([str(trigger) for trigger in Trigger])
WORK_OPTIONS = (
    click.option("--trigger", type=TRIGGERS, default="auto", show_default=True,
                 help="auto: what is due; quarterly: this quarter's rebuild; manual: upgrade everything now; "
                      "security: only what fixes something."),
    click.option("--only", type=click.Choice(["locks", "images"]), help="Look at one kind of pin only."),
    click.option("--package", "packages", multiple=True, metavar="NAME[>=VERSION]",
                 help="Upgrade only this package and what it needs, now; with a version: to the lowest release that "
                      "is not below it (repeatable)."),
    click.option("--refresh", is_flag=True,
                 help="Upgrade nothing: bring locks in line with their sources, now."),
    click.option("--now", metavar="ISO8601", help="A time to work at instead of the clock's, to test calendars with."),
)  # fmt: skip


def _work_options(function: click.decorators.FC) -> click.decorators.FC:
    for option in reversed(WORK_OPTIONS):
        function = option(function)
    return function


@click.command()
@click.argument("targets", nargs=-1, metavar="[TARGET]...")
@_work_options
@click.option("--dry-run", is_flag=True, help="Do everything but push and write to the forge.")
@common_options
def run(  # noqa: PLR0913 - one parameter per option
    targets: tuple[str, ...], *, trigger: str, only: str | None, packages: tuple[str, ...], refresh: bool,
    now: str | None, dry_run: bool, common: Common,
) -> int:  # fmt: skip
    """Look at repositories, decide, rebuild and propose.

    TARGET is the name of a configured repository or of one that was found, or a path or URL of any git repository;
    without TARGET all configured ones are worked on, and all that a GitHub App or [[discover]] finds. Your checkout is
    never touched: the work happens in a clone of its own, and the result is a branch that you merge, or not.
    """
    wish = _wish(trigger, only, packages, refresh=refresh)
    return _work(targets, wish, now, common, rehearsal=dry_run, fail_on="none", form=form_of(None, common))


@click.command()
@click.argument("targets", nargs=-1, metavar="[TARGET]...")
@_work_options
@click.option("--fail-on", type=click.Choice(["none", "findings"]), default="none", show_default=True,
              help="Exit with 3 when there are findings.")  # fmt: skip
@click.option("--format", "named", type=click.Choice([str(form) for form in Form]),
              help="What stdout gets: tables (the default), or one document: json (as --json), sarif (2.1.0, for code "
                   "scanning), cyclonedx (1.6, a bill of materials with its vulnerabilities).")  # fmt: skip
@common_options
def check(  # noqa: PLR0913 - one parameter per option
    targets: tuple[str, ...], *, trigger: str, only: str | None, packages: tuple[str, ...], refresh: bool,
    now: str | None, fail_on: str, named: str | None, common: Common,
) -> int:  # fmt: skip
    """Say what is pinned, what is due, and what would be proposed; change nothing.

    TARGET is as in `run`. Locks are compiled for real, in a throw-away folder, so what is shown is what `run`
    would propose now.
    """
    wish, form = _wish(trigger, only, packages, refresh=refresh), form_of(named, common)
    return _work(targets, wish, now, common, rehearsal=True, fail_on=fail_on, form=form)


def _wish(trigger: str, only: str | None, packages: tuple[str, ...], *, refresh: bool) -> Wish:
    kinds = {"locks": "locks", "images": "images"}
    wanted = [_wanted(text) for text in packages]
    moves = Moves(
        packages=tuple(sorted({name for name, floor in wanted if not floor})),
        floors=tuple(sorted({(name, floor) for name, floor in wanted if floor})),
        refresh=refresh,
    )
    return Wish(trigger=Trigger(trigger), only=kinds[only] if only else None, moves=moves)  # type: ignore[arg-type]


def _wanted(text: str) -> tuple[str, str]:
    """Read `NAME` or `NAME>=VERSION`; the version is "" where there is none."""
    from packaging.requirements import InvalidRequirement, Requirement  # noqa: PLC0415 - not needed for --help
    from packaging.utils import canonicalize_name  # noqa: PLC0415

    try:
        asked = Requirement(text)
    except InvalidRequirement as error:
        raise click.BadParameter(f"{text!r} is no package name", param_hint="--package") from error
    floors = [part.version for part in asked.specifier if part.operator == ">="]
    if asked.url or asked.marker or asked.extras or len(asked.specifier) != len(floors) or len(floors) > 1:
        raise click.BadParameter(f"{text!r}: write NAME, or NAME>=VERSION", param_hint="--package")
    return canonicalize_name(asked.name), floors[0] if floors else ""


def _work(  # noqa: PLR0913 - what a command line says
    targets: tuple[str, ...], wish: Wish, now: str | None, common: Common, *, rehearsal: bool, fail_on: str, form: Form
) -> int:  # fmt: skip
    from bot.cli.house import open_house  # noqa: PLC0415 - keeps --help and --version light

    moment = moment_of(now)
    with open_house(common, moment, rehearsal=rehearsal) as house:
        silent = _refreshed(house, targets)
        results = house.work(targets, wish)
        write(results, form, house.clock())
    if silent or any(result.record.outcome is Outcome.FAILED for result in results):
        return 1
    return 3 if fail_on == "findings" and any(result.record.findings for result in results) else 0


def _refreshed(house: "Home", targets: tuple[str, ...]) -> bool:
    """Ask which repositories there are, tell what is to be known, and say whether something was not answered."""
    from bot.decide.fleet import SILENT  # noqa: PLC0415 - as above

    told = house.refresh(targets)
    for reason in told:
        click.echo(f"quarterdeck: {reason.text}", err=True)
    return any(reason.code == SILENT for reason in told)


def moment_of(now: str | None) -> datetime | None:
    """Read the time of `--now`; None: the clock's."""
    if now is None:
        return None
    try:
        moment = datetime.fromisoformat(now)
    except ValueError as error:
        raise click.BadParameter(f"{now!r} is not a time; write 2026-10-06T09:00:00Z", param_hint="--now") from error
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise click.BadParameter(f"name a year from {FIRST_YEAR} to {LAST_YEAR}", param_hint="--now")
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
