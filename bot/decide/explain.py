"""Reasons become text here and nowhere else: title and body of a proposal, and the one line of a verdict."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from typing import assert_never

from bot.decide.contents import changed, told
from bot.decide.explain_ending import ending as last_sections
from bot.decide.explain_flaws import (
    accepted_table,
    alert,
    counted,
    fixed_table,
    in_words,
    proof,
    remaining_table,
    sentence,
)
from bot.decide.explain_images import image_sections, image_table, stamp_table
from bot.decide.explain_notes import links_section, notes_section
from bot.decide.images import APART, APART_BRANCH
from bot.decide.markdown import block, code, cut, prose, spoken, table
from bot.model.change import Change, HeldBack, ImageChange, PinChange, StampChange
from bot.model.contents import FeedState
from bot.model.findings import Accepted, ArchiveAhead, PythonMismatch, Unreadable
from bot.model.observed import ImageState
from bot.model.plan import Deferred, NothingToDo, Plan, Rebuild
from bot.model.policy import Trigger
from bot.model.proposal import Marks, Proposal, State
from bot.model.reasons import Reason

LONGEST_TITLE = 100  # characters
LONGEST_PATH = 100  # characters of a file's name in the minimal form
PLAIN_ROWS = 40  # of tables of advisories in the plain form
SPOKEN = 12  # reasons in the first sentence
LIMIT = 65_536  # characters in the body of a pull request on GitHub
MOVES_ALONG = "moves-along"  # the code of the reasons that decide/steps.py gives


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """Everything that the body of one proposal is made from; the same story gives the same bytes.

    `ahead` are the images whose newest build lacks security updates, whether or not the change brings them in.
    `feeds` are what pins were looked up in, `doubts` what is not known, `accepted` what somebody accepted. A fix that
    is younger than `cooldown` is marked with its age.
    """

    repository: str
    rebuild: Rebuild
    change: Change
    unreadable: tuple[Unreadable, ...]
    marks: Marks
    mismatches: tuple[PythonMismatch, ...] = ()
    states: tuple[ImageState, ...] = ()
    ahead: tuple[ArchiveAhead, ...] = ()
    feeds: tuple[FeedState, ...] = ()
    doubts: tuple[Reason, ...] = ()
    accepted: tuple[Accepted, ...] = ()
    cooldown: timedelta = timedelta(0)


def title(rebuild: Rebuild, change: Change) -> str:
    """Give a title of at most LONGEST_TITLE characters, without a line break."""
    if (release := _release(rebuild)) is not None:
        return release
    if rebuild.trigger is Trigger.SECURITY:
        return _line(_security_title(change))
    head = f"Quarterly rebuild {rebuild.quarter}" if rebuild.quarter else "Rebuild"
    return _line(f"{head}: {_counted(change)}")


def _line(text: str) -> str:
    return " ".join(text.split())[:LONGEST_TITLE]


def _release(rebuild: Rebuild) -> str | None:
    """Say where a rebuild goes that is proposed apart because a release is another one; None for all others."""
    if not rebuild.branch.startswith(APART_BRANCH):
        return None
    first = rebuild.why[0]
    more = len({reason.subject for reason in rebuild.why if reason.code in APART} - {first.subject})
    if not more:
        return _line(first.text)
    ending = f" and {more} more"
    return f"{first.text.partition(': ')[0][: LONGEST_TITLE - len(ending)]}{ending}"


def _security_title(change: Change) -> str:
    """Name what is fixed, packages before images, as much of it as there is room for."""
    head = "Security rebuild: "
    images = _fixed_in_images(change)
    if not change.fixed:
        return f"{head}{images or _counted(change)}"[:LONGEST_TITLE]
    names = list(dict.fromkeys(row.name for row in images_with_fixes(change)))
    texts = [f"{head}{in_words(change.fixed, most, names)}" for most in (3, 2, 1)]
    return next((text for text in texts if len(text) <= LONGEST_TITLE), texts[-1][:LONGEST_TITLE])


def images_with_fixes(change: Change) -> list[ImageChange | StampChange]:
    """Give the mentions of images that bring fixes."""
    moved = [row for row in change.images if any(one.is_security for one in changed(row.diffs))]
    return [*moved, *(row for row in change.stamps if row.updates)]


def _fixed_in_images(change: Change) -> str:
    rows = [row for image in change.images for row in changed(image.diffs) if row.is_security]
    rows += [row for stamp in change.stamps for row in stamp.updates]
    return told(dict.fromkeys(rows)) if rows else ""


def body(story: Story, limit: int = LIMIT) -> str:
    """Give the body: in full, or plainer where that would exceed the forge's limit in characters."""
    ending = last_sections(story.rebuild, story.marks)
    for sections in (_full, _plain, _minimal):
        text = "\n\n".join(part for part in [opening(story), alert(story.doubts), *sections(story)] if part)
        whole = f"{text}\n\n{ending}"
        if len(whole) <= limit:
            return whole
    short = " ".join(part for part in [_flaws_counted(story), opening(story)] if part)
    return f"{short[: max(0, limit - len(ending) - 2)]}\n\n{ending}"


def opening(story: Story) -> str:
    """Give the first sentence: why this exists."""
    rebuild = story.rebuild
    told, more = [cut(reason.text) for reason in rebuild.why[:SPOKEN]], len(rebuild.why) - SPOKEN
    why = prose("; ".join([*told, *([f"and {more} more"] if more > 0 else [])]))
    count = _counted(story.change)
    if rebuild.quarter:
        return (
            f"This is the quarterly rebuild of {code(story.repository)} for {rebuild.quarter}: {why}. It moves {count}."
        )
    if _release(rebuild) is not None:
        return f"This stands apart from other rebuilds of {code(story.repository)} because {why}. It moves {count}."
    if rebuild.trigger is Trigger.SECURITY and story.change.fixed:
        images = dict.fromkeys(code(row.name) for row in images_with_fixes(story.change))
        fixes = sentence(story.change.fixed, tuple(images))
        return f"This is a security rebuild of {code(story.repository)}: it fixes {fixes}. It moves {count}."
    if rebuild.trigger is Trigger.SECURITY:
        return f"This is a security rebuild of {code(story.repository)}: {why}. It moves {count}."
    return f"This rebuild of {code(story.repository)} stands here because {why}. It moves {count}."


def verdict(plan: Plan) -> str:
    """Give the one line that says what was decided and why."""
    why = "; ".join(reason.text for reason in plan.why)
    match plan:
        case Rebuild(postponed=later):
            return f"{why}; {verdict(later)}" if later else why
        case Deferred(until=until):
            return f"deferred until {until:%Y-%m-%d %H:%M} UTC: {why}"
        case NothingToDo():
            return why
        case _:
            assert_never(plan)


def remark(text: str, ours: Iterable[int] = ()) -> str:
    """Give a reason as a comment of its own: a sentence that mentions nobody, only proposals of ours."""
    plain = spoken(cut(text), ours).rstrip(".")
    return f"{plain[:1].upper()}{plain[1:]}."


def aside(title: str, marks: Marks | None, proposal: Proposal) -> str:
    """Say to people who took a proposal over what would have changed; the same content is the same text."""
    intro = "This branch carries commits of yours, so it is left as it is."
    if proposal.state is State.OPEN and proposal.marks is None:
        intro = "The hidden block of this proposal is not what we wrote, so it counts as yours and is left as it is."
    if marks is None:
        return f"{intro} Nothing of what it was made for is left to do: close it, or keep it for what you added."
    way = f"Comment {code('@quarterdeck recreate')} to have it made anew without your commits."
    if proposal.state is not State.OPEN:
        way = f"Delete the branch {code(proposal.branch)}, and it is proposed anew."
    return f"{intro} It would now be: **{prose(title)}**. {way}\n\n<!-- quarterdeck-aside: {marks.content} -->"


def _full(story: Story) -> list[str]:
    change = story.change
    fixes = fixed_table(change.fixed, story.cooldown)
    urgent = story.rebuild.trigger is Trigger.SECURITY
    told = {(row.path, row.name) for row in change.fixed} if urgent else set()
    pins = tuple(row for row in change.pins if (row.path, row.name) not in told)
    return [
        fixes if urgent else "",
        *_pin_tables(pins, "What else moves" if told else "Packages"),
        _along(change.pins),
        "" if urgent else fixes,
        *image_sections(change, story.states, story.ahead),
        remaining_table(change.remaining),
        accepted_table(story.accepted),
        proof(story.feeds),
        _held_table(change.held_back),
        _mismatches(story.mismatches),
        _notes(change.notes),
        _unreadable(story.unreadable),
        notes_section(change),
        _reproduce(change),
    ]


def _plain(story: Story) -> list[str]:
    """Drop the columns of reasons, and what moved only because something else did."""
    change = story.change
    direct = tuple(row for row in change.pins if row.direct is not False or row.major)
    rest = len(change.pins) - len(direct)
    rows = [f"- {code(row.name)} {_version(row.old)} → {_version(row.new)}{_major(row)}" for row in direct]
    more = [f"- and {_plural(rest, 'package')} that these pull in"] if rest else []
    heading = ["## Packages\n\n" + "\n".join([*rows, *more])] if change.pins else []
    return [
        fixed_table(change.fixed, story.cooldown, PLAIN_ROWS),
        *heading,
        remaining_table(change.remaining, PLAIN_ROWS),
        image_table(change.images),
        stamp_table(change.stamps),
        _unreadable(story.unreadable[:20]),
        links_section(change),
        _reproduce(change),
    ]


def _minimal(story: Story) -> list[str]:
    counts = _flaws_counted(story)
    files = [f"- {code(file.path[:LONGEST_PATH])}" for file in story.change.files[:200]]
    more = len(story.change.files) - len(files)
    tail = [f"- and {more} more"] if more else []
    words = [*([counts] if counts else []), "There is too much to list here: the commit shows every line."]
    return [" ".join(words) + "\n\n" + "\n".join([*files, *tail])]


def _flaws_counted(story: Story) -> str:
    return counted(story.change.fixed, story.change.remaining)


def _pin_tables(pins: tuple[PinChange, ...], heading: str) -> list[str]:
    parts = []
    for path, rows in groupby(pins, key=_path):
        lines = [[code(row.name), _version(row.old), _version(row.new) + _major(row), _asked_by(row)] for row in rows]
        parts.append((path, table(["package", "old", "new", "asked for by"], lines)))
    if len(parts) == 1:
        return [f"## {heading} in {code(parts[0][0])}\n\n{parts[0][1]}"]
    return [f"## {heading}", *(f"### {code(path)}\n\n{text}" for path, text in parts)] if parts else []


def _path(row: PinChange) -> str:
    return row.path


def _asked_by(row: PinChange) -> str:
    parents = ", ".join(code(parent) for parent in row.via)
    if row.direct is None:
        return "the lock does not say"
    if row.direct:
        return f"direct, and {parents}" if parents else "direct"
    return f"pulled in by {parents}" if parents else "pulled in"


def _along(pins: tuple[PinChange, ...]) -> str:
    """Say why packages move that nobody asked for: the first reason of a row is then its own."""
    rows = [reason.text for row in pins for reason in row.why[:1] if reason.code == MOVES_ALONG]
    lines = "\n".join(f"- {prose(text)}" for text in dict.fromkeys(rows))
    return (
        f"## Moves along\n\nNobody asked for these, but without them it would not resolve:\n\n{lines}" if rows else ""
    )


def _held_table(held: tuple[HeldBack, ...]) -> str:
    if not held:
        return ""
    several = len({row.path for row in held}) > 1
    rows = [
        [*([code(row.path)] if several else []), code(row.name), code(row.taken), code(row.newest), prose(row.why.text)]
        for row in held
    ]
    intro = "These have a newer release that was not taken:"
    head = [*(["lock"] if several else []), "package", "stays at", "newest", "held by"]
    return f"## Held back\n\n{intro}\n\n" + table(head, rows)


def _mismatches(mismatches: tuple[PythonMismatch, ...]) -> str:
    if not mismatches:
        return ""
    rows = [[code(row.path), code(row.locked), code(row.other), code(row.where)] for row in mismatches]
    intro = "These locks are compiled for one Python, and another one is named or used; what they pin may not fit it:"
    return f"## Another Python\n\n{intro}\n\n" + table(["lock", "compiled for", "other Python", "where"], rows)


def _notes(notes: tuple[Reason, ...]) -> str:
    return "## Good to know\n\n" + "\n".join(f"- {prose(cut(note.text))}" for note in notes) if notes else ""


def _unreadable(findings: tuple[Unreadable, ...]) -> str:
    if not findings:
        return ""
    rows = [[code(f"{row.path}:{row.line}" if row.line else row.path), prose(row.why)] for row in findings]
    intro = "These could not be looked at, or only in part, so nobody knows whether they are fine:"
    return f"## Could not be looked at\n\n{intro}\n\n" + table(["where", "why"], rows)


def _reproduce(change: Change) -> str:
    if not change.commands:
        return ""
    intro = "The same, by hand, at the root of the repository:"
    return f"## How to reproduce\n\n{intro}\n\n{block(change.commands)}"


def _counted(change: Change) -> str:
    names = {row.name for row in change.pins}
    majors = {row.name for row in change.pins if row.major}
    images = {row.name for row in change.images} | {row.name for row in change.stamps}
    parts = [
        text
        for count, text in (
            (names, _plural(len(names), "package")),
            (majors, f"{len(majors)} of them by a major step" if names else ""),
            (images, _plural(len(images), "base image")),
        )
        if count
    ]
    return ", ".join(parts) or _plural(len(change.files), "file")


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _version(text: str | None) -> str:
    return code(text) if text else "—"


def _major(row: PinChange) -> str:
    if row.old is None:
        return " (new)"
    if row.new is None:
        return " (leaves)"
    return " **major**" if row.major else ""
