"""What `status` prints: how resolvers are kept apart, how old advisories are, what is accepted, and each repository."""

from typing import Any

from rich.console import Console
from rich.table import Table

from bot.cli.plain import escape

Rows = list[dict[str, Any]]
SAFE = "no advisories are at hand: nobody can say whether pins are safe"


def head(out: Console, apart: dict[str, Any], sources: Rows) -> None:
    """Print how resolvers are kept apart and why not better, and how every source of advisories stands."""
    mode = f"{apart['mode']} ({apart['why']})" if apart["why"] else str(apart["mode"])
    out.print(f"resolvers run in isolation: {escape(mode)}", soft_wrap=True)
    for source in sources:
        as_of = f"as of {source['as_of']}" if source["as_of"] else "never read"
        count = f", {source['records']:,} advisories" if source["records"] is not None else ""
        out.print(f"advisories of {escape(source['ecosystem'])}: {as_of}{count}", soft_wrap=True)
        if source["trouble"]:
            out.print(f"  [bold red]{escape(source['trouble'])}[/]", soft_wrap=True)
    if not sources:
        out.print(f"[bold red]{SAFE}[/]", soft_wrap=True)


def searches(out: Console, rows: Rows) -> None:
    """Print which searches for repositories were not answered."""
    for row in rows:
        out.print(f"[bold red]{escape(row['problem'])}[/]", soft_wrap=True)


def tasks(out: Console, rows: Rows) -> None:
    """Print what a service has given up or puts off, with the reason, and how much else it has to do."""
    told = [row for row in rows if row["note"] or "after a rest" in row["why"]]
    for row in told:
        style, until = (
            ("[bold red]given up[/]", "") if row["state"] == "dead" else (row["state"], f" until {row['due']}")
        )
        why = escape(row["note"] or row["why"])
        out.print(f"task of {escape(row['repository'])}: {style}{until}: {why}", soft_wrap=True)
    if len(rows) > len(told):
        out.print(f"{len(rows) - len(told)} more tasks are queued or at work", soft_wrap=True)


def accepted(out: Console, rows: Rows, waivers: Rows) -> None:
    """Print the waivers of the operator and of repositories, and what people asked to ignore."""
    for one in waivers:
        out.print(f"waived: {_held(one)}", soft_wrap=True)
    known = {one["id"] for one in waivers}
    for row in rows:
        name = escape(row["name"])
        for one in row["waivers"]:
            if one["id"] not in known:
                out.print(f"waived in {name}: {_held(one)}", soft_wrap=True)
        for one in row["ignored"]:
            out.print(f"ignored in {name}: {_held(one)}, as {escape(one['by'])} asked", soft_wrap=True)


def _held(one: dict[str, Any]) -> str:
    """Say what is accepted, until when, and why; what is over speaks up."""
    over = " [bold red](over)[/]" if one["over"] else ""
    return f"{escape(one['id'])} until {one['until']}{over}: {escape(one['reason'])}"


def table(out: Console, rows: Rows) -> None:
    """Print one line for each repository."""
    columns = ("repository", "last run", "outcome", "verdict", "proposals", "next due")
    made = Table(*columns, box=None, pad_edge=False)
    for row in rows:
        said = ", ".join(f"#{request['number']} open" for request in row["proposals"])
        verdict = "; ".join(dict.fromkeys(text for text in (row["state_why"], row["verdict"]) if text))
        idle = row["state"] not in {None, "active"}
        outcome, due = (row["state"], "") if idle else (row["outcome"], row["next_due"])
        cells = (row["name"], row["finished_at"] or "never", outcome, verdict, said, due)
        made.add_row(*(escape(str(cell or "")) for cell in cells))
    out.print(made)
