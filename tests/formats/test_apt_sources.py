import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.formats.apt_sources import BYTES, MOST, AptSources, apt_sources, shown
from bot.model.packages import SystemFile

LIST = "etc/apt/sources.list"
STANZAS = "etc/apt/sources.list.d/x.sources"


def read(text: str, path: str = LIST, architecture: str = "amd64") -> AptSources:
    return apt_sources([SystemFile(path=path, data=text.encode())], architecture)


def test_one_line_names_a_suite_and_its_components() -> None:
    (source,) = read(
        "# deb http://mirror.example/x y z\n\ndeb http://mirror.example/debian/ bookworm main contrib # why\n"
    ).sources
    assert (source.uri, source.suite, source.components) == (
        "http://mirror.example/debian",
        "bookworm",
        ("main", "contrib"),
    )
    assert (source.where, source.signed_by, source.key, source.trusted, source.dated) == (
        f"{LIST}:3",
        (),
        "",
        False,
        True,
    )
    assert source.label == "bookworm of http://mirror.example/debian"


def test_options_of_a_line_are_read() -> None:
    options = 'Arch=amd64,arm64 signed-by="/a/b.gpg,/c.asc" trusted=yes check-valid-until=no'
    (source,) = read(f"deb [ {options} ] https://mirror.example/ x main").sources
    assert source.signed_by == ("/a/b.gpg", "/c.asc")
    assert (source.architectures, source.trusted, source.dated) == (("amd64", "arm64"), True, False)


@pytest.mark.parametrize(
    ("options", "read_on"),
    [
        ("arch=amd64", True), ("arch=arm64", False), ("arch=arm64 arch+=amd64", True), ("arch-=amd64", False),
        ("arch-=i386", True), ("arch=amd64,i386 arch-=i386", True), ("lang=none", True),
    ],
)  # fmt: skip
def test_a_source_for_other_architectures_is_left_out(options: str, read_on: bool) -> None:
    found = read(f"deb [{options}] http://mirror.example x main")
    assert (bool(found.sources), found.unreadable) == (read_on, ())


def test_only_binary_packages_are_looked_at() -> None:
    assert read("deb-src http://mirror.example x main\nnonsense\ndeb\n") == AptSources(sources=(), unreadable=())


def test_stanzas_multiply_addresses_and_suites() -> None:
    text = """\
# a comment
Types: deb deb-src
URIs: http://one.example/debian http://two.example/debian/
Suites: bookworm
 bookworm-updates
Components: main contrib
# in between
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
Trusted: no
Architectures: amd64 arm64

Types: deb
URIs: http://three.example
Suites: x
Components: main
Enabled: no

Types: deb-src
URIs: http://four.example
Suites: x
Components: main
"""
    found = read(text, STANZAS)
    assert [(source.uri, source.suite) for source in found.sources] == [
        ("http://one.example/debian", "bookworm"),
        ("http://one.example/debian", "bookworm-updates"),
        ("http://two.example/debian", "bookworm"),
        ("http://two.example/debian", "bookworm-updates"),
    ]
    assert {source.where for source in found.sources} == {f"{STANZAS}:2"}
    assert found.sources[0].signed_by == ("/usr/share/keyrings/debian-archive-keyring.gpg",)
    assert found.sources[0].architectures == ("amd64", "arm64")


def test_a_key_may_stand_in_the_stanza() -> None:
    block = "Signed-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mQ==\n -----END PGP PUBLIC KEY BLOCK-----"
    (source,) = read(f"Types: deb\nURIs: http://a.example\nSuites: x\nComponents: main\n{block}\n", STANZAS).sources
    assert source.key.strip().splitlines() == [
        "-----BEGIN PGP PUBLIC KEY BLOCK-----", "", "mQ==", "-----END PGP PUBLIC KEY BLOCK-----",
    ]  # fmt: skip
    assert source.signed_by == ()


def test_the_architecture_stands_for_its_variable() -> None:
    (source,) = read("deb http://a.example/$(ARCH) x-$(ARCH) main", architecture="arm64").sources
    assert (source.uri, source.suite) == ("http://a.example/arm64", "x-arm64")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("deb cdrom:[Debian]/ x main", "addresses with cdrom: are not asked"),
        ("deb file:/srv/x x main", "addresses with file: are not asked"),
        ("deb mirror+http://a.example/list x main", "addresses with mirror+http: are not asked"),
        ("deb mirror.example x main", "it names no address"),
        ("deb [trusted=yes]", "it names no address"),
        ("deb http:///debian x main", "its address names no server"),
        ("deb http://[::1 x main", "its address cannot be read"),
        ("deb http://me:secret@a.example/d x/", "x/ of http://a.example/d is a flat repository, which is not read"),
        ("deb http://me:secret@a.example/d x", "x of http://a.example/d names no component"),
        ("deb http://a.example ../../x main", "it names a suite or a component that no archive can have"),
        ("deb http://a.example x ma?in", "it names a suite or a component that no archive can have"),
    ],
)
def test_what_cannot_be_asked_is_said_without_passwords(line: str, reason: str) -> None:
    assert read(line) == AptSources(sources=(), unreadable=(f"{LIST}:1: {reason}",))


def test_files_come_in_apts_order_and_others_are_none_of_ours() -> None:
    files = [
        SystemFile(path=path, data=f"deb http://{name}.example x main".encode())
        for path, name in [
            ("etc/apt/sources.list.d/b.list", "b"), ("etc/apt/sources.list.d/a.list", "a"), (LIST, "main"),
            ("etc/apt/sources.list.d/c.list.save", "no"), ("etc/apt/sources.list.d/x/c.list", "no"), ("a.list", "no"),
        ]
    ]  # fmt: skip
    assert [source.uri for source in apt_sources(files, "amd64").sources] == [
        "http://main.example", "http://a.example", "http://b.example",
    ]  # fmt: skip


def test_files_beyond_reason_are_said_to_be() -> None:
    assert read("#" * (BYTES + 1)).unreadable == (f"{LIST} is larger than {BYTES} bytes and was not read",)
    many = read("\n".join(f"deb http://a.example x{number} main" for number in range(MOST + 1)))
    assert len(many.sources) == MOST
    assert many.unreadable == (f"this image names {MOST + 1} archives, of which the first {MOST} are looked at",)


def test_an_address_is_shown_without_what_may_be_secret() -> None:
    assert shown("https://me:secret@a.example/d?token=x#y") == "https://a.example/d"
    assert shown("http://[") == "an address that cannot be read"


@given(st.text(st.characters(codec="utf-8")), st.sampled_from([LIST, STANZAS]))
def test_it_never_fails(text: str, path: str) -> None:
    read(text, path)
    read(f"deb {text}", LIST)
    read(f"Types: deb\nURIs: {text}\n", STANZAS)


@pytest.mark.parametrize("gap", ["\t", " \t ", "  "])
def test_any_white_space_stands_between_the_words_of_a_line(gap: str) -> None:
    (source,) = read(f"\ufeffdeb{gap}[trusted=yes]{gap}https://mirror.example/{gap}x-security{gap}main").sources
    assert (source.suite, source.components, source.trusted) == ("x-security", ("main",), True)
