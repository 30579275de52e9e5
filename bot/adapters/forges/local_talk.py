"""Talk at the embedded forge, where nobody answers: what we say stands at the head of the proposal's body."""

from dataclasses import dataclass, replace

from bot.errors import PublishFailed
from bot.model.repository import Repository
from bot.model.talk import Comment, Page
from bot.ports import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalTalk:
    """Implements `ports.Talk` over the store in which the local forge keeps its proposals."""

    store: Store

    def comments(self, repository: Repository, number: int) -> tuple[Comment, ...]:
        """Give none: people have no place to comment."""
        del repository, number
        return ()

    def may_write(self, repository: Repository, author: str) -> bool:
        """Say no: nobody is known here."""
        del repository, author
        return False

    def say(self, repository: Repository, number: int, text: str) -> None:
        """Put the text as a quote at the head of the proposal's body, once. Raises PublishFailed where it is gone."""
        kept = next((one for one in self.store.proposals(repository.key) if one.number == number), None)
        if kept is None:
            raise PublishFailed(f"{repository.name} has no proposal {number}", hint="`quarterdeck status` lists them")
        quoted = "\n".join(f"> {line}".rstrip() for line in text.splitlines())
        said = f"{quoted}\n\n"
        if said not in kept.body:
            self.store.save_proposal(repository.key, replace(kept, body=f"{said}{kept.body}"))

    def keep_page(self, repository: Repository, page: Page) -> str:
        """Keep nothing: `quarterdeck status` shows the same."""
        del repository, page
        return ""
