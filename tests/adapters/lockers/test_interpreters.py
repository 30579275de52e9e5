"""Interpreters with the pip-tools that is wanted: found, made, kept, made again, and what is said where that fails."""

import shutil
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from importlib import metadata
from pathlib import Path

import pytest
import uv
from packaging.version import Version

from bot.adapters.lockers import environments, interpreters, pip_tools_versions
from bot.adapters.lockers import rooms as rooms_module
from bot.adapters.lockers.interpreters import OURS, Compiler, Interpreters
from bot.adapters.lockers.rooms import Confinement, Rooms
from bot.errors import Unavailable
from bot.model.isolation import Isolation
from bot.system.process import Finished, TimedOut
from tests.rig.index import LocalIndex
from tests.rig.locker_bench import open_rooms

STARTS = {"piptools/__init__.py": "", "piptools/__main__.py": "print('usage')\n"}
FAILS = {"piptools/__init__.py": "", "piptools/__main__.py": "from pip import gone\n"}


@pytest.fixture
def index(local_index: LocalIndex) -> LocalIndex:
    """An index with pip-tools and pips of several years; only their outside is real."""
    for version in ("7.4.1", "7.5.2"):
        local_index.add("pip-tools", version, files=STARTS)
    local_index.add("pip-tools", "7.3.0", files=FAILS)
    for version in ("24.2", "25.0", "25.1", "25.3", "26.0"):
        local_index.add("pip", version, files={"pip/__init__.py": ""})
    return local_index


OPEN = Confinement(isolation=Isolation.NONE, chosen=True, timeout=120)  # what is found and made is the same in any


@pytest.fixture
def rooms(tmp_path: Path, index: LocalIndex) -> Iterator[Rooms]:
    with open_rooms(tmp_path, index, OPEN) as found:
        yield found


@pytest.fixture
def another(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Our own interpreter stands in for a `python3.98` that somebody installed."""
    monkeypatch.setattr(interpreters, "find", lambda version: Path(sys.executable) if version == "3.98" else None)
    return iter(["3.98"])


def get(rooms: Rooms, python: str = OURS, pip_tools: str = "") -> Compiler:
    found = Interpreters(rooms).interpreter(python, pip_tools)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("pip_tools", "pip"),
    [("7.6.2", "pip"), ("7.6.1", "pip"), ("7.6.0", "pip<26.2"), ("7.5.3", "pip<26.2"), ("7.5.2", "pip<26"),
     ("7.5.0", "pip<25.3"), ("7.4.1", "pip<24.3"), ("7.0.0", "pip<24.3"), ("6.14.0", "pip<23.2"), ("6.12.3", "pip<23.1"),
     ("6.6.2", "pip<23.1"), ("6.6.0", "pip<22.1"), ("6.4.0", "pip<22"), ("6.3.1", "pip<21.3"), ("5.5.0", "pip<21.3"),
     ("5.3.1", "pip<20.3"), ("4.5.1", "pip<20.1"), ("8.0.0", "pip")],
)  # fmt: skip
def test_the_newest_pip_that_fits(pip_tools: str, pip: str) -> None:
    assert pip_tools_versions.fitting_pip(Version(pip_tools)) == pip


def test_our_own_python_has_our_own_pip_tools(rooms: Rooms, index: LocalIndex) -> None:
    ours = metadata.version("pip-tools")
    for wanted in ("", ours):
        found = get(rooms, OURS, wanted)
        assert (found.python, found.notes) == (Path(sys.executable), ())
        assert found.tools == f"{ours} {metadata.version('pip')}"
        assert found.prefix == (Path(sys.prefix), Path(sys.base_prefix))
    assert index.count(".*") == 0


def test_a_pinned_pip_tools_gets_an_environment_with_a_pip_that_fits_it(rooms: Rooms) -> None:
    found = get(rooms, OURS, "7.4.1")
    assert (found.tools, found.notes) == ("7.4.1 24.2", ())
    assert found.python.parent.parent in found.prefix
    assert Path(sys.base_prefix) in found.prefix
    assert found.python.is_relative_to(rooms.data_dir / "pythons")


def test_the_newest_pip_tools_of_another_python_gets_a_pip_that_fits_it(rooms: Rooms, another: str) -> None:
    assert get(rooms, "3.98").tools == "7.5.2 25.3"


def test_an_environment_is_kept_and_costs_nothing_the_next_time(rooms: Rooms, index: LocalIndex) -> None:
    first = get(rooms, OURS, "7.4.1")
    asked = index.count(".*")
    one = Interpreters(rooms)
    assert one.interpreter(OURS, "7.4.1") == first
    assert one.interpreter(OURS, "7.4.1") is one.interpreter(OURS, "7.4.1")
    assert index.count(".*") == asked


def test_many_askers_at_once_make_one_environment(rooms: Rooms, index: LocalIndex) -> None:
    askers = [Interpreters(rooms) for _ in range(2)] * 3
    with ThreadPoolExecutor(6) as pool:
        found = set(pool.map(lambda one: one.interpreter(OURS, "7.4.1"), askers))
    assert len(found) == 1
    assert index.count(r"/pip_tools-7\.4\.1.*\.whl$") == 1
    left = [path.name for path in (rooms.data_dir / "pythons").iterdir() if not path.name.startswith(".")]
    assert left == [f"{OURS}-7.4.1-pip24.3"]


@pytest.mark.parametrize("harm", ["the base is gone", "pip-tools is gone"])
def test_an_environment_that_is_broken_is_made_again(rooms: Rooms, harm: str) -> None:
    first = get(rooms, OURS, "7.4.1")
    if harm == "the base is gone":
        first.python.unlink()
        first.python.symlink_to("/nowhere/python")
    else:
        shutil.rmtree(next(first.python.parent.parent.glob("lib/*/site-packages/piptools")))
    assert get(rooms, OURS, "7.4.1") == first


def test_an_environment_is_made_again_when_our_own_pip_tools_changed(
    tmp_path: Path, index: LocalIndex, another: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_rooms(tmp_path, index, OPEN) as rooms:
        assert get(rooms, "3.98").tools == "7.5.2 25.3"
    index.add("pip-tools", "9.0", files=STARTS)
    with open_rooms(tmp_path, index, OPEN) as rooms:
        assert get(rooms, "3.98").tools == "7.5.2 25.3"
        monkeypatch.setattr(interpreters, "installed", lambda name: "9.0")
        assert get(rooms, "3.98").tools == "9.0 26.0"


@pytest.mark.parametrize(
    ("wanted", "why"),
    [("7.3.0", "cannot import name 'gone' from 'pip'"), ("7.9.9", "no version of pip-tools==7.9.9"),
     ("../../x", "'../../x' is not a version")],
)  # fmt: skip
@pytest.mark.parametrize("python", [OURS, "3.98"])
def test_a_pip_tools_that_cannot_be_had_is_told_and_replaced(
    rooms: Rooms, another: str, python: str, wanted: str, why: str
) -> None:
    found = get(rooms, python, wanted)
    taken = metadata.version("pip-tools") if python == OURS else "7.5.2"
    assert found.tools.split()[0] == taken
    (note,) = found.notes
    assert note.code == "pip-tools-version"
    assert note.text.startswith(
        f"the repository pins pip-tools {wanted}, which cannot be used with Python {python} here ("
    )
    assert why in note.text
    assert note.text.endswith(f"so pip-tools {taken} compiled")


def test_an_index_that_does_not_answer_is_no_reason_for_another_pip_tools(rooms: Rooms, index: LocalIndex) -> None:
    index.fail("/simple/.*", 503)
    with pytest.raises(Unavailable, match="pip-tools cannot be installed"):
        get(rooms, OURS, "7.4.1")
    assert list((rooms.data_dir / "pythons").glob("[0-9]*")) == []


def test_an_installation_that_takes_too_long_is_tried_again_another_time(
    rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(*args: object, **options: object) -> Finished:
        raise TimedOut("uv ran longer than 1 seconds and was stopped")

    monkeypatch.setattr(rooms_module, "run", slow)
    with pytest.raises(Unavailable, match=r"pip-tools cannot be installed for python.*: uv ran longer"):
        get(rooms, OURS, "7.4.1")


def test_an_environment_that_never_starts_is_told_with_its_folder(
    rooms: Rooms, another: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environments, "PROBE", "raise SystemExit('no')")
    with pytest.raises(Unavailable, match="pip-tools does not start") as caught:
        get(rooms, "3.98")
    assert f"3.98-newest-{metadata.version('pip-tools')}" in caught.value.hint


@pytest.mark.parametrize("python", ["3.97", "../3.98", ""])
def test_a_python_that_is_nowhere_is_none(rooms: Rooms, another: str, python: str) -> None:
    assert Interpreters(rooms).interpreter(python) is None
    assert Interpreters(rooms).with_pip_tools(python) is None


UV = """\
#!/bin/sh
if [ "$1 $2" != "python install" ]; then exec {uv} "$@"; fi
echo "$*" >> {log}
if [ "$5" = "3.97" ]; then echo "{complaint}" >&2; exit 1; fi
mkdir -p "$UV_PYTHON_INSTALL_DIR/cpython-{ours}.99-linux/bin"
ln -s {python} "$UV_PYTHON_INSTALL_DIR/cpython-{ours}.99-linux/bin/python{ours}"
"""


@pytest.fixture
def installing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for uv that installs our own interpreter; gives its log. Nothing is found on this machine."""
    log, program = tmp_path / "log", tmp_path / "uv"
    text = UV.format(
        uv=uv.find_uv_bin(), log=log, ours=OURS, python=sys.executable, complaint="error: No download found"
    )
    program.write_text(text)
    program.chmod(0o755)
    monkeypatch.setattr(uv, "find_uv_bin", lambda: str(program))
    monkeypatch.setattr(interpreters, "find", lambda version: None)
    monkeypatch.setattr(interpreters, "OURS", "3.99")
    return log


def test_a_python_is_installed_once_where_that_is_allowed(rooms: Rooms, installing: Path) -> None:
    assert Interpreters(rooms).interpreter(OURS) is None
    assert not installing.exists()
    found = Interpreters(rooms, download=True).interpreter(OURS)
    assert found is not None
    assert found.tools == "7.5.2 25.3"
    assert installing.read_text() == f"python install --quiet --no-bin {OURS}\n"
    assert Interpreters(rooms).interpreter(OURS, "7.4.1") is not None
    assert installing.read_text().count("install") == 1


def test_a_python_that_uv_does_not_know_is_none_and_a_dead_network_is_not(rooms: Rooms, installing: Path) -> None:
    assert Interpreters(rooms, download=True).interpreter("3.97") is None
    program = Path(uv.find_uv_bin())
    program.write_text(program.read_text().replace("No download found", "error sending request for url"))
    with pytest.raises(Unavailable, match=r"Python 3\.97 cannot be installed: error sending request"):
        Interpreters(rooms, download=True).interpreter("3.97")


def test_an_interpreter_that_takes_too_long_to_install_is_tried_again_another_time(
    rooms: Rooms, installing: Path
) -> None:
    Path(uv.find_uv_bin()).write_text("#!/bin/sh\nexec sleep 60\n")
    hurried = Rooms(rooms.data_dir, rooms.gate, replace(OPEN, timeout=0.2))
    with pytest.raises(Unavailable, match=r"Python 3\.97 cannot be installed: uv ran longer"):
        Interpreters(hurried, download=True).interpreter("3.97")


def test_what_does_not_start_is_passed_over_and_uv_is_asked_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HOME", "PYENV_ROOT", "UV_PYTHON_INSTALL_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setenv("PATH", f"{tmp_path}/a{':'}{tmp_path}/b")
    for folder, text, mode in (("a", "#!/nowhere/sh\n", 0o755), ("b", "#!/bin/sh\n", 0o644)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / f"python{OURS}").write_text(text)
        (tmp_path / folder / f"python{OURS}").chmod(mode)
    assert interpreters.find(OURS) is None
    kept = tmp_path / "UV_PYTHON_INSTALL_DIR" / f"cpython-{OURS}.7-linux-x86_64-gnu" / "bin"
    kept.mkdir(parents=True)
    base = Path(sys.base_prefix)
    (kept.parent / "lib").symlink_to(base / "lib")
    (kept / f"python{OURS}").symlink_to(base / "bin" / f"python{OURS}")
    found = interpreters.find(OURS)
    assert found is not None
    assert found.is_relative_to(tmp_path / "UV_PYTHON_INSTALL_DIR")
