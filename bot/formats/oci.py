"""The documents of a container registry: image indexes and manifests.

OCI image-spec v1.1, image-index.md and manifest.md; Docker's manifest list v2.2 has the same shape.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bot.formats import json_text
from bot.formats.json_text import rows, table
from bot.model.images import PlatformManifest

DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
PLATFORM = re.compile(r"[A-Za-z0-9._-]{1,64}(?:/[A-Za-z0-9._-]{1,64}){1,2}")
INDEX_TYPES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
MANIFEST_TYPES = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
# layers that are not pushed with the image: OCI image-spec v1.1, layer.md, "Non-Distributable Layers"
FOREIGN_TYPES = (
    "application/vnd.oci.image.layer.nondistributable.",
    "application/vnd.docker.image.rootfs.foreign.",
)
SPDX = "https://spdx.dev/Document"
LARGEST_SIZE = 1 << 50  # bytes; a size beyond any registry's is a lie
PLAIN = {"linux/amd64/v1": "linux/amd64", "linux/arm64/v8": "linux/arm64", "linux/arm": "linux/arm/v7"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One layer of a manifest: its digest, its size as transferred in bytes, and its media type."""

    digest: str
    size: int
    media_type: str
    annotations: tuple[tuple[str, str], ...] = ()

    @property
    def is_foreign(self) -> bool:
        """Whether it may be kept elsewhere than in the registry."""
        return self.media_type.startswith(FOREIGN_TYPES)

    def annotation(self, name: str) -> str:
        """Give an annotation, "" where there is none."""
        return dict(self.annotations).get(name, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attestation:
    """An index's manifest that speaks of another one, whose digest is `subject`."""

    digest: str
    subject: str


def is_digest(text: str) -> bool:
    """Tell whether this is a sha256 digest as registries write it, in lower case."""
    return DIGEST.fullmatch(text) is not None


def plain_platform(name: str) -> str:
    """Bring `os/architecture/variant` to the form in which platforms are compared.

    The variant that containerd takes for granted is left out or put in: `linux/arm64`, not `linux/arm64/v8`;
    `linux/arm/v7`, not `linux/arm`.
    """
    return PLAIN.get(name, name)


def platform(document: Any) -> str:
    """Give the platform that an object names as `plain_platform` does, "" where it names none that makes sense."""
    os, architecture, variant = (table(document).get(key) for key in ("os", "architecture", "variant"))
    name = f"{os}/{architecture}/{variant}" if variant else f"{os}/{architecture}"
    return plain_platform(name) if os and architecture and PLATFORM.fullmatch(name) else ""


def platforms(body: bytes) -> tuple[PlatformManifest, ...]:
    """List an index's manifests, sorted; empty for a manifest of one image.

    Attestations (`unknown/unknown`) are left out; platforms are named as `plain_platform` does.
    Raises ValueError where `body` is neither an index nor a manifest.
    """
    document = json_text.read(body)
    if not isinstance(document, dict) or document.get("schemaVersion") not in (1, 2):  # a list is in no set
        raise ValueError("this is not an image manifest")
    entries = document.get("manifests", [])
    if not isinstance(entries, list):
        raise ValueError("this image index does not list manifests")  # noqa: TRY004 - a document, not an argument
    found = {_entry(entry) for entry in entries}
    return tuple(sorted((entry for entry in found if entry is not None), key=lambda one: (one.platform, one.digest)))


def lone(body: bytes) -> str:
    """Give the only entry of an index that names no platform, whose configuration will; "" where `body` is no index.

    Raises ValueError for an index without an image, or with several that cannot be told apart.
    """
    document = json_text.read(body)
    if not isinstance(document, dict) or "manifests" not in document:
        return ""
    entries = [one for one in rows(document["manifests"]) if isinstance(one, dict) and "platform" not in one]
    digests = [str(one.get("digest")) for one in entries]
    if len(digests) != 1 or not is_digest(digests[0]):
        raise ValueError("this image index names no platform" if entries else "this image index holds no image")
    return digests[0]


def manifest(body: bytes) -> dict[str, Any]:
    """Read the manifest of one image; raises ValueError where `body` is none that can be used."""
    document = json_text.read(body)
    if not isinstance(document, dict):
        raise ValueError("this is not an image manifest")  # noqa: TRY004 - a document, not an argument
    if document.get("schemaVersion") == 1:
        raise ValueError("this manifest is of Docker's first schema, which nobody reads any more: push the image anew")
    return document


def layers(body: bytes) -> tuple[Layer, ...]:
    """List a manifest's layers, the lowest first; raises ValueError where `body` is no manifest of one image."""
    found = manifest(body).get("layers")
    if not isinstance(found, list):
        raise ValueError("this image manifest lists no layers")  # noqa: TRY004 - a document, not an argument
    return tuple(_layer(entry) for entry in found)


def attestations(body: bytes) -> tuple[Attestation, ...]:
    """List an index's attestations as BuildKit writes them (docs/attestations/attestation-storage.md of moby/buildkit).

    Empty for everything else; never raises for what `platforms` accepts.
    """
    return tuple(_attestations(rows(table(json_text.read(body)).get("manifests"))))


def _attestations(entries: list[Any]) -> Iterator[Attestation]:
    for entry in entries:
        notes = table(table(entry).get("annotations"))
        if notes.get("vnd.docker.reference.type") != "attestation-manifest":
            continue
        digest, subject = entry.get("digest"), notes.get("vnd.docker.reference.digest")
        if isinstance(digest, str) and isinstance(subject, str) and is_digest(digest) and is_digest(subject):
            yield Attestation(digest=digest, subject=subject)


def _layer(entry: Any) -> Layer:
    entry = table(entry)
    digest, size, notes = entry.get("digest"), entry.get("size"), table(entry.get("annotations"))
    if not isinstance(digest, str) or not is_digest(digest):
        raise ValueError("this image manifest names a layer without a sha256 digest")
    if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size <= LARGEST_SIZE:
        raise ValueError("this image manifest names a layer without a size")
    return Layer(
        digest=digest,
        size=size,
        media_type=str(entry.get("mediaType", "")),
        annotations=tuple((key, text) for key, text in notes.items() if isinstance(text, str)),
    )


def _entry(entry: Any) -> PlatformManifest | None:
    """Read one descriptor; None for one without a platform, which is no image that could run."""
    name = platform(table(entry).get("platform"))
    if not name or "unknown" in name.split("/")[:2]:
        return None
    digest = entry.get("digest")
    if not isinstance(digest, str) or not is_digest(digest):
        raise ValueError("this image index names a manifest without a sha256 digest")
    return PlatformManifest(platform=name, digest=digest)
