"""The rules by which layers hide each other, against a model that really applies them."""

import json
import tarfile
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.formats import layer_stack
from bot.formats.layer_files import LayerEntries, LayerFiles, Mark, Node, dumps, loads
from bot.formats.layer_paths import LONGEST, Group, clean, matters, wanted
from bot.formats.layer_stack import Stack, packages_settled, sources
from bot.model.packages import SystemFile
from tests.rig.layer_model import applied, content
from tests.rig.layers import (
    Entry,
    alpine_files,
    debian_files,
    directory,
    fifo,
    file,
    hardlink,
    opaque,
    symlink,
    system,
    whiteout,
)

WANTED = (
    "etc/os-release",
    "usr/lib/os-release",
    "etc/apt/sources.list",
    "etc/apt/sources.list.d/a.list",
    "etc/apt/keyrings/k",
    "var/lib/dpkg/status",
    "var/lib/dpkg/status.d/a",
    "lib/apk/db/installed",
    "usr/lib/apk/db/installed",
    "var/lib/rpm/rpmdb.sqlite",
    "usr/lib/sysimage/rpm/rpmdb.sqlite",
)
ABOVE = ("etc", "usr", "lib", "var", "etc/apt", "etc/apt/sources.list.d", "usr/lib", "usr/lib/apk", "lib/apk/db",
         "usr/lib/sysimage", "usr/lib/sysimage/rpm", "var/lib", "var/lib/rpm", "var/lib/dpkg", "var/lib/dpkg/status.d")  # fmt: skip
ASIDE = (
    "opt",
    "opt/x",
    "usr/bin",
    "usr/bin/ls",
    "etc/os-release/below",
    "etc/apt/keyrings/k/deep/er",
    "var/lib/dpkg/info",
)
PLACES = (*WANTED, *WANTED, *ABOVE, *ASIDE)
STATUS, RELEASE, LIST = "var/lib/dpkg/status", "usr/lib/os-release", "etc/apt/sources.list"
APK, RPM = "lib/apk/db/installed", "var/lib/rpm/rpmdb.sqlite"

places = st.sampled_from(PLACES)
ups = st.sampled_from(("", "/", "../", "../../", "../../../", "../../../../", "./"))
targets = st.builds(
    str.__add__, ups, st.one_of(places, places.map(lambda path: path.rpartition("/")[2]), st.just(".."))
)
entries = st.one_of(
    st.builds(file, places, st.binary(min_size=1, max_size=2)),
    st.builds(directory, places),
    st.builds(symlink, places, targets),
    st.builds(hardlink, places, places),
    st.builds(fifo, places),
    st.builds(whiteout, places),
    st.builds(opaque, st.one_of(places, st.just(""))),
)
images = st.lists(st.lists(entries, max_size=7), max_size=4)


def read(layer: Sequence[Entry]) -> LayerFiles:
    """Gather a layer as the reader of tars does."""
    gathered = LayerEntries()
    for entry in layer:
        nodes: dict[bytes, Node] = {
            tarfile.REGTYPE: entry.data,
            tarfile.DIRTYPE: Mark.DIRECTORY,
            tarfile.SYMTYPE: entry.target,
            tarfile.LNKTYPE: gathered.linked(entry.target),
        }
        gathered.add(clean(entry.path) or "", nodes.get(entry.kind, Mark.OTHER))
    return gathered.finish()


def stacked(*layers: Sequence[Entry]) -> Stack:
    """Stack layers; as in an image, the lowest is named first."""
    stack = Stack()
    for layer in reversed(layers):
        stack.push(read(layer))
    return stack


@settings(max_examples=1000)
@given(images)
@example([[file("lib/apk/db/installed", b"1")], [symlink("lib", "usr/lib")], [directory("lib")]])
@example([[file("etc/apt/sources.list", b"1")], [symlink("etc/apt", "/usr"), directory("etc/apt")]])
@example([[file(LIST, b"1")], [whiteout("etc/apt"), whiteout(LIST)]])
def test_a_walk_from_the_top_agrees_with_applying_the_layers_from_the_bottom(image: list[list[Entry]]) -> None:
    tree, stack = applied(image), stacked(*image)
    assert {path: stack.file(path) for path in WANTED} == {path: content(tree, path) for path in WANTED}


@settings(max_examples=1000)
@given(images)
def test_what_is_settled_is_not_changed_by_any_layer_below(image: list[list[Entry]]) -> None:
    tree, stack = applied(image), Stack()
    for layer in reversed(image):
        stack.push(read(layer))
        for path in WANTED:
            assert not stack.settled(path) or stack.file(path) == content(tree, path)


@given(images)
def test_all_files_are_those_that_stand_at_their_paths(image: list[list[Entry]]) -> None:
    stack = stacked(*image)
    files = stack.files()
    assert all(stack.file(path) == data for path, data in files.items())
    assert list(files) == sorted(files)
    assert not {*files} & {*stack.astray()}
    assert all(wanted(path) for path in (*files, *stack.astray()))


@given(st.lists(entries, max_size=12))
def test_what_a_layer_says_is_read_back_as_it_was_written(layer: list[Entry]) -> None:
    found = read(layer)
    assert loads(dumps(found)) == found
    assert len(found.nodes()) == sum(map(len, (found.files, found.links, found.directories, found.other)))


@pytest.mark.parametrize(
    "text",
    [None, "", "{", "[]", "null", '"x"', "{}", json.dumps({"version": "0"}), dumps(LayerFiles()).replace('"files"', '"f"'),
     dumps(LayerFiles(files=(SystemFile(path=LIST, data=b"x"),))).replace('"eJ', '"zz'),
     dumps(LayerFiles()).replace('"links":[]', '"links":[1]'), dumps(LayerFiles()).replace("[]", "7", 1),
     dumps(LayerFiles()).replace('"hidden":[]', '"hidden":[5]'), dumps(LayerFiles()).replace('"opaque":[]', '"opaque":"ab"'),
     "[" * 100_000],
)  # fmt: skip
def test_what_another_version_kept_is_not_read(text: str | None) -> None:
    assert loads(text) is None


@pytest.mark.parametrize(
    ("layers", "path", "expected"),
    [
        pytest.param([[file(STATUS, b"1")], [file(STATUS, b"2")]], STATUS, b"2", id="the upper one counts"),
        pytest.param([[file(STATUS, b"1")], [whiteout(STATUS)]], STATUS, None, id="removed"),
        pytest.param([[file(STATUS, b"1")], [whiteout("var/lib")]], STATUS, None, id="removed with its directory"),
        pytest.param([[file(STATUS, b"1")], [opaque("var")]], STATUS, None, id="in an opaque directory"),
        pytest.param([[file(STATUS, b"1")], [opaque("")]], STATUS, None, id="in an opaque root"),
        pytest.param([[file(STATUS, b"1")], [opaque(STATUS)]], STATUS, None, id="replaced by an opaque directory"),
        pytest.param([[file(STATUS, b"1")], [file(STATUS, b"2"), whiteout(STATUS)]], STATUS, b"2", id="removed and made"),
        pytest.param([[whiteout("var/lib"), file(STATUS, b"2")]], STATUS, b"2", id="never from its own layer"),
        pytest.param([[file(STATUS, b"1")], [file("var/lib", b"")]], STATUS, None, id="a file above it"),
        pytest.param([[file(STATUS, b"1")], [fifo("var/lib")]], STATUS, None, id="a pipe above it"),
        pytest.param([[file(STATUS, b"1")], [fifo(STATUS)]], STATUS, None, id="a pipe in its place"),
        pytest.param([[file(STATUS, b"1")], [symlink("var/lib", "x")]], STATUS, None, id="a link above it"),
        pytest.param([[file(STATUS, b"1")], [directory(STATUS)]], STATUS, None, id="a directory in its place"),
        pytest.param([[file(STATUS, b"1")], [whiteout(STATUS)], [file(STATUS, b"3")]], STATUS, b"3", id="made again"),
        pytest.param([[file(STATUS, b"1")], [file(STATUS, b"2"), file(STATUS, b"3")]], STATUS, b"3", id="the newer entry"),
        pytest.param([[file(STATUS, b"1")], [Entry("var/lib/dpkg/.wh..wh.status")]], STATUS, b"1", id="aufs"),
        pytest.param([[file(STATUS, b"1")], [Entry("var/lib/dpkg/.wh.")]], STATUS, b"1", id="a whiteout of no name"),
        pytest.param([[file(STATUS, b"1")], [Entry("var/lib/dpkg/.wh...")]], STATUS, b"1", id="a whiteout of dots"),
        pytest.param([[file(STATUS, b"1")], [Entry(".wh..wh.plnk/1")]], STATUS, b"1", id="links of aufs"),
        pytest.param([[file(STATUS, b"1")], [directory("var/lib/.wh.dpkg")]], STATUS, None, id="a whiteout directory"),
        pytest.param([[file(RELEASE, b"1"), symlink("etc/os-release", "../usr/lib/os-release")]], "etc/os-release", b"1", id="a link"),
        pytest.param([[file(RELEASE, b"1"), symlink("etc/os-release", "/usr/lib/os-release")]], "etc/os-release", b"1", id="an absolute link"),
        pytest.param([[file(RELEASE, b"1"), symlink("etc/os-release", "../../../../usr/lib/os-release")]], "etc/os-release", b"1", id="above the root"),
        pytest.param([[symlink("etc/os-release", "os-release")]], "etc/os-release", None, id="a loop of one"),
        pytest.param([[symlink("lib", "usr/lib"), symlink("usr/lib", "/lib")]], APK, None, id="a loop of two"),
        pytest.param([[symlink("etc/os-release", "")]], "etc/os-release", None, id="an empty link"),
        pytest.param([[symlink("etc/os-release", "../usr/lib/os-release/"), file(RELEASE, b"1")]], "etc/os-release", None, id="a file as directory"),
        pytest.param([[symlink("var/lib/rpm", "../../usr/lib/sysimage/rpm"), file("usr/lib/sysimage/rpm/rpmdb.sqlite", b"1")]], RPM, b"1", id="a linked directory"),
        pytest.param([[symlink("lib", "usr/lib")], [file("usr/lib/apk/db/installed", b"1")]], APK, b"1", id="merged usr"),
        pytest.param([[symlink("lib", "usr/lib"), file("usr/lib/apk/db/installed", b"1")], [directory("lib")]], APK, None, id="a directory in the place of a link"),
        pytest.param([[file(RELEASE, b"1"), hardlink("etc/os-release", RELEASE)]], "etc/os-release", b"1", id="a hard link"),
        pytest.param([[file(RELEASE, b"1"), hardlink("etc/os-release", f"./{RELEASE}"), file(RELEASE, b"2")]], "etc/os-release", b"1", id="a hard link to what stood there"),
        pytest.param([[file(RELEASE, b"1")], [hardlink("etc/os-release", RELEASE)]], "etc/os-release", b"1", id="a hard link into a layer below"),
        pytest.param([[hardlink("etc/os-release", "opt/x")]], "etc/os-release", None, id="a hard link to what is not kept"),
        pytest.param([[hardlink("etc/os-release", "../x")]], "etc/os-release", None, id="a hard link out of the image"),
        pytest.param([[symlink(RELEASE, "../../etc/os-release"), hardlink(LIST, RELEASE)]], LIST, None, id="a hard link to a link"),
    ],
)  # fmt: skip
def test_layers_hide_each_other_as_the_specification_says(
    layers: list[list[Entry]], path: str, expected: bytes | None
) -> None:
    assert stacked(*layers).file(path) == expected
    assert content(applied(layers), path) == expected


def test_a_directory_that_ends_forgets_what_the_layer_had_in_it() -> None:
    gathered = LayerEntries()
    gathered.add(LIST, b"12345")
    gathered.add("etc/apt/keyrings/k", b"123")
    gathered.add(STATUS, b"12")
    assert (gathered.size, gathered.count) == (10, 9)
    gathered.add("etc/apt", Mark.OTHER)
    assert (gathered.size, gathered.count) == (2, 6)
    gathered.add("etc/apt/keyrings/k", b"1")
    assert gathered.finish() == LayerFiles(
        files=(SystemFile(path="etc/apt/keyrings/k", data=b"1"), SystemFile(path=STATUS, data=b"12")),
        directories=("etc", "etc/apt", "etc/apt/keyrings", "var", "var/lib", "var/lib/dpkg"),
        opaque=("etc/apt",),
    )


def test_forty_links_are_followed_and_no_more() -> None:
    names = [f"etc/apt/keyrings/{number}" for number in range(42)]
    links = [symlink(path, f"/{after}") for path, after in pairwise(names)]
    stack = stacked([*links, file(names[-1], b"key")])
    assert (stack.file(names[1]), stack.file(names[0])) == (b"key", None)


def test_a_link_that_is_longer_than_a_path_may_be_leads_nowhere() -> None:
    stack = stacked([symlink("etc/os-release", "/" * LONGEST + RELEASE), file(RELEASE, b"1")])
    assert (stack.file("etc/os-release"), stack.astray()) == (None, ("etc/os-release",))


def test_a_path_is_settled_only_when_its_link_and_where_it_leads_are() -> None:
    stack = Stack()
    assert not stack.settled("etc/os-release")
    stack.push(read([symlink("etc/os-release", "../usr/lib/os-release")]))
    assert not stack.settled("etc/os-release")
    stack.push(read([file(RELEASE, b"1")]))
    assert stack.settled("etc/os-release")


def test_what_exists_and_cannot_be_read_is_named() -> None:
    stack = stacked(
        [file(LIST, b"1"), fifo(STATUS), symlink("etc/apt/keyrings/k", "/root/key"), directory("etc/apt/trusted.gpg")]
    )
    assert stack.astray() == ("etc/apt/keyrings/k", "etc/apt/trusted.gpg", STATUS)


def test_a_link_to_a_database_is_no_second_database() -> None:
    stack = stacked([symlink(APK, "/usr/lib/apk/db/installed"), file("usr/lib/apk/db/installed", b"P:musl\n")])
    assert stack.files() == {"usr/lib/apk/db/installed": b"P:musl\n"}
    assert stacked([symlink("etc/os-release", f"/{RELEASE}"), file(RELEASE, b"1")]).files() == {
        "etc/os-release": b"1",
        RELEASE: b"1",
    }


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        pytest.param([], False, id="nothing yet"),
        pytest.param([system(debian_files({"a": "1"}))], True, id="Debian"),
        pytest.param([system(alpine_files({"a": "1"}))], True, id="Alpine"),
        pytest.param([[symlink("lib", "usr/lib"), file("usr/lib/apk/db/installed", b"P:musl\n")]], True, id="merged Alpine"),
        pytest.param([[file(RPM, b"SQLite format 3\0...")]], True, id="rpm"),
        pytest.param([[file(RPM, b"")]], False, id="an empty rpm database"),
        pytest.param([[file("var/lib/rpm/Packages", b"x")]], False, id="an old rpm database"),
        pytest.param([[file(STATUS, b"\n")]], False, id="an empty status"),
        pytest.param([[file("var/lib/dpkg/status.d/base", b"Package: base\n")]], False, id="distroless"),
        pytest.param([system(debian_files({"a": "1"})), [file("var/lib/dpkg/status.d/base", b"Package: base\n")]], False, id="both, status.d on top"),
        pytest.param([[file("var/lib/dpkg/status.d/base.md5sums", b"x")], system(debian_files({"a": "1"}))], True, id="checksums are no packages"),
        pytest.param([[whiteout("var/lib/dpkg")]], False, id="removed"),
        pytest.param([system(debian_files({"a": "1"})), [whiteout("var")]], False, id="removed above"),
    ],
)  # fmt: skip
def test_a_walk_may_stop_for_packages_where_a_whole_database_was_found(
    layers: list[list[Entry]], expected: bool
) -> None:
    assert packages_settled(stacked(*layers)) is expected


def test_sources_come_from_all_layers() -> None:
    stack = stacked(
        system(debian_files({"a": "1"}, sources="Types: deb\n")),
        [file("etc/apt/sources.list.d/more.list", b"deb"), file("etc/apt/sources.list.d/more.list.save", b"old")],
        [file("usr/share/keyrings/k.gpg", b"key"), file("usr/share/keyrings/README", b"text")],
    )
    assert sources(stack) == (
        SystemFile(path="etc/apt/sources.list.d/debian.sources", data=b"Types: deb\n"),
        SystemFile(path="etc/apt/sources.list.d/more.list", data=b"deb"),
        SystemFile(path="usr/share/keyrings/k.gpg", data=b"key"),
    )


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (STATUS, Group.PACKAGES),
        ("var/lib/dpkg/status.d/libc6", Group.PACKAGES),
        ("var/lib/dpkg/status.d/libc6.md5sums", None),
        ("var/lib/dpkg/status-old", None),
        (APK, Group.PACKAGES),
        ("usr/lib/sysimage/rpm/rpmdb.sqlite", Group.PACKAGES),
        ("etc/os-release", Group.PACKAGES),
        (RELEASE, Group.PACKAGES),
        (LIST, Group.SOURCES),
        ("etc/apt/sources.list.d/debian.sources", Group.SOURCES),
        ("etc/apt/sources.list.d/a.list", Group.SOURCES),
        ("etc/apt/sources.list.d/a.list.d/b.list", None),
        ("etc/apt/sources.list.d", None),
        ("etc/apt/trusted.gpg", Group.SOURCES),
        ("etc/apt/trusted.gpg~", None),
        ("etc/apt/trusted.gpg.d/debian archive.asc", Group.SOURCES),
        ("etc/apt/keyrings/x", Group.SOURCES),
        ("usr/share/keyrings/x.gpg", Group.SOURCES),
        ("usr/share/keyrings/x.pgp", Group.SOURCES),
        ("usr/share/keyrings/x", None),
        ("etc/apk/repositories", Group.SOURCES),
        ("etc/apk/repositories.d/x", Group.SOURCES),
        ("etc/apk/arch", Group.SOURCES),
        ("etc/apk/keys/a.rsa.pub", Group.SOURCES),
        ("etc/apt/keyrings/.wh.x", None),
        ("etc/apt/keyrings/\udcff", None),
        ("etc/apt/keyrings/a\nb", None),
        ("etc/passwd", None),
        ("", None),
    ],
)  # fmt: skip
def test_a_path_is_wanted_for_packages_or_for_sources_or_not_at_all(path: str, expected: Group | None) -> None:
    assert wanted(path) is expected
    assert matters(path) is (expected is not None or path == "etc/apt/sources.list.d")
    assert layer_stack.wanted is wanted


@pytest.mark.parametrize("path", WANTED)
def test_all_directories_above_a_wanted_path_matter(path: str) -> None:
    parts = path.split("/")
    assert all(matters("/".join(parts[:count])) for count in range(1, len(parts) + 1))
    assert not matters(f"{path}/x")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a/b", "a/b"), ("a/b/", "a/b"), ("./a", "a"), ("/a", "a"), ("//a//b", "a/b"), ("a/./b", "a/b"), ("a/../b", "b"),
        ("/../a", "a"), ("../a", None), ("a/../../b", None), ("", ""), (".", ""), ("./", ""), ("/", ""), ("..", None), ("a/..", ""),
        ("a/.", "a"), ("a.", "a."), ("a\0b", None), (f"{'a/' * 2048}b", None), ("é/ü", "é/ü"), ("a./b", "a./b"),
    ],
)  # fmt: skip
def test_a_name_is_brought_into_one_form(name: str, expected: str | None) -> None:
    assert clean(name) == expected
