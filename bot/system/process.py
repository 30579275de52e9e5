"""Child processes: always a list, always a time limit, always an explicit environment, killed with all they started."""

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.errors import BotError, Interrupted, StoreError
from bot.system.pipes import Conversation, TooLoud, TooSlow
from bot.system.redaction import redacted
from bot.system.warden import end_below, size

PASSED_ON = (
    "PATH", "LANG", "LC_ALL", "TZ", "SYSTEMROOT",
    "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO", "PIP_CERT",
    "http_proxy", "https_proxy", "no_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY",
)  # fmt: skip
KEEP = 64 << 20  # bytes of each stream; a lock with the hashes of 1000 packages has 5 MiB
MOST = 256 << 20  # bytes that a child may print at all

RUNNING: set[subprocess.Popen[bytes]] = set()  # what an interrupted program must not leave behind
STARTING = threading.Lock()  # no child is born between the last look at RUNNING and the end
ENDING = threading.Event()


class Stopped(BotError):
    """A child process went beyond what it is allowed; it and all its descendants were killed."""


class TimedOut(Stopped):
    """It ran longer than it was allowed to."""


class Flooded(Stopped):
    """It printed more than anybody would read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """How a child process ended, with what it printed (UTF-8, undecodable bytes replaced).

    Where it printed more than was to be kept, `cut` is true, and the first part of stdout and the last of stderr stand.
    """

    code: int
    stdout: str
    stderr: str
    cut: bool = False

    @property
    def complaint(self) -> str:
        """Give stderr as it may be quoted and cut, without secrets: half a secret would not be known again."""
        return redacted(self.stderr)


def sealed_environment() -> dict[str, str]:
    """Give what a child may see that speaks to no server of its own: no proxies, whose addresses may hold passwords."""
    return {name: value for name, value in base_environment().items() if not name.lower().endswith("_proxy")}


def base_environment() -> dict[str, str]:
    """Give what every child may see: where programs, certificates and proxies are; no token, no pip setting."""
    return {name: os.environ[name] for name in PASSED_ON if name in os.environ}


def run(  # noqa: PLR0913 - keyword-only, and few callers give the last three
    argv: Sequence[str], *, cwd: Path, timeout: float, env: Mapping[str, str], stdin: str = "",
    keep: int = KEEP, most: int = MOST,
) -> Finished:  # fmt: skip
    """Run `argv` to its end, `timeout` in seconds, in an own process group; keep so many bytes of each stream.

    Raises TimedOut, or Flooded after `most` bytes of output, when it and all its descendants are killed; StoreError
    where the disk is full or the program is missing.
    """
    name = Path(argv[0]).name
    with _started(argv, cwd, env) as child:
        talk = Conversation(child, stdin.encode(errors="replace"), keep=keep, most=most)
        try:
            child.wait(talk.hold(timeout))
        except (TooSlow, subprocess.TimeoutExpired) as error:
            raise TimedOut(f"{name} ran longer than {timeout:.0f} seconds and was stopped") from error
        except TooLoud as error:
            raise Flooded(f"{name} printed more than {size(most)} and was stopped") from error
        finally:
            _end_tree(child)
            child.wait()
            RUNNING.discard(child)
    if ENDING.is_set():
        raise Interrupted(f"{name} was stopped because Quarterdeck is ending")
    out, err = talk.out.text(), talk.err.text()
    return Finished(code=child.returncode, stdout=out, stderr=err, cut=talk.out.cut or talk.err.cut)


def _started(argv: Sequence[str], cwd: Path, env: Mapping[str, str]) -> subprocess.Popen[bytes]:
    with STARTING:
        if ENDING.is_set():
            raise Interrupted(f"{Path(argv[0]).name} is not started because Quarterdeck is ending")
        try:
            child = subprocess.Popen(
                list(argv), cwd=cwd, env=dict(env), start_new_session=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
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
            _end_tree(child)


def _end_tree(child: subprocess.Popen[bytes]) -> None:
    """Kill a child with all its descendants, and what it left in its group where it ended by itself."""
    if child.returncode is None:  # nobody reaped it, so its number is still its own
        _signal(os.kill, child, signal.SIGSTOP)  # it shall start no other meanwhile
        end_below(child.pid)
    _signal(os.killpg, child, signal.SIGKILL)


def _signal(send: Callable[[int, int], None], child: subprocess.Popen[bytes], what: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):  # it has ended, and so has its group
        send(child.pid, what)
