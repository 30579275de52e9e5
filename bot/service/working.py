"""What a worker does with one task: find the repository, run it, and say what becomes of the task."""

import logging
import random
import time
from collections.abc import Callable

from bot.decide import retries
from bot.decide.plan import Wish
from bot.model.runs import RunRecord
from bot.model.tasks import Done, Ending, Later, Task
from bot.service.holds import Holds
from bot.service.metrics import Metrics
from bot.service.roster import Roster
from bot.system.logs import bound
from bot.wiring.service import ServiceHouse
from bot.workflow.rebuild import work

LOG = logging.getLogger(__name__)
LUCK = random.SystemRandom().random


class Working:
    """Called by the engine, from several threads at once. Raises StoreError and nothing else."""

    def __init__(
        self, service: ServiceHouse, roster: Roster, holds: Holds, metrics: Metrics, *,
        luck: Callable[[], float] = LUCK,
    ) -> None:  # fmt: skip
        self._service, self._roster, self._holds, self._metrics, self._luck = service, roster, holds, metrics, luck

    def __call__(self, task: Task) -> Ending:
        """Do a task."""
        member = self._roster.by_key(task.repository)
        if member is None:
            LOG.info("%s is not looked after any more, its task is dropped", task.repository)
            return Done()
        forge = "local" if member.repository.url else self._service.order.settings.forge.kind
        clock = self._service.order.clock
        if (hold := self._holds.of(forge, clock())) is not None:
            return Later(at=hold.until, note=f"everything at this forge waits: {hold.why}", counts=False)
        begun = time.monotonic()
        with bound(task=task.why), self._service.shift() as house:
            assignment = house.member(member)
            record = work(house.tools(assignment, routine=True), assignment, Wish(trigger=task.trigger)).record
        self._tell(task, record, time.monotonic() - begun)
        self._holds.learn(forge, record.failure, clock())
        self._mind_quota(forge)
        return retries.ending(task, record.failure, clock(), self._luck())

    def _mind_quota(self, forge: str) -> None:
        """Hold a forge whose quota is spent; every installation of an App has its own, so that one says nothing."""
        quota, order = self._service.quota, self._service.order
        if forge == "local" or quota is None or order.settings.forge.app is not None:
            return
        if quota.remaining == 0 and quota.reset_at is not None:
            self._holds.spent(forge, quota.reset_at, order.clock())

    def _tell(self, task: Task, record: RunRecord, seconds: float) -> None:
        self._metrics.ran(str(record.outcome), seconds, record.failure)
        level = logging.WARNING if record.failure else logging.INFO
        said = f": {record.failure.message}" if record.failure else ""
        with bound(run=record.run_id, repository=record.repository.name):
            LOG.log(level, "%s: %s in %.1f s%s", task.why, record.outcome, seconds, said)
