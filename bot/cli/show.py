"""`status` and `explain`: what the store knows of the last runs."""

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from bot.cli.options import Common, common_options
from bot.system.redaction import redacted_values

if TYPE_CHECKING:
    from rich.console import Console


@click.command()
@common_options
def status(common: Common) -> None:
    """Show the last verdict, the open proposal and the next date of every repository that is looked after."""
    from bot.cli import render, render_status  # noqa: PLC0415 - keeps --help light
    from bot.cli.house import open_house  # noqa: PLC0415

    with open_house(common, None, rehearsal=True) as house:
        rows, apart = house.status(), house.isolation()
        sources, waivers, silent, tasks = house.feeds(), house.waivers(), house.searches(), house.tasks()
        if common.json:
            head = {"schema": 1, "generated_at": f"{house.clock():%Y-%m-%dT%H:%M:%SZ}"}
            return _json({**head, "repositories": rows, "isolation": apart, "feeds": sources, "waivers": waivers,
                          "searches": silent, "tasks": tasks})  # fmt: skip
    out = render.console()
    render_status.head(out, apart, sources)
    render_status.searches(out, silent)
    render_status.tasks(out, tasks)
    render_status.accepted(out, rows, waivers)
    if not rows:
        click.echo("no repository was worked on yet: try `quarterdeck check PATH`")
        return None
    render_status.table(out, rows)
    return None


@click.command()
@click.argument("target")
@common_options
def explain(target: str, common: Common) -> None:
    """Tell every reason behind the last decision on TARGET (a configured name, a path or a URL)."""
    from bot.cli import render  # noqa: PLC0415 - keeps --help light
    from bot.cli.house import open_house  # noqa: PLC0415
    from bot.cli.plain import escape  # noqa: PLC0415

    with open_house(common, None, rehearsal=True) as house:
        found = house.last_run(target)
    if common.json:
        return _json({"schema": 1, "repositories": [found]})
    out = render.console()
    render.head(out, found)
    plan: dict[str, Any] = found["plan"] or {"decision": "none", "why": [], "steps": []}
    out.print(f"\n[bold]decision[/]: {plan['decision']}")
    for why in plan["why"]:
        out.print(f"  because {escape(why)}", soft_wrap=True)
    for step in plan["steps"]:
        out.print(f"  {step['action']} {escape(step['target'])}: {escape('; '.join(step['why']))}", soft_wrap=True)
    for finding in found["findings"]:
        what = f"{finding['kind']} {finding['subject']} {finding['path']}: {finding['why']}"
        out.print(f"  finding: {escape(what)}", soft_wrap=True)
    for change in found["changes"]:
        what = f"{change['path']}: {change['name']} {change['old'] or '(none)'} -> {change['new'] or '(gone)'}"
        out.print(f"  change: {escape(what)}: {escape('; '.join(change['why']))}", soft_wrap=True)
    for held in found["held_back"]:
        what = f"{held['path']}: {held['name']} stays at {held['taken']}, newest {held['newest']}: {held['why']}"
        out.print(f"  held back: {escape(what)}", soft_wrap=True)
    _flaws(out, found)
    for why in found["why"]:
        out.print(f"  outcome {found['outcome']} because {escape(why)}", soft_wrap=True)
    return None


def _flaws(out: "Console", found: dict[str, Any]) -> None:
    """Tell what is fixed, what remains and why, what somebody accepted, and what is not known."""
    from bot.cli.plain import escape  # noqa: PLC0415 - keeps --help light

    if found["fixed"]:
        out.print(f"  fixed: {escape(', '.join(found['fixed']))}", soft_wrap=True)
    for left in found["remaining"]:
        out.print(f"  remaining: {escape(left['id'])} {escape(left['subject'])}: {escape(left['why'])}", soft_wrap=True)
    for one in found.get("accepted", ()):
        text = f"{one['id']} about {one['subject']} {one['version']} until {one['until']}: {one['reason']}"
        out.print(f"  accepted: {escape(text)}", soft_wrap=True)
    for why in found.get("doubts", ()):
        out.print(f"  [bold red]not known[/]: {escape(why)}", soft_wrap=True)


def _json(value: object) -> None:
    json.dump(redacted_values(value), sys.stdout, indent=2)
    sys.stdout.write("\n")
