"""What the end of a confined child means, in the words of the limit that it met."""

import re

from bot.system.confine import Limits
from bot.system.process import Finished
from bot.system.warden import SAID, size

KILLED = frozenset({137, -9})
FILE_SIGNAL = frozenset({153, -25})
NO_FILE_SIZE = re.compile(r"\bFile too large\b|\bFile size limit exceeded\b|\[Errno 27\]|\bEFBIG\b")
SIGNS = (  # what programs in several languages say, the clearest first
    (NO_FILE_SIZE, "wrote a file of more than {file}"),
    (
        re.compile(r"\bNo space left on device\b|\[Errno 28\]|\bENOSPC\b|\bDisk quota exceeded\b"),
        "found no space left on the disk",
    ),
    (
        re.compile(
            r"\bcan't start new thread\b|\bfork: (?:retry: )?Resource temporarily unavailable\b|\bCannot fork\b"
            r"|BlockingIOError: \[Errno 11\]|\bpthread_create failed\b|failed to spawn thread",
            re.IGNORECASE,
        ),
        "needed more than {processes} processes and threads",
    ),
    (re.compile(r"\bToo many open files\b|\[Errno 24\]|\bEMFILE\b"), "opened more than {open} files at once"),
    (
        re.compile(
            r"^\W*MemoryError\b|^\W*memory allocation of \d+ bytes failed|\bstd::bad_alloc\b|\bout of memory\b"
            r"|\bCannot allocate memory\b|\[Errno 12\]|\bENOMEM\b|virtual memory exhausted",
            re.MULTILINE | re.IGNORECASE,
        ),
        "needed more than {memory} of memory",
    ),
)


def why_ended(finished: Finished, limits: Limits) -> str:
    """Say which limit a child met, as a clause after "it": `needed more than 4 GiB of memory`; "" where none shows."""
    if finished.code == 0:
        return ""
    last = finished.stderr.rstrip().rpartition("\n")[2]
    if finished.code in KILLED and last.startswith(SAID):
        return last.removeprefix(SAID).strip()
    words = {
        "file": size(limits.file_bytes), "memory": size(limits.memory), "processes": limits.processes,
        "open": limits.open_files,
    }  # fmt: skip
    for sign, clause in SIGNS:
        if sign.search(finished.stderr) or (sign is NO_FILE_SIZE and finished.code in FILE_SIGNAL):
            return clause.format_map(words)
    return "was killed, most likely because this machine ran out of memory" if finished.code in KILLED else ""
