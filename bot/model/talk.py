"""What people say at a forge, and the pages that we keep there."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """A comment on a proposal; `ours` says that we wrote it ourselves."""

    id: int
    author: str
    body: str
    at: datetime
    ours: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page about a repository (an issue at the forge); `mark` is a hidden text by which it is found again."""

    title: str
    body: str
    mark: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseNote:
    """What a project says of one of its releases, as its forge has it: `text` is anybody's Markdown."""

    version: str
    title: str
    text: str
    url: str
