"""What GitHub's webhooks mean to us."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.formats.commands import BOX
from bot.formats.github_events import READERS, events
from bot.model.events import FleetMoved, Pushed, Stirred, Unheard

WEB = {"full_name": "acme/web", "default_branch": "main", "id": 7}
PERSON, BOT = {"login": "ada", "type": "User"}, {"login": "quarterdeck[bot]", "type": "Bot"}


def a_pull(action: str, ref: str = "quarterdeck/security", head_repo: Any = {"id": 7}) -> dict[str, Any]:  # noqa: B006
    pull = {"number": 4, "head": {"ref": ref, "repo": head_repo}, "base": {"repo": {"id": 7}}}
    return {"action": action, "pull_request": pull, "repository": WEB, "sender": PERSON}


def a_comment(body: str | None, *, action: str = "created", sender: Any = PERSON, pull: bool = True) -> dict[str, Any]:
    issue = {"number": 4, "pull_request": {"url": "…"}} if pull else {"number": 4}
    return {"action": action, "issue": issue, "comment": {"body": body}, "repository": WEB, "sender": sender}


def an_issue(action: str, body: str | None, sender: Any = PERSON) -> dict[str, Any]:
    return {"action": action, "issue": {"number": 9, "body": body}, "repository": WEB, "sender": sender}


@pytest.mark.parametrize(
    ("name", "payload", "expected"),
    [
        (
            "push",
            {"ref": "refs/heads/main", "repository": WEB},
            [Pushed(repository="acme/web", branch="main", is_default=True)],
        ),
        (
            "push",
            {"ref": "refs/heads/a/b", "repository": WEB},
            [Pushed(repository="acme/web", branch="a/b", is_default=False)],
        ),
        ("pull_request", a_pull("closed"), [Stirred(repository="acme/web", why="#4 closed")]),
        ("pull_request", a_pull("reopened"), [Stirred(repository="acme/web", why="#4 reopened")]),
        ("pull_request", a_pull("synchronize"), [Stirred(repository="acme/web", why="#4 synchronize")]),
        ("pull_request", a_pull("edited"), [Stirred(repository="acme/web", why="#4 edited")]),
        ("issue_comment", a_comment("@Quarterdeck rebase"), [Stirred(repository="acme/web", why="comment on #4")]),
        (
            "issue_comment",
            a_comment("@quarterdeck rebase", action="edited"),
            [Stirred(repository="acme/web", why="comment on #4")],
        ),
        ("issues", an_issue("edited", f"- [x] now {BOX}"), [Stirred(repository="acme/web", why="issue #9 edited")]),
        (
            "issues",
            an_issue("closed", "<!-- quarterdeck-overview -->"),
            [Stirred(repository="acme/web", why="issue #9 closed")],
        ),
        (
            "repository",
            {"action": "archived", "repository": WEB},
            [FleetMoved(why="repository archived"), Stirred(repository="acme/web", why="repository archived")],
        ),
        ("installation", {"action": "suspend"}, [FleetMoved(why="installation suspend")]),
        ("installation_repositories", {"action": "added"}, [FleetMoved(why="installation added")]),
    ],
)
def test_events_that_matter_say_what_happened(name: str, payload: dict[str, Any], expected: list[object]) -> None:
    assert list(events(name, payload)) == expected


@pytest.mark.parametrize(
    ("name", "payload"),
    [
        ("ping", {"zen": "Keep it logically awesome."}),
        ("star", {"action": "created"}),
        ("push", {"ref": "refs/tags/v1", "repository": WEB}),
        ("push", {"ref": "refs/heads/main", "deleted": True, "repository": WEB}),
        ("pull_request", a_pull("closed", ref="feature")),
        ("pull_request", a_pull("labeled")),
        ("pull_request", a_pull("closed", head_repo={"id": 8})),
        ("pull_request", a_pull("closed", head_repo=None)),
        ("issue_comment", a_comment("looks good")),
        ("issue_comment", a_comment(None)),
        ("issue_comment", a_comment("@quarterdeck rebase", action="deleted")),
        ("issue_comment", a_comment("@quarterdeck rebase", sender=BOT)),
        ("issue_comment", a_comment("@quarterdeck rebase", pull=False)),
        ("issues", an_issue("edited", "a bug")),
        ("issues", an_issue("edited", None)),
        ("issues", an_issue("labeled", "<!-- quarterdeck-overview -->")),
        ("issues", an_issue("edited", "<!-- quarterdeck-overview -->", sender=BOT)),
        ("repository", {"action": "publicized", "repository": WEB}),
    ],
)
def test_everything_else_is_passed_over_with_a_reason(name: str, payload: dict[str, Any]) -> None:
    (event,) = events(name, payload)
    assert isinstance(event, Unheard)
    assert event.why


@pytest.mark.parametrize(
    ("name", "payload"),
    [
        ("push", {}),
        ("push", {"ref": 5, "repository": WEB}),
        ("push", {"ref": "refs/heads/main", "repository": None}),
        ("pull_request", {"action": "closed", "pull_request": []}),
        ("issues", {"action": "edited", "issue": "no"}),
        ("installation", {"action": None}),
        (
            "issues",
            {
                **an_issue("edited", "<!-- quarterdeck-overview -->"),
                "issue": {"number": float("inf"), "body": "<!-- quarterdeck"},
            },
        ),
    ],
)
def test_a_payload_that_is_not_what_github_documents_is_refused(name: str, payload: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="lacks something"):
        events(name, payload)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["action", "repository", "full_name", "ref", "issue", "comment", "body", "pull_request", "head", "base", "repo", "id", "number"]),
        inner, max_size=5,
    ),
    max_leaves=15,
)  # fmt: skip


@given(
    st.sampled_from(sorted(READERS)),
    st.dictionaries(
        st.sampled_from(["action", "ref", "repository", "issue", "pull_request", "comment", "sender"]), JSON
    ),
)
def test_whatever_a_payload_holds_it_is_read_or_refused(name: str, payload: dict[str, Any]) -> None:
    try:
        found = events(name, payload)
    except ValueError:
        return
    assert found
