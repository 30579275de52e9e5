"""Several processes, and processes that are killed: real ones, on real files."""

import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from bot.adapters.stores.sql import DATABASE, SqlStore
from bot.errors import Unavailable
from tests.builders import NOW, a_proposal

ROOT = Path(__file__).parents[3]

WRITER = """
import sys
from pathlib import Path
from bot.adapters.stores.sql import SqlStore
from bot.model.policy import Trigger
from bot.model.repository import Repository
from bot.model.runs import Outcome, RunRecord
from dataclasses import replace
from tests.builders import NOW, a_proposal, a_rebuild

store = SqlStore.open(Path(sys.argv[1]))
while True:
    number = store.save_proposal("web", a_proposal(0, body="x" * 50_000)).number
    store.save_proposal("web", a_proposal(number, title=f"done {number}", body=f"{number}|" * 20_000))
    run = RunRecord(
        repository=Repository(name=f"r{number}", url=""), asked=Trigger.AUTO, started_at=NOW, finished_at=NOW,
        outcome=Outcome.NOTHING, plan=a_rebuild(quarter=f"q{number}"),
    )
    store.record(run, {"name": run.repository.name, "rows": [number] * 5_000})
    store.remember("relock", str(number), f"{number}|" * 5_000, NOW)
    print(number, flush=True)
"""

HOLDER = """
import sys, threading
from pathlib import Path
from bot.adapters.stores.sql import SqlStore
with SqlStore.open(Path(sys.argv[1])).exclusive("acme/web"):
    print("holding", flush=True)
    threading.Event().wait()
"""

OPENER = """
import sys
from pathlib import Path
from bot.adapters.stores.sql import SqlStore
from tests.builders import a_proposal
print("ready", flush=True)
for line in sys.stdin:
    with SqlStore.open(Path(line.strip())) as store:
        print(store.save_proposal("web", a_proposal(0)).number, flush=True)
"""


def start(script: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", script, *arguments], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def line_of(child: subprocess.Popen[str]) -> str:
    assert child.stdout is not None
    return child.stdout.readline().strip()


def kill_after(folder: Path, lines: int) -> set[int]:
    """Kill a writer while it writes, after it said `lines` times that all of a number is kept; give these numbers."""
    with start(WRITER, str(folder)) as child:
        said = {int(line_of(child)) for _ in range(lines)}
        child.send_signal(signal.SIGKILL)
    return said


def check(folder: Path, said: set[int]) -> None:
    """Reopen: everything that was said to be kept is there, and of the rest nothing is there by half."""
    with closing(sqlite3.connect(folder / DATABASE)) as raw:
        assert raw.execute("pragma integrity_check").fetchall() == [("ok",)]
    with SqlStore.open(folder) as store:
        proposals = store.proposals("web")
        assert [proposal.number for proposal in proposals] == list(range(len(proposals), 0, -1))
        for proposal in proposals:
            number = proposal.number
            body, answer, rows = f"{number}|" * 20_000, f"{number}|" * 5_000, [number] * 5_000
            begun = number not in said
            runs = [run["rows"] for run in store.last_runs(f"r{number}")]
            assert proposal.body == body or (begun and proposal.body == "x" * 50_000)
            assert runs == [rows] or (begun and runs == [])
            assert store.quarters(f"r{number}") == ((f"q{number}",) if runs else ())
            assert store.recall("relock", str(number)) in ({answer, None} if begun else {answer})


def test_whatever_moment_a_writer_is_killed_at_nothing_kept_is_lost_or_half_there(tmp_path: Path) -> None:
    said: set[int] = set()
    for lines in (1, 2, 5, 3, 1):
        before = len(said)
        said |= kill_after(tmp_path, lines)
        assert len(said) == before + lines
        check(tmp_path, said)


def test_a_process_killed_while_it_makes_the_database_leaves_one_that_opens(tmp_path: Path) -> None:
    with start(OPENER) as child:
        line_of(child)
        assert child.stdin is not None
        child.stdin.write(f"{tmp_path}\n")
        child.stdin.flush()
        child.send_signal(signal.SIGKILL)

    with SqlStore.open(tmp_path) as store:
        assert store.save_proposal("web", a_proposal(0)).number in {1, 2}


def test_processes_that_open_the_same_new_folder_at_once_all_succeed(tmp_path: Path) -> None:
    children = [start(OPENER) for _ in range(3)]
    try:
        for child in children:
            assert line_of(child) == "ready"
        for folder in range(5):
            for child in children:
                assert child.stdin is not None
                child.stdin.write(f"{tmp_path / str(folder)}\n")
                child.stdin.flush()
            assert sorted(line_of(child) for child in children) == ["1", "2", "3"]
    finally:
        for child in children:
            child.communicate()


def test_a_repository_is_free_again_when_the_run_that_held_it_is_killed(tmp_path: Path) -> None:
    with SqlStore.open(tmp_path) as store, start(HOLDER, str(tmp_path)) as child:
        assert line_of(child) == "holding"
        with pytest.raises(Unavailable, match="acme/web"), store.exclusive("acme/web"):
            pytest.fail("two runs at once")
        child.send_signal(signal.SIGKILL)
        child.wait()

        with store.exclusive("acme/web"):
            store.remember("relock", "k", "v", NOW)
