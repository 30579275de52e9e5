"""What to answer to people who tell us something in a proposal, and what of it holds."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias, assert_never

from packaging.utils import canonicalize_name

from bot.decide.exceptions import spellings
from bot.decide.markdown import code, prose
from bot.formats import commands
from bot.formats.commands import Ignore, Rebuild, Unclear
from bot.model.policy import Ignored
from bot.model.snapshot import Snapshot
from bot.model.talk import Comment

STRANGER = "stranger"
IDS = ("cve-", "ghsa-", "pysec-", "mal-", "osv-", "dsa-", "dla-", "usn-", "alpine-", "debian-", "ubuntu-")

Known: TypeAlias = Callable[[str], bool]
"""Says whether a repository has a package, an image or an advisory of that name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Somebody asked to make a proposal anew; it is answered under `key` once that is done."""

    key: str
    recreate: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What the comments on one proposal come to: `replies` are due now, `ignored` holds from now on."""

    orders: tuple[Order, ...] = ()
    ignored: tuple[Ignored, ...] = ()
    replies: tuple[str, ...] = ()


def hear(
    comments: tuple[Comment, ...],
    may_write: Callable[[str], bool],
    known: Known,
    today: date,
    where: str,
) -> Heard:
    """Read all comments. What was answered is not answered again; an `ignore` holds although the store was lost.

    `known` says whether the repository has a package, an advisory or an image of that name. People without write
    permission are told once, and nothing that they write holds.
    """
    answered = _answered(comments)
    orders: list[Order] = []
    ignored: list[Ignored] = []
    replies: list[str] = []
    for comment in comments:
        asked = () if comment.ours else commands.commands(comment.body)
        if not asked:
            continue
        if not may_write(comment.author):
            key = f"{STRANGER} {comment.author}"
            if _plain(key) not in answered:
                answered.add(_plain(key))
                text = "only people who can write to this repository may tell me what to do, so nothing was done"
                replies.append(reply(key, comment.author, text))
            continue
        for place, command in enumerate(asked):
            key = f"{comment.id}.{place}"
            fresh = _plain(key) not in answered
            if isinstance(command, Rebuild):
                orders += [Order(key=key, recreate=command.recreate)] if fresh else []
                continue
            held, text = _settled(command, comment, known, today, where)
            ignored += [held] if held is not None else []
            replies += [reply(key, comment.author, text)] if fresh else []
    return Heard(orders=tuple(orders), ignored=tuple(ignored), replies=tuple(replies))


def _settled(
    command: Ignore | Unclear, comment: Comment, known: Known, today: date, where: str
) -> tuple[Ignored | None, str]:
    """Give what holds from now on, None for nothing, and what is said about it."""
    match command:
        case Unclear(why=why):
            return None, why
        case Ignore(subject=subject, until=until, reason=reason):
            if until < today:
                return None, f"{until:%Y-%m-%d} is over, so there is nothing to ignore"
            if not known(subject):
                text = f"I know no package, advisory or image {code(subject)} in this repository"
                return None, text
            held = Ignored(subject=subject, until=until, reason=reason, by=comment.author, where=where)
            text = (
                f"{code(subject)} is left alone until {until:%Y-%m-%d}, because {prose(reason)}. That stands in my own "
                f"records, and {code('quarterdeck status')} shows it; nothing is written to the repository"
            )
            return held, text
        case _:
            assert_never(command)


def reply(key: str, author: str, text: str) -> str:
    """Write an answer that is known again as such; it names the person without calling them."""
    return f"To {code(author)}: {text}.\n\n<!-- quarterdeck-answer: {_plain(key)} -->"


def done(order: Order, text: str) -> str:
    """Write the answer to an order that was carried out, or could not be."""
    return f"{text}\n\n<!-- quarterdeck-answer: {_plain(order.key)} -->"


def _answered(comments: tuple[Comment, ...]) -> set[str]:
    return {key for comment in comments if comment.ours for key in _keys(comment.body)}


def _keys(body: str) -> Iterator[str]:
    for part in body.split("<!-- quarterdeck-answer: ")[1:]:
        key, found, _ = part.partition(" -->")
        if found:
            yield key


def _plain(key: str) -> str:
    """Keep a key from ending the hidden comment; logins have no such characters, whoever sent them."""
    return "".join(letter for letter in key if letter.isalnum() or letter in " .-_[]").replace("--", "-")


def knows(snapshot: Snapshot) -> Known:
    """Know the packages and images of a repository as `Exceptions` does, and whatever looks like an advisory's id."""
    packages = {pin.name for lock in snapshot.locks for pin in lock.pins}
    images = {name for use in snapshot.images for name in spellings(use)}
    return lambda name: (
        canonicalize_name(name) in packages or name.casefold() in images or name.casefold().startswith(IDS)
    )
