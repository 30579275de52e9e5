"""Which paths of an image matter here: package databases, os-release, and where packages come from."""

from collections.abc import Iterator
from enum import StrEnum

from bot.formats.image_system import DATABASES, DPKG_FOLDER, RELEASES, is_database, is_release

LONGEST = 4096  # bytes; Linux takes no longer path, path_resolution(7)
WHITEOUT = ".wh."


class Group(StrEnum):
    """What a path is wanted for."""

    PACKAGES = "packages"
    SOURCES = "sources"


SOURCE_FILES = ("etc/apt/sources.list", "etc/apt/trusted.gpg", "etc/apk/repositories", "etc/apk/arch")
# folders, and how the names in them end that are wanted; sources.list(5), apt-secure(8), apk-repositories(5)
SOURCE_FOLDERS = {
    "etc/apt/sources.list.d": (".list", ".sources"),
    "etc/apt/trusted.gpg.d": ("",),
    "etc/apt/keyrings": ("",),
    "usr/share/keyrings": (".gpg", ".asc", ".pgp"),
    "etc/apk/repositories.d": ("",),
    "etc/apk/keys": ("",),
}
_EXACT = (*DATABASES, *RELEASES, *SOURCE_FILES)
_FOLDERS = (DPKG_FOLDER.rstrip("/"), *SOURCE_FOLDERS)
_HOLDERS = frozenset((*(path.rpartition("/")[0] for path in _EXACT), *_FOLDERS))
# what tells one set of wanted paths from another, for answers that are kept
WANTED = repr((_EXACT, _FOLDERS, sorted(SOURCE_FOLDERS.items())))


def prefixes(path: str) -> Iterator[str]:
    """Give the directories above a path and then the path itself, without the root: `a`, `a/b`, `a/b/c`."""
    at = path.find("/")
    while at >= 0:
        yield path[:at]
        at = path.find("/", at + 1)
    if path:
        yield path


_ABOVE = frozenset(
    one for path in (*_EXACT, *(f"{folder}/x" for folder in _FOLDERS)) for one in prefixes(path.rpartition("/")[0])
)


def wanted(path: str) -> Group | None:
    """Say what a path, without a leading slash, is wanted for; None where it is not.

    Names that nobody could print, and those of whiteouts, are not wanted.
    """
    folder, _, name = path.rpartition("/")
    if folder not in _HOLDERS or name.startswith(WHITEOUT) or not name.isprintable():
        return None
    if is_database(path) or is_release(path):
        return Group.PACKAGES
    ends = SOURCE_FOLDERS.get(folder, ())
    return Group.SOURCES if path in SOURCE_FILES or (name and name.endswith(ends)) else None


def matters(path: str) -> bool:
    """Say whether a path is wanted, or is a directory above one that is."""
    return path in _ABOVE or wanted(path) is not None


def clean(name: str) -> str | None:
    """Bring the name of a tar's entry into the one form `a/b`, the root being ""; None: it names nothing in an image.

    Names that lead above the root, have a NUL in them, or are longer than a path may be, name nothing.
    """
    if "\0" in name or len(name) > LONGEST:
        return None
    if not (name.startswith("/") or name.endswith(("/", ".")) or "//" in name or "./" in name):
        return name
    parts: list[str] = []
    for part in name.split("/"):
        if part == ".." and not parts and not name.startswith("/"):
            return None
        if part == "..":
            del parts[-1:]
        elif part not in {"", "."}:
            parts.append(part)
    return "/".join(parts)
