"""What people read of an image on a terminal; everything shown comes from the JSON document."""

from collections.abc import Iterable
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.cli.plain import escape
from bot.cli.render import console

KINDS = {
    "security": ("security", "bold red"),
    "security-unnamed": ("security, no id", "red"),
    "data": ("data", "cyan"),
    "bugfix": ("bug fix", "green"),
    "unknown": ("not known", "yellow"),
}
SEVERITIES = {"critical": "bold red", "high": "red", "medium": "yellow", "low": "green", "unknown": "default"}
STATES = {"supported": "green", "ending": "yellow", "ended": "bold red"}
IDS = 8
NAMES = 6


def inspected(seen: dict[str, Any]) -> None:
    """Print what is inside an image."""
    out = console()
    _head(out, seen["reference"], seen["digest"], seen["platform"])
    facts = Table(box=None, show_header=False, pad_edge=False)
    facts.add_row("OS", _os(seen["os"]))
    facts.add_row("Python", escape(seen["python"] or "none"))
    facts.add_row("packages", f"{len(seen['packages'])} ({seen['format']})" if seen["format"] else "none found")
    facts.add_row("size", f"{seen['size'] / 1_000_000:.1f} MB in {seen['layers']} layers")
    if seen["created"]:
        facts.add_row("created", seen["created"][:10])
    for one in seen["end_of_life"]:
        said = f"[{STATES[one['state']]}]{one['state']}[/] {escape(_until(one))}"
        facts.add_row("support", f"{escape(one['product'])} {escape(one['release'])}: {said}")
    out.print(facts)
    security = [row for row in seen["updates"] if row["kind"].startswith("security")]
    if seen["updates"]:
        count = f"{len(security)} of them for security" if security else "none of them for security"
        out.print(f"\n[bold]Waiting in the archive[/]: {_plural(len(seen['updates']), 'update')}, {count}")
        out.print(_sources(seen["updates"], ("in the image", "current"), ("in the archive", "available")))
    elif seen["format"] and not seen["unreadable"] and not seen["notes"]:
        out.print("\n[green]Nothing waits in the archive: every package is the newest one.[/]")
    _told(out, seen["unreadable"], seen["notes"])


def compared(seen: dict[str, Any]) -> None:
    """Print what changed between two images."""
    out = console()
    old, new = seen["old"], seen["new"]
    _head(out, old["reference"], old["digest"], "")
    _head(out, f"→ {new['reference']}", new["digest"], seen["platform"])
    facts = Table(box=None, show_header=False, pad_edge=False)
    mark = " [bold red]another release[/]" if seen["os_release_changed"] else ""
    facts.add_row("OS", f"{_pair(_os(old['os']), _os(new['os']))}{mark}")
    mark = " [bold red]another minor version[/]" if seen["python_changed"] else ""
    facts.add_row("Python", f"{_pair(escape(old['python'] or 'none'), escape(new['python'] or 'none'))}{mark}")
    facts.add_row("packages", _pair(str(old["packages"]), str(new["packages"])))
    facts.add_row("size", _pair(f"{old['size'] / 1_000_000:.1f} MB", f"{new['size'] / 1_000_000:.1f} MB"))
    out.print(facts)
    security = [row for row in seen["sources"] if row["kind"].startswith("security")]
    if seen["sources"]:
        ids = {one["id"] for row in security for one in row["advisories"]}
        named = f", {_plural(len(ids), 'advisory', 'advisories')}" if ids else ""
        verb = "is" if len(security) == 1 else "are"
        said = f"{len(security)} {verb} for security{named}" if security else _calm(seen)
        out.print(f"\n[bold]{_plural(len(seen['sources']), 'source package')} changed[/]: {said}")
        out.print(_sources(seen["sources"], ("old", "old"), ("new", "new")))
    elif old["packages"] and new["packages"]:
        out.print(f"\n[green]No package changed{': this can wait' if seen['can_wait'] else ''}.[/]")
    for word in ("added", "removed"):
        if seen[word]:
            names = ", ".join(f"{one['name']} {one['version']}" for one in seen[word])
            out.print(f"[bold]{word}[/]: {escape(names)}")
    _told(out, seen["unreadable"], ())


def _calm(seen: dict[str, Any]) -> str:
    return "nothing security-relevant, this can wait" if seen["can_wait"] else "whether that matters is not known"


def _head(out: Console, reference: str, digest: str, platform: str) -> None:
    more = f" {platform}" if platform else ""
    out.print(f"[bold]{escape(reference)}[/] [dim]{digest[:19]}…{more}[/]", soft_wrap=True)


def _sources(rows: Iterable[dict[str, Any]], old: tuple[str, str], new: tuple[str, str]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, expand=False)
    table.add_column("source package", overflow="fold")
    table.add_column(old[0], overflow="fold")
    table.add_column(new[0], overflow="fold")
    table.add_column("kind", no_wrap=True)
    table.add_column("advisories", overflow="fold")
    for row in rows:
        kind, style = KINDS[row["kind"]]
        table.add_row(
            escape(row["source"]), escape(row[old[1]]), escape(row[new[1]]), Text(kind, style), _ids(row["advisories"])
        )
    return table


def _ids(advisories: list[dict[str, Any]]) -> Text:
    text = Text()
    for place, one in enumerate(advisories[:IDS]):
        text.append(", " if place else "")
        style = SEVERITIES[one["severity"]]
        text.append(one["id"], f"{style} link {one['url']}" if one["url"] else style)
        if one["severity"] != "unknown":
            text.append(f" ({one['severity']})")
    if len(advisories) > IDS:
        text.append(f" and {len(advisories) - IDS} more")
    return text


def _os(os: dict[str, str] | None) -> str:
    if os is None:
        return "not known"
    codename = f" ({os['codename']})" if os["codename"] else ""
    return escape(f"{os['id']} {os['version']}".strip() + codename)


def _pair(old: str, new: str) -> str:
    return new if old == new else f"{old} → {new}"


def _until(one: dict[str, Any]) -> str:
    kind = "extended support until" if one["extended"] else "until"
    return f"{'since' if one['state'] == 'ended' else kind} {one['date']}"


def _told(out: Console, unreadable: Iterable[str], notes: Iterable[str]) -> None:
    for why in unreadable:
        out.print(f"[yellow]could not be looked at[/]: {escape(why)}", soft_wrap=True)
    for note in notes:
        out.print(f"[dim]{escape(note)}[/]", soft_wrap=True)


def _plural(count: int, noun: str, many: str = "") -> str:
    return f"{count} {noun if count == 1 else many or noun + 's'}"
