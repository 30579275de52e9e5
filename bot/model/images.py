"""Images: their names, where a file mentions one, and what a registry says of them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.model.packages import OsRelease


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageName:
    """A normalised image name, e.g. registry `docker.io`, repository `library/python`, tag `3.12-slim`.

    `tag` is None only where the reference has a digest and no tag.
    """

    registry: str
    repository: str
    tag: str | None
    digest: str | None = None

    @property
    def tagged(self) -> str:
        """The name as people write it, without the digest and without Docker Hub's defaults."""
        base = self.repository if self.registry == "docker.io" else f"{self.registry}/{self.repository}"
        base = base.removeprefix("library/") if self.registry == "docker.io" else base
        return f"{base}:{self.tag}" if self.tag else base


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Half-open character offsets [start, end) in a file's decoded text; empty where something can be inserted."""

    start: int
    end: int


class Role(StrEnum):
    """What a file does with an image: builds on it, copies from it, lets it read the Dockerfile, or runs it."""

    BASE = "base"
    COPIED = "copied"
    FRONTEND = "frontend"
    RUN = "run"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageUse:
    """One mention of an image in a file.

    `line` is where the instruction begins (from 1); `reference` is the text after ARG substitution;
    `digest_span` covers `@sha256:…`, or is empty at the place where it would go; None means that the
    mention cannot be edited, and `obstacle` says why. `platform` is a literal `--platform`, else None.
    `tag_at` are the offsets of the tag's characters in the file's decoded text, in the order of the tag; empty where
    the file holds no tag (a `latest` that nobody wrote) or not all of it.
    """

    path: str
    line: int
    reference: str
    name: ImageName
    platform: str | None
    digest_span: Span | None
    obstacle: str = ""
    tag_at: tuple[int, ...] = ()
    role: Role = Role.BASE


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformManifest:
    """One entry of an image index: `linux/amd64`, `linux/arm/v7`, and the digest of its manifest."""

    platform: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageLook:
    """What a registry answered for a tag at `observed_at`.

    `manifests` is empty where the tag points to a single manifest, or where nobody needed to ask.
    """

    name: ImageName
    digest: str
    observed_at: datetime
    source: str
    manifests: tuple[PlatformManifest, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageConfig:
    """What an image says of itself for one platform: its environment, and whether it is built on musl (Alpine).

    `platform` is `linux/arm64`, "" where it does not say; `created` is None where no real date stands there; `user`
    is who runs commands in it, "" for root; `os` is known only where its makers wrote it down.
    """

    env: tuple[tuple[str, str], ...]
    musl: bool
    platform: str = ""
    created: datetime | None = None
    user: str = ""
    os: OsRelease | None = None

    def value(self, name: str) -> str:
        """Give a variable of the environment, "" where it is not set."""
        return dict(self.env).get(name, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Install:
    """A Dockerfile's instruction that installs a lock.

    `path` and `line` are those of the instruction, `lock` is the lock's path in the repository. `base` is the image
    at the bottom of its stage, None where it cannot be told. `python` is the version (`3.12`) of the interpreter
    that installs: as the instruction names it (`python3.12 -m pip`), else "" until the image has been asked.
    """

    path: str
    line: int
    lock: str
    base: ImageUse | None
    python: str = ""

    @property
    def where(self) -> str:
        """Where it stands, as people write it: `Dockerfile:3`."""
        return f"{self.path}:{self.line}"


@dataclass(frozen=True, slots=True, kw_only=True)
class UpgradeLayer:
    """An instruction of a Dockerfile that upgrades the packages of the image in line `base_line`.

    `line` is its own, `manager` the package manager (`apt`), `stamp` the value of the build argument before it that
    Quarterdeck wrote, "" where there is none.
    """

    path: str
    base_line: int
    line: int
    manager: str
    stamp: str = ""
