"""The service's metrics, in Prometheus' words: what happens is counted, how things stand is asked when scraped."""

from collections import Counter as Tally
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from bot.decide.census import Census
from bot.model.contents import FeedState
from bot.model.runs import Failure
from bot.model.tasks import Task, TaskState

SECONDS: Final = (0.1, 0.5, 1, 5, 15, 60, 180, 600, 1800)
RESOLVER: Final = "LockFailed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sights:
    """How everything stands at one moment; `quota` is what is left of the forge's API, None where that is not known."""

    census: Census
    tasks: tuple[Task, ...]
    feeds: tuple[FeedState, ...]
    quota: int | None
    now: datetime
    ready: bool


class Metrics:
    """Counts what happens; `text` asks `look` how things stand, which may raise BotError."""

    def __init__(self, look: Callable[[], Sights]) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each, of which nobody asked
        self._registry = CollectorRegistry()
        self._runs = Counter(
            "quarterdeck_runs", "Runs of repositories that ended, by outcome.", ["verdict"], registry=self._registry
        )
        self._seconds = Histogram(
            "quarterdeck_run_seconds", "How long runs took.", buckets=SECONDS, registry=self._registry
        )
        self._failures = Counter(
            "quarterdeck_failures", "Runs that ended in an error, by its kind.", ["kind"], registry=self._registry
        )
        self._resolver = Counter(
            "quarterdeck_resolver_failures", "Locks that could not be compiled.", registry=self._registry
        )
        self._deliveries = Counter(
            "quarterdeck_webhook_deliveries", "Webhook deliveries, by what became of them.", ["result"],
            registry=self._registry,
        )  # fmt: skip
        self._registry.register(_Standing(look))

    def ran(self, outcome: str, seconds: float, failure: Failure | None) -> None:
        """Count a run that ended."""
        self._runs.labels(verdict=outcome).inc()
        self._seconds.observe(max(0.0, seconds))
        if failure is not None:
            self._failures.labels(kind=failure.kind).inc()
            if failure.kind == RESOLVER:
                self._resolver.inc()

    def delivered(self, result: str) -> None:
        """Count a delivery; `result` is one of a few words."""
        self._deliveries.labels(result=result).inc()

    def text(self) -> bytes:
        """Give everything in the text format."""
        return generate_latest(self._registry)


class _Standing(Collector):
    """Gauges that are made anew for every scrape."""

    def __init__(self, look: Callable[[], Sights]) -> None:
        self._look = look

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """Give nothing: so nobody looks before the first scrape."""
        return ()

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Look, and put what is seen into gauges."""
        sights = self._look()
        census = sights.census
        yield _gauge("quarterdeck_ready", "Whether the service is ready.", {(): float(sights.ready)})
        yield _gauge("quarterdeck_repositories", "Repositories that were looked at.", {(): census.repositories})
        yield _gauge("quarterdeck_repositories_by_verdict", "Repositories by their last verdict.",
                     _by(census.outcomes), "verdict")  # fmt: skip
        yield _gauge("quarterdeck_open_findings", "Findings of the last runs, by severity.",
                     _by(census.findings), "severity")  # fmt: skip
        yield _gauge("quarterdeck_open_proposals", "Proposals that stand open.", {(): census.proposals})
        oldest = census.ages[0] if census.ages else 0.0
        yield _gauge("quarterdeck_open_proposal_age_seconds", "Age of the oldest open proposal.", {(): oldest})
        if census.next_due is not None:
            due = census.next_due.timestamp()
            yield _gauge("quarterdeck_next_due_timestamp_seconds", "When the next quarterly rebuild is due.", {(): due})
        yield from _tasks(sights)
        yield _gauge("quarterdeck_feed_age_seconds", "Age of the newest advisories of a feed.",
                     {(feed.ecosystem, feed.source): (sights.now - feed.as_of).total_seconds()
                      for feed in sights.feeds if feed.as_of is not None}, "ecosystem", "source")  # fmt: skip
        yield _gauge("quarterdeck_feed_problems", "1 where a feed could not be had.",
                     {(feed.ecosystem, feed.source): float(bool(feed.problem)) for feed in sights.feeds},
                     "ecosystem", "source")  # fmt: skip
        if sights.quota is not None:
            yield _gauge("quarterdeck_api_quota_left", "Requests that the forge still allows.", {(): sights.quota})


def _tasks(sights: Sights) -> Iterable[GaugeMetricFamily]:
    by_state = Tally({str(state): 0 for state in TaskState})
    by_state.update(str(task.state) for task in sights.tasks)
    yield _gauge("quarterdeck_queue_tasks", "Tasks by state.", _by(by_state), "state")
    waits = [
        (sights.now - task.due).total_seconds()
        for task in sights.tasks
        if task.state is TaskState.WAITING and task.due <= sights.now
    ]
    yield _gauge("quarterdeck_queue_due_tasks", "Tasks that are due and wait for a worker.", {(): len(waits)})
    oldest = max(waits, default=0.0)
    yield _gauge("quarterdeck_queue_oldest_seconds", "How long the task that is due longest waits.", {(): oldest})


def _by(counts: Mapping[str, int]) -> dict[tuple[str, ...], float]:
    return {(name,): float(count) for name, count in sorted(counts.items())}


def _gauge(name: str, text: str, rows: Mapping[tuple[str, ...], float], *labels: str) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=labels)
    for row, value in rows.items():
        family.add_metric(row, value)
    return family
