"""The configuration of an image: OCI image-spec v1.1, config.md, and the manifest that names it, manifest.md."""

import re
from datetime import UTC, datetime
from typing import Any

from bot.formats import json_text, oci
from bot.formats.json_text import clean, rows, table
from bot.formats.oci import is_digest
from bot.model.images import ImageConfig
from bot.model.packages import OsRelease

OTHER_APK = ("wolfi", "chainguard", "apko")  # these have apk too, and are built on glibc
ALPINE_ROOT = re.compile(r"alpine-minirootfs-(?P<version>[0-9]{1,9}(?:\.[0-9]{1,9}){1,3})-")
MOMENT = re.compile(r"(?P<whole>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d{1,9})?(?P<zone>Z|[+-]\d\d:\d\d)", re.ASCII)
VERSION = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9}){0,3}")
FIRST_YEAR = 2013
LABEL = "org.opencontainers.image."


def config_digest(manifest: bytes) -> str:
    """Give the digest of the configuration that a manifest names; raises ValueError where it names none."""
    digest = table(oci.manifest(manifest).get("config")).get("digest")
    if not isinstance(digest, str) or not is_digest(digest):
        raise ValueError("this image manifest names no configuration")
    return digest


def config(body: bytes) -> ImageConfig:
    """Read an image configuration; raises ValueError where `body` is none.

    Alpine is told by its history: the root that Docker's build adds, or `apk add`. Entries that are not as the
    specification says are left out.
    """
    document = json_text.read(body)
    if not isinstance(document, dict) or "rootfs" not in document:
        raise ValueError("this is not an image configuration")
    inner = table(document.get("config"))
    entries = rows(inner.get("Env"))
    pairs = (clean(entry).partition("=") for entry in entries if isinstance(entry, str))
    steps = " ".join(str(table(step).get("created_by", "")) for step in rows(document.get("history"))).lower()
    apk = "apk add" in steps and not any(name in steps for name in OTHER_APK)
    labels = {key: text for key, text in table(inner.get("Labels")).items() if isinstance(text, str)}
    return ImageConfig(
        env=tuple((name, value) for name, given, value in pairs if given),
        musl="alpine-minirootfs" in steps or apk,
        platform=oci.platform(document),
        created=_moment(document.get("created")),
        user=clean(str(inner.get("User") or "")),
        os=_os(labels, steps),
    )


def _moment(text: Any) -> datetime | None:
    """Read RFC 3339; the epoch and the years before containers are what reproducible builds write: no moment at all."""
    found = MOMENT.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        return None
    try:
        moment = datetime.fromisoformat(found["whole"] + found["zone"].replace("Z", "+00:00")).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if moment.year >= FIRST_YEAR else None


def _os(labels: dict[str, str], steps: str) -> OsRelease | None:
    """Tell the operating system where its makers wrote it down: Ubuntu in labels, Alpine in its history."""
    name, version = labels.get(f"{LABEL}ref.name", ""), labels.get(f"{LABEL}version", "")
    if name == "ubuntu" and VERSION.fullmatch(version):
        return OsRelease(id="ubuntu", version=version)
    alpine = ALPINE_ROOT.search(steps)
    return OsRelease(id="alpine", version=alpine["version"]) if alpine else None
