"""A rebuild on its way: what is to be applied, to which files, and what is known of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.decide.exceptions import Exceptions
from bot.model.flaws import FlawedPin
from bot.model.observed import ImageState
from bot.model.plan import Rebuild
from bot.model.policy import Policy, Trigger
from bot.model.snapshot import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A rebuild to apply to a snapshot, whose interesting files are `contents`; `flawed` are its unsafe pins."""

    rebuild: Rebuild
    snapshot: Snapshot
    contents: Mapping[str, bytes]
    exceptions: Exceptions
    images: tuple[ImageState, ...] = ()
    flawed: tuple[FlawedPin, ...] = ()
    policy: Policy = field(default_factory=Policy)

    @property
    def security(self) -> bool:
        """Whether only what fixes something is wanted."""
        return self.rebuild.trigger is Trigger.SECURITY
