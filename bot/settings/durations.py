"""Durations and sizes as people write them: `7 days`, `4 GiB`."""

import re
from datetime import timedelta
from difflib import get_close_matches

from bot.settings.mistakes import plain

UNITS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400, "weeks": 604800}
DURATION = re.compile(r"(?P<number>[0-9]{1,12})\s*(?P<unit>[a-z]+)")
SIZES = {"B": 1, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3, "TiB": 1024**4}
SIZE = re.compile(r"(?P<number>[0-9]{1,9})\s*(?P<unit>[A-Za-z]+)")
LONGEST = 100 * 365 * 86400


def duration(text: str) -> timedelta:
    """Read `N seconds|minutes|hours|days|weeks`, singular too; ValueError says what is wrong."""
    match = DURATION.fullmatch(text.strip().lower())
    if match is None:
        if text.strip() == "0":
            return timedelta(0)
        raise ValueError(f'"{plain(text)}" is no duration; write it like "7 days"')
    number, unit = match["number"], match["unit"]
    plural = unit if unit.endswith("s") else f"{unit}s"
    if plural not in UNITS:
        near = get_close_matches(plural, UNITS, n=1)
        hint = f'did you mean "{number} {near[0]}"?' if near else f"units are {', '.join(UNITS)}"
        raise ValueError(f'"{plain(text)}" is no duration; {hint}')
    if (seconds := int(number) * UNITS[plural]) > LONGEST:
        raise ValueError(f'"{plain(text)}" is longer than a hundred years')
    return timedelta(seconds=seconds)


def render_duration(value: timedelta) -> str:
    """Write a duration (whole seconds, not negative) so that `duration` reads it back, in its greatest unit."""
    seconds = int(value.total_seconds())
    if not seconds:
        return "0 seconds"
    unit = next(unit for unit in reversed(UNITS) if seconds % UNITS[unit] == 0)
    number = seconds // UNITS[unit]
    return f"{number} {unit.removesuffix('s') if number == 1 else unit}"


def size(text: str) -> int:
    """Read `N B|KiB|MiB|GiB|TiB` as bytes; ValueError says what is wrong."""
    match = SIZE.fullmatch(text.strip())
    if match is None or match["unit"] not in SIZES:
        near = get_close_matches(match["unit"], SIZES, n=1, cutoff=0.4) if match else []
        hint = f'did you mean "{match["number"]} {near[0]}"?' if match and near else 'write it like "4 GiB"'
        raise ValueError(f'"{plain(text)}" is no size; {hint}')
    return int(match["number"]) * SIZES[match["unit"]]
