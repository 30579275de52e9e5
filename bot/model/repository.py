"""A repository that Quarterdeck looks after, and how it is reached."""

import hashlib
from dataclasses import dataclass

from bot.model.secrets import Credential


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """One repository by the name that people call it (`acme/web`, or the folder's name).

    `url` is where git finds it, "" where the forge says so.

    `branch` None means the default branch of the repository.
    """

    name: str
    url: str
    branch: str | None = None

    @property
    def key(self) -> str:
        """A name that no other repository has, for folders and the store: two folders may be called alike."""
        if not self.url:
            return self.name
        return f"{self.name}-{hashlib.sha256(self.url.encode()).hexdigest()[:10]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """Where git fetches from and pushes to; the credential is never part of `url`.

    `history` asks for every commit (the local forge sees merges in it); without it the newest commit is enough.
    """

    url: str
    credential: Credential | None = None
    history: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The commit (40 hex digits) that a branch of a repository points to."""

    branch: str
    commit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeFile:
    """A regular file of a commit; `path` is relative to the repository with forward slashes."""

    path: str
    blob: str
    executable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitInfo:
    """What is needed to tell our own commits from somebody else's."""

    commit: str
    parents: tuple[str, ...]
    author: str
    committer: str
    message: str
