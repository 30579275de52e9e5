"""The contract's JSON."""

import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone

from bot.decide import document, finding_rows
from bot.model.contents import FeedState
from bot.model.findings import LockOutOfDate, MovedDigest, PythonMismatch, QuarterDue, Unreadable, VulnerablePin
from bot.model.plan import Deferred, NothingToDo, Rebuild, Relock, Repin, Step, UpgradeAll
from bot.model.policy import Policy, Severity, Trigger
from bot.model.repository import Repository
from bot.model.runs import Failure, Outcome, Published, RunRecord
from tests.builders import (  # fmt: skip
    NEW,
    NOW,
    OLD,
    a_change,
    a_lock,
    a_proposal,
    a_reason,
    a_rebuild,
    a_snapshot,
    a_state,
    a_vulnerable_pin,
    an_accepted,
    an_advisory,
    an_image,
    an_image_change,
    some_fixed,
    some_remaining,
)
from tests.decide.test_explain import HELD

REPOSITORY = Repository(name="acme/web", url="https://example.org/acme/web.git")
PINNED = an_image(digest=OLD)
FINDING_KEYS = {"kind", "subject", "path", "current", "fixed_in", "advisories", "severity", "why"}


def _record(**fields: object) -> RunRecord:
    values: dict[str, object] = {
        "asked": Trigger.AUTO, "started_at": NOW, "finished_at": NOW, "outcome": Outcome.OPENED,
        "snapshot": a_snapshot(images=(PINNED,)), "images": (a_state(PINNED),), "plan": a_rebuild(), **fields,
    }  # fmt: skip
    return RunRecord(repository=REPOSITORY, **values)  # type: ignore[arg-type]


def test_a_run_has_every_name_of_the_contract() -> None:
    steps = (
        Step(action=Relock(lock=a_lock(), movement=UpgradeAll(), uploaded_before=None), why=(a_reason(),)),
        Step(action=Repin(use=PINNED, digest=NEW), why=(a_reason("moved"),)),
    )
    findings = (
        Unreadable(path="a.in", line=2, subject="x", why="y"), Unreadable(path="b.in", line=0, subject="x", why="y"),
        MovedDigest(use=PINNED, current=OLD, available=NEW), QuarterDue(quarter="2026q4", since=None),
        QuarterDue(quarter="2026q4", since=NOW),
        PythonMismatch(path="a.txt", locked="3.11", other="3.12", where="Dockerfile:3"),
        LockOutOfDate(path="a.txt", subject="django", why="a.in:1 asks for django<5, the lock pins 5.1"),
    )  # fmt: skip
    change = a_change(images=(an_image_change(),), held_back=(HELD,))
    run = _record(plan=a_rebuild(steps=steps), findings=findings, change=change, proposal=a_proposal())
    found = document.document(run, Policy())
    assert set(found) >= {
        "name", "url", "branch", "commit", "locks", "images", "findings", "plan", "outcome", "changes", "fixed",
        "remaining", "pull_request", "error",
    }  # fmt: skip
    assert found["locks"] == [
        {"path": "requirements.txt", "sources": ["requirements.in"], "locker": "pip-tools", "python": "3.11",
         "python_from": "lock header", "pins": 1, "python_where": "", "platform": "linux/amd64", "libc": "glibc"}
    ]  # fmt: skip
    assert found["images"] == [
        {"path": "Dockerfile", "line": 1, "reference": f"python:3.12-slim@{OLD}", "digest": OLD, "current_digest": NEW,
         "platforms": ["linux/amd64"], "os": None, "python": None, "obstacle": "", "offers": [], "notes": []}
    ]  # fmt: skip
    rows = found["findings"]
    assert isinstance(rows, list)
    assert [(row["kind"], row["path"], row["why"]) for row in rows] == [
        ("unreadable", "a.in:2", "y"), ("unreadable", "b.in", "y"),
        ("moved-digest", "Dockerfile:1", f"python:3.12-slim points to {NEW} now; what changed in it is not known"),
        ("quarter-due", "", "never rebuilt before"), ("quarter-due", "", "due since 2026-11-24"),
        ("python-mismatch", "a.txt", "it is compiled for Python 3.11, and Dockerfile:3 installs it in Python 3.12"),
        ("lock-out-of-date", "a.txt", "a.in:1 asks for django<5, the lock pins 5.1"),
    ]  # fmt: skip
    assert all(set(row) == FINDING_KEYS for row in rows)
    plan = found["plan"]
    assert isinstance(plan, dict)
    assert [(step["action"], step["target"]) for step in plan["steps"]] == [
        ("relock", "requirements.txt"), ("repin", "Dockerfile:1 python:3.12-slim"),
    ]  # fmt: skip
    changes = found["changes"]
    assert isinstance(changes, list)
    assert [(row["kind"], row["name"], row["direct"]) for row in changes] == [
        ("pin", "django", True), ("image", "python:3.12-slim", None),
    ]  # fmt: skip
    assert found["pull_request"] == {
        "number": 1, "url": "https://example.org/pull/1", "branch": "quarterdeck/quarterly-2026q4", "title": "t",
        "state": "open", "opened_at": None,
    }  # fmt: skip
    json.dumps(document.report((found,), NOW))


def test_a_proposal_says_in_utc_since_when_it_stands() -> None:
    opened_at = datetime(2026, 11, 24, 13, 30, tzinfo=timezone(timedelta(hours=1)))
    assert document.pull_request(a_proposal(opened_at=opened_at))["opened_at"] == "2026-11-24T12:30:00Z"


def test_the_report_stands_around_its_repositories() -> None:
    assert document.report((), NOW) == {"schema": 1, "generated_at": "2026-11-24T12:00:00Z", "repositories": []}


def test_a_failure_is_a_verdict_with_what_to_do() -> None:
    failure = Failure(kind="CloneFailed", message="not there", hint="look again")
    found = document.document(_record(snapshot=None, plan=None, outcome=Outcome.FAILED, failure=failure), Policy())
    assert found["error"] == {"kind": "CloneFailed", "message": "not there", "hint": "look again"}
    assert (found["verdict"], found["plan"], found["locks"], found["commit"]) == ("not there", None, [], None)


def test_waiting_and_doing_nothing_have_their_shape() -> None:
    waiting = document.document(_record(plan=Deferred(until=NOW, why=(a_reason("w"),)), images=()), Policy())
    assert waiting["plan"] == {
        "decision": "deferred", "trigger": None, "until": "2026-11-24T12:00:00Z", "steps": [], "why": ["w"],
    }  # fmt: skip
    images = waiting["images"]
    assert isinstance(images, list)
    assert images[0]["current_digest"] is None
    nothing = document.document(_record(plan=NothingToDo(why=(a_reason("n"),)), why=(a_reason("m"),)), Policy())
    assert nothing["verdict"] == "n; m"
    assert isinstance(nothing["plan"], dict)
    assert nothing["plan"]["decision"] == "nothing"
    assert isinstance(_record().plan, Rebuild)
    unplanned = document.document(_record(plan=None), Policy())
    assert (unplanned["plan"], unplanned["verdict"]) == (None, "")


def test_a_vulnerable_pin_names_its_advisories_the_worst_of_them_and_where_it_comes_from() -> None:
    pin = VulnerablePin(
        path="a.txt", line=7, name="django", version="4.2.15", direct=False, via=("web",), fixed_in="4.2.16",
        why="web pulls it in", advisories=(an_advisory("A-1", Severity.LOW), an_advisory("A-2", aliases=("B",))),
    )  # fmt: skip
    assert finding_rows.finding_row(pin) == {
        "kind": "vulnerable-pin", "subject": "django", "path": "a.txt", "current": "4.2.15", "fixed_in": "4.2.16",
        "advisories": [
            {"id": "A-1", "aliases": [], "severity": "low", "url": ""},
            {"id": "A-2", "aliases": ["B"], "severity": "high", "url": ""},
        ],
        "severity": "high", "why": "web pulls it in", "line": 7, "direct": False, "via": ["web"],
    }  # fmt: skip


def test_what_nobody_could_tell_is_part_of_every_verdict() -> None:
    doubt = a_reason("the advisories are 9 days old", "advisories-old")
    failure = Failure(kind="CloneFailed", message="not there", hint="look again")
    failed = document.document(_record(plan=None, failure=failure, doubts=(doubt,)), Policy())
    assert failed["verdict"] == "not there; the advisories are 9 days old"
    calm = document.document(_record(plan=NothingToDo(why=(a_reason("n"),)), doubts=(doubt, doubt)), Policy())
    assert (calm["verdict"], calm["doubts"]) == ("n; the advisories are 9 days old", [doubt.text, doubt.text])


def test_feeds_and_what_is_accepted_have_their_shape() -> None:
    feeds = (
        FeedState(ecosystem="PyPI", source="x", as_of=NOW, records=3),
        FeedState(ecosystem="PyPI", source="y", as_of=None, problem="p"),
    )
    found = document.document(_record(feeds=feeds, accepted=(an_accepted(),)), Policy())
    assert found["feeds"] == [
        {"ecosystem": "PyPI", "source": "x", "as_of": "2026-11-24T12:00:00Z", "records": 3, "problem": ""},
        {"ecosystem": "PyPI", "source": "y", "as_of": None, "records": None, "problem": "p"},
    ]
    assert found["accepted"] == [
        {"id": "CVE-2026-1", "aliases": [], "subject": "django", "path": "requirements.txt", "version": "4.2.15",
         "until": "2027-01-31", "reason": "not reachable: we never parse XML"},
    ]  # fmt: skip


def test_what_remains_says_why_and_what_a_change_fixes_remains_no_more() -> None:
    pins = (a_vulnerable_pin(), a_vulnerable_pin(an_advisory("CVE-2026-2"), why="nobody knows"))
    change = a_change(fixed=(some_fixed("CVE-2026-1"),), remaining=(some_remaining("CVE-2026-3"),))
    further = Published(rebuild=a_rebuild(), outcome=Outcome.OPENED, change=change, proposal=None, why=())
    for record in (_record(findings=pins, change=change), _record(findings=pins, change=None, further=(further,))):
        assert document.document(record, Policy())["remaining"] == [
            {"id": "CVE-2026-2", "subject": "django in requirements.txt", "why": "nobody knows"},
            {"id": "CVE-2026-3", "subject": "jinja2 in requirements.txt", "why": "no release of jinja2 fixes it yet"},
        ]


def test_what_is_asked_of_a_registry_is_the_tag_and_never_the_digest() -> None:
    use = an_image(digest="sha256:" + "1" * 64)
    assert document.tag_of(use) == replace(use.name, digest=None)
