"""Take over what a compiler wrote into the lock as it stands, so that a diff shows what changed and nothing else.

Header, options, newlines, order, spelling and hand-written comments are the lock's own; versions, hashes and
annotations are the compiler's. Nothing of the machine that compiled gets in.
"""

import re
from dataclasses import dataclass, replace
from typing import TypeAlias

from bot.formats import lock_style, lock_trailer, text_lines
from bot.formats.lock_file import header, normal_marker
from bot.formats.lock_style import Style
from bot.formats.lock_text import UNHASHED, Entry, Heading, LockText, Option, Part
from bot.formats.text_lines import Line
from bot.model.locks import LockerName

UNSAFE_PACKAGES = frozenset({"distribute", "pip", "setuptools"})  # pip-compile leaves these out without --allow-unsafe
WARNING = (UNHASHED, "# Consider using a hashable URL")
FOREIGN = re.compile(
    r"""(?P<secret>https?://[^/\s@]+@|://[^/\s:@]*:[^/\s@]*@)"""
    r"""|(?P<path>\bfile:/\S*|(?:(?<=[\s=@"'])|^)(?:~?/|[A-Za-z]:\\)[^\s"']+|^-e/\S*)"""
)
Key: TypeAlias = tuple[str, ...]
Written: TypeAlias = Entry | Heading


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """The new text of a lock, and the option lines that came from the machine that compiled and were left out."""

    text: str
    leaked: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Both:
    """The two documents and how the old one is written.

    `absent` are packages that the compiler pins and the lock's own tool would not; `inline`: the compiler tells those
    apart from nothing, and leaves out extras and markers. `annotated`: the compiler says who wants what.
    """

    old: LockText
    new: LockText
    habits: Style
    inline: bool
    annotated: bool
    absent: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A part of the result: what stood there, and what the compiler has for it. One of them may be missing.

    `gone`: nothing of it stays but the empty line that parts its neighbours.
    """

    old: Part | None
    new: Written | None
    gone: bool = False


def merged(old: str, new: str, *, by: LockerName) -> Merged:
    """Merge `new`, as the compiler `by` wrote it, into the lock `old`.

    Raises ValueError naming the line of `new` where a path of the machine or a password would get into the lock.
    """
    was, now = LockText.parse(old), LockText.parse(new)
    inline = _inline(old, was, now, by)
    both = Both(
        old=was,
        new=now,
        habits=lock_style.style(was, now),
        inline=inline,
        annotated=any(entry.via for entry in now.entries),
        absent=_absent(old, was, now) if inline else (),
    )
    known = {option.text for option in was.options}
    leaked = tuple(option.text for option in now.options if option.text not in known)
    pieces = [text_lines.raw(was.header), *_body(both), _trailer(both)]
    text = was.bom + _joined(pieces, both.habits.newline)
    _check(old, new, text)
    return Merged(text=text, leaked=leaked)


def _inline(old: str, was: LockText, now: LockText, by: LockerName) -> bool:
    """Say whether uv wrote for a lock of pip-compile: it sets no packages apart as unsafe, and warns of nothing."""
    found = header(old)
    theirs = found.locker is LockerName.PIP_TOOLS if found else lock_trailer.lists(was)
    return by is LockerName.UV_PIP and theirs and not lock_trailer.lists(now)


def _absent(old: str, was: LockText, now: LockText) -> tuple[str, ...]:
    """Give the unsafe packages that uv pins, and that pip-compile would only have named at the end."""
    found = header(old)
    if found is not None and found.parsed is not None and "--allow-unsafe" in dict(found.parsed.options):
        return ()
    unpinned = UNSAFE_PACKAGES - {entry.name for entry in was.entries}
    return tuple(sorted({entry.name for entry in now.entries} & unpinned))


def _keys(part: Part) -> tuple[Key, ...]:
    """Give what a part is known by, the strictest first; equal keys mean the same thing in both texts."""
    if isinstance(part, Option):
        return ()
    if isinstance(part, Heading):
        return (("heading",),)
    if not part.name:
        return ((part.kind, part.text),)
    marker, extras = _marker(part), ",".join(part.extras)
    return (
        ("all", part.name, marker, extras, part.version or part.text),
        ("extras", part.name, marker, extras),
        ("marker", part.name, marker),
        ("name", part.name),
    )


def _marker(entry: Entry) -> str:
    return (normal_marker(entry.marker) or entry.marker) if entry.marker else ""


def _matched(old: tuple[Part, ...], new: list[Written]) -> dict[int, int]:
    """Pair each part of the new text with one of the old: indexes of new to indexes of old."""
    pairs: dict[int, int] = {}
    free = dict.fromkeys(range(len(old)))
    for depth in range(4):
        waiting: dict[Key, list[int]] = {}
        for index in reversed(free):
            if depth < len(keys := _keys(old[index])):
                waiting.setdefault(keys[depth], []).append(index)
        for index, part in enumerate(new):
            if index not in pairs and depth < len(keys := _keys(part)) and (found := waiting.get(keys[depth])):
                pairs[index] = found.pop()
                del free[pairs[index]]
    return pairs


def _places(both: Both) -> list[Place]:
    """Put what stays in the old order, and what is new behind the neighbour that precedes it in the new text."""
    new = [part for part in both.new.parts if not isinstance(part, Option) and not _is_absent(both, part)]
    pairs = _matched(both.old.parts, new)
    theirs = {old: new[index] for index, old in pairs.items()}
    last = max(theirs, default=-1)
    anchor = _first(both.old) - 1
    after: dict[int, list[Place]] = {}
    for index, part in enumerate(new):
        if index in pairs:
            anchor = pairs[index]
        elif not isinstance(part, Heading) or index + 1 not in pairs:
            after.setdefault(anchor, []).append(Place(old=None, new=part))
    places = after.get(-1, [])
    for index, old in enumerate(both.old.parts):
        stays = isinstance(old, Option) or (isinstance(old, Heading) and index < last)
        now = theirs.get(index)
        places.append(Place(old=old, new=_completed(both, old, now), gone=now is None and not stays))
        places += after.get(index, [])
    return places


def _completed(both: Both, old: Part, new: Written | None) -> Written | None:
    """Give back the extras and the marker that uv leaves out and pip-compile writes."""
    if not both.inline or not isinstance(old, Entry) or not isinstance(new, Entry):
        return new
    if old.parts is None or new.parts is None:
        return new
    marker, extras = new.marker or old.marker, new.extras or old.extras
    parts = replace(new.parts, marker=marker, extras=new.parts.extras or old.parts.extras)
    return replace(new, marker=marker, extras=extras, parts=parts)


def _is_absent(both: Both, part: Part) -> bool:
    return isinstance(part, Entry) and part.name in both.absent


def _first(lock: LockText) -> int:
    """Give the index of the first part that is no option."""
    return next((index for index, part in enumerate(lock.parts) if not isinstance(part, Option)), len(lock.parts))


def _body(both: Both) -> list[str]:
    """Write each part; the empty lines that part what remains stay, whatever goes away or comes between."""
    first = _first(both.old)
    held = _blanks(both.old.parts[first]) if first < len(both.old.parts) else ""
    opening = True
    texts = []
    for number, place in enumerate(_places(both)):
        if place.gone and place.old is not None:
            held = held or _blanks(place.old)
            continue
        before, own = _before(both, place), _own(both, place)
        if number >= first:
            if opening and place.old is not None and before.startswith(held):
                held = ""
            elif held and not _begins_empty(before + own):
                before = held + before
            elif place.old is not None and not opening and place.old is both.old.parts[first]:
                before = before.removeprefix(_blanks(place.old))
            held, opening = "", False
        texts += [before, own]
    return texts


def _blanks(part: Part) -> str:
    """Give the empty lines that a part begins with."""
    lines = (*part.before, *part.lines)
    end = next(index for index, line in enumerate(lines) if not line.blank)
    return text_lines.raw(lines[:end])


def _begins_empty(text: str) -> bool:
    return not text.splitlines()[0].strip()


def _before(both: Both, place: Place) -> str:
    """Give what stands above a part: the hand-written lines of the old, the warning where the compiler has it."""
    theirs = _warning(place.new) if isinstance(place.new, Entry) else ()
    if place.old is None:
        return lock_style.convert(theirs, both.habits.newline)
    if not isinstance(place.new, Entry) or both.inline or bool(theirs) == bool(_warning(place.old)):
        return text_lines.raw(place.old.before)
    mine = tuple(line for line in place.old.before if not line.text.startswith(WARNING))
    return text_lines.raw(mine) + lock_style.convert(theirs, both.habits.newline)


def _warning(part: Part) -> tuple[Line, ...]:
    return tuple(line for line in part.before if line.text.startswith(WARNING))


def _own(both: Both, place: Place) -> str:
    old, new = place.old, place.new
    if new is None and old is not None:
        return text_lines.raw(old.lines)
    if not isinstance(new, Entry):
        return text_lines.raw(old.lines) if old else lock_style.convert(new.lines if new else (), both.habits.newline)
    if not isinstance(old, Entry):
        return lock_style.block(new, None, both.habits)
    if not _same(old, new):
        return lock_style.block(new if both.annotated else replace(new, via=old.via), old, both.habits)
    if not both.annotated or not both.habits.annotated or lock_style.wanted_by(old) == lock_style.wanted_by(new):
        return old.raw
    return lock_style.reannotated(new, old, both.habits)


def _same(old: Entry, new: Entry) -> bool:
    """Say whether two entries ask for the same files under the same conditions."""
    if (old.kind, old.name, old.extras, _marker(old)) != (new.kind, new.name, new.extras, _marker(new)):
        return False
    if set(old.hashes) != set(new.hashes) or old.options != new.options:
        return False
    if old.parts is None or new.parts is None:
        return old.text.split() == new.text.split()
    return (old.parts.operator.strip(), old.version) == (new.parts.operator.strip(), new.version)


def _trailer(both: Both) -> str:
    told = lock_trailer.told(both.new.trailer)
    if both.inline:
        told = lock_trailer.unsafe(both.absent, hashed=any(entry.hashes for entry in both.new.entries))
    return lock_trailer.replaced(both.old.trailer, told, both.habits.newline)


def _joined(pieces: list[str], newline: str) -> str:
    """Put pieces together, each but the last ending its line; what a backslash would draw in stays apart."""
    full = [piece for piece in pieces if piece]
    texts = []
    for piece in full[:-1]:
        last = text_lines.split(piece.splitlines(keepends=True)[-1])[0]
        texts.append(piece + newline * ((not last.ending) + last.continued))
    return "".join([*texts, *full[-1:]])


def _check(old: str, new: str, text: str) -> None:
    """Refuse paths of the machine and passwords that the old lock did not have."""
    known = {line.text for line in text_lines.split(old)}
    for line in text_lines.split(text):
        for found in FOREIGN.finditer(line.text) if line.text not in known else ():
            word = found[0]
            if word in old:
                continue
            number = next((other.number for other in text_lines.split(new) if word in other.text), 0)
            what = "a password or token" if found["secret"] else f"the path {word}"
            raise ValueError(f"line {number} of what the compiler wrote names {what}, which the lock does not have")
