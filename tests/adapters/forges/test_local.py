from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from bot.adapters.forges.git_memory import GitMemory
from bot.adapters.forges.local import LocalForge
from bot.adapters.stores.sql import SqlStore
from bot.adapters.workspaces.git import GitWorkspace
from bot.decide.fingerprint import TRAILER, commit_message
from bot.errors import PublishFailed
from bot.model.policy import Trigger
from bot.model.proposal import Draft, Marks, Proposal, State
from bot.model.repository import Repository
from tests.builders import some_marks
from tests.rig.repositories import commit, git, make_repository

MANUAL = "quarterdeck/manual"
QUARTERLY = "quarterdeck/quarterly-2026q4"
BASE = "quarterdeck/base-debian-13"


@dataclass(kw_only=True)
class Place:
    """A person's real repository, the forge over it, and what the person and the bot do there."""

    path: Path
    store: SqlStore
    found: list[Proposal] = field(default_factory=list)
    base: str = ""

    @property
    def repository(self) -> Repository:
        return Repository(name=self.path.name, url=str(self.path))

    @property
    def forge(self) -> LocalForge:
        return LocalForge(
            store=self.store, branch_tip=self._tip, merged=self._merged, rediscover=lambda _: tuple(self.found),
            branches=lambda _: {"all": git(self.path, "for-each-ref", "refs/heads")},
        )  # fmt: skip

    def push(self, branch: str = MANUAL, content: str = "c1") -> str:
        """Leave one commit with our trailers on a branch, as the workspace does."""
        self.base = git(self.path, "rev-parse", "main")
        git(self.path, "checkout", "--quiet", "-B", branch, "main")
        files = {"requirements.txt": f"# {content}\n"}
        made = commit(self.path, files, commit_message("Rebuild", self.marks(content), "why"))
        git(self.path, "checkout", "--quiet", "main")
        return made

    def proposals(self) -> tuple[Proposal, ...]:
        return self.forge.proposals(self.repository)

    def marks(self, content: str) -> Marks:
        return some_marks(content=content, files=content, quarter="", base=self.base)

    def draft(self, branch: str = MANUAL, content: str = "c1", title: str = "Rebuild") -> Draft:
        return Draft(branch=branch, base_branch="main", marks=self.marks(content), title=title, body="because")

    def seen(self, state: State = State.OPEN, branch: str = MANUAL, content: str = "c1") -> Proposal:
        """Give what git tells of a proposal."""
        tip = self._tip(self.repository, branch) or ""
        return Proposal(
            number=0, url="", branch=branch, title="Rebuild", body="", state=state, head=tip, marks=self.marks(content)
        )

    def _tip(self, repository: Repository, branch: str) -> str | None:
        assert repository == self.repository
        names = git(self.path, "for-each-ref", "--format=%(objectname)", f"refs/heads/{branch}")
        return names or None

    def _merged(self, repository: Repository, proposal: Proposal) -> bool:
        assert repository == self.repository
        if proposal.head in git(self.path, "rev-list", "main").split():
            return True
        assert proposal.marks is not None
        since = git(self.path, "log", "--format=%B", f"{proposal.marks.base}..main")
        return f"{TRAILER}: {proposal.marks.content}\n" in since


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    path = make_repository(tmp_path / "web", {"requirements.txt": "# pinned\n"})
    with SqlStore.open(tmp_path / "data") as store:
        yield Place(path=path, store=store)


def test_git_reaches_the_repository_where_it_is_with_its_whole_history(place: Place) -> None:
    remote = place.forge.remote(place.repository)

    assert (remote.url, remote.credential, remote.history) == (str(place.path), None, True)


def test_a_new_proposal_gets_the_next_number_and_says_where_its_branch_is(place: Place) -> None:
    head = place.push()
    place.push(QUARTERLY)

    opened = place.forge.open(place.repository, place.draft())
    other = place.forge.open(place.repository, place.draft(QUARTERLY))

    assert opened == Proposal(
        number=1, url=f"{place.path}#{MANUAL}", branch=MANUAL, title="Rebuild", body="because", state=State.OPEN,
        head=head, marks=place.marks("c1"), opened_at=opened.opened_at,
    )  # fmt: skip
    assert opened.opened_at is not None
    assert place.proposals() == (other, opened)
    assert other.number == 2


def test_opening_on_a_branch_with_an_open_proposal_updates_it(place: Place) -> None:
    place.push()
    place.forge.open(place.repository, place.draft())
    head = place.push(content="c2")

    again = place.forge.open(place.repository, place.draft(content="c2", title="Rebuild more"))

    assert (again.number, again.title, again.head, again.marks) == (1, "Rebuild more", head, place.marks("c2"))
    assert place.proposals() == (again,)


def test_a_branch_that_is_not_there_cannot_be_proposed(place: Place) -> None:
    with pytest.raises(PublishFailed, match=f"web has no branch {MANUAL}"):
        place.forge.open(place.repository, place.draft())

    assert place.proposals() == ()


def test_a_proposal_that_is_not_there_cannot_be_updated_or_closed(place: Place) -> None:
    with pytest.raises(PublishFailed, match="web has no proposal 3"):
        place.forge.update(place.repository, 3, place.draft())
    with pytest.raises(PublishFailed, match="web has no proposal 3"):
        place.forge.close(place.repository, 3, "gone", None)


def test_repositories_of_one_name_keep_their_proposals_apart(place: Place) -> None:
    place.push()
    place.forge.open(place.repository, place.draft())

    twin = replace(place.repository, url="file:///elsewhere/web")
    assert place.store.proposals(twin.key) == ()


@pytest.mark.parametrize("how", [["--ff-only"], ["--no-ff"]])
@pytest.mark.parametrize("tidy", [True, False])
def test_git_merge_merges(place: Place, how: list[str], *, tidy: bool) -> None:
    head = place.push()
    place.forge.open(place.repository, place.draft())
    git(place.path, "merge", "--quiet", *how, MANUAL)
    if tidy:
        git(place.path, "branch", "--quiet", "-d", MANUAL)

    (merged,) = place.proposals()

    assert (merged.state, merged.head) == (State.MERGED, "" if tidy else head)
    assert place.store.proposals(place.repository.key) == (merged,)


def test_a_merge_of_the_branch_after_a_person_added_to_it_merges(place: Place) -> None:
    place.push()
    place.forge.open(place.repository, place.draft())
    git(place.path, "checkout", "--quiet", MANUAL)
    git(place.path, "commit", "--quiet", "--amend", "--allow-empty", "--message", "Mine")
    git(place.path, "checkout", "--quiet", "main")
    git(place.path, "merge", "--quiet", MANUAL)

    assert place.proposals()[0].state is State.MERGED


def test_content_that_came_another_way_counts_as_merged(place: Place) -> None:
    place.push()
    place.forge.open(place.repository, place.draft())
    commit(place.path, {"README": "meanwhile"}, "Move on")
    git(place.path, "cherry-pick", MANUAL)
    git(place.path, "branch", "--quiet", "-D", MANUAL)

    assert place.proposals()[0].state is State.MERGED


def test_deleting_the_branch_is_a_no(place: Place) -> None:
    place.push()
    place.forge.open(place.repository, place.draft())
    git(place.path, "branch", "--quiet", "-D", MANUAL)

    (closed,) = place.proposals()

    assert (closed.state, closed.head) == (State.CLOSED, "")
    assert place.proposals() == (closed,)


def test_after_a_no_the_branch_may_be_proposed_again_under_a_new_number(place: Place) -> None:
    place.push()
    place.forge.open(place.repository, place.draft())
    git(place.path, "branch", "--quiet", "-D", MANUAL)
    place.proposals()
    place.push(content="c2")

    opened = place.forge.open(place.repository, place.draft(content="c2"))

    assert [(kept.number, kept.state) for kept in place.proposals()] == [(2, State.OPEN), (1, State.CLOSED)]
    assert opened.number == 2


def test_a_branch_that_moved_shows_its_new_head(place: Place) -> None:
    place.push()
    place.forge.open(place.repository, place.draft())
    head = place.push(content="c2")

    (moved,) = place.proposals()

    assert (moved.state, moved.head, moved.marks) == (State.OPEN, head, place.marks("c1"))


def test_a_closed_proposal_begins_with_the_comment_and_stays_closed_while_its_branch_stands(place: Place) -> None:
    place.push()
    opened = place.forge.open(place.repository, place.draft())

    closed = place.forge.close(place.repository, opened.number, "everything is up to date without it", None)

    assert closed.state is State.CLOSED
    assert closed.body == "> Closed: everything is up to date without it\n\nbecause"
    assert place.forge.close(place.repository, opened.number, "again", None) == closed
    assert place.proposals() == (closed,)


class TestLostStore:
    def test_a_branch_that_stands_is_found_again_and_not_doubled(self, place: Place) -> None:
        head = place.push()
        place.found = [place.seen()]

        (found,) = place.proposals()

        assert (found.number, found.state, found.head) == (1, State.OPEN, head)
        assert found.url == f"{place.path}#{MANUAL}"
        assert place.proposals() == (found,)
        assert place.forge.open(place.repository, place.draft()).number == 1

    def test_what_is_found_is_numbered_oldest_first(self, place: Place) -> None:
        place.push(QUARTERLY)
        merged = replace(place.seen(State.MERGED, content="c0"), head="f" * 40)
        place.found = [place.seen(branch=QUARTERLY), merged]

        assert [(kept.number, kept.branch) for kept in place.proposals()] == [(2, QUARTERLY), (1, MANUAL)]

    def test_a_known_proposal_is_not_taken_over_again_once_merged(self, place: Place) -> None:
        place.push()
        place.forge.open(place.repository, place.draft())
        git(place.path, "merge", "--quiet", MANUAL)
        git(place.path, "branch", "--quiet", "-d", MANUAL)
        place.found = [place.seen(State.MERGED)]

        assert [(kept.number, kept.state) for kept in place.proposals()] == [(1, State.MERGED)]

    def test_a_push_whose_update_was_lost_belongs_to_the_open_proposal(self, place: Place) -> None:
        place.push()
        place.forge.open(place.repository, place.draft())
        place.push(content="c2")
        place.found = [place.seen(content="c2")]

        assert [kept.number for kept in place.proposals()] == [1]

    def test_a_closed_proposal_is_not_opened_by_its_branch(self, place: Place) -> None:
        place.push()
        place.forge.open(place.repository, place.draft())
        place.forge.close(place.repository, 1, "no", None)
        place.push()
        place.found = [place.seen()]

        assert [kept.state for kept in place.proposals()] == [State.CLOSED]

    def test_the_same_content_after_a_revert_is_a_new_proposal(self, place: Place) -> None:
        place.push()
        place.forge.open(place.repository, place.draft())
        git(place.path, "merge", "--quiet", MANUAL)
        git(place.path, "revert", "--no-edit", "HEAD")
        place.proposals()
        place.push()
        place.found = [place.seen()]

        assert [(kept.number, kept.state) for kept in place.proposals()] == [(2, State.OPEN), (1, State.MERGED)]

    def test_a_found_proposal_without_marks_is_only_known_by_its_branch_and_head(self, place: Place) -> None:
        place.push()
        place.forge.open(place.repository, place.draft())
        git(place.path, "merge", "--quiet", MANUAL)
        bare = replace(place.seen(State.MERGED), marks=None)
        place.found = [bare, replace(bare, branch=QUARTERLY)]

        assert [(kept.number, kept.branch) for kept in place.proposals()] == [(2, QUARTERLY), (1, MANUAL)]


class TestWhatGitRemembers:
    """The store is lost; the clone is made anew, and only git knows what was proposed."""

    def rediscovered(self, place: Place, folder: Path) -> list[tuple[str, State]]:
        def workspace(repository: Repository) -> GitWorkspace:
            return GitWorkspace(folder / "new", repository.key, author="Q", email="q@localhost", home=folder)

        memory = GitMemory(workspace=workspace)
        with SqlStore.open(folder / "new") as store:
            forge = LocalForge(
                store=store, branch_tip=memory.branch_tip, merged=memory.merged, rediscover=memory.rediscover,
                branches=memory.branches,
            )  # fmt: skip
            found = forge.proposals(place.repository)
            assert forge.proposals(place.repository) == found
        return [(proposal.branch, proposal.state) for proposal in found]

    def propose(self, place: Place, branch: str, *, named: bool = True) -> None:
        """Leave a commit of a security rebuild on a branch, as the workflow does."""
        git(place.path, "checkout", "--quiet", "-B", branch, "main")
        marks = replace(some_marks(content=branch, files=branch, quarter=""), trigger=Trigger.SECURITY)
        message = commit_message("Move", marks, "why", branch if named else "")
        commit(place.path, {f"{branch.rpartition('/')[2]}.txt": "moved\n"}, message)
        git(place.path, "checkout", "--quiet", "main")

    def test_a_move_to_another_release_that_stands_is_found_under_its_branch(
        self, place: Place, tmp_path: Path
    ) -> None:
        self.propose(place, BASE)
        assert self.rediscovered(place, tmp_path) == [(BASE, State.OPEN)]

    def test_several_that_were_merged_are_told_apart(self, place: Place, tmp_path: Path) -> None:
        for branch in (BASE, "quarterdeck/base-python-3.13", "quarterdeck/security"):
            self.propose(place, branch)
            git(place.path, "merge", "--quiet", branch)
            git(place.path, "branch", "--quiet", "-D", branch)
        assert set(self.rediscovered(place, tmp_path)) == {
            (BASE, State.MERGED), ("quarterdeck/base-python-3.13", State.MERGED), ("quarterdeck/security", State.MERGED),
        }  # fmt: skip

    def test_a_commit_from_before_branches_were_named_is_told_by_its_trigger(
        self, place: Place, tmp_path: Path
    ) -> None:
        self.propose(place, BASE, named=False)
        assert self.rediscovered(place, tmp_path / "standing") == [(BASE, State.OPEN)]
        git(place.path, "merge", "--quiet", BASE)
        git(place.path, "branch", "--quiet", "-D", BASE)
        assert self.rediscovered(place, tmp_path / "merged") == [("quarterdeck/security", State.MERGED)]

    def test_a_message_that_only_looks_like_ours_is_nobodys_proposal(self, place: Place, tmp_path: Path) -> None:
        git(place.path, "checkout", "--quiet", "-B", "quarterdeck/mine", "main")
        commit(place.path, {"a": "b"}, f"Mine\n\nQuarterdeck-shaped\n{TRAILER}: x\nQuarterdeck-Branch: {BASE}")
        git(place.path, "checkout", "--quiet", "main")
        git(place.path, "merge", "--quiet", "quarterdeck/mine")
        assert self.rediscovered(place, tmp_path) == []
