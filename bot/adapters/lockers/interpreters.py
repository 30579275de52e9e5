"""Python interpreters for locks: found on this machine or installed by uv, each with the pip-tools that is wanted."""

import logging
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version as installed
from pathlib import Path
from threading import Lock

import uv
from packaging.version import Version

from bot.adapters.lockers import pip_tools_versions
from bot.adapters.lockers.environments import Environment, Environments, Misfit
from bot.adapters.lockers.rooms import Rooms
from bot.errors import StoreError, Unavailable
from bot.formats import resolver_output
from bot.model.reasons import Reason
from bot.system.process import TimedOut, base_environment, run

LOG = logging.getLogger(__name__)
OURS = f"{sys.version_info.major}.{sys.version_info.minor}"
VERSION = re.compile(r"[0-9]+\.[0-9]+")
PROBE = "import sys, venv; print('%d.%d' % sys.version_info[:2])"
PROBE_SECONDS = 30
UV_PLACES = ("UV_PYTHON_INSTALL_DIR", "XDG_DATA_HOME", "HOME")


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiler:
    """An interpreter that has pip-tools.

    `prefix` are the folders that it reads: its environment, and the Python that this is made from. `tools` are the
    versions of pip-tools and pip (`7.6.2 26.3`); `notes` say what is not as the repository wants it.
    """

    python: Path
    prefix: tuple[Path, ...]
    tools: str
    notes: tuple[Reason, ...] = ()


class Interpreters:
    """Gives, per Python version (`3.12`) and pip-tools version, the interpreter that compiles; each is made once.

    With `download`, a Python that is not on this machine is installed by uv into the data folder.
    """

    def __init__(self, rooms: Rooms, *, download: bool = False) -> None:
        self._rooms = rooms
        self._download = download
        self._environments = Environments(rooms)
        self._guard = Lock()
        self._locks: dict[tuple[str, str], Lock] = {}
        self._bases: dict[str, Path | None] = {}
        self._made: dict[tuple[str, str], Compiler] = {}

    def with_pip_tools(self, version: str) -> Path | None:
        """Give an interpreter of that version with our choice of pip-tools; None where there is no such Python."""
        found = self.interpreter(version)
        return found.python if found else None

    def interpreter(self, python: str, pip_tools: str = "") -> Compiler | None:
        """Give an interpreter of that Python with that pip-tools; "": our own, or the newest for another Python.

        None where there is no such Python. A pip-tools that cannot be had is a note, and ours takes its place.
        Raises Unavailable where pip-tools cannot be installed at all.
        """
        key = python, pip_tools
        with self._guard:
            mine = self._locks.setdefault(key, Lock())
        with mine:
            found = self._made.get(key) or self._compiler(python, pip_tools)
            if found is not None:
                self._made[key] = found
            return found

    def _compiler(self, python: str, pip_tools: str) -> Compiler | None:
        base = self.base(python)
        if base is None:
            return None
        ours = installed("pip-tools")
        wanted = pip_tools_versions.parsed(pip_tools)
        why = f"{pip_tools!r} is not a version" if pip_tools and wanted is None else ""
        if wanted is not None and (python, str(wanted)) != (OURS, ours):
            try:
                return _as_compiler(self._environments.get(_name(python, wanted), base, wanted))
            except Misfit as misfit:
                why = str(misfit)
        if python == OURS:
            prefix = tuple(dict.fromkeys((Path(sys.prefix), Path(sys.base_prefix))))
            found = Compiler(python=base, prefix=prefix, tools=f"{ours} {installed('pip')}")
        else:
            found = _as_compiler(self._environments.get(f"{python}-newest-{ours}", base, None))
        return _noted(found, python, pip_tools, why) if why else found

    def base(self, python: str) -> Path | None:
        """Find the interpreter itself, and install it where that is allowed; None where there is none."""
        if python == OURS:
            return Path(sys.executable)
        with self._guard:
            if python not in self._bases:
                self._bases[python] = self._found(python)
            return self._bases[python]

    def _found(self, python: str) -> Path | None:
        if not VERSION.fullmatch(python):
            return None
        found = find(python) or self._installed(python)
        if found is None and self._download:
            self._install(python)
            found = self._installed(python)
        return found

    @property
    def _downloads(self) -> Path:
        return self._rooms.data_dir / "pythons-installed"

    def _installed(self, python: str) -> Path | None:
        """Find what uv installed for us before."""
        candidates = sorted(self._downloads.glob(f"cpython-{python}.*/bin/python{python}"), reverse=True)
        return next((path for path in candidates if _starts(path, python)), None)

    def _install(self, python: str) -> None:
        """Let uv install a Python; one that it does not know is left out, and the lock is resolved without it."""
        self._downloads.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._rooms.folder() as home:
            env = {
                **base_environment(), "HOME": str(home), "TMPDIR": str(home), "UV_NO_CONFIG": "1", "NO_COLOR": "1",
                "UV_PYTHON_DOWNLOADS": "manual", "UV_PYTHON_INSTALL_DIR": str(self._downloads),
            }  # fmt: skip
            argv = [uv.find_uv_bin(), "python", "install", "--quiet", "--no-bin", python]
            try:
                done = run(argv, cwd=home, timeout=self._rooms.confinement.timeout, env=env)
            except TimedOut as error:
                raise Unavailable(f"Python {python} cannot be installed: {error.message}") from error
        why = resolver_output.reason(done.complaint)
        if done.code != 0 and resolver_output.UNREACHABLE.search(done.stderr):
            raise Unavailable(f"Python {python} cannot be installed: {why}", hint="try again later")
        if done.code != 0:
            LOG.info("uv does not install Python %s: %s", python, why)


def find(version: str) -> Path | None:
    """Find `pythonX.Y` on PATH, under pyenv, or where uv knows one; one that does not start is passed over."""
    return next((path for path in _candidates(version) if _starts(path, version)), None)


def _starts(path: Path, version: str) -> bool:
    """Say whether this is an interpreter of that version that can make environments."""
    env = {"PATH": os.environ.get("PATH", ""), "PYTHONNOUSERSITE": "1"}
    try:
        done = run([str(path), "-I", "-c", PROBE], cwd=Path("/"), timeout=PROBE_SECONDS, env=env)
    except (OSError, StoreError, TimedOut) as error:
        LOG.info("%s does not start: %s", path, error)
        return False
    return done.code == 0 and done.stdout.strip() == version


def _candidates(version: str) -> Iterator[Path]:
    name = f"python{version}"
    folders = _folders()
    yield from (path for folder in folders if (path := Path(folder) / name).is_file())
    home = Path(os.environ.get("HOME") or "/")
    for root in (Path(os.environ.get("PYENV_ROOT") or home / ".pyenv"), home / ".local/share/uv/python"):
        for pattern in (f"versions/{version}.*/bin/{name}", f"cpython-{version}.*/bin/{name}"):
            yield from sorted(root.glob(pattern), reverse=True)
    env = {key: os.environ[key] for key in UV_PLACES if key in os.environ}
    env |= {"PATH": os.pathsep.join(folders), "UV_PYTHON_DOWNLOADS": "never", "UV_NO_CONFIG": "1", "UV_NO_CACHE": "1"}
    argv = [uv.find_uv_bin(), "python", "find", "--system", "--no-project", version]
    done = run(argv, cwd=Path("/"), timeout=PROBE_SECONDS, env=env)
    if done.code == 0:
        yield Path(done.stdout.strip())


def _folders() -> list[str]:
    """Give the folders of PATH without pyenv's shims, which start another Python in every folder."""
    return [
        folder for folder in os.environ.get("PATH", "").split(os.pathsep) if folder and Path(folder).name != "shims"
    ]


def _name(python: str, wanted: Version) -> str:
    """Name an environment by all that decides what is in it: `3.12-7.4.1-pip25.1`."""
    return f"{python}-{wanted}-{pip_tools_versions.fitting_pip(wanted).replace('<', '')}"


def _as_compiler(found: Environment) -> Compiler:
    return Compiler(python=found.python, prefix=found.prefix, tools=found.tools)


def _noted(found: Compiler, python: str, pip_tools: str, why: str) -> Compiler:
    taken = found.tools.partition(" ")[0]
    text = (
        f"the repository pins pip-tools {pip_tools}, which cannot be used with Python {python} here ({why}), so "
        f"pip-tools {taken} compiled"
    )
    note = Reason(code="pip-tools-version", subject="pip-tools", text=text)
    return Compiler(python=found.python, prefix=found.prefix, tools=found.tools, notes=(note,))
