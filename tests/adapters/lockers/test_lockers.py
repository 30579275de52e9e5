"""What is special to pip-compile and to uv: what they are told, which of them runs, and what is kept of it."""

import shutil
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.adapters.lockers import failures, interpreters
from bot.adapters.lockers.interpreters import OURS
from bot.adapters.lockers.rooms import Rooms
from bot.errors import LockFailed, StoreError
from bot.formats import lock_hashes
from bot.model.locks import Libc, LockerName
from bot.model.plan import FixAtLeast, UpgradeOnly
from bot.model.releases import IndexView
from bot.system.process import Finished
from tests.builders import NOW, a_lock
from tests.rig.index import LocalIndex
from tests.rig.locker_bench import LockerBench, open_bench

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
CHILD = "child==1.0\n    # via -r a.in\n"


@pytest.fixture
def bench(tmp_path: Path, local_index: LocalIndex, monkeypatch: pytest.MonkeyPatch) -> Iterator[LockerBench]:
    local_index.json_api = True
    for version in ("1.0", "1.1", "2.0"):
        local_index.add("parent", version, requires=["child>=1"], uploaded_at=LONG_AGO)
        local_index.add("child", version, uploaded_at=LONG_AGO)
    with open_bench(tmp_path, local_index, monkeypatch) as found:
        yield found


def test_the_same_question_is_compiled_once_and_a_new_release_asks_again(bench: LockerBench) -> None:
    first = bench.compile("child\n", CHILD)
    again = bench.compile("child\n", CHILD)
    assert (again.text, again.compiled, bench.compiles) == (first.text, False, 1)


def test_a_new_release_is_a_new_question(
    tmp_path: Path, local_index: LocalIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    local_index.add("child", "1.0", uploaded_at=LONG_AGO)
    local_index.add("child", "2.0", uploaded_at=LONG_AGO)
    answers: dict[tuple[str, str], str] = {}
    for version in ("2.0", "2.1"):
        if version == "2.1":
            local_index.add("child", version, uploaded_at=LONG_AGO)
        with open_bench(tmp_path, local_index, monkeypatch) as bench:
            bench.answers = answers
            done = bench.compile("child\n", CHILD)
            assert (done.compiled, bench.compiles, bench.pins(done)) == (True, 1, {"child": version})


def test_what_the_proposal_tells_to_type_is_what_was_run(bench: LockerBench) -> None:
    assert bench.compile("child\n", CHILD, before=NOW).command == (
        "pip-compile --upgrade --uploaded-prior-to=2026-11-24T12:00:00Z --output-file=a.txt a.in"
    )
    bench.name = LockerName.UV_PIP
    assert bench.compile("child\n", CHILD, before=NOW).command == (
        f"uv pip compile --upgrade --exclude-newer=2026-11-24T12:00:00Z --python-version={OURS} --output-file=a.txt a.in"
    )


@pytest.mark.parametrize(
    "option", ["--uploaded-prior-to=2025-01-01T00:00:00Z", "--exclude-newer=2024-12-31", "--uploaded-prior-to=P500D"]
)
def test_an_own_cutoff_of_the_lock_holds_whatever_the_cooldown_is(bench: LockerBench, option: str) -> None:
    bench.index.add("child", "0.9", uploaded_at=datetime(2024, 1, 1, tzinfo=UTC))
    done = bench.compile("child\n", "child==0.9\n    # via -r a.in\n", arguments=(option,), before=NOW)
    assert bench.pins(done) == {"child": "0.9"}
    with pytest.raises(LockFailed, match="its header limits releases to 'soon'"):
        bench.compile("child\n", CHILD, arguments=("--uploaded-prior-to=soon",))


def test_a_lock_for_a_python_that_is_not_here_is_resolved_by_uv_and_says_so(bench: LockerBench) -> None:
    bench.index.add("child", "4.0", requires_python=">=3.40", uploaded_at=LONG_AGO)
    done = bench.compile("child\n", CHILD, python="3.97")
    assert done.text == bench.header("3.97") + "child==4.0\n    # via -r a.in\n"
    assert [note.code for note in done.notes] == ["resolved-by-uv"]
    assert bench.compiles == 0
    with pytest.raises(LockFailed):
        bench.compile("nothing-like-it\n", CHILD, python="3.97")


def test_a_lock_for_another_machine_is_resolved_by_uv_for_it(bench: LockerBench) -> None:
    bench.index.add("native", "1.0", tag="cp311-cp311-manylinux_2_17_aarch64", uploaded_at=LONG_AGO)
    done = bench.compile('native\nchild ; platform_machine == "x86_64"\n', CHILD, platform="linux/arm64", python="3.11")
    assert bench.pins(done) == {"native": "1.0"}
    assert [note.code for note in done.notes] == ["resolved-by-uv"]
    assert "linux/arm64" in done.notes[0].text


def test_the_policy_chooses_the_resolver(bench: LockerBench) -> None:
    done = bench.compile("child\n", CHILD, resolver="uv")
    assert (bench.pins(done), bench.compiles, done.notes[0].text.split(",")[0]) == (
        {"child": "2.0"},
        0,
        "the policy asks for uv",
    )
    with pytest.raises(LockFailed, match=r"no Python 3\.97 for linux/"):
        bench.compile("child\n", CHILD, resolver="pip-tools", python="3.97")


def test_a_pin_without_a_wheel_for_musl_is_told_where_the_image_has_musl(bench: LockerBench) -> None:
    bench.index.add(
        "native",
        "1.0",
        tag=f"cp{OURS.replace('.', '')}-cp{OURS.replace('.', '')}-manylinux_2_17_x86_64",
        uploaded_at=LONG_AGO,
    )
    done = bench.compile("native\n", CHILD, libc=Libc.MUSL)
    assert bench.pins(done) == {"native": "1.0"}
    assert [note.code for note in done.notes] == ["no-musl-wheel"]
    assert bench.compile("child\n", CHILD, libc=Libc.MUSL).notes == ()


def test_a_hash_that_no_file_has_is_never_proposed(bench: LockerBench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The compiler is made to write nonsense: nothing but the proof stands between that and a proposal."""
    body = "child==1.0 \\\n    --hash=sha256:" + "1" * 64 + "\n    # via -r a.in\n"

    def wrong(text: str, known: object) -> str:
        lines = [
            f"    --hash=sha256:{'2' * 64}\n" if "--hash" in line else line for line in text.splitlines(keepends=True)
        ]
        return "".join(lines)

    monkeypatch.setattr(lock_hashes, "completed", wrong)
    with pytest.raises(LockFailed, match=r"a\.txt: no file of child 2\.0 on the index has the hash sha256:222"):
        bench.compile("child\n", body, arguments=("--generate-hashes",))


def test_a_pin_that_is_missing_is_never_proposed(bench: LockerBench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        lock_hashes, "completed", lambda text, known: text.replace("child==2.0\n    # via parent\n", "")
    )
    with pytest.raises(LockFailed, match=r"a\.txt: its pins need child, which it does not pin"):
        bench.compile("parent\n", "child==1.0\n    # via parent\nparent==1.0\n    # via -r a.in\n")


def test_what_comes_out_differently_the_second_time_is_never_proposed(
    bench: LockerBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = iter(["2.0", "1.1"])
    monkeypatch.setattr(
        lock_hashes, "completed", lambda text, known: text + f"other=={next(times)}\n    # via -r a.in\n"
    )
    for version in ("1.1", "2.0"):
        bench.index.add("other", version, uploaded_at=LONG_AGO)
    with pytest.raises(LockFailed, match="compiled twice, it came out differently"):
        bench.compile("child\n", CHILD)


def test_an_unhashed_unsafe_package_is_no_obstacle_where_the_lock_leaves_it_out(bench: LockerBench) -> None:
    bench.index.add("setuptools", "70.0", uploaded_at=LONG_AGO)
    bench.index.add("builder", "1.0", requires=["setuptools"], uploaded_at=LONG_AGO)
    body = "child==1.0 \\\n    --hash=sha256:" + "1" * 64 + "\n    # via -r a.in\n"
    done = bench.compile("builder\n", body, arguments=("--generate-hashes",))
    assert bench.pins(done) == {"builder": "1.0"}


def test_a_package_that_the_command_calls_unsafe_is_left_out_and_needs_no_compile(bench: LockerBench) -> None:
    body = "parent==2.0\n    # via -r a.in\n"
    done = bench.compile("parent\n", body, arguments=("--unsafe-package=Child",))
    assert (done.compiled, bench.compiles, bench.pins(done)) == (False, 0, {"parent": "2.0"})


def test_children_see_no_secret_of_ours(bench: LockerBench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUARTERDECK_GITHUB_TOKEN", "canary")
    monkeypatch.setenv("PIP_FIND_LINKS", "/srv/wheels")
    with bench.rooms.room(IndexView()) as room:
        assert "canary" not in room.env.values()
        assert "PIP_FIND_LINKS" not in room.env
        assert stat.S_IMODE(room.home.stat().st_mode) == 0o700
        home = room.home
    assert not home.exists()


def test_a_full_disk_is_the_operators_business_and_a_childs_own_limit_is_not(
    bench: LockerBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = Finished(code=1, stdout="", stderr="OSError: [Errno 28] No space left on device")
    with bench.rooms.room(IndexView()) as room:
        found = failures.failure(a_lock(), done, room)
        assert isinstance(found, LockFailed)
        assert found.message == "requirements.txt: the resolver found no space left on the disk"
        full = shutil.disk_usage("/")._replace(free=0)
        monkeypatch.setattr(shutil, "disk_usage", lambda path: full)
        assert isinstance(failures.failure(a_lock(), done, room), StoreError)


def test_rooms_that_a_killed_process_left_are_swept_and_those_in_use_are_not(bench: LockerBench) -> None:
    parent = bench.rooms.data_dir / "rooms"
    with bench.rooms.folder() as used:
        left = parent / "room-left"
        (left / "inner").mkdir(parents=True)
        (left / "inner" / "secret").write_text("x")
        (left / "inner").chmod(0)
        (parent / "room-left.in-use").touch()
        Rooms(bench.rooms.data_dir, bench.rooms.gate, bench.rooms.confinement)
        assert used.exists()
        assert not left.exists()
    assert list(parent.iterdir()) == []


def test_a_lock_in_an_old_encoding_keeps_it(bench: LockerBench) -> None:
    relock = bench.relock("child\n", CHILD)
    path = bench.tree / "a.txt"
    path.write_bytes("# -*- coding: latin-1 -*-\n# für später\n".encode("latin-1") + path.read_bytes())
    done = bench.locker.relock(bench.tree, relock, NOW)
    assert done.text.startswith("# -*- coding: latin-1 -*-\n# für später\n#\n# This file is autogenerated")
    assert bench.pins(done) == {"child": "2.0"}


def test_a_package_that_is_not_in_the_lock_moves_nothing(bench: LockerBench) -> None:
    done = bench.compile("child\n", CHILD, movement=UpgradeOnly(names=("elsewhere",)))
    assert (done.compiled, bench.pins(done)) == (False, {"child": "1.0"})


def test_interpreters_are_looked_for_where_people_keep_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def put(path: Path, said: str) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\necho {said}\n")
        path.chmod(0o755)
        return path

    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    monkeypatch.setenv("PATH", f"{tmp_path}/shims:{tmp_path}/bin:/usr/bin:/bin")
    put(tmp_path / "shims/python3.98", "3.98")
    assert interpreters.find("3.98") is None
    put(tmp_path / "bin/python3.98", "3.97")
    assert interpreters.find("3.98") is None
    mine = put(tmp_path / "pyenv/versions/3.98.1/bin/python3.98", "3.98")
    assert interpreters.find("3.98") == mine


def test_a_fix_of_a_package_that_is_pinned_for_two_markers_is_brought(bench: LockerBench) -> None:
    bench.name = LockerName.UV_PIP
    source = "child<2 ; sys_platform == 'win32'\nchild>=2 ; sys_platform != 'win32'\n"
    body = "child==1.0 ; sys_platform == 'win32'\n    # via -r a.in\nchild==2.0 ; sys_platform != 'win32'\n    # via -r a.in\n"
    fix = FixAtLeast(floors=(("child", "1.1"),))
    done = bench.compile(source, body, arguments=("--universal",), movement=fix)
    assert "child==1.1 ; sys_platform == 'win32'" in done.text
    assert "child==2.0 ; sys_platform != 'win32'" in done.text
