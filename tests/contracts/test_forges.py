"""What every forge does, whatever stands behind it: one suite, run over each bench of `tests.rig.forge_bench`."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.errors import RepoError
from bot.formats import marks
from bot.model.policy import Trigger
from bot.model.proposal import Draft, Marks, State
from tests.rig.forge_bench import BENCHES, ForgeBench
from tests.rig.github_double.openapi import Description

MANUAL, QUARTERLY = "quarterdeck/manual", "quarterdeck/quarterly-2026q4"


def a_draft(branch: str = MANUAL, content: str = "c", title: str = "Rebuild") -> Draft:
    fingerprint = Marks(trigger=Trigger.MANUAL, quarter="", content=content, files="f", base="b" * 40)
    body = f"Why.\n\n{marks.render(fingerprint)}\n"
    return Draft(
        branch=branch, base_branch="main", title=title, body=body, marks=fingerprint, labels=("dependencies",)
    )  # fmt: skip


@pytest.fixture(params=sorted(BENCHES))
def bench(
    request: pytest.FixtureRequest, tmp_path: Path, github_description: Description, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ForgeBench]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with BENCHES[request.param](tmp_path / "forge", github_description) as opened:
        yield opened


def test_a_new_repository_has_no_proposals(bench: ForgeBench) -> None:
    assert bench.forge.proposals(bench.repository) == ()


def test_the_remote_carries_no_credential_in_its_address(bench: ForgeBench) -> None:
    assert "@" not in bench.forge.remote(bench.repository).url


def test_what_a_forge_knows_of_a_repository_names_it_and_stays_the_same(bench: ForgeBench) -> None:
    about = bench.forge.about(bench.repository)
    assert about == bench.forge.about(bench.repository)
    assert about is None or (about.name, about.branch, about.archived) == ("acme/web", "main", False)


def test_an_opened_proposal_is_listed_as_it_was_answered(bench: ForgeBench) -> None:
    head = bench.push(MANUAL, "django==5.0\n")
    draft = a_draft()
    opened = bench.forge.open(bench.repository, draft)
    assert bench.forge.proposals(bench.repository) == (opened,)
    assert (opened.branch, opened.title, opened.body) == (MANUAL, draft.title, draft.body)
    assert (opened.state, opened.head, opened.marks) == (State.OPEN, head, draft.marks)
    assert opened.number > 0
    assert opened.url


def test_opening_twice_makes_one_proposal_with_the_newer_texts(bench: ForgeBench) -> None:
    bench.push(MANUAL, "django==5.0\n")
    first = bench.forge.open(bench.repository, a_draft())
    second = bench.forge.open(bench.repository, a_draft(content="d", title="Rebuild again"))
    assert second.number == first.number
    assert bench.forge.proposals(bench.repository) == (second,)
    assert (second.title, second.marks) == ("Rebuild again", a_draft(content="d").marks)


def test_an_update_shows_the_new_commit_and_the_new_texts(bench: ForgeBench) -> None:
    bench.push(MANUAL, "django==5.0\n")
    number = bench.forge.open(bench.repository, a_draft()).number
    head = bench.push(MANUAL, "django==5.1\n")
    updated = bench.forge.update(bench.repository, number, a_draft(content="d", title="More"))
    assert (updated.number, updated.head, updated.title, updated.state) == (number, head, "More", State.OPEN)
    assert bench.forge.proposals(bench.repository) == (updated,)


def test_a_proposal_says_since_when_it_stands_whatever_becomes_of_it(bench: ForgeBench) -> None:
    bench.push(MANUAL, "django==5.0\n")
    opened = bench.forge.open(bench.repository, a_draft())
    assert opened.opened_at is not None
    assert opened.opened_at.tzinfo is not None
    assert bench.forge.update(bench.repository, opened.number, a_draft(title="More")).opened_at == opened.opened_at
    assert bench.forge.close(bench.repository, opened.number, "Obsolete.", None).opened_at == opened.opened_at


def test_an_equal_update_changes_nothing(bench: ForgeBench) -> None:
    bench.push(MANUAL, "django==5.0\n")
    opened = bench.forge.open(bench.repository, a_draft())
    assert bench.forge.update(bench.repository, opened.number, a_draft()) == opened


def test_what_a_person_merged_is_merged(bench: ForgeBench) -> None:
    bench.push(MANUAL, "django==5.0\n")
    bench.merge(bench.forge.open(bench.repository, a_draft()))
    assert [proposal.state for proposal in bench.forge.proposals(bench.repository)] == [State.MERGED]


def test_a_closed_proposal_is_a_no_that_stays_known(bench: ForgeBench) -> None:
    bench.push(MANUAL, "django==5.0\n")
    bench.decline(bench.forge.open(bench.repository, a_draft()))
    (declined,) = bench.forge.proposals(bench.repository)
    assert (declined.state, declined.marks) == (State.CLOSED, a_draft().marks)


def test_after_a_no_another_content_is_a_new_proposal(bench: ForgeBench) -> None:
    bench.push(MANUAL, "django==5.0\n")
    first = bench.forge.open(bench.repository, a_draft())
    bench.decline(first)
    bench.forge.proposals(bench.repository)
    bench.push(MANUAL, "django==5.1\n")
    second = bench.forge.open(bench.repository, a_draft(content="d"))
    assert second.number > first.number
    states = [(proposal.number, proposal.state) for proposal in bench.forge.proposals(bench.repository)]
    assert states == [(second.number, State.OPEN), (first.number, State.CLOSED)]


def test_branches_have_their_own_proposals_newest_first(bench: ForgeBench) -> None:
    for branch in (MANUAL, QUARTERLY):
        bench.push(branch, f"django==5.0 # {branch}\n")
        bench.forge.open(bench.repository, a_draft(branch))
    assert [proposal.branch for proposal in bench.forge.proposals(bench.repository)] == [QUARTERLY, MANUAL]


def test_closing_closes_and_closing_again_does_no_harm(bench: ForgeBench) -> None:
    bench.push(MANUAL, "django==5.0\n")
    number = bench.forge.open(bench.repository, a_draft()).number
    assert bench.forge.close(bench.repository, number, "Obsolete.", None).state is State.CLOSED
    assert bench.forge.close(bench.repository, number, "Obsolete.", None).state is State.CLOSED


def test_closing_with_a_body_leaves_that_body_with_its_marks(bench: ForgeBench) -> None:
    bench.push(MANUAL, "django==5.0\n")
    number = bench.forge.open(bench.repository, a_draft()).number
    withdrawn = a_draft(content="withdrawn")
    closed = bench.forge.close(bench.repository, number, "Obsolete.", withdrawn.body)
    assert (closed.state, closed.marks) == (State.CLOSED, withdrawn.marks)
    assert closed.body.endswith(withdrawn.body)
    assert bench.forge.proposals(bench.repository) == (closed,)


def test_the_state_stays_until_somebody_does_something(bench: ForgeBench) -> None:
    states = [bench.forge.state(bench.repository, "")]
    assert bench.forge.state(bench.repository, states[0]) == states[0]
    for act in (
        lambda: bench.push(MANUAL, "django==5.0\n"),
        lambda: bench.forge.open(bench.repository, a_draft()),
        lambda: bench.push(MANUAL, "django==5.1\n"),
        lambda: bench.forge.update(bench.repository, 1, a_draft(title="More")),
        lambda: bench.merge(bench.forge.proposals(bench.repository)[0]),
    ):
        act()
        states.append(bench.forge.state(bench.repository, states[-1]))
        assert bench.forge.state(bench.repository, states[-1]) == states[-1]
    assert len(set(states)) == len(states)


def test_a_branch_that_is_not_there_cannot_be_proposed(bench: ForgeBench) -> None:
    with pytest.raises(RepoError):
        bench.forge.open(bench.repository, a_draft())


def test_what_is_not_there_cannot_be_updated_or_closed(bench: ForgeBench) -> None:
    with pytest.raises(RepoError):
        bench.forge.update(bench.repository, 7, replace(a_draft(), title="x"))
    with pytest.raises(RepoError):
        bench.forge.close(bench.repository, 7, "x", None)
