"""What a service needs besides: to find repositories, to remember what is to be done, to do it, and to tell people."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from bot.model.fleet import Found
from bot.model.notices import Message
from bot.model.releases import Release as Release  # noqa: PLC0414 - part of the Index port
from bot.model.tasks import Ending, Errand, Task
from bot.ports.run import Store

Item = TypeVar("Item")
Result = TypeVar("Result")


class Directory(Protocol):
    """Finds the repositories that are there to be looked after."""

    def found(self) -> tuple[Found, ...]:
        """Give all that are there now, sorted by name; an answer is complete, or none.

        Raises AccessDenied and Unavailable.
        """
        ...


class Queue(Protocol):
    """Tasks that outlive a process. At most one task per repository and trigger, at most one at work per repository.

    Every method happens as a whole or not at all, and raises StoreError. Times come from the caller.
    """

    def submit(self, errands: Sequence[Errand], now: datetime) -> None:
        """Keep errands.

        One whose task waits already is joined with it, and one whose task was given up brings it back to life. One
        whose task is at work makes it be done once more where somebody waits for it (`Urgency.NOW`).
        """
        ...

    def take_in(self, deliveries: Mapping[str, Sequence[Errand]], now: datetime) -> frozenset[str]:
        """Keep the errands of deliveries, each under its id; give the ids that were not taken in before."""
        ...

    def lease(self, worker: str, now: datetime, until: datetime) -> Task | None:
        """Give the most urgent task that is due, to be held until `until`; None where there is none.

        A task whose lease is over is taken from its holder first.
        """
        ...

    def beat(self, tasks: Sequence[Task], until: datetime) -> tuple[Task, ...]:
        """Hold tasks longer; give those that were lost to somebody else."""
        ...

    def finish(self, task: Task, ending: Ending, now: datetime) -> None:
        """End a task; nothing happens to one that was lost."""
        ...

    def free(self, now: datetime) -> None:
        """Take back what is held by those who served before; only the one service of this queue may say so."""
        ...

    def settle(self, repository: str, before: datetime) -> None:
        """Forget what waits for a repository and was asked for before that time, because it has just been done."""
        ...

    def soonest(self) -> datetime | None:
        """Give when the next task that waits is due; None where none waits."""
        ...

    def tasks(self) -> tuple[Task, ...]:
        """Give all tasks, the most urgent first."""
        ...


class ServiceStore(Store, Protocol):
    """What a long-lived service keeps besides."""

    def news(self, after: int) -> tuple[int, Mapping[str, Mapping[str, object]]]:
        """Give the contract JSON of the newest run of each repository (by key) that was recorded after a mark.

        The first mark is 0; the one to ask with the next time comes with the answer.
        """
        ...

    def settled(self) -> Mapping[str, frozenset[str]]:
        """Give the quarters of all repositories, by key, as `quarters` gives those of one."""
        ...

    def streaks(self) -> Mapping[str, int]:
        """Give how often each repository (by key) failed in a row until now; those that are well are left out.

        What was only out of reach does not count.
        """
        ...

    def serving(self) -> AbstractContextManager[None]:
        """Let one service at a time use this store; entering raises StoreError while another does."""
        ...

    @property
    def queue(self) -> Queue:
        """The tasks that are kept beside the runs."""
        ...


class Engine(Protocol):
    """Runs the work of many repositories: what is there now, or errands as they come, which it never forgets."""

    def map(self, work: Callable[[Item], Result], items: Sequence[Item]) -> tuple[Result, ...]:
        """Call `work` for every item, several at a time, and give the results in the order of the items."""
        ...

    def submit(self, errands: Sequence[Errand]) -> None:
        """Keep errands, to be done when they are due; see `Queue.submit`. Raises StoreError where they are not kept."""
        ...

    def take_in(self, deliveries: Mapping[str, Sequence[Errand]]) -> frozenset[str]:
        """Keep the errands of deliveries, as `Queue.take_in` does."""
        ...

    def start(self, work: Callable[[Task], Ending]) -> None:
        """Begin to do tasks, several at a time, and go on until `stop`; `work` says what becomes of each.

        An exception of `work` ends that task alone: it is tried again, and given up in the end. While tasks cannot be
        read or written nothing is begun, and `trouble` says why.
        """
        ...

    def stop(self, grace: timedelta) -> bool:
        """Begin nothing more and wait for what is at work; what takes longer than `grace` is handed back undone.

        Say whether all of it came to its end.
        """
        ...

    def tasks(self) -> tuple[Task, ...]:
        """Give all tasks, the most urgent first. Raises StoreError."""
        ...

    @property
    def trouble(self) -> str:
        """Why nothing is begun at the moment, "" where all is well."""
        ...


class Notifier(Protocol):
    """Tells one target, where people read it, what they should know."""

    def tell(self, message: Message) -> None:
        """Send one message; it arrived when this comes back.

        Raises Unavailable where it may not have arrived, ConfigError where the target is of no known kind; neither
        repeats anything of the target's address.
        """
        ...
