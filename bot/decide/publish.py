"""What to do with a draft, given what stands at the forge: open, update, leave alone or close."""

import hashlib
import json
from collections.abc import Collection, Iterable

from bot.decide.images import APART_BRANCH
from bot.model.change import Change, FileText, StampChange
from bot.model.plan import Rebuild
from bot.model.policy import Trigger
from bot.model.proposal import Close, LeaveAlone, Marks, Open, Proposal, Publication, State, Update
from bot.model.reasons import Reason
from bot.model.repository import CommitInfo

TRAILER = "Quarterdeck-Content"
BRANCH = "Quarterdeck-Branch"
QUARTERLY_PREFIX = "quarterdeck/quarterly-"
SECURITY_BRANCH = "quarterdeck/security"
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
    )  # fmt: skip


def _undated(file: FileText, stamps: Iterable[StampChange]) -> bytes:
    data = file.data
    for stamp in stamps:
        if stamp.path == file.path:
            data = data.replace(stamp.new.encode(), stamp.new.partition(".")[2].encode())
    return data


def publication(
    draft: Marks | None,
    branch: str,
    proposals: tuple[Proposal, ...],
    *,
    foreign: bool,
    withdrawn: Collection[int] = (),
) -> Publication:
    """Decide for one branch; `draft` None means that nothing would change, `foreign` that others committed to it.

    `withdrawn` are the numbers of proposals that we closed ourselves, which nobody declined.
    """
    ours = [proposal for proposal in proposals if proposal.branch == branch]
    standing = next((proposal for proposal in ours if proposal.state is State.OPEN), None)
    if standing is not None:
        return _standing(draft, standing, foreign=foreign)
    if draft is None:
        return LeaveAlone(proposal=None, why=(_reason("up-to-date", branch, "everything is up to date"),))
    if foreign:
        text = f"{branch} carries commits that are not ours"
        return LeaveAlone(proposal=None, why=(_reason("foreign-commits", branch, text),))
    for proposal in (one for one in ours if one.number not in withdrawn):
        if proposal.state is State.CLOSED and proposal.marks is not None and proposal.marks.content == draft.content:
            text = f"#{proposal.number} proposed exactly this and was closed: that is a no"
            return LeaveAlone(proposal=proposal, why=(_reason("declined", branch, text),))
    return Open(why=(_reason("new", branch, "nothing like it was proposed before"),))


def left_over(proposals: tuple[Proposal, ...], planned: Collection[str]) -> tuple[Proposal, ...]:
    """Give the open security proposals that are not planned any more."""
    standing = (one for one in proposals if one.state is State.OPEN and one.branch == SECURITY_BRANCH)
    return tuple(one for one in standing if one.branch not in planned)


def _standing(draft: Marks | None, standing: Proposal, *, foreign: bool) -> Publication:
    number = f"#{standing.number}"
    if foreign:
        text = f"{number} carries commits that are not ours"
        return LeaveAlone(proposal=standing, why=(_reason("foreign-commits", standing.branch, text),))
    if standing.marks is None:
        text = f"the hidden block of {number} is missing or was edited, so it is taken for somebody else's"
        return LeaveAlone(proposal=standing, why=(_reason("edited-block", standing.branch, text),))
    if draft is None:
        text = f"nothing of {number} is left to do: everything is up to date without it"
        return Close(proposal=standing, why=(_reason("obsolete", standing.branch, text),))
    if (standing.marks.content, standing.marks.files) == (draft.content, draft.files):
        return LeaveAlone(proposal=standing, why=(_reason("unchanged", standing.branch, f"{number} says the same"),))
    text = f"what {number} would change is not the same any more"
    return Update(proposal=standing, push=True, why=(_reason("changed", standing.branch, text),))


def is_foreign(tip: CommitInfo | None, email: str) -> bool:
    """Say whether a branch's tip is somebody else's: not committed by us, or without our trailer."""
    if tip is None:
        return False
    return tip.committer != email or tip.author != email or f"{TRAILER}: " not in tip.message


def quarters(proposals: tuple[Proposal, ...], *, finished: bool) -> frozenset[str]:
    """Give the quarters of quarterly proposals that are merged or closed (`finished`), or still open."""
    return frozenset(
        quarter
        for proposal in proposals
        if (proposal.state is not State.OPEN) is finished and (quarter := quarter_of(proposal))
    )


def quarter_of(proposal: Proposal) -> str:
    """Give the quarter that a proposal is for, by its branch, which cannot be edited as its body can."""
    name = proposal.branch.removeprefix(QUARTERLY_PREFIX)
    return name if name != proposal.branch else ""


def commit_message(title: str, draft: Marks, why: str, branch: str = "") -> str:
    """Give the commit's message; its trailers let a lost store find its proposals again."""
    where = f"{BRANCH}: {branch}\n" if branch else ""
    quarter = f"Quarterdeck-Quarter: {draft.quarter}\n" if draft.quarter else ""
    return (
        f"{title}\n\n{why}\n\nQuarterdeck-Trigger: {draft.trigger}\n{quarter}{where}"
        f"{TRAILER}: {draft.content}\nQuarterdeck-Files: {draft.files}\n"
    )


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
        base=commit.parents[0],
    )


def _trailers(commit: CommitInfo) -> dict[str, str]:
    parts = (line.partition(": ") for line in commit.message.splitlines() if line.startswith("Quarterdeck-"))
    return {name: value for name, colon, value in parts if colon}


def _codes(why: tuple[Reason, ...]) -> list[str]:
    return sorted({reason.code for reason in why} - WHY_NOW)


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:32]


def _reason(code: str, subject: str, text: str) -> Reason:
    return Reason(code=code, subject=subject, text=text)
