"""What projects say of their releases, from a GitHub that runs on this machine."""

from urllib.parse import urlsplit

import pytest

from bot.adapters.forges.github_access import GithubAccess
from bot.adapters.forges.github_releases import GithubReleases, repository_of, web_host
from bot.errors import AccessDenied, Unavailable
from bot.model.secrets import Secret
from tests.rig.github import TOKEN, GitHubServer


def _notes(server: GitHubServer) -> GithubReleases:
    return GithubReleases(GithubAccess.with_token(server.url, Secret(TOKEN), sleep=lambda _: None))


def _source(server: GitHubServer, name: str = "acme/lib") -> str:
    return f"{server.url}/{name}"


def _versions(server: GitHubServer, old: str, new: str, name: str = "acme/lib") -> list[str]:
    return [note.version for note in _notes(server).between(_source(server, name), old, new)]


def test_the_releases_after_the_old_version_up_to_the_new_one_are_told_newest_first(
    github_server: GitHubServer,
) -> None:
    for tag in ("v1.0", "v1.1", "v1.2rc1", "v1.2", "v1.10", "v2.0"):
        github_server.release("acme/lib", tag, f"What {tag} brings.", name=f"Lib {tag}")
    notes = _notes(github_server).between(_source(github_server), "1.0", "1.10")
    assert [(note.version, note.title, note.text) for note in notes] == [
        ("1.10", "Lib v1.10", "What v1.10 brings."), ("1.2", "Lib v1.2", "What v1.2 brings."),
        ("1.1", "Lib v1.1", "What v1.1 brings."),
    ]  # fmt: skip
    assert notes[0].url.endswith("/acme/lib/releases/tag/v1.10")


@pytest.mark.parametrize(
    ("tags", "told"),
    [
        (["1.1", "1.2"], ["1.2", "1.1"]),
        (["v1.1", "V1.2"], ["1.2", "1.1"]),
        (["lib-1.1", "lib-v1.2"], ["1.2", "1.1"]),
        (["release-1.1", "release/1.2"], ["1.2", "1.1"]),
        (["rel_1_1", "rel_1_2"], ["1.2", "1.1"]),
        (["lib==1.1", "lib@1.2"], ["1.2", "1.1"]),
        (["python-3-lib-1.1", "python-3-lib-1.2"], ["1.2", "1.1"]),
        (["other-1.1", "core-1.1", "core-1.2"], ["1.2", "1.1"]),
        (["other-1.1", "other-1.2", "lib-1.1", "lib-1.2"], ["1.2", "1.1"]),
        (["other-1.1", "other-1.2", "v1.1", "v1.2"], ["1.2", "1.1"]),
        (["other-1.1", "other-1.2", "core-1.1", "core-1.2"], []),
        (["other-1.1", "core-1.1"], []),
        (["v1.1"], ["1.1"]),
        (["v1.1", "1.1", "v1.2"], ["1.2", "1.1"]),
        (["nightly", "latest", "2024-01-02", "v"], []),
    ],
)  # fmt: skip
def test_tags_are_read_as_people_write_them(github_server: GitHubServer, tags: list[str], told: list[str]) -> None:
    for tag in tags:
        github_server.release("acme/lib", tag)
    assert _versions(github_server, "1.0", "1.2") == told


def test_drafts_are_nobody_s_business_and_pre_releases_only_on_the_way_to_one(github_server: GitHubServer) -> None:
    github_server.release("acme/lib", "1.1", prerelease=True)
    github_server.release("acme/lib", "1.2b1")
    github_server.release("acme/lib", "1.2b2")
    github_server.release("acme/lib", "1.2", draft=True)
    assert _versions(github_server, "1.0", "1.2") == []
    assert _versions(github_server, "1.0", "1.2b2") == ["1.2b2", "1.2b1", "1.1"]


def test_ten_notes_are_enough(github_server: GitHubServer) -> None:
    for number in range(15):
        github_server.release("acme/lib", f"v1.{number}")
    assert _versions(github_server, "1.0", "1.14") == [f"1.{number}" for number in range(14, 4, -1)]


def test_a_long_text_is_cut_and_an_empty_one_is_empty(github_server: GitHubServer) -> None:
    github_server.release("acme/lib", "1.1", "x" * 5_000_000)
    github_server.release("acme/lib", "1.2", None)
    notes = _notes(github_server).between(_source(github_server), "1.0", "1.2")
    assert [(len(note.text), note.title) for note in notes] == [(0, "1.2"), (20_000, "1.1")]


@pytest.mark.parametrize(("count", "pages"), [(3, 1), (150, 2), (250, 2)])
def test_a_repository_costs_two_requests_at_most_and_once(github_server: GitHubServer, count: int, pages: int) -> None:
    for number in range(count):
        github_server.release("acme/lib", f"v1.{number}")
    notes, source = _notes(github_server), _source(github_server)
    for _ in range(2):
        assert notes.between(source, f"1.{count - 2}", f"1.{count - 1}")[0].version == f"1.{count - 1}"
        assert len(github_server.log) == pages
        source = source.replace("acme", "Acme")


@pytest.mark.parametrize(("old", "new"), [("1.2", "1.0"), ("1.0", "1.0"), ("x", "1.2"), ("1.0", "latest")])
def test_where_there_is_no_way_up_there_is_nothing_to_tell(github_server: GitHubServer, old: str, new: str) -> None:
    github_server.release("acme/lib", "1.1")
    assert _versions(github_server, old, new) == []


def test_a_project_that_is_gone_or_has_no_releases_says_nothing(github_server: GitHubServer) -> None:
    github_server.add_repository("acme/web", {"a": "b"})
    assert _versions(github_server, "1.0", "2.0", "acme/gone") == []
    assert _versions(github_server, "1.0", "2.0", "acme/web") == []


def test_what_goes_wrong_is_our_own_error(github_server: GitHubServer) -> None:
    github_server.release("acme/lib", "1.1")
    github_server.fail_next(403, body={"message": "Resource protected by organization SAML enforcement."})
    with pytest.raises(AccessDenied):
        _versions(github_server, "1.0", "1.2")
    github_server.fail_next(429, headers={"Retry-After": "7"})
    with pytest.raises(Unavailable) as caught:
        _versions(github_server, "1.0", "1.2")
    assert caught.value.retry_after == 7
    github_server.fail_next(200, body=[{"tag_name": "1.1"}])
    with pytest.raises(Unavailable, match="not GitHub's API"):
        _versions(github_server, "1.0", "1.2")


@pytest.mark.parametrize(
    "source",
    ["https://github.com/acme/lib", "https://github.com/acme/lib/", "http://www.github.com/acme/lib.git", "https://GitHub.com/acme/lib/releases",
     "https://github.com/acme/lib/tree/main/x?y=1#z", "git+https://github.com/acme/lib.git@main", "git@github.com:acme/lib.git",
     "git+ssh://git@github.com/acme/lib.git", "https://user:pw@github.com/acme/lib/blob/main/CHANGELOG.md", " https://github.com/acme/lib/issues "],
)  # fmt: skip
def test_any_address_of_a_project_names_it(source: str) -> None:
    assert repository_of(source, web_host("https://api.github.com")) == "acme/lib"


@pytest.mark.parametrize(
    "source",
    ["", "lib", "https://github.com", "https://github.com/acme", "https://gitlab.com/acme/lib", "https://github.com.evil.example/acme/lib",
     "https://evil.example/github.com/acme/lib", "https://gist.github.com/acme/lib", "https://github.com/acme/..", "https://[x/acme/lib",
     "https://github.com/sponsors/acme", "https://github.com:99/acme/lib", "https://github.com/a b/c", "https://acme.github.io/lib", "mailto:a@github.com"],
)  # fmt: skip
def test_what_is_no_project_at_our_forge_is_not_asked_for(source: str) -> None:
    assert repository_of(source, web_host("https://api.github.com")) == ""


@pytest.mark.parametrize(
    ("api", "host"),
    [("https://api.github.com", "github.com"), ("https://git.example.org/api/v3/", "git.example.org"), ("https://api.corp.ghe.com", "corp.ghe.com"),
     ("https://api.example.org/api/v3", "api.example.org"), ("http://127.0.0.1:8080", "127.0.0.1:8080")],
)  # fmt: skip
def test_an_api_s_pages_stand_at_its_own_host(api: str, host: str) -> None:
    assert web_host(api) == host


def test_another_host_costs_no_request(github_server: GitHubServer) -> None:
    assert urlsplit(github_server.url).port
    assert _notes(github_server).between("https://github.com/acme/lib", "1.0", "1.2") == ()
    assert github_server.log == []
