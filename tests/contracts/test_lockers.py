"""What every locker promises, whatever tool it drives; a locker that joins passes the same suite."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.adapters.lockers.interpreters import OURS
from bot.errors import AccessDenied, LockFailed, Unavailable
from bot.model.locks import LockerName
from bot.model.plan import FixAtLeast, Refresh, UpgradeOnly
from tests.builders import NOW
from tests.rig.index import LocalIndex
from tests.rig.locker_bench import LockerBench, open_bench

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
OLD = "child==1.0\n    # via parent\nother==1.0\n    # via -r a.in\nparent==1.0\n    # via -r a.in\n"


@pytest.fixture(params=[LockerName.PIP_TOOLS, LockerName.UV_PIP])
def bench(
    request: pytest.FixtureRequest, tmp_path: Path, local_index: LocalIndex, monkeypatch: pytest.MonkeyPatch
) -> Iterator[LockerBench]:
    local_index.json_api = True
    for version, needs in (
        ("1.0", "child<2"),
        ("1.1", "child<2"),
        ("1.2", "child<3"),
        ("1.3", "child<3"),
        ("2.0", "child<4"),
    ):
        local_index.add("parent", version, requires=[needs], uploaded_at=LONG_AGO)
    for version in ("1.0", "2.0", "2.1", "3.0"):
        local_index.add("child", version, uploaded_at=LONG_AGO)
    for version in ("1.0", "2.0"):
        local_index.add("other", version, uploaded_at=LONG_AGO)
    with open_bench(tmp_path, local_index, monkeypatch) as found:
        found.name = request.param
        yield found


def test_everything_moves_within_the_sources_and_the_header_stays(bench: LockerBench) -> None:
    done = bench.compile("parent<2\nother\n", OLD)
    assert done.text == bench.header() + OLD.replace("child==1.0", "child==2.1").replace(
        "other==1.0", "other==2.0"
    ).replace("parent==1.0", "parent==1.3")
    assert (done.compiled, done.moved) == (True, ())


def test_nothing_changes_where_nothing_is_newer(bench: LockerBench) -> None:
    body = "child==1.0 \n    # via parent\n".replace(" \n", "\n") + "parent==1.1\n    # via -r a.in\n"
    done = bench.compile("parent<1.2\n", body)
    assert (done.text, done.compiled, bench.compiles) == (bench.header() + body, False, 0)


def test_a_fix_goes_to_the_lowest_release_that_is_not_below_it_and_parents_step_by_step(bench: LockerBench) -> None:
    done = bench.compile("parent\nother\n", OLD, movement=FixAtLeast(floors=(("child", "1.5"),)))
    assert bench.pins(done) == {"child": "2.0", "other": "1.0", "parent": "1.2"}
    assert [reason.text for reason in done.moved] == [
        "parent 1.0 does not go with child 2.0; 1.2 is the lowest that does"
    ]
    assert "--upgrade-package=child==2.0" in done.command
    assert "--upgrade-package=parent==1.2" in done.command


def test_a_fix_that_the_sources_forbid_fails_with_the_reason(bench: LockerBench) -> None:
    with pytest.raises(LockFailed, match=r"^a\.txt: Because .*child") as caught:
        bench.compile("parent<1.2\nother\n", OLD, movement=FixAtLeast(floors=(("child", "2.0"),)))
    assert str(bench.folder) not in caught.value.message


def test_one_package_goes_to_its_newest_and_nothing_else_moves_further_than_it_must(bench: LockerBench) -> None:
    only = UpgradeOnly(names=("other",))
    assert bench.pins(bench.compile("parent\nother\n", OLD, movement=only)) == {
        "child": "1.0", "other": "2.0", "parent": "1.0",
    }  # fmt: skip
    stays = bench.compile("parent\nother\n", OLD, movement=UpgradeOnly(names=("child",)))
    assert (bench.pins(stays), stays.compiled) == ({"child": "1.0", "other": "1.0", "parent": "1.0"}, False)
    along = bench.compile("parent\nother\n", OLD, movement=UpgradeOnly(names=("parent",)))
    assert bench.pins(along) == {"child": "1.0", "other": "1.0", "parent": "2.0"}


def test_what_a_named_package_needs_moves_with_it_and_no_further(bench: LockerBench) -> None:
    for version in ("1.5", "2.0"):
        bench.index.add("leader", version, requires=["child>=2"], uploaded_at=LONG_AGO)
    bench.index.add("leader", "1.0", requires=["child"], uploaded_at=LONG_AGO)
    body = "child==1.0\n    # via leader\nleader==1.0\n    # via -r a.in\n"
    done = bench.compile("leader\n", body, movement=UpgradeOnly(names=("leader",)))
    assert bench.pins(done) == {"child": "2.0", "leader": "2.0"}
    assert [reason.text for reason in done.moved] == [
        "child 1.0 does not go with leader 2.0; 2.0 is the lowest that does"
    ]


def test_a_refresh_brings_in_what_the_sources_ask_for_and_upgrades_nothing(bench: LockerBench) -> None:
    bench.index.add("joins", "1.0", uploaded_at=LONG_AGO)
    done = bench.compile("parent\nother\njoins\n", OLD, movement=Refresh())
    assert bench.pins(done) == {"child": "1.0", "joins": "1.0", "other": "1.0", "parent": "1.0"}


def test_a_release_younger_than_the_cooldown_is_not_taken_and_a_younger_pin_is_not_lowered(bench: LockerBench) -> None:
    bench.index.add("other", "3.0", uploaded_at=NOW - timedelta(days=2))
    bench.index.add("other", "4.0", uploaded_at=NOW - timedelta(days=1))
    week = NOW - timedelta(days=7)
    assert bench.pins(bench.compile("other\n", "other==1.0\n    # via -r a.in\n", before=week)) == {"other": "2.0"}
    young = bench.compile("other\n", "other==3.0\n    # via -r a.in\n", before=week)
    assert (bench.pins(young), young.compiled) == ({"other": "3.0"}, False)
    assert [note.code for note in young.notes] == ["kept-young"]


def test_an_index_without_upload_times_has_no_cooldown_and_that_is_said(bench: LockerBench) -> None:
    bench.index.no_upload_times = True
    done = bench.compile("other\n", "other==1.0\n    # via -r a.in\n", before=NOW - timedelta(days=7))
    assert bench.pins(done) == {"other": "2.0"}
    assert [note.code for note in done.notes] == ["cooldown-unknown"]


def test_nothing_of_this_machine_is_in_the_result(bench: LockerBench) -> None:
    done = bench.compile("parent\nother\n", OLD)
    for word in ("127.0.0.1", "index.invalid", str(bench.folder), "--index-url", "--only-binary", "--trusted-host"):
        assert word not in done.text
        assert word not in done.command


def test_hashes_are_those_of_all_files_and_nothing_is_downloaded_for_them(bench: LockerBench) -> None:
    bench.index.json_api = False
    bench.index.add("hashed", "1.0", sdist=True, uploaded_at=LONG_AGO)
    body = "hashed==0.9 \\\n    --hash=sha256:" + "0" * 64 + "\n    # via -r a.in\n"
    done = bench.compile("hashed\n", body, arguments=("--generate-hashes",))
    for file in ("hashed-1.0-py3-none-any.whl", "hashed-1.0.tar.gz"):
        assert bench.index.sha256(file) in done.text
        assert bench.index.count(f"/files/{file}$") == 0


@pytest.mark.parametrize(
    ("status", "error", "says"),
    [
        (401, AccessDenied, "refuses access"),
        (500, Unavailable, "answers 500"),
        (404, LockFailed, r"no package index knows parent"),
    ],
)
def test_an_index_that_does_not_answer_is_told_from_sources_that_do_not_resolve(
    bench: LockerBench, status: int, error: type[Exception], says: str
) -> None:
    bench.index.fail("/simple/.*", status)
    with pytest.raises(error, match=says):
        bench.compile("parent\nother\n", OLD)


def test_a_resolver_that_runs_for_ever_is_stopped(bench: LockerBench, monkeypatch: pytest.MonkeyPatch) -> None:

    bench.rooms.confinement = replace(bench.rooms.confinement, timeout=2)
    bench.index.slow("/simple/other/", 20)
    with pytest.raises((LockFailed, Unavailable), match="ran longer than"):
        bench.compile("other\n", "other==1.0\n    # via -r a.in\n")


def test_a_release_that_needs_a_patch_release_of_python_is_taken_where_that_is_there(bench: LockerBench) -> None:
    """`>=3.11.1` is common, and 3.11 alone would be 3.11.0 for a resolver."""
    bench.index.add("other", "3.0", requires_python=f">={OURS}.1", uploaded_at=LONG_AGO)
    bench.index.add("other", "4.0", requires_python=f"!={OURS}.0", uploaded_at=LONG_AGO)
    done = bench.compile("other\n", "other==1.0\n    # via -r a.in\n")
    assert bench.pins(done) == {"other": "4.0"}


def test_a_fix_drags_nothing_along_that_only_the_oldest_of_something_unpinned_would_need(bench: LockerBench) -> None:
    """`open` is left out of the lock, so nothing holds it: its oldest release needs another `other`, its newest not."""
    bench.index.add("open", "0.1", requires=["other>=2"], uploaded_at=LONG_AGO)
    bench.index.add("open", "1.0", requires=["other"], uploaded_at=LONG_AGO)
    bench.index.add("child", "1.1", requires=["open"], uploaded_at=LONG_AGO)
    body = "child==1.0\n    # via -r a.in\nother==1.0\n    # via -r a.in\n"
    done = bench.compile("child\nother\n", body, movement=FixAtLeast(floors=(("child", "1.1"),)))
    assert bench.pins(done)["child"] == "1.1"
    assert bench.pins(done)["other"] == "1.0"
    assert done.moved == ()


def test_what_is_named_is_wanted_now_and_the_cooldown_holds_for_everything_else(bench: LockerBench) -> None:
    week, yesterday = NOW - timedelta(days=7), NOW - timedelta(days=1)
    bench.index.add("other", "3.0", uploaded_at=yesterday)
    bench.index.add("fresh", "1.0", uploaded_at=LONG_AGO)
    bench.index.add("fresh", "2.0", uploaded_at=yesterday)
    body = "other==1.0\n    # via -r a.in\n"
    refreshed = bench.compile("other\nfresh\n", body, movement=Refresh(), before=week)
    assert bench.pins(refreshed) == {"fresh": "1.0", "other": "1.0"}
    named = bench.compile("other\nfresh\n", body, movement=UpgradeOnly(names=("other",)), before=week)
    assert bench.pins(named) == {"fresh": "1.0", "other": "3.0"}


def test_a_fix_that_needs_something_young_takes_it_and_says_so(bench: LockerBench) -> None:
    week, yesterday = NOW - timedelta(days=7), NOW - timedelta(days=1)
    bench.index.add("helper", "1.0", uploaded_at=yesterday)
    bench.index.add("other", "3.0", requires=["helper"], uploaded_at=yesterday)
    body = "other==1.0\n    # via -r a.in\n"
    done = bench.compile("other\n", body, movement=FixAtLeast(floors=(("other", "2.5"),)), before=week)
    assert bench.pins(done) == {"helper": "1.0", "other": "3.0"}
    assert [note.code for note in done.notes] == ["cooldown-not-kept"]


def test_what_fails_because_of_the_cooldown_says_so(bench: LockerBench) -> None:
    bench.index.add("other", "3.0", uploaded_at=NOW - timedelta(days=1))
    with pytest.raises(LockFailed) as caught:
        bench.compile("other>=3\n", "other==1.0\n    # via -r a.in\n", before=NOW - timedelta(days=7))
    assert "releases of other that are younger than the cooldown were left out" in caught.value.hint


def test_a_password_in_a_lock_is_told_and_not_kept(bench: LockerBench) -> None:
    body = "--extra-index-url http://user:hunter2@index.example/simple\n\nother==1.0\n    # via -r a.in\n"
    done = bench.compile("other\n", body)
    assert bench.pins(done) == {"other": "2.0"}
    assert "hunter2" in done.text
    assert [note.code for note in done.notes] == ["password-in-lock"]
    assert "hunter2" not in str(bench.answers) + str(done.notes)


def test_a_fix_and_an_upgrade_that_were_asked_for_together_both_happen(bench: LockerBench) -> None:
    both = FixAtLeast(floors=(("child", "1.5"),), names=("other",))
    done = bench.compile("parent\nother\n", OLD, movement=both)
    assert bench.pins(done) == {"child": "2.0", "other": "2.0", "parent": "1.2"}
