"""Who is looked after at the moment, by key and by name."""

from collections.abc import Iterable

from bot.model.fleet import Member


class Roster:
    """The members of the fleet, as they were told last; replaced as a whole, so that readers need no lock."""

    def __init__(self) -> None:
        self._all: tuple[Member, ...] = ()
        self._by_key: dict[str, Member] = {}
        self._by_name: dict[str, Member] = {}

    def tell(self, members: Iterable[Member]) -> None:
        """Take another fleet."""
        self._all = tuple(members)
        self._by_key = {one.repository.key: one for one in self._all if one.active}
        self._by_name = {one.repository.name.casefold(): one for one in self._all if not one.repository.url}

    @property
    def members(self) -> tuple[Member, ...]:
        """All, those that are not worked on included."""
        return self._all

    @property
    def active(self) -> tuple[Member, ...]:
        """Those that are worked on, each once."""
        return tuple(self._by_key.values())

    @property
    def keys(self) -> frozenset[str]:
        """The keys of those that are worked on."""
        return frozenset(self._by_key)

    def by_key(self, key: str) -> Member | None:
        """Give one that is worked on."""
        return self._by_key.get(key)

    def by_name(self, name: str) -> Member | None:
        """Give one by the name that its forge calls it, however that is spelled; None for one that is not ours."""
        return self._by_name.get(name.casefold())
