"""What changed between two images, grouped by source package, and what of it is a security fix."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from bot.formats import package_version
from bot.model.contents import (
    ORDER,
    Advisory,
    ChangeKind,
    ImageContents,
    ImageDiff,
    SourceChange,
    SourceMove,
    Told,
    Waiting,
)
from bot.model.packages import Package, PackageFormat
from bot.model.policy import Severity

DATA = frozenset({
    "base-files", "ca-certificates", "debian-archive-keyring", "distro-info-data", "iso-codes", "publicsuffix",
    "tzdata", "ubuntu-keyring", "alpine-keys", "alpine-release", "ca-certificates-bundle", "media-types", "netbase",
})  # fmt: skip
"""Source packages that hold data: an update of theirs is no fix of code, whatever suite it comes from."""

SHOWN = 5  # ids in one sentence


def compare(old: ImageContents, new: ImageContents) -> ImageDiff:
    """Compare two images of one platform; every change is of kind UNKNOWN until `classified` knows better.

    A package is the same one where name and architecture are; its source is what either image says of it, since an
    attestation may leave it out. A rebuild of binaries alone (binNMU) shows the versions of the binaries.
    """
    before, after = _by_key(old.packages), _by_key(new.packages)
    pairs = [(before[key], after[key]) for key in sorted(before.keys() & after.keys())]
    moved: dict[str, list[tuple[Package, Package]]] = defaultdict(list)
    for was, now in pairs:
        if was.version != now.version:
            moved[_source(was, now)].append((was, now))
    kind = new.format or PackageFormat.DEB
    return ImageDiff(
        old=old,
        new=new,
        sources=tuple(_change(source, rows, kind) for source, rows in sorted(moved.items())),
        added=tuple(after[key] for key in sorted(after.keys() - before.keys())),
        removed=tuple(before[key] for key in sorted(before.keys() - after.keys())),
    )


def _by_key(packages: Iterable[Package]) -> dict[tuple[str, str], Package]:
    return {(package.name, package.architecture): package for package in packages}


def _source(was: Package, now: Package) -> str:
    return now.source if now.source != now.name else was.source


def _change(source: str, rows: Sequence[tuple[Package, Package]], kind: PackageFormat) -> SourceChange:
    order = package_version.key(kind)
    old = min((_version(was, source) for was, _ in rows), key=order)
    new = max((_version(now, source) for _, now in rows), key=order)
    if old == new:
        old = min((was.version for was, _ in rows), key=order)
        new = max((now.version for _, now in rows), key=order)
    names = tuple(sorted({now.name for _, now in rows}))
    return SourceChange(source=source, old=old, new=new, packages=names, kind=ChangeKind.UNKNOWN)


def _version(package: Package, source: str) -> str:
    """Give the source's version; where a package does not know its source, its own is the best guess."""
    return package.source_version if package.source == source else package.version


def moves(rows: Iterable[SourceChange]) -> tuple[SourceMove, ...]:
    """Give what has to be asked about changes."""
    return tuple(SourceMove(source=row.source, old=row.old, new=row.new) for row in rows)


def comparable(diff: ImageDiff) -> bool:
    """Whether versions of the two can be set beside each other: the same package manager, the same release."""
    return diff.old.format == diff.new.format and diff.new.format is not None and not diff.os_release_changed


def harmless(diff: ImageDiff) -> bool:
    """Whether everything that changed is known, and none of it fixes a flaw.

    Python and other programs of which an image names the version (`NODE_VERSION`) are in no package database: where
    one of them is another, nobody knows what that fixes.
    """
    read = all(one.packages and not one.unreadable for one in (diff.old, diff.new))
    known = all(row.kind is not ChangeKind.UNKNOWN and not row.is_security for row in diff.sources)
    return read and known and comparable(diff) and diff.old.python == diff.new.python and not programs(diff)


def programs(diff: ImageDiff) -> tuple[tuple[str, str, str], ...]:
    """Give the variables that name the version of a program, but for Python's own, and differ: name, old, new."""
    before, after = dict(diff.old.env), dict(diff.new.env)
    names = sorted(name for name in before.keys() | after.keys() if name.endswith("_VERSION"))
    rows = [(name, before.get(name, ""), after.get(name, "")) for name in names if name != "PYTHON_VERSION"]
    return tuple((name, old, new) for name, old, new in rows if old != new)


def classified(
    rows: Iterable[SourceChange],
    kind: PackageFormat,
    told: Mapping[SourceMove, Told],
    fixed: Mapping[SourceMove, tuple[Advisory, ...]] | None,
    named: Mapping[str, Advisory],
) -> tuple[SourceChange, ...]:
    """Say of each change what it is.

    `told` is the archive's word, `fixed` that of the advisories (None: they know nothing of this system), `named` what
    they know of ids that changelogs name. A step back fixes nothing, and what nobody knows stays UNKNOWN.
    """
    order = package_version.key(kind)

    def one(row: SourceChange) -> SourceChange:
        (move,) = moves((row,))
        if not order(row.old) < order(row.new):
            return row
        word = told.get(move)
        advisories = merged((fixed or {}).get(move, ()), word.ids if word else (), named)
        return replace(row, kind=_kind(row, word, advisories, known=fixed is not None), advisories=advisories)

    return tuple(one(row) for row in rows)


def _kind(row: SourceChange, word: Told | None, advisories: tuple[Advisory, ...], *, known: bool) -> ChangeKind:
    if advisories:
        return ChangeKind.SECURITY
    if row.source in DATA or row.source.endswith(("-archive-keyring", "-keyring")):
        return ChangeKind.DATA
    if word is not None and word.security:
        return ChangeKind.SECURITY_UNNAMED
    if known or (word is not None and word.changelog):
        return ChangeKind.BUGFIX
    return ChangeKind.UNKNOWN


def merged(fixed: Iterable[Advisory], ids: Iterable[str], named: Mapping[str, Advisory]) -> tuple[Advisory, ...]:
    """Put advisories and bare ids together, each flaw once; the worst first, then by id."""
    rows = list(fixed)
    seen = {name for row in rows for name in (row.id, *row.aliases)}
    for text in ids:
        if text not in seen:
            row = named.get(text) or Advisory(id=text, url=url_of(text))
            rows.append(row)
            seen |= {text, row.id, *row.aliases}
    return tuple(sorted(set(rows), key=lambda row: (-ORDER.index(row.severity), row.id)))


def url_of(name: str) -> str:
    """Give where people read about an id."""
    if name.startswith("GHSA-"):
        return f"https://github.com/advisories/{name}"
    if name.startswith("CVE-"):
        return f"https://www.cve.org/CVERecord?id={name}"
    return f"https://osv.dev/vulnerability/{name}"


def offered(waiting: Iterable[Waiting], kind: PackageFormat) -> tuple[tuple[SourceChange, ...], dict[SourceMove, Told]]:
    """Group what waits in an archive by source, with what is known of it without a changelog."""
    by_source: dict[str, list[Waiting]] = defaultdict(list)
    for row in waiting:
        by_source[row.source].append(row)
    order = package_version.key(kind)
    changes: list[SourceChange] = []
    told: dict[SourceMove, Told] = {}
    for source, rows in sorted(by_source.items()):
        old, new = min((r.current_source for r in rows), key=order), max((r.available_source for r in rows), key=order)
        if old == new:
            old, new = min((r.current for r in rows), key=order), max((r.available for r in rows), key=order)
        names = tuple(sorted({row.package for row in rows}))
        change = SourceChange(source=source, old=old, new=new, packages=names, kind=ChangeKind.UNKNOWN)
        changes.append(change)
        told[moves((change,))[0]] = Told(security=any(r.security for r in rows), ids=(), changelog=False)
    return tuple(changes), told


def together(one: Told | None, other: Told) -> Told:
    """Join what two sources say of a move."""
    if one is None:
        return other
    return Told(
        security=one.security or other.security,
        ids=tuple(sorted({*one.ids, *other.ids})),
        changelog=one.changelog or other.changelog,
    )


def urgent(rows: Iterable[SourceChange], least: Severity) -> tuple[SourceChange, ...]:
    """Choose the changes that fix something at or above a severity; what has none always counts."""
    return tuple(row for row in rows if row.is_security and _reaches(row, least))


def _reaches(row: SourceChange, least: Severity) -> bool:
    known = [one.severity for one in row.advisories]
    return not known or any(one is Severity.UNKNOWN or ORDER.index(one) >= ORDER.index(least) for one in known)


def by_weight(rows: Iterable[SourceChange]) -> tuple[SourceChange, ...]:
    """Sort for people: security first, the worst first, then by name."""
    kinds = list(ChangeKind)
    return tuple(
        sorted(
            rows, key=lambda row: (not row.is_security, -ORDER.index(row.severity), kinds.index(row.kind), row.source)
        )
    )


def changed(diffs: Iterable[ImageDiff]) -> tuple[SourceChange, ...]:
    """Give the changes of all platforms, each once."""
    return tuple(dict.fromkeys(row for diff in diffs for row in diff.sources))


def told(rows: Iterable[SourceChange]) -> str:
    """Name the flaws that are fixed in a few words: ids while they are few, else how many in which packages."""
    found = tuple(rows)
    ids = list(dict.fromkeys(one.id for row in found for one in row.advisories))
    sources = list(dict.fromkeys(row.source for row in found))
    more = f" and {len(sources) - SHOWN} more" if len(sources) > SHOWN else ""
    where = f"{', '.join(sources[:SHOWN])}{more}"
    if not ids:
        return f"flaws without an id in {where}"
    return f"{', '.join(ids)} in {where}" if len(ids) <= SHOWN else f"{len(ids)} flaws in {where}"
