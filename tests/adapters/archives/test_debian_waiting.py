import lzma
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.adapters.archives import signatures
from bot.adapters.archives.debian import NO_SECURITY, DebianArchive
from bot.errors import StoreError
from bot.model.contents import ArchiveAnswer, ImageContents
from bot.model.packages import OsRelease, Package, PackageFormat, SystemFile
from bot.system.http import Http
from tests.rig.apt_archive import KEYRING, NOW, AptArchive, Signer, made_signer
from tests.rig.web import Said

RELEASE = "/debian/dists/stable/InRelease"


@pytest.fixture
def http() -> Iterator[Http]:
    with Http(sleep=lambda _: None) as http:
        yield http


@pytest.fixture
def ask(http: Http, tmp_path: Path) -> "Ask":
    return Ask(http, tmp_path)


class Ask:
    """Asks a new DebianArchive each time, which has the same folder, and a machine without keyrings."""

    def __init__(self, http: Http, folder: Path) -> None:
        self.http, self.folder, self.host = http, folder / "kept", folder / "host"

    def archive(self) -> DebianArchive:
        return DebianArchive(self.http, self.folder, host=self.host)

    def __call__(self, *sources: SystemFile, packages: tuple[Package, ...] = ()) -> ArchiveAnswer:
        """Ask; that a small archive has no security suite is only said where a test is about that."""
        answer = self.archive().waiting(image(*sources, packages=packages), NOW)
        return replace(answer, notes=tuple(note for note in answer.notes if note != NO_SECURITY))


def installed(name: str, version: str = "1.0", architecture: str = "amd64", source: str = "") -> Package:
    return Package(name=name, version=version, source=source or name, source_version=version, architecture=architecture)


def image(*sources: SystemFile, packages: tuple[Package, ...] = (), **fields: object) -> ImageContents:
    plain = {
        "digest": "sha256:" + "1" * 64, "platform": "linux/amd64", "os": OsRelease(id="debian", version="12"),
        "format": PackageFormat.DEB, "packages": packages or (installed("web"), installed("data", architecture="all")),
        "python": None, "created": None, "sources": sources,
    }  # fmt: skip
    return ImageContents(**{**plain, **fields})  # type: ignore[arg-type] # fields are of many types


def names(answer: ArchiveAnswer) -> list[tuple[str, str, bool]]:
    assert answer.unreadable == ()
    return [(one.package, one.available, one.security) for one in answer.waiting]


def test_newer_versions_wait_and_a_security_suite_says_what_they_are(archive: AptArchive, ask: Ask) -> None:
    archive.publish({"web": "1.0", "data": "1.1", "other": "2"})
    archive.publish({"web": "1.0+deb12u1", "data": "1.0"}, "stable-security")
    answer = ask(archive.source(), archive.source("stable-security"), archive.keyring)
    assert names(answer) == [("data", "1.1", False), ("web", "1.0+deb12u1", True)]
    assert answer.notes == ()
    assert (answer.waiting[0].current, answer.waiting[0].available_source) == ("1.0", "1.1")


def test_an_update_is_for_security_also_where_another_suite_has_a_newer_one(archive: AptArchive, ask: Ask) -> None:
    archive.publish({"web": "3"})
    archive.publish({"web": "2"}, "stable-security")
    assert names(ask(archive.source(), archive.source("stable-security"), archive.keyring)) == [("web", "3", True)]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"NotAutomatic": "yes"}, []),
        ({"NotAutomatic": "yes", "ButAutomaticUpgrades": "yes"}, [("late", "2~bpo2", False)]),
    ],
)
def test_backports_are_offered_only_to_what_came_from_there(
    archive: AptArchive, ask: Ask, fields: dict[str, str], expected: list[tuple[str, str, bool]]
) -> None:
    archive.publish({"web": "1.0", "late": "1"})
    archive.publish({"web": "2", "late": "2~bpo2"}, "backports", fields=fields)
    packages = (installed("web"), installed("late", "2~bpo1"))
    answer = ask(archive.source(), archive.source("backports"), archive.keyring, packages=packages)
    assert names(answer) == expected


def test_packages_of_another_architecture_are_compared_with_their_own_kind(archive: AptArchive, ask: Ask) -> None:
    archive.publish({"web": "1.0"}, fields={"Acquire-By-Hash": ""})
    index = lzma.compress(b"Package: web\nVersion: 2\nArchitecture: arm64\n")
    first = archive.files[RELEASE]
    archive.publish({}, architecture="arm64", index=index)
    assert first != archive.files[RELEASE]
    packages = (installed("web", architecture="arm64"), installed("data", architecture="all"))
    assert names(ask(archive.source(), archive.keyring, packages=packages)) == [("web", "2", False)]


def test_an_unchanged_archive_costs_its_in_release_only(archive: AptArchive, ask: Ask) -> None:
    archive.publish({"web": "2"})
    for _ in range(2):
        assert names(ask(archive.source(), archive.keyring)) == [("web", "2", False)]
    requests = archive.server.asked()
    assert [path.rpartition("/")[0] for path in requests] == [
        "GET /debian/dists/stable", "GET /debian/dists/stable/main/binary-amd64/by-hash/SHA256", "GET /debian/dists/stable",
    ]  # fmt: skip


def test_many_threads_ask_once(archive: AptArchive, ask: Ask) -> None:
    archive.publish({"web": "2"})
    debian = ask.archive()
    images = [image(archive.source(), archive.keyring, digest=f"sha256:{number:064}") for number in range(12)]
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda one: debian.waiting(one, NOW), images))
    assert {len(answer.waiting) for answer in answers} == {1}
    assert len(archive.server.log) == 2


def test_without_by_hash_the_index_is_asked_by_its_name(archive: AptArchive, ask: Ask) -> None:
    archive.publish({"web": "2"}, fields={"Acquire-By-Hash": "no"})
    assert names(ask(archive.source(), archive.keyring)) == [("web", "2", False)]
    assert archive.server.asked()[1] == "GET /debian/dists/stable/main/binary-amd64/Packages.xz"


def test_by_hash_that_is_only_announced_does_no_harm(archive: AptArchive, ask: Ask) -> None:
    archive.publish({"web": "2"})
    for path in [path for path in archive.files if "by-hash" in path]:
        del archive.files[path]
    assert names(ask(archive.source(), archive.keyring)) == [("web", "2", False)]


def test_sha512_is_as_good(archive: AptArchive, ask: Ask) -> None:
    archive.publish({"web": "2"}, algorithm="sha512")
    assert names(ask(archive.source(), archive.keyring)) == [("web", "2", False)]


def unreadable(answer: ArchiveAnswer) -> str:
    assert answer.waiting == ()
    (sentence,) = answer.unreadable
    return sentence


def test_an_index_that_is_not_what_the_release_says_is_not_used(archive: AptArchive, ask: Ask) -> None:
    archive.publish({"web": "2"})
    for path in [path for path in archive.files if "Packages" in path or "by-hash" in path]:
        archive.files[path] = archive.files[path][:-1] + b"x"
    assert unreadable(ask(archive.source(), archive.keyring)).endswith(
        "is not what its InRelease says: its SHA256 differs"
    )
    assert [path for path in ask.folder.rglob("*") if path.is_file() and path.parent.name == "packages"] == []


@pytest.mark.parametrize("damage", [b"", b"noise", lzma.compress(b"Package: web\nVersion: 9\n")])
def test_a_copy_that_was_damaged_is_removed_and_fetched_anew(archive: AptArchive, ask: Ask, damage: bytes) -> None:
    archive.publish({"web": "2"})
    ask(archive.source(), archive.keyring)
    (copy,) = (path for path in (ask.folder / "packages").iterdir() if path.is_file())
    copy.write_bytes(damage)
    shutil.rmtree(ask.folder / "packages/answers")
    assert "main/binary-amd64/Packages.xz of stable" in unreadable(ask(archive.source(), archive.keyring))
    assert names(ask(archive.source(), archive.keyring)) == [("web", "2", False)]


def test_what_an_index_said_is_kept_under_its_hash(archive: AptArchive, ask: Ask) -> None:
    archive.publish({"web": "2"})
    first = ask(archive.source(), archive.keyring)
    (copy,) = (path for path in (ask.folder / "packages").iterdir() if path.is_file())
    copy.write_bytes(b"it is not read again")
    assert ask(archive.source(), archive.keyring) == first
    for answer in (ask.folder / "packages/answers").iterdir():
        answer.write_bytes(b"[5]")
    assert "Packages.xz of stable" in unreadable(ask(archive.source(), archive.keyring))


@pytest.mark.parametrize(
    ("index", "reason"),
    [
        (lzma.compress(b"Package: web\nVersion: 2\n" * 1000)[:-20], "its compression (xz) is damaged"),
        (b"noise", "its compression (xz) is damaged"),
        (lzma.compress(b"x" * (3 << 20)), "it holds a stanza of more than"),
    ],
    ids=["truncated", "noise", "stanza"],
)
def test_an_index_that_cannot_be_read_is_said_to_be(archive: AptArchive, ask: Ask, index: bytes, reason: str) -> None:
    archive.publish({}, index=index)
    assert reason in unreadable(ask(archive.source(), archive.keyring))


def test_a_bomb_is_left(archive: AptArchive, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.adapters.archives.apt_indexes.PLAIN_BYTES", 1 << 20)
    archive.publish({}, index=lzma.compress(b"\n\n" * (4 << 20)))
    assert "it holds more than 1048576 bytes" in unreadable(ask(archive.source(), archive.keyring))


def test_bodies_beyond_what_was_announced_or_reason_are_not_read(archive: AptArchive, ask: Ask) -> None:
    archive.answers[RELEASE] = Said(200, b"x", {"content-length": str(10 << 30)})
    assert "answers with more than" in unreadable(ask(archive.source(), archive.keyring))
    del archive.answers[RELEASE]
    archive.publish({"web": "2"})
    for path in [path for path in archive.files if "by-hash" in path]:
        archive.answers[path] = Said(200, b"x", {"content-length": str(10 << 30)})
    assert "answers with more than" in unreadable(ask(archive.source(), archive.keyring))


def test_an_index_of_unreasonable_size_is_not_asked_for(
    archive: AptArchive, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.adapters.archives.apt_indexes.INDEX_BYTES", 10)
    archive.publish({"web": "2"})
    assert unreadable(ask(archive.source(), archive.keyring)).endswith("bytes, which is more than is read")
    assert len(archive.server.log) == 1


def test_a_suite_that_is_gone_has_reached_the_end_of_its_life(archive: AptArchive, ask: Ask) -> None:
    assert unreadable(ask(archive.source("old"), archive.keyring)) == (
        f"there is no old of {archive.uri}: at the end of its life a release moves to the archive of old releases"
    )


def test_an_archive_that_refuses_or_fails_is_named(archive: AptArchive, ask: Ask) -> None:
    archive.answers[RELEASE] = Said(403)
    assert unreadable(ask(archive.source(), archive.keyring)) == f"stable of {archive.uri} answers 403"
    archive.answers[RELEASE] = Said(500)
    assert unreadable(ask(archive.source(), archive.keyring)) == f"{archive.uri}/dists/stable/InRelease answers 500"


def test_one_suite_that_fails_does_not_hide_the_others(archive: AptArchive, ask: Ask) -> None:
    archive.publish({"web": "2"})
    answer = ask(archive.source(), archive.source("old"), archive.keyring)
    assert [one.package for one in answer.waiting] == ["web"]
    assert len(answer.unreadable) == 1


def test_an_index_that_is_listed_but_missing_is_said_to_be(archive: AptArchive, ask: Ask) -> None:
    archive.publish({"web": "2"})
    for path in [path for path in archive.files if "main" in path]:
        del archive.files[path]
    assert unreadable(ask(archive.source(), archive.keyring)).endswith(
        "lists main/binary-amd64/Packages.xz, but does not have it"
    )


def test_an_index_that_is_refused_is_said_to_be(archive: AptArchive, ask: Ask) -> None:
    archive.publish({"web": "2"})
    for path in [path for path in archive.files if "main" in path]:
        archive.answers[path] = Said(403)
    assert unreadable(ask(archive.source(), archive.keyring)).endswith(" answers 403")


def test_a_suite_without_our_architecture_is_said_to_be(archive: AptArchive, ask: Ask) -> None:
    archive.publish({"web": "2"}, fields={"Architectures": "riscv64"})
    assert unreadable(ask(archive.source(), archive.keyring)) == f"stable of {archive.uri} has no packages for amd64"


# signatures and dates


def test_an_unsigned_suite_is_used_only_where_the_image_trusts_it(archive: AptArchive, ask: Ask) -> None:
    archive.publish({"web": "2"}, signed=False)
    assert unreadable(ask(archive.source(), archive.keyring)).endswith("is not signed, so what it says is not used")
    assert names(ask(archive.source(options="trusted=yes"))) == [("web", "2", False)]


def test_a_trusted_suite_may_have_a_release_file_only(archive: AptArchive, ask: Ask) -> None:
    archive.publish({"web": "2"}, signed=False)
    archive.files["/debian/dists/stable/Release"] = archive.files.pop(RELEASE)
    assert names(ask(archive.source(options="trusted=yes"))) == [("web", "2", False)]
    assert unreadable(ask(archive.source())).startswith("there is no stable")


def test_a_changed_release_has_a_bad_signature(archive: AptArchive, ask: Ask) -> None:
    archive.publish({"web": "2"})
    archive.files[RELEASE] = archive.files[RELEASE].replace(b"Origin: Test", b"Origin: Evil")
    assert unreadable(ask(archive.source(), archive.keyring)).endswith(
        "has a bad signature, so what it says is not used"
    )


def test_what_stands_around_the_signed_message_is_not_used(archive: AptArchive, ask: Ask) -> None:
    archive.publish({"web": "2"})
    archive.files[RELEASE] = b"Origin: Evil\n" + archive.files[RELEASE]
    assert unreadable(ask(archive.source(), archive.keyring)).endswith("is not signed, so what it says is not used")


def test_a_key_that_is_not_meant_does_not_count(archive: AptArchive, ask: Ask) -> None:
    archive.publish({"web": "2"})
    with made_signer() as other:
        for keyring in (SystemFile(path=KEYRING, data=other.public), SystemFile(path=KEYRING, data=other.armored)):
            assert unreadable(ask(archive.source(), keyring)).endswith(
                "signed with none of the keys that it should be signed with"
            )


@pytest.mark.parametrize("options", ["signed-by=/etc/apt/keyrings/own.asc", "arch=amd64"])
def test_the_images_own_keyrings_may_be_armored(archive: AptArchive, ask: Ask, options: str) -> None:
    archive.publish({"web": "2"})
    paths = ("etc/apt/keyrings/own.asc", "etc/apt/trusted.gpg.d/own.asc")
    rings = [SystemFile(path=path, data=archive.signer.armored) for path in paths]
    rings.append(SystemFile(path="etc/apt/trusted.gpg.d/broken.gpg", data=b"nonsense"))
    rings.append(SystemFile(path="etc/apt/trusted.gpg.d/broken.asc", data=b"-----BEGIN PGP PUBLIC KEY BLOCK-----"))
    answer = ask(archive.source(options=options), *rings)
    assert (names(answer), answer.notes) == ([("web", "2", False)], ())


def test_a_key_in_the_source_itself_counts(archive: AptArchive, ask: Ask) -> None:
    archive.publish({"web": "2"})
    block = "\n".join(f" {line or '.'}" for line in archive.signer.armored.decode().splitlines())
    text = f"Types: deb\nURIs: {archive.uri}\nSuites: stable\nComponents: main\nSigned-By:\n{block}\n"
    answer = ask(SystemFile(path="etc/apt/sources.list.d/own.sources", data=text.encode()))
    assert (names(answer), answer.notes) == ([("web", "2", False)], ())


@pytest.mark.parametrize("path", [KEYRING, "etc/apt/trusted.gpg.d/x.gpg"])
def test_keyrings_of_this_machine_count(archive: AptArchive, ask: Ask, path: str) -> None:
    archive.publish({"web": "2"})
    (ask.host / path).parent.mkdir(parents=True)
    (ask.host / path).write_bytes(archive.signer.public)
    answer = ask(archive.source())
    assert (names(answer), answer.notes) == ([("web", "2", False)], ())


def test_a_fingerprint_says_which_key_is_meant(archive: AptArchive, ask: Ask) -> None:
    archive.publish({"web": "2"})
    ring = SystemFile(path="etc/apt/trusted.gpg", data=archive.signer.public)
    assert names(ask(archive.source(options=f"signed-by={archive.signer.fingerprint.lower()}"), ring)) == [
        ("web", "2", False)
    ]
    assert unreadable(ask(archive.source(options=f"signed-by={'A' * 40}"), ring)).endswith(
        "that it should be signed with"
    )


def test_a_key_that_has_expired_does_not_count(archive: AptArchive, ask: Ask) -> None:
    with made_signer(expired=True) as old:
        archive.signer = old
        archive.publish({"web": "2"})
        assert unreadable(ask(archive.source(), archive.keyring)).endswith(
            "is signed with a key that has expired, so what it says is not used"
        )


def test_a_file_of_this_machine_that_lies_elsewhere_is_not_read(archive: AptArchive, ask: Ask) -> None:
    archive.publish({"web": "2"})
    (ask.host / "opt").mkdir(parents=True)
    (ask.host / "opt/own.gpg").write_bytes(archive.signer.public)
    for path in ("/opt/own.gpg", "/etc/apt/keyrings/../../../opt/own.gpg"):
        assert ask(archive.source(options=f"signed-by={path}")).notes[0].endswith("there is no keyring at hand")


def test_a_gpgv_that_hangs_is_stopped(
    archive: AptArchive, ask: Ask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "gpgv"
    program.write_text("#!/bin/sh\nsleep 60\n")
    program.chmod(0o755)
    monkeypatch.setattr("shutil.which", lambda _: str(program))
    monkeypatch.setattr(signatures, "SECONDS", 0.2)
    archive.publish({"web": "2"})
    assert "cannot be checked: gpgv ran longer than" in unreadable(ask(archive.source(), archive.keyring))


def test_without_a_keyring_the_signature_is_not_checked_and_that_is_said(archive: AptArchive, ask: Ask) -> None:
    archive.publish({"web": "2"})
    answer = ask(archive.source())
    assert names(answer) == [("web", "2", False)]
    assert answer.notes == (f"the signature of stable of {archive.uri} was not checked: there is no keyring at hand",)


def test_a_keyring_of_this_machine_that_nobody_means_proves_nothing(archive: AptArchive, ask: Ask) -> None:
    archive.publish({"web": "2"})
    with made_signer() as other:
        path = ask.host / "usr/share/keyrings/other.gpg"
        path.parent.mkdir(parents=True)
        path.write_bytes(other.public)
        answer = ask(archive.source(options="arch=amd64"))
    assert names(answer) == [("web", "2", False)]
    assert answer.notes[0].endswith("no keyring at hand has the key of this archive")


def test_without_gpgv_the_signature_is_not_checked_and_that_is_said(
    archive: AptArchive, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    archive.publish({"web": "2"})
    answer = ask(archive.source(), archive.keyring)
    assert (names(answer), answer.notes[0].rpartition(": ")[2]) == ([("web", "2", False)], "gpgv is not installed")


def test_a_suite_beyond_its_time_is_a_stale_mirror(archive: AptArchive, ask: Ask) -> None:
    archive.publish({"web": "2"}, fields={"Valid-Until": "Tue, 24 Nov 2026 11:59:59 UTC"})
    assert unreadable(ask(archive.source(), archive.keyring)) == (
        f"stable of {archive.uri} is a stale mirror: it was valid until 2026-11-24 11:59 UTC"
    )
    options = f"check-valid-until=no signed-by=/{KEYRING}"
    assert names(ask(archive.source(options=options), archive.keyring)) == [("web", "2", False)]


def test_a_suite_that_goes_back_in_time_is_worth_a_note(archive: AptArchive, ask: Ask) -> None:
    archive.publish({"web": "2"})
    assert ask(archive.source(), archive.keyring).notes == ()
    archive.publish({"web": "1.0"}, date=NOW - timedelta(days=9))
    answer = ask(archive.source(), archive.keyring)
    assert names(answer) == []
    assert answer.notes == (
        (f"stable of {archive.uri} is of 2026-11-15 12:00 UTC, but was of 2026-11-23 12:00 UTC before: "
         "its mirror is behind, or somebody hides updates"),
    )  # fmt: skip


def test_a_date_that_was_kept_and_cannot_be_read_is_forgotten(archive: AptArchive, ask: Ask) -> None:
    archive.publish({"web": "2"})
    ask(archive.source(), archive.keyring)
    for path in (ask.folder / "suites").iterdir():
        path.write_bytes(b"\xff")
    assert ask(archive.source(), archive.keyring).notes == ()


@pytest.mark.parametrize("text", ["Suite: x\n", "Date: soon\nSHA256:\n"])
def test_a_release_that_cannot_be_read_is_said_to_be(archive: AptArchive, ask: Ask, text: str) -> None:
    archive.files[RELEASE] = archive.signer.sign(text)
    assert unreadable(ask(archive.source(), archive.keyring)).startswith(f"stable of {archive.uri} cannot be read: it")


def test_a_release_without_a_date_is_read(archive: AptArchive, ask: Ask) -> None:
    archive.publish({"web": "2"}, fields={"Date": ""})
    assert names(ask(archive.source(), archive.keyring)) == [("web", "2", False)]


# images


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"format": PackageFormat.APK}, "its packages are not Debian's, so no apt archive can be asked"),
        (
            {"packages": (installed("x", architecture="all"),)},
            "none of its packages says for which architecture it is, so no archive can be asked",
        ),
        ({"sources_read": False}, "its apt sources were not read, so no archive can be asked"),
        ({}, "it has no apt sources, so no archive can be asked"),
        (
            {"sources": (SystemFile(path="etc/apt/sources.list", data=b"deb cdrom:x y main"),)},
            "etc/apt/sources.list:1: addresses with cdrom: are not asked",
        ),
    ],
)
def test_an_image_about_which_nobody_can_be_asked_is_never_clean(
    ask: Ask, fields: dict[str, object], reason: str
) -> None:
    assert ask.archive().waiting(image(**fields), NOW) == ArchiveAnswer(unreadable=(reason,))  # type: ignore[arg-type]


def test_an_image_with_packages_of_many_architectures_is_bounded(archive: AptArchive, ask: Ask) -> None:
    archive.publish({"web": "2"})
    strange = [installed("web", architecture=f"a{number}") for number in range(4)]
    packages = (*strange, installed("x"), installed("y"))
    answer = ask(archive.source(), archive.keyring, packages=packages)
    assert answer.unreadable == ("it has packages of 5 architectures, and only 3 are looked at",)


def test_archives_after_the_time_is_up_are_not_asked(archive: AptArchive, http: Http, tmp_path: Path) -> None:
    times = iter([0.0, 1000.0])
    debian = DebianArchive(http, tmp_path, monotonic=lambda: next(times))
    answer = debian.waiting(image(archive.source(), archive.keyring), NOW)
    assert answer.unreadable == (f"stable of {archive.uri} was not asked, because others took too long",)
    assert archive.server.log == []


def test_the_same_suite_in_two_files_is_asked_once(archive: AptArchive, ask: Ask) -> None:
    archive.publish({"web": "2"})
    first = archive.source()
    assert names(ask(first, SystemFile(path="etc/apt/sources.list", data=first.data), archive.keyring)) == [
        ("web", "2", False)
    ]
    assert len(archive.server.log) == 2


def test_a_folder_that_cannot_be_written_is_the_operators_concern(archive: AptArchive, ask: Ask) -> None:
    archive.publish({"web": "2"})
    ask.folder.write_text("a file")
    with pytest.raises(StoreError):
        ask(archive.source(), archive.keyring)


def test_a_password_in_an_address_is_never_told(archive: AptArchive, ask: Ask) -> None:
    line = f"deb http://me:secret@{archive.server.host}/debian old main\n"
    answer = ask(SystemFile(path="etc/apt/sources.list", data=line.encode()))
    assert "secret" not in str(answer)
    assert archive.server.log[0].authorization is not None


def test_signers_differ(signer: Signer) -> None:
    assert signer.fingerprint


def test_sources_without_security_updates_are_told(archive: AptArchive, ask: Ask) -> None:
    archive.publish({"web": "1.0"})
    archive.publish({"web": "1.0"}, "stable-security")
    plain, both = archive.source(), (archive.source(), archive.source("stable-security"))
    assert NO_SECURITY in ask.archive().waiting(image(plain, archive.keyring), NOW).notes
    assert ask.archive().waiting(image(*both, archive.keyring), NOW).notes == ()
