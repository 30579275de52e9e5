"""Messages through apprise, to a real server on loopback: taken, refused, never answered; and what is never shown."""

import logging
from pathlib import Path

import pytest

from bot.adapters.notifiers.apprise import AppriseNotifier
from bot.errors import BotError, ConfigError, Unavailable
from bot.model.notices import Message, NoticeKind
from bot.model.secrets import Secret
from tests.rig.letterbox import Letterbox

CANARY = "c4n4ry-0f-th3-m1n3"


def a_message(title: str = "acme/web: failed", *, over: bool = False, kind: NoticeKind = NoticeKind.FAILING) -> Message:
    return Message(kind=kind, title=title, text="Django 5 wants\nmore ✓ {{ x }}", over=over, tells=())


def a_notifier(address: str, folder: Path, seconds: float = 20) -> AppriseNotifier:
    return AppriseNotifier(Secret(address), folder, seconds=seconds)


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        (a_message(), "failure"),
        (a_message(over=True), "success"),
        (a_message(kind=NoticeKind.SECURITY_OPENED), "warning"),
        (a_message(kind=NoticeKind.PROPOSAL_OLD), "info"),
    ],
)
def test_a_message_arrives_as_it_is_worded(message: Message, kind: str, tmp_path: Path) -> None:
    with Letterbox() as box:
        a_notifier(f"json://bot:{CANARY}@{box.host}/{CANARY}", tmp_path).tell(message)
    (letter,) = box.letters
    assert (letter["title"], letter["message"], letter["type"]) == (message.title, message.text, kind)
    assert letter["path"] == f"/{CANARY}"
    assert letter["authorization"] is not None


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500, 503])
def test_a_message_that_is_refused_says_with_what(status: int, tmp_path: Path) -> None:
    with Letterbox(status) as box, pytest.raises(Unavailable, match=f"it refused the message with {status}"):
        a_notifier(f"json://{box.host}/{CANARY}", tmp_path).tell(a_message())
    assert len(box.letters) == 1


def test_a_target_that_is_not_there_takes_no_message(tmp_path: Path) -> None:
    with Letterbox() as box:
        host = box.host
    with pytest.raises(Unavailable, match="it did not take the message"):
        a_notifier(f"json://{host}/{CANARY}", tmp_path).tell(a_message())


def test_a_server_that_never_answers_is_left(tmp_path: Path) -> None:
    with Letterbox(None) as box, pytest.raises(Unavailable, match="did not"):
        a_notifier(f"json://{box.host}/{CANARY}?rto=1", tmp_path).tell(a_message())
    assert len(box.letters) == 1


def test_a_server_that_never_comes_to_its_end_is_left_too(tmp_path: Path) -> None:
    with Letterbox(dripping=True) as box, pytest.raises(Unavailable, match="did not answer within"):
        a_notifier(f"json://{box.host}/{CANARY}", tmp_path, seconds=1).tell(a_message())
    assert len(box.letters) == 1


@pytest.mark.parametrize(
    ("address", "told"),
    [
        (f"foo://{CANARY}", "its address begins with foo://, which apprise does not know"),
        (f"slack://{CANARY}", "its address begins with slack://, but is not what apprise wants there"),
        (CANARY, "its address begins with no scheme"),
        (f"{CANARY}{CANARY}://x", "its address begins with no scheme"),
        (f"https-{CANARY}", "its address begins with no scheme"),
    ],
)
def test_an_address_of_no_known_kind_is_told_by_its_scheme_alone(address: str, told: str, tmp_path: Path) -> None:
    for ask in (a_notifier(address, tmp_path).check, lambda: a_notifier(address, tmp_path).tell(a_message())):
        with pytest.raises(ConfigError) as caught:
            ask()
        assert caught.value.message == told


def test_an_address_of_a_known_kind_is_checked_without_a_message(tmp_path: Path) -> None:
    with Letterbox() as box:
        a_notifier(f"json://{box.host}/{CANARY}", tmp_path).check()
    assert box.letters == []


def test_a_program_that_gives_no_answer_is_told_without_what_it_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    child = tmp_path / "child.py"
    child.write_text("import sys; print(sys.stdin.read()); sys.exit(3)")
    monkeypatch.setattr("bot.adapters.notifiers.apprise.CHILD", child)
    with pytest.raises(Unavailable, match="ended with 3 and without an answer") as caught:
        a_notifier(f"json://127.0.0.1/{CANARY}", tmp_path).tell(a_message())
    assert CANARY not in everything_of(caught.value)


def everything_of(error: BaseException | None) -> str:
    """Give all that a traceback of an error could show of it and of what it came from."""
    said = ""
    while error is not None:
        hint = error.hint if isinstance(error, BotError) else ""
        said += f"{error!r} {error} {error.args} {hint} {getattr(error, '__notes__', '')}\n"
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return said


@pytest.mark.parametrize("status", [200, 401, 500, None])
def test_the_secret_of_an_address_is_shown_nowhere(
    status: int | None, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    said = ""
    with Letterbox(status) as box:
        target = f"{CANARY}:{CANARY}@{box.host}/{CANARY}?rto=1&+x={CANARY}"
        for address in (f"json://{target}", f"nonesuch://{target}", f"slack://{CANARY}/{CANARY}", CANARY):
            notifier = a_notifier(address, tmp_path)
            said += f"{notifier!r} {vars(notifier)}"
            try:
                notifier.tell(a_message())
            except BotError as error:
                said += everything_of(error)
    assert [letter["path"].partition("?")[0] for letter in box.letters] == [f"/{CANARY}"]
    printed = capfd.readouterr()
    assert CANARY not in said + caplog.text + printed.out + printed.err
    assert [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()] == []
