"""What git itself remembers of the local forge's proposals: branches that stand, commits that were merged.

The trailers of our commits say which proposal they were, so that a lost store never doubles one.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bot.decide import fingerprint
from bot.decide.fingerprint import TRAILER, marks_of
from bot.model.policy import Trigger
from bot.model.proposal import Marks, Proposal, State
from bot.model.repository import CommitInfo, Head, Remote, Repository
from bot.ports import Workspace

PREFIX = "quarterdeck/"


@dataclass(frozen=True, slots=True, kw_only=True)
class GitMemory:
    """Answers the local forge's questions from the clone; `workspace` gives the clone of a repository."""

    workspace: Callable[[Repository], Workspace]

    def branch_tip(self, repository: Repository, branch: str) -> str | None:
        """Give the commit that a branch points to now, which is fetched; None where the branch is gone."""
        tip = self.workspace(repository).branch(_remote(repository), branch)
        return tip.commit if tip else None

    def branches(self, repository: Repository) -> Mapping[str, str]:
        """Give all branches and the commits that they point to now; nothing is fetched."""
        return self.workspace(repository).branches(_remote(repository), "")

    def merged(self, repository: Repository, proposal: Proposal) -> bool:
        """Say whether the default branch holds it: its commit, its trailer (rebased), or its files (squashed)."""
        workspace = self.workspace(repository)
        base = self._base(repository).commit
        if proposal.head and workspace.contains(base, proposal.head):
            return True
        if (marks := proposal.marks) is not None and workspace.contains(base, marks.base):
            # only what came since counts: the same content may have been merged before, and reverted
            since = f"{marks.base}..{base}"
            if workspace.log(since, f"{TRAILER}: {marks.content}"):
                return True
        return bool(proposal.head and proposal.marks) and self._same_files(workspace, base, proposal)

    def rediscover(self, repository: Repository) -> tuple[Proposal, ...]:
        """Give the proposals that git knows of, newest first: those that stand, then those that were merged."""
        workspace = self.workspace(repository)
        remote = _remote(repository)
        standing = [(name, workspace.branch(remote, name)) for name in sorted(workspace.branches(remote, PREFIX))]
        merged = workspace.log(self._base(repository).commit, f"{TRAILER}: ")
        found = [_proposal(commit, State.OPEN, name) for name, commit in standing if commit is not None]
        known = {commit.commit for commit in merged}
        rows = [row for row in found if row is not None and row.head not in known]
        return (*rows, *(row for commit in merged if (row := _proposal(commit, State.MERGED)) is not None))

    def _base(self, repository: Repository) -> Head:
        return self.workspace(repository).fetch(_remote(repository), repository.branch)

    def _same_files(self, workspace: Workspace, base: str, proposal: Proposal) -> bool:
        """Compare what the proposal changed with what stands on the default branch now."""
        if not workspace.contains(proposal.head, proposal.head):
            return False  # a lost clone, and the branch is gone as well: nothing is left to compare
        commits = workspace.log(proposal.head, f"{TRAILER}: ")
        ours = next((commit for commit in commits if commit.commit == proposal.head), None)
        start = marks.base if ours is not None and (marks := marks_of(ours)) is not None else ""
        if ours is None or not workspace.contains(ours.commit, start):
            return False
        before, after, now = (
            {file.path: file.blob for file in workspace.tree(commit)} for commit in (start, ours.commit, base)
        )
        changed = {path: blob for path, blob in after.items() if before.get(path) != blob}
        return bool(changed) and all(now.get(path) == blob for path, blob in changed.items())


def _remote(repository: Repository) -> Remote:
    return Remote(url=repository.url, history=True)


def _proposal(commit: CommitInfo, state: State, branch: str = "") -> Proposal | None:
    marks = marks_of(commit)
    if marks is None:
        return None
    title, _, body = commit.message.partition("\n\n")
    return Proposal(
        number=0,
        url="",
        branch=branch or fingerprint.branch_of(commit) or branch_of(marks),
        title=title.strip(),
        body=body.partition("\n\nQuarterdeck-Trigger:")[0],
        state=state,
        head=commit.commit,
        marks=marks,
    )


def branch_of(marks: Marks) -> str:
    """Give the branch of a proposal whose commit does not name it, as older ones did not: as CONTRACT names them."""
    return f"{PREFIX}quarterly-{marks.quarter}" if marks.trigger is Trigger.QUARTERLY else f"{PREFIX}{marks.trigger}"
