"""Our values to table rows and back."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row

from bot.model.plan import NothingToDo, Rebuild
from bot.model.policy import Ignored, Trigger
from bot.model.proposal import Marks, Proposal, State
from bot.model.runs import Outcome, RunRecord


def run_columns(run: RunRecord, document: Mapping[str, object]) -> dict[str, object]:
    """Give the columns of a finished run; `commit_id` is "" where the run did not get as far as a commit."""
    return {
        "repository": run.repository.key,
        "name": run.repository.name,
        "asked": run.asked.value,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "commit_id": run.snapshot.commit if run.snapshot else "",
        "outcome": run.outcome.value,
        "document": dict(document),
    }


def quarter_done(run: RunRecord) -> str:
    """Give the quarter that this run settled by finding nothing to change, "" where it did not."""
    if run.outcome is Outcome.NOTHING and isinstance(run.plan, Rebuild | NothingToDo):
        return run.plan.quarter
    return ""


def proposal_columns(proposal: Proposal) -> dict[str, object]:
    """Give what may change of a proposal: every column but its key and its times."""
    return {
        "url": proposal.url,
        "branch": proposal.branch,
        "title": proposal.title,
        "body": proposal.body,
        "state": proposal.state.value,
        "head": proposal.head,
        "marks": _marks_to_json(proposal.marks) if proposal.marks else None,
    }


def proposal_of(row: Row[Any]) -> Proposal:
    """Give the proposal of a row; raises ValueError where its texts are not what we wrote."""
    return Proposal(
        number=row.number,
        url=row.url,
        branch=row.branch,
        title=row.title,
        body=row.body,
        state=State(row.state),
        head=row.head,
        marks=_marks_from_json(row.marks) if row.marks is not None else None,
        opened_at=row.created_at,
    )


def ignored_of(row: Row[Any]) -> Ignored:
    """Give the wish of a row."""
    return Ignored(subject=row.subject, until=row.until, reason=row.reason, by=row.by, where=row.where)


def _marks_to_json(marks: Marks) -> dict[str, object]:
    return {
        "trigger": marks.trigger.value,
        "quarter": marks.quarter,
        "content": marks.content,
        "files": marks.files,
        "base": marks.base,
        "fixes": list(marks.fixes),
        "rest": marks.rest,
        "history": list(marks.history),
        "withdrawn": marks.withdrawn,
    }


def _marks_from_json(marks: Mapping[str, Any]) -> Marks:
    try:
        return Marks(
            trigger=Trigger(marks["trigger"]),
            quarter=marks["quarter"],
            content=marks["content"],
            files=marks["files"],
            base=marks["base"],
            fixes=tuple(marks.get("fixes", ())),
            rest=marks.get("rest", ""),
            history=tuple(marks.get("history", ())),
            withdrawn=marks.get("withdrawn", False),
        )
    except KeyError as error:
        raise ValueError(f"a proposal's marks lack {error}") from error
