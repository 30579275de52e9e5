"""Command lines that run a stranger's code with nothing of this machine but what it needs.

SANDBOX is bubblewrap with an allow-list: nothing of the file system is there but the system's programs and public
certificates, the paths of the cell, and an own /proc, /dev and /tmp. No network, no capability, no other process.
In it, as in PROCESS, `bot.system.warden` is the first process. Nothing of a cell outlives the run.

The child's user number is ours in all modes: where Quarterdeck runs as root, so does the stranger's code, to the
kernel. Therefore nothing below /proc that root could write by its number alone (such as the core pattern, which runs a
program outside) is left uncovered, and directories in which only root may read are never handed in.
"""

import os
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bot.errors import StoreError
from bot.model.isolation import Isolation
from bot.system.process import Finished, TimedOut, run, sealed_environment

WARDEN = Path(__file__).with_name("warden.py")
ETC = Path(__file__).with_name("etc")  # what a cell sees of users and hosts: none of ours
SYSTEM = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/usr")
# only what all users may read: /etc/ssl/private holds keys, and root's number opens them
SETTINGS = (
    "/etc/alternatives", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/localtime", "/etc/timezone",
    "/etc/mime.types", "/etc/ssl/certs", "/etc/ssl/cert.pem", "/etc/ssl/openssl.cnf", "/etc/ca-certificates",
    "/etc/ca-certificates.conf", "/etc/pki/ca-trust/extracted", "/etc/pki/tls/certs", "/etc/pki/tls/cert.pem",
    "/etc/pki/tls/openssl.cnf", "/etc/crypto-policies",
)  # fmt: skip
PROC = frozenset({
    "cpuinfo", "filesystems", "loadavg", "meminfo", "mounts", "net", "self", "stat", "sysvipc", "thread-self", "uptime",
    "version", "vmstat",
})  # fmt: skip
GATE = "/run/gate"
USER = "1000"  # inside; the name for it stands in etc/passwd
PROBE_SECONDS = 30
PROBING = threading.Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a cell may use: bytes of memory, of its largest file and of all that it writes; tasks; open files.

    `memory`, `processes` (threads count) and `disk` are for all its processes together; /tmp in a sandbox holds a
    quarter of `memory` at most.
    """

    memory: int = 4 << 30
    processes: int = 1024
    file_bytes: int = 4 << 30
    disk: int = 16 << 30
    open_files: int = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What a confined child gets; the paths are absolute, exist, and are seen inside at the same place.

    `home` is its HOME and TMPDIR. `readable` are interpreters' prefixes and the like, `writable` the work tree and
    caches. `hidden` are folders to be empty even where they lie in something readable, but for what is named in them.
    `gate` is a Unix socket of ours: in a sandbox the only way out, as 127.0.0.1:`gate_port`.
    """

    isolation: Isolation
    home: Path
    readable: tuple[Path, ...] = ()
    writable: tuple[Path, ...] = ()
    hidden: tuple[Path, ...] = ()
    gate: Path | None = None
    gate_port: int = 3128


def confined(argv: Sequence[str], cell: Cell, limits: Limits) -> list[str]:
    """Give the command line that runs `argv` in the cell, for `process.run` with the cell's environment.

    Raises StoreError where a path of the cell does not exist, or bubblewrap does not.
    """
    match cell.isolation:
        case Isolation.NONE:
            return list(argv)
        case Isolation.PROCESS:
            return [*_warden(limits), "--", *argv]
        case Isolation.SANDBOX:
            gate = [f"gate={GATE}", f"port={cell.gate_port}"] if cell.gate else []
            return [*_bubblewrap(cell, limits), "--", *_warden(limits), *gate, "--", *argv]


def strongest() -> tuple[Isolation, str]:
    """Give the strongest isolation that works here, and why it is not the sandbox ("" when it is); tried once."""
    with PROBING:
        return _probed()


@cache
def _probed() -> tuple[Isolation, str]:
    if shutil.which("bwrap") is None:
        return Isolation.PROCESS, "bubblewrap is not installed"
    with tempfile.TemporaryDirectory(prefix="quarterdeck-") as folder:
        home = Path(folder).resolve()
        try:
            argv = confined(["true"], Cell(isolation=Isolation.SANDBOX, home=home), Limits())
            done = run(argv, cwd=home, timeout=PROBE_SECONDS, env=sealed_environment())
        except (StoreError, TimedOut) as error:
            return Isolation.PROCESS, f"bubblewrap cannot be used here: {error.message}"
    if done.code == 0:
        return Isolation.SANDBOX, ""
    return Isolation.PROCESS, f"bubblewrap cannot make namespaces here: {_last_line(done)}"


def _last_line(done: Finished) -> str:
    lines = done.stderr.strip().splitlines()
    return lines[-1].removeprefix("bwrap: ") if lines else f"it ended with {done.code} and said nothing"


def interpreter() -> Path:
    """Give our own interpreter without the links of a virtual environment: what starts the warden."""
    return Path(sys.executable).resolve()


def _warden(limits: Limits) -> list[str]:
    return [
        str(interpreter()), "-I", "-S", str(WARDEN),
        f"memory={limits.memory}", f"processes={limits.processes}", f"file={limits.file_bytes}",
        f"disk={limits.disk}", f"open={limits.open_files}",
    ]  # fmt: skip


@cache
def _abilities() -> frozenset[str]:
    """Give the options of newer releases that this bubblewrap knows: --size since 0.7, --disable-userns since 0.8."""
    done = run(["bwrap", "--help"], cwd=Path("/"), timeout=PROBE_SECONDS, env=sealed_environment())
    return frozenset({"--size", "--disable-userns"} & set((done.stdout + done.stderr).split()))


def _bubblewrap(cell: Cell, limits: Limits) -> list[str]:
    sized = "--size" in _abilities()
    memory_disk = ["--size", str(max(limits.memory // 4, 1 << 20)), "--tmpfs"] if sized else ["--tmpfs"]
    closed = ["--disable-userns"] if "--disable-userns" in _abilities() else []
    return [
        "bwrap", "--unshare-all", "--unshare-user", *closed, "--uid", USER, "--gid", USER, "--cap-drop", "ALL",
        "--hostname", "quarterdeck", "--as-pid-1", "--die-with-parent", "--new-session",
        *_system(), "--dev", "/dev", *memory_disk, "/dev/shm", *memory_disk, "/tmp",  # noqa: S108 - the cell's own
        "--proc", "/proc", *_proc_covers(), *_mounts(cell),
        "--remount-ro", "/dev", "--remount-ro", "/",
    ]  # fmt: skip


def _system() -> Iterator[str]:
    """Give the system's programs, links of a merged /usr as they are; certificates; made-up users and hosts."""
    for path in map(Path, SYSTEM):
        if path.is_symlink():
            yield from ("--symlink", str(path.readlink()), str(path))
        elif path.is_dir():
            yield from ("--ro-bind", str(path), str(path))
    for path in map(Path, SETTINGS):
        if path.exists():
            yield from ("--ro-bind", str(path.resolve()), str(path))
    for file in sorted(ETC.iterdir()):
        yield from ("--ro-bind", str(file), f"/etc/{file.name}")


def _proc_covers() -> Iterator[str]:
    """Cover what /proc tells and lets change of the machine, but for what programs need."""
    yield from ("--ro-bind", "/proc/sys", "/proc/sys")
    for entry in sorted(os.scandir("/proc"), key=lambda entry: entry.name):
        if entry.name.isdigit() or entry.name in PROC or entry.name == "sys" or entry.is_symlink():
            continue
        if entry.is_dir():
            yield from ("--tmpfs", entry.path, "--remount-ro", entry.path)
        else:
            yield from ("--ro-bind", "/dev/null", entry.path)


def _mounts(cell: Cell) -> Iterator[str]:
    """Give the cell's paths, the outer before the inner ones; at the same place what is writable wins."""
    wanted: dict[Path, str] = {}
    for path in (*_own(), *cell.readable):
        wanted |= dict.fromkeys(_places(path), "--ro-bind")
    for path in cell.hidden:
        wanted |= dict.fromkeys(_places(path), "--tmpfs")
    for path in (*cell.writable, cell.home):
        wanted |= dict.fromkeys(_places(path), "--bind")
    for place, how in sorted(wanted.items(), key=lambda item: (len(item[0].parts), item[0])):
        yield from (how, str(place)) if how == "--tmpfs" else (how, str(place.resolve()), str(place))
    for place in sorted(place for place, how in wanted.items() if how == "--tmpfs"):
        yield from ("--remount-ro", str(place))
    if cell.gate:
        yield from ("--ro-bind", str(_places(cell.gate)[-1]), GATE)


def _own() -> tuple[Path, ...]:
    """Give what the warden itself needs."""
    prefix = Path(sys.base_prefix).resolve()
    return WARDEN, interpreter(), *(() if prefix in {Path("/"), Path("/usr")} else (prefix,))


def _places(path: Path) -> tuple[Path, ...]:
    """Where a path is to be seen: as it is called, and where its links lead."""
    if not path.is_absolute() or path == Path("/"):
        raise StoreError(
            f"{path} cannot be handed into a sandbox", hint="name an absolute path of less than everything"
        )
    real = path.resolve()
    if not real.exists():
        raise StoreError(f"{path} does not exist, so nothing can be run with it", hint="make it, or check its name")
    return (path,) if real == path else (path, real)
