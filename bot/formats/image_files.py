"""Which files of a repository stand where in a stage of a Dockerfile.

Rules: the Dockerfile reference, "COPY", "Source", "Destination" and "Pattern matching"; patterns are those of Go's
`filepath.Match`, in which `*` does not cross a slash.
"""

import posixpath
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from fnmatch import translate

MOST_PLACES = 2000  # per stage; a stage that copies from stages could double them with every line
MOST_PATTERNS = 100  # per Dockerfile and context: each one is compared with every path of the repository
PATTERN = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Paths:
    """All paths of a repository: its files, and the folders that they stand in ("" is the root)."""

    files: frozenset[str]
    folders: frozenset[str]

    @classmethod
    def of(cls, files: Iterable[str]) -> "Paths":
        """Derive the folders."""
        known = frozenset(files)
        folders = {""}
        for path in known:
            folder = path
            while (folder := folder.rpartition("/")[0]) not in folders:
                folders.add(folder)
        return cls(files=known, folders=frozenset(folders))


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What stands at an absolute path of a stage: a file or a folder of the repository, None for something else."""

    at: str
    source: str | None
    folder: bool = False


@dataclass(slots=True, kw_only=True)
class Context:
    """A build context: a folder of the repository, the paths in it, and how many sources were not in it."""

    folder: str
    paths: Paths
    missing: int = 0
    patterns: int = 0

    def sources(self, written: str) -> tuple[str, ...]:
        """Give the repository's paths that a source of COPY names; one that is not there is counted."""
        inner = posixpath.normpath(f"/{written.lstrip('/')}")[1:]
        whole = inside(self.folder, inner)
        if PATTERN.search(inner):
            found = self._matching(inner)
        else:
            found = tuple(path for path in (whole,) if path in self.paths.files or path in self.paths.folders)
        self.missing += not found
        return found

    def _matching(self, pattern: str) -> tuple[str, ...]:
        self.patterns += 1
        if self.patterns > MOST_PATTERNS:
            return ()
        matches = _matcher(pattern)
        start = f"{self.folder}/" if self.folder else ""
        known = (path for paths in (self.paths.files, self.paths.folders) for path in paths)
        return tuple(sorted(path for path in known if path.startswith(start) and matches(path[len(start) :])))


@dataclass(slots=True, kw_only=True)
class StageFiles:
    """What of the repository stands in a stage; a later place hides an earlier one."""

    paths: Paths
    places: list[Place] = field(default_factory=list)

    def fork(self) -> "StageFiles":
        """Give an own copy, for a stage or a command that goes on from this one."""
        return StageFiles(paths=self.paths, places=list(self.places))

    def put(self, place: Place) -> None:
        """Let something stand at a path."""
        if len(self.places) < MOST_PLACES:
            self.places.append(place)

    def copy(self, source: str, target: str, *, into: bool) -> None:
        """Copy a file or folder of the repository to an absolute path; `into`: the target is a folder.

        Where it is not said whether the target is one, the file is known under both paths: a Dockerfile that builds
        uses the right one.
        """
        if source in self.paths.folders:
            self.put(Place(at=target, source=source, folder=True))
            return
        if not into:
            self.put(Place(at=target, source=source))
        self.put(Place(at=inside(target, posixpath.basename(source)), source=source))

    def carry(self, other: "StageFiles", source: str, target: str, *, into: bool) -> None:
        """Copy an absolute path of another stage, a file or a folder with all that is known of it, to a path here."""
        if (file := other.file(source)) is not None:
            self.copy(file, target, into=into)
            return
        known = len(self.places)
        for place in list(other.places):
            if place.at == source or place.at.startswith(source.rstrip("/") + "/"):
                rest = place.at[len(source) :].lstrip("/")
                self.put(Place(at=inside(target, rest), source=place.source, folder=place.folder))
            elif place.folder and place.source is not None and source.startswith(place.at.rstrip("/") + "/"):
                inner = inside(place.source, source[len(place.at) :].lstrip("/"))
                self.put(Place(at=target, source=inner, folder=True))
        if len(self.places) == known:
            self.hide(target, posixpath.basename(source))

    def hide(self, target: str, name: str = "") -> None:
        """Let something that is not known stand at a path, or in a folder of that path under a name."""
        self.put(Place(at=target, source=None))
        self.put(Place(at=inside(target, name), source=None))

    def file(self, path: str) -> str | None:
        """Give the repository's file that stands at an absolute path, None where that is not known."""
        for place in reversed(self.places):
            if place.folder and place.source is not None and path.startswith(place.at.rstrip("/") + "/"):
                inner = inside(place.source, path[len(place.at) :].lstrip("/"))
                if inner in self.paths.files:
                    return inner
            elif not place.folder and place.at == path:
                return place.source
        return None


def inside(folder: str, path: str) -> str:
    """Join two paths, of which each may be empty."""
    if not path:
        return folder
    return f"{folder.rstrip('/')}/{path}" if folder else path


def absolute(folder: str | None, path: str) -> str | None:
    """Resolve a path against an absolute folder; None where the folder that it is relative to is not known."""
    if path.startswith("/"):
        return posixpath.normpath("/" + path.lstrip("/"))
    return None if folder is None else posixpath.normpath(f"{folder}/{path}").replace("//", "/", 1)


def _matcher(pattern: str) -> Callable[[str], bool]:
    """Give a test for paths."""
    wanted = [re.compile(translate(piece.replace("[^", "[!"))) for piece in pattern.split("/")]

    def matches(path: str) -> bool:
        pieces = path.split("/")
        pairs = zip(wanted, pieces, strict=False)
        return len(pieces) == len(wanted) and all(one.match(piece) for one, piece in pairs)

    return matches
