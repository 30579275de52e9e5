"""The small parts of the service: inbox, holds, roster, what events lead to, signals, metrics."""

import os
import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

import pytest

from bot.decide.census import Standing, census
from bot.errors import StoreError, Unavailable
from bot.model.contents import FeedState
from bot.model.events import Event, FleetMoved, Pushed, Stirred, Unheard
from bot.model.fleet import Member, Origin
from bot.model.fleet import Standing as Membership
from bot.model.policy import Trigger
from bot.model.repository import Repository
from bot.model.runs import Failure, Outcome
from bot.model.tasks import Errand, Task, TaskState, Urgency
from bot.service import hearing, inbox
from bot.service.holds import Holds
from bot.service.inbox import Inbox
from bot.service.metrics import Metrics, Sights
from bot.service.roster import Roster
from bot.system.signals import heard
from tests.builders import NOW

REFUSED = Failure(kind="AccessDenied", message="bad credentials", hint="", everywhere=True)


class FakeEngine:
    """Takes deliveries in, when it is let."""

    def __init__(self) -> None:
        self.known: set[str] = set()
        self.batches: list[int] = []
        self.free, self.asked = threading.Event(), threading.Event()
        self.free.set()
        self.error: StoreError | None = None

    def take_in(self, deliveries: Mapping[str, Sequence[Errand]]) -> frozenset[str]:
        self.asked.set()
        assert self.free.wait(30)
        if self.error:
            raise self.error
        fresh = frozenset(deliveries) - self.known
        self.known |= fresh
        self.batches.append(len(deliveries))
        return fresh


class TestInbox:
    def test_a_delivery_is_answered_when_it_is_kept(self) -> None:
        engine = FakeEngine()
        box = Inbox(engine)  # type: ignore[arg-type]
        box.start()
        assert box.take("a", ())
        assert not box.take("a", ())
        box.stop()
        assert engine.known == {"a"}

    def test_many_at_once_are_written_together_and_two_with_one_id_count_once(self) -> None:
        engine = FakeEngine()
        box = Inbox(engine)  # type: ignore[arg-type]
        box.start()
        engine.free.clear()
        held = threading.Thread(target=box.take, args=("held", ()))
        held.start()
        assert engine.asked.wait(30)
        answers: list[tuple[str, bool]] = []

        def take(name: str) -> None:
            answers.append((name, box.take(name, ())))

        threads = [threading.Thread(target=take, args=(name,)) for name in ["a", *"bcdefgh" * 2]]
        for thread in threads:
            thread.start()
        until = time.monotonic() + 30
        while box._waiting.qsize() < len(threads) and time.monotonic() < until:
            time.sleep(0.01)
        engine.free.set()
        for thread in [held, *threads]:
            thread.join(30)
        box.stop()
        assert sorted(name for name, fresh in answers if fresh) == list("abcdefgh")
        assert engine.batches == [1, 8]

    def test_what_cannot_be_kept_is_told_to_whoever_sent_it(self) -> None:
        engine = FakeEngine()
        engine.error = StoreError("the disk is full")
        box = Inbox(engine)  # type: ignore[arg-type]
        box.start()
        with pytest.raises(StoreError, match="full"):
            box.take("a", ())
        engine.error = None
        assert box.take("a", ())
        box.stop()

    def test_nobody_waits_for_ever(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(inbox, "PATIENCE_SECONDS", 0.05)
        engine = FakeEngine()
        engine.free.clear()
        box = Inbox(engine)  # type: ignore[arg-type]
        box.start()
        with pytest.raises(Unavailable, match="too long"):
            box.take("a", ())
        engine.free.set()
        box.stop()


class TestHolds:
    def test_a_refused_credential_holds_the_forge_for_longer_and_longer(self) -> None:
        holds, now, lengths = Holds(), NOW, []
        for _ in range(6):
            holds.learn("github", REFUSED, now)
            hold = holds.of("github", now)
            assert hold is not None
            lengths.append(int((hold.until - now).total_seconds() // 60))
            now = hold.until
            assert holds.of("github", now) is None
        assert lengths == [5, 10, 20, 40, 60, 60]

    def test_what_went_well_ends_a_hold_and_other_failures_are_no_reason_for_one(self) -> None:
        holds = Holds()
        holds.learn("github", Failure(kind="LockFailed", message="no", hint=""), NOW)
        assert holds.all(NOW) == ()
        holds.learn("github", REFUSED, NOW)
        assert [hold.why for hold in holds.all(NOW)] == ["bad credentials"]
        assert holds.of("local", NOW) is None
        holds.learn("github", None, NOW)
        assert holds.all(NOW) == ()

    def test_a_spent_quota_holds_until_it_is_full_again(self) -> None:
        holds = Holds()
        holds.spent("github", NOW + timedelta(minutes=40), NOW)
        assert holds.of("github", NOW) is not None
        assert holds.of("github", NOW + timedelta(minutes=40)) is None
        holds.clear()
        assert holds.of("github", NOW) is None

    def test_a_hold_of_a_clock_that_was_wrong_does_not_last(self) -> None:
        holds = Holds()
        holds.learn("github", REFUSED, NOW + timedelta(days=400))
        assert holds.of("github", NOW) is None


def a_member(name: str, branch: str | None = None, state: Membership = Membership.ACTIVE, url: str = "") -> Member:
    return Member(
        repository=Repository(name=name, url=url, branch=branch), entry=name, origin=Origin.CONFIGURED, state=state
    )


@pytest.fixture
def roster() -> Roster:
    found = Roster()
    found.tell([
        a_member("acme/web"), a_member("acme/api", branch="stable"), a_member("acme/old", state=Membership.ARCHIVED),
        a_member("acme/local", url="/srv/git/local"),
    ])  # fmt: skip
    return found


class TestHearing:
    @pytest.mark.parametrize(
        ("event", "expected"),
        [
            (Pushed(repository="ACME/Web", branch="main", is_default=True), [("acme/web", "push to main")]),
            (Pushed(repository="acme/web", branch="feature", is_default=False), []),
            (Pushed(repository="acme/api", branch="main", is_default=True), []),
            (Pushed(repository="acme/api", branch="stable", is_default=False), [("acme/api", "push to stable")]),
            (Pushed(repository="acme/unknown", branch="main", is_default=True), []),
            (Pushed(repository="acme/local", branch="main", is_default=True), []),
            (Stirred(repository="acme/web", why="#4 closed"), [("acme/web", "#4 closed")]),
            (Stirred(repository="acme/unknown", why="#4 closed"), []),
            (FleetMoved(why="installation created"), []),
            (Unheard(why="ping"), []),
        ],
    )
    def test_events_lead_to_errands_about_what_is_ours(
        self, roster: Roster, event: Event, expected: list[tuple[str, str]]
    ) -> None:
        found = hearing.errands([event], roster, NOW)
        assert [(one.repository, one.why) for one in found] == expected
        assert all(one.due == NOW and one.urgency is Urgency.NOW for one in found)

    def test_only_some_events_say_that_the_fleet_may_be_another(self) -> None:
        assert hearing.moves_fleet([Unheard(why="x"), FleetMoved(why="y")])
        assert not hearing.moves_fleet([Stirred(repository="a/b", why="z")])

    def test_the_roster_knows_who_is_worked_on(self, roster: Roster) -> None:
        assert [one.repository.name for one in roster.active] == ["acme/web", "acme/api", "acme/local"]
        assert roster.by_key("acme/old") is None
        assert len(roster.members) == 4
        assert "acme/web" in roster.keys


def test_signals_are_waited_for_one_after_the_other_and_a_second_stop_is_told_at_once() -> None:
    second: list[signal.Signals] = []
    with heard(signal.SIGTERM, signal.SIGHUP, at_second=second.append) as wait:
        assert wait(0.0) is None
        os.kill(os.getpid(), signal.SIGHUP)
        os.kill(os.getpid(), signal.SIGTERM)
        assert [wait(5.0), wait(5.0), wait(0.0)] == [signal.SIGHUP, signal.SIGTERM, None]
        assert second == []
        os.kill(os.getpid(), signal.SIGTERM)
        assert wait(5.0) is signal.SIGTERM
        assert second == [signal.SIGTERM]


def a_task(state: TaskState, waits: int = 0) -> Task:
    return Task(
        repository=f"acme/{state}{waits}", trigger=Trigger.AUTO, why="x", urgency=Urgency.SOON, state=state,
        due=NOW - timedelta(seconds=waits), asked_at=NOW,
    )  # fmt: skip


class TestMetrics:
    @pytest.fixture
    def measured(self) -> Callable[[], str]:
        rows = [
            Standing(name="a", outcome=Outcome.OPENED, finished_at=NOW, findings=(("high", 2),),
                     proposals=(("quarterdeck/security", NOW - timedelta(days=2)),), next_due=NOW + timedelta(days=40)),
        ]  # fmt: skip
        feeds = (
            FeedState(ecosystem='Py"PI', source="file://\n", as_of=NOW - timedelta(hours=3)),
            FeedState(ecosystem="Debian", source="x", as_of=None, problem="gone"),
        )
        tasks = (a_task(TaskState.WAITING, 50), a_task(TaskState.WAITING, -50), a_task(TaskState.DEAD))
        sights = Sights(census=census(rows, NOW), tasks=tasks, feeds=feeds, quota=4711, now=NOW, ready=True)
        metrics = Metrics(lambda: sights)
        metrics.ran("opened", 3.0, None)
        metrics.ran("failed", -1.0, Failure(kind="LockFailed", message="no", hint=""))
        metrics.delivered("taken")
        return lambda: metrics.text().decode()

    @pytest.mark.parametrize(
        "line",
        [
            'quarterdeck_runs_total{verdict="opened"} 1.0', "quarterdeck_run_seconds_count 2.0",
            'quarterdeck_failures_total{kind="LockFailed"} 1.0', "quarterdeck_resolver_failures_total 1.0",
            'quarterdeck_webhook_deliveries_total{result="taken"} 1.0', "quarterdeck_ready 1.0",
            'quarterdeck_repositories_by_verdict{verdict="opened"} 1.0', 'quarterdeck_open_findings{severity="high"} 2.0',
            'quarterdeck_open_findings{severity="critical"} 0.0', "quarterdeck_open_proposals 1.0",
            "quarterdeck_open_proposal_age_seconds 172800.0", 'quarterdeck_queue_tasks{state="waiting"} 2.0',
            'quarterdeck_queue_tasks{state="dead"} 1.0', "quarterdeck_queue_due_tasks 1.0",
            "quarterdeck_queue_oldest_seconds 50.0", "quarterdeck_api_quota_left 4711.0",
            'quarterdeck_feed_age_seconds{ecosystem="Py\\"PI",source="file://\\n"} 10800.0',
            'quarterdeck_feed_problems{ecosystem="Debian",source="x"} 1.0',
            f"quarterdeck_next_due_timestamp_seconds {(NOW + timedelta(days=40)).timestamp()}",
        ],
    )  # fmt: skip
    def test_everything_that_an_operator_watches_is_there(self, measured: Callable[[], str], line: str) -> None:
        lines = measured().splitlines()
        value = float(line.rpartition(" ")[2])
        found = [row for row in lines if row.rpartition(" ")[0] == line.rpartition(" ")[0]]
        assert [float(row.rpartition(" ")[2]) for row in found] == [value]
