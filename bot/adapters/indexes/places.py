"""The package indexes that may be asked: addresses without passwords, and what opens each."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from bot.errors import ConfigError
from bot.model.releases import IndexView
from bot.model.secrets import Credential, Secret
from bot.system.urls import Origin, origin, shown

SET_DIGITS = 12
NO_CREDENTIALS: Mapping[str, Credential] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One index: its address without user, password and last slash, and the header that opens it ("" for none)."""

    url: str
    origin: Origin
    authorization: str = field(default="", repr=False)


class Places:
    """The configured indexes, the default one first.

    A user and password may stand in an address, or in `credentials` under that address; they go to that server only.
    Raises ConfigError where an address is no web address.
    """

    def __init__(self, urls: Sequence[str], credentials: Mapping[str, Credential] = NO_CREDENTIALS) -> None:
        self.configured = tuple(_place(url, credentials.get(url)) for url in urls)

    def seen(self, view: IndexView) -> tuple[Place, ...]:
        """Give the indexes of a view in the order in which they are searched.

        Raises ConfigError where one is at a server that is not configured: a repository may not choose servers.
        """
        default = (self._known(view.index_url),) if view.index_url else self.configured[:1]
        extra = tuple(self._known(url) for url in view.extra_indexes)
        return tuple({place.url: place for place in (*default, *self.configured[1:], *extra)}.values())

    def authorization(self, url: str) -> str:
        """Give what opens this address: the index that it lies under speaks before others at the same server."""
        there = origin(url)
        usable = [place for place in self.configured if place.authorization and place.origin == there]
        usable.sort(key=lambda place: not url.startswith(f"{place.url}/"))
        return usable[0].authorization if usable else ""

    def _known(self, url: str) -> Place:
        place = _place(url, None)
        if place.origin not in {configured.origin for configured in self.configured}:
            raise ConfigError(
                f"the package index {place.url} is at a server that is not configured",
                hint="add it as an [[index]] if resolvers may ask it",
            )
        return Place(url=place.url, origin=place.origin)


def set_name(places: Sequence[Place]) -> str:
    """Name an ordered choice of indexes; the same in every run, so that resolvers' own caches stay valid."""
    return hashlib.sha256("\n".join(place.url for place in places).encode()).hexdigest()[:SET_DIGITS]


def _place(url: str, credential: Credential | None) -> Place:
    try:
        there, parts = origin(url), urlsplit(url)
    except ValueError as error:
        raise ConfigError(f"the package index {shown(url)}: {error}", hint="give an http or https address") from error
    if credential is None and parts.username is not None:
        credential = Credential(username=unquote(parts.username), password=Secret(unquote(parts.password or "")))
    authorization = ""
    if credential is not None:
        pair = f"{credential.username}:{credential.password.reveal()}"
        authorization = f"Basic {base64.b64encode(pair.encode()).decode()}"
    plain = parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()
    return Place(url=plain.rstrip("/"), origin=there, authorization=authorization)
