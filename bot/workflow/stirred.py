"""Whether what is shared by all repositories, advisories and images, leads to another decision about one of them.

It goes by what the last full look saw: no forge is asked, nothing is fetched, and what registries and feeds say is
asked once for all. So a new advisory or digest reaches those that it concerns, and nobody else.
"""

import logging
from datetime import datetime

from bot.decide.plan import Wish
from bot.errors import BotError, StoreError
from bot.workflow import again, still
from bot.workflow.context import Assignment, Tools
from bot.workflow.repository_file import rules_of

LOG = logging.getLogger(__name__)


def keeps_overview(tools: Tools, assignment: Assignment) -> bool:
    """Say whether a repository keeps an overview: as it says itself, as far as that is known, or as is configured."""
    kept = still.recall(tools, assignment)
    own = dict(kept.rules) if isinstance(kept, still.Still) else {}
    return rules_of(own, assignment.policy).policy.overview


def is_stirred(tools: Tools, assignment: Assignment, now: datetime) -> bool:
    """Say whether a repository must be looked at because of that; one of which nothing is kept, or that rests, waits.

    What cannot be asked now does not count: the next sweep says so. Raises StoreError.
    """
    kept = still.recall(tools, assignment)
    if not isinstance(kept, still.Still):
        return False
    try:
        decided, same = again.redecided(tools, assignment, Wish(), now, kept)
    except StoreError:
        raise
    except BotError as error:
        LOG.info("%s cannot be thought over: %s", assignment.repository.name, error.message)
        return False
    return not same and not (decided is not None and decided.doubts)
