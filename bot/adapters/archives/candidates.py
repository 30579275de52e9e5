"""Which version apt would install, and which packages a source has in an archive: pure rules over what was read.

apt_preferences(5): a suite has priority 500, one with NotAutomatic 1, and one with ButAutomaticUpgrades besides 100,
which is also that of an installed version. The highest priority wins, then the highest version, never a lower one.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cmp_to_key

from bot.adapters.archives.apt_suites import Suite
from bot.adapters.archives.changelog_search import Placed
from bot.adapters.archives.changelogs import Logged
from bot.formats.apt_packages import Offer
from bot.formats.debian_changelog import is_between
from bot.formats.dpkg_version import compare
from bot.model.contents import SourceMove, Told, Waiting
from bot.model.packages import Package

EVERY = "all"  # the architecture of packages that are the same for all
SECURITY = "-security"
by_version = cmp_to_key(compare)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """What one suite offers for one architecture (Debian's name)."""

    suite: Suite
    architecture: str
    offers: tuple[Offer, ...]


def architectures(packages: Iterable[Package]) -> tuple[str, ...]:
    """Give the architectures of packages, the one of most of them first: that is the image's own."""
    counted = Counter(package.architecture for package in packages if package.architecture not in {EVERY, ""})
    return tuple(sorted(counted, key=lambda name: (-counted[name], name)))


def waiting(packages: Sequence[Package], shelves: Iterable[Shelf]) -> tuple[Waiting, ...]:
    """Name every installed package of which apt would install a newer version, sorted by name and architecture."""
    native = (*architectures(packages), EVERY)[0]
    offered: dict[tuple[str, str], list[tuple[Suite, Offer]]] = {}
    for shelf in shelves:
        for offer in shelf.offers:
            offered.setdefault((offer.package, shelf.architecture), []).append((shelf.suite, offer))
    found = []
    for package in sorted(set(packages), key=lambda one: (one.name, one.architecture)):
        architecture = native if package.architecture == EVERY else package.architecture
        choice = _waiting(package, offered.get((package.name, architecture), []))
        if choice is not None:
            found.append(choice)
    return tuple(found)


def placed(shelves: Iterable[Shelf], sources: Iterable[str]) -> Mapping[str, tuple[Placed, ...]]:
    """Give the packages that are built from each of the sources, with the archives that have them."""
    found: dict[str, list[Placed]] = {source: [] for source in sources}
    for shelf in shelves:
        for offer in shelf.offers:
            if offer.source in found:
                one = Placed(uri=shelf.suite.source.uri, offer=offer, security=shelf.suite.security)
                found[offer.source].append(one)
    return {source: tuple(rows) for source, rows in found.items()}


def told(move: SourceMove, found: Iterable[Placed], logged: Sequence[Logged]) -> Told:
    """Say what an archive knows of a move; `logged` are the entries of its changelog between the two versions.

    An archive keeps the newest version only, so the changelog also tells of those before it.
    """
    published = any(one.security and is_between(one.offer.source_version, move.old, move.new) for one in found)
    uploaded = any(name.endswith(SECURITY) for entry in logged for name in entry.distributions)
    ids = {name for entry in logged for name in entry.ids}
    return Told(security=published or uploaded, ids=tuple(sorted(ids)), changelog=bool(logged))


def _waiting(package: Package, offered: Sequence[tuple[Suite, Offer]]) -> Waiting | None:
    ordinary = [offer for suite, offer in offered if not suite.release.not_automatic]
    late = [offer for suite, offer in offered if suite.release.not_automatic and suite.release.upgrades]
    if all(compare(offer.version, package.version) < 0 for offer in ordinary):
        ordinary += late
    best = max(ordinary, key=lambda offer: by_version(offer.version), default=None)
    if best is None or compare(best.version, package.version) <= 0:
        return None
    return Waiting(
        package=package.name,
        source=package.source,
        current=package.version,
        available=best.version,
        current_source=package.source_version,
        available_source=best.source_version,
        security=any(suite.security and compare(offer.version, package.version) > 0 for suite, offer in offered),
    )
