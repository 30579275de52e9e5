"""Talk where there is no server, and talk that is only recorded."""

from pathlib import Path

import pytest

from bot.adapters.forges.local_talk import LocalTalk
from bot.adapters.forges.recording_talk import RecordingTalk
from bot.adapters.stores.sql import SqlStore
from bot.errors import PublishFailed
from bot.model.repository import Repository
from bot.model.talk import Comment, Page
from tests.builders import NOW, a_proposal

REPOSITORY = Repository(name="web", url="/srv/web")
PAGE = Page(title="Overview", body="All is well.", mark="<!-- x -->")


def test_at_the_local_forge_what_we_say_stands_at_the_head_of_the_proposal_once(tmp_path: Path) -> None:
    with SqlStore.open(tmp_path) as store:
        kept = store.save_proposal(REPOSITORY.key, a_proposal(0))
        talk = LocalTalk(store=store)
        for text in ("Somebody pushed.\n\nLeft alone.", "Somebody pushed.\n\nLeft alone.\n", "Again."):
            talk.say(REPOSITORY, kept.number, text)
        (now,) = store.proposals(REPOSITORY.key)
        assert now.body == f"> Again.\n\n> Somebody pushed.\n>\n> Left alone.\n\n{kept.body}"
        assert now.marks == kept.marks
        with pytest.raises(PublishFailed, match="no proposal 9"):
            talk.say(REPOSITORY, 9, "x")


def test_at_the_local_forge_nobody_answers(tmp_path: Path) -> None:
    with SqlStore.open(tmp_path) as store:
        talk = LocalTalk(store=store)
        assert talk.comments(REPOSITORY, 1) == ()
        assert not talk.may_write(REPOSITORY, "ada")
        assert talk.keep_page(REPOSITORY, PAGE) == ""


class Listening:
    def comments(self, repository: Repository, number: int) -> tuple[Comment, ...]:
        return (Comment(id=1, author="ada", body="@quarterdeck rebase", at=NOW),)

    def may_write(self, repository: Repository, author: str) -> bool:
        return author == "ada"

    def say(self, repository: Repository, number: int, text: str) -> None:
        raise AssertionError(text)

    def keep_page(self, repository: Repository, page: Page) -> str:
        raise AssertionError(page)


def test_a_rehearsal_listens_and_records_what_it_would_say() -> None:
    talk = RecordingTalk(Listening())
    assert [comment.author for comment in talk.comments(REPOSITORY, 1)] == ["ada"]
    assert (talk.may_write(REPOSITORY, "ada"), talk.may_write(REPOSITORY, "eve")) == (True, False)
    talk.say(REPOSITORY, 1, "Done.")
    assert talk.keep_page(REPOSITORY, PAGE) == ""
    assert (talk.said, talk.pages) == ((("web", 1, "Done."),), (("web", PAGE),))
