"""Slowing down before a registry's limit, and not running against it."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import pytest

from bot.adapters.registries.oci import OciRegistry
from bot.adapters.registries.oci_hosts import Endpoint
from bot.adapters.registries.pace import Pace
from bot.errors import Unavailable
from bot.system.clock import fixed_clock
from bot.system.http import Http
from tests.rig.hub import Allowance, HubFront
from tests.rig.inside import PLATFORM, REPOSITORY, base, named, plain
from tests.rig.layers import push_layers
from tests.rig.registry import DockerRegistry

MakeFront = Callable[..., HubFront]
NOW = datetime(2026, 10, 1, 12, tzinfo=UTC)
HUB = Endpoint(host="docker.io", base="https://registry-1.docker.io")
OTHER = Endpoint(host="ghcr.io", base="https://ghcr.io")


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def pace(pauses: list[float]) -> Pace:
    return Pace(pauses.append)


def said(remaining: str, limit: str = "", reset: str = "") -> Mapping[str, str]:
    rows = {"ratelimit-remaining": remaining, "ratelimit-limit": limit, "ratelimit-reset": reset}
    return {name: text for name, text in rows.items() if text}


@pytest.mark.parametrize(
    ("headers", "pause"),
    [
        ({}, None),
        (said("11;w=60", "100;w=60"), None),
        (said("10;w=20", "100;w=20"), 2.0),
        (said("4;w=2", "100;w=2"), 0.5),
        (said("4;w=21600", "100;w=21600"), 5.0),
        (said("100;w=100", "1000;w=100"), 1.0),
        (said("101;w=100", "1000;w=100"), None),
        (said("5"), 5.0),
        (said(" 5 ; w=10"), 2.0),
        (said("5", reset="10"), 2.0),
        (said("5;w=10", reset="1000"), 2.0),
        (said("5", reset="1767225600"), 5.0),
        (said("many"), None),
        (said("-1;w=60"), None),
        (said("٥;w=60"), None),
        (said("0;w=15", "100;w=15"), 15.0),
        (said("0", reset="3"), 3.0),
    ],
)
def test_the_fewer_are_left_the_longer_it_waits(
    pace: Pace, pauses: list[float], headers: Mapping[str, str], pause: float | None
) -> None:
    pace.before(HUB)
    pace.after(HUB, headers)
    pace.before(HUB)
    assert pauses == ([] if pause is None else [pause])


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [(said("0;w=21600", "100;w=21600"), 21600.0), (said("0"), 3600.0), (said("0", reset="1767225600"), 3600.0)],
)
def test_a_wall_is_not_run_against(pace: Pace, pauses: list[float], headers: Mapping[str, str], seconds: float) -> None:
    pace.after(HUB, headers)
    with pytest.raises(Unavailable, match=r"docker\.io allows no further request") as caught:
        pace.before(HUB)
    assert caught.value.retry_after == seconds
    assert "docker login docker.io" in caught.value.hint
    assert pauses == []


def test_after_a_window_that_was_waited_out_it_goes_on(pace: Pace, pauses: list[float]) -> None:
    pace.after(HUB, said("0;w=10"))
    for _ in range(2):
        pace.before(HUB)
    assert pauses == [10.0]


def test_registries_do_not_slow_each_other_down(pace: Pace, pauses: list[float]) -> None:
    pace.after(HUB, said("1;w=60"))
    pace.before(OTHER)
    pace.after(HUB, {})
    assert pauses == []
    pace.before(HUB)
    assert pauses == [5.0], "an answer that says nothing changes nothing"


def test_only_what_counts_as_a_pull_is_slowed(
    front: MakeFront, docker_registry: DockerRegistry, pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    digests = [push_layers(docker_registry, REPOSITORY, letter, [base()], env={"N": letter}) for letter in "abc"]
    hub = front(docker_registry.url, allowance=Allowance(left=10))
    monkeypatch.setenv("no_proxy", "*")
    with Http(sleep=pauses.append) as http:
        known = plain(hub)
        registry = OciRegistry(http, {known.host: known}, lambda _host: None, fixed_clock(NOW))
        for letter in "abc":
            registry.look(named(hub, letter))
        assert pauses == [], "three HEADs"
        registry.contents(named(hub), digests[0], PLATFORM, sources=True)
        assert pauses == [5.0], "the manifest; neither the configuration nor the layer"
