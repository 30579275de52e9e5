"""Pull requests on a GitHub that runs on this machine; every exchange is held against GitHub's own description."""

import logging
import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.adapters.forges.github import GithubForge
from bot.adapters.forges.github_access import GithubAccess
from bot.errors import AccessDenied, BotError, PublishFailed, RepoError, Unavailable
from bot.formats import marks
from bot.model.policy import Trigger
from bot.model.proposal import Draft, Marks, State
from bot.model.repository import Repository
from bot.model.secrets import Secret
from tests.rig.github import BOT, DROPPED, TOKEN, GitHubServer
from tests.rig.github_double.openapi import Description, Exchange
from tests.rig.repositories import commit, git

WEB = Repository(name="acme/web", url="")
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
MARKS = Marks(trigger=Trigger.MANUAL, quarter="", content="c" * 32, files="f" * 32, base="b" * 40)
DRAFT = Draft(
    branch="quarterdeck/manual", base_branch="main", title="Rebuild", body=f"Why.\n\n{marks.render(MARKS)}\n",
    marks=MARKS, labels=("dependencies",), reviewers=("ada",), team_reviewers=("acme/crew",), assignees=("ben",),
)  # fmt: skip


@dataclass
class Bench:
    """A forge before a server with one repository that has `ada` and `ben` as collaborators and `crew` as a team."""

    server: GitHubServer
    slept: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        people = {"collaborators": {"ada", "ben"}, "teams": {"crew"}}
        self.repo = self.server.add_repository("acme/web", {"requirements.txt": "django==4.2\n"}, **people)
        self.forge = self.another()

    def another(self, token: str = TOKEN) -> GithubForge:
        return GithubForge(
            GithubAccess.with_token(self.server.url, Secret(token), sleep=self.slept.append, now=lambda: NOW)
        )

    def push(self, branch: str = "quarterdeck/manual", text: str = "django==5.0\n") -> str:
        work = self.repo.path.with_name("web.git.work")
        git(work, "checkout", "--quiet", "-B", branch, "main")
        made = commit(work, {"requirements.txt": text}, f"Rebuild {branch}")
        git(work, "push", "--quiet", "--force", "origin", branch)
        return made


@pytest.fixture
def bench(github_server: GitHubServer) -> Bench:
    return Bench(github_server)


def test_the_remote_is_where_github_says_with_the_token_beside_it(bench: Bench) -> None:
    remote = bench.forge.remote(WEB)
    assert remote.url == f"{bench.server.git.url}/acme/web.git"
    assert remote.credential is not None
    assert (remote.credential.username, remote.credential.password.reveal()) == ("x-access-token", TOKEN)
    assert not remote.history
    assert TOKEN not in repr(remote)


def test_git_can_be_served_from_elsewhere(bench: Bench) -> None:
    forge = GithubForge(GithubAccess.with_token(bench.server.url, Secret(TOKEN)), clone_url="https://git.example.org/")
    assert forge.remote(WEB).url == "https://git.example.org/acme/web.git"


def test_a_clone_address_without_https_is_not_given_the_token_of_a_github_with_it() -> None:
    forge = GithubForge(
        GithubAccess.with_token("https://api.github.example.org", Secret(TOKEN)), clone_url="http://git.example.org"
    )
    with pytest.raises(RepoError, match="without https"):
        forge.remote(WEB)


def test_an_enterprise_server_has_its_api_under_a_path(tmp_path: Path, github_description: Description) -> None:
    with GitHubServer(tmp_path / "ghe", prefix="/api/v3", description=github_description) as server:
        bench = Bench(server)
        bench.push()
        opened = bench.forge.open(WEB, DRAFT)
        assert bench.forge.proposals(WEB) == (opened,)
        assert server.violations == []


def test_opening_sets_labels_reviewers_teams_and_assignees(bench: Bench) -> None:
    head = bench.push()
    opened = bench.forge.open(WEB, DRAFT)
    pull = bench.repo.pulls[1]
    assert (opened.number, opened.head, opened.state, opened.marks) == (1, head, State.OPEN, MARKS)
    assert (opened.branch, opened.title, opened.body) == (DRAFT.branch, DRAFT.title, DRAFT.body)
    assert opened.url.endswith("/acme/web/pull/1")
    assert (pull.labels, pull.reviewers, pull.teams, pull.assignees) == (["dependencies"], ["ada"], ["crew"], ["ben"])


def test_opening_where_one_is_open_updates_that_one(bench: Bench) -> None:
    bench.push()
    first = bench.forge.open(WEB, DRAFT)
    again = bench.forge.open(WEB, replace(DRAFT, title="Rebuild, more of it"))
    assert (again.number, again.title) == (first.number, "Rebuild, more of it")
    assert len(bench.repo.pulls) == 1


def test_somebody_who_is_faster_does_not_make_two(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.push()
    bench.forge.open(WEB, DRAFT)
    bench.server.fail_next(200, r"/pulls$", method="GET", body=[])  # not there yet, when it was asked
    again = bench.forge.open(WEB, replace(DRAFT, title="Second"))
    assert (again.number, again.title, len(bench.repo.pulls)) == (1, "Second", 1)


def test_a_pull_request_that_arrived_though_the_answer_was_lost_is_found(bench: Bench) -> None:
    bench.push()
    bench.server.open_as(BOT, "acme/web", DRAFT.branch, title="Rebuild", body=DRAFT.body)
    bench.server.fail_next(200, r"/pulls$", method="GET", body=[])
    bench.server.fail_next(502, r"/pulls$", method="POST")
    assert bench.forge.open(WEB, DRAFT).number == 1
    assert len(bench.repo.pulls) == 1


def test_an_equal_update_writes_nothing(bench: Bench) -> None:
    bench.push()
    opened = bench.forge.open(WEB, DRAFT)
    bench.repo.pulls[1].body = DRAFT.body.replace("\n", "\r\n")  # as a browser saves it
    bench.repo.pulls[1].labels = ["Dependencies", "a person's own"]
    before = len(bench.server.writes())
    updated = bench.forge.update(WEB, 1, DRAFT)
    assert len(bench.server.writes()) == before
    assert replace(updated, body=opened.body) == opened


def test_an_update_writes_only_what_differs(bench: Bench) -> None:
    bench.push()
    bench.forge.open(WEB, DRAFT)
    before = len(bench.server.log)
    bench.forge.update(WEB, 1, replace(DRAFT, title="Other", labels=("dependencies", "security")))
    sent = [(entry.method, entry.sent) for entry in bench.server.log[before:] if entry.method != "GET"]
    assert sent == [("PATCH", {"title": "Other"}), ("POST", {"labels": ["security"]})]


def test_new_content_replaces_the_body(bench: Bench) -> None:
    bench.push()
    bench.forge.open(WEB, DRAFT)
    newer = replace(MARKS, content="d" * 32)
    updated = bench.forge.update(WEB, 1, replace(DRAFT, body=f"More.\n\n{marks.render(newer)}\n", marks=newer))
    assert (updated.marks, bench.forge.proposals(WEB)) == (newer, (updated,))


def test_an_update_moves_a_pull_request_to_another_base(bench: Bench) -> None:
    bench.push()
    bench.forge.open(WEB, DRAFT)
    git(bench.repo.path, "branch", "next", "main")
    bench.forge.update(WEB, 1, replace(DRAFT, base_branch="next"))
    assert bench.repo.pulls[1].base == "next"


def test_who_has_reviewed_is_not_asked_again(bench: Bench) -> None:
    bench.push()
    bench.forge.open(WEB, DRAFT)
    bench.server.review("acme/web", 1, author="ada")
    before = len(bench.server.writes())
    bench.forge.update(WEB, 1, DRAFT)
    assert len(bench.server.writes()) == before


def test_the_author_is_not_asked_to_review(bench: Bench) -> None:
    bench.push()
    bench.forge.open(WEB, replace(DRAFT, reviewers=(BOT,), team_reviewers=()))
    assert ("POST", "/repos/acme/web/pulls/1/requested_reviewers") not in bench.server.writes()


def test_one_who_cannot_review_costs_neither_the_proposal_nor_the_others(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.push()
    draft = replace(DRAFT, reviewers=("stranger", "ada"), team_reviewers=("crew", "gone"))
    assert bench.forge.open(WEB, draft).state is State.OPEN
    assert (bench.repo.pulls[1].reviewers, bench.repo.pulls[1].teams) == (["ada"], ["crew"])
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 2
    assert "without reviewer stranger" in caplog.text
    assert "without team gone" in caplog.text


def test_a_single_stranger_is_asked_once(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.push()
    bench.forge.open(WEB, replace(DRAFT, reviewers=("stranger",), team_reviewers=()))
    asked = [path for _, path in bench.server.writes() if path.endswith("requested_reviewers")]
    assert len(asked) == 1
    assert "without reviewers stranger" in caplog.text


def test_a_label_that_github_refuses_does_not_cost_the_proposal(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.push()
    assert bench.forge.open(WEB, replace(DRAFT, labels=("x" * 51,))).number == 1
    assert "Label name invalid" in caplog.text


def test_github_refuses_what_changes_nothing_in_its_own_words(bench: Bench) -> None:
    git(bench.repo.path, "branch", "quarterdeck/manual", "main")
    with pytest.raises(PublishFailed, match=r"Validation Failed; No commits between main and quarterdeck/manual"):
        bench.forge.open(WEB, DRAFT)


def test_a_branch_that_was_not_pushed_cannot_be_proposed(bench: Bench) -> None:
    with pytest.raises(PublishFailed, match="PullRequest head invalid"):
        bench.forge.open(WEB, DRAFT)


def test_merged_closed_and_reopened_are_told_apart(bench: Bench) -> None:
    bench.push()
    bench.forge.open(WEB, DRAFT)
    bench.server.close("acme/web", 1)
    assert bench.forge.proposals(WEB)[0].state is State.CLOSED
    bench.server.reopen("acme/web", 1)
    assert bench.forge.proposals(WEB)[0].state is State.OPEN
    bench.server.merge("acme/web", 1)
    git(bench.repo.path, "branch", "-D", "quarterdeck/manual")
    assert bench.forge.proposals(WEB)[0].state is State.MERGED
    assert git(bench.repo.path, "show", "main:requirements.txt") == "django==5.0"


def test_a_deleted_branch_closes_and_its_last_commit_stays_known(bench: Bench) -> None:
    head = bench.push()
    bench.forge.open(WEB, DRAFT)
    bench.forge.proposals(WEB)
    git(bench.repo.path, "branch", "-D", "quarterdeck/manual")
    (proposal,) = bench.forge.proposals(WEB)
    assert (proposal.state, proposal.head) == (State.CLOSED, head)


def test_only_own_branches_count(bench: Bench) -> None:
    bench.push()
    bench.push("feature")
    bench.server.open_as("eve", "acme/web", "quarterdeck/manual", fork="eve")
    bench.server.open_as("ada", "acme/web", "feature")
    bench.forge.open(WEB, DRAFT)
    assert [proposal.number for proposal in bench.forge.proposals(WEB)] == [3]


def test_a_body_without_our_block_has_no_marks(bench: Bench) -> None:
    bench.push()
    bench.server.open_as("ada", "acme/web", "quarterdeck/manual", body=None)
    (proposal,) = bench.forge.proposals(WEB)
    assert (proposal.body, proposal.marks) == ("", None)


def test_up_to_a_page_of_pull_requests_costs_one_request(bench: Bench) -> None:
    bench.push()
    bench.forge.open(WEB, DRAFT)
    before = len(bench.server.log)
    assert len(bench.forge.proposals(WEB)) == 1
    assert [entry.path for entry in bench.server.log[before:]] == ["/repos/acme/web/pulls"]


def test_a_proposal_behind_a_hundred_others_is_found(bench: Bench) -> None:
    bench.push()
    bench.forge.open(WEB, DRAFT)
    for number in range(130):
        bench.server.open_as("ada", "acme/web", f"gone-{number}")
    assert [proposal.number for proposal in bench.forge.proposals(WEB)] == [1]


def test_a_no_behind_hundreds_of_others_is_still_a_no(bench: Bench) -> None:
    for branch in ("quarterdeck/manual", "quarterdeck/quarterly-2026q3", "quarterdeck/of-old", "feature"):
        bench.push(branch)
    bench.forge.open(WEB, replace(DRAFT, branch="quarterdeck/quarterly-2026q3"))
    bench.server.merge("acme/web", 1)
    git(bench.repo.path, "branch", "-D", "quarterdeck/quarterly-2026q3")
    bench.forge.open(WEB, DRAFT)
    bench.server.close("acme/web", 2)
    bench.forge.open(WEB, replace(DRAFT, branch="quarterdeck/of-old"))
    for number in range(230):
        bench.server.open_as("ada", "acme/web", f"gone-{number}")
    before = len(bench.server.log)
    found = [(proposal.number, proposal.state) for proposal in bench.forge.proposals(WEB)]
    assert found == [(3, State.OPEN), (2, State.CLOSED), (1, State.MERGED)]
    assert len(bench.server.log) - before == 2 + 1 + 9  # two pages, branches, one for each branch


def test_closing_says_why_and_closes(bench: Bench) -> None:
    bench.push()
    bench.forge.open(WEB, DRAFT)
    closed = bench.forge.close(WEB, 1, "Everything is up to date without it.", None)
    assert closed.state is State.CLOSED
    assert [entry.body for entry in bench.repo.pulls[1].comments] == ["Everything is up to date without it."]


def test_closing_writes_state_and_body_at_once(bench: Bench) -> None:
    bench.push()
    bench.forge.open(WEB, DRAFT)
    bench.forge.close(WEB, 1, "Obsolete.", "Withdrawn.")
    assert [entry.sent for entry in bench.server.log if entry.method == "PATCH"] == [
        {"state": "closed", "body": "Withdrawn."}
    ]


def test_closing_again_says_nothing(bench: Bench) -> None:
    bench.push()
    bench.forge.open(WEB, DRAFT)
    bench.forge.close(WEB, 1, "Obsolete.", None)
    before = len(bench.server.writes())
    assert bench.forge.close(WEB, 1, "Obsolete.", None).state is State.CLOSED
    assert len(bench.server.writes()) == before


def test_closing_that_was_interrupted_after_the_comment_does_not_repeat_it(bench: Bench) -> None:
    bench.push()
    bench.forge.open(WEB, DRAFT)
    bench.server.fail_next(500, r"/pulls/1$", method="PATCH", times=3)
    with pytest.raises(Unavailable):
        bench.forge.close(WEB, 1, "Obsolete.", None)
    bench.forge.close(WEB, 1, "Obsolete.", None)
    assert len(bench.repo.pulls[1].comments) == 1


def test_a_comment_is_not_tried_twice(bench: Bench) -> None:
    bench.push()
    bench.forge.open(WEB, DRAFT)
    bench.server.fail_next(502, r"/comments$", method="POST")
    with pytest.raises(Unavailable):
        bench.forge.close(WEB, 1, "Obsolete.", None)
    assert bench.slept == []


def test_a_wrong_token_is_for_the_operator(bench: Bench) -> None:
    wrong = "ghp_wrong"
    with pytest.raises(AccessDenied, match="Bad credentials") as caught:
        bench.another(wrong).proposals(WEB)
    assert "[forge]" in caught.value.hint
    assert wrong not in str(caught.value)


def test_a_missing_permission_is_named(bench: Bench) -> None:
    bench.push()
    bench.server.permissions["pull_requests"] = "read"
    with pytest.raises(AccessDenied, match="Resource not accessible") as caught:
        bench.forge.open(WEB, DRAFT)
    assert "pull requests: write" in caught.value.hint


def test_an_archived_repository_is_for_its_owner(bench: Bench) -> None:
    bench.push()
    bench.repo.archived = True
    with pytest.raises(RepoError, match="read-only"):
        bench.forge.open(WEB, DRAFT)


def test_a_repository_that_cannot_be_seen_is_not_found(bench: Bench) -> None:
    with pytest.raises(RepoError, match="not found, or the token cannot see it"):
        bench.forge.proposals(Repository(name="acme/secret", url=""))


@pytest.mark.parametrize("name", ["web", "acme/web/more", "../web", "acme/..", "acme/we b", ""])
def test_a_name_that_is_no_repository_is_not_asked_for(bench: Bench, name: str) -> None:
    with pytest.raises(RepoError, match="not a repository of GitHub"):
        bench.forge.remote(Repository(name=name, url=""))
    assert bench.server.log == []


def test_the_primary_limit_tells_when_to_come_back(bench: Bench) -> None:
    bench.server.rate_remaining = 0
    bench.server.rate_reset = int((NOW + timedelta(minutes=7)).timestamp())
    with pytest.raises(Unavailable, match="rate limit exceeded") as caught:
        bench.forge.proposals(WEB)
    assert caught.value.retry_after == 420
    assert bench.slept == []


SECONDARY = {"message": "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."}


@pytest.mark.parametrize(
    ("status", "headers", "body", "wait"),
    [
        (403, {"Retry-After": "17"}, SECONDARY, 17.0),
        (403, {}, SECONDARY, 60.0),
        (429, {"Retry-After": "3"}, SECONDARY, 3.0),
        (429, {"Retry-After": "soon"}, None, 60.0),
        (503, {"Retry-After": "9"}, None, 9.0),
    ],
)
def test_limits_say_how_long_to_wait(
    bench: Bench, status: int, headers: dict[str, str], body: object, wait: float
) -> None:
    bench.server.fail_next(status, headers=headers, body=body, times=3)
    with pytest.raises(Unavailable) as caught:
        bench.forge.proposals(WEB)
    assert caught.value.retry_after == wait


@pytest.mark.parametrize(
    ("status", "body", "kind", "text"),
    [
        (403, None, AccessDenied, "Injected 403"),
        (409, {"message": "Conflict"}, PublishFailed, "Conflict"),
        (422, {"message": "Invalid", "errors": ["too long", {"field": "body"}]}, PublishFailed, "Invalid; too long; "),
        (422, {"message": "y" * 2000}, PublishFailed, "y…"),
        (410, {"message": "Gone"}, RepoError, r"Gone \(410\)"),
        (451, "", RepoError, r"GitHub answered 451"),
        (500, None, Unavailable, "GitHub answered 500"),
        (502, "<html>Bad gateway</html>", Unavailable, "GitHub answered 502"),
        (DROPPED, None, Unavailable, "cannot be reached"),
        (200, "<html>Please log in</html>", Unavailable, "not GitHub's API"),
        (200, {"id": 1}, Unavailable, "not GitHub's API"),
        (200, "{broken", Unavailable, "not GitHub's API"),
    ],
)
def test_every_failure_becomes_the_error_of_who_must_act(
    bench: Bench, status: int, body: object, kind: type[BotError], text: str
) -> None:
    bench.server.fail_next(status, r"/pulls", body=body, times=3)
    with pytest.raises(kind, match=re.compile(text)):
        bench.forge.proposals(WEB)


def test_nobody_there_is_unavailable(github_server: GitHubServer) -> None:
    slept: list[float] = []
    forge = GithubForge(GithubAccess.with_token("http://127.0.0.1:9", Secret(TOKEN), sleep=slept.append))
    with pytest.raises(Unavailable, match="cannot be reached"):
        forge.remote(WEB)
    assert slept == [0.5, 1.0]


def test_a_redirect_to_another_host_is_not_followed(bench: Bench) -> None:
    bench.server.fail_next(301, headers={"Location": "https://elsewhere.example.org/"})
    with pytest.raises(Unavailable, match="not GitHub's API"):
        bench.forge.proposals(WEB)


def test_a_hiccup_is_not_noticed(bench: Bench) -> None:
    bench.push()
    bench.server.fail_next(502, times=2)
    assert bench.forge.open(WEB, DRAFT).number == 1
    assert bench.slept == [0.5, 1.0]


@pytest.mark.parametrize("status", [401, 403, 422, 500, DROPPED])
def test_the_token_is_nowhere_to_be_seen(bench: Bench, caplog: pytest.LogCaptureFixture, status: int) -> None:
    caplog.set_level(logging.DEBUG)
    bench.push()
    bench.forge.open(WEB, replace(DRAFT, reviewers=("stranger",)))
    bench.server.fail_next(status, times=9)
    with pytest.raises(BotError) as caught:
        bench.forge.proposals(WEB)
    cause = caught.value.__cause__
    seen = [caplog.text, repr(bench.forge), str(vars(bench.forge)), repr(caught.value), str(cause), repr(cause)]
    assert not [text for text in seen if TOKEN in text]


@pytest.mark.parametrize(
    ("exchange", "problem"),
    [
        (Exchange("DELETE", "/repos/a/b/pulls/1", "", None, 204, None), "is not described"),
        (Exchange("GET", "/repos/a/b/pulls", "colour=red", None, 304, None), "unknown query parameter colour"),
        (Exchange("GET", "/repos/a/b/pulls", "state=odd", None, 304, None), "'odd' is not one of"),
        (Exchange("GET", "/repos/a/b/pulls", "page=x", None, 304, None), "'x' is not of type 'integer'"),
        (Exchange("GET", "/repos/a/b/pulls", "", None, 200, [{"id": 1}]), "'number' is a required property"),
        (Exchange("GET", "/repos/a/b/pulls", "", None, 418, None), "status 418 is not described"),
        (Exchange("POST", "/repos/a/b/pulls", "", {"head": "x"}, 422, {}), "'base' is a required property"),
        (Exchange("PATCH", "/repos/a/b/pulls/1", "", {"colour": "red"}, 422, {}), "unknown field colour"),
        (Exchange("PATCH", "/repos/a/b/pulls/x", "", {"title": "y"}, 422, {}), "'x' is not of type 'integer'"),
        (Exchange("POST", "/repos/a/b/issues/1/comments", "", None, 404, {}), "no body"),
    ],
)
def test_the_description_finds_what_is_not_github(
    github_description: Description, exchange: Exchange, problem: str
) -> None:
    assert problem in " ".join(github_description.problems(exchange))
