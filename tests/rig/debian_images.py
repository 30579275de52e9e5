"""Two honest Debian images, built by mmdebstrap: one of the release as it came out, one with all its updates.

They are kept between runs. The oracle of what waits for the old one is apt itself, in its own root.
"""

import fcntl
import gzip
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from bot.formats.deb822 import stanzas
from bot.model.contents import ImageContents
from bot.model.packages import OsRelease, Package, PackageFormat, SystemFile

RELEASE = "bookworm"
SECONDS = 900
FRESH_SECONDS = 7 * 24 * 3600  # after which they are built again: a point release changes what "old" is
PACKAGES = "usr-is-merged,tzdata,ca-certificates"
HOOKS = "/usr/share/mmdebstrap/hooks/merged-usr"
STATUS = "var/lib/dpkg/status"
SOURCES = re.compile(
    r"etc/apt/(sources\.list|sources\.list\.d/.+|trusted\.gpg.*)|usr/share/keyrings/.+|etc/apt/keyrings/.+"
)
OS = OsRelease(id="debian", version="12", codename=RELEASE)


class DebianImages:
    """The roots as tar files: `old` has no updates, `new` has all; `full` are the sources of `new`."""

    def __init__(self, folder: Path) -> None:
        self.old, self.new = folder / "old.tar.gz", folder / "new.tar.gz"

    @property
    def full(self) -> tuple[SystemFile, ...]:
        return sources_of(self.new)

    def security(self) -> tuple[SystemFile, ...]:
        """Give the sources with nothing but the security suite, and all keyrings."""
        return tuple(_only(file, f"{RELEASE}-security") for file in self.full)


def debian_images() -> DebianImages:
    """Build the images, or give those of an earlier run; one process builds while others wait."""
    assert shutil.which("mmdebstrap"), "mmdebstrap is not installed: tests/run installs it"
    folder = cache_folder() / f"debian-{RELEASE}"
    folder.mkdir(parents=True, exist_ok=True)
    images = DebianImages(folder)
    with _locked(folder / "lock"):
        if not _is_fresh(images.new):
            _build(images.new, [])
        if not _is_fresh(images.old):
            _build(images.old, [_main_line(images.new)])
    return images


def cache_folder() -> Path:
    """Give the folder for what is built once and kept between runs."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return home / "quarterdeck-tests"


def contents(root: Path, sources: tuple[SystemFile, ...]) -> ImageContents:
    """Give what is inside a root, with these sources instead of its own."""
    return ImageContents(
        digest="sha256:" + "0" * 64, platform="linux/amd64", os=OS, format=PackageFormat.DEB,
        packages=packages_of(root), python=None, created=datetime(2026, 1, 1, tzinfo=UTC), sources=sources,
    )  # fmt: skip


def packages_of(root: Path) -> tuple[Package, ...]:
    """Read the packages of a root from dpkg's status, in the simplest way that is right for it."""
    found = []
    for fields in stanzas(_read(root, re.compile(re.escape(STATUS)))[0].data.decode()):
        assert fields["status"] == "install ok installed", fields
        source, _, version = fields.get("source", fields["package"]).partition(" ")
        found.append(
            Package(
                name=fields["package"], version=fields["version"], source=source,
                source_version=version.strip("()") or fields["version"], architecture=fields["architecture"],
            )
        )  # fmt: skip
    return tuple(found)


def sources_of(root: Path) -> tuple[SystemFile, ...]:
    """Give apt's sources and keyrings of a root."""
    return tuple(_read(root, SOURCES))


def upgradable(root: Path, sources: tuple[SystemFile, ...], folder: Path) -> dict[str, tuple[str, str]]:
    """Ask apt, with its data in `folder`: `name:architecture` -> (installed, candidate); needs no root."""
    for file in (*_read(root, re.compile(re.escape(STATUS))), *sources):
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.data)
    for name in (
        "var/lib/apt/lists/partial",
        "var/cache/apt/archives/partial",
        "etc/apt/apt.conf.d",
        "etc/apt/preferences.d",
    ):
        (folder / name).mkdir(parents=True, exist_ok=True)
    native = subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True, check=True).stdout.strip()
    options = {
        "Dir": folder, "Dir::State::status": folder / STATUS, "APT::Architecture": native, "APT::Architectures": native,
        "APT::Sandbox::User": "", "Acquire::Languages": "none", "Dir::Etc::TrustedParts": folder / "etc/apt/trusted.gpg.d",
    }  # fmt: skip
    flags = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C", "APT_CONFIG": os.devnull}
    environment |= {name: text for name, text in os.environ.items() if name.lower().endswith("_proxy")}
    printed = ""
    for command in (["apt-get", *flags, "update"], ["apt", *flags, "list", "--upgradable"]):
        ran = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=SECONDS)
        assert ran.returncode == 0, ran.stderr
        printed = ran.stdout
    rows = re.findall(r"^(\S+)/\S+ (\S+) (\S+) \[upgradable from: (\S+)\]$", printed, re.MULTILINE)
    return {f"{name}:{architecture}": (old, new) for name, new, architecture, old in rows}


def _build(target: Path, mirrors: list[str], *, release: str = RELEASE, packages: str = PACKAGES) -> None:
    """Run mmdebstrap; without a mirror it takes Debian's own, with updates and security updates."""
    with tempfile.TemporaryDirectory(dir=target.parent) as name:
        tar = Path(name) / "root.tar"
        argv = [
            "mmdebstrap", f"--mode={'root' if os.geteuid() == 0 else 'unshare'}", "--variant=minbase",
            f"--include={packages}", f"--hook-dir={HOOKS}",
            '--aptopt=Dir::Cache::pkgcache ""', '--aptopt=Dir::Cache::srcpkgcache ""',
            *(f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in ("doc", "locale", "man")),
            '--customize-hook=rm -rf "$1"/var/lib/apt/lists/*', release, str(tar), *mirrors,
        ]  # fmt: skip
        ran = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=SECONDS)
        assert ran.returncode == 0, f"mmdebstrap cannot build a root: {ran.stderr[-2000:]}"
        packed = Path(name) / "root.tar.gz"
        with tar.open("rb") as source, gzip.GzipFile(packed, "wb", compresslevel=6, mtime=0) as file:
            shutil.copyfileobj(source, file)
        packed.replace(target)


def _main_line(root: Path) -> str:
    """Give the line of the release itself, without its updates, as the full root names it."""
    text = "\n".join(file.data.decode() for file in sources_of(root) if file.path.endswith(".list"))
    return next(line for line in text.splitlines() if re.match(rf"deb .*\S+ {RELEASE} main", line))


def _only(file: SystemFile, suite: str) -> SystemFile:
    if not file.path.endswith(".list"):
        return file
    lines = [line for line in file.data.decode().splitlines() if f" {suite} " in line]
    return SystemFile(path=file.path, data="\n".join(lines).encode())


def _read(root: Path, wanted: re.Pattern[str]) -> list[SystemFile]:
    found = []
    with tarfile.open(root) as tar:
        for member in tar:
            path = member.name.removeprefix("./")
            if member.isfile() and wanted.fullmatch(path) and (file := tar.extractfile(member)):
                found.append(SystemFile(path=path, data=file.read()))
    return found


def _is_fresh(path: Path) -> bool:
    return path.is_file() and datetime.now(UTC).timestamp() - path.stat().st_mtime < FRESH_SECONDS


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
