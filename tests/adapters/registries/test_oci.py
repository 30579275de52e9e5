"""The adapter against a real registry: Debian's docker-registry on loopback."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.adapters.registries.oci import OciRegistry, RegistryHost
from bot.errors import AccessDenied, RepoError, Unavailable
from bot.model.images import ImageLook, ImageName
from bot.model.secrets import Credential, Secret
from bot.system.http import Http
from tests.rig.registry import PASSWORD, USERNAME, DockerRegistry, push_image, push_index

MakeOci = Callable[..., OciRegistry]
REPOSITORY, TAG = "library/python", "3.12-slim"
GHOST = f"sha256:{'0' * 64}"


def plain(registry: DockerRegistry, credential: Credential | None = None) -> RegistryHost:
    return RegistryHost(host=registry.host, insecure=True, credential=credential)


def named(registry: DockerRegistry, tag: str | None = TAG, repository: str = REPOSITORY) -> ImageName:
    return ImageName(registry=registry.host, repository=repository, tag=tag)


def login(password: str = PASSWORD) -> Credential:
    return Credential(username=USERNAME, password=Secret(password))


def manifest_requests(registry: DockerRegistry) -> int:
    return registry.requests("HEAD", "/manifests/") + registry.requests("GET", "/manifests/")


def test_a_tag_is_looked_up_with_exactly_one_head(oci: MakeOci, http: Http, docker_registry: DockerRegistry) -> None:
    digest = push_image(docker_registry, REPOSITORY, TAG)
    name = named(docker_registry)
    assert oci(plain(docker_registry)).look(name) == ImageLook(
        name=name, digest=digest, observed_at=datetime(2026, 10, 1, 12, tzinfo=UTC), source=docker_registry.url
    )
    assert http.requests == 1
    assert (docker_registry.requests("HEAD", f"/manifests/{TAG}"), docker_registry.requests("GET", "/manifests/")) == (
        1,
        0,
    )


def test_a_second_look_in_the_same_run_costs_nothing(oci: MakeOci, http: Http, docker_registry: DockerRegistry) -> None:
    digest = push_image(docker_registry, REPOSITORY, TAG)
    registry, name = oci(plain(docker_registry)), named(docker_registry)
    pinned = replace(name, digest=GHOST)
    with ThreadPoolExecutor(4) as pool:
        looks = list(pool.map(registry.look, [name, pinned, name, pinned]))
    assert [look.name for look in looks] == [name, pinned, name, pinned]
    assert {look.digest for look in looks} == {digest}
    assert http.requests == 1


def test_a_moved_tag_is_seen_by_the_next_run(oci: MakeOci, docker_registry: DockerRegistry) -> None:
    old = push_image(docker_registry, REPOSITORY, TAG, env={"PYTHON_VERSION": "3.12.8"})
    assert oci(plain(docker_registry)).look(named(docker_registry)).digest == old
    new = push_image(docker_registry, REPOSITORY, TAG, env={"PYTHON_VERSION": "3.12.9"}, files={"etc/os": b"12.9"})
    assert new != old
    assert oci(plain(docker_registry)).look(named(docker_registry)).digest == new


def test_a_tag_of_an_index_points_to_the_index(oci: MakeOci, docker_registry: DockerRegistry) -> None:
    one = push_image(docker_registry, REPOSITORY, None)
    digest = push_index(docker_registry, REPOSITORY, TAG, {"linux/amd64": one}, attestations=1)
    assert oci(plain(docker_registry)).look(named(docker_registry)).digest == digest


def test_an_index_is_listed_by_platform_without_attestations(
    oci: MakeOci, http: Http, docker_registry: DockerRegistry
) -> None:
    images = {
        name: push_image(docker_registry, REPOSITORY, None, platform=name) for name in ("linux/arm/v7", "linux/amd64")
    }
    digest = push_index(docker_registry, REPOSITORY, TAG, images, attestations=2)
    registry = oci(plain(docker_registry))
    found = registry.manifests(named(docker_registry), digest)
    assert [(entry.platform, entry.digest) for entry in found] == sorted(images.items())
    assert registry.manifests(named(docker_registry, None), digest) is found
    assert http.requests == 1


def test_an_index_that_only_gained_an_attestation_keeps_its_children(
    oci: MakeOci, docker_registry: DockerRegistry
) -> None:
    images = {"linux/amd64": push_image(docker_registry, REPOSITORY, None)}
    old = push_index(docker_registry, REPOSITORY, TAG, images)
    new = push_index(docker_registry, REPOSITORY, TAG, images, attestations=1)
    registry, name = oci(plain(docker_registry)), named(docker_registry)
    assert old != new
    assert registry.manifests(name, old) == registry.manifests(name, new) != ()


def test_a_single_manifest_lists_no_platforms(oci: MakeOci, docker_registry: DockerRegistry) -> None:
    digest = push_image(docker_registry, REPOSITORY, TAG)
    assert oci(plain(docker_registry)).manifests(named(docker_registry), digest) == ()


def test_what_an_index_holds_is_remembered_from_run_to_run(
    oci: MakeOci, http: Http, docker_registry: DockerRegistry
) -> None:
    digest = push_index(
        docker_registry, REPOSITORY, TAG, {"linux/amd64": push_image(docker_registry, REPOSITORY, None)}
    )
    kept: dict[tuple[str, str], str] = {}

    def run() -> OciRegistry:
        return oci(
            plain(docker_registry),
            recall=lambda kind, key: kept.get((kind, key)),
            remember=lambda kind, key, value, _now: kept.__setitem__((kind, key), value),
        )

    first = run().manifests(named(docker_registry), digest)
    assert run().manifests(named(docker_registry), digest) == first
    assert http.requests == 1
    for strange in ("{", "5", '{"schemaVersion": 2, "manifests": []}'):
        kept["document", digest] = strange
        assert run().manifests(named(docker_registry), digest) == first
    assert http.requests == 4


def test_a_tag_that_does_not_exist_is_the_repositorys_problem(oci: MakeOci, docker_registry: DockerRegistry) -> None:
    push_image(docker_registry, REPOSITORY, TAG)
    name = named(docker_registry, "3.99")
    with pytest.raises(RepoError, match=rf"the tag .*python:3\.99 does not exist at {docker_registry.host}") as caught:
        oci(plain(docker_registry)).look(name)
    assert caught.value.hint


def test_a_manifest_that_was_removed_is_the_repositorys_problem(oci: MakeOci, docker_registry: DockerRegistry) -> None:
    push_image(docker_registry, REPOSITORY, TAG)
    with pytest.raises(RepoError, match=f"the manifest {GHOST} of"):
        oci(plain(docker_registry)).manifests(named(docker_registry), GHOST)


@pytest.mark.parametrize("where", ["configured", "docker login"])
def test_basic_auth_is_answered_with_what_is_known(
    oci: MakeOci, http: Http, private_registry: DockerRegistry, where: str
) -> None:
    digest = push_image(private_registry, REPOSITORY, TAG)
    index = push_index(private_registry, REPOSITORY, "all", {"linux/amd64": digest})
    if where == "configured":
        registry = oci(plain(private_registry, login()), logins={private_registry.host: login("old")})
    else:
        registry = oci(plain(private_registry), logins={private_registry.host: login()})
    assert registry.look(named(private_registry)).digest == digest
    assert http.requests == 2, "refused once, then let in"
    assert registry.manifests(named(private_registry), index)
    assert http.requests == 3, "and remembered"


def test_without_a_login_the_hint_names_what_to_configure(oci: MakeOci, private_registry: DockerRegistry) -> None:
    push_image(private_registry, REPOSITORY, TAG)
    with pytest.raises(AccessDenied, match="it is private or does not exist") as caught:
        oci(plain(private_registry)).look(named(private_registry))
    assert f'[[registry]] host = "{private_registry.host}"' in caught.value.hint
    assert f"docker login {private_registry.host}" in caught.value.hint


def test_a_wrong_password_is_said_to_be_wrong_and_not_shown(oci: MakeOci, private_registry: DockerRegistry) -> None:
    push_image(private_registry, REPOSITORY, TAG)
    with pytest.raises(AccessDenied) as caught:
        oci(plain(private_registry, login("wr0ng"))).look(named(private_registry))
    assert "the credential was refused" in caught.value.hint
    assert "wr0ng" not in f"{caught.value.message}{caught.value.hint}"


def test_plain_http_is_not_spoken_without_being_told_so(
    oci: MakeOci, http: Http, docker_registry: DockerRegistry
) -> None:
    push_image(docker_registry, REPOSITORY, TAG)
    asked = manifest_requests(docker_registry)
    with pytest.raises(Unavailable) as caught:
        oci().look(named(docker_registry))
    assert "insecure = true" in caught.value.hint
    assert (http.requests, manifest_requests(docker_registry)) == (1, asked)


def test_a_mirror_is_asked_first_and_alone(oci: MakeOci, http: Http, docker_registry: DockerRegistry) -> None:
    digest = push_image(docker_registry, REPOSITORY, TAG)
    look = oci(RegistryHost(host="docker.io", mirror=docker_registry.url)).look(
        ImageName(registry="docker.io", repository=REPOSITORY, tag=TAG)
    )
    assert (look.digest, look.source, http.requests) == (digest, docker_registry.url, 1)


def test_a_path_of_a_mirror_goes_before_the_repository(oci: MakeOci, docker_registry: DockerRegistry) -> None:
    digest = push_image(docker_registry, f"cache/hub/{REPOSITORY}", TAG)
    registry = oci(RegistryHost(host="docker.io", mirror=f"{docker_registry.url}/cache/hub/"))
    assert registry.look(ImageName(registry="docker.io", repository=REPOSITORY, tag=TAG)).digest == digest


def test_a_mirror_has_a_credential_of_its_own(oci: MakeOci, private_registry: DockerRegistry) -> None:
    digest = push_image(private_registry, REPOSITORY, TAG)
    hub = RegistryHost(host="docker.io", mirror=private_registry.url, credential=login("for the Hub"))
    name = ImageName(registry="docker.io", repository=REPOSITORY, tag=TAG)
    assert oci(hub, plain(private_registry, login())).look(name).digest == digest
    with pytest.raises(AccessDenied, match=private_registry.host):
        oci(hub).look(name)


def test_what_a_mirror_does_not_have_comes_from_the_registry(
    oci: MakeOci, docker_registry: DockerRegistry, private_registry: DockerRegistry
) -> None:
    digest = push_image(private_registry, REPOSITORY, TAG)
    known = RegistryHost(host=private_registry.host, insecure=True, mirror=docker_registry.url, credential=login())
    look = oci(known).look(named(private_registry))
    assert (look.digest, look.source) == (digest, private_registry.url)


def test_a_mirror_that_is_down_is_asked_once_per_run(
    oci: MakeOci, http: Http, docker_registry: DockerRegistry, private_registry: DockerRegistry
) -> None:
    digests = [push_image(docker_registry, REPOSITORY, tag, env={"TAG": tag}) for tag in ("one", "two")]
    private_registry.stop()
    registry = oci(RegistryHost(host=docker_registry.host, insecure=True, mirror=private_registry.url))
    assert [registry.look(named(docker_registry, tag)).digest for tag in ("one", "two")] == digests
    assert http.requests == 3 + 1 + 1


def test_a_registry_that_is_down_is_unavailable_and_asked_again_later(
    oci: MakeOci, http: Http, docker_registry: DockerRegistry
) -> None:
    docker_registry.stop()
    registry = oci(plain(docker_registry))
    for _ in range(2):
        with pytest.raises(Unavailable, match="does not answer"):
            registry.look(named(docker_registry))
    assert http.requests == 6


@pytest.mark.parametrize(
    "name",
    [
        ImageName(registry="ghcr.io/../evil", repository="a", tag="1"),
        ImageName(registry="user@ghcr.io", repository="a", tag="1"),
        ImageName(registry="ghcr.io", repository="a/../../b", tag="1"),
        ImageName(registry="ghcr.io", repository="a?b", tag="1"),
        ImageName(registry="ghcr.io", repository="a", tag="1/../2"),
        ImageName(registry="ghcr.io", repository="a", tag=None),
    ],
)
def test_a_name_that_could_lead_elsewhere_is_never_asked_for(oci: MakeOci, http: Http, name: ImageName) -> None:
    with pytest.raises(RepoError, match="is not an image"):
        oci().look(name)
    assert http.requests == 0


def test_a_digest_that_is_none_is_never_asked_for(oci: MakeOci, http: Http) -> None:
    with pytest.raises(RepoError, match="is not an image"):
        oci().manifests(ImageName(registry="ghcr.io", repository="a", tag="1"), "sha256:../../x")
    assert http.requests == 0
