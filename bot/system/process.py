"""Child processes: always a list, always a time limit, always an explicit environment, killed as a whole group."""

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.errors import BotError, StoreError

PASSED_ON = (
    "PATH", "LANG", "LC_ALL", "TZ", "SYSTEMROOT",
    "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO", "PIP_CERT",
    "http_proxy", "https_proxy", "no_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY",
)  # fmt: skip


RUNNING: set[subprocess.Popen[str]] = set()  # what an interrupted program must not leave behind
STARTING = threading.Lock()  # no child is born between the last look at RUNNING and the end
ENDING = threading.Event()


class Interrupted(BotError):
    """The program is ending, so no child is started any more and what one said is not used."""


class TimedOut(BotError):
    """A child process ran longer than it was allowed to; it and its children were killed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """How a child process ended, with what it printed (UTF-8, undecodable bytes replaced)."""

    code: int
    stdout: str
    stderr: str


def base_environment() -> dict[str, str]:
    """Give what every child may see: where programs, certificates and proxies are; no token, no pip setting."""
    return {name: os.environ[name] for name in PASSED_ON if name in os.environ}


def run(argv: Sequence[str], *, cwd: Path, timeout: float, env: Mapping[str, str], stdin: str = "") -> Finished:
    """Run `argv` to its end, `timeout` in seconds, in an own process group.

    Raises TimedOut after killing the whole group, StoreError where the disk is full or the program is missing.
    """
    with _started(argv, cwd, env) as child:
        try:
            out, err = child.communicate(stdin, timeout=timeout)
        except subprocess.TimeoutExpired as error:
            raise TimedOut(f"{Path(argv[0]).name} ran longer than {timeout:.0f} seconds and was stopped") from error
        finally:
            RUNNING.discard(child)
            _end_group(child)
    if ENDING.is_set():
        raise Interrupted(f"{Path(argv[0]).name} was stopped because Quarterdeck is ending")
    return Finished(code=child.returncode, stdout=out, stderr=err)


def _started(argv: Sequence[str], cwd: Path, env: Mapping[str, str]) -> subprocess.Popen[str]:
    with STARTING:
        if ENDING.is_set():
            raise Interrupted(f"{Path(argv[0]).name} is not started because Quarterdeck is ending")
        try:
            child = subprocess.Popen(
                list(argv), cwd=cwd, env=dict(env), start_new_session=True, text=True, encoding="utf-8",
                errors="replace", stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            )  # fmt: skip
        except FileNotFoundError as error:
            raise StoreError(f"{argv[0]} is not installed", hint=f"install {argv[0]} and run again") from error
        RUNNING.add(child)
        return child


def end_all() -> None:
    """Kill every child that still runs and start no other, for a program that ends because it was interrupted."""
    with STARTING:
        ENDING.set()
        for child in tuple(RUNNING):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)


def _end_group(child: subprocess.Popen[str]) -> None:
    """Kill what is left of the group, the child too where it still runs, and take its exit code."""
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return
    finally:
        child.wait()
