"""Whether anything moved at GitHub: one conditional request that costs nothing where nothing did."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from bot.adapters.forges.github import GithubForge
from bot.adapters.forges.github_access import GithubAccess
from bot.errors import AccessDenied, RepoError, Unavailable
from bot.model.repository import Repository
from bot.model.secrets import Secret
from tests.rig.github import BOT, TOKEN, GitHubServer
from tests.rig.repositories import git

WEB = Repository(name="acme/web", url="")
MANUAL = "quarterdeck/manual"


@dataclass
class Bench:
    server: GitHubServer

    def __post_init__(self) -> None:
        roles = {"ada": "admin"}
        self.repo = self.server.add_repository("acme/web", {"requirements.txt": "django==4.2\n"}, roles=roles)

    @property
    def forge(self) -> GithubForge:
        return GithubForge(GithubAccess.with_token(self.server.url, Secret(TOKEN), sleep=lambda _: None))

    def propose(self) -> None:
        self.server.push_as(BOT, "acme/web", MANUAL, {"requirements.txt": "django==5.0\n"})
        self.server.open_as(BOT, "acme/web", MANUAL, body="- [ ] rebuild")

    def let_next_be_the_default(self) -> None:
        git(self.repo.path, "branch", "next", "main")
        self.repo.default_branch = "next"

    def state(self, known: str = "") -> tuple[str, list[tuple[str, int]]]:
        """Give the state, and the requests that it took."""
        before = len(self.server.log)
        state = self.forge.state(WEB, known)
        return state, [(entry.path, entry.status) for entry in self.server.log[before:]]


@pytest.fixture
def bench(github_server: GitHubServer) -> Bench:
    return Bench(github_server)


REPO, PULLS = "/repos/acme/web", "/repos/acme/web/pulls"


def test_where_nothing_moved_it_is_one_request_that_is_free(bench: Bench) -> None:
    bench.propose()
    first, asked = bench.state()
    assert asked == [(PULLS, 200)]
    left = bench.server.rate_remaining
    again, asked = bench.state(first)
    assert (again, asked, bench.server.rate_remaining) == (first, [(PULLS, 304)], left)


def test_where_there_is_no_pull_request_the_repository_is_asked(bench: Bench) -> None:
    first, asked = bench.state()
    assert asked == [(PULLS, 200), (REPO, 200), (PULLS, 200)]
    left = bench.server.rate_remaining
    assert bench.state(first) == (first, [(REPO, 304)])
    assert bench.server.rate_remaining == left
    bench.propose()
    second, asked = bench.state(first)
    assert (second != first, asked) == (True, [(REPO, 200), (PULLS, 200)])
    assert bench.state(second) == (second, [(PULLS, 304)])


MOVES: dict[str, Callable[[Bench], object]] = {
    "a push to the default branch": lambda b: b.server.push_as("ada", "acme/web", "main", {"a": "b"}),
    "a push to our branch": lambda b: b.server.push_as("ada", "acme/web", MANUAL, {"a": "b"}),
    "a comment": lambda b: b.server.comment("acme/web", 1, "@quarterdeck rebase", author="ada"),
    "a ticked box": lambda b: b.server.edit_as("ada", "acme/web", 1, body="- [x] rebuild"),
    "a new title": lambda b: b.server.edit_as("ada", "acme/web", 1, title="Mine"),
    "a no": lambda b: b.server.close("acme/web", 1),
    "a merge": lambda b: b.server.merge("acme/web", 1),
    "a deleted branch": lambda b: b.server.delete_branch("acme/web", MANUAL),
    "another pull request": lambda b: b.server.open_as("ada", "acme/web", MANUAL, fork="ada"),
    "another default branch": lambda b: b.let_next_be_the_default(),
}  # fmt: skip


@pytest.mark.parametrize("move", sorted(MOVES))
def test_what_people_do_moves_the_state(bench: Bench, move: str) -> None:
    bench.propose()
    first, _ = bench.state()
    MOVES[move](bench)
    second, asked = bench.state(first)
    assert (second != first, asked) == (True, [(PULLS, 200)])
    assert bench.state(second) == (second, [(PULLS, 304)])


def test_a_pull_request_of_long_ago_moves_the_state_as_well(bench: Bench) -> None:
    bench.propose()
    for number in range(30):
        bench.server.open_as("ada", "acme/web", f"gone-{number}")
    bench.state()
    first, _ = bench.state()
    bench.server.comment("acme/web", 1, "hello", author="ada")
    assert bench.state(first)[0] != first


def test_a_push_where_there_is_no_pull_request_moves_the_state(bench: Bench) -> None:
    first, _ = bench.state()
    bench.server.push_as("ada", "acme/web", "main", {"a": "b"})
    second, _ = bench.state(first)
    assert second != first


def test_an_answer_that_differs_in_nothing_that_matters_leaves_the_state(bench: Bench) -> None:
    bench.propose()
    first, _ = bench.state()
    bench.server.issue_as("eve", "acme/web", "A question", "")
    assert bench.state(first) == (first, [(PULLS, 200)])


def test_a_repository_that_was_renamed_is_asked_under_its_new_name(bench: Bench) -> None:
    bench.propose()
    first, _ = bench.state()
    repo = bench.server.repos.pop("acme/web")
    repo.name = "site"
    bench.server.repos["acme/site"] = repo
    for path in (PULLS, PULLS, REPO):
        moved = {"Location": f"{bench.server.url}{path.replace('web', 'site')}"}
        bench.server.fail_next(301, f"{path}$", headers=moved)
    second, asked = bench.state(first)
    assert [path for path, _ in asked] == [PULLS, "/repos/acme/site/pulls", "/repos/acme/site/pulls"]
    assert bench.server.log[-1].query
    assert bench.state(second) == (second, [("/repos/acme/site/pulls", 304)])


@pytest.mark.parametrize(
    "known", ["nonsense", "pulls ../x d e", "pulls acme/web d", "else acme/web d e", "pulls a/.. d e"]
)
def test_what_is_no_earlier_answer_is_none(bench: Bench, known: str) -> None:
    bench.propose()
    assert bench.state(known) == bench.state()


def test_an_etag_that_means_nothing_to_github_only_costs_the_request(bench: Bench) -> None:
    bench.propose()
    first, _ = bench.state()
    stale = f'{first.rpartition(" ")[0]} W/"other-token"'
    assert bench.state(stale) == (stale, [(PULLS, 200)])


def test_what_goes_wrong_is_our_own_error(bench: Bench) -> None:
    bench.propose()
    first, _ = bench.state()
    for status, kind in ((401, AccessDenied), (404, RepoError), (429, Unavailable)):
        bench.server.fail_next(status)
        with pytest.raises(kind):
            bench.forge.state(WEB, first)
    for page in ("<html>Bad gateway</html>", "[]"):
        bench.server.fail_next(502, body=page, times=3)
        with pytest.raises(Unavailable, match="GitHub answered 502"):
            bench.forge.state(WEB, first)
    bench.server.fail_next(502, body="<html>Bad gateway</html>", times=2)
    assert bench.state(first)[0] == first
    for lacking in ([1], [{"number": 1}], {"id": 1}):
        bench.server.fail_next(200, body=lacking)
        assert bench.forge.state(WEB, first) == ""  # nobody can tell, so everything is looked at
    bench.server.fail_next(304, body=None)
    with pytest.raises(Unavailable, match="without a condition"):
        bench.forge.state(WEB, "")


def test_a_repository_is_read_once_and_its_pull_requests_are_listed_once(bench: Bench) -> None:
    bench.propose()
    forge, before = bench.forge, len(bench.server.log)
    assert forge.remote(WEB).url.endswith("/acme/web.git")
    assert len(forge.proposals(WEB)) == 1
    assert [entry.path for entry in bench.server.log[before:]] == [REPO, PULLS]
