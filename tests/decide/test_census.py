"""How a fleet stands."""

from datetime import timedelta

from bot.decide.census import Standing, census, standing
from bot.model.runs import Outcome
from tests.builders import NOW

DOCUMENT = {
    "name": "acme/web", "outcome": "left-alone", "finished_at": "2026-11-24T12:00:00Z",
    "findings": [{"severity": "high"}, {"severity": "low"}, {"severity": "high"}],
    "proposals": [
        {"branch": "quarterdeck/security", "state": "open", "opened_at": "2026-11-14T12:00:00Z"},
        {"branch": "quarterdeck/manual", "state": "closed", "opened_at": "2026-11-01T12:00:00Z"},
        {"branch": "quarterdeck/quarterly-2026q4", "state": "open"},
        None,
    ],
    "next_due": "2027-01-05T09:00:00Z",
}  # fmt: skip


def test_a_document_is_read_as_a_standing() -> None:
    found = standing(DOCUMENT)
    assert found.name == "acme/web"
    assert found.findings == (("high", 2), ("low", 1))
    assert found.proposals == (
        ("quarterdeck/security", NOW - timedelta(days=10)),
        ("quarterdeck/quarterly-2026q4", None),
    )
    assert not found.failed


def test_a_document_of_an_older_version_lacks_some_of_it() -> None:
    found = standing({"name": "a", "outcome": "failed", "finished_at": "2026-11-24T12:00:00Z"})
    assert (found.findings, found.proposals, found.next_due) == ((), (), None)
    assert found.failed


def test_a_census_sums_up() -> None:
    rows = [standing(DOCUMENT), Standing(name="b", outcome=Outcome.FAILED, finished_at=NOW)]
    found = census(rows, NOW)
    assert (found.repositories, found.proposals) == (2, 2)
    assert found.outcomes == {"left-alone": 1, "failed": 1}
    assert found.findings == {"critical": 0, "high": 2, "medium": 0, "low": 1, "unknown": 0}
    assert found.ages == (timedelta(days=10).total_seconds(),)
    assert found.next_due == standing(DOCUMENT).next_due


def test_a_clock_that_went_back_makes_no_negative_ages() -> None:
    assert census([standing(DOCUMENT)], NOW - timedelta(days=30)).ages == (0.0,)


def test_an_empty_fleet_has_a_census() -> None:
    found = census((), NOW)
    assert (found.repositories, found.ages, found.next_due) == (0, (), None)
