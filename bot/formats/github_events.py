"""GitHub's webhooks, as far as they mean something to us: name and payload to events.

Source: GitHub's "Webhook events and payloads". Our own comments and pushes come back as events, too: a comment of a bot
is passed over, everything else leads to one look that finds nothing new.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from bot.formats.commands import BOX, NAME
from bot.model.events import Event, FleetMoved, Pushed, Stirred, Unheard

Payload: TypeAlias = Mapping[str, Any]

BRANCHES: Final = "refs/heads/"
OURS: Final = "quarterdeck/"
PULL_ACTIONS: Final = frozenset({"opened", "closed", "reopened", "synchronize", "edited"})
COMMENT_ACTIONS: Final = frozenset({"created", "edited"})
ISSUE_ACTIONS: Final = frozenset({"edited", "closed", "reopened"})
REPOSITORY_ACTIONS: Final = frozenset(
    {"archived", "unarchived", "renamed", "transferred", "edited", "deleted", "created"}
)
MARK: Final = "<!-- quarterdeck"
LONGEST_NAME: Final = 200


def events(name: str, payload: Payload) -> tuple[Event, ...]:
    """Give what an event means, at least one; ValueError where the payload is not what GitHub documents."""
    read = READERS.get(name)
    if read is None:
        return (Unheard(why=f"{name[:LONGEST_NAME]} is no event that matters here"),)
    try:
        return read(payload)
    except (KeyError, TypeError, AttributeError, OverflowError) as error:
        raise ValueError(f"the payload of {name} lacks something: {type(error).__name__} {error}") from error


def _ping(payload: Payload) -> tuple[Event, ...]:
    return (Unheard(why=f"ping: {payload.get('zen', '')}"[:LONGEST_NAME]),)


def _push(payload: Payload) -> tuple[Event, ...]:
    ref = _text(payload["ref"])
    if not ref.startswith(BRANCHES):
        return (Unheard(why="a push that is not to a branch"),)
    if payload.get("deleted") is True:
        return (Unheard(why="a branch was deleted"),)
    branch = ref.removeprefix(BRANCHES)
    repository = payload["repository"]
    is_default = branch == _text(repository["default_branch"])
    return (Pushed(repository=_text(repository["full_name"]), branch=branch, is_default=is_default),)


def _pull_request(payload: Payload) -> tuple[Event, ...]:
    action, pull = _text(payload["action"]), payload["pull_request"]
    head = pull["head"]
    if not _text(head["ref"]).startswith(OURS) or action not in PULL_ACTIONS:
        return (Unheard(why="a pull request that is not ours, or nothing that we react to"),)
    source = head["repo"]  # None where a fork is gone
    if source is None or source["id"] != pull["base"]["repo"]["id"]:
        return (Unheard(why="a pull request of a fork"),)
    return _stirred(payload, f"#{int(pull['number'])} {action}")


def _issue_comment(payload: Payload) -> tuple[Event, ...]:
    action, issue, comment = _text(payload["action"]), payload["issue"], payload["comment"]
    for_us = NAME in (comment["body"] or "").casefold() and action in COMMENT_ACTIONS
    if not for_us or "pull_request" not in issue or _is_bot(payload):
        return (Unheard(why="a comment that asks us nothing"),)
    return _stirred(payload, f"comment on #{int(issue['number'])}")


def _issues(payload: Payload) -> tuple[Event, ...]:
    action, issue = _text(payload["action"]), payload["issue"]
    body = issue["body"] or ""
    if action not in ISSUE_ACTIONS or _is_bot(payload) or not (MARK in body or BOX in body):
        return (Unheard(why="an issue that is not our overview"),)
    return _stirred(payload, f"issue #{int(issue['number'])} {action}")


def _repository(payload: Payload) -> tuple[Event, ...]:
    action = _text(payload["action"])
    if action not in REPOSITORY_ACTIONS:
        return (Unheard(why=f"nothing that we react to: the repository was {action}"[:LONGEST_NAME]),)
    why = f"repository {action}"
    return (FleetMoved(why=why), *_stirred(payload, why))


def _installation(payload: Payload) -> tuple[Event, ...]:
    return (FleetMoved(why=f"installation {_text(payload['action'])}"[:LONGEST_NAME]),)


def _stirred(payload: Payload, why: str) -> tuple[Event, ...]:
    return (Stirred(repository=_text(payload["repository"]["full_name"]), why=why),)


def _is_bot(payload: Payload) -> bool:
    return (payload.get("sender") or {}).get("type") == "Bot"


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{type(value).__name__} in place of a text")
    return value


READERS: Mapping[str, Callable[[Payload], tuple[Event, ...]]] = {
    "ping": _ping,
    "push": _push,
    "pull_request": _pull_request,
    "issue_comment": _issue_comment,
    "issues": _issues,
    "repository": _repository,
    "installation": _installation,
    "installation_repositories": _installation,
}
