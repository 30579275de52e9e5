"""Makes every secret that the configuration names known, before anything is done, so that none is ever shown."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from bot.model.secrets import SecretRef
from bot.settings import Settings
from bot.system.redaction import known_address
from bot.system.secrets import learn


def make_known(settings: Settings) -> None:
    """Read all secrets, also those that this command does not need; one that is missing is told by who needs it."""
    refs: list[SecretRef] = []
    logins: list[tuple[SecretRef, SecretRef]] = []
    for table in _tables(settings):
        named = {field.name: getattr(table, field.name) for field in fields(table)}
        username, password = named.get("username"), named.get("password")
        if isinstance(username, SecretRef) and isinstance(password, SecretRef):
            logins.append((username, password))
            named = {name: value for name, value in named.items() if name not in {"username", "password"}}
        for value in named.values():
            for one in value if isinstance(value, tuple) else (value,):
                if isinstance(one, SecretRef):
                    refs.append(one)
                elif isinstance(one, str):
                    known_address(one)
    learn(refs, logins)


def _tables(value: Any) -> Iterator[Any]:
    """Give a dataclass and all that stand in it, but places of secrets."""
    if isinstance(value, tuple):
        for one in value:
            yield from _tables(one)
    elif is_dataclass(value) and not isinstance(value, type | SecretRef):
        yield value
        for field in fields(value):
            yield from _tables(getattr(value, field.name))
