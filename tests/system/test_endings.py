"""Which limit a confined child met, told from how it ended."""

import pytest

from bot.system.confine import Limits
from bot.system.endings import why_ended
from bot.system.process import Finished

MEMORY = "needed more than 4 GiB of memory"
TASKS = "needed more than 1024 processes and threads"


@pytest.mark.parametrize(
    ("code", "stderr", "expected"),
    [
        (0, "MemoryError", ""),
        (1, "ResolutionImpossible", ""),
        (1, "Traceback (most recent call last):\n  File ...\nMemoryError\n", MEMORY),
        (1, "error: subprocess-exited-with-error\n  |   File ...\n  | MemoryError\n  [end of output]\n", MEMORY),
        (1, "no package MemoryError-tools\n", ""),
        (134, "memory allocation of 1073741824 bytes failed\n", MEMORY),
        (-6, "terminate called after throwing an instance of 'std::bad_alloc'\n", MEMORY),
        (1, "cc1plus: out of memory allocating 65536 bytes\n", MEMORY),
        (1, "OSError: [Errno 12] Cannot allocate memory\n", MEMORY),
        (137, "", "was killed, most likely because this machine ran out of memory"),
        (-9, "", "was killed, most likely because this machine ran out of memory"),
        (1, "OSError: [Errno 28] No space left on device: '/x'\n", "found no space left on the disk"),
        (2, "error: failed to write: Disk quota exceeded (os error 122)\n", "found no space left on the disk"),
        (1, "OSError: [Errno 27] File too large\n", "wrote a file of more than 4 GiB"),
        (153, "", "wrote a file of more than 4 GiB"),
        (-25, "", "wrote a file of more than 4 GiB"),
        (1, "RuntimeError: can't start new thread\n", TASKS),
        (2, "sh: 1: Cannot fork\n", TASKS),
        (254, "bash: fork: retry: Resource temporarily unavailable\n", TASKS),
        (1, "BlockingIOError: [Errno 11] Resource temporarily unavailable\n", TASKS),
        (1, "OSError: [Errno 24] Too many open files: 'a'\n", "opened more than 4096 files at once"),
        (
            137,
            "building\n\nquarterdeck: stopped: all its processes together wrote more than 16 GiB in files\n",
            "wrote more than 16 GiB in files",
        ),
        (1, "quarterdeck: stopped: all its processes together like to talk\n", ""),
    ],
)
def test_the_ending_names_its_limit(code: int, stderr: str, expected: str) -> None:
    assert why_ended(Finished(code=code, stdout="", stderr=stderr), Limits()) == expected
