import json
import lzma
from collections.abc import Iterator
from gzip import compress
from pathlib import Path

import pytest

from bot.adapters.archives.debian import DebianArchive
from bot.model.contents import ImageContents, SourceMove, Told
from bot.model.packages import OsRelease, Package, PackageFormat
from bot.system.http import Http
from tests.rig.apt_archive import NOW, AptArchive
from tests.rig.deb_packages import make_deb, tar_of
from tests.rig.web import Said

LOG = """\
web (1.0-3) stable-security; urgency=high

  * CVE-2026-0003

 -- x <x@mail.example>  Mon, 23 Nov 2026 11:22:37 +0000

web (1.0-2) stable; urgency=low

  * GHSA-jfh8-c2jp-5v3q and CVE-2026-0002

 -- x <x@mail.example>  Mon, 23 Nov 2026 11:22:37 +0000

web (1.0-1) stable; urgency=low

  * CVE-2026-0001
"""
IDS = ("CVE-2026-0002", "CVE-2026-0003", "GHSA-jfh8-c2jp-5v3q")
MOVE = SourceMove(source="web", old="1.0-1", new="1.0-3")
FULL = Told(security=True, ids=IDS, changelog=True)
NOTHING = Told(security=False, ids=(), changelog=False)
DOC = "usr/share/doc/web"
POOL = "/debian/pool/main/w/web"
OLD = Package(name="web", version="1.0-1", source="web", source_version="1.0-1", architecture="amd64")


class Bench:
    """One archive, and what is told of moves in it; every question comes from a new run with the same folder."""

    def __init__(self, archive: AptArchive, http: Http, folder: Path) -> None:
        self.archive, self.http, self.folder = archive, http, folder
        self.stanzas: dict[str, str] = {}

    def deb(
        self, package: str, files: dict[str, bytes | str], *, version: str = "1.0-3", source: str = "", pad: int = 0
    ) -> bytes:
        data = make_deb(self.folder, package, version, files, source=source)
        self.stanzas[f"{package} {version}"] = self.archive.add_deb(package, version, data, source=source, pad=pad)
        return data

    def told(self, *moves: SourceMove, suite: str = "stable") -> list[Told]:
        self.archive.publish(self.stanzas, suite)
        contents = ImageContents(
            digest="sha256:" + "1" * 64, platform="linux/amd64", os=OsRelease(id="debian", version="12"),
            format=PackageFormat.DEB, packages=(OLD,), python=None, created=None,
            sources=(self.archive.source(suite), self.archive.keyring),
        )  # fmt: skip
        asked = moves or (MOVE,)
        found = DebianArchive(self.http, self.folder / "kept", host=self.folder).told(contents, asked, NOW)
        return [found[move] for move in asked]

    def fetched(self) -> list[str]:
        return [path.rpartition("/")[2] for path in self.archive.server.asked() if "/pool/" in path]


@pytest.fixture
def bench(archive: AptArchive, tmp_path: Path) -> Iterator[Bench]:
    with Http(sleep=lambda _: None) as http:
        yield Bench(archive, http, tmp_path)


def log(text: str = LOG) -> dict[str, bytes | str]:
    return {f"{DOC}/changelog.Debian.gz": compress(text.encode())}


def of(package: str, text: str = LOG) -> dict[str, bytes | str]:
    return {f"usr/share/doc/{package}/changelog.Debian.gz": compress(text.encode())}


def source_archive(text: str = LOG, folder: str = "") -> bytes:
    return lzma.compress(tar_of({f"{folder}debian/changelog": text.encode()}))


def test_the_changelog_of_the_smallest_package_names_what_was_fixed(bench: Bench) -> None:
    bench.deb("web", {**log(), "usr/bin/web": bytes(range(256)) * 40})
    bench.deb("web-data", of("web-data"), source="web")
    assert bench.told() == [FULL]
    assert bench.fetched() == ["web-data_1.0-3_amd64.deb"]


def test_what_a_changelog_says_is_kept(bench: Bench) -> None:
    bench.deb("web", log())
    assert bench.told() == bench.told() == [FULL]
    assert len(bench.fetched()) == 1
    (path,) = (bench.folder / "kept/changelogs").iterdir()
    for damage in (b"nonsense", b"[1]", b'{"a": 1}'):
        path.write_bytes(damage)
        assert bench.told() == [FULL]
    assert json.loads(path.read_bytes())[0] == ["1.0-3", ["stable-security"], ["CVE-2026-0003"]]


def test_an_ordinary_suite_and_an_ordinary_upload_are_no_security_update(bench: Bench) -> None:
    bench.deb("web", log(LOG.replace("stable-security", "stable")))
    assert bench.told() == [Told(security=False, ids=IDS, changelog=True)]


def test_a_security_suite_says_what_an_upload_is(bench: Bench) -> None:
    bench.deb("web", log(LOG.replace("stable-security", "stable")))
    assert bench.told(suite="stable-security") == [FULL]


def test_only_the_versions_of_the_move_count(bench: Bench) -> None:
    bench.deb("web", log())
    first, second = (
        SourceMove(source="web", old="1.0-1", new="1.0-2"),
        SourceMove(source="web", old="1.0-3", new="1.0-4"),
    )
    assert bench.told(first, second) == [
        Told(security=False, ids=("CVE-2026-0002", "GHSA-jfh8-c2jp-5v3q"), changelog=True), NOTHING,
    ]  # fmt: skip
    assert bench.told(first, suite="stable-security")[0].security is False


def test_a_version_that_is_gone_stands_in_the_changelog_of_a_later_one(bench: Bench) -> None:
    bench.deb("web", log(f"web (1.0-9) stable; urgency=low\n\n  * CVE-2026-9999\n\n{LOG}"), version="1.0-9")
    assert bench.told() == [FULL]


def test_a_rebuild_has_the_changelog_of_what_was_rebuilt(bench: Bench) -> None:
    bench.deb("web", log(), version="1.0-3+b1", source="web (1.0-3)")
    assert bench.told(SourceMove(source="web", old="1.0-1", new="1.0-3+b1")) == [FULL]


@pytest.mark.parametrize(
    "files", [{DOC: "web-common"}, {f"{DOC}/changelog.Debian.gz": "../web-common/changelog.Debian.gz"}]
)
def test_a_link_is_followed_to_another_package_of_the_source(bench: Bench, files: dict[str, bytes | str]) -> None:
    bench.deb("web", files)
    bench.deb("web-common", {**of("web-common"), "usr/bin/x": bytes(range(256)) * 40}, source="web")
    assert bench.told() == [FULL]
    assert len(bench.fetched()) == 2


def test_a_link_may_lead_to_another_link(bench: Bench) -> None:
    bench.deb("web", {DOC: "web-agent"})
    bench.deb("web-agent", {"usr/share/doc/web-agent": "web-conf", "usr/bin/a": b"x" * 999}, source="web")
    bench.deb("web-conf", {**of("web-conf"), "usr/bin/x": bytes(range(256)) * 40}, source="web")
    assert bench.told() == [FULL]
    assert len(bench.fetched()) == 3


def test_the_source_archive_may_be_beside_another_package_of_the_source(bench: Bench) -> None:
    bench.deb("web", {})
    data = bench.deb("web-common", {"usr/bin/x": bytes(range(256)) * 40}, source="web")
    folder = "pool/universe/w/web"
    bench.stanzas["web-common 1.0-3"] = bench.archive.add_deb("web-common", "1.0-3", data, source="web", folder=folder)
    bench.archive.files[f"/debian/{folder}/web_1.0-3.debian.tar.xz"] = source_archive()
    assert bench.told() == [FULL]


def test_links_in_a_circle_end(bench: Bench) -> None:
    bench.deb("web", {DOC: "web-common"})
    bench.deb("web-common", {"usr/share/doc/web-common": "web"}, source="web")
    assert bench.told() == [NOTHING]


def test_a_link_to_a_package_of_another_source_is_not_followed(bench: Bench) -> None:
    bench.deb("web", {DOC: "other"})
    assert bench.told() == [NOTHING]


def test_the_source_archive_is_read_where_no_small_package_has_the_changelog(bench: Bench) -> None:
    bench.deb("web", {})
    bench.archive.files[f"{POOL}/web_1.0-3.debian.tar.xz"] = source_archive()
    assert bench.told() == [FULL]
    assert bench.fetched() == ["web_1.0-3_amd64.deb", "web_1.0-3.debian.tar.xz"]


def test_the_source_archive_comes_before_a_big_package(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.adapters.archives.changelog_search.SMALL_BYTES", 100)
    bench.deb("web", log())
    bench.archive.files[f"{POOL}/web_1.0-3.debian.tar.xz"] = source_archive()
    assert bench.told() == [FULL]
    assert bench.fetched() == ["web_1.0-3.debian.tar.xz"]


def test_a_big_package_comes_last(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.adapters.archives.changelog_search.SMALL_BYTES", 100)
    bench.deb("web", log())
    assert bench.told() == [FULL]
    assert bench.fetched() == ["web_1.0-3.debian.tar.xz", "web_1.0-3_amd64.deb"]


def test_a_native_package_has_one_source_archive(bench: Bench) -> None:
    text = LOG.replace("1.0-", "1:1.")
    bench.deb("web", {}, version="1:1.3")
    bench.archive.files[f"{POOL}/web_1.3.tar.xz"] = source_archive(text, "web/")
    assert bench.told(SourceMove(source="web", old="1:1.1", new="1:1.3")) == [FULL]


def test_a_package_that_is_not_what_the_index_says_is_not_read(bench: Bench) -> None:
    bench.deb("web", log())
    bench.archive.files[f"{POOL}/web_1.0-3_amd64.deb"] = bench.deb(
        "web", log("web (1.0-3) evil-security; urgency=low\n")
    )[:-1]
    assert bench.told() == [NOTHING]


@pytest.mark.parametrize(
    "answer", [Said(404), Said(403), Said(500), Said(200, b"noise"), Said(200, b"", {"content-length": str(10 << 30)})]
)
def test_a_changelog_that_cannot_be_had_is_said_to_be(bench: Bench, answer: Said) -> None:
    bench.deb("web", log())
    for name in ("web_1.0-3_amd64.deb", "web_1.0-3.debian.tar.xz"):
        bench.archive.answers[f"{POOL}/{name}"] = answer
    assert bench.told() == [NOTHING]


@pytest.mark.parametrize(
    "line", ["Filename: ../../x.deb", "Filename: http://evil.example/x.deb", "Filename: ", "Size: 0", "SHA256:"]
)
def test_a_package_without_a_sound_place_is_not_asked_for(bench: Bench, line: str) -> None:
    bench.deb("web", log())
    (key,) = bench.stanzas
    rows = [row for row in bench.stanzas[key].splitlines() if row.partition(":")[0] != line.partition(":")[0]]
    bench.stanzas[key] = "\n".join([*rows, line])
    assert bench.told() == [NOTHING]
    assert bench.fetched() == []


def test_a_source_with_a_name_that_no_file_has_is_not_asked_for(bench: Bench) -> None:
    bench.deb("web", {}, source="../web")
    assert bench.told(SourceMove(source="../web", old="1.0-1", new="1.0-3")) == [NOTHING]
    assert bench.fetched() == ["web_1.0-3_amd64.deb"]


def test_a_package_beyond_reason_is_not_fetched(bench: Bench) -> None:
    bench.deb("web", log(), pad=9 << 20)
    assert bench.told() == [NOTHING]
    assert bench.fetched() == ["web_1.0-3.debian.tar.xz"]


def test_a_changelog_of_something_else_does_not_count(bench: Bench) -> None:
    bench.deb("web", log("Version 1.0: better than ever\n"))
    assert bench.told() == [NOTHING]


def test_bytes_are_bounded(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.adapters.archives.debian.CHANGELOG_BYTES", 10)
    bench.deb("web", log())
    assert bench.told() == [NOTHING]
    assert bench.fetched() == []


def test_sources_are_bounded_and_what_suites_say_is_told_of_all(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.adapters.archives.debian.CHANGELOGS", 0)
    bench.deb("web", log())
    assert bench.told(suite="stable-security") == [Told(security=True, ids=(), changelog=False)]


def test_time_is_bounded(bench: Bench) -> None:
    bench.deb("web", log())
    bench.archive.publish(bench.stanzas)
    contents = ImageContents(
        digest="sha256:" + "1" * 64, platform="linux/amd64", os=None, format=PackageFormat.DEB, packages=(OLD,), python=None,
        created=None, sources=(bench.archive.source(), bench.archive.keyring),
    )  # fmt: skip
    times = iter([0.0, 0.0, 0.0, 1000.0])
    archive = DebianArchive(bench.http, bench.folder, host=bench.folder, monotonic=lambda: next(times))
    assert archive.told(contents, [MOVE], NOW) == {MOVE: NOTHING}


def test_moves_of_sources_that_the_archive_does_not_know_say_nothing(bench: Bench) -> None:
    bench.deb("web", log())
    assert bench.told(SourceMove(source="other", old="1", new="2"), MOVE) == [NOTHING, FULL]


def test_an_archive_that_does_not_answer_tells_nothing(bench: Bench) -> None:
    bench.deb("web", log())
    bench.archive.answers["/debian/dists/stable/InRelease"] = Said(500)
    assert bench.told() == [NOTHING]


def test_no_moves_ask_for_no_changelog(bench: Bench) -> None:
    bench.archive.publish({"web": "1"})
    contents = ImageContents(
        digest="sha256:1", platform="x", os=None, format=None, packages=(), python=None, created=None
    )
    assert DebianArchive(bench.http, bench.folder).told(contents, [], NOW) == {}
