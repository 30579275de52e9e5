"""What every place to talk does, whatever stands behind it: one suite, run over each bench of `tests.rig.forge_bench`."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.errors import RepoError
from bot.formats import marks
from bot.model.proposal import Draft, Proposal
from bot.model.talk import Page
from tests.builders import some_marks
from tests.rig.forge_bench import BENCHES, ForgeBench
from tests.rig.github_double.openapi import Description

MANUAL = "quarterdeck/manual"
MARK = "<!-- quarterdeck-overview -->"


@pytest.fixture(params=sorted(BENCHES))
def bench(
    request: pytest.FixtureRequest, tmp_path: Path, github_description: Description, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ForgeBench]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with BENCHES[request.param](tmp_path / "forge", github_description) as opened:
        yield opened


def _opened(bench: ForgeBench) -> Proposal:
    bench.push(MANUAL, "django==5.0\n")
    body = f"Why.\n\n{marks.render(some_marks())}\n"
    draft = Draft(branch=MANUAL, base_branch="main", title="Rebuild", body=body, marks=some_marks())
    return bench.forge.open(bench.repository, draft)


def test_nobody_has_commented_on_a_new_proposal(bench: ForgeBench) -> None:
    assert bench.talk.comments(bench.repository, _opened(bench).number) == ()


def test_what_we_say_moves_the_state_once_and_leaves_the_proposal_ours(bench: ForgeBench) -> None:
    proposal = _opened(bench)
    states = [bench.forge.state(bench.repository, "")]
    for _ in range(2):
        bench.talk.say(bench.repository, proposal.number, "Somebody pushed.\n\nLeft alone.")
        states.append(bench.forge.state(bench.repository, states[-1]))
    assert (states[0] == states[1], states[1] == states[2]) == (False, True)
    assert [one.marks for one in bench.forge.proposals(bench.repository)] == [proposal.marks]
    assert all(comment.ours for comment in bench.talk.comments(bench.repository, proposal.number))


def test_a_stranger_may_not_write(bench: ForgeBench) -> None:
    assert not bench.talk.may_write(bench.repository, "stranger")


def test_a_page_keeps_its_address(bench: ForgeBench) -> None:
    texts = ("All is well.", "All is well.", "Less well.")
    pages = [Page(title="Overview", body=f"{text}\n{MARK}", mark=MARK) for text in texts]
    assert len({bench.talk.keep_page(bench.repository, page) for page in pages}) == 1


def test_what_is_not_there_cannot_be_spoken_to(bench: ForgeBench) -> None:
    with pytest.raises(RepoError):
        bench.talk.say(bench.repository, 7, "x")
