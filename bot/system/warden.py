"""The first process of a confined child: sets its limits, watches all its descendants, and ends what is left of them.

A program of its own that imports nothing of ours, as it is started by its path with `python -I -S`:

    warden.py memory=BYTES processes=N file=BYTES disk=BYTES open=N [gate=SOCKET port=N] -- PROGRAM [ARGUMENT ...]

The kernel's limits hold for each process (RLIMIT_DATA, RLIMIT_FSIZE, RLIMIT_NOFILE) or user (RLIMIT_NPROC, which does
not bind root); the sum of all descendants' memory, tasks and written bytes is looked at ten times a second. Going
beyond it ends them all: the last line on stderr says why, the exit code is 137. Otherwise the exit code is the
program's, 128+n where signal n ended it, 127 where it could not be started.

In a sandbox the warden is process 1: no signal from inside can stop or end it, and all end with it. Elsewhere it is
a child subreaper: daemons that leave their session stay its descendants, and end when it does.
`bot.system.process` uses the functions about process trees, too.
"""

# ruff: noqa: PTH116, PTH123, PTH208 - pathlib would double the time that the warden needs to start
from __future__ import annotations

import contextlib
import os
import resource
import signal
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:  # what is imported here would cost the warden half of its start, and so would `dataclasses`
    import socket
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import NoReturn

SAID = "quarterdeck: stopped: all its processes together"  # what the last line begins with when the watch ended them
STOPPED = 137
LOOK_EVERY = 0.1  # seconds between two looks at all descendants
LONGEST_END = 10.0  # seconds that killed processes may take to be gone
CONNECTIONS = 256  # through the gate at the same time; more wait
SET_DEATH_SIGNAL, SET_DUMPABLE, SET_SUBREAPER = 1, 4, 36  # prctl(2)
JOIN_SESSION_KEYRING = 1  # keyctl(2)
WRITING, BOTH = 1, 2  # shutdown(2)
KEYCTL = {"x86_64": 250, "aarch64": 219, "riscv64": 219}
PAGE = resource.getpagesize()


class Task:
    """What /proc/PID/stat says about a process: its parent, group, session, threads, resident memory in bytes."""

    __slots__ = ("dead", "group", "parent", "resident", "session", "threads")

    def __init__(self, stat: bytes) -> None:
        words = stat.rpartition(b")")[2].split()  # the name before it may hold anything; see proc(5)
        self.dead = words[0] in {b"Z", b"X"}
        self.parent, self.group, self.session = map(int, words[1:4])
        self.threads = int(words[17])
        self.resident = int(words[21]) * PAGE


def processes() -> dict[int, Task]:
    """Give all processes that can be seen; zombies are told as dead."""
    found = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError), open(f"/proc/{name}/stat", "rb") as file:  # OSError: it ended meanwhile
                found[int(name)] = Task(file.read())
    return found


def below(root: int, tasks: Mapping[int, Task]) -> set[int]:
    """Give the living descendants of `root`, itself not among them."""
    children: dict[int, list[int]] = {}
    for pid, task in tasks.items():
        children.setdefault(task.parent, []).append(pid)
    found: set[int] = set()
    todo = [root]
    while todo:
        for pid in children.get(todo.pop(), ()):
            if pid not in found:
                found.add(pid)
                todo.append(pid)
    return {pid for pid in found if not tasks[pid].dead}


def end_below(root: int) -> None:
    """End all descendants of `root`, and wait until they are gone.

    They are stopped first, until none is left that could start another: whole groups, so that a fork bomb cannot be
    quicker. The first process of a namespace takes the rest of it with it.
    """
    stopped: set[int] = set()
    while fresh := below(root, tasks := processes()) - stopped:
        for pid in fresh:
            if tasks[pid].parent == root and _is_first(pid):
                _send(os.kill, pid, signal.SIGKILL)
        for group in _foreign_groups(tasks[pid] for pid in fresh):
            _send(os.killpg, group, signal.SIGSTOP)
        for pid in fresh:
            _send(os.kill, pid, signal.SIGSTOP)
        stopped |= fresh
    for group in _foreign_groups(tasks[pid] for pid in stopped if pid in tasks):
        _send(os.killpg, group, signal.SIGKILL)
    for pid in stopped:
        _send(os.kill, pid, signal.SIGKILL)
    end = time.monotonic() + LONGEST_END
    while stopped and time.monotonic() < end:
        tasks = processes()
        stopped = {pid for pid in stopped if pid in tasks and not tasks[pid].dead}
        if stopped:
            time.sleep(0.002)


def _foreign_groups(tasks: Iterable[Task]) -> set[int]:
    """Give the groups of sessions other than ours: only descendants of their first process can be in them."""
    ours = os.getsid(0)
    return {task.group for task in tasks if task.session != ours and task.group > 1}


def _is_first(pid: int) -> bool:
    """Say whether a process is number 1 of a namespace below ours."""
    with contextlib.suppress(OSError), open(f"/proc/{pid}/status", "rb") as file:
        numbers = file.read().partition(b"\nNSpid:")[2].partition(b"\n")[0].split()
        return len(numbers) > 1 and numbers[-1] == b"1"
    return False


def _send(how: Callable[[int, int], None], number: int, what: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):  # it has ended meanwhile
        how(number, what)


class Bounds:
    """The limits of the command line: bytes of memory, of one file, of all writing; tasks; open files."""

    __slots__ = ("disk", "file", "memory", "open", "processes")

    def __init__(self, options: Mapping[str, str]) -> None:
        self.memory = int(options["memory"])
        self.processes = int(options["processes"])
        self.file = int(options["file"])
        self.disk = int(options["disk"])
        self.open = int(options["open"])


class Relayed:
    """The bytes that our own threads carried through the gate: they were written by us, to sockets."""

    __slots__ = ("total",)

    def __init__(self) -> None:
        self.total = 0


RELAYED = Relayed()


class Watch:
    """Looks at all descendants together: what the kernel counts for one process only, or not at all for root."""

    def __init__(self, bounds: Bounds, *, whole_namespace: bool) -> None:
        self.bounds = bounds
        self.whole_namespace = whole_namespace
        self.written_before = written(os.getpid())
        self.next = 0.0

    def trouble(self) -> str:
        """Say what was too much, "" where nothing was or it is not time for a look."""
        if time.monotonic() < self.next:
            return ""
        me, tasks = os.getpid(), processes()
        ours = below(me, tasks)
        reason = self._too_much(me, ours, tasks)
        self.next = time.monotonic() + LOOK_EVERY
        return reason

    def _too_much(self, me: int, ours: set[int], tasks: Mapping[int, Task]) -> str:
        if sum(tasks[pid].threads for pid in ours) > self.bounds.processes:
            return f"were more than {self.bounds.processes} processes and threads"
        if self._memory(ours, tasks) > self.bounds.memory:
            return f"needed more than {size(self.bounds.memory)} of memory"
        # what ended processes wrote was added to us, their last parent, when they were reaped
        if written(me) - self.written_before + sum(map(written, ours)) > self.bounds.disk:
            return f"wrote more than {size(self.bounds.disk)} in files"
        return ""

    def _memory(self, ours: set[int], tasks: Mapping[int, Task]) -> int:
        segments = shared_segments() if self.whole_namespace else 0
        if segments + sum(tasks[pid].resident for pid in ours) <= self.bounds.memory:
            return segments
        return segments + sum(proportional(pid, tasks[pid].resident) for pid in ours)  # shared pages count once


def written(pid: int) -> int:
    """Give the bytes that a process and its ended children wrote, 0 where that is hidden; see /proc/PID/io in proc(5).

    What was sent to disks (files in memory are not), or what was handed to write(2) (mapped files were not): the more.
    """
    with contextlib.suppress(OSError), open(f"/proc/{pid}/io", "rb") as file:
        told = dict(line.split(b": ") for line in file.read().splitlines())
        relayed = RELAYED.total if pid == os.getpid() else 0
        return max(int(told.get(b"write_bytes", 0)), int(told[b"wchar"]) - relayed)
    return 0


def proportional(pid: int, resident: int) -> int:
    """Give the resident bytes with shared pages counted by share, or `resident` where the kernel does not tell."""
    with contextlib.suppress(OSError), open(f"/proc/{pid}/smaps_rollup", "rb") as file:
        for line in file:
            if line.startswith(b"Pss:"):
                return int(line.split()[1]) * 1024
    return resident


def shared_segments() -> int:
    """Give the bytes of all System V segments of this namespace: they belong to no process."""
    with contextlib.suppress(OSError), open("/proc/sysvipc/shm", "rb") as file:
        return sum(int(line.split()[14]) for line in file.readlines()[1:])
    return 0


def size(amount: int) -> str:
    """Give bytes as people write them: `4 GiB`, `1.5 MiB`."""
    for unit, scale in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if amount >= scale:
            return f"{amount / scale:.4g} {unit}"
    return f"{amount} bytes"


def main(words: Sequence[str]) -> NoReturn:
    """Run the program of the command line; never returns."""
    at = words.index("--")
    options = dict(word.split("=", 1) for word in words[:at])
    argv = words[at + 1 :]
    bounds = Bounds(options)
    first = os.getpid() == 1
    waited = {signal.SIGCHLD} if first else {signal.SIGCHLD, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, waited)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _become_warden(first=first)
    listener = _listener(int(options["port"])) if "gate" in options else None
    watch = Watch(bounds, whole_namespace=first)
    child = os.fork()
    if child == 0:
        _become(argv, bounds, waited)
    if listener:
        _open_gate(listener, options["gate"])
    code = _follow(child, watch, waited)
    if not first:
        _end_all()
    os._exit(code)  # process 1 takes its namespace with it


def _follow(child: int, watch: Watch, waited: set[signal.Signals]) -> int:
    """Wait for the program while reaping orphans and watching; give the exit code."""
    while True:
        with contextlib.suppress(ChildProcessError):  # none is left to be reaped
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                if ended[0] == child:
                    code = os.waitstatus_to_exitcode(ended[1])
                    return code if code >= 0 else 128 - code
        if reason := watch.trouble():
            _end_all()
            os.write(2, f"\n{SAID} {reason}\n".encode())
            return STOPPED
        told = signal.sigtimedwait(waited, LOOK_EVERY)
        if told and told.si_signo == signal.SIGTERM:
            return 128 + signal.SIGTERM


def _end_all() -> None:
    """End all descendants and reap them; returns when there is none."""
    end = time.monotonic() + LONGEST_END
    while time.monotonic() < end:
        if os.getpid() == 1:
            with contextlib.suppress(ProcessLookupError):
                os.kill(-1, signal.SIGKILL)  # all in this namespace but us, at one moment
        else:
            end_below(os.getpid())
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
            time.sleep(0.002)
        except ChildProcessError:
            return


def _become_warden(*, first: bool) -> None:
    """Let no descendant look into us, keep orphans, end with our parent, and leave the keys of our session behind."""
    import ctypes  # noqa: PLC0415 - `bot.system.process` does not need it

    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(SET_DUMPABLE, 0)
    if not first:
        libc.prctl(SET_SUBREAPER, 1)
        libc.prctl(SET_DEATH_SIGNAL, signal.SIGTERM)
    if number := KEYCTL.get(os.uname().machine):
        libc.syscall(number, JOIN_SESSION_KEYRING, None)


def _become(argv: Sequence[str], bounds: Bounds, waited: set[signal.Signals]) -> NoReturn:
    """Turn this forked process into the program, limited, in a session of its own."""
    try:
        os.setsid()  # `kill 0` of a build script must not reach the warden
        _limit(bounds)
        for default in (signal.SIGINT, signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(default, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, waited)
        os.execvp(argv[0], list(argv))  # noqa: S606 - no shell is wanted
    except (OSError, ValueError) as error:
        os.write(2, f"{argv[0]}: {error}\n".encode())
    os._exit(127)


def _limit(bounds: Bounds) -> None:
    os.nice(5)  # so that the watch comes to its turn beside a crowd
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
        file.write("1000")  # whoever runs out of memory on this machine, these are ended first
    # RLIMIT_DATA, not RLIMIT_AS: thread stacks' and allocators' reservations are address space, but no memory
    wanted = {
        resource.RLIMIT_DATA: bounds.memory, resource.RLIMIT_FSIZE: bounds.file, resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: bounds.open, resource.RLIMIT_NPROC: bounds.processes + _tasks_of_our_user(),
    }  # fmt: skip
    for what, most in wanted.items():
        hard = resource.getrlimit(what)[1]
        least = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (least, least))


def _tasks_of_our_user() -> int:
    """RLIMIT_NPROC counts all tasks of a user (in a user namespace: those in it), so others' are allowed for."""
    uid = os.getuid()
    return sum(task.threads for pid, task in processes().items() if _owner(pid) == uid)


def _owner(pid: int) -> int | None:
    with contextlib.suppress(OSError):
        return os.stat(f"/proc/{pid}").st_uid
    return None


def _listener(port: int) -> socket.socket:
    import socket  # noqa: PLC0415 - costs a third of the start, and few cells have a gate

    return socket.create_server(("127.0.0.1", port), backlog=CONNECTIONS)


def _open_gate(listener: socket.socket, gate: str) -> None:
    """Forward every connection that comes to `listener` to the Unix socket `gate`, in threads of their own."""
    import threading  # noqa: PLC0415 - as above

    threading.stack_size(256 * 1024)
    slots = threading.BoundedSemaphore(CONNECTIONS)

    def carry(inner: socket.socket) -> None:
        try:
            _carry(inner, gate)
        finally:
            slots.release()

    def serve() -> None:
        while True:
            slots.acquire()
            try:
                inner = listener.accept()[0]
                threading.Thread(target=carry, args=(inner,), daemon=True).start()
            except OSError:  # the caller went away, or no descriptor is free just now
                slots.release()
                time.sleep(0.01)

    threading.Thread(target=serve, daemon=True).start()


def _carry(inner: socket.socket, gate: str) -> None:
    """Carry one connection both ways until both sides said that they are done."""
    import socket  # noqa: PLC0415 - as above
    import threading  # noqa: PLC0415 - as above

    # OSError: the gate is shut, so the caller sees its connection end
    with inner, socket.socket(socket.AF_UNIX) as outer, contextlib.suppress(OSError):
        outer.connect(gate)
        back = threading.Thread(target=_pump, args=(outer, inner), daemon=True)
        back.start()
        _pump(inner, outer)
        back.join()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    """Copy one direction; its end is passed on, so that an answer can follow a finished question."""
    ends: tuple[socket.socket, ...] = (sink,)
    try:
        while piece := source.recv(1 << 16):
            sink.sendall(piece)
            RELAYED.total += len(piece)  # two threads may lose a piece of the count: it only guards against gigabytes
    except OSError:
        ends = (sink, source)  # one side broke, so the other direction has nobody to talk to
    for end in ends:
        with contextlib.suppress(OSError):  # it is shut already
            end.shutdown(WRITING if end is sink else BOTH)


if __name__ == "__main__":
    main(sys.argv[1:])
