"""Bearer tokens: a front like Docker Hub's before a real registry, over TLS where a credential is at stake."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bot.adapters.registries.oci import OciRegistry, RegistryHost
from bot.adapters.registries.oci_hosts import Endpoint, belongs, endpoints, plain_hosts
from bot.errors import AccessDenied, Unavailable
from bot.model.images import ImageName
from bot.model.secrets import Credential, Secret
from bot.system.http import Http
from bot.system.urls import origin
from tests.rig.hub import HubFront
from tests.rig.registry import PASSWORD, USERNAME, DockerRegistry, basic, push_image
from tests.rig.web import Said, Seen, WebServer

MakeOci = Callable[..., OciRegistry]
MakeFront = Callable[..., HubFront]
Serve = Callable[..., WebServer]
REPOSITORY, TAG = "library/python", "3.12-slim"
LOGIN = Credential(username=USERNAME, password=Secret(PASSWORD))


def named(front: WebServer, repository: str = REPOSITORY, tag: str = TAG) -> ImageName:
    return ImageName(registry=front.host, repository=repository, tag=tag)


def test_a_token_is_fetched_without_a_credential_where_none_is_known(
    oci: MakeOci, front: MakeFront, docker_registry: DockerRegistry
) -> None:
    digest = push_image(docker_registry, REPOSITORY, TAG)
    hub = front(docker_registry.url)
    assert oci(RegistryHost(host=hub.host, insecure=True)).look(named(hub)).digest == digest
    assert hub.asked() == [
        f"HEAD /v2/{REPOSITORY}/manifests/{TAG}",
        "GET /token",
        f"HEAD /v2/{REPOSITORY}/manifests/{TAG}",
    ]
    assert [seen.authorization for seen in hub.log] == [None, None, "Bearer token-0"]
    assert hub.log[1].query == {"service": "hub, of tests", "scope": f"repository:{REPOSITORY}:pull"}


def test_a_token_serves_its_repository_and_no_other(
    oci: MakeOci, front: MakeFront, docker_registry: DockerRegistry
) -> None:
    for repository, tag in ((REPOSITORY, TAG), (REPOSITORY, "3.13"), ("acme/web", TAG)):
        push_image(docker_registry, repository, tag)
    hub = front(docker_registry.url)
    registry = oci(RegistryHost(host=hub.host, insecure=True))
    registry.look(named(hub))
    registry.look(named(hub, tag="3.13"))
    assert len(hub.log) == 3 + 1
    registry.look(named(hub, "acme/web"))
    assert len(hub.log) == 3 + 1 + 3


def test_a_token_that_the_registry_no_longer_takes_is_replaced(
    oci: MakeOci, front: MakeFront, docker_registry: DockerRegistry
) -> None:
    digest = push_image(docker_registry, REPOSITORY, TAG)
    push_image(docker_registry, REPOSITORY, "3.13")
    hub = front(docker_registry.url)
    registry = oci(RegistryHost(host=hub.host, insecure=True))
    registry.look(named(hub, tag="3.13"))
    hub.valid.clear()
    assert registry.look(named(hub)).digest == digest
    assert len(hub.log) == 3 + 3


def test_a_short_lived_token_is_not_used_twice(oci: MakeOci, serve: Serve) -> None:
    def answer(seen: Seen) -> Said:
        if seen.path == "/token":
            return Said(200, json.dumps({"access_token": "short", "expires_in": 5}).encode())
        if seen.authorization is None:
            return Said(401, headers={"www-authenticate": f'Bearer realm="http://{seen.headers["host"]}/token"'})
        return Said(200, headers={"docker-content-digest": f"sha256:{'1' * 64}"})

    server = serve(answer)
    registry = oci(RegistryHost(host=server.host, insecure=True))
    for tag in ("one", "two"):
        registry.look(named(server, tag=tag))
    assert server.asked().count("GET /token") == 2
    assert server.log[1].query == {"scope": f"repository:{REPOSITORY}:pull"}


def test_the_credential_goes_to_the_registrys_own_token_server(
    oci: MakeOci, front: MakeFront, docker_registry: DockerRegistry, certificate: Path
) -> None:
    digest = push_image(docker_registry, REPOSITORY, TAG)
    hub = front(docker_registry.url, anonymous=False, certificate=certificate)
    assert oci(logins={hub.host: LOGIN}).look(named(hub)).digest == digest
    assert [seen.authorization for seen in hub.log if seen.path == "/token"] == [basic()]


def test_a_token_server_elsewhere_gets_no_credential(
    oci: MakeOci, front: MakeFront, docker_registry: DockerRegistry, certificate: Path
) -> None:
    digest = push_image(docker_registry, REPOSITORY, TAG)
    hub = front(docker_registry.url, certificate=certificate)
    stranger = front(docker_registry.url, address="127.0.0.2", certificate=certificate)
    hub.realm, hub.valid = f"{stranger.url}/token", stranger.valid
    assert oci(RegistryHost(host=hub.host, credential=LOGIN)).look(named(hub)).digest == digest
    assert [seen.authorization for seen in stranger.log] == [None]
    assert basic() not in {seen.authorization for seen in hub.log}


def test_a_withheld_credential_is_explained_and_an_entry_of_its_own_releases_it(
    oci: MakeOci, front: MakeFront, docker_registry: DockerRegistry, certificate: Path
) -> None:
    digest = push_image(docker_registry, REPOSITORY, TAG)
    hub = front(docker_registry.url, certificate=certificate)
    tokens = front(docker_registry.url, address="127.0.0.2", anonymous=False, certificate=certificate)
    hub.realm, hub.valid = f"{tokens.url}/token?account=x", tokens.valid
    known = RegistryHost(host=hub.host, credential=LOGIN)
    with pytest.raises(AccessDenied) as caught:
        oci(known).look(named(hub))
    assert '[[registry]] with host = "127.0.0.2"' in caught.value.hint
    assert oci(known, RegistryHost(host="127.0.0.2")).look(named(hub)).digest == digest
    assert tokens.log[-1].query["account"] == "x"
    assert tokens.log[-1].authorization == basic()


def test_a_token_server_in_plain_http_is_not_asked_unless_configured(
    oci: MakeOci, front: MakeFront, docker_registry: DockerRegistry, certificate: Path
) -> None:
    push_image(docker_registry, REPOSITORY, TAG)
    tokens = front(docker_registry.url)
    hub = front(docker_registry.url, realm=f"{tokens.url}/token", certificate=certificate)
    hub.valid = tokens.valid
    with pytest.raises(Unavailable, match="plain http and not configured") as caught:
        oci(RegistryHost(host=hub.host, credential=LOGIN)).look(named(hub))
    assert f'host = "{tokens.host}" and insecure = true' in caught.value.hint
    assert tokens.log == []
    assert oci(RegistryHost(host=hub.host), RegistryHost(host=tokens.host, insecure=True)).look(named(hub)).digest


def test_a_refused_credential_is_said_to_be_refused(
    oci: MakeOci, front: MakeFront, docker_registry: DockerRegistry
) -> None:
    hub = front(docker_registry.url)
    wrong = replace(LOGIN, password=Secret("wr0ng"))
    with pytest.raises(AccessDenied, match=r"the token server .* refuses us") as caught:
        oci(RegistryHost(host=hub.host, insecure=True, credential=wrong)).look(named(hub))
    assert "the credential was refused" in caught.value.hint


@pytest.mark.parametrize("status", [401, 403])
def test_a_repository_that_a_token_does_not_open_is_private_or_not_there(
    oci: MakeOci, front: MakeFront, docker_registry: DockerRegistry, status: int
) -> None:
    hub = front(docker_registry.url)
    hub.instead.append(Said(status))
    with pytest.raises(AccessDenied, match="it is private or does not exist"):
        oci(RegistryHost(host=hub.host, insecure=True)).look(named(hub, "acme/secret"))


@pytest.mark.parametrize("challenge", ["", "Negotiate", 'Digest realm="x"'])
def test_a_challenge_that_nobody_understands_is_a_refusal(oci: MakeOci, serve: Serve, challenge: str) -> None:
    server = serve(lambda _seen: Said(401, headers={"www-authenticate": challenge}))
    with pytest.raises(AccessDenied):
        oci(RegistryHost(host=server.host, insecure=True, credential=LOGIN)).look(named(server))
    assert [seen.authorization for seen in server.log] == [None]


@pytest.mark.parametrize("realm", ["", "token", "ftp://127.0.0.1/token", "http://127.0.0.1:x/"])
def test_a_realm_that_is_no_address_is_unavailable(oci: MakeOci, serve: Serve, realm: str) -> None:
    server = serve(lambda _seen: Said(401, headers={"www-authenticate": f'Bearer realm="{realm}"'}))
    with pytest.raises(Unavailable, match="no token server that can be asked"):
        oci(RegistryHost(host=server.host, insecure=True)).look(named(server))


@pytest.mark.parametrize(
    "said",
    [
        Said(200, b"<html>"),
        Said(200, b"[]"),
        Said(200, b"{}"),
        Said(200, b'{"token": 5}'),
        Said(200, b'{"token": "a\\r\\nx: y"}'),
        Said(200, b'{"token": "a", "expires_in": "soon"}'),
        Said(200, b'{"token": "a", "expires_in": 1e300}'),
        Said(404),
    ],
)
def test_a_token_that_is_none_is_unavailable(oci: MakeOci, serve: Serve, said: Said) -> None:
    def answer(seen: Seen) -> Said:
        realm = f"http://{seen.headers['host']}/token"
        return said if seen.path == "/token" else Said(401, headers={"www-authenticate": f"Bearer realm={realm}"})

    server = serve(answer)
    with pytest.raises(Unavailable, match="token"):
        oci(RegistryHost(host=server.host, insecure=True)).look(named(server))


def test_basic_is_found_among_challenges_that_only_mention_bearer(oci: MakeOci, serve: Serve) -> None:
    def answer(seen: Seen) -> Said:
        if seen.authorization == basic():
            return Said(200, headers={"docker-content-digest": f"sha256:{'1' * 64}"})
        return Said(401, headers={"www-authenticate": 'Negotiate, BASIC realm="Bearer of news"'})

    server = serve(answer)
    assert oci(RegistryHost(host=server.host, insecure=True, credential=LOGIN)).look(named(server)).digest


@pytest.mark.parametrize(
    ("registry", "realm", "trusted"),
    [
        ("ghcr.io", "https://ghcr.io/token", True),
        ("ghcr.io", "https://ghcr.io:8443/token", True),
        ("docker.io", "https://auth.docker.io/token", True),
        ("quay.io", "https://auth.docker.io/token", False),
        ("registry.gitlab.com", "https://gitlab.com/jwt/auth", True),
        ("example.com", "https://tokens.example.com/", True),
        ("registry.example.com", "https://tokens.example.com/", False),
        ("registry.example.com", "https://evil-registry.example.com/", False),
        ("registry.example.com", "https://com/", False),
        ("localhost:5000", "https://evil.localhost/", False),
        ("10.1.2.3:5000", "https://2.3/", False),
        ("10.1.2.3:5000", "https://10.1.2.3/", True),
    ],
)
def test_only_a_token_server_that_belongs_to_the_registry_is_trusted(
    registry: str, realm: str, *, trusted: bool
) -> None:
    (endpoint,) = endpoints(registry, {})
    assert belongs(origin(realm), endpoint, {}) is trusted


def test_docker_hub_is_asked_at_its_api_host_over_https() -> None:
    (endpoint,) = endpoints("docker.io", {"ghcr.io": RegistryHost(host="ghcr.io", insecure=True)})
    assert (
        endpoint.url("library/python", "manifests/3.12")
        == "https://registry-1.docker.io/v2/library/python/manifests/3.12"
    )


def test_a_mirror_stands_before_its_registry_and_only_http_ones_are_plain() -> None:
    hosts = {
        "docker.io": RegistryHost(host="docker.io", mirror="https://Cache.example/hub/"),
        "ghcr.io": RegistryHost(host="ghcr.io", mirror="http://user@127.0.0.1:5000"),
    }
    assert endpoints("docker.io", hosts)[0] == Endpoint(
        host="cache.example", base="https://cache.example", prefix="hub/"
    )
    assert plain_hosts(hosts) == {"127.0.0.1:5000"}


def test_a_redirect_takes_no_token_along(
    oci: MakeOci, front: MakeFront, serve: Serve, http: Http, docker_registry: DockerRegistry, certificate: Path
) -> None:
    cdn = serve(lambda _seen: Said(200, headers={"docker-content-digest": f"sha256:{'1' * 64}"}), certificate)
    hub = front(docker_registry.url, certificate=certificate)
    hub.instead.append(Said(307, headers={"location": f"{cdn.url}/signed?by=key"}))
    assert oci().look(named(hub)).digest
    assert [seen.authorization for seen in cdn.log] == [None]
    assert http.requests == 4
