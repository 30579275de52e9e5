"""Survey of Pythons: for which one each lock is, who installs it, and which pip-tools the repository itself uses.

The order is: the lock's header, the repository's own entry for the lock, the image that installs it (see `pythons`),
`.python-version` and its kin, `requires-python`, the repository's `python`, the tag of its only image, the default.
"""

import configparser
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from bot.formats import requirement_file
from bot.formats.dockerfile import is_dockerfile
from bot.formats.dockerfile_installs import installs
from bot.formats.image_files import Paths
from bot.model.images import ImageUse, Install
from bot.model.locks import Lock, PythonClaim

HEADER = "lock header"
CONFIG = "config"
GUESS = "the Python that runs Quarterdeck"
ENTRY = "[[locks]]"

NAMED = re.compile(r"(?:c?python-?|py)?(?P<version>3\.\d+)(?!\d)", re.IGNORECASE)
TOOL = re.compile(r"^python\s+(?:\S+\s+)*?(?P<version>3\.\d+)(?!\d)", re.MULTILINE)
TAG = re.compile(r"(?P<version>3\.\d+)(?!\d)")
VERSION_FILES = (".python-version", ".tool-versions", "runtime.txt")
MINORS = tuple(f"3.{minor}" for minor in range(8, 16))
LATEST_PATCH = 99  # `>=3.11.4` allows 3.11, and `<3.12` does not allow 3.12


@dataclass(frozen=True, slots=True, kw_only=True)
class Clues:
    """Where a Python may be named: the repository's texts and images, and the default (`named`: its file says so)."""

    texts: Mapping[str, str]
    images: tuple[ImageUse, ...]
    default: str
    named: bool


def with_python(lock: Lock, header: str, clues: Clues, *, entry: str = "") -> Lock:
    """Say for which Python a lock is, as far as files alone tell; `header` and `entry` are what those name."""
    if entry and not header:
        return replace(lock, python=entry, python_from=CONFIG, python_where=ENTRY)
    named = ((header, HEADER), *_files(_folder(lock.path), clues.texts), *_fallbacks(clues))
    python, where = next((python, where) for python, where in named if python)
    return replace(lock, python=python, python_from=where)


def with_claims(lock: Lock, texts: Mapping[str, str]) -> Lock:
    """Note what the nearest version file and the nearest project say of a lock's Python."""
    folders = tuple(_above(_folder(lock.path)))
    files = (PythonClaim(where=path, named=named) for place in folders for named, path in _version_files(place, texts))
    projects = (PythonClaim(where=path, requires=it) for place in folders for it, path in _required(place, texts))
    nearest = (
        next((claim for claim in files if claim.named), None),
        next((claim for claim in projects if claim.requires), None),
    )
    return replace(lock, python_claims=tuple(claim for claim in nearest if claim is not None))


def certain(lock: Lock) -> bool:
    """Say whether a lock's Python is named so directly that no image is asked for another one."""
    return lock.python_from == HEADER or lock.python_where == ENTRY


def _files(folder: str, texts: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Give what version files name, then what projects require, each from the nearest folder on."""
    folders = tuple(_above(folder))
    yield from ((named[0] if named else "", path) for place in folders for named, path in _version_files(place, texts))
    yield from ((_lowest(it), path) for place in folders for it, path in _required(place, texts))


def _fallbacks(clues: Clues) -> Iterator[tuple[str, str]]:
    if clues.named:
        yield clues.default, CONFIG
    tags = {tag_python(use) for use in clues.images} - {""}
    if len(tags) == 1:
        yield tags.pop(), "Dockerfile"
    yield clues.default, GUESS


def tag_python(use: ImageUse) -> str:
    """Give the Python that an image's tag names, for images that are called python; "" for others."""
    named = use.name.repository.rpartition("/")[2] == "python"
    found = TAG.match(use.name.tag or "") if named else None
    return found["version"] if found else ""


def installs_of(texts: Mapping[str, str], files: frozenset[str], locks: frozenset[str]) -> tuple[Install, ...]:
    """Give what the repository's Dockerfiles install of these locks, also through files that include them (`-r`)."""
    paths = Paths.of(files)
    found = (one for path, text in sorted(texts.items()) if is_dockerfile(path) for one in installs(path, text, paths))
    every = (replace(one, lock=path) for one in found for path in _included(one.lock, texts) if path in locks)
    return tuple(dict.fromkeys(every))


def with_pip_tools(locks: tuple[Lock, ...]) -> tuple[Lock, ...]:
    """Give each lock the pip-tools that the repository pins: in the lock itself, else nearest, else the highest."""
    pinned = {lock.path: pin.version for lock in locks for pin in lock.pins if pin.name == "pip-tools"}
    if not pinned:
        return locks
    return tuple(replace(lock, pip_tools=_nearest(lock.path, pinned)) for lock in locks)


def _nearest(path: str, pinned: Mapping[str, str]) -> str:
    """Choose the version pinned by the lock itself, else by the one with the most folders in common."""
    if path in pinned:
        return pinned[path]
    shared = {other: len(set(_above(_folder(other))) & set(_above(_folder(path)))) for other in pinned}
    most = max(shared.values())
    return max((pinned[other] for other, count in shared.items() if count == most), key=_comparable)


def _comparable(text: str) -> tuple[Version, str]:
    try:
        return Version(text), text
    except InvalidVersion:
        return Version("0"), text


def _included(path: str, texts: Mapping[str, str]) -> list[str]:
    """Give a requirement file and those that it includes."""
    seen: list[str] = []
    waiting = [path]
    while waiting:
        if (name := waiting.pop(0)) in seen:
            continue
        seen.append(name)
        if name in texts:
            waiting += requirement_file.parse(name, texts[name]).includes
    return seen


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def _above(folder: str) -> Iterator[str]:
    """Give a folder and those above it, the root ("") last."""
    yield folder
    while folder:
        folder = _folder(folder)
        yield folder


def _in(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _version_files(folder: str, texts: Mapping[str, str]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Read what pyenv, asdf and a platform's runtime.txt name; pyenv may name several, of which the first counts."""
    for name in VERSION_FILES:
        path = _in(folder, name)
        text = texts.get(path, "")
        if name == ".tool-versions":
            found = [TOOL.search(text)]
        else:
            found = [NAMED.match(line.strip()) for line in text.splitlines()]
        yield tuple(one["version"] for one in found if one), path


def _required(folder: str, texts: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Read `requires-python` of a pyproject.toml, and `python_requires` of a setup.cfg; "" for no specifier."""
    project, setup = _in(folder, "pyproject.toml"), _in(folder, "setup.cfg")
    yield _specifier(_requires_python(texts.get(project, ""))), f"requires-python in {project}"
    yield _specifier(_python_requires(texts.get(setup, ""))), f"python_requires in {setup}"


def _specifier(text: str) -> str:
    try:
        return str(SpecifierSet(text))
    except InvalidSpecifier:
        return ""


def _requires_python(text: str) -> str:
    try:
        project = tomllib.loads(text).get("project")
    except tomllib.TOMLDecodeError:
        return ""  # the survey says so where a lock needs the file
    wanted = project.get("requires-python") if isinstance(project, dict) else None
    return wanted if isinstance(wanted, str) else ""


def _python_requires(text: str) -> str:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text)
    except configparser.Error:
        return ""  # setuptools refuses it too
    return parser.get("options", "python_requires", fallback="")


def _lowest(specifier: str) -> str:
    """Give the lowest Python that a specifier allows, "" for none or for one that names no lower end."""
    allowed = SpecifierSet(specifier)
    if not any(one.operator in {">=", ">", "~=", "=="} for one in allowed):
        return ""
    fits = (minor for minor in MINORS if any(f"{minor}.{patch}" in allowed for patch in range(LATEST_PATCH)))
    return next(fits, "")
