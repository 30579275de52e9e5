"""The embedded forge: proposals are branches of the user's own repository, kept in the store; merging is `git merge`.

Git is the truth. A branch whose content reached the default branch is merged; a branch that a person deleted is a
"no". The few questions to git are functions that the caller passes in, so this module knows nothing of clones.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from bot.errors import PublishFailed
from bot.formats import marks
from bot.model.proposal import Draft, Proposal, State
from bot.model.repository import Remote, Repository
from bot.ports import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalForge:
    """Implements `ports.Forge` without a server.

    `branch_tip` gives the commit that a branch of the repository points to now, None where it is gone.
    `merged` tells whether the default branch contains the proposal's `head`, or its content by other means (squash).
    `rediscover` gives what git itself knows of proposals (branches that stand, commits that were merged), newest
    first, with any number: only those that the store lost are taken over, under new numbers.
    `branches` gives all branches of the repository and the commits that they point to.
    """

    store: Store
    branch_tip: Callable[[Repository, str], str | None]
    merged: Callable[[Repository, Proposal], bool]
    rediscover: Callable[[Repository], tuple[Proposal, ...]]
    branches: Callable[[Repository], Mapping[str, str]]

    def remote(self, repository: Repository) -> Remote:
        """Say how git reaches the repository; the whole history, for merges are seen in it."""
        return Remote(url=repository.url, history=True)

    def about(self, repository: Repository) -> None:
        """Say that nothing but git knows of the repository."""
        del repository

    def proposals(self, repository: Repository) -> tuple[Proposal, ...]:
        """Give all proposals, newest first, after bringing the open ones up to date with git."""
        for proposal in self.store.proposals(repository.key):
            if proposal.state is State.OPEN:
                self._refresh(repository, proposal)
        for found in reversed(self.rediscover(repository)):
            self._take_over(repository, found)
        return self.store.proposals(repository.key)

    def state(self, repository: Repository, known: str) -> str:
        """Give digests of all branches and of what the store has; one question to git, whatever is known."""
        del known
        parts = (sorted(self.branches(repository).items()), self.store.proposals(repository.key))
        branches, kept = (hashlib.sha256(repr(part).encode()).hexdigest() for part in parts)
        return f"sure:{branches} {kept}"

    def open(self, repository: Repository, draft: Draft) -> Proposal:
        """Keep a proposal for the branch under the next number; one that is open there already is updated instead.

        Raises PublishFailed where the branch does not stand in the repository.
        """
        for kept in self.store.proposals(repository.key):
            if kept.branch == draft.branch and kept.state is State.OPEN:
                return self.update(repository, kept.number, draft)
        proposal = Proposal(
            number=0,
            url=_url(repository, draft.branch),
            branch=draft.branch,
            title=draft.title,
            body=draft.body,
            state=State.OPEN,
            head=self._tip(repository, draft.branch),
            marks=draft.marks,
        )
        return self.store.save_proposal(repository.key, proposal)

    def update(self, repository: Repository, number: int, draft: Draft) -> Proposal:
        """Bring title, body, marks and head up to date; labels and people are left out, nobody is asked for a review.

        Raises PublishFailed where there is no such proposal, or its branch is gone.
        """
        kept = self._kept(repository, number)
        head = self._tip(repository, kept.branch)
        updated = replace(kept, title=draft.title, body=draft.body, marks=draft.marks, head=head)
        return self.store.save_proposal(repository.key, updated)

    def close(self, repository: Repository, number: int, comment: str, body: str | None) -> Proposal:
        """Close an open proposal; the comment stands at the head of its body. The branch stays, as on other forges.

        Its marks are read anew from a body that is given: they must not say what the body does not.
        """
        kept = self._kept(repository, number)
        if kept.state is not State.OPEN:
            return kept
        if body is not None:
            kept = replace(kept, body=body, marks=marks.parse(body))
        closed = replace(kept, state=State.CLOSED, body=f"> Closed: {comment}\n\n{kept.body}")
        return self.store.save_proposal(repository.key, closed)

    def _refresh(self, repository: Repository, kept: Proposal) -> None:
        """Look at the branch as it stands now. After a merge it may be gone, or have moved on: both heads count."""
        tip = self.branch_tip(repository, kept.branch)
        merged = self.merged(repository, kept)
        if not merged and tip not in {None, kept.head}:
            merged = self.merged(repository, replace(kept, head=tip or ""))
        current = replace(kept, state=State.MERGED if merged else _standing(tip), head=tip or "")
        if current != kept:
            self.store.save_proposal(repository.key, current)

    def _take_over(self, repository: Repository, found: Proposal) -> None:
        """Keep a proposal that git knows and the store does not."""
        kept = self.store.proposals(repository.key)
        if any(_same(found, other) for other in kept):
            return
        url = found.url or _url(repository, found.branch)
        self.store.save_proposal(repository.key, replace(found, number=0, url=url))

    def _tip(self, repository: Repository, branch: str) -> str:
        tip = self.branch_tip(repository, branch)
        if tip is None:
            raise PublishFailed(
                f"{repository.name} has no branch {branch}",
                hint="somebody removed it during the run; run again",
            )
        return tip

    def _kept(self, repository: Repository, number: int) -> Proposal:
        for proposal in self.store.proposals(repository.key):
            if proposal.number == number:
                return proposal
        raise PublishFailed(f"{repository.name} has no proposal {number}", hint="`quarterdeck status` lists them")


def _standing(tip: str | None) -> State:
    return State.OPEN if tip else State.CLOSED


def _url(repository: Repository, branch: str) -> str:
    return f"{repository.url}#{branch}"


def _same(found: Proposal, kept: Proposal) -> bool:
    """Tell whether git speaks of a proposal that is kept.

    A branch that stands is new content unless it is open already, or was closed with that content: its content may
    well be that of an older, merged proposal that somebody reverted.
    """
    if found.branch != kept.branch:
        return False
    if found.head and found.head == kept.head:
        return True
    if found.state is State.OPEN and kept.state is not State.CLOSED:
        return kept.state is State.OPEN
    return _content(found) == _content(kept)


def _content(proposal: Proposal) -> tuple[str, str] | None:
    return (proposal.marks.quarter, proposal.marks.content) if proposal.marks else None
