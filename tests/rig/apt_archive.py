"""A small apt archive on loopback, signed with a key that is made for it and thrown away."""

import hashlib
import lzma
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import unquote

from bot.model.packages import SystemFile
from tests.rig.web import Said, Seen, WebServer

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
KEYRING = "usr/share/keyrings/test.gpg"


class Signer:
    """A key of its own."""

    def __init__(self, folder: Path, *, expired: bool = False) -> None:
        self._folder = folder
        self._time = ["--faked-system-time", "20200101T000000"] if expired else []
        self._gpg(
            "--passphrase",
            "",
            "--pinentry-mode",
            "loopback",
            "--quick-gen-key",
            "x <x@mail.example>",
            "ed25519",
            "sign",
            "1d" if expired else "never",
        )
        self.public = self._gpg("--export")
        self.armored = self._gpg("--armor", "--export")
        self.fingerprint = next(
            line.split(":")[9]
            for line in self._gpg("--with-colons", "--list-keys").decode().splitlines()
            if line.startswith("fpr")
        )

    def sign(self, text: str, *more: str) -> bytes:
        return self._gpg("--clearsign", *more, stdin=text.encode())

    def _gpg(self, *arguments: str, stdin: bytes = b"") -> bytes:
        argv = ["gpg", "--homedir", str(self._folder), "--batch", "--no-tty", *self._time, *arguments]
        ran = subprocess.run(argv, input=stdin, capture_output=True, check=False)
        assert ran.returncode == 0, ran.stderr
        return ran.stdout


@contextmanager
def made_signer(*, expired: bool = False) -> Iterator[Signer]:
    """Make a key; its folder has a short name, since the agent's socket is in it."""
    assert shutil.which("gpg"), "gpg is not installed: tests/run installs it"
    with tempfile.TemporaryDirectory(prefix="gpg-") as name:
        yield Signer(Path(name), expired=expired)
        subprocess.run(["gpgconf", "--homedir", name, "--kill", "all"], check=True, capture_output=True)


class AptArchive:
    """Files by path, served as they are; `publish` writes the indexes of a suite."""

    def __init__(self, signer: Signer) -> None:
        self.signer = signer
        self.files: dict[str, bytes] = {}
        self.answers: dict[str, Said] = {}
        self.server = WebServer(self._answer)

    @property
    def uri(self) -> str:
        return f"{self.server.url}/debian"

    def source(self, suite: str = "stable", options: str = f"signed-by=/{KEYRING}") -> SystemFile:
        """Give an apt source for a suite, in the one-line format."""
        line = f"deb [{options}] {self.uri} {suite} main\n"
        return SystemFile(path=f"etc/apt/sources.list.d/{suite.replace('/', '-')}.list", data=line.encode())

    @property
    def keyring(self) -> SystemFile:
        return SystemFile(path=KEYRING, data=self.signer.public)

    def publish(
        self, packages: Mapping[str, str], suite: str = "stable", *, fields: Mapping[str, str] | None = None,
        date: datetime = NOW - timedelta(days=1), architecture: str = "amd64", signed: bool = True, index: bytes | None = None,
        algorithm: str = "sha256",
    ) -> None:  # fmt: skip
        """Publish packages (name -> version, or the whole stanza) under a suite."""
        text = "\n\n".join(
            value
            if ":" in value and "\n" in value
            else f"Package: {name}\nVersion: {value}\nArchitecture: {architecture}"
            for name, value in packages.items()
        )
        packed = lzma.compress(text.encode() + b"\n") if index is None else index
        path = f"main/binary-{architecture}/Packages.xz"
        digest = hashlib.new(algorithm, packed).hexdigest()
        head = {
            "Origin": "Test", "Suite": suite, "Codename": suite, "Date": f"{date:%a, %d %b %Y %H:%M:%S} UTC",
            "Architectures": "amd64 arm64", "Acquire-By-Hash": "yes", **(fields or {}),
        }  # fmt: skip
        release = "".join(f"{name}: {value}\n" for name, value in head.items() if value)
        release += f"{algorithm.upper()}:\n {digest} {len(packed)} {path}\n"
        base = f"/debian/dists/{suite}"
        self.files[f"{base}/{path}"] = packed
        self.files[f"{base}/main/binary-{architecture}/by-hash/{algorithm.upper()}/{digest}"] = packed
        self.files[f"{base}/InRelease"] = self.signer.sign(release) if signed else release.encode()

    def add_deb(
        self,
        package: str,
        version: str,
        data: bytes,
        *,
        source: str = "",
        pad: int = 0,
        folder: str = "pool/main/w/web",
    ) -> str:
        """Serve a package; give its stanza, in which it may seem to have `pad` bytes more."""
        name = f"{folder}/{package}_{version.rpartition(':')[2]}_amd64.deb"
        self.files[f"/debian/{name}"] = data
        lines = [f"Package: {package}", f"Version: {version}", "Architecture: amd64", f"Filename: {name}"]
        lines += [f"Size: {len(data) + pad}", f"SHA256: {hashlib.sha256(data).hexdigest()}"]
        return "\n".join([*lines, *([f"Source: {source}"] if source else [])])

    def _answer(self, seen: Seen) -> Said:
        path = unquote(seen.path)
        if path in self.answers:
            return self.answers[path]
        body = self.files.get(path)
        return Said(404) if body is None else Said(200, body)
