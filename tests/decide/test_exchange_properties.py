"""Whatever a run found, both documents for other tools are valid, and the same every time."""

import json
from collections.abc import Callable
from datetime import date
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.decide import bom, sarif
from bot.model.contents import Advisory, ChangeKind, FeedState, Lifetime, SourceChange, Support
from bot.model.findings import (
    Accepted,
    ArchiveAhead,
    EndOfLife,
    FrozenTag,
    LockOutOfDate,
    MovedDigest,
    PythonMismatch,
    QuarterDue,
    Unreadable,
    VulnerablePin,
)
from bot.model.images import ImageUse
from bot.model.locks import Pin
from bot.model.observed import ImageState
from bot.model.packages import OsRelease, Package, PackageFormat
from bot.model.policy import Severity
from bot.model.runs import Failure, Outcome, RunRecord
from tests.builders import (
    NEW,
    NOW,
    OLD,
    a_diff,
    a_lock,
    a_record,
    a_snapshot,
    a_state,
    an_image,
    an_inspection,
    some_contents,
)  # fmt: skip
from tests.rig.published import cyclonedx_problems, sarif_problems

WORDS = st.one_of(
    st.sampled_from(["", "/", "django", "a b", "x\ny", 'q"\'', "ü/日本.txt", "caf\udce9", "\ud800", "](x) {0}" * 200, "../..", "//h:p/%zz"]),
    st.text(st.characters(), max_size=12),
)  # fmt: skip
NUMBERS = st.integers(-1, 10**6)
ADVISORIES = st.builds(
    Advisory, id=st.sampled_from(["CVE-2026-1", "GHSA-x", "MAL-1"]) | WORDS, aliases=st.lists(WORDS, max_size=3).map(tuple),
    severity=st.sampled_from(Severity), url=st.just("https://osv.dev/x") | WORDS, summary=WORDS, fixed_in=WORDS,
)  # fmt: skip
SOME = st.lists(ADVISORIES, min_size=1, max_size=3).map(tuple)
CHANGES = st.lists(
    st.builds(
        SourceChange, source=WORDS, old=WORDS, new=WORDS, packages=st.lists(WORDS, max_size=2).map(tuple),
        kind=st.sampled_from(ChangeKind), advisories=SOME,
    ),
    max_size=3,
).map(tuple)  # fmt: skip
PINS = st.builds(
    Pin, name=st.sampled_from(["django", "six"]) | WORDS, version=WORDS, line=NUMBERS,
    via=st.lists(st.sampled_from(["django", "six", "-r a.in"]) | WORDS, max_size=3).map(tuple),
)  # fmt: skip
PACKAGES = st.builds(Package, name=WORDS, version=WORDS, source=WORDS, source_version=WORDS, architecture=WORDS)
CONTENTS = st.builds(
    some_contents,
    packages=st.lists(PACKAGES, max_size=4).map(tuple),
    format=st.sampled_from([*PackageFormat, None]),
    os=st.builds(OsRelease, id=WORDS, version=WORDS) | st.none(),
)


@st.composite
def uses(draw: st.DrawFn) -> ImageUse:
    digest = draw(st.sampled_from([OLD, NEW, None]))
    return an_image(
        digest=digest, path=draw(WORDS), line=draw(NUMBERS), tag=draw(st.sampled_from(["3.12-slim", "3.13"]))
    )


@st.composite
def findings(draw: st.DrawFn, use: ImageUse) -> Any:
    made: dict[type, Callable[[], Any]] = {
        MovedDigest: lambda: MovedDigest(use=use, current=OLD, available=NEW, diffs=(a_diff(*draw(CHANGES)),)),
        ArchiveAhead: lambda: ArchiveAhead(use=use, digest=NEW, updates=draw(CHANGES), remedy=draw(WORDS)),
        FrozenTag: lambda: FrozenTag(use=use, since=None, move_to=draw(WORDS | st.none()), why=draw(WORDS)),
        EndOfLife: lambda: EndOfLife(
            use=use,
            lifetime=Lifetime(
                product=draw(WORDS), release=draw(WORDS), date=date(2026, 1, 1), state=draw(st.sampled_from(Support))
            ),
        ),
        QuarterDue: lambda: QuarterDue(quarter="2026q4", since=draw(st.sampled_from([NOW, None]))),
        Unreadable: lambda: Unreadable(path=draw(WORDS), line=draw(NUMBERS), subject=draw(WORDS), why=draw(WORDS)),
        PythonMismatch: lambda: PythonMismatch(path=draw(WORDS), locked="3.11", other=draw(WORDS), where=draw(WORDS)),
        LockOutOfDate: lambda: LockOutOfDate(path=draw(WORDS), subject=draw(WORDS), why=draw(WORDS)),
        VulnerablePin: lambda: VulnerablePin(
            path=draw(WORDS), line=draw(NUMBERS), name=draw(WORDS | st.just("django")), version=draw(WORDS),
            advisories=draw(SOME), direct=draw(st.sampled_from([True, False, None])),
            via=draw(st.lists(WORDS, max_size=2).map(tuple)), fixed_in=draw(WORDS | st.none()), why=draw(WORDS),
        ),
    }  # fmt: skip
    return made[draw(st.sampled_from(list(made)))]()


@st.composite
def records(draw: st.DrawFn) -> RunRecord:
    mentioned = draw(st.lists(uses(), max_size=3, unique_by=lambda use: (use.path, use.line, use.name)))
    pins = draw(st.lists(PINS, max_size=5))
    lock = a_lock(draw(WORDS), pins=tuple(pins))
    snapshot = a_snapshot(locks=(lock,), images=tuple(mentioned), url=draw(WORDS | st.just("https://x.example/y")))
    states: list[ImageState] = [
        a_state(use, diffs=(a_diff(old=draw(CONTENTS)),), inspections=(an_inspection(contents=draw(CONTENTS)),))
        for use in mentioned
    ]
    use = draw(st.sampled_from(mentioned)) if mentioned else an_image(digest=OLD)
    accepted = st.builds(
        Accepted, path=WORDS, line=NUMBERS, name=WORDS, version=WORDS, advisory=ADVISORIES,
        until=st.just(date(2027, 1, 1)), reason=WORDS,
    )  # fmt: skip
    feeds = st.builds(FeedState, ecosystem=WORDS, source=WORDS, as_of=st.sampled_from([NOW, None]), problem=WORDS)
    return a_record(
        draw(st.sampled_from(["acme/web", "web", ""]) | st.text(max_size=12)),
        snapshot=draw(st.sampled_from([snapshot, snapshot, None])),
        images=tuple(states),
        findings=tuple(draw(st.lists(findings(use), max_size=6))),
        accepted=tuple(draw(st.lists(accepted, max_size=2))),
        feeds=tuple(draw(st.lists(feeds, max_size=2))),
        failure=draw(st.builds(Failure, kind=WORDS, message=WORDS, hint=WORDS) | st.none()),
        outcome=draw(st.sampled_from(Outcome)),
    )


@settings(max_examples=60, deadline=None)
@given(st.lists(records(), max_size=3))
def test_whatever_was_found_sarif_is_valid(runs: list[RunRecord]) -> None:
    text = json.dumps(sarif.log(runs, "0.1.0"))
    assert sarif_problems(json.loads(text)) == []
    assert json.dumps(sarif.log(runs, "0.1.0")) == text


@settings(max_examples=60, deadline=None)
@given(st.lists(records(), max_size=3))
def test_whatever_was_found_cyclonedx_is_valid(runs: list[RunRecord]) -> None:
    text = bom.text(runs, "0.1.0", NOW)
    assert cyclonedx_problems(text) == []
    assert bom.text(runs, "0.1.0", NOW) == text
