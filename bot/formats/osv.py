"""Records of the Open Source Vulnerability format, and which versions they speak of.

OSV schema 1.7, https://ossf.github.io/osv-schema/. Packages of Debian, Ubuntu and Alpine are source packages there.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cmp_to_key
from typing import Any, TypeGuard

from bot.formats.osv_severity import rows, severity_of
from bot.formats.osv_text import one_line
from bot.model.contents import major
from bot.model.packages import OsRelease
from bot.model.policy import Severity

Compare = Callable[[str, str], int]

PAGE = "https://osv.dev/vulnerability/"
ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:+-]{0,99}")
LONGEST_TEXT = 300
KINDS = frozenset({"ECOSYSTEM", "SEMVER"})
NUMBERED = re.compile(r"[0-9]{1,3}")
DOTTED = re.compile(r"([0-9]{1,2})\.([0-9]{2})")
ALPINE = re.compile(r"[0-9]{1,2}\.[0-9]{1,3}")


class EventKind(StrEnum):
    """What begins or ends at a version: `last_affected` ends after its version, `fixed` before it."""

    INTRODUCED = "introduced"
    FIXED = "fixed"
    LAST_AFFECTED = "last_affected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event of a range; version "0" is before every version."""

    kind: EventKind
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """Events in the order of the record, which need not be that of the versions; `kind` is ECOSYSTEM or SEMVER."""

    kind: str
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What a range's events of one version say together: how often it begins there, ends before it and after it.

    `version` is None for what begins before every version.
    """

    version: str | None
    introduced: int
    fixed: int
    last_affected: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Affected:
    """A package that a flaw affects: in its ranges, and where it is one of `versions`."""

    ecosystem: str
    package: str
    ranges: tuple[Range, ...]
    versions: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One record. `aliases` are the same flaw, or those that a distribution's record is about (`upstream`), sorted.

    `related` are other ids that it names, sorted; `modified` is a time in RFC 3339, "" where it has none; `summary`
    is one line in its own words.
    """

    id: str
    aliases: tuple[str, ...]
    related: tuple[str, ...]
    severity: Severity
    url: str
    withdrawn: bool
    modified: str
    affected: tuple[Affected, ...]
    summary: str = ""


def record(document: Any) -> Record:
    """Read one record from parsed JSON; fields that break the schema are left out.

    Raises ValueError where it is no record: not an object, or without an id.
    """
    if not isinstance(document, dict):
        raise ValueError("this is not an OSV record: not a JSON object")  # noqa: TRY004 - a document, not an argument
    name = document.get("id")
    if not isinstance(name, str) or not ID.fullmatch(name):
        raise ValueError("this is not an OSV record: it has no id")
    modified = document.get("modified")
    return Record(
        id=name,
        aliases=_ids(name, document.get("aliases"), document.get("upstream")),
        related=_ids(name, document.get("related")),
        severity=severity_of(document),
        url=PAGE + name,
        withdrawn=bool(document.get("withdrawn")),
        modified=modified if _is_plain(modified) else "",
        affected=tuple(one for row in rows(document.get("affected")) if (one := _affected(row)) is not None),
        summary=one_line(document.get("summary"), document.get("details")),
    )


def fixed_between(affected: Affected, old: str, new: str, compare: Compare) -> bool:
    """Tell whether a flaw affects version `old` and does not affect `new` any more.

    `compare` orders two versions of the ecosystem; where it raises ValueError, nothing is known, which is False.
    """
    try:
        return affects(affected, old, compare) and not affects(affected, new, compare)
    except ValueError:
        return False


def affects(affected: Affected, version: str, compare: Compare) -> bool:
    """Tell whether a version is affected (OSV schema, "Evaluation"); raises what `compare` raises."""
    return version in affected.versions or any(
        inside(turns(one.events, compare), version, compare) for one in affected.ranges
    )


def turns(events: Sequence[Event], compare: Compare) -> tuple[Turn, ...]:
    """Bring the events of a range into the order of their versions; raises what `compare` raises."""

    def order(one: Event, other: Event) -> int:
        return compare(one.version, other.version)

    known = [event for event in events if not _is_start(event)]
    starts = sum(map(_is_start, events))
    ordered = sorted(known, key=cmp_to_key(order))
    start = (Turn(version=None, introduced=starts, fixed=0, last_affected=0),) if starts else ()
    groups: list[list[Event]] = []
    for event in ordered:
        if groups and not compare(groups[-1][0].version, event.version):
            groups[-1].append(event)
        else:
            groups.append([event])
    return (*start, *map(_turn, groups))


def inside(ordered: Sequence[Turn], version: str, compare: Compare) -> bool:
    """Tell whether a version is in a range, by its turns (OSV schema, "Evaluation").

    The schema does not say what holds where one range ends and another begins at the same version; real records have
    that, in any order. There it goes on; where nothing was affected before, such a pair is an empty range.
    """
    found = False
    for turn in ordered:
        place = 1 if turn.version is None else compare(version, turn.version)
        if place < 0:
            break
        ends = turn.fixed + (turn.last_affected if place else 0)
        if turn.introduced and ends:
            found = found or turn.introduced > ends
        else:
            found = bool(turn.introduced) or (found and not ends)
    return found


def ecosystem_of(os: OsRelease) -> str:
    """Name the ecosystem of an operating system: `Debian:12`, `Ubuntu:24.04:LTS`, `Alpine:v3.20`; "" for others.

    Releases of April in even years are Ubuntu's long-term ones.
    """
    release = major(os)
    if os.id == "debian" and NUMBERED.fullmatch(release):
        return f"Debian:{release}"
    if os.id == "alpine" and ALPINE.fullmatch(release):
        return f"Alpine:v{release}"
    if os.id == "ubuntu" and (parts := DOTTED.fullmatch(release)):
        lasting = parts[2] == "04" and int(parts[1]) % 2 == 0
        return f"Ubuntu:{release}:LTS" if lasting else f"Ubuntu:{release}"
    return ""


def covers(named: str, ecosystem: str, version: str) -> bool:
    """Tell whether what a record says of the ecosystem `named` holds for a package of `ecosystem` at a version.

    A suffix `:LTS` makes no difference, and a name without a release means all of them. What Ubuntu publishes for
    its paying users (`Ubuntu:Pro:22.04:LTS`) holds only for versions from there, which have `esm` in their name:
    a later ordinary version looks newer and need not have the fix. Its FIPS and realtime lines have versions of
    their own, and are never meant.
    """
    wanted = ecosystem.removesuffix(":LTS")
    family, _, release = wanted.partition(":")
    plain = named.removesuffix(":LTS")
    return plain in {wanted, family} or (plain == f"{family}:Pro:{release}" and "esm" in version)


def _affected(row: dict[str, Any]) -> Affected | None:
    package = row.get("package")
    ecosystem, name = (package.get("ecosystem"), package.get("name")) if isinstance(package, dict) else (None, None)
    if not (_is_plain(ecosystem) and _is_plain(name)):
        return None
    return Affected(
        ecosystem=ecosystem,
        package=name,
        ranges=tuple(_range(one) for one in rows(row.get("ranges")) if one.get("type") in KINDS),
        versions=tuple(_versions(row.get("versions"))),
    )


def _range(row: dict[str, Any]) -> Range:
    """Read a range; one that nothing introduces, which the schema forbids, begins before every version."""
    read = [event for one in rows(row.get("events")) for event in _events(one)]
    if not any(event.kind is EventKind.INTRODUCED for event in read):
        read.insert(0, Event(kind=EventKind.INTRODUCED, version="0"))
    return Range(kind=str(row["type"]), events=tuple(read))


def _events(row: dict[str, Any]) -> list[Event]:
    """Read one object of `events`; the schema wants one event in each, and old records have more."""
    return [Event(kind=kind, version=version) for kind in EventKind for version in _versions([row.get(kind)])]


def _versions(value: Any) -> Iterable[str]:
    named = value if isinstance(value, list) else []
    return (version for version in named if _is_plain(version))


def _is_plain(value: Any) -> TypeGuard[str]:
    """Tell whether it is a text of one line that can be written down: JSON also has halves of characters."""
    return isinstance(value, str) and 0 < len(value) <= LONGEST_TEXT and value.isprintable()


def _is_start(event: Event) -> bool:
    return event.kind is EventKind.INTRODUCED and event.version == "0"


def _turn(same: Sequence[Event]) -> Turn:
    kinds = [event.kind for event in same]
    return Turn(
        version=same[0].version,
        introduced=kinds.count(EventKind.INTRODUCED),
        fixed=kinds.count(EventKind.FIXED),
        last_affected=kinds.count(EventKind.LAST_AFFECTED),
    )


def _ids(own: str, *values: Any) -> tuple[str, ...]:
    named = {one for value in values if isinstance(value, list) for one in value if isinstance(one, str)}
    return tuple(sorted(one for one in named if one != own and ID.fullmatch(one)))
