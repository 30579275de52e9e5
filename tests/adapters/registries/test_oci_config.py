"""What an image says of itself, read from a real registry."""

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from bot.adapters.registries.oci import OciRegistry, RegistryHost
from bot.errors import RepoError, Unavailable
from bot.model.images import ImageConfig, ImageName
from bot.model.packages import OsRelease
from bot.system.http import Http
from tests.rig.hub import HubFront
from tests.rig.registry import DockerRegistry, push_image, push_index
from tests.rig.web import Said

MakeOci = Callable[..., OciRegistry]
MakeFront = Callable[..., HubFront]
REPOSITORY, TAG = "library/python", "3.12-slim"
BUILT = datetime(2026, 1, 1, tzinfo=UTC)
ALPINE = ("ADD alpine-minirootfs-3.21.0-x86_64.tar.gz / # buildkit", 'CMD ["/bin/sh"]')


def plain(host: str) -> RegistryHost:
    return RegistryHost(host=host, insecure=True)


def named(host: str) -> ImageName:
    return ImageName(registry=host, repository=REPOSITORY, tag=TAG)


def pushed(registry: DockerRegistry) -> str:
    """Push an index of two platforms with different Pythons."""
    one = push_image(registry, REPOSITORY, None, env={"PATH": "/usr/bin", "PYTHON_VERSION": "3.12.9"})
    two = push_image(
        registry, REPOSITORY, None, env={"PYTHON_VERSION": "3.12.8"}, platform="linux/arm64/v8", steps=ALPINE
    )
    return push_index(registry, REPOSITORY, TAG, {"linux/amd64": one, "linux/arm64/v8": two}, attestations=1)


def test_an_index_leads_to_the_configuration_of_the_platform(
    oci: MakeOci, http: Http, docker_registry: DockerRegistry
) -> None:
    digest = pushed(docker_registry)
    registry, name = oci(plain(docker_registry.host)), named(docker_registry.host)
    found = registry.config(name, digest, "linux/amd64")
    assert found == ImageConfig(
        env=(("PATH", "/usr/bin"), ("PYTHON_VERSION", "3.12.9")), musl=False, platform="linux/amd64", created=BUILT
    )
    assert registry.config(name, digest, "linux/arm64") == ImageConfig(
        env=(("PYTHON_VERSION", "3.12.8"),),
        musl=True,
        platform="linux/arm64",
        created=BUILT,
        os=OsRelease(id="alpine", version="3.21.0"),
    )
    assert registry.config(name, digest, "linux/amd64") is found
    assert http.requests == 5


def test_a_single_image_needs_two_requests(oci: MakeOci, http: Http, docker_registry: DockerRegistry) -> None:
    digest = push_image(docker_registry, REPOSITORY, TAG, env={"PYTHON_VERSION": "3.12.9"})
    found = oci(plain(docker_registry.host)).config(named(docker_registry.host), digest, "linux/arm/v7")
    assert found.value("PYTHON_VERSION") == "3.12.9"
    assert found.value("NODE_VERSION") == ""
    assert http.requests == 2


def test_a_configuration_is_remembered_from_run_to_run(
    oci: MakeOci, http: Http, docker_registry: DockerRegistry
) -> None:
    digest = pushed(docker_registry)
    kept: dict[tuple[str, str], str] = {}

    def run() -> ImageConfig:
        registry = oci(
            plain(docker_registry.host),
            recall=lambda kind, key: kept.get((kind, key)),
            remember=lambda kind, key, value, _now: kept.__setitem__((kind, key), value),
        )
        return registry.config(named(docker_registry.host), digest, "linux/amd64")

    first = run()
    spent = http.requests
    assert run() == first
    assert http.requests == spent
    for key in kept:
        kept[key] = '{"config": {"Env": ["PYTHON_VERSION=2.7"]}, "rootfs": {}}'
    assert run() == first
    assert http.requests == 2 * spent


def test_a_platform_that_the_image_does_not_have_is_the_repositorys_problem(
    oci: MakeOci, docker_registry: DockerRegistry
) -> None:
    digest = pushed(docker_registry)
    with pytest.raises(RepoError, match=r"3\.12-slim has no image for linux/s390x") as caught:
        oci(plain(docker_registry.host)).config(named(docker_registry.host), digest, "linux/s390x")
    assert caught.value.hint == "choose one of linux/amd64, linux/arm64"


def test_a_digest_that_is_gone_is_the_repositorys_problem(oci: MakeOci, docker_registry: DockerRegistry) -> None:
    pushed(docker_registry)
    ghost = f"sha256:{'0' * 64}"
    with pytest.raises(RepoError, match=f"the manifest {ghost} of"):
        oci(plain(docker_registry.host)).config(named(docker_registry.host), ghost, "linux/amd64")
    with pytest.raises(RepoError, match="is not an image that a registry can be asked for"):
        oci(plain(docker_registry.host)).config(named(docker_registry.host), "sha256:../..", "linux/amd64")


def test_a_configuration_that_does_not_have_its_digest_is_not_believed(
    oci: MakeOci, front: MakeFront, docker_registry: DockerRegistry
) -> None:
    hub = front(docker_registry.url)
    config = b'{"config": {"Env": ["PYTHON_VERSION=2.7"]}, "rootfs": {}}'
    manifest = json.dumps({"schemaVersion": 2, "config": {"digest": f"sha256:{'3' * 64}"}}).encode()
    hub.instead += [Said(200, manifest), Said(200, config)]
    digest = f"sha256:{hashlib.sha256(manifest).hexdigest()}"
    with pytest.raises(Unavailable, match=f"not sha256:{'3' * 64}"):
        oci(plain(hub.host)).config(named(hub.host), digest, "linux/amd64")


@pytest.mark.parametrize("manifest", [b'{"schemaVersion": 2}', b'{"schemaVersion": 2, "config": {"digest": "x"}}'])
def test_a_manifest_without_a_configuration_is_unavailable(
    oci: MakeOci, front: MakeFront, docker_registry: DockerRegistry, manifest: bytes
) -> None:
    hub = front(docker_registry.url)
    hub.instead.append(Said(200, manifest))
    with pytest.raises(Unavailable, match="names no configuration"):
        oci(plain(hub.host)).config(named(hub.host), f"sha256:{hashlib.sha256(manifest).hexdigest()}", "linux/amd64")
