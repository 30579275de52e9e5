"""Reads the images at places of a YAML text, and finds where the digest and the tag of each one are written.

A digest goes to the end of the scalar that holds the whole reference, where that is written in one line as it is
meant; kustomize keeps it in an entry of its own. All else is reported and not edited.
"""

import re
from bisect import bisect_right
from dataclasses import dataclass, field

from bot.formats import image_name
from bot.formats.yaml_image_kinds import Kind
from bot.formats.yaml_image_places import REFERENCE, Apart, Place
from bot.formats.yaml_nodes import Node, Scalar
from bot.formats.yaml_templates import TEMPLATE, filled_in
from bot.model.findings import Unreadable
from bot.model.images import ImageUse, Role, Span

LONGEST_REFERENCE = 1000
SHOWN = 100
TEXT_TAGS = frozenset({"", "!", "tag:yaml.org,2002:str"})
NO_TEXT = re.compile(r"[0-9]+(?:\.[0-9]*)?|true|false", re.IGNORECASE)
BLOCKS = frozenset("|>")

BLOCK = "it is a block scalar (| or >), and only a reference in one line is edited"
BROKEN = "it is written with escapes or over several lines, and only a reference in one line is edited"
NO_DIGEST = "kustomize takes the digest from `digest`, which is not there beside `newTag`"


def shown(text: str) -> str:
    """Shorten what a person is shown of a text."""
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


@dataclass(slots=True, kw_only=True)
class Survey:
    """Takes the places of one text and gathers images; `breaks` are the offsets behind its line feeds."""

    path: str
    kind: Kind
    text: str
    breaks: list[int] = field(init=False)
    taken: set[tuple[int, str | None]] = field(default_factory=set)
    uses: list[tuple[int, ImageUse]] = field(default_factory=list)
    unreadable: list[tuple[int, Unreadable]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.breaks = [found.end() for found in re.finditer("\n", self.text)]

    def take(self, place: Place) -> None:
        """Take one place, if it is not known yet."""
        key = (id(place.node), place.platform)
        if key in self.taken:
            return
        self.taken.add(key)
        try:
            use = self._put_together(place.apart) if place.apart else self._whole(place)
        except ValueError as error:
            self._refuse(place.apart.name if place.apart else place.node, str(error))
        else:
            self.uses.append((place.node.start, use))

    def result(self) -> tuple[tuple[ImageUse, ...], tuple[Unreadable, ...]]:
        """Give what was found, in the order of the text."""
        uses = [use for _, use in sorted(self.uses, key=lambda pair: pair[0])]
        rows = [row for _, row in sorted(self.unreadable, key=lambda pair: pair[0])]
        return tuple(uses), tuple(dict.fromkeys(rows))

    def _refuse(self, node: Node, why: str) -> None:
        written = (
            node.text if isinstance(node, Scalar) else self.text[node.start : min(node.end, node.start + SHOWN + 1)]
        )
        row = Unreadable(path=self.path, line=self._line(node), subject=shown(written.strip()), why=why)
        self.unreadable.append((node.start, row))

    def _line(self, node: Node) -> int:
        """Give the line where the text of a scalar begins, behind its anchor, or where another node begins."""
        at = self._written_at(node) if isinstance(node, Scalar) else None
        return bisect_right(self.breaks, node.start if at is None else at) + 1

    def _whole(self, place: Place) -> ImageUse:
        """Read a reference that stands in one scalar; raises ValueError with a sentence."""
        node = self._scalar(place.node)
        reference = self._meant(node)[place.skip :]
        if not node.style and not node.tag and NO_TEXT.fullmatch(node.text):
            raise ValueError("without quotes it is a number or a truth value to YAML")
        name = image_name.parse(reference)
        at = self._written_at(node)
        start = 0 if at is None else at + place.skip
        end = start + len(reference)
        digest = start + reference.index("@") if name.digest else end
        return ImageUse(
            path=self.path,
            line=self._line(node),
            reference=reference,
            name=name,
            platform=place.platform,
            digest_span=None if at is None else Span(start=digest, end=end),
            obstacle=_obstacle(node) if at is None else "",
            tag_at=() if at is None else _tag_at(reference, start),
            role=Role.RUN,
        )

    def _put_together(self, apart: Apart) -> ImageUse:
        """Read an entry of kustomize's; its tag moves only within quotes, as `3.12` without is a number to YAML."""
        name, tag, digest = apart.name, apart.tag, apart.digest
        reference = self._meant(name)
        reference += f":{self._meant(tag)}" if tag else ""
        reference += f"@{self._meant(digest)}" if digest else ""
        at = self._written_at(digest) if digest else None
        tag_at = self._written_at(tag) if tag and tag.style else None
        return ImageUse(
            path=self.path,
            line=self._line(digest or tag or name),
            reference=reference,
            name=image_name.parse(reference),
            platform=None,
            digest_span=Span(start=at, end=at + len(digest.text)) if digest and at is not None else None,
            obstacle="" if at is not None else _obstacle(digest) if digest else NO_DIGEST,
            tag_at=tuple(range(tag_at, tag_at + len(tag.text))) if tag and tag_at is not None else (),
            role=Role.RUN,
        )

    def _scalar(self, node: Node) -> Scalar:
        """Refuse, with a ValueError, what is no text."""
        if isinstance(node, Scalar):
            return node
        if node.tag == REFERENCE:
            raise ValueError("the !reference leads out of this file")
        braces = self.text.startswith("{{", node.start)
        raise ValueError(TEMPLATE if braces else "it is no text, and an image's reference is one")

    def _meant(self, node: Scalar) -> str:
        """Give the text of a scalar that stands for itself, else raise a ValueError with a sentence."""
        text = node.text.rstrip("\n") if node.style in BLOCKS else node.text
        if node.tag not in TEXT_TAGS:
            raise ValueError(f"what becomes of it with the tag {shown(node.tag)} is not known")
        if len(text) > LONGEST_REFERENCE:
            raise ValueError(f"it is longer than {LONGEST_REFERENCE} characters, which no reference is")
        if why := filled_in(self.kind, text):
            raise ValueError(why)
        return text

    def _written_at(self, node: Scalar) -> int | None:
        """Find where the text of a scalar stands as it is meant, behind its anchor and tag; None where it does not."""
        quote = len(node.style)
        end = node.end - quote
        start = end - len(node.text)
        same = node.style not in BLOCKS and self.text[start:end] == node.text
        whole = self.text[start - quote : start] == node.style == self.text[end : node.end]
        return start if same and whole and start - quote >= node.start else None


def _obstacle(node: Scalar) -> str:
    return BLOCK if node.style in BLOCKS else BROKEN


def _tag_at(reference: str, start: int) -> tuple[int, ...]:
    """Give the places of the tag's characters; a colon before the last slash stands before a port."""
    named = reference.partition("@")[0]
    colon = named.rfind(":")
    return tuple(range(start + colon + 1, start + len(named))) if colon > named.rfind("/") else ()
