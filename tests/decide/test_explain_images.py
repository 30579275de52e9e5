"""What a proposal tells of images."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from bot.decide import explain
from bot.decide.explain import Story
from bot.decide.explain_images import image_sections
from bot.model.change import Change
from bot.model.contents import ChangeKind, ImageDiff, Support
from bot.model.findings import ArchiveAhead
from bot.model.observed import Frozen, ImageState, Offer
from bot.model.packages import OsRelease
from bot.model.policy import Severity, Trigger
from bot.model.reasons import Reason
from tests.builders import (
    NEW,
    OLD,
    a_change,
    a_diff,
    a_lifetime,
    a_package,
    a_reason,
    a_rebuild,
    a_source_change,
    a_stamp_change,
    a_state,
    an_advisory,
    an_image,
    an_image_change,
    an_inspection,
    some_contents,
    some_marks,
)  # fmt: skip

CVE = a_source_change(advisories=(an_advisory(url="https://www.cve.org/CVERecord?id=CVE-2026-1"),))
UNNAMED = a_source_change("expat", kind=ChangeKind.SECURITY_UNNAMED)
BUG = a_source_change("perl", "5.36", "5.37", kind=ChangeKind.BUGFIX)
DATA = a_source_change("tzdata", "2025a", "2026a", kind=ChangeKind.DATA)
WAITING = a_source_change("zlib", "1.2", "1.3", advisories=(an_advisory("CVE-2026-9", Severity.UNKNOWN),))
RENDER = MarkdownIt("gfm-like", {"linkify": False})
AHEAD = ArchiveAhead(use=an_image(digest=NEW, path="b/Dockerfile"), digest=NEW, updates=(WAITING,), remedy="wait")


def text(change: Change, *states: ImageState, ahead: tuple[ArchiveAhead, ...] = ()) -> str:
    return "\n\n".join(part for part in image_sections(change, states, ahead) if part)


def inside(diff: ImageDiff, **fields: object) -> str:
    return text(Change(images=(an_image_change(diffs=(diff,), **fields),))).partition("### Inside ")[2]


def test_a_proposal_with_everything_reads_as_agreed() -> None:
    diff = a_diff(
        CVE, UNNAMED, BUG, DATA,
        old=some_contents(OLD, size=29_000_000, python="3.12.8"), new=some_contents(NEW, size=29_400_000),
        added=(a_package("libnew", "1", "new"),), removed=(a_package("libold", "1", "old"),),
    )  # fmt: skip
    state = a_state(
        offers=(Offer(tag="3.13-slim", kind="minor"), Offer(tag="3.12-slim-trixie", kind="distribution")),
        inspections=(an_inspection(lifetimes=(a_lifetime(), a_lifetime("python", "3.12", state=Support.SUPPORTED))),),
    )
    cold = a_state(
        an_image("3.9-slim", OLD),
        frozen=Frozen(since=datetime(2026, 1, 2, tzinfo=UTC), move_to="3.10-slim", why="3.9-slim was built in January"),
    )
    change = a_change(pins=(), images=(an_image_change(diffs=(diff,)),), stamps=(a_stamp_change(WAITING),))
    body = explain.body(
        Story(
            repository="acme/web", change=change, unreadable=(), marks=some_marks(), states=(state, cold), ahead=(AHEAD,),
            rebuild=a_rebuild(
                trigger=Trigger.SECURITY, branch="quarterdeck/security", quarter="",
                why=(a_reason("the new python:3.12-slim fixes CVE-2026-1 in openssl", "fixes"),),
            ),
        )
    )  # fmt: skip
    assert body.partition("## How to say no")[0] == BODY
    assert "<table>" in RENDER.render(body)


BODY = """\
This is a security rebuild of `acme/web`: the new python:3.12-slim fixes CVE-2026-1 in openssl. It moves 1 base image.

## Base images

| where | image | old digest | new digest | why |
| --- | --- | --- | --- | --- |
| `Dockerfile:1` | `python:3.12-slim` | `sha256:111111111111` | `sha256:222222222222` | python:3.12-slim points to \
another image than the one pinned |

### Inside `python:3.12-slim`

OS `debian 12` · Python `3.12.8` → `3.12.9` · 1 package · size 29.0 MB → 29.4 MB

| source package | old | new | advisories | kind |
| --- | --- | --- | --- | --- |
| `openssl` | `3.0.11-1` | `3.0.13-1` | [CVE-2026-1](https://www.cve.org/CVERecord?id=CVE-2026-1) (high) | **security** |
| `expat` | `3.0.11-1` | `3.0.13-1` |   | **security**, no id |
| `tzdata` | `2025a` | `2026a` |   | data |
| `perl` | `5.36` | `5.37` |   | bug fix |

Added: `libnew 1`

Removed: `libold 1`

## Taken from the archive

Nobody has rebuilt these images yet with the security updates that wait in their archive. A new value of a build \
argument makes the next build run the layer that upgrades their packages, and so takes them in:

| where | image | old stamp | new stamp |
| --- | --- | --- | --- |
| `Dockerfile:2` | `python:3.12-slim` | — | `2026-11-24.0badcafe` |

| source package | in the image | in the archive | advisories | kind |
| --- | --- | --- | --- | --- |
| `zlib` | `1.2` | `1.3` | [CVE-2026-9](https://www.cve.org/CVERecord?id=CVE-2026-9) | **security** |

## What remains

These security updates wait in the archive. Nobody has rebuilt `python:3.12-slim` with them yet:

| source package | in the image | in the archive | advisories | kind |
| --- | --- | --- | --- | --- |
| `zlib` | `1.2` | `1.3` | [CVE-2026-9](https://www.cve.org/CVERecord?id=CVE-2026-9) | **security** |

`b/Dockerfile:1`: wait

## Other tags

Nobody but you moves these; change the tag by hand, or set `retag` in the policy:

| image | could go to | why |
| --- | --- | --- |
| `python:3.12-slim` | `3.12-slim-trixie` | a newer release of the operating system |
| `python:3.12-slim` | `3.13-slim` | a newer minor release |
| `python:3.9-slim` | `3.10-slim` | **no longer moves**: 3.9-slim was built in January |

## End of life

| image | what | support |
| --- | --- | --- |
| `python:3.12-slim` | Debian 11 | **ended** on 2026-08-31 |

"""


@pytest.mark.parametrize(
    ("diff", "said"),
    [
        (a_diff(BUG, DATA), "\n\nNothing security-relevant: this can wait.\n\n|"),
        (a_diff(), "No package changed its version. Nothing security-relevant: this can wait."),
    ],
)
def test_what_can_wait_is_said_to(diff: ImageDiff, said: str) -> None:
    assert said in inside(diff)


@pytest.mark.parametrize(
    "diff",
    [
        a_diff(CVE),
        a_diff(UNNAMED, BUG),
        a_diff(replace(BUG, kind=ChangeKind.UNKNOWN)),
        a_diff(BUG, old=some_contents(python="3.12.8")),
        a_diff(old=some_contents(env=(("NODE_VERSION", "20.1"),)), new=some_contents(env=(("NODE_VERSION", "20.2"),))),
        a_diff(old=some_contents(OLD, unreadable=("truncated",))),
        a_diff(old=some_contents(OLD, packages=())),
    ],
)
def test_what_is_not_known_to_be_able_to_wait_is_not_said_to(diff: ImageDiff) -> None:
    assert "can wait" not in inside(diff)


def test_programs_outside_of_packages_are_told_with_the_facts() -> None:
    old, new = some_contents(env=(("NODE_VERSION", "20.1"),)), some_contents(env=(("YARN_VERSION", "1.22"),))
    found = inside(a_diff(old=old, new=new))
    assert "`NODE_VERSION` `20.1` → not set · `YARN_VERSION` not set → `1.22`" in found
    assert "No package changed its version.\n" in f"{found}\n"


def test_another_release_is_marked_and_its_versions_are_not_judged() -> None:
    new = some_contents(os=OsRelease(id="debian", version="13"), python="3.13.0")
    found = inside(a_diff(replace(BUG, kind=ChangeKind.UNKNOWN), new=new))
    assert "OS `debian 12` → `debian 13` **another release**" in found
    assert "Python `3.12.9` → `3.13.0` **another minor version**" in found
    assert "Versions of two releases do not compare, so nothing is said of what these changes fix." in found


def test_what_is_not_known_is_not_shown_as_a_fact() -> None:
    bare: dict[str, Any] = {"os": None, "python": None, "packages": (), "format": None}
    assert inside(a_diff(old=some_contents(OLD, **bare), new=some_contents(**bare)), unread=("no package database",)) == (
        "`python:3.12-slim`\n\nLess is known of it than could be:\n\n- no package database"
    )  # fmt: skip
    one = inside(a_diff(old=some_contents(OLD, **bare), new=some_contents(size=50_000)))
    assert "OS `not known` → `debian 12`" in one
    assert "Python `none` → `3.12.9`" in one
    small = inside(a_diff(old=some_contents(OLD, size=40_000), new=some_contents(size=150_000)))
    assert "size 40.0 kB → 0.1 MB" in small or "size 40.0 kB → 0.2 MB" in small


def test_platforms_are_named_where_there_are_several_and_an_image_is_shown_once() -> None:
    arm = a_diff(BUG, new=some_contents(platform="linux/arm64"))
    rows = (an_image_change(diffs=(a_diff(CVE), arm)), an_image_change(line=9, diffs=(a_diff(CVE), arm)))
    found = text(Change(images=rows))
    assert found.count("### Inside") == 1
    assert found.index("**linux/amd64**") < found.index("`openssl`") < found.index("**linux/arm64**")
    assert "**linux/" not in inside(a_diff(CVE))


def test_a_tag_that_moves_is_shown_with_both_names() -> None:
    row = an_image_change(name="python:3.12.1-slim", retagged="python:3.12.9-slim", new=None, diffs=(a_diff(CVE),))
    found = text(Change(images=(row,)))
    assert "| `python:3.12.1-slim` → `python:3.12.9-slim` | `sha256:111111111111` | not pinned |" in found
    assert "### Inside `python:3.12.9-slim`" in found


def test_long_lists_are_counted() -> None:
    ids = tuple(an_advisory(f"CVE-2026-{n:02}") for n in range(20))
    rows = tuple(a_source_change(f"s{n:03}", advisories=ids) for n in range(70))
    gone = tuple(a_package(f"p{n}", "1", "s") for n in range(25))
    found = inside(a_diff(*rows, removed=gone))
    assert "[CVE-2026-11](https://www.cve.org/CVERecord?id=CVE-2026-11) (high) and 8 more |" in found
    assert "\n\n… and 10 more." in found
    assert found.endswith("`p19 1` and 5 more")


def test_a_new_layer_is_marked_and_the_old_stamp_is_shown() -> None:
    stamps = (a_stamp_change(WAITING, old="2026-01-01.00000000"), a_stamp_change(WAITING, line=9, inserted=True))
    found = text(Change(stamps=stamps), ahead=(replace(AHEAD, use=an_image(digest=NEW)),))
    assert "| `2026-01-01.00000000` | `2026-11-24.0badcafe` |" in found
    assert "| — | `2026-11-24.0badcafe` (the layer is new too) |" in found
    assert "## What remains" not in found
    assert found.count("CVE-2026-9]") == 1


def test_the_remedy_is_told_once_for_all_places() -> None:
    second = replace(AHEAD, use=an_image(digest=NEW, line=7))
    found = text(Change(), ahead=(AHEAD, second))
    assert found.endswith("`b/Dockerfile:1`, `Dockerfile:7`: wait")


def test_a_tag_that_this_very_change_moves_is_not_offered() -> None:
    cold = a_state(an_image("3.9.1-slim", OLD), frozen=Frozen(since=None, move_to="3.9.9-slim", why="w"))
    moving = an_image_change(name="python:3.9.1-slim", retagged="python:3.9.9-slim")
    assert "Other tags" not in text(Change(images=(moving,)), cold)
    assert "| `python:3.9.1-slim` | `3.9.9-slim` |" in text(Change(), cold)
    dead = replace(cold, frozen=Frozen(since=None, move_to=None, why="w"))
    assert "| `python:3.9.1-slim` | — |" in text(Change(), dead)


def test_the_end_of_life_is_told_for_what_ends() -> None:
    lives = (
        a_lifetime("debian", "12", date=date(2028, 6, 30), state=Support.ENDING, extended=True),
        a_lifetime("fedora", "41", date=date(2026, 12, 15), state=Support.ENDING),
    )
    state = a_state(inspections=(an_inspection(lifetimes=lives), an_inspection(lifetimes=lives)))
    found = text(Change(), state, a_state(inspections=(an_inspection(),)))
    assert "| `python:3.12-slim` | Debian 12 | extended support only, until 2028-06-30 |" in found
    assert "| `python:3.12-slim` | fedora 41 | supported until 2026-12-15 |" in found
    assert found.count("python:3.12-slim") == 2


def test_a_title_names_what_a_security_rebuild_fixes() -> None:
    security = a_rebuild(trigger=Trigger.SECURITY, quarter="", branch="quarterdeck/security")
    both = a_change(pins=(), images=(an_image_change(diffs=(a_diff(CVE, BUG),)),), stamps=(a_stamp_change(WAITING),))
    assert explain.title(security, both) == "Security rebuild: CVE-2026-1, CVE-2026-9 in openssl, zlib"
    assert explain.title(security, a_change(pins=(), images=(an_image_change(),))) == "Security rebuild: 1 base image"


def test_another_release_is_the_title_and_the_opening_of_its_proposal() -> None:
    why = a_reason("python:3.12-slim goes from Python 3.12.9 to 3.13.0", "python-minor")
    base = a_rebuild(trigger=Trigger.SECURITY, quarter="", branch="quarterdeck/base-python-3.13", why=(why,))
    change = a_change(pins=(), images=(an_image_change(),))
    assert explain.title(base, change) == why.text
    story = Story(repository="acme/web", rebuild=base, change=change, unreadable=(), marks=some_marks())
    assert explain.opening(story) == (
        "This stands apart from other rebuilds of `acme/web` because python:3.12-slim goes from Python 3.12.9 to "
        "3.13.0. It moves 1 base image."
    )


def test_the_title_of_several_images_that_move_to_another_release_counts_them() -> None:
    def why(name: str, text: str, code: str = "os-release") -> Reason:
        return Reason(code=code, subject=name, text=f"{name} goes from {text}")

    def title(*reasons: Reason) -> str:
        return explain.title(a_rebuild(quarter="", branch="quarterdeck/base-debian-13", why=reasons), a_change(pins=()))

    system = "debian 12 to debian 13: another release of the operating system"
    one, other = why("python:3.12-slim", system), why("node:20", system)
    python = why("python:3.12-slim", "Python 3.12.9 to 3.13.0", "python-minor")
    fixes = why("redis:7", "bad to good", "fixes")
    assert title(one, python, fixes) == f"python:3.12-slim goes from {system}"
    assert title(one, other, fixes) == "python:3.12-slim goes from debian 12 to debian 13 and 1 more"
    assert title(python, other, why("c", system)) == "python:3.12-slim goes from Python 3.12.9 to 3.13.0 and 2 more"
    long = why("registry.example/" + "x" * 200, system)
    assert len(title(long)) == len(title(long, one)) == explain.LONGEST_TITLE
    assert title(long, one).endswith("x and 1 more")


@settings(max_examples=60)
@given(st.text(min_size=1), st.text(min_size=1))
def test_no_name_breaks_the_page_or_mentions_anybody(name: str, url: str) -> None:
    row = a_source_change(name, name, name, advisories=(an_advisory(name, url=url),))
    diff = a_diff(row, added=(a_package(name, name, name),), new=some_contents(python=name, env=(("A_VERSION", name),)))
    cold = a_state(
        frozen=Frozen(since=None, move_to=name, why=name), inspections=(an_inspection(lifetimes=(a_lifetime(name, name),)),)
    )  # fmt: skip
    change = Change(
        images=(an_image_change(path=name, name=name, diffs=(diff,), unread=(name,)),), stamps=(a_stamp_change(row, name=name),)
    )  # fmt: skip
    html = RENDER.render(text(change, cold, ahead=(replace(AHEAD, updates=(row,)),)))
    assert html.count("<tr>") == 14
    assert "<b>" not in html.lower()


def test_updates_of_several_images_name_their_image() -> None:
    stamps = (a_stamp_change(WAITING), a_stamp_change(WAITING, name="debian:12-slim", line=9))
    assert "| `debian:12-slim` | `zlib` |" in text(Change(stamps=stamps))
