"""Look inside images: packages from the registry, what waits for them in their archive, and what a move fixes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.decide import contents, lifetimes
from bot.errors import BotError, StoreError
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

    def difference(self, name: ImageName, old: str, new: str, platform: str) -> Difference:
        """Give what changed from one digest to another. Raises as `Registry.contents` does."""
        before = self._glass.registry.contents(name, old, platform, sources=False)
        after = self._glass.registry.contents(name, new, platform, sources=True)
        return self.between(before, after)

    def between(self, before: ImageContents, after: ImageContents) -> Difference:
        """Give what changed between two images that were read, and of what kind each change is."""
        key = (before.digest, after.digest, after.platform)
        return self._differences.get(key, lambda: self._compare(before, after))

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
            unreadable=tuple(dict.fromkeys(unreadable)),
            notes=tuple(dict.fromkeys([*notes, *self._problems()])),
        )

    def _problems(self) -> tuple[str, ...]:
        """Give what is missing of what advisories and lifetimes are configured to be."""
        more = self._glass.lifetimes.problem
        return (*self._glass.advisories.problems, *([more] if more else []))

    def _lifetimes(self, found: ImageContents) -> tuple[Lifetime, ...]:
        table, today = self._glass.lifetimes.table(), self._now.date()
        ends = [lifetimes.of_os(table, found.os, today) if found.os else None]
        ends.append(lifetimes.of_python(table, found.python, today) if found.python else None)
        return tuple(one for one in ends if one is not None)

    def _compare(self, before: ImageContents, after: ImageContents) -> Difference:
        diff = contents.compare(before, after)
        unreadable = tuple(f"{one.digest[:19]}: {why}" for one in (before, after) for why in one.unreadable)
        if unreadable and not (before.packages and after.packages):
            blind = replace(diff, sources=(), added=(), removed=())
            return Difference(diff=blind, unreadable=unreadable)
        if contents.comparable(diff):
            rows = contents.by_weight(self._classified(diff.sources, after, {}))
            diff = replace(diff, sources=rows)
        return Difference(diff=diff, unreadable=unreadable)

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


def _os(found: ImageContents) -> str:
    return found.os.label if found.os else "these"
