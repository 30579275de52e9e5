"""What a finished run gives to the faces."""

from dataclasses import dataclass

from bot.model.runs import RunRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A finished run: the record, and its JSON as the contract names it."""

    record: RunRecord
    document: dict[str, object]
