"""What every Store promises, asked of each implementation. To join, add a line to STORES."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from bot.adapters.stores.sql import SqlStore
from bot.errors import StoreError, Unavailable
from bot.model.plan import NothingToDo, Plan
from bot.model.policy import Ignored, Trigger
from bot.model.proposal import State
from bot.model.repository import Repository
from bot.model.runs import Outcome, RunRecord
from bot.ports import ServiceStore, Store
from tests.builders import NOW, a_proposal, a_reason, a_rebuild, a_snapshot, some_marks

Opener = Callable[[Path], AbstractContextManager[ServiceStore]]

STORES: dict[str, Opener] = {"sqlite": SqlStore.open}

WEB = Repository(name="acme/web", url="https://example.org/acme/web.git")
API = Repository(name="acme/api", url="https://example.org/acme/api.git")


class Shelf:
    """Opens one store in one folder again and again, and closes what it opened."""

    def __init__(self, opener: Opener, folder: Path, stack: ExitStack) -> None:
        self._opener, self._folder, self._stack = opener, folder, stack

    def open(self) -> ServiceStore:
        return self._stack.enter_context(self._opener(self._folder))


@pytest.fixture(params=sorted(STORES))
def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shelf]:
    with ExitStack() as stack:
        yield Shelf(STORES[request.param], tmp_path / "data", stack)


@pytest.fixture
def store(shelf: Shelf) -> ServiceStore:
    return shelf.open()


def a_run(repository: Repository = WEB, outcome: Outcome = Outcome.NOTHING, plan: Plan | None = None) -> RunRecord:
    return RunRecord(
        repository=repository,
        asked=Trigger.AUTO,
        started_at=NOW,
        finished_at=NOW + timedelta(seconds=5),
        outcome=outcome,
        snapshot=a_snapshot(),
        plan=plan or NothingToDo(why=(a_reason(),)),
    )


def a_document(name: str = "acme/web", **fields: Any) -> dict[str, Any]:
    return {"name": name, "locks": [{"path": "requirements.txt", "pins": 31}], "error": None, "ü": "✓", **fields}


class TestRuns:
    def test_an_empty_store_has_seen_no_run(self, store: Store) -> None:
        assert store.last_runs() == ()
        assert store.last_runs("acme/web") == ()

    def test_the_newest_run_of_each_repository_is_given_by_name(self, store: Store) -> None:
        store.record(a_run(WEB), a_document("acme/web", commit="1"))
        store.record(a_run(API), a_document("acme/api", commit="2"))
        store.record(a_run(WEB), a_document("acme/web", commit="3"))

        assert [(run["name"], run["commit"]) for run in store.last_runs()] == [("acme/api", "2"), ("acme/web", "3")]

    def test_the_newest_run_is_the_one_recorded_last_whatever_the_clock_said(self, store: Store) -> None:
        store.record(a_run(), a_document(commit="1"))
        earlier = NOW - timedelta(days=900)
        store.record(replace(a_run(), started_at=earlier, finished_at=earlier), a_document(commit="2"))

        assert store.last_runs()[0]["commit"] == "2"

    def test_a_run_is_found_by_the_name_and_by_the_key_of_its_repository(self, store: Store) -> None:
        store.record(a_run(WEB), a_document())
        store.record(a_run(API), a_document("acme/api"))

        assert store.last_runs(WEB.name) == store.last_runs(WEB.key) == (a_document(),)

    def test_two_repositories_of_one_name_are_two(self, store: Store) -> None:
        store.record(a_run(WEB), a_document(commit="1"))
        store.record(a_run(replace(WEB, url="file:///srv/web")), a_document(commit="2"))

        assert {run["commit"] for run in store.last_runs("acme/web")} == {"1", "2"}

    def test_a_document_comes_back_as_it_was(self, shelf: Shelf) -> None:
        document = a_document(changes=[{"old": None, "direct": True}], deep={"a": [1, 2.5, "x\n\0"]})
        shelf.open().record(a_run(), document)

        assert shelf.open().last_runs() == (document,)

    def test_a_run_that_failed_before_it_saw_a_commit_is_kept_too(self, store: Store) -> None:
        store.record(replace(a_run(outcome=Outcome.FAILED), snapshot=None, plan=None), a_document(outcome="failed"))

        assert store.last_runs()[0]["outcome"] == "failed"


class TestSweeps:
    def test_a_run_that_saw_and_said_the_same_takes_the_place_of_the_one_before(self, store: ServiceStore) -> None:
        for number in range(3):
            store.record(a_run(), a_document(commit="1", run_id=str(number), feeds=[number]))
        mark, _ = store.news(0)
        store.record(a_run(), a_document(commit="1", run_id="4", finished_at="later"))
        later, found = store.news(mark)
        assert later > mark
        assert found[WEB.key]["run_id"] == "4"
        assert store.last_runs() == (found[WEB.key],)


class TestService:
    def test_news_are_the_newest_runs_since_a_mark_by_key(self, store: ServiceStore) -> None:
        store.record(a_run(WEB), a_document("acme/web", commit="1"))
        store.record(a_run(WEB), a_document("acme/web", commit="2"))
        mark, found = store.news(0)
        assert {key: document["commit"] for key, document in found.items()} == {WEB.key: "2"}
        assert store.news(mark) == (mark, {})
        store.record(a_run(API), a_document("acme/api", commit="3"))
        later, fresh = store.news(mark)
        assert later > mark
        assert list(fresh) == [API.key]

    def test_failures_in_a_row_are_counted_and_what_was_out_of_reach_is_not(self, store: ServiceStore) -> None:
        broken, away = a_document(error={"kind": "LockFailed"}), a_document(error={"kind": "Unavailable"})
        for document in (broken, broken, away, broken):
            store.record(a_run(WEB, Outcome.FAILED), document)
        store.record(a_run(API, Outcome.FAILED), broken)
        assert store.streaks() == {WEB.key: 3, API.key: 1}
        store.record(a_run(WEB), a_document())
        assert store.streaks() == {API.key: 1}
        store.record(a_run(WEB, Outcome.FAILED), broken)
        assert store.streaks() == {WEB.key: 1, API.key: 1}

    def test_the_quarters_of_all_repositories_are_given_at_once(self, store: ServiceStore) -> None:
        assert store.settled() == {}
        store.record(a_run(WEB, plan=NothingToDo(why=(a_reason(),), quarter="2026q4")), a_document())
        store.record(a_run(API, plan=NothingToDo(why=(a_reason(),), quarter="2026q3")), a_document())
        assert store.settled() == {WEB.key: {"2026q4"}, API.key: {"2026q3"}}

    def test_one_service_at_a_time(self, shelf: Shelf) -> None:
        first, second = shelf.open(), shelf.open()
        with first.serving(), pytest.raises(StoreError, match="serves the data folder"), second.serving():
            pytest.fail("two at once")
        with second.serving():
            pass


class TestQuarters:
    def test_a_quarterly_run_that_found_nothing_to_change_settles_its_quarter(self, store: Store) -> None:
        store.record(a_run(plan=a_rebuild(quarter="2026q4")), a_document())
        store.record(a_run(plan=a_rebuild(quarter="2026q3")), a_document())
        store.record(a_run(plan=a_rebuild(quarter="2026q4")), a_document())

        assert store.quarters(WEB.key) == ("2026q3", "2026q4")
        assert store.quarters(API.key) == ()

    def test_a_run_that_opened_something_does_not_settle_the_quarter(self, store: Store) -> None:
        store.record(a_run(plan=a_rebuild(), outcome=Outcome.OPENED), a_document())
        store.record(a_run(plan=a_rebuild(), outcome=Outcome.FAILED), a_document())
        store.record(a_run(plan=a_rebuild(), outcome=Outcome.PLANNED), a_document())

        assert store.quarters(WEB.key) == ()

    def test_a_run_that_was_not_quarterly_does_not_settle_the_quarter(self, store: Store) -> None:
        store.record(a_run(), a_document())
        store.record(a_run(plan=a_rebuild(trigger=Trigger.MANUAL, quarter="")), a_document())

        assert store.quarters(WEB.key) == ()


class TestProposals:
    def test_numbers_count_from_one_in_each_repository(self, store: Store) -> None:
        numbers = [store.save_proposal(key, a_proposal(0)).number for key in ("web", "web", "api")]

        assert numbers == [1, 2, 1]

    def test_a_proposal_comes_back_as_it_was_newest_first(self, shelf: Shelf) -> None:
        store = shelf.open()
        first = store.save_proposal("web", a_proposal(0, title="é", body="a\r\n\n<!-- x -->"))
        second = store.save_proposal("web", a_proposal(0, branch="quarterdeck/manual", marks=None, head=""))

        assert shelf.open().proposals("web") == (second, first)
        texts = {"title": "é", "body": "a\r\n\n<!-- x -->", "url": a_proposal(0).url}
        assert first == a_proposal(1, opened_at=first.opened_at, **texts)

    def test_saving_under_a_number_replaces(self, store: Store) -> None:
        kept = store.save_proposal("web", a_proposal(0))
        merged = replace(kept, state=State.MERGED, head="", marks=some_marks(content="f" * 32))

        assert store.save_proposal("web", merged) == merged
        assert store.proposals("web") == (merged,)

    def test_a_proposal_is_opened_once_however_often_it_is_saved(self, store: Store) -> None:
        kept = store.save_proposal("web", a_proposal(0))
        told = store.save_proposal("web", a_proposal(0, opened_at=NOW))
        store.save_proposal("web", replace(kept, title="new"))

        assert kept.opened_at is not None
        assert [one.opened_at for one in store.proposals("web")] == [told.opened_at, kept.opened_at]
        assert told.opened_at == NOW

    def test_a_number_that_is_not_there_is_inserted_and_counted_on_from(self, store: Store) -> None:
        store.save_proposal("web", a_proposal(7))

        assert store.save_proposal("web", a_proposal(0)).number == 8

    def test_numbers_stay_unique_when_threads_save_at_once(self, store: Store) -> None:
        numbers: list[int] = []

        def save() -> None:
            numbers.extend(store.save_proposal("web", a_proposal(0)).number for _ in range(5))

        threads = [Thread(target=save) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert sorted(numbers) == list(range(1, 21))


class TestAnswers:
    def test_an_answer_is_given_back_until_it_is_replaced(self, shelf: Shelf) -> None:
        store = shelf.open()
        assert store.recall("relock", "k") is None
        store.remember("relock", "k", "one", NOW)
        assert store.recall("relock", "k") == "one"
        store.remember("relock", "k", "two ✓", NOW)

        assert store.recall("relock", "k") == "two ✓"
        assert shelf.open().recall("relock", "k") == "two ✓"

    def test_kinds_do_not_see_each_other(self, store: Store) -> None:
        store.remember("relock", "k", "one", NOW)

        assert store.recall("manifests", "k") is None

    def test_an_empty_answer_is_an_answer(self, store: Store) -> None:
        store.remember("relock", "k", "", NOW)

        assert store.recall("relock", "k") == ""


class TestRename:
    def test_everything_under_the_old_key_stands_under_the_new_one(self, shelf: Shelf) -> None:
        store = shelf.open()
        old, new = "acme/web", "beta/site"
        store.record(a_run(replace(WEB, url=""), plan=a_rebuild(quarter="2026q4")), a_document(old, commit="1"))
        kept = store.save_proposal(old, a_proposal(0))
        wish = Ignored(subject="urllib3", until=NOW.date(), reason="why", by="ada", where="#1")
        store.ignore(old, wish)
        for key in (old, f"{old} main", f"{old} #7", f"{old}-more main", f"{old}x"):
            store.remember("still", key, f"of {key}", NOW)
        store.rename(old, new)

        again = shelf.open()
        assert again.last_runs(old) == ()
        assert again.last_runs(new) == (a_document(new, commit="1"),)
        assert (again.quarters(old), again.quarters(new)) == ((), ("2026q4",))
        assert (again.proposals(old), again.proposals(new)) == ((), (kept,))
        assert (again.ignored(old), again.ignored(new)) == ((), (wish,))
        moved = {key: again.recall("still", key) for key in (old, f"{old} main", new, f"{new} main", f"{new} #7")}
        assert moved == {
            old: None, f"{old} main": None, new: f"of {old}", f"{new} main": f"of {old} main", f"{new} #7": f"of {old} #7",
        }  # fmt: skip
        assert again.recall("still", f"{old}-more main") == f"of {old}-more main"
        assert again.recall("still", f"{old}x") == f"of {old}x"

    def test_what_the_new_key_has_already_stands(self, store: Store) -> None:
        old, new = "acme/web", "acme/api"
        for key in (old, new):
            store.record(a_run(Repository(name=key, url="")), a_document(key))
            store.save_proposal(key, a_proposal(0, title=key))
            store.remember("still", key, f"of {key}", NOW)
            store.ignore(key, Ignored(subject="urllib3", until=NOW.date(), reason=key, by="ada", where="#1"))
        store.rename(old, new)
        store.rename(old, new)
        store.rename(new, new)

        assert [one.title for one in store.proposals(new)] == [new]
        assert [one.reason for one in store.ignored(new)] == [new]
        assert store.recall("still", new) == f"of {new}"
        assert len(store.last_runs()) == 1
        assert (store.proposals(old), store.ignored(old), store.recall("still", old)) == ((), (), None)


class TestExclusive:
    def test_a_second_run_on_the_same_repository_is_told_at_once(self, shelf: Shelf) -> None:
        with (
            shelf.open().exclusive("acme/web"),
            pytest.raises(Unavailable, match="acme/web"),
            shelf.open().exclusive("acme/web"),
        ):
            pytest.fail("two runs at once")

    def test_a_second_thread_is_told_too(self, store: Store) -> None:
        told: list[str] = []

        def work() -> None:
            try:
                with store.exclusive("acme/web"):
                    told.append("went in")
            except Unavailable as error:
                told.append(error.message)

        with store.exclusive("acme/web"):
            thread = Thread(target=work)
            thread.start()
            thread.join()

        assert told == ["another run is working on acme/web"]

    def test_other_repositories_are_free(self, store: Store) -> None:
        with store.exclusive("acme/web"), store.exclusive("acme/api"):
            store.remember("relock", "k", "v", NOW)

        assert store.recall("relock", "k") == "v"

    def test_the_repository_is_free_again_after_a_run_that_failed(self, store: Store) -> None:
        with pytest.raises(ZeroDivisionError), store.exclusive("acme/web"):
            raise ZeroDivisionError

        with store.exclusive("acme/web"):
            store.remember("relock", "k", "v", NOW)
