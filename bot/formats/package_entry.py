"""One entry of a package database: whether its words make sense, and the order in which entries are given."""

from collections.abc import Iterable

from bot.model.packages import Package

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"  # stands where bytes were no text
LONGEST = 1000  # characters; no manager allows half of it


def package(name: str, version: str, source: tuple[str, str], architecture: str) -> Package | None:
    """Build a package; `source` is its name and version. None where a word is missing or could not be printed.

    All managers write names and versions without space or control characters; what has them is damage or a trick.
    """
    words = (name, version, *source)
    if not all(_is_word(word) for word in words) or (architecture and not _is_word(architecture)):
        return None
    return Package(name=name, version=version, source=source[0], source_version=source[1], architecture=architecture)


def ordered(packages: Iterable[Package | None]) -> tuple[Package, ...]:
    """Give each package once, by name, architecture and version as text."""
    found = {one for one in packages if one is not None}
    return tuple(sorted(found, key=lambda one: (one.name, one.architecture, one.version, one.source_version)))


def _is_word(text: str) -> bool:
    fits = len(text) <= LONGEST and text.isprintable()
    return fits and REPLACEMENT not in text and text.split(None, 1) == [text]
