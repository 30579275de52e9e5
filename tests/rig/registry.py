"""A real container registry for tests: Debian's `docker-registry` on loopback, and tiny images to put into it.

Images are honest: a config blob and one layer, named by their digests, pushed over the distribution API. The same
arguments always give the same digest.
"""

import base64
import gzip
import hashlib
import io
import json
import re
import shutil
import subprocess
import tarfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

import httpx
import pytest

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
STARTED_WITHIN = 30.0
LISTENING = re.compile(r"listening on (127\.0\.0\.1:[0-9]+)")
USERNAME, PASSWORD = "deck", "made-up-password"
HTPASSWD = "deck:$2y$04$o9Le8eejEWNJVykEfG9v7OOukZhCGsBSyZrEtIRPzID5eO.R4szJ."  # bcrypt of the password above
SETTINGS = """\
version: 0.1
log: {{level: info}}
storage:
  filesystem: {{rootdirectory: {root}}}
  delete: {{enabled: true}}
http: {{addr: "127.0.0.1:0"}}
"""
BASIC = """\
auth:
  htpasswd: {{realm: tests, path: {path}}}
"""


class DockerRegistry:
    """A context manager around `docker-registry serve`; `host` is `127.0.0.1:PORT`.

    With `login`, it wants Basic auth with USERNAME and PASSWORD. Everything it keeps stands in `folder`.
    """

    def __init__(self, folder: Path, *, login: bool = False) -> None:
        self.folder, self.login = folder, login
        self.host = ""
        self._log = folder / "registry.log"
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://{self.host}"

    def requests(self, method: str, part: str) -> int:
        """Count the requests in its own log whose method is this and whose path contains `part`."""
        lines = self._log.read_text().splitlines()
        return sum(f'"{method} ' in line and part in line for line in lines)

    def client(self) -> httpx.Client:
        auth = (USERNAME, PASSWORD) if self.login else None
        return httpx.Client(base_url=self.url, auth=auth, trust_env=False, timeout=30, verify=False)

    def __enter__(self) -> Self:
        program = shutil.which("docker-registry")
        assert program, "docker-registry is not installed; it is Debian's package docker-registry"
        self.folder.mkdir(parents=True, exist_ok=True)
        config = self.folder / "config.yml"
        config.write_text(SETTINGS.format(root=self.folder / "data") + self._auth())
        with self._log.open("wb") as log:
            self._child = subprocess.Popen([program, "serve", str(config)], stdout=log, stderr=log)
        self._wait_until_it_listens(self._child)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End the server; what it keeps stays in the folder."""
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            child.wait()

    def _auth(self) -> str:
        if not self.login:
            return ""
        path = self.folder / "htpasswd"
        path.write_text(HTPASSWD + "\n")
        return BASIC.format(path=path)

    def _wait_until_it_listens(self, child: subprocess.Popen[bytes]) -> None:
        end = time.monotonic() + STARTED_WITHIN
        while (found := LISTENING.search(self._log.read_text())) is None:
            assert child.poll() is None, f"docker-registry ended: {self._log.read_text()}"
            assert time.monotonic() < end, f"docker-registry does not listen: {self._log.read_text()}"
            time.sleep(0.02)
        self.host = found[1]


@pytest.fixture
def docker_registry(tmp_path: Path) -> Iterator[DockerRegistry]:
    """Serve an empty registry that anybody may use."""
    with DockerRegistry(tmp_path / "registry") as registry:
        yield registry


@pytest.fixture
def private_registry(tmp_path: Path) -> Iterator[DockerRegistry]:
    """Serve an empty registry that wants USERNAME and PASSWORD."""
    with DockerRegistry(tmp_path / "private-registry", login=True) as registry:
        yield registry


class Blob(NamedTuple):
    """Bytes with a media type; a registry knows them by their digest."""

    media_type: str
    data: bytes

    @property
    def digest(self) -> str:
        return f"sha256:{hashlib.sha256(self.data).hexdigest()}"

    @property
    def descriptor(self) -> dict[str, object]:
        return {"mediaType": self.media_type, "digest": self.digest, "size": len(self.data)}


def push_image(
    registry: DockerRegistry,
    repository: str,
    tag: str | None,
    *,
    env: Mapping[str, str] | None = None,
    files: Mapping[str, bytes] | None = None,
    platform: str = "linux/amd64",
    steps: Sequence[str] = (),
) -> str:
    """Push an image with one layer; give its manifest's digest. Without a tag it is reached by digest only.

    `steps` are the commands of its history.
    """
    tar = _tar(files or {})
    layer = Blob(LAYER, gzip.compress(tar, mtime=0))
    config = Blob(CONFIG, _json(_config(env or {}, platform, tar, steps)))
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": config.descriptor,
        "layers": [layer.descriptor],
    }
    with registry.client() as client:
        for blob in (layer, config):
            _put_blob(client, repository, blob)
        return _put_manifest(client, repository, tag, Blob(MANIFEST, _json(manifest)))


def push_index(
    registry: DockerRegistry, repository: str, tag: str | None, images: Mapping[str, str], *, attestations: int = 0
) -> str:
    """Push an index over images that stand in the same repository, by platform; give the index's digest.

    Attestations are added as BuildKit adds them: `unknown/unknown`, naming the image they speak of.
    """
    with registry.client() as client:
        entries = [_entry(client, repository, digest, _platform(name)) for name, digest in images.items()]
        subjects = list(images.values())
        for number in range(attestations):
            digest = push_image(registry, repository, None, files={"statement.json": b"%d" % number})
            entry = _entry(client, repository, digest, {"architecture": "unknown", "os": "unknown"})
            subject = subjects[number % len(subjects)]
            kind = "attestation-manifest"
            entry["annotations"] = {"vnd.docker.reference.digest": subject, "vnd.docker.reference.type": kind}
            entries.append(entry)
        index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}
        return _put_manifest(client, repository, tag, Blob(INDEX, _json(index)))


def basic(username: str = USERNAME, password: str = PASSWORD) -> str:
    """Give the Authorization header of Basic auth."""
    return f"Basic {base64.b64encode(f'{username}:{password}'.encode()).decode()}"


def _config(env: Mapping[str, str], platform: str, tar: bytes, steps: Sequence[str]) -> dict[str, object]:
    history = {"history": [{"created_by": step} for step in steps]} if steps else {}
    return {
        **_platform(platform),
        "created": "2026-01-01T00:00:00Z",
        "config": {"Env": [f"{name}={value}" for name, value in env.items()]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(tar).hexdigest()}"]},
        **history,
    }


def _platform(name: str) -> dict[str, str]:
    return dict(zip(("os", "architecture", "variant"), name.split("/"), strict=False))


def _tar(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path, data in sorted(files.items()):
            member = tarfile.TarInfo(path)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def _json(document: Mapping[str, object]) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()


def _entry(client: httpx.Client, repository: str, digest: str, platform: Mapping[str, str]) -> dict[str, object]:
    head = client.head(f"/v2/{repository}/manifests/{digest}", headers={"accept": f"{MANIFEST}, {INDEX}"})
    size = int(head.raise_for_status().headers["content-length"])
    return {"mediaType": head.headers["content-type"], "digest": digest, "size": size, "platform": dict(platform)}


def _put_blob(client: httpx.Client, repository: str, blob: Blob) -> None:
    start = client.post(f"/v2/{repository}/blobs/uploads/").raise_for_status()
    url = httpx.URL(start.headers["location"]).copy_merge_params({"digest": blob.digest})
    client.put(url, content=blob.data, headers={"content-type": "application/octet-stream"}).raise_for_status()


def _put_manifest(client: httpx.Client, repository: str, tag: str | None, manifest: Blob) -> str:
    url = f"/v2/{repository}/manifests/{tag or manifest.digest}"
    answer = client.put(url, content=manifest.data, headers={"content-type": manifest.media_type}).raise_for_status()
    assert answer.headers["docker-content-digest"] == manifest.digest
    return manifest.digest
