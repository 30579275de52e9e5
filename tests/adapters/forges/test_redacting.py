"""Nothing that is written to a forge holds a secret, whichever forge it is."""

from dataclasses import replace
from typing import Any

import pytest

from bot.adapters.forges.redacting import RedactingForge, RedactingTalk
from bot.model.policy import Trigger
from bot.model.proposal import Draft, Marks
from bot.model.repository import Repository
from bot.model.talk import Page
from bot.system.redaction import known

SECRET = "s3cret_made*up"
REPOSITORY = Repository(name="acme/web", url="")
DRAFT = Draft(
    branch="quarterdeck/manual", base_branch="main", title=f"Rebuild {SECRET}",
    body=f"Because {SECRET}.\n| s3cret\\_made\\*up | x |\nand <b>the rest</b>\n<!-- quarterdeck: {{}} -->",
    marks=Marks(trigger=Trigger.MANUAL, quarter="", content="c", files="f", base="b"),
)  # fmt: skip


class Written:
    """Keeps what is asked of it, in the place of a forge and of its talk."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []

    def __getattr__(self, name: str) -> Any:
        def call(*arguments: Any) -> str:
            self.calls.append((name, *arguments))
            return f"answer of {name}"

        return call


@pytest.fixture(autouse=True)
def secret() -> None:
    known(SECRET)


def test_drafts_lose_what_is_secret_and_nothing_else() -> None:
    inner = Written()
    forge: Any = RedactingForge(inner)
    plain = replace(
        DRAFT,
        title="Rebuild ***",
        body="Because ***.\n***\nand <b>the rest</b>\n<!-- quarterdeck: {} -->",
    )
    assert forge.open(REPOSITORY, DRAFT) == "answer of open"
    assert forge.update(REPOSITORY, 7, DRAFT) == "answer of update"
    assert inner.calls == [("open", REPOSITORY, plain), ("update", REPOSITORY, 7, plain)]


def test_last_words_comments_and_pages_lose_it_too() -> None:
    inner = Written()
    forge: Any = RedactingForge(inner)
    talk: Any = RedactingTalk(inner)
    forge.close(REPOSITORY, 7, f"over: {SECRET}", None)
    forge.close(REPOSITORY, 7, "over", SECRET)
    talk.say(REPOSITORY, 7, SECRET)
    talk.keep_page(REPOSITORY, Page(title=SECRET, body=f"- {SECRET}", mark="m"))
    assert inner.calls == [
        ("close", REPOSITORY, 7, "over: ***", None),
        ("close", REPOSITORY, 7, "over", "***"),
        ("say", REPOSITORY, 7, "***"),
        ("keep_page", REPOSITORY, Page(title="***", body="- ***", mark="m")),
    ]


def test_questions_reach_the_forge_as_they_are() -> None:
    inner = Written()
    forge: Any = RedactingForge(inner)
    talk: Any = RedactingTalk(inner)
    asked: list[tuple[Any, ...]] = [
        (forge.remote(REPOSITORY), "remote"), (forge.about(REPOSITORY), "about"),
        (forge.proposals(REPOSITORY), "proposals"), (forge.state(REPOSITORY, "known"), "state"),
        (talk.comments(REPOSITORY, 7), "comments"), (talk.may_write(REPOSITORY, "bob"), "may_write"),
    ]  # fmt: skip
    assert [answer for answer, _ in asked] == [f"answer of {name}" for _, name in asked]
    assert [call[0] for call in inner.calls] == [name for _, name in asked]
