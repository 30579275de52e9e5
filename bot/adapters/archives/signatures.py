"""Whether an InRelease file is what the archive's keys have signed: gpgv says it, with the keyrings at hand.

A keyring of this machine may be newer than the image's, and the image's may be the only one that has the key of an
archive of its own; so both are asked. What counts is one good signature and no bad one, as with apt: a suite is
often signed with several keys, and who has one of them has proof enough.
"""

import re
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.errors import StoreError, Unavailable
from bot.formats.apt_sources import AptSource
from bot.formats.openpgp_text import clearsigned, dearmored, signed_body
from bot.model.packages import SystemFile
from bot.system.process import Stopped, run, sealed_environment

SECONDS = 30.0
KEYRING_BYTES = 4 << 20
KEYRING_FOLDERS = ("usr/share/keyrings/", "etc/apt/keyrings/", "etc/apt/trusted.gpg.d/")
TRUSTED = re.compile(r"etc/apt/trusted\.gpg(?:\.d/[^/]+\.(?:gpg|asc))?")
ALL_TRUSTED = ("etc/apt/trusted.gpg", "etc/apt/trusted.gpg.d/*.gpg", "etc/apt/trusted.gpg.d/*.asc")
ARMOR = b"-----BEGIN PGP PUBLIC KEY BLOCK-----"
KEYBOX = slice(8, 12)  # where a keybox says that it is one
PACKET = 0x80  # the bit that every OpenPGP packet begins with (RFC 4880, 4.2)
STATUS = "[GNUPG:] "


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """The body of an InRelease file; `doubt` says why its signature was not checked, "" where it was."""

    body: str
    doubt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Keys:
    """Binary keyrings; `meant` says that they are those that the source means, so that one of them has to fit."""

    rings: tuple[bytes, ...]
    meant: bool


class Signatures:
    """Checks signatures; `folder` is for files of a moment, `host` is the root below which keyrings are looked for."""

    def __init__(self, folder: Path, *, host: Path = Path("/")) -> None:
        self._folder, self._host = folder, host

    def checked(self, data: bytes, source: AptSource, files: Sequence[SystemFile]) -> Signed:
        """Give the signed body of an InRelease file; `files` hold the image's keyrings.

        Raises Unavailable where it is not signed (unless the source is trusted), or not as it should be.
        """
        text = data.decode(errors="replace")
        signed = clearsigned(text)
        if source.trusted:
            return Signed(body=signed_body(text) if signed else text)
        if not signed:
            raise Unavailable(f"{source.label} is not signed, so what it says is not used")
        gpgv = shutil.which("gpgv")
        if gpgv is None:
            return Signed(body=signed_body(text), doubt="gpgv is not installed")
        keys = self._keys(source, files)
        if not keys.rings:
            return Signed(body=signed_body(text), doubt="there is no keyring at hand")
        return self._verified(gpgv, data, source, keys)

    def _verified(self, gpgv: str, data: bytes, source: AptSource, keys: _Keys) -> Signed:
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with tempfile.TemporaryDirectory(dir=self._folder, prefix="new-") as name:
                return _asked(gpgv, Path(name), data, source, keys)
        except Stopped as error:
            raise Unavailable(f"the signature of {source.label} cannot be checked: {error.message}") from error
        except OSError as error:
            raise StoreError(
                f"{self._folder} cannot be written: {error.strerror}", hint="make room in the data folder"
            ) from error

    def _keys(self, source: AptSource, files: Sequence[SystemFile]) -> _Keys:
        """Choose the keyrings that the source means, else all that this machine trusts."""
        if source.key:
            return _Keys(rings=_binary([source.key.encode()]), meant=True)
        paths = [path.lstrip("/") for path in source.signed_by if path.startswith("/")]
        if paths:
            own = [file.data for file in files if file.path in paths]
            rings = _binary([*self._named(paths), *own])
        else:
            rings = _binary(file.data for file in files if TRUSTED.fullmatch(file.path))
        if paths and rings:
            return _Keys(rings=rings, meant=True)
        return _Keys(rings=_binary([*self._all()]) + rings, meant=bool(rings))

    def _named(self, paths: Iterable[str]) -> Iterable[bytes]:
        """Read keyrings of this machine; an image may only name what lies where keyrings lie."""
        for path in paths:
            if path.startswith(KEYRING_FOLDERS) and ".." not in path:
                yield from _read(self._host / path)

    def _all(self) -> Iterable[bytes]:
        for pattern in (*ALL_TRUSTED, "usr/share/keyrings/*.gpg"):
            for path in sorted(self._host.glob(pattern)):
                yield from _read(path)


def _asked(gpgv: str, folder: Path, data: bytes, source: AptSource, keys: _Keys) -> Signed:
    (folder / "InRelease").write_bytes(data)
    argv = [gpgv, "--homedir", str(folder), "--status-fd", "1", "--weak-digest", "SHA1", "--output", "body"]
    for number, ring in enumerate(keys.rings):
        (folder / f"{number}.gpg").write_bytes(ring)
        argv += ["--keyring", str(folder / f"{number}.gpg")]
    finished = run([*argv, "InRelease"], cwd=folder, timeout=SECONDS, env=sealed_environment())
    said = [line.removeprefix(STATUS) for line in finished.stdout.splitlines() if line.startswith(STATUS)]
    words = {line.partition(" ")[0] for line in said}
    if words & {"BADSIG", "REVKEYSIG"}:
        raise Unavailable(f"{source.label} has a bad signature, so what it says is not used")
    if "GOODSIG" in words and _is_expected(said, source):
        return Signed(body=(folder / "body").read_text(encoding="utf-8", errors="replace"))
    if "EXPKEYSIG" in words:
        raise Unavailable(f"{source.label} is signed with a key that has expired, so what it says is not used")
    if "NO_PUBKEY" in words and not keys.meant:
        body = data.decode(errors="replace")
        return Signed(body=signed_body(body), doubt="no keyring at hand has the key of this archive")
    raise Unavailable(f"{source.label} is signed with none of the keys that it should be signed with")


def _is_expected(said: Sequence[str], source: AptSource) -> bool:
    """Tell whether one of the fingerprints that the source may name has signed."""
    wanted = {name.rstrip("!").upper() for name in source.signed_by if not name.startswith("/")}
    made = {word for line in said if line.startswith("VALIDSIG ") for word in line.split()}
    return not wanted or bool(wanted & made)


def _binary(rings: Iterable[bytes]) -> tuple[bytes, ...]:
    """Give keyrings as gpgv reads them, each once; what is none is left out, since one such spoils the others."""
    found: dict[bytes, None] = {}
    for ring in rings:
        try:
            plain = dearmored(ring.decode(errors="replace")) if ARMOR in ring else ring
        except ValueError:
            continue
        if plain and len(plain) <= KEYRING_BYTES and (plain[0] & PACKET or plain[KEYBOX] == b"KBXf"):
            found[plain] = None
    return tuple(found)


def _read(path: Path) -> Iterable[bytes]:
    try:
        if path.is_file() and path.stat().st_size <= KEYRING_BYTES:
            yield path.read_bytes()
    except OSError:
        return
