"""What is inside of images, read from a real registry."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.adapters.registries import oci_contents
from bot.adapters.registries.layers import LayerLimits
from bot.adapters.registries.oci import OciRegistry
from bot.adapters.registries.shelf import Shelf
from bot.errors import RepoError
from bot.formats.image_system import NO_DATABASE
from bot.model.contents import ImageContents
from bot.model.packages import OsRelease, PackageFormat, SystemFile
from bot.system.http import Http
from tests.formats.rpm_headers import database
from tests.formats.rpm_headers import installed as rpm
from tests.rig.inside import (
    PACKAGES,
    PLATFORM,
    REPOSITORY,
    SOURCES,
    STATUS,
    TAG,
    app,
    base,
    blob_gets,
    debian,
    installed,
    manifest_gets,
    named,
    plain,
    split,
    tar,
)
from tests.rig.layers import (
    DOCKER_LAYER,
    How,
    alpine_files,
    compressed,
    debian_files,
    file,
    layer,
    opaque,
    push_layers,
    symlink,
    system,
    whiteout,
)
from tests.rig.registry import DockerRegistry, push_index

MakeOci = Callable[..., OciRegistry]
DEBIAN = OsRelease(id="debian", version="12", codename="bookworm")


def remembering(folder: Path) -> dict[str, Any]:
    shelf = Shelf(folder / "shelf")
    return {"recall": shelf.recall, "remember": shelf.remember}


def inside(
    oci: MakeOci, registry: DockerRegistry, digest: str, *, sources: bool = True, **memory: Any
) -> ImageContents:
    return oci(plain(registry), **memory).contents(named(registry), digest, PLATFORM, sources=sources)


@pytest.mark.parametrize("how", ["gzip", "gzip-multi", "zstd", "zstd-multi", "none", "docker"])
def test_a_debian_like_image_tells_everything(oci: MakeOci, docker_registry: DockerRegistry, how: str) -> None:
    kind: How = "gzip" if how == "docker" else how  # type: ignore[assignment] # the parameters are those of How
    media_type = DOCKER_LAYER if how == "docker" else None
    stack = [compressed(one.tar, kind, media_type=media_type) for one in (base(), app())]
    env = {"PATH": "/usr/bin", "PYTHON_VERSION": "3.12.9"}
    digest = push_layers(docker_registry, REPOSITORY, TAG, stack, env=env, user="app")
    assert inside(oci, docker_registry, digest) == ImageContents(
        digest=digest,
        platform=PLATFORM,
        os=DEBIAN,
        format=PackageFormat.DEB,
        packages=installed(),
        python="3.12.9",
        created=datetime(2026, 1, 1, tzinfo=UTC),
        env=(("PATH", "/usr/bin"), ("PYTHON_VERSION", "3.12.9")),
        user="app",
        layers=2,
        size=sum(len(one.data) for one in stack),
        sources=(SystemFile(path="etc/apt/sources.list.d/debian.sources", data=SOURCES.encode()),),
        sources_read=True,
        read_from="layers",
        unreadable=(),
    )


def test_a_distroless_image_has_its_packages_in_several_layers(oci: MakeOci, docker_registry: DockerRegistry) -> None:
    def stanza(name: str, version: str) -> bytes:
        return f"Package: {name}\nVersion: {version}\nArchitecture: amd64\n".encode()

    stack = [
        tar([file(f"{STATUS}.d/base", stanza("base-files", "12.4+deb12u5")), file(f"{STATUS}.d/base.md5sums", b"?")]),
        tar([file(f"{STATUS}.d/tzdata", stanza("tzdata", "2024a-0+deb12u1"))]),
        tar([file(f"{STATUS}.d/libc6", stanza("libc6", "2.36-9"))]),
        tar([whiteout(f"{STATUS}.d/libc6"), file("usr/lib/os-release", debian()["usr/lib/os-release"])]),
    ]
    digest = push_layers(docker_registry, REPOSITORY, TAG, stack)
    for sources in (False, True):
        found = inside(oci, docker_registry, digest, sources=sources)
        assert [one.name for one in found.packages] == ["base-files", "tzdata"]
        assert (found.os, found.sources, found.unreadable, found.sources_read) == (DEBIAN, (), (), True)


def test_an_alpine_image_is_read_with_its_repositories(oci: MakeOci, docker_registry: DockerRegistry) -> None:
    files = alpine_files(
        {"musl": "1.2.5-r0", "libssl3": "3.3.1-r3", "python3": "3.12.7-r0"},
        origins={"libssl3": "openssl"},
        repositories="https://mirror.example/alpine/v3.20/main\n",
    )
    found = inside(oci, docker_registry, push_layers(docker_registry, REPOSITORY, TAG, [layer(system(files))]))
    assert [(one.name, one.source) for one in found.packages] == [
        ("libssl3", "openssl"), ("musl", "musl"), ("python3", "python3"),
    ]  # fmt: skip
    assert (found.format, found.python) == (PackageFormat.APK, "3.12.7")
    assert found.os == OsRelease(id="alpine", version="3.20.3")
    assert [one.path for one in found.sources] == ["etc/apk/arch", "etc/apk/repositories"]


def test_an_rpm_image_is_read_from_its_database(oci: MakeOci, docker_registry: DockerRegistry) -> None:
    files = {
        "etc/os-release": b'ID="rhel"\nVERSION_ID="9.4"\n',
        "var/lib/rpm/rpmdb.sqlite": database(
            [rpm("openssl-libs", "3.0.7", "27.el9", "openssl-3.0.7-27.el9.src.rpm", 1)]
        ),
    }
    found = inside(oci, docker_registry, push_layers(docker_registry, REPOSITORY, TAG, [layer(system(files))]))
    assert [(one.name, one.version, one.source) for one in found.packages] == [
        ("openssl-libs", "1:3.0.7-27.el9", "openssl")
    ]
    assert (found.format, found.os) == (PackageFormat.RPM, OsRelease(id="rhel", version="9.4"))


def test_a_database_of_rpm_that_nobody_can_read_is_said_to_be_so(oci: MakeOci, docker_registry: DockerRegistry) -> None:
    stack = [tar([file("var/lib/rpm/Packages", b"\0" * 100)])]
    found = inside(oci, docker_registry, push_layers(docker_registry, REPOSITORY, TAG, stack))
    assert (found.format, found.packages) == (None, ())
    assert "Berkeley DB" in found.unreadable[0]


@pytest.mark.parametrize("stack", [[], [app()], [tar([file("etc/os-release", b"ID=debian\n")]), app()]])
def test_an_image_without_packages_says_so(oci: MakeOci, docker_registry: DockerRegistry, stack: list[bytes]) -> None:
    found = inside(oci, docker_registry, push_layers(docker_registry, REPOSITORY, TAG, stack), sources=False)
    assert (found.format, found.packages) == (None, ())
    assert found.unreadable == (NO_DATABASE,)


def test_a_database_that_is_no_file_is_said_to_be_so(oci: MakeOci, docker_registry: DockerRegistry) -> None:
    stack = [base(), tar([whiteout(STATUS), symlink(STATUS, "/data/status")])]
    found = inside(oci, docker_registry, push_layers(docker_registry, REPOSITORY, TAG, stack))
    assert found.packages == ()
    assert f"{STATUS} is no file that can be read" in found.unreadable


def test_the_version_of_python_is_that_of_the_environment_or_of_a_package(
    oci: MakeOci, docker_registry: DockerRegistry
) -> None:
    files = debian_files({"python3.11-minimal": "3.11.2-6"})
    for env, python in (({"PYTHON_VERSION": "3.12.9"}, "3.12.9"), ({"PYTHON_VERSION": "\x1b[2J"}, "3.11.2")):
        digest = push_layers(docker_registry, REPOSITORY, TAG, [layer(system(files))], env=env)
        assert inside(oci, docker_registry, digest).python == python


def test_whiteouts_over_several_layers_hide_what_is_below(oci: MakeOci, docker_registry: DockerRegistry) -> None:
    stack = [
        base(),
        tar([whiteout("etc/apt/sources.list.d/debian.sources"), file("etc/apt/sources.list", b"deb x y z\n")]),
        tar([opaque("etc/apt"), file("etc/apt/sources.list.d/own.list", b"deb http://own.example/ ./\n")]),
        tar([file(STATUS, debian({"base-files": "12.4", "late": "1"})[STATUS])]),
        tar([whiteout("usr/lib/os-release")]),
    ]
    found = inside(oci, docker_registry, push_layers(docker_registry, REPOSITORY, TAG, stack))
    assert [one.name for one in found.packages] == ["base-files", "late"]
    assert [one.path for one in found.sources] == ["etc/apt/sources.list.d/own.list"]
    assert found.os == DEBIAN, "told by base-files"


def test_an_index_is_read_for_the_platform_that_is_wanted(
    oci: MakeOci, http: Http, docker_registry: DockerRegistry, tmp_path: Path
) -> None:
    arm = debian_files({"base-files": "12.5"}, architecture="arm64")
    images = {
        "linux/amd64": push_layers(docker_registry, REPOSITORY, None, [base()]),
        "linux/arm64": push_layers(docker_registry, REPOSITORY, None, [layer(system(arm))], platform="linux/arm64"),
    }
    digest = push_index(docker_registry, REPOSITORY, TAG, images)
    registry = oci(plain(docker_registry), **remembering(tmp_path))
    found = registry.contents(named(docker_registry), digest, "linux/arm64/v8", sources=True)
    assert (found.digest, found.platform) == (images["linux/arm64"], "linux/arm64")
    assert [(one.version, one.architecture) for one in found.packages] == [("12.5", "arm64")]
    assert http.requests == 4, "index, manifest, configuration, layer"
    again = registry.contents(named(docker_registry), digest, "linux/arm64", sources=False)
    assert (again, http.requests) == (found, 4)
    amd = registry.contents(named(docker_registry), digest, "linux/amd64", sources=True)
    assert (amd.packages, http.requests) == (installed(), 4 + 3)


def test_an_image_for_another_architecture_only_is_the_repositorys_problem(
    oci: MakeOci, docker_registry: DockerRegistry
) -> None:
    one = push_layers(docker_registry, REPOSITORY, None, [base()], platform="linux/arm64/v8")
    index = push_index(docker_registry, REPOSITORY, TAG, {"linux/arm64": one})
    with pytest.raises(RepoError, match=r"3\.12-slim has no image for linux/amd64") as caught:
        inside(oci, docker_registry, one)
    assert caught.value.hint == "it is for linux/arm64 only"
    with pytest.raises(RepoError, match=r"has no image for linux/amd64") as caught:
        inside(oci, docker_registry, index)
    assert caught.value.hint == "choose one of linux/arm64"


def test_an_index_that_lies_about_an_architecture_is_found_out(oci: MakeOci, docker_registry: DockerRegistry) -> None:
    one = push_layers(docker_registry, REPOSITORY, None, [base()], platform="linux/arm64")
    index = push_index(docker_registry, REPOSITORY, TAG, {"linux/amd64": one})
    with pytest.raises(RepoError, match=r"has no image for linux/amd64"):
        inside(oci, docker_registry, index)


def test_packages_that_are_settled_on_top_leave_the_layers_below_unread(
    oci: MakeOci, http: Http, docker_registry: DockerRegistry, tmp_path: Path
) -> None:
    stack = split()
    digest = push_layers(docker_registry, REPOSITORY, TAG, stack)
    memory = remembering(tmp_path)
    found = inside(oci, docker_registry, digest, sources=False, **memory)
    assert (found.packages, found.os, found.sources_read, found.unreadable) == (installed(), DEBIAN, False, ())
    assert http.requests == 3, "manifest, configuration, the topmost layer"
    assert docker_registry.requests("GET", f"/blobs/{stack[0].digest}") == 0
    whole = inside(oci, docker_registry, digest, sources=True, **memory)
    assert (whole.packages, whole.os, len(whole.sources), whole.sources_read) == (installed(), DEBIAN, 1, True)
    assert http.requests == 3 + 2, "the topmost layer is known"
    assert inside(oci, docker_registry, digest, sources=False, **memory) == whole


def test_a_release_that_no_package_tells_is_looked_for_further_down(
    oci: MakeOci, http: Http, docker_registry: DockerRegistry
) -> None:
    files = debian({"libc6": "2.36-9"})
    status = files.pop(STATUS)
    digest = push_layers(docker_registry, REPOSITORY, TAG, [tar(system(files)), app(), tar([file(STATUS, status)])])
    assert inside(oci, docker_registry, digest, sources=False).os == DEBIAN
    assert http.requests == 2 + 3


def test_what_is_kept_needs_no_request_even_of_a_digest_that_is_gone(
    oci: MakeOci, http: Http, docker_registry: DockerRegistry, tmp_path: Path
) -> None:
    image = push_layers(docker_registry, REPOSITORY, None, [base()], env={"PYTHON_VERSION": "3.12.9"})
    digest = push_index(docker_registry, REPOSITORY, TAG, {PLATFORM: image})
    first = inside(oci, docker_registry, digest, **remembering(tmp_path))
    spent = http.requests
    with docker_registry.client() as client:
        for one in (digest, image):
            client.delete(f"/v2/{REPOSITORY}/manifests/{one}").raise_for_status()
    assert inside(oci, docker_registry, digest, **remembering(tmp_path)) == first
    assert inside(oci, docker_registry, digest, sources=False, **remembering(tmp_path)) == first
    assert http.requests == spent
    with pytest.raises(RepoError, match="does not exist"):
        inside(oci, docker_registry, digest)


def test_a_sibling_that_shares_its_layers_costs_a_manifest_and_a_configuration(
    oci: MakeOci, http: Http, docker_registry: DockerRegistry, tmp_path: Path
) -> None:
    stack = [base(), app()]
    one, two = (
        push_layers(docker_registry, REPOSITORY, tag, stack, env={"PYTHON_VERSION": tag})
        for tag in ("3.12.8", "3.12.9")
    )
    old = inside(oci, docker_registry, one, **remembering(tmp_path))
    spent, blobs, manifests = http.requests, blob_gets(docker_registry), manifest_gets(docker_registry)
    new = inside(oci, docker_registry, two, **remembering(tmp_path))
    assert (old.packages, old.python, new.packages, new.python) == (installed(), "3.12.8", installed(), "3.12.9")
    assert http.requests - spent == 2
    assert (manifest_gets(docker_registry) - manifests, blob_gets(docker_registry) - blobs) == (1, 1)


@pytest.mark.parametrize("damage", [b"", b"{", b"\xff\xfe", b"5", b'{"form": 0}', b'"' + b"x" * 1000 + b'"'])
def test_files_on_the_shelf_that_were_tampered_with_are_read_anew(
    oci: MakeOci, http: Http, docker_registry: DockerRegistry, tmp_path: Path, damage: bytes
) -> None:
    digest = push_layers(docker_registry, REPOSITORY, TAG, [base()])
    first = inside(oci, docker_registry, digest, **remembering(tmp_path))
    spent = http.requests
    for path in (tmp_path / "shelf").rglob("*"):
        if path.is_file():
            path.write_bytes(damage)
    assert inside(oci, docker_registry, digest, **remembering(tmp_path)) == first
    assert http.requests == 2 * spent


def test_contents_of_another_digest_are_not_believed(oci: MakeOci, http: Http, docker_registry: DockerRegistry) -> None:
    digests = [push_layers(docker_registry, REPOSITORY, TAG, [base()], env={"A": letter}) for letter in "ab"]
    kept: dict[tuple[str, str], str] = {}
    memory: dict[str, Any] = {
        "recall": lambda kind, key: kept.get((kind, key)),
        "remember": lambda kind, key, value, _now: kept.__setitem__((kind, key), value),
    }
    one, two = (inside(oci, docker_registry, digest, **memory) for digest in digests)
    kept["contents", f"{digests[0]} {PLATFORM}"] = kept["contents", f"{digests[1]} {PLATFORM}"]
    assert inside(oci, docker_registry, digests[0], **memory) == one != two


def test_what_took_too_long_is_tried_again_in_the_next_run(
    oci: MakeOci, docker_registry: DockerRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = push_layers(docker_registry, REPOSITORY, TAG, [base(), app()])
    with monkeypatch.context() as patch:
        patch.setattr(oci_contents, "LIMITS", LayerLimits(seconds=-1.0))
        late = inside(oci, docker_registry, digest, **remembering(tmp_path))
    assert (late.packages, late.format) == ((), None)
    assert "not read within" in late.unreadable[0]
    with monkeypatch.context() as patch:
        patch.setattr(oci_contents, "MOST_SECONDS", -1.0)
        late = inside(oci, docker_registry, digest, **remembering(tmp_path))
    assert late.unreadable == ("its layers were not read within -1 seconds",)
    assert inside(oci, docker_registry, digest, **remembering(tmp_path)).packages == installed(PACKAGES)
