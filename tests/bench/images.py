"""Measures looking into images and at their tags: `python tests/bench/images.py [inside|many]`, from the root.

`inside`: an image in the shape of python-slim (4 layers, 61 MB as transferred) in a real registry on loopback, each case
in a process of its own. `many`: 1,000 references over 50 images in the Dockerfiles of one repository, checked twice.
Requests and bytes are those of the registry's own log; memory is the most that the whole process ever held.
"""

import gzip
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests.rig.inside import STATUS, debian, spdx
from tests.rig.layers import Entry, Layer, compressed, file, layer, push_attestation, push_layers, system
from tests.rig.registry import LAYER, Blob, DockerRegistry, push_index
from tests.rig.repositories import make_repository

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
PLATFORM, REPOSITORY = "linux/amd64", "library/python"
MB = 1_000_000
TEXT = b"A file of a system has a lot of text that says nearly the same, again and again, in other words. "
REQUEST = re.compile(r'"(?P<method>GET|HEAD) (?P<path>/v2/\S*) HTTP/1\.1" (?P<status>\d+) (?P<size>\d+)')
PACKAGES = {f"package-{number:03d}": f"1.{number}-1+deb12u1" for number in range(105)} | {"base-files": "12.4+deb12u5"}
# Looks into one image and prints what that cost; nothing of the tests is in this process.
CHILD = """
import json, sys, time
from datetime import UTC, datetime
from pathlib import Path
from bot.adapters.registries.oci import OciRegistry, RegistryHost
from bot.adapters.registries.shelf import Shelf
from bot.model.images import ImageName
from bot.system.clock import fixed_clock
from bot.system.http import Http
from bot.system.http_sender import Sender
name, host, digest, folder = sys.argv[1:]
shelf, packages, began = Shelf(Path(folder)), 0, time.perf_counter()
known = {host: RegistryHost(host=host, insecure=True)}
clock = fixed_clock(datetime(2026, 11, 24, tzinfo=UTC))
with Http() as http:
    registry = OciRegistry(http, known, lambda _: None, clock, recall=shelf.recall, remember=shelf.remember)
    if digest:
        image = ImageName(registry=host, repository="library/python", tag="one")
        packages = len(registry.contents(image, digest, "linux/amd64", sources=name == "sources").packages)
peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
print(json.dumps({
    "seconds": round(time.perf_counter() - began, 2), "mb": round(int(peak.split()[1]) * 1024 / 1e6, 1), "packages": packages,
}))
"""
CASES = {
    "packages": "packages only, nothing known",
    "sibling": "a sibling with the same lower layers",
    "indexed": "the same sibling through its index",
    "unchanged": "the same image once more",
    "sources": "packages and sources, nothing known",
    "attested": "packages only, from an attestation",
}


def main() -> None:
    """Run what is named, or both."""
    words = sys.argv[1:]
    with tempfile.TemporaryDirectory() as name, DockerRegistry(Path(name) / "registry") as registry:
        for scenario in words or ["inside", "many"]:
            {"inside": inside, "many": many}[scenario](Path(name), registry)


def inside(folder: Path, registry: DockerRegistry) -> None:
    """Look into one image in every way."""
    lower = [
        filler(32, 6000, system(bottom())),
        filler(3, 300),
        filler(26, 5000, [file(STATUS, debian(PACKAGES)[STATUS])]),
    ]
    stack = [*lower, filler(0.01, 3)]
    images = [
        push_layers(registry, REPOSITORY, tag, stack, env={"PYTHON_VERSION": tag}) for tag in ("3.12.8", "3.12.9")
    ]
    one, two = (push_index(registry, REPOSITORY, None, {PLATFORM: image}) for image in images)
    said = push_attestation(registry, REPOSITORY, "said", {PLATFORM: images[0]}, {PLATFORM: spdx(PACKAGES)})
    print(f"{'python-slim shape, ' + format(sum(len(row.data) for row in lower) / MB, '.1f') + ' MB':40}"
          f"{'requests':>9}{'MB':>8}{'seconds':>9}{'peak MB':>9}{'packages':>9}")  # fmt: skip
    print(f"{'  (the process before it asks)':40}{'':26}{run_case(registry, '', 'nothing', folder / 'no')['mb']:>9}")
    for name, digest in (
        ("packages", one),
        ("sibling", images[1]),
        ("indexed", two),
        ("unchanged", two),
        ("sources", one),
        ("attested", said),
    ):
        data = folder / (name if name not in {"sibling", "indexed", "unchanged"} else "packages")
        before = len(seen(registry))
        figures = run_case(registry, digest, name, data)
        rows = seen(registry)[before:]
        size = sum(row[3] for row in rows if row[0] == "GET")
        print(f"{CASES[name]:40}{len(rows):>9}{size / MB:>8.3f}{figures['seconds']:>9}{figures['mb']:>9}{figures['packages']:>9}")  # fmt: skip


def bottom() -> dict[str, bytes]:
    """Give the files of the lowest layer."""
    return {path: data for path, data in debian(PACKAGES).items() if path != STATUS}


def filler(size: float, files: int, more: list[Entry] | None = None) -> Layer:
    """Make a layer of about `size` MB as transferred: its files unpack to more than twice as much."""
    source = random.Random(size)
    each = int(size * MB / files)
    entries = list(more or [])
    for number in range(files):
        noise = source.randbytes(int(each * 0.95))
        entries.append(file(f"usr/share/{number % 97:02d}/file-{number}", noise + TEXT * (len(noise) // 70)))
    tar = layer(entries)
    return Layer(Blob(LAYER, gzip.compress(tar, 1, mtime=0)), tar)


def run_case(registry: DockerRegistry, digest: str, name: str, folder: Path) -> Mapping[str, object]:
    argv = [sys.executable, "-c", CHILD, name, registry.host, digest, str(folder)]
    env = {**os.environ, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    found: Mapping[str, object] = json.loads(
        subprocess.run(argv, env=env, capture_output=True, check=True, cwd=ROOT).stdout
    )
    return found


def many(folder: Path, registry: DockerRegistry) -> None:
    """Check 1,000 references over 50 images twice."""
    base = compressed(layer(system(debian())))
    rows = []
    for number in range(50):
        name = f"acme/base-{number:02d}"
        image = push_layers(registry, name, None, [base], env={"PYTHON_VERSION": f"3.12.{number}"})
        rows.append(
            f"FROM {registry.host}/{name}:3.12-slim@{push_index(registry, name, '3.12-slim', {PLATFORM: image})}\n"
        )
    files = {f"services/s{number:02d}/Dockerfile": "".join(rows) for number in range(20)}
    repository = make_repository(folder / "many", files)
    config = folder / "quarterdeck.toml"
    config.write_text(f'[[registry]]\nhost = "{registry.host}"\ninsecure = true\n')
    print(
        f"\n{'1,000 references, 50 images':40}{'HEADs':>9}{'manifests':>10}{'blobs':>7}{'tags':>6}{'MB':>8}{'seconds':>9}"
    )
    for what in ("first check", "second check"):
        before = len(seen(registry))
        began = time.perf_counter()
        outcome = check(repository, folder / "data", config)
        seconds = time.perf_counter() - began
        asked = seen(registry)[before:]

        def count(method: str, part: str, rows: list[tuple[str, str, int, int]] = asked) -> int:
            return sum(row[0] == method and part in row[1] for row in rows)

        size = sum(row[3] for row in asked if row[0] == "GET")
        print(f"{what + ': ' + outcome:40}{count('HEAD', '/manifests/'):>9}{count('GET', '/manifests/'):>10}"
              f"{count('GET', '/blobs/'):>7}{count('GET', '/tags/'):>6}{size / MB:>8.3f}{seconds:>9.2f}")  # fmt: skip


def check(repository: Path, data: Path, config: Path) -> str:
    argv = [sys.executable, "-c", "import sys; from bot.cli import main; main(sys.argv[1:])", "check", str(repository),
            "--only", "images", "--json", "--no-progress", "--data-dir", str(data), "--config", str(config),
            "--now", NOW.isoformat()]  # fmt: skip
    env = {**os.environ, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    done = subprocess.run(argv, env=env, capture_output=True, text=True, check=False, cwd=ROOT)
    if done.returncode != 0:
        raise SystemExit(f"{done.stdout}\n{done.stderr}")
    return str(json.loads(done.stdout)["repositories"][0]["outcome"])


def seen(registry: DockerRegistry) -> list[tuple[str, str, int, int]]:
    """Give every request in the registry's log: method, path, status and bytes of the answer."""
    text = (registry.folder / "registry.log").read_text()
    return [(row["method"], row["path"], int(row["status"]), int(row["size"])) for row in REQUEST.finditer(text)]


if __name__ == "__main__":
    main()
