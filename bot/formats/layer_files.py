"""What one layer of an image says about the paths that matter: gathered from its entries, kept as text.

OCI image-spec v1.1, layer.md, "Representing Changes" and "Applying Changesets". Where it leaves a question open, what
engines on overlay filesystems do is done: an entry makes directories of everything above it.
"""

import json
import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeAlias

from bot.formats import json_text
from bot.formats.layer_paths import LONGEST, WANTED, WHITEOUT, clean, matters, prefixes, wanted
from bot.model.packages import SystemFile

OPAQUE = ".wh..wh..opq"
AUFS = ".wh..wh."  # what else begins so is the bookkeeping of aufs and means nothing
VERSION = f"1 {zlib.crc32(WANTED.encode()):08x}"  # other paths wanted are other answers


class Mark(Enum):
    """What is no file and no link: a directory, or something that cannot be read (a device, a sparse file)."""

    DIRECTORY = "directory"
    OTHER = "other"


# a file's content, a symbolic link's target, or one of the two above
Node: TypeAlias = bytes | str | Mark


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerFiles:
    """What one layer says about paths that matter (`bot.formats.layer_paths`); all rows are sorted.

    `files` are wanted regular files, `links` paths and targets as written (a hard link to something that is not among
    the files is a link to `/TARGET`). `hidden` are paths removed by `.wh.NAME`, `opaque` directories ("" is the root)
    that show nothing of the layers below, `directories` those that the layer has, be it only because it has something
    in them. `other` are paths at which it has none of these, or a file where others have a directory.
    """

    files: tuple[SystemFile, ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    hidden: tuple[str, ...] = ()
    opaque: tuple[str, ...] = ()
    directories: tuple[str, ...] = ()
    other: tuple[str, ...] = ()

    def nodes(self) -> dict[str, Node]:
        """Give what stands at each path."""
        found: dict[str, Node] = {file.path: file.data for file in self.files}
        found.update(self.links)
        found.update(dict.fromkeys(self.directories, Mark.DIRECTORY))
        found.update(dict.fromkeys(self.other, Mark.OTHER))
        return found


class LayerEntries:
    """Gathers the entries of one layer in the order of its tar; a newer one takes the place of an older one.

    `size` is what the kept files hold, in bytes, and `count` how much is kept: the caller stops where that is too
    much, for a hostile layer may go on for ever.
    """

    def __init__(self) -> None:
        self._nodes: dict[str, Node] = {}
        self._hidden: set[str] = set()
        self._opaque: set[str] = set()
        self._marked: set[str] = set()  # directories that exist because a whiteout stands in them
        self._folder = ""
        self.size = 0

    @property
    def count(self) -> int:
        """How many paths are kept."""
        return len(self._nodes) + len(self._hidden) + len(self._opaque) + len(self._marked)

    def add(self, path: str, node: Node) -> None:
        """Take an entry; `path` is `clean`. A whiteout is told by its name, whatever stands there."""
        folder, _, name = path.rpartition("/")
        if name.startswith(WHITEOUT):
            self._hide(folder, name)
            return
        if folder != self._folder:
            self._imply(folder)
            self._folder = folder
        if matters(path):
            self._put(path, node if wanted(path) or not isinstance(node, bytes) else Mark.OTHER)

    def linked(self, target: str) -> Node:
        """Give what a hard link to `target` (as written) is: the same as stands there, as far as that is known."""
        path = clean(target) or ""
        found = self._nodes.get(path, Mark.DIRECTORY)
        return f"/{path}" if found is Mark.DIRECTORY else found

    def finish(self) -> LayerFiles:
        """Give what the layer says."""
        for path in sorted(self._marked):
            if all(self._nodes.get(one, Mark.DIRECTORY) is Mark.DIRECTORY for one in prefixes(path)):
                self._nodes[path] = Mark.DIRECTORY
        rows = sorted(self._nodes.items())
        return LayerFiles(
            files=tuple(SystemFile(path=path, data=node) for path, node in rows if isinstance(node, bytes)),
            links=tuple((path, node) for path, node in rows if isinstance(node, str)),
            hidden=tuple(sorted(self._hidden)),
            opaque=tuple(sorted(self._opaque)),
            directories=tuple(path for path, node in rows if node is Mark.DIRECTORY),
            other=tuple(path for path, node in rows if node is Mark.OTHER),
        )

    def _hide(self, folder: str, name: str) -> None:
        """Take a whiteout: it acts on the layers below only, so its place among the entries does not matter."""
        if name == OPAQUE:
            if not folder or matters(folder):
                self._opaque.add(folder)
        elif name.startswith(AUFS) or name.removeprefix(WHITEOUT) in {"", ".", ".."}:
            return
        else:
            path = f"{folder}/{name.removeprefix(WHITEOUT)}".lstrip("/")
            if matters(path):
                self._hidden.add(path)
        self._marked.update(_mattering(folder))

    def _imply(self, folder: str) -> None:
        """Make directories of everything above an entry."""
        for path in _mattering(folder):
            self._put(path, Mark.DIRECTORY)

    def _put(self, path: str, node: Node) -> None:
        old = self._nodes.get(path)
        if node is Mark.DIRECTORY:
            if old is not None and old is not Mark.DIRECTORY:
                self._opaque.add(path)  # what stood here in between has removed what is below
        elif old is Mark.DIRECTORY:
            self._clear(path)
        if isinstance(node, str) and len(node) > LONGEST:
            node = Mark.OTHER
        self.size += _size(node) - _size(old)
        self._nodes[path] = node

    def _clear(self, path: str) -> None:
        """Forget what the layer had in a directory that is none any more."""
        for inner in [one for one in self._nodes if one.startswith(f"{path}/")]:
            self.size -= _size(self._nodes.pop(inner))


def dumps(found: LayerFiles) -> str:
    """Write what a layer says as JSON, so that `loads` reads it."""
    rows = {
        "version": VERSION,
        "files": [[file.path, b64encode(zlib.compress(file.data)).decode()] for file in found.files],
        "links": found.links,
        "hidden": found.hidden,
        "opaque": found.opaque,
        "directories": found.directories,
        "other": found.other,
    }
    return json.dumps(rows, separators=(",", ":"))


def loads(text: str | None) -> LayerFiles | None:
    """Read what `dumps` wrote; None where there is nothing, or something from another version of this program."""
    try:
        rows: Any = json_text.read(text or "null")
        if rows is None or rows["version"] != VERSION:
            return None
        files = [(path, zlib.decompress(b64decode(data))) for path, data in map(_texts, rows["files"])]
        links = [_texts(row) for row in rows["links"]]
        return LayerFiles(
            files=tuple(SystemFile(path=path, data=data) for path, data in files),
            links=tuple((path, target) for path, target in links),
            hidden=_texts(rows["hidden"]),
            opaque=_texts(rows["opaque"]),
            directories=_texts(rows["directories"]),
            other=_texts(rows["other"]),
        )
    except (ValueError, TypeError, KeyError, zlib.error):
        return None


def _texts(found: Any) -> tuple[str, ...]:
    """Give a list of texts; raises TypeError for anything else."""
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise TypeError("this is no list of texts")
    return tuple(found)


def _mattering(folder: str) -> Iterable[str]:
    """Give a directory and those above it, from the top, as far down as they matter."""
    for path in prefixes(folder):
        if not matters(path):
            return
        yield path


def _size(node: Node | None) -> int:
    return 0 if node is None or isinstance(node, Mark) else len(node)
