"""Reading image indexes and manifests."""

import json

import pytest

from bot.formats.oci import is_digest, plain_platform, platforms
from bot.model.images import PlatformManifest

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
    assert platforms(index(entry(ONE, os="unknown", architecture="unknown"), {"digest": ONE}, "text")) == ()


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
