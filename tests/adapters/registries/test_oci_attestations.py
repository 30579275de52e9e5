"""Packages from attestations: what is believed of them, and when layers are read instead."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from bot.adapters.registries import oci_contents
from bot.adapters.registries.oci import OciRegistry
from bot.adapters.registries.shelf import Shelf
from bot.model.contents import ImageContents
from bot.model.packages import OsRelease
from bot.system.http import Http
from tests.rig.hub import HubFront
from tests.rig.inside import PACKAGES, PLATFORM, REPOSITORY, TAG, base, installed, named, plain, spdx
from tests.rig.layers import push_attestation, push_layers
from tests.rig.registry import DockerRegistry, push_index
from tests.rig.web import Said, Seen

MakeOci = Callable[..., OciRegistry]
MakeFront = Callable[..., HubFront]
OTHER = f"sha256:{'2' * 64}"
DEBIAN = OsRelease(id="debian", version="12")
LAYER = base().digest


def pushed(registry: DockerRegistry, document: Mapping[str, object] | None = None, **how: object) -> str:
    """Push an image with an attestation; give the index's digest."""
    images = {PLATFORM: push_layers(registry, REPOSITORY, None, [base()], env={"PYTHON_VERSION": "3.12.9"})}
    said = {PLATFORM: spdx() if document is None else document}
    return push_attestation(registry, REPOSITORY, TAG, images, said, **how)  # type: ignore[arg-type] # as it comes


def inside(
    oci: MakeOci, registry: DockerRegistry, digest: str, *, sources: bool = False, **memory: Any
) -> ImageContents:
    return oci(plain(registry), **memory).contents(named(registry), digest, PLATFORM, sources=sources)


def layer_reads(registry: DockerRegistry) -> int:
    return registry.requests("GET", f"/blobs/{LAYER}")


def test_an_attestation_answers_without_a_layer(oci: MakeOci, http: Http, docker_registry: DockerRegistry) -> None:
    digest = pushed(docker_registry)
    found = inside(oci, docker_registry, digest)
    assert (found.packages, found.os, found.python) == (installed(), DEBIAN, "3.12.9")
    assert (found.read_from, found.sources_read, found.sources, found.unreadable) == ("attestation", False, (), ())
    assert (found.layers, found.size) == (1, len(base().data))
    assert http.requests == 5, "index, manifest, configuration, the attestation's manifest, its statement"
    assert layer_reads(docker_registry) == 0


def test_it_is_kept_until_sources_are_wanted(
    oci: MakeOci, http: Http, docker_registry: DockerRegistry, tmp_path: Path
) -> None:
    digest, shelf = pushed(docker_registry), Shelf(tmp_path)
    memory: dict[str, Any] = {"recall": shelf.recall, "remember": shelf.remember}
    first = inside(oci, docker_registry, digest, **memory)
    spent = http.requests
    assert inside(oci, docker_registry, digest, **memory) == first
    assert http.requests == spent
    whole = inside(oci, docker_registry, digest, sources=True, **memory)
    assert (whole.read_from, whole.packages, len(whole.sources)) == ("layers", installed(), 1)
    assert http.requests == spent + 1
    assert inside(oci, docker_registry, digest, **memory) == whole
    assert http.requests == spent + 1


def test_with_sources_the_layers_are_read(oci: MakeOci, http: Http, docker_registry: DockerRegistry) -> None:
    found = inside(oci, docker_registry, pushed(docker_registry), sources=True)
    assert (found.read_from, found.packages) == ("layers", installed())
    assert (http.requests, layer_reads(docker_registry)) == (4, 1)


def test_each_platform_has_an_attestation_of_its_own(oci: MakeOci, http: Http, docker_registry: DockerRegistry) -> None:
    newer = {**PACKAGES, "base-files": "12.9"}
    images = {
        PLATFORM: push_layers(docker_registry, REPOSITORY, None, [base()]),
        "linux/arm64": push_layers(docker_registry, REPOSITORY, None, [base()], platform="linux/arm64"),
    }
    said = {PLATFORM: spdx(), "linux/arm64": spdx(newer)}
    digest = push_attestation(docker_registry, REPOSITORY, TAG, images, said)
    registry, name = oci(plain(docker_registry)), named(docker_registry)
    assert [one.platform for one in registry.manifests(name, digest)] == [PLATFORM, "linux/arm64"]
    for platform, packages in ((PLATFORM, PACKAGES), ("linux/arm64/v8", newer)):
        found = registry.contents(name, digest, platform, sources=False)
        assert (found.read_from, found.packages) == ("attestation", installed(packages))
    assert http.requests == 1 + 2 * 4
    assert layer_reads(docker_registry) == 0


@pytest.mark.parametrize(
    ("document", "how"),
    [
        (None, {"subject": OTHER}),
        (None, {"refers": OTHER}),
        (None, {"predicate_type": "https://cyclonedx.org/bom"}),
        ({"packages": []}, {}),
        ({"packages": [{"externalRefs": [{"referenceType": "purl", "referenceLocator": "pkg:pypi/pip@24"}]}]}, {}),
        ({"packages": "none"}, {}),
        ({}, {}),
        (spdx(distro=""), {}),
    ],
    ids=["subject", "annotation", "predicate", "empty", "no system's", "malformed", "no predicate", "no release"],
)
def test_an_attestation_that_cannot_be_used_leads_to_the_layers(
    oci: MakeOci, docker_registry: DockerRegistry, document: Mapping[str, object] | None, how: dict[str, object]
) -> None:
    found = inside(oci, docker_registry, pushed(docker_registry, document, **how))
    assert (found.read_from, found.packages) == ("layers", installed())
    assert layer_reads(docker_registry) == 1


def test_a_larger_statement_than_is_read_is_not_even_asked_for(
    oci: MakeOci, http: Http, docker_registry: DockerRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = pushed(docker_registry)
    monkeypatch.setattr(oci_contents, "STATEMENT_BYTES", 100)
    assert inside(oci, docker_registry, digest).read_from == "layers"
    assert http.requests == 5, "index, manifest, configuration, the attestation's manifest, the layer"


@pytest.mark.parametrize("body", [b"{", b"[" * 5000, b'{"predicate": {"a": 1}}', b"\xff"])
def test_an_altered_statement_is_not_believed(
    oci: MakeOci, front: MakeFront, docker_registry: DockerRegistry, body: bytes
) -> None:
    digest = pushed(docker_registry)
    hub = front(docker_registry.url)

    def alter(seen: Seen, said: Said) -> Said:
        return said._replace(body=body) if b"predicateType" in said.body else said

    hub.alter = lambda seen, said: shorter(alter(seen, said))
    found = oci(plain(hub)).contents(named(hub), digest, PLATFORM, sources=False)
    assert (found.read_from, found.packages) == ("layers", installed())


def shorter(said: Said) -> Said:
    return said._replace(headers={**said.headers, "content-length": str(len(said.body))})


@pytest.mark.parametrize("status", [403, 404, 500])
def test_an_attestation_that_is_not_there_leads_to_the_layers(
    oci: MakeOci, front: MakeFront, docker_registry: DockerRegistry, status: int
) -> None:
    digest = pushed(docker_registry)
    hub = front(docker_registry.url)
    with docker_registry.client() as client:
        accept = {"accept": "application/vnd.oci.image.index.v1+json"}
        rows = json.loads(client.get(f"/v2/{REPOSITORY}/manifests/{digest}", headers=accept).content)["manifests"]
    attestation = rows[1]["digest"]
    hub.alter = lambda seen, said: Said(status) if attestation in seen.path else said
    found = oci(plain(hub)).contents(named(hub), digest, PLATFORM, sources=False)
    assert (found.read_from, found.packages) == ("layers", installed())


def test_nonsense_beside_an_image_leads_to_the_layers(oci: MakeOci, docker_registry: DockerRegistry) -> None:
    image = push_layers(docker_registry, REPOSITORY, None, [base()])
    digest = push_index(docker_registry, REPOSITORY, TAG, {PLATFORM: image}, attestations=2)
    found = inside(oci, docker_registry, digest)
    assert (found.read_from, found.packages) == ("layers", installed(PACKAGES))
