"""What git's complaints mean: one table from its messages to our errors."""

import re

from bot.errors import AccessDenied, BotError, CloneFailed, PublishFailed, StoreError, Unavailable
from bot.system.redaction import redacted

UNREACHABLE = (
    r"Could not resolve host|Connection (refused|timed out|reset)|Failed to connect|unable to access.*50[0-9]"
    r"|returned error: 5\d\d|early EOF|RPC failed|Operation timed out|hung up unexpectedly"
)
ABSENT = (
    r"does not appear to be a git repository|not a git repository|returned error: 404|Repository not found"
    r"|does not exist|No such file or directory"
)
TABLE: tuple[tuple[str, type[BotError] | None, str], ...] = (
    (r"No space left on device|Disk quota exceeded", StoreError, "make room in the data folder and run again"),
    (r"Authentication failed|could not read (Username|Password)|HTTP.* 401|Permission denied \(publickey",
     AccessDenied, "check the token in [forge] of the configuration, or your ssh key"),
    (r"HTTP.* 403|The requested URL returned error: 403", AccessDenied,
     "the token needs read and write access to the repository's contents"),
    (UNREACHABLE, Unavailable, "try again later"),
    (ABSENT, None, "check the path or URL, and that the token may see it"),
    (r"couldn't find remote ref|Couldn't find remote ref", None, "check `branch` in the configuration"),
    (r"checked out|denyCurrentBranch|current branch", None, "switch your checkout to another branch and run again"),
    (r"protected branch|GH006|pre-receive hook declined|hook declined", None,
     "allow Quarterdeck to push branches under quarterdeck/ in the repository's branch rules"),
    (r"cannot lock ref|reference already exists", Unavailable,
     "another run or person wrote the same branch at this moment; run again"),
    (r"could not lock config file|Unable to create '.*\.lock': File exists", Unavailable,
     "git of a run that was ended may still be at work; run again in a minute"),
    (r"stale info|non-fast-forward|fetch first", None, "somebody pushed to the branch meanwhile; run again"),
)  # fmt: skip


def explain(stderr: str, url: str, failure: type[CloneFailed | PublishFailed]) -> BotError:
    """Turn git's stderr into the error that says who must act; `failure` where only the repository is concerned."""
    text = redacted(stderr.strip())  # before it is cut: half a secret would not be known again
    line = _sentence(text)
    where = f"{url}: " if url else ""
    for pattern, kind, hint in TABLE:
        if re.search(pattern, text):
            return (kind or failure)(f"{where}{line}", hint=hint)
    return failure(f"{where}{line or 'git failed without a word'}", hint="run the same with --verbose to see more")


def _sentence(text: str) -> str:
    """Pick git's own reason out of several lines, without its prefix."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = [
        line for line in lines if re.match(r"(fatal|error|ERROR|remote: error| ! \[)", line) or "rejected" in line
    ]
    chosen = (telling or lines or [""])[0]
    return re.sub(r"^(remote: )?(fatal|error|ERROR): ", "", chosen)[:300]
