"""One repository from its name to its verdict, in a fake world that writes down what happened."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.decide.plan import Wish
from bot.decide.relocks import Moves
from bot.errors import AccessDenied, LockFailed, StoreError, Unavailable
from bot.formats import marks
from bot.model.plan import Deferred, NothingToDo, Rebuild
from bot.model.policy import Trigger
from bot.model.proposal import State
from bot.model.runs import Outcome
from tests.world import LOCK, REPOSITORY, World, a_world

QUARTERLY = "quarterdeck/quarterly-2026q4"
OPENING = [
    "state",
    "remote acme/web",
    "fetch",
    "look python:3.12-slim",
    "contents 11 linux/amd64",
    "contents 22 linux/amd64",
    "contents 22 linux/amd64",
    "waiting 22",
    "config python:3.12-slim linux/amd64",
    "tags library/python",
    "compile requirements.txt with requirements.in requirements.txt",
    "releases django",
    "links django 4.2.30",
    "commit Dockerfile requirements.txt",
    f"push {QUARTERLY}",
    f"open {QUARTERLY}: Quarterly rebuild 2026q4: 1 package, 1 base image",
    "record opened",
]


def test_a_first_look_proposes_the_quarter_with_one_compile_one_look_one_commit_and_one_push() -> None:
    world = a_world()
    result = world.run()
    assert world.trace == OPENING
    assert result.record.outcome is Outcome.OPENED
    body = world.proposals[0].body
    assert body.startswith("This is the quarterly rebuild of `acme/web` for 2026q4: acme/web was never rebuilt before.")
    assert "| `django` | `4.2.30` | `5.2` | django&lt;5 in requirements.in:1 |" in body
    assert marks.parse(body) == world.proposals[0].marks


def test_a_second_run_with_nothing_new_changes_nothing() -> None:
    world = a_world()
    world.run()
    world.trace.clear()
    assert world.run().record.outcome is Outcome.LEFT_ALONE
    assert world.trace == [*OPENING[:4], "comments #1", *OPENING[4:12], "record left-alone"]


def test_new_content_updates_the_same_proposal() -> None:
    world = a_world()
    world.run()
    world.trace.clear()
    world.compiled["requirements.txt"] = LOCK.replace("4.2.15", "4.2.31")
    assert world.run().record.outcome is Outcome.UPDATED
    assert world.trace[-3:] == [
        f"push {QUARTERLY}", "update #1: Quarterly rebuild 2026q4: 1 package, 1 base image", "record updated",
    ]  # fmt: skip
    assert len(world.proposals) == 1


@pytest.mark.parametrize("state", [State.MERGED, State.CLOSED])
def test_a_quarter_that_was_merged_or_declined_is_over_even_when_the_store_is_lost(state: State) -> None:
    world = a_world()
    world.run()
    world.proposals[0] = replace(world.proposals[0], state=state)
    decided = world.run()
    assert decided.record.outcome is Outcome.DEFERRED
    assert isinstance(decided.record.plan, Deferred)
    world.now = datetime(2027, 1, 5, 9, tzinfo=UTC)
    assert world.run().record.outcome is Outcome.OPENED
    assert [proposal.branch for proposal in world.proposals] == [QUARTERLY, "quarterdeck/quarterly-2027q1"]


def test_a_quarter_that_needed_nothing_is_remembered() -> None:
    world = a_world()
    del world.files["Dockerfile"]
    world.compiled.clear()
    first = world.run()
    assert first.record.outcome is Outcome.NOTHING
    assert isinstance(first.record.plan, Rebuild)
    assert first.record.plan.quarter == "2026q4"
    world.done = ("2026q4",)
    again = world.run()
    assert isinstance(again.record.plan, NothingToDo)


def test_a_limited_look_does_not_count_as_the_quarter() -> None:
    world = a_world()
    world.compiled.clear()
    plan = world.run(Wish(only="locks")).record.plan
    assert isinstance(plan, Rebuild)
    assert plan.quarter == ""


def test_a_run_that_was_interrupted_after_its_push_opens_without_pushing_again() -> None:
    world = a_world()
    world.failing["open"] = Unavailable("the forge does not answer")
    assert world.run().record.outcome is Outcome.FAILED
    world.failing.clear()
    world.trace.clear()
    assert world.run().record.outcome is Outcome.OPENED
    assert not [event for event in world.trace if event.startswith(("push", "commit"))]


def test_a_branch_with_somebody_elses_commits_is_left_alone() -> None:
    world = a_world()
    world.run()
    tip = world.branches[QUARTERLY]
    world.branches[QUARTERLY] = replace(tip, commit="f" * 40, author="person@example.org", message="Fix")
    world.compiled["requirements.txt"] = LOCK.replace("4.2.15", "4.2.31")
    result = world.run()
    assert result.record.outcome is Outcome.LEFT_ALONE
    assert [reason.code for reason in result.record.why] == ["foreign-commits"]


def test_a_proposal_whose_content_arrived_otherwise_is_closed() -> None:
    world = a_world()
    world.run()
    world.files["requirements.txt"] = world.compiled["requirements.txt"].encode()
    world.files["Dockerfile"] = f"FROM python:3.12-slim@{world.tags['python:3.12-slim']}\n".encode()
    assert world.run().record.outcome is Outcome.CLOSED
    assert world.proposals[0].state is State.CLOSED


def test_a_rehearsal_says_what_would_be_proposed() -> None:
    assert a_world().run(rehearsal=True).record.outcome is Outcome.PLANNED


def test_a_lock_that_does_not_compile_proposes_nothing_and_keeps_what_was_seen() -> None:
    world = a_world()
    world.failing["compile"] = LockFailed("requirements.txt: conflict", hint="change requirements.in")
    result = world.run()
    assert result.record.outcome is Outcome.FAILED
    assert result.document["error"] == {
        "kind": "LockFailed", "message": "requirements.txt: conflict", "hint": "change requirements.in",
    }  # fmt: skip
    assert result.record.snapshot is not None
    assert not world.proposals
    assert world.trace[-1] == "record failed"


def test_an_image_that_cannot_be_seen_is_a_finding_and_the_rest_goes_on() -> None:
    world = a_world()
    world.tags.clear()
    result = world.run()
    assert result.record.outcome is Outcome.OPENED
    assert "python:3.12-slim does not exist (name another tag)" in world.proposals[0].body
    world.failing["look"] = AccessDenied("private")
    assert world.run().record.outcome is Outcome.LEFT_ALONE


def test_a_registry_that_is_down_fails_the_run_so_that_it_is_tried_again() -> None:
    world = a_world()
    world.failing["look"] = Unavailable("the registry does not answer", retry_after=30)
    assert world.run().record.outcome is Outcome.FAILED
    assert not world.proposals


def test_a_rehearsal_tells_what_it_can_while_registries_are_down_and_no_image_is_taken_for_clean() -> None:
    world = a_world()
    world.failing["look"] = Unavailable("the registry does not answer")
    seen = world.tell(rehearsal=True)
    assert seen["error"] is None
    assert [row["pins"] for row in seen["locks"]] == [1]
    (strange,) = [row for row in seen["findings"] if row["kind"] == "unreadable"]
    assert strange["path"] == "Dockerfile:1"
    assert "the registry does not answer" in strange["why"]


def test_an_index_that_cannot_say_what_was_held_back_is_said_in_the_proposal() -> None:
    world = a_world()
    world.failing["releases"] = Unavailable("down")
    assert world.run().record.outcome is Outcome.OPENED
    assert "what was held back is not known: down" in world.proposals[0].body


def test_named_packages_ask_no_registry_and_tell_what_holds_them() -> None:
    world = a_world()
    result = world.run(Wish(moves=Moves(packages=("django",))))
    assert [event for event in world.trace if event.startswith(("look", "releases"))] == ["releases django"]
    assert world.proposals[0].branch == "quarterdeck/manual"
    assert result.record.change is not None
    assert [row.why.text for row in result.record.change.held_back] == ["django<5 in requirements.in:1"]


def test_a_fix_asks_nobody_what_is_newest() -> None:
    world = a_world()
    world.run(Wish(moves=Moves(floors=(("django", "4.2.20"),))))
    assert not [event for event in world.trace if event.startswith(("look", "releases"))]
    assert world.proposals[0].body.startswith(
        "This rebuild of `acme/web` stands here because somebody asked to bring django"
    )


def test_every_lock_that_fails_is_told_at_once() -> None:
    def two(world: World) -> None:
        world.files |= {"b.in": b"django<5\n", "b.txt": LOCK.replace("requirements.in", "b.in").encode()}
        world.failing["compile"] = LockFailed("it does not resolve", hint="mend it")

    failure = a_world(two).run().record.failure
    assert failure is not None
    assert (failure.kind, failure.message, failure.hint) == ("LockFailed", "it does not resolve", "mend it")


def test_a_moved_tag_whose_platforms_did_not_move_changes_nothing() -> None:
    world = a_world()
    same = (marks_of_platform("linux/amd64", "a"),)
    world.indexes = {"sha256:" + "1" * 64: same, "sha256:" + "2" * 64: (*same, marks_of_platform("linux/arm64", "b"))}
    result = world.run(Wish(only="images", trigger=Trigger.MANUAL))
    assert result.record.outcome is Outcome.NOTHING


def marks_of_platform(platform: str, letter: str):  # type: ignore[no-untyped-def]  # noqa: ANN201
    from bot.model.images import PlatformManifest  # noqa: PLC0415

    return PlatformManifest(platform=platform, digest="sha256:" + letter * 64)


@pytest.mark.parametrize(
    ("files", "text"),
    [
        ({".quarterdeck.toml": b"enabled = false\n"}, "the repository opted out with enabled = false"),
        ({"pyproject.toml": b"[tool.quarterdeck]\nenabled = false\n"}, "the repository opted out with enabled = false"),
    ],
)
def test_a_repository_may_opt_out(files: dict[str, bytes], text: str) -> None:
    world = a_world(lambda w: w.files.update(files))
    result = world.run()
    assert result.record.outcome is Outcome.NOTHING
    assert result.document["verdict"] == text


def test_a_repository_may_leave_paths_out_and_have_its_own_policy() -> None:
    rules = b'ignore = ["Dockerfile"]\n[policy]\nlabels = ["chore"]\n'
    world = a_world(lambda w: w.files.update({".quarterdeck.toml": rules}))
    world.run()
    assert not [event for event in world.trace if event.startswith("look")]


def test_a_repository_names_its_platforms_and_is_told_what_is_not_heeded() -> None:
    rules = b'[images]\nplatforms = ["linux/arm64"]\n[[locks]]\npath = "b.txt"\nsources = ["b.in"]\n'
    result = a_world(lambda w: w.files.update({".quarterdeck.toml": rules})).run()
    assert result.record.outcome is Outcome.OPENED
    assert result.document["images"][0]["platforms"] == ["linux/arm64"]  # type: ignore[index]
    assert result.record.snapshot is not None
    assert [row.subject for row in result.record.snapshot.unreadable] == ["b.txt"]


@pytest.mark.parametrize(
    "files",
    [{".quarterdeck.toml": b"polcy = 1\n"}, {".quarterdeck.toml": b"\xff"}, {"pyproject.toml": b"\xff"}],
)
def test_a_rule_that_cannot_be_read_is_the_repositorys_error(files: dict[str, bytes]) -> None:
    result = a_world(lambda w: w.files.update(files)).run()
    assert result.record.outcome is Outcome.FAILED
    assert result.record.failure is not None
    assert result.record.failure.kind == "RepoError"


def test_a_project_file_without_our_table_changes_nothing() -> None:
    world = a_world(lambda w: w.files.update({"pyproject.toml": b'[project]\nname = "x"\n'}))
    world.run()
    assert world.trace == OPENING


@pytest.mark.parametrize(
    ("error", "everywhere", "retry_after"),
    [
        (AccessDenied("Bad credentials", everywhere=True), True, None),
        (AccessDenied("no permission"), False, None),
        (Unavailable("slow down", retry_after=30.0), False, 30.0),
        (Unavailable("down"), False, None),
        (LockFailed("it does not resolve"), False, None),
    ],
)
def test_a_failure_says_how_far_it_spreads_and_when_to_come_again(
    error: Exception, everywhere: bool, retry_after: float | None
) -> None:
    world = a_world()
    world.failing["fetch"] = error
    result = world.run()
    failure = result.record.failure
    assert failure is not None
    assert (failure.everywhere, failure.retry_after) == (everywhere, retry_after)
    assert set(result.document["error"]) == {"kind", "message", "hint"}  # type: ignore[call-overload]


def test_a_defect_of_ours_is_a_verdict_of_this_repository_and_a_lost_store_stops_everything() -> None:
    world = a_world()
    world.failing["fetch"] = ZeroDivisionError("oh")
    failure = world.run().record.failure
    assert failure is not None
    assert failure.kind == "InternalError"
    assert "defect" in failure.hint
    world.failing["fetch"] = StoreError("disk full")
    with pytest.raises(StoreError):
        world.run()


def test_a_repository_that_is_worked_on_elsewhere_says_so() -> None:
    world = a_world()
    world.failing["exclusive"] = Unavailable("acme/web is being worked on")
    assert world.run().record.outcome is Outcome.FAILED
    assert world.trace == ["record failed"]


def test_an_empty_repository_has_nothing_to_keep_fresh() -> None:
    result = World(files={"README.md": b"x"}).run()
    assert result.record.outcome is Outcome.NOTHING
    assert str(result.document["verdict"]).startswith("nothing to keep fresh here")


def test_a_run_is_recorded_under_the_name_that_is_asked_for_although_the_forge_knows_the_address() -> None:
    world = a_world()
    result = world.run()
    assert result.record.url == "https://forge.example/acme/web.git"
    assert world.recorded == [REPOSITORY.key]
