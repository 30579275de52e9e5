"""How a proposal tells of flaws: what is fixed with proof, what remains, and what is not known."""

import re
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.decide import explain, explain_flaws, fingerprint
from bot.decide.exceptions import EXPIRED
from bot.decide.explain import Story
from bot.formats import commands, marks
from bot.model.contents import FeedState
from bot.model.flaws import Fixed
from bot.model.plan import Rebuild
from bot.model.policy import Severity, Trigger
from bot.model.proposal import State
from bot.model.reasons import Reason
from tests.builders import (
    NOW,
    a_change,
    a_pin_change,
    a_proposal,
    a_reason,
    a_rebuild,
    an_accepted,
    an_advisory,
    some_fixed,
    some_marks,
    some_remaining,
)
from tests.rig.github_markdown import page

WEEK = timedelta(days=7)
SECURITY = a_rebuild(
    trigger=Trigger.SECURITY,
    branch="quarterdeck/security",
    quarter="",
    why=(a_reason("django 4.2.16 fixes it", "fixes"),),
)
FEED = FeedState(ecosystem="PyPI", source="x", as_of=NOW, records=17_000)


def cells(table: str) -> list[list[str]]:
    rows = [line for line in table.splitlines() if line.startswith("| ")][2:]
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in rows]


# ---- tables


@pytest.mark.parametrize(
    ("fields", "change"),
    [
        ({}, "`4.2.15` → `4.2.16`"),
        ({"new": None}, "`4.2.15` → leaves the lock"),
        ({"days": 7}, "`4.2.15` → `4.2.16`"),
        ({"days": 6}, "`4.2.15` → `4.2.16` **6 days old**"),
        ({"days": 1}, "`4.2.15` → `4.2.16` **1 day old**"),
        ({"days": 0}, "`4.2.15` → `4.2.16` **not a day old**"),
    ],
)
def test_a_fix_shows_its_step_and_how_young_it_is(fields: dict[str, object], change: str) -> None:
    assert cells(explain_flaws.fixed_table((some_fixed(**fields),), WEEK))[0][3] == change


@pytest.mark.parametrize(
    ("direct", "via", "text"),
    [
        (True, (), "direct"), (True, ("a", "b"), "direct, and `a`, `b`"), (False, ("a",), "pulled in by `a`"),
        (False, (), "pulled in"), (None, (), "the lock does not say"),
    ],
)  # fmt: skip
def test_a_fix_shows_who_asked_for_the_package(direct: bool | None, via: tuple[str, ...], text: str) -> None:
    assert cells(explain_flaws.fixed_table((some_fixed(direct=direct, via=via),), WEEK))[0][4] == text


def test_fixes_are_sorted_worst_first_and_locks_that_get_the_same_share_a_row() -> None:
    low = some_fixed("A", advisory=an_advisory("A", Severity.LOW, fixed_in="4.2.16"))
    rows = (
        low,
        some_fixed("B", path="dev.txt"),
        some_fixed("B"),
        some_fixed("C", advisory=an_advisory("C", Severity.CRITICAL)),
    )
    found = cells(explain_flaws.fixed_table(rows, WEEK))
    assert [(row[0].partition("]")[0], row[1], row[5], row[6]) for row in found] == [
        ("[C", "**critical**", "—", "`requirements.txt`"), ("[B", "**high**", "—", "`dev.txt`, `requirements.txt`"),
        ("[A", "low", "`4.2.16`", "`requirements.txt`"),
    ]  # fmt: skip
    assert len(cells(explain_flaws.fixed_table(rows, WEEK))[0]) == 7
    assert len(cells(explain_flaws.fixed_table((low,), WEEK))[0]) == 6


def test_an_advisory_shows_its_other_names_and_its_words() -> None:
    aliases = ("CVE-2026-1", "GHSA-a", "X-1", "X-2")
    row = some_fixed(
        advisory=an_advisory("PYSEC-1", aliases=aliases, summary="It | breaks\nall", url="https://a.example/x")
    )
    cell = explain_flaws.fixed_table((row,), WEEK).splitlines()[-1]
    assert cell.startswith(
        "| [PYSEC-1](https://a.example/x) ([CVE-2026-1](https://www.cve.org/CVERecord?id=CVE-2026-1), "
        "[GHSA-a](https://github.com/advisories/GHSA-a), [X-1](https://osv.dev/vulnerability/X-1) and 1 more)<br>It \\| breaks all |"
    )


def test_what_remains_and_what_is_accepted_are_said_with_their_reasons_and_counted_where_they_are_many() -> None:
    remaining = tuple(some_remaining(f"A-{number:04}") for number in range(120))
    text = explain_flaws.remaining_table(remaining)
    assert cells(text)[0][-1] == "no release of jinja2 fixes it yet"
    assert text.endswith("… and 20 more.")
    accepted = tuple(an_accepted(advisory=an_advisory(f"A-{number:04}")) for number in range(120))
    text = explain_flaws.accepted_table((*accepted, *accepted))
    assert cells(text)[0][1:] == ["`django 4.2.15`", "2027-01-31", "not reachable: we never parse XML"]
    assert text.endswith("… and 20 more.")
    many = tuple(some_fixed(f"A-{number:04}") for number in range(120))
    assert explain_flaws.fixed_table(many, WEEK, 40).endswith("… and 80 more.")
    assert "more" not in explain_flaws.accepted_table(accepted[:1])


def test_nothing_is_said_of_nothing() -> None:
    assert explain_flaws.fixed_table((), WEEK) == explain_flaws.remaining_table(()) == ""
    assert explain_flaws.accepted_table(()) == explain_flaws.alert(()) == explain_flaws.proof(()) == ""
    assert explain_flaws.counted((), ()) == ""


def test_what_is_not_known_is_shouted_apart_from_waivers_that_are_over() -> None:
    doubt, over = a_reason("nobody knows", "advisories-unknown"), a_reason("the waiver ended", EXPIRED)
    unknown, gone = (
        "> Not everything could be looked up:\n>\n> - nobody knows",
        "> What somebody accepted is over:\n>\n> - the waiver ended",
    )
    assert explain_flaws.alert((over, doubt)) == f"> [!WARNING]\n{unknown}\n>\n{gone}"
    assert explain_flaws.alert((doubt,)) == f"> [!WARNING]\n{unknown}"
    assert explain_flaws.alert((over,)) == f"> [!WARNING]\n{gone}"
    assert explain_flaws.proof((FEED,)) == "The pins were checked against 17,000 advisories as of 2026-11-24 12:00 UTC."


@pytest.mark.parametrize(
    ("rows", "images", "text"),
    [
        ((some_fixed("A"),), [], "django (A)"),
        (
            (some_fixed("A"), some_fixed("B", name="jinja2")),
            ["python:3.12"],
            "django, jinja2, python:3.12 (A and 1 more)",
        ),
        (tuple(some_fixed(f"A-{n}", name=f"p{n}") for n in range(5)), ["x"], "p0, p1, p2 and 3 more (A-0 and 4 more)"),
    ],
)
def test_a_title_names_a_few_packages_and_the_worst_id(rows: tuple[Fixed, ...], images: list[str], text: str) -> None:
    assert explain_flaws.in_words(rows, 3, images) == text


@pytest.mark.parametrize(
    ("rows", "images", "text"),
    [
        ((some_fixed(),), (), "an advisory, **high**, in `django`"),
        ((some_fixed(advisory=an_advisory("A", Severity.UNKNOWN)),), ("`x`",), "an advisory, **of unknown severity**, in `django`, and what is listed below in `x`"),
        (tuple(some_fixed(f"A-{n}", name=f"p{n}") for n in range(10)), (), "10 advisories, the worst of them **high**, in `p0`, `p1`, `p2`, `p3`, `p4`, `p5`, `p6`, `p7` and 2 more packages"),
    ],
)  # fmt: skip
def test_the_first_sentence_says_how_bad_it_was_and_where(
    rows: tuple[Fixed, ...], images: tuple[str, ...], text: str
) -> None:
    assert explain_flaws.sentence(rows, images) == text


@pytest.mark.parametrize(
    ("fixed", "left", "text"),
    [
        (1, 0, "It fixes 1 advisory."), (2, 1, "It fixes 2 advisories. 1 advisory that we know of stays."),
        (0, 2, "2 advisories that we know of stay."),
    ],
)  # fmt: skip
def test_counts_read_as_sentences(fixed: int, left: int, text: str) -> None:
    done, stays = [some_fixed(f"A-{n}") for n in range(fixed)], [some_remaining(f"B-{n}") for n in range(left)]
    assert explain_flaws.counted([*done, *done], stays) == text


# ---- whole bodies of strangers' words


def ready(story: Story) -> Story:
    """Give a story with the marks that its change has."""
    return replace(story, marks=fingerprint.marks(story.rebuild, story.change, "c" * 40))


def a_story(rebuild: Rebuild = SECURITY, **fields: object) -> Story:
    values = {"unreadable": (), "marks": some_marks(), "feeds": (FEED,), "cooldown": WEEK, **fields}
    return Story(repository="acme/web", rebuild=rebuild, **values)  # type: ignore[arg-type]


def check(body: str, story: Story) -> None:
    shown = page(body)
    assert len(body) <= explain.LIMIT
    assert marks.parse(body) == story.marks
    assert shown.comments[-1].startswith(" quarterdeck: {")
    assert sum(one.startswith(" quarterdeck: {") for one in shown.comments) == 1
    assert shown.tags.count("input") == 1
    assert not shown.acted_on
    assert not {"script", "img", "details", "iframe", "style"} & set(shown.tags)
    assert not commands.ticked(body)


hostile = st.lists(
    st.text(max_size=30)
    | st.sampled_from([
        "`", "``", "|", "\\|", "\n", "\r\n\r\n", "@mention", "@org/team", "#1", "GH-1", "owner/repo#2", "0badcafe1234", "</details>", "<!--", "-->",
        '<!-- quarterdeck: {"v": 1} -->', commands.BOX, "- [ ] x", "- [x] y", "[a](https://github.com/a/b/issues/1)",
        "https://github.com/a/b/pull/3", "www.example.org", "![x](https://e.example/p.png)", "<script>", "~~~", "```", "# h", "\u202e", "&lt;", "***",
    ]),
    max_size=6,
).map(" ".join)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(hostile, hostile, hostile, hostile)
def test_no_words_of_strangers_break_a_body(summary: str, why: str, url: str, name: str) -> None:
    advisory = an_advisory("PYSEC-2026-1", aliases=("CVE-2026-1",), summary=summary, url=url, fixed_in=name)
    change = a_change(
        pins=(a_pin_change(name or "x", via=(name,), why=(a_reason(why),)),),
        fixed=(some_fixed(advisory=advisory, name=name or "x", via=(name,)),),
        remaining=(some_remaining(advisory=advisory, why=a_reason(why, "no-fix")),),
        notes=(a_reason(why),),
    )
    rebuild = replace(SECURITY, why=(Reason(code="fixes", subject=name, text=why),))
    doubts = (a_reason(why, "advisories-unknown"), a_reason(summary, EXPIRED))
    story = ready(
        a_story(rebuild, change=change, doubts=doubts, accepted=(an_accepted(reason=why, advisory=advisory),))
    )
    marked = fingerprint.with_history(story.marks, a_proposal(title=f"{why}{name}", marks=some_marks()), "2026-11-24")
    story = replace(story, marks=marked)
    check(explain.body(story), story)
    assert not set("\r\n") & set(explain.title(rebuild, change))


@pytest.mark.parametrize("count", [1, 60, 500, 5_000])
@pytest.mark.parametrize("size", [1, 200, 5_000_000])
def test_bodies_of_any_size_fit_and_say_how_many_flaws_are_fixed_and_that_some_stay(count: int, size: int) -> None:
    if count * size > 50_000_000:
        size = 10_000
    text = "@x | <!-- `" * (size // 11 + 1)
    many = [an_advisory(f"PYSEC-2026-{number}", summary=text) for number in range(count)]
    change = a_change(
        pins=tuple(a_pin_change(f"package-{number}", direct=True) for number in range(count)),
        fixed=tuple(some_fixed(advisory=one, name=f"package-{place}") for place, one in enumerate(many)),
        remaining=tuple(some_remaining(f"OTHER-{number}", why=a_reason(text, "no-fix")) for number in range(count)),
    )
    why = tuple(Reason(code="fixes", subject="x", text=f"package-{number} fixes {text}") for number in range(count))
    doubts = tuple(a_reason(text, "advisories-unknown") for _ in range(min(count, 500)))
    story = ready(a_story(replace(SECURITY, why=why), change=change, doubts=doubts))
    body = explain.body(story)
    check(body, story)
    plural = "advisory" if count == 1 else "advisories"
    tables = "## What this fixes" in body and "## What remains" in body
    assert tables or f"It fixes {count} {plural}. {count} {plural} that we know of stay" in body


def test_a_title_of_a_security_rebuild_is_one_short_line() -> None:
    rows = tuple(some_fixed(f"PYSEC-2026-{'9' * 80}{n}", name="n" * 90) for n in range(3))
    title = explain.title(SECURITY, a_change(fixed=rows))
    assert len(title) <= explain.LONGEST_TITLE
    assert re.fullmatch(r"Security rebuild: [^\n]+", title)


def test_people_who_took_a_proposal_over_are_told_what_it_would_be() -> None:
    text = explain.aside("Security rebuild: django (@octocat)", some_marks(), a_proposal())
    assert not page(text).acted_on
    assert f"<!-- quarterdeck-aside: {'a' * 32} -->" in text
    assert "left to do: close it, or keep it" in explain.aside("x", None, a_proposal())
    closed = explain.aside("x", some_marks(), a_proposal(state=State.CLOSED))
    assert "Delete the branch `quarterdeck/quarterly-2026q4`, and it is proposed anew." in closed


def test_the_date_of_a_waiver_stands_in_the_body() -> None:
    story = ready(a_story(change=a_change(), accepted=(an_accepted(until=date(2030, 2, 1)),)))
    assert "| 2030-02-01 |" in explain.body(story)
