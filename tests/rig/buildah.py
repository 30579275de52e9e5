"""Buildah with a store of its own: builds images, looks into their layers, and starts what is in them.

Everything runs in a changed root (`--isolation chroot`), which works where no container can be started; the network is
this machine's.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SECONDS = 280
KEPT = ("index-url", "extra-index-url", "trusted-host", "proxy")
STORAGE = """\
[storage]
driver = "vfs"
graphroot = "{folder}/root"
runroot = "{folder}/run"
"""
CERTIFICATES = "/mnt/ca.pem"  # a folder that every root has, so that no mount point of ours stays in a layer


class Buildah:
    """Commands on a store in `folder`; `insecure` is a registry on loopback."""

    def __init__(self, folder: Path, insecure: str) -> None:
        self.folder = folder
        assert shutil.which("buildah"), "buildah is not installed: tests/run installs it"
        storage, registries = folder / "storage.conf", folder / "registries.conf"
        storage.write_text(STORAGE.format(folder=folder))
        registries.write_text(f'[[registry]]\nlocation = "{insecure}"\ninsecure = true\n')
        own = {"CONTAINERS_STORAGE_CONF": str(storage), "CONTAINERS_REGISTRIES_CONF": str(registries)}
        self.environment = os.environ | own

    def __call__(self, *words: str) -> str:
        """Run a command to its end, and give what it printed."""
        ran = subprocess.run(
            ["buildah", *words], env=self.environment, capture_output=True, text=True, timeout=SECONDS, check=False
        )
        assert ran.returncode == 0, f"buildah {words[0]}: {ran.stdout[-3000:]}\n{ran.stderr[-3000:]}"
        return ran.stdout

    def config(self, image: str) -> Any:
        """Give what an image says of itself: its configuration as Docker has it, with its history."""
        return json.loads(self("inspect", "--type", "image", image))["Docker"]

    def pieces(self, image: str) -> Iterator[tuple[str, bytes]]:
        """Give every layer (as plain tar) and document of an image, by the name of its file."""
        folder = self.folder / "pieces"
        self("push", "--disable-compression", image, f"dir:{folder}")
        for path in sorted(folder.iterdir()):
            yield path.name, path.read_bytes()
        shutil.rmtree(folder)

    def within(self, container: str, *words: str) -> list[str]:
        """Give the command line that runs words in a container, as its user and with its environment."""
        return ["buildah", "run", "--isolation", "chroot", container, "--", *words]


def pip_settings(folder: Path) -> tuple[Path, list[str]]:
    """Write the pip configuration that a build here needs; give it, and buildah's options for its certificates.

    Indexes on this machine's disk are left out: they do not exist inside.
    """
    command = [sys.executable, "-m", "pip", "config", "list"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rows = [line.partition("=") for line in said.splitlines()]
    found = {name.rpartition(".")[2]: value.strip("'\"") for name, _, value in rows}
    lines = [f"{name} = {value}" for name in KEPT if (value := _remote(found.get(name, "")))]
    options = []
    if "cert" in found:
        (folder / "mnt").mkdir()
        shutil.copy(found["cert"], folder / "mnt" / "ca.pem")
        options = ["--volume", f"{folder / 'mnt'}:/mnt:ro"]
        lines.append(f"cert = {CERTIFICATES}")
    path = folder / "pip.conf"
    path.write_text("[global]\n" + "".join(f"{line}\n" for line in lines))
    return path, options


def _remote(value: str) -> str:
    return " ".join(word for word in value.replace("\\n", " ").split() if not word.startswith("file:"))
