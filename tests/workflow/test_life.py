"""The life of proposals in the fake world: limits, people's commits, comments and wishes, quarters that pass."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from bot.decide.plan import Wish
from bot.errors import AccessDenied, RepoError, Unavailable
from bot.formats import commands, marks
from bot.model.plan import Deferred
from bot.model.policy import Freeze, Ignored, Policy, Severity, Trigger, Waiver
from bot.model.proposal import State
from bot.model.releases import Release
from bot.model.runs import Outcome
from bot.model.talk import Comment
from tests.builders import NOW, an_advisory
from tests.workflow.test_security import LOCK as TWO_PINS
from tests.workflow.test_security import SECURITY, SQLPARSE, unsafe_world
from tests.world import LOCK, World, a_world, as_json

QUARTERLY = "quarterdeck/quarterly-2026q4"
NEXT = datetime(2027, 1, 5, 9, tzinfo=UTC)


def said(text: str, author: str = "maintainer", number: int = 1) -> Comment:
    return Comment(id=number, author=author, body=text, at=NOW)


def replies(world: World, number: int = 1) -> list[str]:
    return [one.body for one in world.comments.get(number, []) if one.ours]


def a_person_pushes(world: World, branch: str = SECURITY) -> None:
    tip = world.branches[branch]
    world.branches[branch] = replace(tip, commit="f" * 40, author="person@example.org", message="Fix")


def test_a_person_who_took_a_branch_over_is_told_once_what_would_have_changed() -> None:
    world = unsafe_world()
    world.run()
    a_person_pushes(world)
    world.unsafe["sqlparse", "0.5.0"] = (SQLPARSE,)
    for _ in range(3):
        assert world.run().record.outcome is Outcome.LEFT_ALONE
    (reply,) = replies(world)
    assert "carries commits of yours" in reply
    assert "Security rebuild: django, sqlparse (PYSEC-2026-1 and 1 more)" in reply


def test_a_branch_that_was_merged_with_a_persons_commits_is_free_again() -> None:
    world = unsafe_world()
    world.run()
    a_person_pushes(world)
    world.proposals[0] = replace(world.proposals[0], state=State.MERGED, head="f" * 40)
    world.files["requirements.txt"] = TWO_PINS.replace("4.2.15", "4.2.16").encode()
    world.commit = "b" * 40
    world.unsafe = {("sqlparse", "0.5.0"): (SQLPARSE,)}
    assert world.run().record.outcome is Outcome.OPENED


def test_nothing_is_said_to_a_person_whose_branch_says_what_we_would_say() -> None:
    world = unsafe_world()
    world.run()
    a_person_pushes(world)
    world.run()
    assert replies(world) == []


def test_an_edited_block_makes_a_proposal_somebody_elses() -> None:
    world = unsafe_world()
    world.run()
    world.proposals[0] = replace(world.proposals[0], marks=None)
    world.unsafe["sqlparse", "0.5.0"] = (SQLPARSE,)
    assert world.run().record.outcome is Outcome.LEFT_ALONE


def test_content_that_grew_updates_the_proposal_and_strikes_what_it_said() -> None:
    world = unsafe_world()
    world.run()
    world.unsafe["sqlparse", "0.5.0"] = (SQLPARSE,)
    world.now = NOW + timedelta(hours=6)
    result = world.run()
    assert result.record.outcome is Outcome.UPDATED
    (proposal,) = world.proposals
    assert "~~until 2026-11-24: Security rebuild: django (PYSEC-2026-1)~~" in proposal.body
    assert proposal.marks is not None
    assert proposal.marks.fixes == ("CVE-2026-1", "PYSEC-2026-2")


def test_more_that_remains_is_told_without_a_push_so_that_approvals_stay() -> None:
    world = unsafe_world()
    world.run()
    world.trace.clear()
    world.unsafe["sqlparse", "0.5.0"] = (SQLPARSE,)
    world.releases["sqlparse"] = world.releases["sqlparse"][:1]
    assert world.run().record.outcome is Outcome.UPDATED
    assert not world.asked("push", "commit")
    assert "| `sqlparse 0.5.0` |" in world.proposals[0].body


def test_a_base_that_moved_on_is_no_reason_to_push_unless_it_conflicts() -> None:
    world = unsafe_world()
    world.run()
    world.commit = "b" * 40
    assert world.run().record.outcome is Outcome.LEFT_ALONE
    world.commit, world.conflicting = "a" * 40, True
    assert world.run().record.outcome is Outcome.UPDATED


def test_a_no_is_remembered_by_what_it_was_to_and_a_new_advisory_is_new() -> None:
    world = unsafe_world()
    world.run()
    world.proposals[0] = replace(world.proposals[0], state=State.CLOSED)
    assert world.run().record.outcome is Outcome.LEFT_ALONE
    world.releases["django"] = tuple(one for one in world.releases["django"] if one.version != "4.2.16")
    assert world.run().record.outcome is Outcome.LEFT_ALONE  # another release that fixes the same
    world.unsafe["sqlparse", "0.5.0"] = (SQLPARSE,)
    assert world.run().record.outcome is Outcome.OPENED


def test_what_we_closed_and_a_person_reopened_is_ours_again_and_not_closed_once_more() -> None:
    world = unsafe_world()
    world.run()
    world.unsafe = {}
    assert world.run().record.outcome is Outcome.CLOSED
    assert world.proposals[0].marks is not None
    assert world.proposals[0].marks.withdrawn
    world.proposals[0] = replace(world.proposals[0], state=State.OPEN)
    world.run()
    assert world.proposals[0].state is State.OPEN
    world.unsafe = unsafe_world().unsafe
    assert world.run().record.outcome is Outcome.UPDATED
    read = marks.parse(world.proposals[0].body)
    assert read is not None
    assert not read.withdrawn


def test_what_we_closed_ourselves_is_no_no_when_the_flaw_comes_back() -> None:
    world = unsafe_world()
    world.run()
    world.unsafe = {}
    world.run()
    world.unsafe = unsafe_world().unsafe
    assert world.run().record.outcome is Outcome.OPENED
    assert len(world.proposals) == 2


def test_a_quarter_that_passed_into_the_next_is_closed_before_the_next_is_opened() -> None:
    world = a_world()
    world.policy = Policy(max_open_pull_requests=1)
    world.run()
    world.now = NEXT
    result = world.run()
    assert result.record.outcome is Outcome.OPENED
    assert [proposal.state for proposal in world.proposals] == [State.CLOSED, State.OPEN]
    assert world.asked("close") == ["close #1: 2026q4 is over: the rebuild of 2027q1 takes its place."]
    assert QUARTERLY not in world.branches


def test_a_frozen_quarter_waits_and_the_older_one_stays_open() -> None:
    world = a_world()
    world.run()
    world.policy = Policy(freeze=(Freeze(start=(12, 15), end=(1, 10), reason="holidays"),))
    world.now = NEXT
    result = world.run()
    assert isinstance(result.record.plan, Deferred)
    assert world.proposals[0].state is State.OPEN


def test_no_more_proposals_stand_open_than_the_policy_allows_but_security_passes() -> None:
    world = unsafe_world()
    world.done = ()
    world.policy = Policy(max_open_pull_requests=1)
    world.compiled = {"requirements.txt": TWO_PINS.replace("4.2.15", "4.2.17")}
    world.run(Wish(trigger=Trigger.MANUAL))
    result = world.run()
    assert result.record.outcome is Outcome.DEFERRED
    assert isinstance(result.record.plan, Deferred)
    assert "1 proposal of max_open_pull_requests = 1 stands open" in str(as_json(result)["verdict"])
    assert as_json(result)["plan"]["until"] == "2026-11-24T18:00:00Z"
    assert [one.branch for one in world.proposals] == ["quarterdeck/manual", SECURITY]


def test_a_quarter_in_which_only_young_releases_are_new_waits_for_their_day() -> None:
    world = a_world()
    del world.files["Dockerfile"]
    world.compiled = {}
    young = Release(version="4.2.99", yanked=False, requires_python="", uploaded_at=NOW - timedelta(days=2))
    world.releases["django"] = (*world.releases["django"][:1], young)
    result = world.run()
    assert isinstance(result.record.plan, Deferred)
    assert result.record.plan.until == datetime(2026, 11, 30, tzinfo=UTC)
    assert "django 4.2.99 is younger than the cooldown" in str(as_json(result)["verdict"])


def test_rebase_makes_a_proposal_anew_and_is_answered_once() -> None:
    world = unsafe_world()
    world.run()
    world.commit = "b" * 40
    world.comments[1] = [said("Looks good.\n\n@quarterdeck rebase")]
    assert world.run().record.outcome is Outcome.UPDATED
    assert replies(world) == [f"Done: it stands on {'b' * 10} now.\n\n<!-- quarterdeck-answer: 1.0 -->"]
    world.trace.clear()
    assert world.run().record.outcome is Outcome.LEFT_ALONE
    assert not world.asked("say", "push")


def test_a_ticked_box_is_a_rebase_and_is_blank_again_afterwards() -> None:
    world = unsafe_world()
    world.run()
    body = world.proposals[0].body
    assert not commands.ticked(body)
    world.proposals[0] = replace(world.proposals[0], body=body.replace("- [ ]", "- [x]"))
    assert world.run().record.outcome is Outcome.UPDATED
    assert world.proposals[0].body == body


def test_rebase_does_not_touch_others_commits_and_says_why_but_recreate_does() -> None:
    world = unsafe_world()
    world.run()
    a_person_pushes(world)
    world.comments[1] = [said("@quarterdeck rebase")]
    assert world.run().record.outcome is Outcome.LEFT_ALONE
    assert "Not done: #1 carries commits that are not ours." in replies(world)[0]
    world.comments[1].append(said("@Quarterdeck recreate", number=2))
    assert world.run().record.outcome is Outcome.UPDATED
    assert world.branches[SECURITY].author != "person@example.org"


def test_a_manual_proposal_is_made_anew_when_somebody_asks_for_it() -> None:
    world = a_world()
    world.done = ("2026q4",)
    world.run(Wish(trigger=Trigger.MANUAL))
    world.compiled["requirements.txt"] = LOCK.replace("4.2.15", "4.2.31")
    world.comments[1] = [said("@quarterdeck rebase")]
    world.run()
    assert len(replies(world)) == 1
    assert "4.2.31" in world.proposals[0].body


@pytest.mark.parametrize("name", ["django", "Django", "CVE-2026-1", "PYSEC-2026-1"])
def test_ignore_holds_until_its_day_is_kept_in_the_store_and_answered(name: str) -> None:
    world = unsafe_world()
    world.run()
    world.comments[1] = [said(f"@quarterdeck ignore {name} until 2026-12-31 because we drop it anyway")]
    result = world.run()
    assert result.record.outcome is Outcome.CLOSED  # nothing that it was made for is left
    assert world.ignored[name] == Ignored(
        subject=name, until=date(2026, 12, 31), reason="we drop it anyway", by="maintainer", where="https://forge.example/1"
    )  # fmt: skip
    assert len(replies(world)) == 1
    assert f"`{name}` is left alone until 2026-12-31" in replies(world)[0]
    world.now = datetime(2027, 1, 1, 12, tzinfo=UTC)
    world.feeds = (replace(world.feeds[0], as_of=world.now),)
    assert world.run(Wish(trigger=Trigger.SECURITY)).record.outcome is Outcome.OPENED


def test_an_ignored_package_stays_where_it_is_in_a_quarter_and_an_ignored_image_is_not_moved() -> None:
    world = a_world()
    for subject in ("django", "python:3.12-slim"):
        world.ignored[subject] = Ignored(subject=subject, until=date(2026, 12, 31), reason="later", by="maintainer")
    result = world.run()
    assert not world.asked("commit Dockerfile")
    told = [reason.text for reason in result.record.change.notes] if result.record.change else []
    assert "django stays as it is until 2026-12-31, as maintainer asked: later" in told
    assert "python:3.12-slim stays as it is until 2026-12-31, as maintainer asked: later" in told


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("@quarterdeck dance", "that is no command"),
        ("@quarterdeck ignore django", "that lacks a part"),
        ("@quarterdeck ignore django until tomorrow because", "that lacks a part"),
        ("@quarterdeck ignore django until tomorrow because x", "the date cannot be read"),
        ("@quarterdeck ignore django until 2026-01-01 because x", "2026-01-01 is over"),
        ("@quarterdeck ignore flask until 2027-01-01 because x", "I know no package, advisory or image `flask`"),
    ],
)
def test_a_command_that_is_not_understood_is_answered_with_what_is_wrong(text: str, answer: str) -> None:
    world = unsafe_world()
    world.run()
    world.comments[1] = [said(text)]
    world.run()
    world.run()
    (reply,) = replies(world)
    assert answer in reply
    assert not world.ignored


def test_strangers_are_answered_once_and_nothing_that_they_write_holds() -> None:
    world = unsafe_world()
    world.run()
    world.comments[1] = [said("@quarterdeck recreate", "stranger", 5), said("@quarterdeck rebase", "stranger", 6)]
    for _ in range(2):
        assert world.run().record.outcome is Outcome.LEFT_ALONE
    (reply,) = replies(world)
    assert reply.startswith("To `stranger`: only people who can write")


def test_a_stranger_cannot_answer_in_our_name() -> None:
    world = unsafe_world()
    world.run()
    world.comments[1] = [
        said("@quarterdeck rebase"),
        said("<!-- quarterdeck-answer: 1.0 -->", "stranger", 2),
    ]
    assert world.run().record.outcome is Outcome.UPDATED


def test_a_lost_store_learns_again_what_was_to_be_ignored_from_proposals_of_any_state() -> None:
    world = unsafe_world()
    world.run()
    world.comments[1] = [said("@quarterdeck ignore django until 2026-12-31 because we drop it")]
    world.run()
    assert world.proposals[0].state is State.CLOSED
    world.ignored.clear()
    world.documents.clear()
    world.trace.clear()
    assert world.run().record.outcome is Outcome.NOTHING
    assert "django" in world.ignored
    assert not world.asked("say", "open")


def test_comments_that_cannot_be_read_are_told_and_hold_nothing_up() -> None:
    world = unsafe_world()
    world.run()
    world.failing["comments"] = Unavailable("the forge does not answer")
    world.unsafe["sqlparse", "0.5.0"] = (SQLPARSE,)
    result = world.run()
    assert result.record.outcome is Outcome.UPDATED
    assert "what people said in #1 is not known" in str(as_json(result)["verdict"])


def test_a_rehearsal_keeps_nothing_of_what_people_asked_for() -> None:
    world = unsafe_world()
    world.run()
    world.comments[1] = [said("@quarterdeck ignore django until 2026-12-31 because x")]
    world.run(rehearsal=True)
    assert not world.ignored


def test_the_overview_is_kept_where_the_policy_wants_one_and_written_only_when_it_changes() -> None:
    world = unsafe_world()
    world.run()
    assert not world.pages
    world.policy = Policy(overview=True)
    world.run()
    world.now = NOW + timedelta(hours=1)
    world.run()
    (page,) = world.pages
    assert (
        "| `django 4.2.15` | `requirements.txt` | high | [PYSEC-2026-1](https://osv.dev/PYSEC-2026-1) | #1 fixes it |"
        in page.body
    )
    assert "- #1 [Security rebuild: django (PYSEC-2026-1)](https://forge.example/1)" in page.body
    world.unsafe["sqlparse", "0.5.0"] = (an_advisory("PYSEC-2026-7"),)
    world.run(Wish(only="locks"))
    assert len(world.pages) == 1
    world.run()
    assert len(world.pages) == 2


@pytest.mark.parametrize("error", [AccessDenied("no"), RepoError("issues are off"), Unavailable("later")])
def test_an_overview_that_cannot_be_kept_is_logged_and_fails_nothing(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    world = unsafe_world()
    world.policy = Policy(overview=True)
    world.failing["page"] = error
    assert world.run().record.outcome is Outcome.OPENED
    assert "the overview was not kept" in caplog.text


@pytest.mark.parametrize("name", ["docker.io/library/python:3.12-slim", "Python", "library/python"])
def test_an_image_is_left_alone_by_whatever_name_it_was_asked_for(name: str) -> None:
    world = a_world()
    world.run()
    world.comments[1] = [said(f"@quarterdeck ignore {name} until 2026-12-31 because later")]
    result = world.run()
    assert result.record.change is not None
    assert not result.record.change.images
    assert "is left alone until 2026-12-31" in replies(world)[0]


def test_a_waiver_that_is_over_keeps_no_obsolete_proposal_open() -> None:
    world = unsafe_world()
    world.run()
    world.waivers = (Waiver(id="PYSEC-2026-2", until=date(2026, 1, 1), reason="not used"),)
    world.unsafe = {("sqlparse", version): (SQLPARSE,) for version in ("0.5.0", "0.5.1")}
    result = world.run()
    assert result.record.outcome is Outcome.CLOSED
    assert "the waiver of PYSEC-2026-2 ended" in str(as_json(result)["verdict"])


def test_a_quarter_of_which_nothing_is_left_is_closed_although_a_flaw_stays() -> None:
    world = unsafe_world()
    world.done = ()
    world.policy = Policy(security_severity=Severity.CRITICAL)
    world.unsafe = {("sqlparse", "0.5.0"): (SQLPARSE,)}
    world.compiled = {"requirements.txt": TWO_PINS.replace("4.2.15", "4.2.17")}
    world.run()
    assert world.proposals[0].branch == QUARTERLY
    world.files["requirements.txt"] = world.compiled["requirements.txt"].encode()
    world.commit = "b" * 40
    assert world.run().record.outcome is Outcome.CLOSED


def test_the_overview_does_not_change_because_time_passes_while_there_is_no_room() -> None:
    world = unsafe_world()
    world.done, world.unsafe = (), {}
    world.policy = Policy(max_open_pull_requests=1, overview=True)
    world.compiled = {"requirements.txt": TWO_PINS.replace("4.2.15", "4.2.17")}
    world.run(Wish(trigger=Trigger.MANUAL))
    for hours in range(1, 4):
        world.now = NOW + timedelta(hours=hours)
        assert world.run().record.outcome is Outcome.DEFERRED
    assert "= 1 stands open: merge or close one" in world.pages[-1].body
    assert len(world.pages) == 2


def test_the_overview_does_not_call_a_flaw_fixed_whose_proposal_was_declined() -> None:
    world = unsafe_world()
    world.policy = Policy(overview=True)
    world.run()
    assert "#1 fixes it" in world.pages[-1].body
    world.proposals[0] = replace(world.proposals[0], state=State.CLOSED)
    world.run()
    assert "#1 would fix it, and was closed" in world.pages[-1].body


@pytest.mark.parametrize(
    "odd", ["pip-compile --pip-args=x requirements.in", "pip-compile --index-url=http://e.example r.in"]
)
def test_a_proposal_stays_while_what_it_fixes_is_there_although_its_lock_cannot_be_compiled_any_more(odd: str) -> None:
    world = unsafe_world()
    world.run()
    world.files["requirements.txt"] = TWO_PINS.replace("pip-compile requirements.in", odd).encode()
    world.commit = "b" * 40
    document = world.tell()
    assert world.proposals[0].state is State.OPEN
    assert "#1 stays as it is: django 4.2.15 is still affected by PYSEC-2026-1 (high)" in str(document["further"])


def test_a_proposal_stays_while_its_fix_is_yanked_and_an_order_in_it_is_answered() -> None:
    world = unsafe_world()
    world.run()
    world.releases["django"] = tuple(replace(one, yanked=one.version != "4.2.15") for one in world.releases["django"])
    world.comments[1] = [said("@quarterdeck rebase")]
    world.run()
    assert world.proposals[0].state is State.OPEN
    assert "Not done: #1 stays as it is" in replies(world)[0]


def test_a_quarter_that_passed_is_closed_although_a_flaw_that_it_fixes_is_still_there() -> None:
    world = unsafe_world()
    world.done = ()
    world.compiled = {"requirements.txt": TWO_PINS.replace("4.2.15", "4.2.17")}
    world.run()
    world.now = NEXT
    world.feeds = (replace(world.feeds[0], as_of=world.now),)
    world.run()
    states = {proposal.branch: proposal.state for proposal in world.proposals}
    assert states == {QUARTERLY: State.CLOSED, SECURITY: State.OPEN, "quarterdeck/quarterly-2027q1": State.OPEN}


def test_an_image_that_waits_for_its_quarter_keeps_no_obsolete_fix_of_a_pin_open() -> None:
    world = unsafe_world()
    world.files["Dockerfile"] = f"FROM python:3.12-slim@sha256:{'1' * 64}\n".encode()
    world.run()
    world.files["requirements.txt"] = TWO_PINS.replace("4.2.15", "4.2.16").encode()
    world.commit = "b" * 40
    assert world.run().record.outcome is Outcome.CLOSED


@pytest.mark.parametrize(("state", "opens"), [(State.MERGED, True), (State.CLOSED, False)])
def test_a_branch_that_was_merged_with_somebodys_commits_and_left_standing_is_free_again(
    state: State, opens: bool
) -> None:
    world = unsafe_world()
    world.run()
    a_person_pushes(world)
    world.proposals[0] = replace(world.proposals[0], state=state, head="f" * 40)
    world.files["requirements.txt"] = TWO_PINS.replace("4.2.15", "4.2.16").encode()
    world.unsafe = {("sqlparse", "0.5.0"): (SQLPARSE,)}
    world.commit = "b" * 40
    assert (world.run().record.outcome is Outcome.OPENED) is opens


def test_of_two_wishes_about_the_same_the_one_in_the_newer_proposal_holds() -> None:
    world = unsafe_world()
    world.done = ()
    world.compiled = {"requirements.txt": TWO_PINS.replace("4.2.15", "4.2.17")}
    world.run()
    assert len(world.proposals) == 2
    world.comments[1] = [said("@quarterdeck ignore django until 2026-12-31 because a")]
    world.comments[2] = [said("@quarterdeck ignore django until 2027-03-31 because b")]
    world.run()
    assert (world.ignored["django"].until, world.ignored["django"].reason) == (date(2027, 3, 31), "b")


def test_an_index_that_is_silent_about_one_package_makes_no_proposal_smaller() -> None:
    world = unsafe_world()
    world.unsafe["sqlparse", "0.5.0"] = (SQLPARSE,)
    world.run()
    world.failing["releases sqlparse"] = Unavailable("the index does not answer")
    world.commit = "b" * 40
    assert world.run().record.outcome is Outcome.LEFT_ALONE
    assert "sqlparse" in world.proposals[0].title


def test_a_closed_proposal_whose_branch_a_person_keeps_is_told_how_to_get_a_new_one() -> None:
    world = unsafe_world()
    world.run()
    a_person_pushes(world)
    world.proposals[0] = replace(world.proposals[0], state=State.CLOSED)
    assert world.run().record.outcome is Outcome.LEFT_ALONE
    assert replies(world) == []
    world.unsafe["sqlparse", "0.5.0"] = (SQLPARSE,)
    for _ in range(2):
        assert world.run().record.outcome is Outcome.LEFT_ALONE
    (reply,) = replies(world)
    assert "Delete the branch `quarterdeck/security`, and it is proposed anew." in reply


def test_a_new_advisory_that_the_declined_files_would_fix_too_is_a_new_question() -> None:
    world = unsafe_world()
    world.run()
    world.proposals[0] = replace(world.proposals[0], state=State.CLOSED)
    world.unsafe["django", "4.2.15"] += (an_advisory("PYSEC-2026-8"),)
    assert world.run().record.outcome is Outcome.OPENED


@pytest.mark.parametrize("edit", [lambda body: f"{body}\nTested on staging.\n", lambda _body: "", lambda _body: "gone"])
def test_a_no_is_remembered_although_the_body_was_edited_before(edit: Callable[[str], str]) -> None:
    world = unsafe_world()
    world.run()
    one = world.proposals[0]
    body = edit(one.body)
    world.proposals[0] = replace(one, state=State.CLOSED, body=body, marks=marks.parse(body))
    assert world.run().record.outcome is Outcome.LEFT_ALONE
    assert len(world.proposals) == 1


def test_an_ignore_is_heard_although_its_proposal_was_closed_right_after() -> None:
    world = unsafe_world()
    world.run()
    world.comments[1] = [said("@quarterdeck ignore django until 2026-12-31 because we drop it")]
    world.proposals[0] = replace(world.proposals[0], state=State.CLOSED)
    world.run()
    assert "django" in world.ignored
    assert len(replies(world)) == 1


def test_recreate_on_a_closed_proposal_opens_it_anew_whatever_stands_on_its_branch() -> None:
    world = unsafe_world()
    world.run()
    a_person_pushes(world)
    world.proposals[0] = replace(world.proposals[0], state=State.CLOSED)
    world.comments[1] = [said("@quarterdeck recreate")]
    assert world.run().record.outcome is Outcome.OPENED
    assert "Done: it stands in #2 now" in replies(world)[0]


def test_a_valid_block_that_says_otherwise_than_we_wrote_is_not_trusted_and_told() -> None:
    world = unsafe_world()
    world.run()
    one = world.proposals[0]
    assert one.marks is not None
    edited = replace(one.marks, content="e" * 32)
    world.proposals[0] = replace(one, marks=edited, body=marks.replaced(one.body, edited))
    for _ in range(2):
        assert world.run().record.outcome is Outcome.LEFT_ALONE
    (reply,) = replies(world)
    assert "hidden block" in reply
    assert not world.asked("update")


def test_a_clock_that_jumps_back_closes_nothing() -> None:
    world = a_world()
    world.run()
    world.now = NOW - timedelta(days=365)
    world.compiled = {}
    del world.files["Dockerfile"]
    world.commit = "b" * 40
    world.run()
    assert world.proposals[0].state is State.OPEN


def test_a_reason_that_people_gave_mentions_nobody_when_a_proposal_is_closed_for_it() -> None:
    world = unsafe_world()
    world.run()
    world.comments[1] = [said("@quarterdeck ignore django until 2026-12-31 because @bob said so, see #12")]
    world.run()
    (closing,) = world.asked("close")
    assert "@bob" not in closing
    assert "#12" not in closing


def test_an_order_in_a_run_that_fails_is_tried_again() -> None:
    world = unsafe_world()
    world.run()
    world.comments[1] = [said("@quarterdeck rebase")]
    world.failing["update"] = Unavailable("the forge does not answer")
    assert world.run().record.outcome is Outcome.FAILED
    assert replies(world) == []
    world.failing.clear()
    assert world.run().record.outcome is Outcome.UPDATED
    assert len(replies(world)) == 1


def test_what_was_asked_before_a_proposal_was_closed_does_not_undo_the_no() -> None:
    for ticked in (True, False):
        world = unsafe_world()
        world.run()
        one = world.proposals[0]
        body = one.body.replace("- [ ]", "- [x]") if ticked else one.body
        world.comments[1] = [] if ticked else [said("@quarterdeck rebase")]
        world.proposals[0] = replace(one, state=State.CLOSED, body=body)
        for _ in range(2):
            world.run()
        assert [row.state for row in world.proposals] == [State.CLOSED]
        assert len(replies(world)) == (0 if ticked else 1)


def test_a_run_that_ends_right_after_an_update_leaves_its_proposal_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    world = unsafe_world()
    world.run()
    world.unsafe["sqlparse", "0.5.0"] = (SQLPARSE,)
    with monkeypatch.context() as patched:
        patched.setattr("bot.workflow.propose.note", lambda case, proposal: proposal)
        assert world.run().record.outcome is Outcome.UPDATED
    assert world.run().record.outcome is Outcome.LEFT_ALONE
    assert replies(world) == []
    del world.unsafe["sqlparse", "0.5.0"]
    assert world.run().record.outcome is Outcome.UPDATED
