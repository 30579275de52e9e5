"""What is worth a message, and how it reads."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.decide import document, notify
from bot.decide.markdown import OWN
from bot.model.contents import FeedState
from bot.model.notices import Notice, NoticeKind, NoticeRules
from bot.model.proposal import State
from bot.model.repository import Repository
from tests.builders import NOW, a_proposal
from tests.rig.github_markdown import MENTION, NUMBER, REFERENCE, page

DAY = timedelta(days=1)
RULES = NoticeRules(proposal_age=14 * DAY, failures=3, max_feed_age=2 * DAY)
URL = "https://forge.example/acme/web/pull/7"
ERROR = {"kind": "LockFailed", "message": "django 5.0 wants asgiref>=3.7", "hint": "raise the bound in requirements.in"}


def a_row(number: int = 7, *, age: timedelta = timedelta(0), **fields: Any) -> dict[str, object]:
    values = {
        "url": URL, "branch": "quarterdeck/security", "title": "Security rebuild: django", "opened_at": NOW - age,
        **fields,
    }  # fmt: skip
    return document.pull_request(a_proposal(number, **values))


def a_document(*rows: Mapping[str, object], **fields: object) -> dict[str, object]:
    return {
        "name": "acme/web",
        "url": "https://forge.example/acme/web.git",
        "proposals": list(rows),
        "error": None,
    } | fields


def a_feed(age: timedelta | None = timedelta(0), problem: str = "") -> FeedState:
    as_of = None if age is None else NOW - age
    return FeedState(ecosystem="PyPI", source="https://feeds.example", as_of=as_of, records=1, problem=problem)


def found(
    *documents: Mapping[str, Any],
    failures: Mapping[str, int] | None = None,
    feeds: tuple[FeedState, ...] = (),
    stopped: Mapping[str, str] | None = None,
    rules: NoticeRules = RULES,
) -> dict[str, Notice]:
    """Give notices by key."""
    every = notify.notices(documents, failures or {}, feeds, stopped or {}, rules, NOW)
    assert len({one.key for one in every}) == len(every)
    return {one.key: one for one in every}


def holding(every: Mapping[str, Notice]) -> list[tuple[str, str]]:
    return [(one.title, one.text) for one in every.values() if not one.over]


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (a_row(), [("acme/web: a security rebuild waits for you", f"Security rebuild: django\n{URL}")]),
        (a_row(branch="quarterdeck/quarterly-2026q4"), []),
        (a_row(state=State.MERGED), []),
        (a_row(0, url=""), []),
        (a_row(url="/srv/web#quarterdeck/security"), [("acme/web: a security rebuild waits for you", "Security rebuild: django\n/srv/web#\u200bquarterdeck/security")]),
        (a_row(url=""), [("acme/web: a security rebuild waits for you", "Security rebuild: django")]),
    ],
)  # fmt: skip
def test_a_security_proposal_that_stands_is_told(row: dict[str, object], told: list[tuple[str, str]]) -> None:
    assert holding(found(a_document(row))) == told


@pytest.mark.parametrize(
    ("age", "rules", "told"),
    [
        (14 * DAY, RULES, []),
        (14 * DAY + timedelta(seconds=1), RULES, ["acme/web: a proposal has been open for 14 days"]),
        (timedelta(hours=5), NoticeRules(proposal_age=timedelta(hours=4), failures=1, max_feed_age=DAY), ["acme/web: a proposal has been open for 5 hours"]),
        (900 * DAY, NoticeRules(proposal_age=timedelta(0), failures=1, max_feed_age=DAY), []),
    ],
)  # fmt: skip
def test_a_proposal_is_old_when_it_is_open_for_longer_than_allowed(
    age: timedelta, rules: NoticeRules, told: list[str]
) -> None:
    every = found(a_document(a_row(age=age, branch="quarterdeck/manual")), rules=rules)
    old = [one for one in every.values() if one.kind is NoticeKind.PROPOSAL_OLD]
    assert [one.title for one in old] == told
    assert {one.again for one in old} <= {rules.proposal_age}


def test_a_proposal_of_which_nobody_knows_the_age_is_not_old() -> None:
    row = a_row(branch="quarterdeck/manual")
    assert holding(found(a_document({**row, "opened_at": None}))) == []
    assert holding(found(a_document({name: one for name, one in row.items() if name != "opened_at"}))) == []


KEY = Repository(name="acme/web", url="https://forge.example/acme/web.git").key


@pytest.mark.parametrize(
    ("failures", "error", "told"),
    [
        ({"acme/web": 3}, ERROR, [("acme/web: failed 3 times in a row", "Django 5.0 wants asgiref>=3.7. Raise the bound in requirements.in.")]),
        ({KEY: 12}, ERROR, [("acme/web: failed 12 times in a row", "Django 5.0 wants asgiref>=3.7. Raise the bound in requirements.in.")]),
        ({KEY: 3}, {**ERROR, "message": "it hangs!", "hint": ""}, [("acme/web: failed 3 times in a row", "It hangs!")]),
        ({KEY: 2}, ERROR, []),
        ({"acme/api": 9}, ERROR, []),
        ({KEY: 3}, None, []),
        ({}, None, []),
    ],
)  # fmt: skip
def test_a_repository_that_failed_often_enough_is_told_with_its_error(
    failures: dict[str, int], error: object, told: list[tuple[str, str]]
) -> None:
    assert holding(found(a_document(error=error), failures=failures)) == told


@pytest.mark.parametrize(
    ("failures", "error", "title"),
    [
        ({}, None, "acme/web: is well again"), ({KEY: 1}, ERROR, "acme/web: failed only 1 time in a row by now"),
        ({}, ERROR, "acme/web: failed only 1 time in a row by now"),
    ],
)  # fmt: skip
def test_a_repository_that_did_not_fail_often_enough_is_over_it(
    failures: dict[str, int], error: object, title: str
) -> None:
    (one,) = found(a_document(error=error), failures=failures).values()
    assert (one.title, one.over, one.kind) == (title, True, NoticeKind.FAILING)


def test_of_two_repositories_of_one_name_the_one_that_fails_counts() -> None:
    well, ill = a_document(url="/srv/a/web"), a_document(url="/srv/b/web", error=ERROR)
    failures = {Repository(name="acme/web", url="/srv/b/web").key: 5}
    for documents in ((well, ill), (ill, well)):
        assert [title for title, _ in holding(found(*documents, failures=failures))] == [
            "acme/web: failed 5 times in a row"
        ]


@pytest.mark.parametrize(
    ("feed", "title", "text"),
    [
        (a_feed(3 * DAY), "The advisories of PyPI are old or lacking", "The advisories of PyPI are 3 days old, more than 2 days, so newer flaws are not known."),
        (a_feed(None, "no route"), "The advisories of PyPI are old or lacking", "The advisories of PyPI are not known, so nobody can say whether pins are safe: no route."),
        (a_feed(problem="half of it is broken"), "The advisories of PyPI are old or lacking", "Half of it is broken."),
        (a_feed(2 * DAY), "The advisories of PyPI are up to date again", "What they say can be trusted again."),
    ],
)  # fmt: skip
def test_a_feed_is_stale_or_it_is_not(feed: FeedState, title: str, text: str) -> None:
    (one,) = found(feeds=(feed,)).values()
    assert (one.title, one.text, one.again) == (title, text, DAY)
    assert one.over == title.endswith("again")


def test_work_that_stands_still_is_told_in_the_words_of_whoever_noticed() -> None:
    every = found(stopped={"forge": "GitHub refuses the token of @acme", "store": ""})
    assert [(one.title, one.text, one.over) for one in every.values()] == [
        ("Quarterdeck stands still", "GitHub refuses the token of @\u200bacme", False),
        ("Quarterdeck works again", "What stood still goes on again.", True),
    ]


def a_notice(number: int, *, over: bool = False) -> Notice:
    return Notice(kind=NoticeKind.FAILING, key=f"{number}", title=f"web-{number}: failed", text="why", over=over)


def test_one_notice_is_one_message() -> None:
    one = a_notice(1)
    told = notify.single(one)
    assert (told.title, told.text, told.kind, told.over, told.tells) == (one.title, one.text, one.kind, False, (one,))


@pytest.mark.parametrize(
    ("more", "title", "text"),
    [
        (True, "and 2 more messages", "and 2 more:\n- web-0: failed\n- web-1: failed"),
        (False, "2 messages at once", "2 things:\n- web-0: failed\n- web-1: failed"),
    ],
)
def test_several_notices_are_summed_up_by_their_titles(more: bool, title: str, text: str) -> None:
    told = notify.summary([a_notice(0), a_notice(1, over=True)], more=more)
    assert (told.title, told.text, told.over) == (title, text, False)


def test_what_finds_no_room_in_a_summary_is_counted() -> None:
    rest = [a_notice(number, over=True) for number in range(1000)]
    told = notify.summary(rest, more=True)
    *rows, last = told.text.splitlines()[1:]
    assert last == f"- and {1000 - len(rows)} further ones: quarterdeck status tells all"
    assert 50 < len(rows) < 1000
    assert len(told.text) < 1700
    assert told.over
    assert told.tells == tuple(rest)


HOSTILE = st.one_of(
    st.text(),
    st.lists(
        st.sampled_from([
            "@", "octocat", "#12", "<!channel>", "<!--", "-->", "[x](", "http://a.example", ")", "![", "](", "`", "```", "\n",
            "<b>", "<script>", "acme/web#1", "https://forge.example/acme/web/issues/3", "\u202e", "\0", "[x]: ", "x" * 80,
        ])
    ).map("".join),
)  # fmt: skip


@example("a", "a", "a", "a", "HTTP://0>/ISSUES/0")
@given(HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE)
def test_what_strangers_wrote_mentions_nobody_and_stays_within_bounds(
    name: str, title: str, url: str, message: str, why: str
) -> None:
    row = a_row(age=99 * DAY, title=title, url=url)
    ill = a_document(row, name=name, error={**ERROR, "message": message, "hint": why})
    feeds = (FeedState(ecosystem=name, source=url, as_of=None, problem=message),)
    every = [*found(ill, failures={name: 9}, feeds=feeds, stopped={"x": why or "?"}).values()]
    assert {one.kind for one in every} == set(NoticeKind)
    for told in (*map(notify.single, every), notify.summary(every, more=False)):
        assert 0 < len(told.title) < 100
        assert told.title.isprintable() or "\u200b" in told.title
        assert len(told.title.splitlines()) == 1
        assert len(told.text) < 4000
        seen = page(f"{told.title}\n\n{told.text}")
        assert not {"img", "script", "b"} & set(seen.tags)
        assert not seen.comments
        assert "<!" not in told.text
        text = told.text.replace(url, "") if OWN.fullmatch(url) else told.text
        assert not [one for pattern in (MENTION, NUMBER) for one in pattern.findall(f"{told.title} {text}")]
        assert {link for link in seen.links if REFERENCE.search(link)} <= {url}  # our own proposal, on purpose
