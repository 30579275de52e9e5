import json
from typing import Any

import pytest
from cvss import CVSS3
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from bot.formats.dpkg_version import compare as dpkg
from bot.formats.osv import Affected, EventKind, affects, covers, ecosystem_of, fixed_between, record
from bot.formats.osv_flaws import flaws, merged
from bot.formats.osv_severity import cvss, severity_of
from bot.model.contents import Advisory
from bot.model.packages import OsRelease
from bot.model.policy import Severity
from tests.formats import osv_records as written

OWN = {"id": "CVE-2025-1001", "severity": [{"type": "CVSS_V3", "score": written.MEDIUM}]}


def pypi(one: str, other: str) -> int:
    first, second = Version(one), Version(other)
    return (first > second) - (first < second)


def number(one: str, other: str) -> int:
    return int(one) - int(other)


def an_affected(*events: tuple[str, str], versions: tuple[str, ...] = ()) -> Affected:
    document = {"id": "X-1", "affected": [written.affects("E", "p", [written.span(*events)], versions=list(versions))]}
    return record(document).affected[0]


def test_a_record_of_debian_is_read() -> None:
    read = record(written.DEBIAN_CVE)
    assert (read.id, read.aliases, read.severity) == ("DEBIAN-CVE-2025-1001", ("CVE-2025-1001",), Severity.CRITICAL)
    assert read.url == "https://osv.dev/vulnerability/DEBIAN-CVE-2025-1001"
    assert (read.modified, read.withdrawn) == ("2025-09-12T11:00:05.986201214Z", False)
    assert read.summary == "glass can be broken by throwing stones."
    assert [(one.ecosystem, one.package) for one in read.affected] == [("Debian:12", "glass"), ("Debian:13", "glass")]
    assert [(event.kind, event.version) for event in read.affected[0].ranges[0].events] == [
        (EventKind.INTRODUCED, "0"),
        (EventKind.FIXED, "2.36-9+deb12u3"),
    ]
    assert read.affected[0].versions == ("2.36-8", "2.36-9", "2.36-9+deb12u1")


def test_a_record_of_a_package_index_is_read_without_its_commits() -> None:
    read = record(written.PYPI)
    assert read.aliases == ("CVE-2025-4001", "PYSEC-2025-1")
    assert [one.kind for one in read.affected[0].ranges] == ["ECOSYSTEM"]


def test_a_withdrawn_record_says_so() -> None:
    assert record({"id": "CVE-2025-1", "withdrawn": "2025-01-01T00:00:00Z"}).withdrawn


@pytest.mark.parametrize("document", [None, [], "CVE-2025-1", {}, {"id": 1}, {"id": ""}, {"id": "a b"}, {"id": "a\n"}])
def test_what_is_no_record_is_refused(document: Any) -> None:
    with pytest.raises(ValueError, match="not an OSV record"):
        record(document)


def test_what_breaks_the_schema_is_left_out() -> None:
    read = record(
        {
            "id": "CVE-2025-1",
            "aliases": [1, "GHSA-1", "CVE-2025-1", "two words"],
            "upstream": "CVE-2025-2",
            "related": None,
            "modified": 5,
            "severity": {"type": "CVSS_V3"},
            "affected": [
                3,
                {},
                {"package": "x"},
                {"package": {"ecosystem": "PyPI", "name": ""}},
                {"package": {"ecosystem": "PyPI", "name": "half \ud800"}},
                {
                    "package": {"ecosystem": "PyPI", "name": "x"},
                    "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": 0}, {"fixed": None}, 7]}, {"type": "?"}],
                    "versions": ["1", 2, "", "x" * 301],
                },
            ],
        }
    )
    assert (read.aliases, read.related, read.modified) == (("GHSA-1",), (), "")
    (only,) = read.affected
    assert (only.package, only.versions) == ("x", ("1",))
    assert [event.version for event in only.ranges[0].events] == ["0"]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FIELDS = ("aliases", "upstream", "related", "severity", "affected", "database_specific", "withdrawn", "modified")


@given(st.dictionaries(st.sampled_from(FIELDS), json_values), st.dictionaries(st.text(max_size=9), json_values))
def test_any_json_is_read_or_refused(known: dict[str, Any], other: dict[str, Any]) -> None:
    read = record({**other, **known, "id": "CVE-2025-1"})
    assert read.severity in Severity
    assert flaws(read)


@given(st.sampled_from(["package", "ranges", "versions", "severity", "ecosystem_specific"]), json_values)
def test_any_json_may_stand_in_what_is_affected(field: str, value: Any) -> None:
    document = {"id": "X-1", "affected": [{**written.affects("E", "p", written.until("1")), field: value}]}
    assert record(document).id == "X-1"


# severity


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"severity": [{"type": "CVSS_V3", "score": written.BAD}]}, Severity.CRITICAL),
        ({"severity": [{"type": "CVSS_V3", "score": written.MEDIUM}]}, Severity.MEDIUM),
        ({"severity": [{"type": "CVSS_V4", "score": written.VERSION_4}]}, Severity.HIGH),
        ({"severity": [{"type": "CVSS_V3", "score": "CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N"}]}, Severity.LOW),
        ({"severity": [{"type": "CVSS_V2", "score": "AV:N/AC:L/Au:N/C:P/I:P/A:P"}]}, Severity.UNKNOWN),
        ({"severity": [{"type": "CVSS_V3", "score": "7.5"}]}, Severity.UNKNOWN),
        ({"severity": [{"type": "CVSS_V3", "score": 7.5}]}, Severity.UNKNOWN),
        ({"severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N"}]}, Severity.UNKNOWN),
        ({"severity": [{"type": "CVSS_V3", "score": written.BAD + "/" * 500}]}, Severity.UNKNOWN),
        ({"affected": [{"severity": [{"type": "CVSS_V3", "score": written.MEDIUM}]}]}, Severity.MEDIUM),
        (
            {"severity": [{"score": written.MEDIUM}], "affected": [{"severity": [{"score": written.BAD}]}]},
            Severity.CRITICAL,
        ),
        ({"database_specific": {"severity": "MODERATE"}}, Severity.MEDIUM),
        ({"database_specific": {"severity": "CRITICAL"}}, Severity.CRITICAL),
        ({"affected": [{"database_specific": {"severity": "Important"}}]}, Severity.HIGH),
        ({"severity": [{"type": "Ubuntu", "score": "medium"}]}, Severity.MEDIUM),
        ({"severity": [{"type": "Ubuntu", "score": "negligible"}]}, Severity.LOW),
        ({"severity": [{"type": "Ubuntu", "score": "untriaged"}]}, Severity.UNKNOWN),
        (
            {"severity": [{"type": "Ubuntu", "score": "low"}, {"type": "CVSS_V3", "score": written.BAD}]},
            Severity.CRITICAL,
        ),
        ({"affected": [{"ecosystem_specific": {"urgency": "high"}}]}, Severity.HIGH),
        ({"affected": [{"ecosystem_specific": {"urgency": "medium**"}}]}, Severity.MEDIUM),
        ({"affected": [{"ecosystem_specific": {"urgency": "unimportant"}}]}, Severity.LOW),
        ({"affected": [{"ecosystem_specific": {"urgency": "not yet assigned"}}]}, Severity.UNKNOWN),
        ({"affected": [{"ecosystem_specific": {"urgency": 3}}]}, Severity.UNKNOWN),
        ({}, Severity.UNKNOWN),
    ],
)
def test_severity_is_that_of_the_first_place_that_names_one(document: dict[str, Any], expected: Severity) -> None:
    assert severity_of(document) is expected


@given(
    st.tuples(*(st.sampled_from(values) for values in ("NALP", "LH", "NLH", "NR", "UC", "NLH", "NLH", "NLH"))),
)
def test_a_vector_is_rated_by_the_bounds_of_its_base_score(values: tuple[str, ...]) -> None:
    names = ("AV", "AC", "PR", "UI", "S", "C", "I", "A")
    vector = "CVSS:3.1/" + "/".join(f"{name}:{value}" for name, value in zip(names, values, strict=True))
    score = float(CVSS3(vector).base_score)
    expected = [Severity.LOW, Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL][
        (score >= 4) + (score >= 7) + (score >= 9)
    ]
    assert cvss(vector) is expected


@given(st.text(max_size=60) | st.text(alphabet="AVCLPRUINSH:/X.0134", max_size=80))
def test_any_text_may_be_a_vector(text: str) -> None:
    for head in ("", "CVSS:3.1/", "CVSS:3.0/AV:N/", "CVSS:4.0/", written.BAD, written.VERSION_4):
        assert cvss(head + text) in Severity


# versions


@pytest.mark.parametrize(
    ("events", "inside", "outside"),
    [
        ([("introduced", "0"), ("fixed", "5")], "0 1 4", "5 6"),
        ([("introduced", "3"), ("last_affected", "5")], "3 5", "2 6"),
        ([("introduced", "0")], "0 99", ""),
        ([("introduced", "2"), ("fixed", "4"), ("introduced", "6"), ("fixed", "8")], "2 3 6 7", "1 4 5 8 9"),
        ([("fixed", "8"), ("introduced", "6"), ("fixed", "4"), ("introduced", "2")], "2 3 6 7", "1 4 5 8 9"),
        ([("introduced", "4"), ("fixed", "4")], "", "3 4 5"),
        ([("introduced", "0"), ("fixed", "4"), ("introduced", "4"), ("fixed", "6")], "3 4 5", "6 7"),
        ([("introduced", "0"), ("fixed", "0")], "", "0 1 2"),
        ([("fixed", "5")], "1 4", "5"),
        ([("introduced", "2"), ("last_affected", "2")], "2", "1 3"),
        ([("introduced", "2"), ("limit", "9")], "2 10", "1"),
    ],
)
def test_ranges_are_evaluated_as_the_schema_says(events: list[tuple[str, str]], inside: str, outside: str) -> None:
    affected = an_affected(*events)
    assert all(affects(affected, version, number) for version in inside.split())
    assert not any(affects(affected, version, number) for version in outside.split())


def test_a_version_that_is_listed_is_affected_without_a_range() -> None:
    affected = an_affected(("introduced", "0"), ("fixed", "2"), versions=("7",))
    assert [version for version in ("1", "2", "6", "7") if affects(affected, version, number)] == ["1", "7"]
    assert fixed_between(affected, "7", "8", number)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("2.36-9", "2.36-9+deb12u3", True),
        ("2.36-9", "2.36-9+deb12u9", True),
        ("2.36-9", "2.36-9+deb12u2", False),
        ("2.36-9+deb12u3", "2.36-9+deb12u4", False),
        ("2.36-9+deb12u4", "2.36-9", False),
        ("2.36-9", "1:2.36-1", True),
    ],
)
def test_a_move_fixes_what_it_passes(old: str, new: str, *, expected: bool) -> None:
    assert fixed_between(record(written.DEBIAN_CVE).affected[0], old, new, dpkg) is expected


def test_a_flaw_of_several_branches_is_fixed_in_each() -> None:
    affected = record(written.PYPI).affected[0]
    assert fixed_between(affected, "3.2.8", "3.2.9", pypi)
    assert fixed_between(affected, "4.1.5", "4.2.8", pypi)
    assert not fixed_between(affected, "3.2.8", "4.0", pypi)
    assert fixed_between(affected, "3.1", "5.0", pypi)


def test_versions_that_cannot_be_ordered_fix_nothing() -> None:
    affected = record(written.PYPI).affected[0]
    assert not fixed_between(affected, "latest", "4.2.8", pypi)
    assert not fixed_between(affected, "4.1", "latest", pypi)


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9)), min_size=1, max_size=4), st.integers(0, 12))
def test_order_of_events_does_not_matter(spans: list[tuple[int, int]], version: int) -> None:
    bounds = sorted({bound for one in spans for bound in one})
    events = [("introduced" if at % 2 == 0 else "fixed", str(bound)) for at, bound in enumerate(bounds)]
    wanted = sum(version >= bound for bound in bounds) % 2 == 1
    assert affects(an_affected(*events), str(version), number) is wanted
    assert affects(an_affected(*reversed(events)), str(version), number) is wanted


# ecosystems


@pytest.mark.parametrize(
    ("name", "version", "expected"),
    [
        ("debian", "12", "Debian:12"),
        ("debian", "12.9", "Debian:12"),
        ("debian", "", ""),
        ("ubuntu", "24.04", "Ubuntu:24.04:LTS"),
        ("ubuntu", "22.04", "Ubuntu:22.04:LTS"),
        ("ubuntu", "25.10", "Ubuntu:25.10"),
        ("ubuntu", "25.04", "Ubuntu:25.04"),
        ("ubuntu", "24.10", "Ubuntu:24.10"),
        ("ubuntu", "rolling", ""),
        ("alpine", "3.20.3", "Alpine:v3.20"),
        ("alpine", "3.21_alpha20240807", ""),
        ("wolfi", "20230201", ""),
        ("rhel", "9.4", ""),
    ],
)
def test_ecosystems_of_operating_systems(name: str, version: str, expected: str) -> None:
    assert ecosystem_of(OsRelease(id=name, version=version)) == expected


@pytest.mark.parametrize(
    ("named", "ecosystem", "version", "expected"),
    [
        ("Debian:12", "Debian:12", "1", True),
        ("Debian", "Debian:12", "1", True),
        ("Debian:11", "Debian:12", "1", False),
        ("Ubuntu:22.04", "Ubuntu:22.04:LTS", "1", True),
        ("Ubuntu:22.04:LTS", "Ubuntu:22.04:LTS", "1", True),
        ("Ubuntu:Pro:22.04:LTS", "Ubuntu:22.04:LTS", "1-1ubuntu0.1", False),
        ("Ubuntu:Pro:22.04:LTS", "Ubuntu:22.04:LTS", "1-1ubuntu0.1~esm1", True),
        ("Ubuntu:Pro:24.04:LTS", "Ubuntu:22.04:LTS", "1-1ubuntu0.1~esm1", False),
        ("Ubuntu:Pro:FIPS:22.04:LTS", "Ubuntu:22.04:LTS", "1-1ubuntu0.1~esm1", False),
        ("Alpine:v3.20", "Alpine:v3.20", "1", True),
        ("Alpine:v3.2", "Alpine:v3.20", "1", False),
    ],
)
def test_what_holds_for_an_ecosystem(named: str, ecosystem: str, version: str, *, expected: bool) -> None:
    assert covers(named, ecosystem, version) is expected


# flaws


def test_a_distributions_record_is_the_flaw_of_its_name() -> None:
    assert flaws(record(written.DEBIAN_CVE)) == (
        Advisory(
            id="CVE-2025-1001",
            aliases=("DEBIAN-CVE-2025-1001",),
            severity=Severity.CRITICAL,
            url="https://osv.dev/vulnerability/DEBIAN-CVE-2025-1001",
        ),
    )


def test_a_notice_is_about_every_flaw_that_it_names() -> None:
    first, second = flaws(record(written.DEBIAN_NOTICE))
    assert (first.id, first.aliases) == ("CVE-2025-1001", ("DEBIAN-CVE-2025-1001", "DSA-9001-1"))
    assert (second.id, second.aliases, second.severity) == ("CVE-2025-1002", ("DSA-9001-1",), Severity.UNKNOWN)
    assert [one.id for one in flaws(record(written.UBUNTU_NOTICE))] == ["CVE-2025-2001", "CVE-2025-2002"]


def test_a_notice_without_a_cve_keeps_its_own_id() -> None:
    assert [one.id for one in flaws(record({"id": "DSA-1-1"}))] == ["DSA-1-1"]


def test_any_other_record_is_called_by_its_cve_where_it_has_one() -> None:
    (flaw,) = flaws(record(written.PYPI))
    assert (flaw.id, flaw.aliases) == ("CVE-2025-4001", ("GHSA-aaaa-bbbb-cccc", "PYSEC-2025-1"))
    assert [one.id for one in flaws(record({"id": "GHSA-1"}))] == ["GHSA-1"]


def test_one_flaw_of_several_records_is_one_advisory() -> None:
    documents = (written.DEBIAN_NOTICE, OWN, written.DEBIAN_CVE)
    found = merged(flaw for document in documents for flaw in flaws(record(document)))
    assert [(one.id, one.severity) for one in found] == [
        ("CVE-2025-1001", Severity.CRITICAL),
        ("CVE-2025-1002", Severity.UNKNOWN),
    ]
    assert found[0].aliases == ("DEBIAN-CVE-2025-1001", "DSA-9001-1")
    assert found[0].url.endswith("/CVE-2025-1001")


@given(st.permutations([flaw for document in written.ALL for flaw in flaws(record(document))]))
def test_merging_does_not_depend_on_the_order(advisories: list[Advisory]) -> None:
    assert merged(advisories) == merged(reversed(advisories))


def test_the_written_records_are_json() -> None:
    assert json.loads(json.dumps(written.ALL))
