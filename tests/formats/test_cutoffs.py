"""Cutoffs as pip and uv read them."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.formats import cutoffs
from tests.builders import NOW


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("P14D", NOW - timedelta(days=14)),
        ("P2W", NOW - timedelta(weeks=2)),
        ("P1DT12H30M", NOW - timedelta(days=1, hours=12, minutes=30)),
        ("2 weeks", NOW - timedelta(weeks=2)),
        ("30d", NOW - timedelta(days=30)), ("1W", NOW - timedelta(weeks=1)),
        ("1 day ago", NOW - timedelta(days=1)),
        ("2026-01-02T03:04:05Z", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2026-01-02T03:04:05+02:00", datetime(2026, 1, 2, 1, 4, 5, tzinfo=UTC)),
        ("2026-01-02T03:04:05", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2026-01-02", datetime(2026, 1, 2, tzinfo=UTC)),
        ("P", None), ("PT", None), ("yesterday", None), ("", None), ("9999-12-31T23:59:59-23:00", None),
    ],
)  # fmt: skip
def test_times_and_durations_are_read(text: str, expected: datetime | None) -> None:
    assert cutoffs.moment(text, NOW, day_included=False) == expected


def test_a_plain_date_of_uv_includes_its_day() -> None:
    assert cutoffs.moment("2026-01-02", NOW, day_included=True) == datetime(2026, 1, 3, tzinfo=UTC)
    assert cutoffs.moment("9999-12-31", NOW, day_included=True) is None


@given(st.text())
def test_no_text_makes_the_reader_fail(text: str) -> None:
    cutoffs.moment(text, NOW, day_included=True)
