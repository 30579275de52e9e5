"""What registries do that they should not: limits, lies, and servers that are no registries."""

import hashlib
import json
from collections.abc import Callable

import pytest

from bot.adapters.registries.oci import DOCUMENT_BYTES, OciRegistry, RegistryHost
from bot.errors import RepoError, Unavailable
from bot.model.images import ImageName
from bot.system.http import Http
from tests.rig.hub import HubFront
from tests.rig.registry import DockerRegistry, push_image
from tests.rig.web import Said, Seen, WebServer

MakeOci = Callable[..., OciRegistry]
MakeFront = Callable[..., HubFront]
Serve = Callable[..., WebServer]
DIGEST = f"sha256:{'1' * 64}"
MANIFEST = b'{"schemaVersion": 2, "config": {}, "layers": []}'


def look(oci: MakeOci, server: WebServer) -> str:
    name = ImageName(registry=server.host, repository="acme/web", tag="1")
    return oci(RegistryHost(host=server.host, insecure=True)).look(name).digest


def manifests(oci: MakeOci, server: WebServer, digest: str = DIGEST) -> object:
    name = ImageName(registry=server.host, repository="acme/web", tag="1")
    return oci(RegistryHost(host=server.host, insecure=True)).manifests(name, digest)


def by_method(head: Said, get: Said) -> Callable[[Seen], Said]:
    return lambda seen: head if seen.method == "HEAD" else get


def test_all_four_kinds_of_manifest_are_accepted(oci: MakeOci, serve: Serve) -> None:
    server = serve(lambda _seen: Said(200, headers={"docker-content-digest": DIGEST}))
    assert look(oci, server) == DIGEST
    assert server.log[0].headers["accept"].split(", ") == [
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    ]


def test_a_rate_limit_is_handed_on_with_its_time_and_a_way_out(
    oci: MakeOci, front: MakeFront, docker_registry: DockerRegistry
) -> None:
    push_image(docker_registry, "acme/web", "1")
    hub = front(docker_registry.url)
    hub.instead.append(Said(429, headers={"retry-after": "21600"}))
    with pytest.raises(Unavailable, match="answers 429") as caught:
        look(oci, hub)
    assert caught.value.retry_after == 21600
    assert "docker login" in caught.value.hint
    assert len(hub.log) == 3


def test_a_moment_of_rate_limiting_is_waited_out(
    oci: MakeOci, front: MakeFront, docker_registry: DockerRegistry
) -> None:
    digest = push_image(docker_registry, "acme/web", "1")
    hub = front(docker_registry.url)
    hub.instead.append(Said(429, headers={"retry-after": "2"}))
    assert look(oci, hub) == digest


@pytest.mark.parametrize("head", [Said(405), Said(200)])
def test_without_an_answer_to_head_the_manifest_is_read_and_hashed(
    oci: MakeOci, serve: Serve, http: Http, docker_registry: DockerRegistry, head: Said
) -> None:
    digest = push_image(docker_registry, "acme/web", "1")
    with docker_registry.client() as client:
        accept = {"accept": "application/vnd.oci.image.manifest.v1+json"}
        body = client.get("/v2/acme/web/manifests/1", headers=accept).content
    assert look(oci, serve(by_method(head, Said(200, body)))) == digest
    assert http.requests == 2


def test_a_tag_that_is_gone_between_head_and_get_does_not_exist(oci: MakeOci, serve: Serve) -> None:
    with pytest.raises(RepoError, match="does not exist"):
        look(oci, serve(by_method(Said(200), Said(404))))


@pytest.mark.parametrize(
    ("head", "get"),
    [
        (Said(200, headers={"docker-content-digest": "sha256:short"}), Said(200, MANIFEST)),
        (Said(200, headers={"docker-content-digest": DIGEST + "\u00e9"}), Said(200, MANIFEST)),
        (Said(200), Said(200, b"<html>log in to the hotel's network</html>")),
        (Said(200), Said(200, MANIFEST, {"docker-content-digest": DIGEST})),
        (Said(405), Said(405)),
        (Said(418), Said(418)),
        (Said(302), Said(302)),
    ],
)
def test_an_answer_that_no_registry_gives_is_unavailable(oci: MakeOci, serve: Serve, head: Said, get: Said) -> None:
    with pytest.raises(Unavailable):
        look(oci, serve(by_method(head, get)))


def test_a_manifest_that_does_not_have_its_digest_is_not_believed(oci: MakeOci, serve: Serve) -> None:
    server = serve(lambda _seen: Said(200, MANIFEST, {"docker-content-digest": DIGEST}))
    with pytest.raises(Unavailable, match=f"not {DIGEST}"):
        manifests(oci, server)


def test_a_manifest_without_end_is_not_read(oci: MakeOci, serve: Serve) -> None:
    server = serve(lambda _seen: Said(200, b" " * (DOCUMENT_BYTES + 1)))
    with pytest.raises(Unavailable, match=f"more than the {DOCUMENT_BYTES} bytes"):
        manifests(oci, server)


def test_an_index_with_nonsense_in_it_is_unavailable(
    oci: MakeOci, front: MakeFront, docker_registry: DockerRegistry
) -> None:
    body = json.dumps({"schemaVersion": 2, "manifests": [{"platform": {"os": "linux", "architecture": "amd64"}}]})
    hub = front(docker_registry.url)
    hub.instead.append(Said(200, body.encode()))
    digest = f"sha256:{hashlib.sha256(body.encode()).hexdigest()}"
    with pytest.raises(Unavailable, match="not a manifest"):
        manifests(oci, hub, digest)


@pytest.mark.parametrize("target", ["http://registry.invalid/v2/", "ftp://127.0.0.1/"])
def test_a_redirect_to_plain_http_elsewhere_is_not_followed(oci: MakeOci, serve: Serve, target: str) -> None:
    with pytest.raises(Unavailable, match="redirects to"):
        look(oci, serve(lambda _seen: Said(302, headers={"location": target})))


def test_a_server_error_keeps_its_own_words(oci: MakeOci, serve: Serve) -> None:
    with pytest.raises(Unavailable, match="answers 503") as caught:
        look(oci, serve(lambda _seen: Said(503)))
    assert caught.value.hint == ""
