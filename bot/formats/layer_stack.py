"""How the layers of an image hide each other, for a walk from the topmost layer down.

OCI image-spec v1.1, layer.md: a path is settled by the first layer from the top that has it or hides it. It is hidden
by `.wh.NAME`, by a whiteout of a directory above it, by an opaque directory above it, and by anything above it that is
not a directory. What a layer hides is in the layers below it, never in itself.
"""

from bot.formats.image_system import APK_DATABASES, DPKG_FOLDER, DPKG_STATUS, RPM_DATABASES, is_database
from bot.formats.layer_files import LayerFiles, Mark, Node, dumps, loads
from bot.formats.layer_paths import Group, prefixes, wanted
from bot.model.packages import SystemFile

__all__ = ["Group", "LayerFiles", "Stack", "dumps", "loads", "packages_settled", "sources", "wanted"]

HOPS = 40  # as many links as Linux follows, path_resolution(7)
# what a database has in it that is more than an empty file
SIGNS = (
    ((DPKG_STATUS,), b"Package:"),
    (APK_DATABASES, b"P:"),
    (RPM_DATABASES, b"SQLite format 3\0"),
)


class Stack:
    """The layers of an image as far as they are known, the topmost first."""

    def __init__(self) -> None:
        self._nodes: dict[str, Node] = {}
        self._gone: set[str] = set()
        self._closed: set[str] = set()  # nothing from the layers below is seen in these directories

    def push(self, layer: LayerFiles) -> None:
        """Take the next layer, which lies below all that were taken before."""
        found = layer.nodes()
        self._nodes.update({path: node for path, node in found.items() if not self._decided(path)})
        self._gone.update(layer.hidden)
        self._closed.update(layer.opaque)
        self._closed.update(path for path, node in found.items() if node is not Mark.DIRECTORY)

    def settled(self, path: str) -> bool:
        """Say whether no layer below can change what `file` gives for a path."""
        return self._followed(path)[1]

    def file(self, path: str) -> bytes | None:
        """Give a file's content by its path without a leading slash; None where no file is known to be there.

        Links are followed inside the image, as Linux does with the image as its root (path_resolution(7)). One that
        leads to a path that does not matter leads nowhere, for such files are not kept.
        """
        found = self._nodes.get(self._followed(path)[0])
        return found if isinstance(found, bytes) else None

    def files(self) -> dict[str, bytes]:
        """Give all wanted files by path, sorted; a link to one has its content.

        A link from one package database to another is left out: it is no second database.
        """
        found: dict[str, bytes] = {}
        for path in sorted(self._nodes):
            real, _ = self._followed(path)
            data = self._nodes.get(real)
            alias = path != real and is_database(path) and is_database(real)
            if isinstance(data, bytes) and wanted(path) and not alias:
                found[path] = data
        return found

    def astray(self) -> tuple[str, ...]:
        """Name the wanted paths, sorted, that exist and whose content is not known.

        They are devices, sparse files, directories, or links that lead nowhere or to what was not kept.
        """
        return tuple(path for path in sorted(self._nodes) if wanted(path) and self.file(path) is None)

    def _decided(self, path: str) -> bool:
        """Say whether a layer has a path or hides it, links not followed."""
        if path in self._nodes or "" in self._closed:
            return True
        return any(one in self._gone or one in self._closed for one in prefixes(path))

    def _followed(self, path: str) -> tuple[str, bool]:
        """Follow the links of a path to where it leads, and say whether that is settled; "" leads nowhere."""
        here: list[str] = []
        todo, hops = path.split("/")[::-1], 0
        while todo:
            part = todo.pop()
            if part == "..":
                del here[-1:]
            if part in {"", ".", ".."}:
                continue
            at = "/".join((*here, part))
            node = self._nodes.get(at)
            if isinstance(node, str):
                hops += 1
                if hops > HOPS:
                    return "", True
                here = [] if node.startswith("/") else here
                todo.extend(node.split("/")[::-1])
            elif node is Mark.DIRECTORY:
                here.append(part)
            elif node is None:
                return "", self._decided(at)
            else:
                return ("" if todo else at), True
        return "", True


def packages_settled(stack: Stack) -> bool:
    """Say whether no layer below needs to be read for the list of packages.

    A database with packages in it is enough, because package managers write theirs as a whole. Not so images with
    `status.d`, whose files come from several layers. Somebody who then finds no package in it should read on.
    """
    if any(path.startswith(DPKG_FOLDER) for path in stack.files()):
        return False
    return any(sign in (stack.file(path) or b"") for paths, sign in SIGNS for path in paths)


def sources(stack: Stack) -> tuple[SystemFile, ...]:
    """Give the files that say where packages come from, and keyrings, sorted; known once all layers are pushed."""
    found = stack.files().items()
    return tuple(SystemFile(path=path, data=data) for path, data in found if wanted(path) is Group.SOURCES)
