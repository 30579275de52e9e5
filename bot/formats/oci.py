"""The documents of a container registry: image indexes and manifests.

OCI image-spec v1.1, image-index.md and manifest.md; Docker's manifest list v2.2 has the same shape.
"""

import json
import re
from typing import Any

from bot.model.images import PlatformManifest

DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
INDEX_TYPES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
MANIFEST_TYPES = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
PLAIN = {"linux/amd64/v1": "linux/amd64", "linux/arm64/v8": "linux/arm64", "linux/arm": "linux/arm/v7"}


def is_digest(text: str) -> bool:
    """Tell whether this is a sha256 digest as registries write it, in lower case."""
    return DIGEST.fullmatch(text) is not None


def plain_platform(name: str) -> str:
    """Bring `os/architecture/variant` to the form in which platforms are compared.

    The variant that containerd takes for granted is left out or put in: `linux/arm64`, not `linux/arm64/v8`;
    `linux/arm/v7`, not `linux/arm`.
    """
    return PLAIN.get(name, name)


def platforms(body: bytes) -> tuple[PlatformManifest, ...]:
    """List an index's manifests, sorted; empty for a manifest of one image.

    Attestations (`unknown/unknown`) are left out; platforms are named as `plain_platform` does.
    Raises ValueError where `body` is neither an index nor a manifest.
    """
    document = json.loads(body)
    if not isinstance(document, dict) or document.get("schemaVersion") not in {1, 2}:
        raise ValueError("this is not an image manifest")
    entries = document.get("manifests", [])
    if not isinstance(entries, list):
        raise ValueError("this image index does not list manifests")  # noqa: TRY004 - a document, not an argument
    found = {_entry(entry) for entry in entries}
    return tuple(sorted((entry for entry in found if entry is not None), key=lambda one: (one.platform, one.digest)))


def _entry(entry: Any) -> PlatformManifest | None:
    """Read one descriptor; None for one without a platform, which is no image that could run."""
    platform = entry.get("platform") if isinstance(entry, dict) else None
    if not isinstance(platform, dict) or "unknown" in (platform.get("os"), platform.get("architecture")):
        return None
    digest = entry.get("digest")
    if not isinstance(digest, str) or not is_digest(digest):
        raise ValueError("this image index names a manifest without a sha256 digest")
    parts = (platform.get("os"), platform.get("architecture"), platform.get("variant"))
    name = "/".join(part for part in parts if isinstance(part, str) and part)
    return PlatformManifest(platform=plain_platform(name), digest=digest)
