"""What the end of a confined child means, in the words of the limit that it met."""

import re

from bot.system.confine import Limits
from bot.system.process import Finished
from bot.system.warden import SAID, size

OUT_OF_MEMORY = re.compile(
    r"^MemoryError\b|^memory allocation of \d+ bytes failed|\bstd::bad_alloc\b|\bout of memory\b"
    r"|\bCannot allocate memory\b|\[Errno 12\]|\bENOMEM\b|virtual memory exhausted",
    re.MULTILINE | re.IGNORECASE,
)
NO_SPACE = re.compile(r"\bNo space left on device\b|\[Errno 28\]|\bENOSPC\b|\bDisk quota exceeded\b")
FILE_TOO_LARGE = re.compile(r"\bFile too large\b|\bFile size limit exceeded\b|\[Errno 27\]|\bEFBIG\b")
NO_FORK = re.compile(
    r"\bcan't start new thread\b|\bfork: (?:retry: )?Resource temporarily unavailable\b|\bCannot fork\b"
    r"|BlockingIOError: \[Errno 11\]|\bpthread_create failed\b|failed to spawn thread",
    re.IGNORECASE,
)
NO_FILES = re.compile(r"\bToo many open files\b|\[Errno 24\]|\bEMFILE\b")
KILLED = frozenset({137, -9})
ABORTED = frozenset({134, -6})
FILE_SIGNAL = frozenset({153, -25})


def why_ended(finished: Finished, limits: Limits) -> str:
    """Say which limit a child met, as a clause after "it": `needed more than 4 GiB of memory`; "" where none shows."""
    if finished.code == 0:
        return ""
    last = finished.stderr.rstrip().rpartition("\n")[2]
    if last.startswith(SAID):
        return last.removeprefix(SAID).strip()
    said = finished.stderr
    if finished.code in FILE_SIGNAL or FILE_TOO_LARGE.search(said):
        return f"wrote a file of more than {size(limits.file_bytes)}"
    if NO_SPACE.search(said):
        return "found no space left on the disk"
    if NO_FORK.search(said):
        return f"needed more than {limits.processes} processes and threads"
    if NO_FILES.search(said):
        return f"opened more than {limits.open_files} files at once"
    if OUT_OF_MEMORY.search(said):
        return f"needed more than {size(limits.memory)} of memory"
    if finished.code in KILLED:
        return "was killed, most likely because this machine ran out of memory"
    return "gave itself up" if finished.code in ABORTED else ""
