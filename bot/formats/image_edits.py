"""Edits of the images that a file mentions: new digests and new tags, each at its exact place, proved by reading again.

A tag moves where its characters stand, which may be an ARG (`ARG PYTHON_VERSION=3.12.1`). What else that changes in
the file is found by reading the new text with the reader that read the old one: Dockerfile or YAML alike.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

from bot.formats import image_name
from bot.formats.dockerfile import SHA256, digest_text
from bot.model.images import ImageUse, Span

Reader: TypeAlias = Callable[[str, str], tuple[tuple[ImageUse, ...], object]]
"""Reads a file's path and text: its images in order, and what could not be understood."""

SEPARATOR = re.compile(r"([-._])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One use and its new digest (`sha256:…`) and new tag; None leaves what stands there."""

    use: ImageUse
    digest: str | None = None
    tag: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """The characters [start, end) of a tag, at least one, and what replaces them."""

    start: int
    end: int
    text: str


def apply(path: str, text: str, edits: Iterable[Edit], read: Reader) -> str:
    """Write all edits of one file at once; the uses are those that `read(path, text)` gives.

    Raises ValueError with a sentence where an edit is not possible, where two edits disagree, and where the new text
    would not be read as the same images with the wanted references and no others changed.
    """
    wanted = _merged(edits)
    uses, rest = read(path, text)
    if strange := wanted.keys() - set(uses):
        names = ", ".join(sorted(f"{use.reference} in line {use.line}" for use in strange))
        raise ValueError(f"{path}: {names} is not there: the text is not the one that was read")
    new = _written(text, [change for edit in wanted.values() for change in _changes(text, edit)])
    again, rest_again = read(path, new)
    _same(path, uses, again, wanted)
    if rest_again != rest:
        raise ValueError(f"{path}: the edit would change how something else in the file is read")
    return new


def companions(text: str, use: ImageUse, tag: str, read: Reader) -> tuple[Edit, ...]:
    """Give the retags that this one makes, its own first: what takes its tag from the same place moves along.

    `apply` takes them together. Raises ValueError where the retag would change more than tags of images.
    """
    own = Edit(use=use, tag=tag)
    before = read(use.path, text)[0]
    after = read(use.path, _written(text, list(_changes(text, own))))[0]
    moved = [
        Edit(use=old, tag=new.name.tag)
        for old, new in zip(before, after, strict=False)
        if old != use and old.reference != new.reference
    ]
    apply(use.path, text, [own, *moved], read)
    return (own, *moved)


def can_retag(text: str, use: ImageUse, tag: str, all_uses: Collection[ImageUse], read: Reader) -> str:
    """Say why a use cannot get this tag, "" where it can.

    `all_uses` are the uses that may be edited. Other mentions of the same image and tag may move along, since they
    would get the same tag; for a different one see `companions`.
    """
    try:
        along = companions(text, use, tag, read)
    except ValueError as error:
        return str(error)
    for other in along[1:]:
        same = replace(other.use.name, digest=None) == replace(use.name, digest=None)
        if not same or other.use not in all_uses:
            return f"{_where(use)}: {other.use.reference} in line {other.use.line} would become {other.tag} too"
    return ""


def _merged(edits: Iterable[Edit]) -> dict[ImageUse, Edit]:
    """Put the edits of each use together."""
    merged: dict[ImageUse, Edit] = {}
    for edit in edits:
        known = merged.setdefault(edit.use, edit)
        both = replace(known, digest=known.digest or edit.digest, tag=known.tag or edit.tag)
        if (edit.digest or both.digest, edit.tag or both.tag) != (both.digest, both.tag):
            raise ValueError(f"{_where(edit.use)}: two edits want different things of {edit.use.reference}")
        merged[edit.use] = both
    return merged


def _changes(text: str, edit: Edit) -> Iterator[tuple[Span, str]]:
    """Give the places of the old text that an edit changes, each with its new text."""
    use = edit.use
    if (edit.digest or edit.tag) and (use.obstacle or use.digest_span is None):
        raise ValueError(f"{_where(use)}: {use.reference} cannot be edited: {use.obstacle}")
    if edit.digest and use.digest_span:
        if not SHA256.fullmatch(edit.digest):
            raise ValueError(f"{_where(use)}: {edit.digest!r} is not a digest for {use.reference}")
        yield use.digest_span, digest_text(text[use.digest_span.start : use.digest_span.end], edit.digest)
    if edit.tag and edit.tag != use.name.tag:
        yield from _retag(use, edit.tag)


def _retag(use: ImageUse, tag: str) -> Iterator[tuple[Span, str]]:
    if not image_name.TAG.fullmatch(tag):
        raise ValueError(f"{_where(use)}: {tag!r} is not a tag for {use.reference}")
    if not use.tag_at or not use.name.tag:
        raise ValueError(f"{_where(use)}: {use.reference} has no tag in this file that could be moved")
    for run in _runs(use.name.tag, tag):
        places = use.tag_at[run.start : run.end]
        if places != tuple(range(places[0], places[0] + len(places))):
            old = use.name.tag[run.start : run.end]
            raise ValueError(
                f"{_where(use)}: {use.reference} cannot get the tag {tag}: "
                f"the part {old!r} of its tag is put together from several places"
            )
        yield Span(start=places[0], end=places[-1] + 1), run.text


def _runs(old: str, new: str) -> list[_Run]:
    """Give what differs between two tags: in each part between `-`, `.`, `_` by itself, else in one piece."""
    olds, news = SEPARATOR.split(old), SEPARATOR.split(new)
    if olds[1::2] != news[1::2] or "" in olds:
        return [_run(old, new, 0)]
    starts = [sum(map(len, olds[:at])) for at in range(len(olds))]
    rows = zip(olds, news, starts, strict=True)
    return [_run(one, other, start) for one, other, start in rows if one != other]


def _run(old: str, new: str, start: int) -> _Run:
    """Give what differs between two texts that are not equal, as far left as can be, and numbers as a whole.

    Where something is put in, that gives one place for `3.12 -> 3.12-x` and `3.12-slim -> 3.12-x-slim`.
    """
    tail = _common(old[::-1], new[::-1])
    head = _common(old[: len(old) - tail], new[: len(new) - tail])
    while _in_number(old, head) or _in_number(new, head):
        head -= 1
    while _in_number(old, len(old) - tail) or _in_number(new, len(new) - tail):
        tail -= 1
    if head + tail == len(old):  # something is put in between: it stands with the character before, or behind, it
        head, tail = (head - 1, tail) if head else (head, tail - 1)
    return _Run(start=start + head, end=start + len(old) - tail, text=new[head : len(new) - tail])


def _common(one: str, other: str) -> int:
    """Count the first characters that are the same."""
    pairs = zip(one, other, strict=False)
    return next((at for at, (left, right) in enumerate(pairs) if left != right), min(len(one), len(other)))


def _in_number(text: str, place: int) -> bool:
    return 0 < place < len(text) and text[place - 1].isdigit() and text[place].isdigit()


def _written(text: str, changes: Iterable[tuple[Span, str]]) -> str:
    """Write changes into a text; equal ones at one place are one."""
    wanted: dict[tuple[int, int], str] = {}
    for span, new in changes:
        known = wanted.setdefault((span.start, span.end), new)
        if known != new:
            raise ValueError(f"line {_line(text, span.start)}: one place cannot hold both {known!r} and {new!r}")
    parts, behind = [], 0
    for (start, end), new in sorted(wanted.items()):
        if start < behind:
            raise ValueError(f"line {_line(text, start)}: two edits change the same characters")
        parts += [text[behind:start], new]
        behind = end
    return "".join([*parts, text[behind:]])


def _line(text: str, offset: int) -> int:
    return text.count("\n", 0, offset) + 1


def _same(path: str, old: tuple[ImageUse, ...], new: tuple[ImageUse, ...], wanted: dict[ImageUse, Edit]) -> None:
    """Prove that the wanted references are read, and that nothing else has changed."""
    if len(old) != len(new):
        raise ValueError(f"{path}: the edit would make {len(new)} images of {len(old)}: its place also serves a stage")
    for was, now in zip(old, new, strict=True):
        reference = _reference(was, wanted.get(was))
        if now.reference != reference and was not in wanted:
            raise ValueError(f"{_where(was)}: {was.reference} would become {now.reference} too")
        if now.reference != reference:
            raise ValueError(f"{_where(was)}: {was.reference} would become {now.reference} and not {reference}")
        if (now.line, now.platform, now.role) != (was.line, was.platform, was.role):
            raise ValueError(f"{_where(was)}: the edit would change more of {was.reference} than its tag and digest")


def _reference(use: ImageUse, edit: Edit | None) -> str:
    """Give the reference that a use has behind an edit."""
    named, _, digest = use.reference.partition("@")
    if edit and edit.tag and use.tag_at:
        named = named[: len(named) - len(use.tag_at)] + edit.tag
    digest = (edit.digest if edit else None) or digest
    return f"{named}@{digest}" if digest else named


def _where(use: ImageUse) -> str:
    return f"{use.path}:{use.line}"
