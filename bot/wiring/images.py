"""What images are looked at with: registries, archives, advisories, lifetimes. It needs no database and no git."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from bot.adapters.advisories.feeds import Feed
from bot.adapters.advisories.osv import DEFAULTS, OsvAdvisories
from bot.adapters.advisories.pins import DEFAULT
from bot.adapters.archives.alpine import SECDB, AlpineArchive
from bot.adapters.archives.debian import DebianArchive
from bot.adapters.lifetimes.shipped import ShippedLifetimes
from bot.adapters.registries.built import BuiltTags
from bot.adapters.registries.oci import OciRegistry, RegistryHost
from bot.adapters.registries.shelf import Shelf
from bot.errors import ConfigError
from bot.formats import image_name
from bot.model.packages import PackageFormat
from bot.ports import Archive
from bot.settings import Settings
from bot.system.http import Http
from bot.system.secrets import docker_credentials
from bot.wiring.order import Order, credential
from bot.workflow.inside import Glass


class ImageHouse:
    """What images are looked at with; it needs no database."""

    def __init__(self, order: Order, http: Http) -> None:
        self.order = order
        self.settings = order.settings
        self.clock = order.clock
        self.http = http

    @cached_property
    def registry(self) -> OciRegistry:
        """All registries of this run."""
        hosts = {
            entry.host: RegistryHost(
                host=entry.host,
                mirror=entry.mirror,
                insecure=entry.insecure,
                credential=credential(entry.username, entry.password),
            )
            for entry in self.settings.registries
        }
        shelf = Shelf(self.order.data_dir / "cache" / "images")
        lists = {normal(one.image): one.url for one in self.settings.built_tags}
        return OciRegistry(
            self.http,
            hosts,
            docker_credentials,
            self.clock,
            recall=shelf.recall,
            remember=shelf.remember,
            built=BuiltTags(self.http, lists).of,
        )

    @cached_property
    def glass(self) -> Glass:
        """With what images are looked at."""
        return Glass(
            registry=self.registry,
            archives={kind: make(self) for kind, make in ARCHIVES.items()},
            advisories=self.advisories,
            lifetimes=self.lifetimes,
        )

    @cached_property
    def advisories(self) -> OsvAdvisories:
        """Known flaws of the packages of operating systems; a configured feed stands in for the default one."""
        folder = feed_folder(self.order)
        return OsvAdvisories(self.http, feeds(self.settings), folder, self.clock, eager=self.order.eager)

    @cached_property
    def lifetimes(self) -> ShippedLifetimes:
        """When releases end."""
        folder = self.order.data_dir / "cache" / "lifetimes"
        return ShippedLifetimes(self.http, folder, self.clock, self.settings.lifetimes.url)


def feeds(settings: Settings) -> tuple[Feed, ...]:
    """Give every feed of advisories: those that are configured, and the defaults of all other ecosystems."""
    named = tuple(
        Feed(ecosystem=one.ecosystem, url=one.url, configured=True) for one in settings.advisories if one.kind == "osv"
    )
    known = {feed.ecosystem for feed in named}
    return (*named, *(feed for feed in (DEFAULT, *DEFAULTS) if feed.ecosystem not in known))


def feed_folder(order: Order) -> Path:
    """Say where indexes of feeds are kept."""
    return order.data_dir / "cache" / "advisories"


@contextmanager
def open_images(order: Order) -> Iterator[ImageHouse]:
    """Wire what images are looked at with, and close it afterwards. Raises ConfigError."""
    with Http() as http:
        yield ImageHouse(order, http)


ARCHIVES: Mapping[PackageFormat, Callable[[ImageHouse], Archive]] = {
    PackageFormat.DEB: lambda house: DebianArchive(house.http, house.order.data_dir / "cache" / "archives" / "deb"),
    PackageFormat.APK: lambda house: AlpineArchive(
        house.http, house.order.data_dir / "cache" / "archives" / "apk", house.clock, _secdb(house.settings)
    ),
}


def _secdb(settings: Settings) -> str:
    """Give where Alpine's security database is."""
    return next((one.url for one in settings.advisories if one.kind == "secdb"), SECDB)


def normal(image: str) -> str:
    """Give an image's registry and repository; raises ConfigError where it is none."""
    try:
        name = image_name.parse(image)
    except ValueError as error:
        raise ConfigError(f"[[built_tags]] image: {error}") from error
    return f"{name.registry}/{name.repository}"
