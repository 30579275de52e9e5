"""Debian packages for tests: built by dpkg-deb itself, and tar files as they are in them."""

import io
import shutil
import subprocess
import tarfile
from collections.abc import Iterable, Mapping
from pathlib import Path


def make_deb(
    folder: Path, package: str, version: str, files: Mapping[str, bytes | str], *,
    architecture: str = "amd64", source: str = "", compression: str = "xz",
) -> bytes:  # fmt: skip
    """Build a package; a text among the files is where a symbolic link leads."""
    assert shutil.which("dpkg-deb"), "dpkg-deb is not installed: these tests run on Debian or Ubuntu"
    root = folder / f"{package}-root"
    shutil.rmtree(root, ignore_errors=True)
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str):
            path.symlink_to(content)
        else:
            path.write_bytes(content)
    control = root / "DEBIAN/control"
    control.parent.mkdir(parents=True, exist_ok=True)
    lines = [
        f"Package: {package}",
        f"Version: {version}",
        f"Architecture: {architecture}",
        "Maintainer: x <x@mail.example>",
        "Description: x",
    ]
    control.write_text("\n".join([*lines, *([f"Source: {source}"] if source else [])]) + "\n")
    target = folder / f"{package}.deb"
    argv = ["dpkg-deb", f"-Z{compression}", "--root-owner-group", "--build", str(root), str(target)]
    subprocess.run(argv, check=True, capture_output=True)
    return target.read_bytes()


def tar_of(
    files: Mapping[str, bytes], *, extra: Iterable[tarfile.TarInfo] = (), form: int = tarfile.GNU_FORMAT
) -> bytes:
    """Write a tar file, uncompressed, in the order given."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
        for info in extra:
            tar.addfile(info)
    return out.getvalue()
