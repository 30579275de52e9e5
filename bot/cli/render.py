"""What people read on a terminal: one block per repository, tables that fit, no colour where there is no terminal."""

import re
import sys
from collections.abc import Iterable
from typing import Any

from rich.console import Console
from rich.markdown import Markdown
from rich.table import Table

from bot.cli.plain import escape, several_lines
from bot.model.runs import Outcome
from bot.workflow.result import Result

HIDDEN = re.compile(r"<!--.*?-->", re.DOTALL)
COLOURS = {
    Outcome.OPENED: "green",
    Outcome.UPDATED: "green",
    Outcome.PLANNED: "cyan",
    Outcome.FAILED: "red",
    Outcome.DEFERRED: "yellow",
}
WIDTH_WITHOUT_TERMINAL = 120


def console() -> Console:
    """Give stdout, with a sensible width where it is a file or a pipe."""
    if sys.stdout.isatty():
        return Console(highlight=False, soft_wrap=False, emoji=False)
    # whatever FORCE_COLOR says: who reads a file or a pipe asked for none
    return Console(highlight=False, width=WIDTH_WITHOUT_TERMINAL, color_system=None, force_terminal=False, emoji=False)


def result(finished: Result) -> None:
    """Print one finished run: what was seen, what was decided, and the proposal as its readers will see it."""
    out = console()
    record, seen = finished.record, finished.document
    head(out, seen)
    _table(out, "locks", ("lock", "from", "Python", "pins"), (
        (row["path"], ", ".join(row["sources"]), _python(row), str(row["pins"]))
        for row in _rows(seen, "locks")
    ))  # fmt: skip
    _table(out, "images", ("where", "image", "digest", "now"), (
        (f"{row['path']}:{row['line']}", _short(row["reference"]), _short(row["digest"] or "not pinned"),
         _short(row["current_digest"] or "not known"))
        for row in _rows(seen, "images")
    ))  # fmt: skip
    _table(out, "findings", ("finding", "subject", "where", "why"), (
        (row["kind"], row["subject"], row["path"], row["why"]) for row in _rows(seen, "findings")
    ))  # fmt: skip
    if record.proposal is not None and record.outcome in {Outcome.OPENED, Outcome.UPDATED, Outcome.PLANNED}:
        _proposal(out, finished)


def head(out: Console, seen: dict[str, Any]) -> None:
    """Print the verdict: the line that everybody reads."""
    colour = next((colour for outcome, colour in COLOURS.items() if str(outcome) == seen["outcome"]), "white")
    commit = f" {seen['branch']}@{seen['commit'][:10]}" if seen["commit"] else ""
    out.print(f"[bold]{escape(seen['name'])}[/]{escape(commit)}: [{colour}]{seen['outcome']}[/]", soft_wrap=True)
    out.print(f"  {escape(seen['verdict'])}", soft_wrap=True)
    if seen["error"] and seen["error"]["hint"]:
        out.print(f"  {escape(seen['error']['hint'])}", soft_wrap=True)
    if request := seen["pull_request"]:
        number = f"#{request['number']} " if request["number"] else ""
        where = f" {request['url']}" if request["url"] else ""
        out.print(f"  {number}{escape(request['title'])} ({request['state']}){escape(where)}", soft_wrap=True)
    for more in seen.get("further", ()):
        request = more["pull_request"] or {"number": 0, "title": more["branch"], "state": "not there"}
        number = f"#{request['number']} " if request["number"] else ""
        told = f"{number}{request['title']} ({request['state']}, {more['outcome']})"
        out.print(f"  beside it: {escape(told)}", soft_wrap=True)


def _proposal(out: Console, finished: Result) -> None:
    proposal = finished.record.proposal
    if proposal is None:
        return
    out.rule("the proposal" if finished.record.outcome is not Outcome.PLANNED else "what would be proposed")
    out.print(f"[bold]{escape(proposal.title)}[/]\n")
    shown = HIDDEN.sub("", proposal.body).replace("<br>", ": ")  # a terminal has no line break inside of a cell
    out.print(Markdown(several_lines(shown)))
    out.rule()
    if finished.record.outcome is not Outcome.PLANNED:
        out.print(f"branch: {escape(proposal.branch)}", soft_wrap=True)


def _rows(seen: dict[str, Any], name: str) -> list[dict[str, Any]]:
    rows = seen[name]
    return rows if isinstance(rows, list) else []


def _table(out: Console, title: str, columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    table = Table(
        *columns, title=title, title_justify="left", title_style="bold", box=None, pad_edge=True, padding=(0, 2)
    )
    for row in rows:
        table.add_row(*(escape(cell) for cell in row))
    if table.row_count:
        out.print(table)


def _python(lock: dict[str, Any]) -> str:
    return f"{lock['python']} ({lock['python_where'] or lock['python_from']})"


def _short(text: str) -> str:
    return re.sub(r"(sha256:[0-9a-f]{12})[0-9a-f]+", r"\1…", text)
