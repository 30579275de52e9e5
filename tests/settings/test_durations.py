from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.settings import duration, render_duration
from bot.settings.durations import size


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0 days", 0), ("0", 0), ("1 second", 1), ("90 minutes", 5400), ("6 hours", 21600), ("7 days", 604800),
        ("2 Weeks", 1209600), (" 30seconds ", 30), ("1 week", 604800),
    ],
)  # fmt: skip
def test_a_duration_is_a_number_and_a_unit(text: str, seconds: int) -> None:
    assert duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("7 dyas", '"7 dyas" is no duration; did you mean "7 days"?'),
        ("7 fortnights", "units are seconds, minutes, hours, days, weeks"),
        ("seven days", 'write it like "7 days"'),
        ("-1 days", 'write it like "7 days"'),
        ("7", 'write it like "7 days"'),
        ("1.5 hours", 'write it like "7 days"'),
        ("999999999 weeks", "longer than a hundred years"),
        ("x" * 99, "…"),
    ],
)
def test_a_bad_duration_is_refused_with_what_would_be_right(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match="is no duration|is longer") as caught:  # noqa: RUF043  # an alternation
        duration(text)
    assert complaint in str(caught.value)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 seconds"), (1, "1 second"), (60, "1 minute"), (90, "90 seconds"), (172800, "2 days"), (604800, "1 week")],
)
def test_a_duration_is_written_in_its_greatest_unit(seconds: int, text: str) -> None:
    assert render_duration(timedelta(seconds=seconds)) == text


@settings(deadline=None)
@given(st.integers(0, 10**9))
def test_what_is_written_is_read_back(seconds: int) -> None:
    assert duration(render_duration(timedelta(seconds=seconds))) == timedelta(seconds=seconds)


def test_a_size_is_in_bytes() -> None:
    assert (size("4 GiB"), size("512MiB"), size("0 B")) == (4294967296, 536870912, 0)


@pytest.mark.parametrize(
    ("text", "hint"),
    [("4 GB", 'did you mean "4 GiB"?'), ("4 bushels", 'write it like "4 GiB"'), ("much", 'write it like "4 GiB"')],
)
def test_a_bad_size_is_refused_with_what_would_be_right(text: str, hint: str) -> None:
    with pytest.raises(ValueError, match="is no size") as caught:
        size(text)
    assert hint in str(caught.value)
