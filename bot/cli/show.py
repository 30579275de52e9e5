"""`status` and `explain`: what the store knows of the last runs."""

import json
import sys
from typing import Any

import click

from bot.cli.options import Common, common_options


@click.command()
@common_options
def status(common: Common) -> None:
    """Show the last verdict, the open proposal and the next date of every repository that was worked on."""
    from rich.markup import escape  # noqa: PLC0415 - keeps --help light
    from rich.table import Table  # noqa: PLC0415

    from bot.cli import render  # noqa: PLC0415
    from bot.cli.house import open_house  # noqa: PLC0415

    with open_house(common, None, rehearsal=True) as house:
        rows, apart = house.status(), house.isolation()
        sources, waivers = house.feeds(), house.waivers()
        if common.json:
            head = {"schema": 1, "generated_at": f"{house.clock():%Y-%m-%dT%H:%M:%SZ}"}
            return _json({**head, "repositories": rows, "isolation": apart, "feeds": sources, "waivers": waivers})
    out = render.console()
    out.print(f"resolvers run in isolation: {escape(_apart(apart))}", soft_wrap=True)
    for source in sources:
        as_of = f"as of {source['as_of']}" if source["as_of"] else "never read"
        count = f", {source['records']:,} advisories" if source["records"] is not None else ""
        out.print(f"advisories of {escape(source['ecosystem'])}: {as_of}{count}", soft_wrap=True)
        if source["trouble"]:
            out.print(f"  [bold red]{escape(source['trouble'])}[/]", soft_wrap=True)
    if not sources:
        out.print("[bold red]no advisories are at hand: nobody can say whether pins are safe[/]", soft_wrap=True)
    for one in waivers:
        out.print(f"waived: {_held(one)}", soft_wrap=True)
    common_ids = {one["id"] for one in waivers}
    for row in rows:
        for one in row["waivers"]:
            if one["id"] not in common_ids:
                out.print(f"waived in {escape(row['name'])}: {_held(one)}", soft_wrap=True)
        for one in row["ignored"]:
            out.print(f"ignored in {escape(row['name'])}: {_held(one)}, as {escape(one['by'])} asked", soft_wrap=True)
    if not rows:
        click.echo("no repository was worked on yet: try `quarterdeck check PATH`")
        return None
    table = Table("repository", "last run", "outcome", "verdict", "proposal", "next due", box=None, pad_edge=False)
    for row in rows:
        said = ", ".join(f"#{request['number']} open" for request in row["proposals"])
        cells = (
            row["name"],
            row["finished_at"] or "never",
            row["outcome"] or "",
            row["verdict"],
            said,
            row["next_due"],
        )
        table.add_row(*(escape(str(cell or "")) for cell in cells))
    out.print(table)
    return None


@click.command()
@click.argument("target")
@common_options
def explain(target: str, common: Common) -> None:
    """Tell every reason behind the last decision on TARGET (a configured name, a path or a URL)."""
    from rich.markup import escape  # noqa: PLC0415 - keeps --help light

    from bot.cli import render  # noqa: PLC0415
    from bot.cli.house import open_house  # noqa: PLC0415

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
    for why in found["why"]:
        out.print(f"  outcome {found['outcome']} because {escape(why)}", soft_wrap=True)
    return None


def _held(one: dict[str, Any]) -> str:
    """Say what is accepted, until when, and why; what is over speaks up."""
    from rich.markup import escape  # noqa: PLC0415 - keeps --help light

    over = " [bold red](over)[/]" if one["over"] else ""
    return f"{escape(one['id'])} until {one['until']}{over}: {escape(one['reason'])}"


def _apart(isolation: dict[str, Any]) -> str:
    """Say how resolvers are kept apart, and why not better."""
    return f"{isolation['mode']} ({isolation['why']})" if isolation["why"] else str(isolation["mode"])


def _json(value: object) -> None:
    json.dump(value, sys.stdout, indent=2)
    sys.stdout.write("\n")
