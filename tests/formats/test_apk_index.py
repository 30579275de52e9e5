from hypothesis import given
from hypothesis import strategies as st

from bot.formats.apk_index import IndexEntry, Repositories, entries, repositories
from bot.model.packages import SystemFile

INDEX = b"""\
C:Q1pSMyJ3r9vXzPZBTn2NRMX1JtGLU=
P:libcrypto3
V:3.3.2-r1
A:x86_64
S:1798241
I:4632576
T:Crypto library from openssl
U:https://www.openssl.org/
L:Apache-2.0
o:openssl
m:somebody
t:1730741264
D:so:libc.musl-x86_64.so.1
p:so:libcrypto.so.3=3

C:Q1
P:musl
V:1.2.5-r1
A:x86_64

P:nameless-version
A:x86_64

V:1-r0

"""


def a_file(path: str, text: str) -> SystemFile:
    return SystemFile(path=path, data=text.encode())


def test_packages_are_read_with_their_source() -> None:
    assert list(entries(INDEX.splitlines(keepends=True))) == [
        IndexEntry(name="libcrypto3", version="3.3.2-r1", origin="openssl", architecture="x86_64"),
        IndexEntry(name="musl", version="1.2.5-r1", origin="musl", architecture="x86_64"),
    ]


def test_the_last_package_needs_no_empty_line() -> None:
    assert [entry.name for entry in entries([b"P:a\n", b"V:1\n", b"\r\n", b"P:b\r\n", b"V:2"])] == ["a", "b"]


@given(st.lists(st.binary(max_size=12) | st.sampled_from([b"P:a", b"V:1", b"", b"o:", b"\xff:\xff"])))
def test_any_lines_can_be_read(lines: list[bytes]) -> None:
    assert all(entry.name and entry.version and entry.origin for entry in entries(lines))


def test_repositories_are_those_that_packages_come_from_without_asking() -> None:
    found = repositories(
        [
            a_file(
                "etc/apk/repositories",
                "# a comment\n\nhttps://mirror.example/alpine/v3.20/main/\n"
                "  http://mirror.example/alpine/v3.20/community  \n@edge https://mirror.example/alpine/edge/main\n"
                "@edge https://mirror.example/alpine/edge/community\nhttps://mirror.example/alpine/v3.20/main\n",
            ),
            a_file("etc/apk/repositories.d/more.list", "https://more.example/apk"),
            a_file("etc/apk/repositories.d/more.disabled", "https://not.example/apk"),
            a_file("etc/apk/world", "busybox"),
        ]
    )
    assert found == Repositories(
        urls=(
            "https://mirror.example/alpine/v3.20/main",
            "http://mirror.example/alpine/v3.20/community",
            "https://more.example/apk",
        ),
        tagged=("@edge",),
        unreadable=(),
    )


def test_lines_that_cannot_be_followed_are_told_without_passwords() -> None:
    found = repositories(
        [
            a_file(
                "etc/apk/repositories",
                "${ALPINE_MIRROR}/v3.20/main\n/media/cdrom/apks\nndx https://me:secret@mirror.example/x.adb\n"
                "https://mirror.example/${RELEASE}/main\n" + "https://" + "x" * 3000,
            )
        ]
    )
    assert found.urls == ()
    lines = [text.partition("outside: ")[2] for text in found.unreadable]
    assert lines[:4] == [
        "${ALPINE_MIRROR}/v3.20/main",
        "/media/cdrom/apks",
        "ndx https://mirror.example/x.adb",
        "https://mirror.example/${RELEASE}/main",
    ]
    assert len(lines[4]) == 100


@given(st.binary(max_size=200))
def test_any_file_can_be_read(data: bytes) -> None:
    found = repositories([SystemFile(path="etc/apk/repositories", data=data)])
    assert all(url.lower().startswith("http") for url in found.urls)
