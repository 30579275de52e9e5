from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.formats.pypi_vulnerabilities import advisories, trimmed
from bot.model.contents import Advisory
from tests.formats.strange_json import everything, scalars

ROW: dict[str, Any] = {
    "aliases": ["CVE-2025-1", "GHSA-aaaa-bbbb-cccc", "PYSEC-2025-1", 5, "two words"],
    "details": "Long words\nof somebody",
    "fixed_in": ["3.2.9", "4.2.8", "5.0.2", "odd", "x" * 400, None],
    "id": "PYSEC-2025-1",
    "link": "https://osv.example/PYSEC-2025-1",
    "source": "osv",
    "summary": None,
    "withdrawn": None,
}
strange = st.dictionaries(st.sampled_from([*ROW]), everything, max_size=6)


def test_a_row_is_an_advisory() -> None:
    assert advisories({"info": {}, "vulnerabilities": [ROW]}, "4.2.1") == (
        Advisory(
            id="PYSEC-2025-1",
            aliases=("CVE-2025-1", "GHSA-aaaa-bbbb-cccc"),
            url="https://osv.example/PYSEC-2025-1",
            fixed_in="4.2.8",
            summary="Long words",
        ),
    )


@pytest.mark.parametrize(
    ("version", "expected"), [("0.1", "3.2.9"), ("5.0", "5.0.2"), ("6", ""), ("4.2.8+cu1", "5.0.2")]
)
def test_what_has_the_fix_depends_on_the_version(version: str, expected: str) -> None:
    assert advisories({"vulnerabilities": [ROW]}, version)[0].fixed_in == expected


def test_what_was_withdrawn_is_left_out() -> None:
    assert advisories({"vulnerabilities": [{**ROW, "withdrawn": "2025-01-01T00:00:00Z"}]}, "1") == ()


@pytest.mark.parametrize(
    "link", [None, 7, "", "javascript:alert(1)", "https://x y", "https://" + "x" * 300, "http://a\nb"]
)
def test_an_address_that_is_none_is_replaced(link: Any) -> None:
    (found,) = advisories({"vulnerabilities": [{**ROW, "link": link}]}, "1")
    assert found.url == "https://osv.dev/vulnerability/PYSEC-2025-1"


@pytest.mark.parametrize("document", [None, [], {}, {"vulnerabilities": None}, {"vulnerabilities": {}}])
def test_silence_is_not_good_news(document: Any) -> None:
    with pytest.raises(ValueError, match="says nothing about advisories"):
        advisories(document, "1")


@pytest.mark.parametrize("row", [None, {}, {"id": 1}, {"id": ""}, {"id": "two words"}])
def test_a_row_without_an_id_is_refused(row: Any) -> None:
    with pytest.raises(ValueError, match="without an id"):
        advisories({"vulnerabilities": [ROW, row]}, "1")


def test_five_megabytes_become_a_line() -> None:
    found = trimmed({"vulnerabilities": [{**ROW, "details": "[x](javascript:1) " * 300_000}]})
    assert len(str(found)) < 1000


@given(st.lists(st.builds(lambda row: {**row, "id": "PYSEC-1"}, strange) | strange | scalars, max_size=3))
def test_nothing_else_fails_and_trimming_twice_changes_nothing(rows: list[Any]) -> None:
    try:
        found = trimmed({"vulnerabilities": rows})
    except ValueError:
        return
    assert trimmed(found) == found
    assert advisories(found, "1.0") == advisories({"vulnerabilities": rows}, "1.0")
