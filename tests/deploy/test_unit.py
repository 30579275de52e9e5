"""deploy/quarterdeck.service: what systemd says of it, and that it holds what the service needs."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from bot.settings.values import IsolationSettings, ServiceSettings

UNIT = Path(__file__).parents[2] / "deploy/quarterdeck.service"
PROGRAM = "/opt/quarterdeck/bin/quarterdeck"
EXPOSURE = 3.0  # of 10, by systemd's own measure: 2.9; most of it are the namespaces of the sandbox
LINE = re.compile(r"^([A-Za-z]+)=(.*)$", re.MULTILINE)


def lines() -> dict[str, str]:
    """Give the settings of the unit; none of those that are asked for stands there twice."""
    return dict(LINE.findall(UNIT.read_text()))


def analyze(*words: str) -> subprocess.CompletedProcess[str]:
    program = shutil.which("systemd-analyze")
    assert program, "systemd-analyze is not installed: tests/run installs it"
    return subprocess.run([program, *words], capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """Give the unit as it is, but for a program that exists here."""
    program = tmp_path / "quarterdeck"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text().replace(PROGRAM, str(program)))
    return unit


def test_systemd_finds_no_mistake_in_it(installed: Path) -> None:
    said = analyze("verify", str(installed))
    assert (said.returncode, said.stdout + said.stderr) == (0, "")


def test_a_mistake_in_it_would_be_found(installed: Path) -> None:
    installed.write_text(installed.read_text().replace("ProtectHome=", "ProtectHoem="))
    assert "ProtectHoem" in analyze("verify", str(installed)).stderr


def test_it_is_hardly_exposed(installed: Path) -> None:
    said = analyze("security", "--offline=true", f"--threshold={round(EXPOSURE * 10)}", str(installed))
    assert said.returncode == 0, said.stdout


def test_it_stops_later_than_the_service_does() -> None:
    assert int(lines()["TimeoutStopSec"]) > ServiceSettings().grace.total_seconds()


def test_its_memory_holds_the_resolvers_of_two_workers() -> None:
    assert int(lines()["MemoryMax"].removesuffix("G")) << 30 > 2 * IsolationSettings().memory


def test_a_crash_loop_ends_before_it_costs_anything() -> None:
    found = lines()
    assert (found["Restart"], found["RestartPreventExitStatus"]) == ("on-failure", "2")
    assert int(found["RestartSec"]) >= 30
    assert int(found["StartLimitBurst"]) * int(found["RestartSec"]) < 30 * 60
    assert found["StartLimitIntervalSec"] == "30min"


# Measured with systemd 257 and bubblewrap 0.11: any one of these, and resolvers fall back from `sandbox` to `process`.
@pytest.mark.parametrize(
    "name",
    [
        "DynamicUser", "ProcSubset", "ProtectHostname", "ProtectKernelLogs", "ProtectKernelTunables",
        "RestrictNamespaces", "RestrictSUIDSGID",
    ],
)  # fmt: skip
def test_what_the_sandbox_cannot_live_with_is_left_open(name: str) -> None:
    assert name not in lines()


def test_the_calls_that_the_sandbox_makes_are_allowed() -> None:
    assert {"@mount", "sethostname"} <= set(lines()["SystemCallFilter"].split())
    assert "AF_NETLINK" in lines()["RestrictAddressFamilies"]
