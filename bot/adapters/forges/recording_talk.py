"""Talk that listens and says nothing: the wiring of `check` and `--dry-run`."""

from bot.model.repository import Repository
from bot.model.talk import Comment, Page
from bot.ports import Talk


class RecordingTalk:
    """Implements `ports.Talk`; `said` and `pages` hold what would have been written, with the repository's name."""

    def __init__(self, inner: Talk) -> None:
        self._inner = inner
        self.said: tuple[tuple[str, int, str], ...] = ()
        self.pages: tuple[tuple[str, Page], ...] = ()

    def comments(self, repository: Repository, number: int) -> tuple[Comment, ...]:
        """Ask the forge itself."""
        return self._inner.comments(repository, number)

    def may_write(self, repository: Repository, author: str) -> bool:
        """Ask the forge itself."""
        return self._inner.may_write(repository, author)

    def say(self, repository: Repository, number: int, text: str) -> None:
        """Record what would be said."""
        self.said = (*self.said, (repository.name, number, text))

    def keep_page(self, repository: Repository, page: Page) -> str:
        """Record the page; it has no address."""
        self.pages = (*self.pages, (repository.name, page))
        return ""
