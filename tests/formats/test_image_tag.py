"""Reading tags as versions, and the OS releases in them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.formats.image_tag import DEBIAN, UBUNTU, distribution, is_newer_release, place, read, variant

LETTERS = "abcrv0123456789.-_"


@pytest.mark.parametrize(
    ("tag", "prefix", "numbers", "suffix"),
    [
        ("3.12.1-slim-bookworm", "", (3, 12, 1), "-slim-bookworm"),
        ("20.11.1-bookworm-slim", "", (20, 11, 1), "-bookworm-slim"),
        ("16.2-alpine3.19", "", (16, 2), "-alpine3.19"),
        ("v2.4.1", "v", (2, 4, 1), ""),
        ("3.12", "", (3, 12), ""),
        ("3", "", (3,), ""),
        ("24.04", "", (24, 4), ""),
        ("2024.01.15-abc", "", (2024, 1, 15), "-abc"),
        ("1.25.3-alpine-slim", "", (1, 25, 3), "-alpine-slim"),
        ("17.0.9_9-jre-jammy", "", (17, 0, 9, 9), "-jre-jammy"),
        ("20.04_stable", "", (20, 4), "_stable"),
        ("1.2.3_4abc", "", (1, 2, 3), "_4abc"),
        ("20240115", "", (20240115,), ""),
        ("20240115-slim", "", (20240115,), "-slim"),
        ("20240115093000", "", (20240115093000,), ""),
        ("3.12-dev", "", (3, 12), "-dev"),
        ("8.2.1-apache-bookworm", "", (8, 2, 1), "-apache-bookworm"),
        ("12.4.1-cudnn-runtime-ubuntu22.04", "", (12, 4, 1), "-cudnn-runtime-ubuntu22.04"),
        ("1.4.2-3f2c1a9", "", (1, 4, 2), "-3f2c1a9"),
    ],
)
def test_a_tag_is_a_prefix_numbers_and_a_suffix(tag: str, prefix: str, numbers: tuple[int, ...], suffix: str) -> None:
    found = read(tag)
    assert found is not None
    assert (found.prefix, found.numbers, found.suffix, found.text) == (prefix, numbers, suffix, tag)
    assert found.precision == len(numbers)


@pytest.mark.parametrize(
    "tag",
    [
        *("latest", "slim", "bookworm", "bookworm-slim", "noble-20240605", "stable-alpine", "nightly-2024-01-15", ""),
        *("3.14.0rc1-slim", "3.14.0a1", "3.14.0b2-bookworm", "1.25beta1", "1.0.dev3", "8u392-jdk", "3.12alpine"),
        *("8.0-rc1", "8.0-rc.1", "8.0-rc", "3.14-rc-slim-bookworm", "2.0-alpha", "2.0-beta.3", "2.0-BETA", "1.2-dev1"),
        *(
            "1.2-dev.1",
            "24-ea-jdk",
            "24-ea-24-jdk",
            "9.0-preview-alpine3.20",
            "1.2-pre1",
            "1.2-a1",
            "1.2-b2",
            "1.2_rc1",
        ),
        *("3f2c1a9", "1e10c4f", "1234567", "1234567-dirty", "0" * 40, "20241399", "99991231", "1714550400"),
        *("1.", ".1", "1..2", "V1.2", "vv1", "v", "1.2 ", "1.2\n", "1.2-ü", "1.2-a\n", "1+2", "٣.١", "1" * 15),
        "1." * 64 + "1",
    ],
)
def test_what_has_no_place_in_an_order_of_releases_is_none(tag: str) -> None:
    assert read(tag) is None


def test_a_tag_is_read_up_to_the_length_that_registries_allow() -> None:
    assert read("1-" + "x" * 126) is not None
    assert read("1-" + "x" * 127) is None


@given(st.text(LETTERS, max_size=140) | st.text(max_size=20))
def test_anything_is_read_or_refused_and_keeps_its_letters(text: str) -> None:
    found = read(text)
    if found is not None:
        assert found.text == text
        assert text.startswith(found.prefix)
        assert text.endswith(found.suffix)
        assert found.numbers
    variant(text)
    distribution(text)


@pytest.mark.parametrize(
    ("suffix", "release", "blotted"),
    [
        ("-slim-bookworm", ("debian", "bookworm"), "-slim-{debian}"),
        ("-bookworm-slim", ("debian", "bookworm"), "-{debian}-slim"),
        ("-trixie", ("debian", "trixie"), "-{debian}"),
        ("-sid", ("debian", "sid"), "-{debian}"),
        ("-jre-jammy", ("ubuntu", "jammy"), "-jre-{ubuntu}"),
        ("-noble", ("ubuntu", "noble"), "-{ubuntu}"),
        ("-alpine3.19", ("alpine", "3.19"), "-{alpine#}"),
        ("-alpine3.19-slim", ("alpine", "3.19"), "-{alpine#}-slim"),
        ("-alpine", ("alpine", ""), "-alpine"),
        ("-alpine-slim", ("alpine", ""), "-alpine-slim"),
        ("-alpine-2", ("alpine", ""), "-alpine-2"),
        ("-alpine-20240115", ("alpine", ""), "-alpine-20240115"),
        ("-alpine-3.20", ("alpine", "3.20"), "-{alpine-#}"),
        ("-ubi9", ("ubi", "9"), "-{ubi#}"),
        ("-ubi9-minimal", ("ubi", "9"), "-{ubi#}-minimal"),
        ("-debian12", ("debian", "12"), "-{debian#}"),
        ("-debian-12-r5", ("debian", "12"), "-{debian-#}-r5"),
        ("-debian-1", None, "-debian-1"),
        ("-base-ubuntu22.04", ("ubuntu", "22.04"), "-base-{ubuntu#}"),
        ("-ubuntu-22.04", ("ubuntu", "22.04"), "-{ubuntu-#}"),
        ("-al2023", ("al", "2023"), "-{al#}"),
        ("-slim", None, "-slim"),
        ("-bookwormish", None, "-bookwormish"),
        ("-xbookworm", None, "-xbookworm"),
        ("-el9x", None, "-el9x"),
        ("", None, ""),
    ],
)
def test_a_suffix_may_name_an_os_release(suffix: str, release: tuple[str, str] | None, blotted: str) -> None:
    assert distribution(suffix) == release
    assert variant(suffix) == blotted


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (("debian", "bullseye"), ("debian", "bookworm")),
        (("debian", "bookworm"), ("debian", "trixie")),
        (("debian", "9"), ("debian", "12")),
        (("ubuntu", "jammy"), ("ubuntu", "noble")),
        (("ubuntu", "22.04"), ("ubuntu", "24.04")),
        (("ubuntu", "plucky"), ("ubuntu", "questing")),
        (("ubuntu", "questing"), ("ubuntu", "resolute")),
        (("alpine", "3.9"), ("alpine", "3.19")),
        (("ubi", "8"), ("ubi", "9")),
    ],
)
def test_a_later_release_of_the_same_family_is_newer_and_never_the_other_way_round(
    old: tuple[str, str], new: tuple[str, str]
) -> None:
    assert is_newer_release(new, old)
    assert not is_newer_release(old, new)
    assert not is_newer_release(old, old)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (("debian", "trixie"), ("debian", "forky")),
        (("debian", "trixie"), ("debian", "sid")),
        (("debian", "sid"), ("debian", "trixie")),
        (("debian", "bullseye"), ("debian", "12")),
        (("debian", "bookworm"), ("ubuntu", "noble")),
        (("ubuntu", "noble"), ("ubuntu", "questing")),
        (("ubuntu", "24.04"), ("ubuntu", "25.10")),
        (("alpine", "3.19"), ("alpine", "")),
        (("alpine", ""), ("alpine", "3.19")),
        (("alpine", "3.19"), ("ubi", "9")),
    ],
)
def test_what_is_not_released_less_supported_or_written_otherwise_is_not_newer(
    old: tuple[str, str], new: tuple[str, str]
) -> None:
    assert not is_newer_release(new, old)


def test_codenames_stand_in_the_order_of_their_releases() -> None:
    assert sorted(DEBIAN, key=lambda name: place(("debian", name)) or ()) == list(DEBIAN)
    # Ubuntu went through the alphabet twice: the second round began with artful
    turn = UBUNTU.index("artful")
    assert list(UBUNTU[:turn]) == sorted(UBUNTU[:turn])
    assert list(UBUNTU[turn:]) == sorted(UBUNTU[turn:])
    assert place(("debian", "sid")) is None
