"""Reading image configurations."""

import json
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given

from bot.formats import oci_config
from bot.model.images import ImageConfig
from bot.model.packages import OsRelease
from tests.formats.strange_json import everything

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
    for strange in (b"{}", b'{"config": 5}', b'{"config": {"digest": "sha256:1"}}', b'{"config": {"digest": 5}}'):
        with pytest.raises(ValueError, match="names no configuration"):
            oci_config.config_digest(strange)


def test_a_manifest_of_the_first_schema_is_named_as_such() -> None:
    with pytest.raises(ValueError, match="Docker's first schema"):
        oci_config.config_digest(b'{"schemaVersion": 1, "fsLayers": [], "history": []}')


@pytest.mark.parametrize(
    ("created", "moment"),
    [
        ("2026-03-04T05:06:07Z", datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)),
        ("2026-03-04T05:06:07.123456789Z", datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)),
        ("2026-03-04T05:06:07+02:00", datetime(2026, 3, 4, 3, 6, 7, tzinfo=UTC)),
        ("1970-01-01T00:00:00Z", None),
        ("1980-01-01T00:00:01Z", None),
        ("0001-01-01T00:00:00Z", None),
        ("0001-01-01T00:00:00+05:00", None),
        ("2026-13-04T05:06:07Z", None),
        ("yesterday", None),
        ("\u0662026-03-04T05:06:07Z", None),
        (5, None),
        (None, None),
    ],
)
def test_a_moment_that_reproducible_builds_make_up_is_none(created: object, moment: datetime | None) -> None:
    assert oci_config.config(json.dumps({"rootfs": {}, "created": created}).encode()).created == moment


@pytest.mark.parametrize(
    ("parts", "platform"),
    [
        ({"os": "linux", "architecture": "amd64"}, "linux/amd64"),
        ({"os": "linux", "architecture": "arm64", "variant": "v8"}, "linux/arm64"),
        ({"os": "linux", "architecture": "arm", "variant": "v6"}, "linux/arm/v6"),
        ({"architecture": "amd64"}, ""),
        ({"os": "linux"}, ""),
        ({"os": ["linux"], "architecture": "amd64"}, ""),
        ({"os": "li\x1b[31mnux", "architecture": "amd64"}, ""),
    ],
)
def test_the_platform_is_named_as_everywhere_or_not_at_all(parts: dict[str, object], platform: str) -> None:
    assert oci_config.config(json.dumps({"rootfs": {}, **parts}).encode()).platform == platform


@pytest.mark.parametrize(
    ("labels", "steps", "os"),
    [
        ({"org.opencontainers.image.ref.name": "ubuntu", "org.opencontainers.image.version": "24.04"}, (),
         OsRelease(id="ubuntu", version="24.04")),
        ({"org.opencontainers.image.ref.name": "ubuntu", "org.opencontainers.image.version": "noble"}, (), None),
        ({"org.opencontainers.image.ref.name": "web", "org.opencontainers.image.version": "24.04"}, (), None),
        ({"org.opencontainers.image.version": 5}, (), None),
        (None, ("ADD alpine-minirootfs-3.22.1-x86_64.tar.gz / # buildkit",), OsRelease(id="alpine", version="3.22.1")),
        (None, ("ADD alpine-minirootfs-edge-x86_64.tar.gz /",), None),
    ],
)  # fmt: skip
def test_the_system_is_known_where_its_makers_wrote_it_down(
    labels: object, steps: tuple[str, ...], os: OsRelease | None
) -> None:
    history = [{"created_by": step} for step in steps]
    document = {"rootfs": {}, "config": {"Labels": labels}, "history": history}
    assert oci_config.config(json.dumps(document).encode()).os == os


def test_half_a_character_does_not_come_through() -> None:
    found = oci_config.config(rb'{"rootfs": {}, "config": {"User": "a\ud800", "Env": ["A=\udfff"]}}')
    assert (found.user, found.env) == ("a?", (("A", "?"),))


@given(everything)
def test_whatever_it_is_it_is_read_or_refused(document: object) -> None:
    body = json.dumps(document).encode()
    for read in (oci_config.config, oci_config.config_digest):
        with suppress(ValueError):
            read(body)
