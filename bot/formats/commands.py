"""What reviewers tell us: commands in comments (`@quarterdeck rebase`), and the checkbox in a proposal's body.

A command stands at the beginning of a line, outside quotes and code. There are three:
`@quarterdeck rebase`, `@quarterdeck recreate`, `@quarterdeck ignore SUBJECT until YYYY-MM-DD because REASON`.
"""

import re
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, TypeAlias

CALL: Final = re.compile(r" {0,3}@quarterdeck\b[ \t:,]*(?P<words>.*)", re.IGNORECASE)
IGNORE: Final = re.compile(
    r"ignore\s+(?P<subject>\S+)\s+until\s+(?P<until>\S+)\s+because\s+(?P<reason>\S.*)", re.IGNORECASE
)
FENCE: Final = re.compile(r" {0,3}(```|~~~)")
BOX: Final = "<!-- quarterdeck:rebuild -->"
TICKED: Final = re.compile(rf"^- \[[xX]\] [^\n]*{re.escape(BOX)}", re.MULTILINE)
USAGE: Final = (
    "write `rebase`, `recreate`, or `ignore <package|advisory|image> until <YYYY-MM-DD> because <reason>` "
    "behind my name"
)
LONGEST_REASON: Final = 500
MOST: Final = 10  # commands of one comment


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuild:
    """Make the proposal anew on the newest base; `recreate`: whatever others committed to its branch."""

    recreate: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignore:
    """Leave something alone until a day, which is included."""

    subject: str
    until: date
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unclear:
    """A command that cannot be understood, and why."""

    why: str


Command: TypeAlias = Rebuild | Ignore | Unclear
Kind: TypeAlias = Literal["rebase", "recreate"]


def commands(text: str) -> tuple[Command, ...]:
    """Read the commands of a comment, in order; a comment that calls nobody has none."""
    found: list[Command] = []
    fence = ""
    for line in text.splitlines():
        if (mark := FENCE.match(line)) is not None:
            fence = ("" if fence == mark[1] else fence) or ("" if fence else mark[1])
            continue
        call = None if fence else CALL.match(line)
        if call is not None and len(found) < MOST:
            found.append(_command(call["words"].strip()))
    return tuple(found)


def ticked(body: str) -> bool:
    """Say whether somebody ticked the box of a proposal's body."""
    return TICKED.search(body.replace("\r\n", "\n")) is not None


def _command(words: str) -> Command:
    plain = words.rstrip(".! ").lower()
    if plain in {"rebase", "recreate"}:
        return Rebuild(recreate=plain == "recreate")
    if not plain.startswith("ignore"):
        return Unclear(why=f"that is no command; {USAGE}")
    asked = IGNORE.fullmatch(words)
    if asked is None:
        return Unclear(why=f"that lacks a part; {USAGE}")
    try:
        until = date.fromisoformat(asked["until"].strip("`,;"))
    except ValueError:
        return Unclear(why=f"the date cannot be read; {USAGE}")
    return Ignore(subject=asked["subject"].strip("`"), until=until, reason=asked["reason"].strip()[:LONGEST_REASON])
