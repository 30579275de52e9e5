"""Where tags may move, against the tags that well-known repositories have."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.decide.retag import (
    Kind,
    Moves,
    frozen,
    moves,
    newer_distribution,
    newest_minor,
    newest_patch,
    siblings,
)
from bot.formats.image_tag import Tag, distribution, read
from bot.model.observed import Offer

PYTHON = (
    *("latest", "3", "slim", "bookworm", "3-slim", "3-slim-bookworm", "3.15-rc", "3.15.0a2-slim-trixie", "3.14.0rc1"),
    *("3.9-slim-bullseye", "3.9-slim-bookworm", "3.9-slim-trixie", "3.9.1-slim-bullseye", "3.9.25-slim-bookworm"),
    *("3.10-slim-bookworm", "3.10-slim-trixie", "3.10-slim-bullseye", "3.10.20-slim-bookworm"),
    *("3.11-slim-bookworm", "3.11-slim-trixie", "3.11-slim-bullseye", "3.11.15-slim-bookworm"),
    *("3.12-slim-bookworm", "3.12-slim-trixie", "3.12-slim-bullseye", "3.12-bookworm", "3.12-alpine3.20"),
    *("3.12.1-slim-bookworm", "3.12.2-slim-bookworm", "3.12.9-slim-bookworm", "3.12.10-slim-bookworm"),
    *("3.12.11-slim-bookworm", "3.12.11-slim-bullseye", "3.12.12-slim-bookworm", "3.12.12-slim-trixie"),
    *("3.12.13-bookworm", "3.12.13-slim", "3.12.1-slim-bullseye", "3.12.12-alpine3.21", "3.12.12-alpine3.22"),
    *("3.12.1-alpine3.19", "3.12.1-alpine3.18", "3.12.1-alpine", "3.13-slim-bookworm", "3.13-slim-trixie"),
    *("3.13-slim-bullseye", "3.13.0rc2-slim-bookworm", "3.13.11-slim-bookworm", "3.14-slim-bookworm"),
    *("3.14-slim-trixie", "3.14.0-slim-bookworm", "3.14.0-slim-trixie", "3.15.0a1-slim-bookworm"),
)
NODE = (
    *(
        "16-slim",
        "18-slim",
        "20-slim",
        "21-slim",
        "22-slim",
        "23-slim",
        "24-slim",
        "25-slim",
        "lts-slim",
        "16-bullseye",
    ),
    *("20.11.0-bookworm-slim", "20.11.1-bookworm-slim", "20.19.5-bookworm-slim", "20.19.5-trixie-slim"),
    *("22.20.0-bookworm-slim", "20.20.0-nightly-bookworm-slim", "20.11-bookworm-slim", "20.19-bookworm-slim"),
)
POSTGRES = (
    "12",
    "13",
    "14",
    "15",
    "16",
    "17",
    "18",
    "16.2",
    "16.9",
    "16.10",
    "17.0",
    "16-alpine",
    "16.2-alpine3.19",
    "16.2-alpine3.18",
    "16.4-alpine3.19",
    "16.4-alpine3.20",
    "18beta1",
    "18rc1",
    "17rc1-alpine",
)
NGINX = (
    "1.24.0",
    "1.25.1",
    "1.25.3",
    "1.25.5",
    "1.26.0",
    "1.28.0",
    "1.29.3",
    "1.25.3-alpine",
    "1.25.5-alpine",
    "1.25.5-alpine3.19",
    "1.25",
    "1.28",
    "1",
    "mainline",
    "stable",
    "1.29.3-perl",
)
REDIS = (
    "7.2.4",
    "7.2.11",
    "7.4.6",
    "8.0.5",
    "8.2-rc1",
    "7.4-rc2",
    "7.2.4-alpine",
    "7.2.4-alpine3.19",
    "7.2.11-alpine",
    "7.2-rc3",
)
ALPINE = ("3.18.4", "3.18.12", "3.19", "3.19.1", "3.19.9", "3.20", "3.22.2", "3.23", "edge", "20240329", "20250108")
UBUNTU_TAGS = (
    "20.04",
    "20.10",
    "22.04",
    "22.10",
    "23.04",
    "23.10",
    "24.04",
    "24.10",
    "25.04",
    "25.10",
    "26.04",
    "jammy",
    "noble",
    "questing",
    "jammy-20240111",
    "noble-20240605",
    "rolling",
)
GOLANG = (
    "1.21.6-bookworm",
    "1.21.13-bookworm",
    "1.21.6-bullseye",
    "1.22rc1-bookworm",
    "1.22.0-bookworm",
    "1.25.4-bookworm",
    "1.25.4-trixie",
    "1.25-bookworm",
    "1.25rc3-bookworm",
)
DEBIAN_TAGS = (
    "bullseye-slim",
    "bookworm-slim",
    "trixie-slim",
    "forky-slim",
    "sid-slim",
    "bookworm",
    "bookworm-20240612-slim",
    "12.5",
    "12.12",
    "13.1",
    "stable-slim",
)
TEMURIN = (
    "17.0.9_9-jre-jammy",
    "17.0.17_10-jre-jammy",
    "17.0.17_10-jre-noble",
    "21.0.5_11-jre-jammy",
    "17-jre-jammy",
    "8u392-b08-jre-jammy",
)


def taking(
    patch: str | None = None, minor: str | None = None, distribution: str | None = None, *, taken: str | None = None
) -> Moves:
    kinds: tuple[tuple[Kind, str | None], ...] = (("patch", patch), ("minor", minor), ("distribution", distribution))
    return Moves(taken=taken, offered=tuple(Offer(tag=tag, kind=kind) for kind, tag in kinds if tag))


@pytest.mark.parametrize(
    ("tag", "tags", "patch", "minor"),
    [
        ("3.12.1-slim-bookworm", PYTHON, "3.12.12-slim-bookworm", "3.14.0-slim-bookworm"),
        ("3.12.12-slim-bookworm", PYTHON, None, "3.14.0-slim-bookworm"),
        ("3.14.0-slim-bookworm", PYTHON, None, None),
        ("3.12-slim-bookworm", PYTHON, None, "3.14-slim-bookworm"),
        ("3-slim-bookworm", PYTHON, None, None),
        ("3.12.1-alpine3.19", PYTHON, None, None),
        ("latest", PYTHON, None, None),
        ("slim", PYTHON, None, None),
        ("3.14.0rc1", PYTHON, None, None),
        ("20.11.0-bookworm-slim", NODE, "20.11.1-bookworm-slim", "20.19.5-bookworm-slim"),
        ("20.11.1-bookworm-slim", NODE, None, "20.19.5-bookworm-slim"),
        ("20-slim", NODE, None, None),
        ("16", POSTGRES, None, None),
        ("16.2", POSTGRES, None, "16.10"),
        ("16.2-alpine3.19", POSTGRES, None, "16.4-alpine3.19"),
        ("1.25.1", NGINX, "1.25.5", "1.29.3"),
        ("1.25.3-alpine", NGINX, "1.25.5-alpine", None),
        ("7.2.4", REDIS, "7.2.11", "7.4.6"),
        ("7.2.4-alpine", REDIS, "7.2.11-alpine", None),
        ("3.18.4", ALPINE, "3.18.12", "3.22.2"),
        ("3.19", ALPINE, None, "3.23"),
        ("20240329", ALPINE, None, None),
        ("22.04", UBUNTU_TAGS, None, None),
        ("24.04", UBUNTU_TAGS, None, None),
        ("jammy", UBUNTU_TAGS, None, None),
        ("1.21.6-bookworm", GOLANG, "1.21.13-bookworm", "1.25.4-bookworm"),
        ("17.0.9_9-jre-jammy", TEMURIN, "17.0.17_10-jre-jammy", None),
        ("2024.01.15-abc", ("2024.01.15-abd", "2024.01.20-abc", "2024.06.01-abc"), "2024.01.20-abc", "2024.06.01-abc"),
        ("v2.4.1", ("2.4.9", "v2.4.2", "v2.5", "v2.4.1-slim", "V2.4.8"), "v2.4.2", None),
        ("1.2.3", ("1.2.20260401", "1.2.4", "1.3.20260401"), "1.2.4", None),
        ("1.2.20260401", ("1.2.20260501", "1.2.4"), "1.2.20260501", None),
        ("24.04.1", ("24.04.2", "24.10.1"), "24.04.2", "24.10.1"),
    ],
)
def test_tags_have_newer_patch_and_minor_releases(
    tag: str, tags: tuple[str, ...], patch: str | None, minor: str | None
) -> None:
    assert (newest_patch(tag, tags), newest_minor(tag, tags)) == (patch, minor)


@pytest.mark.parametrize(
    ("tag", "tags", "newer"),
    [
        ("3.12-slim-bookworm", PYTHON, "3.12-slim-trixie"),
        ("3.9-slim-bullseye", PYTHON, "3.9-slim-trixie"),
        ("3.12-slim-trixie", PYTHON, None),
        ("3.12.1-slim-bookworm", PYTHON, None),
        ("3.12.12-slim-bookworm", PYTHON, "3.12.12-slim-trixie"),
        ("3.12.12-alpine3.21", PYTHON, "3.12.12-alpine3.22"),
        ("3.12.1-alpine", PYTHON, None),
        ("3.12-slim", PYTHON, None),
        ("16.2-alpine3.18", POSTGRES, "16.2-alpine3.19"),
        ("20.19.5-bookworm-slim", NODE, "20.19.5-trixie-slim"),
        ("17.0.17_10-jre-jammy", TEMURIN, "17.0.17_10-jre-noble"),
        ("bullseye-slim", DEBIAN_TAGS, "trixie-slim"),
        ("trixie-slim", DEBIAN_TAGS, None),
        ("bookworm-20240612-slim", DEBIAN_TAGS, None),
        ("stable-slim", DEBIAN_TAGS, None),
        ("jammy", UBUNTU_TAGS, "noble"),
        ("noble", UBUNTU_TAGS, None),
        ("24.04", UBUNTU_TAGS, None),
    ],
)
def test_the_same_tag_may_exist_for_a_newer_os_release(tag: str, tags: tuple[str, ...], newer: str | None) -> None:
    assert newer_distribution(tag, tags) == newer
    assert newer_distribution(tag, reversed(tags)) == newer


@pytest.mark.parametrize(
    ("tag", "policy", "expected"),
    [
        ("3.12.1-slim-bookworm", "none", taking("3.12.12-slim-bookworm", "3.14.0-slim-bookworm")),
        (
            "3.12.1-slim-bookworm",
            "patch",
            taking(None, "3.14.0-slim-bookworm", "3.12.12-slim-trixie", taken="3.12.12-slim-bookworm"),
        ),
        ("3.12.1-slim-bookworm", "minor", taking(None, None, "3.14.0-slim-trixie", taken="3.14.0-slim-bookworm")),
        ("3.14.0-slim-bookworm", "minor", taking(None, None, "3.14.0-slim-trixie")),
        ("3.12.12-slim-bookworm", "patch", taking(None, "3.14.0-slim-bookworm", "3.12.12-slim-trixie")),
        ("3.12-slim-bookworm", "patch", taking(None, "3.14-slim-bookworm", "3.12-slim-trixie")),
        ("3.12.1-slim-bullseye", "minor", taking(None, None, "3.12.11-slim-bookworm", taken="3.12.11-slim-bullseye")),
        ("3.12-slim-bookworm", "minor", taking(None, None, "3.14-slim-trixie", taken="3.14-slim-bookworm")),
        ("latest", "minor", taking()),
        ("3-slim", "minor", taking()),
    ],
)
def test_a_rebuild_takes_what_the_policy_says_and_offers_the_rest(tag: str, policy: str, expected: Moves) -> None:
    assert moves(tag, iter(PYTHON), policy) == expected


NUMBERS = st.lists(st.integers(0, 4) | st.just(20260401), min_size=1, max_size=4)
SUFFIXES = st.sampled_from(
    ["", "-slim", "-slim-bookworm", "-slim-trixie", "-alpine3.19", "-alpine3.20", "-alpine", "-rc1"]
)
TAGS = st.builds(
    lambda prefix, numbers, suffix: f"{prefix}{'.'.join(map(str, numbers))}{suffix}",
    st.sampled_from(["", "", "", "v"]),
    NUMBERS,
    SUFFIXES,
) | st.sampled_from([*PYTHON, *UBUNTU_TAGS, *DEBIAN_TAGS])
POLICIES = st.sampled_from(["patch", "minor", "none"])


def form(tag: Tag) -> tuple[str, int, str]:
    return tag.prefix, tag.precision, tag.suffix


@given(TAGS, st.lists(TAGS, max_size=40), POLICIES)
def test_a_taken_tag_exists_has_the_same_form_and_is_higher(tag: str, tags: list[str], policy: str) -> None:
    found = moves(tag, tags, policy)
    own, kinds = read(tag), [offer.kind for offer in found.offered]
    assert kinds == sorted(kinds, key=["patch", "minor", "distribution"].index)
    for name in filter(None, (found.taken, *(offer.tag for offer in found.offered if offer.kind != "distribution"))):
        there = read(name)
        assert name in tags
        assert own is not None
        assert there is not None
        assert form(there) == form(own)
        assert there.numbers > own.numbers
        assert there.numbers[0] == own.numbers[0]
        assert policy == "minor" or name != found.taken or there.numbers[:2] == own.numbers[:2]


@given(TAGS, st.lists(TAGS, max_size=40), POLICIES)
def test_moving_twice_is_moving_once(tag: str, tags: list[str], policy: str) -> None:
    first = moves(tag, tags, policy)
    if first.taken:
        assert moves(first.taken, tags, policy).taken is None
    newer = newer_distribution(tag, tags)
    assert (
        newer is None or newer_distribution(newer, tags) is None or distribution(f"-{newer}") != distribution(f"-{tag}")
    )


@given(TAGS, st.lists(TAGS, max_size=40))
def test_the_order_in_which_a_registry_lists_tags_makes_no_difference(tag: str, tags: list[str]) -> None:
    assert siblings(tag, tags) == siblings(tag, tags[::-1])
    assert moves(tag, tags, "minor") == moves(tag, tags[::-1], "minor")


@given(TAGS, st.lists(TAGS, max_size=60))
def test_siblings_are_few_different_newer_and_exist(tag: str, tags: list[str]) -> None:
    own, found = read(tag), siblings(tag, tags)
    assert len(found) == len(set(found)) <= 6
    assert tag not in found
    assert set(found) <= set(tags)
    for name in found:
        there = read(name)
        assert own is not None
        assert there is not None
        assert (there.prefix, there.precision) == (own.prefix, own.precision)
        assert there.numbers >= own.numbers


@pytest.mark.parametrize(
    ("tag", "tags", "expected"),
    [
        (
            "3.9-slim-bookworm",
            PYTHON,
            (
                "3.10-slim-bookworm",
                "3.11-slim-bookworm",
                "3.12-slim-bookworm",
                "3.14-slim-bookworm",
                "3.9-slim-trixie",
                "3.14-slim-trixie",
            ),
        ),
        (
            "3.12-slim-bookworm",
            PYTHON,
            ("3.13-slim-bookworm", "3.14-slim-bookworm", "3.12-slim-trixie", "3.14-slim-trixie"),
        ),
        (
            "3.12.1-slim-bookworm",
            PYTHON,
            (
                "3.12.12-slim-bookworm",
                "3.13.11-slim-bookworm",
                "3.14.0-slim-bookworm",
                "3.12.12-slim-trixie",
                "3.14.0-slim-trixie",
            ),
        ),
        ("3.12.1-slim-bullseye", PYTHON, ("3.12.11-slim-bullseye", "3.12.12-slim-trixie")),
        ("3.14-slim-trixie", PYTHON, ()),
        ("16-slim", NODE, ("18-slim", "20-slim", "21-slim", "23-slim", "24-slim", "25-slim")),
        ("12", POSTGRES, ("13", "14", "15", "16", "17", "18")),
        ("20.04", UBUNTU_TAGS, ("22.04", "24.04", "26.04")),
        ("25.04", UBUNTU_TAGS, ("25.10", "26.04")),
        ("latest", PYTHON, ()),
        ("jammy", UBUNTU_TAGS, ()),
        ("bullseye-slim", DEBIAN_TAGS, ()),
    ],
)
def test_siblings_are_tags_that_move_while_the_family_is_built(
    tag: str, tags: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    assert siblings(tag, iter(tags)) == expected


NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
OLD, NEW = NOW - timedelta(days=300), NOW - timedelta(days=9)


def ages(*, new: tuple[str, ...] = (), old: tuple[str, ...] = ()) -> dict[str, datetime]:
    return {**dict.fromkeys(new, NEW), **dict.fromkeys(old, OLD)}


@pytest.mark.parametrize(
    ("tag", "tags", "looked", "move_to"),
    [
        (
            "3.9-slim-bookworm",
            PYTHON,
            ages(new=("3.10-slim-bookworm", "3.14-slim-bookworm", "3.14-slim-trixie"), old=("3.9-slim-trixie",)),
            "3.10-slim-bookworm",
        ),
        (
            "3.9-slim-bookworm",
            PYTHON,
            ages(new=("3.11-slim-bookworm",), old=("3.10-slim-bookworm",)),
            "3.11-slim-bookworm",
        ),
        # a full patch tag: the newest patch release, else the next minor one that is alive
        (
            "3.12.1-slim-bookworm",
            PYTHON,
            ages(new=("3.12.12-slim-bookworm", "3.13.11-slim-bookworm")),
            "3.12.12-slim-bookworm",
        ),
        (
            "3.12.1-slim-bookworm",
            PYTHON,
            ages(new=("3.13.11-slim-bookworm",), old=("3.12.12-slim-bookworm",)),
            "3.12.12-slim-bookworm",
        ),
        (
            "3.9.25-slim-bookworm",
            PYTHON,
            ages(new=("3.10.20-slim-bookworm", "3.11.15-slim-bookworm")),
            "3.10.20-slim-bookworm",
        ),
        # only the distribution was given up
        (
            "3.12-slim-bullseye",
            PYTHON,
            ages(new=("3.12-slim-trixie", "3.13-slim-trixie"), old=("3.13-slim-bullseye",)),
            "3.12-slim-trixie",
        ),
        (
            "3.12.1-slim-bullseye",
            PYTHON,
            ages(new=("3.12.12-slim-trixie",), old=("3.12.11-slim-bullseye",)),
            "3.12.12-slim-trixie",
        ),
        # both were
        (
            "3.9-slim-bullseye",
            PYTHON,
            ages(new=("3.13-slim-trixie",), old=("3.9-slim-trixie", "3.13-slim-bullseye")),
            "3.13-slim-trixie",
        ),
        # no minor release, so the next major one
        ("12", POSTGRES, ages(new=("13", "14", "18")), "13"),
        ("20.04", UBUNTU_TAGS, ages(new=("22.04", "26.04")), "22.04"),
        ("16-slim", NODE, ages(new=("25-slim", "22-slim"), old=("18-slim", "20-slim", "21-slim")), "22-slim"),
        # the witness is not in the list
        ("3.12-alpine", ("3.12-alpine",), ages(new=("3.13-alpine",)), None),
        ("3.12.1-x", ("3.12.2-x",), ages(new=("3.13.0-x",)), "3.12.2-x"),
    ],
)
def test_a_tag_that_stands_still_while_a_sibling_moves_is_frozen(
    tag: str, tags: tuple[str, ...], looked: dict[str, datetime], move_to: str | None
) -> None:
    found = frozen(tag, OLD, looked, NOW, built=None, tags=iter(tags))
    assert found is not None
    assert (found.since, found.move_to) == (OLD, move_to)
    assert found.why.startswith(f"{tag} was last built on 2026-01-28, while ")
    assert found.why.endswith(" was built on 2026-11-15")


def test_the_sentence_names_the_sibling_that_moved_last() -> None:
    looked = {"3.10-slim": NEW, "3.11-slim": NEW + timedelta(days=1), "3.12-slim": NOW - timedelta(days=60)}
    found = frozen("3.9-slim", OLD, looked, NOW, built=None, tags=("3.10-slim",))
    assert found is not None
    assert found.why == "3.9-slim was last built on 2026-01-28, while 3.11-slim was built on 2026-11-16"


@pytest.mark.parametrize(
    ("created", "looked"),
    [
        (NOW - timedelta(days=60), ages(new=("3.10-slim",))),
        (NOW, ages(new=("3.10-slim",))),
        (OLD, ages(old=("3.10-slim",))),
        (OLD, {}),
        (OLD, ages(new=("3.9-slim",))),
        (None, ages(new=("3.10-slim",))),
        (datetime(1970, 1, 1, tzinfo=UTC), ages(new=("3.10-slim",))),
        (datetime(1, 1, 1, tzinfo=UTC), ages(new=("3.10-slim",))),
    ],
)
def test_a_young_image_siblings_that_rest_too_and_an_unknown_age_tell_nothing(
    created: datetime | None, looked: dict[str, datetime]
) -> None:
    assert frozen("3.9-slim", created, looked, NOW, built=None, tags=("3.9-slim", "3.10-slim")) is None
    assert frozen("3.9-slim", created, looked, NOW, built=(), tags=("3.9-slim", "3.10-slim")) is None


def test_sixty_days_are_the_limit() -> None:
    age = timedelta(days=60, seconds=1)
    assert frozen("3.9-slim", NOW - age, ages(new=("3.10-slim",)), NOW, built=None, tags=()) is not None
    assert frozen("3.9-slim", OLD, {"3.10-slim": NOW - age}, NOW, built=None, tags=()) is None


@pytest.mark.parametrize(
    ("tag", "built", "move_to"),
    [
        ("3.9-slim-bookworm", ("3.11-slim-bookworm", "3.12-slim-trixie"), "3.11-slim-bookworm"),
        ("3.12.1-slim-bookworm", ("3.13.11-slim-bookworm",), "3.13.11-slim-bookworm"),
        ("3.12.1-slim-bookworm", ("3.12.12-slim-bookworm", "3.13.11-slim-bookworm"), "3.12.12-slim-bookworm"),
        ("3.12.1-slim-bookworm", ("something-else",), "3.12.12-slim-bookworm"),
        ("3.9-slim-bullseye", ("3.11-slim-trixie", "3.11-slim-bookworm", "3.14-slim-trixie"), "3.11-slim-trixie"),
        ("latest", ("3.12-slim-bookworm",), None),
    ],
)
def test_a_tag_that_is_not_configured_as_built_is_frozen(tag: str, built: tuple[str, ...], move_to: str | None) -> None:
    found = frozen(tag, None, {}, NOW, built=built, tags=PYTHON)
    assert found is not None
    assert (found.since, found.move_to) == (None, move_to)
    assert found.why == f"{tag} is not among the tags that are configured as still built"


def test_what_is_configured_as_built_decides_over_ages() -> None:
    looked = ages(new=("3.13-slim-bookworm",))
    assert frozen("3.12-slim-bookworm", OLD, looked, NOW, built=["3.12-slim-bookworm"], tags=PYTHON) is None
    found = frozen("3.12-slim-bookworm", NEW, {}, NOW, built=["3.13-slim-bookworm"], tags=PYTHON)
    assert found is not None
    assert (
        found.why
        == "3.12-slim-bookworm is not among the tags that are configured as still built; its image is of 2026-11-15"
    )


def test_an_os_release_that_is_no_longer_built_has_a_newer_one_to_move_to() -> None:
    found = frozen("bullseye-slim", OLD, {}, NOW, built=("bookworm-slim", "trixie-slim"), tags=DEBIAN_TAGS)
    assert found is not None
    assert found.move_to == "trixie-slim"


@given(TAGS, st.lists(TAGS, max_size=30), st.sets(TAGS, max_size=20))
def test_the_way_out_of_a_frozen_tag_is_another_tag_that_exists(tag: str, tags: list[str], alive: set[str]) -> None:
    for built in (None, alive):
        found = frozen(tag, OLD, dict.fromkeys(alive, NEW), NOW, built=built, tags=tags)
        if found is not None:
            assert found.move_to is None or (found.move_to in tags and found.move_to != tag)


def test_a_repository_with_very_many_tags_is_no_burden() -> None:
    tags = [
        f"{one}.{two}.{three}-{name}"
        for one in range(10)
        for two in range(50)
        for three in range(20)
        for name in ("slim-bookworm", "slim-trixie")
    ]
    start = time.process_time()
    assert moves("3.1.1-slim-bookworm", tags, "patch").taken == "3.1.19-slim-bookworm"
    assert len(siblings("3.1.1-slim-bookworm", tags)) == 6
    assert time.process_time() - start < 20
