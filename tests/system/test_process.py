"""What a child says is read while it runs, and no more of it is kept than was asked for."""

import os
import sys
from pathlib import Path

import pytest

from bot.errors import StoreError
from bot.system.process import Finished, Flooded, TimedOut, run

ENV = {"PATH": os.environ["PATH"]}


def python(code: str, folder: Path, *, stdin: str = "", timeout: float = 60, keep: int = 1 << 20) -> Finished:
    return run([sys.executable, "-c", code], cwd=folder, timeout=timeout, env=ENV, stdin=stdin, keep=keep, most=8 << 20)


def test_what_was_told_and_said_passes_whole_even_where_pipes_are_small(tmp_path: Path) -> None:
    text = "ä line\n" * 100_000
    echo = "import sys; text = sys.stdin.read(); sys.stderr.write(text); sys.stdout.write(text)"
    done = python(echo, tmp_path, stdin=text)
    assert (done.code, done.stdout == text, done.stderr == text, done.cut) == (0, True, True, False)


def test_a_child_that_does_not_listen_is_no_error(tmp_path: Path) -> None:
    code = "import os; os.close(0); print('done')"
    assert python(code, tmp_path, stdin="x" * 1_000_000).stdout == "done\n"


def test_line_ends_are_made_alike_and_broken_characters_are_marked(tmp_path: Path) -> None:
    code = r"import os; os.write(1, b'a\r\nb\rc\n\xff')"
    assert python(code, tmp_path).stdout == "a\nb\nc\n\ufffd"


def test_of_too_much_the_head_of_stdout_and_the_tail_of_stderr_are_kept(tmp_path: Path) -> None:
    code = "import sys\nfor f in sys.stdout, sys.stderr: f.write('first ' + 'x' * 300_000 + ' last')"
    done = python(code, tmp_path, keep=100_000)
    assert done.cut
    assert (len(done.stdout), done.stdout[:7]) == (100_000, "first x")
    assert (len(done.stderr), done.stderr[-6:]) == (100_000, "x last")


def test_exactly_as_much_as_is_kept_is_not_cut(tmp_path: Path) -> None:
    done = python("print('x' * 99, end='')", tmp_path, keep=99)
    assert (done.stdout, done.cut) == ("x" * 99, False)
    assert python("print('x' * 100, end='')", tmp_path, keep=99).cut


def test_more_than_anybody_reads_stops_the_child(tmp_path: Path) -> None:
    with pytest.raises(Flooded, match=r"^python\S* printed more than 8 MiB and was stopped$"):
        python("while True: print('x' * 10_000)", tmp_path)


@pytest.mark.parametrize("code", ["", "import os\nfor fd in range(3): os.close(fd)\n"])
def test_the_time_limit_holds_for_children_that_closed_their_pipes_too(tmp_path: Path, code: str) -> None:
    with pytest.raises(TimedOut, match="ran longer than 1 seconds and was stopped"):
        python(code + "import time; time.sleep(600)", tmp_path, timeout=1)


def test_a_missing_program_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no-such-program is not installed"):
        run(["no-such-program"], cwd=tmp_path, timeout=60, env=ENV)
