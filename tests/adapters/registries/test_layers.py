"""Reading layers as streams: every compression, every writer of tars, and layers made to do harm."""

import gzip
import hashlib
import io
import itertools
import tarfile
import tracemalloc
from collections.abc import Iterator

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.adapters.registries.layers import LayerLimits, read_layer
from bot.formats.layer_files import LayerFiles
from bot.formats.layer_stack import Stack
from bot.model.packages import SystemFile
from tests.rig.layer_model import applied, content
from tests.rig.layers import (
    DOCKER_LAYER,
    DOCKER_MANIFEST,
    PLAIN_LAYER,
    Entry,
    Format,
    How,
    compressed,
    debian_files,
    directory,
    fifo,
    file,
    hardlink,
    layer,
    opaque,
    push_layers,
    symlink,
    system,
    whiteout,
)
from tests.rig.registry import LAYER, DockerRegistry

HOW: tuple[How, ...] = ("gzip", "gzip-multi", "zstd", "zstd-multi", "none")
STATUS, RELEASE, KEY = "var/lib/dpkg/status", "usr/lib/os-release", "etc/apt/keyrings/key"
END = bytes(1024)
MIB = 1 << 20
ABOVE = ("var", "var/lib", "var/lib/dpkg")


def cut(data: bytes, size: int = 1000) -> Iterator[bytes]:
    """Give data in chunks."""
    return (data[at : at + size] for at in range(0, len(data), size))


def read(data: bytes, media_type: str = LAYER, *, size: int = 1000, **limits: float) -> LayerFiles:
    """Read a layer; the clock stands still."""
    return read_layer(cut(data, size), media_type, limits=LayerLimits(**limits), monotonic=lambda: 0.0)  # type: ignore[arg-type] # all are numbers


def files(found: LayerFiles) -> dict[str, bytes]:
    return {one.path: one.data for one in found.files}


def bare(*entries: Entry) -> bytes:
    """Write a tar without the zero blocks at its end."""
    return layer(entries).rstrip(b"\0").ljust(512 * sum(1 + -(-len(entry.data) // 512) for entry in entries), b"\0")


def header(name: str, kind: bytes = tarfile.REGTYPE, size: int = 0) -> bytes:
    """Write one header, which may lie about its size."""
    member = tarfile.TarInfo(name)
    member.type, member.size = kind, size
    return member.tobuf(tarfile.GNU_FORMAT)


@pytest.mark.parametrize("size", [1, 7, 512, 1000, 1 << 30])
@pytest.mark.parametrize("how", HOW)
def test_a_layer_is_read_in_every_compression_and_in_chunks_of_any_size(how: How, size: int) -> None:
    wanted = debian_files({"libc6": "2.36-9", "openssl": "3.0.11-1"}, sources="Types: deb\n")
    rest = [file(f"usr/bin/{number}", bytes(number * 100)) for number in range(30)]
    made = compressed(layer([*rest, *system(wanted)]), how)
    assert files(read(made.data, size=size)) == wanted
    assert files(read(made.data, "application/octet-stream", size=size)) == wanted
    assert files(read(made.data, PLAIN_LAYER, size=size)) == wanted


def test_frames_that_are_to_be_skipped_are_skipped() -> None:
    skip = b"\x5e\x2a\x4d\x18" + (3).to_bytes(4, "little") + b"xyz"
    parts = (skip, compressed(bare(file(RELEASE, b"1")), "zstd").data, skip, compressed(END, "zstd").data, skip)
    assert files(read(b"".join(parts))) == {RELEASE: b"1"}


def test_the_members_of_an_estargz_are_one_tar() -> None:
    parts = (bare(directory("usr")), bare(file(RELEASE, b"1")), bare(file("stargz.index.json", b"{}")) + END, b"")
    assert files(read(b"".join(gzip.compress(part, mtime=0) for part in parts))) == {RELEASE: b"1"}


def test_large_chunks_are_not_copied_again_and_again() -> None:
    data = compressed(layer([file("opt/zeros", bytes(64 * MIB)), file(RELEASE, b"1")])).data * 1
    assert files(read(data, size=1 << 30)) == {RELEASE: b"1"}


@pytest.mark.parametrize("how", HOW)
def test_all_chunks_are_consumed_also_after_the_end_of_the_tar(how: How) -> None:
    rest = b"\x50\x2a\x4d\x18" + (300_000).to_bytes(4, "little") if how.startswith("zstd") else b""
    data, seen = compressed(layer([file(RELEASE, b"1")]), how).data + rest + bytes(300_000), hashlib.sha256()

    def chunks() -> Iterator[bytes]:
        for chunk in cut(data):
            seen.update(chunk)
            yield chunk

    read_layer(chunks(), LAYER, limits=LayerLimits(), monotonic=lambda: 0.0)
    assert seen.digest() == hashlib.sha256(data).digest()


@pytest.mark.parametrize("data", [b"no layer" * 1000, gzip.compress(b"no layer" * 1000, mtime=0) + bytes(9999)])
def test_all_chunks_are_consumed_also_of_what_is_no_layer(data: bytes) -> None:
    chunks = cut(data)
    with pytest.raises(ValueError, match="not a tar archive"):
        read_layer(chunks, LAYER, limits=LayerLimits(), monotonic=lambda: 0.0)
    assert next(chunks, None) is None


def test_what_the_connection_raises_goes_through() -> None:
    def chunks() -> Iterator[bytes]:
        yield gzip.compress(b"")[:5]
        raise LookupError("the line is dead")

    with pytest.raises(LookupError, match="dead"):
        read_layer(chunks(), LAYER, limits=LayerLimits(), monotonic=lambda: 0.0)


@pytest.mark.parametrize("keep", [0.01, 0.3, 0.6, 0.99])
@pytest.mark.parametrize("how", HOW)
def test_a_truncated_layer_is_refused(how: How, keep: float) -> None:
    noise = b"".join(hashlib.sha256(b"%d" % number).digest() for number in range(3000))
    tar = bare(file(RELEASE, b"1"), file("opt/noise", noise))
    data = compressed(tar, how).data
    with pytest.raises(ValueError, match=r"early|damaged"):
        read(data[: int(len(data) * keep)])


@pytest.mark.parametrize("count", [1, 300, 511, 513, 1000])
def test_a_tar_that_ends_inside_a_block_or_a_file_is_refused(count: int) -> None:
    with pytest.raises(ValueError, match="too early"):
        read(bare(file(RELEASE, bytes(600)))[:count])


def test_a_tar_may_end_without_its_end_mark_or_be_empty() -> None:
    tar = bare(file(RELEASE, b"1"))
    assert [files(read(one)) for one in (tar, tar + bytes(512), tar + END)] == [{RELEASE: b"1"}] * 3
    assert read(END) == read(b"") == LayerFiles()


def test_of_concatenated_tars_only_the_first_counts_as_for_engines() -> None:
    assert files(read(layer([file(RELEASE, b"1")]) + layer([file(STATUS, b"2")]))) == {RELEASE: b"1"}
    with pytest.raises(ValueError, match="end mark"):
        read(bare(file(RELEASE, b"1")) + bytes(512) + layer([file(STATUS, b"2")]))


@pytest.mark.parametrize("data", [b"\x1f\x8b\xff" + bytes(100), b"\x28\xb5\x2f\xfd" + b"\xff" * 100, gzip.compress(bare(fifo("a")), mtime=0) + b"x" * 99])  # fmt: skip
def test_damaged_compression_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="damaged"):
        read(data)


def test_an_encrypted_layer_is_refused() -> None:
    with pytest.raises(ValueError, match="encrypted"):
        read(compressed(END).data, "application/vnd.oci.image.layer.v1.tar+gzip+encrypted")


def test_a_zstd_window_that_is_too_large_is_refused() -> None:
    parameters = zstandard.ZstdCompressionParameters(window_log=28, compression_level=1)
    packer = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    with pytest.raises(ValueError, match="damaged"):
        read(packer.compress(END) + packer.flush())


@pytest.mark.parametrize("how", ["gzip", "zstd"])
def test_a_bomb_is_ended_without_filling_memory(how: How) -> None:
    zeros, bomb = bytes(MIB), io.BytesIO()
    packer = gzip.GzipFile(fileobj=bomb, mode="wb", compresslevel=1) if how == "gzip" else zstandard.open(bomb, "wb", closefd=False)  # fmt: skip
    with packer as out:
        out.write(header("opt/bomb", size=300 * MIB))
        for _ in range(300):
            out.write(zeros)
        out.write(layer([file(RELEASE, b"1")]))
    data = bomb.getvalue()
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="more than 209715200 bytes"):
            read(data, size=MIB, unpacked=200 * MIB)
        assert files(read(data, size=MIB)) == {RELEASE: b"1"}
        assert tracemalloc.get_traced_memory()[1] < 8 * MIB
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK])
def test_a_huge_header_is_refused_before_it_is_read(kind: bytes) -> None:
    def chunks() -> Iterator[bytes]:
        yield header("x", kind, 1 << 30)
        yield from itertools.repeat(bytes(MIB), 100)

    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="a header of 1073741824 bytes"):
            read_layer(chunks(), LAYER, limits=LayerLimits(), monotonic=lambda: 0.0)
        assert tracemalloc.get_traced_memory()[1] < 4 * MIB
    finally:
        tracemalloc.stop()


def test_two_hundred_thousand_empty_entries_are_passed_or_counted() -> None:
    tar = header("usr/lib/empty") * 200_000 + layer([file(RELEASE, b"1")])
    assert files(read(tar, size=MIB)) == {RELEASE: b"1"}
    with pytest.raises(ValueError, match="more than 1000 entries"):
        read(tar, size=MIB, entries=1000)


@pytest.mark.parametrize("kind", [tarfile.REGTYPE, tarfile.FIFOTYPE, tarfile.SYMTYPE, tarfile.DIRTYPE])
@pytest.mark.parametrize("folder", ["etc/apt/keyrings/", "etc/apt/keyrings/.wh.", "etc/apt/keyrings/{}/.wh."])
def test_what_is_remembered_is_bounded(folder: str, kind: bytes) -> None:
    paths = ((folder if "{}" in folder else f"{folder}{{}}").format(n) + "x" for n in range(3000))
    tar = b"".join(header(path, kind) for path in paths)
    with pytest.raises(ValueError, match="more than 1000 paths"):
        read(tar, size=MIB, kept=1000)


def test_a_file_that_is_too_large_is_refused_before_it_is_read() -> None:
    with pytest.raises(ValueError, match="var/lib/dpkg/status has 67108865 bytes"):
        read(header(STATUS, size=64 * MIB + 1))


def test_all_files_together_are_bounded_with_their_hard_links() -> None:
    keys = [file(f"{KEY}{number}", bytes(1000)) for number in range(10)]
    assert len(read(layer(keys), files=10_000).files) == 10
    with pytest.raises(ValueError, match="more than 9999 bytes"):
        read(layer(keys), files=9999)
    with pytest.raises(ValueError, match="more than 1999 bytes"):
        read(layer([keys[0], hardlink(f"{KEY}x", keys[0].path)]), files=1999)
    assert len(read(layer([keys[0]] * 9), files=2000).files) == 1


def test_a_layer_that_takes_too_long_is_refused() -> None:
    ticks = itertools.count()
    chunks = itertools.chain([header("opt/x", size=1 << 40)], itertools.repeat(bytes(512)))
    with pytest.raises(ValueError, match="within 20 seconds"):
        read_layer(chunks, LAYER, limits=LayerLimits(seconds=20), monotonic=lambda: float(next(ticks)))


def test_a_layer_that_never_ends_after_its_tar_is_refused_in_time() -> None:
    ticks = itertools.count()
    chunks = itertools.chain([layer([file(RELEASE, b"1")])], itertools.repeat(b"x"))
    with pytest.raises(ValueError, match="within 20 seconds"):
        read_layer(chunks, LAYER, limits=LayerLimits(seconds=20), monotonic=lambda: float(next(ticks)))


@pytest.mark.parametrize("size", [512, 513, 1 << 40])
def test_a_file_with_a_lying_size_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match="too early"):
        read(header("opt/liar", size=size) + bytes(511))


def test_the_size_of_links_and_directories_is_not_believed() -> None:
    odd = b"".join(header(f"opt/{kind!r}", kind, 4096) for kind in (b"1", b"2", b"3", b"4", b"5", b"6"))
    assert files(read(odd + layer([file(RELEASE, b"1")]))) == {RELEASE: b"1"}


@pytest.mark.parametrize("how", ["gnu", "pax"])
@pytest.mark.parametrize("length", [90, 101, 156, 256, 300, 3000])
def test_long_names_and_targets_are_read(how: Format, length: int) -> None:
    name, target = f"etc/apt/keyrings/{'é' * length}", f"../{'u/' * length}k"
    found = read(layer([file(name, b"1"), symlink(KEY, target), file("z" * length), file(RELEASE, b"2")], format=how))
    assert files(found) == {name: b"1", RELEASE: b"2"}
    assert found.links == ((KEY, target if len(target) <= 4096 else ""),)[: len(target) <= 4096]


@pytest.mark.parametrize("how", ["gnu", "pax"])
def test_names_that_are_not_utf8_or_not_printable_are_passed(how: Format) -> None:
    names = ["etc/apt/keyrings/\udcff", "etc/apt/keyrings/\n", "opt/\udcff", "etc/apt/keyrings/schlüssel", "\udcff"]
    entries = [file(name, b"x") for name in names]
    assert files(read(layer(entries, format=how))) == {"etc/apt/keyrings/schlüssel": b"x"}


@pytest.mark.parametrize(
    "name",
    [f"./{STATUS}", f"/{STATUS}", f"//{STATUS}", "var/../var/lib/dpkg/status", "var//lib/./dpkg/status", f"/../../{STATUS}", "x/../var/lib/dpkg/status"],
)  # fmt: skip
def test_odd_names_of_a_path_are_the_path(name: str) -> None:
    assert files(read(layer([file(name, b"1")]))) == {STATUS: b"1"}


@pytest.mark.parametrize("name", [f"../{STATUS}", f"a/../../{STATUS}", "", ".", "./", "/", "..", f"{STATUS}/..", f"{'d/' * 2100}{STATUS}"])  # fmt: skip
def test_names_that_lead_out_or_nowhere_are_passed(name: str) -> None:
    assert read(layer([file(name, b"1"), fifo(RELEASE)])).files == ()


def test_what_is_no_file_is_not_read_as_one() -> None:
    sparse = bytearray(header(STATUS, tarfile.GNUTYPE_SPARSE, 512))
    sparse[482] = 1
    sparse[148:156] = b" " * 8
    sparse[148:156] = b"%06o\0 " % sum(sparse)
    tar = bytes(sparse) + (bytes(504) + b"\1").ljust(512, b"\0") + bytes(512) + b"\xff" * 512
    found = read(tar + layer([fifo(KEY), symlink("etc/os-release", "x"), file(RELEASE, b"1")]))
    assert found == LayerFiles(
        files=(SystemFile(path=RELEASE, data=b"1"),),
        links=(("etc/os-release", "x"),),
        directories=("etc", "etc/apt", "etc/apt/keyrings", "usr", "usr/lib", *ABOVE),
        other=(KEY, STATUS),
    )


def test_a_sparse_file_of_pax_and_global_headers_are_passed() -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT, pax_headers={"path": "usr/lib/os-release", "comment": "x"}) as tar:  # fmt: skip
        member = tarfile.TarInfo("var/lib/dpkg/GNUSparseFile.0/status")
        member.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": STATUS}
        member.size = 1024
        tar.addfile(member, io.BytesIO(b"0\n".ljust(1024, b"\0")))
        tar.addfile(tarfile.TarInfo("opt/x"))
    assert read(buffer.getvalue()) == LayerFiles(other=(STATUS,), directories=ABOVE)


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        pytest.param([whiteout(STATUS), file(STATUS, b"1")], {"files": {STATUS: b"1"}, "hidden": (STATUS,)}, id="first removed"),
        pytest.param([file(STATUS, b"1"), whiteout(STATUS)], {"files": {STATUS: b"1"}, "hidden": (STATUS,)}, id="then removed"),
        pytest.param([file(STATUS, b"1"), whiteout("var/lib")], {"files": {STATUS: b"1"}, "hidden": ("var/lib",)}, id="the parent removed"),
        pytest.param([opaque("var/lib"), file(STATUS, b"1")], {"files": {STATUS: b"1"}, "opaque": ("var/lib",)}, id="first opaque"),
        pytest.param([file(STATUS, b"1"), opaque("var/lib")], {"files": {STATUS: b"1"}, "opaque": ("var/lib",)}, id="then opaque"),
        pytest.param([file(STATUS, b"1"), opaque("")], {"files": {STATUS: b"1"}, "opaque": ("",)}, id="an opaque root"),
        pytest.param([file(STATUS, b"1"), Entry("./.wh..wh..opq")], {"files": {STATUS: b"1"}, "opaque": ("",)}, id="with a dot"),
        pytest.param([whiteout("var/lib/dpkg/.wh.status")], {}, id="of a whiteout"),
        pytest.param([Entry(".wh..wh.plnk"), Entry(".wh..wh.plnk/12"), Entry(".wh..wh.aufs")], {}, id="of aufs"),
        pytest.param([whiteout("opt/x"), opaque("opt")], {}, id="of what does not matter"),
        pytest.param([file(STATUS, b"1"), file(STATUS, b"2")], {"files": {STATUS: b"2"}}, id="twice"),
        pytest.param([file(STATUS, b"1"), fifo(STATUS)], {"other": (STATUS,)}, id="then a pipe"),
        pytest.param([file(STATUS, b"1"), hardlink(KEY, STATUS)], {"files": {KEY: b"1", STATUS: b"1"}}, id="a hard link"),
        pytest.param([hardlink(KEY, STATUS), file(STATUS, b"1")], {"files": {STATUS: b"1"}, "links": ((KEY, f"/{STATUS}"),)}, id="a hard link too early"),
        pytest.param([symlink("etc/apt", "apt")], {"links": (("etc/apt", "apt"),)}, id="a loop"),
    ],
)  # fmt: skip
def test_a_layer_says_what_it_has_and_hides(entries: list[Entry], expected: dict[str, object]) -> None:
    found = read(layer(entries))
    said = {"files": files(found), "hidden": found.hidden, "opaque": found.opaque, "links": found.links, "other": found.other}  # fmt: skip
    assert {name: rows for name, rows in said.items() if rows} == expected


def test_layers_of_every_compression_come_back_from_a_real_registry(docker_registry: DockerRegistry) -> None:
    low, top = debian_files({"libc6": "2.36-9"}), debian_files({"libc6": "2.36-10"})
    lower = [compressed(layer([*system(low), file(f"{KEY}{how}", b"k")]), how) for how in HOW]
    image = [*lower, compressed(layer(system(top)), media_type=DOCKER_LAYER)]
    digest, stack = push_layers(docker_registry, "library/python", "3.12", image), Stack()
    with docker_registry.client() as client:
        manifest = client.get(f"/v2/library/python/manifests/{digest}", headers={"accept": DOCKER_MANIFEST}).json()
        for one in reversed(manifest["layers"]):
            blob = client.get(f"/v2/library/python/blobs/{one['digest']}").content
            stack.push(read(blob, one["mediaType"]))
    assert stack.files() == {**top, **{f"{KEY}{how}": b"k" for how in HOW}}


PLACES = ("etc/os-release", RELEASE, "etc/apt/sources.list", "etc/apt", "etc", KEY, STATUS, "var/lib/dpkg", "var", "lib",
          "lib/apk/db/installed", "usr/lib/apk/db/installed", "usr/lib", "opt/x")  # fmt: skip
places = st.sampled_from(PLACES)
entries = st.one_of(
    st.builds(file, places, st.binary(min_size=1, max_size=600)),
    st.builds(directory, places),
    st.builds(symlink, places, st.sampled_from((*PLACES, "/usr/lib", "usr/lib", "../usr/lib/os-release", "../../etc"))),
    st.builds(hardlink, places, places),
    st.builds(fifo, places),
    st.builds(whiteout, places),
    st.builds(opaque, st.one_of(places, st.just(""))),
)


@settings(max_examples=300)
@given(st.lists(st.tuples(st.lists(entries, max_size=6), st.sampled_from(HOW)), max_size=4), st.integers(1, 3000))
def test_layers_read_from_the_top_agree_with_layers_that_are_applied(
    layers: list[tuple[list[Entry], How]], size: int
) -> None:
    tree, stack = applied([rows for rows, _ in layers]), Stack()
    for rows, how in reversed(layers):
        stack.push(read(compressed(layer(rows), how).data, size=size))
    assert {path: stack.file(path) for path in PLACES} == {path: content(tree, path) for path in PLACES}


@given(st.binary(max_size=300), st.integers(0, 3000), st.sampled_from(HOW))
def test_a_damaged_layer_is_read_or_refused_and_never_more(noise: bytes, at: int, how: How) -> None:
    data = compressed(layer([*system(debian_files({"a": "1"})), symlink(KEY, "k" * 300)], format="gnu"), how).data
    at = min(at, len(data))
    try:
        found = read(data[:at] + noise + data[at + len(noise) :], files=100_000, unpacked=10 * MIB)
    except ValueError:
        return
    assert isinstance(found, LayerFiles)
