"""Images in the contract's JSON: what a run says of them, and `image inspect` and `image diff`."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from bot.decide import document, finding_rows, image_document
from bot.model.change import Change
from bot.model.contents import ChangeKind, ImageDiff, Lifetime, Support
from bot.model.findings import ArchiveAhead, EndOfLife, Finding, FrozenTag, MovedDigest
from bot.model.observed import Difference, Offer
from bot.model.plan import Repin, Retag, Stamp, Step
from bot.model.policy import Policy, Severity, Trigger
from bot.model.repository import Repository
from bot.model.runs import Outcome, Published, RunRecord
from tests.builders import (
    NEW,
    NOW,
    OLD,
    a_diff,
    a_lifetime,
    a_package,
    a_proposal,
    a_reason,
    a_rebuild,
    a_snapshot,
    a_source_change,
    a_stamp_change,
    a_state,
    an_advisory,
    an_image,
    an_image_change,
    an_inspection,
    some_contents,
)  # fmt: skip

USE = an_image(digest=OLD)
CVE = a_source_change(advisories=(an_advisory(aliases=("DSA-1",), url="https://x.example"),))
BUG = a_source_change("perl", kind=ChangeKind.BUGFIX)
ADVISORY = {"id": "CVE-2026-1", "aliases": ["DSA-1"], "severity": "high", "url": "https://x.example"}
WAITING = a_source_change("zlib", "1.2", "1.3", advisories=(an_advisory("CVE-2026-9", Severity.LOW),))


def written(**fields: object) -> dict[str, Any]:
    values: dict[str, object] = {
        "repository": Repository(name="acme/web", url=""), "asked": Trigger.AUTO, "started_at": NOW, "finished_at": NOW,
        "outcome": Outcome.OPENED, **fields,
    }  # fmt: skip
    found = document.document(RunRecord(**values), Policy())  # type: ignore[arg-type]
    json.dumps(found)
    return found


def finding(one: Finding) -> dict[str, Any]:
    rows = written(findings=(one,))["findings"]
    return dict(rows[0])


@pytest.mark.parametrize(
    ("diffs", "said"),
    [
        ((), "; what changed in it is not known"),
        ((a_diff(CVE, BUG),), "; it fixes CVE-2026-1 in openssl"),
        ((a_diff(BUG),), "; nothing security-relevant changed in it"),
        ((a_diff(replace(BUG, kind=ChangeKind.UNKNOWN)),), "; whether what changed in it matters is not known"),
        ((a_diff(BUG), a_diff(new=some_contents(unreadable=("x",)))), "; whether what changed in it matters is not known"),
    ],
)  # fmt: skip
def test_a_moved_digest_says_what_that_means(diffs: tuple[ImageDiff, ...], said: str) -> None:
    found = finding(MovedDigest(use=USE, current=OLD, available=NEW, diffs=diffs))
    assert found["why"] == f"python:3.12-slim points to {NEW} now{said}"
    assert (found["current"], found["fixed_in"]) == (OLD, NEW)


def test_a_digest_that_is_not_there_for_a_platform_says_so() -> None:
    found = finding(MovedDigest(use=USE, current=OLD, available=NEW, diffs=(a_diff(CVE),), missing=("linux/arm64",)))
    assert found["why"] == (
        f"python:3.12-slim points to {NEW} now; it is not there for linux/arm64; it fixes CVE-2026-1 in openssl"
    )


def test_notes_of_images_are_told_once_also_where_nothing_changes() -> None:
    notes = (a_reason("whether it has a newer tag was not asked", "tags-unread"), a_reason("another", "retag-settles"))
    states = (a_state(notes=notes), a_state(an_image(digest=OLD, line=4), notes=notes[:1]))
    told = [note.text for note in notes]
    assert written(images=states, outcome=Outcome.NOTHING)["notes"] == told
    assert written(images=states, change=Change(notes=notes[1:]))["notes"] == told[1:]


def test_a_fix_names_its_advisories_and_the_worst_of_them() -> None:
    found = finding(MovedDigest(use=USE, current=OLD, available=NEW, diffs=(a_diff(CVE, WAITING),)))
    assert [row["id"] for row in found["advisories"]] == ["CVE-2026-1", "CVE-2026-9"]
    assert found["severity"] == "high"


def test_the_archive_a_frozen_tag_and_an_end_of_life_are_findings() -> None:
    ahead = finding(ArchiveAhead(use=USE, digest=NEW, updates=(CVE,), remedy="wait"))
    assert ahead == {
        "kind": "archive-ahead", "subject": "python:3.12-slim", "path": "Dockerfile:1", "current": NEW,
        "fixed_in": "openssl 3.0.13-1", "advisories": [ADVISORY], "severity": "high",
        "why": "fixes for CVE-2026-1 in openssl wait in the archive for this image; wait",
    }  # fmt: skip
    cold = FrozenTag(use=USE, since=NOW, move_to="3.13-slim", why="it stands still")
    assert (finding(cold)["why"], finding(cold)["fixed_in"]) == (
        "it stands still; move to python:3.13-slim",
        "3.13-slim",
    )
    dead = finding(replace(cold, move_to=None))
    assert (dead["why"], dead["fixed_in"], dead["current"]) == ("it stands still", None, "3.12-slim")
    ended = finding(EndOfLife(use=USE, lifetime=a_lifetime()))
    assert (ended["subject"], ended["current"]) == ("debian 11", "11")


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (a_lifetime(), "Debian 11 in i:1 is not supported any more since 2026-08-31"),
        (a_lifetime("python", "3.11", state=Support.ENDING), "the support of Python 3.11 in i:1 ends on 2026-08-31"),
        (a_lifetime("debian", "12", state=Support.ENDING, extended=True, date=date(2028, 6, 30)),
         "Debian 12 in i:1 has only its extended support left, until 2028-06-30"),
        (a_lifetime("alpine-linux", "3.20"), "Alpine 3.20 in i:1 is not supported any more since 2026-08-31"),
        (a_lifetime("amazon-linux", "2"), "amazon-linux 2 in i:1 is not supported any more since 2026-08-31"),
    ],
)  # fmt: skip
def test_an_end_of_life_is_told_in_words(one: Lifetime, said: str) -> None:
    assert finding_rows.end_of_life(one, "i:1") == said


def test_an_image_tells_what_is_known_of_its_inside() -> None:
    state = a_state(
        USE, inspections=(an_inspection(notes=("a note",)), an_inspection(notes=("a note",))),
        offers=(Offer(tag="3.13-slim", kind="minor"),),
    )  # fmt: skip
    rows = written(snapshot=a_snapshot(images=(USE, an_image("x"))), images=(state,))["images"]
    assert {key: rows[0][key] for key in ("os", "python", "current_digest", "offers", "notes")} == {
        "os": "debian 12", "python": "3.12.9", "current_digest": NEW, "notes": ["a note"],
        "offers": [{"tag": "3.13-slim", "kind": "minor"}],
    }  # fmt: skip
    assert (rows[1]["os"], rows[1]["current_digest"], rows[1]["offers"], rows[1]["notes"]) == (None, None, [], [])


def test_every_step_has_its_action_and_the_steps_apart_are_steps_too() -> None:
    why = (a_reason(),)
    steps = [
        Step(action=Repin(use=USE, digest=NEW), why=why),
        Step(action=Retag(use=USE, tag="3.12.9-slim", digest=None), why=why),
        Step(action=Stamp(use=USE, line=4, manager="apt", value="v"), why=why),
    ]
    plan = a_rebuild(steps=tuple(steps[:2]), apart=(a_rebuild(steps=tuple(steps[2:])),))
    found = written(plan=plan)["plan"]
    assert [(row["action"], row["target"]) for row in found["steps"]] == [
        ("repin", "Dockerfile:1 python:3.12-slim"),
        ("retag", "Dockerfile:1 python:3.12-slim -> python:3.12.9-slim"),
        ("stamp", "Dockerfile:4 python:3.12-slim"),
    ]


CHANGE = Change(
    images=(an_image_change(diffs=(a_diff(CVE, BUG), a_diff(CVE)), retagged="python:3.12.9-slim"),),
    stamps=(a_stamp_change(WAITING),),
)


def test_changes_hold_the_images_their_stamps_and_their_packages() -> None:
    rows = written(change=CHANGE)["changes"]
    assert [(row["kind"], row["name"], row["old"], row["new"], row["why"]) for row in rows[2:]] == [
        ("os-package", "openssl", "3.0.11-1", "3.0.13-1", ["security: CVE-2026-1"]),
        ("os-package", "perl", "3.0.11-1", "3.0.13-1", ["bugfix"]),
        ("os-package", "zlib", "1.2", "1.3", ["security: CVE-2026-9"]),
    ]
    assert (rows[0]["kind"], rows[0]["retagged"]) == ("image", "python:3.12.9-slim")
    assert (rows[1]["kind"], rows[1]["old"], rows[1]["new"]) == ("stamp", None, "2026-11-24.0badcafe")


def test_what_is_fixed_and_what_remains_is_told_with_the_proposals_apart_counted_in() -> None:
    ahead = ArchiveAhead(use=USE, digest=NEW, updates=(CVE, WAITING), remedy="wait")
    assert written(findings=(ahead,))["remaining"] == [
        {"id": "CVE-2026-1", "subject": "openssl in python:3.12-slim", "why": "wait"},
        {"id": "CVE-2026-9", "subject": "zlib in python:3.12-slim", "why": "wait"},
    ]
    more = Published(
        rebuild=a_rebuild(branch="quarterdeck/base-x"), outcome=Outcome.OPENED, change=CHANGE, proposal=a_proposal(),
        why=(a_reason("new"),),
    )  # fmt: skip
    found = written(findings=(ahead,), further=(more,))
    assert (found["fixed"], found["remaining"]) == (["CVE-2026-1", "CVE-2026-9"], [])
    (row,) = found["further"]
    assert (row["branch"], row["outcome"], row["trigger"], row["pull_request"]["number"]) == (
        "quarterdeck/base-x", "opened", "quarterly", 1,
    )  # fmt: skip
    assert row["why"] == ["acme/web was never rebuilt before", "new"]


def test_inspect_gives_every_name_of_the_contract() -> None:
    seen = an_inspection(
        BUG, CVE, lifetimes=(a_lifetime(),), unreadable=("u",), notes=("n",),
        contents=some_contents(created=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), layers=4, size=7),
    )  # fmt: skip
    found = image_document.inspected("python:3.12-slim", NEW, seen)
    assert json.loads(json.dumps(found)) == {
        "schema": 1, "reference": "python:3.12-slim", "digest": NEW, "platform": "linux/amd64",
        "os": {"id": "debian", "version": "12", "codename": "bookworm"}, "python": "3.12.9",
        "created": "2026-01-02T03:04:05Z",
        "packages": [{"name": "libssl3", "version": "3.0.11-1", "source": "openssl", "source_version": "3.0.11-1",
                      "architecture": "amd64"}],
        "updates": [
            {"source": "openssl", "current": "3.0.11-1", "available": "3.0.13-1", "packages": ["libssl3"],
             "kind": "security", "severity": "high", "advisories": [ADVISORY]},
            {"source": "perl", "current": "3.0.11-1", "available": "3.0.13-1", "packages": ["libssl3"],
             "kind": "bugfix", "severity": "unknown", "advisories": []},
        ],
        "end_of_life": [{"product": "debian", "release": "11", "date": "2026-08-31", "state": "ended", "extended": False,
                         "why": "Debian 11 in python:3.12-slim is not supported any more since 2026-08-31"}],
        "unreadable": ["u"], "notes": ["n"], "manifest": NEW, "format": "deb", "read_from": "layers", "layers": 4,
        "size": 7,
    }  # fmt: skip
    bare = image_document.inspected("x", NEW, an_inspection(contents=some_contents(os=None, python=None, format=None)))
    assert (bare["os"], bare["python"], bare["format"], bare["created"]) == (None, None, None, None)


def test_diff_gives_every_name_of_the_contract() -> None:
    old = some_contents(
        OLD, env=(("PYTHON_VERSION", "3.12.9"), ("GONE_VERSION", "1"), ("SAME_VERSION", "1"), ("TOKEN", "x"))
    )
    new = some_contents(
        env=(("PYTHON_VERSION", "3.12.9"), ("CAME_VERSION", "2"), ("SAME_VERSION", "1"), ("TOKEN", "y"))
    )
    diff = a_diff(BUG, CVE, old=old, new=new, added=(a_package("a", "1", "a"),), removed=(a_package("b", "1", "b"),))
    found = image_document.compared(("a:1", OLD), ("a:2", NEW), Difference(diff=diff, unreadable=("u",)))
    json.dumps(found)
    assert set(found) == {
        "schema", "old", "new", "platform", "os_release_changed", "python_changed", "can_wait", "env", "sources", "added", "removed",
        "unreadable",
    }  # fmt: skip
    assert found["env"] == {
        "CAME_VERSION": [None, "2"], "GONE_VERSION": ["1", None], "PYTHON_VERSION": ["3.12.9", "3.12.9"],
    }  # fmt: skip
    sources, old_side = found["sources"], found["old"]
    assert isinstance(sources, list)
    assert isinstance(old_side, dict)
    assert [row["source"] for row in sources] == ["openssl", "perl"]
    assert old_side["os"] == {"id": "debian", "version": "12", "codename": "bookworm"}
    assert (old_side["packages"], old_side["python"], old_side["reference"]) == (1, "3.12.9", "a:1")
