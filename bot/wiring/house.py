"""Everything that works on repositories: forges, workspaces, indexes, lockers, the store."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from bot.adapters.advisories.feeds import FeedFolder
from bot.adapters.advisories.pins import ChosenAdvisories, DumpAdvisories
from bot.adapters.advisories.pypi_json import IndexAdvisories
from bot.adapters.advisories.standing import standing
from bot.adapters.indexes.gate import Gate
from bot.adapters.indexes.pages import Pages
from bot.adapters.indexes.simple import SimpleIndex
from bot.adapters.lockers.interpreters import OURS, Interpreters
from bot.adapters.lockers.memory import Memory
from bot.adapters.lockers.pip_tools import PipToolsLocker
from bot.adapters.lockers.rooms import Confinement, Rooms
from bot.adapters.lockers.uv_pip import UvPipLocker
from bot.adapters.workspaces.git import GitWorkspace
from bot.adapters.workspaces.recording import RecordingWorkspace
from bot.decide.plan import Wish
from bot.errors import ConfigError
from bot.model.contents import FeedState
from bot.model.fleet import Member
from bot.model.isolation import Isolation
from bot.model.locks import LockerName
from bot.model.repository import Repository
from bot.model.secrets import SecretRef
from bot.ports import Locker, Workspace
from bot.settings import RepositorySettings
from bot.system import confine
from bot.system.clock import system_clock
from bot.system.confine import Limits
from bot.system.http import READ_SECONDS, Http, Route
from bot.system.pip_config import PipConfiguration, pip_configuration
from bot.wiring.engines import engine
from bot.wiring.fleet import Fleet
from bot.wiring.forges import ForgeHouse, Line
from bot.wiring.images import ImageHouse, feed_folder, feeds
from bot.wiring.order import Order, credential
from bot.workflow.context import Assignment, Tools
from bot.workflow.rebuild import work
from bot.workflow.result import Result

if TYPE_CHECKING:
    from bot.adapters.stores.sql import SqlStore


class House:
    """One set of wired implementations; close it through `open_house`."""

    def __init__(
        self, order: Order, http: Http, store: "SqlStore", stack: ExitStack, line: Line | None = None
    ) -> None:  # fmt: skip
        self.order = order
        self._stack = stack
        self.settings = order.settings
        self.clock = order.clock
        self.http = http
        self.store = store
        self.images = ImageHouse(order, http)
        self._workspaces: dict[str, GitWorkspace] = {}
        self.forges = ForgeHouse(order, store, self.workspace, line)
        if line is None:
            self._stack.callback(self.forges.close)
        # a search is a run of its own: it knows nothing of repositories from before
        self.fleet = Fleet(order.settings, store, lambda searches: self.forges.anew().directory(searches), order.clock)

    def work(self, assignments: tuple[Assignment, ...], wish: Wish) -> tuple[Result, ...]:
        """Work on repositories, several at a time; results in the order of the assignments."""
        jobs = tuple((self.tools(assignment), assignment) for assignment in assignments)
        return engine(self.settings.engine, self.store.queue).map(lambda job: self._worked(*job, wish), jobs)

    def _worked(self, tools: Tools, assignment: Assignment, wish: Wish) -> Result:
        """Run one repository; what a service was asked to do with it until now is done with that, too."""
        asked_before = system_clock()  # `--now` is no time for tasks
        result = work(tools, assignment, wish)
        whole = wish == Wish() and self.clock is system_clock
        if whole and result.record.failure is None and not self.order.rehearsal:
            self.store.queue.settle(assignment.repository.key, asked_before)
        return result

    def tools(self, assignment: Assignment, *, routine: bool = False) -> Tools:
        """Give one repository's tools; `routine`: for one of many runs of a service, as `Tools` says.

        Then its forge is asked as if nothing were known of it yet.
        """
        repository = assignment.repository
        forges = self.forges.anew() if routine else self.forges
        kind = forges.kind_of(repository)
        return Tools(
            forge=forges.forge(kind),
            talk=forges.talk(kind),
            pins=self.advisories,
            workspace=self.workspace(repository),
            glass=self.images.glass,
            index=self.index,
            lockers={name: make(self) for name, make in LOCKERS.items()},
            store=self.store,
            progress=self.order.progress,
            clock=self.clock,
            rehearsal=self.order.rehearsal,
            routine=routine,
            bench=self.rooms.folder,
            release_notes=forges.release_notes(kind),
        )

    def assignment(self, repository: Repository, configured: RepositorySettings | None) -> Assignment:
        """Say what holds for a repository: its own part of the configuration, or the defaults."""
        return Assignment(
            repository=repository,
            policy=configured.policy if configured else self.settings.policy,
            schedule=self.settings.schedule,
            index_hosts=frozenset(urlsplit(url).netloc.rpartition("@")[2] for url in self.pip.urls),
            default_python=OURS,
            committer=self.settings.author_email,
            waivers=self.settings.waivers,
        )

    def check(self) -> None:
        """Look at what every run needs, before the first one; raises ConfigError."""
        if self.settings.forge.kind != "local" and not all(entry.url for entry in self.settings.repositories):
            _ = self.forges.access
        _ = self.confinement

    def member(self, member: Member) -> Assignment:
        """Say what holds for a repository of the fleet."""
        return self.assignment(member.repository, self._entries.get(member.entry))

    @cached_property
    def _entries(self) -> Mapping[str, RepositorySettings]:
        return {entry.name: entry for entry in self.settings.repositories}

    def workspace(self, repository: Repository) -> Workspace:
        """Give the repository's clone; the same one within a run."""
        kind = RecordingWorkspace if self.order.rehearsal else GitWorkspace
        if repository.key not in self._workspaces:
            self._workspaces[repository.key] = kind(
                self.order.data_dir,
                repository.key,
                author=self.settings.author_name,
                email=self.settings.author_email,
                home=self.order.home,
            )
        return self._workspaces[repository.key]

    @cached_property
    def pip(self) -> PipConfiguration:
        """Give pip's own configuration and the operator's further indexes."""
        found = pip_configuration()
        more = tuple(_with_credentials(index.url, index.username, index.password) for index in self.settings.indexes)
        return PipConfiguration(
            index_url=found.index_url,
            extra_index_urls=(*found.extra_index_urls, *more),
            cert=found.cert,
            trusted_hosts=found.trusted_hosts,
            proxy=found.proxy,
            timeout=found.timeout,
        )

    @cached_property
    def rooms(self) -> Rooms:
        """Where resolver children run."""
        return Rooms(self.order.data_dir, self.gate, self.confinement)

    @cached_property
    def confinement(self) -> Confinement:
        """How resolver children are kept apart; raises ConfigError where the mode that is configured cannot be had."""
        wanted = self.settings.isolation
        strongest, why = confine.strongest()
        if wanted.mode == "sandbox" and strongest is not Isolation.SANDBOX:
            hint = 'install bubblewrap and allow it user namespaces, or take mode = "process"'
            raise ConfigError(f'[isolation] mode = "sandbox" cannot be had here: {why}', hint=hint)
        return Confinement(
            isolation=strongest if wanted.mode == "auto" else Isolation(wanted.mode),
            chosen=wanted.mode != "auto",
            why=why if wanted.mode == "auto" else "",
            limits=Limits(memory=wanted.memory),
            timeout=wanted.timeout.total_seconds(),
        )

    @cached_property
    def memory(self) -> Memory:
        """What was compiled before."""
        return Memory(recall=self.store.recall, remember=self.store.remember)

    @cached_property
    def interpreters(self) -> Interpreters:
        """Pythons with pip-tools."""
        return Interpreters(self.rooms, download=self.settings.python.download)

    @cached_property
    def index(self) -> SimpleIndex:
        """All package indexes of this run."""
        return SimpleIndex(self.pages)

    @cached_property
    def advisories(self) -> ChosenAdvisories:
        """What is known of Python packages: configured dumps, else one that is at hand, else what the index says."""
        folder = feed_folder(self.order)
        dumps = DumpAdvisories(self.http, feeds(self.settings), folder, self.clock, eager=self.order.eager)
        default = self.pages.places.configured[:1]
        index = IndexAdvisories(
            self.pages.get,
            lambda name: bool(self.pages.pages(default, name)),
            self.pip.urls[0],
            folder / "index",
            self.clock,
        )
        return ChosenAdvisories(self._stack.enter_context(dumps), self._stack.enter_context(index))

    def feeds(self) -> tuple[FeedState, ...]:
        """Say how every feed of advisories stands, without asking any of them."""
        folder = FeedFolder(self.http, feed_folder(self.order), self.clock)
        return tuple(standing(folder, feeds(self.settings)))

    @cached_property
    def pages(self) -> Pages:
        """Their pages, which the index and the resolvers' gate share."""
        route = Route(
            cafile=self.pip.cert,
            proxy=self.pip.proxy,
            insecure_hosts=frozenset(self.pip.trusted_hosts),
            read_seconds=self.pip.timeout or READ_SECONDS,
        )
        http = self._stack.enter_context(Http(route=route))
        return Pages(http, self.pip.urls, folder=self.order.data_dir / "cache" / "pages", clock=self.clock)

    @cached_property
    def gate(self) -> Gate:
        """Through which resolvers see the indexes."""
        return self._stack.enter_context(Gate(self.pages, self.order.data_dir / "cache" / "gate"))


@contextmanager
def open_house(order: Order) -> Iterator[House]:
    """Wire everything for one run, and close it afterwards. Raises StoreError and ConfigError."""
    from bot.adapters.stores.sql import SqlStore  # noqa: PLC0415 - SQLAlchemy costs 0.25 s that `image` need not pay

    with ExitStack() as stack:
        store = stack.enter_context(SqlStore.open(order.data_dir, clock=order.clock))
        http = stack.enter_context(Http())
        yield House(order, http, store, stack)


LOCKERS: Mapping[LockerName, Callable[[House], Locker]] = {
    LockerName.PIP_TOOLS: lambda house: PipToolsLocker(house.rooms, house.interpreters, house.memory),
    LockerName.UV_PIP: lambda house: UvPipLocker(house.rooms, house.interpreters, house.memory),
}


def _with_credentials(url: str, username: SecretRef | None, password: SecretRef | None) -> str:
    """Write a credential into an index address, which only pip's and uv's private configuration gets to see."""
    found = credential(username, password)
    if found is None:
        return url
    user, secret = quote(found.username, safe=""), quote(found.password.reveal(), safe="")
    parts = urlsplit(url)
    return parts._replace(netloc=f"{user}:{secret}@{parts.netloc}").geturl()
