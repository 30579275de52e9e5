"""A base image like the official slim Python: the same release of Debian with its Python, built by mmdebstrap.

It is kept between runs, and pushed to the registry of `tests.rig.registry` under the name that deploy/Dockerfile uses.
"""

import gzip
import shutil
from pathlib import Path

from tests.rig.debian_images import _build, _is_fresh, _locked, cache_folder
from tests.rig.registry import CONFIG, LAYER, MANIFEST, Blob, DockerRegistry, _config, _json, _put_blob, _put_manifest

RELEASE = "trixie"
PYTHON = "3.13"
REPOSITORY, TAG = "library/python", f"{PYTHON}-slim-{RELEASE}"
PACKAGES = "usr-is-merged,ca-certificates,python3,python3-venv"
PATH = "/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin"


def python_root() -> Path:
    """Build the root, or give that of an earlier run, as a gzipped tar; one process builds while others wait."""
    assert shutil.which("mmdebstrap"), "mmdebstrap is not installed: tests/run installs it"
    folder = cache_folder() / f"python-{RELEASE}"
    folder.mkdir(parents=True, exist_ok=True)
    root = folder / "root.tar.gz"
    with _locked(folder / "lock"):
        if not _is_fresh(root):
            _build(root, [], release=RELEASE, packages=PACKAGES)
    return root


def push_python(registry: DockerRegistry, root: Path) -> str:
    """Push a root as an image whose environment names its Python; give the manifest's digest."""
    packed = root.read_bytes()
    env = {"PATH": PATH, "PYTHON_VERSION": f"{PYTHON}.5"}
    layer = Blob(LAYER, packed)
    config = Blob(CONFIG, _json(_config(env, "linux/amd64", gzip.decompress(packed), ())))
    manifest = {
        "schemaVersion": 2, "mediaType": MANIFEST, "config": config.descriptor, "layers": [layer.descriptor],
    }  # fmt: skip
    with registry.client() as client:
        for blob in (layer, config):
            _put_blob(client, REPOSITORY, blob)
        return _put_manifest(client, REPOSITORY, TAG, Blob(MANIFEST, _json(manifest)))
