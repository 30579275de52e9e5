"""What events of the forge lead to: errands, and a look at the fleet."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import assert_never

from bot.model.events import Event, FleetMoved, Pushed, Stirred, Unheard
from bot.model.policy import Trigger
from bot.model.tasks import Errand, Urgency
from bot.service.roster import Roster


def errands(events: Iterable[Event], roster: Roster, now: datetime) -> tuple[Errand, ...]:
    """Give what is to be done, now; nothing about repositories that are not ours."""
    return tuple(
        Errand(repository=key, trigger=Trigger.AUTO, why=why, due=now, urgency=Urgency.NOW)
        for key, why in _wanted(events, roster)
    )


def moves_fleet(events: Iterable[Event]) -> bool:
    """Say whether there may be other repositories now."""
    return any(isinstance(event, FleetMoved) for event in events)


def _wanted(events: Iterable[Event], roster: Roster) -> Iterator[tuple[str, str]]:
    for event in events:
        match event:
            case Pushed(repository=name, branch=branch, is_default=is_default):
                member = roster.by_name(name)
                if member is not None and (
                    is_default if not member.repository.branch else branch == member.repository.branch
                ):
                    yield member.repository.key, f"push to {branch}"
            case Stirred(repository=name, why=why):
                member = roster.by_name(name)
                if member is not None:
                    yield member.repository.key, why
            case FleetMoved() | Unheard():
                pass
            case _:
                assert_never(event)
