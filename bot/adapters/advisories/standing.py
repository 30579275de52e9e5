"""How feeds of advisories stand, as far as the data folder knows: for a page that asks nobody."""

from collections.abc import Iterable, Iterator

from bot.adapters.advisories.feeds import Feed, FeedFolder
from bot.model.contents import FeedState
from bot.system.urls import shown


def standing(folder: FeedFolder, feeds: Iterable[Feed]) -> Iterator[FeedState]:
    """Give the state of each feed that somebody configured or that was read once; raises StoreError."""
    for feed in feeds:
        ready = folder.peek(feed)
        if not feed.configured and ready.path is None:
            continue
        known = ready.path is not None
        yield FeedState(
            ecosystem=feed.ecosystem,
            source=shown(feed.url),
            as_of=ready.as_of if known else None,
            records=ready.records if known else None,
            problem=ready.problem or ("" if known else "it was not read yet"),
        )
