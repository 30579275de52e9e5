"""The real resolvers in a cell, building what a stranger wrote: it works, and the stranger learns nothing."""

import os
import sys
from pathlib import Path

import pytest
import uv

from bot.model.isolation import Isolation
from bot.system.confine import Limits, confined
from bot.system.endings import why_ended
from bot.system.process import Finished, run
from tests.rig.cell import CANARY, Gate, Lab, alive
from tests.rig.index import LocalIndex

# what it finds is left in its home, where the test looks
HOSTILE = """
import os, pathlib, subprocess, sys
found = [str(sorted(os.environ.items()))]
for path in [{targets}, *pathlib.Path("/proc").glob("[0-9]*/environ"), "/etc/shadow"]:
    try:
        found.append(pathlib.Path(path).read_text(errors="replace"))
    except OSError as error:
        found.append(repr(error))
pathlib.Path(os.environ["HOME"], "found").write_text("\\n".join(found))
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", {mark!r}], start_new_session=True,
                 stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
{more}
"""


class Builds:
    """A work tree that asks for a package of which only a hostile source distribution exists."""

    def __init__(self, folder: Path, index: LocalIndex) -> None:
        self.lab = Lab(folder)
        self.index = index
        self.mark = f"mark of {folder}"
        (self.lab.tree / "requirements.in").write_text("evil\n")

    def offer(self, more: str = "") -> None:
        targets = ", ".join(repr(str(path)) for path in (self.lab.secret, self.lab.foreign, self.lab.key))
        code = HOSTILE.format(targets=targets, mark=self.mark, more=more)
        self.index.add("evil", "1.0", wheel=False, sdist=True, requires=("good",), build_code=code)
        self.index.add("good", "2.0")

    def compile(self, resolver: str, isolation: Isolation, limits: Limits) -> Finished:
        words = {
            "pip-compile": [sys.executable, "-m", "piptools", "compile", "--no-config", "--quiet", "requirements.in"],
            "uv": [uv.find_uv_bin(), "pip", "compile", "--quiet", "--python", sys.executable, "-o", "requirements.txt",
                   "requirements.in"],
        }  # fmt: skip
        lab = self.lab
        url, port = self.index.url, int(self.index.host.rpartition(":")[2])  # a sandbox has all ports to itself
        env = {
            "PATH": os.environ["PATH"], "HOME": str(lab.home), "TMPDIR": str(lab.home), "PIP_CONFIG_FILE": os.devnull,
            "PIP_INDEX_URL": url, "UV_DEFAULT_INDEX": url, "UV_CACHE_DIR": str(lab.cache / "uv"), "UV_NO_CONFIG": "1",
            "PIP_CACHE_DIR": str(lab.cache / "pip"), "PIP_TOOLS_CACHE_DIR": str(lab.cache / "pip-tools"),
        }  # fmt: skip
        with Gate(lab.folder / "gate", self.index.host) as gate:
            cell = lab.cell(isolation, gate=gate, gate_port=port, readable=(Path(uv.find_uv_bin()).parent,))
            return run(confined(words[resolver], cell, limits), cwd=lab.tree, timeout=120, env=env)


@pytest.fixture
def builds(tmp_path: Path, local_index: LocalIndex, monkeypatch: pytest.MonkeyPatch) -> Builds:
    monkeypatch.setenv("QUARTERDECK_GITHUB_TOKEN", CANARY)
    local_index.json_api = True
    return Builds(tmp_path, local_index)


@pytest.mark.parametrize("resolver", ["pip-compile", "uv"])
def test_a_hostile_source_distribution_is_resolved_and_learns_nothing(builds: Builds, resolver: str) -> None:
    builds.offer()
    done = builds.compile(resolver, Isolation.SANDBOX, Limits())
    assert done.code == 0, done.stderr
    lines = (builds.lab.tree / "requirements.txt").read_text().splitlines()
    assert [line for line in lines if "==" in line] == ["evil==1.0", "good==2.0"]
    found = (builds.lab.home / "found").read_text()
    assert found.count("FileNotFoundError") >= 4
    assert CANARY not in found
    assert alive(builds.mark) == []


@pytest.mark.parametrize("resolver", ["pip-compile", "uv"])
def test_without_a_sandbox_the_environment_is_kept_and_daemons_are_ended(builds: Builds, resolver: str) -> None:
    builds.offer()
    done = builds.compile(resolver, Isolation.PROCESS, Limits())
    assert done.code == 0, done.stderr
    environment = (builds.lab.home / "found").read_text().splitlines()[0]
    assert CANARY not in environment
    assert alive(builds.mark) == []


@pytest.mark.parametrize("isolation", [Isolation.SANDBOX, Isolation.PROCESS])
@pytest.mark.parametrize("resolver", ["pip-compile", "uv"])
def test_a_build_that_needs_too_much_memory_is_named(builds: Builds, resolver: str, isolation: Isolation) -> None:
    builds.offer("hog = bytearray(3 << 30)")
    limits = Limits(memory=2 << 30)
    done = builds.compile(resolver, isolation, limits)
    assert done.code != 0
    assert why_ended(done, limits) == "needed more than 2 GiB of memory", done.stderr
