"""A forge that answers questions and records what would be published: the wiring of `check` and `--dry-run`."""

from dataclasses import replace

from bot.model.fleet import Found
from bot.model.proposal import Draft, Proposal, State
from bot.model.repository import Remote, Repository
from bot.ports import Forge


class RecordingForge:
    """Implements ports.Forge; every write is answered with what would stand, with number 0 where it would be new."""

    def __init__(self, inner: Forge) -> None:
        self._inner = inner

    def remote(self, repository: Repository) -> Remote:
        """Ask the forge itself."""
        return self._inner.remote(repository)

    def about(self, repository: Repository) -> Found | None:
        """Ask the forge itself."""
        return self._inner.about(repository)

    def proposals(self, repository: Repository) -> tuple[Proposal, ...]:
        """Ask the forge itself."""
        return self._inner.proposals(repository)

    def state(self, repository: Repository, known: str) -> str:
        """Ask the forge itself."""
        return self._inner.state(repository, known)

    def open(self, repository: Repository, draft: Draft) -> Proposal:
        """Give the proposal that would be opened."""
        del repository
        return _written(draft)

    def update(self, repository: Repository, number: int, draft: Draft) -> Proposal:
        """Give the proposal as it would read after the update."""
        standing = self._find(repository, number)
        written = replace(_written(draft), number=number)
        return replace(written, url=standing.url, opened_at=standing.opened_at) if standing else written

    def close(self, repository: Repository, number: int, comment: str, body: str | None) -> Proposal:
        """Give the proposal as it stands; it would be closed."""
        standing = self._find(repository, number)
        if standing is None:
            raise LookupError(f"#{number} is not a proposal of {repository.name}, yet it was to be closed: {comment}")
        return replace(standing, state=State.CLOSED, body=standing.body if body is None else body)

    def _find(self, repository: Repository, number: int) -> Proposal | None:
        return next((p for p in self._inner.proposals(repository) if p.number == number), None)


def _written(draft: Draft) -> Proposal:
    return Proposal(
        number=0,
        url="",
        branch=draft.branch,
        title=draft.title,
        body=draft.body,
        state=State.OPEN,
        head="",
        marks=draft.marks,
        base=draft.base_branch,
    )
