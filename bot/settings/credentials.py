"""Where a secret stands: `{ env = "NAME" }` or `{ file = "PATH" }`, never the secret itself."""

from dataclasses import dataclass

from bot.model.secrets import SecretRef
from bot.settings import texts
from bot.settings.kinds import Key, Schema, Table, Written
from bot.settings.mistakes import Place, kind_of

FORM = '{ env = "NAME" } or { file = "PATH" }'
STAND_IN = SecretRef(env="_")

_TABLE: Table[dict[str, str]] = Table(
    keys=(
        Key("env", Written(wanted="a string", parse=texts.variable, empty="_"), "Name of an environment variable."),
        Key("file", Written(wanted="a string", parse=texts.text, empty="_"), "Path of a file with nothing else in it."),
    ),
    build=dict,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretPlace:
    """The place of a secret. A value in clear is never repeated in a message."""

    def read(self, value: object, at: Place) -> SecretRef:
        """Read the place."""
        if isinstance(value, str):
            hint = f"write {FORM}, put the value there, and change it if this file was shared"
            at.wrong(f"{at.label} holds a value in clear, where only its place may stand", hint)
            return STAND_IN
        if not isinstance(value, dict):
            at.wrong(f"{at.label} must be a table, not {kind_of(value)}", f"write {FORM}")
            return STAND_IN
        places = _TABLE.read(value, at)
        if len(places) == 1:
            return SecretRef(**places)
        if places or not value:
            at.wrong(f"{at.label} must name exactly one place", f"write {FORM}")
        return STAND_IN

    def blank(self) -> SecretRef:
        """Give the stand-in."""
        return STAND_IN

    def schema(self) -> Schema:
        """Describe a table with exactly one of the two."""
        return _TABLE.schema() | {"minProperties": 1, "maxProperties": 1}
