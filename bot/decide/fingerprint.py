"""The fingerprint of a change, and the commits that carry it: by them a proposal, and a "no" to it, is known again."""

import hashlib
import json
from collections.abc import Iterable

from bot.decide.contents import changed
from bot.decide.images import APART_BRANCH
from bot.model.change import Change, FileText, StampChange
from bot.model.contents import Advisory
from bot.model.plan import Rebuild
from bot.model.policy import Trigger
from bot.model.proposal import Marks, Proposal
from bot.model.reasons import Reason
from bot.model.repository import CommitInfo

TRAILER = "Quarterdeck-Content"
BRANCH = "Quarterdeck-Branch"
BASE = "Quarterdeck-Base"
MOST_FIXES = 200  # in the hidden block
MOST_HISTORY = 8
LONGEST_ENTRY = 160  # characters of one entry of the history
WHY_NOW = frozenset({  # which is no part of what is proposed
    "never-rebuilt", "quarter-due", "quarter-open", "security", "manual",
})  # fmt: skip


def marks(rebuild: Rebuild, change: Change, base: str) -> Marks:
    """Fingerprint a change: codes, subjects and targets for what a person may decline, bytes for what is pushed.

    The date of a stamp is part of neither: what waits in the archive is asked once, not every day. A move to another
    release is the same one whatever made us look.
    """
    rows = [["pin", row.path, row.name, row.new, _codes(row.why)] for row in change.pins]
    rows += [
        ["image", image.path, image.name, image.new, _codes(image.why), *([image.retagged] if image.retagged else [])]
        for image in change.images
    ]
    rows += [
        ["stamp", stamp.path, stamp.name, stamp.new.partition(".")[2], _codes(stamp.why)] for stamp in change.stamps
    ]
    files = [[file.path, hashlib.sha256(_undated(file, change.stamps)).hexdigest()] for file in change.files]
    content = rows or files
    asked = ["", ""] if rebuild.branch.startswith(APART_BRANCH) else [rebuild.trigger, rebuild.quarter]
    return Marks(
        trigger=rebuild.trigger, quarter=rebuild.quarter, base=base,
        content=_digest([*asked, sorted(content, key=json.dumps)]),
        files=_digest(sorted(files)),
        fixes=fixes(change)[:MOST_FIXES],
        rest=_rest(change),
    )  # fmt: skip


def fixes(change: Change) -> tuple[str, ...]:
    """Name what a change fixes, sorted: flaws by their CVE id where they have one, and updates that have no id.

    Which database's record comes first may be another tomorrow; the CVE is the same.
    """
    names = {_flaw(row.advisory) for row in change.fixed}
    sources = [row for image in change.images for row in changed(image.diffs)]
    sources += [row for stamp in change.stamps for row in stamp.updates]
    for row in sources:
        if row.is_security:
            names |= {_flaw(one) for one in row.advisories} or {f"{row.source} {row.new}"}
    return tuple(sorted(names))


def _flaw(advisory: Advisory) -> str:
    return min((name for name in advisory.names if name.startswith("CVE-")), default=advisory.id)


def _rest(change: Change) -> str:
    """Fingerprint what stays unfixed and why: where that is another, people are told, and nothing is pushed."""
    rows = sorted({(one.advisory.id, one.path, one.name, one.version, one.why.code) for one in change.remaining})
    return _digest(rows) if rows else ""


def is_no(closed: Marks | None, draft: Marks) -> bool:
    """Say whether closing a proposal was a "no" to a draft: to all the flaws that it fixes, else to its content.

    Another release that fixes the same, or less of the same because an advisory was withdrawn, is nothing new; a flaw
    that became known since is, whether or not the files are the same. One that we closed ourselves was no "no".
    """
    if closed is None or closed.withdrawn:
        return False
    told = closed.trigger is draft.trigger is Trigger.SECURITY and closed.fixes and draft.fixes
    if told and len(draft.fixes) < MOST_FIXES:
        return set(draft.fixes) <= set(closed.fixes)
    return closed.content == draft.content


def with_history(draft: Marks, standing: Proposal, day: str) -> Marks:
    """Add what a proposal said until now to the history of the one that replaces it."""
    old = standing.marks
    if old is None or (old.content, old.files) == (draft.content, draft.files):
        return _replace(draft, old.history if old else ())
    entry = f"until {day}: {standing.title}"[:LONGEST_ENTRY]
    return _replace(draft, (*old.history, entry)[-MOST_HISTORY:])


def _replace(draft: Marks, history: tuple[str, ...]) -> Marks:
    return Marks(
        trigger=draft.trigger, quarter=draft.quarter, content=draft.content, files=draft.files, base=draft.base,
        fixes=draft.fixes, rest=draft.rest, history=history,
    )  # fmt: skip


def is_foreign(tip: CommitInfo | None, email: str) -> bool:
    """Say whether a branch's tip is somebody else's: not committed by us, or without our trailer."""
    if tip is None:
        return False
    return tip.committer != email or tip.author != email or f"{TRAILER}: " not in tip.message


def commit_message(title: str, draft: Marks, why: str, branch: str = "") -> str:
    """Give the message of a proposal's last commit; its trailers let a lost store find its proposals again."""
    where = f"{BRANCH}: {branch}\n" if branch else ""
    quarter = f"Quarterdeck-Quarter: {draft.quarter}\n" if draft.quarter else ""
    return (
        f"{title}\n\n{why}\n\nQuarterdeck-Trigger: {draft.trigger}\n{quarter}{where}{BASE}: {draft.base}\n"
        f"{TRAILER}: {draft.content}\nQuarterdeck-Files: {draft.files}\n"
    )


def part_message(subject: str, why: str, branch: str) -> str:
    """Give the message of an earlier commit of a proposal, which only its last one stands for."""
    return f"{subject}\n\n{why}\n\nQuarterdeck-Part-Of: {branch}\n"


def branch_of(commit: CommitInfo) -> str:
    """Give the branch that one of our commits was proposed on, "" where it does not say."""
    return _trailers(commit).get(BRANCH, "")


def marks_of(commit: CommitInfo) -> Marks | None:
    """Read the trailers of one of our commits; None where it is not one."""
    trailers = _trailers(commit)
    wanted = ("Quarterdeck-Trigger", TRAILER, "Quarterdeck-Files")
    if any(name not in trailers for name in wanted) or not commit.parents:
        return None
    if trailers["Quarterdeck-Trigger"] not in set(Trigger):
        return None
    return Marks(
        trigger=Trigger(trailers["Quarterdeck-Trigger"]),
        quarter=trailers.get("Quarterdeck-Quarter", ""),
        content=trailers[TRAILER],
        files=trailers["Quarterdeck-Files"],
        base=trailers.get(BASE, commit.parents[0]),
    )


def carries(tip: CommitInfo | None, draft: Marks) -> bool:
    """Say whether a branch already carries exactly a draft, so that nothing need be pushed."""
    found = marks_of(tip) if tip is not None else None
    return found is not None and (found.content, found.files, found.base) == (draft.content, draft.files, draft.base)


def _undated(file: FileText, stamps: Iterable[StampChange]) -> bytes:
    data = file.data
    for stamp in stamps:
        if stamp.path == file.path:
            data = data.replace(stamp.new.encode(), stamp.new.partition(".")[2].encode())
    return data


def _trailers(commit: CommitInfo) -> dict[str, str]:
    parts = (line.partition(": ") for line in commit.message.splitlines() if line.startswith("Quarterdeck-"))
    return {name: value for name, colon, value in parts if colon}


def _codes(why: tuple[Reason, ...]) -> list[str]:
    return sorted({reason.code for reason in why} - WHY_NOW)


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:32]
