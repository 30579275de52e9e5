"""Child processes: always a list, always a time limit, always an explicit environment, killed as a whole group."""

import os
import signal
import subprocess
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
    try:
        child = subprocess.Popen(
            list(argv), cwd=cwd, env=dict(env), start_new_session=True, text=True, encoding="utf-8", errors="replace",
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
    except FileNotFoundError as error:
        raise StoreError(f"{argv[0]} is not installed", hint=f"install {argv[0]} and run again") from error
    with child:
        RUNNING.add(child)
        try:
            out, err = child.communicate(stdin, timeout=timeout)
        except subprocess.TimeoutExpired as error:
            raise TimedOut(f"{Path(argv[0]).name} ran longer than {timeout:.0f} seconds and was stopped") from error
        finally:
            RUNNING.discard(child)
            _end_group(child)
    return Finished(code=child.returncode, stdout=out, stderr=err)


def end_all() -> None:
    """Kill every child that still runs, for a program that ends because it was interrupted."""
    for child in tuple(RUNNING):
        _end_group(child)


def _end_group(child: subprocess.Popen[str]) -> None:
    """Kill what is left of the group, the child too where it still runs, and take its exit code."""
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return
    finally:
        child.wait()
