import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.formats.osv_aliases import merged
from bot.model.contents import Advisory
from bot.model.policy import Severity

PAGE = "https://osv.dev/vulnerability/"
NAMES = ("MAL-1", "PYSEC-1", "PYSEC-2", "GHSA-1", "GHSA-2", "CVE-1", "CVE-2", "BIT-1")


def row(name: str, *aliases: str, severity: str = "unknown", fixed_in: str = "", summary: str = "") -> Advisory:
    return Advisory(
        id=name,
        aliases=tuple(sorted(aliases)),
        severity=Severity(severity),
        url=PAGE + name,
        fixed_in=fixed_in,
        summary=summary,
    )


names = st.sampled_from(NAMES)
advisories = st.builds(
    lambda name, aliases, severity, fixed: row(name, *(aliases - {name}), severity=severity, fixed_in=fixed),
    names,
    st.sets(names, max_size=3),
    st.sampled_from([one.value for one in Severity]),
    st.sampled_from(["", "1.9", "1.10", "odd"]),
)


def test_records_of_one_flaw_are_one_row() -> None:
    found = merged(
        [
            row("GHSA-1", "CVE-1", severity="high", fixed_in="1.10", summary="from GitHub"),
            row("PYSEC-1", "CVE-1", fixed_in="1.9"),
            row("GHSA-2", severity="low"),
        ]
    )
    assert found == (
        Advisory(
            id="PYSEC-1",
            aliases=("CVE-1", "GHSA-1"),
            severity=Severity.HIGH,
            url=f"{PAGE}PYSEC-1",
            fixed_in="1.9",
            summary="from GitHub",
        ),
        row("GHSA-2", severity="low"),
    )


def test_aliases_lead_on_whatever_the_order() -> None:
    chain = [row("GHSA-1", "CVE-1"), row("GHSA-2", "CVE-2"), row("BIT-1", "CVE-1", "CVE-2"), row("PYSEC-2")]
    for rotated in (chain, chain[::-1], [chain[2], chain[0], chain[1], chain[3]]):
        assert [(one.id, one.aliases) for one in merged(rotated)] == [
            ("GHSA-1", ("BIT-1", "CVE-1", "CVE-2", "GHSA-2")),
            ("PYSEC-2", ()),
        ]


@pytest.mark.parametrize(
    ("own", "aliases", "shown"),
    [
        ("GHSA-1", ["MAL-1", "PYSEC-1", "CVE-1"], "MAL-1"),
        ("GHSA-1", ["PYSEC-2", "PYSEC-1", "CVE-1"], "PYSEC-1"),
        ("CVE-1", ["GHSA-2", "GHSA-1"], "GHSA-1"),
        ("CVE-1", ["BIT-1"], "BIT-1"),
    ],
)
def test_the_id_that_is_shown(own: str, aliases: list[str], shown: str) -> None:
    (found,) = merged([row(own, *aliases)])
    assert (found.id, found.url) == (shown, PAGE + shown)
    assert found.aliases == tuple(sorted({own, *aliases} - {shown}))


def test_the_page_is_that_of_the_record_that_is_shown() -> None:
    other = Advisory(id="PYSEC-1", url="https://example.org/PYSEC-1")
    assert [one.url for one in merged([other, row("GHSA-1", "PYSEC-1")])] == ["https://example.org/PYSEC-1"]


def test_malware_comes_first_then_the_worst() -> None:
    rows = [row("PYSEC-1"), row("PYSEC-2", severity="critical"), row("GHSA-1", severity="low"), row("MAL-1")]
    assert [one.id for one in merged(rows)] == ["MAL-1", "PYSEC-2", "GHSA-1", "PYSEC-1"]


@given(st.lists(advisories, max_size=8))
def test_every_id_stands_in_one_row_and_merging_twice_changes_nothing(rows: list[Advisory]) -> None:
    found = merged(rows)
    named = [name for one in found for name in one.names]
    assert sorted(named) == sorted({name for one in rows for name in one.names})
    assert merged(found) == found


@given(st.lists(advisories, max_size=8), st.randoms(use_true_random=False))
def test_the_order_makes_no_difference(rows: list[Advisory], random: object) -> None:
    assert merged(rows) == merged(reversed(rows))
