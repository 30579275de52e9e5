"""The part of a proposal that tells of images: where they go, what changes inside, and what remains."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from bot.decide.contents import by_weight, comparable, harmless, programs, url_of
from bot.decide.lifetimes import called
from bot.decide.markdown import code, link, prose, table
from bot.model.change import Change, ImageChange, StampChange
from bot.model.contents import Advisory, ChangeKind, ImageDiff, Lifetime, SourceChange, Support
from bot.model.findings import ArchiveAhead
from bot.model.observed import ImageState
from bot.model.policy import Severity
from bot.model.reasons import Reason

SHORT_DIGEST = 12
IDS_IN_A_ROW = 12
NAMED = 20
SMALL = 100_000  # bytes; sizes below are told in kB
ROWS = 60  # of one image; what is more than a screen or two is counted
KINDS = {
    ChangeKind.SECURITY: "**security**",
    ChangeKind.SECURITY_UNNAMED: "**security**, no id",
    ChangeKind.DATA: "data",
    ChangeKind.BUGFIX: "bug fix",
    ChangeKind.UNKNOWN: "not known",
}
CAN_WAIT = "Nothing security-relevant: this can wait."
OFFERS = {
    "patch": "a newer patch release",
    "minor": "a newer minor release",
    "distribution": "a newer release of the operating system",
}


def image_sections(change: Change, states: tuple[ImageState, ...], ahead: tuple[ArchiveAhead, ...]) -> list[str]:
    """Give all sections about images; empty texts where there is nothing to say."""
    return [
        image_table(change.images),
        *(_inside(row) for row in _distinct(change.images)),
        stamp_table(change.stamps),
        _remains(change, ahead),
        _offers(change, states),
        _lifetimes(states),
    ]


def image_table(images: tuple[ImageChange, ...]) -> str:
    """Give one row per mention: old and new digest, and why."""
    if not images:
        return ""
    rows = [
        [code(f"{row.path}:{row.line}"), _name(row), _digest(row.old), _digest(row.new),
         prose("; ".join(reason.text for reason in _telling(row)))]
        for row in images
    ]  # fmt: skip
    return "## Base images\n\n" + table(["where", "image", "old digest", "new digest", "why"], rows)


def _telling(row: ImageChange) -> tuple[Reason, ...]:
    """Leave out why the rebuild is made, and that the tag moved, where more than that is known."""
    own = row.why[:-1] or row.why
    return tuple(reason for reason in own if reason.code != "moved-digest") or own


def _name(row: ImageChange) -> str:
    return f"{code(row.name)} → {code(row.retagged)}" if row.retagged else code(row.name)


def _distinct(images: Iterable[ImageChange]) -> tuple[ImageChange, ...]:
    """Give one row per image that changes, however often it is mentioned."""
    return tuple({(row.name, row.old, row.new): row for row in images}.values())


def _inside(row: ImageChange) -> str:
    """Say what changes inside one image, by platform."""
    parts = [said for diff in row.diffs if (said := _platform(diff, several=len(row.diffs) > 1))]
    unread = [f"- {prose(why)}" for why in row.unread]
    if unread:
        parts.append("Less is known of it than could be:\n\n" + "\n".join(unread))
    if not parts:
        return ""
    return f"### Inside {code(row.retagged or row.name)}\n\n" + "\n\n".join(parts)


def _platform(diff: ImageDiff, *, several: bool) -> str:
    lines = [
        *([f"**{diff.new.platform}**"] if several else []),
        " · ".join(_facts(diff)),
        *_changes(diff),
        *_come_and_go(diff),
    ]
    return "\n\n".join(line for line in lines if line)


def _facts(diff: ImageDiff) -> Iterator[str]:
    old, new = diff.old, diff.new
    if new.os or old.os:
        names = [one.os.label if one.os else "not known" for one in (old, new)]
        changed_os = " **another release**" if diff.os_release_changed else ""
        yield "OS " + (code(names[1]) if names[0] == names[1] else f"{code(names[0])} → {code(names[1])}{changed_os}")
    if old.python or new.python:
        pair = [one.python or "none" for one in (old, new)]
        mark = " **another minor version**" if diff.python_changed else ""
        yield "Python " + (code(pair[1]) if pair[0] == pair[1] else f"{code(pair[0])} → {code(pair[1])}{mark}")
    for name, before, after in programs(diff):
        yield f"{code(name)} {code(before) or 'not set'} → {code(after) or 'not set'}"
    if new.packages:
        yield f"{len(new.packages)} package{'' if len(new.packages) == 1 else 's'}"
    if old.size and new.size:
        yield f"size {_size(old.size)} → {_size(new.size)}"


def _changes(diff: ImageDiff) -> Iterator[str]:
    if not diff.sources:
        if diff.new.packages and diff.old.packages:
            yield f"No package changed its version.{' ' + CAN_WAIT if harmless(diff) else ''}"
        return
    if harmless(diff):
        yield CAN_WAIT
    elif not comparable(diff):
        yield "Versions of two releases do not compare, so nothing is said of what these changes fix."
    rows = [source_row(row) for row in by_weight(diff.sources)[:ROWS]]
    more = len(diff.sources) - len(rows)
    yield table(["source package", "old", "new", "advisories", "kind"], rows)
    if more:
        yield f"… and {more} more."


def source_row(row: SourceChange) -> list[str]:
    """Give the cells of a source package: name, versions, linked ids, kind."""
    return [code(row.source), code(row.old), code(row.new), _ids(row.advisories), KINDS[row.kind]]


def _ids(advisories: tuple[Advisory, ...]) -> str:
    shown = ", ".join(_linked(one) for one in advisories[:IDS_IN_A_ROW])
    more = len(advisories) - IDS_IN_A_ROW
    return f"{shown} and {more} more" if more > 0 else shown


def _linked(one: Advisory) -> str:
    name = link(one.id, one.url or url_of(one.id))
    return name if one.severity is Severity.UNKNOWN else f"{name} ({one.severity})"


def _come_and_go(diff: ImageDiff) -> Iterator[str]:
    for word, packages in (("Added", diff.added), ("Removed", diff.removed)):
        if packages:
            names = ", ".join(code(f"{one.name} {one.version}") for one in packages[:NAMED])
            more = f" and {len(packages) - NAMED} more" if len(packages) > NAMED else ""
            yield f"{word}: {names}{more}"


def stamp_table(stamps: tuple[StampChange, ...]) -> str:
    """Say which layers are built anew, and what that brings in."""
    if not stamps:
        return ""
    intro = (
        "Nobody has rebuilt these images yet with the security updates that wait in their archive. A new value of a "
        "build argument makes the next build run the layer that upgrades their packages, and so takes them in:"
    )
    rows = [
        [code(f"{row.path}:{row.line}"), code(row.name), code(row.old) or "—",
         code(row.new) + (" (the layer is new too)" if row.inserted else "")]
        for row in stamps
    ]  # fmt: skip
    updates = dict.fromkeys((row.name, update) for row in stamps for update in row.updates)
    head = table(["where", "image", "old stamp", "new stamp"], rows)
    return f"## Taken from the archive\n\n{intro}\n\n{head}\n\n{_updates(updates)}"


def _updates(rows: Iterable[tuple[str, SourceChange]]) -> str:
    """Give one row per image and source package; one image alone is named above, and the room is the versions'."""
    known = tuple(rows)
    several = len({name for name, _ in known}) > 1
    head = [*(["image"] if several else []), "source package", "in the image", "in the archive", "advisories", "kind"]
    return table(head, ([*([code(name)] if several else []), *source_row(update)] for name, update in known))


def _remains(change: Change, ahead: tuple[ArchiveAhead, ...]) -> str:
    """Name the security updates that wait for images and that this does not bring in, and what to do about them."""
    stamped = {(row.path, row.name) for row in change.stamps}
    left = [row for row in ahead if (row.use.path, row.use.name.tagged) not in stamped]
    if not left:
        return ""
    names = ", ".join(dict.fromkeys(code(row.use.name.tagged) for row in left))
    intro = f"These security updates wait in the archive. Nobody has rebuilt {names} with them yet:"
    updates = dict.fromkeys((row.use.name.tagged, update) for row in left for update in row.updates)
    ways: dict[str, list[str]] = {}
    for row in left:
        ways.setdefault(row.remedy, []).append(code(f"{row.use.path}:{row.use.line}"))
    said = "\n\n".join(f"{', '.join(places)}: {remedy}" for remedy, places in ways.items())
    return f"## What remains\n\n{intro}\n\n{_updates(updates)}\n\n{said}"


def _offers(change: Change, states: tuple[ImageState, ...]) -> str:
    """Name the tags that a person may choose, and where to go from a tag that no longer moves."""
    taken = {(row.name, row.retagged) for row in change.images}
    rows: dict[tuple[str, str], list[str]] = {}
    for state in states:
        name = state.use.name.tagged
        for offer in state.offers:
            rows[name, offer.tag] = [code(name), code(offer.tag), OFFERS[offer.kind]]
        if state.frozen is not None and (name, _tagged(state, state.frozen.move_to)) not in taken:
            way = state.frozen.move_to or ""
            rows[name, way] = [code(name), code(way) or "—", f"**no longer moves**: {prose(state.frozen.why)}"]
    if not rows:
        return ""
    intro = f"Nobody but you moves these; change the tag by hand, or set {code('retag')} in the policy:"
    return f"## Other tags\n\n{intro}\n\n" + table(["image", "could go to", "why"], (rows[key] for key in sorted(rows)))


def _tagged(state: ImageState, tag: str | None) -> str:
    return replace(state.use.name, tag=tag).tagged


def _lifetimes(states: tuple[ImageState, ...]) -> str:
    rows: dict[tuple[str, Lifetime], list[str]] = {}
    for state in states:
        for one in (life for seen in state.inspections for life in seen.lifetimes):
            if one.state is not Support.SUPPORTED:
                what = "extended support only, until" if one.extended else "supported until"
                said = f"{'**ended** on' if one.state is Support.ENDED else what} {one.date:%Y-%m-%d}"
                name = state.use.name.tagged
                rows[name, one] = [code(name), prose(called(one)), said]
    if not rows:
        return ""
    return "## End of life\n\n" + table(["image", "what", "support"], rows.values())


def _digest(digest: str | None) -> str:
    if digest is None:
        return "not pinned"
    algorithm, _, value = digest.partition(":")
    return code(f"{algorithm}:{value[:SHORT_DIGEST]}")


def _size(count: int) -> str:
    return f"{count / 1_000_000:.1f} MB" if count >= SMALL else f"{count / 1000:.1f} kB"
