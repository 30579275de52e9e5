"""A hostile setup.py, built for real because the policy allows it, finds nothing of ours and breaks nothing of ours."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.adapters.lockers.rooms import Confinement
from bot.errors import LockFailed
from bot.model.isolation import Isolation
from bot.model.locks import LockerName
from tests.builders import NOW
from tests.rig.index import LocalIndex
from tests.rig.locker_bench import LockerBench, open_bench

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
CANARY = "canary-5d41402abc4b"
BODY = "other==1.0\n    # via -r a.in\n"
# Looks wherever secrets stand, and writes what it found into the work tree, which it may write to.
SPY = """
import glob, json, os, socket
found, canary = {{}}, {canary!r}[::-1].encode()

def looks(name, path):
    try:
        with open(path, "rb") as file:
            data = file.read(1 << 20)
        if canary in data:
            found[name] = path
    except OSError:
        pass

if canary.decode() in repr(dict(os.environ)):
    found["environment"] = "own"
for pid in [name for name in os.listdir("/proc") if name.isdigit()]:
    looks("environment of " + pid, f"/proc/{{pid}}/environ")
    looks("command of " + pid, f"/proc/{{pid}}/cmdline")
    try:
        for line in open(f"/proc/{{pid}}/maps"):
            start, end = (int(part, 16) for part in line.split()[0].split("-"))
            if "rw" in line and "heap" in line:
                with open(f"/proc/{{pid}}/mem", "rb") as memory:
                    memory.seek(start)
                    if canary in memory.read(end - start):
                        found["memory of " + pid] = line.strip()
    except OSError:
        pass
for path in {places!r}:
    looks(path, path)
    for inner in glob.glob(path + "/**", recursive=True):
        looks(inner, inner)
try:
    with socket.create_connection(("127.0.0.1", {port}), timeout=3) as peer:
        found["network"] = "loopback of the host"
except OSError:
    pass
for target in {targets!r}:
    try:
        with open(target, "w") as file:
            file.write("owned")
    except OSError:
        pass
with open({report!r}, "w") as file:
    json.dump(found, file)
"""


@pytest.fixture
def bench(tmp_path: Path, local_index: LocalIndex, monkeypatch: pytest.MonkeyPatch) -> Iterator[LockerBench]:
    local_index.json_api = True
    local_index.add("other", "1.0", uploaded_at=LONG_AGO)
    with open_bench(tmp_path, local_index, monkeypatch) as found:
        yield found


def evil(bench: LockerBench, code: str) -> None:
    bench.index.add("evil", "1.0", wheel=False, sdist=True, build_code=code, uploaded_at=LONG_AGO)


@pytest.fixture
def listener() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def secrets(bench: LockerBench) -> list[str]:
    """Put a canary wherever one could stand, and give those places."""
    places = [
        bench.folder / "data" / "token", bench.folder / "data" / "clones" / "acme" / "secret.py",
        bench.folder / "data" / "quarterdeck.db", bench.folder / "home" / ".ssh" / "id_ed25519",
    ]  # fmt: skip
    for place in places:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(CANARY)
    return [str(bench.folder / "data"), str(bench.folder / "home"), "/root", "/home", "/etc/shadow", "/run", "/var/lib"]


@pytest.mark.parametrize("name", [LockerName.PIP_TOOLS, LockerName.UV_PIP])
def test_a_spy_finds_nothing_of_ours(
    bench: LockerBench, monkeypatch: pytest.MonkeyPatch, listener: int, name: LockerName
) -> None:
    bench.name = name
    monkeypatch.setenv("QUARTERDECK_GITHUB_TOKEN", CANARY)
    in_memory = CANARY + "-held"  # noqa: F841 - it stands in our heap while the spy looks
    places = secrets(bench)
    sleeper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], env={"TOKEN": CANARY})
    report = bench.tree / "report.json"
    targets = [str(bench.folder / "data" / "token"), str(bench.folder / "outside"), "/usr/owned", "/etc/owned"]
    evil(bench, SPY.format(canary=CANARY[::-1], places=places, port=listener, report=str(report), targets=targets))
    try:
        done = bench.compile("evil\n", BODY, build=("evil",))
    finally:
        sleeper.kill()
        sleeper.wait()
    assert json.loads(report.read_text()) == {}
    assert bench.pins(done) == {"evil": "1.0"}
    assert "built-from-source" in [note.code for note in done.notes]
    assert (bench.folder / "data" / "token").read_text() == CANARY
    assert not any(Path(target).exists() for target in targets[1:])


def test_the_spy_would_find_it_without_a_sandbox(
    tmp_path: Path, local_index: LocalIndex, monkeypatch: pytest.MonkeyPatch, listener: int
) -> None:
    """The other tests here mean something only if this one finds what they do not."""
    local_index.json_api = True
    local_index.add("other", "1.0", uploaded_at=LONG_AGO)
    open_door = Confinement(isolation=Isolation.NONE, chosen=True, timeout=120)
    with open_bench(tmp_path, local_index, monkeypatch, open_door) as bench:
        places = secrets(bench)[:2]
        report = bench.tree / "report.json"
        evil(bench, SPY.format(canary=CANARY[::-1], places=places, port=listener, report=str(report), targets=[]))
        bench.compile("evil\n", BODY, build=("evil",))
        found = json.loads(report.read_text())
        assert found["network"] == "loopback of the host"
        assert str(tmp_path / "data" / "token") in found.values()


def test_nothing_is_built_that_the_policy_does_not_name(bench: LockerBench) -> None:
    canary = bench.tree / "built"
    evil(bench, f"open({str(canary)!r}, 'w').close()")
    for build in ((), ("something-else",)):
        with pytest.raises(LockFailed, match="evil") as caught:
            bench.compile("evil\n", BODY, build=build)
        assert "build_from_source" in caught.value.hint
    assert not canary.exists()


def test_nothing_is_built_in_a_weaker_isolation_that_nobody_chose(
    tmp_path: Path, local_index: LocalIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    fallen_back = Confinement(isolation=Isolation.PROCESS, why="bubblewrap is not installed", timeout=120)
    with open_bench(tmp_path, local_index, monkeypatch, fallen_back) as bench:
        canary = tmp_path / "built"
        local_index.add("other", "1.0", uploaded_at=LONG_AGO)
        evil(bench, f"open({str(canary)!r}, 'w').close()")
        with pytest.raises(LockFailed, match="evil") as caught:
            bench.compile("evil\n", BODY, build=("evil",))
        assert "bubblewrap is not installed" in caught.value.hint
        assert not canary.exists()


def test_what_a_build_leaves_running_is_gone(bench: LockerBench) -> None:
    mark = f"survivor-{time.monotonic_ns()}"
    code = (
        "import subprocess, sys\n"
        f"subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(90)  # {mark}'], start_new_session=True,"
        " stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)\n"
    )
    evil(bench, code)
    bench.compile("evil\n", BODY, build=("evil",))
    commands = (path for path in Path("/proc").glob("[0-9]*/cmdline"))
    assert not [path for path in commands if path.exists() and mark.encode() in _read(path)]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("x = bytearray(3 << 30)", "memory"),
        ("import os\nos.write(2, b'x' * 100)\nraise SystemExit('I will not be built')", "evil"),
    ],
)
def test_a_build_that_fails_or_wants_too_much_is_told_in_one_sentence(bench: LockerBench, code: str, says: str) -> None:
    confinement = bench.rooms.confinement
    bench.rooms.confinement = replace(confinement, limits=replace(confinement.limits, memory=1 << 30))
    evil(bench, code)
    with pytest.raises(LockFailed, match=says) as caught:
        bench.compile("evil\n", BODY, build=("evil",))
    assert len(caught.value.message) < 700


def test_a_build_does_not_write_into_the_caches_that_others_use(bench: LockerBench) -> None:
    shared = bench.rooms.data_dir / "cache"
    code = (
        "import os\n"
        "for name in ('UV_CACHE_DIR', 'PIP_CACHE_DIR', 'PIP_TOOLS_CACHE_DIR'):\n"
        "    os.makedirs(os.environ[name], exist_ok=True)\n"
        "    open(os.path.join(os.environ[name], 'poison'), 'w').close()\n"
    )
    evil(bench, code)
    bench.compile("evil\n", BODY, build=("evil",))
    assert [str(path) for path in shared.rglob("poison")] == []


def test_two_rooms_do_not_see_each_other(bench: LockerBench) -> None:
    """While one lock is compiled, the room of another holds its files."""
    with bench.rooms.folder() as neighbour:
        (neighbour / "secret").write_text(CANARY)
        report = bench.tree / "report.json"
        code = SPY.format(canary=CANARY[::-1], places=[str(neighbour.parent)], port=1, report=str(report), targets=[])
        evil(bench, code)
        bench.compile("evil\n", BODY, build=("evil",))
    assert json.loads(report.read_text()) == {}
    assert list(neighbour.parent.iterdir()) == []


@pytest.mark.parametrize(
    "code",
    [
        "import os\nos.remove({lock!r})\nos.symlink({secret!r}, {lock!r})",
        "import os\nos.remove({lock!r})\nos.mkfifo({lock!r})",
        "import os\nos.remove({lock!r})\nos.mkdir({lock!r})",
    ],
)
def test_a_build_that_puts_something_else_in_the_place_of_the_lock_gets_nothing_proposed(
    bench: LockerBench, code: str
) -> None:
    secret = bench.folder / "data" / "token"
    secret.parent.mkdir(exist_ok=True)
    secret.write_text(f"# {CANARY}\nother==1.0\n")
    lock = str(bench.tree / "a.txt")
    evil(bench, code.format(lock=lock, secret=str(secret)))
    bench.rooms.confinement = replace(bench.rooms.confinement, timeout=8)  # a pipe is waited for
    relock = bench.relock("evil\n", BODY, build=("evil",))
    said = ""
    try:
        said = bench.locker.relock(bench.tree, relock, NOW).text
    except LockFailed as error:
        said = error.message
    assert CANARY not in said
    assert secret.read_text() == f"# {CANARY}\nother==1.0\n"
