"""What reading the configuration gives: plain values with the contract's names and defaults."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from bot.model.locks import LockerName
from bot.model.notices import NoticeKind
from bot.model.policy import Policy, Schedule, Waiver
from bot.model.secrets import SecretRef


@dataclass(frozen=True, slots=True, kw_only=True)
class AppSettings:
    """A GitHub App: its id, and where its private key (PEM) stands."""

    id: int
    private_key: SecretRef


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgeSettings:
    """Where proposals go. `url` is the base of the forge's API, without a slash at its end."""

    kind: Literal["github", "local"] = "github"
    url: str = "https://api.github.com"
    token: SecretRef | None = None
    app: AppSettings | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSettings:
    """The long-lived service; without a webhook secret there is no webhook route."""

    listen: tuple[str, int] = ("127.0.0.1", 8713)
    webhook_secret: SecretRef | None = None
    grace: timedelta = timedelta(seconds=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSettings:
    """What runs many repositories, and how many at a time."""

    kind: Literal["threads"] = "threads"
    workers: int = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class IsolationSettings:
    """How resolvers are kept apart; `memory` is in bytes."""

    mode: Literal["auto", "sandbox", "process", "none"] = "auto"
    timeout: timedelta = timedelta(minutes=15)
    memory: int = 4 * 1024**3


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonSettings:
    """Whether uv may install interpreters."""

    download: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexSettings:
    """A package index beside the default one; `insecure` allows plain http to a host that is not this machine."""

    url: str
    username: SecretRef | None = None
    password: SecretRef | None = None
    insecure: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoverSettings:
    """Repositories of an owner that carry a topic; `topic` None means all that we can see."""

    owner: str
    topic: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrySettings:
    """How one registry (`host` or `host:port`) is reached; `insecure` means plain http."""

    host: str
    mirror: str | None = None
    insecure: bool = False
    username: SecretRef | None = None
    password: SecretRef | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AdvisoriesSettings:
    """A source of advisories that stands in for the default one of its ecosystem."""

    kind: Literal["osv", "secdb"]
    ecosystem: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LifetimesSettings:
    """Where a table of lifetimes is read from, in the form of endoflife.date; None: only the one that is shipped."""

    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltTagsSettings:
    """Where the tags of an image that are still built are listed."""

    image: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifySettings:
    """A target of messages: where its address stands, which is a secret as a whole, and what is told there."""

    url: SecretRef
    events: tuple[NoticeKind, ...] = tuple(NoticeKind)
    name: str | None = None

    @property
    def label(self) -> str:
        """What it is called: its name, or the place of its address."""
        return self.name or self.url.env or self.url.file or ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationsSettings:
    """What is worth a message, and how many of them; `proposal_age` 0 means that no proposal is too old."""

    proposal_age: timedelta = timedelta(days=14)
    failures: int = 3
    per_hour: int = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositorySettings:
    """One repository; `policy` is complete: the defaults with this repository's own on top.

    `url` None means that the forge knows it by its name; `branch` None is the forge's default branch.
    """

    name: str
    url: str | None = None
    branch: str | None = None
    policy: Policy = field(default_factory=Policy)
    enabled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The whole configuration; `data_dir` None is the platform's own place. It tells only where secrets stand."""

    data_dir: str | None = None
    author_name: str = "Quarterdeck"
    author_email: str = "quarterdeck@localhost"
    schedule: Schedule = field(default_factory=Schedule)
    forge: ForgeSettings = field(default_factory=ForgeSettings)
    policy: Policy = field(default_factory=Policy)
    service: ServiceSettings = field(default_factory=ServiceSettings)
    engine: EngineSettings = field(default_factory=EngineSettings)
    isolation: IsolationSettings = field(default_factory=IsolationSettings)
    python: PythonSettings = field(default_factory=PythonSettings)
    indexes: tuple[IndexSettings, ...] = ()
    discover: tuple[DiscoverSettings, ...] = ()
    registries: tuple[RegistrySettings, ...] = ()
    advisories: tuple[AdvisoriesSettings, ...] = ()
    lifetimes: LifetimesSettings = field(default_factory=LifetimesSettings)
    built_tags: tuple[BuiltTagsSettings, ...] = ()
    notify: tuple[NotifySettings, ...] = ()
    notifications: NotificationsSettings = field(default_factory=NotificationsSettings)
    repositories: tuple[RepositorySettings, ...] = ()
    waivers: tuple[Waiver, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LockSettings:
    """A lock that a repository declares itself, because its header does not tell how it is made.

    Paths are relative to the repository; `options` are the compiler's, as words of a command line.
    """

    path: str
    sources: tuple[str, ...]
    locker: LockerName = LockerName.PIP_TOOLS
    options: tuple[str, ...] = ()
    python: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagesSettings:
    """What a repository says of its images: names to leave alone (globs), and its platforms (None: the policy's)."""

    ignore: tuple[str, ...] = ()
    platforms: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositoryFile:
    """What a repository says of itself; `policy` is complete, `ignore` are globs of paths that are not looked at."""

    policy: Policy
    waivers: tuple[Waiver, ...] = ()
    enabled: bool = True
    ignore: tuple[str, ...] = ()
    locks: tuple[LockSettings, ...] = ()
    images: ImagesSettings = field(default_factory=ImagesSettings)
    python: str | None = None
