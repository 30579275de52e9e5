"""The overview page of a repository: what is pinned, unsafe, due, deferred and why; the same state, the same bytes."""

from datetime import datetime

from bot.decide.contents import url_of
from bot.decide.document import pins_left
from bot.decide.explain import verdict
from bot.decide.explain_flaws import alert
from bot.decide.markdown import code, link, proposal_link, prose, table
from bot.decide.publish import TOO_MANY, quarters
from bot.model.contents import worst
from bot.model.findings import QuarterDue, Unreadable, VulnerablePin
from bot.model.plan import Deferred, NothingToDo, Rebuild
from bot.model.policy import Ignored, Waiver
from bot.model.proposal import Proposal, State
from bot.model.runs import RunRecord
from bot.model.talk import Page

MARK = "<!-- quarterdeck-overview -->"
TITLE = "Quarterdeck: what is pinned, unsafe and due"
ROWS = 100
LIMIT = 60_000  # characters of a page


def page(
    run: RunRecord, proposals: tuple[Proposal, ...], waivers: tuple[Waiver, ...], ignored: tuple[Ignored, ...],
    now: datetime,
) -> Page:  # fmt: skip
    """Write the page; nothing in it changes as long as nothing that it tells of does."""
    sections = [
        "This page is kept by Quarterdeck, and rewritten only when something in it changes. Close it to be rid of it.",
        alert(run.doubts),
        _proposals(proposals),
        _plan(run, _all(run, proposals)),
        _unsafe(run, _all(run, proposals)),
        _pinned(run),
        _accepted(waivers, ignored, now),
        _unreadable(run),
    ]
    text = "\n\n".join(part for part in sections if part)
    if len(text) > LIMIT:
        text = f"{text[:LIMIT].rpartition(chr(10))[0]}\n\n… and more than fits here."
    return Page(title=TITLE, body=f"{text}\n\n{MARK}\n", mark=MARK)


def _all(run: RunRecord, proposals: tuple[Proposal, ...]) -> tuple[Proposal, ...]:
    """Give the proposals that the forge has, as the run left them."""
    own = [one for one in (run.proposal, *(more.proposal for more in run.further)) if one is not None]
    return tuple({one.number: one for one in [*proposals, *own]}.values())


def _proposals(proposals: tuple[Proposal, ...]) -> str:
    rows = [f"- #{one.number} {proposal_link(one.title, one.url)}" for one in proposals if one.state is State.OPEN]
    return "## Open proposals\n\n" + ("\n".join(rows) if rows else "None.")


def _plan(run: RunRecord, proposals: tuple[Proposal, ...]) -> str:
    """Say what is due, or until when it waits; the reasons of a rebuild stand in its proposal."""
    lines: list[str] = []
    if isinstance(run.plan, Deferred | NothingToDo):
        lines.append(f"- {prose(_verdict(run.plan))}")
    if isinstance(run.plan, Rebuild) and run.plan.postponed is not None:
        lines.append(f"- {prose(_verdict(run.plan.postponed))}")
    lines += [f"- {prose(_verdict(one.deferred))}" for one in run.further if one.deferred is not None]
    standing = quarters(proposals, finished=False)
    due = (one.quarter for one in run.findings if isinstance(one, QuarterDue) and one.quarter not in standing)
    lines += [f"- the rebuild of {code(quarter)} is due" for quarter in due]
    if run.next_due is not None:
        lines.append(f"- the next quarterly rebuild falls on {run.next_due:%Y-%m-%d}")
    return "## Due and deferred\n\n" + "\n".join(dict.fromkeys(lines)) if lines else ""


def _verdict(plan: Deferred | NothingToDo) -> str:
    """Say what was decided; what waits for room is looked at again all the time, which would be news each time."""
    if any(reason.code == TOO_MANY for reason in plan.why):
        return f"deferred: {'; '.join(reason.text for reason in plan.why)}"
    return verdict(plan)


def _unsafe(run: RunRecord, proposals: tuple[Proposal, ...]) -> str:
    rows = [one for one in run.findings if isinstance(one, VulnerablePin)]
    if not rows:
        return "## Unsafe pins\n\nNone is known."
    left = pins_left(run)
    cells = [
        [code(f"{one.name} {one.version}"), code(one.path), str(worst(row.severity for row in one.advisories)),
         ", ".join(link(row.id, row.url or url_of(row.id)) for row in one.advisories),
         _way(one, left, proposals)]
        for one in rows[:ROWS]
    ]  # fmt: skip
    more = f"\n\n… and {len(rows) - ROWS} more." if len(rows) > ROWS else ""
    return "## Unsafe pins\n\n" + table(["package", "lock", "severity", "advisories", "what about it"], cells) + more


def _way(one: VulnerablePin, left: dict[tuple[str, str, str], str], proposals: tuple[Proposal, ...]) -> str:
    open_ones = [left[row.id, one.path, one.name] for row in one.advisories if (row.id, one.path, one.name) in left]
    if open_ones:
        return prose("; ".join(dict.fromkeys(open_ones)))
    wanted = {name for row in one.advisories for name in row.names}
    naming = [row for row in proposals if row.marks is not None and wanted & set(row.marks.fixes)]
    if standing := [f"#{row.number}" for row in naming if row.state is State.OPEN]:
        return f"{' and '.join(sorted(standing))} {'fixes' if len(standing) == 1 else 'fix'} it"
    declined = [row.number for row in naming if row.state is State.CLOSED and row.marks and not row.marks.withdrawn]
    if declined:
        return f"#{max(declined)} would fix it, and was closed"
    return "a fix is known, and no proposal with it stands open"


def _pinned(run: RunRecord) -> str:
    if run.snapshot is None:
        return ""
    locks = [[code(lock.path), str(lock.locker), code(lock.python), str(len(lock.pins))] for lock in run.snapshot.locks]
    images = [[code(f"{use.path}:{use.line}"), code(use.name.tagged), "yes" if use.name.digest else "**no**"]
              for use in run.snapshot.images]  # fmt: skip
    parts = [table(["lock", "tool", "Python", "pins"], locks[:ROWS])] if locks else []
    parts += [table(["where", "image", "pinned"], images[:ROWS])] if images else []
    return "## What is pinned\n\n" + "\n\n".join(parts) if parts else ""


def _accepted(waivers: tuple[Waiver, ...], ignored: tuple[Ignored, ...], now: datetime) -> str:
    rows = [[code(one.id), f"{one.until:%Y-%m-%d}{_over(one, now)}", prose(one.reason), "waiver"] for one in waivers]
    rows += [
        [code(one.subject), f"{one.until:%Y-%m-%d}{_over(one, now)}", prose(one.reason), f"asked by {code(one.by)}"]
        for one in ignored
    ]
    head = ["what", "until", "why", "by"]
    return "## Accepted and ignored\n\n" + table(head, rows[:ROWS]) if rows else ""


def _over(one: Waiver | Ignored, now: datetime) -> str:
    return " (**over**)" if one.until < now.date() else ""


def _unreadable(run: RunRecord) -> str:
    told = {reason.text for reason in run.doubts}
    rows = [one for one in run.findings if isinstance(one, Unreadable) and one.why not in told]
    lines = [f"- {code(f'{one.path}:{one.line}' if one.line else one.path)}: {prose(one.why)}" for one in rows[:ROWS]]
    return "## Could not be looked at\n\n" + "\n".join(lines) if lines else ""
