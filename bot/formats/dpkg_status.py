"""What dpkg says is installed: `var/lib/dpkg/status`, and the files of `var/lib/dpkg/status.d` in distroless images.

The format is deb822(5); the fields are those of dpkg(1), "Package states", and of Debian Policy, 5.6.1 (Source).
"""

from collections.abc import Iterator

from bot.formats import package_entry
from bot.formats.deb822 import stanzas_of
from bot.model.packages import Package

FIELDS = frozenset({"package", "status", "version", "source", "architecture"})
GONE = frozenset({"config-files", "not-installed"})


def packages(text: str) -> tuple[Package, ...]:
    """Give what is installed, by name and architecture; what makes no sense is left out, and it never fails."""
    return package_entry.ordered(entries(text))


def entries(text: str) -> Iterator[Package | None]:
    """Give one value for each package that is not gone, in their order: None where its entry makes no sense.

    A package that is unpacked or configured by half counts: its files are there. One without a state counts too,
    which is how distroless images write it. Without a source, a package is its own.
    """
    for fields in stanzas_of(text.split("\n"), FIELDS):
        if fields.get("status", "").rpartition(" ")[2] not in GONE:
            yield _package(fields)


def _package(fields: dict[str, str]) -> Package | None:
    name, version = fields.get("package", ""), fields.get("version", "")
    source, _, rest = fields.get("source", "").partition("(")
    of = (source.strip() or name, rest.strip().removesuffix(")").strip() or version)
    return package_entry.package(name, version, of, fields.get("architecture", ""))
