"""Limits, and the end of everything that a confined program started: real bombs, hogs and daemons."""

import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import pytest

from bot.model.isolation import Isolation
from bot.system import confine
from bot.system.confine import Limits, confined
from bot.system.endings import why_ended
from bot.system.process import Flooded, TimedOut
from tests.rig.cell import Lab, alive

CONFINING = [Isolation.SANDBOX, Isolation.PROCESS]
SMALL = Limits(memory=512 << 20, processes=64, file_bytes=32 << 20, disk=96 << 20, open_files=100)


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path)


@pytest.fixture
def mark() -> str:
    """A word for command lines, to find their processes by."""
    return f"mark-{secrets.token_hex(8)}"


DAEMON = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
signal.signal(signal.SIGHUP, signal.SIG_IGN)
def daemon():
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            null = os.open(os.devnull, os.O_RDWR)
            for fd in range(3):
                os.dup2(null, fd)
            os.execv(sys.executable, [sys.executable, "-c", "import time\\nwhile True: time.sleep(0.1)", sys.argv[1]])
        os._exit(0)
    os.wait()
for _ in range(3):
    daemon()
while not all(sys.argv[1].encode() in open(f"/proc/{pid}/cmdline", "rb").read() for pid in [os.getpid()]):
    pass
print("started", flush=True)
time.sleep(float(sys.argv[2]))
"""


@pytest.mark.parametrize("isolation", CONFINING)
def test_daemons_that_left_the_session_are_gone_when_the_program_has_ended(
    lab: Lab, mark: str, isolation: Isolation
) -> None:
    done = lab.attack(lab.cell(isolation), DAEMON, mark, 0.5)
    assert (done.code, done.stdout) == (0, "started\n"), done.stderr
    assert alive(mark) == []


@pytest.mark.parametrize("isolation", list(Isolation))
def test_daemons_that_left_the_session_are_gone_after_a_time_limit(lab: Lab, mark: str, isolation: Isolation) -> None:
    keep = """
import os, subprocess, sys, time
subprocess.Popen([sys.executable, "-c", "import time\\nwhile True: time.sleep(0.1)", sys.argv[1]], start_new_session=True)
time.sleep(600)
"""
    with pytest.raises(TimedOut, match="ran longer than 2 seconds"):
        lab.attack(lab.cell(isolation), keep if isolation is Isolation.NONE else DAEMON, mark, 600, timeout=2)
    assert alive(mark) == []


@pytest.mark.parametrize("isolation", CONFINING)
def test_nothing_is_left_when_we_are_killed(lab: Lab, mark: str, isolation: Isolation) -> None:
    (lab.tree / "setup.py").write_text(DAEMON)
    argv = confined([sys.executable, "setup.py", mark, "600"], lab.cell(isolation), Limits())
    ours = f"import subprocess\nsubprocess.run({argv!r}, cwd={str(lab.tree)!r})"
    with subprocess.Popen([sys.executable, "-c", ours], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"started\n"
        parent.kill()
    end = time.monotonic() + 60
    while alive(mark):
        assert time.monotonic() < end, "it lives on"
        time.sleep(0.02)


FORK_BOMB = """
import os, time
for _ in range(12):  # 4096 of them: enough for the limit, and the machine survives a test that fails
    try:
        os.fork()
    except OSError:
        pass
time.sleep(600)
"""


@pytest.mark.parametrize("isolation", CONFINING)
def test_a_fork_bomb_is_ended(lab: Lab, mark: str, isolation: Isolation) -> None:
    done = lab.attack(lab.cell(isolation), FORK_BOMB, mark, limits=SMALL)
    assert why_ended(done, SMALL) == "were more than 64 processes and threads"
    assert alive(mark) == []


HOG = "hog = bytearray(int(8e8)); print('got it')"
MANY_HOGS = """
import os, time
for _ in range(8):
    if os.fork() == 0:
        hog = b"x" * int(1.2e8)
        time.sleep(600)
time.sleep(600)
"""
SHARED_HOG = "import mmap, time; hog = mmap.mmap(-1, int(8e8)); hog.write(b'x' * int(4e8)); hog.write(b'x' * int(4e8)); time.sleep(600)"
SEGMENT_HOG = """
import ctypes, time
libc = ctypes.CDLL(None)
libc.shmat.restype = ctypes.c_void_p
for _ in range(8):
    segment = libc.shmget(0, int(1.2e8), 0o1600)
    place = libc.shmat(segment, None, 0)
    ctypes.memset(place, 1, int(1.2e8))
    libc.shmdt(ctypes.c_void_p(place))
time.sleep(600)
"""


@pytest.mark.parametrize("isolation", CONFINING)
@pytest.mark.parametrize("hog", [HOG, MANY_HOGS, SHARED_HOG])
def test_a_memory_hog_is_ended_and_the_reason_names_the_limit(lab: Lab, hog: str, isolation: Isolation) -> None:
    done = lab.attack(lab.cell(isolation), hog, limits=SMALL)
    assert done.stdout == ""
    assert why_ended(done, SMALL) == "needed more than 512 MiB of memory"


def test_segments_that_belong_to_no_process_count_in_a_sandbox(lab: Lab) -> None:
    done = lab.attack(lab.cell(Isolation.SANDBOX), SEGMENT_HOG, limits=SMALL)
    assert why_ended(done, SMALL) == "needed more than 512 MiB of memory"


def test_children_that_share_their_parents_memory_are_not_counted_twice(lab: Lab) -> None:
    code = """
    import os, time
    big = b"x" * int(2e8)
    for _ in range(5):
        if os.fork() == 0:
            time.sleep(0.5)
            os._exit(0)
    for _ in range(5):
        os.wait()
    print("shared")
    """
    for isolation in CONFINING:
        assert lab.attack(lab.cell(isolation), code, limits=SMALL).stdout == "shared\n"


FILL = """
import os, sys
piece = b"x" * (1 << 20)
for number in range(1000):
    with open(os.path.join(sys.argv[1], f"filler-{number}"), "wb") as file:
        for _ in range(16):
            file.write(piece)
"""


@pytest.mark.parametrize("isolation", CONFINING)
@pytest.mark.parametrize("where", ["home", "cache", "tree"])
def test_who_fills_the_disk_is_ended(lab: Lab, where: str, isolation: Isolation) -> None:
    done = lab.attack(lab.cell(isolation), FILL, getattr(lab, where), limits=SMALL)
    assert why_ended(done, SMALL) == "wrote more than 96 MiB in files"


@pytest.mark.parametrize("where", ["/tmp", "/dev/shm"])
def test_the_sandboxs_disk_in_memory_is_small(lab: Lab, where: str) -> None:
    limits = replace(SMALL, disk=1 << 30)
    done = lab.attack(lab.cell(Isolation.SANDBOX), FILL, where, limits=limits)
    assert why_ended(done, limits) == "found no space left on the disk"
    assert not (Path(where) / "filler-0").exists()


@pytest.mark.parametrize("isolation", CONFINING)
def test_who_fills_a_home_that_is_in_memory_is_ended(isolation: Isolation) -> None:
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        lab = Lab(Path(folder))
        done = lab.attack(lab.cell(isolation), FILL, lab.home, limits=SMALL)
        assert why_ended(done, SMALL) == "wrote more than 96 MiB in files"


def test_what_ended_children_wrote_counts(lab: Lab) -> None:
    code = (
        FILL.replace("with open", "if os.fork():\n        os.wait()\n        continue\n    with open")
        + "    os._exit(0)\n"
    )
    for isolation in CONFINING:
        done = lab.attack(lab.cell(isolation), code, lab.home, limits=SMALL)
        assert why_ended(done, SMALL) == "wrote more than 96 MiB in files"


@pytest.mark.parametrize("isolation", CONFINING)
def test_one_file_may_not_be_larger_than_its_limit(lab: Lab, isolation: Isolation) -> None:
    code = "open('big', 'wb').write(b'x' * (33 << 20))"
    done = lab.attack(lab.cell(isolation), code, limits=SMALL)
    assert why_ended(done, SMALL) == "wrote a file of more than 32 MiB"
    assert (lab.tree / "big").stat().st_size <= 32 << 20


@pytest.mark.parametrize("isolation", CONFINING)
def test_open_files_are_limited(lab: Lab, isolation: Isolation) -> None:
    done = lab.attack(lab.cell(isolation), "import os\nwhile True: os.dup(0)", limits=SMALL)
    assert why_ended(done, SMALL) == "opened more than 100 files at once"


@pytest.mark.parametrize("isolation", list(Isolation))
def test_who_prints_for_ever_is_stopped(lab: Lab, mark: str, isolation: Isolation) -> None:
    code = "import sys\nwhile True: sys.stdout.write('x' * 65536)"
    (lab.tree / "setup.py").write_text(code)
    with pytest.raises(Flooded, match="printed more than 4 MiB and was stopped"):
        lab.run(lab.cell(isolation), sys.executable, "setup.py", mark, most=4 << 20)
    assert alive(mark) == []


@pytest.mark.parametrize("isolation", CONFINING)
def test_a_program_that_a_signal_ends_tells_its_number(lab: Lab, isolation: Isolation) -> None:
    done = lab.attack(lab.cell(isolation), "import os, signal; os.kill(os.getpid(), signal.SIGTERM)")
    assert done.code == 128 + signal.SIGTERM


def test_the_warden_of_a_sandbox_can_be_neither_stopped_nor_ended_nor_read(lab: Lab) -> None:
    code = """
    import os, signal, time
    for number in signal.Signals:
        os.kill(1, number)
    for name in ("mem", "environ", "maps"):
        try:
            open(f"/proc/1/{name}", "rb").read()
        except PermissionError:
            print("refused", flush=True)
    for _ in range(8):
        if os.fork() == 0:
            hog = b"x" * int(1.2e8)
            time.sleep(600)
    time.sleep(600)
    """
    done = lab.attack(lab.cell(Isolation.SANDBOX), code, limits=SMALL)
    assert done.stdout == "refused\n" * 3
    assert why_ended(done, SMALL) == "needed more than 512 MiB of memory"  # so the watch still stands


@pytest.mark.parametrize("isolation", CONFINING)
def test_a_build_script_that_kills_its_group_does_not_reach_the_warden(
    lab: Lab, mark: str, isolation: Isolation
) -> None:
    code = DAEMON + "\nos.kill(0, signal.SIGKILL)"
    done = lab.attack(lab.cell(isolation), code, mark, 0.2)
    assert done.code == 137
    assert alive(mark) == []


@pytest.mark.parametrize("isolation", CONFINING)
def test_signals_have_their_usual_meaning_for_the_program(lab: Lab, isolation: Isolation) -> None:
    code = "import os; os.execvp('grep', ['grep', '-E', 'SigBlk', '/proc/self/status'])"
    done = lab.attack(lab.cell(isolation), code)
    assert done.stdout.split() == ["SigBlk:", "0000000000000000"]


def test_the_warden_is_a_program_of_its_own() -> None:
    words = ("memory=1000000000", "processes=100", "file=1000", "disk=1000", "open=50", "--", "echo", "hello")
    done = subprocess.run(
        [confine.interpreter(), "-I", "-S", confine.WARDEN, *words],
        capture_output=True,
        env={"PATH": os.environ["PATH"]},
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"hello\n", b"")
