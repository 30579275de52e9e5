"""Look inside images: packages from the registry, what waits for them in their archive, and what a move fixes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.decide import contents, lifetimes
from bot.errors import AccessDenied, BotError, RepoError, StoreError, Unavailable
from bot.model.contents import Advisory, ImageContents, Lifetime, SourceChange, SourceMove, Told
from bot.model.images import ImageName
from bot.model.observed import Difference, Inspection
from bot.model.packages import PackageFormat
from bot.ports import Advisories, Archive, Lifetimes, Registry
from bot.system.once import Once


@dataclass(frozen=True, slots=True, kw_only=True)
class Glass:
    """What images are looked at with. `archives` are by package format; what is not there cannot be asked."""

    registry: Registry
    archives: Mapping[PackageFormat, Archive]
    advisories: Advisories
    lifetimes: Lifetimes


class Insides:
    """Looks inside images for one run; every image and every pair is looked at once. Safe from several threads."""

    def __init__(self, glass: Glass, now: datetime) -> None:
        self._glass, self._now = glass, now
        self._inspections: Once[tuple[str, str], Inspection] = Once()
        self._differences: Once[tuple[str, str, str], Difference] = Once()

    def inspection(self, name: ImageName, digest: str, platform: str) -> Inspection:
        """Give what is inside an image, what waits for it, and how long it will be supported.

        What cannot be looked at is said in it. Raises as `Registry.contents` does.
        """
        return self._inspections.get((digest, platform), lambda: self._inspect(name, digest, platform))

    def difference(
        self, name: ImageName, old: str, new: str, platform: str, *, newer: ImageName | None = None
    ) -> Difference:
        """Give what changed from one digest to another (of `newer`, where that is another image).

        Both are read in the same way: an attestation and a database may name the same package differently. Where its
        packages come from is read only where something changed. Raises as `Registry.contents` does.
        """
        key = (old, new, platform)
        return self._differences.get(key, lambda: self._difference(name, old, newer or name, new, platform))

    def _difference(self, one: ImageName, old: str, other: ImageName, new: str, platform: str) -> Difference:
        registry = self._glass.registry
        before = registry.contents(one, old, platform, sources=False)
        after = registry.contents(other, new, platform, sources=False)
        if before.digest == after.digest:
            return Difference(diff=contents.compare(after, after), unreadable=_unread(after))
        if before.read_from != after.read_from:
            before = registry.contents(one, old, platform, sources=True)
            after = registry.contents(other, new, platform, sources=True)
        return self._compare(before, after, lambda: registry.contents(other, new, platform, sources=True))

    def outline(self, name: ImageName, old: str, new: str, platform: str) -> Difference:
        """Compare what two images say of themselves, without their packages. Raises as `Registry.config` does."""
        before, after = (
            ImageContents(
                digest=digest, platform=platform, os=config.os, format=None, packages=(),
                python=config.value("PYTHON_VERSION") or None, created=config.created, env=config.env,
            )
            for digest, config in ((one, self._glass.registry.config(name, one, platform)) for one in (old, new))
        )  # fmt: skip
        return Difference(diff=contents.compare(before, after))

    def _inspect(self, name: ImageName, digest: str, platform: str) -> Inspection:
        found = self._glass.registry.contents(name, digest, platform, sources=True)
        archive = self._archive(found)
        unreadable, notes = list(found.unreadable), list[str]()
        updates: tuple[SourceChange, ...] = ()
        if found.format is not None and archive is None:
            unreadable.append(f"the archive of {_os(found)} packages ({found.format}) cannot be asked")
        if found.format is not None and archive is not None:
            answer = archive.waiting(found, self._now)
            unreadable += answer.unreadable
            notes += answer.notes
            rows, told = contents.offered(answer.waiting, found.format)
            updates = self._classified(rows, found, told)
        return Inspection(
            contents=found,
            updates=contents.by_weight(updates),
            lifetimes=self._lifetimes(found),
            unreadable=tuple(dict.fromkeys([*unreadable, *self._glass.advisories.problems, *_nameless(found)])),
            notes=tuple(dict.fromkeys([*notes, *self._problems()])),
        )

    def _problems(self) -> tuple[str, ...]:
        """Say what is missing of the table of lifetimes that is configured."""
        more = self._glass.lifetimes.problem
        return (more,) if more else ()

    def _lifetimes(self, found: ImageContents) -> tuple[Lifetime, ...]:
        table, today = self._glass.lifetimes.table(), self._now.date()
        ends = [lifetimes.of_os(table, found.os, today) if found.os else None]
        ends.append(lifetimes.of_python(table, found.python, today) if found.python else None)
        return tuple(one for one in ends if one is not None)

    def _compare(self, before: ImageContents, after: ImageContents, whole: Callable[[], ImageContents]) -> Difference:
        """Compare two lists of packages; `whole` gives the new image with its sources, to ask its archive."""
        diff = contents.compare(before, after)
        unreadable = (*_unread(before), *_unread(after))
        if unreadable and not (before.packages and after.packages):
            blind = replace(diff, sources=(), added=(), removed=())
            return Difference(diff=blind, unreadable=unreadable)
        if contents.comparable(diff) and diff.sources:
            try:
                rows = self._classified(diff.sources, whole(), {})
            except (AccessDenied, RepoError, Unavailable) as error:  # what changed is known all the same
                return Difference(diff=diff, unreadable=(*unreadable, error.message))
            diff = replace(diff, sources=contents.by_weight(rows))
            unreadable = (*unreadable, *self._glass.advisories.problems)
        return Difference(diff=diff, unreadable=tuple(dict.fromkeys(unreadable)))

    def _classified(
        self, rows: Sequence[SourceChange], found: ImageContents, known: Mapping[SourceMove, Told]
    ) -> tuple[SourceChange, ...]:
        """Ask archive and advisories about changes; one that fails knows nothing, and the rows say UNKNOWN."""
        if not rows or found.format is None:
            return tuple(rows)
        moves, archive = contents.moves(rows), self._archive(found)
        told = dict(known)
        if archive is not None:
            told |= {move: contents.together(known.get(move), word) for move, word in self._told(archive, found, moves)}
        ids = sorted({text for word in told.values() for text in word.ids})
        fixed: Mapping[SourceMove, tuple[Advisory, ...]] | None = None
        named: Mapping[str, Advisory] = {}
        if found.os is not None:
            fixed = self._glass.advisories.fixed(found.os, moves)
            named = self._glass.advisories.named(found.os, ids)
        return contents.classified(rows, found.format, told, fixed, named)

    def _told(
        self, archive: Archive, found: ImageContents, moves: Sequence[SourceMove]
    ) -> list[tuple[SourceMove, Told]]:
        try:
            return list(archive.told(found, moves, self._now).items())
        except StoreError:
            raise
        except BotError:
            return []

    def _archive(self, found: ImageContents) -> Archive | None:
        return self._glass.archives.get(found.format) if found.format is not None else None


def _nameless(found: ImageContents) -> tuple[str, ...]:
    """Say that nobody knows how long an operating system is supported of which not even the name is known."""
    if found.os is not None or not found.packages:
        return ()
    return ("which operating system it is, it does not say, so when that ends is not known",)


def _unread(found: ImageContents) -> tuple[str, ...]:
    return tuple(f"{found.digest[:19]}: {why}" for why in found.unreadable)


def _os(found: ImageContents) -> str:
    return found.os.label if found.os else "these"
