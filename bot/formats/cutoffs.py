"""Cutoffs as lock headers write them: `--uploaded-prior-to` of pip (26.0) and `--exclude-newer` of uv.

Both take ISO 8601 times and durations (`P14D`); uv also takes durations in words (`2 weeks`), and a plain date of it
includes that day, where pip's begins it.
"""

import re
from datetime import UTC, datetime, timedelta

ISO = re.compile(
    r"P(?:(?P<weeks>\d{1,4})W)?(?:(?P<days>\d{1,5})D)?(?:T(?:(?P<hours>\d{1,5})H)?(?:(?P<minutes>\d{1,6})M)?)?"
)
WORDS = re.compile(
    r"(?P<number>\d{1,5})\s*(?:(?P<unit>minute|hour|day|week)s?|(?P<letter>[hdw]))(?:\s+ago)?", re.IGNORECASE
)
LETTERS = {"h": "hour", "d": "day", "w": "week"}
DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def moment(text: str, now: datetime, *, day_included: bool) -> datetime | None:
    """Read a cutoff as a moment (UTC), counted back from `now` where it is a duration; None where it is neither."""
    written = text.strip()
    if (span := _duration(written)) is not None:
        return now - span
    try:
        found = datetime.fromisoformat(written)
        found = found + timedelta(days=1) if day_included and DATE.fullmatch(written) else found
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _duration(text: str) -> timedelta | None:
    if (found := WORDS.fullmatch(text)) is not None:
        unit = found["unit"] or LETTERS[found["letter"].lower()]
        return timedelta(**{f"{unit.lower()}s": int(found["number"])})
    if (found := ISO.fullmatch(text)) is None or not any(found.groupdict().values()):
        return None
    return timedelta(**{unit: int(number) for unit, number in found.groupdict().items() if number})
