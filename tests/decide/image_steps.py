"""What tests about images begin with: a mention, what waits for it, and what a rebuild does about it."""

from typing import Any

from bot.decide import images
from bot.decide.stamps import Wanted
from bot.model.contents import ChangeKind, SourceChange
from bot.model.observed import ImageState
from bot.model.packages import OsRelease
from bot.model.plan import Repin, Retag, Step
from bot.model.policy import Policy, Severity, Trigger
from bot.model.snapshot import Snapshot
from tests.builders import (
    NEW,
    NOW,
    a_diff,
    a_reason,
    a_snapshot,
    a_source_change,
    a_state,
    an_advisory,
    an_image,
    an_inspection,
    an_upgrade_layer,
    some_contents,
)  # fmt: skip

THIRD = "sha256:" + "3" * 64
CVE = a_source_change(advisories=(an_advisory(),))
LOW = a_source_change("zlib", advisories=(an_advisory("CVE-2026-2", Severity.LOW),))
BUG = a_source_change("perl", kind=ChangeKind.BUGFIX)
WHY = a_reason()
CALM = Policy(security_severity=Severity.HIGH)
ADDING = Policy(add_upgrade_layer=True)
OTHER_OS = a_diff(
    a_source_change(kind=ChangeKind.UNKNOWN), new=some_contents(os=OsRelease(id="debian", version="13"), digest=NEW)
)
OTHER_PYTHON = a_diff(CVE, new=some_contents(python="3.13.0"))


def state(*waiting: SourceChange, user: str = "", **fields: object) -> ImageState:
    """Give a mention that is at its newest image, for which updates wait in the archive."""
    values: dict[str, Any] = {"inspections": (an_inspection(*waiting, contents=some_contents(user=user)),), **fields}
    return a_state(an_image(digest=NEW), **values)


def stamped(*layers: str) -> Snapshot:
    return a_snapshot(upgrades=tuple(an_upgrade_layer(stamp, line=2 + n) for n, stamp in enumerate(layers)))


def steps(*states: ImageState, trigger: Trigger = Trigger.QUARTERLY, policy: Policy | None = None,
          snapshot: Snapshot | None = None) -> tuple[Step, ...]:  # fmt: skip
    return taken(*states, trigger=trigger, policy=policy, snapshot=snapshot)[0]


def taken(*states: ImageState, trigger: Trigger = Trigger.QUARTERLY, policy: Policy | None = None,
          snapshot: Snapshot | None = None) -> tuple[tuple[Step, ...], dict[str, list[Step]], list[str]]:  # fmt: skip
    wanted = Wanted(
        trigger=trigger, why=WHY, snapshot=snapshot or a_snapshot(), policy=policy or Policy(), now=NOW
    )  # fmt: skip
    found = images.take(states, wanted)
    return tuple(found.steps), found.apart, [reason.text for reason in found.waits]


def targets(found: tuple[Step, ...]) -> list[str | None]:
    return [step.action.digest for step in found if isinstance(step.action, Repin | Retag)]


def texts(step: Step) -> list[str]:
    return [reason.text for reason in step.why]
