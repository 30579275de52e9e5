"""What git runs in: a configuration of our own in which nothing is executed, and credentials for one host alone."""

import tempfile
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from bot.model.repository import Remote
from bot.system.clock import system_clock
from bot.system.process import base_environment
from bot.system.secrets import secret_variables

LOCK_SECONDS = 60.0  # no git of ours holds a lock for so long: they are held while a file is written
GLOBAL_CONFIG = """\
[core]
    hooksPath = /dev/null
    fsmonitor = false
    symlinks = false
    autocrlf = false
    attributesFile = /dev/null
[safe]
    directory = *
[protocol]
    allow = never
[protocol "file"]
    allow = always
[protocol "https"]
    allow = always
[protocol "http"]
    allow = always
[protocol "ssh"]
    allow = always
[gc]
    auto = 0
[maintenance]
    auto = false
[fetch]
    recurseSubmodules = false
[push]
    recurseSubmodules = no
    gpgSign = false
[advice]
    detachedHead = false
"""
# git asks "Username for 'https://host': " and "Password for 'https://user@host': "; another host gets no answer.
ASKPASS = """\
#!/bin/sh
case "$1" in
  "Username for '$QUARTERDECK_ASK_HOST'"*) printf '%s\\n' "$QUARTERDECK_ASK_USER" ;;
  "Password for '$QUARTERDECK_ASK_USER_HOST'"*) printf '%s\\n' "$QUARTERDECK_ASK_PASSWORD" ;;
  *) exit 1 ;;
esac
"""


def prepare(folder: Path) -> None:
    """Write the configuration and the script that answers git's questions. Raises OSError."""
    _write(folder / "config", GLOBAL_CONFIG, 0o600)
    _write(folder / "askpass", ASKPASS, 0o700)


def remove_old_locks(clone: Path) -> None:
    """Remove lock files that git processes left which were killed. Raises OSError.

    Nobody else works on the clone now; only what a run that was killed had started may still be at it, for a while.
    """
    for path in clone.rglob("*.lock"):
        with suppress(FileNotFoundError):  # its git has come to an end
            if system_clock().timestamp() - path.stat().st_mtime > LOCK_SECONDS:
                path.unlink()


def environment(folder: Path, home: Path) -> dict[str, str]:
    """Give the environment of every command; `folder` is what `prepare` wrote."""
    return {
        **dict.fromkeys(secret_variables(), ""),  # GitPython hands all others of this process on
        **base_environment(),
        "LC_ALL": "C", "HOME": str(home), "GIT_CONFIG_GLOBAL": str(folder / "config"),
        "GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0", "GIT_ASKPASS": str(folder / "askpass"),
        "GIT_SSH_COMMAND": "ssh -oBatchMode=yes", "GIT_NO_REPLACE_OBJECTS": "1", "GIT_OPTIONAL_LOCKS": "0",
    }  # fmt: skip


def answers(remote: Remote) -> dict[str, str]:
    """Give the environment from which the askpass script answers, for this remote's host alone."""
    if remote.credential is None:
        return {}
    parts = urlsplit(remote.url)
    user = remote.credential.username
    return {
        "QUARTERDECK_ASK_HOST": f"{parts.scheme}://{parts.netloc}",
        "QUARTERDECK_ASK_USER_HOST": f"{parts.scheme}://{user}@{parts.netloc}",
        "QUARTERDECK_ASK_USER": user,
        "QUARTERDECK_ASK_PASSWORD": remote.credential.password.reveal(),
    }


def _write(path: Path, text: str, mode: int) -> None:
    """Write a support file if it differs, whole or not at all."""
    if path.exists() and path.read_text() == text:
        return
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as handle:
        handle.write(text)
    Path(handle.name).chmod(mode)
    Path(handle.name).replace(path)
