import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.formats.osv_changes import Change, changes, seconds


def test_lines_are_read_in_their_order() -> None:
    text = b"2024-08-15T00:05:00Z,PYSEC-2024-1\r\n\n2024-08-14T23:00:00.999999Z,GHSA-aaaa-bbbb-cccc\n"
    assert changes(text) == (Change("PYSEC-2024-1", 1723680300), Change("GHSA-aaaa-bbbb-cccc", 1723676400))
    assert changes(b"") == ()


@pytest.mark.parametrize(
    "line",
    [b"<html>", b"PYSEC-2024-1", b"2024-08-15T00:05:00Z,", b"2024-08-15T00:05:00Z,../x", b"yesterday,PYSEC-1", b"\xff"],
)
def test_anything_else_is_refused(line: bytes) -> None:
    with pytest.raises(ValueError, match=r"not a list of changed records|codec"):
        changes(b"2024-08-15T00:05:00Z,PYSEC-2024-1\n" + line)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-08-15T00:05:00Z", 1723680300),
        ("2024-08-15T00:05:00.123456789Z", 1723680300),
        ("2024-08-15 00:05:00+00:00", 1723680300),
        ("2024-08-15T00:05:00", 1723680300),
        ("0001-01-01T00:00:00+23:59", 0),
        ("", 0),
        ("soon", 0),
    ],
)
def test_times(text: str, expected: int) -> None:
    assert seconds(text) == expected


@given(st.text(max_size=40))
def test_a_time_never_fails(text: str) -> None:
    assert isinstance(seconds(text), int)
