"""Images made of several layers for the real registry of `tests.rig.registry`, with whiteouts, links and attestations.

    base = compressed(layer([*system(debian_files({"openssl": "3.0.11-1"})), symlink("lib", "usr/lib")]), "gzip")
    top = compressed(layer([whiteout("etc/apt/sources.list"), file("app/main.py", b"")]), "zstd")
    digest = push_layers(docker_registry, "library/python", "3.12-slim", [base, top], env={"PYTHON_VERSION": "3.12.9"})

The same arguments always give the same digest.
"""

import gzip
import hashlib
import io
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple, TypeAlias

import zstandard

from tests.rig.registry import (
    CONFIG,
    INDEX,
    LAYER,
    MANIFEST,
    Blob,
    DockerRegistry,
    _entry,
    _json,
    _platform,
    _put_blob,
    _put_manifest,
)

How: TypeAlias = Literal["gzip", "gzip-multi", "zstd", "zstd-multi", "none"]
Format: TypeAlias = Literal["gnu", "pax"]

PLAIN_LAYER = "application/vnd.oci.image.layer.v1.tar"
ZSTD_LAYER = "application/vnd.oci.image.layer.v1.tar+zstd"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
IN_TOTO = "application/vnd.in-toto+json"
SPDX = "https://spdx.dev/Document"
PROVENANCE = "https://slsa.dev/provenance/v0.2"
UNKNOWN = {"architecture": "unknown", "os": "unknown"}
FORMATS = {"gnu": tarfile.GNU_FORMAT, "pax": tarfile.PAX_FORMAT}
PIECE = 1000  # bytes of tar in one gzip member or zstd frame of the `-multi` kinds


class Entry(NamedTuple):
    """One entry of a layer; `kind` is a type of tarfile, `target` that of a link."""

    path: str
    kind: bytes = tarfile.REGTYPE
    data: bytes = b""
    target: str = ""


class Layer(NamedTuple):
    """A layer as it is pushed, and the tar that it is made of."""

    blob: Blob
    tar: bytes

    @property
    def media_type(self) -> str:
        return self.blob.media_type

    @property
    def data(self) -> bytes:
        return self.blob.data

    @property
    def digest(self) -> str:
        return self.blob.digest

    @property
    def diff_id(self) -> str:
        return f"sha256:{hashlib.sha256(self.tar).hexdigest()}"


def file(path: str, data: bytes = b"") -> Entry:
    return Entry(path, data=data)


def directory(path: str) -> Entry:
    return Entry(path, tarfile.DIRTYPE)


def symlink(path: str, target: str) -> Entry:
    return Entry(path, tarfile.SYMTYPE, target=target)


def hardlink(path: str, target: str) -> Entry:
    return Entry(path, tarfile.LNKTYPE, target=target)


def fifo(path: str) -> Entry:
    return Entry(path, tarfile.FIFOTYPE)


def whiteout(path: str) -> Entry:
    """Remove a path of the layers below."""
    folder, slash, name = path.rpartition("/")
    return Entry(f"{folder}{slash}.wh.{name}")


def opaque(path: str) -> Entry:
    """Hide whatever the layers below have in a directory."""
    return Entry(f"{path}/.wh..wh..opq" if path else ".wh..wh..opq")


def system(files: Mapping[str, bytes]) -> list[Entry]:
    """Give files as entries, with the directories above them."""
    above = {path[:at] for path in files for at, letter in enumerate(path) if letter == "/"}
    folders = [directory(path) for path in sorted(above)]
    return folders + [file(path, data) for path, data in sorted(files.items())]


def layer(entries: Iterable[Entry], *, format: Format = "pax") -> bytes:  # noqa: A002 - tarfile's own word
    """Write a plain tar, entries in the given order."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=FORMATS[format], errors="surrogateescape") as tar:
        for entry in entries:
            member = tarfile.TarInfo(entry.path)
            member.type, member.linkname, member.size = entry.kind, entry.target, len(entry.data)
            member.mode = 0o755 if entry.kind == tarfile.DIRTYPE else 0o644
            tar.addfile(member, io.BytesIO(entry.data))
    return buffer.getvalue()


def compressed(tar: bytes, how: How = "gzip", *, media_type: str | None = None) -> Layer:
    """Compress a tar; `media_type` replaces OCI's own (DOCKER_LAYER, or one that lies)."""
    pieces = [tar[at : at + PIECE] for at in range(0, len(tar), PIECE)]
    packer = zstandard.ZstdCompressor(level=3)
    match how:
        case "gzip":
            data, own = gzip.compress(tar, mtime=0), LAYER
        case "gzip-multi":
            data, own = b"".join(gzip.compress(piece, mtime=0) for piece in pieces), LAYER
        case "zstd":
            data, own = packer.compress(tar), ZSTD_LAYER
        case "zstd-multi":
            data, own = b"".join(map(packer.compress, pieces)), ZSTD_LAYER
        case _:
            data, own = tar, PLAIN_LAYER
    return Layer(Blob(media_type or own, data), tar)


def push_layers(
    registry: DockerRegistry,
    repository: str,
    tag: str | None,
    layers: Sequence[Layer | bytes],
    *,
    env: Mapping[str, str] | None = None,
    user: str = "",
    labels: Mapping[str, str] | None = None,
    history: Sequence[str] = (),
    created: str | None = "2026-01-01T00:00:00Z",
    platform: str = "linux/amd64",
) -> str:
    """Push an image of layers, the lowest first (plain tars are gzipped); give its manifest's digest.

    Without a tag it is reached by digest only. A layer of Docker's type makes it an image of Docker's types.
    """
    stack = [one if isinstance(one, Layer) else compressed(one) for one in layers]
    docker = any(one.media_type == DOCKER_LAYER for one in stack)
    document = {
        **_platform(platform),
        **({"created": created} if created else {}),
        "config": {
            "Env": [f"{name}={value}" for name, value in (env or {}).items()],
            **({"User": user} if user else {}),
            **({"Labels": dict(labels)} if labels else {}),
        },
        "rootfs": {"type": "layers", "diff_ids": [one.diff_id for one in stack]},
        **({"history": [{"created_by": step} for step in history]} if history else {}),
    }
    config = Blob(DOCKER_CONFIG if docker else CONFIG, _json(document))
    return _push(registry, repository, tag, config, [one.blob for one in stack], docker=docker)


def push_attestation(
    registry: DockerRegistry,
    repository: str,
    tag: str | None,
    images: Mapping[str, str],
    spdx: Mapping[str, Mapping[str, object]],
    *,
    subject: str | None = None,
    refers: str | None = None,
    predicate_type: str = SPDX,
    provenance: bool = True,
) -> str:
    """Push an index over images, and for each platform of `spdx` an attestation, as BuildKit does; give its digest.

    `images` are digests by platform, `spdx` documents by platform. `subject` is a digest that the statements speak
    of instead of the true one, `refers` one that the index's annotations name instead. With `provenance`, another
    statement stands before the SPDX one in the same manifest.
    """
    with registry.client() as client:
        entries = [_entry(client, repository, digest, _platform(name)) for name, digest in images.items()]
        for name, document in spdx.items():
            about = subject or images[name]
            layers = [_statement(PROVENANCE, about, {"builder": {"id": ""}})] if provenance else []
            layers.append(_statement(predicate_type, about, document))
            diff_ids = [blob.digest for blob, _ in layers]
            config = Blob(CONFIG, _json({**UNKNOWN, "config": {}, "rootfs": {"type": "layers", "diff_ids": diff_ids}}))
            kinds = [{"in-toto.io/predicate-type": kind} for _, kind in layers]
            digest = _push(registry, repository, None, config, [blob for blob, _ in layers], annotations=kinds)
            reference = {
                "vnd.docker.reference.digest": refers or images[name],
                "vnd.docker.reference.type": "attestation-manifest",
            }
            entries.append({**_entry(client, repository, digest, UNKNOWN), "annotations": reference})
        index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}
        return _put_manifest(client, repository, tag, Blob(INDEX, _json(index)))


def debian_files(
    packages: Mapping[str, str],
    *,
    release: str = "12",
    codename: str = "bookworm",
    sources: str | None = None,
    origins: Mapping[str, str] | None = None,
    architecture: str = "amd64",
) -> dict[str, bytes]:
    """Give a small Debian: versions by binary package; `sources` is the text of `debian.sources`, None for no file.

    `origins` has what stands in the field Source of a package (`openssl` or `openssl (3.0.11-1)`).
    """
    version_id = f'VERSION_ID="{release}"\n' if release else ""
    os_release = f'PRETTY_NAME="Debian {release}"\nNAME="Debian"\n{version_id}VERSION_CODENAME={codename}\nID=debian\n'
    stanzas = []
    for name, version in packages.items():
        source = f"Source: {origins[name]}\n" if origins and name in origins else ""
        stanzas.append(
            f"Package: {name}\nStatus: install ok installed\nPriority: required\nSection: libs\nInstalled-Size: 1\n"
            f"Maintainer: Someone <someone@mail.example>\nArchitecture: {architecture}\nMulti-Arch: foreign\n{source}"
            f"Version: {version}\nDescription: the package {name}\n with a second line\n ."
        )
    found = {"usr/lib/os-release": os_release, "var/lib/dpkg/status": "".join(f"{one}\n\n" for one in stanzas)}
    if sources is not None:
        found["etc/apt/sources.list.d/debian.sources"] = sources
    return {path: text.encode() for path, text in found.items()}


def alpine_files(
    packages: Mapping[str, str],
    *,
    release: str = "3.20.3",
    repositories: str | None = None,
    origins: Mapping[str, str] | None = None,
    architecture: str = "x86_64",
) -> dict[str, bytes]:
    """Give a small Alpine: versions by package; `repositories` is the text of that file, None for no file.

    `origins` are the names of the source packages, where they are not those of the packages.
    """
    stanzas = [
        f"C:Q1{'A' * 27}=\nP:{name}\nV:{version}\nA:{architecture}\nS:1000\nI:4096\nT:the package {name}\n"
        f"U:https://project.example/\nL:MIT\no:{(origins or {}).get(name, name)}\nm:Someone <someone@mail.example>\n"
        f"t:1700000000\nc:{'0' * 40}\nF:usr\nF:usr/lib\nR:lib{name}.so\na:0:0:755\nZ:Q1{'B' * 27}=\n"
        for name, version in packages.items()
    ]
    found = {
        "usr/lib/os-release": f'NAME="Alpine Linux"\nID=alpine\nVERSION_ID={release}\nPRETTY_NAME="Alpine Linux"\n',
        "etc/alpine-release": f"{release}\n",
        "lib/apk/db/installed": "".join(f"{one}\n" for one in stanzas),
    }
    if repositories is not None:
        found["etc/apk/repositories"] = repositories
        found["etc/apk/arch"] = f"{architecture}\n"
    return {path: text.encode() for path, text in found.items()}


def _push(
    registry: DockerRegistry,
    repository: str,
    tag: str | None,
    config: Blob,
    layers: Sequence[Blob],
    *,
    docker: bool = False,
    annotations: Sequence[Mapping[str, str]] = (),
) -> str:
    rows = [dict(one.descriptor) for one in layers]
    for row, notes in zip(rows, annotations, strict=False):
        row["annotations"] = dict(notes)
    kind = DOCKER_MANIFEST if docker else MANIFEST
    manifest = {"schemaVersion": 2, "mediaType": kind, "config": config.descriptor, "layers": rows}
    with registry.client() as client:
        for blob in (*layers, config):
            _put_blob(client, repository, blob)
        return _put_manifest(client, repository, tag, Blob(kind, _json(manifest)))


def _statement(kind: str, about: str, predicate: Mapping[str, object]) -> tuple[Blob, str]:
    """Write an in-toto statement, v0.1, about the image of a digest."""
    document = {
        "_type": "https://in-toto.io/Statement/v0.1",
        "predicateType": kind,
        "subject": [{"name": "pkg:docker/image", "digest": {"sha256": about.removeprefix("sha256:")}}],
        "predicate": dict(predicate),
    }
    return Blob(IN_TOTO, _json(document)), kind
