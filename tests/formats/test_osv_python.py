"""Which releases are affected: the sample's verdicts, and the compact form against a naive reading of the record."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.utils import canonicalize_name
from packaging.version import Version

from bot.formats import osv_python
from bot.formats.osv import Affected, record
from bot.model.contents import Advisory
from bot.model.policy import Severity
from tests.formats.osv_python_records import RECORDS, SAMPLE, Known, a_record
from tests.formats.osv_records import span

VERSIONS = (
    "0", "0.1", "1.0", "1.0.0", "1.0a1", "1.0.post1", "1.0.dev2", "1.0+cu118", "1.0+cu119", "1.5", "2", "2.0.1", "10.0",
    "1!0", "v2", "1.0-1", "2004d", "not a version", "9" * 299, "00", "1.0-alpha.1",
)  # fmt: skip
versions = st.sampled_from(VERSIONS) | st.from_regex(r"[0-4](\.[0-4]){0,2}((a|rc|\.dev|\.post)[0-2])?", fullmatch=True)
events = st.tuples(st.sampled_from(["introduced", "fixed", "last_affected"]), versions)
ranges = st.builds(lambda rows: span(*rows), st.lists(events, max_size=6))
records = st.builds(
    lambda rows, listed: a_record("PYSEC-2025-1", "p", *rows, versions=listed),
    st.lists(ranges, max_size=3),
    st.lists(versions, max_size=5),
)


def settled(document: dict[str, Any]) -> Affected:
    return osv_python.settled(record(document).affected[0])


def advisory(document: dict[str, Any], version: str) -> Advisory | None:
    read = record(document)
    return osv_python.advisory(read, osv_python.settled(read.affected[0]), version)


def parsed(text: str) -> Version | None:
    try:
        return Version(text)
    except ValueError:  # InvalidVersion, or too long a number
        return None


# verdicts


@pytest.mark.parametrize("known", SAMPLE, ids=[known.record["id"] for known in SAMPLE])
def test_the_sample_is_judged_as_by_hand(known: Known) -> None:
    assert {one: advisory(known.record, one) is not None for one in (*known.hit, *known.safe)} == {
        **dict.fromkeys(known.hit, True),
        **dict.fromkeys(known.safe, False),
    }


@pytest.mark.parametrize("known", SAMPLE, ids=[known.record["id"] for known in SAMPLE])
def test_settling_twice_changes_nothing_and_leaves_few_versions(known: Known) -> None:
    once = settled(known.record)
    assert osv_python.settled(once) == once
    assert once.package == canonicalize_name(known.record["affected"][0]["package"]["name"])
    assert set(once.versions) <= set(known.record["affected"][0]["versions"])


def test_versions_inside_ranges_need_no_room() -> None:
    listed = ["1.0", "1.1", "2.0", "odd one"]
    document = a_record("PYSEC-2025-1", "p", span(("introduced", "0"), ("fixed", "1.5")), versions=listed)
    assert settled(document).versions == ("2.0",)


def test_what_is_no_version_is_below_all_versions() -> None:
    assert osv_python.compare("2004d", "0.dev0") == -1
    assert osv_python.compare("0.dev0", "2004d") == 1
    assert osv_python.compare("2004d", "oddity") == 0
    assert osv_python.compare("9" * 5000, "1") == -1


# the version that has the fix


@pytest.mark.parametrize(
    ("name", "version", "expected"),
    [
        ("PYSEC-2025-1", "0.1", "1.10"),
        ("PYSEC-2025-2", "3.1", "3.2.9"),
        ("PYSEC-2025-2", "4.2.1", "4.2.8"),
        ("PYSEC-2025-2", "5.0", "5.0.2"),
        ("PYSEC-2025-3", "4.0.5", "4.1"),
        ("PYSEC-2025-4", "1.2", ""),
        ("PYSEC-2025-5", "1.2", ""),
        ("PYSEC-2025-5", "oddity-7", ""),
        ("PYSEC-2025-7", "3.1", "3.2.2"),
        ("PYSEC-2025-10", "0.1", ""),
        ("PYSEC-2025-11", "1.9", "6"),
        ("PYSEC-2025-21", "2.5.1+cu118", "2.6.0"),
        ("PYSEC-2025-22", "1.0+fixed.1", "1.0+fixed.2"),
        ("MAL-2025-2", "8.3.41", ""),
        ("GHSA-nons-ense-0003", "2.0", ""),
    ],
)
def test_first_version_with_the_fix(name: str, version: str, expected: str) -> None:
    document = next(one for one in RECORDS if one["id"] == name)
    found = advisory(document, version)
    assert found is not None
    assert found.fixed_in == expected


def test_a_fix_of_one_range_that_is_inside_another_is_no_fix() -> None:
    document = a_record(
        "PYSEC-2025-1", "p", span(("introduced", "0"), ("fixed", "2")), span(("introduced", "1"), ("fixed", "3"))
    )
    assert osv_python.first_fixed(settled(document), "1.5") == "3"


def test_a_local_version_is_not_fixed_by_a_lower_one() -> None:
    assert osv_python.is_above("1.0+cu119", "1.0+cu118")
    assert not osv_python.is_above("1.0+cu117", "1.0+cu118")
    assert not osv_python.is_above("1.0", "1.0+cu118")


def test_the_lowest_version_ignores_what_is_none() -> None:
    assert osv_python.lowest(["1.10", "1.9", "odd one", ""]) == "1.9"
    assert osv_python.lowest(["odd one"]) == ""


def test_an_advisory_says_what_its_record_says() -> None:
    document = next(one for one in RECORDS if one["id"] == "GHSA-plai-nnnn-0001")
    assert advisory(document, "1.9") == Advisory(
        id="GHSA-plai-nnnn-0001",
        aliases=("CVE-2025-1",),
        severity=Severity.CRITICAL,
        url="https://osv.dev/vulnerability/GHSA-plai-nnnn-0001",
        fixed_in="1.11",
        summary="Plain lets everybody in",
    )


# against a naive reading


def naive(document: dict[str, Any], version: str) -> bool | None:
    """Evaluate a record as the schema's own pseudo code does; None where that is not defined."""
    row = document["affected"][0]
    pin = parsed(version)
    if version in row["versions"] or (pin and pin in {parsed(one) for one in row["versions"]}):
        return True
    if pin is None or pin.local:
        return None
    found = False
    for ranged in row["ranges"]:
        bounds = [(name, text) for event in ranged["events"] for name, text in event.items()]
        if any(parsed(text) is None or "+" in text for _, text in bounds):
            return None
        if not any(name == "introduced" for name, _ in bounds):
            bounds.append(("introduced", "0"))
        keys = [Version(text) for _, text in bounds]
        if len(set(keys)) < len(keys):
            return None
        start = ("introduced", "0")
        inside = False
        for name, text in sorted(bounds, key=lambda one: (one != start, Version(one[1]))):
            bound = Version(text)
            if (name, text) == start or (name == "introduced" and pin >= bound):
                inside = True
            elif (name == "fixed" and pin >= bound) or (name == "last_affected" and pin > bound):
                inside = False
        found = found or inside
    return found


@given(records, versions)
def test_the_compact_form_agrees_with_a_naive_reading(document: dict[str, Any], version: str) -> None:
    expected = naive(document, version)
    if expected is not None:
        assert osv_python.affects(settled(document), version) is expected


@given(records, versions)
def test_nothing_fails_and_a_fix_is_never_affected(document: dict[str, Any], version: str) -> None:
    affected = settled(document)
    assert osv_python.settled(affected) == affected
    fixed = osv_python.first_fixed(affected, version)
    if osv_python.affects(affected, version) and fixed:
        assert not osv_python.affects(affected, fixed)
        assert osv_python.compare(fixed, version) > 0


@given(records)
def test_what_is_listed_is_affected(document: dict[str, Any]) -> None:
    affected = settled(document)
    assert all(osv_python.affects(affected, one) for one in document["affected"][0]["versions"])


@given(records, st.randoms(use_true_random=False), versions)
def test_the_order_of_events_makes_no_difference(document: dict[str, Any], random: Any, version: str) -> None:
    before = osv_python.affects(settled(document), version)
    for ranged in document["affected"][0]["ranges"]:
        random.shuffle(ranged["events"])
    assert osv_python.affects(settled(document), version) is before
