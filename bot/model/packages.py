"""What an operating system inside an image is made of: its release and its packages."""

from dataclasses import dataclass
from enum import StrEnum


class PackageFormat(StrEnum):
    """Which package manager a database belongs to; it decides how versions are ordered."""

    DEB = "deb"
    APK = "apk"
    RPM = "rpm"


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """One installed package. `source` and `source_version` are those that advisories and changelogs speak of.

    Versions are written as the package manager writes them, epoch included; `architecture` too (`amd64`, `x86_64`).
    """

    name: str
    version: str
    source: str
    source_version: str
    architecture: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OsRelease:
    """The release of an operating system: `id` and `version` as in os-release(5), `codename` "" where it has none.

    `version` is what the release is called (`12`, `24.04`, `3.20.3`), "" for a rolling one.
    """

    id: str
    version: str
    codename: str = ""

    @property
    def label(self) -> str:
        """Give it as people write it: `debian 12`."""
        return f"{self.id} {self.version}".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemFile:
    """One file of an image, by its path without a leading slash."""

    path: str
    data: bytes
