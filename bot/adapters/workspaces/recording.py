"""A workspace that reads for real and pushes nothing: the wiring of `check` and `--dry-run`."""

from bot.adapters.workspaces.git import GitWorkspace
from bot.model.repository import Remote


class RecordingWorkspace(GitWorkspace):
    """Implements ports.Workspace; commits are made in our own clone, and what would be pushed is recorded."""

    pushed: tuple[tuple[str, str], ...] = ()
    deleted: tuple[tuple[str, str], ...] = ()

    def push(self, remote: Remote, branch: str, commit: str, *, expected: str | None) -> None:
        """Record the branch and the commit instead of pushing."""
        del remote, expected
        self.pushed = (*self.pushed, (branch, commit))

    def delete(self, remote: Remote, branch: str, *, expected: str) -> None:
        """Record the branch and the commit that it should stand at instead of deleting it."""
        del remote
        self.deleted = (*self.deleted, (branch, expected))
