"""A GitHub App at work: tokens per owner, minted when needed, shared, renewed, and what goes wrong with them."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from bot.adapters.forges.github import GithubForge
from bot.adapters.forges.github_access import GithubAccess
from bot.adapters.forges.github_app import AppKeys
from bot.adapters.forges.github_line import GithubLine
from bot.adapters.forges.github_talk import GithubTalk
from bot.errors import AccessDenied, BotError, ConfigError
from bot.model.repository import Repository
from bot.model.secrets import Secret
from tests.rig.github import GitHubServer
from tests.rig.github_double.accounts import APP_ID, private_key
from tests.rig.github_double.openapi import Exchange

WEB, OTHER = Repository(name="acme/web", url=""), Repository(name="beta/api", url="")
FILES = {"requirements.txt": "django==4.2\n"}


@dataclass
class Bench:
    """An App at two owners, each with one repository; `late` moves our clock and GitHub's on together."""

    server: GitHubServer
    late: timedelta = timedelta(0)
    ahead: timedelta = timedelta(0)
    learnt: list[Secret] = field(default_factory=list)
    lines: list[GithubLine] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.server.accounts.now = lambda: datetime.now(UTC) + self.late
        for name in ("acme/web", "beta/api"):
            self.server.add_repository(name, FILES)
            self.server.accounts.install(name.partition("/")[0])

    def keys(self, key: str = "", app_id: int = APP_ID) -> AppKeys:
        now = lambda: datetime.now(UTC) + self.late + self.ahead  # noqa: E731
        secret = Secret(key or private_key())
        return AppKeys(self.server.url, app_id, secret, learn=self.learnt.append, now=now, sleep=lambda _: None)

    def line(self, keys: AppKeys | None = None) -> GithubLine:
        self.lines.append(GithubLine(self.server.url, keys or self.keys()))
        return self.lines[-1]

    def forge(self, line: GithubLine) -> GithubForge:
        return GithubForge(GithubAccess(line, sleep=lambda _: None))

    def asked(self, path: str) -> list[Exchange]:
        return [entry for entry in self.server.log if entry.path.endswith(path)]


@pytest.fixture
def bench(github_server: GitHubServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    made = Bench(github_server)
    ours = SimpleNamespace(time=lambda: time.time() + (made.late + made.ahead).total_seconds())
    monkeypatch.setattr("github.Auth.time", ours)
    yield made
    for line in made.lines:
        line.close()


def test_every_owner_has_a_token_of_its_own_that_is_minted_once_for_all_runs(bench: Bench) -> None:
    line = bench.line()
    for _ in range(3):
        forge = bench.forge(line)  # as a long-lived service makes one for every run
        assert forge.proposals(WEB) == forge.proposals(OTHER) == ()
    assert len(bench.asked("/access_tokens")) == 2
    assert len(bench.asked("/app/installations")) == 1
    assert sorted(one.reveal() for one in bench.learnt) == sorted(bench.server.accounts.minted)


def test_many_threads_share_one_token(bench: Bench) -> None:
    keys = bench.keys()
    with ThreadPoolExecutor(16) as pool:
        tokens = list(pool.map(lambda _: keys.token("acme"), range(64)))
    assert len({token.reveal() for token in tokens}) == 1
    assert len(bench.asked("/access_tokens")) == 1


def test_a_token_asks_for_what_is_needed_and_for_nothing_that_was_not_granted(bench: Bench) -> None:
    bench.server.accounts.installations[0].permissions |= {"administration": "write", "secrets": "write"}
    del bench.server.accounts.installations[1].permissions["issues"]
    keys = bench.keys()
    keys.token("acme")
    keys.token("BETA")
    needed = {"contents": "write", "metadata": "read", "pull_requests": "write"}
    asked = [entry.sent["permissions"] for entry in bench.asked("/access_tokens")]
    assert asked == [needed | {"issues": "write"}, needed]


@pytest.mark.parametrize(("minutes", "minted"), [(54, 1), (56, 2)])
def test_a_token_is_minted_anew_five_minutes_before_it_expires(bench: Bench, minutes: int, minted: int) -> None:
    keys = bench.keys()
    keys.token("acme")
    bench.late = timedelta(minutes=minutes)
    keys.token("acme")
    assert len(bench.asked("/access_tokens")) == minted


def test_git_is_given_the_token_of_the_moment_in_which_it_asks(bench: Bench) -> None:
    remote = bench.forge(bench.line()).remote(WEB)
    assert remote.credential is not None
    first = remote.credential.password.reveal()
    bench.late = timedelta(hours=2)
    second = remote.credential.password.reveal()
    assert (first != second, bench.server.accounts.owner_of(second)) == (True, "acme")
    assert second not in repr(remote)


def test_a_token_that_is_revoked_in_the_middle_of_a_run_is_minted_anew_once(bench: Bench) -> None:
    forge = bench.forge(bench.line())
    forge.proposals(WEB)
    bench.server.accounts.revoke_all()
    assert forge.proposals(WEB) == ()
    assert len(bench.asked("/access_tokens")) == 2


def test_a_credential_that_is_refused_again_and_again_is_an_error_of_everything(bench: Bench) -> None:
    bench.server.fail_next(401, "/repos/", times=2)
    with pytest.raises(AccessDenied) as caught:
        bench.forge(bench.line()).proposals(WEB)
    assert caught.value.everywhere
    assert len(bench.asked("/access_tokens")) == 2


def test_the_app_is_asked_for_its_name_once(bench: Bench) -> None:
    keys = bench.keys()
    bench.server.actor = "quarterdeck[bot]"
    bench.server.push_as("ada", "acme/web", "topic", {"a": "b"})
    pull = bench.server.open_as("ada", "acme/web", "topic")
    line = bench.line(keys)
    for _ in range(2):
        talk = GithubTalk(GithubAccess(line))
        talk.say(WEB, pull.number, "hello")
        assert [one.ours for one in talk.comments(WEB, pull.number)] == [True]
    assert len(bench.asked("/app")) == 1


def test_a_key_that_is_no_pem_stops_at_once_and_is_not_repeated(bench: Bench) -> None:
    for text in ("ghp_not-a-key", "-----BEGIN RSA PRIVATE KEY-----\nQUJD\n-----END RSA PRIVATE KEY-----"):
        with pytest.raises(ConfigError, match="no private key in PEM form") as caught:
            bench.keys(text)
        assert text not in f"{caught.value} {caught.value.hint}"


def test_a_key_may_be_written_on_one_line_as_environment_files_do(bench: Bench) -> None:
    token = bench.keys(private_key().replace("\n", "\\n")).token("acme")
    assert token.reveal() in bench.server.accounts.minted


def denied(keys: AppKeys, owner: str) -> AccessDenied:
    with pytest.raises(AccessDenied) as caught:
        keys.token(owner)
    return caught.value


def test_a_key_that_github_does_not_know_stops_everything(bench: Bench) -> None:
    bench.server.accounts.key = None
    error = denied(bench.keys(), "acme")
    assert error.everywhere
    assert "private key was revoked" in error.hint


def test_an_id_that_is_another_apps_stops_everything(bench: Bench) -> None:
    error = denied(bench.keys(app_id=1), "acme")
    assert error.everywhere
    assert "`id` is another App's" in error.hint


@pytest.mark.parametrize(("minutes", "side"), [(30, "ahead of"), (-30, "behind")])
def test_a_clock_that_is_wrong_is_named(bench: Bench, minutes: int, side: str) -> None:
    bench.ahead = timedelta(minutes=minutes)
    error = denied(bench.keys(), "acme")
    assert error.everywhere
    assert f"seconds {side} GitHub's: set it (NTP)" in error.hint


def test_an_owner_without_the_app_is_told_and_the_others_go_on(bench: Bench) -> None:
    keys = bench.keys()
    for _ in range(3):
        error = denied(keys, "gamma")
        assert (error.message, error.everywhere) == ("the GitHub App is not installed at gamma", False)
        assert "install it at gamma" in error.hint
    assert keys.token("acme").reveal() in bench.server.accounts.minted
    assert len(bench.asked("/app/installations")) == 1  # it is not asked again within a minute
    bench.server.add_repository("gamma/x", FILES)
    bench.server.accounts.install("gamma")
    bench.late = timedelta(minutes=2)
    assert keys.token("gamma").reveal() in bench.server.accounts.minted


def test_a_suspended_installation_is_told_and_noticed_when_it_is_back(bench: Bench) -> None:
    keys = bench.keys()
    bench.server.accounts.installations[0].suspended = True
    error = denied(keys, "acme")
    assert (error.message, error.everywhere) == ("the installation of the GitHub App at acme is suspended", False)
    assert keys.token("beta").reveal() in bench.server.accounts.minted
    bench.server.accounts.installations[0].suspended = False
    bench.late = timedelta(minutes=2)
    assert keys.token("acme").reveal() in bench.server.accounts.minted


def test_an_installation_that_was_made_anew_is_found(bench: Bench) -> None:
    keys = bench.keys()
    keys.installations()
    del bench.server.accounts.installations[0]
    bench.server.accounts.install("acme")
    assert keys.token("acme").reveal() in bench.server.accounts.minted
    bench.late = timedelta(hours=2)
    bench.server.accounts.installations = [one for one in bench.server.accounts.installations if one.owner != "acme"]
    assert denied(keys, "acme").message == "the GitHub App is not installed at acme"


def test_a_permission_that_was_taken_away_is_not_asked_for_again(bench: Bench) -> None:
    keys = bench.keys()
    keys.installations()
    bench.server.accounts.installations[0].permissions = {"metadata": "read", "contents": "read"}
    assert keys.token("acme").reveal() in bench.server.accounts.minted
    assert bench.asked("/access_tokens")[-1].sent["permissions"] == {"contents": "read", "metadata": "read"}


def test_a_transferred_repository_is_reached_by_whoever_has_it_now(bench: Bench) -> None:
    bench.server.rename("acme/web", "beta/web")
    line = bench.line()
    with pytest.raises(BotError, match="not found, or the token cannot see it"):
        bench.forge(line).proposals(WEB)
    remote = bench.forge(line).remote(Repository(name="beta/web", url=""))
    assert remote.credential is not None
    assert bench.server.accounts.owner_of(remote.credential.password.reveal()) == "beta"


def test_a_sweep_opens_few_connections_and_notes_the_quota(bench: Bench) -> None:
    for number in range(40):
        bench.server.add_repository(f"acme/r{number}", FILES)
    line = bench.line()
    assert (line.quota.remaining, line.quota.limit, line.quota.reset_at) == (None, None, None)
    before = bench.server.connections
    with ThreadPoolExecutor(4) as pool:
        states = list(pool.map(lambda n: bench.forge(line).state(Repository(name=f"acme/r{n}", url=""), ""), range(40)))
    assert len(states) == 40
    assert bench.server.connections - before <= 4 + 2  # and those of the App itself
    assert line.quota.limit == 5000
    assert line.quota.remaining == bench.server.rate_remaining
    assert line.quota.reset_at == datetime.fromtimestamp(bench.server.rate_reset, UTC)
    line.close()
    assert bench.forge(line).state(WEB, "")
