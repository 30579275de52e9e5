"""deploy/Dockerfile, really built on a Debian root out of a local registry, and what it makes really started."""

import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.formats import dockerfile_upgrades
from tests.rig.awaited import free_port, until
from tests.rig.buildah import Buildah, pip_settings
from tests.rig.python_image import PYTHON, REPOSITORY, TAG, push_python, python_root
from tests.rig.registry import DockerRegistry

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="a root of another user's files is started by root alone")

ROOT = Path(__file__).parents[2]
CANARY = "canary-in-the-pip-configuration"
USER = "8713:8713"
BUILD = 280.0
STOP = 60.0  # seconds for a process to end, before a test gives up on it
# a root that is read-only but for the volume and /tmp, as compose.yaml and the Deployment have it
ROOM = """\
root=$1 data=$2
shift 2
mount --bind "$root" "$root"
mount --bind "$root$data" "$root$data"
mount -o remount,bind,ro "$root"
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
exec chroot "$@"
"""
SERVICE = """\
[forge]
kind = "local"
[service]
listen = "127.0.0.1:{port}"
"""


@dataclass(frozen=True)
class Built:
    """The image in buildah's store, a container made of it, and what it says of itself."""

    buildah: Buildah
    image: str
    container: str
    document: Any

    @property
    def config(self) -> Any:
        return self.document["config"]

    def code(self, *words: str) -> int:
        """Run words in the container, without the image's entry point, and give their exit code."""
        command = self.buildah.within(self.container, *words)
        return subprocess.run(command, env=self.buildah.environment, timeout=STOP, check=False).returncode

    def told(self, *words: str) -> str:
        """Run words in the container, without the image's entry point, and give what they print."""
        command = self.buildah.within(self.container, *words)
        return subprocess.run(
            command, env=self.buildah.environment, stdout=subprocess.PIPE, text=True, timeout=STOP, check=True
        ).stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    """Build the image once for all tests of this file, as deploy/build does."""
    folder = tmp_path_factory.mktemp("image")
    with DockerRegistry(folder / "registry") as registry:
        push_python(registry, python_root())
        buildah = Buildah(folder, registry.host)
        pip, options = pip_settings(folder)
        pip.write_text(f"# {CANARY}\n{pip.read_text()}")
        base = f"{registry.host}/{REPOSITORY}:{TAG}"
        command = [
            str(ROOT / "deploy/build"), "--no-tests", "--pip-config", str(pip), "--",
            "--isolation", "chroot", "--build-arg", f"BASE={base}", *options,
        ]  # fmt: skip
        environment = buildah.environment | {"BUILDER": "buildah"}
        ran = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=BUILD, check=False)
        assert ran.returncode == 0, ran.stdout[-3000:] + ran.stderr[-3000:]
    image = ran.stdout.splitlines()[-1]
    container = buildah("from", "--pull-never", image).strip()
    yield Built(buildah=buildah, image=image, container=container, document=buildah.config(image))
    buildah("rm", "--all")
    buildah("rmi", "--all", "--force")


def test_the_image_runs_as_nobody_in_particular_and_can_write_only_its_data(built: Built) -> None:
    assert built.config["User"] == USER
    assert built.config["Volumes"] == {"/var/lib/quarterdeck": {}}
    probe = "id -u; for path in /opt/quarterdeck /etc /usr /var/lib/quarterdeck; do test ! -w $path || echo $path; done"
    assert built.told("sh", "-c", probe).split() == ["8713", "/var/lib/quarterdeck"]


def test_it_has_what_it_needs_at_run_time_and_no_sources(built: Built) -> None:
    assert built.told("quarterdeck", "--version").startswith("quarterdeck, version ")
    found = built.told("sh", "-c", "for name in bwrap git gpgv tini uv; do command -v $name; done").splitlines()
    assert [path.rpartition("/")[2] for path in found] == ["bwrap", "git", "gpgv", "tini", "uv"]
    assert [
        path for path in ("/build", "/opt/quarterdeck/bin/hatchling", "/run/secrets") if built.code("ls", path) == 0
    ] == []
    assert built.told("ls", "-A", "/mnt") == ""


def test_every_module_is_there_as_bytecode(built: Built) -> None:
    count = "find /opt/quarterdeck/lib -name '*.{}' | sed 's/.*[/]//; s/[.].*//' | sort"
    sources, compiled = (built.told("sh", "-c", count.format(suffix)).split() for suffix in ("py", "pyc"))
    assert sources == compiled
    assert sources
    stdlib = "import json, sys; print(*sys.version_info[:2], sep='.'); open(json.__cached__, 'rb').close()"
    assert built.told("python3", "-c", stdlib).strip() == PYTHON


def test_nothing_of_pips_configuration_stays_in_it(built: Built) -> None:
    pieces = dict(built.buildah.pieces(built.image))
    assert len(pieces) > 3
    assert [name for name, data in pieces.items() if CANARY.encode() in data] == []


def test_the_upgrade_layer_has_a_stamp_that_quarterdeck_itself_dates(built: Built) -> None:
    text = (ROOT / "deploy/Dockerfile").read_text()
    (upgrade,) = dockerfile_upgrades.upgrades(text)
    assert upgrade.manager == "apt"
    assert upgrade.stamp is not None
    again = dockerfile_upgrades.stamped(text, [upgrade.line], "2031-01-01.abc")
    assert again.replace("2031-01-01.abc", upgrade.stamp.value) == text
    assert f"QUARTERDECK_STAMP={upgrade.stamp.value}" in str(built.document["history"])


def test_the_service_answers_is_healthy_and_ends_when_it_is_told_to(built: Built, tmp_path: Path) -> None:
    port, root = free_port(), built.buildah("mount", built.container).strip()
    (Path(root) / "etc/quarterdeck").mkdir()
    (Path(root) / "etc/quarterdeck/quarterdeck.toml").write_text(SERVICE.format(port=port))
    service = _started(built.config, root, tmp_path)
    try:
        until(lambda: service.poll() is not None or _answers(port), STOP)
        assert service.poll() is None, _log(tmp_path)
        health = [word.replace("8713", str(port)) for word in built.config["Healthcheck"]["Test"]]
        assert health[0] == "CMD"
        assert built.code(*health[1:]) == 0
        first = int(Path(f"/proc/{service.pid}/task/{service.pid}/children").read_text())
        assert Path(f"/proc/{first}/comm").read_text() == "tini\n"
        os.kill(first, signal.SIGTERM)
        assert service.wait(timeout=STOP) == 0, _log(tmp_path)
    finally:
        service.kill()
        service.wait()
    assert built.code(*health[1:]) == 1


def _started(config: Any, root: str, folder: Path) -> subprocess.Popen[bytes]:
    """Start what the image starts, as its user and with its environment, as process 1 of a root nobody can write."""
    user, environment = config["User"], [*config["Env"], f"HOME={config['WorkingDir']}"]
    inside = ["env", "--ignore-environment", f"--chdir={config['WorkingDir']}", *environment]
    command = [
        "unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-euc", ROOM, "sh", root, config["WorkingDir"],
        f"--userspec={user}", root, *inside, *config["Entrypoint"], *config["Cmd"],
    ]  # fmt: skip
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(command, stdout=log, stderr=log)


def _log(folder: Path) -> str:
    return (folder / "log").read_text()


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/healthz", trust_env=False, timeout=5).status_code == 200
    except httpx.TransportError:
        return False
