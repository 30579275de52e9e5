"""Reading image indexes and manifests."""

import json
from contextlib import suppress

import pytest
from hypothesis import given

from bot.formats.oci import Attestation, Layer, attestations, is_digest, layers, lone, plain_platform, platforms
from bot.model.images import PlatformManifest
from tests.formats.strange_json import everything

ONE, TWO = f"sha256:{'1' * 64}", f"sha256:{'2' * 64}"


def index(*entries: object) -> bytes:
    return json.dumps({"schemaVersion": 2, "manifests": list(entries)}).encode()


def entry(digest: object, **platform: object) -> dict[str, object]:
    return {"digest": digest, "platform": platform}


def test_an_index_lists_its_platforms_in_order() -> None:
    body = index(
        entry(TWO, os="linux", architecture="arm", variant="v7"),
        entry(ONE, os="linux", architecture="amd64"),
    )
    assert platforms(body) == (
        PlatformManifest(platform="linux/amd64", digest=ONE),
        PlatformManifest(platform="linux/arm/v7", digest=TWO),
    )


def test_attestations_and_entries_without_a_platform_are_left_out() -> None:
    body = index(
        entry(ONE, os="unknown", architecture="unknown"),
        {"digest": ONE},
        entry(ONE, os="linux"),
        entry(ONE, os="linux", architecture="amd64", variant=["v1"]),
        entry(ONE, os="linux", architecture="\x1b[2J"),
        "text",
    )
    assert platforms(body) == ()


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("linux/arm64/v8", "linux/arm64"),
        ("linux/amd64/v1", "linux/amd64"),
        ("linux/amd64/v3", "linux/amd64/v3"),
        ("linux/arm", "linux/arm/v7"),
        ("linux/arm/v6", "linux/arm/v6"),
    ],
)
def test_a_variant_that_goes_without_saying_makes_no_difference(name: str, plain: str) -> None:
    os, architecture, *variant = name.split("/")
    assert plain_platform(name) == plain
    body = index(entry(ONE, os=os, architecture=architecture, variant=variant[0] if variant else ""))
    assert platforms(body)[0].platform == plain


def test_a_single_manifest_lists_nothing() -> None:
    assert platforms(b'{"schemaVersion": 2, "config": {}, "layers": []}') == ()


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        b"[]",
        b"{}",
        b'{"schemaVersion": 2, "manifests": 5}',
        b'{"schemaVersion": [2]}',
        b"[" * 100_000,
        b"\xff",
        index(entry("sha512:12", os="linux", architecture="amd64")),
        index(entry(None, os="linux", architecture="amd64")),
    ],
)
def test_what_is_no_manifest_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        platforms(body)


@pytest.mark.parametrize("text", ["", "sha256:", ONE.upper(), ONE + "0", ONE[:-1], ONE + "\n", ONE.replace("1", "g")])
def test_only_a_whole_sha256_in_lower_case_is_a_digest(text: str) -> None:
    assert is_digest(ONE)
    assert not is_digest(text)


def test_a_manifest_lists_its_layers_from_the_bottom() -> None:
    rows = [
        {"digest": TWO, "size": 5, "mediaType": "a", "annotations": {"in-toto.io/predicate-type": "x", "y": 5}},
        {"digest": ONE, "size": 0, "annotations": "none"},
    ]
    lower, upper = layers(json.dumps({"layers": rows}).encode())
    assert lower == Layer(digest=TWO, size=5, media_type="a", annotations=(("in-toto.io/predicate-type", "x"),))
    assert (lower.annotation("in-toto.io/predicate-type"), lower.annotation("y")) == ("x", "")
    assert upper == Layer(digest=ONE, size=0, media_type="")
    assert layers(b'{"layers": []}') == ()


@pytest.mark.parametrize(
    ("media_type", "foreign"),
    [
        ("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", True),
        ("application/vnd.oci.image.layer.nondistributable.v1.tar+zstd", True),
        ("application/vnd.oci.image.layer.v1.tar+gzip", False),
    ],
)
def test_a_layer_that_may_be_kept_elsewhere_says_so(media_type: str, foreign: bool) -> None:
    assert Layer(digest=ONE, size=1, media_type=media_type).is_foreign is foreign


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ({"digest": "sha256:1", "size": 1}, "without a sha256 digest"),
        ({"size": 1}, "without a sha256 digest"),
        ("text", "without a sha256 digest"),
        ({"digest": ONE}, "without a size"),
        ({"digest": ONE, "size": -1}, "without a size"),
        ({"digest": ONE, "size": True}, "without a size"),
        ({"digest": ONE, "size": 2**60}, "without a size"),
        ({"digest": ONE, "size": 1.5}, "without a size"),
    ],
)
def test_a_layer_that_cannot_be_asked_for_is_refused(row: object, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        layers(json.dumps({"layers": [row]}).encode())


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"{}", "lists no layers"),
        (b'{"schemaVersion": 2, "manifests": []}', "lists no layers"),
        (b"[]", "not an image manifest"),
        (b'{"schemaVersion": 1, "fsLayers": []}', "first schema"),
    ],
)
def test_what_has_no_layers_is_refused(body: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        layers(body)


def test_attestations_are_listed_with_what_they_speak_of() -> None:
    def about(subject: object, kind: str = "attestation-manifest", digest: object = ONE) -> dict[str, object]:
        notes = {"vnd.docker.reference.digest": subject, "vnd.docker.reference.type": kind}
        return {"digest": digest, "annotations": notes}

    body = index(about(TWO), about("x"), about(TWO, "other"), about(TWO, digest=None), {"annotations": 5}, "text")
    assert attestations(body) == (Attestation(digest=ONE, subject=TWO),)
    assert attestations(b'{"schemaVersion": 2, "manifests": 5}') == ()
    assert attestations(b'{"schemaVersion": 2, "layers": []}') == ()


@given(everything)
def test_whatever_it_is_it_is_read_or_refused(document: object) -> None:
    body = json.dumps(document).encode()
    for read in (platforms, layers, attestations):
        with suppress(ValueError):
            read(body)


@given(everything)
def test_what_lists_platforms_lists_attestations(document: object) -> None:
    body = json.dumps(document).encode()
    try:
        platforms(body)
    except ValueError:
        return
    attestations(body)


def test_an_index_whose_only_image_names_no_platform_leads_to_it() -> None:
    assert lone(b'{"schemaVersion": 2, "layers": []}') == ""
    assert lone(b"[]") == ""
    assert lone(json.dumps({"manifests": [{"digest": ONE}, {"digest": TWO, "platform": {}}]}).encode()) == ONE


@pytest.mark.parametrize(
    ("manifests", "why"),
    [
        ([], "holds no image"), ([{"platform": {}, "digest": ONE}], "holds no image"), ("x", "holds no image"),
        ([{"digest": ONE}, {"digest": TWO}], "names no platform"), ([{"digest": "x"}], "names no platform"),
    ],
)  # fmt: skip
def test_an_index_of_which_nobody_can_choose_is_refused(manifests: object, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        lone(json.dumps({"manifests": manifests}).encode())
