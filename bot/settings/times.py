"""Kinds of values that say when: a day, an interval, cron fields."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from difflib import get_close_matches

from bot.formats import cron
from bot.settings import texts
from bot.settings.kinds import Key, Schema, Table, Whole, said
from bot.settings.mistakes import Place, kind_of, plain

LEAST_DAY = date(1970, 1, 1)
MOST_OF_A_UNIT = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """A date, as TOML writes it (`2027-01-31`) or as a string."""

    def read(self, value: object, at: Place) -> date:
        """Read the date."""
        if isinstance(value, date) and not isinstance(value, datetime):
            return value
        if not isinstance(value, str):
            at.wrong(f"{at.label} must be a date, not {kind_of(value)}", "write it like 2027-01-31")
            return LEAST_DAY
        try:
            return texts.calendar_day(value)
        except ValueError as error:
            at.wrong(said(at, error))
            return LEAST_DAY

    def blank(self) -> date:
        """Give the stand-in."""
        return LEAST_DAY

    def schema(self) -> Schema:
        """Describe a date: JSON has only its text."""
        return {"type": "string", "format": "date", "pattern": f"^{texts.DAY}$"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CronFields:
    """A table of cron fields as APScheduler names and reads them, coarsest first when read."""

    def read(self, value: object, at: Place) -> tuple[tuple[str, str], ...]:
        """Read the fields."""
        if not isinstance(value, dict) or not value:
            told = "an empty table" if value == {} else kind_of(value)
            at.wrong(f"{at.label} must be a table of cron fields, not {told}", 'write it like { month = "1,4,7,10" }')
            return ()
        correct = [self._field(name, value[name], at.child(name)) for name in value]
        if not all(correct):
            return ()
        fields = tuple((name, str(value[name])) for name in cron.FIELDS if name in value)
        if not cron.parse(fields).possible():
            at.wrong(f"{at.label} never comes: no such day exists")
        return fields

    def _field(self, name: str, value: object, at: Place) -> bool:
        """Read one field; whether it can be used."""
        if name not in cron.FIELDS:
            near = get_close_matches(name, cron.FIELDS, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"fields are {', '.join(cron.FIELDS)}"
            at.wrong(f"unknown cron field {plain(name)!r}", hint)
            return False
        if isinstance(value, bool) or not isinstance(value, (str, int)):
            at.wrong(f"{at.label} must be a string or a whole number, not {kind_of(value)}")
            return False
        try:
            cron.check(name, str(value))
        except ValueError as error:
            at.wrong(said(at, error))
            return False
        return True

    def blank(self) -> tuple[tuple[str, str], ...]:
        """Give the stand-in."""
        return ()

    def schema(self) -> Schema:
        """Describe a table of fields; what they may say is only told by reading."""
        fields = {name: {"type": ["string", "integer"]} for name in cron.FIELDS}
        return {"type": "object", "additionalProperties": False, "minProperties": 1, "properties": fields}


UNITS = ("weeks", "days", "hours", "minutes", "seconds")

INTERVAL = Table(
    keys=tuple(Key(unit, Whole(least=1, most=MOST_OF_A_UNIT), f"So many {unit}.") for unit in UNITS),
    build=timedelta,
    least=1,
)
