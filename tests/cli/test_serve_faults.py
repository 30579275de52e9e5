"""The service over a fleet in a world of its own: what a sweep costs in which nothing moved, and what faults leave."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.adapters.stores.sql import SqlStore
from bot.service.rounds import TICKS
from tests.rig.apart import apart
from tests.rig.daemon import Daemon
from tests.rig.trial import FLAW, NEW, VERDICTS, Trial, project

SEED, REPOSITORIES, KILLS = 5, 12, 3
IMAGES, OF_EACH = 3, 2
SWEEP = "security: 6 of 6 repositories"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Any]:
    with apart(tmp_path / "world", seed=SEED, records=(FLAW,)) as found:
        found.publish(("app", "1.0"), ("app", "1.1"))
        yield found


def swept(daemon: Daemon) -> None:
    """Let the service begin with a sweep, and wait for its end."""
    daemon.stop()
    with SqlStore.open(daemon.data) as store:
        store.remember(TICKS, "security", (datetime.now(UTC) - timedelta(days=1)).isoformat(), datetime.now(UTC))
    before = daemon.log.count(SWEEP)
    daemon.start()
    daemon.until(lambda: daemon.log.count(SWEEP) > before)
    daemon.until(daemon.is_idle)


def test_a_sweep_in_which_nothing_moved_asks_each_forge_once_and_fetches_nothing(world: Any, tmp_path: Path) -> None:
    names = []
    for number in range(IMAGES):
        image = world.push_image(f"image{number}")
        some = [f"acme/web{number}-{one}" for one in range(OF_EACH)]
        world.found(f"template{number}", project(NEW, image), some)
        names += some
    config = world.config() + "".join(f'[[repository]]\nname = "{name}"\n' for name in names)
    daemon = Daemon(tmp_path / "service", config, env=world.env())
    with daemon:
        daemon.until(lambda: {one["outcome"] for one in daemon.documents().values()} == {"nothing"})
        daemon.until(daemon.is_idle)
        world.push(names[0], {"README.md": "somebody was here\n"})  # now the forge is known to date pushes
        daemon.deliver(
            "push", {"ref": "refs/heads/main", "repository": {"full_name": names[0], "default_branch": "main"}}
        )
        daemon.until(lambda: "push to main" in daemon.log)
        daemon.until(daemon.is_idle)
        swept(daemon)  # the first look settled a quarter: the second one decides otherwise, and looks at everything
        world.asked()
        swept(daemon)
        asked = world.asked()
    assert asked["forge"] == {"GET /repos/REPO 304": len(names)}
    assert asked["registry"] == {"HEAD /v2/base/NAME/manifests/N.0 200": IMAGES}
    assert asked["feeds"] == {"PyPI modified_id.csv": 1}
    assert not asked["git"]
    assert not asked["index"]


def test_a_service_that_is_killed_while_its_forge_and_registry_fail_doubles_and_forgets_nothing(
    world: Any, tmp_path: Path
) -> None:
    trial = Trial(folder=tmp_path, world=world, count=REPOSITORIES, seed=SEED, every=15)
    trial.prepare()
    world.spoil(0.2)
    with trial.daemon:
        for _ in range(KILLS):
            trial.kill(1.0, 4.0)
        world.spoil(0.0)
        trial.daemon.until(trial.daemon.is_alive)
        trial.daemon.until(trial.is_settled)
        assert trial.daemon.stop() == 0
    assert not trial.mistakes()
    assert set(trial.verdicts()) <= VERDICTS
    assert "Traceback" not in trial.daemon.log
    assert sum(count for kind, count in world.spoiled().items() if kind != "well") > 0
