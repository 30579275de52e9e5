"""How long a release of an operating system or of Python is supported: pure, by a table and a day."""

from datetime import date, timedelta

from bot.model.contents import Cycle, Lifetime, LifetimeTable, Support, minor
from bot.model.packages import OsRelease

WARNING = timedelta(days=90)  # how long before its end a release is said to be ending
# os-release(5) ids and what endoflife.date calls them, where that differs; CentOS Stream has the id of CentOS Linux
PRODUCTS = {
    "alpine": ("alpine-linux",),
    "amzn": ("amazon-linux",),
    "azurelinux": ("azure-linux",),
    "centos": ("centos", "centos-stream"),
    "mariner": ("azure-linux",),
    "ol": ("oracle-linux",),
    "opensuse-leap": ("opensuse",),
    "rocky": ("rocky-linux",),
}
CALLED = {"debian": "Debian", "ubuntu": "Ubuntu", "alpine-linux": "Alpine", "python": "Python"}
SAME_NAME = frozenset({"almalinux", "debian", "fedora", "photon", "rhel", "sles", "ubuntu"})
WHOLE_VERSION = frozenset({"sles"})  # whose `15` is one release of its own and not all of 15.x


def called(one: Lifetime) -> str:
    """Give a release as people call it: `Debian 12`."""
    return f"{CALLED.get(one.product, one.product)} {one.release}"


def lifetime(table: LifetimeTable, product: str, release: str, today: date) -> Lifetime | None:
    """Say where a product's release stands; None where the table does not know it, or knows no date.

    Supported until 90 days before its end, then ending, and ended from the day after. Once its end has passed, an
    extended one takes its place where everybody gets that: it is supported again, and `extended` says how.
    """
    cycle = next((one for one in table.cycles if (one.product, one.release) == (product, release)), None)
    if cycle is None or cycle.end is None:
        return None
    day, extended = _end(cycle, cycle.end, today)
    state = Support.ENDING if day - today <= WARNING else Support.SUPPORTED
    return Lifetime(
        product=product,
        release=release,
        date=day,
        state=Support.ENDED if today > day else state,
        extended=extended,
    )


def of_os(table: LifetimeTable, os: OsRelease, today: date) -> Lifetime | None:
    """Say where an image's operating system stands: `3.20.3` of Alpine is the release `3.20`, `9.4` of RHEL is `9`.

    None for a rolling or unreleased one (no version), and for one that the table does not know.
    """
    names = PRODUCTS.get(os.id, (os.id,) if os.id in SAME_NAME else ())
    parts = os.version.split(".")
    shortest = len(parts) if os.id in WHOLE_VERSION else 1
    releases = [".".join(parts[:length]) for length in range(len(parts), shortest - 1, -1)]
    found = (lifetime(table, name, release, today) for name in names for release in releases)
    return next((one for one in found if one is not None), None)


def of_python(table: LifetimeTable, python: str, today: date) -> Lifetime | None:
    """Say where the Python of an image (`3.12.9`) stands; None for one that the table does not know."""
    return lifetime(table, "python", minor(python), today)


def _end(cycle: Cycle, end: date, today: date) -> tuple[date, bool]:
    """Give the day that counts today, and whether it is that of extended support.

    That counts where everybody gets it from the archive that the image names already: Debian's LTS. Others sell theirs.
    """
    if cycle.product != "debian" or cycle.extended_end is None or cycle.extended_end <= end or today <= end:
        return end, False
    return cycle.extended_end, True
