"""Answers of a compiler that are still right: the same question, inputs and index answer give the same lock."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bot.adapters.lockers import texts
from bot.adapters.lockers.moving import Moving
from bot.model.plan import Relock
from bot.system.redaction import carries

KIND = "relock"


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Two functions of the store: `recall(kind, key)` and `remember(kind, key, value, now)`."""

    recall: Callable[[str, str], str | None]
    remember: Callable[[str, str, str, datetime], None]

    def get(self, key: str) -> str | None:
        """Give the lock text that was compiled under this key."""
        return self.recall(KIND, key)

    def put(self, key: str, text: str, now: datetime) -> None:
        """Keep a compiled text, unless a secret stands in it, which then stays out of the data folder."""
        if not carries(text):
            self.remember(KIND, key, text, now)


def key(tree: Path, relock: Relock, moves: Moving, tool: str) -> str:
    """Name everything that a compile depends on: inputs, command, tool version, and the index's answer.

    The cutoff's date is not in it, only that there is one: what it lets through is in the answer.
    """
    lock = relock.lock
    files = sorted({lock.path, *lock.sources, *lock.inputs})
    question = {
        "tool": tool,
        "python": lock.python,
        "command": lock.command,
        "arguments": [*moves.options, *lock.arguments],
        "build": relock.build,
        "cutoff": relock.uploaded_before is not None,
        "files": {path: hashlib.sha256(texts.plain(tree, path)).hexdigest() for path in files},
        "answer": moves.answer.text,
    }
    return hashlib.sha256(json.dumps(question, sort_keys=True).encode()).hexdigest()
