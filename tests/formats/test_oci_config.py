"""Reading image configurations."""

import json

import pytest

from bot.formats import oci_config
from bot.model.images import ImageConfig

DIGEST = f"sha256:{'1' * 64}"


def body(*steps: object, env: object = None) -> bytes:
    history = [{"created_by": step} for step in steps]
    return json.dumps({"config": {"Env": env}, "rootfs": {}, "history": history}).encode()


@pytest.mark.parametrize(
    ("steps", "musl"),
    [
        (("/bin/sh -c #(nop) ADD file:37a76ec18f9887751cd8473744917d08b7431fc4085097bb6a09d81b41775473 in / ",
          "RUN /bin/sh -c set -eux; apk add --no-cache ca-certificates tzdata"), True),
        (("ADD alpine-minirootfs-3.22.0-x86_64.tar.gz / # buildkit",), True),
        (("# debian.sh --arch 'amd64' out/ 'bookworm' '@1740355200'", "RUN apt-get update"), False),
        (("apko build wolfi-base", "RUN apk add python-3.12"), False),
        ((None, 5), False),
        ((), False),
    ],
)  # fmt: skip
def test_alpine_is_told_by_its_history(steps: tuple[object, ...], musl: bool) -> None:
    assert oci_config.config(body(*steps)).musl is musl


def test_the_environment_keeps_its_order_and_what_is_no_variable_is_left_out() -> None:
    found = oci_config.config(body(env=["B=1=2", "A=", "nonsense", 5]))
    assert found.env == (("B", "1=2"), ("A", ""))
    assert oci_config.config(b'{"rootfs": {}, "history": 5}') == ImageConfig(env=(), musl=False)


@pytest.mark.parametrize("text", [b"{", b"[]", b'{"schemaVersion": 2}', b"\xff"])
def test_what_is_no_configuration_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        oci_config.config(text)


def test_a_manifest_names_its_configuration() -> None:
    assert oci_config.config_digest(json.dumps({"config": {"digest": DIGEST}}).encode()) == DIGEST
    for strange in (b"{}", b"[]", b'{"config": {"digest": "sha256:1"}}', b'{"config": {"digest": 5}}'):
        with pytest.raises(ValueError, match="names no configuration"):
            oci_config.config_digest(strange)


def test_what_is_kept_is_revived() -> None:
    found = ImageConfig(env=(("A", "b"),), musl=True)
    assert oci_config.revived(oci_config.kept(found)) == found
    for strange in (None, "", "{", "5", '{"env": [[1]], "musl": true}', '{"env": []}'):
        assert oci_config.revived(strange) is None
