"""What is worth a message, and its words: the one place where messages are worded.

Every text is plain, and fit for e-mail, chat and Markdown alike: what strangers wrote mentions nobody in it.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from bot.decide import feeds as ages
from bot.decide.markdown import OWN
from bot.decide.publish import SECURITY_BRANCH
from bot.formats import foreign_text
from bot.formats.exchange_text import CUT, line
from bot.model.contents import FeedState
from bot.model.notices import Message, Notice, NoticeKind, NoticeRules
from bot.model.proposal import State
from bot.model.repository import Repository

DAILY = timedelta(days=1)
STOPPED_AGAIN = timedelta(hours=6)
LONGEST_TITLE = 99
LONGEST_NAME = 50
LONGEST_TEXT = 600  # of somebody else's words
LISTED = 1500  # characters; the narrowest chats take 2,000


def notices(  # noqa: PLR0913, PLR0917 - what people are told of comes from everywhere
    documents: Sequence[Mapping[str, Any]],
    failures: Mapping[str, int],
    feeds: Sequence[FeedState],
    stopped: Mapping[str, str],
    rules: NoticeRules,
    now: datetime,
) -> tuple[Notice, ...]:
    """Give all that holds or is over now, whether it was told or not; each key once.

    `documents` are the contract JSON of every repository's last run; `failures` tells how often one, by its key, failed
    in a row. `stopped` names what may stand still (a key of the caller's), and why it does, "" where it works.
    """
    found = [
        *(_stopped(place, why) for place, why in stopped.items()),
        *(one for document in documents for one in _proposals(document, rules, now)),
        *(one for document in documents for one in _failing(document, failures, rules)),
        *(_feed(feed, rules, now) for feed in feeds),
    ]
    first: dict[str, Notice] = {}
    for one in sorted(found, key=lambda one: one.over):  # of two repositories of one name the one that fails counts
        first.setdefault(one.key, one)
    return tuple(first.values())


def single(notice: Notice) -> Message:
    """Give the message that tells one notice."""
    return Message(kind=notice.kind, title=notice.title, text=notice.text, over=notice.over, tells=(notice,))


def summary(rest: Sequence[Notice], *, more: bool) -> Message:
    """Give one message for several notices; `more`: after messages that told others. What finds no room is counted."""
    title = f"and {len(rest)} more messages" if more else f"{len(rest)} messages at once"
    rows, room = [], LISTED
    for one in rest:
        room -= len(one.title) + 3
        if room < 0:
            break
        rows.append(f"- {one.title}")
    left = len(rest) - len(rows)
    tail = [f"- and {left} further ones: quarterdeck status tells all"] if left else []
    intro = f"and {len(rest)} more:" if more else f"{len(rest)} things:"
    text = "\n".join([intro, *rows, *tail])
    over = all(one.over for one in rest)
    return Message(kind=rest[0].kind, title=title, text=text, over=over, tells=tuple(rest))


def plain(text: str, most: int) -> str:
    """Give a stranger's words on one line that mentions nobody, in a forge or a chat, and hides no address."""
    calm = foreign_text.inert(line(text, most)).replace("`", "'").replace("](", "] (").replace("]:", "] :")
    return calm.replace("<", f"<{foreign_text.ZERO_WIDTH}")


def _stopped(place: str, why: str) -> Notice:
    key = f"{NoticeKind.STOPPED} {place}"
    if not why:
        text = "What stood still goes on again."
        return Notice(kind=NoticeKind.STOPPED, key=key, title="Quarterdeck works again", text=text, over=True)
    return Notice(
        kind=NoticeKind.STOPPED,
        key=key,
        title="Quarterdeck stands still",
        text=plain(why, LONGEST_TEXT),
        again=STOPPED_AGAIN,
    )


def _proposals(document: Mapping[str, Any], rules: NoticeRules, now: datetime) -> Iterator[Notice]:
    for row in document.get("proposals") or ():
        if row["state"] != State.OPEN or not row["number"]:  # a rehearsal's stands nowhere
            continue
        if row["branch"].startswith(SECURITY_BRANCH):
            yield _security(document["name"], row)
        yield from _old(document["name"], row, rules, now)


def _security(name: str, row: Mapping[str, Any]) -> Notice:
    return Notice(
        kind=NoticeKind.SECURITY_OPENED,
        key=f"{NoticeKind.SECURITY_OPENED} {name} {row['number']}",
        title=_title(name, "a security rebuild waits for you"),
        text=_shown(row),
        repository=name,
    )


def _old(name: str, row: Mapping[str, Any], rules: NoticeRules, now: datetime) -> Iterator[Notice]:
    opened_at = row.get("opened_at")
    age = now - datetime.fromisoformat(opened_at) if opened_at else timedelta(0)
    if rules.proposal_age and age > rules.proposal_age:
        yield Notice(
            kind=NoticeKind.PROPOSAL_OLD,
            key=f"{NoticeKind.PROPOSAL_OLD} {name} {row['number']}",
            title=_title(name, f"a proposal has been open for {ages.told(age)}"),
            text=f"{_shown(row)}\nMerge it, or close it to say no.",
            repository=name,
            again=rules.proposal_age,
        )


def _shown(row: Mapping[str, Any]) -> str:
    """Give a proposal's title and address; the address is a link on purpose."""
    url = str(row["url"] or "")
    address = url if OWN.fullmatch(url) else plain(url, LONGEST_TEXT)
    return "\n".join(part for part in (plain(str(row["title"]), LONGEST_TEXT), address) if part)


def _failing(document: Mapping[str, Any], failures: Mapping[str, int], rules: NoticeRules) -> Iterator[Notice]:
    name = document["name"]
    keys = {name, Repository(name=name, url=document.get("url") or "").key}  # a forge's are known by their name alone
    count = max(1, *(failures.get(key, 0) for key in keys))
    error = document.get("error")
    key = f"{NoticeKind.FAILING} {name}"
    if error and count >= rules.failures:
        title = _title(name, f"failed {_times(count)} in a row")
        text = " ".join(_sentences(error["message"], error["hint"]))
        yield Notice(kind=NoticeKind.FAILING, key=key, title=title, text=text, repository=name)
    else:
        ending = f"failed only {_times(count)} in a row by now" if error else "is well again"
        text = "Less often than is told." if error else "Its last run came to its end."
        yield Notice(
            kind=NoticeKind.FAILING, key=key, title=_title(name, ending), text=text, repository=name, over=True
        )


def _feed(feed: FeedState, rules: NoticeRules, now: datetime) -> Notice:
    key, name = f"{NoticeKind.FEED_STALE} {feed.ecosystem} {feed.source}", plain(feed.ecosystem, LONGEST_NAME)
    doubts = ages.doubts((feed,), rules.max_feed_age, now)
    if not doubts:
        title = f"The advisories of {name} are up to date again"
        text = "What they say can be trusted again."
        return Notice(kind=NoticeKind.FEED_STALE, key=key, title=title, text=text, over=True, again=DAILY)
    text = " ".join(_sentences(*(reason.text for reason in doubts)))
    title = f"The advisories of {name} are old or lacking"
    return Notice(kind=NoticeKind.FEED_STALE, key=key, title=title, text=text, again=DAILY)


def _title(name: str, what: str) -> str:
    """Put a repository's name before what is said of it, within the length of a title."""
    short = plain(name, LONGEST_NAME)
    room = LONGEST_TITLE - len(what) - 2
    return f"{short if len(short) <= room else short[: room - 1] + CUT}: {what}"


def _times(count: int) -> str:
    return f"{count} time" if count == 1 else f"{count} times"


def _sentences(*texts: str | None) -> Iterator[str]:
    for text in (plain(one or "", LONGEST_TEXT) for one in texts):
        if text:
            yield f"{text[:1].upper()}{text[1:]}{'' if text.endswith(('.', '!', '?', CUT)) else '.'}"
