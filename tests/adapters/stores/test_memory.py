"""The store against a model in plain dictionaries: any order of calls, with closing and reopening in between."""

import shutil
import tempfile
from dataclasses import replace
from datetime import UTC
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from bot.adapters.stores.sql import SqlStore
from bot.model.policy import Trigger
from bot.model.proposal import Marks, Proposal, State
from tests.builders import NOW

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
NAMES = st.sampled_from(["web", "api", "Web"])
KEYS = st.sampled_from(["", "a", "b", "ü"])
MARKS = st.builds(
    Marks, trigger=st.sampled_from(Trigger), quarter=st.just("2026q4"), content=TEXTS, files=TEXTS, base=TEXTS
)
DRAFTS: st.SearchStrategy[Any] = st.builds(
    Proposal,
    number=st.just(0), url=TEXTS, branch=TEXTS, title=TEXTS, body=TEXTS, state=st.sampled_from(State), head=TEXTS,
    marks=st.none() | MARKS, opened_at=st.datetimes(timezones=st.just(UTC)),
)  # fmt: skip


class Memory(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.store = SqlStore.open(self.folder)
        self.proposals: dict[str, list[Proposal]] = {}
        self.answers: dict[tuple[str, str], str] = {}

    @rule(name=NAMES, draft=DRAFTS)
    def save(self, name: str, draft: Proposal) -> None:
        kept = self.proposals.setdefault(name, [])
        kept.append(replace(draft, number=len(kept) + 1))
        assert self.store.save_proposal(name, draft) == kept[-1]

    @precondition(lambda self: self.proposals)
    @rule(data=st.data(), draft=DRAFTS)
    def replace(self, data: st.DataObject, draft: Proposal) -> None:
        name = data.draw(st.sampled_from(sorted(self.proposals)))
        number = data.draw(st.integers(1, len(self.proposals[name])))
        opened_at = self.proposals[name][number - 1].opened_at  # a proposal is opened once
        self.proposals[name][number - 1] = replace(draft, number=number, opened_at=opened_at)
        self.store.save_proposal(name, self.proposals[name][number - 1])

    @rule(kind=NAMES, key=KEYS, value=TEXTS)
    def remember(self, kind: str, key: str, value: str) -> None:
        self.answers[kind, key] = value
        self.store.remember(kind, key, value, NOW)

    @rule(kind=NAMES, key=KEYS)
    def recall(self, kind: str, key: str) -> None:
        assert self.store.recall(kind, key) == self.answers.get((kind, key))

    @rule()
    def reopen(self) -> None:
        self.store.close()
        self.store = SqlStore.open(self.folder)

    @invariant()
    def proposals_are_those_that_were_saved(self) -> None:
        for name in ("web", "api", "Web"):
            assert self.store.proposals(name) == tuple(reversed(self.proposals.get(name, [])))

    def teardown(self) -> None:
        self.store.close()
        shutil.rmtree(self.folder)


TestMemory = Memory.TestCase
TestMemory.settings = settings(
    max_examples=20, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
