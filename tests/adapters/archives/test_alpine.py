"""The adapter over a scripted server that looks like a mirror of Alpine and its security database."""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.adapters.archives import alpine_index
from bot.adapters.archives.alpine import AlpineArchive
from bot.errors import StoreError
from bot.model.contents import ArchiveAnswer, ImageContents, SourceMove, Told, Waiting
from bot.model.packages import OsRelease, Package, PackageFormat, SystemFile
from bot.system.http import Http
from tests.rig.web import Said, Seen, WebServer

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
ALPINE = OsRelease(id="alpine", version="3.20.3")
MAIN, COMMUNITY = "/alpine/v3.20/main/x86_64/APKINDEX.tar.gz", "/alpine/v3.20/community/x86_64/APKINDEX.tar.gz"
SECDB_MAIN, SECDB_COMMUNITY = "/secdb/v3.20/main.json", "/secdb/v3.20/community.json"
FIXED = {"busybox": {"1.36.1-r29": ["CVE-2023-42363", "CVE-2023-42364"], "0": ["CVE-2021-1"]}}


def packed(*members: tuple[str, bytes]) -> bytes:
    """A tar file without its end, in one gzip member, as abuild-sign writes the signature."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as archive:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        size = archive.offset
    return gzip.compress(plain.getvalue()[:size], mtime=0)


def an_index(*rows: tuple[str, str, str]) -> bytes:
    text = "".join(f"C:Q1x=\nP:{name}\nV:{version}\nA:x86_64\no:{origin}\n\n" for name, version, origin in rows)
    signature = packed((".SIGN.RSA.alpine-devel@example-5261cecb.rsa.pub", b"s" * 256))
    return signature + packed(("DESCRIPTION", b"v3.20"), ("APKINDEX", text.encode()))


def a_secdb(fixes: Mapping[str, Mapping[str, list[str]]]) -> bytes:
    rows = [{"pkg": {"name": name, "secfixes": versions}} for name, versions in fixes.items()]
    return json.dumps({"distroversion": "v3.20", "packages": rows}).encode()


FILES: dict[str, bytes] = {
    MAIN: an_index(
        ("busybox", "1.36.1-r29", "busybox"),
        ("ssl_client", "1.36.1-r29", "busybox"),
        ("musl", "1.2.5-r0", "musl"),
        ("zlib", "1.3.1-r1", "zlib"),
    ),
    COMMUNITY: an_index(("zlib", "1.3.2-r0", "zlib"), ("musl", "1.2.4-r0", "musl")),
    SECDB_MAIN: a_secdb(FIXED),
    SECDB_COMMUNITY: a_secdb({}),
}


class Mirror:
    """Serves files with ETags; a number in the place of a file is a status."""

    def __init__(self) -> None:
        self.files: dict[str, bytes | int] = dict(FILES)
        self.web = WebServer(self._answer)

    def _answer(self, seen: Seen) -> Said:
        body = self.files.get(seen.path, 404)
        if isinstance(body, int):
            return Said(status=body)
        etag = '"' + hashlib.sha256(body).hexdigest() + '"'
        if seen.headers.get("if-none-match") == etag:
            return Said(status=304)
        return Said(body=body, headers={"etag": etag})

    @property
    def repositories(self) -> str:
        return f"{self.web.url}/alpine/v3.20/main\n{self.web.url}/alpine/v3.20/community\n"


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    served = Mirror()
    with served.web:
        yield served


@pytest.fixture
def http(monkeypatch: pytest.MonkeyPatch) -> Iterator[Http]:
    monkeypatch.setenv("no_proxy", "*")
    with Http(sleep=lambda _seconds: None) as client:
        yield client


Make = Callable[..., AlpineArchive]


@pytest.fixture
def make(http: Http, tmp_path: Path, mirror: Mirror) -> Make:
    def build(minutes: float = 0) -> AlpineArchive:
        now = NOW + timedelta(minutes=minutes)
        return AlpineArchive(http, tmp_path / "apk", lambda: now, f"{mirror.web.url}/secdb/")

    return build


def a_package(name: str, version: str, source: str = "", architecture: str = "x86_64") -> Package:
    return Package(name=name, version=version, source=source or name, source_version=version, architecture=architecture)


BUSYBOX = a_package("busybox", "1.36.1-r28")
SSL_CLIENT = a_package("ssl_client", "1.36.1-r28", "busybox")
MUSL = a_package("musl", "1.2.5-r0")
ZLIB = a_package("zlib", "1.3.1-r0")
DEPENDENCIES = a_package(".python-rundeps", "20241001.120000", architecture="noarch")
EVERYTHING = (ZLIB, MUSL, SSL_CLIENT, BUSYBOX, DEPENDENCIES)


def contents(repositories: str | None, *packages: Package, **fields: Any) -> ImageContents:
    sources = () if repositories is None else (SystemFile(path="etc/apk/repositories", data=repositories.encode()),)
    told: dict[str, Any] = {
        "digest": "sha256:" + "a" * 64,
        "platform": "linux/amd64",
        "os": ALPINE,
        "format": PackageFormat.APK,
        "packages": packages,
        "python": None,
        "created": None,
        "sources": sources,
    }
    return ImageContents(**{**told, **fields})


def names(answer: ArchiveAnswer) -> list[tuple[str, str, bool]]:
    return [(row.package, row.available, row.security) for row in answer.waiting]


def test_newer_versions_wait_and_those_with_a_fix_are_security_updates(make: Make, mirror: Mirror) -> None:
    answer = make().waiting(contents(mirror.repositories, *EVERYTHING), NOW)
    assert names(answer) == [
        ("busybox", "1.36.1-r29", True),
        ("ssl_client", "1.36.1-r29", True),
        ("zlib", "1.3.2-r0", False),
    ]
    assert answer.waiting[1] == Waiting(
        package="ssl_client",
        source="busybox",
        current="1.36.1-r28",
        available="1.36.1-r29",
        current_source="1.36.1-r28",
        available_source="1.36.1-r29",
        security=True,
    )
    assert (answer.unreadable, answer.notes) == ((), ())


def test_the_security_database_is_not_asked_where_nothing_waits(make: Make, mirror: Mirror) -> None:
    assert make().waiting(contents(mirror.repositories, MUSL), NOW) == ArchiveAnswer()
    assert mirror.web.asked() == [f"GET {MAIN}", f"GET {COMMUNITY}"]


def test_repositories_behind_a_tag_are_not_asked(make: Make, mirror: Mirror) -> None:
    answer = make().waiting(contents(f"{mirror.repositories}@edge {mirror.web.url}/alpine/edge/main\n", MUSL), NOW)
    assert answer == ArchiveAnswer(notes=("the repository behind @edge is not asked",))


@pytest.mark.parametrize(
    ("sources", "fields", "expected"),
    [
        (None, {}, "the image does not say which repositories its packages come from"),
        ("# none\n", {}, "the image does not say which repositories its packages come from"),
        ("", {"sources_read": False}, "the image does not say which repositories its packages come from"),
        (
            "${MIRROR}/v3.20/main",
            {},
            "etc/apk/repositories has a line that cannot be followed from outside: ${MIRROR}/v3.20/main",
        ),
    ],
)
def test_an_image_that_names_no_repository_is_not_clean(
    make: Make, sources: str | None, fields: dict[str, Any], expected: str
) -> None:
    assert make().waiting(contents(sources, BUSYBOX, **fields), NOW) == ArchiveAnswer(unreadable=(expected,))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (404, "answers 404"),
        (500, "answers 500"),
        (b"", "cannot be read"),
        (b"<html>", "cannot be read"),
        (packed(("DESCRIPTION", b"v3.20")), "holds no APKINDEX"),
        (FILES[MAIN][:-40], "cannot be read"),
        (gzip.compress(b"\xff" * 2048, mtime=0), "holds no APKINDEX"),
    ],
)
def test_a_repository_that_cannot_be_read_is_told_and_the_others_count(
    make: Make, mirror: Mirror, body: bytes | int, expected: str
) -> None:
    mirror.files[MAIN] = body
    archive = make()
    for _ in range(2):
        answer = archive.waiting(contents(mirror.repositories, *EVERYTHING), NOW)
        assert names(answer) == [("zlib", "1.3.2-r0", False)]
        (told,) = answer.unreadable
        assert told.startswith(mirror.web.url + MAIN)
        assert expected in told
    assert mirror.web.asked().count(f"GET {MAIN}") == 1


def test_a_bomb_is_not_read_to_its_end(make: Make, mirror: Mirror, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alpine_index, "UNPACKED_BYTES", 100_000)
    mirror.files[MAIN] = packed(("bomb", b"x" * 1_000_000), ("APKINDEX", b"P:busybox\nV:2-r0\n\n"))
    answer = make().waiting(contents(mirror.repositories, BUSYBOX), NOW)
    assert answer.waiting == ()
    assert "more than the 100000 bytes" in answer.unreadable[0]


def test_an_index_whose_compression_was_undone_on_the_way_is_read(make: Make, mirror: Mirror) -> None:
    mirror.files[MAIN] = gzip.decompress(FILES[MAIN])
    assert names(make().waiting(contents(mirror.repositories, BUSYBOX), NOW)) == [("busybox", "1.36.1-r29", True)]


def test_a_silly_number_of_repositories_is_not_followed(make: Make, mirror: Mirror) -> None:
    lines = mirror.repositories + "".join(f"{mirror.web.url}/{number}\n" for number in range(100))
    answer = make().waiting(contents(lines, BUSYBOX), NOW)
    assert names(answer) == [("busybox", "1.36.1-r29", True)]
    assert answer.unreadable[0] == "only 32 repositories of an image are asked"
    assert len(mirror.web.log) == 32 + 2


@pytest.mark.parametrize("body", [404, b"<html>"])
def test_without_the_security_database_updates_are_not_called_harmless(
    make: Make, mirror: Mirror, body: bytes | int
) -> None:
    mirror.files[SECDB_MAIN] = body
    answer = make().waiting(contents(mirror.repositories, BUSYBOX), NOW)
    assert names(answer) == [("busybox", "1.36.1-r29", False)]
    (told,) = answer.unreadable
    assert told.startswith(f"which updates are security updates is not known: {mirror.web.url}{SECDB_MAIN}")


def test_a_repository_of_others_has_no_security_database(make: Make, mirror: Mirror) -> None:
    mirror.files["/own/x86_64/APKINDEX.tar.gz"] = an_index(("zlib", "9-r0", "zlib"))
    answer = make().waiting(contents(f"{mirror.repositories}{mirror.web.url}/own", BUSYBOX, ZLIB), NOW)
    assert names(answer) == [("busybox", "1.36.1-r29", True), ("zlib", "9-r0", False)]
    assert answer.unreadable == (
        f"{mirror.web.url}/own is no repository of Alpine's: which of its updates are security updates is not known",
    )


def test_behind_a_mirror_with_names_of_its_own_the_release_says_which_database(make: Make, mirror: Mirror) -> None:
    mirror.files["/proxy/3.20-main/x86_64/APKINDEX.tar.gz"] = FILES[MAIN]
    answer = make().waiting(contents(f"{mirror.web.url}/proxy/3.20-main", BUSYBOX), NOW)
    assert names(answer) == [("busybox", "1.36.1-r29", True)]
    assert answer.unreadable == ()
    assert mirror.web.asked()[1:] == [f"GET {SECDB_COMMUNITY}", f"GET {SECDB_MAIN}"]


@pytest.mark.parametrize(
    ("system", "label"), [(None, "an unknown system"), (OsRelease(id="wolfi", version="2023"), "wolfi 2023")]
)
def test_other_systems_with_apk_have_no_database_here(
    make: Make, mirror: Mirror, system: OsRelease | None, label: str
) -> None:
    answer = make().waiting(contents(mirror.repositories, BUSYBOX, os=system), NOW)
    assert names(answer) == [("busybox", "1.36.1-r29", False)]
    assert answer.unreadable == (
        f"which updates of {label} are security updates cannot be told: only Alpine's are known",
    )


@pytest.mark.parametrize(
    ("platform", "architecture", "folder"),
    [
        ("linux/arm64", "noarch", "aarch64"),
        ("linux/arm/v7", "", "armv7"),
        ("linux/s390x", "", "s390x"),
        ("linux/arm64", "riscv64", "riscv64"),
    ],
)
def test_the_architecture_is_that_of_the_packages_else_of_the_platform(
    make: Make, mirror: Mirror, platform: str, architecture: str, folder: str
) -> None:
    mirror.files[f"/r/{folder}/APKINDEX.tar.gz"] = FILES[MAIN]
    package = a_package("busybox", "1.36.1-r28", architecture=architecture)
    answer = make().waiting(contents(f"{mirror.web.url}/r", package, platform=platform), NOW)
    assert names(answer) == [("busybox", "1.36.1-r29", True)]


# what moves fix


def test_moves_are_told_by_what_stands_between_their_versions(make: Make, mirror: Mirror) -> None:
    fixed = SourceMove(source="busybox", old="1.36.1-r28", new="1.36.1-r29")
    other = SourceMove(source="busybox", old="1.36.1-r29", new="1.36.1-r31")
    unknown = SourceMove(source="zlib", old="1.3.1-r0", new="1.3.2-r0")
    found = make().told(contents(mirror.repositories), [fixed, other, unknown], NOW)
    assert found == {
        fixed: Told(security=True, ids=("CVE-2023-42363", "CVE-2023-42364"), changelog=True),
        other: Told(security=False, ids=(), changelog=True),
        unknown: Told(security=False, ids=(), changelog=True),
    }
    assert mirror.web.asked() == [f"GET {SECDB_COMMUNITY}", f"GET {SECDB_MAIN}"]


def test_no_ids_mean_nothing_where_a_database_is_missing(make: Make, mirror: Mirror) -> None:
    mirror.files[SECDB_COMMUNITY] = 404
    fixed = SourceMove(source="busybox", old="1.36.1-r28", new="1.36.1-r29")
    other = SourceMove(source="zlib", old="1.3.1-r0", new="1.3.2-r0")
    found = make().told(contents(None), [fixed, other], NOW)
    assert found[fixed] == Told(security=True, ids=("CVE-2023-42363", "CVE-2023-42364"), changelog=True)
    assert found[other] == Told(security=False, ids=(), changelog=False)


# copies


def test_files_are_asked_for_once_and_then_conditionally(make: Make, mirror: Mirror) -> None:
    image = contents(mirror.repositories, *EVERYTHING)
    first = make()
    assert first.waiting(image, NOW) == first.waiting(image, NOW) == make(minutes=5).waiting(image, NOW)
    assert len(mirror.web.log) == 4
    mirror.files[MAIN] = an_index(("busybox", "1.36.1-r30", "busybox"))
    assert names(make(minutes=11).waiting(image, NOW))[0] == ("busybox", "1.36.1-r30", True)
    assert [bool(seen.headers.get("if-none-match")) for seen in mirror.web.log[4:]] == [True] * 4


def test_a_copy_that_was_cut_short_is_not_relied_on(make: Make, mirror: Mirror, tmp_path: Path) -> None:
    image = contents(mirror.repositories, *EVERYTHING)
    before = make().waiting(image, NOW)
    for copy in (tmp_path / "apk").iterdir():
        copy.write_bytes(copy.read_bytes()[:-10])
    assert make().waiting(image, NOW) == before
    assert len(mirror.web.log) == 8


def test_without_an_etag_the_date_is_the_condition(make: Make, mirror: Mirror) -> None:
    date = "Tue, 24 Nov 2026 10:00:00 GMT"

    def answer(seen: Seen) -> Said:
        if seen.headers.get("if-modified-since") == date:
            return Said(status=304)
        return Said(body=FILES[seen.path], headers={"last-modified": date} if seen.path == MAIN else {})

    mirror.web.answer = answer
    image = contents(mirror.repositories, *EVERYTHING)
    assert make().waiting(image, NOW) == make(minutes=60).waiting(image, NOW)
    assert [seen.headers.get("if-modified-since") for seen in mirror.web.log if seen.path == MAIN] == [None, date]


def test_threads_share_what_was_fetched(make: Make, mirror: Mirror) -> None:
    archive, image = make(), contents(mirror.repositories, *EVERYTHING)
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(lambda _: archive.waiting(image, NOW), range(16)))) == 1
    assert len(mirror.web.log) == 4


def test_a_folder_that_cannot_be_written_stops_everything(make: Make, mirror: Mirror, tmp_path: Path) -> None:
    (tmp_path / "apk").write_text("a file")
    with pytest.raises(StoreError):
        make().waiting(contents(mirror.repositories, BUSYBOX), NOW)
