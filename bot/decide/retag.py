"""Where a tag may move, and whether it has stopped moving by itself.

A tag moves among tags of its own repository that have the same prefix, as many numbers and the same suffix, so that
`3.12.1-slim-bookworm` stays what its people chose. Nothing here fails, whatever a registry lists.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, TypeAlias

from bot.formats.image_tag import Tag, distribution, is_newer_release, place, read, variant
from bot.model.observed import Frozen, Offer

Kind: TypeAlias = Literal["patch", "minor", "distribution"]

PATCH = 3  # with so many numbers a tag names one patch release
SIBLINGS = 6  # each costs looks at the registry
NEAREST = 3
NO_VERSION = 10**6  # numbers from here on are dates and builds: 3.12.20260401 is no patch of 3.12.1
CALENDAR = re.compile(r"[0-9]{2}\.04(?![0-9.])")  # Ubuntu's: within the "major" of 24.04 comes 24.10, for nine months
LONG_SUPPORT = re.compile(r"[0-9][02468]\.04(?![0-9.])")
QUIET = timedelta(days=60)
FIRST_IMAGES = datetime(2013, 3, 1, tzinfo=UTC)  # builds that are reproducible say 1970, or the year 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Moves:
    """Where a tag goes: `taken` by the rebuild itself (None: it stays), `offered` for a person to decide."""

    taken: str | None
    offered: tuple[Offer, ...]


def moves(tag: str, tags: Iterable[str], policy: str) -> Moves:
    """Say what a quarterly rebuild takes under `policy.retag`, and what it offers beside that.

    `patch` takes the newest patch release, `minor` the newest patch release of the newest minor one, `none` nothing.
    Offers come in the order patch, minor, distribution; the last one is for the tag that is taken.
    """
    known = tuple(tags)
    patch, minor = newest_patch(tag, known), newest_minor(tag, known)
    taken = {"patch": patch, "minor": minor or patch}.get(policy)
    found: tuple[tuple[str | None, Kind], ...] = (
        (patch if taken is None else None, "patch"),
        (minor if minor != taken else None, "minor"),
        (newer_distribution(taken or tag, known), "distribution"),
    )
    return Moves(taken=taken, offered=tuple(Offer(tag=name, kind=kind) for name, kind in found if name))


def newest_patch(tag: str, tags: Iterable[str]) -> str | None:
    """Give the newest patch release of a tag's minor one, where that is newer: `3.12.9-slim` for `3.12.1-slim`.

    Only tags of three and more numbers have patch releases: `16.2` may be one, but its form does not tell.
    """
    own = read(tag)
    if own is None or own.precision < PATCH:
        return None
    return _last(_newer(own, tags, lambda one: one.numbers[:2] == own.numbers[:2]))


def newest_minor(tag: str, tags: Iterable[str]) -> str | None:
    """Give the newest patch release of the newest minor one, where that is newer: `3.14.0-slim` for `3.12.1-slim`.

    The first number stays. So a tag of one number never moves, nor does `24.04`, whose next one is no minor release.
    """
    own = read(tag)
    if own is None or own.precision == 1 or CALENDAR.match(own.text):
        return None
    major, minor = own.numbers[:2]
    return _last(_newer(own, tags, lambda one: one.numbers[0] == major and one.numbers[1] > minor))


def newer_distribution(tag: str, tags: Iterable[str]) -> str | None:
    """Give the same tag for the newest release of its OS: `3.12-slim-trixie` for `3.12-slim-bookworm`.

    Numbers and everything else are the same. A tag that is nothing but an OS release (`bullseye-slim`) has one too.
    """
    own = _split(tag)
    return _last(_elsewhere(own, tags, lambda one: one.numbers == own.numbers))


def siblings(tag: str, tags: Iterable[str]) -> tuple[str, ...]:
    """Give up to six tags that should move for as long as the family of `tag` is built; empty for no version.

    First newer tags of the same suffix, nearest first: where there are too many, the nearest and the newest ones, as
    the nearest may have come to their end too. Of patch releases only the newest of each minor one counts, because
    no other is built again; of Ubuntu's years only those with long support, where the tag is one. Then this tag and
    the newest of those for the newest OS release, which tell when only a distribution was given up.
    """
    own = read(tag)
    if own is None:
        return ()
    known = tuple(tags)
    line = _heads(_newer(own, known, _fits(own)))
    newest = line[-1] if line else own
    twins = {name: None for one in (own, newest) if (name := _twin(one, known)) is not None}
    room = SIBLINGS - len(twins)
    chosen = line if len(line) <= room else [*line[:NEAREST], *line[NEAREST - room :]]
    return (*(one.text for one in chosen), *twins)


def frozen(  # noqa: PLR0913 - one fact each from the tag, the registry, the clock and the configuration
    tag: str,
    created: datetime | None,
    siblings: Mapping[str, datetime],
    now: datetime,
    *,
    built: Collection[str] | None,
    tags: Iterable[str],
) -> Frozen | None:
    """Say that a tag no longer moves; None where it does, or where that cannot be told.

    `built` are the tags that are configured as still built: where there are some, they decide. Otherwise an image
    that is more than 60 days old beside a sibling (of `siblings`, by when it was created) that is not. A `created` of
    before there were images says nothing.
    """
    since = created if created and created >= FIRST_IMAGES else None
    if built:
        alive, why = set(built), f"{tag} is not among the tags that are configured as still built"
        why = f"{why}; its image is of {since:%Y-%m-%d}" if since else why
    else:
        alive = {name for name, moved in siblings.items() if name != tag and now - moved <= QUIET}
        if not alive or since is None or now - since <= QUIET:
            return None
        witness = max(alive, key=lambda name: (siblings[name], name))
        why = f"{tag} was last built on {since:%Y-%m-%d}, while {witness} was built on {siblings[witness]:%Y-%m-%d}"
    if tag in alive:
        return None
    return Frozen(since=since, move_to=_way_out(tag, tuple(tags), alive, certain=bool(built)), why=why)


def _way_out(tag: str, tags: tuple[str, ...], alive: Collection[str], *, certain: bool) -> str | None:
    """Choose where to go: the newest patch release, then the nearest tag alive, by how little changes.

    The newest patch release is passed over where it is `certain` that it is dead, or nothing else of its suffix lives.
    """
    own, living = _split(tag), [name for name in tags if name in alive]
    patch = newest_patch(tag, tags)
    line = [one.text for one in _heads(_newer(own, living, _fits(own)))]
    near = [one.text for one in _heads(_newer(own, living, lambda one: one.numbers[:1] == own.numbers[:1]))]
    abroad = _elsewhere(own, living, lambda one: one.numbers >= own.numbers)
    nearest = min((one.numbers[:2] for one in abroad), default=())
    ways = (
        patch if line and (patch in alive or not certain) else None,
        next(iter(near), None),
        _twin(own, living),
        next(iter(line), None),
        _last([one for one in abroad if one.numbers[:2] == nearest]),
        patch,
    )
    return next((way for way in ways if way), None)


def _newer(own: Tag, tags: Iterable[str], fits: Callable[[Tag], bool]) -> list[Tag]:
    """Give the tags of the same prefix, precision and suffix that have higher numbers and fit, lowest first."""
    same = (read(name) for name in tags if name.endswith(own.suffix))
    alike = [one for one in same if one and _form(one) == _form(own) and one.suffix == own.suffix]
    found = [one for one in alike if one.numbers > own.numbers and fits(one)]
    return sorted(found, key=lambda one: (one.numbers, one.text))


def _elsewhere(own: Tag, tags: Iterable[str], fits: Callable[[Tag], bool]) -> list[Tag]:
    """Give the tags of the same prefix, precision and variant for a newer OS release that fit, its oldest first."""
    return [one for _, one in sorted(_abroad(own, tags, fits), key=lambda row: (row[0], row[1].numbers, row[1].text))]


def _abroad(own: Tag, tags: Iterable[str], fits: Callable[[Tag], bool]) -> Iterator[tuple[tuple[int, ...], Tag]]:
    here, form, look = distribution(own.suffix), _form(own), variant(own.suffix)
    if here is None:
        return
    for one in map(_split, tags):
        there = distribution(one.suffix) if _form(one) == form and fits(one) else None
        if there and is_newer_release(there, here) and variant(one.suffix) == look:
            yield place(there) or (), one


def _twin(own: Tag, tags: Iterable[str]) -> str | None:
    """Give the newest patch release of a tag's minor one for the newest OS release."""
    return _last(_elsewhere(own, tags, lambda one: one.numbers[:2] == own.numbers[:2] and one.numbers >= own.numbers))


def _heads(line: list[Tag]) -> list[Tag]:
    """Keep the newest patch release of each minor one, lowest first; `line` has the lowest first too."""
    return list({one.numbers[: PATCH - 1]: one for one in line}.values())


def _fits(own: Tag) -> Callable[[Tag], bool]:
    """Ask for releases of Ubuntu with long support where the tag is one."""
    if LONG_SUPPORT.match(own.text):
        return lambda one: LONG_SUPPORT.match(one.text) is not None
    return lambda _: True


def _form(tag: Tag) -> tuple[object, ...]:
    return tag.prefix, *(number >= NO_VERSION for number in tag.numbers)


def _last(found: list[Tag]) -> str | None:
    return found[-1].text if found else None


def _split(tag: str) -> Tag:
    """Read a tag; one without a version is nothing but a suffix."""
    return read(tag) or Tag(prefix="", numbers=(), suffix=f"-{tag}", text=tag)
