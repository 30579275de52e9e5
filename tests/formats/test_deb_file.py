import contextlib
import io
import tarfile
from gzip import compress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.formats.deb_file import LinkTo, changelog_in_deb, changelog_in_source
from tests.rig.deb_packages import make_deb, tar_of

DOC = "usr/share/doc/web"
LOG = "web (1.0-1) bookworm; urgency=low\n"


def read(data: bytes, package: str = "web") -> str | LinkTo | None:
    return changelog_in_deb(io.BytesIO(data), package)


@pytest.mark.parametrize("compression", ["xz", "gzip", "zstd", "none"])
def test_the_changelog_of_a_package_that_dpkg_deb_built_is_read(tmp_path: Path, compression: str) -> None:
    files: dict[str, bytes | str] = {
        "usr/bin/web": b"x" * 100_001,
        f"{DOC}/changelog.Debian.gz": compress(LOG.encode()),
        f"{DOC}/changelog.gz": compress(b"upstream"),
    }
    assert read(make_deb(tmp_path, "web", "1.0-1", files, compression=compression)) == LOG


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({f"{DOC}/changelog.gz": compress(LOG.encode())}, LOG),
        ({f"{DOC}/changelog.Debian": LOG.encode()}, LOG),
        ({f"{DOC}/changelog": LOG.encode(), f"{DOC}/changelog.gz": compress(b"x")}, "x"),
        ({f"{DOC}/copyright": b"x"}, None),
        ({DOC: "web-common"}, LinkTo(package="web-common")),
        ({f"{DOC}/changelog.Debian.gz": "../libweb/changelog.Debian.gz"}, LinkTo(package="libweb")),
        ({f"{DOC}/changelog.Debian.gz": "/usr/share/doc/libweb/changelog.Debian.gz"}, LinkTo(package="libweb")),
        ({f"{DOC}/changelog.Debian.gz": "./changelog.gz", f"{DOC}/a": b""}, None),
        ({f"{DOC}/changelog.Debian.gz": "../../../../../../etc/passwd"}, None),
        ({}, None),
    ],
)
def test_where_the_changelog_is(tmp_path: Path, files: dict[str, bytes | str], expected: str | LinkTo | None) -> None:
    assert read(make_deb(tmp_path, "web", "1.0-1", files)) == expected


def test_a_hard_link_leads_to_another_package_too() -> None:
    info = tarfile.TarInfo(f"./{DOC}/changelog.Debian.gz")
    info.type, info.linkname = tarfile.LNKTYPE, "./usr/share/doc/libweb/changelog.Debian.gz"
    assert read(ar({"data.tar": tar_of({}, extra=[info])})) == LinkTo(package="libweb")


def test_names_may_be_split_as_ustar_does() -> None:
    package = "a" * 110
    data = tar_of({f"usr/share/doc/{package}/changelog": LOG.encode()}, form=tarfile.USTAR_FORMAT)
    assert read(ar({"data.tar": data}), package) == LOG


def ar(members: dict[str, bytes]) -> bytes:
    parts = [b"!<arch>\n"]
    for name, data in members.items():
        parts.append(
            f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(data):<10}`\n".encode() + data + b"\n" * (len(data) % 2)
        )
    return b"".join(parts)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"PK", "it is not a Debian package"),
        (ar({"debian-binary": b"2.0\n"}), "it is a Debian package without files"),
        (ar({"control.tar": b"odd"}), "it is a Debian package without files"),
        (ar({"data.tar.xz": b"noise"}), r"its compression \(xz\) is damaged: .*"),
        (ar({"data.tar.br": b"noise"}), "the compression br is not known"),
        (ar({"data.tar": b"x" * 512}), "it holds a number that cannot be read"),
        (ar({"data.tar": b"x" * 124 + b"9" * 12 + b"x" * 376}), ".*"),
        (ar({"data.tar": b""}).replace(b"0         `", b"-1        `"), "it holds a number that cannot be read"),
    ],
)
def test_what_is_damaged_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=f"^{reason}$"):
        read(data)


def test_a_long_changelog_is_read_as_far_as_matters(tmp_path: Path) -> None:
    text = read(make_deb(tmp_path, "web", "1.0-1", {f"{DOC}/changelog.gz": compress(LOG.encode() + bytes(9 << 20))}))
    assert isinstance(text, str)
    assert text.startswith(LOG)
    assert len(text) < 5 << 20


@pytest.mark.parametrize("folder", ["", "web-1.0/"])
def test_the_changelog_of_a_source_archive_is_read_and_nothing_behind_it(folder: str) -> None:
    data = tar_of({f"{folder}debian/changelog": LOG.encode(), f"{folder}debian/patches/x": bytes(1 << 20)})

    def chunks() -> io.BytesIO:
        return io.BytesIO(data)

    source = chunks()
    assert changelog_in_source(iter(lambda: source.read(1024), b""), "") == LOG
    assert source.tell() < len(data) // 2


def test_a_source_archive_may_have_no_changelog() -> None:
    assert changelog_in_source([tar_of({"debian/control": b"x", "a/b/debian/changelog": b"x"})], "") is None


@given(st.binary(max_size=2000))
def test_noise_is_refused_with_a_sentence(data: bytes) -> None:
    for member in (data, tar_of({f"{DOC}/changelog.gz": data}), tar_of({"x": b""})[:512] + data):
        with contextlib.suppress(ValueError):
            read(ar({"data.tar": member}))
