"""YAML texts as trees of nodes that know where they stand: anchors, aliases, merge keys and many documents included.

Rules: YAML 1.1, with merge keys (`<<`) as its type repository describes them. An alias is the node of its anchor
itself, so that a small text cannot stand for a large tree. Nothing here recurses.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import yaml

from bot.formats.yaml_lines import LOADER, NULL, NotPlain

DEEPEST = 100
MOST_NODES = 200_000
MOST_MERGED = 100_000
MOST_DIRECTIVES = 100
BOM = "\ufeff"
MERGE = "<<"


@dataclass(slots=True, kw_only=True, eq=False)
class Scalar:
    """A text at the offsets [start, end), its anchor and tag included; `style` is "" (plain) or one of `'"|>`."""

    start: int
    end: int
    tag: str
    text: str
    style: str

    @property
    def absent(self) -> bool:
        """Whether it is null, or empty: nothing was given."""
        return not self.text or (not self.style and not self.tag and self.text in NULL)


@dataclass(slots=True, kw_only=True, eq=False)
class Sequence:
    """A sequence; it is filled while the text is read, and an alias in it may lead back to it."""

    start: int
    end: int
    tag: str
    items: "list[Node]" = field(default_factory=list)


@dataclass(slots=True, kw_only=True, eq=False)
class Mapping:
    """A mapping: the entries whose keys are texts, the last one where a key is there twice, then the merged ones."""

    start: int
    end: int
    tag: str
    entries: "dict[str, Node]" = field(default_factory=dict)


Node: TypeAlias = Scalar | Sequence | Mapping


def documents(text: str) -> tuple[Node, ...]:
    """Read all documents of a text; offsets count its characters, a BOM included.

    Raises NotPlain with a line and a sentence: it is no YAML, or larger or deeper than files for people are.
    """
    if text.count("%TAG") > MOST_DIRECTIVES:  # libyaml compares each with all the others
        raise NotPlain(0, f"it has more than {MOST_DIRECTIVES} %TAG directives")
    body = text.lstrip(BOM)  # libyaml does not count one
    reading = _Reading(text=text, shift=len(text) - len(body))
    try:
        for event in yaml.parse(body, Loader=LOADER):
            reading.take(event)
    except yaml.MarkedYAMLError as error:
        raise NotPlain(reading.line(error.problem_mark), f"it is no YAML: {error.problem}") from error
    except NotPlain:
        raise
    except (yaml.YAMLError, ValueError, OverflowError) as error:  # escapes like \UFFFFFFFF, surrogates
        raise NotPlain(0, f"it is no YAML: {' '.join(str(error).split())}") from error
    return tuple(reading.roots)


def entry(node: Node | None, *path: str) -> Node | None:
    """Follow keys down through mappings; None where something is not there, null, or taken away by `!reset`."""
    for key in path:
        node = node.entries.get(key) if isinstance(node, Mapping) else None
    gone = node is None or node.tag == "!reset" or (isinstance(node, Scalar) and node.absent)
    return None if gone else node


def words(node: Node | None) -> str:
    """Give the text of a scalar, "" for anything else."""
    return node.text if isinstance(node, Scalar) else ""


def children(node: Node | None, seen: set[int]) -> Iterator[Node]:
    """Give the items of a sequence or the values of a mapping, of each node only once for the same `seen`."""
    if node is None or id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, Sequence):
        yield from node.items
    elif isinstance(node, Mapping):
        yield from node.entries.values()


@dataclass(slots=True, kw_only=True)
class _Open:
    """A sequence or mapping whose end has not come yet; in a mapping keys and values take turns.

    `key` is None where the key is no text, so that its value is left out; `merges` are the values of merge keys.
    """

    node: Sequence | Mapping
    at_key: bool = True
    key: str | None = None
    merging: bool = False
    merges: list[Node] = field(default_factory=list)

    def add(self, node: Node) -> None:
        """Add an item, a key or the value of the key before."""
        if isinstance(self.node, Sequence):
            self.node.items.append(node)
        elif self.at_key:
            self.key = node.text if isinstance(node, Scalar) else None
            self.merging = isinstance(node, Scalar) and node.text == MERGE and not node.style
            self.at_key = False
        else:
            if self.merging:
                self.merges.append(node)
            elif self.key is not None:
                self.node.entries[self.key] = node
            self.at_key = True

    def merged(self) -> Iterator[Mapping]:
        """Give the mappings that are merged into this one, the strongest first."""
        for merge in self.merges:
            for node in merge.items if isinstance(merge, Sequence) else [merge]:
                if isinstance(node, Mapping):
                    yield node


@dataclass(slots=True, kw_only=True)
class _Reading:
    """The documents of one text so far; `shift` is where the text that is parsed begins."""

    text: str
    shift: int
    roots: list[Node] = field(default_factory=list)
    waiting: list[_Open] = field(default_factory=list)
    anchors: dict[str, Node] = field(default_factory=dict)
    nodes: int = 0
    brought: int = 0

    def line(self, mark: Any) -> int:
        """Count the lines up to a mark as everyone else does, YAML also ends them at U+2028; 0 without a mark."""
        return self.text.count("\n", 0, self._at(mark)) + 1 if mark else 0

    def _at(self, mark: Any) -> int:
        return int(mark.index) + self.shift

    def _refused(self, event: yaml.Event, why: str) -> NotPlain:
        return NotPlain(self.line(event.start_mark), why)

    def take(self, event: yaml.Event) -> None:
        """Take one event of the parser; raises NotPlain."""
        match event:
            case yaml.DocumentStartEvent():
                self.anchors = {}
            case yaml.AliasEvent():
                if event.anchor not in self.anchors:
                    raise self._refused(event, f"it has no anchor &{event.anchor} before *{event.anchor}")
                self._add(event, self.anchors[event.anchor])
            case yaml.ScalarEvent():
                start, end, tag = self._place(event)
                node = Scalar(start=start, end=end, tag=tag, text=event.value, style=event.style or "")
                self._add(event, node)
            case yaml.SequenceStartEvent():
                start, end, tag = self._place(event)
                self._open(event, Sequence(start=start, end=end, tag=tag))
            case yaml.MappingStartEvent():
                start, end, tag = self._place(event)
                self._open(event, Mapping(start=start, end=end, tag=tag))
            case yaml.CollectionEndEvent():
                self._close(event)

    def _place(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent) -> tuple[int, int, str]:
        return self._at(event.start_mark), self._at(event.end_mark), event.tag or ""

    def _open(self, event: yaml.CollectionStartEvent, node: Sequence | Mapping) -> None:
        self._add(event, node)
        self.waiting.append(_Open(node=node))
        if len(self.waiting) > DEEPEST:
            raise self._refused(event, "it is nested too deeply")

    def _add(self, event: yaml.NodeEvent, node: Node) -> None:
        self.nodes += 1
        if self.nodes > MOST_NODES:
            raise self._refused(event, f"it holds more than {MOST_NODES} values")
        if event.anchor and not isinstance(event, yaml.AliasEvent):
            self.anchors[event.anchor] = node
        if self.waiting:
            self.waiting[-1].add(node)
        else:
            self.roots.append(node)

    def _close(self, event: yaml.Event) -> None:
        done = self.waiting.pop()
        node = done.node
        node.end = self._at(event.end_mark)
        if not isinstance(node, Mapping):
            return
        for source in done.merged():
            self.brought += len(source.entries)
            if self.brought > MOST_MERGED:
                raise self._refused(event, f"its merge keys bring in more than {MOST_MERGED} entries")
            node.entries = {**source.entries, **node.entries}
