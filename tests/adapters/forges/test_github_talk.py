"""What people and we say to each other, on a GitHub that runs on this machine."""

from dataclasses import dataclass, field, replace

import pytest

from bot.adapters.forges.github_access import GithubAccess
from bot.adapters.forges.github_talk import GithubTalk
from bot.errors import AccessDenied, RepoError, Unavailable
from bot.model.repository import Repository
from bot.model.secrets import Secret
from bot.model.talk import Page
from tests.rig.github import BOT, TOKEN, GitHubServer
from tests.rig.github_double.openapi import Description

WEB = Repository(name="acme/web", url="")
MANUAL = "quarterdeck/manual"
APP = "quarterdeck[bot]"
MARK = "<!-- quarterdeck-overview -->"
PAGE = Page(title="Overview", body=f"All is well.\n\n{MARK}\n", mark=MARK)


@dataclass
class Bench:
    """A repository with our pull request #1; every `talk` is a new run."""

    server: GitHubServer
    slept: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        roles = {"ada": "admin", "mia": "maintain", "tom": "triage", "ben": "read", "carl": "write"}
        self.repo = self.server.add_repository("acme/web", {"requirements.txt": "django==4.2\n"}, roles=roles)
        self.server.push_as(BOT, "acme/web", MANUAL, {"requirements.txt": "django==5.0\n"})
        self.server.open_as(BOT, "acme/web", MANUAL)

    @property
    def talk(self) -> GithubTalk:
        return GithubTalk(GithubAccess.with_token(self.server.url, Secret(TOKEN), sleep=self.slept.append))

    def asked(self, since: int) -> list[tuple[str, str]]:
        return [(entry.method, entry.path.removeprefix("/repos/acme/web")) for entry in self.server.log[since:]]


@pytest.fixture
def bench(github_server: GitHubServer) -> Bench:
    return Bench(github_server)


def test_comments_are_told_oldest_first_with_who_said_them(bench: Bench) -> None:
    bench.server.comment("acme/web", 1, "@quarterdeck rebase", author="ada")
    bench.talk.say(WEB, 1, "Done.")
    bench.server.comment("acme/web", 1, "Thanks", author="ben")
    told = bench.talk.comments(WEB, 1)
    assert [(comment.author, comment.body, comment.ours) for comment in told] == [
        ("ada", "@quarterdeck rebase", False), (BOT, "Done.", True), ("ben", "Thanks", False),
    ]  # fmt: skip
    assert [comment.at for comment in told] == sorted(comment.at for comment in told)
    assert told[0].at.tzinfo is not None
    assert len({comment.id for comment in told}) == 3


def test_no_comments_cost_one_request_besides_the_repository(bench: Bench) -> None:
    before = len(bench.server.log)
    assert bench.talk.comments(WEB, 1) == ()
    assert bench.asked(before) == [("GET", ""), ("GET", "/issues/1/comments")]


@pytest.mark.parametrize("count", [99, 100, 101, 350])
def test_the_newest_three_hundred_are_heard(bench: Bench, count: int) -> None:
    for number in range(count):
        bench.server.comment("acme/web", 1, f"{number}", author="ada")
    told = [int(comment.body) for comment in bench.talk.comments(WEB, 1)]
    assert told == list(range(max(0, count - 300), count))


def test_an_app_knows_its_own_comments(bench: Bench) -> None:
    bench.server.actor = APP
    bench.talk.say(WEB, 1, "Done.")
    bench.server.comment("acme/web", 1, "I am not it", author="quarterdeck")
    bench.server.comment("acme/web", 1, "Bump", author="other[bot]")
    told = bench.talk.comments(WEB, 1)
    assert [(comment.author, comment.ours) for comment in told] == [
        (APP, True), ("quarterdeck", False), ("other[bot]", False),
    ]  # fmt: skip


def test_an_app_at_an_enterprise_server_knows_its_name(
    github_description: Description, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with GitHubServer(tmp_path_factory.mktemp("ghe"), prefix="/api/v3", description=github_description) as server:
        server.actor = APP
        access = GithubAccess.with_token(server.url, Secret(TOKEN))
        assert access.login() == access.login() == APP
        assert len(server.log) == 2


def test_who_we_are_is_not_guessed_while_a_limit_holds(bench: Bench) -> None:
    limited = {"message": "API rate limit exceeded for user ID 1."}
    bench.server.fail_next(403, "/user$", body=limited, headers={"Retry-After": "5"})
    with pytest.raises(Unavailable) as caught:
        GithubAccess.with_token(bench.server.url, Secret(TOKEN)).login()
    assert caught.value.retry_after == 5


@pytest.mark.parametrize(
    ("login", "may"),
    [("ada", True), ("mia", True), ("carl", True), ("tom", False), ("ben", False), ("stranger", False), ("left", False),
     ("dependabot[bot]", False), ("", False), ("..", False), ("a/b", False), ("ada?x=1", False), ("ADA-not", False)],
)  # fmt: skip
def test_only_who_may_push_may_tell_us_what_to_do(bench: Bench, login: str, may: bool) -> None:
    bench.server.nobody.add("left")
    assert bench.talk.may_write(WEB, login) is may


def test_a_person_s_role_is_asked_once_in_a_run(bench: Bench) -> None:
    talk, before = bench.talk, len(bench.server.log)
    assert [talk.may_write(WEB, name) for name in ("ada", "Ada", "ada")] == [True] * 3
    assert bench.asked(before) == [("GET", ""), ("GET", "/collaborators/ada/permission")]


def test_a_role_that_cannot_be_asked_is_nobody_s_permission(bench: Bench) -> None:
    bench.server.fail_next(403, "/permission$")
    with pytest.raises(AccessDenied):
        bench.talk.may_write(WEB, "ada")
    assert bench.talk.may_write(WEB, "ada")


def test_a_name_that_no_account_has_is_not_asked_for(bench: Bench) -> None:
    before = len(bench.server.log)
    assert not bench.talk.may_write(WEB, "../../user")
    assert bench.asked(before) == []


def test_the_same_words_are_said_once(bench: Bench) -> None:
    for text in ("Done.", "Done.\n", "Something else."):
        bench.talk.say(WEB, 1, text)
    assert [comment.body for comment in bench.repo.pulls[1].comments] == ["Done.", "Something else."]


def test_a_comment_is_not_sent_twice(bench: Bench) -> None:
    bench.server.fail_next(502, "/comments$", method="POST")
    with pytest.raises(Unavailable):
        bench.talk.say(WEB, 1, "Done.")
    assert bench.slept == []


def test_a_page_is_one_issue_with_our_label(bench: Bench) -> None:
    before = len(bench.server.log)
    address = bench.talk.keep_page(WEB, PAGE)
    assert bench.asked(before) == [
        ("GET", "/user"), ("GET", ""), ("GET", "/issues"), ("GET", "/issues"), ("POST", "/issues"),
    ]  # fmt: skip
    issue = bench.repo.issues[2]
    assert address.endswith("/acme/web/issues/2")
    assert (issue.title, issue.body, issue.labels, issue.author) == (PAGE.title, PAGE.body, ["quarterdeck"], BOT)


def test_an_equal_page_is_not_written_again(bench: Bench) -> None:
    first = bench.talk.keep_page(WEB, PAGE)
    bench.repo.issues[2].body = PAGE.body.replace("\n", "\r\n").rstrip()
    before = len(bench.server.log)
    assert bench.talk.keep_page(WEB, PAGE) == first
    assert bench.asked(before) == [("GET", "/user"), ("GET", ""), ("GET", "/issues")]


def test_only_what_differs_is_written(bench: Bench) -> None:
    bench.talk.keep_page(WEB, PAGE)
    bench.talk.keep_page(WEB, replace(PAGE, body=f"Less well.\n{MARK}"))
    assert bench.server.log[-1].sent == {"body": f"Less well.\n{MARK}"}
    assert bench.repo.issues[2].labels == ["quarterdeck"]


def test_a_page_that_forgot_its_mark_is_given_it(bench: Bench) -> None:
    for _ in range(2):
        bench.talk.keep_page(WEB, replace(PAGE, body="All is well."))
    assert [issue.body for issue in bench.repo.issues.values()] == [f"All is well.\n\n{MARK}"]


def test_a_page_that_a_person_closed_stays_closed_and_as_it_is(bench: Bench) -> None:
    first = bench.talk.keep_page(WEB, PAGE)
    bench.repo.issues[2].state = "closed"
    before = len(bench.server.writes())
    assert bench.talk.keep_page(WEB, replace(PAGE, body=f"New. {MARK}")) == first
    assert len(bench.server.writes()) == before


@pytest.mark.parametrize("actor", [BOT, APP])
def test_there_are_never_two_pages_even_where_a_person_took_the_label_away(bench: Bench, actor: str) -> None:
    bench.server.actor = actor
    first = bench.talk.keep_page(WEB, PAGE)
    bench.repo.issues[2].labels = ["other"]
    assert bench.talk.keep_page(WEB, replace(PAGE, body=f"New. {MARK}")) == first
    assert (bench.repo.issues[2].body, bench.repo.issues[2].labels) == (f"New. {MARK}", ["other"])


def test_the_mark_in_somebody_else_s_issue_or_in_a_pull_request_is_no_page(bench: Bench) -> None:
    bench.repo.pulls[1].body = MARK
    bench.repo.pulls[1].labels = ["quarterdeck"]
    bench.server.issue_as("eve", "acme/web", "Overview", PAGE.body, "quarterdeck")
    assert bench.talk.keep_page(WEB, PAGE).endswith("/issues/3")


def test_where_there_were_two_the_open_one_is_kept(bench: Bench) -> None:
    for state in ("closed", "open"):
        bench.server.issue_as(BOT, "acme/web", "Overview", PAGE.body, "quarterdeck").state = state
    assert bench.talk.keep_page(WEB, replace(PAGE, title="Now")).endswith("/issues/3")
    assert [issue.title for issue in bench.repo.issues.values()] == ["Overview", "Now"]


def test_a_page_behind_a_hundred_pull_requests_of_ours_is_found(bench: Bench) -> None:
    first = bench.talk.keep_page(WEB, PAGE)
    bench.repo.issues[2].labels = []
    for number in range(150):
        bench.server.open_as(BOT, "acme/web", f"gone-{number}", fork="elsewhere")
    assert bench.talk.keep_page(WEB, PAGE) == first
    assert len(bench.repo.issues) == 1


def test_looking_for_a_page_comes_to_an_end(bench: Bench) -> None:
    for number in range(310):
        bench.server.open_as(BOT, "acme/web", f"gone-{number}", fork="elsewhere")
    before = len(bench.server.log)
    bench.talk.keep_page(WEB, PAGE)
    assert bench.asked(before).count(("GET", "/issues")) == 1 + 3


def test_a_repository_without_issues_says_so(bench: Bench) -> None:
    bench.repo.has_issues = False
    with pytest.raises(RepoError, match="Issues are disabled") as caught:
        bench.talk.keep_page(WEB, PAGE)
    assert "issues are switched on in the repository's settings" in caught.value.hint


def test_the_permission_that_is_missing_is_named(bench: Bench) -> None:
    bench.server.permissions["issues"] = "read"
    with pytest.raises(AccessDenied) as caught:
        bench.talk.keep_page(WEB, PAGE)
    assert "issues: write" in caught.value.hint
    bench.server.fail_next(401, "/issues", body={"message": "Bad credentials"})
    with pytest.raises(AccessDenied) as caught:
        bench.talk.keep_page(WEB, PAGE)
    assert "[forge]" in caught.value.hint


def test_an_issue_is_not_opened_twice(bench: Bench) -> None:
    bench.server.fail_next(502, "/issues$", method="POST")
    with pytest.raises(Unavailable):
        bench.talk.keep_page(WEB, PAGE)
    assert bench.slept == []
    bench.server.fail_next(200, "/issues$", method="GET", body=[{"number": 1}])
    with pytest.raises(Unavailable, match="not GitHub's API"):
        bench.talk.keep_page(WEB, PAGE)
