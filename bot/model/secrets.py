"""A credential that cannot be printed by accident."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret value; its repr, str and format show nothing of it."""

    _value: str = field(repr=False)

    def reveal(self) -> str:
        """Return the value itself, for the one call that needs it."""
        return self._value

    def __str__(self) -> str:
        return "***"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A user name and its password or token."""

    username: str
    password: Secret
