"""From the configuration to people: who is told, what is remembered, what is tried again."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.adapters.stores.sql import SqlStore
from bot.cli.progress import Silent
from bot.decide import document
from bot.errors import Interrupted, StoreError
from bot.model.notices import Message, NoticeKind
from bot.model.secrets import SecretRef
from bot.settings import NotificationsSettings, NotifySettings, Settings
from bot.wiring.notices import KEY, KIND, NOTIFIERS, NoticeHouse
from bot.wiring.order import Order
from tests.builders import NOW, a_proposal
from tests.rig.cli import Terminal
from tests.rig.letterbox import Letterbox

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
CANARY = "c4n4ry-0f-th3-m1n3"
STILL = {"forge": "GitHub refuses the token"}
WAITS = "acme/web: a security rebuild waits for you"


def a_document(*numbers: int) -> dict[str, Any]:
    rows = [document.pull_request(a_proposal(one, branch="quarterdeck/security", opened_at=NOW)) for one in numbers]
    return {"name": "acme/web", "url": "https://forge.example/acme/web.git", "error": None, "proposals": rows}


@dataclass
class Bench:
    """Letterboxes that are configured as targets, one store, and a house that may be opened anew."""

    folder: Path
    store: SqlStore
    monkeypatch: pytest.MonkeyPatch
    stack: ExitStack

    def box(self, name: str, status: int | None = 200) -> Letterbox:
        box = self.stack.enter_context(Letterbox(status))
        self.monkeypatch.setenv(name, f"json://{CANARY}:{CANARY}@{box.host}/{CANARY}")
        return box

    def house(self, *targets: NotifySettings, rehearsal: bool = False, **wanted: Any) -> NoticeHouse:
        settings = Settings(notify=targets, notifications=NotificationsSettings(**wanted))
        order = Order(
            settings=settings, data_dir=self.folder, home=self.folder, clock=lambda: NOW, progress=Silent(),
            rehearsal=rehearsal,
        )  # fmt: skip
        return NoticeHouse(order, self.store)


def target(name: str, *events: NoticeKind) -> NotifySettings:
    return NotifySettings(url=SecretRef(env=name), events=events or tuple(NoticeKind))


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with ExitStack() as stack:
        store = stack.enter_context(SqlStore.open(tmp_path / "data"))
        yield Bench(folder=tmp_path / "data", store=store, monkeypatch=monkeypatch, stack=stack)


def announce(
    house: NoticeHouse,
    now: datetime = NOW,
    *documents: Mapping[str, Any],
    failures: Mapping[str, int] | None = None,
    stopped: Mapping[str, str] | None = None,
) -> tuple[str, ...]:
    return house.announce(documents, failures or {}, (), stopped or {}, now)


def test_what_was_told_is_not_told_again_by_the_next_process(bench: Bench) -> None:
    box = bench.box("ONE")
    assert announce(bench.house(target("ONE")), NOW, a_document(7)) == ()
    assert announce(bench.house(target("ONE")), NOW + MINUTE, a_document(7)) == ()
    assert box.titles == [WAITS]
    assert CANARY not in (bench.store.recall(KIND, KEY) or "")


def test_each_target_is_told_what_it_asked_for(bench: Bench) -> None:
    every, some = bench.box("EVERY"), bench.box("SOME")
    house = bench.house(target("EVERY"), target("SOME", NoticeKind.STOPPED))
    assert announce(house, NOW, a_document(7), stopped=STILL) == ()
    assert every.titles == ["Quarterdeck stands still", WAITS]
    assert some.titles == ["Quarterdeck stands still"]
    assert announce(house, NOW + MINUTE, a_document(7), stopped={"forge": ""}) == ()
    assert some.titles == ["Quarterdeck stands still", "Quarterdeck works again"]


def test_a_target_that_fails_hides_no_other_and_is_told_later(bench: Bench) -> None:
    ill, well = bench.box("ILL", 500), bench.box("WELL")
    house = bench.house(target("ILL"), target("WELL"))
    assert announce(house, NOW, a_document(7, 8)) == ("ILL could not be told: it refused the message with 500",)
    assert (ill.titles, well.titles) == ([WAITS], [WAITS, WAITS])  # the second one waits behind the first
    ill.status = 200
    assert announce(house, NOW + 30 * timedelta(seconds=1), a_document(7, 8)) == ()  # it rests
    assert len(ill.letters) == 1
    assert announce(house, NOW + MINUTE, a_document(7, 8)) == ()
    assert announce(house, NOW + 2 * MINUTE, a_document(7, 8)) == ()
    assert (ill.titles, well.titles) == ([WAITS] * 3, [WAITS, WAITS])


def test_a_target_that_goes_on_failing_is_tried_less_and_less_often(bench: Bench) -> None:
    ill = bench.box("ILL", 503)
    house = bench.house(target("ILL"))
    tried = [minutes for minutes in range(130) if announce(house, NOW + minutes * MINUTE, a_document(7))]
    assert tried == [0, 1, 3, 7, 15, 31, 63, 123]
    assert len(ill.letters) == len(tried)
    assert announce(house, NOW - DAY, a_document(7)) != ()  # a clock that went back keeps nobody waiting


def test_a_restart_in_the_middle_repeats_only_what_did_not_arrive(bench: Bench) -> None:
    box = bench.box("ONE")
    house = bench.house(target("ONE"))
    announce(house, NOW, a_document(7))
    box.status = 500
    assert announce(house, NOW + MINUTE, a_document(7, 8)) != ()
    box.status = 200
    announce(bench.house(target("ONE")), NOW + 2 * MINUTE, a_document(7, 8))
    announce(bench.house(target("ONE")), NOW + 3 * MINUTE, a_document(7, 8))
    assert len(box.letters) == 3


class Ending:
    """A way to tell that ends the program with the second message."""

    def __init__(self) -> None:
        self.titles: list[str] = []

    def tell(self, message: Message) -> None:
        if self.titles:
            raise Interrupted("the program is ending")
        self.titles.append(message.title)


def test_a_process_that_ends_between_two_messages_repeats_none(bench: Bench) -> None:
    box, ending = bench.box("ONE"), Ending()
    with bench.monkeypatch.context() as patched:
        patched.setitem(NOTIFIERS, "apprise", lambda *_: ending)
        with pytest.raises(Interrupted):
            announce(bench.house(target("ONE")), NOW, a_document(7), stopped=STILL)
    announce(bench.house(target("ONE")), NOW + MINUTE, a_document(7), stopped=STILL)
    assert (ending.titles, box.titles) == (["Quarterdeck stands still"], [WAITS])


def test_after_an_outage_of_the_target_there_is_no_flood(bench: Bench) -> None:
    box = bench.box("ONE", 500)
    house = bench.house(target("ONE"), per_hour=3)
    announce(house, NOW, a_document(*range(1, 40)))
    box.status = 200
    for hours in range(1, 3):
        announce(house, NOW + hours * HOUR, a_document(*range(1, 40)))
    assert box.titles == [WAITS, WAITS, WAITS, "and 37 more messages"]


def test_a_secret_that_is_not_there_is_a_sentence(bench: Bench) -> None:
    (said,) = announce(bench.house(target("NOWHERE")), NOW, a_document(7))
    assert said.startswith("NOWHERE could not be told: the environment variable NOWHERE is not set")


def test_a_streak_of_failures_is_told_once_and_its_end_once(bench: Bench) -> None:
    box = bench.box("ONE")
    house = bench.house(target("ONE"))
    ill = {**a_document(), "error": {"kind": "LockFailed", "message": "no", "hint": ""}}
    for place, (one, count) in enumerate(
        [(ill, 2), (ill, 3), (ill, 4), (a_document(), 0), (a_document(), 0), (ill, 3)]
    ):
        assert announce(house, NOW + place * HOUR, one, failures={"acme/web": count}) == ()
    assert box.titles == [
        "acme/web: failed 3 times in a row", "acme/web: is well again", "acme/web: failed 3 times in a row",
    ]  # fmt: skip


def test_what_a_target_knew_goes_when_it_is_taken_out(bench: Bench) -> None:
    bench.box("ONE")
    bench.box("TWO")
    announce(bench.house(target("ONE"), target("TWO")), NOW, a_document(7))
    announce(bench.house(target("TWO")), NOW + MINUTE, a_document(7))
    kept = bench.store.recall(KIND, KEY) or ""
    assert "TWO" in kept
    assert "ONE" not in kept


@pytest.mark.parametrize("kept", ["", "{", "[]", '{"ONE": 1}', '{"ONE": {"class": "Told"}}', '{"ONE": [1]}'])
def test_a_damaged_memory_is_as_good_as_none(bench: Bench, kept: str) -> None:
    box = bench.box("ONE")
    bench.store.remember(KIND, KEY, kept, NOW)
    assert announce(bench.house(target("ONE")), NOW, a_document(7)) == ()
    assert box.titles == [WAITS]


def test_a_rehearsal_tells_nobody_and_so_does_a_house_without_targets(bench: Bench) -> None:
    box = bench.box("ONE")
    assert announce(bench.house(target("ONE"), rehearsal=True), NOW, a_document(7)) == ()
    assert announce(bench.house(), NOW, a_document(7)) == ()
    assert box.letters == []
    assert bench.store.recall(KIND, KEY) is None


@dataclass
class Broken:
    """A store that cannot be read or written while it is `ill`."""

    inner: SqlStore
    ill: tuple[str, ...] = ("recall", "remember")

    def recall(self, kind: str, key: str) -> str | None:
        if "recall" in self.ill:
            raise StoreError("the database cannot be read")
        return self.inner.recall(kind, key)

    def remember(self, kind: str, key: str, value: str, now: datetime) -> None:
        if "remember" in self.ill:
            raise StoreError("the database cannot be written")
        self.inner.remember(kind, key, value, now)


def test_that_the_store_cannot_be_used_is_told_all_the_same_and_once(bench: Bench) -> None:
    box = bench.box("ONE")
    announce(bench.house(target("ONE")), NOW, a_document(7))
    house, store = bench.house(target("ONE")), Broken(bench.store)
    bench.monkeypatch.setattr(house, "_store", store)
    still = {"store": "the database cannot be read"}
    for minutes in range(1, 4):
        with pytest.raises(StoreError, match="cannot be read"):
            announce(house, NOW + minutes * MINUTE, a_document(7), stopped=still)
    store.ill = ()
    assert announce(house, NOW + 4 * MINUTE, a_document(7), stopped={"store": ""}) == ()
    assert announce(bench.house(target("ONE")), NOW + 5 * MINUTE, a_document(7), stopped={"store": ""}) == ()
    assert box.titles == [WAITS, "Quarterdeck stands still", "Quarterdeck works again"]


def test_a_store_that_takes_nothing_makes_no_flood(bench: Bench) -> None:
    box = bench.box("ONE")
    house, store = bench.house(target("ONE")), Broken(bench.store, ill=("remember",))
    bench.monkeypatch.setattr(house, "_store", store)
    for minutes in range(3):
        with pytest.raises(StoreError, match="cannot be written"):
            announce(house, NOW + minutes * MINUTE, a_document(7))
    store.ill = ()
    assert announce(house, NOW + 4 * MINUTE, a_document(7)) == ()
    assert announce(bench.house(target("ONE")), NOW + 5 * MINUTE, a_document(7)) == ()
    assert box.titles == [WAITS]


def test_a_data_folder_that_cannot_be_used_is_a_sentence(bench: Bench) -> None:
    bench.box("ONE")
    (bench.folder / "notices").write_text("in the way")
    (said,) = announce(bench.house(target("ONE")), NOW, a_document(7))
    assert "notices cannot be made" in said


@pytest.mark.parametrize("status", [200, 500])
def test_the_secret_is_in_no_sentence_no_log_and_no_file(
    bench: Bench, status: int, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="bot")  # whatever a command set before
    bench.box("ONE", status)
    bench.monkeypatch.setenv("TWO", f"nonesuch://{CANARY}")
    house = bench.house(target("ONE"), replace(target("TWO"), name="people"))
    said = announce(house, NOW, a_document(7), stopped=STILL)
    assert said[-1].startswith("people could not be told: its address begins with nonesuch://")
    printed = capfd.readouterr()
    files = b"".join(path.read_bytes() for path in bench.folder.rglob("*") if path.is_file())
    assert CANARY not in f"{said} {caplog.text} {printed.out} {printed.err}"
    assert CANARY.encode() not in files
    assert ("told ONE: Quarterdeck stands still" in caplog.text) == (status == 200)


def test_config_check_says_which_targets_cannot_be_told(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal.configure(
        '[[notify]]\nurl = { env = "GOOD" }\n[[notify]]\nurl = { env = "ODD" }\nname = "people"\n'
        '[[notify]]\nurl = { env = "GONE" }\n'
    )
    monkeypatch.setenv("GOOD", f"json://127.0.0.1/{CANARY}")
    monkeypatch.setenv("ODD", f"nonesuch://{CANARY}")
    checked, listed = terminal("config", "check"), terminal("config", "check", "--json")
    assert (checked.code, listed.code) == (0, 0)
    assert listed.json["untellable"] == [
        "[[notify]] people: its address begins with nonesuch://, which apprise does not know",
        "[[notify]] GONE: the environment variable GONE is not set",
    ]
    for problem in listed.json["untellable"]:
        assert problem in checked.out
    assert CANARY not in checked.out + checked.err + listed.out
