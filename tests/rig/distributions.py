"""Wheels and source distributions made on the fly: valid for every installer, and the same bytes for the same words."""

import base64
import gzip
import hashlib
import io
import tarfile
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

BACKEND = """\
import os, shutil
{code}

def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    shutil.copy("built.whl", os.path.join(wheel_directory, {wheel!r}))
    return {wheel!r}
"""

PYPROJECT = """\
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """What a distribution says of itself; `files` maps further paths inside the wheel to their text.

    `links` maps labels to project URLs. `build_code` is Python that runs when a source distribution is built, before anything else.
    """

    name: str
    version: str
    requires: tuple[str, ...] = ()
    requires_python: str | None = None
    extras: Mapping[str, Sequence[str]] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    tag: str = "py3-none-any"
    build_code: str = ""
    links: Mapping[str, str] = field(default_factory=dict)

    @property
    def stem(self) -> str:
        """The name and version as file names carry them."""
        return f"{canonicalize_name(self.name).replace('-', '_')}-{self.version}"

    @property
    def wheel_name(self) -> str:
        """The wheel's file name."""
        return f"{self.stem}-{self.tag}.whl"

    @property
    def sdist_name(self) -> str:
        """The source distribution's file name."""
        return f"{self.stem}.tar.gz"


def metadata(distribution: Distribution) -> bytes:
    """Render METADATA (core metadata 2.1)."""
    lines = ["Metadata-Version: 2.1", f"Name: {distribution.name}", f"Version: {distribution.version}"]
    lines.append("Summary: made by a test")
    if distribution.requires_python:
        lines.append(f"Requires-Python: {distribution.requires_python}")
    lines += [f"Requires-Dist: {requirement}" for requirement in distribution.requires]
    lines += [f"Project-URL: {label}, {url}" for label, url in distribution.links.items()]
    for extra, requirements in distribution.extras.items():
        lines.append(f"Provides-Extra: {extra}")
        lines += [f"Requires-Dist: {_only_with(extra, requirement)}" for requirement in requirements]
    return ("\n".join(lines) + "\n").encode()


def _only_with(extra: str, text: str) -> Requirement:
    requirement = Requirement(text)
    condition = f'extra == "{extra}"'
    requirement.marker = Marker(f"({requirement.marker}) and {condition}" if requirement.marker else condition)
    return requirement


def wheel(distribution: Distribution) -> bytes:
    """Build a wheel (1.0) with a module of the distribution's name; entries are stored, dated 1980."""
    info = f"{distribution.stem}.dist-info"
    module = canonicalize_name(distribution.name).replace("-", "_")
    contents = {
        f"{module}/__init__.py": f'__version__ = "{distribution.version}"\n'.encode(),
        **{path: text.encode() for path, text in distribution.files.items()},
        f"{info}/METADATA": metadata(distribution),
        f"{info}/WHEEL": _wheel_file(distribution.tag),
    }
    rows = [f"{path},sha256={_record_hash(data)},{len(data)}" for path, data in contents.items()]
    contents[f"{info}/RECORD"] = "\n".join([*rows, f"{info}/RECORD,,", ""]).encode()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for path, data in contents.items():
            entry = zipfile.ZipInfo(path)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, data)
    return out.getvalue()


def _wheel_file(tag: str) -> bytes:
    python, abi, platform = tag.split("-")
    pure = "true" if platform == "any" else "false"
    head = f"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: {pure}\n"
    tags = [f"Tag: {one}-{abi}-{other}\n" for one in python.split(".") for other in platform.split(".")]
    return (head + "".join(tags)).encode()


def _record_hash(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def sdist(distribution: Distribution) -> bytes:
    """Build a source distribution whose build needs no network: its own back end hands out a wheel made before."""
    contents = {
        "PKG-INFO": metadata(distribution),
        "pyproject.toml": PYPROJECT.encode(),
        "backend.py": BACKEND.format(code=distribution.build_code, wheel=distribution.wheel_name).encode(),
        "built.whl": wheel(distribution),
    }
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path, data in contents.items():
            entry = tarfile.TarInfo(f"{distribution.stem}/{path}")
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return gzip.compress(plain.getvalue(), compresslevel=1, mtime=0)
