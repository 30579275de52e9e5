"""The configuration of an image: OCI image-spec v1.1, config.md, and the manifest that names it, manifest.md."""

import json
from typing import Any

from bot.formats.oci import is_digest
from bot.model.images import ImageConfig

OTHER_APK = ("wolfi", "chainguard", "apko")  # these have apk too, and are built on glibc


def config_digest(manifest: bytes) -> str:
    """Give the digest of the configuration that a manifest names; raises ValueError where it names none."""
    digest = _table(_table(json.loads(manifest)).get("config")).get("digest")
    if not isinstance(digest, str) or not is_digest(digest):
        raise ValueError("this image manifest names no configuration")
    return digest


def config(body: bytes) -> ImageConfig:
    """Read an image configuration; raises ValueError where `body` is none.

    Alpine is told by its history: the root that Docker's build adds, or `apk add`. Entries that are not as the
    specification says are left out.
    """
    document = json.loads(body)
    if not isinstance(document, dict) or "rootfs" not in document:
        raise ValueError("this is not an image configuration")
    entries = _list(_table(document.get("config")).get("Env"))
    pairs = (entry.partition("=") for entry in entries if isinstance(entry, str))
    steps = " ".join(str(_table(step).get("created_by", "")) for step in _list(document.get("history"))).lower()
    apk = "apk add" in steps and not any(name in steps for name in OTHER_APK)
    return ImageConfig(
        env=tuple((name, value) for name, given, value in pairs if given), musl="alpine-minirootfs" in steps or apk
    )


def kept(found: ImageConfig) -> str:
    """Write a configuration so that `revived` reads it."""
    return json.dumps({"env": found.env, "musl": found.musl})


def revived(text: str | None) -> ImageConfig | None:
    """Read what `kept` wrote; None where there is nothing, or something from another version of this program."""
    try:
        found = json.loads(text or "null")
        return found and ImageConfig(env=tuple((str(one), str(two)) for one, two in found["env"]), musl=found["musl"])
    except (ValueError, TypeError, KeyError):
        return None


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
