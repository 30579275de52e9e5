"""Keep the overview page of a repository, where its policy wants one."""

import logging

from bot.decide import overview
from bot.errors import AccessDenied, RepoError, Unavailable
from bot.model.runs import RunRecord
from bot.workflow.case import Case, Seen

LOG = logging.getLogger(__name__)


def keep_overview(case: Case, seen: Seen, record: RunRecord) -> None:
    """Bring the page up to date; a run that looked at a part of the repository only does not touch it.

    What the forge refuses is logged: proposals do not depend on it.
    """
    if not case.rules.policy.overview or case.wish.only or case.wish.moves.narrow or not case.rules.enabled:
        return
    exceptions = seen.exceptions
    page = overview.page(record, seen.proposals, exceptions.waivers, exceptions.ignored, case.now)
    try:
        case.tools.talk.keep_page(case.assignment.repository, page)
    except (AccessDenied, RepoError, Unavailable) as error:
        hint = f" ({error.hint})" if error.hint else ""
        LOG.warning("%s: the overview was not kept: %s%s", case.name, error.message, hint)
