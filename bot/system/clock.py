"""The only reader of the clock."""

from collections.abc import Callable
from datetime import UTC, datetime


def system_clock() -> datetime:
    """Give the time now, aware and in UTC."""
    return datetime.now(UTC)


def fixed_clock(moment: datetime) -> Callable[[], datetime]:
    """Give a clock that always shows `moment`, for `--now` and tests."""
    return lambda: moment
