"""What is inside an image, and what differs between two: values that registries and archives fill."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from bot.model.packages import OsRelease, Package, PackageFormat, SystemFile
from bot.model.policy import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageContents:
    """What one image manifest (`digest`) holds for one platform.

    `format` is None where no package database was found or understood; `unreadable` says what could not be looked
    at, so an image without packages and without a word there does not exist. `sources` are the files that say where
    packages come from (apt sources, apk repositories) and the keyrings beside them; `sources_read` is False where
    nobody needed them yet. `size` is that of all layers as they are transferred, in bytes. `python` is the full
    version of the interpreter (`3.12.9`), None where there is none.
    """

    digest: str
    platform: str
    os: OsRelease | None
    format: PackageFormat | None
    packages: tuple[Package, ...]
    python: str | None
    created: datetime | None
    env: tuple[tuple[str, str], ...] = ()
    user: str = ""
    layers: int = 0
    size: int = 0
    sources: tuple[SystemFile, ...] = ()
    sources_read: bool = True
    read_from: str = "layers"
    unreadable: tuple[str, ...] = ()


class ChangeKind(StrEnum):
    """Why a package of an image changed, as the contract names it."""

    SECURITY = "security"
    SECURITY_UNNAMED = "security-unnamed"
    DATA = "data"
    BUGFIX = "bugfix"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Advisory:
    """A known flaw by its id; `aliases` are its other ids, sorted; `url` is where people read about it.

    Where it was asked about one version of a package, `fixed_in` is the first version after it that has the fix ("":
    none is known). `summary` is one line in the words of the record, "" where it has none.
    """

    id: str
    aliases: tuple[str, ...] = ()
    severity: Severity = Severity.UNKNOWN
    url: str = ""
    fixed_in: str = ""
    summary: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """All ids that it is known by, its own first."""
        return (self.id, *self.aliases)

    @property
    def malicious(self) -> bool:
        """Whether it says that the package itself is malware (OSV ids that begin with `MAL-`)."""
        return any(name.startswith("MAL-") for name in self.names)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedState:
    """One source of advisories: whose packages it speaks of (`PyPI`), and where it is, without credentials.

    `as_of` is the age of what is known of it, None where nothing is; `records` counts its advisories, None where it
    is asked package by package. `problem` is a sentence, "" where all is well.
    """

    ecosystem: str
    source: str
    as_of: datetime | None
    records: int | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceMove:
    """A source package of an image goes from one version to another; versions are those of the source."""

    source: str
    old: str
    new: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What an archive says of a move: whether a security suite published it, and the ids that its changelog names.

    `changelog` is False where no changelog could be read, so that no ids means nothing.
    """

    security: bool
    ids: tuple[str, ...]
    changelog: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A newer version of an installed package waits in the archive; `security` says that a security suite has it.

    `current` and `available` are versions of the binary package, the other two those of its source.
    """

    package: str
    source: str
    current: str
    available: str
    current_source: str
    available_source: str
    security: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveAnswer:
    """What an archive offers for an image: `unreadable` is what could not be asked, `notes` what to know besides."""

    waiting: tuple[Waiting, ...] = ()
    unreadable: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceChange:
    """All binary packages of one source that changed together: `packages` are their names, sorted."""

    source: str
    old: str
    new: str
    packages: tuple[str, ...]
    kind: ChangeKind
    advisories: tuple[Advisory, ...] = ()

    @property
    def severity(self) -> Severity:
        """The worst of its advisories; UNKNOWN where none has a severity."""
        return worst(one.severity for one in self.advisories)

    @property
    def is_security(self) -> bool:
        """Whether it fixes a flaw, named or not."""
        return self.kind in {ChangeKind.SECURITY, ChangeKind.SECURITY_UNNAMED}


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageDiff:
    """What changed between two images for one platform; all rows are sorted."""

    old: ImageContents
    new: ImageContents
    sources: tuple[SourceChange, ...]
    added: tuple[Package, ...]
    removed: tuple[Package, ...]

    @property
    def os_release_changed(self) -> bool:
        """Whether the operating system or its release is another one; False where one of the two is not known."""
        if self.old.os is None or self.new.os is None:
            return False
        return (self.old.os.id, major(self.old.os)) != (self.new.os.id, major(self.new.os))

    @property
    def python_changed(self) -> bool:
        """Whether the minor version of Python is another one; False where one of the two has none."""
        return minor(self.old.python) != minor(self.new.python) and None not in {self.old.python, self.new.python}

    @property
    def security(self) -> tuple[SourceChange, ...]:
        """The changes that fix flaws."""
        return tuple(row for row in self.sources if row.is_security)


class Support(StrEnum):
    """Where a release stands in its life."""

    SUPPORTED = "supported"
    ENDING = "ending"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifetime:
    """When the support of a product's release ends; `extended` says that `date` is that of a longer, narrower one."""

    product: str
    release: str
    date: date
    state: Support
    extended: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycle:
    """One release of a product in a table of lifetimes; `extended_end` is that of paid or volunteers' support."""

    product: str
    release: str
    codename: str
    end: date | None
    extended_end: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LifetimeTable:
    """A table of releases and the day on which it was made, with where it is from."""

    cycles: tuple[Cycle, ...]
    source: str
    as_of: date


ORDER = (Severity.UNKNOWN, Severity.LOW, Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL)


def worst(severities: Iterable[Severity]) -> Severity:
    """Give the highest of severities; UNKNOWN where there is none."""
    return max(severities, key=ORDER.index, default=Severity.UNKNOWN)


def major(os: OsRelease) -> str:
    """Give what counts as a release: `12` of Debian 12.9, `24.04` of Ubuntu, `3.20` of Alpine 3.20.3."""
    parts = os.version.split(".")
    return ".".join(parts[:2]) if os.id in {"alpine", "ubuntu", "opensuse-leap", "wolfi"} else parts[0]


def minor(python: str | None) -> str:
    """Give `3.12` of `3.12.9`."""
    return ".".join((python or "").split(".")[:2])
