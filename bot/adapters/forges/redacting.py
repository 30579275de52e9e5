"""A forge and a conversation to which no secret is told: the last gate before everything that people read there.

It stands here, before every write, and not where texts are made: then nothing that a later text is made of can be
forgotten, and every forge that is added has it.
"""

from dataclasses import replace

from bot.model.fleet import Found
from bot.model.proposal import Draft, Proposal
from bot.model.repository import Remote, Repository
from bot.model.talk import Comment, Page
from bot.ports import Forge, Talk
from bot.system.redaction import redacted, redacted_markdown


class RedactingForge:
    """Implements `ports.Forge` around another one."""

    def __init__(self, inner: Forge) -> None:
        self._inner = inner

    def remote(self, repository: Repository) -> Remote:
        """Ask the forge itself."""
        return self._inner.remote(repository)

    def proposals(self, repository: Repository) -> tuple[Proposal, ...]:
        """Ask the forge itself."""
        return self._inner.proposals(repository)

    def state(self, repository: Repository, known: str) -> str:
        """Ask the forge itself."""
        return self._inner.state(repository, known)

    def about(self, repository: Repository) -> Found | None:
        """Ask the forge itself."""
        return self._inner.about(repository)

    def open(self, repository: Repository, draft: Draft) -> Proposal:
        """Open it with texts in which no secret stands."""
        return self._inner.open(repository, _plain(draft))

    def update(self, repository: Repository, number: int, draft: Draft) -> Proposal:
        """Write texts in which no secret stands."""
        return self._inner.update(repository, number, _plain(draft))

    def close(self, repository: Repository, number: int, comment: str, body: str | None) -> Proposal:
        """Close it with a comment in which no secret stands."""
        whole = None if body is None else redacted_markdown(body)
        return self._inner.close(repository, number, redacted_markdown(comment), whole)


class RedactingTalk:
    """Implements `ports.Talk` around another one."""

    def __init__(self, inner: Talk) -> None:
        self._inner = inner

    def comments(self, repository: Repository, number: int) -> tuple[Comment, ...]:
        """Ask the forge itself."""
        return self._inner.comments(repository, number)

    def may_write(self, repository: Repository, author: str) -> bool:
        """Ask the forge itself."""
        return self._inner.may_write(repository, author)

    def say(self, repository: Repository, number: int, text: str) -> None:
        """Say it without secrets."""
        self._inner.say(repository, number, redacted_markdown(text))

    def keep_page(self, repository: Repository, page: Page) -> str:
        """Keep the page without secrets."""
        plain = replace(page, title=redacted(page.title), body=redacted_markdown(page.body))
        return self._inner.keep_page(repository, plain)


def _plain(draft: Draft) -> Draft:
    return replace(draft, title=redacted(draft.title), body=redacted_markdown(draft.body))
