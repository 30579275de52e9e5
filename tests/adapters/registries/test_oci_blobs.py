"""Layers on their way: redirects, tokens, mirrors, and everything that hostile or broken registries do with them."""

import gzip
import hashlib
import json
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from bot.adapters.registries import oci_contents
from bot.adapters.registries.layers import LayerLimits
from bot.adapters.registries.oci import OciRegistry
from bot.adapters.registries.shelf import Shelf
from bot.errors import AccessDenied, RepoError, Unavailable
from bot.model.contents import ImageContents
from bot.model.packages import OsRelease
from bot.model.secrets import Credential, Secret
from bot.system.http import Http
from tests.rig.hub import Allowance, Cdn, HubFront
from tests.rig.inside import (
    PLATFORM,
    REPOSITORY,
    STATUS,
    TAG,
    app,
    base,
    blob_gets,
    debian,
    installed,
    named,
    plain,
    split,
)
from tests.rig.layers import DOCKER_MANIFEST, Layer, compressed, file, layer, push_layers, system
from tests.rig.registry import (
    CONFIG,
    LAYER,
    MANIFEST,
    PASSWORD,
    USERNAME,
    Blob,
    DockerRegistry,
    _json,
    basic,
)
from tests.rig.web import Said, Seen, WebServer

MakeOci = Callable[..., OciRegistry]
MakeFront = Callable[..., HubFront]
Serve = Callable[..., WebServer]
LOGIN = Credential(username=USERNAME, password=Secret(PASSWORD))
DEBIAN = OsRelease(id="debian", version="12", codename="bookworm")


def inside(
    oci: MakeOci, server: DockerRegistry | WebServer, digest: str, *, sources: bool = True, **memory: Any
) -> ImageContents:
    return oci(plain(server), **memory).contents(named(server), digest, PLATFORM, sources=sources)


def crafted(stack: Sequence[Layer], **rows: object) -> tuple[str, dict[str, bytes]]:
    """Give an image as documents by digest, whose first layer's descriptor says something else."""
    config = Blob(CONFIG, _json({"os": "linux", "architecture": "amd64", "rootfs": {}}))
    layers = [{"mediaType": LAYER, "digest": one.digest, "size": len(one.data)} for one in stack]
    layers[0] = {**layers[0], **rows}
    manifest = Blob(MANIFEST, _json({"schemaVersion": 2, "config": config.descriptor, "layers": layers}))
    blobs = {one.digest: one.data for one in stack}
    return manifest.digest, {**blobs, manifest.digest: manifest.data, config.digest: config.data}


def shop(documents: dict[str, bytes], instead: dict[str, Said] | None = None) -> Callable[[Seen], Said]:
    """Serve documents by digest, some of them otherwise."""

    def answer(seen: Seen) -> Said:
        digest = seen.path.rpartition("/")[2]
        if instead and digest in instead:
            return instead[digest]
        return Said(200, documents[digest]) if digest in documents else Said(404)

    return answer


def test_blobs_come_from_a_cdn_that_sees_no_credential(
    oci: MakeOci, front: MakeFront, docker_registry: DockerRegistry, certificate: Path
) -> None:
    digest = push_layers(docker_registry, REPOSITORY, TAG, [base(), app()])
    with Cdn(docker_registry.url, certificate=certificate) as cdn:
        hub = front(docker_registry.url, anonymous=False, cdn=cdn, certificate=certificate)
        found = oci(logins={hub.host: LOGIN}).contents(named(hub), digest, PLATFORM, sources=True)
        assert found.packages == installed()
        assert len(cdn.log) == 3
        assert {seen.authorization for seen in cdn.log} == {None}
    assert [seen.authorization for seen in hub.log].count(basic()) == 1
    assert {seen.authorization for seen in hub.log[2:]} == {"Bearer token-0"}


def test_a_cdn_in_plain_http_is_used_where_the_registry_is_plain_too(
    oci: MakeOci, front: MakeFront, docker_registry: DockerRegistry, certificate: Path
) -> None:
    digest = push_layers(docker_registry, REPOSITORY, TAG, [base()])
    with Cdn(docker_registry.url) as cdn:
        hub = front(docker_registry.url, cdn=cdn)
        assert inside(oci, hub, digest).packages == installed()
        safe = front(docker_registry.url, cdn=cdn, certificate=certificate)
        asked = len(cdn.log)
        with pytest.raises(Unavailable, match="plain http and not configured"):
            oci().contents(named(safe), digest, PLATFORM, sources=True)
        assert len(cdn.log) == asked


def test_a_token_that_expires_between_layers_is_replaced(
    oci: MakeOci, front: MakeFront, docker_registry: DockerRegistry
) -> None:
    stack = split()
    digest = push_layers(docker_registry, REPOSITORY, TAG, stack)
    hub = front(docker_registry.url)

    def alter(seen: Seen, said: Said) -> Said:
        if seen.path.endswith(stack[-1].digest):
            hub.valid.clear()
        return said

    hub.alter = alter
    assert inside(oci, hub, digest).packages == installed()
    assert hub.asked().count("GET /token") == 2
    asked = [seen for seen in hub.log if seen.path.endswith(stack[1].digest)]
    assert [seen.authorization for seen in asked] == ["Bearer token-0", "Bearer token-1"]


def test_a_realm_elsewhere_gets_no_credential_for_blobs_either(
    oci: MakeOci, front: MakeFront, docker_registry: DockerRegistry, certificate: Path
) -> None:
    digest = push_layers(docker_registry, REPOSITORY, TAG, [base()])
    hub = front(docker_registry.url, certificate=certificate)
    stranger = front(docker_registry.url, address="127.0.0.2", certificate=certificate)
    hub.realm, hub.valid = f"{stranger.url}/token", stranger.valid
    found = oci(logins={hub.host: LOGIN}).contents(named(hub), digest, PLATFORM, sources=True)
    assert found.packages == installed()
    assert basic() not in {seen.authorization for seen in (*hub.log, *stranger.log)}


def test_a_private_image_without_a_login_names_what_to_configure(
    oci: MakeOci, private_registry: DockerRegistry
) -> None:
    digest = push_layers(private_registry, REPOSITORY, TAG, [base()])
    with pytest.raises(AccessDenied) as caught:
        inside(oci, private_registry, digest)
    assert f'[[registry]] host = "{private_registry.host}", username = {{ env = "…" }}' in caught.value.hint
    login = oci(plain(private_registry), logins={private_registry.host: LOGIN})
    assert login.contents(named(private_registry), digest, PLATFORM, sources=True).packages == installed()


def test_a_busy_registry_is_waited_for(oci: MakeOci, front: MakeFront, docker_registry: DockerRegistry) -> None:
    digest = push_layers(docker_registry, REPOSITORY, TAG, [base()])
    hub = front(docker_registry.url)
    hub.instead.append(Said(429, headers={"retry-after": "2"}))
    assert inside(oci, hub, digest).packages == installed()


def test_a_limit_that_is_used_up_says_when_to_come_back(
    oci: MakeOci, front: MakeFront, http: Http, docker_registry: DockerRegistry
) -> None:
    digests = [push_layers(docker_registry, REPOSITORY, None, [base()], env={"N": letter}) for letter in "abc"]
    hub = front(docker_registry.url, allowance=Allowance(left=2))
    registry = oci(plain(hub))
    for digest in digests[:2]:
        registry.config(named(hub), digest, PLATFORM)
    spent = http.requests
    with pytest.raises(Unavailable, match="allows no further request") as caught:
        registry.config(named(hub), digests[2], PLATFORM)
    assert (caught.value.retry_after, http.requests) == (21600, spent), "nobody ran against the wall"
    assert "docker login" in caught.value.hint
    with pytest.raises(Unavailable, match="answers 429") as caught:
        oci(plain(hub)).config(named(hub), digests[2], PLATFORM)
    assert caught.value.retry_after == 21600


def test_a_mirror_without_the_blob_leaves_it_to_the_registry(
    oci: MakeOci, docker_registry: DockerRegistry, front: MakeFront
) -> None:
    digest = push_layers(docker_registry, REPOSITORY, TAG, [base()])
    mirror = front(docker_registry.url)
    mirror.alter = lambda seen, said: Said(404) if base().digest in seen.path else said
    known = plain(docker_registry, mirror=mirror.url)
    found = oci(known).contents(named(docker_registry), digest, PLATFORM, sources=True)
    assert found.packages == installed()
    assert docker_registry.requests("GET", f"/manifests/{digest}") == 1, "by the mirror"


def test_a_mirror_that_lies_is_not_believed_and_not_asked_again(
    oci: MakeOci, docker_registry: DockerRegistry, front: MakeFront
) -> None:
    digest = push_layers(docker_registry, REPOSITORY, TAG, split())
    mirror = front(docker_registry.url)
    mirror.alter = lambda seen, said: said._replace(body=said.body[::-1]) if "/blobs/" in seen.path else said
    known = plain(docker_registry, mirror=mirror.url)
    found = oci(known).contents(named(docker_registry), digest, PLATFORM, sources=True)
    assert (found.packages, found.unreadable) == (installed(), ())
    assert sum("/blobs/" in path for path in mirror.asked()) == 1, "the configuration"


@pytest.mark.parametrize(
    "lie", [b"<html>log in to the hotel's network</html>", gzip.compress(bytes(1024), mtime=0), b""]
)
def test_bytes_that_lie_about_their_digest_are_not_believed(
    oci: MakeOci, serve: Serve, tmp_path: Path, lie: bytes
) -> None:
    digest, documents = crafted([base()], size=10_000)
    server, shelf = serve(shop(documents, {base().digest: Said(200, lie)})), Shelf(tmp_path)
    memory: dict[str, Any] = {"recall": shelf.recall, "remember": shelf.remember}
    with pytest.raises(Unavailable, match=f"not {base().digest}"):
        inside(oci, server, digest, **memory)
    server.answer = shop(documents)
    assert inside(oci, server, digest, **memory).packages == installed()


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (Said(200, base().data[:100]), "not sha256:"),
        (Said(200, base().data[:100], {"content-length": str(len(base().data))}), "does not answer"),
        (Said(200, base().data + b"more"), "more than the .* bytes that are read of it"),
        (Said(200, b"x", {"content-length": "10000000000"}), "more than the .* bytes that are read of it"),
        (Said(307, headers={"location": "?again"}), "5 redirects and asks for one more"),
        (Said(307, headers={"location": "ftp://files.example/"}), "redirects to"),
        (Said(500), "answers 500"),
        (Said(302), "answers 302"),
    ],
    ids=["short", "cut", "long", "10 GB", "for ever", "ftp", "broken", "nowhere"],
)
def test_a_blob_that_does_not_come_as_announced_is_unavailable(
    oci: MakeOci, serve: Serve, said: Said, why: str
) -> None:
    digest, documents = crafted([base()])
    with pytest.raises(Unavailable, match=why):
        inside(oci, serve(shop(documents, {base().digest: said})), digest)


def test_a_layer_that_is_gone_is_the_repositorys_problem(oci: MakeOci, serve: Serve) -> None:
    digest, documents = crafted([base()])
    with pytest.raises(RepoError, match=f"the blob {base().digest} of .* does not exist"):
        inside(oci, serve(shop(documents, {base().digest: Said(404)})), digest)


@pytest.mark.parametrize("sources", [False, True])
def test_a_layer_that_is_kept_elsewhere_is_said_to_be_so(oci: MakeOci, serve: Serve, sources: bool) -> None:
    media_type = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
    digest, documents = crafted([base(), app()], mediaType=media_type, urls=["https://layers.example/1"])
    del documents[base().digest]
    found = inside(oci, serve(shop(documents)), digest, sources=sources)
    assert (found.format, found.packages) == (None, ())
    assert found.unreadable == (
        f"the layer {base().digest[:19]} cannot be read: it is kept elsewhere than in the registry",
    )


@pytest.mark.parametrize(
    ("lower", "why"),
    [
        (Layer(Blob(LAYER, gzip.compress(layer(system(debian())), mtime=0)[:-20]), b""), "ends too early|damaged"),
        (Layer(Blob(LAYER, b"\x1f\x8b" + b"nonsense" * 10), b""), "damaged"),
        (Layer(Blob(LAYER, b"not a tar" * 100), b""), "tar"),
        (Layer(Blob(f"{LAYER}+encrypted", base().data), b""), "encrypted"),
    ],
)  # fmt: skip
def test_a_layer_that_cannot_be_read_hides_only_what_is_below(
    oci: MakeOci, docker_registry: DockerRegistry, tmp_path: Path, lower: Layer, why: str
) -> None:
    status = compressed(layer([file(STATUS, debian()[STATUS])]))
    shelf = Shelf(tmp_path)
    memory: dict[str, Any] = {"recall": shelf.recall, "remember": shelf.remember}
    digest = push_layers(docker_registry, REPOSITORY, TAG, [lower, app(), status])
    found = inside(oci, docker_registry, digest, sources=False, **memory)
    assert (found.packages, found.unreadable, found.sources_read) == (installed(), (), False)
    whole = inside(oci, docker_registry, digest, **memory)
    assert (whole.packages, whole.sources, whole.sources_read) == (installed(), (), True)
    assert whole.os == OsRelease(id="debian", version="12", codename="bookworm")
    (sentence,) = whole.unreadable
    assert sentence.startswith(f"the layer {lower.digest[:19]} cannot be read: ")
    assert sentence.endswith("; where its packages come from is not known")
    asked = blob_gets(docker_registry)
    assert inside(oci, docker_registry, digest, **memory) == whole
    assert blob_gets(docker_registry) == asked, "it will never be another"
    bare = push_layers(docker_registry, REPOSITORY, TAG, [status, lower, app()])
    nothing = inside(oci, docker_registry, bare, sources=False, **memory)
    assert (nothing.format, nothing.packages, len(nothing.unreadable)) == (None, (), 1)


@pytest.mark.parametrize(
    ("said", "why"), [(Said(404), "does not exist"), (Said(200, b"lie"), "not sha256:"), (Said(500), "answers 500")]
)
def test_a_layer_that_does_not_come_leaves_the_packages_above_it_known(
    oci: MakeOci, serve: Serve, tmp_path: Path, said: Said, why: str
) -> None:
    stack = split()
    digest, documents = crafted(stack)
    server, shelf = serve(shop(documents, {stack[0].digest: said})), Shelf(tmp_path)
    memory: dict[str, Any] = {"recall": shelf.recall, "remember": shelf.remember}
    found = inside(oci, server, digest, **memory)
    assert (found.packages, found.os, found.sources) == (installed(), DEBIAN, ())
    assert why in found.unreadable[0]
    server.answer = shop(documents)
    whole = inside(oci, server, digest, **memory)
    assert (whole.unreadable, len(whole.sources)) == ((), 1), "and it is asked for anew"


def test_more_layers_than_anybody_builds_are_not_read(oci: MakeOci, serve: Serve, http: Http) -> None:
    digest, documents = crafted([base()] * 10_000)
    found = inside(oci, serve(shop(documents)), digest, sources=False)
    assert found.unreadable == ("it has 10000 layers; at most 1000 are read",)
    assert (found.layers, found.packages, http.requests) == (10_000, (), 2)


def test_a_thousand_layers_are_read(oci: MakeOci, serve: Serve, http: Http) -> None:
    digest, documents = crafted([base(), *[app()] * 999])
    shelf: dict[tuple[str, str], str] = {}
    found = inside(
        oci, serve(shop(documents)), digest,
        recall=lambda kind, key: shelf.get((kind, key)),
        remember=lambda kind, key, value, _now: shelf.__setitem__((kind, key), value),
    )  # fmt: skip
    assert (found.packages, found.layers, http.requests) == (installed(), 1000, 4)


def test_layers_larger_than_we_read_are_left_alone(oci: MakeOci, serve: Serve, http: Http) -> None:
    digest, documents = crafted([base(), app()], size=10 * 1024**3)
    found = inside(oci, serve(shop(documents)), digest, sources=False)
    assert found.unreadable == ("its layers are larger than the 3072 MiB that are read of an image",)
    assert http.requests == 3


def test_layers_that_hold_more_than_fits_are_not_gathered(
    oci: MakeOci, docker_registry: DockerRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = [compressed(layer([file(f"{STATUS}.d/{number}", bytes(600_000))])) for number in range(3)]
    digest = push_layers(docker_registry, REPOSITORY, TAG, parts)
    monkeypatch.setattr(oci_contents, "MOST_KEPT", 1 << 20)
    found = inside(oci, docker_registry, digest)
    assert found.unreadable == ("the files that matter in its layers are larger than 1 MiB",)
    assert blob_gets(docker_registry) == 1 + 2


@pytest.mark.parametrize("limits", [LayerLimits(unpacked=1 << 20), LayerLimits(entries=5), LayerLimits(file=10)])
def test_a_bomb_is_not_unpacked(
    oci: MakeOci, docker_registry: DockerRegistry, monkeypatch: pytest.MonkeyPatch, limits: LayerLimits
) -> None:
    bomb = compressed(layer([*system(debian()), file("zeros", bytes(4 << 20))]))
    digest = push_layers(docker_registry, REPOSITORY, TAG, [bomb])
    monkeypatch.setattr(oci_contents, "LIMITS", limits)
    found = inside(oci, docker_registry, digest)
    assert (found.format, found.packages) == (None, ())
    assert "cannot be read" in found.unreadable[0]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b'{"schemaVersion": 1, "fsLayers": [], "history": []}', "first schema"),
        (b"<html>", "not a manifest"),
        (b'{"schemaVersion": 2, "config": {"digest": "sha256:0"}, "layers": []}', "names no configuration"),
        (b"[" * 50_000, "nested too deeply"),
    ],
)
def test_a_manifest_that_nobody_can_use_is_unavailable(oci: MakeOci, serve: Serve, body: bytes, why: str) -> None:
    digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
    with pytest.raises(Unavailable, match=why):
        inside(oci, serve(shop({digest: body})), digest)


@pytest.mark.parametrize("layers", [5, [{"digest": "sha256:1", "size": 1}], [{"digest": f"sha256:{'1' * 64}"}]])
def test_a_manifest_with_nonsense_for_layers_is_unavailable(oci: MakeOci, serve: Serve, layers: object) -> None:
    _, documents = crafted([base()])
    config = next(digest for digest, body in documents.items() if b"rootfs" in body)
    body = json.dumps({"schemaVersion": 2, "config": {"digest": config}, "layers": layers}).encode()
    digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
    with pytest.raises(Unavailable, match="not a manifest"):
        inside(oci, serve(shop({**documents, digest: body})), digest)


def test_a_wrong_media_type_changes_nothing_of_what_was_checked(
    oci: MakeOci, front: MakeFront, docker_registry: DockerRegistry
) -> None:
    digest = push_layers(docker_registry, REPOSITORY, TAG, [base()])
    hub = front(docker_registry.url)
    hub.alter = lambda _seen, said: said._replace(headers={**said.headers, "content-type": DOCKER_MANIFEST})
    assert inside(oci, hub, digest).packages == installed()


def test_a_connection_that_breaks_once_is_read_anew_from_the_start(
    oci: MakeOci, serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    digest, documents = crafted([base()])
    cut = Said(200, base().data[:100], {"content-length": str(len(base().data))})
    answers = [cut]

    def answer(seen: Seen) -> Said:
        return answers.pop() if answers and base().digest in seen.path else shop(documents)(seen)

    assert inside(oci, serve(answer), digest).packages == installed()
