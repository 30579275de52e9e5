"""What a stranger's code finds in a cell: real attacks, and everything that honest code needs."""

import os
import secrets
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import uv

from bot.adapters.lockers import interpreters
from bot.errors import StoreError
from bot.model.isolation import Isolation
from bot.system import confine
from bot.system.confine import Cell, Limits, confined, strongest
from bot.system.process import Finished, run
from tests.rig.cell import CANARY, Gate, Lab
from tests.rig.web import Said, WebServer

SANDBOX, PROCESS, NONE = Isolation.SANDBOX, Isolation.PROCESS, Isolation.NONE


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path)


def _nothing_was_taken(done: Finished) -> None:
    assert done.code == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "attacked", done.stdout
    assert CANARY not in done.stdout + done.stderr


def test_the_sandbox_works_on_the_machines_that_test() -> None:
    assert strongest() == (SANDBOX, "")


READ_FILES = """
import pathlib, sys
for name in sys.argv[1:]:
    try:
        print(pathlib.Path(name).read_text())
    except OSError as error:
        print(type(error).__name__)
print("attacked")
"""


def test_files_outside_the_cell_are_not_there(lab: Lab) -> None:
    targets = (lab.secret, lab.foreign, lab.key, "/etc/shadow", "../../token", "../../clones/other/settings.py")
    done = lab.attack(lab.cell(SANDBOX), READ_FILES, *targets)
    _nothing_was_taken(done)
    assert done.stdout.split() == ["FileNotFoundError"] * 6 + ["attacked"]


def test_a_file_that_only_others_may_not_read_is_hidden_even_inside_something_readable(lab: Lab) -> None:
    cell = lab.cell(SANDBOX, readable=(lab.folder,), hidden=(lab.data, lab.key.parent))
    done = lab.attack(cell, READ_FILES, lab.secret, lab.foreign, lab.key, lab.tree / "setup.py")
    assert CANARY not in done.stdout
    assert done.stdout.split()[:3] == ["FileNotFoundError"] * 3
    assert "import pathlib" in done.stdout  # the work tree lies in what is hidden, and is there


def test_links_out_of_the_work_tree_lead_nowhere(lab: Lab) -> None:
    (lab.tree / "link").symlink_to(lab.secret)
    (lab.tree / "folder").symlink_to(lab.data)
    (lab.tree / "up").symlink_to("../..")
    done = lab.attack(lab.cell(SANDBOX), READ_FILES, "link", "folder/token", "up/token", "/proc/1/root/etc/shadow")
    _nothing_was_taken(done)
    assert done.stdout.split()[:3] == ["FileNotFoundError"] * 3


WALK = """
import os, sys
for folder, folders, files in os.walk("/", followlinks=False):
    if folder in ("/proc", "/usr", "/dev", sys.prefix, sys.base_prefix):
        folders.clear()
        continue
    for name in files:
        try:
            with open(os.path.join(folder, name), "rb") as file:
                if b"canary" + b"-7f3a91" in file.read():
                    print("found", folder, name)
        except OSError:
            pass
print("attacked")
"""


def test_no_file_that_can_be_reached_holds_the_secret(lab: Lab) -> None:
    done = lab.attack(lab.cell(SANDBOX), WALK)
    assert done.stdout == "attacked\n", done.stderr


LOOK_INTO_OTHERS = """
import ctypes, os, pathlib, re
others = [int(n) for n in os.listdir("/proc") if n.isdigit() and int(n) != os.getpid()]
print("pids", sorted(others))
libc = ctypes.CDLL(None, use_errno=True)
for pid in {*others, int(os.environ.get("VICTIM", 1))}:
    for name in ("environ", "maps"):
        try:
            print(pathlib.Path(f"/proc/{pid}/{name}").read_bytes()[:100000])
        except OSError:
            pass
    try:
        with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
            for line in maps:
                start, end = (int(x, 16) for x in line.split()[0].split("-"))
                if "[stack]" in line or "[heap]" in line:
                    memory.seek(start)
                    print(re.findall(rb"canary-[0-9a-f]+", memory.read(end - start)))
    except OSError:
        pass
    print("ptrace", libc.ptrace(16, pid, None, None))
print("attacked")
"""


def test_our_environment_and_memory_cannot_be_read(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUARTERDECK_GITHUB_TOKEN", CANARY)
    done = lab.attack(lab.cell(SANDBOX), LOOK_INTO_OTHERS)
    _nothing_was_taken(done)
    assert "pids [1]" in done.stdout  # its own warden, which has nothing to tell
    assert "ptrace 0" not in done.stdout


@pytest.mark.parametrize("isolation", list(Isolation))
def test_a_variable_that_is_not_passed_on_is_not_in_the_environment(
    lab: Lab, isolation: Isolation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUARTERDECK_GITHUB_TOKEN", CANARY)
    done = lab.attack(lab.cell(isolation), "import os; print(sorted(os.environ.items())); print('attacked')")
    _nothing_was_taken(done)
    assert f"('HOME', '{lab.home}')" in done.stdout


CONNECT = """
import os, socket, sys
for family, address in (
    (socket.AF_INET, ("127.0.0.1", int(sys.argv[1]))), (socket.AF_UNIX, "\\0" + sys.argv[2]), (socket.AF_UNIX, sys.argv[3]),
    (socket.AF_INET, ("192.0.2.1", 80)),
):
    with socket.socket(family) as outside:
        outside.settimeout(5)
        try:
            outside.connect(address)
            print("connected", address)
        except OSError as error:
            print(type(error).__name__)
print("attacked")
"""


def test_no_socket_of_this_machine_can_be_reached(lab: Lab) -> None:
    abstract, path = f"quarterdeck-{secrets.token_hex(8)}", lab.data / "socket"
    with socket.socket() as tcp, socket.socket(socket.AF_UNIX) as hidden, socket.socket(socket.AF_UNIX) as named:
        tcp.bind(("127.0.0.1", 0))
        hidden.bind("\0" + abstract)
        named.bind(os.path.relpath(path))
        for server in (tcp, hidden, named):
            server.listen()
        arguments = (tcp.getsockname()[1], abstract, path)
        outside = lab.attack(lab.cell(NONE), CONNECT, *arguments)
        done = lab.attack(lab.cell(SANDBOX), CONNECT, *arguments)
    assert outside.stdout.count("connected") >= 2  # so the attack is one
    _nothing_was_taken(done)
    assert "connected" not in done.stdout


WRITE = """
import os, sys
for name in sys.argv[1:]:
    try:
        if os.path.isdir(name):
            name += "/made-by-an-attack"
        with open(name, "r+" if os.path.exists(name) else "x") as file:
            file.write("x")
        print("wrote", name)
    except OSError as error:
        print(type(error).__name__, name)
print("attacked")
"""


def test_only_the_work_tree_the_cache_and_the_home_can_be_written(lab: Lab) -> None:
    system = ("/usr", "/etc", "/etc/passwd", "/dev", "/", sys.prefix)
    beside = (lab.data, lab.clone, lab.tree.parent, Path("/tmp"), Path("/dev/shm"))
    done = lab.attack(lab.cell(SANDBOX), WRITE, *system, *beside, lab.tree, lab.cache, lab.home)
    _nothing_was_taken(done)
    assert [line.split()[0] for line in done.stdout.splitlines()[: len(system)]] == ["OSError"] * len(system)
    # what lies beside the work tree is memory of the cell's own, and gone with it
    there = [path for path in (*beside, lab.tree, lab.cache, lab.home) if (path / "made-by-an-attack").exists()]
    assert there == [lab.tree, lab.cache, lab.home]
    assert (lab.tree / "made-by-an-attack").stat().st_uid == os.getuid()


CHANGE_THE_MACHINE = """
import os
for folder, folders, files in os.walk("/proc"):
    if folder == "/proc":
        folders[:] = [name for name in folders if not name.isdigit() and name not in ("self", "thread-self")]
        files.remove("kmsg") if "kmsg" in files else None
    for name in files:
        path = os.path.join(folder, name)
        if os.path.islink(path) or os.path.samefile(path, "/dev/null") or path.startswith("/proc/net"):
            continue
        try:
            os.close(os.open(path, os.O_WRONLY))
            print("can change", path)
        except OSError:
            pass
print("attacked")
"""


def test_no_setting_of_the_kernel_can_be_changed_not_even_by_roots_number(lab: Lab) -> None:
    done = lab.attack(lab.cell(SANDBOX), CHANGE_THE_MACHINE)
    assert done.stdout == "attacked\n", done.stderr


def test_it_is_nobody_special(lab: Lab) -> None:
    code = """
    import os, pathlib, subprocess
    status = dict(l.split(":", 1) for l in pathlib.Path("/proc/self/status").read_text().splitlines())
    print(os.getuid(), os.getgid(), os.uname().nodename, *(int(status[n], 16) for n in ("CapEff", "CapPrm", "CapBnd", "CapAmb")))
    print(status["NoNewPrivs"].strip(), sorted(os.listdir("/proc/self/fd")))
    for step in (lambda: os.chroot("/usr"), lambda: os.setuid(0), lambda: os.mknod("disk", 0o60600, os.makedev(8, 0))):
        try:
            step()
            print("allowed")
        except OSError:
            print("refused")
    """
    done = lab.attack(lab.cell(SANDBOX), code)
    assert done.stdout.splitlines() == [
        "1000 1000 quarterdeck 0 0 0 0", "1 ['0', '1', '2', '3']", "refused", "refused", "refused",
    ], done.stderr  # fmt: skip


# what honest code needs


def test_our_interpreter_has_tls_and_databases_and_threads_in_the_sandbox(lab: Lab) -> None:
    code = """
    import ctypes, multiprocessing, pwd, os, sqlite3, ssl, tempfile, threading
    multiprocessing.Lock()
    threading.Thread(target=print).start()
    assert ssl.create_default_context().get_ca_certs() or not os.path.exists("/etc/ssl/certs/ca-certificates.crt")
    assert pwd.getpwuid(os.getuid()).pw_name == "builder"
    assert os.path.dirname(tempfile.mkdtemp()) == os.environ["HOME"]
    assert os.getcwd() == os.path.dirname(os.path.abspath(__file__))
    """
    assert lab.attack(lab.cell(SANDBOX), code) == Finished(code=0, stdout="\n", stderr="")


@pytest.mark.parametrize("isolation", [SANDBOX, PROCESS])
def test_uv_runs_within_the_default_limits(lab: Lab, isolation: Isolation) -> None:
    cell = lab.cell(isolation, readable=(Path(uv.find_uv_bin()).parent,))
    done = lab.run(cell, uv.find_uv_bin(), "--version")
    assert done.stdout.startswith("uv "), done.stderr
    words = ("venv", "--no-config", "--offline", "--python", sys.executable, "env")
    made = lab.run(cell, uv.find_uv_bin(), *words)
    assert made.code == 0, made.stderr


def test_another_interpreter_runs_when_its_prefix_is_readable(lab: Lab) -> None:
    versions = [f"3.{minor}" for minor in range(8, 15) if f"3.{minor}" != interpreters.OURS]
    found = next(filter(None, map(interpreters.find, versions)), None)
    if found is None:
        pytest.skip("no second Python is installed here")
    real = found.resolve()
    done = lab.run(
        lab.cell(SANDBOX, readable=(real.parent.parent,)), str(real), "-c", "import ssl; print(ssl.__name__)"
    )
    assert done.stdout == "ssl\n", done.stderr


def test_the_exit_code_and_the_words_of_the_program_come_through(lab: Lab) -> None:
    for isolation in Isolation:
        code = "import sys; print('out'); print('err', file=sys.stderr); sys.exit(7)"
        assert lab.attack(lab.cell(isolation), code) == Finished(code=7, stdout="out\n", stderr="err\n")


@pytest.mark.parametrize("isolation", [SANDBOX, PROCESS])
def test_a_program_that_is_not_there_ends_with_127_and_its_name(lab: Lab, isolation: Isolation) -> None:
    done = lab.run(lab.cell(isolation), "no-such-program")
    assert done.code == 127
    assert "no-such-program" in done.stderr


def test_a_path_that_is_called_by_a_link_is_there_by_both_names(lab: Lab) -> None:
    (lab.folder / "name").symlink_to(lab.clone)
    done = lab.attack(
        lab.cell(SANDBOX, readable=(lab.folder / "name",)), READ_FILES, lab.folder / "name/settings.py", lab.foreign
    )
    assert done.stdout.split() == [CANARY, CANARY, "attacked"]


@pytest.mark.parametrize("path", [Path("/"), Path("relative"), Path("/no/such/folder")])
def test_a_cell_of_everything_or_of_nothing_is_refused(lab: Lab, path: Path) -> None:
    with pytest.raises(StoreError):
        confined(["true"], Cell(isolation=SANDBOX, home=lab.home, writable=(path,)), Limits())


def test_without_isolation_the_command_line_is_left_alone(lab: Lab) -> None:
    assert confined(["a", "b"], lab.cell(NONE), Limits()) == ["a", "b"]


# the gate


@pytest.fixture
def gate(lab: Lab) -> Iterator[Path]:
    """A Unix socket that leads to a web server, as our proxy does."""
    with (
        WebServer(lambda seen: Said(body=f"you asked for {seen.path}".encode() * 5000)) as server,
        Gate(lab.folder / "gate", server.host) as path,
    ):
        yield path


ASK = """
import concurrent.futures, urllib.request
def ask(number):
    with urllib.request.urlopen(f"http://127.0.0.1:3128/page/{number}", timeout=30) as answer:
        return answer.read() == f"you asked for /page/{number}".encode() * 5000
with concurrent.futures.ThreadPoolExecutor(30) as pool:
    print(sum(pool.map(ask, range(60))))
"""


def test_thirty_connections_at_once_go_through_the_gate(lab: Lab, gate: Path) -> None:
    done = lab.attack(lab.cell(SANDBOX, gate=gate), ASK)
    assert done.stdout == "60\n", done.stderr


def test_an_answer_comes_after_the_question_was_finished(lab: Lab, gate: Path) -> None:
    code = """
    import socket
    with socket.create_connection(("127.0.0.1", 3128), timeout=30) as link:
        link.sendall(b"GET /half HTTP/1.0\\r\\n\\r\\n")
        link.shutdown(socket.SHUT_WR)
        answer = b""
        while data := link.recv(65536):
            answer += data
    print(answer.count(b"/half"))
    """
    assert lab.attack(lab.cell(SANDBOX, gate=gate), code).stdout == "5000\n"


def test_a_gate_that_nobody_serves_ends_the_connection(lab: Lab) -> None:
    path = lab.folder / "dead"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.path.relpath(path))
    code = """
    import socket
    with socket.create_connection(("127.0.0.1", 3128), timeout=30) as link:
        print(link.recv(1))
    """
    assert lab.attack(lab.cell(SANDBOX, gate=path), code).stdout == "b''\n"


# where the sandbox does not work


@pytest.fixture
def unprobed() -> Iterator[None]:
    confine._probed.cache_clear()
    confine._abilities.cache_clear()
    yield
    confine._probed.cache_clear()
    confine._abilities.cache_clear()


@pytest.mark.usefixtures("unprobed")
def test_without_bubblewrap_the_sentence_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert strongest() == (PROCESS, "bubblewrap is not installed")


@pytest.mark.usefixtures("unprobed")
def test_where_namespaces_are_forbidden_bubblewraps_own_words_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = tmp_path / "bwrap"
    fake.write_text("#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n")
    fake.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert strongest() == (PROCESS, "bubblewrap cannot make namespaces here: No permissions to create new namespace")


@pytest.mark.usefixtures("unprobed")
def test_an_old_bubblewrap_without_newer_options_is_used_without_them(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = lab.folder / "bwrap"
    fake.write_text("#!/bin/sh\necho 'usage: bwrap --unshare-all'\n")
    fake.chmod(0o700)
    monkeypatch.setenv("PATH", f"{lab.folder}:{os.environ['PATH']}")
    argv = confined(["true"], lab.cell(SANDBOX), Limits())
    assert not {"--size", "--disable-userns"} & set(argv)
    monkeypatch.undo()
    assert run(argv, cwd=lab.tree, timeout=60, env={"PATH": os.environ["PATH"]}).code == 0
