"""What the forge itself says of a repository: whether it can be worked on, its name, and what is merged into what."""

from bot.decide import fleet
from bot.model.fleet import Found
from bot.model.proposal import Draft, State
from bot.model.reasons import Reason
from bot.model.repository import Repository
from bot.workflow.case import Case, Seen
from bot.workflow.context import Tools
from bot.workflow.written import note

BASE = "base-branch"
EMPTY = "empty"


def carry_over(tools: Tools, repository: Repository, about: Found | None) -> None:
    """Give a repository the history that was kept under an earlier name, once its configuration says the new one."""
    if about is None or about.name.casefold() != repository.name.casefold():
        return
    before = tools.store.recall(fleet.IDENTITY, about.id)
    if before == repository.name:
        return
    if before is not None:
        tools.store.rename(before, repository.name)
    tools.store.remember(fleet.IDENTITY, about.id, repository.name, tools.clock())


def said_of(repository: Repository, about: Found | None) -> tuple[Reason, ...]:
    """Say that a repository is called otherwise, or belongs to somebody else, than its configuration says."""
    if about is None or about.name.casefold() == repository.name.casefold():
        return ()
    return (fleet.renamed(repository.name, about.name),)


def empty(repository: Repository) -> Reason:
    """Say that there is nothing to work on yet."""
    text = "the repository has no commit, so there is nothing to look at; it is looked at once there is one"
    return Reason(code=EMPTY, subject=repository.name, text=text)


def follow_default(case: Case, seen: Seen) -> Seen:
    """Move our open proposals along where another branch became the default one; what people moved stays there."""
    tools, key = case.tools, case.assignment.repository.key
    before, now = tools.store.recall(BASE, key), case.head.branch
    if tools.rehearsal or before == now:
        return seen
    for one in seen.proposals:
        if one.state is State.OPEN and one.marks is not None and before is not None and one.base == before:
            draft = Draft(branch=one.branch, base_branch=now, title=one.title, body=one.body, marks=one.marks)
            moved = tools.forge.update(case.assignment.repository, one.number, draft)
            seen = seen.after(note(case, moved))
    tools.store.remember(BASE, key, now, case.now)
    return seen
