"""Log lines say what they belong to, tell no secret and cannot be forged."""

import io
import json
import logging
import re
import subprocess
import sys
import textwrap
import threading
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from bot.system import logs
from bot.system.logs import bound, carried, new_run_id, set_up
from bot.system.redaction import known

CANARY = "canary-s3cret-value"
LOG = logging.getLogger("bot.test")
LIBRARIES = ("urllib3.connectionpool", "httpx", "httpcore.http11", "github.Requester", "apscheduler.executors", "waitress",
             "werkzeug", "sqlalchemy.engine.Engine", "alembic.runtime", "apprise", "git.cmd")  # fmt: skip


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    names = ("", "bot", *logs.SILENT)
    levels = {name: logging.getLogger(name).level for name in names}
    handlers = list(logging.getLogger().handlers)
    yield
    logging.captureWarnings(capture=False)
    logging.getLogger().handlers = handlers
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


@pytest.fixture
def as_json() -> io.StringIO:
    stream = io.StringIO()
    set_up(logging.DEBUG, as_json=True, stream=stream)
    return stream


@pytest.fixture
def as_text() -> io.StringIO:
    stream = io.StringIO()
    set_up(logging.DEBUG, as_json=False, stream=stream)
    return stream


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def fail_twice(why: str) -> None:
    known: dict[str, str] = {}
    try:
        known[why]
    except KeyError as error:
        raise ValueError(f"again {why}") from error


def test_a_json_line_has_time_level_event_logger_and_what_is_bound(as_json: io.StringIO) -> None:
    with bound(run="r1", repository="acme/web"), bound(trigger="auto"):
        LOG.info("looking at %s", "it", extra={"seconds": 1.5})
    LOG.warning("after it")
    first, second = lines(as_json)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", first.pop("timestamp"))
    assert first == {
        "level": "info",
        "event": "looking at it",
        "logger": "bot.test",
        "run": "r1",
        "repository": "acme/web",
        "trigger": "auto",
        "seconds": 1.5,
    }
    assert set(second) == {"timestamp", "level", "event", "logger"}


def test_a_text_line_reads_well(as_text: io.StringIO) -> None:
    with bound(run="r1", repository="acme/web"):
        LOG.warning("the feed is %d days old", 3)
    line = as_text.getvalue()
    assert re.match(r"\S+Z \[warning *\] the feed is 3 days old", line)
    assert "run=r1" in line
    assert "repository=acme/web" in line


def test_other_threads_carry_what_is_bound_where_they_were_asked(as_json: io.StringIO) -> None:
    with ThreadPoolExecutor(2) as pool, bound(run="r1"):
        list(pool.map(carried(LOG.info), ["one", "two", "three"]))
    stray = threading.Thread(target=LOG.info, args=("stray",))
    with bound(run="r2"):
        stray.start()
        stray.join()
    assert [line.get("run") for line in lines(as_json)] == ["r1", "r1", "r1", None]


@pytest.mark.parametrize("form", ["as_json", "as_text"])
def test_no_secret_is_told_by_event_arguments_fields_or_tracebacks(form: str, request: pytest.FixtureRequest) -> None:
    stream = request.getfixturevalue(form)
    known(CANARY)
    with bound(repository=f"https://x:{CANARY}@host"):
        LOG.info("event %s", CANARY, extra={"answer": {"deep": [CANARY]}, "object": ValueError(CANARY)})
        try:
            fail_twice(CANARY)
        except ValueError:
            LOG.exception("it failed", stack_info=True)
    said = stream.getvalue()
    assert CANARY not in said
    assert said.count("***") >= 6
    assert "KeyError" in said
    assert "ValueError" in said


@pytest.mark.parametrize("name", LIBRARIES)
def test_libraries_are_heard_from_warnings_on_and_tell_no_secret_either(name: str, as_json: io.StringIO) -> None:
    known(CANARY)
    library = logging.getLogger(name)
    library.debug("GET / Authorization: %s", CANARY)
    library.info("sent %s", CANARY)
    library.warning("retrying https://x:%s@host", CANARY)
    assert [line["event"] for line in lines(as_json)] == ["retrying https://x:***@host"]


def test_a_hostile_name_forges_no_line_and_plays_no_trick(as_text: io.StringIO) -> None:
    hostile = "web\n2026-01-01T00:00:00Z [info     ] all is well\x1b[2J\u202e"
    with bound(repository=hostile):
        LOG.warning("cannot read %s", hostile)
        try:
            fail_twice(hostile)
        except ValueError:
            LOG.exception("no")
    said = as_text.getvalue()
    assert "\x1b" not in said
    assert "\u202e" not in said
    assert not [line for line in said.splitlines() if line.startswith("2026-01-01T00:00:00Z")]
    starts = [line for line in said.splitlines() if not line.startswith("    ")]
    assert len(starts) == 2


def test_a_hostile_name_is_one_json_line(as_json: io.StringIO) -> None:
    hostile = 'web\n{"event": "all is well"}\u2028\x1b[2J'
    LOG.warning("cannot read %s", hostile)
    assert "\x1b" not in as_json.getvalue()
    assert [line["event"] for line in lines(as_json)] == [f"cannot read {hostile}"]


def test_a_line_that_cannot_be_made_says_so_without_its_arguments(as_json: io.StringIO) -> None:
    known(CANARY)
    root = logging.getLogger()
    root.handlers = [
        handler for handler in root.handlers if isinstance(handler, logs._Handler)
    ]  # pytest's own would stop here
    LOG.warning("%d", CANARY)
    said = as_json.getvalue()
    assert "could not be logged" in said
    assert CANARY not in said


def test_setting_up_again_replaces_the_first(as_json: io.StringIO) -> None:
    other = io.StringIO()
    set_up(logging.WARNING, as_json=False, stream=other)
    LOG.info("not shown")
    LOG.warning("shown")
    assert as_json.getvalue() == ""
    assert other.getvalue().count("shown") == 1


def test_warnings_become_lines(as_json: io.StringIO) -> None:
    known(CANARY)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=False)
        logging.captureWarnings(capture=True)
        warnings.warn(f"deprecated {CANARY}", UserWarning, stacklevel=1)
    (line,) = lines(as_json)
    assert line["logger"] == "py.warnings"
    assert CANARY not in line["event"]


def test_an_error_that_nobody_caught_is_a_line_without_secrets() -> None:
    program = textwrap.dedent(f"""
        import sys, threading
        from bot import cli
        from bot.system.redaction import known
        known("{CANARY}")
        sys.argv = ["quarterdeck", "--version"]
        try:
            cli.main()
        except SystemExit:
            pass
        def fail():
            raise ValueError("in a thread {CANARY}")
        thread = threading.Thread(target=fail)
        thread.start()
        thread.join()
        raise ValueError("at last {CANARY}")
    """)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.count("[critical") == 2
    assert "in a thread ***" in done.stderr
    assert "at last ***" in done.stderr
    assert CANARY not in re.sub(r"(?m)^ .*", "", done.stderr)


def test_names_of_runs_differ_and_sort_by_time(monkeypatch: pytest.MonkeyPatch) -> None:
    names = {new_run_id() for _ in range(1000)}
    assert len(names) == 1000
    assert all(re.fullmatch(r"[0-9a-f]{14}", name) for name in names)
    monkeypatch.setattr("time.time", lambda: 4e9)
    assert new_run_id() > max(names)
