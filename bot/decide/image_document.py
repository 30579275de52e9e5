"""The contract's JSON of `image inspect` and `image diff`."""

from datetime import UTC

from bot.decide.contents import by_weight, harmless
from bot.decide.document import SCHEMA
from bot.decide.finding_rows import advisory, end_of_life
from bot.model.contents import ImageContents, SourceChange
from bot.model.observed import Difference, Inspection
from bot.model.packages import OsRelease, Package


def inspected(reference: str, digest: str, seen: Inspection) -> dict[str, object]:
    """Give what is inside an image; `digest` is what the reference stands for, an index's or a manifest's."""
    contents = seen.contents
    return {
        "schema": SCHEMA,
        "reference": reference,
        "digest": digest,
        "platform": contents.platform,
        "os": _os(contents.os),
        "python": contents.python,
        "created": contents.created.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if contents.created else None,
        "packages": [_package(one) for one in contents.packages],
        "updates": [_update(row) for row in by_weight(seen.updates)],
        "end_of_life": [
            {"product": one.product, "release": one.release, "date": one.date.isoformat(), "state": str(one.state),
             "extended": one.extended, "why": end_of_life(one, reference)}
            for one in seen.lifetimes
        ],
        "unreadable": list(seen.unreadable),
        "notes": list(seen.notes),
        "manifest": contents.digest,
        "format": contents.format,
        "read_from": contents.read_from,
        "layers": contents.layers,
        "size": contents.size,
    }  # fmt: skip


def _update(row: SourceChange) -> dict[str, object]:
    return {
        "source": row.source,
        "current": row.old,
        "available": row.new,
        "packages": list(row.packages),
        "kind": str(row.kind),
        "severity": str(row.severity),
        "advisories": [advisory(one) for one in row.advisories],
    }


def compared(old: tuple[str, str], new: tuple[str, str], found: Difference) -> dict[str, object]:
    """Give what changed between two images; `old` and `new` are reference and digest."""
    diff = found.diff
    return {
        "schema": SCHEMA,
        "old": _side(*old, diff.old),
        "new": _side(*new, diff.new),
        "platform": diff.new.platform,
        "os_release_changed": diff.os_release_changed,
        "python_changed": diff.python_changed,
        "can_wait": harmless(diff) and not found.unreadable,
        "env": environment(diff.old, diff.new),
        "sources": [_source(row) for row in by_weight(diff.sources)],
        "added": [_package(one) for one in diff.added],
        "removed": [_package(one) for one in diff.removed],
        "unreadable": list(found.unreadable),
    }


def environment(old: ImageContents, new: ImageContents) -> dict[str, list[str | None]]:
    """Give the versions that differ, and that of Python in any case, by variable: old and new value.

    Others are left out: an environment may hold what is not meant for logs.
    """
    before, after = dict(old.env), dict(new.env)
    names = sorted(name for name in before.keys() | after.keys() if name.endswith("_VERSION"))
    return {
        name: [before.get(name), after.get(name)]
        for name in names
        if before.get(name) != after.get(name) or name == "PYTHON_VERSION"
    }


def _side(reference: str, digest: str, contents: ImageContents) -> dict[str, object]:
    return {
        "reference": reference,
        "digest": digest,
        "os": _os(contents.os),
        "python": contents.python,
        "manifest": contents.digest,
        "size": contents.size,
        "packages": len(contents.packages),
        "read_from": contents.read_from,
    }


def _source(row: SourceChange) -> dict[str, object]:
    return {
        "source": row.source,
        "old": row.old,
        "new": row.new,
        "packages": list(row.packages),
        "kind": str(row.kind),
        "severity": str(row.severity),
        "advisories": [advisory(one) for one in row.advisories],
    }


def _os(os: OsRelease | None) -> dict[str, str] | None:
    return {"id": os.id, "version": os.version, "codename": os.codename} if os else None


def _package(one: Package) -> dict[str, str]:
    return {
        "name": one.name,
        "version": one.version,
        "source": one.source,
        "source_version": one.source_version,
        "architecture": one.architecture,
    }
