"""Python interpreters for locks: found on this machine, and a kept environment with pip-tools for each."""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from threading import Lock

import uv

from bot.adapters.lockers.rooms import Rooms
from bot.errors import Unavailable
from bot.formats.resolver_output import reason
from bot.system.process import run

OURS = f"{sys.version_info.major}.{sys.version_info.minor}"


class Interpreters:
    """Gives, per Python version (`3.12`), the interpreter that runs pip-tools for it."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms
        self._guard = Lock()

    def with_pip_tools(self, version: str) -> Path | None:
        """Give an interpreter of that version with pip-tools, made once and kept; None where there is no such Python.

        Raises Unavailable where pip-tools cannot be installed for it.
        """
        if version == OURS:
            return Path(sys.executable)
        folder = self._rooms.data_dir / "pythons" / version
        python = folder / "bin" / "python"
        with self._guard:
            if python.exists():
                return python
            found = find(version)
            return None if found is None else self._make(found, folder)

    def _make(self, found: Path, folder: Path) -> Path:
        """Make the environment beside its place and move it there whole."""
        folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryDirectory(dir=folder.parent) as parent, self._rooms.room() as room:
            fresh = Path(parent) / "env"
            for argv in (
                [uv.find_uv_bin(), "venv", "--quiet", "--relocatable", "--python", str(found), str(fresh)],
                [uv.find_uv_bin(), "pip", "install", "--quiet", "--python", str(fresh), "pip-tools", "pip"],
            ):
                done = run(argv, cwd=room.home, timeout=self._rooms.timeout, env=room.env)
                if done.code != 0:
                    raise Unavailable(f"pip-tools cannot be installed for {found.name}: {reason(done.stderr)}")
            shutil.rmtree(folder, ignore_errors=True)
            fresh.rename(folder)
        return folder / "bin" / "python"


def find(version: str) -> Path | None:
    """Find `pythonX.Y` on PATH, under pyenv, or among uv's own; one that does not start is passed over."""
    for candidate in _candidates(version):
        env = {"PATH": os.environ.get("PATH", ""), "PYTHONNOUSERSITE": "1"}
        probe = [str(candidate), "-I", "-c", "import sys, venv; print('%d.%d' % sys.version_info[:2])"]
        done = run(probe, cwd=Path("/"), timeout=30, env=env)
        if done.code == 0 and done.stdout.strip() == version:
            return candidate
    return None


def _candidates(version: str) -> Iterator[Path]:
    name = f"python{version}"
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        path = Path(folder) / name
        if folder and path.is_file() and path.parent.name != "shims":
            yield path
    home = Path(os.environ.get("HOME") or "/")
    for root in (Path(os.environ.get("PYENV_ROOT") or home / ".pyenv"), home / ".local/share/uv/python"):
        for pattern in (f"versions/{version}.*/bin/{name}", f"cpython-{version}.*/bin/{name}"):
            yield from sorted(root.glob(pattern), reverse=True)
