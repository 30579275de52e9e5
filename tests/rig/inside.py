"""Small images with something inside, and the names by which a registry knows them."""

from collections.abc import Mapping, Sequence

from bot.adapters.registries.oci import RegistryHost
from bot.model.images import ImageName
from bot.model.packages import Package
from tests.rig.layers import Entry, Layer, compressed, debian_files, file, layer, system
from tests.rig.registry import DockerRegistry
from tests.rig.web import WebServer

REPOSITORY, TAG, PLATFORM = "library/python", "3.12-slim", "linux/amd64"
SOURCES = "Types: deb\nURIs: http://mirror.example/debian\nSuites: bookworm\nComponents: main\n"
PACKAGES = {"base-files": "12.4+deb12u5", "libssl3": "3.0.11-1~deb12u2", "zlib1g": "1:1.2.13.dfsg-1"}
ORIGINS = {"libssl3": "openssl", "zlib1g": "zlib"}
STATUS = "var/lib/dpkg/status"


def plain(server: DockerRegistry | WebServer, mirror: str | None = None) -> RegistryHost:
    return RegistryHost(host=server.host, insecure=True, mirror=mirror)


def named(server: DockerRegistry | WebServer, tag: str | None = TAG, repository: str = REPOSITORY) -> ImageName:
    return ImageName(registry=server.host, repository=repository, tag=tag)


def debian(packages: Mapping[str, str] = PACKAGES, sources: str | None = SOURCES) -> dict[str, bytes]:
    return debian_files(packages, sources=sources, origins=ORIGINS)


def base() -> Layer:
    """A whole Debian in one layer."""
    return compressed(layer(system(debian())))


def app(text: bytes = b"print()\n") -> Layer:
    """A layer on top in which nothing matters."""
    return compressed(layer([file("srv/app.py", text)]))


def split() -> list[Layer]:
    """Debian in three layers as official images have it: the release below, the packages' status on top."""
    files = debian()
    status = files.pop(STATUS)
    return [compressed(layer(system(files))), app(), compressed(layer([file(STATUS, status)]))]


def installed(packages: Mapping[str, str] = PACKAGES) -> tuple[Package, ...]:
    """What `debian` has."""
    return tuple(
        Package(
            name=name, version=version, source=ORIGINS.get(name, name), source_version=version, architecture="amd64"
        )
        for name, version in sorted(packages.items())
    )


def tar(entries: Sequence[Entry]) -> Layer:
    return compressed(layer(entries))


def spdx(packages: Mapping[str, str] = PACKAGES, *, distro: str = "&distro=debian-12") -> dict[str, object]:
    """An SPDX document as syft writes it, with a package of another kind beside."""
    purls = [
        f"pkg:deb/debian/{name}@{version.replace('+', '%2B')}?arch=amd64{distro}"
        + (f"&upstream={ORIGINS[name]}" if name in ORIGINS else "")
        for name, version in packages.items()
    ]
    rows = [
        {"externalRefs": [{"referenceType": "purl", "referenceLocator": one}]} for one in [*purls, "pkg:pypi/pip@24"]
    ]
    return {"spdxVersion": "SPDX-2.3", "packages": rows}


def blob_gets(registry: DockerRegistry) -> int:
    return registry.requests("GET", "/blobs/")


def manifest_gets(registry: DockerRegistry) -> int:
    return registry.requests("GET", "/manifests/")
