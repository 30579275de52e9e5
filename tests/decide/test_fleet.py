"""Which repositories belong to the fleet, and what is remembered of them: tables, and what always holds."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.decide import fleet
from bot.decide.fleet import Entry, Learned, learn, members, moves, troubles
from bot.formats import fleet_text
from bot.model.fleet import Found, Known, Memory, Origin, Renamed, Silence, Standing
from tests.builders import NOW

Answers = Mapping[str, tuple[Found, ...] | str]
ACME, BETA = "the repositories of acme", "the repositories of beta"


def a_found(id_: int = 1, name: str = "acme/web", **fields: object) -> Found:
    return Found(id=f"github/{id_}", name=name, branch="main", **fields)  # type: ignore[arg-type]


def learned(*answers: Answers, entries: tuple[Entry, ...] = ()) -> Learned:
    """Learn from several rounds, a day apart."""
    result = Learned(memory=Memory())
    for day, answer in enumerate(answers):
        result = learn(result.memory, answer, entries, NOW + timedelta(days=day))
    return result


def names(*answers: Answers, entries: tuple[Entry, ...] = ()) -> list[tuple[str, str]]:
    found = members(entries, learned(*answers, entries=entries).memory)
    return [(one.repository.name, str(one.state)) for one in found]


def test_what_is_found_is_worked_on_in_the_order_of_names() -> None:
    answer = {ACME: (a_found(2, "acme/Web"), a_found(1, "acme/api")), BETA: (a_found(3, "beta/x"),)}
    assert names(answer) == [("acme/api", "active"), ("acme/Web", "active"), ("beta/x", "active")]


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({"archived": True}, Standing.ARCHIVED),
        ({"disabled": True}, Standing.DISABLED),
        ({"archived": True, "disabled": True}, Standing.ARCHIVED),
        ({"may_write": False}, Standing.READ_ONLY),
        ({}, Standing.ACTIVE),
    ],
)
def test_what_cannot_be_worked_on_is_told_with_its_reason(fields: dict[str, Any], state: Standing) -> None:
    (member,) = members((), learned({ACME: (a_found(**fields),)}).memory)
    assert (member.state, member.active) == (state, state is Standing.ACTIVE)
    assert [reason.code for reason in member.why] == ([] if member.active else [state.value])


def test_an_entry_gives_a_found_repository_its_branch_and_may_leave_it_out() -> None:
    entries = (Entry(name="ACME/web", branch="next"), Entry(name="acme/api", enabled=False), Entry(name="acme/more"))
    memory = learned({ACME: (a_found(1, "acme/web"), a_found(2, "acme/api"))}, entries=entries).memory
    rows = [(one.repository.name, one.repository.branch, one.origin, one.state) for one in members(entries, memory)]
    assert rows == [
        ("acme/api", None, Origin.BOTH, Standing.OFF),
        ("acme/more", None, Origin.CONFIGURED, Standing.ACTIVE),
        ("ACME/web", "next", Origin.BOTH, Standing.ACTIVE),
    ]


def test_an_entry_with_an_address_of_its_own_is_no_repository_of_the_forge() -> None:
    entries = (Entry(name="acme/web", url="/srv/web"),)
    found = members(entries, learned({ACME: (a_found(),)}).memory)
    assert {(one.repository.url, one.origin) for one in found} == {
        ("/srv/web", Origin.CONFIGURED),
        ("", Origin.DISCOVERED),
    }


def test_what_is_configured_is_worked_on_whatever_was_found_of_it() -> None:
    entries = (Entry(name="acme/web"),)
    archived: list[Answers] = [{ACME: (a_found(archived=True),)}]
    gone: list[Answers] = [{ACME: (a_found(),)}, {ACME: ()}]
    for rounds in (archived, gone):
        (member,) = members(entries, learned(*rounds, entries=entries).memory)
        assert (member.state, member.why) == (Standing.ACTIVE, ())


def test_what_is_not_found_any_more_is_told_for_ninety_days_and_may_come_back() -> None:
    seen: list[Answers] = [{ACME: (a_found(),)}, {ACME: ()}]
    (member,) = members((), learned(*seen).memory)
    assert member.state is Standing.GONE
    assert member.why[0].text.startswith(f"not seen any more since {NOW + timedelta(days=1):%Y-%m-%d}: ")
    assert names(*seen, *[{ACME: ()}] * 89) == [("acme/web", "gone")]
    assert names(*seen, *[{ACME: ()}] * 90) == []
    assert names(*seen, {ACME: (a_found(),)}) == [("acme/web", "active")]


def test_a_search_that_is_not_answered_takes_nothing_away_and_is_told() -> None:
    both = {ACME: (a_found(1, "acme/web"), a_found(2, "acme/api")), BETA: (a_found(3, "beta/x"),)}
    result = learned(both, {ACME: "GitHub answered 502", BETA: ()}, {ACME: "GitHub answered 503", BETA: ()})
    assert [(one.repository.name, str(one.state)) for one in members((), result.memory)] == [
        ("acme/api", "active"), ("acme/web", "active"), ("beta/x", "gone"),
    ]  # fmt: skip
    (trouble,) = troubles(result.memory)
    assert (trouble.code, trouble.subject) == (fleet.SILENT, ACME)
    assert "GitHub answered 503; what was found before stands (not answered since" in trouble.text
    assert result.memory.silent[0].since == NOW + timedelta(days=1)
    assert troubles(learn(result.memory, both, (), NOW).memory) == ()


def test_a_repository_of_two_searches_is_there_as_long_as_one_of_them_may_find_it() -> None:
    both = {ACME: (a_found(),), BETA: (a_found(),)}
    assert names(both, {ACME: (), BETA: "down"}) == [("acme/web", "active")]
    assert names(both, {ACME: "down", BETA: (a_found(),)}, {ACME: "down", BETA: ()}) == [("acme/web", "active")]
    assert names(both, {ACME: (), BETA: ()}) == [("acme/web", "gone")]


def test_what_only_an_earlier_search_found_is_forgotten() -> None:
    assert names({ACME: (a_found(),)}, {BETA: ()}) == []


def test_a_renamed_repository_is_worked_on_under_its_new_name_and_its_entry_is_told() -> None:
    entries = (Entry(name="acme/web", branch="next"),)
    rounds: list[Answers] = [{ACME: (a_found(),)}, {ACME: (a_found(1, "beta/site"),)}]
    result = learned(*rounds, entries=entries)
    assert result.renamed == (Renamed(id="github/1", old="acme/web", new="beta/site"),)
    again = learned(*rounds, rounds[1], entries=entries)
    assert again.renamed == ()
    (member,) = members(entries, again.memory)
    assert (member.repository.name, member.repository.branch, member.entry) == ("beta/site", "next", "acme/web")
    assert [reason.text for reason in member.why] == ["acme/web is called beta/site now: edit the configuration"]


def test_another_repository_that_takes_the_name_is_what_the_entry_means() -> None:
    entries = (Entry(name="acme/web"),)
    taken = (a_found(1, "acme/old"), a_found(2, "acme/web"))
    result = learned({ACME: (a_found(),)}, {ACME: taken}, entries=entries)
    rows = [(one.repository.name, one.entry) for one in members(entries, result.memory)]
    assert rows == [("acme/old", ""), ("acme/web", "acme/web")]


def test_a_name_that_is_spelled_otherwise_in_the_configuration_takes_the_history_along() -> None:
    before = learned({ACME: (a_found(),)}).memory
    after = learn(before, {ACME: (a_found(),)}, (Entry(name="Acme/Web"),), NOW)
    assert after.renamed == (Renamed(id="github/1", old="acme/web", new="Acme/Web"),)


def test_what_is_gone_gives_way_to_what_is_called_the_same() -> None:
    rounds: list[Answers] = [{ACME: (a_found(1),)}, {ACME: (a_found(2),)}]
    states = {one.state for one in members((), learned(*rounds).memory)}
    assert states == {Standing.ACTIVE}


def test_names_that_were_swapped_swap_their_histories() -> None:
    renamed = (Renamed(id="1", old="a", new="b"), Renamed(id="2", old="b", new="a"), Renamed(id="3", old="c", new="d"))
    kept = {"a": "of a", "b": "of b", "c": "of c"}
    for old, new in moves(renamed):
        assert new not in kept, "nothing falls into another's history"
        kept[new] = kept.pop(old)
    assert kept == {"b": "of a", "a": "of b", "d": "of c"}


@given(st.permutations(list("abcdef")), st.sets(st.sampled_from("abcdef")))
def test_histories_never_fall_into_each_other(order: list[str], gone: set[str]) -> None:
    pairs = [(old, new) for old, new in zip("abcdef", order, strict=True) if old != new and old not in gone]
    kept = {old: f"of {old}" for old, _ in pairs}
    for old, new in moves(tuple(Renamed(id=old, old=old, new=new) for old, new in pairs)):
        assert new not in kept
        kept[new] = kept.pop(old)
    assert kept == {new: f"of {old}" for old, new in pairs}


KNOWN = st.builds(
    Known,
    found=st.builds(
        Found, id=st.text(max_size=5), name=st.text(max_size=9), branch=st.text(max_size=5), archived=st.booleans(),
        disabled=st.booleans(), may_write=st.booleans(), topics=st.lists(st.text(max_size=3), max_size=2).map(tuple),
    ),
    searches=st.lists(st.text(max_size=4), max_size=2).map(tuple),
    key=st.text(max_size=9),
    former=st.lists(st.text(max_size=4), max_size=2).map(tuple),
    gone_since=st.one_of(st.none(), st.just(NOW)),
)  # fmt: skip
SILENCES = st.builds(Silence, search=st.text(max_size=4), since=st.just(NOW), why=st.text(max_size=9))


@given(st.builds(Memory, known=st.lists(KNOWN).map(tuple), silent=st.lists(SILENCES).map(tuple)))
def test_what_is_remembered_is_read_as_it_was_written(memory: Memory) -> None:
    assert fleet_text.parse(fleet_text.render(memory)) == memory


@pytest.mark.parametrize("text", [None, "", "nonsense", "[]", "7", '{"v": 2}', '{"v": 1}', '{"v": 1, "known": [1]}',
                                  '{"v": 1, "known": [], "silent": [[1, 2, 3]]}'])  # fmt: skip
def test_a_memory_that_cannot_be_read_is_none(text: str | None) -> None:
    assert fleet_text.parse(text) == Memory()
