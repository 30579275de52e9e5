"""What was said of a tag survives the store, and nothing else that lies there does harm."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.decide.retag import Moves
from bot.model.contents import ChangeKind
from bot.model.observed import Frozen, Offer
from bot.model.policy import Severity
from bot.workflow import kept
from bot.workflow.look import TRUSTED_FOR
from tests.builders import NOW, a_source_change, an_advisory

DAY = timedelta(days=1)
STRANGE = ["", "null", "{", "[]", "7", "{}", '{"at": 1}', '{"at": "2026-11-24T12:00:00+00:00"}',
           '{"at": "2026-11-24T12:00:00+00:00", "found": [[1]]}', '{"at": "2026-11-24T12:00:00", "found": []}',
           '{"at": "2026-11-24T12:00:00+00:00", "found": []}']  # fmt: skip
TEXT = st.text(max_size=5)


@given(st.none() | st.builds(Frozen, since=st.sampled_from([None, NOW]), move_to=st.none() | TEXT, why=TEXT))
def test_a_verdict_survives(found: Frozen | None) -> None:
    assert kept.verdict(kept.verdict_text(found, NOW), NOW + DAY / 2, DAY) == (found,)


@given(st.builds(Moves, taken=st.none() | TEXT, offered=st.lists(st.builds(Offer, tag=TEXT, kind=TEXT)).map(tuple)))
def test_moves_survive(found: Moves) -> None:
    assert kept.moves(kept.moves_text(found, NOW), NOW) == found


def test_what_waits_survives_and_is_forgotten_when_it_is_old() -> None:
    rows = (
        a_source_change(advisories=(an_advisory(aliases=("DSA-1",)), an_advisory("CVE-2", Severity.UNKNOWN))),
        a_source_change("zlib", kind=ChangeKind.DATA),
    )
    assert kept.updates(kept.updates_text(rows, NOW), NOW + DAY) == rows
    assert kept.updates(kept.updates_text(rows, NOW), NOW + TRUSTED_FOR) is None
    assert [kept.updates(text, NOW) for text in (None, *STRANGE[:-1])] == [None] * len(STRANGE)
    assert kept.updates('{"at": "2026-11-24T12:00:00+00:00", "found": [["a", "1", "2", [], "odd", []]]}', NOW) is None


def test_what_is_too_old_or_from_the_future_is_forgotten() -> None:
    verdict, moves = kept.verdict_text(None, NOW), kept.moves_text(Moves(taken="a", offered=()), NOW)
    for at in (NOW + DAY, NOW - DAY / 24):
        assert kept.verdict(verdict, at, DAY) is None
    for at in (NOW + TRUSTED_FOR, NOW - DAY):
        assert kept.moves(moves, at) is None


@pytest.mark.parametrize("text", [None, *STRANGE])
def test_strange_texts_are_nothing(text: str | None) -> None:
    assert kept.verdict(text, NOW, DAY) is None
    assert kept.moves(text, NOW) is None
