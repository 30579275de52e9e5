"""Which messages are due to a target: nothing twice, nothing lost, and never more than a limit within any hour."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import reduce

from bot.decide import notify
from bot.model.notices import Batch, Known, Limits, Message, Notice, NoticeKind, Told

HOUR = timedelta(hours=1)
FORGOTTEN = timedelta(days=180)
"""What was not seen to hold for so long is news again; a proposal may be out of sight while its repository fails."""

URGENCY = {kind: place for place, kind in enumerate(NoticeKind)}


def due(notices: Sequence[Notice], told: Told, now: datetime, limits: Limits) -> Batch:
    """Say what to send to a target that knows `told`; the keys of `notices` differ.

    More than fits into the hour is summed up in one message. Where the hour is full, nothing is sent: it stays due.
    A clock that went back makes nothing due that was told.
    """
    current = _current(told, frozenset(one.key for one in notices if not one.over), now)
    known = {one.key: one for one in current.known}
    news = sorted((one for one in notices if _is_news(one, known.get(one.key), now)), key=_order)
    send = _within(news, max(limits.per_hour - len(current.sent), 0))
    return Batch(told=current, send=send, told_after=reduce(lambda so_far, one: after(so_far, one, now), send, current))


def after(told: Told, message: Message, now: datetime) -> Told:
    """Give what a target knows after this message arrived there."""
    known = {one.key: one for one in told.known}
    for notice in message.tells:
        known[notice.key] = _learnt(notice, known, now)
    return Told(known=tuple(known[key] for key in sorted(known)), sent=(*told.sent, now))


def _learnt(notice: Notice, known: Mapping[str, Known], now: datetime) -> Known:
    """Note a notice; that something is over leaves the time at which it was told to hold."""
    if notice.over:
        return replace(known[notice.key], holds=False)
    return Known(key=notice.key, at=now, seen=now)


def _is_news(notice: Notice, known: Known | None, now: datetime) -> bool:
    if notice.over:
        return known is not None and known.holds
    if known is None:
        return True
    if notice.again is None:
        return not known.holds
    return now - known.at >= notice.again


def _order(notice: Notice) -> tuple[bool, int, str]:
    return notice.over, URGENCY[notice.kind], notice.key


def _within(news: Sequence[Notice], room: int) -> tuple[Message, ...]:
    if len(news) <= room:
        return tuple(notify.single(one) for one in news)
    if not room:
        return ()
    alone, rest = news[: room - 1], news[room - 1 :]
    return (*(notify.single(one) for one in alone), notify.summary(rest, more=bool(alone)))


def _current(told: Told, holding: frozenset[str], now: datetime) -> Told:
    """Bring what is known up to date: no time lies in the future, and what is long over is forgotten."""
    known = (_seen(one, now, holds=one.key in holding) for one in told.known)
    sent = tuple(min(moment, now) for moment in told.sent if now - moment < HOUR)
    return Told(known=tuple(one for one in known if now - one.seen < FORGOTTEN), sent=sent)


def _seen(known: Known, now: datetime, *, holds: bool) -> Known:
    """Note that something still holds, of all things at the first look of a day: what is told is written as a whole."""
    at, seen = min(known.at, now), min(known.seen, now)
    return replace(known, at=at, seen=now if holds and seen.date() != now.date() else seen)
