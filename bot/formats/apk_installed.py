"""What apk says is installed: `lib/apk/db/installed`.

The format is that of apk's index (APKINDEX) with lines for files added: one letter, a colon, a value; letters in
upper and in lower case differ. A blank line ends an entry.
"""

from collections.abc import Iterator

from bot.formats import package_entry
from bot.model.packages import Package

NAME, VERSION, ARCHITECTURE, ORIGIN, DESCRIPTION = "P:", "V:", "A:", "o:", "T:"
LETTERS = frozenset({NAME, VERSION, ARCHITECTURE, ORIGIN, DESCRIPTION})
# `apk add --virtual` notes a name for a group of packages; its version is the time of the build.
VIRTUAL = "virtual meta package"


def packages(text: str) -> tuple[Package, ...]:
    """Give what is installed, by name and architecture; what makes no sense is left out, and it never fails."""
    return package_entry.ordered(entries(text))


def entries(text: str) -> Iterator[Package | None]:
    """Give one value for each package, in their order: None where its entry makes no sense.

    Names of groups (`.python-rundeps`) are left out: nothing is installed by them. A source has the version of its
    packages.
    """
    for fields in _stanzas(text):
        name, version = fields.get(NAME, ""), fields.get(VERSION, "")
        if fields.get(DESCRIPTION) != VIRTUAL:
            of = (fields.get(ORIGIN) or name, version)
            yield package_entry.package(name, version, of, fields.get(ARCHITECTURE, ""))


def _stanzas(text: str) -> Iterator[dict[str, str]]:
    fields: dict[str, str] = {}
    for line in text.split("\n"):
        letter = line[:2]
        if letter in LETTERS:
            fields[letter] = line[2:].strip()
        elif fields and not line.strip():
            yield fields
            fields = {}
    if fields:
        yield fields
