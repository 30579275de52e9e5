"""What the work on one repository needs of the world."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from bot.model.change import FileText
from bot.model.contents import Advisory, ArchiveAnswer, FeedState, ImageContents, LifetimeTable, SourceMove, Told
from bot.model.fleet import Found
from bot.model.images import ImageConfig, ImageLook, ImageName, PlatformManifest
from bot.model.packages import OsRelease
from bot.model.plan import Relock
from bot.model.policy import Ignored
from bot.model.proposal import Draft, Proposal
from bot.model.reasons import Reason
from bot.model.releases import Release as Release  # noqa: PLC0414 - part of the Index port
from bot.model.repository import CommitInfo, Head, Remote, Repository, TreeFile
from bot.model.runs import RunRecord
from bot.model.talk import Comment, Page, ReleaseNote


class Forge(Protocol):
    """Where proposals stand. It is the truth about them."""

    def remote(self, repository: Repository) -> Remote:
        """Say how git reaches the repository."""
        ...

    def about(self, repository: Repository) -> Found | None:
        """Give what the forge itself says of the repository, its name of today above all; None where it keeps nothing.

        A server is asked at most once, together with `remote`.
        """
        ...

    def proposals(self, repository: Repository) -> tuple[Proposal, ...]:
        """Give all proposals that ever stood on a `quarterdeck/…` branch, in any state, newest first."""
        ...

    def state(self, repository: Repository, known: str) -> str:
        """Say in what state things are at the forge.

        An opaque text that stays equal as long as neither the default branch nor any proposal (state, head, comments,
        edits) moved; it may move with other branches, too. `known` is an earlier answer, or "": where it still holds,
        a forge that is a server is asked one conditional question. Its first word is another one after every push, and
        begins with `sure:` where that needs no proof. "" means that the forge cannot tell.
        """
        ...

    def open(self, repository: Repository, draft: Draft) -> Proposal:
        """Open a proposal for the branch, which is pushed; one that is open there already is updated instead."""
        ...

    def update(self, repository: Repository, number: int, draft: Draft) -> Proposal:
        """Bring title, body, labels and people up to date."""
        ...

    def close(self, repository: Repository, number: int, comment: str, body: str | None) -> Proposal:
        """Close a proposal and say why in a comment; a `body` replaces the proposal's own in the same write."""
        ...


class Talk(Protocol):
    """What people and we say to each other at a forge."""

    def comments(self, repository: Repository, number: int) -> tuple[Comment, ...]:
        """Give the comments on a proposal, oldest first; none where the forge has no such thing."""
        ...

    def may_write(self, repository: Repository, author: str) -> bool:
        """Say whether a person may push to the repository."""
        ...

    def say(self, repository: Repository, number: int, text: str) -> None:
        """Comment on a proposal; what we said there already is not said again."""
        ...

    def keep_page(self, repository: Repository, page: Page) -> str:
        """Keep one page, written only where its text differs; give its address, "" where the forge has no pages.

        One that a person closed stays closed and as it is.
        """
        ...


class ReleaseNotes(Protocol):
    """What projects say of their releases, at the forge where their source is."""

    def between(self, source: str, old: str, new: str) -> tuple[ReleaseNote, ...]:
        """Give the notes of the releases after `old` up to `new`, newest first; `source` is an address of the project.

        Empty where that is no forge that can be asked. Raises Unavailable and AccessDenied.
        """
        ...


class Workspace(Protocol):
    """Our own clone of one repository, kept between runs. The user's checkout is never touched."""

    def fetch(self, remote: Remote, branch: str | None) -> Head:
        """Bring the branch (None: the remote's default branch) up to date."""
        ...

    def tree(self, commit: str) -> tuple[TreeFile, ...]:
        """List the regular files of a commit, sorted by path; links and submodules are left out."""
        ...

    def read(self, remote: Remote, files: Iterable[TreeFile]) -> Mapping[str, bytes]:
        """Read files by path; what is missing locally is fetched in one go."""
        ...

    def commit(self, base: str, files: Iterable[FileText], message: str, when: datetime) -> str:
        """Write one commit on top of `base` that replaces these files and keeps their modes; give its id.

        `base` may be a commit that was written so itself: commits can be stacked.
        """
        ...

    def push(self, remote: Remote, branch: str, commit: str, *, expected: str | None) -> None:
        """Push, only if the remote branch still stands at `expected` (None: does not exist)."""
        ...

    def delete(self, remote: Remote, branch: str, *, expected: str) -> None:
        """Delete a remote branch, only if it still stands at `expected`; one that is gone already is fine."""
        ...

    def branch(self, remote: Remote, name: str) -> CommitInfo | None:
        """Fetch the tip of a remote branch; None where there is none."""
        ...

    def branches(self, remote: Remote, prefix: str) -> Mapping[str, str]:
        """Give the remote's branches that begin with `prefix` and the commits they point to."""
        ...

    def contains(self, commit: str, ancestor: str) -> bool:
        """Say whether `ancestor` is here and reachable from `commit`."""
        ...

    def conflicts(self, remote: Remote, base: str, head: str, files: Mapping[str, bytes]) -> bool:
        """Say whether merging files that were made on top of commit `base` into commit `head` would conflict.

        True also where `base` is not here and cannot be fetched any more: then nobody can tell; and where `head` does
        not come after it: somebody took commits out of the history, and the merge would bring them back.
        """
        ...

    def changed(self, remote: Remote, base: str, commit: str) -> frozenset[str] | None:
        """Give the paths at which two commits differ; None where one of them cannot be fetched any more."""
        ...

    def log(self, commit: str, grep: str) -> tuple[CommitInfo, ...]:
        """Give commits of `commit` (or of a range `old..new`) whose message contains `grep`, newest first."""
        ...


class Registry(Protocol):
    """A container registry (OCI distribution), any host."""

    def look(self, name: ImageName) -> ImageLook:
        """Ask what the tag points to now; one light request where the registry allows it."""
        ...

    def manifests(self, name: ImageName, digest: str) -> tuple[PlatformManifest, ...]:
        """List an index's manifests by platform, without attestations; empty for a single manifest."""
        ...

    def config(self, name: ImageName, digest: str, platform: str) -> ImageConfig:
        """Read what the image behind a digest says of itself for a platform (`linux/amd64`)."""
        ...

    def contents(self, name: ImageName, digest: str, platform: str, *, sources: bool) -> ImageContents:
        """Read the packages inside an image, by the cheapest way that answers; `sources`: and where they come from.

        What cannot be understood is said in the answer. Raises as `look` does.
        """
        ...

    def tags(self, name: ImageName) -> tuple[str, ...]:
        """List a repository's tags, sorted; an answer may be up to a day old."""
        ...

    def built(self, name: ImageName) -> frozenset[str] | None:
        """Give the tags that are configured as still built; None where nobody configured any."""
        ...


class Archive(Protocol):
    """Where the packages of an operating system come from (Debian and Ubuntu, Alpine)."""

    def waiting(self, contents: ImageContents, now: datetime) -> ArchiveAnswer:
        """Name the newer versions that the image's own sources have for what is installed in it."""
        ...

    def told(self, contents: ImageContents, moves: Sequence[SourceMove], now: datetime) -> Mapping[SourceMove, Told]:
        """Say of each move whether it is a security update and which ids its changelog names, as far as is known."""
        ...


class Advisories(Protocol):
    """Known flaws of the packages of operating systems, by source package."""

    def fixed(self, os: OsRelease, moves: Sequence[SourceMove]) -> Mapping[SourceMove, tuple[Advisory, ...]] | None:
        """Name what each move fixes; None where nothing is known of this operating system."""
        ...

    def named(self, os: OsRelease, ids: Sequence[str]) -> Mapping[str, Advisory]:
        """Give what is known of ids; an id that is not known is left out."""
        ...

    @property
    def problems(self) -> tuple[str, ...]:
        """What could not be had of what was asked until now, as sentences."""
        ...


class PinAdvisories(Protocol):
    """Known flaws of Python packages."""

    def affecting(self, name: str, version: str) -> tuple[Advisory, ...]:
        """Give what affects a release of a package (normalised name), the worst first; one row for each flaw.

        Raises Unavailable where that cannot be told, StoreError where the data folder cannot be used.
        """
        ...

    @property
    def feeds(self) -> tuple[FeedState, ...]:
        """Where this comes from; empty means that nothing at all is known."""
        ...

    @property
    def edition(self) -> str:
        """A text that changes when what is known does."""
        ...


class Lifetimes(Protocol):
    """When releases of operating systems and of Python reach the end of their life."""

    def table(self) -> LifetimeTable:
        """Give the newest table at hand; it never fails, because one is shipped."""
        ...

    @property
    def problem(self) -> str:
        """Why a newer table that is configured could not be had, "" where all is well."""
        ...


class Index(Protocol):
    """A Python package index (PEP 503 and PEP 691)."""

    def releases(self, name: str) -> tuple[Release, ...]:
        """Give all releases of a package, lowest first; empty where the index does not know it."""
        ...

    def requirements(self, name: str, version: str) -> tuple[str, ...] | None:
        """Give a release's Requires-Dist lines from its PEP 658 metadata; None where the index serves none."""
        ...

    def links(self, name: str, version: str) -> Mapping[str, str]:
        """Give a release's project URLs (http or https) by label, from the same; empty where the index serves none."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Relocked:
    """What a lock would be: its new text, the exact command that a person can run, and what to know besides.

    `moved` has a reason for each package (its subject) that moves along with the wanted ones. `compiled` tells
    whether the compiler ran, or the same question had been answered before.
    """

    text: str
    command: str
    notes: tuple[Reason, ...]
    compiled: bool
    moved: tuple[Reason, ...] = ()


class Locker(Protocol):
    """A tool that compiles sources into a lock."""

    def relock(self, tree: Path, relock: Relock, now: datetime) -> Relocked:
        """Compile in `tree`, a throw-away folder with the repository's files; what it writes there is not a result.

        The text is proven: it installs for the lock's Python and platform, and compiling again changes nothing.
        Raises LockFailed with the resolver's own reason, Unavailable where the index does not answer.
        """
        ...

    def obstacle(self, tree: Path, relock: Relock, now: datetime) -> str:
        """Ask, without compiling, why this does not resolve, in the resolver's words; "" where it does.

        Raises LockFailed and Unavailable as `relock` does.
        """
        ...


class Store(Protocol):
    """Run history, proposals of the local forge, and answers worth keeping. Losing it costs time, nothing else."""

    def record(self, run: RunRecord, document: Mapping[str, object]) -> None:
        """Keep a finished run, together with its contract JSON."""
        ...

    def last_runs(self, repository: str | None = None) -> tuple[Mapping[str, object], ...]:
        """Give the contract JSON of the newest run per repository, by name."""
        ...

    def quarters(self, repository: str) -> tuple[str, ...]:
        """Give the quarters (`2026q4`) for which a run of this repository found nothing to change."""
        ...

    def proposals(self, repository: str) -> tuple[Proposal, ...]:
        """Give the local forge's proposals of a repository, newest first."""
        ...

    def save_proposal(self, repository: str, proposal: Proposal) -> Proposal:
        """Insert (number 0: the next one is given) or replace by number; one without `opened_at` is opened now."""
        ...

    def ignored(self, repository: str) -> tuple[Ignored, ...]:
        """Give what people asked to leave alone in a repository, by subject; what is over too."""
        ...

    def ignore(self, repository: str, wish: Ignored) -> None:
        """Keep such a wish, instead of an older one about the same subject."""
        ...

    def recall(self, kind: str, key: str) -> str | None:
        """Give an answer kept under this key, if it is still there."""
        ...

    def remember(self, kind: str, key: str, value: str, now: datetime) -> None:
        """Keep an answer; old ones of the same kind make room."""
        ...

    def rename(self, old: str, new: str) -> None:
        """Carry everything that is kept under a repository's key over to another key, at once or not at all.

        Runs, quarters, the local forge's proposals, wishes, and answers whose key is this one, or begins with it and a
        space. Where both keys have the same, what the new one has stands.
        """
        ...

    def exclusive(self, repository: str) -> AbstractContextManager[None]:
        """Let one run at a time work on a repository, across processes; raises Unavailable while another does."""
        ...


class Progress(Protocol):
    """Tells a waiting person what is going on."""

    def step(self, subject: str, text: str) -> AbstractContextManager[None]:
        """Show `text` for `subject` while the block runs."""
        ...


class Clock(Protocol):
    """The time, which `--now` may set."""

    def __call__(self) -> datetime:
        """Give the time as an aware UTC datetime."""
        ...
