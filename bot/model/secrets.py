"""A credential that cannot be printed by accident, and the place where one stands."""

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


@dataclass(frozen=True, slots=True)
class SecretRef:
    """Where a secret stands, never the secret itself: exactly one of an environment variable and a file is set."""

    env: str | None = None
    file: str | None = None

    def __post_init__(self) -> None:
        if (self.env is None) == (self.file is None):
            raise ValueError("a secret stands in an environment variable or in a file, exactly one of them")


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A user name and its password or token."""

    username: str
    password: Secret
