"""The repositories that are looked after: those of the configuration, and those that were found."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace

from bot.decide import fleet
from bot.errors import AccessDenied, Unavailable
from bot.formats import fleet_text
from bot.model.fleet import Found, Member, Memory, Search
from bot.model.reasons import Reason
from bot.ports import Clock, Directory, Store
from bot.settings import Settings
from bot.wiring.located import located

KIND, KEY = "fleet", "known"
EVERYTHING = "all that the GitHub App is installed on"
LOG = logging.getLogger(__name__)
Answer = tuple[Found, ...] | str


class Fleet:
    """Who belongs to the fleet; `directory` gives what finds the repositories of some searches.

    What was found is kept in the store, so that faces know it without asking anybody.
    """

    def __init__(
        self, settings: Settings, store: Store, directory: Callable[[tuple[Search, ...]], Directory], clock: Clock
    ) -> None:
        self._settings = settings
        self._store = store
        self._directory = directory
        self._clock = clock

    @property
    def searches(self) -> Mapping[str, tuple[Search, ...]]:
        """Give the searches that are made, by their labels; none where nothing is to be found."""
        settings = self._settings
        if settings.forge.kind != "github":
            return {}
        if not settings.discover:
            return {EVERYTHING: ()} if settings.forge.app is not None else {}
        wanted = (Search(owner=one.owner, topic=one.topic) for one in settings.discover)
        return {label_of(one): (one,) for one in wanted}

    def refresh(self) -> tuple[Reason, ...]:
        """Ask what there is now, and carry the history of what is called otherwise over to its new name.

        Gives what could not be asked (`decide.fleet.SILENT`), where the last answer stands, and what is called
        otherwise (`decide.fleet.RENAMED`). Raises StoreError, and ConfigError without a credential.
        """
        searches = self.searches
        before = self._memory()
        if not searches and not before.known:
            return ()
        now = self._clock()
        answers = {label: self._asked(wanted) for label, wanted in searches.items()}
        learned = fleet.learn(before, answers, self._entries(), now)
        # while somebody works under an old name all of it waits for the next time
        if self._carried_over(learned) and learned.memory != before:
            self._store.remember(KIND, KEY, fleet_text.render(learned.memory), now)
        told = tuple(
            Reason(code=fleet.RENAMED, subject=one.old, text=f"{one.old} is called {one.new} now")
            for one in learned.renamed
        )
        return (*fleet.troubles(learned.memory), *told)

    def members(self) -> tuple[Member, ...]:
        """Give the fleet as it was last seen, sorted by name; nobody is asked."""
        memory, made = self._memory(), self.searches.keys()
        known = tuple(one for one in memory.known if made & set(one.searches))
        return fleet.members(self._entries(), replace(memory, known=known))

    def troubles(self) -> tuple[Reason, ...]:
        """Say which searches were not answered the last time; nobody is asked."""
        return fleet.troubles(self._memory())

    def _carried_over(self, learned: fleet.Learned) -> bool:
        """Carry histories over to new names; False where one of them is being worked on."""
        try:
            for old, new in fleet.moves(learned.renamed):
                with self._store.exclusive(old):
                    self._store.rename(old, new)
            for one in learned.renamed:
                self._store.remember(fleet.IDENTITY, one.id, one.new, self._clock())
        except Unavailable as error:
            LOG.info("a repository is called otherwise, and its history waits: %s", error)
            return False
        return True

    def _asked(self, wanted: tuple[Search, ...]) -> Answer:
        try:
            return self._directory(wanted).found()
        except (AccessDenied, Unavailable) as error:
            return f"{error.message} ({error.hint})" if error.hint else error.message

    def _memory(self) -> Memory:
        memory, made = fleet_text.parse(self._store.recall(KIND, KEY)), self.searches.keys()
        return replace(memory, silent=tuple(one for one in memory.silent if one.search in made))

    def _entries(self) -> tuple[fleet.Entry, ...]:
        return tuple(
            fleet.Entry(name=one.name, url=located(one.url) if one.url else "", branch=one.branch, enabled=one.enabled)
            for one in self._settings.repositories
        )


def label_of(search: Search) -> str:
    """Name a search for people and for the memory."""
    topic = f" with the topic {search.topic}" if search.topic is not None else ""
    return f"the repositories of {search.owner}{topic}"
