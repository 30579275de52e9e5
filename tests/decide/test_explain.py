"""The text of a proposal: deterministic, honest, bounded."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from bot.decide import explain
from bot.decide.explain import Story
from bot.formats import marks
from bot.model.change import Change, FileText, HeldBack
from bot.model.findings import PythonMismatch, Unreadable
from bot.model.plan import Deferred, NothingToDo
from bot.model.policy import Trigger
from bot.model.reasons import Reason
from tests.builders import a_change, a_pin_change, a_reason, a_rebuild, an_image_change, some_marks

HELD = HeldBack(
    path="requirements.txt", name="django", taken="4.2.30", newest="6.0.1",
    why=Reason(code="source", subject="requirements.in:1", text="django<5 in requirements.in:1"),
)  # fmt: skip
CHANGE = a_change(
    pins=(
        a_pin_change("asgiref", None, "3.9.0", direct=False, via=("django",)),
        a_pin_change("django", "4.2.15", "4.2.30", via=("acme-forms",)),
        a_pin_change("idna", "3.8", None, direct=None),
        a_pin_change("urllib3", "1.26.18", "2.5.0", direct=False, major=True),
    ),
    images=(an_image_change(), an_image_change(line=9, old=None)),
    held_back=(HELD,),
    commands=("pip-compile --upgrade requirements.in",),
    notes=(Reason(code="x", subject="y", text="resolved by uv"),),
)
STRANGE = Unreadable(path="app/Dockerfile", line=3, subject="$BASE", why="ARG BASE has no default")


def _story(change: Change = CHANGE, **fields: object) -> Story:
    values: dict[str, object] = {"rebuild": a_rebuild(), "unreadable": (STRANGE,), "marks": some_marks(), **fields}
    return Story(repository="acme/web", change=change, **values)  # type: ignore[arg-type]


SNAPSHOT = """\
This is the quarterly rebuild of `acme/web` for 2026q4: acme/web was never rebuilt before. It moves 4 packages, \
1 of them by a major step, 1 base image.

## Packages in `requirements.txt`

| package | old | new | asked for by |
| --- | --- | --- | --- |
| `asgiref` | — | `3.9.0` (new) | pulled in by `django` |
| `django` | `4.2.15` | `4.2.30` | direct, and `acme-forms` |
| `idna` | `3.8` | — (leaves) | the lock does not say |
| `urllib3` | `1.26.18` | `2.5.0` **major** | pulled in |

## Base images

| where | image | old digest | new digest | why |
| --- | --- | --- | --- | --- |
| `Dockerfile:1` | `python:3.12-slim` | `sha256:111111111111` | `sha256:222222222222` | python:3.12-slim points to \
another image than the one pinned |
| `Dockerfile:9` | `python:3.12-slim` | not pinned | `sha256:222222222222` | python:3.12-slim points to another \
image than the one pinned |

## Held back

These have a newer release that was not taken:

| package | stays at | newest | held by |
| --- | --- | --- | --- |
| `django` | `4.2.30` | `6.0.1` | django&lt;5 in requirements.in:1 |

## Good to know

- resolved by uv

## Could not be looked at

These could not be looked at, or only in part, so nobody knows whether they are fine:

| where | why |
| --- | --- |
| `app/Dockerfile:3` | ARG BASE has no default |

## How to reproduce

The same, by hand, at the root of the repository:

```sh
pip-compile --upgrade requirements.in
```

## How to say no

Close it. Exactly this content is not proposed again before the next quarter. To change what is proposed, change the \
sources (a bound such as `django<5` is kept) or the policy in `.quarterdeck.toml`. Quarterdeck leaves this branch \
alone once it carries commits of yours.

- [ ] Rebuild this proposal now, on the newest base <!-- quarterdeck:rebuild -->

Or comment `@quarterdeck rebase`, `@quarterdeck recreate` (throws away what others committed here), or \
`@quarterdeck ignore NAME until YYYY-MM-DD because REASON`, where NAME is a package, an advisory, or an image. That is \
for people who can write to this repository.

"""


def test_the_whole_body_reads_as_agreed_and_ends_in_the_hidden_block() -> None:
    body = explain.body(_story())
    assert body == SNAPSHOT + marks.render(some_marks()) + "\n"
    assert marks.parse(body) == some_marks()
    assert explain.body(_story()) == body


def test_sections_without_content_are_left_out() -> None:
    body = explain.body(_story(a_change(pins=()), unreadable=(), rebuild=a_rebuild(trigger=Trigger.MANUAL, quarter="")))
    assert [line for line in body.splitlines() if line.startswith("#")] == ["## How to say no"]
    assert body.startswith("This rebuild of `acme/web` stands here because acme/web was never rebuilt before. ")
    assert "It moves 1 file." in body
    assert "before there is something new to fix or to move" in body


def test_titles_count_what_moves() -> None:
    assert explain.title(a_rebuild(), CHANGE) == (
        "Quarterly rebuild 2026q4: 4 packages, 1 of them by a major step, 1 base image"
    )
    manual = a_rebuild(trigger=Trigger.MANUAL, quarter="")
    assert explain.title(manual, a_change(images=(an_image_change(),))) == "Rebuild: 1 package, 1 base image"


def test_a_long_body_gets_plainer_then_minimal_and_never_exceeds_the_limit() -> None:
    rows = tuple(a_pin_change(f"package-{number}", direct=number < 5) for number in range(2000))
    files = tuple(FileText(path=f"requirements/{number}.txt", data=b"") for number in range(300))
    story = _story(replace(CHANGE, pins=rows, files=files))
    full, plain, cut = (explain.body(story, limit) for limit in (10**6, 65_536, 900))
    wide = replace(story.change, pins=tuple(replace(row, direct=True) for row in rows))
    minimal = explain.body(replace(story, change=wide), 10_000)
    assert "| `package-1999` |" in full
    assert "- and 1995 packages that these pull in" in plain
    assert "`package-4` `4.2.15` → `4.2.30`" in plain
    assert "There is too much to list here" in minimal
    assert "- and 100 more" in minimal
    assert "There is too much" not in cut
    for body, limit in ((plain, 65_536), (minimal, 10_000), (cut, 900)):
        assert len(body) <= limit
        assert marks.parse(body) == some_marks()
    short = explain.body(replace(story, change=replace(wide, files=files[:1])), 10_000)
    assert "requirements/0.txt" in short
    assert "more" not in short
    images = explain.body(_story(replace(CHANGE, pins=(), notes=(a_reason("n" * 9000),))), 5000)
    assert "## Packages" not in images
    direct = explain.body(_story(replace(CHANGE, pins=rows[:3], notes=(a_reason("n" * 9000),))), 5000)
    assert "pull in" not in direct


@pytest.mark.parametrize(
    ("plan", "text"),
    [
        (a_rebuild(), "acme/web was never rebuilt before"),
        (Deferred(until=datetime(2027, 1, 5, 9, tzinfo=UTC), why=(a_reason("frozen"),)),
         "deferred until 2027-01-05 09:00 UTC: frozen"),
        (NothingToDo(why=(a_reason("a"), a_reason("b"))), "a; b"),
    ],
)  # fmt: skip
def test_a_verdict_is_one_line(plan: object, text: str) -> None:
    assert explain.verdict(plan) == text  # type: ignore[arg-type]


@settings(max_examples=60)
@given(st.text(min_size=1), st.text(min_size=1))
def test_no_name_breaks_the_page_or_mentions_anybody(name: str, why: str) -> None:
    change = a_change(pins=(a_pin_change(name, path=name, via=(name,)),), held_back=(replace(HELD, why=a_reason(why)),))
    body = explain.body(_story(change, unreadable=(replace(STRANGE, path=name, why=why),)))
    html = MarkdownIt("gfm-like", {"linkify": False}).render(body)
    assert html.count("<tr>") == 6
    assert marks.parse(body) == some_marks()


def test_a_lock_for_another_python_than_the_one_in_use_is_shown() -> None:
    mismatch = PythonMismatch(path="requirements.txt", locked="3.11", other="3.12", where="Dockerfile:3")
    body = explain.body(_story(mismatches=(mismatch,)))
    assert "## Another Python\n\n" in body
    assert "| `requirements.txt` | `3.11` | `3.12` | `Dockerfile:3` |" in body
