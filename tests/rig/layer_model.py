"""A naive model of an image: a tree of directories to which layers are really applied, from the bottom up.

It is slow and plain, and knows nothing of how the product walks from the top. It shares only one thing with it: which
paths matter, because what else there is in an image is not kept.
"""

import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from bot.formats.layer_paths import matters, wanted
from tests.rig.layers import Entry


@dataclass(frozen=True)
class Link:
    """A symbolic link."""

    target: str


class Thing:
    """A device, or a file that is not kept."""


Tree: TypeAlias = "dict[str, Tree | bytes | Link | Thing]"
Node: TypeAlias = "Tree | bytes | Link | Thing"
METADATA = ".wh..wh."
REMOVES_NOTHING = (".wh.", ".wh..", ".wh...")


def applied(layers: Sequence[Sequence[Entry]]) -> Tree:
    """Apply layers, the lowest first, to an empty directory."""
    tree: Tree = {}
    for layer in layers:
        _apply(tree, layer)
    return tree


def content(tree: Tree, path: str) -> bytes | None:
    """Read a file as a process with this root would; None where there is none, or the way is not kept."""
    found = _open(tree, (), path, [])
    return found if isinstance(found, bytes) else None


def _apply(tree: Tree, layer: Sequence[Entry]) -> None:
    markers = [entry for entry in layer if _name(entry).startswith(".wh.") and _says(_name(entry))]
    for entry in markers:
        below = _directory(tree, _parts(entry)[:-1])
        if below is None:
            continue
        if _name(entry) == ".wh..wh..opq":
            below.clear()
        else:
            below.pop(_name(entry).removeprefix(".wh."), None)
    for entry in markers:
        _make(tree, _parts(entry)[:-1])
    own: Tree = {}
    for entry in layer:
        if not _name(entry).startswith(".wh."):
            _extract(tree, own, entry)


def _says(name: str) -> bool:
    return name == ".wh..wh..opq" or not (name.startswith(METADATA) or name in REMOVES_NOTHING)


def _extract(tree: Tree, own: Tree, entry: Entry) -> None:
    *folder, name = _parts(entry)
    node = _node(own, entry)
    for root in (tree, own):
        parent = _make(root, folder)
        if not isinstance(node, dict):
            parent[name] = node
        elif not isinstance(parent.get(name), dict):
            parent[name] = {}


def _node(own: Tree, entry: Entry) -> Node:
    match entry.kind:
        case tarfile.REGTYPE:
            return entry.data if wanted("/".join(_parts(entry))) else Thing()
        case tarfile.DIRTYPE:
            return {}
        case tarfile.SYMTYPE:
            return Link(entry.target)
        case tarfile.LNKTYPE:
            *folder, name = [part for part in entry.target.split("/") if part not in {"", "."}] or [""]
            found = (_directory(own, folder) or {}).get(name)
            missing = found is None or isinstance(found, dict)
            copied: Node = Link("/" + "/".join([*folder, name])) if missing or found is None else found
            kept = not isinstance(copied, bytes) or wanted("/".join(_parts(entry)))
            return copied if kept else Thing()
    return Thing()


def _make(tree: Tree, folder: Sequence[str]) -> Tree:
    """Make directories, in the place of whatever else stands there."""
    for part in folder:
        inner = tree.get(part)
        if not isinstance(inner, dict):
            inner = tree[part] = {}
        tree = inner
    return tree


def _directory(tree: Tree, folder: Sequence[str]) -> "Tree | None":
    """Find a directory without following links."""
    for part in folder:
        inner = tree.get(part)
        if not isinstance(inner, dict):
            return None
        tree = inner
    return tree


def _open(tree: Tree, folder: tuple[str, ...], path: str, hops: list[str]) -> "Node | None":
    """Resolve one path that is relative to a directory, which is given by its real path."""
    if path.startswith("/"):
        folder = ()
    first, more, rest = path.lstrip("/").partition("/")
    if first in {"", "."}:
        at = folder
    elif first == "..":
        at = folder[:-1]
    else:
        at = (*folder, first)
        if not matters("/".join(at)):
            return None
    node = _at(tree, at)
    if isinstance(node, Link):
        hops.append(node.target)
        if len(hops) > 40:
            return None
        onward = f"{node.target}/{rest}" if more else node.target
        return _open(tree, folder, onward, hops)
    if not more:
        return node
    return _open(tree, at, rest.lstrip("/") or ".", hops) if isinstance(node, dict) else None


def _at(tree: Tree, parts: tuple[str, ...]) -> "Node | None":
    if not parts:
        return tree
    return (_directory(tree, parts[:-1]) or {}).get(parts[-1])


def _parts(entry: Entry) -> list[str]:
    return [part for part in entry.path.split("/") if part not in {"", "."}]


def _name(entry: Entry) -> str:
    return _parts(entry)[-1]
